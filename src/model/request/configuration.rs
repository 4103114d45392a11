//! The configuration of a call: what sets values besides what is declared.

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::model::job::{ExecutorKind, JobExecution};
use crate::model::name::Name;
use crate::model::request::SuppliedInput;

/// What a call is given: words and files, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The job whose configuration, selection and partitions count.
    pub job: Option<Name>,
    /// The environment.
    pub env: Option<Name>,
    /// Values as they are typed: `clean.limit=10`; of two for one path the last counts.
    pub set: Vec<String>,
    /// Files of run config; later ones win key by key.
    pub files: Vec<ConfigFile>,
    /// Sources that are read from other paths.
    pub inputs: Vec<SuppliedInput>,
}

/// A file of run config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// Its path, as it was given.
    pub path: String,
    /// What it holds.
    pub text: String,
}

impl Configuration {
    /// Whether nothing is given: then what is declared counts.
    pub fn is_empty(&self) -> bool {
        let Self {
            job,
            env,
            set,
            files,
            inputs,
        } = self;
        job.is_none() && env.is_none() && set.is_empty() && files.is_empty() && inputs.is_empty()
    }

    /// Whether nothing is given, or an environment alone.
    pub fn is_of_environment_alone(&self) -> bool {
        Self {
            env: None,
            ..self.clone()
        }
        .is_empty()
    }

    /// What tells it from any other, for what is kept of a judgement; `None` where nothing is given.
    pub fn key(&self) -> Option<Digest> {
        if self.is_empty() {
            return None;
        }
        let Self {
            job,
            env,
            set,
            files,
            inputs,
        } = self;
        let mut folding = Folding::new();
        if let Some(job) = job {
            folding.text("job", job.as_str());
        }
        if let Some(env) = env {
            folding.text("env", env.as_str());
        }
        for word in set {
            folding.text("set", word);
        }
        for file in files {
            folding.text("kind", file.extension());
            folding.text("file", &file.text);
        }
        for input in inputs {
            folding.text("input", input.asset.as_str());
            folding.text("path", &input.path);
        }
        Some(folding.finish(Kind::Manifest))
    }
}

/// How the steps of a run are executed, by its configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExecutionSettings {
    /// One step at a time, or several, where that is said.
    pub executor: Option<ExecutorKind>,
    /// How many steps run at once, where that is said; 0 is the number of cores.
    pub max_concurrent: Option<u32>,
    /// Whether steps that fail are never tried again.
    pub no_retries: bool,
}

impl ExecutionSettings {
    /// Whether one step runs at a time.
    pub fn is_in_process(self) -> bool {
        self.executor == Some(ExecutorKind::InProcess)
    }

    /// These, and where they say nothing those of a job.
    #[must_use]
    pub fn over(self, job: JobExecution) -> Self {
        let max_concurrent = self.max_concurrent.or(job.max_concurrent.map(Into::into));
        let all = Self {
            executor: self.executor.or(job.executor),
            ..self
        };
        Self {
            max_concurrent: max_concurrent.filter(|_| !all.is_in_process()),
            ..all
        }
    }

    /// How many commands run at once, of `jobs` that are asked for or the number of `cores`.
    pub fn jobs(self, jobs: Option<usize>, cores: usize) -> usize {
        let limit = match self.max_concurrent {
            _ if self.is_in_process() => return 1,
            Some(0) => Some(cores),
            limit => limit.map(|limit| limit as usize),
        };
        match (jobs, limit) {
            (Some(jobs), Some(limit)) => jobs.min(limit),
            (jobs, limit) => jobs.or(limit).unwrap_or(cores),
        }
    }
}

impl ConfigFile {
    /// The part of its name that says what it is.
    pub fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigFile, Configuration, ExecutionSettings};
    use crate::model::{ExecutorKind, JobExecution, SuppliedInput};
    use crate::testkit;

    #[test]
    fn a_call_goes_before_its_job_key_by_key() {
        let of = |executor, max: Option<u32>| ExecutionSettings {
            executor,
            max_concurrent: max,
            no_retries: false,
        };
        let job = |executor, max: Option<u32>| JobExecution {
            executor,
            max_concurrent: max.and_then(std::num::NonZeroU32::new),
        };
        let (one, many) = (
            Some(ExecutorKind::InProcess),
            Some(ExecutorKind::Multiprocess),
        );
        for (call, job, both) in [
            (of(None, None), job(one, None), of(one, None)),
            (of(many, None), job(one, None), of(many, None)),
            (of(None, Some(8)), job(None, Some(2)), of(None, Some(8))),
            (of(None, None), job(many, Some(2)), of(many, Some(2))),
            (of(one, None), job(many, Some(2)), of(one, None)),
        ] {
            assert_eq!(call.over(job), both, "{call:?} {job:?}");
        }
    }

    #[test]
    fn the_lower_bound_of_two_counts() {
        let execution = |in_process: bool, max_concurrent| ExecutionSettings {
            executor: in_process.then_some(ExecutorKind::InProcess),
            max_concurrent,
            no_retries: false,
        };
        for (of, asked, jobs) in [
            (execution(false, None), None, 4),
            (execution(false, None), Some(9), 9),
            (execution(false, Some(2)), None, 2),
            (execution(false, Some(9)), None, 9),
            (execution(false, Some(9)), Some(3), 3),
            (execution(false, Some(0)), Some(9), 4),
            (execution(true, None), Some(9), 1),
        ] {
            assert_eq!(of.jobs(asked, 4), jobs, "{of:?} {asked:?}");
        }
    }

    #[test]
    fn each_part_of_a_configuration_is_part_of_its_key() {
        let file = |path: &str, text: &str| ConfigFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let input = |name: &str, path: &str| SuppliedInput {
            asset: testkit::asset(name),
            path: path.to_owned(),
        };
        let none = Configuration::default();
        assert_eq!(none.key(), None);
        let with = |change: &dyn Fn(&mut Configuration)| {
            let mut configuration = none.clone();
            change(&mut configuration);
            configuration.key().expect("something is given")
        };
        let keys = [
            with(&|it| it.job = Some(testkit::name("a"))),
            with(&|it| it.env = Some(testkit::name("a"))),
            with(&|it| it.env = Some(testkit::name("b"))),
            with(&|it| it.set = vec!["a.x=1".into()]),
            with(&|it| it.set = vec!["a.x=2".into()]),
            with(&|it| it.set = vec!["a.x=1".into(), "a.x=2".into()]),
            with(&|it| it.set = vec!["a.x=2".into(), "a.x=1".into()]),
            with(&|it| it.files = vec![file("a.toml", "x")]),
            with(&|it| it.files = vec![file("a.toml", "y")]),
            with(&|it| it.files = vec![file("a.json", "x")]),
            with(&|it| it.files = vec![file("a.toml", "x"), file("a.toml", "y")]),
            with(&|it| it.inputs = vec![input("a", "x")]),
            with(&|it| it.inputs = vec![input("a", "y")]),
            with(&|it| it.inputs = vec![input("b", "x")]),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(key), "{index}");
        }
        // Where a file lies says nothing about what it sets.
        let elsewhere = with(&|it| it.files = vec![file("b/a.toml", "x")]);
        assert_eq!(elsewhere, keys[7]);
    }
}
