//! The settings of mappings: which belong to which, and what they give.

use crate::manifest::diagnostic::{Problems, did_you_mean};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::mapping::misfit::Ends;
use crate::manifest::partitions::{read_key, read_keys};
use crate::model::{
    DefinitionId, DimensionMapping, DimensionSource, Location, MappingSide, PartitionKey,
    PartitionMapping, PartitionsDefinition, fits,
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
            let (of, kind) = (of.word(), kind.word());
            problems.conflict(
                format!("`{}` is for `{of}`, and this is `{kind}`", value.key),
                format!("remove it, or choose `mapping = \"{of}\"`"),
                [value.key_location],
            );
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
                read_dimensions(&value, ends, problems)
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
        let (place, of) = find_dimension(text, id, ends, problems)?;
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
            problems.at(location, "needs it", problem);
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
fn known_keys(
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
    problems.at(location, "no such key", problem);
}

fn range(location: Location) -> std::ops::Range<usize> {
    let start = location.start as usize;
    start..start + location.len as usize
}

/// The keys of a dimension's table that say how it is mapped.
const BESIDE: [&str; 4] = ["mapping", "start_offset", "end_offset", "map"];

/// The keys of a mapping that is a table itself.
const WITHIN: [&str; 5] = ["type", "start_offset", "end_offset", "keys", "map"];

/// Reads `dimensions` of a `multi` mapping.
fn read_dimensions(
    value: &Value<'_>,
    ends: Ends<'_>,
    problems: &mut Problems,
) -> Option<PartitionMapping> {
    let table = value.table(Heading::Inline("the dimensions"), problems)?;
    let several = |id| !ends.dimensions(id).is_empty();
    if !several(ends.upstream) || !several(ends.downstream) {
        // It fits no side that has no dimensions: that is what is said.
        return Some(PartitionMapping::Multi([].into()));
    }
    let before = problems.len();
    let mut mappings: Vec<DimensionMapping> = Vec::new();
    for entry in table.values() {
        let heading = Heading::Inline("the dimension");
        let name = (entry.key, entry.key_location);
        let found = find_named(name, ends.upstream, ends, problems);
        let Some(of) = entry.table(heading, problems) else {
            continue;
        };
        let Some((upstream, id)) = found else {
            continue;
        };
        let source = read_source(&of, id, ends, problems);
        mappings.extend(source.map(|source| DimensionMapping { upstream, source }));
    }
    mappings.sort_by_key(|mapping| mapping.upstream);
    (problems.len() == before).then(|| PartitionMapping::Multi(mappings.into()))
}

/// The place and the definition of a dimension of the definition `id`; one that it does not have is reported.
fn find_dimension(
    name: Text<'_>,
    id: Option<DefinitionId>,
    ends: Ends<'_>,
    problems: &mut Problems,
) -> Option<(u32, DefinitionId)> {
    find_named((name.value, name.location()), id, ends, problems)
}

fn find_named(
    (name, location): (&str, Location),
    id: Option<DefinitionId>,
    ends: Ends<'_>,
    problems: &mut Problems,
) -> Option<(u32, DefinitionId)> {
    let dimensions = ends.dimensions(id);
    let found = (0..)
        .zip(dimensions)
        .find(|(_, it)| it.name.as_str() == name);
    if found.is_none() {
        let known = dimensions.iter().map(|dimension| dimension.name.as_str());
        let problem = Problem::UnknownDimension {
            dimension: name.to_owned(),
            help: did_you_mean(name, known, "the definition lists them"),
        };
        problems.at(location, "no such dimension", problem);
    }
    found.map(|(place, dimension)| (place, dimension.definition))
}

/// `{ from = "down", mapping = … }`, or `{ keys = [..] }`.
fn read_source(
    table: &Table<'_>,
    upstream: DefinitionId,
    ends: Ends<'_>,
    problems: &mut Problems,
) -> Option<DimensionSource> {
    let mut known = vec!["from", "keys"];
    known.extend(BESIDE);
    table.only(&known, problems);
    let (from, keys) = match (table.get("from"), table.get("keys")) {
        (Some(from), None) => (from, None),
        (None, Some(keys)) => (keys, Some(keys)),
        (Some(from), Some(keys)) => {
            problems.conflict(
                "a dimension has one of `from` and `keys`",
                "its keys come from a dimension of the asset, or are always the same",
                [from.key_location, keys.key_location],
            );
            return None;
        }
        (None, None) => {
            let help =
                "name a dimension of the asset that reads: `{ from = \"region\" }`, or list `keys`";
            table.required("from", "from where?", help, problems);
            return None;
        }
    };
    if let Some(keys) = keys {
        let before = problems.len();
        for setting in BESIDE.iter().filter_map(|key| table.get(key)) {
            problems.conflict(
                format!("`{}` is for a dimension with `from`", setting.key),
                "remove it: these keys are always the same",
                [setting.key_location],
            );
        }
        let keys = known_keys(&keys, Some(upstream), ends, problems)?;
        return (problems.len() == before).then(|| DimensionSource::Keys(keys.into()));
    }
    let text = from.text(problems)?;
    let (place, downstream) = find_dimension(text, ends.downstream, ends, problems)?;
    let ends = ends.between(downstream, upstream);
    let own = table
        .get("mapping")
        .and_then(|mapping| mapping.as_table(Heading::Inline("the mapping")));
    let settings = match own {
        Some(own) => {
            own.only(&WITHIN, problems);
            Settings::beside(own, "type", &WITHIN)
        }
        None => Settings::beside(*table, "mapping", &BESIDE),
    };
    let mapping = match settings.kind(problems)? {
        Some(kind) => settings.mapping(kind, ends, problems)?,
        None => ends.infer_corresponding(),
    };
    Some(DimensionSource::From {
        downstream: place,
        mapping,
    })
}
