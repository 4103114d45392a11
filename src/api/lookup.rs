//! Finds one value among those of a run, or says why it is not there.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::answer::{Event, EventKind, StepOutcome};
use crate::api::output::{OutputPlace, OutputValue};
use crate::api::output_error::{OutputError, keys_there_are};
use crate::app::{Declared, KeptValue, MadeRow, size_on_disk};
use crate::model::{
    Asset, AssetId, AssetKey, KnownNames, PartitionKeys, PartitionRef, PathTemplate, Place,
    StepName,
};

/// How many edits a name may be away from one that was meant.
const EDITS: usize = 3;

/// What a run knew and has left.
pub(super) struct Lookup<'a> {
    pub(super) declared: &'a Declared,
    pub(super) values: &'a Values,
    pub(super) missed: &'a HashMap<StepName, String>,
}

/// Where the values are.
#[derive(Debug)]
pub(super) enum Values {
    /// At their paths below the project root.
    OnDisk { root: PathBuf, made: Vec<MadeRow> },
    /// By the path that each would have.
    InMemory(HashMap<String, KeptValue>),
}

impl Values {
    pub(super) fn in_memory(values: Vec<KeptValue>) -> Self {
        let by_path = values.into_iter().map(|it| (it.path.clone(), it));
        Self::InMemory(by_path.collect())
    }
}

impl Lookup<'_> {
    pub(super) fn output(
        &self,
        asset: &str,
        partition: Option<&str>,
        output: Option<&str>,
    ) -> Result<OutputValue, OutputError> {
        let graph = &self.declared.graph;
        let id = graph.find(asset).ok_or_else(|| self.unknown_asset(asset))?;
        let keys = self.declared.keys.of(graph.get(id));
        let declared = match graph.asset(id) {
            Some(declared)
                if declared.recipe.is_some() || matches!(self.values, Values::OnDisk { .. }) =>
            {
                declared
            }
            _ => {
                return Err(OutputError::ReadFromItsPlace {
                    asset: graph.key(id).clone(),
                    place: self.place(id, index_of(keys, partition)),
                });
            }
        };
        let index = named_index(&declared.key, keys, partition)?;
        let number = named_output(declared, output)?;
        let at = PartitionRef { keys, index };
        let path = declared.outputs[number].path.path(at).into_owned();
        let step = StepName {
            asset: declared.key.clone(),
            partition: keys.key(index),
        };
        if self.missed.contains_key(&step) {
            return Err(self.not_made(step));
        }
        match self.values {
            Values::InMemory(values) => match values.get(&path) {
                Some(kept) => Ok(OutputValue {
                    step,
                    version: kept.version,
                    place: OutputPlace::Memory(kept.value.clone()),
                }),
                None => Err(self.not_made(step)),
            },
            Values::OnDisk { root, made } => {
                let row = made.iter().find(|row| row.asset() == id);
                match row.and_then(|row| row.version(index, number)) {
                    Some(version) => {
                        let path = root.join(path);
                        let size = size_on_disk(&path);
                        Ok(OutputValue {
                            step,
                            version,
                            place: OutputPlace::Disk(path, size),
                        })
                    }
                    None => Err(self.not_made(step)),
                }
            }
        }
    }

    fn unknown_asset(&self, asset: &str) -> OutputError {
        let graph = &self.declared.graph;
        let names = graph.ids().map(|id| graph.key(id).as_str());
        let similar = KnownNames::new(names).like(asset, EDITS);
        let help = if similar.is_empty() {
            "`Project::asset_keys` has all".to_owned()
        } else {
            format!("did you mean {}?", quoted(similar.into_iter(), " or "))
        };
        OutputError::UnknownAsset {
            asset: asset.to_owned(),
            help,
        }
    }

    /// Where a source or an external asset is read: at a partition, or by its template.
    fn place(&self, id: AssetId, index: Option<u32>) -> String {
        let graph = &self.declared.graph;
        let keys = self.declared.keys.of(graph.get(id));
        let path = |path: &PathTemplate| match index {
            Some(index) => path.path(PartitionRef { keys, index }).into_owned(),
            None => path.source(),
        };
        let Some(source) = graph.source(id) else {
            let outputs = graph.asset(id).map(|asset| asset.outputs.iter());
            let paths = outputs.into_iter().flatten().map(|it| path(&it.path));
            return paths.collect::<Vec<_>>().join(", ");
        };
        match &source.place {
            Place::Paths(paths) => {
                let paths = paths.iter().map(|it| path(it.template()));
                paths.collect::<Vec<_>>().join(", ")
            }
            Place::Value { path: file, key } => format!("`{}` in {}", key.source(), path(file)),
            Place::Observed { .. } => "the place that its `observe` command reads".to_owned(),
        }
    }

    fn not_made(&self, step: StepName) -> OutputError {
        let told = self.missed.get(&step).cloned();
        let reason = told.unwrap_or_else(|| "it was not part of the run".to_owned());
        OutputError::NotMade { step, reason }
    }
}

/// Why steps have not made what they were to make, in words.
pub(super) fn missed(events: &[Event]) -> HashMap<StepName, String> {
    let missed = events.iter().filter_map(|event| {
        let (step, why) = match &event.kind {
            EventKind::StepFinished { step, outcome, .. } => match outcome {
                StepOutcome::Failed(failure) => (step, failure.message.clone()),
                StepOutcome::Canceled => (step, "it was interrupted".to_owned()),
                StepOutcome::Materialized { .. } | StepOutcome::Unchanged { .. } => return None,
            },
            EventKind::StepBlocked { step, reason, .. } => (step, reason.clone()),
            _ => return None,
        };
        Some((step.clone(), why))
    });
    missed.collect()
}

/// The partition of a key that need not be there.
fn index_of(keys: &PartitionKeys, partition: Option<&str>) -> Option<u32> {
    match partition {
        Some(key) if keys.is_partitioned() => keys.index_of(key),
        None if !keys.is_partitioned() => Some(0),
        _ => None,
    }
}

fn named_index(
    asset: &AssetKey,
    keys: &PartitionKeys,
    partition: Option<&str>,
) -> Result<u32, OutputError> {
    let asset = asset.clone();
    let last = keys.len().checked_sub(1).and_then(|last| keys.key(last));
    let help = keys_there_are(keys.len(), (keys.key(0), last));
    match partition {
        None if keys.is_partitioned() => Err(OutputError::KeyNeeded { asset, help }),
        None => Ok(0),
        Some(key) if !keys.is_partitioned() => Err(OutputError::NotPartitioned {
            asset,
            key: key.to_owned(),
        }),
        Some(key) => keys.index_of(key).ok_or_else(|| OutputError::UnknownKey {
            asset,
            key: key.to_owned(),
            help,
        }),
    }
}

fn named_output(asset: &Asset, output: Option<&str>) -> Result<usize, OutputError> {
    let count = asset.outputs.len();
    let label = |number: usize| asset.output_label(number);
    let help = || {
        let labels: Vec<String> = (0..count).filter_map(label).collect();
        match labels.as_slice() {
            [] => "it has one without a name: ask with `None` for it".to_owned(),
            labels => format!("it has {}", quoted(labels.iter().map(String::as_str), ", ")),
        }
    };
    match output {
        None if count == 1 => Ok(0),
        None => Err(OutputError::OutputNeeded {
            asset: asset.key.clone(),
            count,
            help: help(),
        }),
        Some(name) => {
            let found = (0..count).find(|number| label(*number).as_deref() == Some(name));
            found.ok_or_else(|| OutputError::UnknownOutput {
                asset: asset.key.clone(),
                output: name.to_owned(),
                help: help(),
            })
        }
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>, between: &str) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    quoted.join(between)
}
