//! A component of a path turned around: for which keys its placeholders give a text.
//!
//! It is taken apart in every way in which it can have been put together, and each value is looked up among the keys, so
//! that the answer is exact. Where it would have to be looked up among more than a million windows, all of them are meant.

use std::cell::RefCell;
use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use crate::model::{
    KeyStyle, PartitionKeys, PartitionPlaceholder, PartitionRef, PartitionSet, Piece,
    encode_component,
};

/// The greatest number of keys of which each is printed to find a value.
const PRINTED: u32 = 1_000_000;

/// The keys by what is printed for them.
type Printed = HashMap<String, PartitionSet>;

/// The values that placeholders have for the keys of one definition.
#[derive(Debug)]
pub(super) struct Values<'a> {
    keys: &'a PartitionKeys,
    style: KeyStyle,
    /// By placeholder, as it is written.
    printed: RefCell<HashMap<String, Printed>>,
}

impl<'a> Values<'a> {
    /// The values of a template that writes them in this style.
    pub(super) fn of(keys: &'a PartitionKeys, style: KeyStyle) -> Self {
        Self {
            keys,
            style,
            printed: RefCell::default(),
        }
    }

    /// The keys of `among` for which the pieces give this component.
    pub(super) fn keys_at(
        &self,
        pieces: &[Piece<PartitionPlaceholder>],
        component: &str,
        among: &PartitionSet,
    ) -> PartitionSet {
        let mut found = Vec::new();
        if let Some(text) = put_together_as(component, self.style) {
            self.put_together(pieces, text, among, &mut found);
        }
        PartitionSet::union_of(found)
    }

    /// The keys of `among` for which the pieces give this text.
    fn put_together(
        &self,
        pieces: &[Piece<PartitionPlaceholder>],
        text: &str,
        among: &PartitionSet,
        found: &mut Vec<PartitionSet>,
    ) {
        let Some((first, more)) = pieces.split_first() else {
            if text.is_empty() {
                found.push(among.clone());
            }
            return;
        };
        let placeholder = match first {
            Piece::Text(literal) => {
                if let Some(rest) = text.strip_prefix(literal.as_str()) {
                    self.put_together(more, rest, among, found);
                }
                return;
            }
            Piece::Placeholder(placeholder) => placeholder,
        };
        let follows = |rest: &str| match more.first() {
            None => rest.is_empty(),
            Some(Piece::Text(literal)) => rest.starts_with(literal.as_str()),
            Some(Piece::Placeholder(_)) => !rest.is_empty(),
        };
        let ends = (1..=text.len()).filter(|end| text.is_char_boundary(*end));
        for end in ends.filter(|end| follows(&text[*end..])) {
            let with_value = decoded(&text[..end], self.style)
                .and_then(|value| self.keys_with(placeholder, &value));
            if let Some(keys) = with_value {
                let both = among.intersection(&keys);
                if !both.is_empty() {
                    self.put_together(more, &text[end..], &both, found);
                }
            }
        }
    }

    /// The keys for which a placeholder stands for this value.
    fn keys_with(&self, placeholder: &PartitionPlaceholder, value: &str) -> Option<PartitionSet> {
        let keys = self.keys;
        match placeholder {
            PartitionPlaceholder::Key => keys.index_of(value).map(PartitionSet::single),
            PartitionPlaceholder::Dimension { place, of, .. } => {
                let multi = keys.multi()?;
                let part = &multi.dimensions()[*place as usize].keys;
                let set = match &**of {
                    PartitionPlaceholder::Key => PartitionSet::single(part.index_of(value)?),
                    window => self.windows_with(&placeholder.name(), window, value, part)?,
                };
                Some(multi.with_part(*place, set))
            }
            window => self.windows_with(&placeholder.name(), window, value, keys),
        }
    }

    fn windows_with(
        &self,
        name: &str,
        placeholder: &PartitionPlaceholder,
        value: &str,
        keys: &PartitionKeys,
    ) -> Option<PartitionSet> {
        if keys.len() > PRINTED {
            return Some(PartitionSet::from_range(keys.range()));
        }
        let mut printed = self.printed.borrow_mut();
        let printed = printed.entry(name.to_owned()).or_insert_with(|| {
            let mut indexes: HashMap<String, Vec<u32>> = HashMap::new();
            for index in keys.range() {
                let text = placeholder.value(PartitionRef { keys, index });
                indexes.entry(text).or_default().push(index);
            }
            let sets = indexes.into_iter();
            sets.map(|(text, all)| (text, all.into_iter().collect()))
                .collect()
        });
        printed.get(value).cloned()
    }
}

/// A value as it was before it was written into a path; `None` if no value is written like this.
pub(super) fn decoded(text: &str, style: KeyStyle) -> Option<String> {
    if style != KeyStyle::Encoded {
        return Some(text.to_owned());
    }
    let value = percent_decode_str(text).decode_utf8().ok()?;
    (encode_component(&value) == text).then(|| value.into_owned())
}

/// A component as it was put together: one that would be `.` or `..` has its dots encoded.
pub(super) fn put_together_as(component: &str, style: KeyStyle) -> Option<&str> {
    match component {
        "%2E" if style == KeyStyle::Encoded => Some("."),
        "%2E%2E" if style == KeyStyle::Encoded => Some(".."),
        "." | ".." => None,
        other => Some(other),
    }
}
