//! Sources without a table: declared by the deps that read them, and named by their paths.

use std::collections::HashMap;

use crate::manifest::diagnostic::Problems;
use crate::manifest::file::Text;
use crate::manifest::partition_placeholder::Scope;
use crate::manifest::source;
use crate::model::{About, AssetId, AssetKey, Name, PathTemplate, Place, SourceAsset};

/// Sources that are declared by the deps that read them, once for each path.
#[derive(Debug, Default)]
pub(super) struct InlineSources {
    /// How many ids are taken by what has a table.
    declared: usize,
    sources: Vec<SourceAsset>,
    by_key: HashMap<AssetKey, AssetId>,
}

impl InlineSources {
    /// No sources yet; their ids follow those of what has a table.
    pub(super) fn after(declared: usize) -> Self {
        Self {
            declared,
            ..Self::default()
        }
    }

    /// The sources, in the order of their ids.
    pub(super) fn into_sources(self) -> Vec<SourceAsset> {
        self.sources
    }

    /// A source by its id, if it has no table.
    pub(super) fn get(&self, id: AssetId) -> Option<&SourceAsset> {
        self.sources.get(id.index().checked_sub(self.declared)?)
    }

    /// The id of a source by its key, if it has no table.
    pub(super) fn find(&self, key: &str) -> Option<AssetId> {
        self.by_key.get(key).copied()
    }

    /// The keys of the sources, in the order of their ids.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.key.as_str())
    }

    /// The source at a path, and the name of the input that reads it: the file's stem.
    pub(super) fn at(
        &mut self,
        text: Text<'_>,
        problems: &mut Problems,
    ) -> Option<(AssetId, Name)> {
        let path = source::read_path(text, Scope::Unpartitioned, problems)?;
        let template = path.template();
        let key = key_of(template);
        let input = input_name(template.as_literal().unwrap_or_default());
        let next = AssetId((self.declared + self.sources.len()) as u32);
        let id = *self.by_key.entry(key.clone()).or_insert(next);
        if id == next {
            self.sources.push(SourceAsset {
                key,
                location: text.location(),
                about: About::default(),
                partitions: None,
                place: Place::Paths(vec![path]),
                optional: false,
                leaves_out_gitignored: false,
            });
        }
        Some((id, input))
    }
}

/// The key of the source at a path: the path from the project's root, so that the same file has one key in all files.
fn key_of(path: &PathTemplate) -> AssetKey {
    let literal = path.as_literal().unwrap_or_default();
    if literal.starts_with("../") || literal.starts_with('/') {
        AssetKey::of_path(literal)
    } else {
        AssetKey::of_path(&format!("./{literal}"))
    }
}

/// The stem of the last component that has one, other characters than names have as `_`.
fn input_name(path: &str) -> Name {
    let stem = |component: &str| match component.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => component.to_owned(),
    };
    let named = |stem: &String| stem.contains(|c: char| c.is_ascii_alphanumeric());
    let stem = path.rsplit('/').map(stem).find(named);
    let stem = stem.unwrap_or_else(|| "input".to_owned());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name: String = stem
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    Name::of_asset(&AssetKey::of_path(&name))
}

#[cfg(test)]
mod tests {
    use super::input_name;

    #[test]
    fn inputs_are_named_by_stems() {
        for (path, name) in [
            ("raw.csv", "raw"),
            ("data/2013.01.csv", "2013_01"),
            ("data/*.csv", "data"),
            ("my data/file", "file"),
            ("../x/.env", "_env"),
            ("a b.txt", "a_b"),
        ] {
            assert_eq!(input_name(path).as_str(), name, "{path}");
        }
    }
}
