//! Looks at a scope and judges it: what `status`, `plan`, `explain` and `materialize` have in common.

use std::collections::HashSet;
use std::thread;

use crate::look::code::observe_code;
use crate::look::error::Problems;
use crate::look::gather::{find_changed_outputs, find_sources};
use crate::look::observe::{Observations, Observing, observed_versions};
use crate::look::records::{StoreRecords, recorded};
use crate::look::workspace::Workspace;
use crate::model::CurrentColumns;
use crate::plan::{Evaluation, Facts, Findings, FoundSources, Judge, Known, Purpose, Scope};
use crate::store::{Store, StoreError};
use crate::sys::parallel;

/// So many cells are worth another thread.
const WORTH_A_THREAD: u32 = 8_192;

/// Looks at a scope and judges it.
///
/// # Errors
///
/// All problems at once: code files and variables that are missing, files that cannot be hashed.
pub fn evaluate<'a>(
    workspace: &Workspace<'_>,
    scope: &'a Scope<'a>,
    store: &Store,
    purpose: Purpose,
    observing: Observing<'_>,
) -> Result<Evaluation<'a>, Problems> {
    let (code, codes) = observe_code(workspace, scope)?;
    let (found, recorded) = find_sources_and_records(workspace, scope, store);
    let (mut versions, mut sources) = found?;
    let Observations {
        known,
        failed,
        news: observations,
    } = observed_versions(scope, store, observing)?;
    for (cell, version) in known {
        let row = scope.row_of_cell(cell);
        versions[row.versions_of(cell)].fill(version);
    }
    sources.missing.extend(failed);
    let recorded = recorded?;
    let changed_outputs = find_changed_outputs(workspace, scope, &recorded)?;
    let facts = Facts {
        code,
        versions,
        recorded,
        changed_outputs,
        lacking_keys: scope.lacking_keys(),
        too_long: HashSet::new(),
    };
    let judge = Judge::new(scope, facts, purpose);
    let findings = Findings {
        codes,
        sources,
        observations,
    };
    let records = StoreRecords(store);
    Ok(Evaluation::new(judge, findings, &records, parallel::share))
}

/// Looks at sources while the instance is read, where there is much of both.
fn find_sources_and_records(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    store: &Store,
) -> (SourcesFound, Result<CurrentColumns, StoreError>) {
    if scope.cells() < WORTH_A_THREAD {
        return (find_sources(workspace, scope), recorded(store, scope));
    }
    thread::scope(|threads| {
        let sources = threads.spawn(|| find_sources(workspace, scope));
        let recorded = recorded(store, scope);
        let sources = sources.join();
        let sources = sources.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (sources, recorded)
    })
}

type SourcesFound = Result<(Vec<Known>, FoundSources), Problems>;
