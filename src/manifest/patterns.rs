//! Paths with open parts, and whether two of them can be equal.
//!
//! A component is literal, or open: a literal head, any text, and a literal tail. A trie finds all that can be equal or
//! inside one another without comparing each with each: two components can be equal if one's head begins the other's and
//! likewise their tails. A glob and a template are compared character by character: they meet if there is a text that both
//! give. What is not compared this closely (alternatives, escapes) counts as if it could.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::manifest::paths::components;
use crate::model::{PathTemplate, Piece};

/// A component of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Pattern {
    /// Exactly this.
    Literal(String),
    /// Any text between a head and a tail.
    Open {
        /// How it begins.
        head: String,
        /// How it ends.
        tail: String,
    },
}

/// The index of a component's node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(usize);

/// A forest of paths; each path belongs to a claim.
#[derive(Debug, Default)]
pub(super) struct Trie {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    literals: BTreeMap<String, NodeId>,
    /// By head, then by tail.
    open: BTreeMap<String, BTreeMap<String, NodeId>>,
    claims: Vec<u32>,
}

/// What is called for two nodes whose paths can be equal: the claims that end at one, and the other.
pub(super) type Visit<'a> = dyn FnMut(&[u32], NodeId) -> ControlFlow<()> + 'a;

impl Pattern {
    /// Whether two components can be equal.
    fn can_equal(&self, other: &Self) -> bool {
        let related = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
        let related_ends = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
        match (self, other) {
            (Self::Literal(a), Self::Literal(b)) => a == b,
            (Self::Literal(text), Self::Open { head, tail })
            | (Self::Open { head, tail }, Self::Literal(text)) => {
                text.len() >= head.len() + tail.len()
                    && text.starts_with(head.as_str())
                    && text.ends_with(tail.as_str())
            }
            (Self::Open { head: a, tail: s }, Self::Open { head: b, tail: t }) => {
                related(a, b) && related_ends(s, t)
            }
        }
    }
}

impl Trie {
    /// A new root.
    pub(super) fn root(&mut self) -> NodeId {
        self.nodes.push(Node::default());
        NodeId(self.nodes.len() - 1)
    }

    /// Adds a path below `root` that belongs to `claim`.
    pub(super) fn insert(&mut self, root: NodeId, path: &[Pattern], claim: u32) {
        let mut at = root;
        for component in path {
            let next = NodeId(self.nodes.len());
            let node = &mut self.nodes[at.0];
            at = match component {
                Pattern::Literal(text) => match node.literals.get(text) {
                    Some(found) => *found,
                    None => *node.literals.entry(text.clone()).or_insert(next),
                },
                Pattern::Open { head, tail } => {
                    let tails = node.open.entry(head.clone()).or_default();
                    *tails.entry(tail.clone()).or_insert(next)
                }
            };
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        self.nodes[at.0].claims.push(claim);
    }

    /// Visits all pairs of nodes below `a` and `b` whose paths can be equal and of which one ends a path: the other's
    /// paths are equal to it or inside it. With `a` and `b` the same, paths of one tree are compared with each other.
    pub(super) fn meet(&self, a: NodeId, b: NodeId, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let (left, right) = (&self.nodes[a.0], &self.nodes[b.0]);
        if !left.claims.is_empty() {
            visit(&left.claims, b)?;
        }
        if a != b && !right.claims.is_empty() {
            visit(&right.claims, a)?;
        }
        self.meet_literals(a, b, visit)?;
        self.meet_open(a, b, visit)?;
        self.meet_mixed(left, right, visit)?;
        if a != b {
            self.meet_mixed(right, left, visit)?;
        }
        ControlFlow::Continue(())
    }

    /// Whether a path below `node` can be equal to `path`, inside it or around it.
    pub(super) fn meets(&self, node: NodeId, path: &[Pattern]) -> bool {
        let node = &self.nodes[node.0];
        let Some((first, rest)) = path.split_first() else {
            return !(node.claims.is_empty() && node.literals.is_empty() && node.open.is_empty());
        };
        if !node.claims.is_empty() {
            return true;
        }
        let meets = |child: &NodeId| self.meets(*child, rest);
        let literals = match first {
            Pattern::Literal(text) => node.literals.get(text).is_some_and(meets),
            Pattern::Open { .. } => {
                let can_equal = |text: &str| first.can_equal(&Pattern::Literal(text.to_owned()));
                let mut literals = node.literals.iter();
                literals.any(|(text, child)| can_equal(text) && meets(child))
            }
        };
        let can_equal = |head: &str, tail: &str| {
            first.can_equal(&Pattern::Open {
                head: head.to_owned(),
                tail: tail.to_owned(),
            })
        };
        literals
            || node.open.iter().any(|(head, tails)| {
                let mut tails = tails.iter();
                tails.any(|(tail, child)| can_equal(head, tail) && meets(child))
            })
    }

    /// Calls `each` with the claims at and below a node, until it breaks.
    pub(super) fn each_below(
        &self,
        node: NodeId,
        each: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let node = &self.nodes[node.0];
        for claim in &node.claims {
            each(*claim)?;
        }
        let open = node.open.values().flat_map(BTreeMap::values);
        for child in node.literals.values().chain(open) {
            self.each_below(*child, each)?;
        }
        ControlFlow::Continue(())
    }

    fn meet_literals(&self, a: NodeId, b: NodeId, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let (left, right) = (&self.nodes[a.0].literals, &self.nodes[b.0].literals);
        let (fewer, more) = if left.len() <= right.len() {
            (left, right)
        } else {
            (right, left)
        };
        for (text, child) in fewer {
            if let Some(other) = more.get(text) {
                self.meet(*child, *other, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Literal components of one side with open ones of the other.
    fn meet_mixed(&self, literal: &Node, open: &Node, visit: &mut Visit<'_>) -> ControlFlow<()> {
        if open.open.is_empty() {
            return ControlFlow::Continue(());
        }
        for (text, child) in &literal.literals {
            for head in prefixes(text) {
                let Some(tails) = open.open.get(head) else {
                    continue;
                };
                for tail in suffixes(&text[head.len()..]) {
                    if let Some(other) = tails.get(tail) {
                        self.meet(*child, *other, visit)?;
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn meet_open(&self, a: NodeId, b: NodeId, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let (left, right) = (&self.nodes[a.0].open, &self.nodes[b.0].open);
        for (head, tails) in left {
            for prefix in prefixes(head) {
                if let Some(others) = right.get(prefix) {
                    self.meet_tails(tails, others, visit)?;
                }
            }
        }
        if a != b {
            for (head, tails) in right {
                for prefix in prefixes(head).filter(|prefix| *prefix != head) {
                    if let Some(others) = left.get(prefix) {
                        self.meet_tails(tails, others, visit)?;
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Tails of two heads, of which one begins the other.
    fn meet_tails(
        &self,
        tails: &BTreeMap<String, NodeId>,
        others: &BTreeMap<String, NodeId>,
        visit: &mut Visit<'_>,
    ) -> ControlFlow<()> {
        for (tail, child) in tails {
            for suffix in suffixes(tail) {
                if let Some(other) = others.get(suffix) {
                    self.meet(*child, *other, visit)?;
                }
            }
        }
        if std::ptr::eq(tails, others) {
            return ControlFlow::Continue(());
        }
        for (tail, child) in others {
            for suffix in suffixes(tail).filter(|suffix| *suffix != tail) {
                if let Some(other) = tails.get(suffix) {
                    self.meet(*child, *other, visit)?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// All beginnings of a text, from nothing to the whole.
fn prefixes(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.map(|end| &text[..end])
}

/// All ends of a text, from the whole to nothing.
fn suffixes(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.map(|start| &text[start..])
}

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
    use std::collections::BTreeSet;
    use std::ops::ControlFlow;

    use super::{Pattern, Trie, can_match};
    use proptest::prelude::*;

    use crate::model::{PartitionPlaceholder, PathTemplate, Piece};

    fn pairs(paths: &[Vec<Pattern>]) -> BTreeSet<(u32, u32)> {
        let mut trie = Trie::default();
        let root = trie.root();
        for (claim, path) in paths.iter().enumerate() {
            trie.insert(root, path, claim as u32);
        }
        let mut found = BTreeSet::new();
        let all = trie.meet(root, root, &mut |claims, below| {
            trie.each_below(below, &mut |other| {
                for claim in claims.iter().filter(|claim| **claim != other) {
                    found.insert((other.min(*claim), other.max(*claim)));
                }
                ControlFlow::Continue(())
            })
        });
        assert_eq!(all, ControlFlow::Continue(()));
        found
    }

    fn each_with_each(paths: &[Vec<Pattern>]) -> BTreeSet<(u32, u32)> {
        let mut found = BTreeSet::new();
        for (a, left) in paths.iter().enumerate() {
            for (b, right) in paths.iter().enumerate().skip(a + 1) {
                if left.iter().zip(right).all(|(x, y)| x.can_equal(y)) {
                    found.insert((a as u32, b as u32));
                }
            }
        }
        found
    }

    fn any_pattern() -> impl Strategy<Value = Pattern> {
        prop_oneof![
            "[ab]{1,3}".prop_map(Pattern::Literal),
            ("[ab]{0,2}", "[ab]{0,2}").prop_map(|(head, tail)| Pattern::Open { head, tail }),
        ]
    }

    proptest! {
        #[test]
        fn the_trie_finds_what_comparing_each_with_each_finds(
            paths in proptest::collection::vec(proptest::collection::vec(any_pattern(), 1..4), 0..12)
        ) {
            prop_assert_eq!(pairs(&paths), each_with_each(&paths));
        }
    }

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
