//! A path template turned around: which keys lead to a path.
//!
//! A path is compared component by component, as values are encoded and hold no `/`.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::Path;

use percent_encoding::percent_decode_str;

use crate::app::affected::changes::{ChangedPath, Extent};
use crate::hash::{Ignore, PathGlob, is_glob};
use crate::model::{
    KeyStyle, PartitionKeys, PartitionPlaceholder, PartitionRef, PartitionSet, PathTemplate, Piece,
    encode_component,
};

/// The greatest number of keys of which each is matched against a glob.
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

/// A path template among the keys of one definition.
#[derive(Debug)]
pub(super) struct PathPattern<'a> {
    template: Cow<'a, PathTemplate>,
    shape: Shape,
    keys: &'a PartitionKeys,
    components: Vec<Component>,
    values: Values<'a>,
    /// The glob with anything for a key; `None` if it is none.
    any: OnceCell<Option<PathGlob>>,
    matchers: RefCell<HashMap<u32, Option<PathGlob>>>,
}

/// The folder or file without anything variable in it that a path begins with; empty where there is none.
pub(super) fn head(template: &PathTemplate, shape: Shape) -> &str {
    let fixed = match template.pieces() {
        [Piece::Text(text)] => text.strip_suffix('/').unwrap_or(text),
        [Piece::Text(text), ..] => text.rsplit_once('/').map_or("", |(folder, _)| folder),
        _ => "",
    };
    let names = fixed.split('/').take_while(|name| !shape.varies(name));
    let len: usize = names.map(|name| name.len() + 1).sum();
    &fixed[..len.saturating_sub(1)]
}

impl Shape {
    /// Whether a fixed part of a path stands for several.
    fn varies(self, text: &str) -> bool {
        self == Self::Glob && is_glob(text)
    }
}

impl<'a> PathPattern<'a> {
    pub(super) fn new(
        template: Cow<'a, PathTemplate>,
        shape: Shape,
        keys: &'a PartitionKeys,
    ) -> Self {
        Self {
            components: components(&template),
            values: Values::of(keys, template.key_style()),
            template,
            shape,
            keys,
            any: OnceCell::new(),
            matchers: RefCell::default(),
        }
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
                let head = head(&self.template, self.shape);
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
            let style = self.template.key_style();
            let written = put_together_as(part, style)?;
            let written = written.strip_prefix(head)?.strip_suffix(tail)?;
            key = Some(decoded(written, style)?);
        }
        key
    }

    /// The keys that agree with the leading components of a path, and whether nothing else is to be compared.
    fn narrowed(&self, parts: &[&str]) -> Option<(PartitionSet, TellsKey)> {
        let mut set = PartitionSet::from_range(self.keys.range());
        let mut told = TellsKey::All;
        for (component, part) in self.components.iter().zip(parts) {
            let is_open = component.iter().any(|piece| match piece {
                Piece::Text(text) => self.shape.varies(text),
                Piece::Placeholder(_) => false,
            });
            if is_open {
                if is_partitioned(component) {
                    told = TellsKey::Some;
                }
                if spans_folders(component) {
                    told = TellsKey::Some;
                    break;
                }
                continue;
            }
            match component.as_slice() {
                [] if part.is_empty() => {}
                [Piece::Text(text)] if text == part => {}
                [] | [Piece::Text(_)] => return None,
                pieces => {
                    set = self.values.keys_at(pieces, part, &set);
                    if set.is_empty() {
                        return None;
                    }
                }
            }
        }
        Some((set, told))
    }

    /// Those of `found` whose glob matches a path.
    fn matched(&self, path: &str, found: PartitionSet, told: TellsKey) -> Option<PartitionSet> {
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
        if told == TellsKey::All || found.len() > MATCHED {
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
}

/// Whether the components that were compared tell the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TellsKey {
    All,
    Some,
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

fn matcher(pattern: &str) -> Option<PathGlob> {
    PathGlob::new(pattern).ok()
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

/// The greatest number of keys of which each is printed to find a value.
const PRINTED: u32 = 1_000_000;

/// The keys by what is printed for them.
type Printed = HashMap<String, PartitionSet>;

/// The values that placeholders have for the keys of one definition.
#[derive(Debug)]
struct Values<'a> {
    keys: &'a PartitionKeys,
    style: KeyStyle,
    /// By placeholder, as it is written.
    printed: RefCell<HashMap<String, Printed>>,
}

impl<'a> Values<'a> {
    /// The values of a template that writes them in this style.
    fn of(keys: &'a PartitionKeys, style: KeyStyle) -> Self {
        Self {
            keys,
            style,
            printed: RefCell::default(),
        }
    }

    /// The keys of `among` for which the pieces give this component.
    fn keys_at(
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
fn decoded(text: &str, style: KeyStyle) -> Option<String> {
    if style != KeyStyle::Encoded {
        return Some(text.to_owned());
    }
    let value = percent_decode_str(text).decode_utf8().ok()?;
    (encode_component(&value) == text).then(|| value.into_owned())
}

/// A component as it was put together: one that would be `.` or `..` has its dots encoded.
fn put_together_as(component: &str, style: KeyStyle) -> Option<&str> {
    match component {
        "%2E" if style == KeyStyle::Encoded => Some("."),
        "%2E%2E" if style == KeyStyle::Encoded => Some(".."),
        "." | ".." => None,
        other => Some(other),
    }
}
