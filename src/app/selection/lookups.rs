//! What selections ask besides declarations: how assets stand, and what changed since a revision.

use std::collections::BTreeMap;

use crate::app::affected::changed_since;
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::running::running;
use crate::app::selection::goals::matching;
use crate::app::snapshot::OwnLines;
use crate::executor::LocalExecutor;
use crate::git::{GitError, Repository};
use crate::look::Observing;
use crate::model::{CurrentRef, LastAttempt, PartitionSet, Status};
use crate::plan::{Evaluation, Purpose, Row, Scope, Upstream};
use crate::select::{
    AssetSet, Attribute, Lookups, Selection, SelectionError, SelectionErrorKind, StatusValue,
};

/// Whether nothing has to be looked up to evaluate a selection.
pub(super) fn is_of_declarations_alone(selection: &Selection) -> bool {
    let asks = |it: &Attribute| matches!(it, Attribute::Status(_) | Attribute::Changed(_));
    !selection.attributes().any(asks)
}

/// Adds the revisions that the repository does not have to `wrong`, each at its place.
pub(super) fn check_revisions(
    project: &OpenProject,
    selections: &[Selection],
    wrong: &mut Vec<SelectionError>,
) -> Result<(), AppError> {
    let mut opened = None;
    for selection in selections {
        for attribute in selection.attributes() {
            let Attribute::Changed(revision) = attribute else {
                continue;
            };
            let repository = match &opened {
                Some(repository) => repository,
                None => opened.insert(Repository::open(project.root(), project.environment())?),
            };
            match repository.commit(&revision.text) {
                Ok(_) => {}
                Err(GitError::UnknownRevision {
                    revision: name,
                    help,
                }) => {
                    wrong.push(SelectionError {
                        text: selection.text.clone(),
                        span: revision.span.clone(),
                        kind: SelectionErrorKind::UnknownRevision(name),
                        help: Some(help),
                    });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Looks up what the attributes of selections ask for. What the user should know of the instance is added to `notices`.
pub(super) fn look_up(
    project: &OpenProject,
    selections: &[Selection],
    notices: &mut Vec<Notice>,
) -> Result<Lookups, AppError> {
    let mut lookups = Lookups::default();
    for attribute in selections.iter().flat_map(Selection::attributes) {
        match attribute {
            Attribute::Status(value) if !lookups.status.contains_key(value) => {
                if *value == StatusValue::Running {
                    let set = worked_on(project, notices)?;
                    lookups.status.insert(*value, set);
                } else {
                    lookups.status.extend(standing(project, notices)?);
                }
            }
            Attribute::Changed(revision) if !lookups.changed.contains_key(&revision.text) => {
                let changed = changed_since(project, &revision.text)?;
                lookups.changed.insert(revision.text.clone(), changed);
            }
            _ => {}
        }
    }
    Ok(lookups)
}

/// The assets on which a run works.
fn worked_on(project: &OpenProject, notices: &mut Vec<Notice>) -> Result<AssetSet, AppError> {
    let mut instance = InstanceAccess::open(project)?;
    let mut set = AssetSet::empty(project.graph().len());
    for (asset, _) in running(project, &mut instance)?.into_keys() {
        set.insert(asset);
    }
    notices.extend(instance.notices);
    Ok(set)
}

/// The assets of each status but `running`: judged as `status` judges all of them.
fn standing(
    project: &OpenProject,
    notices: &mut Vec<Notice>,
) -> Result<BTreeMap<StatusValue, AssetSet>, AppError> {
    let graph = project.graph();
    let assets = graph.ids().filter(|id| !graph.is_source(*id));
    let all = |id| PartitionSet::from_range(project.keys().get(graph.partitions(id)).range());
    let goals: Vec<_> = assets.map(|id| (id, all(id))).collect();
    let mut instance = InstanceAccess::open(project)?;
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let scope = Scope::new(graph, project.keys(), &goals, Upstream::Close);
    let evaluation = instance.evaluate_with_lock(
        project,
        &workspace,
        &scope,
        Purpose::Status,
        (Observing::Last, &OwnLines::default()),
    )?;
    project.keep_what_was_learnt();
    let of = |(_, value): (&str, StatusValue)| {
        let status = status_of(value)?;
        let mut set = AssetSet::empty(graph.len());
        for (row, _) in scope.asset_rows() {
            if stands(&evaluation, row, status) {
                set.insert(row.asset);
            }
        }
        Some((value, set))
    };
    let mut standing: BTreeMap<_, _> = StatusValue::ALL.into_iter().filter_map(of).collect();
    // The last attempt counts, whatever the status is: a forced one may have failed above outputs that are fresh.
    let has_failed = |current: Option<CurrentRef<'_>>| {
        current.is_some_and(|it| it.attempt == LastAttempt::Failed)
    };
    let failed = instance.read(|store| matching(project, store, &goals, has_failed))?;
    let mut set = AssetSet::empty(graph.len());
    for (asset, _) in failed {
        set.insert(asset);
    }
    standing.insert(StatusValue::Failed, set);
    notices.extend(instance.notices);
    Ok(standing)
}

/// The status that a value asks for, unless it is about something else.
fn status_of(value: StatusValue) -> Option<Status> {
    Some(match value {
        StatusValue::Fresh => Status::Fresh,
        StatusValue::Stale => Status::Stale,
        StatusValue::Missing => Status::Missing,
        StatusValue::Failed => Status::Failed,
        StatusValue::Pending => Status::Pending,
        StatusValue::Blocked => Status::Blocked,
        StatusValue::Running => return None,
    })
}

/// Whether an asset is of a status: all its partitions, of which there are some, are fresh; or one of them is as asked.
fn stands(evaluation: &Evaluation<'_>, row: &Row, status: Status) -> bool {
    let mut found = row.cells().map(|cell| match evaluation.status(cell) {
        // What is elsewhere is missing here, and so is what nobody here is known to have made.
        Status::Locked | Status::Unverifiable => Status::Missing,
        status => status,
    });
    if status == Status::Fresh {
        !row.set.is_empty() && found.all(|it| it == status)
    } else {
        found.any(|it| it == status)
    }
}
