//! A choice of keys, read against the partitions definitions that it concerns.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::app::error::{Quoted, RequestError};
use crate::app::notice::{SelectionNotice, flag};
use crate::app::project::OpenProject;
use crate::app::selection::reading::{End, Miss, NearestKeys, READINGS, Reading};
use crate::model::{
    AssetId, DeclaredPartitions, DefinitionId, KeyChoice, KeyText, KeyWord, PartitionKey,
    PartitionKeys, PartitionSet,
};

/// A choice of keys, read against partitions definitions.
pub(super) struct Choice<'a> {
    project: &'a OpenProject,
    keys: &'a KeyChoice,
    extent: ChoiceExtent,
    /// Of each word of the choice.
    words: Vec<ChoiceWord<'a>>,
}

/// What a choice of keys is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChoiceExtent {
    /// All that is declared.
    Everything,
    /// What a selection has picked.
    Selected,
}

/// A word of a choice, and what it means in each definition.
struct ChoiceWord<'a> {
    word: &'a KeyWord,
    reading: Reading,
    of: Vec<(DefinitionId, Result<PartitionSet, Miss>)>,
}

impl<'a> Choice<'a> {
    /// Reads a choice once against all definitions that it concerns.
    pub(super) fn read(
        project: &'a OpenProject,
        keys: &'a KeyChoice,
        definitions: &BTreeSet<DefinitionId>,
        extent: ChoiceExtent,
    ) -> Self {
        let words = match keys {
            KeyChoice::Named(words) => words.as_slice(),
            KeyChoice::Every | KeyChoice::All | KeyChoice::Latest(_) => &[],
        };
        let words = words
            .iter()
            .map(|word| ChoiceWord::new(project, word, definitions))
            .collect();
        Self {
            project,
            keys,
            extent,
            words,
        }
    }

    /// What was said of keys.
    pub(super) fn keys(&self) -> &'a KeyChoice {
        self.keys
    }

    /// Whether it is about some keys only, so that what has none is not meant.
    pub(super) fn names_keys(&self) -> bool {
        matches!(self.keys, KeyChoice::Named(_) | KeyChoice::Latest(_))
    }

    /// Refuses words that mean nothing in any definition, or a range that is reversed in one.
    pub(super) fn refuse_unknown(&self, take: &mut impl FnMut(RequestError)) {
        for read in &self.words {
            let reversed = read.of.iter().find(|(_, of)| *of == Err(Miss::Reversed));
            if let Some((definition, _)) = reversed {
                take(self.reversed(read, *definition));
            } else if !read.of.iter().any(|(_, of)| of.is_ok()) {
                take(self.unknown(read));
            }
        }
    }

    /// The keys of a partitioned asset that was named: each word means some of them, or is about another definition.
    pub(super) fn of_named(&self, id: AssetId) -> Result<PartitionSet, Vec<RequestError>> {
        let Some(definition) = self.project.graph().partitions(id) else {
            return Ok(PartitionSet::single(0));
        };
        let mut set = self.without_words(definition);
        let mut errors = Vec::new();
        for read in &self.words {
            match read.in_definition(definition) {
                Ok(keys) => set = set.union(keys),
                Err(Miss::Elsewhere) if self.is_declared(read) => {}
                Err(Miss::Elsewhere) => errors.push(self.unknown(read)),
                Err(Miss::Reversed) => errors.push(self.reversed(read, definition)),
                Err(Miss::Absent(end)) => errors.push(self.lacking(read, id, definition, *end)),
            }
        }
        if errors.is_empty() && set.is_empty() && !self.words.is_empty() {
            errors.push(RequestError::NoKeyFor {
                asset: self.project.graph().key(id).to_string(),
                definition: self.name(definition),
            });
        }
        if errors.is_empty() {
            Ok(set)
        } else {
            Err(errors)
        }
    }

    /// The keys of a partitioned asset that was not named: as far as it has them.
    pub(super) fn of_reached(&self, id: AssetId) -> PartitionSet {
        let Some(definition) = self.project.graph().partitions(id) else {
            return PartitionSet::single(0);
        };
        let found = self.words.iter();
        let found = found.filter_map(|read| read.in_definition(definition).as_ref().ok());
        found.fold(self.without_words(definition), |set, keys| set.union(keys))
    }

    /// Words that mean keys of several definitions.
    pub(super) fn notices(&self) -> Vec<SelectionNotice> {
        let several = |read: &ChoiceWord<'_>| {
            let mut known: Vec<&DeclaredPartitions> = Vec::new();
            for (id, _) in read.of.iter().filter(|(_, of)| of.is_ok()) {
                let declared = self.declared(*id);
                if known.iter().all(|it| it.definition != declared.definition) {
                    known.push(declared);
                }
            }
            (known.len() > 1).then(|| SelectionNotice::SeveralDefinitions {
                word: read.word.clone(),
                definitions: known.iter().filter_map(|it| it.name.clone()).collect(),
                unnamed: known.iter().filter(|it| it.name.is_none()).count(),
            })
        };
        self.words.iter().filter_map(several).collect()
    }

    /// What is chosen of a definition by other means than words.
    fn without_words(&self, definition: DefinitionId) -> PartitionSet {
        let keys = self.keys_of(definition);
        match self.keys {
            KeyChoice::Every | KeyChoice::All => PartitionSet::from_range(keys.range()),
            KeyChoice::Latest(count) => keys.newest(count.get()),
            KeyChoice::Named(_) => PartitionSet::empty(),
        }
    }

    /// Whether the definition that a word is limited to is one of the project.
    fn is_declared(&self, read: &ChoiceWord<'_>) -> bool {
        let Some(limited) = read.first().limited() else {
            return false;
        };
        let definitions = self.project.graph().definitions();
        let mut names = definitions.iter().filter_map(|it| it.name.as_ref());
        names.any(|name| *name == limited.definition)
    }

    fn lacking(
        &self,
        read: &ChoiceWord<'_>,
        id: AssetId,
        definition: DefinitionId,
        end: End,
    ) -> RequestError {
        let (key, argument) = read.written(end);
        RequestError::UnknownPartition {
            asset: self.project.graph().key(id).to_string(),
            help: self.neighbours().help(self.keys_of(definition), &key),
            key: key.to_string(),
            argument,
        }
    }

    /// No definition has the keys of a word.
    fn unknown(&self, read: &ChoiceWord<'_>) -> RequestError {
        let all_elsewhere = read.of.iter().all(|(_, of)| *of == Err(Miss::Elsewhere));
        if let (Reading::Limited, true, Some(limited)) =
            (read.reading, all_elsewhere, read.first().limited())
        {
            let argument = quoted(read.word, 0..limited.definition.as_str().len());
            let name = limited.definition.to_string();
            return if self.is_declared(read) {
                RequestError::NotSelected { name, argument }
            } else {
                let help = self.neighbours().definitions(&name);
                RequestError::UnknownDefinition {
                    name,
                    argument,
                    help,
                }
            };
        }
        let absent_last = |of: &Result<PartitionSet, Miss>| *of == Err(Miss::Absent(End::Last));
        let end = if read.of.iter().any(|(_, of)| absent_last(of)) {
            End::Last
        } else {
            End::First
        };
        let (key, argument) = read.written(end);
        let missed = read
            .of
            .iter()
            .filter(|(_, of)| *of == Err(Miss::Absent(end)));
        let missed: Vec<_> = missed.map(|(id, _)| self.keys_of(*id)).collect();
        let nothing = match (read.reading, read.first().limited(), end) {
            (Reading::Limited, Some(limited), _) => {
                format!("`{}` does not have", limited.definition)
            }
            (_, _, End::Last) => format!(
                "no partitions definition with the key `{}` has",
                read.first()
            ),
            (_, _, End::First) => match self.extent {
                ChoiceExtent::Everything => "no partitions definition has".to_owned(),
                ChoiceExtent::Selected => "no selected asset has".to_owned(),
            },
        };
        RequestError::UnknownKey {
            nothing,
            help: self.neighbours().help_of_all(&missed, &key),
            key: key.to_string(),
            argument,
        }
    }

    fn reversed(&self, read: &ChoiceWord<'_>, definition: DefinitionId) -> RequestError {
        let word = read.word.to_string();
        RequestError::ReversedRange {
            definition: self.name(definition),
            argument: quoted(read.word, 0..word.len()),
            range: word,
        }
    }

    fn neighbours(&self) -> NearestKeys<'a> {
        NearestKeys {
            project: self.project,
        }
    }

    fn keys_of(&self, definition: DefinitionId) -> &'a PartitionKeys {
        self.project.keys().get(Some(definition))
    }

    fn declared(&self, definition: DefinitionId) -> &'a DeclaredPartitions {
        &self.project.graph().definitions()[definition.0 as usize]
    }

    /// A definition in words.
    fn name(&self, definition: DefinitionId) -> String {
        let declared = self.declared(definition);
        match &declared.name {
            Some(name) => format!("`{name}`"),
            None => format!("its own {} partitions", declared.definition.type_name()),
        }
    }
}

impl<'a> ChoiceWord<'a> {
    /// The first reading of a word that gives keys anywhere; if none does, the one that was probably meant.
    fn new(project: &OpenProject, word: &'a KeyWord, definitions: &BTreeSet<DefinitionId>) -> Self {
        let graph = project.graph();
        let read = |reading: Reading| {
            let of = |id: &DefinitionId| {
                let declared = &graph.definitions()[id.0 as usize];
                let keys = project.keys().get(Some(*id));
                (*id, reading.keys_of(word, declared, keys))
            };
            let of: Vec<_> = definitions.iter().map(of).collect();
            Self { word, reading, of }
        };
        let means_keys = |read: &Self| {
            let mut all = read.of.iter();
            all.any(|(_, of)| matches!(of, Ok(_) | Err(Miss::Reversed)))
        };
        if let Some(read) = READINGS.into_iter().map(read).find(means_keys) {
            return read;
        }
        let limited = KeyText::limited(match word {
            KeyWord::One(first) | KeyWord::Range { first, .. } => first,
        });
        let is_dimension = |name: &str| {
            let dimensions = graph.definitions().iter();
            let mut dimensions = dimensions.flat_map(|it| it.definition.dimensions());
            dimensions.any(|dimension| dimension.name.as_str() == name)
        };
        read(match limited {
            Some(limited) if !is_dimension(limited.definition.as_str()) => Reading::Limited,
            Some(_) | None => Reading::Whole,
        })
    }

    fn in_definition(&self, definition: DefinitionId) -> &Result<PartitionSet, Miss> {
        let mut all = self.of.iter();
        let found = all.find(|(id, _)| *id == definition);
        found.map_or(&Err(Miss::Elsewhere), |(_, of)| of)
    }

    fn first(&self) -> &'a KeyText {
        match self.word {
            KeyWord::One(first) | KeyWord::Range { first, .. } => first,
        }
    }

    /// The key at an end as it is looked for, and where it was written.
    fn written(&self, end: End) -> (PartitionKey, Quoted) {
        let (text, place) = match (self.word, end) {
            (KeyWord::Range { last, .. }, End::Last) => (last, self.word.place_of_last()),
            (KeyWord::One(first) | KeyWord::Range { first, .. }, _) => {
                (first, self.word.place_of_first())
            }
        };
        match (self.reading, text.limited()) {
            (Reading::Limited, Some(limited)) => {
                let start = place.end - limited.key.as_str().len();
                (limited.key.clone(), quoted(self.word, start..place.end))
            }
            _ => (text.whole().clone(), quoted(self.word, place)),
        }
    }
}

/// The first flag that says something of keys.
pub(super) fn first_flag(keys: &KeyChoice) -> Option<&'static str> {
    match keys {
        KeyChoice::Every => None,
        KeyChoice::All => Some("--all-partitions"),
        KeyChoice::Named(words) => words.first().map(flag),
        KeyChoice::Latest(_) => Some("--latest"),
    }
}

/// A part of a word, beside the flag that it belongs to.
fn quoted(word: &KeyWord, part: Range<usize>) -> Quoted {
    let flag = flag(word);
    let before = flag.len() + 1;
    Quoted::part(
        &format!("{flag} {word}"),
        before + part.start..before + part.end,
    )
}
