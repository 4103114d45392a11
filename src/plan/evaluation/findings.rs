//! What was found at the sources of a scope besides their versions.

use std::collections::{HashMap, HashSet};

use crate::model::{
    AssetId, Counted, DataDetail, DataVersion, DataVersionRule, SourceContent, ValueText, Watched,
};
use crate::plan::{Cell, Evaluation, ObservedCode, Records};

/// What was found at the sources of a scope.
#[derive(Debug, Default)]
pub struct FoundSources {
    /// The paths that a source with globs stands for, relative to the project root, in order.
    pub globbed: HashMap<Cell, Vec<String>>,
    /// The values of files, as texts.
    pub values: HashMap<Cell, ValueText>,
    /// What was looked for and not found.
    pub missing: HashMap<Cell, MissingSource>,
}

/// A source that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingSource {
    /// Nothing is at these paths.
    Paths(Vec<String>),
    /// The file does not hold the key.
    Key {
        /// The file.
        path: String,
        /// The key.
        key: String,
    },
    /// It was never observed.
    Unobserved,
    /// Its `observe` command gave no version.
    ObserveFailed(String),
    /// It is there and cannot be read, for a reason that names the path.
    Unreadable(String),
}

impl FoundSources {
    /// The text of a source that is a value: of a scalar its own, else JSON.
    pub fn value_text(&self, cell: Cell) -> Option<&str> {
        let found = self.values.get(&cell)?;
        Some(match found.words.as_deref() {
            Some([only]) if !found.json.starts_with('[') => only,
            _ => &found.json,
        })
    }

    /// The value that a version of a source stands for, and the one that is there now.
    pub(super) fn value_detail(
        &self,
        records: &dyn Records,
        cell: Cell,
        old: DataVersion,
    ) -> Option<DataDetail> {
        let SourceContent::Value(new) = SourceContent::of_value(self.value_text(cell)?) else {
            return None;
        };
        match records.source_content(old) {
            Some(SourceContent::Value(old)) => Some(DataDetail::Value { old, new }),
            _ => None,
        }
    }
}

/// What the code versions of a scope are made of.
#[derive(Debug, Default)]
pub struct Codes {
    /// Why the code of an asset cannot be read.
    pub unreadable: HashMap<AssetId, String>,
    /// What was found for an asset, where it is more than nothing.
    pub observed: HashMap<AssetId, ObservedCode>,
    /// What was found at paths.
    pub seen: SeenPaths,
}

/// What was found at paths, each looked at once, however many assets name it.
#[derive(Debug, Default)]
pub struct SeenPaths {
    /// The versions of files and directories; `None` where nothing is.
    pub files: HashMap<String, Option<DataVersion>>,
    /// Those of which nothing counts that git ignores.
    pub not_ignored: HashMap<String, Option<DataVersion>>,
    /// The paths that globs match.
    pub globs: HashMap<Watched, Vec<String>>,
    /// The files that tools are.
    pub programs: HashMap<String, Option<String>>,
}

impl SeenPaths {
    /// The versions of files and directories of which so much counts.
    pub fn files_of(&self, counted: Counted) -> &HashMap<String, Option<DataVersion>> {
        match counted {
            Counted::All | Counted::Files => &self.files,
            Counted::NotIgnored => &self.not_ignored,
        }
    }
}

impl Codes {
    /// What was found for an asset.
    pub fn observed(&self, asset: AssetId) -> ObservedCode {
        self.observed.get(&asset).cloned().unwrap_or_default()
    }

    /// What was found for an asset, as if something else had been at `paths`.
    pub fn observed_but(&self, asset: AssetId, paths: &[(String, DataVersion)]) -> ObservedCode {
        let mut observed = self.observed(asset);
        for (path, version) in paths {
            let is_it = |(_, program): &(&String, &Option<String>)| program.as_ref() == Some(path);
            let tool = self.seen.programs.iter().find(is_it).map(|(tool, _)| tool);
            let tools = observed.tools.iter_mut();
            let is_tool =
                |(name, _): &&mut (String, DataVersion)| tool.is_some_and(|tool| tool == name);
            if let Some((_, known)) = tools.into_iter().find(is_tool) {
                *known = *version;
                continue;
            }
            let name = code_file_name(path);
            for resource in &mut observed.resources {
                resource.note_file(&name, *version);
            }
            observed.files.retain(|(known, _)| *known != name);
            observed.files.push((name, *version));
        }
        observed.files.sort();
        observed
    }
}

/// How a code file is named in a code version: its path if that lies in the project, else only what it is called, as
/// nothing that is hashed may depend on where a machine keeps things.
pub fn code_file_name(path: &str) -> String {
    if path.starts_with('/') || path.starts_with("../") {
        let name = path.rsplit('/').next().unwrap_or(path);
        return format!("…/{name}");
    }
    path.to_owned()
}

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
        let by_content = self
            .asset(cell)
            .is_some_and(|it| it.data_version == DataVersionRule::Content);
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
