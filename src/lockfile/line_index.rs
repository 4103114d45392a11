//! A text just as it is written, looked at line by line without reading what the lines say.
//!
//! Of very many lines a run concerns few. These are found here by their first two words, so that the others are not read. All of
//! this is only for texts that [`print`](crate::lockfile::print) gave.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use memchr::memchr;
use smallvec::SmallVec;

use crate::lock::Outline;
use crate::lockfile::gather::Gathered;
use crate::lockfile::print::header;
use crate::lockfile::words::{ADDED, UNPARTITIONED, range_of, unescaped};
use crate::model::{AssetKey, Lock, RULE};

/// The lines that are wanted: by asset, the keys of partitions, the empty text without partitions. Blocks are not.
pub type WantedLines<'w> = BTreeMap<&'w str, HashSet<Cow<'w, str>>>;

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
pub(super) struct Group {
    pub section: Section,
    /// The length of the words that all of its lines begin with, the space before the key included.
    start: usize,
    /// Where each line begins, and where the last one ends.
    pub ends: SmallVec<[usize; 2]>,
}

/// Where the lines of a text as it is written stand that are about one thing, in order.
#[derive(Debug)]
pub struct LineIndex(Vec<Group>);

impl LineIndex {
    /// Of a text as it is written; `None` if it is another text.
    pub fn of(text: &str) -> Option<Self> {
        groups(text).map(Self)
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.0
    }

    /// The group about something, or where it would be.
    pub(super) fn find(&self, text: &str, about: (Section, &str)) -> Result<usize, usize> {
        let order = |group: &Group| {
            let known = group.name(text).unwrap_or(Cow::Borrowed(""));
            group.section.cmp(&about.0).then((*known).cmp(about.1))
        };
        self.0.binary_search_by(order)
    }

    /// The outlines of all partitioned assets; `None` if the text is not as it is written.
    pub fn outlines<'t>(&self, text: &'t str) -> Option<Vec<Outline<'t>>> {
        let partitioned = self.0.iter().filter(|group| {
            let is_partitioned = group.len() > 1 || group.key_word(text, 0) != UNPARTITIONED;
            group.section == Section::Asset && is_partitioned
        });
        partitioned.map(|group| outline(text, group)).collect()
    }

    /// What the wanted lines say, and all lines of keys and sources; `None` if the text is not as it is written.
    pub fn parse_part(&self, text: &str, wanted: &WantedLines<'_>) -> Option<Lock> {
        let mut gathered = Gathered::new();
        let others = self.0.iter();
        for group in others.take_while(|group| group.section != Section::Asset) {
            for line in 0..group.len() {
                gathered.take(&text[group.line(line)]).ok()?;
            }
        }
        for (asset, keys) in wanted {
            let Ok(found) = self.find(text, (Section::Asset, asset)) else {
                continue;
            };
            let group = &self.0[found];
            for line in 0..group.len() {
                let word = group.key_word(text, line);
                if range_of(word).is_none() && keys.contains(&key_of(word)?) {
                    gathered.take(&text[group.line(line)]).ok()?;
                }
            }
        }
        Some(gathered.finish().lock)
    }
}

fn outline<'t>(text: &'t str, group: &Group) -> Option<Outline<'t>> {
    let mut outline = Outline {
        asset: AssetKey::of_path(&group.name(text)?),
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

/// The groups of lines behind the header, in order.
fn groups(text: &str) -> Option<Vec<Group>> {
    let header = header(RULE);
    let mut at = text.starts_with(&header).then_some(header.len())?;
    let mut groups: Vec<Group> = Vec::new();
    while at < text.len() {
        let rest = &text[at..];
        let end = at + memchr(b'\n', rest.as_bytes())?;
        match groups.last_mut() {
            Some(group) if rest.starts_with(group.beginning(text)) => group.ends.push(end + 1),
            _ => {
                let (section, start) = start_of(rest)?;
                let start = start.len();
                let ends = SmallVec::from([at, end + 1]);
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

impl Group {
    /// How its lines begin.
    fn beginning<'t>(&self, text: &'t str) -> &'t str {
        &text[self.ends[0]..][..self.start]
    }

    /// What the lines are about.
    pub fn name<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let sign = match self.section {
            Section::Added => ADDED.len() + 1,
            Section::Source => 1,
            Section::Asset => 0,
        };
        unescaped(&self.beginning(text)[sign..self.start - 1])
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
        let rest = &text[start + self.start..end];
        let len = memchr(b' ', rest.as_bytes()).unwrap_or(rest.len());
        &rest[..len]
    }
}

/// The key that a word stands for; empty without partitions.
pub(super) fn key_of(word: &str) -> Option<Cow<'_, str>> {
    match word {
        UNPARTITIONED => Some(Cow::Borrowed("")),
        word => unescaped(word),
    }
}
