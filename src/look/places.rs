//! What lies at the places of outputs that are to be made.
//!
//! Ours is what was recorded there, by the instance or by a line of the lock file, what any asset is known to have made
//! there, and what a step of ours has begun there. It is replaced. Everything else is somebody's: a file is kept aside, and a
//! folder that holds something is refused before anything runs.
//!
//! A place is looked at only where its asset partition is to be made and has no record for this path, once. Where nothing
//! lies there, which is nearly always, that was all.
//!
//! The places at which a step of ours has begun to put an output: a file of the project, `.assetctl/begun`.
//!
//! A record is made last. Who dies before it leaves outputs that no record tells of, and without this file the next run
//! would take them for somebody else's. It lies with the project, as outputs do, so that all instances of a project know
//! it. It holds a digest of 16 bytes for each path and only grows. It is lost without harm: then what lies at such a place
//! is kept aside, and said.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::answer::PlannedAside;
use crate::digest::Field;
use crate::hash::{HashError, version_of_bytes};
use crate::look::error::{EngineError, Problems};
use crate::look::manifest_text::Spot;
use crate::look::workspace::{OWN_FOLDER, Workspace};
use crate::model::{
    Asset, CodeRecord, CodeVersion, DataVersion, Lock, LockedAsset, Occupied, OutputKind,
    Provenance,
};
use crate::plan::{
    Cell, Evaluation, ObservedCode, Occupant, OccupantKind, OutputPlaces, Row, code_record,
};
use crate::store::Store;

/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;

impl Evaluation<'_> {
    /// Looks at the places of the outputs that are to be made. `lock` is asked only where something lies there.
    ///
    /// # Errors
    ///
    /// All folders that hold something and are not ours, unless they are to be set aside, too.
    pub fn look_at_places<L: Borrow<Lock>>(
        &mut self,
        workspace: &Workspace<'_>,
        store: &Store,
        occupied: Occupied,
        lock: impl FnOnce() -> Option<L>,
    ) -> Result<(), Problems> {
        let (unrecorded, occupants) = self.find_occupants(workspace, store)?;
        let mut places = OutputPlaces {
            unrecorded,
            ..OutputPlaces::default()
        };
        if !occupants.is_empty() {
            let lock = lock();
            let lock = lock.as_ref().map(L::borrow);
            places.ours = self.find_ours(workspace, store, lock, &occupants)?;
            let foreign = occupants.into_iter();
            let foreign = foreign.filter(|it| !self.is_replaced(workspace, &places.ours, it));
            places.foreign = foreign.collect();
        }
        self.take_places(places);
        match occupied {
            Occupied::Refused => self.refuse_folders(workspace),
            Occupied::SetAside => Ok(()),
        }
    }

    /// What will be set aside, counted by asset.
    pub fn planned_asides(&self) -> Vec<PlannedAside> {
        let mut asides: Vec<PlannedAside> = Vec::new();
        for occupant in self.foreign_occupants() {
            let asset = self.step_name(occupant.cell).asset;
            match asides.last_mut() {
                Some(last) if last.asset == asset => last.count += 1,
                _ => asides.push(PlannedAside {
                    asset,
                    count: 1,
                    path: occupant.path.clone(),
                }),
            }
        }
        asides
    }

    /// The cells that are to be made and have no record for their paths, and what lies at these.
    fn find_occupants(
        &self,
        workspace: &Workspace<'_>,
        store: &Store,
    ) -> Result<(HashSet<Cell>, Vec<Occupant>), Problems> {
        let scope = self.scope();
        let mut unrecorded = HashSet::new();
        let mut occupants = Vec::new();
        let mut folders = Folders::new(workspace.root);
        let mut path = String::new();
        let mut problems = Problems::default();
        for (number, row) in scope.rows().iter().enumerate() {
            let asset = scope.graph().asset(row.asset);
            let Some(asset) = asset.filter(|asset| asset.recipe.is_some()) else {
                continue;
            };
            let mut templates = Templates {
                store,
                asset,
                now: self.facts().code[number],
                known: HashMap::new(),
            };
            for cell in row.cells() {
                let runs = self.decision(cell).may_run();
                if !runs || self.is_recorded_here(&mut templates, cell) {
                    continue;
                }
                unrecorded.insert(cell);
                for (output, declared) in asset.outputs.iter().enumerate() {
                    path.clear();
                    declared.path.write_path(scope.at(cell).1, &mut path);
                    let kind = match folders.occupant(&path) {
                        Ok(None) => continue,
                        Ok(Some(kind)) => kind,
                        Err(source) => {
                            let path = path.clone();
                            problems.push(HashError::Unreadable { path, source }.into());
                            continue;
                        }
                    };
                    occupants.push(Occupant {
                        cell,
                        output,
                        path: path.clone(),
                        kind,
                    });
                }
            }
        }
        problems.into_result((unrecorded, occupants))
    }

    /// Whether a cell has a record, by paths that are those of now.
    fn is_recorded_here(&self, templates: &mut Templates<'_>, cell: Cell) -> bool {
        let last = self.recorded(cell);
        last.is_some_and(|last| {
            last.provenance == Provenance::Locked || templates.are_those_of(last.code_version)
        })
    }

    /// What of `occupants` is ours, with its version if one is known.
    fn find_ours(
        &self,
        workspace: &Workspace<'_>,
        store: &Store,
        lock: Option<&Lock>,
        occupants: &[Occupant],
    ) -> Result<HashMap<(Cell, usize), Option<DataVersion>>, Problems> {
        let mut ours = HashMap::new();
        let paths: Vec<&str> = occupants.iter().map(|it| it.path.as_str()).collect();
        let made = store.made_at(&paths.iter().copied().collect())?;
        let begun = begun_at(workspace.root, &paths);
        // A line does not tell a path. Where there is a record, it is of another one, and so is the line.
        let is_unrecorded = |it: &&Occupant| self.recorded(it.cell).is_none();
        let unrecorded = occupants.iter().filter(is_unrecorded);
        let unrecorded: Vec<Cell> = unrecorded.map(|it| it.cell).collect();
        let locked = lock.map(|lock| self.in_lock(lock, &unrecorded));
        let versions = lock.map(locked_versions).unwrap_or_default();
        for it in occupants {
            let version = if let Some(version) = made.get(it.path.as_str()) {
                Some(*version)
            } else if locked.as_ref().is_some_and(|all| all.contains(&it.cell)) {
                let line = self
                    .locked()
                    .elsewhere
                    .get(&it.cell)
                    .and_then(Option::as_ref);
                line.and_then(|line| line.outputs.get(it.output).copied())
            } else if begun.contains(it.path.as_str()) {
                None
            } else {
                // The line of an asset that has another name now does not tell its path, but what it made.
                let found = (!versions.is_empty())
                    .then(|| workspace.versions.of_path(&it.path).ok()?.version())
                    .flatten();
                match found.filter(|found| versions.contains(found)) {
                    Some(version) => Some(version),
                    None => continue,
                }
            };
            ours.insert((it.cell, it.output), version);
        }
        Ok(ours)
    }

    /// Those of `cells` of which the lock file has a line, right or not.
    fn in_lock(&self, lock: &Lock, cells: &[Cell]) -> HashSet<Cell> {
        let scope = self.scope();
        let assets: HashMap<_, &LockedAsset> =
            lock.assets.iter().map(|it| (&it.asset, it)).collect();
        let mut locked_cells = HashSet::new();
        let mut by_row: BTreeMap<usize, Vec<Cell>> = BTreeMap::new();
        for cell in cells {
            let number = scope.number_of(scope.at(*cell).0);
            by_row.entry(number).or_default().push(*cell);
        }
        for (number, of_row) in by_row {
            let row: &Row = &scope.rows()[number];
            let Some(locked) = assets.get(scope.graph().key(row.asset)) else {
                continue;
            };
            let keys = scope.keys(row.asset);
            let blocks = locked.folded(keys);
            let lines: HashSet<_> = locked.lines.iter().map(|it| &it.partition).collect();
            locked_cells.extend(of_row.into_iter().filter(|cell| {
                blocks.contains(row.index_of(*cell)) || lines.contains(&scope.partition(*cell))
            }));
        }
        locked_cells
    }

    /// Whether what lies at a place is ours. A folder that is where a file is declared is only if it is just what was
    /// recorded: nobody knows what else it holds.
    fn is_replaced(
        &self,
        workspace: &Workspace<'_>,
        ours: &HashMap<(Cell, usize), Option<DataVersion>>,
        it: &Occupant,
    ) -> bool {
        let Some(version) = ours.get(&(it.cell, it.output)) else {
            return false;
        };
        let is_file = self
            .asset(it.cell)
            .is_some_and(|it2| it2.outputs[it.output].kind == OutputKind::File);
        if it.kind == OccupantKind::File || !is_file {
            return true;
        }
        let found = workspace.versions.of_path(&it.path).ok();
        version.is_some() && found.and_then(|found| found.version()) == *version
    }

    /// An error for each output of an asset at whose places folders lie that are not ours.
    fn refuse_folders(&self, workspace: &Workspace<'_>) -> Result<(), Problems> {
        let mut folders: BTreeMap<(usize, usize), (&Occupant, usize)> = BTreeMap::new();
        let foreign = self.foreign_occupants().iter();
        for it in foreign.filter(|it| it.kind == OccupantKind::Folder) {
            let number = self.scope().number_of(self.scope().at(it.cell).0);
            folders.entry((number, it.output)).or_insert((it, 0)).1 += 1;
        }
        let mut problems = Problems::default();
        for (first, count) in folders.into_values() {
            let Some(asset) = self.asset(first.cell) else {
                continue;
            };
            let output = &asset.outputs[first.output];
            let spot = Spot::read(workspace, output.location);
            problems.push(EngineError::occupied_output(
                &self.step_name(first.cell),
                (&first.path, count - 1),
                output.kind,
                spot,
            ));
        }
        problems.into_result(())
    }
}

/// Whether other code versions of an asset have had the same output templates.
struct Templates<'a> {
    store: &'a Store,
    asset: &'a Asset,
    now: Option<CodeVersion>,
    known: HashMap<CodeVersion, bool>,
}

impl Templates<'_> {
    fn are_those_of(&mut self, version: CodeVersion) -> bool {
        if self.now == Some(version) {
            return true;
        }
        let Self {
            store,
            asset,
            known,
            ..
        } = self;
        *known.entry(version).or_insert_with(|| {
            // What cannot be read is not known.
            let record = store.code_record(version).ok().flatten();
            record.is_some_and(|record| templates(record) == templates(declared(asset)))
        })
    }
}

/// What is recorded of the code of an asset as it is declared, without what is found on disk.
fn declared(asset: &Asset) -> CodeRecord {
    code_record(asset, &ObservedCode::default())
}

fn templates(record: CodeRecord) -> Vec<Field> {
    let is_template = |field: &Field| field.name == "output" || field.name.starts_with("output.");
    record.into_iter().filter(is_template).collect()
}

/// The versions of all outputs that a lock file knows one by one.
fn locked_versions(lock: &Lock) -> HashSet<DataVersion> {
    let lines = lock.assets.iter().flat_map(|asset| &asset.lines);
    let outputs = lines.flat_map(|line| &line.outputs);
    outputs.filter_map(|output| output.version).collect()
}

/// The folders of outputs; in one that does not exist nothing has to be looked for.
struct Folders<'a> {
    root: &'a Path,
    exist: HashMap<String, bool>,
}

impl<'a> Folders<'a> {
    fn new(root: &'a Path) -> Self {
        Self {
            root,
            exist: HashMap::new(),
        }
    }

    /// What lies at `path`, if it is anything that could be lost. An error where no file can have this name.
    fn occupant(&mut self, path: &str) -> io::Result<Option<OccupantKind>> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let exists = if let Some(exists) = self.exist.get(folder) {
            *exists
        } else {
            let exists = self.root.join(folder).exists();
            self.exist.insert(folder.to_owned(), exists);
            exists
        };
        if path.len() > LONGEST && path.split('/').any(|name| name.len() > LONGEST) {
            return Err(io::Error::from(io::ErrorKind::InvalidFilename));
        }
        Ok(if exists {
            occupant(&self.root.join(path))
        } else {
            None
        })
    }
}

fn occupant(path: &Path) -> Option<OccupantKind> {
    let metadata = path.symlink_metadata().ok()?;
    let folder = metadata.is_dir() || (metadata.is_symlink() && path.is_dir());
    if folder && holds_something(path) {
        Some(OccupantKind::Folder)
    } else {
        (!metadata.is_dir()).then_some(OccupantKind::File)
    }
}

/// Whether a folder holds anything. One that cannot be read may.
pub fn holds_something(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_some())
}

const FILE: &str = "begun";

/// The length of an entry.
const ENTRY: usize = 16;

/// Notes that outputs are about to be put at `paths`, which are relative to the project root.
pub fn note_begun<'p>(root: &Path, paths: impl Iterator<Item = &'p str>) -> io::Result<()> {
    let entries: Vec<u8> = paths.flat_map(entry).collect();
    if entries.is_empty() {
        return Ok(());
    }
    let file = root.join(OWN_FOLDER).join(FILE);
    // One write each, so that entries of several processes do not mix.
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(&entries)
}

/// Those of `paths` at which an output was begun.
pub fn begun_at<'p>(root: &Path, paths: &[&'p str]) -> HashSet<&'p str> {
    let noted = fs::read(root.join(OWN_FOLDER).join(FILE)).unwrap_or_default();
    let noted: HashSet<&[u8]> = noted.chunks_exact(ENTRY).collect();
    let paths = paths.iter().copied();
    paths
        .filter(|path| noted.contains(entry(path).as_slice()))
        .collect()
}

fn entry(path: &str) -> [u8; ENTRY] {
    *version_of_bytes(path.as_bytes()).0.as_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{begun_at, note_begun};

    #[test]
    fn what_was_noted_is_found_again() {
        let project = tempfile::tempdir().expect("a folder");
        let root = project.path();
        assert!(begun_at(root, &["a"]).is_empty());
        fs::create_dir(root.join(".assetctl")).expect("made");
        note_begun(root, ["a", "b"].into_iter()).expect("noted");
        note_begun(root, ["c"].into_iter()).expect("noted");
        note_begun(root, std::iter::empty()).expect("nothing to note");
        let mut found: Vec<_> = begun_at(root, &["c", "x", "a"]).into_iter().collect();
        found.sort_unstable();
        assert_eq!(found, ["a", "c"]);
    }
}
