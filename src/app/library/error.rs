//! All that can keep the library from doing what it is asked for.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::{Error as ThisError, Error};

use crate::app::AppError;
use crate::app::library::run_result::RunResult;
use crate::model::{AssetKey, PartitionKey, StepName};

/// Why a call of the library has not done what it was asked for.
///
/// [`code`](Self::code) is stable, and `docs/errors.md` has a paragraph for each. As a [`miette::Diagnostic`] it has help, and
/// shows places in the manifest and in words; as a plain error its message is one line.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "exit 3 > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{Error, MaterializeRequest, Project, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// match materialize_to_memory(&project, MaterializeRequest::new()) {
///     Err(Error::RunFailed(result)) => assert_eq!(result.failed_steps()[0].failure.exit, Some(3)),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, ThisError, Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// The project, the instance, or what was asked for is not right; see the code for which.
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
    /// # std::fs::write(folder.path().join("Assets.toml"), "[project]\n[asset.a]\ndeps = 'x'\n[asset.b]\ndeps = 'y'\n")?;
    /// use assetctl::{AppError, Error, Project};
    ///
    /// let Err(Error::App(AppError::Manifest(errors))) = Project::load(folder.path()) else {
    ///     panic!("neither `x` nor `y` is declared");
    /// };
    /// assert_eq!(miette::Diagnostic::related(&errors).map(Iterator::count), Some(2));
    /// # Ok(())
    /// # }
    /// ```
    #[error(transparent)]
    #[diagnostic(transparent)]
    App(#[from] AppError),
    /// The run has ended, and not well. All of it is here.
    #[error("{}", .0.failure_text())]
    #[diagnostic(
        code(assetctl::api::run_failed),
        help("`failed_steps` of the result says why; with `RaiseOnError::No` it is not an error")
    )]
    RunFailed(Box<RunResult>),
    /// A value of a result was asked for that is not there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Output(#[from] OutputError),
    /// An IO manager was given where memory is forced.
    #[error("materialize_to_memory keeps all values in memory, and takes no IO manager")]
    #[diagnostic(
        code(assetctl::api::io_manager_in_memory),
        help("leave out `io_manager`, or call `materialize`")
    )]
    IoManagerInMemory,
    /// An instance was given to a run in memory.
    #[error("a run in memory records nothing, and takes no instance")]
    #[diagnostic(
        code(assetctl::api::instance_in_memory),
        help("leave out `instance`, or call `materialize`")
    )]
    InstanceInMemory,
    /// A job is to run on disk, and no instance was given.
    #[error("a job is recorded, and the request names no instance")]
    #[diagnostic(
        code(assetctl::api::instance_needed),
        help("add `instance(&project.instance())`, or test the job with `in_process`")
    )]
    InstanceNeeded,
    /// Something was asked of a run on disk that only one in memory can do.
    #[error("`{option}` is only for runs in memory")]
    #[diagnostic(
        code(assetctl::api::only_in_memory),
        help("call `materialize_to_memory`, or leave it out")
    )]
    OnlyInMemory {
        /// The method of the request.
        option: &'static str,
    },
    /// Something was asked of a run in memory that only one on disk can do.
    #[error("`{option}` is only for runs on disk")]
    #[diagnostic(
        code(assetctl::api::only_on_disk),
        help(
            "call `materialize`, or leave it out: in memory nothing is replaced, waited for or synced"
        )
    )]
    OnlyOnDisk {
        /// The method of the request.
        option: &'static str,
    },
    /// The newest partitions were asked for, and others besides.
    #[error("`latest` and `{option}` both say which partitions")]
    #[diagnostic(
        code(assetctl::api::latest_and_keys),
        help("leave one of them out; `partition_range` names older ones")
    )]
    LatestAndKeys {
        /// The method of the request that named others.
        option: &'static str,
    },
    /// A run was begun from within a run of the same project, by a sink of its events.
    #[error("this thread is within a run of this project, and would wait for itself")]
    #[diagnostic(
        code(assetctl::api::within_run),
        help("begin it when the first has ended, or on another thread; in memory it works here")
    )]
    WithinRun,
    /// A number is 0 that counts from 1.
    #[error("`{option}` is at least 1")]
    #[diagnostic(code(assetctl::api::zero), help("leave it out for the default"))]
    Zero {
        /// The method of the request.
        option: &'static str,
    },
}

impl Error {
    /// Its code, such as `assetctl::select::syntax`. Where several things are wrong at once, that of the first.
    ///
    /// ```
    /// let error = assetctl::Project::load("/nowhere").expect_err("nothing is there");
    /// assert_eq!(error.code().as_deref(), Some("assetctl::manifest::not_found"));
    /// assert_eq!(assetctl::Error::IoManagerInMemory.code().as_deref(), Some("assetctl::api::io_manager_in_memory"));
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<String> {
        code_of(self)
    }
}

fn code_of(error: &dyn Diagnostic) -> Option<String> {
    match error.code() {
        Some(code) => Some(code.to_string()),
        None => error.related()?.find_map(code_of),
    }
}

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
