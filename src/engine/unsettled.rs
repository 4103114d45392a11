//! Inputs that were changed while commands ran, and what stands for them in records.

use std::collections::HashMap;

use crate::digest::{Folding, Kind, Sink};
use crate::engine::reads::{code, reads, slots};
use crate::model::{DataVersion, RunId, Watched};
use crate::plan::{Cell, Evaluation};

/// Inputs of an asset partition that were changed while its command ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// Versions that were not what the command read, by the scope's numbering, with the paths that changed.
    pub versions: Vec<(usize, String)>,
    /// The code files that changed.
    pub code: Vec<String>,
}

impl Unsettled {
    /// Whether all inputs are settled.
    pub const fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.code.is_empty()
    }

    /// The paths that changed, each once.
    pub fn paths(&self) -> Vec<&str> {
        let versions = self.versions.iter().map(|(_, path)| path);
        let mut paths: Vec<&str> = versions.chain(&self.code).map(String::as_str).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// What the changed inputs count for: versions that nothing has and nothing will have.
    pub(super) fn stand_ins(&self, run: RunId) -> Vec<(usize, DataVersion)> {
        let stand_in = |(slot, path): &(usize, String)| (*slot, unsettled_version(run, path));
        self.versions.iter().map(stand_in).collect()
    }

    /// The same, of code files.
    pub(super) fn code_stand_ins(&self, run: RunId) -> Vec<(String, DataVersion)> {
        let stand_in = |path: &String| (path.clone(), unsettled_version(run, path));
        self.code.iter().map(stand_in).collect()
    }
}

fn unsettled_version(run: RunId, path: &str) -> DataVersion {
    let mut folding = Folding::new();
    folding.text("run", &run.to_string());
    folding.text("path", path);
    DataVersion(folding.finish(Kind::Unsettled))
}

/// What a look found changed, with the path of it.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub versions: HashMap<usize, String>,
    pub code: HashMap<Watched, String>,
}

impl Changed {
    /// What of it a cell has read.
    pub fn of(&self, evaluation: &Evaluation<'_>, cell: Cell) -> Unsettled {
        let mut unsettled = Unsettled::default();
        if !self.versions.is_empty() {
            for ((asset, output), set) in reads(evaluation, [&[cell][..]]) {
                let slots = set
                    .iter()
                    .flat_map(|index| slots(evaluation.scope(), (asset, output), index));
                let changed =
                    slots.filter_map(|slot| Some((slot, self.versions.get(&slot)?.clone())));
                unsettled.versions.extend(changed);
            }
            unsettled.versions.sort_unstable();
            unsettled.versions.dedup();
        }
        if !self.code.is_empty() {
            let watched = code(evaluation, &[cell]);
            let changed = watched.iter().filter_map(|it| self.code.get(it).cloned());
            unsettled.code.extend(changed);
        }
        unsettled
    }
}
