//! What a written key or range of keys means in one partitions definition.
//!
//! A text that is a key is that key. Else `DEFINITION=KEY` is a key of that definition, and else `dim=part,dim2=part` one of a
//! definition of several dimensions.

use crate::model::{DeclaredPartitions, KeyText, KeyWord, LimitedKey, PartitionKeys, PartitionSet};

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
