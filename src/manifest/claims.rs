//! The paths that a project writes and reads, as patterns that can be compared.

use crate::manifest::disk::Disk;
use crate::manifest::partitions::{Decides, Definitions};
use crate::manifest::paths::{self, after_glob, before_glob, components};
use crate::manifest::trie::Pattern;
use crate::model::{
    AssetId, DefinitionId, Location, OutputKind, PartitionRef, PathTemplate, Piece,
};

/// Lists of more keys, and products of lists, are compared as placeholders, not key by key.
pub(super) const COMPARED_KEYS: u32 = 1_000;

/// A path that somebody writes or reads.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// Where it is declared.
    pub location: Location,
    /// The path.
    pub template: PathTemplate,
    /// Whose keys fill in the placeholders.
    pub definition: Option<DefinitionId>,
    /// What it is, and to whom.
    pub kind: ClaimKind,
    /// What is taken out of a glob; exceptions with placeholders are left out.
    pub except: Vec<String>,
}

/// What a path is, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimKind {
    /// An asset writes it.
    Output(AssetId, OutputKind),
    /// It is a source.
    Source(AssetId),
    /// An asset declares it as code.
    Code(AssetId),
    /// A word of an asset's command, that counts as code if the file exists.
    Candidate(AssetId),
    /// Files that are keys, or whose windows are.
    Keys(Decides),
    /// It is a file or a folder that no step may replace.
    Guarded,
}

/// A path as it is compared.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Its components, up to the first that matches over folders.
    pub patterns: Vec<Pattern>,
    /// What follows them.
    pub rest: Rest,
    /// The path, where it is one and no glob.
    pub literal: Option<String>,
    /// The glob, where it is one without placeholders.
    pub glob: Option<String>,
}

/// What follows the components of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing.
    End,
    /// Anything, over folders.
    Anything,
}

impl Claim {
    /// Its shape, with placeholders as text of any kind.
    pub(super) fn shape(&self, disk: &mut Disk) -> Shape {
        shape(&self.template, self.may_be_glob(), disk)
    }

    /// Its shapes key by key, where its definition is a list of keys that is not too long.
    pub(super) fn shapes_by_key(
        &self,
        definitions: &Definitions<'_>,
        disk: &mut Disk,
    ) -> Vec<Shape> {
        let listed = self
            .definition
            .filter(|_| self.template.as_literal().is_none())
            .and_then(|id| definitions.listed(id, COMPARED_KEYS));
        let Some(keys) = listed else {
            return vec![self.shape(disk)];
        };
        keys.range()
            .map(|index| {
                let path = self.template.path(PartitionRef { keys: &keys, index });
                // A key that is escaped in a glob is more than its own name only to who reads no escapes.
                shape(&PathTemplate::literal(path), self.may_be_glob(), disk)
            })
            .collect()
    }

    fn may_be_glob(&self) -> MayBeGlob {
        match self.kind {
            ClaimKind::Source(_) | ClaimKind::Code(_) => MayBeGlob::Yes,
            ClaimKind::Output(..)
            | ClaimKind::Candidate(_)
            | ClaimKind::Keys(_)
            | ClaimKind::Guarded => MayBeGlob::No,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MayBeGlob {
    Yes,
    No,
}

fn shape(template: &PathTemplate, may_be_glob: MayBeGlob, disk: &mut Disk) -> Shape {
    let is_glob = may_be_glob == MayBeGlob::Yes && paths::is_glob(template);
    let mut patterns = Vec::new();
    let mut rest = Rest::End;
    for (index, component) in components(template).into_iter().enumerate() {
        if component.is_empty() {
            if index == 0 {
                patterns.push(Pattern::Literal("/".to_owned()));
            }
            continue;
        }
        let texts: Vec<Option<&str>> = component
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Placeholder(_) => None,
            })
            .collect();
        if is_glob && texts.iter().flatten().any(|text| crosses_folders(text)) {
            rest = Rest::Anything;
            break;
        }
        patterns.push(pattern(&texts, is_glob));
    }
    let literal = template.as_literal();
    let owned = |wanted: bool| literal.filter(|_| wanted).map(str::to_owned);
    Shape {
        patterns: disk.resolve(patterns),
        rest,
        literal: owned(!is_glob),
        glob: owned(is_glob),
    }
}

/// A component of these texts; `None` is a placeholder.
fn pattern(texts: &[Option<&str>], is_glob: bool) -> Pattern {
    let first = texts.first().copied().flatten().unwrap_or_default();
    let last = texts.last().copied().flatten().unwrap_or_default();
    let (head, tail) = if is_glob {
        (before_glob(first), after_glob(last))
    } else {
        (first, last)
    };
    if let [Some(text)] = texts
        && head.len() == text.len()
    {
        return Pattern::Literal((*text).to_owned());
    }
    Pattern::Open {
        head: head.to_owned(),
        tail: tail.to_owned(),
    }
}

/// Whether a component of a glob can match over folders: `**`, or alternatives that hold a `/`.
fn crosses_folders(component: &str) -> bool {
    let count = |wanted: char| component.matches(wanted).count();
    component.contains("**") || count('{') != count('}')
}
