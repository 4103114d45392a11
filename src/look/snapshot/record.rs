//! After a look: the records of what was found fresh, and of what that reads.

use fixedbitset::FixedBitSet;

use crate::hash::Sightings;
use crate::look::code::{is_code_as_seen, watched_code};
use crate::look::gather::find_source;
use crate::look::snapshot::glance::Viewpoint;
use crate::look::snapshot::numbering::Numbering;
use crate::look::snapshot::records::{
    ChunkedRecords, OwnedPart, Owner, Owners, RecordWriter, Variable,
};
use crate::look::workspace::Workspace;
use crate::model::{
    Asset, Counted, DataVersion, DataVersionRule, DeclaredResource, EnvValue, PartitionRef,
    PathTemplate, Place, SourceAsset, SourcePath, Watched, exceptions,
};
use crate::plan::{Cell, Codes, Known, Row, Scope, SettledPartitions};

/// What was judged, as far as records are made of it.
pub trait Judgement {
    /// Whether a cell is fresh by what is recorded of it, and nothing asks for it.
    fn is_fresh(&self, cell: Cell) -> bool;

    /// The version that an output of a fresh cell has; `None` where it does not count.
    fn output(&self, asset: &Asset, cell: Cell, output: usize) -> OutputCounts;

    /// What was found at a source.
    fn source(&self, row: &Row, cell: Cell) -> Known;

    /// What codes are made of.
    fn codes(&self) -> &Codes;

    /// Whether more is to be told of folders and globs than their versions, so that these are looked at each time.
    fn tells_of_folders(&self) -> bool;
}

/// What of an output counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputCounts {
    /// Its content, which has this version.
    Content(DataVersion),
    /// Its content, if it is there.
    ContentIfThere(DataVersion),
    /// Only that it is there, and its kind.
    Kind,
    /// Nothing.
    Nothing,
    /// What cannot be told by how it looks.
    Unknown,
}

/// What a look makes records of.
pub struct SnapshotRecording<'a> {
    /// Where files are, with the looks that were kept.
    pub workspace: &'a Workspace<'a>,
    /// What was looked at.
    pub scope: &'a Scope<'a>,
    /// What was settled before.
    pub settled: &'a SettledPartitions,
    /// Who looked.
    pub from: Viewpoint<'a>,
    /// What came of it.
    pub judgement: &'a dyn Judgement,
    /// Where each asset and source comes in the order of the graph.
    pub numbering: &'a Numbering,
}

/// The records of a look.
#[derive(Debug, Default)]
pub struct SnapshotRecords {
    /// The records.
    pub records: ChunkedRecords,
    /// The outputs among them.
    pub outputs: Owners,
    /// Whether all partitions of assets in the scope are settled now.
    pub is_complete: bool,
}

impl SnapshotRecording<'_> {
    /// Makes the records of all cells that are fresh, with all that they need.
    pub fn records(&self) -> SnapshotRecords {
        let mut writing = Writing {
            writer: RecordWriter::default(),
            sightings: if self.judgement.tells_of_folders() {
                Sightings::of_files()
            } else {
                Sightings::default()
            },
            cells: FixedBitSet::with_capacity(self.scope.cells() as usize),
            whole: vec![false; self.scope.rows().len()],
        };
        let mut outputs = Owners::default();
        let mut is_complete = true;
        for (number, row) in self.scope.rows().iter().enumerate() {
            let graph = self.scope.graph();
            let place = self.numbering.place_now(row.asset);
            let settled = match (graph.asset(row.asset), graph.source(row.asset)) {
                (Some(asset), _) => self.asset((row, asset), place, &mut writing),
                (None, Some(source)) => self.source((row, source), place, &mut writing),
                (None, None) => 0,
            };
            writing.whole[number] = settled == row.set.len();
            if !graph.is_source(row.asset) {
                is_complete &= writing.whole[number];
                let ranks = row.cells().zip(row.set.iter());
                let new = ranks.filter(|(cell, _)| {
                    writing.cells.contains(cell.index()) && !row.is_settled(*cell)
                });
                outputs.add(
                    place,
                    OwnedPart::Outputs,
                    &new.map(|(_, index)| index).collect(),
                );
            }
        }
        SnapshotRecords {
            records: writing.writer.finish(),
            outputs,
            is_complete,
        }
    }

    fn asset(&self, (row, asset): (&Row, &Asset), place: u32, writing: &mut Writing) -> u32 {
        let mut settled = 0;
        let mut code: Option<Option<Vec<Variable>>> = None;
        for (cell, index) in row.cells().zip(row.set.iter()) {
            if row.is_settled(cell) {
                writing.cells.insert(cell.index());
                settled += 1;
                continue;
            }
            let owner = Owner {
                place,
                part: OwnedPart::Outputs,
                index,
            };
            let can_be = !asset.is_volatile()
                && self.judgement.is_fresh(cell)
                && self.needs_only_settled(cell, writing);
            if !can_be {
                continue;
            }
            let is_code_known = code.get_or_insert_with(|| {
                writing.sightings.clear();
                let variables = self.sight_code(row, asset, &mut writing.sightings)?;
                let owner = Owner {
                    place,
                    part: OwnedPart::Code,
                    index: 0,
                };
                writing
                    .writer
                    .add(owner, &variables, writing.sightings.entries());
                Some(variables)
            });
            if is_code_known.is_none() {
                return settled;
            }
            writing.sightings.clear();
            let partition = PartitionRef {
                keys: self.scope.keys(row.asset),
                index,
            };
            if self.sight_outputs(asset, cell, partition, &mut writing.sightings) {
                writing.writer.add(owner, &[], writing.sightings.entries());
                writing.cells.insert(cell.index());
                settled += 1;
            }
        }
        settled
    }

    /// Whether all that a cell reads or waits for is settled. What has no row has no partition that it reads.
    fn needs_only_settled(&self, cell: Cell, writing: &Writing) -> bool {
        let in_doubt = |asset| {
            let has_row = self.scope.row(asset).is_some();
            has_row && !writing.whole[self.scope.number_of(asset)]
        };
        let mut all = true;
        self.scope.upstream_cells_of(cell, in_doubt, |up| {
            all &= writing.cells.contains(up.index());
        });
        all
    }
}

/// What is being written.
struct Writing {
    writer: RecordWriter,
    sightings: Sightings,
    /// The cells that are settled.
    cells: FixedBitSet,
    /// The rows of which all cells are, by number.
    whole: Vec<bool>,
}

impl SnapshotRecording<'_> {
    fn source(
        &self,
        (row, source): (&Row, &SourceAsset),
        place: u32,
        writing: &mut Writing,
    ) -> u32 {
        let before = self.settled.of(row.asset);
        let mut settled = 0;
        for (cell, index) in row.cells().zip(row.set.iter()) {
            let is_known = before.is_some_and(|before| before.contains(index));
            let owner = Owner {
                place,
                part: OwnedPart::Source,
                index,
            };
            let mut sight = || {
                writing.sightings.clear();
                self.sight_source((row, cell, index), source, &mut writing.sightings)
            };
            if is_known {
                // Its record stands as it is.
            } else if sight() {
                writing.writer.add(owner, &[], writing.sightings.entries());
            } else {
                continue;
            }
            writing.cells.insert(cell.index());
            settled += 1;
        }
        settled
    }

    fn sight_source(
        &self,
        (row, cell, index): (&Row, Cell, u32),
        source: &SourceAsset,
        sightings: &mut Sightings,
    ) -> bool {
        let keys = self.scope.keys(row.asset);
        let partition = PartitionRef { keys, index };
        let versions = self.workspace.versions;
        let Known::Version(version) = self.judgement.source(row, cell) else {
            return false;
        };
        let is_as_judged = || {
            let now = find_source(self.workspace, self.scope, cell);
            now.is_ok_and(|now| now == Known::Version(version))
        };
        let counted = Counted::read(source.leaves_out_gitignored);
        match &source.place {
            Place::Paths(paths) => match paths.as_slice() {
                [SourcePath::Exact(path)] => {
                    let path = path.path(partition).into_owned();
                    if version == DataVersion::absent() {
                        versions.sight_absent(sightings, &path);
                        return true;
                    }
                    versions.sight(sightings, &Watched::Path(path, counted), version)
                }
                [SourcePath::Glob(pattern, except)] => {
                    let watched = watched_glob((pattern, except), partition, counted);
                    counted != Counted::NotIgnored
                        && versions.sight_look(sightings, (&watched, Some(version)), is_as_judged)
                }
                paths => {
                    let mut paths = paths.iter();
                    counted != Counted::NotIgnored
                        && paths.all(|path| self.sight_path(path, partition, counted, sightings))
                        && is_as_judged()
                }
            },
            Place::Value { path, .. } => {
                let path = path.path(partition);
                if !self.workspace.resolve(&path).exists() {
                    versions.sight_absent(sightings, &path);
                    return is_as_judged();
                }
                versions.sight_file(sightings, &path, is_as_judged)
            }
            Place::Observed { .. } => false,
        }
    }

    /// One of several paths, as it looks now.
    fn sight_path(
        &self,
        path: &SourcePath,
        partition: PartitionRef<'_>,
        counted: Counted,
        sightings: &mut Sightings,
    ) -> bool {
        let versions = self.workspace.versions;
        match path {
            SourcePath::Exact(path) => {
                let path = path.path(partition).into_owned();
                let Ok(found) = versions.of_input(&path, counted) else {
                    return false;
                };
                let Some(version) = found.version() else {
                    versions.sight_absent(sightings, &path);
                    return true;
                };
                versions.sight(sightings, &Watched::Path(path, counted), version)
            }
            SourcePath::Glob(pattern, except) => {
                let watched = watched_glob((pattern, except), partition, counted);
                versions.sight_look(sightings, (&watched, None), || true)
            }
        }
    }

    /// How the code of an asset looks; gives the variables that are part of it. `None` where that cannot be trusted to tell of the
    /// next change.
    fn sight_code(
        &self,
        row: &Row,
        asset: &Asset,
        sightings: &mut Sightings,
    ) -> Option<Vec<Variable>> {
        let Some(recipe) = &asset.recipe else {
            return Some(Vec::new());
        };
        let codes = self.judgement.codes();
        if !recipe.code.tools.is_empty() || codes.unreadable.contains_key(&row.asset) {
            return None;
        }
        for watched in watched_code(codes, self.workspace.graph, recipe) {
            self.sight_code_at(&watched, codes, sightings)
                .then_some(())?;
        }
        let resources = recipe.resources.iter();
        let resources = resources.filter_map(|it| self.workspace.graph.resource(it.as_str()));
        let resources: Vec<&DeclaredResource> = resources.collect();
        let env = resources.iter().flat_map(|resource| resource.env());
        let taken = recipe.env.iter().chain(env).filter_map(|declared| {
            let EnvValue::FromEnv { variable, .. } = &declared.value else {
                return None;
            };
            Some((variable.clone(), self.from.variable(variable)))
        });
        let configs = resources.iter().filter_map(|it| it.config.as_ref());
        let configs = recipe.config.iter().chain(configs);
        let configured = configs.flat_map(|config| config.variables());
        let configured =
            configured.map(|(variable, _)| (variable.to_owned(), self.from.variable(variable)));
        Some(taken.chain(configured).collect())
    }

    fn sight_code_at(&self, watched: &Watched, codes: &Codes, sightings: &mut Sightings) -> bool {
        let versions = self.workspace.versions;
        match watched {
            Watched::Path(path, counted) | Watched::Word(path, counted) => {
                match codes.seen.files_of(*counted).get(path) {
                    Some(Some(version)) => versions.sight(sightings, watched, *version),
                    Some(None) => {
                        versions.sight_absent(sightings, path);
                        true
                    }
                    None => false,
                }
            }
            Watched::Glob { counted, .. } if *counted == Counted::NotIgnored => false,
            Watched::Glob { counted, .. } => {
                let is_same = || is_code_as_seen(codes, self.workspace, watched);
                let Some(paths) = codes.seen.globs.get(watched) else {
                    return false;
                };
                let mut paths = paths.iter();
                versions.sight_look(sightings, (watched, None), is_same)
                    && paths.all(|path| {
                        let path = Watched::Path(path.clone(), *counted);
                        self.sight_code_at(&path, codes, sightings)
                    })
            }
        }
    }

    fn sight_outputs(
        &self,
        asset: &Asset,
        cell: Cell,
        partition: PartitionRef<'_>,
        sightings: &mut Sightings,
    ) -> bool {
        let versions = self.workspace.versions;
        let mut outputs = asset.outputs.iter().enumerate();
        outputs.all(|(number, output)| {
            let path = output.path.path(partition).into_owned();
            let watched = |path| Watched::Path(path, Counted::All);
            match self.judgement.output(asset, cell, number) {
                OutputCounts::Content(version) => {
                    versions.sight(sightings, &watched(path), version)
                }
                OutputCounts::ContentIfThere(version) => {
                    if !self.workspace.resolve(&path).exists() {
                        versions.sight_absent(sightings, &path);
                        return true;
                    }
                    versions.sight(sightings, &watched(path), version)
                }
                OutputCounts::Kind => versions.sight_kind(sightings, &path),
                OutputCounts::Nothing => true,
                OutputCounts::Unknown => false,
            }
        })
    }
}

fn watched_glob(
    (pattern, except): (&PathTemplate, &[PathTemplate]),
    partition: PartitionRef<'_>,
    counted: Counted,
) -> Watched {
    Watched::Glob {
        pattern: pattern.path(partition).into_owned(),
        except: exceptions(except, partition),
        counted,
    }
}

/// What of an output counts by which its asset is judged, where it has this version.
pub fn by_rule(asset: &Asset, version: Option<DataVersion>) -> OutputCounts {
    match (asset.data_version, version) {
        (DataVersionRule::Content, Some(version)) => OutputCounts::Content(version),
        (DataVersionRule::Content, None) => OutputCounts::Unknown,
        (DataVersionRule::Inputs | DataVersionRule::Reported, _) => OutputCounts::Kind,
    }
}
