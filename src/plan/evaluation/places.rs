//! What lies at the places of outputs that are to be made.

use std::collections::{HashMap, HashSet};

use crate::model::{DataVersion, DataVersionRule};
use crate::plan::{Cell, Evaluation};

/// What is known of the places of outputs that are to be made.
#[derive(Debug, Default)]
pub struct OutputPlaces {
    /// Cells that have no record for these paths.
    pub unrecorded: HashSet<Cell>,
    /// What is ours all the same, by cell and output, with its version if one is known.
    pub ours: HashMap<(Cell, usize), Option<DataVersion>>,
    /// What is not ours, in order of cells and outputs.
    pub foreign: Vec<Occupant>,
}

/// Whether something was recorded at the place of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceRecord {
    /// Something was, of this version if its content is its version.
    Recorded(Option<DataVersion>),
    /// Nothing was: what lies there by the time that the output comes is somebody else's.
    Unrecorded,
}

/// What lies at the place of an output.
#[derive(Clone, Debug)]
pub struct Occupant {
    /// Whose.
    pub cell: Cell,
    /// Which output.
    pub output: usize,
    /// The path, relative to the project root.
    pub path: String,
    /// What it is.
    pub kind: OccupantKind,
}

/// What lies at the place of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OccupantKind {
    /// A file, or something else that one rename moves without loss.
    File,
    /// A folder that holds something, or a link to one.
    Folder,
}

impl Evaluation<'_> {
    /// Whether something was recorded at the place of an output.
    pub fn place(&self, cell: Cell, output: usize) -> PlaceRecord {
        if let Some(version) = self.places.ours.get(&(cell, output)) {
            return PlaceRecord::Recorded(*version);
        }
        if self.places.unrecorded.contains(&cell) {
            return PlaceRecord::Unrecorded;
        }
        let asset = self.scope().graph().asset(self.scope().at(cell).0);
        let by_content = asset.is_some_and(|it| it.data_version == DataVersionRule::Content);
        let last = self.recorded(cell).filter(|_| by_content);
        PlaceRecord::Recorded(last.and_then(|last| last.outputs.get(output).copied()))
    }

    /// Takes what lies at the places of outputs.
    pub fn take_places(&mut self, places: OutputPlaces) {
        self.places = places;
    }

    /// What lies at places and is not ours, in order of cells and outputs.
    pub fn foreign_occupants(&self) -> &[Occupant] {
        &self.places.foreign
    }

    /// Notes that a cell has a record by now: another process has made it.
    pub fn note_recorded(&mut self, cell: Cell) {
        self.places.unrecorded.remove(&cell);
    }
}
