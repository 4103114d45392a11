//! The values that `{{each…}}` stands for at one place.

use toml::de::DeValue;

use crate::manifest::each::lists::{ListValue, ValueList};

/// A list, and the value of it that is meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound<'b, 'a> {
    pub list: &'b ValueList<'a>,
    pub value: &'b ListValue<'a>,
}

/// The lists of a declaration, and behind them those of a dep in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Bindings<'b, 'a> {
    levels: Vec<Vec<Bound<'b, 'a>>>,
}

/// Why a placeholder has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unbound<'b, 'k> {
    /// There are several lists, and it names none of them.
    Ambiguous,
    /// No list is taken here.
    NoList,
    /// The value of this list, by its name, has no such key.
    Lacks {
        list: &'b str,
        value: &'b str,
        key: &'k str,
    },
}

impl<'b, 'a> Bindings<'b, 'a> {
    /// Adds the lists of something inside of what is bound so far.
    #[must_use]
    pub(super) fn with(&self, level: Vec<Bound<'b, 'a>>) -> Self {
        let mut levels = self.levels.clone();
        levels.push(level);
        Self { levels }
    }

    /// All lists with their values.
    pub(super) fn all(&self) -> impl Iterator<Item = Bound<'b, 'a>> {
        self.levels.iter().flatten().copied()
    }

    /// What `{{each.PATH}}` stands for: `KEY` of the only list, or `LIST.KEY`.
    pub(super) fn find<'k>(&self, path: &'k str) -> Result<&'b DeValue<'a>, Unbound<'b, 'k>> {
        let (first, rest) = split(path);
        let inner_first = self.levels.iter().rev().flatten();
        let named = inner_first.clone().find(|it| it.list.name == first);
        if let (Some(bound), Some(rest)) = (named, rest) {
            return bound.member(rest);
        }
        match self.levels.last().map(Vec::as_slice) {
            Some([only]) => only.member(path),
            Some([_, ..]) => Err(Unbound::Ambiguous),
            Some([]) | None => Err(Unbound::NoList),
        }
    }
}

impl<'b, 'a> Bound<'b, 'a> {
    fn member<'k>(&self, path: &'k str) -> Result<&'b DeValue<'a>, Unbound<'b, 'k>> {
        let lacks = Unbound::Lacks {
            list: self.list.name,
            value: &self.value.name,
            key: path,
        };
        let (first, mut rest) = split(path);
        let mut found = self.value.members.get(first).ok_or(lacks)?.get_ref();
        while let Some(path) = rest {
            let (key, next) = split(path);
            let table = found.as_table().ok_or(lacks)?;
            found = table.get(key).ok_or(lacks)?.get_ref();
            rest = next;
        }
        Ok(found)
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((first, rest)) => (first.trim(), Some(rest.trim())),
        None => (path.trim(), None),
    }
}
