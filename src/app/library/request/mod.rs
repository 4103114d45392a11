//! What the library's verbs are asked for: builders of the options that the rooms below read.
//!
//! Words are read as they come. What is wrong with them is the error of the call that takes the request.

mod config;
mod job;
mod materialize;
mod plan;

use std::num::NonZeroU32;

use serde_json::Value;

use crate::app::library::error::Error;
use crate::app::library::instance::Instance;
use crate::app::{AppError, Quoted, RequestError};
use crate::engine::HookFunction;
use crate::executor::Cancel;
use crate::look::GivenResources;
use crate::model::{
    AssetKey, CheckOptions, ConfigFile, Configuration, InvalidKeyWord, KeyChoice, KeyWord,
    MaterializeOptions, Name, PlanOptions, SelectionRequest, StatusOptions, SuppliedInput,
    check_tag,
};

pub use config::ConfigRequest;
pub use job::JobRequest;
pub use materialize::MaterializeRequest;
pub use plan::{CheckRequest, PlanRequest, StatusRequest};

/// What every request has besides options of its own.
#[derive(Debug, Default)]
pub(in crate::app::library) struct RequestBase<O> {
    pub(super) options: O,
    pub(super) instance: Option<Instance>,
    pub(super) cancel: Cancel,
    pub(super) configuration: Configuration,
    pub(super) resources: GivenResources,
    pub(super) hooks: Vec<HookFunction>,
    words: Vec<RequestError>,
    option: Option<Error>,
}

/// Options that choose assets and partitions.
pub(super) trait Selecting {
    fn selection(&mut self) -> &mut SelectionRequest;
}

impl Selecting for MaterializeOptions {
    fn selection(&mut self) -> &mut SelectionRequest {
        &mut self.selection
    }
}

impl Selecting for PlanOptions {
    fn selection(&mut self) -> &mut SelectionRequest {
        &mut self.run.selection
    }
}

impl Selecting for StatusOptions {
    fn selection(&mut self) -> &mut SelectionRequest {
        &mut self.selection
    }
}

impl Selecting for CheckOptions {
    fn selection(&mut self) -> &mut SelectionRequest {
        &mut self.selection
    }
}

impl<O> RequestBase<O> {
    /// The request, if nothing of it was wrong.
    ///
    /// # Errors
    ///
    /// All words that are wrong, or else the first option.
    pub(super) fn checked(mut self) -> Result<Self, Error> {
        if !self.words.is_empty() {
            return Err(AppError::from_requests(self.words).into());
        }
        self.option.take().map_or(Ok(self), Err)
    }

    /// Adds a file of run config in TOML.
    fn add_config(&mut self, toml: &str) {
        let number = self.configuration.files.len() + 1;
        self.configuration.files.push(ConfigFile {
            path: format!("config-{number}.toml"),
            text: toml.to_owned(),
        });
    }

    /// Reads a source from another path.
    fn add_input(&mut self, name: &str, path: &str) {
        // The key of a source that is declared in place is its path, which no name is.
        let asset = match AssetKey::parse(name) {
            Ok(asset) => asset,
            Err(_) if name.contains(['/', '.']) => AssetKey::of_path(name),
            Err(_) => {
                return self.refuse_word(RequestError::UnknownName {
                    name: name.to_owned(),
                    help: "name a source or an external asset".to_owned(),
                });
            }
        };
        let path = path.to_owned();
        self.configuration
            .inputs
            .push(SuppliedInput { asset, path });
    }

    /// Names the job of the configuration.
    fn set_job(&mut self, name: &str) {
        match Name::parse(name) {
            Ok(job) => self.configuration.job = Some(job),
            Err(error) => self.refuse_word(RequestError::UnknownJob {
                name: name.to_owned(),
                help: error.to_string(),
            }),
        }
    }

    /// Names the environment of the configuration.
    fn set_env(&mut self, name: &str) {
        match Name::parse(name) {
            Ok(env) => self.configuration.env = Some(env),
            Err(error) => self.refuse_word(RequestError::UnknownEnvironment {
                name: name.to_owned(),
                help: error.to_string(),
            }),
        }
    }

    /// The tag of a run, unless its key is wrong.
    fn run_tag(&mut self, key: &str, value: Value) -> Option<(String, Value)> {
        match check_tag(key) {
            Ok(()) => Some((key.to_owned(), value)),
            Err(reason) => {
                let key = key.to_owned();
                self.refuse_word(RequestError::InvalidTag { key, reason });
                None
            }
        }
    }

    /// Keeps what is wrong with a word.
    fn refuse_word(&mut self, error: RequestError) {
        self.words.push(error);
    }
}

impl<O: Selecting> RequestBase<O> {
    fn selection(&mut self) -> &mut SelectionRequest {
        self.options.selection()
    }

    /// Keeps what is wrong with an option, if it is the first.
    fn refuse_option(&mut self, error: Error) {
        self.option.get_or_insert(error);
    }

    /// A number, or nothing where it is wrong.
    fn at_least_one<N>(&mut self, option: &'static str, number: Option<N>) -> Option<N> {
        if number.is_none() {
            self.refuse_option(Error::Zero { option });
        }
        number
    }

    /// Adds a key or a range to those that are chosen.
    fn choose(&mut self, text: &str, read: fn(&str) -> Result<KeyWord, InvalidKeyWord>) {
        let word = match read(text) {
            Ok(word) => word,
            Err(InvalidKeyWord { why, at }) => {
                return self.refuse_word(RequestError::InvalidKey {
                    key: text.to_owned(),
                    reason: why.to_string(),
                    argument: Quoted::part(text, at),
                });
            }
        };
        match &mut self.selection().partitions.keys {
            KeyChoice::Named(words) => words.push(word),
            KeyChoice::Latest(_) => self.refuse_latest(&word),
            keys => *keys = KeyChoice::Named(vec![word]),
        }
    }

    /// Chooses the newest keys.
    fn latest(&mut self, count: u32) {
        let count = self.at_least_one("latest", NonZeroU32::new(count));
        let keys = &mut self.selection().partitions.keys;
        if let KeyChoice::Named(words) = keys
            && let Some(word) = words.first().cloned()
        {
            self.refuse_latest(&word);
        } else if let Some(count) = count {
            *keys = KeyChoice::Latest(count);
        }
    }

    fn refuse_latest(&mut self, word: &KeyWord) {
        let option = match word {
            KeyWord::One(_) => "partition",
            KeyWord::Range { .. } => "partition_range",
        };
        self.refuse_option(Error::LatestAndKeys { option });
    }
}

/// Where the values of a run are kept.
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
/// use assetctl::{IoManagerKind, MaterializeRequest, Project, materialize};
///
/// let project = Project::load(folder.path())?;
/// for (kind, is_on_disk) in [(IoManagerKind::Memory, false), (IoManagerKind::Filesystem, true)] {
///     let result = materialize(&project, MaterializeRequest::new().io_manager(kind))?;
///     assert_eq!(result.output("greeting", None, None)?.path().is_some(), is_on_disk);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoManagerKind {
    /// At their paths in the project.
    Filesystem,
    /// In the memory of this process, in the [`RunResult`](crate::RunResult).
    Memory,
}

/// Whether a run in which a step failed, was blocked or was interrupted is an error.
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
/// use assetctl::{Error, MaterializeRequest, Project, RaiseOnError, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let run = |raise| {
///     materialize_to_memory(&project, MaterializeRequest::new().raise_on_error(raise))
/// };
/// assert!(!run(RaiseOnError::No)?.success());
/// assert!(matches!(run(RaiseOnError::Yes), Err(Error::RunFailed(_))));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RaiseOnError {
    /// It is [`Error::RunFailed`](crate::Error::RunFailed), which holds the whole result.
    #[default]
    Yes,
    /// It is a result like any other, of which [`success`](crate::RunResult::success) is false.
    No,
}

/// The methods of a request with a selection.
macro_rules! selecting_methods {
    ($request:ident $(, $argument:literal)?) => {
        /// Adds what a selection stands for: an asset, `+report`, `group:core and not kind:sql`, as on the command line. Several
        /// are united; without any it is everything. The call reports a wrong one, as `assetctl::select::…` or
        /// `assetctl::app::unknown_asset`.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new(", $(stringify!($argument),)? ").select(\"+report\").select(\"group:core\");")]
        /// ```
        #[must_use]
        pub fn select(mut self, selection: &str) -> Self {
            self.base.selection().assets.push(selection.into());
            self
        }

        /// Adds a partition: a key, or `DEFINITION=KEY`. It is taken in each partitions definition that has it; without any,
        /// and without a range, it is every partition that exists. A key that none of them has is
        /// `assetctl::app::unknown_key`.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new(", $(stringify!($argument),)? ").partition(\"2024-01-01\").partition(\"region=eu\");")]
        /// ```
        #[must_use]
        pub fn partition(mut self, key: &str) -> Self {
            self.base.choose(key, KeyWord::key);
            self
        }

        /// Adds a range of partitions, `FIRST...LAST`, both ends included. What is no range is
        /// `assetctl::app::invalid_key`.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new(", $(stringify!($argument),)? ").partition_range(\"2024-01-01...2024-01-31\");")]
        /// ```
        #[must_use]
        pub fn partition_range(mut self, range: &str) -> Self {
            self.base.choose(range, KeyWord::range);
            self
        }

        /// Only the newest `count` partitions of each partitions definition, at least 1 ([`Error::Zero`]). The last call
        /// counts. Beside a partition or a range it is [`Error::LatestAndKeys`].
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let last_week = ", stringify!($request), "::new(", $(stringify!($argument),)? ").latest(7);")]
        /// ```
        ///
        /// [`Error::Zero`]: crate::Error::Zero
        /// [`Error::LatestAndKeys`]: crate::Error::LatestAndKeys
        #[must_use]
        pub fn latest(mut self, count: u32) -> Self {
            self.base.latest(count);
            self
        }
    };
}

/// The methods of a request that is judged by a configuration.
macro_rules! configured_methods {
    ($request:ident $(, $argument:literal)?) => {
        /// Adds a file of run config, as TOML text: what `--config` reads. Of two the later one wins, key by key. What is wrong
        /// with it is an error of the call, `assetctl::manifest::…`.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new(", $(stringify!($argument),)? ").config(\"[asset.clean.config]\\nlimit = 10\\n\");")]
        /// ```
        #[must_use]
        pub fn config(mut self, toml: &str) -> Self {
            self.base.add_config(toml);
            self
        }

        /// Sets a value, as `--set PATH=VALUE` does: of two for one path the last one counts, and all of them win over
        /// [`config`](Self::config). A value is TOML if it can be read as such, otherwise a text.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new(", $(stringify!($argument),)? ").set(\"clean.limit\", \"10\");")]
        /// ```
        #[must_use]
        pub fn set(mut self, path: &str, value: &str) -> Self {
            self.base.configuration.set.push(format!("{path}={value}"));
            self
        }

        /// Reads a source at `path`: relative to the project root or absolute, with `{{partition}}` where it has partitions.
        /// What is not a source is an error of the call. In memory it may also be an external asset, and goes before the
        /// sources of `[project.test]`.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new(", $(stringify!($argument),)? ").input(\"raw\", \"fixtures/{{partition}}.csv\");")]
        /// ```
        #[must_use]
        pub fn input(mut self, name: &str, path: &str) -> Self {
            self.base.add_input(name, path);
            self
        }

        /// Gives a resource under a name that assets list in `resources`. Of two with one name the last one counts. If the
        /// manifest declares one of this name, both have to say the same (`assetctl::manifest::conflicting_keys`); one that is
        /// named, and neither declared nor given, is `assetctl::manifest::unknown_resource`.
        ///
        /// ```
        #[doc = concat!("use assetctl::{", stringify!($request), ", Resource};")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new(", $(stringify!($argument),)? ").resource(\"warehouse\", Resource::value(\"host = 'localhost'\"));")]
        /// ```
        #[must_use]
        pub fn resource(mut self, name: &str, resource: $crate::look::Resource) -> Self {
            self.base.resources.add(name, resource);
            self
        }

        /// Uses an environment, as `--env` does: its values, its variables, and its lock file where it has one of its own. An
        /// environment that is not declared is an error of the call, `assetctl::app::unknown_environment`.
        ///
        /// The instance is the one that is given: that of an environment is
        /// [`Project::environment_instance`](crate::Project::environment_instance).
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new(", $(stringify!($argument),)? ").env(\"prod\");")]
        /// ```
        #[must_use]
        pub fn env(mut self, name: &str) -> Self {
            self.base.set_env(name);
            self
        }
    };
}

/// The method of a request that may be by the configuration of a job.
macro_rules! job_methods {
    ($request:ident $(, $argument:literal)?) => {
        /// Uses the configuration of a job, as `--job` does, and where nothing is selected also its selection and its partitions.
        /// A job that is not declared is an error of the call.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new(", $(stringify!($argument),)? ").job(\"nightly\");")]
        /// ```
        #[must_use]
        pub fn job(mut self, name: &str) -> Self {
            self.base.set_job(name);
            self
        }
    };
}

/// The methods of a request with a selection, and an instance that has recorded something of what it selects.
macro_rules! recorded_methods {
    ($request:ident $(, $argument:literal)?) => {
        /// Of what is selected only what was never materialized as far as is recorded, whether it was tried or not; with
        /// [`failed`](Self::failed) both.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let holes = ", stringify!($request), "::new(", $(stringify!($argument),)? ").select(\"clean\").missing();")]
        /// ```
        #[must_use]
        pub fn missing(mut self) -> Self {
            self.base.selection().partitions.recorded.missing = true;
            self
        }

        /// Of what is selected only what failed in its last attempt, as far as is recorded; with
        /// [`missing`](Self::missing) both.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let again = ", stringify!($request), "::new(", $(stringify!($argument),)? ").failed();")]
        /// ```
        #[must_use]
        pub fn failed(mut self) -> Self {
            self.base.selection().partitions.recorded.failed = true;
            self
        }
    };
}

pub(super) use {configured_methods, job_methods, recorded_methods, selecting_methods};
