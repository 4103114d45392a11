//! Why a result has no such value.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::model::{AssetKey, PartitionKey, StepName};

/// Why [`RunResult::output`](crate::RunResult::output) has no value, or a value no bytes.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{MaterializeRequest, OutputError, Project, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
/// let error = result.output("greetings", None, None).expect_err("a typo");
/// assert!(matches!(&error, OutputError::UnknownAsset { help, .. } if help == "did you mean `greeting`?"));
/// assert_eq!(assetctl::Error::from(error).code().as_deref(), Some("assetctl::api::unknown_asset"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum OutputError {
    /// Nothing is declared by this name.
    #[error("there is no asset `{asset}`")]
    #[diagnostic(code(assetctl::api::unknown_asset), help("{help}"))]
    UnknownAsset {
        /// The name.
        asset: String,
        /// Similar names, or where to find all.
        help: String,
    },
    /// It is read and never made.
    #[error("`{asset}` has no stored value: it is read from its place, {place}")]
    #[diagnostic(
        code(assetctl::api::read_from_its_place),
        help("read it there; only outputs of steps have values")
    )]
    ReadFromItsPlace {
        /// The source or external asset.
        asset: AssetKey,
        /// Its path, or what observes it.
        place: String,
    },
    /// The asset has no such output.
    #[error("`{asset}` has no output `{output}`")]
    #[diagnostic(code(assetctl::api::unknown_output), help("{help}"))]
    UnknownOutput {
        /// The asset.
        asset: AssetKey,
        /// The name.
        output: String,
        /// Those that it has.
        help: String,
    },
    /// The asset has several outputs, and none is named.
    #[error("`{asset}` has {count} outputs: say which")]
    #[diagnostic(code(assetctl::api::output_needed), help("{help}"))]
    OutputNeeded {
        /// The asset.
        asset: AssetKey,
        /// How many it has.
        count: usize,
        /// Those that it has.
        help: String,
    },
    /// The asset has no such partition.
    #[error("`{asset}` has no partition `{key}`")]
    #[diagnostic(code(assetctl::api::unknown_key), help("{help}"))]
    UnknownKey {
        /// The asset.
        asset: AssetKey,
        /// The key.
        key: String,
        /// How many keys there are, and which are the first and the last.
        help: String,
    },
    /// The asset is partitioned, and no partition is named.
    #[error("`{asset}` is partitioned: say which partition")]
    #[diagnostic(code(assetctl::api::key_needed), help("{help}"))]
    KeyNeeded {
        /// The asset.
        asset: AssetKey,
        /// How many keys there are, and which are the first and the last.
        help: String,
    },
    /// A partition of an asset that has none.
    #[error("`{asset}` is not partitioned, so it has no partition `{key}`")]
    #[diagnostic(
        code(assetctl::api::not_partitioned),
        help("ask with `None` for its value")
    )]
    NotPartitioned {
        /// The asset.
        asset: AssetKey,
        /// The key.
        key: String,
    },
    /// The run has not left it fresh.
    #[error("this run has no value of {step}: {reason}")]
    #[diagnostic(
        code(assetctl::api::not_made),
        help("only partitions that the run made, or found fresh on disk, have values")
    )]
    NotMade {
        /// The asset partition.
        step: StepName,
        /// Why, in words: `exited with 1`, `it was not part of the run`.
        reason: String,
    },
    /// It is a directory, which is no bytes.
    #[error("the output of {step} is a directory, which has no bytes of its own")]
    #[diagnostic(
        code(assetctl::api::directory),
        help("`write_to` copies it, and on disk `path` names it")
    )]
    Directory {
        /// The asset partition.
        step: StepName,
    },
    /// It lies on disk and cannot be read any more.
    #[error("cannot read {}: {source}", path.display())]
    #[diagnostic(
        code(assetctl::api::unreadable_output),
        help("it was there when the run ended; somebody has removed or closed it since")
    )]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The keys that an asset has, in words.
pub(super) fn keys_there_are(
    count: u32,
    (first, last): (Option<PartitionKey>, Option<PartitionKey>),
) -> String {
    match (first, last) {
        (Some(first), Some(last)) if count > 1 => format!("it has {count}, `{first}` to `{last}`"),
        (Some(only), _) => format!("it has one, `{only}`"),
        (None, _) => "it has none yet".to_owned(),
    }
}
