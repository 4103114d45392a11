//! A text just as it is written, looked at line by line without reading what the lines say.
//!
//! Of very many lines a run concerns few. These are found here by their first two words, so that the others are neither
//! read nor written anew. All of this is only for texts that [`print`](crate::lockfile::print) gave.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::memchr;

use crate::lock::Outline;
use crate::lockfile::gather::Gathered;
use crate::lockfile::print::header;
use crate::lockfile::words::{ADDED, UNPARTITIONED, range_of, unescaped};
use crate::model::{AssetKey, Lock, RULE};

/// The lines that are wanted: by asset, the keys of partitions, the empty text where there is none. Blocks are not.
pub type Wanted<'w> = HashMap<&'w str, HashSet<Cow<'w, str>>>;

/// What kind of lines a group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    /// Keys of a definition.
    Added,
    /// Partitions of a source.
    Source,
    /// Partitions of an asset.
    Asset,
}

/// Neighbouring lines about one definition, source or asset.
#[derive(Clone, Debug)]
pub(super) struct Group<'t> {
    pub section: Section,
    /// How its lines begin, the space before the key included.
    start: &'t str,
    /// Where each line begins, and where the last one ends.
    pub ends: Vec<usize>,
}

/// The outlines of all assets in a text as it is written; `None` if it is another text.
pub fn outlines(text: &str) -> Option<Vec<Outline<'_>>> {
    let groups = groups(text)?.into_iter();
    let of_assets = groups.filter(|group| group.section == Section::Asset);
    of_assets.map(|group| outline(text, &group)).collect()
}

fn outline<'t>(text: &'t str, group: &Group<'t>) -> Option<Outline<'t>> {
    let mut outline = Outline {
        asset: AssetKey::of_path(&group.name()?),
        keys: Vec::with_capacity(group.len()),
        blocks: Vec::new(),
    };
    for line in 0..group.len() {
        let word = group.key_word(text, line);
        match range_of(word) {
            Some((first, last)) => outline.blocks.push((unescaped(first)?, unescaped(last)?)),
            None => outline.keys.push(key_of(word)?),
        }
    }
    Some(outline)
}

/// What the wanted lines of a text as it is written say, and all lines of keys and sources; `None` if it is another text.
pub fn parse_part(text: &str, wanted: &Wanted<'_>) -> Option<Lock> {
    let mut gathered = Gathered::new();
    for group in groups(text)? {
        let keys = match group.section {
            Section::Added | Section::Source => None,
            Section::Asset => match wanted.get(&*group.name()?) {
                None => continue,
                keys => keys,
            },
        };
        for line in 0..group.len() {
            let is_wanted = match (keys, group.key_word(text, line)) {
                (Some(_), word) if range_of(word).is_some() => false,
                (Some(keys), word) => keys.contains(&key_of(word)?),
                (None, _) => true,
            };
            if is_wanted {
                gathered.take(&text[group.line(line)]).ok()?;
            }
        }
    }
    Some(gathered.finish().0)
}

/// The groups of lines behind the header, in order.
pub(super) fn groups(text: &str) -> Option<Vec<Group<'_>>> {
    let header = header(RULE);
    let mut at = text.starts_with(&header).then_some(header.len())?;
    let mut groups: Vec<Group<'_>> = Vec::new();
    while at < text.len() {
        let rest = &text[at..];
        let end = at + memchr(b'\n', rest.as_bytes())?;
        match groups.last_mut() {
            Some(group) if rest.starts_with(group.start) => group.ends.push(end + 1),
            _ => {
                let (section, start) = start_of(rest)?;
                let ends = vec![at, end + 1];
                groups.push(Group {
                    section,
                    start,
                    ends,
                });
            }
        }
        at = end + 1;
    }
    Some(groups)
}

/// How a line begins that is about the same as another: its words before the key, and the space behind.
fn start_of(line: &str) -> Option<(Section, &str)> {
    let space = |from: usize| Some(from + memchr(b' ', &line.as_bytes()[from..])? + 1);
    let first = space(0)?;
    if &line[..first - 1] == ADDED {
        return Some((Section::Added, &line[..space(first)?]));
    }
    let section = if line.starts_with('@') {
        Section::Source
    } else {
        Section::Asset
    };
    Some((section, &line[..first]))
}

impl<'t> Group<'t> {
    /// What the lines are about.
    pub fn name(&self) -> Option<Cow<'t, str>> {
        let sign = match self.section {
            Section::Added => ADDED.len() + 1,
            Section::Source => 1,
            Section::Asset => 0,
        };
        unescaped(&self.start[sign..self.start.len() - 1])
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// Where a line stands, without its end.
    pub fn line(&self, line: usize) -> Range<usize> {
        self.ends[line]..self.ends[line + 1] - 1
    }

    /// The word of a line that names its key, or the keys of its block.
    pub fn key_word<'w>(&self, text: &'w str, line: usize) -> &'w str {
        let Range { start, end } = self.line(line);
        let rest = &text[start + self.start.len()..end];
        let len = memchr(b' ', rest.as_bytes()).unwrap_or(rest.len());
        &rest[..len]
    }
}

/// The key that a word stands for; empty where there is none.
pub(super) fn key_of(word: &str) -> Option<Cow<'_, str>> {
    match word {
        UNPARTITIONED => Some(Cow::Borrowed("")),
        word => unescaped(word),
    }
}
