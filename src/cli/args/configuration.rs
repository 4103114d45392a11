//! Words that set values besides what is declared.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::answer::GivenConfiguration;
use crate::cli::error::CliError;
use crate::model::{AssetKey, ConfigFile, Configuration, Name, SuppliedInput};
use crate::sys::shell::quote;

/// The variable that names a file for all calls; a step's environment says nothing to an `assetctl` that it starts.
const FILE_VARIABLE: &str = "ASSETCTL_CONFIG_FILE";

/// The configuration of a call, as it is typed.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigurationArgs {
    /// Judge by the configuration of a job; without a SELECTION also by its selection and its partitions
    #[arg(long, value_name = "NAME", value_parser = job_name)]
    pub job: Option<Name>,
    /// Set a value of the configuration: `clean.limit=10`; repeatable
    ///
    /// Short for `asset.clean.config.limit=10`. A value is TOML if it can be read as such, otherwise a text.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Read values from a TOML, YAML or JSON file; repeatable, later files win key by key
    ///
    /// `ASSETCTL_CONFIG_FILE` names a file that is read before them.
    #[arg(long, value_name = "FILE")]
    pub config: Vec<PathBuf>,
    /// Read a source from another path; repeatable
    ///
    /// In memory also an external asset.
    #[arg(long, value_name = "NAME=PATH", value_parser = input)]
    pub input: Vec<(String, String)>,
}

/// Parses the name of a job.
pub fn job_name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| format!("{error}; `assetctl job list` shows all jobs"))
}

fn input(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), path.to_owned()))
        }
        _ => Err("write NAME=PATH, as in `flights=tests/flights.csv`".to_owned()),
    }
}

impl ConfigurationArgs {
    /// The configuration, typed in the folder `here`, in an environment.
    pub fn read(&self, here: &Path, env: Option<&Name>) -> Result<Configuration, CliError> {
        let files = self.files().into_iter().map(|path| {
            let text = fs::read_to_string(here.join(&path));
            let text = text.map_err(|source| CliError::UnreadableConfig {
                path: path.clone(),
                source,
            })?;
            let path = path.display().to_string();
            Ok::<_, CliError>(ConfigFile { path, text })
        });
        Ok(Configuration {
            files: files.collect::<Result<_, _>>()?,
            job: self.job.clone(),
            env: env.cloned(),
            set: self.set.clone(),
            inputs: self.inputs(here)?,
        })
    }

    /// The other paths of sources, typed in the folder `here`.
    pub fn inputs(&self, here: &Path) -> Result<Vec<SuppliedInput>, CliError> {
        self.input.iter().map(|it| supplied(it, here)).collect()
    }

    /// What was given, in an environment; `None` if nothing was.
    pub fn given(&self, env: Option<&Name>) -> Option<GivenConfiguration> {
        let files = self.files();
        let is_empty = self.job.is_none()
            && env.is_none()
            && self.set.is_empty()
            && files.is_empty()
            && self.input.is_empty();
        let input = |(name, path): &(String, String)| format!("{name}={path}");
        (!is_empty).then(|| GivenConfiguration {
            job: self.job.clone(),
            env: env.cloned(),
            set: self.set.clone(),
            files: files
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            inputs: self.input.iter().map(input).collect(),
        })
    }

    /// As it is typed, one word each.
    pub fn as_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
        if let Some(job) = &self.job {
            add("--job", job.to_string());
        }
        for path in &self.config {
            add("--config", path.display().to_string());
        }
        for set in &self.set {
            add("--set", set.clone());
        }
        for (name, path) in &self.input {
            add("--input", format!("{name}={path}"));
        }
        words
    }

    /// As it is typed in a shell.
    pub fn as_typed(&self) -> String {
        let words = self.as_words();
        let words: Vec<_> = words.iter().map(|word| quote(word)).collect();
        words.join(" ")
    }

    /// All files, in the order in which they are read.
    fn files(&self) -> Vec<PathBuf> {
        let is_in_step = std::env::var_os("ASSETCTL_RUN_ID").is_some();
        let named = std::env::var_os(FILE_VARIABLE).filter(|it| !is_in_step && !it.is_empty());
        let named = named.map(|path: OsString| PathBuf::from(path));
        named
            .into_iter()
            .chain(self.config.iter().cloned())
            .collect()
    }
}

/// A path that is typed leads on from where one is, not from the project's root.
fn supplied((name, path): &(String, String), here: &Path) -> Result<SuppliedInput, CliError> {
    let asset = match AssetKey::parse(name) {
        Ok(asset) => asset,
        // A source that is declared in place is called by its path.
        Err(_) if name.contains(['/', '.']) => AssetKey::of_path(name),
        Err(error) => {
            return Err(CliError::Usage {
                message: format!("`{name}` is not the name of a source: {error}"),
                help: Some("write NAME=PATH, as in `--input flights=tests/flights.csv`".to_owned()),
            });
        }
    };
    let joined = here.join(path.trim_start_matches("./"));
    Ok(SuppliedInput {
        asset,
        path: joined.to_str().unwrap_or(path).to_owned(),
    })
}
