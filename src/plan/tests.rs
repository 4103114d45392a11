//! A world for tests of the pure rooms: declarations, sources and a memory, with a run that makes up what it makes.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use crate::digest::{Digest, Folding, Kind};
use crate::model::{
    Asset, AssetGraph, AssetId, BlockEntry, Cause, CodeRecord, CodeVersion, Current,
    CurrentColumns, CurrentMaterialization, DataVersion, DependencyChange, ExistingKeys,
    InputRecord, KeysByDefinition, LastAttempt, MaterializationId, OutputChange, PartitionSet,
    Provenance, RULE, Selected, Status,
};
use crate::plan::{
    CauseFacts, Cell, Decisions, Demand, Facts, Judge, Known, ObservedCode, Purpose, Records,
    RowConfigs, Scope, Upstream, Verdict, causes, code_record, code_version, decide,
    mapping_in_words, output_read,
};

/// What is declared, found and remembered.
pub struct World {
    graph: AssetGraph,
    keys: KeysByDefinition,
    /// Sources that are not what they were in the beginning, by step name; `None` where nothing is there.
    sources: HashMap<String, Option<String>>,
    /// Outputs that are not what was recorded, by step name.
    pub changed: HashMap<String, Vec<(usize, OutputChange)>>,
    /// Assets whose outputs are always the same.
    pub constant: HashSet<&'static str>,
    memory: Memory,
}

/// What a run remembers.
#[derive(Default)]
struct Memory {
    current: HashMap<String, Current>,
    inputs: HashMap<i64, Vec<InputRecord>>,
    codes: HashMap<CodeVersion, CodeRecord>,
    blocks: HashMap<Digest, Vec<BlockEntry>>,
}

/// The words and the purpose of a request.
pub struct Asked<'a> {
    /// Words of a selection; everything if empty.
    pub words: &'a [&'a str],
    /// For what it is judged.
    pub purpose: Purpose,
    /// How far up it reaches.
    pub upstream: Upstream,
}

/// Everything, for its status.
pub const ALL: Asked<'static> = Asked {
    words: &[],
    purpose: Purpose::Status,
    upstream: Upstream::Close,
};

impl Memory {
    fn next_id(&self) -> MaterializationId {
        MaterializationId(self.inputs.keys().max().map_or(1, |last| last + 1))
    }
}

impl Records for Memory {
    fn inputs(&self, id: MaterializationId) -> Option<Vec<InputRecord>> {
        self.inputs.get(&id.0).cloned()
    }

    fn code(&self, version: CodeVersion) -> Option<CodeRecord> {
        self.codes.get(&version).cloned()
    }

    fn block(&self, digest: Digest) -> Option<Vec<BlockEntry>> {
        self.blocks.get(&digest).cloned()
    }
}

impl World {
    /// A world with this manifest, in which nothing was made yet and all sources are there.
    pub fn new(manifest: &str) -> Self {
        let (graph, keys) = read(manifest);
        Self {
            graph,
            keys,
            sources: HashMap::new(),
            changed: HashMap::new(),
            constant: HashSet::new(),
            memory: Memory::default(),
        }
    }

    /// Declares something else.
    pub fn declare(&mut self, manifest: &str) {
        (self.graph, self.keys) = read(manifest);
    }

    /// Gives a source, by its step name, another content, or none.
    pub fn set(&mut self, source: &str, text: Option<&str>) {
        self.sources
            .insert(source.to_owned(), text.map(ToOwned::to_owned));
    }

    /// Lets a step's record be one that only the lock file tells of.
    pub fn know_from_lock(&mut self, step: &str) {
        let current = self.memory.current.get_mut(step);
        let last = current.and_then(|current| current.materialized.as_mut());
        last.expect("it was made").provenance = Provenance::Locked;
    }

    /// Lets the last attempt at a step have failed.
    pub fn fail(&mut self, step: &str) {
        let empty = Current {
            materialized: None,
            attempt: LastAttempt::Failed,
        };
        let current = self.memory.current.entry(step.to_owned()).or_insert(empty);
        current.attempt = LastAttempt::Failed;
    }

    /// The record of a step, to be changed.
    pub fn record(&mut self, step: &str) -> &mut CurrentMaterialization {
        let current = self.memory.current.get_mut(step).expect("it was made");
        current.materialized.as_mut().expect("it was made")
    }

    /// Judges what was asked for, and gives that to `then`.
    pub fn judged<T>(
        &self,
        asked: &Asked<'_>,
        then: impl FnOnce(&mut Judge<'_>, &[Verdict]) -> T,
    ) -> T {
        let goals = self.goals(asked.words);
        let scope = Scope::new(&self.graph, &self.keys, &goals, asked.upstream);
        let mut judge = Judge::new(&scope, self.facts(&scope), asked.purpose);
        let verdicts = judge.judge_all(&self.memory, |parts, part| (0..parts).for_each(part));
        then(&mut judge, &verdicts)
    }

    /// The status of each asset partition in the scope, as `STEP STATUS`, upstream first.
    pub fn statuses(&self, asked: &Asked<'_>) -> Vec<String> {
        self.judged(asked, |judge, verdicts| {
            let cells = asset_cells(judge.scope());
            let line = |cell: Cell| {
                let verdict = verdicts[cell.index()];
                let name = step_name(judge.scope(), cell);
                let demand = match verdict.demand {
                    Demand::None => "",
                    Demand::Volatile => " volatile",
                    Demand::Forced => " forced",
                };
                format!("{name} {}{demand}", verdict.status.word())
            };
            cells.into_iter().map(line).collect()
        })
    }

    /// The causes for which a step is not fresh, in words.
    pub fn causes(&self, asked: &Asked<'_>, step: &str) -> Vec<Cause> {
        self.judged(asked, |judge, verdicts| {
            let scope = judge.scope();
            let cell = asset_cells(scope)
                .into_iter()
                .find(|cell| step_name(scope, *cell) == step);
            let code = |id| self.graph.asset(id).map_or_else(Vec::new, record);
            let evidence = CauseFacts {
                records: &self.memory,
                verdicts,
                code: &code,
                path: &|_| None,
                detail: &|_, _| None,
            };
            causes(judge, &evidence, cell.expect("it is in the scope"))
        })
    }

    /// The decision on each asset partition in the scope, as `STEP DECISION`.
    pub fn decisions(&self, asked: &Asked<'_>) -> (Vec<String>, Decisions) {
        self.judged(asked, |judge, verdicts| {
            let decisions = decide(judge, verdicts);
            let scope = judge.scope();
            let line = |cell: Cell| {
                let decision = decisions.of[cell.index()];
                format!("{} {decision:?}", step_name(scope, cell))
            };
            let lines = asset_cells(scope).into_iter().map(line).collect();
            (lines, decisions)
        })
    }

    /// Makes all that is not fresh and can be made.
    pub fn run(&mut self) {
        let goals = self.goals(&[]);
        let scope = Scope::new(&self.graph, &self.keys, &goals, Upstream::Close);
        let mut judge = Judge::new(&scope, self.facts(&scope), Purpose::Run);
        let mut memory = std::mem::take(&mut self.memory);
        for cell in asset_cells(&scope) {
            let verdict = judge.judge(cell, &memory);
            let step = step_name(&scope, cell);
            let Some(fingerprint) = verdict.fingerprint else {
                continue;
            };
            if verdict.status == Status::Fresh {
                continue;
            }
            let (id, _) = scope.at(cell);
            let asset = self.graph.asset(id).expect("only assets are made");
            let made = |index| {
                let seed = if self.constant.contains(asset.key.as_str()) {
                    String::new()
                } else {
                    format!("{fingerprint:?}")
                };
                version(&format!("{step} {index} {seed}"))
            };
            let outputs: Vec<_> = (0..asset.outputs.len()).map(made).collect();
            let id = memory.next_id();
            let read = read_inputs(&mut judge, &mut memory, cell, asset);
            memory.inputs.insert(id.0, read);
            let code = code(asset);
            memory.codes.insert(code, record(asset));
            let current = Current {
                materialized: Some(CurrentMaterialization {
                    provenance: Provenance::Recorded(id),
                    rule: RULE,
                    fingerprint,
                    code_version: code,
                    time: Timestamp::UNIX_EPOCH,
                    outputs: outputs.clone(),
                    duration_ms: 1_000,
                }),
                attempt: LastAttempt::Succeeded,
            };
            memory.current.insert(step.clone(), current.clone());
            judge.materialized(cell, &current, &outputs);
            self.changed.remove(&step);
        }
        self.memory = memory;
    }

    /// The id of an asset or source.
    pub fn id(&self, name: &str) -> AssetId {
        self.graph.find(name).expect("it is declared")
    }

    /// What words select.
    pub fn goals(&self, words: &[&str]) -> Vec<(AssetId, PartitionSet)> {
        let all = |id| {
            let keys = self.keys.get(self.graph.partitions(id));
            (id, PartitionSet::from_range(keys.range()))
        };
        if words.is_empty() {
            let assets = self.graph.ids().filter(|id| !self.graph.is_source(*id));
            return assets.map(all).collect();
        }
        let goal = |word: &&str| {
            let word: Selected = word.parse().expect("a word");
            let id = self.id(word.asset.as_str());
            match word.partition {
                None => all(id),
                Some(key) => {
                    let keys = self.keys.get(self.graph.partitions(id));
                    let index = keys.index_of(key.as_str()).expect("a key of it");
                    (id, PartitionSet::single(index))
                }
            }
        };
        words.iter().map(goal).collect()
    }

    /// What is declared.
    pub fn graph(&self) -> &AssetGraph {
        &self.graph
    }

    /// The keys of all definitions.
    pub fn keys(&self) -> &KeysByDefinition {
        &self.keys
    }

    /// Gives each step that was made, in order of names, with what is recorded of it.
    pub fn made(
        &self,
        mut each: impl FnMut(&str, &Asset, &CurrentMaterialization, &[InputRecord]),
    ) {
        let steps: BTreeMap<_, _> = self.memory.current.iter().collect();
        for (step, current) in steps {
            let name = step.split_once('@').map_or(step.as_str(), |(name, _)| name);
            let asset = self.graph.find(name).and_then(|id| self.graph.asset(id));
            if let (Some(asset), Some(last)) = (asset, &current.materialized) {
                let id = last.provenance.recorded().expect("it was recorded");
                each(step, asset, last, &self.memory.inputs[&id.0]);
            }
        }
    }

    /// What was found of a scope.
    pub fn facts(&self, scope: &Scope<'_>) -> Facts {
        let mut facts = Facts {
            code: Vec::new(),
            configs: RowConfigs::default(),
            versions: vec![Known::Unknown; scope.versions() as usize],
            recorded: CurrentColumns::never_tried(scope.cells() as usize),
            changed_outputs: HashMap::new(),
            lacking_keys: scope.lacking_keys(),
            too_long: HashSet::new(),
        };
        for row in scope.rows() {
            facts.code.push(self.graph.asset(row.asset).map(code));
            for cell in row.cells() {
                let step = step_name(scope, cell);
                if self.graph.source(row.asset).is_some() {
                    let known = match self.sources.get(&step) {
                        None => Known::Version(version(&step)),
                        Some(None) => Known::Absent,
                        Some(Some(text)) => Known::Version(version(text)),
                    };
                    facts.versions[row.versions_of(cell)].fill(known);
                }
                if let Some(current) = self.memory.current.get(&step) {
                    facts.recorded.set(cell.index(), current);
                }
                if let Some(changed) = self.changed.get(&step) {
                    facts.changed_outputs.insert(cell, changed.clone());
                }
            }
        }
        facts
    }
}

/// The cells of assets, upstream first.
pub fn asset_cells(scope: &Scope<'_>) -> Vec<Cell> {
    let rows = scope.rows().iter();
    rows.filter(|row| scope.graph().asset(row.asset).is_some())
        .flat_map(super::Row::cells)
        .collect()
}

/// A cell as people write it.
pub fn step_name(scope: &Scope<'_>, cell: Cell) -> String {
    let key = scope.graph().key(scope.at(cell).0);
    match scope.partition(cell) {
        Some(partition) => format!("{key}@{partition}"),
        None => key.to_string(),
    }
}

/// A data version that stands for a text.
pub fn version(text: &str) -> DataVersion {
    DataVersion(Kind::File.digest(text.as_bytes()))
}

/// A cause in words, with what changed.
pub fn words(cause: &Cause) -> String {
    match cause {
        Cause::Code(change) => format!("code {}", change.what),
        Cause::Dependency { input, change } => {
            let change = match change {
                DependencyChange::Added => "added".to_owned(),
                DependencyChange::Removed => "removed".to_owned(),
                DependencyChange::Remapped { old, new } => format!("remapped {old} → {new}"),
            };
            format!("dependency {input} {change}")
        }
        Cause::DependencyRemoved => "dependency removed".to_owned(),
        Cause::Data(change) => {
            let key = change.partition.as_ref();
            let key = key.map_or_else(String::new, |key| format!("@{key}"));
            let sides = match (change.old, change.new) {
                (Some(_), Some(_)) => "",
                (Some(_), None) => " gone",
                (None, Some(_)) => " new",
                (None, None) => " unknown",
            };
            let root: Vec<_> = change.root.iter().map(words).collect();
            let root = if root.is_empty() {
                String::new()
            } else {
                format!(" < {}", root.join(" + "))
            };
            format!("data {}{key}{sides}{root}", change.input)
        }
        Cause::Output { output, .. } => format!("output {}", output.as_deref().unwrap_or("-")),
        other => other.kind().word().to_owned(),
    }
}

fn code(asset: &Asset) -> CodeVersion {
    code_version(asset, &ObservedCode::default(), &mut Folding::new())
}

fn record(asset: &Asset) -> CodeRecord {
    code_record(asset, &ObservedCode::default())
}

fn read_inputs(
    judge: &mut Judge<'_>,
    memory: &mut Memory,
    cell: Cell,
    asset: &Asset,
) -> Vec<InputRecord> {
    let graph = judge.scope().graph();
    let mut inputs = Vec::new();
    for (index, dep) in asset.deps.iter().enumerate() {
        let read = judge.read(cell, index, |blocks, folding, mapped| {
            let contribution = blocks.contribution(mapped, folding);
            (contribution, blocks.record(mapped, folding))
        });
        let (contribution, (blocks, stored)) = read.expect("it has a fingerprint");
        memory.blocks.extend(stored);
        inputs.push(InputRecord {
            input: dep.input.to_string(),
            asset: graph.key(dep.asset).clone(),
            output: output_read(graph, dep),
            mapping: mapping_in_words(&dep.mapping, dep.allow_missing),
            contribution,
            blocks,
        });
    }
    inputs
}

fn read(manifest: &str) -> (AssetGraph, KeysByDefinition) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("Assets.toml"), manifest).expect("written");
    let root = folder.path().canonicalize().expect("it is there");
    let manifest = crate::manifest::load(&root).expect("the test's manifest is right");
    let keys = manifest
        .graph
        .keys(&ExistingKeys {
            now: Timestamp::MAX,
            ..ExistingKeys::default()
        })
        .expect("few keys");
    (manifest.graph, keys)
}
