//! The one namespace of assets and sources: what is declared, before deps are resolved.

use std::collections::HashMap;

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::outputs::Outputs;
use crate::manifest::partitions::Partitions;
use crate::model::{AssetId, AssetKey, SourceAsset};

/// Everything that has a table, by id.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    outlines: Vec<Outline<'a>>,
    by_name: HashMap<&'a str, AssetId>,
}

/// An asset or a source, as far as others need to know it.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    /// Its name.
    pub key: AssetKey,
    /// Its table.
    pub table: Table<'a>,
    /// Its partitions.
    pub partitions: Partitions,
    /// What it is.
    pub declares: Declares,
}

/// What a table declares.
#[derive(Debug)]
pub(super) enum Declares {
    /// A source, which is read whole.
    Source(Box<SourceAsset>),
    /// An asset, with its outputs.
    Asset(Outputs),
}

impl<'a> Names<'a> {
    /// Adds what a table declares; the name of a second table is reported, and leads to the first.
    pub(super) fn add(&mut self, name: &Value<'a>, outline: Outline<'a>, problems: &mut Problems) {
        let id = AssetId(self.outlines.len() as u32);
        let first = *self.by_name.entry(name.key).or_insert(id);
        if first != id {
            let first = self.get(first).table.location;
            problems.duplicate_name(name.key, name.key_location, first);
        }
        self.outlines.push(outline);
    }

    /// The id of a name.
    pub(super) fn find(&self, name: &str) -> Option<AssetId> {
        self.by_name.get(name).copied()
    }

    /// What has this id.
    pub(super) fn get(&self, id: AssetId) -> &Outline<'a> {
        &self.outlines[id.index()]
    }

    /// How many there are; the ids of sources without a table follow.
    pub(super) fn len(&self) -> usize {
        self.outlines.len()
    }

    /// All of them, in the order of their ids.
    pub(super) fn outlines(&self) -> &[Outline<'a>] {
        &self.outlines
    }

    /// All names.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.by_name.keys().copied()
    }
}

/// The key of a table, as far as it is one: an invalid name is reported, and stays what others may refer to.
pub(super) fn key_of(name: &Value<'_>, what: &'static str, problems: &mut Problems) -> AssetKey {
    AssetKey::parse(name.key).unwrap_or_else(|error| {
        let problem = Problem::InvalidName {
            name: name.key.to_owned(),
            what,
            reason: error.to_string(),
        };
        problems.at(name.key_location, "this name", problem);
        AssetKey::of_path(name.key)
    })
}
