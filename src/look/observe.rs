//! Sources that a command observes: it prints their data version.
//!
//! `materialize`, `plan` and `observe` ask, once a run for each needed key; `status` and `explain` take the last
//! observation.

use std::collections::HashMap;

use crate::digest::Kind;
use crate::look::error::Problems;
use crate::model::{DataVersion, Observation, PartitionSlot, Place};
use crate::plan::{Cell, Known, MissingSource, Row, Scope};
use crate::store::Store;

/// Where the versions of observed sources come from.
#[derive(Clone, Copy)]
pub enum Observing<'a> {
    /// From the last observation.
    Last,
    /// From what their commands answered just now.
    Now(&'a Observations),
    /// From nowhere: no command runs, and each of them counts as observed once and for all.
    Never,
}

/// What observed sources answered.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// The version at each cell.
    pub known: Vec<(Cell, Known)>,
    /// Cells without a version, and why.
    pub failed: HashMap<Cell, MissingSource>,
    /// What was observed just now.
    pub news: Vec<(PartitionSlot, Observation)>,
}

/// Finds the versions of the scope's observed sources.
pub(super) fn observed_versions(
    scope: &Scope<'_>,
    store: &Store,
    observing: Observing<'_>,
) -> Result<Observations, Problems> {
    if let Observing::Now(answers) = observing {
        return Ok(answers.clone());
    }
    let mut all = Observations::default();
    for (row, source) in scope.source_rows() {
        if !matches!(source.place, Place::Observed { .. }) {
            continue;
        }
        if let Observing::Last = observing {
            all.take_last(scope, row, store)?;
        } else {
            let version = DataVersion(Kind::Reported.digest(b""));
            let known = row.cells().map(|cell| (cell, Known::Version(version)));
            all.known.extend(known);
        }
    }
    Ok(all)
}

impl Observations {
    fn take_last(&mut self, scope: &Scope<'_>, row: &Row, store: &Store) -> Result<(), Problems> {
        let observations = store.observations(scope.graph().key(row.asset))?;
        let by_key: HashMap<_, _> = observations
            .into_iter()
            .map(|it| (it.partition, (it.version, it.text)))
            .collect();
        for cell in row.cells() {
            match by_key.get(&scope.partition(cell)) {
                Some((version, why)) if *version == DataVersion::unobserved() => {
                    self.fail(cell, MissingSource::ObserveFailed(why.clone()));
                }
                Some((version, _)) => self.known.push((cell, Known::Version(*version))),
                None => self.fail(cell, MissingSource::Unobserved),
            }
        }
        Ok(())
    }

    /// Takes that the version at a cell is unknown, and why.
    pub fn fail(&mut self, cell: Cell, why: MissingSource) {
        self.known.push((cell, Known::Absent));
        self.failed.insert(cell, why);
    }
}
