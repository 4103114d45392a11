//! What a written key or range of keys means in one partitions definition.
//!
//! A text that is a key is that key. Else `DEFINITION=KEY` is a key of that definition, and else `dim=part,dim2=part` one of a
//! definition of several dimensions.

use crate::app::project::OpenProject;
use crate::model::{
    DeclaredPartitions, KeyText, KeyWord, LimitedKey, Name, PartitionKey, PartitionKeys,
    PartitionSet,
};
use crate::select::did_you_mean;

/// How a written key is taken; the first that gives a key anywhere is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The whole text is the key.
    Whole,
    /// As `DEFINITION=KEY`.
    Limited,
    /// As `dim=part,dim2=part`.
    Parts,
}

/// All, in order.
pub const READINGS: [Reading; 3] = [Reading::Whole, Reading::Limited, Reading::Parts];

/// Why a word means no keys of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// It is about another definition.
    Elsewhere,
    /// One key of it is none.
    Absent(End),
    /// Its first key comes after its last.
    Reversed,
}

/// One end of a range, or the only key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The first.
    First,
    /// The last.
    Last,
}

impl Reading {
    /// The keys of a definition that a word means if it is taken so.
    pub fn keys_of(
        self,
        word: &KeyWord,
        declared: &DeclaredPartitions,
        keys: &PartitionKeys,
    ) -> Result<PartitionSet, Miss> {
        let (first, last) = match word {
            KeyWord::One(key) => (key, None),
            KeyWord::Range { first, last } => (first, Some(last)),
        };
        if self == Self::Limited && limit(first, declared).is_none() {
            return Err(Miss::Elsewhere);
        }
        let first = self
            .index(first, declared, keys)
            .ok_or(Miss::Absent(End::First))?;
        let Some(last) = last else {
            return Ok(PartitionSet::single(first));
        };
        // `day=A...B` says once which definition is meant.
        let last = match (self, limit(last, declared)) {
            (Self::Limited, None) => keys.find(last.whole().as_str()),
            _ => self.index(last, declared, keys),
        };
        let last = last.ok_or(Miss::Absent(End::Last))?;
        keys.range_between(first, last).ok_or(Miss::Reversed)
    }

    fn index(
        self,
        text: &KeyText,
        declared: &DeclaredPartitions,
        keys: &PartitionKeys,
    ) -> Option<u32> {
        match self {
            Self::Whole => keys.index_of(text.whole().as_str()),
            Self::Limited => keys.find(limit(text, declared)?.key.as_str()),
            Self::Parts => of_parts(keys, text),
        }
    }
}

fn limit<'a>(text: &'a KeyText, declared: &DeclaredPartitions) -> Option<&'a LimitedKey> {
    let limited = text.limited()?;
    (declared.name.as_ref() == Some(&limited.definition)).then_some(limited)
}

fn of_parts(keys: &PartitionKeys, text: &KeyText) -> Option<u32> {
    let multi = keys.multi()?;
    multi.index_of_parts(&multi.parse_parts(text.whole().as_str())?)
}

/// Finds what a person may have meant.
#[derive(Clone, Copy)]
pub struct NearestKeys<'a> {
    /// The project that they are looked for in.
    pub project: &'a OpenProject,
}

impl NearestKeys<'_> {
    /// The window that holds a key, the keys that are like it, or the first and the last.
    pub fn help(self, keys: &PartitionKeys, key: &PartitionKey) -> String {
        if let Some(window) = self.containing(keys, key) {
            return format!("`{window}` is the window that contains it");
        }
        let near = keys.nearest(key.as_str());
        match (near.as_slice(), keys.len()) {
            (_, 0) => "it has no partitions yet".to_owned(),
            ([], _) => format!("it has {}", extent(keys)),
            (near, _) if keys.time().is_some() => {
                format!("the nearest is {}; it has {}", list(near), extent(keys))
            }
            (near, _) => format!("did you mean {}?", list(near)),
        }
    }

    /// The same of a key that none of several definitions has.
    pub fn help_of_all(self, all: &[&PartitionKeys], key: &PartitionKey) -> String {
        let holding = all.iter().find(|keys| self.containing(keys, key).is_some());
        let near = || {
            all.iter()
                .find(|keys| !keys.nearest(key.as_str()).is_empty())
        };
        match holding.or_else(near) {
            Some(keys) => self.help(keys, key),
            None => "`assetctl show ASSET` shows the partitions of an asset".to_owned(),
        }
    }

    /// Definitions that are named alike, or all.
    pub fn definitions(self, name: &str) -> String {
        let definitions = self.project.graph().definitions().iter();
        let names = definitions.filter_map(|it| it.name.as_ref());
        let mut names: Vec<_> = names.map(Name::as_str).collect();
        names.sort_unstable();
        if names.is_empty() {
            return "no partitions definition has a name; name the assets instead".to_owned();
        }
        did_you_mean(name, names.iter().copied()).unwrap_or_else(|| {
            let first = names.iter().take(10).map(|name| format!("`{name}`"));
            format!("there are {}", first.collect::<Vec<_>>().join(", "))
        })
    }

    /// The existing window that holds what a key stands for: a time, or the start of a window of another definition.
    fn containing(self, keys: &PartitionKeys, key: &PartitionKey) -> Option<PartitionKey> {
        let PartitionKeys::Time(windows) = keys else {
            return None;
        };
        let lattice = windows.definition().index_containing(key.as_str());
        let of_other = || {
            let others = self.project.graph().definitions().iter();
            others
                .filter_map(|other| start(other, key))
                .map(|start| windows.definition().index_at(start))
                .find(|lattice| windows.rank(*lattice).is_some())
        };
        let exists = |lattice: &i64| windows.rank(*lattice).is_some();
        let lattice = lattice.filter(exists).or_else(of_other)?;
        keys.key(windows.rank(lattice)?)
    }
}

/// The start of a definition's window with this key.
fn start(declared: &DeclaredPartitions, key: &PartitionKey) -> Option<jiff::Timestamp> {
    let windows = declared.definition.windows()?;
    let index = windows.index_of_key(key.as_str())?;
    Some(windows.window(index).start)
}

/// `365 partitions, from 2013-01-01 to 2013-12-31`
fn extent(keys: &PartitionKeys) -> String {
    let ends =
        [0, keys.len() - 1].map(|at| keys.key(at).map_or(String::new(), |it| it.to_string()));
    let [first, last] = ends;
    match keys.len() {
        1 => format!("one partition, `{first}`"),
        len => format!("{len} partitions, from `{first}` to `{last}`"),
    }
}

fn list(keys: &[PartitionKey]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(", ")
}
