//! New lines put into a text as it is written, each at its place. All other lines stay as they are, and none is read.
//!
//! All of this is only for texts that [`print`](crate::lockfile::print) gave.

use std::borrow::Cow;
use std::ops::Range;

use crate::digest::{Digest, Kind};
use crate::lockfile::line_index::{Group, LineIndex, Section, key_of};
use crate::lockfile::print::{push_added, push_line, push_source};
use crate::lockfile::words::range_of;
use crate::model::{Lock, PartitionKey};

/// The number of old lines that each new one may look at; where there are more new ones than that leaves room for, all of it is
/// written anew at less cost.
const SHARE: usize = 16;

/// What a text as it is written becomes with the lines of `new`, each in place of all lines for its partition, and with its
/// keys behind those that are there; `None` where it had better be written anew, or is another text.
///
/// It is what `print` gives for all of it, byte for byte. Blocks of `new` are not looked at.
pub fn splice((text, index): (&str, &LineIndex), new: &Lock) -> Option<String> {
    let known: usize = index.groups().iter().map(Group::len).sum();
    let lines: usize = new.assets.iter().map(|it| it.lines.len()).sum();
    let coming = lines + new.sources.len();
    if coming * SHARE > known.max(SHARE * SHARE) || new.added.len() > SHARE {
        return None;
    }
    let mut splicing = Splicing {
        text,
        index,
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
    index: &'t LineIndex,
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
    /// Where the lines about something begin that are not there.
    fn place(&self, group: usize) -> usize {
        let next = self.index.groups().get(group);
        next.map_or(self.text.len(), |group| group.ends[0])
    }

    /// Lets the line of a key come, unless it is there or comes already.
    fn add_key(&mut self, definition: &str, line: String) -> Option<()> {
        let at = match self.index.find(self.text, (Section::Added, definition)) {
            Ok(group) => {
                let group = &self.index.groups()[group];
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
        let at = match self.index.find(self.text, about) {
            Ok(group) => {
                let group = &self.index.groups()[group];
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
fn first_from(text: &str, group: &Group, hash: Option<Digest>) -> Option<usize> {
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
