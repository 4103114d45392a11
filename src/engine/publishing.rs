//! Publishes what a command has written, in three steps for all outputs of all parts: they are *complete*, which is to say
//! verified, hashed where they lie, and synced if that is asked for; then *checked*, while nothing at their places has changed; then
//! *stored*, which is to say given to the IO manager.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use walkdir::WalkDir;

use crate::engine::failure::Stop;
use crate::engine::occupied::AlteredPlaces;
use crate::engine::staging::keep_aside;
use crate::engine::step::{Attempt, MadeOutput, StepEnd, StepPart};
use crate::hash::{HashError, Settled, version_of_bytes};
use crate::io_manager::{Giving, StagedOutput, Stored, Streams, Written};
use crate::look::OwnLife;
use crate::model::{DataVersionRule, OutputKind};
use crate::sys::file::{copy_file, remove_tree};

/// An output that is complete and not stored yet.
pub(super) struct Complete {
    written: Written,
    made: MadeOutput,
    /// How to know its files again, if it was hashed as files.
    settled: Option<Settled>,
}

impl Complete {
    /// What came through a pipe.
    fn piped(bytes: Arc<[u8]>, rule: DataVersionRule) -> Self {
        let version = match rule {
            DataVersionRule::Inputs => None,
            DataVersionRule::Content | DataVersionRule::Reported => Some(version_of_bytes(&bytes)),
        };
        let made = MadeOutput {
            version,
            bytes: bytes.len() as u64,
        };
        Self {
            written: Written::Piped(bytes),
            made,
            settled: None,
        }
    }
}

impl Attempt<'_> {
    /// Asked before the command starts, so that nothing is moved aside that no step has made, and again before the first
    /// output is stored.
    pub(super) fn make_way(&self) -> Result<(), Stop> {
        for output in self.order.outputs() {
            if let Err(error) = self.workspace.io_manager.make_way(output) {
                let is_there = self.workspace.resolve(&output.path).is_dir();
                if !is_there || !self.can_make_room(output) {
                    return Err(self.unstored(output, &error));
                }
            }
        }
        Ok(())
    }

    /// Completes the outputs: what was `piped`, or the files that the command wrote. `before` is [`Self::final_stamps`] of
    /// before it ran.
    pub(super) fn complete(
        &self,
        piped: Option<Vec<u8>>,
        before: &[Option<SystemTime>],
    ) -> Result<Vec<Complete>, Stop> {
        if let Some(bytes) = piped {
            return Ok(vec![Complete::piped(bytes.into(), self.order.rule)]);
        }
        self.verify(before)?;
        self.copy_links_to_inputs()?;
        let outputs = self.order.outputs();
        let complete: Result<Vec<_>, HashError> =
            outputs.map(|output| self.complete_file(output)).collect();
        let complete = complete.map_err(|error| {
            Stop::problem("assetctl::engine::unreadable_output", error.to_string())
        })?;
        if self.order.durable {
            for output in self.order.outputs() {
                self.sync(output).map_err(|error| self.unwritable(&error))?;
            }
        }
        Ok(complete)
    }

    /// Checks that the places of the outputs can take them, and gives those that are not what was recorded. Of a step in place
    /// that was asked before they were moved aside.
    pub(super) fn check(&self, in_place: AlteredPlaces) -> Result<AlteredPlaces, Stop> {
        if self.order.in_place {
            return Ok(in_place);
        }
        self.make_way()?;
        Ok(self.altered_places())
    }

    /// Stores the outputs in place of what is there.
    pub(super) fn store(
        &self,
        complete: Vec<Complete>,
        altered: &AlteredPlaces,
        end: &mut StepEnd,
    ) -> Result<Vec<Vec<MadeOutput>>, Stop> {
        self.make_room(altered, end)?;
        self.keep_previous()
            .map_err(|error| self.unwritable(&error))?;
        let mut complete = complete.into_iter();
        let made = |part: &StepPart| -> Result<Vec<MadeOutput>, Stop> {
            let complete = part.outputs.iter().zip(&mut complete);
            complete
                .map(|(output, complete)| self.store_output(output, complete))
                .collect()
        };
        self.order.parts.iter().map(made).collect()
    }

    /// Keeps what an incremental step has accumulated until the new outputs are recorded: after a crash in between the next run
    /// puts it back.
    fn keep_previous(&self) -> io::Result<()> {
        let order = self.order;
        let is_kept = self.workspace.own_life == OwnLife::Kept && !order.in_place;
        if !is_kept || !order.incremental {
            return Ok(());
        }
        let recorded = |part: &&StepPart| part.aside_note.materialization.is_some();
        order.parts.iter().filter(recorded).try_for_each(|part| {
            let (root, spare) = (self.workspace.root, self.pool.take_aside());
            keep_aside(root, &part.aside_folder, &part.aside_note, spare.as_deref())
        })
    }

    /// Stores an output, unless it was written in place.
    fn store_output(&self, output: &StagedOutput, complete: Complete) -> Result<MadeOutput, Stop> {
        let made = complete.made;
        let stored = if self.order.in_place {
            Stored::AtPath
        } else if self.is_stored(output, &complete) {
            // What reads it goes on seeing the file that it knows.
            let staged = self.workspace.resolve(&output.written);
            remove_tree(&staged).map_err(|error| self.unwritable(&error))?;
            return Ok(made);
        } else {
            let io_manager = self.workspace.io_manager;
            let stored = io_manager.store(output, complete.written);
            stored.map_err(|error| self.unstored(output, &error))?
        };
        if let (Stored::AtPath, Some(settled)) = (stored, &complete.settled) {
            self.workspace.versions.adopt(&output.path, settled);
        }
        Ok(made)
    }

    /// Whether just what is complete is at its place in the project already, and nothing else's name for it.
    fn is_stored(&self, output: &StagedOutput, complete: &Complete) -> bool {
        let io_manager = self.workspace.io_manager;
        let is_linked = self.is_linked_to_input(&self.workspace.resolve(&output.path));
        !is_linked
            && io_manager.streams() == Streams::Files
            && io_manager.giving(&output.path) == Giving::AtPath
            && complete
                .settled
                .as_ref()
                .is_some_and(|settled| self.workspace.versions.is_at(&output.path, settled))
    }

    /// Hashes an output where it was written, unless its content is not what counts.
    fn complete_file(&self, output: &StagedOutput) -> Result<Complete, HashError> {
        let settled = match self.order.rule {
            DataVersionRule::Inputs => None,
            DataVersionRule::Content | DataVersionRule::Reported => {
                let versions = self.workspace.versions;
                Some(versions.settle(&output.written, &output.path)?)
            }
        };
        let found = settled.as_ref().map(Settled::found);
        let made = MadeOutput {
            version: found.and_then(|found| found.version()),
            bytes: found.map_or_else(|| self.size(&output.written), |found| found.bytes()),
        };
        Ok(Complete {
            written: Written::AtPath,
            made,
            settled,
        })
    }

    fn size(&self, path: &str) -> u64 {
        let files = WalkDir::new(self.workspace.resolve(path))
            .into_iter()
            .filter_map(Result::ok);
        files
            .filter_map(|entry| entry.metadata().ok())
            .filter(fs::Metadata::is_file)
            .map(|it| it.len())
            .sum()
    }

    fn sync(&self, output: &StagedOutput) -> io::Result<()> {
        for entry in WalkDir::new(self.workspace.resolve(&output.written)) {
            let entry = entry?;
            if entry.file_type().is_file() || entry.file_type().is_dir() {
                File::open(entry.path())?.sync_all()?;
            }
        }
        Ok(())
    }
}

impl Attempt<'_> {
    /// Copies what a command has linked to an input.
    pub(super) fn copy_links_to_inputs(&self) -> Result<(), Stop> {
        for output in self.order.outputs() {
            for entry in WalkDir::new(self.workspace.resolve(&output.written)) {
                let entry = entry.map_err(|error| self.unwritable(&error.into()))?;
                if entry.file_type().is_file() && self.is_linked_to_input(entry.path()) {
                    copy_in_place(entry.path()).map_err(|error| self.unwritable(&error))?;
                }
            }
        }
        Ok(())
    }

    /// Whether the regular file at `path` has another name, by which it is an input.
    pub(super) fn is_linked_to_input(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok_and(|it| {
            it.is_file() && it.nlink() > 1 && self.files.is_linked_to(it.dev(), it.ino())
        })
    }
}

/// Puts a copy of a file in its place.
fn copy_in_place(path: &Path) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let copy = tempfile::Builder::new()
        .prefix(".assetctl-")
        .tempfile_in(parent)?
        .into_temp_path();
    copy_file(path, &copy)?;
    fs::set_permissions(&copy, path.metadata()?.permissions())?;
    copy.persist(path).map_err(|error| error.error)
}

impl Attempt<'_> {
    /// Modification times at the final paths of staged outputs, to recognise a command that writes there.
    pub(super) fn final_stamps(&self) -> Vec<Option<SystemTime>> {
        self.order
            .outputs()
            .map(|output| self.modified(&output.path))
            .collect()
    }

    fn modified(&self, path: &str) -> Option<SystemTime> {
        self.workspace
            .resolve(path)
            .metadata()
            .and_then(|it| it.modified())
            .ok()
    }

    pub(super) fn verify(&self, before: &[Option<SystemTime>]) -> Result<(), Stop> {
        for (output, before) in self.order.outputs().zip(before) {
            self.verify_output(output, *before)?;
        }
        if self.order.in_place {
            return Ok(());
        }
        for part in &self.order.parts {
            let undeclared = self.undeclared(part);
            if undeclared.is_empty() {
                continue;
            }
            let place = match self.workspace.own_life {
                OwnLife::Kept => format!("; it lies in {}", part.staging_folder),
                OwnLife::Gone => String::new(),
            };
            return Err(Stop::with_help(
                "assetctl::engine::undeclared_output",
                format!("wrote undeclared files: {}", undeclared.join(", ")),
                &format!("declare it as an output, or add a pattern to `[project] ignore`{place}"),
            ));
        }
        Ok(())
    }

    fn verify_output(&self, output: &StagedOutput, before: Option<SystemTime>) -> Result<(), Stop> {
        let written = self.workspace.resolve(&output.written);
        let staged = !self.order.in_place;
        if staged && fs::read_link(&written).is_ok_and(|text| text.is_relative()) {
            let path = &output.path;
            return Err(Stop::with_help(
                "assetctl::engine::output_kind",
                format!("wrote {path} as a relative link, which leads elsewhere from its place"),
                "write an absolute link, or set `staging = false` so that the final path is given",
            ));
        }
        let Ok(metadata) = written.metadata() else {
            let path = &output.path;
            let beside = staged && self.modified(path) != before;
            return Err(if beside {
                Stop::with_help(
                    "assetctl::engine::output_beside_staging",
                    format!("wrote {path} itself instead of the path that it was given"),
                    "write to `{{output}}`, or set `staging = false` so that the final path is given",
                )
            } else {
                Stop::with_help(
                    "assetctl::engine::missing_output",
                    format!("did not write {path}"),
                    "every declared output must be written: write to `{{output}}` or \
                     `$ASSETCTL_OUTPUT`, or correct `outputs`",
                )
            });
        };
        let found = if metadata.is_dir() {
            OutputKind::Directory
        } else {
            OutputKind::File
        };
        if found == output.kind {
            return Ok(());
        }
        let path = &output.path;
        Err(match found {
            OutputKind::Directory => Stop::with_help(
                "assetctl::engine::output_kind",
                format!("wrote {path} as a directory, and a file is declared"),
                "a path that ends in `/` declares a directory",
            ),
            OutputKind::File => Stop::with_help(
                "assetctl::engine::output_kind",
                format!("wrote {path} as a file, and a directory is declared"),
                "a path that does not end in `/` declares a file",
            ),
        })
    }

    /// Files in a part's staging that belong to no output, by the paths that they would have.
    fn undeclared(&self, part: &StepPart) -> Vec<String> {
        let staging = self.workspace.resolve(&part.staging_folder);
        let written: HashSet<_> = part
            .outputs
            .iter()
            .map(|it| self.workspace.resolve(&it.written))
            .collect();
        let walk = WalkDir::new(&staging).sort_by_file_name().into_iter();
        let walk = walk.filter_entry(|entry| {
            !written.contains(entry.path())
                && (entry.depth() == 0 || !self.ignore.matches(entry.path()))
        });
        walk.filter_map(Result::ok)
            .filter(|entry| !entry.file_type().is_dir())
            .filter_map(|entry| {
                Some(
                    entry
                        .path()
                        .strip_prefix(&staging)
                        .ok()?
                        .display()
                        .to_string(),
                )
            })
            .take(20)
            .collect()
    }
}
