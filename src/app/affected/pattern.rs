//! A path template turned around: which keys lead to a path.
//!
//! A path is compared component by component, as values are encoded and hold no `/`. A component with placeholders is
//! taken apart in every way in which it can have been put together, and each value is looked up among the keys, so that
//! the answer is exact. Where it would have to be looked up among more than a million windows, all of them are meant.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use percent_encoding::percent_decode_str;

use crate::app::affected::changes::{ChangedPath, Extent};
use crate::hash::{Ignore, is_glob};
use crate::model::{
    PartitionKeys, PartitionPlaceholder, PartitionRef, PartitionSet, PathTemplate, Piece,
    encode_component,
};

/// The greatest number of keys of which each is printed to find a value, or matched against a glob.
const PRINTED: u32 = 1_000_000;
const MATCHED: u32 = 1_000;

/// What a template stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A file, or a directory with all below it.
    Tree,
    /// Files that a glob matches.
    Glob,
}

type Component = Vec<Piece<PartitionPlaceholder>>;
/// The keys by what is printed for them.
type Printed = HashMap<String, PartitionSet>;

/// A path template among the keys of one definition.
#[derive(Debug)]
pub(super) struct PathPattern<'a> {
    template: Cow<'a, PathTemplate>,
    shape: Shape,
    keys: &'a PartitionKeys,
    components: Vec<Component>,
    /// By placeholder, as it is written.
    printed: RefCell<HashMap<String, Printed>>,
    /// The glob with anything for a key; `None` if it is none.
    any: OnceCell<Option<GlobMatcher>>,
    matchers: RefCell<HashMap<u32, Option<GlobMatcher>>>,
}

impl<'a> PathPattern<'a> {
    pub(super) fn new(
        template: Cow<'a, PathTemplate>,
        shape: Shape,
        keys: &'a PartitionKeys,
    ) -> Self {
        Self {
            components: components(&template),
            template,
            shape,
            keys,
            printed: RefCell::default(),
            any: OnceCell::new(),
            matchers: RefCell::default(),
        }
    }

    /// The folder or file without anything variable in it that the path begins with; empty where there is none.
    pub(super) fn head(&self) -> String {
        let fixed = |component: &&Component| match component.as_slice() {
            [] => true,
            [Piece::Text(text)] => !self.is_variable(text),
            _ => false,
        };
        let fixed = self.components.iter().take_while(fixed);
        let names = fixed.map(|component| match component.as_slice() {
            [Piece::Text(text)] => text.as_str(),
            _ => "",
        });
        names.collect::<Vec<_>>().join("/")
    }

    /// The keys whose path a change touches; `None` if it touches none whatever the keys are.
    pub(super) fn keys_at(&self, change: &ChangedPath, ignore: &Ignore) -> Option<PartitionSet> {
        let parts: Vec<&str> = change.path.split('/').collect();
        let is_absolute = self.components.first().is_some_and(Vec::is_empty);
        if is_absolute != change.path.starts_with('/') {
            return None;
        }
        let depth = self.components.len();
        let (found, told) = self.narrowed(&parts)?;
        if parts.len() < depth && change.extent == Extent::Whole {
            return Some(found);
        }
        match self.shape {
            Shape::Tree if parts.len() < depth => None,
            Shape::Tree => (!is_ignored(&parts, depth, ignore)).then_some(found),
            Shape::Glob => {
                let head = self.head();
                let fixed = if head.is_empty() {
                    0
                } else {
                    head.split('/').count()
                };
                if is_ignored(&parts, fixed, ignore) {
                    return None;
                }
                self.matched(&change.path, found, told)
            }
        }
    }

    /// The one key that a path is written with, of a template around one key.
    pub(super) fn key_text_at(&self, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        if parts.len() < self.components.len() {
            return None;
        }
        let mut key = None;
        for (component, part) in self.components.iter().zip(&parts) {
            let (head, tail) = match component.as_slice() {
                [] if part.is_empty() => continue,
                [Piece::Text(text)] if text == part => continue,
                [Piece::Placeholder(_)] => ("", ""),
                [Piece::Text(head), Piece::Placeholder(_)] => (head.as_str(), ""),
                [Piece::Placeholder(_), Piece::Text(tail)] => ("", tail.as_str()),
                [Piece::Text(head), Piece::Placeholder(_), Piece::Text(tail)] => {
                    (head.as_str(), tail.as_str())
                }
                _ => return None,
            };
            let written = put_together_as(part)?;
            key = Some(decoded(written.strip_prefix(head)?.strip_suffix(tail)?)?);
        }
        key
    }

    /// The keys that agree with the leading components of a path, and whether nothing else is to be compared.
    fn narrowed(&self, parts: &[&str]) -> Option<(PartitionSet, Told)> {
        let mut set = PartitionSet::from_range(self.keys.range());
        let mut told = Told::All;
        for (component, part) in self.components.iter().zip(parts) {
            let is_open = component.iter().any(|piece| match piece {
                Piece::Text(text) => self.is_variable(text),
                Piece::Placeholder(_) => false,
            });
            if is_open {
                if is_partitioned(component) {
                    told = Told::Some;
                }
                if spans_folders(component) {
                    told = Told::Some;
                    break;
                }
                continue;
            }
            match component.as_slice() {
                [] if part.is_empty() => {}
                [Piece::Text(text)] if text == part => {}
                [] | [Piece::Text(_)] => return None,
                pieces => {
                    let mut found = Vec::new();
                    self.put_together(pieces, put_together_as(part)?, &set, &mut found);
                    set = PartitionSet::union_of(found);
                    if set.is_empty() {
                        return None;
                    }
                }
            }
        }
        Some((set, told))
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
            let with_value = decoded(&text[..end])
                .and_then(|value| self.keys_with(placeholder, &value, self.keys));
            if let Some(keys) = with_value {
                let both = among.intersection(&keys);
                if !both.is_empty() {
                    self.put_together(more, &text[end..], &both, found);
                }
            }
        }
    }

    /// The keys for which a placeholder stands for this value.
    fn keys_with(
        &self,
        placeholder: &PartitionPlaceholder,
        value: &str,
        keys: &PartitionKeys,
    ) -> Option<PartitionSet> {
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

    /// Those of `found` whose glob matches a path.
    fn matched(&self, path: &str, found: PartitionSet, told: Told) -> Option<PartitionSet> {
        let any = self.any.get_or_init(|| {
            let piece = |piece: &Piece<_>| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Placeholder(_) => "*".to_owned(),
            };
            let pattern: String = self.template.pieces().iter().map(piece).collect();
            matcher(&pattern)
        });
        if !any.as_ref().is_some_and(|any| any.is_match(path)) {
            return None;
        }
        if told == Told::All || found.len() > MATCHED {
            return Some(found);
        }
        let mut matchers = self.matchers.borrow_mut();
        let mut is_match = |index: &u32| {
            let partition = PartitionRef {
                keys: self.keys,
                index: *index,
            };
            let glob = matchers
                .entry(*index)
                .or_insert_with(|| matcher(&self.template.path(partition)));
            glob.as_ref().is_some_and(|glob| glob.is_match(path))
        };
        let set: PartitionSet = found.iter().filter(|index| is_match(index)).collect();
        (!set.is_empty() || found.is_empty()).then_some(set)
    }

    fn is_variable(&self, text: &str) -> bool {
        self.shape == Shape::Glob && is_glob(text)
    }
}

/// Whether the components that were compared tell the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    All,
    Some,
}

/// A value as it was before it was written into a path; `None` if no value is written like this.
fn decoded(text: &str) -> Option<String> {
    let value = percent_decode_str(text).decode_utf8().ok()?;
    (encode_component(&value) == text).then(|| value.into_owned())
}

/// A component as it was put together: one that would be `.` or `..` has its dots encoded.
fn put_together_as(component: &str) -> Option<&str> {
    match component {
        "%2E" => Some("."),
        "%2E%2E" => Some(".."),
        "." | ".." => None,
        other => Some(other),
    }
}

/// Whether anything on the way to a path is ignored, from the component numbered `from` on.
fn is_ignored(parts: &[&str], from: usize, ignore: &Ignore) -> bool {
    (from + 1..=parts.len()).any(|end| ignore.matches(Path::new(&parts[..end].join("/"))))
}

fn is_partitioned(component: &Component) -> bool {
    component
        .iter()
        .any(|piece| matches!(piece, Piece::Placeholder(_)))
}

/// Whether a component of a glob may match several: then those after it cannot be told apart.
fn spans_folders(component: &Component) -> bool {
    component.iter().any(|piece| match piece {
        Piece::Text(text) => text.contains("**") || text.contains(['{', '}']),
        Piece::Placeholder(_) => false,
    })
}

fn matcher(pattern: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
}

/// The components of a template; of an absolute one the first is empty.
fn components(template: &PathTemplate) -> Vec<Component> {
    let mut all: Vec<Component> = vec![Vec::new()];
    for piece in template.pieces() {
        let Piece::Text(text) = piece else {
            let last = all.last_mut().expect("there is always one component");
            last.push(piece.clone());
            continue;
        };
        for (number, part) in text.split('/').enumerate() {
            if number > 0 {
                all.push(Vec::new());
            }
            if !part.is_empty() {
                let last = all.last_mut().expect("there is always one component");
                last.push(Piece::Text(part.to_owned()));
            }
        }
    }
    if all.len() > 1 && all.last().is_some_and(Vec::is_empty) {
        all.pop();
    }
    all
}

#[cfg(test)]
mod tests;
