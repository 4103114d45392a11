//! `check --rebuild N`: builds some fresh asset partitions in scratch, and compares what comes out with the lock file.
//!
//! In scratch there is only what an asset declares, so a command that reads anything else of the project fails there, or
//! makes something else. What comes out different is built once more: two builds that agree with each other tell of an
//! input that is not declared, two that do not of a command that is not reproducible.
//!
//! Which partitions are built follows from their names and a seed alone, so a greater number adds to what a smaller one
//! chose. Left out is what cannot be compared: where inputs are not in this checkout or a command observes them, where the
//! data version is not what the command wrote, and what starts from its previous output. What was chosen and left out is
//! told, with the reason.

mod build;
mod scratch;

use std::collections::BTreeMap;

use crate::answer::{NotRebuilt, RebuildOutcome, Rebuilt, WhyDifferent, WhyNotRebuilt};
use crate::app::check::place::place_of;
use crate::app::check::rebuild::build::{Build, Built};
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::digest::{Digest, Folding, Kind, Sink};
use crate::executor::{Cancel, Executor};
use crate::hash::Versions;
use crate::model::{
    Asset, AssetId, DataVersionRule, LockLine, PartitionRef, PartitionSet, Place, Rebuild,
    SourcePath, StepName,
};
use crate::plan::{Scope, Upstream};
use crate::sys::clock::Clock;

/// What a lock file says.
#[derive(Clone, Copy)]
pub(super) struct Locked<'l> {
    /// The asset partitions that may be built: those that are fresh.
    pub fresh: &'l [(AssetId, u32)],
    /// The line that counts for an asset partition.
    pub line: &'l dyn Fn(AssetId, u32) -> Option<&'l LockLine>,
}

/// The doors that a build in scratch goes through.
#[derive(Clone, Copy)]
pub struct Rebuilding<'a> {
    /// Where commands run.
    pub executor: &'a dyn Executor,
    /// Interrupts.
    pub cancel: &'a Cancel,
    /// The time.
    pub clock: &'a dyn Clock,
}

/// Builds asset partitions in scratch and compares them with the lock file. After an interrupt it tells what it has found
/// until then.
pub(super) fn rebuilt(
    project: &OpenProject,
    locked: Locked<'_>,
    request: Rebuild,
    doors: Rebuilding<'_>,
) -> Result<(Vec<Rebuilt>, Vec<NotRebuilt>), AppError> {
    let versions = project.versions()?;
    let builder = Builder {
        project,
        versions: &versions,
        locked,
        doors,
    };
    let mut done = Vec::new();
    let mut left_out: BTreeMap<(AssetId, WhyNotRebuilt), u32> = BTreeMap::new();
    for (asset, index) in in_order(project, locked.fresh, request.seed) {
        if done.len() == request.count.get() as usize || doors.cancel.severity().is_some() {
            break;
        }
        match builder.attempt(asset, index)? {
            Attempt::Built(outcome) => done.push(Rebuilt {
                step: builder.step(asset, index),
                outcome,
                place: place_of(project.graph(), asset),
            }),
            Attempt::LeftOut(why) => *left_out.entry((asset, why)).or_default() += 1,
            Attempt::Interrupted => break,
        }
    }
    let left_out = left_out
        .into_iter()
        .map(|((asset, why), count)| NotRebuilt {
            asset: project.graph().key(asset).clone(),
            count,
            why,
        });
    Ok((done, left_out.collect()))
}

/// Asset partitions spread evenly, whatever they are called.
fn in_order(project: &OpenProject, fresh: &[(AssetId, u32)], seed: u64) -> Vec<(AssetId, u32)> {
    let mut folding = Folding::new();
    let mut place = |(id, index): &(AssetId, u32)| -> Digest {
        let keys = project.keys().get(project.graph().partitions(*id));
        folding.number("seed", seed);
        folding.text("asset", project.graph().key(*id).as_str());
        if let Some(key) = keys.key(*index) {
            folding.text("partition", key.as_str());
        }
        folding.finish(Kind::Several)
    };
    let mut placed: Vec<_> = fresh.iter().map(|cell| (place(cell), *cell)).collect();
    placed.sort_unstable();
    placed.into_iter().map(|(_, cell)| cell).collect()
}

/// What came of an asset partition that was chosen.
enum Attempt {
    Built(RebuildOutcome),
    LeftOut(WhyNotRebuilt),
    Interrupted,
}

/// Builds asset partitions of one project.
struct Builder<'a, 'l> {
    project: &'a OpenProject,
    versions: &'a Versions<'a>,
    locked: Locked<'l>,
    doors: Rebuilding<'a>,
}

impl Builder<'_, '_> {
    fn step(&self, asset: AssetId, index: u32) -> StepName {
        let graph = self.project.graph();
        StepName {
            asset: graph.key(asset).clone(),
            partition: self.project.keys().get(graph.partitions(asset)).key(index),
        }
    }

    /// Builds an asset partition, if it can be built here and compared.
    fn attempt(&self, id: AssetId, index: u32) -> Result<Attempt, AppError> {
        let Some(asset) = self.project.graph().asset(id) else {
            return Ok(Attempt::LeftOut(WhyNotRebuilt::NoCommand));
        };
        if let Some(why) = incomparable(asset) {
            return Ok(Attempt::LeftOut(why));
        }
        let Some(line) = (self.locked.line)(id, index) else {
            return Ok(Attempt::LeftOut(WhyNotRebuilt::Folded));
        };
        let selection = [(id, PartitionSet::single(index))];
        let scope = Scope::new(
            self.project.graph(),
            self.project.keys(),
            &selection,
            Upstream::Given,
        );
        if let Some(why) = self.lack(&scope) {
            return Ok(Attempt::LeftOut(why));
        }
        let build = Build {
            project: self.project,
            versions: self.versions,
            scope: &scope,
            locked: self.locked,
            doors: self.doors,
        };
        let made = match build.run()? {
            Built::Not => return Ok(self.not_begun()),
            Built::Failed { message, tail } => {
                return Ok(Attempt::Built(RebuildOutcome::Failed { message, tail }));
            }
            Built::Made(made) => made,
        };
        let keys = scope.keys(id);
        let differs = |(number, version)| line.version(number) != Some(version);
        let differing = made.iter().copied().enumerate().filter(|it| differs(*it));
        let path = |number: usize| {
            let path = &asset.outputs[number].path;
            path.path(PartitionRef { keys, index }).into_owned()
        };
        let outputs: Vec<String> = differing.map(|(number, _)| path(number)).collect();
        if outputs.is_empty() {
            return Ok(Attempt::Built(RebuildOutcome::Same));
        }
        let why = match build.run()? {
            Built::Not => return Ok(self.not_begun()),
            Built::Made(again) if again == made => WhyDifferent::Undeclared,
            Built::Made(_) | Built::Failed { .. } => WhyDifferent::Irreproducible,
        };
        Ok(Attempt::Built(RebuildOutcome::Different { outputs, why }))
    }

    /// Why a build was not begun or has not ended.
    fn not_begun(&self) -> Attempt {
        match self.doors.cancel.severity() {
            Some(_) => Attempt::Interrupted,
            None => Attempt::LeftOut(WhyNotRebuilt::InputsNotHere),
        }
    }

    /// Why something that is read is not there, as far as that can be told without reading it.
    fn lack(&self, scope: &Scope<'_>) -> Option<WhyNotRebuilt> {
        let graph = scope.graph();
        let sources = scope
            .rows()
            .iter()
            .filter_map(|row| graph.source(row.asset));
        let mut sources = sources.map(|source| &source.place);
        if sources.any(|place| matches!(place, Place::Observed { .. })) {
            return Some(WhyNotRebuilt::ObservedInput);
        }
        (!self.is_here(scope)).then_some(WhyNotRebuilt::InputsNotHere)
    }

    /// Whether all that is read is there, as far as that can be told without reading it.
    fn is_here(&self, scope: &Scope<'_>) -> bool {
        let graph = scope.graph();
        scope.rows().iter().all(|row| {
            let keys = scope.keys(row.asset);
            let given = row.set.iter().filter(|it| !row.selected.contains(*it));
            let mut partitions = given.map(|index| PartitionRef { keys, index });
            let exists = |path: &str| self.project.root().join(path).exists();
            match (graph.asset(row.asset), graph.source(row.asset)) {
                (Some(asset), _) => partitions.all(|partition| {
                    (self.locked.line)(row.asset, partition.index).is_some()
                        && asset
                            .outputs
                            .iter()
                            .all(|it| exists(&it.path.path(partition)))
                }),
                (None, Some(source)) => match &source.place {
                    Place::Observed { .. } => false,
                    Place::Value { path, .. } => partitions.all(|it| exists(&path.path(it))),
                    Place::Paths(paths) => match paths.as_slice() {
                        [SourcePath::Exact(path)] if !source.optional => {
                            partitions.all(|it| exists(&path.path(it)))
                        }
                        // Whether enough of them is there is found out when they are looked at.
                        _ => true,
                    },
                },
                (None, None) => false,
            }
        })
    }
}

/// Why what a command makes of the same inputs need not be the same, if so.
fn incomparable(asset: &Asset) -> Option<WhyNotRebuilt> {
    if !asset.is_materializable() {
        Some(WhyNotRebuilt::NoCommand)
    } else if asset.is_volatile() {
        Some(WhyNotRebuilt::Volatile)
    } else if asset.is_incremental() {
        Some(WhyNotRebuilt::Incremental)
    } else if asset.data_version == DataVersionRule::Inputs {
        Some(WhyNotRebuilt::DataVersionOfInputs)
    } else {
        None
    }
}
