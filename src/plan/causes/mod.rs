//! Why an asset partition is not fresh: its record compared with the present state.
//!
//! One difference gives one cause. Only what is shown gets causes; judging itself compares digests.

use std::collections::{BTreeMap, HashMap};

use crate::digest::Field;
use crate::model::{
    Asset, AssetGraph, AssetId, AssetKey, BlockEntry, BlockRecord, CONFIG_FIELD, Cause, CodeChange,
    CurrentMaterialization, CurrentRef, DataChange, DataDetail, DataVersion, Dep, DependencyChange,
    InputRecord, LastAttempt, MaterializationId, Name, PartitionKey, Presence, RULE, Status,
    own_source, written_path,
};
use crate::plan::fingerprint::{
    FILE_FIELD, MAPPING_FIELD, PATH_FIELD, RESOURCE_FIELD, UNSET, VARIABLE_FIELD, config_fields,
    output_read,
};
use crate::plan::judge::{Demand, Judge, Records, Verdict};
use crate::plan::scope::Cell;

/// How many changed keys of one input are named; nobody would read more.
const KEYS_TOLD: usize = 20;

/// How long the chain down to a root cause may get.
const CHAIN: usize = 50;

/// What is needed to find causes, besides the judge.
pub struct CauseFacts<'a> {
    /// What the instance remembers.
    pub records: &'a dyn Records,
    /// The verdict on each cell.
    pub verdicts: &'a [Verdict],
    /// The readable code record of an asset, as it is now.
    pub code: &'a dyn Fn(AssetId) -> Vec<Field>,
    /// The path of a source's data at a cell, relative to the project root.
    pub path: &'a dyn Fn(Cell) -> Option<String>,
    /// What is in a source now in place of what a version stands for.
    pub detail: &'a dyn Fn(Cell, DataVersion) -> Option<DataDetail>,
}

/// The causes for which `cell` is not fresh, or runs although it is; none for what was never materialized.
pub fn causes(judge: &mut Judge<'_>, evidence: &CauseFacts<'_>, cell: Cell) -> Vec<Cause> {
    chain(judge, evidence, cell, 0)
}

fn chain(judge: &mut Judge<'_>, evidence: &CauseFacts<'_>, cell: Cell, depth: usize) -> Vec<Cause> {
    let verdict = evidence.verdicts[cell.index()];
    let mut causes = Vec::new();
    let recorded = judge.facts().recorded.get(cell.index());
    let recorded = recorded.map(CurrentRef::to_owned);
    if verdict.status != Status::Fresh {
        if let Some(last) = recorded
            .as_ref()
            .and_then(|current| current.materialized.as_ref())
        {
            causes.extend(differences(judge, evidence, cell, last));
            if causes.is_empty() || verdict.status == Status::Pending {
                causes.extend(open_inputs(judge, evidence, cell, last, depth));
            }
        }
        if recorded.is_some_and(|current| current.attempt == LastAttempt::Failed) {
            causes.push(Cause::FailedBefore);
        }
    }
    match verdict.demand {
        Demand::None => {}
        Demand::Forced => causes.push(Cause::Forced),
        Demand::Volatile => causes.push(Cause::Volatile),
    }
    causes
}

/// What differs whatever the upstreams become.
fn differences(
    judge: &mut Judge<'_>,
    evidence: &CauseFacts<'_>,
    cell: Cell,
    last: &CurrentMaterialization,
) -> Vec<Cause> {
    let (id, _) = judge.scope().at(cell);
    let asset = asset_of(judge, id);
    let mut causes = Vec::new();
    if last.rule != RULE {
        causes.push(Cause::Rule {
            old: last.rule,
            new: RULE,
        });
    }
    let recorded = last.provenance.recorded();
    let inputs = recorded.and_then(|id| evidence.records.inputs(id));
    let mut remapped = Vec::new();
    if judge.facts().code[judge.scope().number_of(id)] != Some(last.code_version) {
        let old = evidence.records.code(last.code_version);
        let changes = code_changes(&old.unwrap_or_default(), &(evidence.code)(id));
        for change in changes {
            match change.what.strip_prefix(MAPPING_FIELD) {
                Some(input) => remapped.push((input.to_owned(), change)),
                None => causes.push(Cause::Code(change)),
            }
        }
    }
    if let Some(old) = recorded.and_then(|id| evidence.records.config(id)) {
        let changes = code_changes(&config_fields(&old), &judge.config_of(cell));
        for change in changes.into_iter().map(Cause::Code) {
            if !causes.contains(&change) {
                causes.push(change);
            }
        }
    }
    name_run(evidence, recorded, &mut causes);
    // Of inputs that nobody remembers, as of what only a lock file knows, nothing can be said to have changed.
    if let Some(inputs) = &inputs {
        let mut changes = input_changes(judge, evidence, cell, inputs, remapped);
        let old = recorded.and_then(|id| evidence.records.config(id));
        name_old_paths(
            judge.scope().graph(),
            id,
            &old.unwrap_or_default(),
            &mut changes,
        );
        causes.extend(changes);
    }
    if let Some(outputs) = judge.facts().changed_outputs.get(&cell) {
        let partition = judge.scope().at(cell).1;
        causes.extend(outputs.iter().map(|(index, change)| Cause::Output {
            output: asset.output_label(*index),
            path: Some(asset.outputs[*index].path.path(partition).into_owned()),
            change: *change,
        }));
    }
    causes
}

/// Names the run that recorded values of the configuration which are others now.
fn name_run(evidence: &CauseFacts<'_>, recorded: Option<MaterializationId>, causes: &mut [Cause]) {
    let mut run = None;
    for cause in causes {
        let Cause::Code(change) = cause else { continue };
        if change.what.starts_with(CONFIG_FIELD) && change.old.is_some() {
            let run = run.get_or_insert_with(|| recorded.and_then(|id| evidence.records.run(id)));
            change.recorded_by.clone_from(run);
        }
    }
}

/// Names the path that an input was read from, where it is another one now.
fn name_old_paths(graph: &AssetGraph, id: AssetId, recorded: &[Field], changes: &mut [Cause]) {
    for cause in changes {
        let Cause::Data(change) = cause else { continue };
        let mut deps = graph.deps(id).iter();
        let Some(dep) = deps.find(|dep| dep.input == change.input) else {
            continue;
        };
        let name = format!("{PATH_FIELD}{}", dep.input);
        let before = recorded.iter().find(|field| field.name == name);
        let before = before.map(|field| field.value.clone());
        let now = graph.source(dep.asset).and_then(written_path);
        let declared = graph.declared_path(dep.asset).map(str::to_owned);
        let old = before.or(declared);
        change.old_path = old.filter(|old| !old.is_empty() && Some(old) != now.as_ref());
    }
}

/// What differs in what a cell reads.
fn input_changes(
    judge: &mut Judge<'_>,
    evidence: &CauseFacts<'_>,
    cell: Cell,
    inputs: &[InputRecord],
    remapped: Vec<(String, CodeChange)>,
) -> Vec<Cause> {
    let (id, _) = judge.scope().at(cell);
    let deps = judge.scope().graph().deps(id);
    let mut causes = dependency_changes(judge, (id, deps), inputs, remapped);
    let changed = |causes: &[Cause], input: &InputRecord| {
        let is_its = |cause: &Cause| match cause {
            Cause::Dependency { input: changed, .. } => changed.as_str() == input.input,
            _ => false,
        };
        causes.iter().any(is_its)
    };
    for (index, dep) in deps.iter().enumerate() {
        if let Some(recorded) = record_of(inputs, dep).filter(|input| !changed(&causes, input)) {
            causes.extend(data_changes(judge, evidence, cell, index, dep, recorded));
        }
    }
    causes
}

/// Compares two readable records by field; a field that occurs several times is one list.
pub fn code_changes(old: &[Field], new: &[Field]) -> Vec<CodeChange> {
    let (old, new) = (by_name(old), by_name(new));
    let versioned = old.contains_key(CODE_VERSION) != new.contains_key(CODE_VERSION);
    let stands_for = |name: &str| {
        matches!(name, "code.shell" | "code.command" | "code.argument")
            || name.starts_with(FILE_FIELD)
    };
    let mut names: Vec<&str> = new.keys().chain(old.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let mut changes: Vec<CodeChange> = names
        .into_iter()
        .filter(|name| old.get(name) != new.get(name))
        .filter(|name| !(versioned && stands_for(name)))
        .filter(|name| {
            resource_of(name).is_none_or(|it| old.contains_key(it) && new.contains_key(it))
        })
        .map(|name| {
            let path = name.strip_prefix(FILE_FIELD).map(str::to_owned);
            let what = if path.is_some() {
                "file".to_owned()
            } else {
                words(name)
            };
            let text = |fields: &BTreeMap<&str, Vec<&str>>| {
                let text = fields.get(name)?.join(" ");
                value_in_words(name, text)
            };
            CodeChange {
                what,
                path,
                old: text(&old),
                new: text(&new),
                origin: None,
                recorded_by: None,
            }
        })
        .collect();
    let command = changes.iter().any(|change| change.what == "command");
    changes.retain(|change| !(command && change.what == "shell"));
    changes
}

/// A recorded value as it is told: of a variable what it is set to, `None` where it is not set.
pub fn value_in_words(field: &str, text: String) -> Option<String> {
    let of_resource = field.starts_with(RESOURCE_FIELD) && field.contains(".env.");
    if !field.starts_with(VARIABLE_FIELD) && !of_resource {
        return Some(text);
    }
    match text.strip_prefix('=') {
        Some(value) => Some(value.to_owned()),
        None if text == UNSET => None,
        None => Some(format!("({text})")),
    }
}

/// The field of the resource that another field is of.
fn resource_of(field: &str) -> Option<&str> {
    let name = field.strip_prefix(RESOURCE_FIELD)?;
    let (name, _) = name.split_once('.')?;
    Some(&field[..RESOURCE_FIELD.len() + name.len()])
}

const CODE_VERSION: &str = "code.code_version";

fn by_name(fields: &[Field]) -> BTreeMap<&str, Vec<&str>> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for field in fields {
        names.entry(&field.name).or_default().push(&field.value);
    }
    names
}

fn words(name: &str) -> String {
    if name == "code.argument" {
        return "command".to_owned();
    }
    let as_they_are = [MAPPING_FIELD, CONFIG_FIELD, RESOURCE_FIELD];
    if as_they_are.iter().any(|prefix| name.starts_with(prefix)) {
        return name.to_owned();
    }
    let name = name.strip_prefix("code.").unwrap_or(name);
    name.replacen('.', " ", 1)
}

fn dependency_changes(
    judge: &Judge<'_>,
    (id, deps): (AssetId, &[Dep]),
    recorded: &[InputRecord],
    remapped: Vec<(String, CodeChange)>,
) -> Vec<Cause> {
    let graph = judge.scope().graph();
    let mut changes: Vec<(Name, DependencyChange)> = Vec::new();
    for dep in deps {
        let Some(old) = record_of(recorded, dep) else {
            changes.push((dep.input.clone(), DependencyChange::Added));
            continue;
        };
        let output = output_read(graph, dep);
        // An input that is read from a path of its own is another path, not another dependency.
        let own = own_source(graph.key(id), &dep.input);
        if own == old.asset || own == *graph.key(dep.asset) {
            continue;
        }
        if old.asset != *graph.key(dep.asset) || old.output != output {
            let change = DependencyChange::Remapped {
                old: read(&old.asset, old.output.as_deref()),
                new: read(graph.key(dep.asset), output.as_deref()),
            };
            changes.push((dep.input.clone(), change));
        }
    }
    for old in recorded {
        if !deps.iter().any(|dep| dep.input.as_str() == old.input) {
            changes.push((
                Name::of_asset(&AssetKey::of_path(&old.input)),
                DependencyChange::Removed,
            ));
        }
    }
    for (input, change) in remapped {
        let known = changes.iter().any(|(changed, _)| changed.as_str() == input);
        if let (false, Some(old), Some(new)) = (known, change.old, change.new) {
            let name = Name::of_asset(&AssetKey::of_path(&input));
            changes.push((name, DependencyChange::Remapped { old, new }));
        }
    }
    if changes.is_empty() && deps.len() == recorded.len() {
        let moved = deps
            .iter()
            .zip(recorded)
            .find(|(dep, old)| dep.input.as_str() != old.input);
        if let Some((dep, _)) = moved {
            let order = |names: Vec<&str>| names.join(", ");
            let old = order(recorded.iter().map(|input| input.input.as_str()).collect());
            let new = order(deps.iter().map(|dep| dep.input.as_str()).collect());
            changes.push((dep.input.clone(), DependencyChange::Remapped { old, new }));
        }
    }
    let cause = |(input, change)| Cause::Dependency { input, change };
    changes.into_iter().map(cause).collect()
}

fn read(asset: &AssetKey, output: Option<&str>) -> String {
    output.map_or_else(|| asset.to_string(), |output| format!("{asset}.{output}"))
}

/// The keys of a known input whose data version is not the recorded one.
fn data_changes(
    judge: &mut Judge<'_>,
    evidence: &CauseFacts<'_>,
    cell: Cell,
    index: usize,
    dep: &Dep,
    recorded: &InputRecord,
) -> Vec<Cause> {
    let now = judge.read(cell, index, |blocks, folding, mapped| {
        if blocks.contribution(mapped, folding) == recorded.contribution {
            return None;
        }
        Some(blocks.unlike(mapped, &recorded.blocks, folding))
    });
    let (new, gone) = match now {
        Some(None) => return Vec::new(),
        Some(Some(now)) => now,
        None => return absent_inputs(judge, evidence, cell, dep, recorded),
    };
    let old = evidence.entries(gone);
    let old_keys: HashMap<_, _> = old.iter().map(|it| (&it.partition, it.version)).collect();
    let new_keys: HashMap<_, _> = new.iter().map(|it| (&it.partition, it.version)).collect();
    let changed = new
        .iter()
        .map(|entry| (&entry.partition, Some(entry.version)));
    let gone = old
        .iter()
        .filter(|entry| !new_keys.contains_key(&entry.partition))
        .map(|entry| (&entry.partition, None));
    let causes: Vec<Cause> = changed
        .chain(gone)
        .map(|(key, new)| (key, old_keys.get(key).copied(), new))
        .filter(|(_, old, new)| old != new)
        .take(KEYS_TOLD)
        .map(|(key, old, new)| data_change(judge, evidence, dep, (key.clone(), old, new)))
        .collect();
    if causes.is_empty() {
        return vec![reordered(dep, &old, &new)];
    }
    causes
}

/// The same keys with the same versions in another order.
fn reordered(dep: &Dep, old: &[BlockEntry], new: &[BlockEntry]) -> Cause {
    let same = old.iter().zip(new).take_while(|(old, new)| old == new);
    let same = same.count();
    let order = |entries: &[BlockEntry]| {
        let keys = entries.iter().skip(same).take(KEYS_TOLD);
        let keys = keys.filter_map(|entry| entry.partition.as_ref());
        keys.map(PartitionKey::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    Cause::Dependency {
        input: dep.input.clone(),
        change: DependencyChange::Remapped {
            old: order(old),
            new: order(new),
        },
    }
}

/// Sources that were there and are missing now.
fn absent_inputs(
    judge: &Judge<'_>,
    evidence: &CauseFacts<'_>,
    cell: Cell,
    dep: &Dep,
    recorded: &InputRecord,
) -> Vec<Cause> {
    let scope = judge.scope();
    if !scope.graph().is_source(dep.asset) {
        return Vec::new();
    }
    let old = evidence.entries(&recorded.blocks);
    let old: HashMap<_, _> = old
        .into_iter()
        .map(|it| (it.partition, it.version))
        .collect();
    let (id, partition) = scope.at(cell);
    let set = scope.mapped(id, dep, partition.index);
    let keys = scope.keys(dep.asset);
    set.iter()
        .filter_map(|index| {
            let up = scope.cell(dep.asset, index)?;
            let known = judge.facts().versions[scope.versions_of(up)][0];
            let key = keys.key(index);
            let (old, new) = (old.get(&key).copied(), known.version());
            (old != new).then(|| data_change(judge, evidence, dep, (key, old, new)))
        })
        .take(KEYS_TOLD)
        .collect()
}

type ChangedKey = (
    Option<PartitionKey>,
    Option<DataVersion>,
    Option<DataVersion>,
);

fn data_change(
    judge: &Judge<'_>,
    evidence: &CauseFacts<'_>,
    dep: &Dep,
    changed: ChangedKey,
) -> Cause {
    let (partition, old, new) = changed;
    let is_read = new.is_some();
    let scope = judge.scope();
    let up = scope.find(dep.asset, partition.as_ref());
    let path = up.and_then(|up| (evidence.path)(up));
    let asset = scope.graph().key(dep.asset).clone();
    let input = dep.input.clone();
    let of_source = up.filter(|_| scope.graph().is_source(dep.asset));
    let of_source = of_source.map(|up| judge.facts().versions[scope.versions_of(up)][0].presence());
    let presence = match of_source {
        Some(lacking @ (Presence::Missing | Presence::Unreadable)) => lacking,
        _ if is_read => Presence::There,
        _ => Presence::Removed,
    };
    Cause::Data(DataChange {
        input,
        asset,
        partition,
        path,
        old,
        new,
        presence,
        detail: of_source
            .and(up)
            .zip(old.filter(|_| is_read))
            .and_then(|(up, old)| (evidence.detail)(up, old)),
        root: Vec::new(),
        old_path: None,
    })
}

/// Upstreams that are not final, each with the chain to its root cause.
fn open_inputs(
    judge: &mut Judge<'_>,
    evidence: &CauseFacts<'_>,
    cell: Cell,
    last: &CurrentMaterialization,
    depth: usize,
) -> Vec<Cause> {
    if depth >= CHAIN {
        return Vec::new();
    }
    let (id, partition) = judge.scope().at(cell);
    let asset = asset_of(judge, id);
    let recorded = last.provenance.recorded();
    let recorded = recorded.and_then(|id| evidence.records.inputs(id));
    let recorded = recorded.unwrap_or_default();
    let told = if depth == 0 { KEYS_TOLD } else { 1 };
    let mut causes = Vec::new();
    for dep in &asset.deps {
        let open: Vec<(u32, Cell)> = judge
            .scope()
            .mapped(id, dep, partition.index)
            .iter()
            .filter_map(|index| Some((index, judge.scope().cell(dep.asset, index)?)))
            .filter(|(_, up)| is_open(evidence.verdicts[up.index()]))
            .take(told)
            .collect();
        let old = record_of(&recorded, dep).map(|input| evidence.entries(&input.blocks));
        for (index, up) in open {
            let key = judge.scope().keys(dep.asset).key(index);
            let entry = old.iter().flatten().find(|entry| entry.partition == key);
            let version = entry.map(|entry| entry.version);
            let Cause::Data(mut change) = data_change(judge, evidence, dep, (key, version, None))
            else {
                continue;
            };
            change.presence = Presence::ToBeMade;
            change.root = chain(judge, evidence, up, depth + 1);
            causes.push(Cause::Data(change));
        }
        if depth > 0 && !causes.is_empty() {
            break;
        }
    }
    causes
}

fn is_open(verdict: Verdict) -> bool {
    verdict.status != Status::Fresh || verdict.demand != Demand::None
}

/// What was recorded of a dep.
fn record_of<'r>(recorded: &'r [InputRecord], dep: &Dep) -> Option<&'r InputRecord> {
    let mut inputs = recorded.iter();
    inputs.find(|input| input.input == dep.input.as_str())
}

fn asset_of<'a>(judge: &Judge<'a>, id: AssetId) -> &'a Asset {
    let asset = judge.scope().graph().asset(id);
    asset.expect("sources have no causes")
}

impl CauseFacts<'_> {
    /// The entries of recorded blocks.
    fn entries<'r>(&self, blocks: impl IntoIterator<Item = &'r BlockRecord>) -> Vec<BlockEntry> {
        let entries = |block: &BlockRecord| match block {
            BlockRecord::Inline(entries) => entries.clone(),
            BlockRecord::Stored(digest) => self.records.block(*digest).unwrap_or_default(),
        };
        blocks.into_iter().flat_map(entries).collect()
    }
}

#[cfg(test)]
mod tests;
