//! A recorded fingerprint against the one that the present declaration and inputs give, field by field.

use std::collections::{HashMap, HashSet};

use crate::answer::ComparedField;
use crate::app::history::Entries;
use crate::digest::{Digest, Field, Folding};
use crate::model::{Asset, DataVersion, Dep, InputRecord, Materialization, PartitionKey, RULE};
use crate::plan::{
    Cell, Evaluation, code_record, config_fields, value_in_words, version_of_outputs,
};
use crate::store::{Store, StoreError};

/// How many changed keys of one input are told; more would not be read.
const KEYS_TOLD: usize = 20;

/// What is compared.
pub struct Comparison<'c, 'a> {
    /// The present.
    pub evaluation: &'c mut Evaluation<'a>,
    /// The instance that holds the record.
    pub store: &'c Store,
    /// The asset partition.
    pub cell: Cell,
    /// Its last materialization; `None` if there was none.
    pub recorded: Option<&'c Materialization>,
}

impl Comparison<'_, '_> {
    /// All fields, in the order in which they are folded; what is gone comes last among its like.
    ///
    /// The value of an input that reads one key is the data version of that. One that reads several is what they
    /// contribute as one, and each changed key has a field of its own: `input.NAME@KEY`.
    pub fn fields(
        mut self,
        asset: &Asset,
        entries: &mut Entries<'_>,
    ) -> Result<Vec<ComparedField>, StoreError> {
        let mut fields = vec![ComparedField::new(
            "rule".to_owned(),
            self.recorded.map(|it| it.rule.to_string()),
            Some(RULE.to_string()),
        )];
        fields.extend(self.code(asset)?);
        if let Some(key) = self.evaluation.scope().partition(self.cell) {
            let recorded = self.recorded.and_then(|it| it.partition.as_ref());
            fields.push(ComparedField::new(
                "partition".to_owned(),
                recorded.map(ToString::to_string),
                Some(key.to_string()),
            ));
        }
        for (index, dep) in asset.deps.iter().enumerate() {
            let name = dep.input.as_str();
            let record = self.inputs().iter().find(|input| input.input == name);
            let recorded = record.map(|input| InputRead::recorded(input, entries));
            let now = self.read(index, dep);
            compare_input(
                name,
                recorded.transpose()?.as_ref(),
                Some(&now),
                &mut fields,
            );
        }
        let declared = |input: &&InputRecord| {
            let name = input.input.as_str();
            asset.deps.iter().any(|dep| dep.input.as_str() == name)
        };
        for input in self.inputs().iter().filter(|input| !declared(input)) {
            let recorded = InputRead::recorded(input, entries)?;
            compare_input(&input.input, Some(&recorded), None, &mut fields);
        }
        Ok(fields)
    }

    fn inputs(&self) -> &[InputRecord] {
        self.recorded.map_or(&[], |it| &it.inputs)
    }

    fn code(&self, asset: &Asset) -> Result<Vec<ComparedField>, StoreError> {
        let scope = self.evaluation.scope();
        let (id, _) = scope.at(self.cell);
        let now = code_record(asset, &self.evaluation.codes().observed(id));
        let code_version = self.evaluation.code_version(self.cell);
        let recorded = match self.recorded {
            Some(it) if Some(it.code_version) == code_version => Some(now.clone()),
            Some(it) => self.store.code_record(it.code_version)?,
            None => None,
        };
        let (mut recorded, mut now) = (joined(&recorded.unwrap_or_default()), joined(&now));
        let of_partition = self.evaluation.judge().config_of(self.cell);
        let old = self.recorded.map(|it| config_fields(&it.config));
        put_fields(&mut recorded, &old.unwrap_or_default());
        put_fields(&mut now, &of_partition);
        let value = |fields: &[(String, String)], name: &str| {
            let (_, value) = fields.iter().find(|(field, _)| field == name)?;
            value_in_words(name, value.clone())
        };
        let known: HashSet<&str> = now.iter().map(|(name, _)| name.as_str()).collect();
        let gone = recorded
            .iter()
            .filter(|(name, _)| !known.contains(name.as_str()));
        let compared = now.iter().chain(gone).map(|(name, _)| {
            ComparedField::new(name.clone(), value(&recorded, name), value(&now, name))
        });
        Ok(compared.collect())
    }

    /// What a dep reads now, key by key as far as it is known.
    fn read(&mut self, index: usize, dep: &Dep) -> InputRead {
        let contribution =
            self.evaluation
                .judge_mut()
                .read(self.cell, index, |blocks, folding, mapped| {
                    blocks.contribution(mapped, folding)
                });
        let scope = self.evaluation.scope();
        let (id, partition) = scope.at(self.cell);
        let keys = scope.keys(dep.asset);
        let set = scope.mapped(id, dep, partition.index);
        let version = |index| (keys.key(index), self.version(dep, index));
        InputRead {
            contribution,
            keys: set.iter().map(version).collect(),
        }
    }

    fn version(&self, dep: &Dep, index: u32) -> Option<DataVersion> {
        let up = self.evaluation.scope().cell(dep.asset, index)?;
        let slots = self.evaluation.scope().row_of_cell(up).versions_of(up);
        let known = &self.evaluation.facts().versions[slots];
        if let Some(output) = dep.output {
            return known[output as usize].version();
        }
        let all: Option<Vec<_>> = known.iter().map(|it| it.version()).collect();
        Some(version_of_outputs(&all?, &mut Folding::new()))
    }
}

/// What an input reads.
struct InputRead {
    /// As one; `None` if it is not known.
    contribution: Option<Digest>,
    /// By key, in order; a version that is not known is `None`.
    keys: Vec<(Option<PartitionKey>, Option<DataVersion>)>,
}

/// Takes the values of single partitions for those of the code record that they win over.
fn put_fields(fields: &mut Vec<(String, String)>, of_partition: &[Field]) {
    for field in of_partition {
        match fields.iter_mut().find(|(name, _)| *name == field.name) {
            Some((_, value)) => value.clone_from(&field.value),
            None => fields.push((field.name.clone(), field.value.clone())),
        }
    }
}

impl InputRead {
    fn recorded(input: &InputRecord, entries: &mut Entries<'_>) -> Result<Self, StoreError> {
        let keys = entries.keys_read(input)?.into_iter();
        Ok(Self {
            contribution: Some(input.contribution),
            keys: keys.map(|it| (it.partition, Some(it.version))).collect(),
        })
    }

    fn text(&self, arity: Arity) -> Option<String> {
        match (arity, self.keys.as_slice()) {
            (Arity::One, [(_, version)]) => version.map(|it| it.to_string()),
            _ => self.contribution.map(|it| it.to_string()),
        }
    }
}

/// How many keys an input reads, then and now.
#[derive(Clone, Copy)]
enum Arity {
    One,
    Several,
}

fn compare_input(
    name: &str,
    recorded: Option<&InputRead>,
    now: Option<&InputRead>,
    fields: &mut Vec<ComparedField>,
) {
    let single = |read: Option<&InputRead>| read.is_none_or(|read| read.keys.len() == 1);
    let same_key = match (recorded, now) {
        (Some(recorded), Some(now)) => {
            let key = |read: &InputRead| read.keys.first().map(|(key, _)| key.clone());
            key(recorded) == key(now)
        }
        _ => true,
    };
    let arity = if single(recorded) && single(now) && same_key {
        Arity::One
    } else {
        Arity::Several
    };
    let field = format!("input.{name}");
    fields.push(ComparedField::new(
        field.clone(),
        recorded.and_then(|read| read.text(arity)),
        now.and_then(|read| read.text(arity)),
    ));
    if let (Arity::Several, Some(recorded), Some(now)) = (arity, recorded, now) {
        fields.extend(changed_keys(&field, recorded, now));
    }
}

/// The keys whose versions differ: those that are read now, then those that are not read any more.
fn changed_keys(field: &str, recorded: &InputRead, now: &InputRead) -> Vec<ComparedField> {
    let old: HashMap<_, _> = recorded.keys.iter().cloned().collect();
    let new: HashSet<_> = now.keys.iter().map(|(key, _)| key).collect();
    let gone = recorded.keys.iter().filter(|(key, _)| !new.contains(key));
    let pairs = now
        .keys
        .iter()
        .map(|(key, version)| (key, old.get(key).copied().flatten(), *version))
        .chain(gone.map(|(key, version)| (key, *version, None)));
    let changed = pairs.filter(|(_, old, new)| old != new).take(KEYS_TOLD);
    let text = |version: DataVersion| version.to_string();
    changed
        .map(|(key, old, new)| {
            ComparedField::new(
                match key {
                    Some(key) => format!("{field}@{key}"),
                    None => field.to_owned(),
                },
                old.map(text),
                new.map(text),
            )
        })
        .collect()
}

/// Fields by name, in order; what stands several times under one name is one text.
fn joined(fields: &[Field]) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for field in fields {
        match joined.iter_mut().find(|(name, _)| *name == field.name) {
            Some((_, value)) => {
                value.push(' ');
                value.push_str(&field.value);
            }
            None => joined.push((field.name.clone(), field.value.clone())),
        }
    }
    joined
}
