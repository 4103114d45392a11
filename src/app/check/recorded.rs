//! By the instance, where there is no lock file: what `status` says.
//!
//! To it an output that is absent is not what was recorded, so all outputs are required unless they are ignored, and a
//! window that is due is missing.

use crate::answer::{
    AssetStatus, Certainty, CheckBasis, CheckReport, CheckedAsset, KeyRange, PartitionRun,
    StaleRange,
};
use crate::app::check::narrowing::touched_since;
use crate::app::check::place::place_of;
use crate::app::check::ranges::{Unfresh, stale_ranges};
use crate::app::error::AppError;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::status::status;
use crate::model::{
    AssetId, CheckOptions, CheckedOutputs, Evidence, Grouping, Lock, Status, StatusOptions,
};
use crate::plan::{Scope, Upstream};

/// What the records of this machine say.
pub(super) fn by_instance(
    project: &OpenProject,
    request: &CheckOptions,
) -> Result<(CheckReport, Vec<Notice>), AppError> {
    let asked = StatusOptions {
        selection: request.selection.clone(),
        grouping: Grouping::of_keys(request.since.is_some()),
        sources: false,
        evidence: match request.outputs {
            CheckedOutputs::Matching | CheckedOutputs::Required => Evidence::Files,
            CheckedOutputs::Ignored => Evidence::Inputs,
        },
    };
    let (found, notices) = status(project, &asked)?;
    let touched = match &request.since {
        // All lines are gone that there were.
        Some(revision) => Some(touched_since(project, revision, &Lock::default())?),
        None => None,
    };
    let mut report = CheckReport::of_nothing(CheckBasis::Instance, request.due, request.strictness);
    for asset in &found.assets {
        let Some(id) = project.graph().find(asset.key.as_str()) else {
            continue;
        };
        match &touched {
            None => add(&mut report, project, id, asset),
            Some(touched) => {
                let set = touched.get(&id).cloned().unwrap_or_default();
                let keys = project.keys().get(project.graph().partitions(id));
                let index = |run: &PartitionRun| match &run.first {
                    Some(key) => keys.index_of(key.as_str()),
                    None => Some(0),
                };
                let runs = asset.partitions.iter();
                let runs = runs.filter_map(|run| Some((index(run)?, run)));
                let runs = runs.filter(|(index, _)| set.contains(*index));
                add_each(&mut report, project, id, runs);
            }
        }
    }
    Ok((report, notices))
}

/// All of an asset, in the ranges of its status.
fn add(report: &mut CheckReport, project: &OpenProject, id: AssetId, asset: &AssetStatus) {
    let place = place_of(project.graph(), id);
    let stale = |run: &PartitionRun| StaleRange {
        range: KeyRange {
            asset: asset.key.clone(),
            first: run.first.clone(),
            last: run.last.clone(),
            count: run.count,
        },
        status: run.status,
        causes: run.causes.clone(),
        certainty: Certainty::Exact,
        place: place.clone(),
    };
    let unfresh = asset.partitions.iter();
    let unfresh = unfresh.filter(|run| run.status != Status::Fresh);
    sort(report, unfresh.map(stale));
    report.assets.push(CheckedAsset {
        asset: asset.key.clone(),
        count: asset.counts.total(),
        fresh: asset.counts.fresh,
        place,
    });
}

/// Some partitions of an asset, by their indexes.
fn add_each<'a>(
    report: &mut CheckReport,
    project: &OpenProject,
    id: AssetId,
    runs: impl Iterator<Item = (u32, &'a PartitionRun)>,
) {
    let (mut count, mut fresh) = (0, 0);
    let mut unfresh = Vec::new();
    for (index, run) in runs {
        count += 1;
        if run.status == Status::Fresh {
            fresh += 1;
            continue;
        }
        unfresh.push(Unfresh {
            index,
            status: run.status,
            certainty: Certainty::Exact,
            causes: run.causes.clone(),
        });
    }
    if count == 0 {
        return;
    }
    let scope = Scope::new(project.graph(), project.keys(), &[], Upstream::Given);
    sort(report, stale_ranges(&scope, id, unfresh));
    report.assets.push(CheckedAsset {
        asset: project.graph().key(id).clone(),
        count,
        fresh,
        place: place_of(project.graph(), id),
    });
}

/// Pending ones apart from the others.
fn sort(report: &mut CheckReport, unfresh: impl IntoIterator<Item = StaleRange>) {
    for stale in unfresh {
        match stale.status {
            Status::Pending => report.pending.push(stale),
            _ => report.stale.push(stale),
        }
    }
}
