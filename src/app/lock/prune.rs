//! `lock prune`: lines of what is not declared any more go, and lines that are wrong.

use std::collections::{BTreeSet, HashSet};

use crate::answer::LockReport;
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::lock::bring::change;
use crate::app::lock::file::LockFile;
use crate::app::lock::fold::everything;
use crate::app::lock::sources::is_read_by_locked;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::running::refuse_in_memory;
use crate::executor::LocalExecutor;
use crate::lock::{LockChanges, LockJudge, is_locked, lock_facts};
use crate::look::Observing;
use crate::model::{AssetId, AssetKey, Lock, LockBlock, Name, PartitionKey, PartitionKeys};
use crate::plan::{Cell, Evaluation, Purpose, Scope, Upstream};

/// Drops the lines of assets, sources and definitions that are not declared, or have none in the lock file, of keys that do
/// not exist, and those that are wrong. A time window that has not ended yet by this machine's clock exists; a line whose
/// sources are not here is not known to be wrong.
///
/// # Errors
///
/// If the lock file is of a later version, or cannot be written.
pub fn prune_lock(
    project: &OpenProject,
    dry_run: bool,
) -> Result<(LockReport, Vec<Notice>), AppError> {
    refuse_in_memory(project)?;
    let file = LockFile::read(project)?;
    let mut instance = InstanceAccess::open(project)?;
    instance.take_notices(file.notices());
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let everything = everything(project);
    let scope = Scope::new(
        project.graph(),
        project.keys(),
        &everything,
        Upstream::Close,
    );
    let evaluation = instance.evaluate(&workspace, &scope, Purpose::Status, Observing::Last)?;
    let mut changes = orphans(project, file.lock());
    changes.append(wrong_lines(&evaluation, file.lock()));
    let report = change(project, file, changes, dry_run)?;
    project.keep_what_was_learnt();
    Ok((report, instance.notices))
}

/// The lines of what exists that are not right.
fn wrong_lines(evaluation: &Evaluation<'_>, lock: &Lock) -> LockChanges {
    let scope = evaluation.scope();
    let graph = scope.graph();
    let mut judge = LockJudge::new(scope, lock, lock_facts(evaluation, lock));
    judge.judge_lines(&|_, _| false);
    let mut changes = LockChanges::default();
    for locked in &lock.assets {
        let Some(id) = graph.find(locked.asset.as_str()) else {
            continue;
        };
        let deps = graph.deps(id);
        let mut is_wrong = |cell: Cell| {
            let lacks_source = |judge: &mut LockJudge<'_>| {
                let known = judge.contributions(cell);
                let mut lacking = deps.iter().zip(known).filter(|(_, known)| known.is_none());
                lacking.any(|(dep, _)| graph.is_source(dep.asset))
            };
            !judge.is_right(cell) && !lacks_source(&mut judge)
        };
        let keys = scope.keys(id);
        let cell_of = |key: Option<&PartitionKey>| {
            let index = key.map_or(Some(0), |key| keys.index_of(key.as_str()))?;
            scope.cell(id, index)
        };
        let partitions: Vec<Option<PartitionKey>> = locked
            .lines
            .iter()
            .map(|line| &line.partition)
            .filter(|key| cell_of(key.as_ref()).is_some_and(&mut is_wrong))
            .cloned()
            .collect();
        let blocks: Vec<LockBlock> = locked
            .blocks
            .iter()
            .filter(|block| cell_of(Some(&block.first)).is_some_and(&mut is_wrong))
            .cloned()
            .collect();
        changes.drop_lines(&locked.asset, partitions);
        changes.drop_blocks(&locked.asset, blocks);
    }
    changes
}

/// The lines of what is not declared.
fn orphans(project: &OpenProject, lock: &Lock) -> LockChanges {
    let graph = project.graph();
    let mut changes = LockChanges::default();
    for locked in &lock.assets {
        let id = graph.find(locked.asset.as_str());
        let id = id.filter(|id| graph.is_locked(*id));
        let existing = Existing::of(project, id);
        let partitions = locked.lines.iter().map(|line| &line.partition);
        let partitions = partitions.filter(|key| !existing.has(key.as_ref()));
        let is_gone = |block: &&LockBlock| {
            !existing.has(Some(&block.first)) || !existing.has(Some(&block.last))
        };
        let blocks = locked.blocks.iter().filter(is_gone);
        changes.drop_lines(&locked.asset, partitions.cloned().collect());
        changes.drop_blocks(&locked.asset, blocks.cloned().collect());
    }
    let sources = graph.ids().filter(|id| graph.is_source(*id));
    let read: HashSet<AssetId> = sources.filter(|id| is_read_by_locked(graph, *id)).collect();
    for line in &lock.sources {
        let id = graph.find(line.source.as_str());
        let existing = Existing::of(project, id.filter(|id| read.contains(id)));
        if !existing.has(line.partition.as_ref()) {
            let gone: (AssetKey, _) = (line.source.clone(), line.partition.clone());
            changes.dropped_sources.push(gone);
        }
    }
    let declared = &graph.settings().generators;
    let is_declared = |path: &str| declared.iter().any(|it| it.to == path);
    let manifests = lock.manifests.iter().map(|manifest| &manifest.path);
    let gone = manifests.filter(|path| !is_declared(path)).cloned();
    changes.dropped_manifests.extend(gone);
    let names: BTreeSet<&Name> = lock.added.iter().map(|added| &added.definition).collect();
    let gone: HashSet<&Name> = names
        .into_iter()
        .filter(|name| !is_locked(graph, name))
        .collect();
    let of_gone = lock
        .added
        .iter()
        .filter(|added| gone.contains(&added.definition));
    changes.dropped_keys.extend(of_gone.cloned());
    changes
}

/// The keys that lines may be of; none where the asset or source is not declared.
struct Existing<'a>(Option<&'a PartitionKeys>);

impl<'a> Existing<'a> {
    fn of(project: &'a OpenProject, id: Option<AssetId>) -> Self {
        Self(id.map(|id| project.keys().get(project.graph().partitions(id))))
    }

    fn has(&self, key: Option<&PartitionKey>) -> bool {
        self.0.is_some_and(|keys| match key {
            None => !keys.is_partitioned(),
            Some(key) => keys.has_or_will(key.as_str()),
        })
    }
}
