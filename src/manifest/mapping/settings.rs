//! The settings of mappings: which belong to which, and what they give.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::mapping::dimensions;
use crate::manifest::mapping::ends::Ends;
use crate::manifest::partitions::{read_key, read_keys};
use crate::manifest::suggest::did_you_mean;
use crate::model::{
    DefinitionId, Location, MappingSide, PartitionKey, PartitionMapping, PartitionsDefinition, fits,
};

/// The mappings, as they are declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MappingKind {
    Identity,
    All,
    Last,
    Specific,
    Static,
    TimeWindow,
    MultiToSingle,
    Multi,
}

const KINDS: [(&str, MappingKind); 8] = [
    ("identity", MappingKind::Identity),
    ("all", MappingKind::All),
    ("last", MappingKind::Last),
    ("specific", MappingKind::Specific),
    ("static", MappingKind::Static),
    ("time_window", MappingKind::TimeWindow),
    ("multi_to_single", MappingKind::MultiToSingle),
    ("multi", MappingKind::Multi),
];

/// The settings, and whose they are.
const SETTINGS: [(&str, MappingKind); 6] = [
    ("start_offset", MappingKind::TimeWindow),
    ("end_offset", MappingKind::TimeWindow),
    ("keys", MappingKind::Specific),
    ("map", MappingKind::Static),
    ("dimension", MappingKind::MultiToSingle),
    ("dimensions", MappingKind::Multi),
];

/// A table that may declare a mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings<'a> {
    table: Table<'a>,
    /// The key of the mapping's name.
    word: &'static str,
    /// Which keys of the table are about the mapping.
    keys: &'static [&'static str],
}

impl MappingKind {
    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        let found = KINDS.iter().find(|(_, kind)| *kind == self);
        found.expect("every kind is listed").0
    }
}

impl<'a> Settings<'a> {
    /// The settings in `table` among `keys`; the mapping's name is that of the key `word`.
    pub(super) fn beside(
        table: Table<'a>,
        word: &'static str,
        keys: &'static [&'static str],
    ) -> Self {
        Self { table, word, keys }
    }

    /// The mapping that is declared: by its name, or by a setting that only it has; `Some(None)` if none is. A name
    /// that does not exist and settings of other mappings are reported.
    #[expect(clippy::option_option, reason = "nothing declared is no mistake")]
    pub(super) fn kind(&self, problems: &mut Problems) -> Option<Option<MappingKind>> {
        let before = problems.len();
        let settings = || {
            let known = SETTINGS.iter().filter(|(key, _)| self.keys.contains(key));
            known.filter_map(|(key, kind)| Some((self.table.get(key)?, *kind)))
        };
        let kind = match self.table.get(self.word) {
            None => settings().next().map(|(_, kind)| kind),
            Some(value) => Some(named(&value, problems)?),
        };
        for (value, of) in settings() {
            let Some(kind) = kind.filter(|kind| *kind != of) else {
                continue;
            };
            let problem = Problem::ConflictingKeys {
                message: format!(
                    "`{}` is for `{}`, and this is `{}`",
                    value.key,
                    of.word(),
                    kind.word()
                ),
                help: format!("remove it, or choose `mapping = \"{}\"`", of.word()),
            };
            problems.add(problem, [Label::new(value.key_location, "this key")]);
        }
        (problems.len() == before).then_some(kind)
    }

    /// The mapping of this kind, with its settings.
    pub(super) fn mapping(
        &self,
        kind: MappingKind,
        ends: Ends<'_>,
        problems: &mut Problems,
    ) -> Option<PartitionMapping> {
        match kind {
            MappingKind::Identity => Some(PartitionMapping::Identity),
            MappingKind::All => Some(PartitionMapping::All),
            MappingKind::Last => Some(PartitionMapping::Last),
            MappingKind::Specific => {
                let help = "list the upstream keys: `keys = [\"eu\"]`";
                let value = self.required("keys", help, problems)?;
                let keys = known_keys(&value, ends.upstream, ends, problems)?;
                Some(PartitionMapping::Specific(keys.into()))
            }
            MappingKind::Static => self.pairs(ends, problems),
            MappingKind::TimeWindow => {
                let before = problems.len();
                let start_offset = self.table.integer("start_offset", problems);
                let end_offset = self.table.integer("end_offset", problems);
                (problems.len() == before).then(|| PartitionMapping::TimeWindow {
                    start_offset: start_offset.unwrap_or(0),
                    end_offset: end_offset.unwrap_or(0),
                })
            }
            MappingKind::MultiToSingle => self.multi_to_single(ends, problems),
            MappingKind::Multi => {
                let help = "say where each upstream dimension comes from: \
                            `dimensions = { region = { from = \"region\" } }`";
                let value = self.required("dimensions", help, problems)?;
                dimensions::read(&value, ends, problems)
            }
        }
    }

    /// `map = { up = "down" }`.
    fn pairs(&self, ends: Ends<'_>, problems: &mut Problems) -> Option<PartitionMapping> {
        let help = "pair the keys: `map = { upstream = \"downstream\" }`";
        let value = self.required("map", help, problems)?;
        let map = value.table(Heading::Inline("the map"), problems)?;
        let before = problems.len();
        let mut pairs = Vec::new();
        for entry in map.values() {
            let key = Text::new(entry.file, entry.key, range(entry.key_location));
            let up = read_key(key, problems);
            if let Some(up) = &up {
                check_key(up, entry.key_location, ends.upstream, ends, problems);
            }
            let downs = known_keys(&entry, ends.downstream, ends, problems);
            if let (Some(up), Some(downs)) = (up, downs) {
                pairs.extend(downs.into_iter().map(|down| (up.clone(), down)));
            }
        }
        (problems.len() == before).then(|| PartitionMapping::Static(pairs.into()))
    }

    /// `dimension = "region"`: of the side that has dimensions.
    fn multi_to_single(&self, ends: Ends<'_>, problems: &mut Problems) -> Option<PartitionMapping> {
        let help = "name the dimension that corresponds: `dimension = \"region\"`";
        let value = self.required("dimension", help, problems)?;
        let text = value.text(problems)?;
        let several = |id| !ends.dimensions(id).is_empty();
        let (multi, id) = if several(ends.upstream) || !several(ends.downstream) {
            (MappingSide::Upstream, ends.upstream)
        } else {
            (MappingSide::Downstream, ends.downstream)
        };
        let mapping = |dimension, through| PartitionMapping::MultiToSingle {
            multi,
            dimension,
            through: Box::new(through),
        };
        let single = match multi {
            MappingSide::Upstream => ends.downstream,
            MappingSide::Downstream => ends.upstream,
        };
        let (Some(single), true) = (single, several(id)) else {
            // It fits neither side, whatever the dimension: that is what is said.
            return Some(mapping(0, PartitionMapping::Identity));
        };
        let (place, of) = dimensions::find(text, id, ends, problems)?;
        let corresponding = match multi {
            MappingSide::Upstream => ends.between(single, of),
            MappingSide::Downstream => ends.between(of, single),
        };
        Some(mapping(place, corresponding.infer_corresponding()))
    }

    fn required(
        &self,
        key: &'static str,
        help: &'static str,
        problems: &mut Problems,
    ) -> Option<Value<'a>> {
        let value = self.table.get(key);
        if value.is_none() {
            let problem = Problem::MissingKey {
                table: "the mapping".to_owned(),
                key,
                help,
            };
            let location = self.table.get(self.word).map(|word| word.location());
            let location = location.unwrap_or(self.table.location);
            problems.add(problem, [Label::new(location, "needs it")]);
        }
        value
    }
}

fn named(value: &Value<'_>, problems: &mut Problems) -> Option<MappingKind> {
    let text = value.text(problems)?;
    let found = KINDS.iter().find(|(word, _)| *word == text.value);
    if found.is_none() {
        let help = did_you_mean(text.value, KINDS.iter().map(|(word, _)| *word), "");
        value.invalid(
            format!("there is no mapping `{}`", text.value),
            help,
            problems,
        );
    }
    found.map(|(_, kind)| *kind)
}

/// Reads keys that the definition `id` may have.
pub(super) fn known_keys(
    value: &Value<'_>,
    id: Option<DefinitionId>,
    ends: Ends<'_>,
    problems: &mut Problems,
) -> Option<Vec<PartitionKey>> {
    let before = problems.len();
    let keys = read_keys(value, problems)?;
    for (key, location) in &keys {
        check_key(key, *location, id, ends, problems);
    }
    (problems.len() == before).then(|| keys.into_iter().map(|(key, _)| key).collect())
}

/// Reports a key that the definition `id` cannot have.
fn check_key(
    key: &PartitionKey,
    location: Location,
    id: Option<DefinitionId>,
    ends: Ends<'_>,
    problems: &mut Problems,
) {
    let Some(id) = id else { return };
    let this = PartitionMapping::Specific([key.clone()].into());
    if fits(&this, ends.definitions.declared(), None, Some(id)).is_ok() {
        return;
    }
    let help = match ends.definitions.get(id) {
        PartitionsDefinition::Static(keys) => did_you_mean(
            key.as_str(),
            keys.iter().map(PartitionKey::as_str),
            "`assetctl partitions list` shows them",
        ),
        _ => "its keys are those of its dimensions in order, joined by `|`".to_owned(),
    };
    let problem = Problem::UnknownPartitionKey {
        key: key.to_string(),
        definition: ends.definitions.describe(id),
        help,
    };
    problems.add(problem, [Label::new(location, "no such key")]);
}

fn range(location: Location) -> std::ops::Range<usize> {
    let start = location.start as usize;
    start..start + location.len as usize
}
