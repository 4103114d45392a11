//! Whether a glob can match what a path template can make.
//!
//! Both are patterns: components of single characters and runs of any. They meet if there is a text that both give. What
//! is not compared this closely (alternatives, escapes) counts as if it could.

use crate::manifest::paths::components;
use crate::model::{PathTemplate, Piece};

/// Whether some path of `template` matches `glob`, a placeholder standing for any text without `/`.
pub(super) fn can_match(glob: &str, template: &PathTemplate) -> bool {
    if glob.contains(['{', '}', '\\']) {
        return true;
    }
    let wanted: Vec<Part> = glob.split('/').map(Part::of_glob).collect();
    let made: Vec<Part> = components(template)
        .iter()
        .map(|component| {
            let mut units = Vec::new();
            for piece in component {
                match piece {
                    Piece::Text(text) => units.extend(text.chars().map(Unit::Exactly)),
                    Piece::Placeholder(_) => units.push(Unit::Run),
                }
            }
            Part::Name(units)
        })
        .collect();
    meet(&wanted, &made, &Part::is_run, &Part::meets)
}

/// A component of a path.
enum Part {
    /// Any number of any.
    Folders,
    /// One of this form.
    Name(Vec<Unit>),
}

/// A part of a component.
enum Unit {
    Exactly(char),
    AnyOne,
    OneOf {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
    /// Any number of any.
    Run,
}

impl Part {
    fn of_glob(component: &str) -> Self {
        if component == "**" {
            return Self::Folders;
        }
        let mut units = Vec::new();
        let mut rest = component.chars().peekable();
        while let Some(character) = rest.next() {
            units.push(match character {
                '*' => Unit::Run,
                '?' => Unit::AnyOne,
                '[' => {
                    let negated = rest.next_if(|it| matches!(it, '!' | '^')).is_some();
                    let mut ranges: Vec<(char, char)> = Vec::new();
                    let mut is_open_range = false;
                    while let Some(member) = rest.next_if(|it| *it != ']' || ranges.is_empty()) {
                        match ranges.last_mut() {
                            Some(last) if is_open_range => {
                                last.1 = member;
                                is_open_range = false;
                            }
                            Some(_) if member == '-' && rest.peek() != Some(&']') => {
                                is_open_range = true;
                            }
                            _ => ranges.push((member, member)),
                        }
                    }
                    rest.next();
                    Unit::OneOf { ranges, negated }
                }
                character => Unit::Exactly(character),
            });
        }
        Self::Name(units)
    }

    fn is_run(&self) -> bool {
        matches!(self, Self::Folders)
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(other)) => meet(one, other, &Unit::is_run, &Unit::meets),
            _ => true,
        }
    }
}

impl Unit {
    fn is_run(&self) -> bool {
        matches!(self, Self::Run)
    }

    /// Whether one character can be both; of two classes nothing is known.
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exactly(one), other) | (other, Self::Exactly(one)) => other.takes(*one),
            _ => true,
        }
    }

    fn takes(&self, character: char) -> bool {
        match self {
            Self::Exactly(own) => *own == character,
            Self::OneOf { ranges, negated } => {
                let is_in = |(first, last): &(char, char)| (*first..=*last).contains(&character);
                ranges.iter().any(is_in) != *negated
            }
            Self::AnyOne | Self::Run => true,
        }
    }
}

/// Whether two sequences have a common reading, where a run stands for any number of anything.
fn meet<T>(
    one: &[T],
    other: &[T],
    is_run: &dyn Fn(&T) -> bool,
    meets: &dyn Fn(&T, &T) -> bool,
) -> bool {
    // From the back: whether what is left of `one` and of `other` meet.
    let mut behind = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            row[j] = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some(a), _) if is_run(a) => behind[j] || (j < other.len() && row[j + 1]),
                (_, Some(b)) if is_run(b) => row[j + 1] || (i < one.len() && behind[j]),
                (Some(a), Some(b)) => meets(a, b) && behind[j + 1],
                _ => false,
            };
        }
        behind = row;
    }
    behind[0]
}

#[cfg(test)]
mod tests {
    use super::can_match;
    use crate::model::{PartitionPlaceholder, PathTemplate, Piece};

    #[test]
    fn a_glob_and_a_template_meet_where_a_path_is_both() {
        let template = |text: &str| {
            let piece = |c: char| match c {
                '@' => Piece::Placeholder(PartitionPlaceholder::Key),
                c => Piece::Text(c.to_string()),
            };
            PathTemplate::new(text.chars().map(piece).collect())
        };
        for (glob, path, meets) in [
            ("data/[!o]*.csv", "data/out-@.csv", false),
            ("data/[!o]*.csv", "data/@.csv", true),
            ("data/[!a-n]*.csv", "data/out-@.csv", true),
            ("data/[a-n]*.csv", "data/out-@.csv", false),
            ("data/[]a]*.csv", "data/b@.csv", false),
            ("data/[a-]x", "data/-@", true),
            ("data/*", "data/x/@", false),
            ("data/**", "data/x/@", true),
            ("**/*.csv", "data/x/@.csv", true),
            ("**/*.csv", "data/x/@.json", false),
            ("data/*/raw.csv", "data/@/clean.csv", false),
            ("data/?.csv", "data/a@.csv", true),
            ("data/?.csv", "data/ab@.csv", false),
            ("data/{a,b}.csv", "data/c@.csv", true),
        ] {
            assert_eq!(can_match(glob, &template(path)), meets, "{glob} {path}");
        }
    }
}
