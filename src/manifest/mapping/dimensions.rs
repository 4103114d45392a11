//! `mapping = "multi"`: where the keys of each upstream dimension come from.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::mapping::ends::Ends;
use crate::manifest::mapping::settings::{Settings, known_keys};
use crate::manifest::suggest::did_you_mean;
use crate::model::{DefinitionId, DimensionMapping, DimensionSource, Location, PartitionMapping};

/// The keys of a dimension's table that say how it is mapped.
const BESIDE: [&str; 4] = ["mapping", "start_offset", "end_offset", "map"];

/// The keys of a mapping that is a table itself.
const WITHIN: [&str; 5] = ["type", "start_offset", "end_offset", "keys", "map"];

/// Reads `dimensions` of a `multi` mapping.
pub(super) fn read(
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
pub(super) fn find(
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
        problems.add(problem, [Label::new(location, "no such dimension")]);
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
            let problem = Problem::ConflictingKeys {
                message: "a dimension has one of `from` and `keys`".to_owned(),
                help: "its keys come from a dimension of the asset, or are always the same"
                    .to_owned(),
            };
            let label = |value: Value<'_>| Label::new(value.key_location, "this key");
            problems.add(problem, [label(from), label(keys)]);
            return None;
        }
        (None, None) => {
            let problem = Problem::MissingKey {
                table: table.heading.to_string(),
                key: "from",
                help: "name a dimension of the asset that reads: `{ from = \"region\" }`, or list `keys`",
            };
            problems.add(problem, [Label::new(table.location, "from where?")]);
            return None;
        }
    };
    if let Some(keys) = keys {
        let before = problems.len();
        for setting in BESIDE.iter().filter_map(|key| table.get(key)) {
            let problem = Problem::ConflictingKeys {
                message: format!("`{}` is for a dimension with `from`", setting.key),
                help: "remove it: these keys are always the same".to_owned(),
            };
            problems.add(problem, [Label::new(setting.key_location, "this key")]);
        }
        let keys = known_keys(&keys, Some(upstream), ends, problems)?;
        return (problems.len() == before).then(|| DimensionSource::Keys(keys.into()));
    }
    let text = from.text(problems)?;
    let (place, downstream) = find(text, ends.downstream, ends, problems)?;
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
