//! Makes room for outputs at their places: what somebody else has left there is kept aside, what was altered is named.
//!
//! It is kept by its path below `set-aside/RUN` in a folder of ours on the same file system, so that to bring it back is
//! one `mv`. Nothing here removes it again.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use walkdir::WalkDir;

use crate::engine::failure::Stop;
use crate::engine::staging::kept_aside;
use crate::engine::step::{Attempt, SetAside, StepEnd};
use crate::io_manager::StagedOutput;
use crate::look::{OWN_FOLDER, holds_something, note_begun, own_folder_near};
use crate::model::{Occupied, OutputKind};
use crate::plan::PlaceRecord;
use crate::sys::file::{create_parent, relocate};

/// Outputs that are not what was recorded, by part and place.
pub(super) type AlteredPlaces = HashSet<(usize, usize)>;

/// What is done with what lies at a place.
enum Room {
    /// It stays until the output replaces it.
    Replaced,
    /// It is an empty folder.
    Empty,
    /// It is a folder of ours in the place of a file.
    Discarded,
    /// It is kept aside.
    Kept,
    /// Of a folder that was altered, what the new one does not have is kept aside.
    Compared,
    /// Nobody knows what it holds.
    Refused,
}

/// An output of an attempt, with where it stands in the order.
#[derive(Clone, Copy)]
struct At<'a> {
    part: usize,
    index: usize,
    output: &'a StagedOutput,
    place: PlaceRecord,
}

impl Attempt<'_> {
    fn each(&self) -> impl Iterator<Item = At<'_>> {
        let parts = self.order.parts.iter().enumerate();
        parts.flat_map(|(part, it)| {
            let outputs = it.outputs.iter().zip(&it.places).enumerate();
            outputs.map(move |(index, (output, place))| At {
                part,
                index,
                output,
                place: *place,
            })
        })
    }

    /// The outputs that are not what was recorded. In place this has to be asked before they are moved aside.
    pub(super) fn altered_places(&self) -> AlteredPlaces {
        let is_altered = |at: &At<'_>| match at.place {
            PlaceRecord::Recorded(Some(version)) => {
                let found = self.workspace.versions.of_path(&at.output.path);
                // What cannot be read is not what was recorded either.
                found.map_or(true, |found| {
                    found.version().is_some_and(|it| it != version)
                })
            }
            PlaceRecord::Recorded(None) | PlaceRecord::Unrecorded => false,
        };
        let altered = self.each().filter(is_altered);
        altered.map(|at| (at.part, at.index)).collect()
    }

    /// Whether what lies at the place of an output can make room for it.
    pub(super) fn can_make_room(&self, output: &StagedOutput) -> bool {
        let at = self.each().find(|at| at.output == output);
        let old = self.workspace.resolve(&output.path);
        let altered = || self.altered_places();
        at.is_none_or(|at| !matches!(self.room(at, &old, &altered()), Room::Refused))
    }

    /// Makes room at the places of all outputs, right before they are stored. What is set aside and what was altered goes
    /// into `end`.
    pub(super) fn make_room(&self, altered: &AlteredPlaces, end: &mut StepEnd) -> Result<(), Stop> {
        for at in self.each() {
            let part = &self.order.parts[at.part];
            let old = if self.order.in_place {
                let root = self.workspace.root;
                let number = (at.index, at.output.path.as_str());
                root.join(kept_aside(root, &part.aside_folder, number))
            } else {
                self.workspace.resolve(&at.output.path)
            };
            if old.symlink_metadata().is_err() {
                continue;
            }
            self.make_room_for(at, &old, altered, end)
                .map_err(|error| {
                    Stop::problem(
                        "assetctl::engine::unwritable",
                        format!("cannot make room at {}: {error}", at.output.path),
                    )
                })?;
            if altered.contains(&(at.part, at.index)) {
                end.warnings.push(format!(
                    "{} was altered since it was recorded, and is replaced",
                    at.output.path
                ));
            }
        }
        let begun = self.each().filter(|at| at.place == PlaceRecord::Unrecorded);
        // Without the note the next run may keep aside what is ours, and says so.
        drop(note_begun(
            self.workspace.root,
            begun.map(|at| at.output.path.as_str()),
        ));
        Ok(())
    }

    fn make_room_for(
        &self,
        at: At<'_>,
        old: &Path,
        altered: &AlteredPlaces,
        end: &mut StepEnd,
    ) -> io::Result<()> {
        let part = &self.order.parts[at.part];
        let path = at.output.path.as_str();
        let mut keep = |old: &Path, path: &str| -> io::Result<()> {
            let kept = self.keep(old, path)?;
            let path = path.to_owned();
            let part = at.part;
            end.set_aside.push(SetAside { part, path, kept });
            Ok(())
        };
        match self.room(at, old, altered) {
            // The manager says what is wrong.
            Room::Replaced | Room::Refused => Ok(()),
            Room::Empty => fs::remove_dir(old),
            Room::Discarded => {
                let discarded = self.workspace.resolve(&part.staging_folder);
                let discarded = discarded.join(format!(".replaced-{}", at.index));
                create_parent(&discarded)?;
                relocate(old, &discarded)
            }
            Room::Kept => keep(old, path),
            Room::Compared => {
                for stray in strays(old, &self.workspace.resolve(&at.output.written)) {
                    keep(&old.join(&stray), &format!("{path}/{}", stray.display()))?;
                }
                Ok(())
            }
        }
    }

    fn room(&self, at: At<'_>, old: &Path, altered: &AlteredPlaces) -> Room {
        let Ok(metadata) = old.symlink_metadata() else {
            return Room::Replaced;
        };
        let is_folder = metadata.is_dir() || (metadata.is_symlink() && old.is_dir());
        let stays = !self.order.in_place && metadata.is_dir() && at.output.kind == OutputKind::File;
        let is_altered = altered.contains(&(at.part, at.index));
        if metadata.is_dir() && !holds_something(old) {
            return if stays { Room::Empty } else { Room::Replaced };
        }
        match at.place {
            PlaceRecord::Unrecorded if is_folder && self.order.occupied == Occupied::Refused => {
                Room::Refused
            }
            PlaceRecord::Unrecorded => Room::Kept,
            // What was accumulated cannot be made again.
            PlaceRecord::Recorded(_)
                if is_altered
                    && self.order.incremental
                    && !self.order.in_place
                    && metadata.is_file() =>
            {
                Room::Kept
            }
            PlaceRecord::Recorded(_) if is_altered && is_folder => match at.output.kind {
                OutputKind::Directory if metadata.is_dir() => Room::Compared,
                OutputKind::Directory => Room::Replaced,
                OutputKind::File if !metadata.is_dir() => Room::Replaced,
                OutputKind::File if self.order.occupied == Occupied::SetAside => Room::Kept,
                OutputKind::File => Room::Refused,
            },
            PlaceRecord::Recorded(Some(_)) if stays => Room::Discarded,
            PlaceRecord::Recorded(None) if stays => match self.order.occupied {
                Occupied::SetAside => Room::Kept,
                Occupied::Refused => Room::Refused,
            },
            PlaceRecord::Recorded(_) => Room::Replaced,
        }
    }

    /// Moves what is at `old` to where the run keeps things aside, and says where that is.
    fn keep(&self, old: &Path, path: &str) -> io::Result<String> {
        let root = self.workspace.root;
        let run = self.order.parts.first();
        let run = run.map_or("", |part| part.aside_note.run.as_str());
        let near = own_folder_near(root, path);
        let mut kept = format!("{near}/set-aside/{run}/{path}");
        while root.join(&kept).symlink_metadata().is_ok() {
            kept.push('~');
        }
        create_parent(&root.join(&kept))?;
        if near != OWN_FOLDER {
            // What is here is no more for git than what is in the project's own folder.
            let _ = fs::File::create_new(root.join(&near).join(".gitignore"))
                .and_then(|mut file| io::Write::write_all(&mut file, b"*\n"));
        }
        relocate(old, &root.join(&kept))?;
        Ok(kept)
    }
}

/// What the folder `old` holds and `new` does not, by paths within them; of a folder that is only in `old` just the folder.
fn strays(old: &Path, new: &Path) -> Vec<PathBuf> {
    let mut strays = Vec::new();
    let mut walk = WalkDir::new(old)
        .min_depth(1)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = walk.next() {
        let Ok(entry) = entry else { continue };
        let Ok(within) = entry.path().strip_prefix(old) else {
            continue;
        };
        let there = new.join(within).symlink_metadata();
        let is_folder = entry.file_type().is_dir();
        if there.is_ok_and(|there| there.is_dir() == is_folder) {
            continue;
        }
        strays.push(within.to_owned());
        if is_folder {
            walk.skip_current_dir();
        }
    }
    strays
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::strays;

    #[test]
    fn what_only_the_old_folder_has_is_stray() {
        let folder = tempfile::tempdir().expect("a folder");
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        for made in ["old/both", "old/mine/deep", "new/both"] {
            fs::create_dir_all(folder.path().join(made)).expect("made");
        }
        for written in [
            "old/both/a",
            "old/both/b",
            "old/mine/c",
            "old/x",
            "new/both/a",
        ] {
            fs::write(folder.path().join(written), "").expect("written");
        }
        let expected = ["both/b", "mine", "x"].map(PathBuf::from);
        assert_eq!(strays(&old, &new), expected);
    }
}
