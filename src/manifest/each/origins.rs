//! Which values the generated tables were made with, for what is said of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use miette::Diagnostic as _;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::error::Problem;
use crate::model::{FileId, Location};

/// The values of each generated asset and source.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Origins {
    by_name: HashMap<String, Vec<Label>>,
    /// What was said of a declaration: its place, and the kind of the message.
    said: HashSet<(u16, u32, String)>,
    uses: BTreeMap<FileId, Vec<Location>>,
}

impl Origins {
    /// Remembers with which values `name` was made.
    pub(super) fn add(&mut self, name: &str, values: Vec<Label>) {
        self.by_name.insert(name.to_owned(), values);
    }

    /// Remembers that the declaration at `place` is made once for each value of the list in this file.
    pub(super) fn add_use(&mut self, file: FileId, place: Location) {
        let places = self.uses.entry(file).or_default();
        if places.last() != Some(&place) {
            places.push(place);
        }
    }

    /// Of each file of a list, the places of the declarations that its values are put into.
    pub(in crate::manifest) fn into_uses(self) -> Vec<(FileId, Vec<Location>)> {
        self.uses.into_iter().collect()
    }

    /// Adds the values of `name` to the problems after the first `before`. What has been said of the same declaration
    /// with other values is left out.
    pub(in crate::manifest) fn explain(
        &mut self,
        name: &str,
        before: usize,
        problems: &mut Problems,
    ) {
        self.explain_by(name, before, problems, |problem| {
            without(name, &problem.to_string())
        });
    }

    /// The same of warnings, of which one of a kind is enough for a declaration.
    pub(in crate::manifest) fn explain_warnings(
        &mut self,
        name: &str,
        before: usize,
        warnings: &mut Problems,
    ) {
        self.explain_by(name, before, warnings, |problem| {
            problem
                .code()
                .map_or_else(String::new, |code| code.to_string())
        });
    }

    fn explain_by(
        &mut self,
        name: &str,
        before: usize,
        problems: &mut Problems,
        kind: impl Fn(&Problem) -> String,
    ) {
        if problems.len() == before {
            return;
        }
        let Some(values) = self.by_name.get(name) else {
            return;
        };
        for (problem, mut labels) in problems.split_off(before) {
            let place = labels.first().map(|label| label.location);
            let place = place.unwrap_or_default();
            if self
                .said
                .insert((place.file.0, place.start, kind(&problem)))
            {
                labels.extend(values.iter().cloned());
                problems.add(problem, labels);
            }
        }
    }
}

/// A message without the name, where that is a word of its own.
fn without(name: &str, message: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-/".contains(c);
    let mut rest = String::new();
    let mut end = 0;
    for (at, _) in message.match_indices(name) {
        let after = &message[at + name.len()..];
        if at >= end && !message[..at].ends_with(is_name) && !after.starts_with(is_name) {
            rest.push_str(&message[end..at]);
            end = at + name.len();
        }
    }
    rest.push_str(&message[end..]);
    rest
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn only_whole_names_are_left_out() {
        assert_eq!(
            without("a", "`a` has a key `ab/a`, a"),
            "`` has  key `ab/a`, "
        );
    }
}
