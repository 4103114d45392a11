//! What people say of an asset or a source: description, group, tags, kinds, owners, metadata.

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Heading, Table};
use crate::model::About;

/// The keys that are read here.
pub(super) const KEYS: [&str; 6] = [
    "description",
    "group",
    "tags",
    "kinds",
    "owners",
    "metadata",
];

/// Reads them.
pub(super) fn read(table: &Table<'_>, problems: &mut Problems) -> About {
    About {
        description: owned(table, "description", problems),
        group: owned(table, "group", problems),
        tags: tags(table, problems),
        kinds: list(table, "kinds", problems),
        owners: list(table, "owners", problems),
        metadata: metadata(table, problems),
    }
}

/// The tags of a table, sorted by name: a table, or a list of names.
pub(super) fn tags(table: &Table<'_>, problems: &mut Problems) -> Vec<(String, String)> {
    let Some(value) = table.get("tags") else {
        return Vec::new();
    };
    let mut tags: Vec<(String, String)> = match value.as_table(Heading::Inline("the tags")) {
        Some(tags) => tags
            .values()
            .filter_map(|tag| {
                let text = match tag.json(problems)? {
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                };
                Some((tag.key.to_owned(), text))
            })
            .collect(),
        None => value
            .texts(problems)
            .iter()
            .map(|name| (name.value.to_owned(), String::new()))
            .collect(),
    };
    tags.sort();
    tags.dedup_by(|a, b| a.0 == b.0);
    tags
}

/// The strings of `key`.
pub(super) fn list(table: &Table<'_>, key: &str, problems: &mut Problems) -> Vec<String> {
    let texts = table.texts(key, problems);
    texts.iter().map(|text| text.value.to_owned()).collect()
}

/// The string `key`.
pub(super) fn owned(table: &Table<'_>, key: &str, problems: &mut Problems) -> Option<String> {
    table.text(key, problems).map(|text| text.value.to_owned())
}

fn metadata(table: &Table<'_>, problems: &mut Problems) -> Vec<(String, String)> {
    let Some(value) = table.get("metadata") else {
        return Vec::new();
    };
    let Some(metadata) = value.table(Heading::Inline("the metadata"), problems) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = metadata
        .values()
        .filter_map(|entry| Some((entry.key.to_owned(), entry.json(problems)?.to_string())))
        .collect();
    entries.sort();
    entries
}
