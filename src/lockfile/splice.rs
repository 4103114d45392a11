//! New lines put into a text as it is written, each at its place. All other lines stay as they are, and none is read.
//!
//! A text just as it is written, looked at line by line without reading what the lines say.
//!
//! Of very many lines a run concerns few. These are found here by their first two words, so that the others are neither
//! read nor written anew. All of this is only for texts that [`print`](crate::lockfile::print) gave.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::memchr;
use smallvec::SmallVec;

use crate::digest::{Digest, Kind};
use crate::lock::Outline;
use crate::lockfile::gather::Gathered;
use crate::lockfile::print::{header, push_added, push_line, push_source};
use crate::lockfile::words::{ADDED, UNPARTITIONED, range_of, unescaped};
use crate::model::{AssetKey, Lock, PartitionKey, RULE};

/// The number of old lines that each new one may look at; where there are more new ones than that leaves room for, all of it is
/// written anew at less cost.
const SHARE: usize = 16;

/// What a text as it is written becomes with the lines of `new`, each in place of all lines for its partition, and with its
/// keys behind those that are there; `None` where it had better be written anew, or is another text.
///
/// It is what `print` gives for all of it, byte for byte. Blocks of `new` are not looked at.
pub fn splice(text: &str, new: &Lock) -> Option<String> {
    let groups = groups(text)?;
    let known: usize = groups.iter().map(Group::len).sum();
    let lines: usize = new.assets.iter().map(|it| it.lines.len()).sum();
    let coming = lines + new.sources.len();
    if coming * SHARE > known.max(SHARE * SHARE) || new.added.len() > SHARE {
        return None;
    }
    let mut splicing = Splicing {
        text,
        groups,
        cuts: Vec::new(),
        inserts: Vec::new(),
    };
    for added in &new.added {
        let mut line = String::new();
        push_added(&mut line, added);
        splicing.add_key(added.definition.as_str(), line)?;
    }
    for source in &new.sources {
        let mut line = String::new();
        push_source(&mut line, source);
        let about = (Section::Source, source.source.as_str());
        splicing.replace(about, source.partition.as_ref(), line)?;
    }
    for locked in &new.assets {
        for new in &locked.lines {
            let mut line = String::new();
            push_line(&mut line, &locked.asset, new);
            let about = (Section::Asset, locked.asset.as_str());
            splicing.replace(about, new.partition.as_ref(), line)?;
        }
    }
    Some(splicing.finish())
}

struct Splicing<'t> {
    text: &'t str,
    groups: Vec<Group<'t>>,
    /// Lines that go, with their ends.
    cuts: Vec<Range<usize>>,
    inserts: Vec<Insert>,
}

/// A line that comes. Lines that come at the same place stand in the order of the rest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Insert {
    /// Before which byte.
    at: usize,
    section: Section,
    name: String,
    order: Order,
}

/// The order of lines about one thing.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    /// Keys stand as they came.
    Came(usize, String),
    /// Other lines by the hash of their keys.
    Hash(Option<Digest>, String),
}

impl Splicing<'_> {
    /// Where the group about something is, or would be.
    fn find(&self, (section, name): (Section, &str)) -> Result<usize, usize> {
        let about = |group: &Group<'_>| {
            let known = group.name().unwrap_or(Cow::Borrowed(""));
            group.section.cmp(&section).then((*known).cmp(name))
        };
        self.groups.binary_search_by(about)
    }

    /// Where the lines about something begin that are not there.
    fn place(&self, group: usize) -> usize {
        let next = self.groups.get(group);
        next.map_or(self.text.len(), |group| group.ends[0])
    }

    /// Lets the line of a key come, unless it is there or comes already.
    fn add_key(&mut self, definition: &str, line: String) -> Option<()> {
        let at = match self.find((Section::Added, definition)) {
            Ok(group) => {
                let group = &self.groups[group];
                let mut known = (0..group.len()).map(|it| &self.text[group.line(it)]);
                if known.any(|known| known == line) {
                    return Some(());
                }
                *group.ends.last()?
            }
            Err(next) => self.place(next),
        };
        let comes = |insert: &Insert| matches!(&insert.order, Order::Came(_, it) if *it == line);
        if !self.inserts.iter().any(comes) {
            self.inserts.push(Insert {
                at,
                section: Section::Added,
                name: definition.to_owned(),
                order: Order::Came(self.inserts.len(), line),
            });
        }
        Some(())
    }

    /// Lets a line come in place of all lines for its partition.
    fn replace(
        &mut self,
        about: (Section, &str),
        partition: Option<&PartitionKey>,
        line: String,
    ) -> Option<()> {
        let text = self.text;
        let key = partition.map_or("", PartitionKey::as_str);
        let hash = hash_of(key);
        let at = match self.find(about) {
            Ok(group) => {
                let group = &self.groups[group];
                let mut line_at = first_from(text, group, hash)?;
                let mut before = None;
                while line_at < group.len() {
                    let word = group.key_word(text, line_at);
                    if hash_of(&first_key(word)?) != hash {
                        break;
                    }
                    if range_of(word).is_none() && key_of(word)? == key {
                        self.cuts.push(group.ends[line_at]..group.ends[line_at + 1]);
                    } else if before.is_none() && text[group.line(line_at)] > *line {
                        before = Some(group.ends[line_at]);
                    }
                    line_at += 1;
                }
                before.unwrap_or(group.ends[line_at])
            }
            Err(next) => self.place(next),
        };
        self.inserts.push(Insert {
            at,
            section: about.0,
            name: about.1.to_owned(),
            order: Order::Hash(hash, line),
        });
        Some(())
    }

    fn finish(mut self) -> String {
        self.cuts.sort_unstable_by_key(|cut| cut.start);
        self.cuts.dedup();
        self.inserts.sort_unstable();
        self.inserts.dedup();
        let coming: usize = self.inserts.iter().map(|it| it.line().len() + 1).sum();
        let mut out = String::with_capacity(self.text.len() + coming);
        let mut cuts = self.cuts.into_iter().peekable();
        let mut from = 0;
        let mut keep = |out: &mut String, until: usize| {
            while let Some(cut) = cuts.next_if(|cut| cut.start < until) {
                out.push_str(&self.text[from..cut.start]);
                from = cut.end;
            }
            out.push_str(&self.text[from..until.max(from)]);
            from = until.max(from);
        };
        for insert in &self.inserts {
            keep(&mut out, insert.at);
            out.push_str(insert.line());
            out.push('\n');
        }
        keep(&mut out, self.text.len());
        out
    }
}

impl Insert {
    fn line(&self) -> &str {
        match &self.order {
            Order::Came(_, line) | Order::Hash(_, line) => line,
        }
    }
}

/// The first line of a group whose hash is not before `hash`.
fn first_from(text: &str, group: &Group<'_>, hash: Option<Digest>) -> Option<usize> {
    let (mut first, mut behind) = (0, group.len());
    while first < behind {
        let middle = first.midpoint(behind);
        if hash_of(&first_key(group.key_word(text, middle))?) < hash {
            first = middle + 1;
        } else {
            behind = middle;
        }
    }
    Some(first)
}

/// The key of a line, or the first one of a block.
fn first_key(word: &str) -> Option<Cow<'_, str>> {
    key_of(range_of(word).map_or(word, |(first, _)| first))
}

/// What lines are ordered by; a line without a key comes first.
fn hash_of(key: &str) -> Option<Digest> {
    (!key.is_empty()).then(|| Kind::Key.digest(key.as_bytes()))
}

/// The lines that are wanted: by asset, the keys of partitions, the empty text without partitions. Blocks are not.
pub type WantedLines<'w> = HashMap<&'w str, HashSet<Cow<'w, str>>>;

/// What kind of lines a group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    /// Keys of a definition.
    Added,
    /// Partitions of a source.
    Source,
    /// Partitions of an asset.
    Asset,
}

/// Neighbouring lines about one definition, source or asset.
#[derive(Clone, Debug)]
struct Group<'t> {
    pub section: Section,
    /// How its lines begin, the space before the key included.
    start: &'t str,
    /// Where each line begins, and where the last one ends.
    pub ends: SmallVec<[usize; 2]>,
}

/// The outlines of all partitioned assets in a text as it is written; `None` if it is another text.
pub fn outlines(text: &str) -> Option<Vec<Outline<'_>>> {
    let groups = groups(text)?.into_iter();
    let partitioned = groups.filter(|group| {
        let is_partitioned = group.len() > 1 || group.key_word(text, 0) != UNPARTITIONED;
        group.section == Section::Asset && is_partitioned
    });
    partitioned.map(|group| outline(text, &group)).collect()
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
pub fn parse_part(text: &str, wanted: &WantedLines<'_>) -> Option<Lock> {
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
    Some(gathered.finish().lock)
}

/// The groups of lines behind the header, in order.
fn groups(text: &str) -> Option<Vec<Group<'_>>> {
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

/// The key that a word stands for; empty without partitions.
fn key_of(word: &str) -> Option<Cow<'_, str>> {
    match word {
        UNPARTITIONED => Some(Cow::Borrowed("")),
        word => unescaped(word),
    }
}
