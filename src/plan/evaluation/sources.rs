//! What was found at the sources of a scope besides their versions.

use std::collections::HashMap;

use crate::model::{DataDetail, DataVersion, SourceContent, ValueText};
use crate::plan::{Cell, Records};

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
