//! All that can keep the library from doing what it is asked for.

use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::api::output_error::OutputError;
use crate::api::run_result::RunResult;
use crate::app::AppError;

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
