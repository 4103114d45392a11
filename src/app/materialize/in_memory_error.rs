//! What cannot be done in memory.

use miette::Diagnostic;
use thiserror::Error;

use crate::manifest::TypedPathError;
use crate::model::{AssetKey, Name, StepName};

/// What cannot be done in memory.
#[derive(Debug, Error, Diagnostic)]
pub enum InMemoryError {
    /// Commands write to final paths.
    #[error("{} in place, which is not possible in memory", writing(assets))]
    #[diagnostic(
        code(assetctl::app::in_place_in_memory),
        help(
            "let the command write to `{{{{output}}}}` or `$ASSETCTL_OUTPUT`, without `staging = false`, or leave the asset out"
        )
    )]
    InPlace {
        /// The assets.
        assets: Vec<AssetKey>,
    },
    /// A path that was typed for a source cannot be one.
    #[error("`--input` names a path that cannot be read")]
    #[diagnostic(code(assetctl::app::invalid_input_path))]
    Paths(#[related] Vec<TypedPathError>),
    /// What is to be printed is not made or read by the run.
    #[error("`{asset}` is not part of this run, so there is nothing to print")]
    #[diagnostic(code(assetctl::app::not_printable), help("{help}"))]
    NotInRun {
        /// What is to be printed.
        asset: AssetKey,
        /// What to do.
        help: String,
    },
    /// An output that is not declared is to be printed.
    #[error("`{asset}` has no output `{output}`")]
    #[diagnostic(code(assetctl::app::no_such_output), help("{help}"))]
    NoSuchOutput {
        /// What is to be printed.
        asset: AssetKey,
        /// Its output.
        output: Name,
        /// What to do.
        help: String,
    },
    /// Several values could be meant.
    #[error("`{asset}` has {count} {what} in this run, and one value can be printed")]
    #[diagnostic(code(assetctl::app::several_printable), help("name one: {examples}"))]
    Several {
        /// What is to be printed.
        asset: AssetKey,
        /// How many there are.
        count: usize,
        /// Of what.
        what: &'static str,
        /// Words that would be right.
        examples: String,
    },
    /// A directory cannot be printed.
    #[error("the output of `{step}` is a directory, and only a file can be printed")]
    #[diagnostic(
        code(assetctl::app::directory_printed),
        help("print another output, or run without `--in-memory`")
    )]
    Directory {
        /// What is to be printed.
        step: StepName,
    },
}

fn writing(assets: &[AssetKey]) -> String {
    let names: Vec<String> = assets.iter().map(|asset| format!("`{asset}`")).collect();
    match names.as_slice() {
        [one] => format!("{one} writes"),
        names => format!("{} write", names.join(", ")),
    }
}
