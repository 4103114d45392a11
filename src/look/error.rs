//! What can keep a plan from being made or a run from being started. A step that fails is not an error of the engine: it is
//! an outcome.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::hash::HashError;
use crate::look::manifest_text::{ManifestText, Spot};
use crate::model::{
    Asset, CONFIG_SCHEMA, ConfigFault, ConfigPath, ConfigProblem, EnvConflict, Name, OutputKind,
    StepName,
};
use crate::store::StoreError;

/// Why a plan cannot be made or a run cannot be started.
#[derive(Debug, Error, Diagnostic)]
pub enum EngineError {
    /// A code file does not exist.
    #[error("the code file `{path}` does not exist")]
    #[diagnostic(
        code(assetctl::engine::missing_code),
        help("write the file, or correct its path; it is relative to the folder of this manifest")
    )]
    MissingCode {
        /// The path, relative to the project root.
        path: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The path in it.
        #[label("nothing is there")]
        span: SourceSpan,
    },
    /// A glob of code files matches nothing.
    #[error("the code glob `{pattern}` matches nothing")]
    #[diagnostic(
        code(assetctl::engine::empty_code_glob),
        help(
            "correct the pattern, or leave it out; it is relative to the folder of this manifest"
        )
    )]
    EmptyCodeGlob {
        /// The pattern, relative to the project root.
        pattern: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The pattern in it.
        #[label("no file matches")]
        span: SourceSpan,
    },
    /// A tool is not found.
    #[error("the tool `{tool}` is not found")]
    #[diagnostic(
        code(assetctl::engine::missing_tool),
        help("install it, add its folder to PATH, or name its path")
    )]
    MissingTool {
        /// The tool.
        tool: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The tool in it.
        #[label("no such program in PATH")]
        span: SourceSpan,
    },
    /// A line of the `.env` file is not understood. What it holds is not shown.
    #[error("line {line} of .env is not understood: {reason}")]
    #[diagnostic(
        code(assetctl::engine::dotenv),
        help("write a variable on each line, as `NAME=value` or `NAME=\"a value\"`")
    )]
    Dotenv {
        /// The line, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// The `.env` file cannot be read.
    #[error("cannot read .env: {source}")]
    #[diagnostic(
        code(assetctl::engine::unreadable_dotenv),
        help("make it a file that you may read, or remove `dotenv = true` from `[project]`")
    )]
    UnreadableDotenv {
        /// Why.
        source: std::io::Error,
    },
    /// An input of a command that prints a manifest matches no file.
    #[error("there is no file `{path}`, which the command of a manifest reads")]
    #[diagnostic(
        code(assetctl::engine::missing_input),
        help("write the file, or correct the path; it is relative to the project root")
    )]
    MissingInput {
        /// The path or the glob, relative to the project root.
        path: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The path in it.
        #[label("matches no file")]
        span: SourceSpan,
    },
    /// The command of a manifest fails, or prints what is not text.
    #[error("the command of `{path}` {reason}")]
    #[diagnostic(code(assetctl::engine::generator_failed), help("{help}"))]
    GeneratorFailed {
        /// The file that it prints.
        path: String,
        /// What it does instead.
        reason: String,
        /// Its last lines, and where to read all of them.
        help: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The file in it.
        #[label("printed by this command")]
        span: SourceSpan,
    },
    /// The command of a manifest prints something else each time.
    #[error("the command of `{path}` prints something else each time: line {line} differs")]
    #[diagnostic(
        code(assetctl::engine::generator_varies),
        help(
            "leave out times, random numbers and the order of folders; name all files that it reads in `inputs` or `code`"
        )
    )]
    GeneratorVaries {
        /// The file that it prints.
        path: String,
        /// The first line that differs, from 1.
        line: usize,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The file in it.
        #[label("printed by this command")]
        span: SourceSpan,
    },
    /// A manifest that a command prints lies behind a link.
    #[error("`{path}` cannot be printed: `{link}` is a link")]
    #[diagnostic(
        code(assetctl::engine::linked_manifest),
        help("name a file in a folder of the project that is not a link")
    )]
    LinkedManifest {
        /// The file that it prints.
        path: String,
        /// The link.
        link: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The file in it.
        #[label("this file")]
        span: SourceSpan,
    },
    /// A required variable of the environment is not set.
    #[error("the environment variable `{variable}` is not set")]
    #[diagnostic(
        code(assetctl::engine::unset_variable),
        help("set it, or leave out `required = true` here")
    )]
    UnsetVariable {
        /// The variable.
        variable: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The declaration in it.
        #[label("required here")]
        span: SourceSpan,
    },
    /// An asset's own variables and those of its resources differ, by the configuration of a call.
    #[error("{message}")]
    #[diagnostic(
        code(assetctl::engine::env_conflict),
        help("give both the same value, or name one of them alone{elsewhere}")
    )]
    EnvConflict {
        /// Who set which variable.
        message: String,
        /// Where the first one is set, if that is in another file.
        elsewhere: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The variable of the resource in it.
        #[label("and to another one here")]
        span: SourceSpan,
        /// The same variable in it, of another resource or of the asset.
        #[label("set to one value here")]
        first: Option<SourceSpan>,
    },
    /// A value of a configuration is missing, or is not what its schema takes.
    #[error("{owner}.config.{path}: {reason}")]
    #[diagnostic(code(assetctl::engine::config), help("{help}"))]
    Config {
        /// The asset or resource.
        owner: String,
        /// The path of the value.
        path: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        help: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The value or its schema in it.
        #[label("{reason}")]
        span: SourceSpan,
    },
    /// A file lies where partitions are found, and its name is not how a key is written.
    #[error("`{path}` matches `{pattern}`, and {reason}")]
    #[diagnostic(
        code(assetctl::engine::foreign_file),
        help("{remedy}, or leave it out: `[project] ignore`")
    )]
    ForeignFile {
        /// The file, relative to the project root.
        path: String,
        /// The pattern, as it is written.
        pattern: String,
        /// What is wrong with its name.
        reason: String,
        /// What to do.
        remedy: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The definition in it.
        #[label("its files are its partitions")]
        span: SourceSpan,
    },
    /// A definition of several dimensions has more keys than can be counted.
    #[error("{definition} has more than 4,294,967,295 partitions")]
    #[diagnostic(
        code(assetctl::engine::too_many_keys),
        help("take a dimension out, or give one of them fewer keys")
    )]
    TooManyKeys {
        /// What it is called.
        definition: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The definition in it.
        #[label("the product of these dimensions")]
        span: SourceSpan,
    },
    /// With `--only`, an upstream cannot be read as it is.
    #[error("{step} cannot be read as it is: {reason}")]
    #[diagnostic(
        code(assetctl::engine::unreadable_upstream),
        help(
            "leave out `--only` or `--steps`, or materialize it first: `assetctl materialize {step}`"
        )
    )]
    UnreadableUpstream {
        /// The upstream.
        step: StepName,
        /// Why.
        reason: String,
    },
    /// Nothing is where a value is read that the run does not make.
    #[error("`{reader}` reads `{upstream}`, which this run does not make, and {why}")]
    #[diagnostic(code(assetctl::engine::unsupplied_upstream), help("{help}"))]
    UnsuppliedUpstream {
        /// What is read.
        upstream: StepName,
        /// A step that reads it.
        reader: StepName,
        /// Why it cannot be read.
        why: String,
        /// What to do.
        help: String,
    },
    /// A value that the run does not make is a directory and is declared as a file, or the other way round.
    #[error("`{upstream}` is read as it is, and {path} is {found}, not {expected}")]
    #[diagnostic(
        code(assetctl::engine::upstream_kind),
        help("a path that ends in `/` declares a directory")
    )]
    UpstreamKind {
        /// What is read.
        upstream: StepName,
        /// Where it is.
        path: String,
        /// What is there.
        found: &'static str,
        /// What is declared.
        expected: &'static str,
    },
    /// A folder lies at the place of an output, holds something, and no step has made it.
    #[error("{path} is a folder with files that no step has made{more}: {step} would replace it")]
    #[diagnostic(code(assetctl::engine::occupied_output), help("{help}"))]
    OccupiedOutput {
        /// The step whose output belongs there.
        step: StepName,
        /// The folder, relative to the project root.
        path: String,
        /// How many others there are, in words.
        more: String,
        /// What to do.
        help: String,
        /// The manifest.
        #[source_code]
        source_code: ManifestText,
        /// The output in it.
        #[label("the output")]
        span: SourceSpan,
    },
    /// A file cannot be hashed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Hash(#[from] HashError),
    /// The instance cannot be read or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// Another process holds a needed step, and waiting was ruled out.
    #[error("{step} is being run by another process: {holder}")]
    #[diagnostic(
        code(assetctl::engine::held),
        help("wait until it has ended; `assetctl materialize` without `--no-wait` waits for it")
    )]
    Held {
        /// The step.
        step: StepName,
        /// Who runs it.
        holder: String,
    },
    /// A file of the engine's own cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    #[diagnostic(
        code(assetctl::engine::unwritable),
        help(
            "make room on the disk, make the folder writable, or raise the limit of file sizes (`ulimit -f`)"
        )
    )]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// All problems that keep a plan from being made, in the order in which they were found.
#[derive(Debug, Default)]
pub struct Problems(Vec<EngineError>);

impl EngineError {
    pub(super) fn missing_code(path: &str, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self::MissingCode {
            path: path.to_owned(),
            source_code,
            span,
        }
    }

    pub(super) fn missing_input(path: &str, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self::MissingInput {
            path: path.to_owned(),
            source_code,
            span,
        }
    }

    pub(super) fn empty_code_glob(pattern: &str, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self::EmptyCodeGlob {
            pattern: pattern.to_owned(),
            source_code,
            span,
        }
    }

    pub(super) fn missing_tool(tool: &str, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self::MissingTool {
            tool: tool.to_owned(),
            source_code,
            span,
        }
    }

    /// A command of a manifest that fails, with its last lines and its log.
    pub fn generator_failed(
        (path, reason): (&str, String),
        (lines, log): (&[String], &Path),
        spot: Spot,
    ) -> Self {
        let (source_code, span) = spot.into_parts();
        let help = match lines {
            [] => "run it by itself to see why".to_owned(),
            lines => format!(
                "its last lines, of {}:\n{}",
                log.display(),
                lines.join("\n")
            ),
        };
        Self::GeneratorFailed {
            path: path.to_owned(),
            reason,
            help,
            source_code,
            span,
        }
    }

    /// A command of a manifest that prints something else each time, from this line on.
    pub fn generator_varies(path: &str, line: usize, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self::GeneratorVaries {
            path: path.to_owned(),
            line,
            source_code,
            span,
        }
    }

    /// A manifest that would be printed behind a link.
    pub fn linked_manifest(path: &str, link: &Path, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self::LinkedManifest {
            path: path.to_owned(),
            link: link.display().to_string(),
            source_code,
            span,
        }
    }

    pub(super) fn unset_variable(variable: &str, spot: Spot) -> Self {
        let (source_code, span) = spot.into_parts();
        Self::UnsetVariable {
            variable: variable.to_owned(),
            source_code,
            span,
        }
    }

    pub(super) fn config(asset: &Asset, fault: &ConfigFault, spot: Spot) -> Self {
        let word = asset.key.to_string();
        let table = format!("asset.{}.config", in_toml(asset.key.as_str()));
        Self::config_of((format!("asset.{word}"), word, table), fault, spot)
    }

    pub(super) fn resource_config(resource: &Name, fault: &ConfigFault, spot: Spot) -> Self {
        let owner = format!("resource.{resource}");
        let table = format!("{owner}.config");
        Self::config_of((owner.clone(), owner, table), fault, spot)
    }

    /// A fault of the configuration of an owner, which is set by words that begin so, and in this table.
    fn config_of(
        (owner, word, table): (String, String, String),
        fault: &ConfigFault,
        spot: Spot,
    ) -> Self {
        let (source_code, span) = spot.into_parts();
        let key = fault.path.keys().last().map_or("", String::as_str);
        let path = &fault.path;
        let help = match &fault.problem {
            ConfigProblem::Missing { sample, .. } => format!(
                "{}: `--set {word}.{path}={sample}`, or in the manifest `[{table}]` and `{path} = {sample}`",
                fault.problem.help(key, CONFIG_SCHEMA),
            ),
            problem => problem.help(key, CONFIG_SCHEMA),
        };
        Self::Config {
            owner,
            path: path.to_string(),
            reason: fault.problem.to_string(),
            help,
            source_code,
            span,
        }
    }

    pub(super) fn env_conflict(conflict: &EnvConflict, [first, other]: [Spot; 2]) -> Self {
        let place = first.to_string();
        let (source_code, span) = other.into_parts();
        let is_here = conflict.one.1.file == conflict.other.1.file;
        Self::EnvConflict {
            message: conflict.to_string(),
            elsewhere: if is_here {
                String::new()
            } else {
                format!("; the other value is at {place}")
            },
            source_code,
            span,
            first: is_here.then(|| first.into_parts().1),
        }
    }

    pub(super) fn occupied_output(
        step: &StepName,
        (path, more): (&str, usize),
        declared: OutputKind,
        spot: Spot,
    ) -> Self {
        let (source_code, span) = spot.into_parts();
        let asset = &step.asset;
        let accepted = match declared {
            OutputKind::Directory => format!("`assetctl accept {asset}` records it as made, "),
            OutputKind::File => String::new(),
        };
        Self::OccupiedOutput {
            step: step.clone(),
            path: path.to_owned(),
            more: match more {
                0 => String::new(),
                more => format!(", as {more} more of `{asset}`"),
            },
            help: format!(
                "{accepted}`assetctl materialize {asset} --replace` sets it aside; or declare another path"
            ),
            source_code,
            span,
        }
    }
}

/// A name as a key of TOML.
fn in_toml(name: &str) -> String {
    ConfigPath::new(vec![name.to_owned()]).to_string()
}

impl Problems {
    /// Adds a problem.
    pub fn push(&mut self, problem: EngineError) {
        self.0.push(problem);
    }

    /// Adds those of another.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Adds several.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = EngineError>) {
        self.0.extend(problems);
    }

    /// `value` if there is no problem. A problem that several assets have at one place, as in a resource, is told once.
    pub fn into_result<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        let mut told = HashSet::new();
        self.0.retain(|problem| {
            let labels = problem.labels().into_iter().flatten();
            let places: Vec<usize> = labels.map(|label| label.offset()).collect();
            told.insert((problem.to_string(), places))
        });
        Err(self)
    }

    /// The problems.
    #[must_use]
    pub fn list(&self) -> &[EngineError] {
        &self.0
    }

    /// The first one, in words.
    #[must_use]
    pub fn first_in_words(&self) -> String {
        let first = self.0.first();
        first.map(ToString::to_string).unwrap_or_default()
    }

    /// Whether one of them is that no space is left for the instance.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let full = |it: &EngineError| matches!(it, EngineError::Store(StoreError::DiskFull { .. }));
        self.0.iter().any(full)
    }

    /// The problems, each for itself.
    #[must_use]
    pub fn into_list(self) -> Vec<EngineError> {
        self.0
    }
}

impl From<EngineError> for Problems {
    fn from(problem: EngineError) -> Self {
        Self(vec![problem])
    }
}

impl From<StoreError> for Problems {
    fn from(error: StoreError) -> Self {
        Self(vec![error.into()])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => only.fmt(f),
            all => write!(f, "{} problems prevent this plan", all.len()),
        }
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problems {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.0.iter().map(|problem| problem as &dyn Diagnostic),
        ))
    }
}
