//! `affected`: which assets and keys a git change or a list of files can touch.
//!
//! A path touches the keys that its template tells, code and declarations all keys of their assets. What has read a
//! touched partition can be touched too, and so on along the mappings; `after` is an order only. Nothing is hashed and no
//! record is asked, so the answer is what *can* be touched, whether or not it is stale.

mod changes;
mod declarations;
mod pattern;
mod sites;

use std::collections::BTreeMap;

use crate::answer::{AffectedRange, ImpactReport};
use crate::app::affected::changes::{ChangedPath, Root, otherwise_than, value_of};
use crate::app::affected::sites::{Sites, Universe};
use crate::app::error::AppError;
use crate::app::neighbours::key_ranges;
use crate::app::project::OpenProject;
use crate::git::{Commit, Repository};
use crate::model::{AffectedRequest, AssetGraph, AssetId, Changes, PartitionKeys, PartitionSet};
use crate::plan::{Scope, Upstream};
use crate::select::AssetSet;

/// Asset partitions that changes can touch, by asset or source; one may be touched and have no key.
pub type TouchedSets = BTreeMap<AssetId, PartitionSet>;

/// What changes can touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Sources whose data changed, and assets whose declaration, code, outputs or sources did.
    pub direct: TouchedSets,
    /// These, and everything downstream of them.
    pub all: TouchedSets,
}

/// Says which assets and keys a change can touch.
pub fn affected(
    project: &OpenProject,
    request: &AffectedRequest,
) -> Result<ImpactReport, AppError> {
    let touched = touched(project, &request.changes)?;
    let told = if request.direct {
        &touched.direct
    } else {
        &touched.all
    };
    let scope = Scope::new(project.graph(), project.keys(), &[], Upstream::Given);
    let mut report = ImpactReport::default();
    for (id, set) in told {
        let ranges = key_ranges(&scope, *id, set);
        if project.graph().is_source(*id) {
            report.sources.extend(ranges);
            continue;
        }
        let direct = touched.direct.get(id);
        for (range, keys) in ranges.into_iter().zip(set.ranges()) {
            let direct = direct.is_some_and(|direct| direct.meets(&keys));
            report.assets.push(AffectedRange { range, direct });
        }
    }
    Ok(report)
}

/// The assets and sources whose declaration, code, outputs or sources have changed since a revision, without what is only
/// downstream of them: `changed:REV`.
pub fn changed_since(project: &OpenProject, revision: &str) -> Result<AssetSet, AppError> {
    let touched = touched(project, &Changes::Since(revision.to_owned()))?;
    let mut set = AssetSet::empty(project.graph().len());
    for id in touched.direct.into_keys() {
        set.insert(id);
    }
    Ok(set)
}

/// What changes can touch, each asset's keys as the project counts them.
pub fn touched(project: &OpenProject, changes: &Changes) -> Result<Touched, AppError> {
    let root = Root::new(project.root());
    let (paths, since) = match changes {
        Changes::Files(files) => (root.of_files(files), None),
        Changes::Since(revision) => {
            let repository = project.repository()?;
            let commit = repository.commit(revision)?;
            let changes = repository.changes_since(&commit)?;
            (root.of_git(&changes), Some((repository, commit)))
        }
    };
    let universe = Universe::new(project, &root, &paths);
    let seeds = seeds(project, &root, &universe, &paths, since.as_ref())?;
    let read = |id: AssetId| project.graph().is_source(id);
    let (graph, keys) = (project.graph(), |id| universe.keys(id));
    let direct = downstream(graph, keys, &seeds, read);
    let all = downstream(graph, keys, &seeds, |_| true);
    let existing = |sets: TouchedSets| {
        let sets = sets.into_iter();
        let existing = sets.map(|(id, set)| (id, universe.existing(id, &set)));
        existing.collect()
    };
    Ok(Touched {
        direct: existing(direct),
        all: existing(all),
    })
}

/// What changes touch by themselves, by the universe's keys.
fn seeds(
    project: &OpenProject,
    root: &Root,
    universe: &Universe<'_>,
    changes: &[ChangedPath],
    since: Option<&(Repository, Commit)>,
) -> Result<TouchedSets, AppError> {
    let mut found = match since {
        Some((repository, commit)) => {
            declarations::since(project, universe, repository, commit, changes)?
        }
        None => declarations::named(project, universe, changes),
    };
    let touched = Sites::new(project, root, universe).touched(changes, project);
    let (values, others): (Vec<_>, Vec<_>) = touched
        .into_iter()
        .partition(|(id, _)| value_of(project, *id).is_some());
    found.extend(others);
    found.extend(match since {
        Some(since) => otherwise_than(project, universe, since, values)?,
        None => values,
    });
    for id in project.graph().ids() {
        let moved = universe.moved(id);
        if !moved.is_empty() {
            found.push((id, moved));
        }
    }
    let mut by_id: BTreeMap<AssetId, Vec<PartitionSet>> = BTreeMap::new();
    for (id, set) in found {
        by_id.entry(id).or_default().push(set);
    }
    let united = |(id, sets)| (id, PartitionSet::union_of(sets));
    Ok(by_id.into_iter().map(united).collect())
}

/// Touched sets with what reads them, by the indexes of `keys`, where `passes_on` lets an upstream be followed.
pub fn downstream<'k>(
    graph: &AssetGraph,
    keys: impl Fn(AssetId) -> &'k PartitionKeys,
    seeds: &TouchedSets,
    passes_on: impl Fn(AssetId) -> bool,
) -> TouchedSets {
    let mut touched = seeds.clone();
    for id in graph.order() {
        let of_asset = keys(*id);
        let mut sets: Vec<_> = touched.get(id).cloned().into_iter().collect();
        let own = |up: AssetId| up == *id;
        let deps = graph.deps(*id);
        for dep in deps
            .iter()
            .filter(|dep| !own(dep.asset) && passes_on(dep.asset))
        {
            if let Some(up) = touched.get(&dep.asset) {
                let upstream = keys(dep.asset);
                sets.push(dep.mapping.downstream_of_set(of_asset, upstream, up));
            }
        }
        let mut set = PartitionSet::union_of(sets);
        for dep in deps
            .iter()
            .filter(|dep| own(dep.asset) && passes_on(dep.asset))
        {
            let mut newest = set.clone();
            while !newest.is_empty() {
                let readers = dep.mapping.downstream_of_set(of_asset, of_asset, &newest);
                newest = readers.difference(&set);
                set = set.union(&newest);
            }
        }
        if !set.is_empty() {
            touched.insert(*id, set);
        }
    }
    touched
}
