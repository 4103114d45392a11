//! Where a step writes until its outputs are complete, and where previous outputs of a step in place wait meanwhile.
//!
//! A path holds the asset and the partition and nothing else, so that a path that is printed into an output is the same
//! every time. Previous outputs of a step in place are moved aside before its command starts, with a note of what they
//! are, so that they can be put back by whoever finds them: after a failure this process, after a crash the next one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::io_manager::StagedOutput;
use crate::look::{OWN_FOLDER, own_folder_near, step_folder};
use crate::model::{AssetKey, OutputKind, PartitionKey, StepName};
use crate::sys::file::{create_parent, read_own, relocate, remove_tree, write_atomically};

/// Empties a step's staging and makes the folders that its outputs need.
pub fn prepare(root: &Path, staging: &str, outputs: &[StagedOutput]) -> io::Result<()> {
    remove_tree(&root.join(staging))?;
    for output in outputs {
        let written = root.join(&output.written);
        remove_tree(&written)?;
        match output.kind {
            OutputKind::Directory => fs::create_dir_all(&written)?,
            OutputKind::File => create_parent(&written)?,
        }
    }
    Ok(())
}

/// The folders that a step's staging holds once its outputs were moved out of it: paths within it, outer before inner.
/// `None` if an output is written elsewhere.
pub fn inner_folders(staging: &str, outputs: &[StagedOutput]) -> Option<Vec<String>> {
    let mut folders = BTreeSet::new();
    for output in outputs {
        let within = output.written.strip_prefix(staging)?.strip_prefix('/')?;
        let within = within.trim_end_matches('/');
        let is_plain = |name: &str| !matches!(name, "" | "." | "..");
        if !within.split('/').all(is_plain) {
            return None;
        }
        let ends = within.match_indices('/').map(|(end, _)| end);
        folders.extend(ends.map(|end| within[..end].to_owned()));
    }
    Some(folders.into_iter().collect())
}

/// Removes what a step leaves in its staging. Outputs that were written in place stay.
pub fn clear(root: &Path, staging: &str, outputs: &[StagedOutput]) {
    // What is left over is emptied before the next attempt; failing to remove it now harms nobody.
    let _ = remove_tree(&root.join(staging));
    for output in outputs {
        let elsewhere = output.written != output.path && !output.written.starts_with(staging);
        if let (true, Some((hidden, _))) = (elsewhere, output.written.rsplit_once('/')) {
            let _ = remove_tree(&root.join(hidden));
        }
    }
}

/// What lies in a folder of previous outputs: whose they are and where they belong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsideNote {
    /// The run that moved them aside.
    pub run: String,
    /// The folder of its instance; empty in notes of earlier versions.
    #[serde(default)]
    pub home: String,
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<PartitionKey>,
    /// The number of the materialization that made them; if another is recorded by now, they are not needed any more.
    pub materialization: Option<i64>,
    /// Their paths, relative to the project root.
    pub paths: Vec<String>,
    /// Those of the paths at which nothing was.
    pub absent: Vec<String>,
    /// Where each of the paths is kept meanwhile, relative to the project root; empty in notes of earlier versions, which kept all of
    /// them beside the note.
    #[serde(default)]
    pub kept: Vec<String>,
}

/// The folder, in that of assetctl, for previous outputs.
const ASIDE: &str = "aside";

/// The file that holds the note.
const NOTE: &str = "note.json";

/// No longer note is overwritten: after a power cut a part of it could be that of another step.
const BLOCK: usize = 512;

impl AsideNote {
    /// The note in `folder`; `None` if there is none that can be read.
    pub fn read(root: &Path, folder: &str) -> Option<Self> {
        let text = read_own(&root.join(folder).join(NOTE)).ok()?;
        let note: Self = serde_json::from_slice(&text).ok()?;
        let step = StepName {
            asset: note.asset.clone(),
            partition: note.partition.clone(),
        };
        // After a power cut a folder may have the note of the step that had it before.
        let is_of_folder = folder.ends_with(&step_folder("", ASIDE, &step));
        (is_of_folder && note.is_sound()).then_some(note)
    }

    /// Whether it names only what can be an output, and what can be kept aside. Anybody can write a note.
    fn is_sound(&self) -> bool {
        let is_inside = |path: &str| {
            let is_name = |name: &str| !matches!(name, "" | "." | "..");
            path.split('/').all(is_name)
        };
        let is_ours = |path: &str| {
            let first = path.split('/').next().unwrap_or_default();
            first.eq_ignore_ascii_case(OWN_FOLDER) || first.eq_ignore_ascii_case(".git")
        };
        let is_aside =
            |path: &str| is_inside(path) && path.contains(&format!("{OWN_FOLDER}/{ASIDE}/"));
        self.paths
            .iter()
            .chain(&self.absent)
            .all(|path| is_inside(path) && !is_ours(path))
            && self.kept.iter().all(|path| is_aside(path))
            && [0, self.paths.len()].contains(&self.kept.len())
    }

    /// Whether nothing on the way to its paths leads out of the project.
    pub fn stays_inside(&self, root: &Path) -> bool {
        let Ok(real_root) = root.canonicalize() else {
            return false;
        };
        self.paths.iter().all(|path| {
            let mut folders = root.join(path);
            let is_there = |folder: &mut PathBuf| folder.pop().then(|| folder.canonicalize().ok());
            let real = std::iter::from_fn(|| is_there(&mut folders))
                .flatten()
                .next();
            real.is_some_and(|real| real.starts_with(&real_root))
        })
    }

    /// Where the path with a number is kept.
    pub fn place(&self, root: &Path, folder: &str, index: usize) -> PathBuf {
        let kept = self.kept.get(index);
        kept.map_or_else(
            || root.join(folder).join(index.to_string()),
            |kept| root.join(kept),
        )
    }
}

/// Moves outputs aside into `folder`.
///
/// The note is there before anything moves: whoever dies on the way leaves what [`put_back`] can tell apart. `spare` is a folder
/// of another step that [`empty_aside`] has left, and is used up.
pub fn move_aside(
    root: &Path,
    folder: &str,
    note: &AsideNote,
    spare: Option<&Path>,
) -> io::Result<()> {
    let aside = root.join(folder);
    remove_tree(&aside)?;
    let is_absent = |path: &&String| root.join(path).symlink_metadata().is_err();
    let kept = note.paths.iter().enumerate();
    let kept = kept.map(|(index, path)| kept_aside(root, folder, (index, path)));
    let note = AsideNote {
        absent: note.paths.iter().filter(is_absent).cloned().collect(),
        kept: kept.collect(),
        ..note.clone()
    };
    let text = serde_json::to_vec(&note)?;
    if spare.is_none_or(|spare| reuse(spare, &aside, &text).is_err()) {
        // What stays is removed at the end of the run.
        let _ = spare.map(remove_tree);
        fs::create_dir_all(&aside)?;
        write_atomically(&aside.join(NOTE), &text)?;
    }
    for (index, path) in note.paths.iter().enumerate() {
        let path = root.join(path);
        if path.symlink_metadata().is_ok() {
            let kept = root.join(&note.kept[index]);
            remove_tree(&kept)?;
            create_parent(&kept)?;
            relocate(&path, &kept)?;
        }
    }
    Ok(())
}

/// Gives a spare folder another note, and then its place.
fn reuse(spare: &Path, aside: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).open(spare.join(NOTE))?;
    // To cut a file to its length is dear on some file systems; blanks after the note mean nothing.
    let length = file.metadata()?.len() as usize;
    let mut bytes = text.to_vec();
    bytes.resize(length.max(bytes.len()), b' ');
    if bytes.len() > BLOCK {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    file.write_all(&bytes)?;
    rename_below(spare, aside)
}

/// Renames a folder to a place whose parents may not be there yet.
pub fn rename_below(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_parent(to).and_then(|()| fs::rename(from, to))
        }
        renamed => renamed,
    }
}

/// Moves outputs aside as [`move_aside`] does, but leaves files at their paths, too, until they are replaced.
pub fn keep_aside(
    root: &Path,
    folder: &str,
    note: &AsideNote,
    spare: Option<&Path>,
) -> io::Result<()> {
    move_aside(root, folder, note, spare)?;
    for (index, path) in note.paths.iter().enumerate() {
        let kept = root.join(kept_aside(root, folder, (index, path)));
        if kept.symlink_metadata().is_ok_and(|it| it.is_file()) {
            // Where no file has two names it comes back only with the new one, or if that fails.
            let _ = fs::hard_link(kept, root.join(path));
        }
    }
    Ok(())
}

/// Puts previous outputs back from `folder`, in place of whatever is at their paths now.
///
/// An output that was there and is not in the folder was not moved yet, or is back already: so this can be repeated
/// after it was broken off anywhere.
pub fn put_back(root: &Path, folder: &str) -> io::Result<()> {
    let Some(note) = AsideNote::read(root, folder) else {
        return Ok(());
    };
    for (index, path) in note.paths.iter().enumerate() {
        let kept = note.place(root, folder, index);
        let is_kept = kept.symlink_metadata().is_ok();
        if is_kept || note.absent.contains(path) {
            remove_tree(&root.join(path))?;
        }
        if is_kept {
            create_parent(&root.join(path))?;
            relocate(&kept, &root.join(path))?;
        }
    }
    discard_aside(root, folder)
}

/// Removes previous outputs that are not needed any more, and leaves the folder with its note. Says whether there is one.
pub fn empty_aside(root: &Path, folder: &str) -> io::Result<bool> {
    let Some(note) = AsideNote::read(root, folder) else {
        return Ok(false);
    };
    for index in 0..note.kept.len() {
        let kept = note.place(root, folder, index);
        remove_tree(&kept)?;
        if !kept.starts_with(root.join(folder)) {
            remove_empty_folders(&kept);
        }
    }
    Ok(true)
}

/// Removes previous outputs that are not needed any more; the note last, so that what is broken off is found again.
pub fn discard_aside(root: &Path, folder: &str) -> io::Result<()> {
    let aside = root.join(folder);
    empty_aside(root, folder)?;
    let entries = match fs::read_dir(&aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name() != NOTE {
            remove_tree(&entry.path())?;
        }
    }
    remove_tree(&aside)
}

/// The folders in which previous outputs lie, relative to the project root.
pub fn asides(root: &Path) -> Vec<String> {
    let mut folders = aside_folders(root);
    folders.retain(|folder| root.join(folder).join(NOTE).exists());
    folders
}

/// The folders in which previous outputs lie, or lay, or were to lie when a process died.
pub fn aside_folders(root: &Path) -> Vec<String> {
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(root.join(folder))
            .into_iter()
            .flatten()
            .flatten();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
        entries
            .filter_map(name)
            .map(|name| format!("{folder}/{name}"))
            .collect()
    };
    let mut folders = Vec::new();
    for asset in names(&format!("{OWN_FOLDER}/{ASIDE}")) {
        folders.extend(names(&asset).into_iter().filter(|it| it.contains("/@")));
        folders.push(asset);
    }
    folders.sort_unstable();
    folders
}

/// Where the previous output with a number and a path lies that was moved aside: in `folder`, or, where it is on another file system, in
/// a folder of the same name there. Relative to the project root.
pub fn kept_aside(root: &Path, folder: &str, (index, path): (usize, &str)) -> String {
    let near = own_folder_near(root, path);
    match folder.strip_prefix(OWN_FOLDER) {
        Some(below) => format!("{near}{below}/{index}"),
        None => format!("{folder}/{index}"),
    }
}

/// Removes the folders above a path that hold nothing, up to and with that of assetctl.
fn remove_empty_folders(path: &Path) {
    let mut folders = path.ancestors().skip(1);
    let _ = folders.try_for_each(|folder| {
        let is_last = folder.file_name().is_some_and(|name| name == OWN_FOLDER);
        match fs::remove_dir(folder) {
            Ok(()) if !is_last => Ok(()),
            // What holds something stays.
            Ok(()) | Err(_) => Err(()),
        }
    });
}

/// Whether previous outputs lie aside anywhere.
pub fn has_asides(root: &Path) -> bool {
    !asides(root).is_empty()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{AsideNote, asides, inner_folders, kept_aside, move_aside, put_back};
    use crate::io_manager::StagedOutput;
    use crate::model::OutputKind;
    use crate::testkit;

    const FOLDER: &str = ".assetctl/aside/a";

    #[test]
    fn a_staging_holds_the_folders_above_its_outputs() {
        for (written, folders) in [
            (&["s/x"] as &[&str], Some(&[] as &[&str])),
            (&["s/a/b/x", "s/a/y/", "s/a-/z"], Some(&["a", "a-", "a/b"])),
            (&["s/a/x", "out/.s/x"], None),
            (&["sx/a/x"], None),
            (&["s//mnt/x"], None),
            (&["s/../x"], None),
        ] {
            let outputs: Vec<_> = written
                .iter()
                .map(|written| StagedOutput {
                    path: String::new(),
                    written: (*written).to_owned(),
                    kind: OutputKind::File,
                })
                .collect();
            let found = inner_folders("s", &outputs);
            let found = found.as_ref().map(|it| it.iter().map(String::as_str));
            assert_eq!(
                found.map(Iterator::collect::<Vec<_>>),
                folders.map(<[_]>::to_vec),
                "{written:?}"
            );
        }
    }

    #[test]
    fn previous_outputs_come_back_and_new_ones_go() {
        let project = tempfile::tempdir().expect("a folder");
        let root = project.path();
        fs::write(root.join("old"), "old").expect("written");
        let note = AsideNote {
            run: String::new(),
            home: String::new(),
            asset: testkit::asset("a"),
            partition: None,
            materialization: None,
            paths: vec!["old".into(), "new".into()],
            absent: Vec::new(),
            kept: Vec::new(),
        };
        move_aside(root, ".assetctl/aside/a", &note, None).expect("moved");
        assert_eq!(asides(root), [".assetctl/aside/a"]);
        fs::write(root.join("old"), "half").expect("written");
        fs::write(root.join("new"), "half").expect("written");
        put_back(root, ".assetctl/aside/a").expect("put back");
        assert_eq!(fs::read_to_string(root.join("old")).expect("read"), "old");
        assert!(!root.join("new").exists());
        put_back(root, ".assetctl/aside/a").expect("nothing to put back");
        assert_eq!(fs::read_to_string(root.join("old")).expect("read"), "old");
    }

    #[test]
    fn whatever_is_broken_off_can_be_repeated() {
        let project = tempfile::tempdir().expect("a folder");
        let root = project.path();
        let note = AsideNote {
            run: String::new(),
            home: String::new(),
            asset: testkit::asset("a"),
            partition: None,
            materialization: None,
            paths: vec!["one".into(), "two".into(), "new".into()],
            absent: Vec::new(),
            kept: Vec::new(),
        };
        let read = |path: &str| fs::read_to_string(root.join(path)).ok();
        for broken_off in ["moving aside", "putting back"] {
            fs::write(root.join("one"), "one").expect("written");
            fs::write(root.join("two"), "two").expect("written");
            move_aside(root, FOLDER, &note, None).expect("moved");
            let back = match broken_off {
                "moving aside" => 1,
                _ => 0,
            };
            fs::rename(
                root.join(kept_aside(root, FOLDER, (back, &note.paths[back]))),
                root.join(&note.paths[back]),
            )
            .expect("moved");
            put_back(root, FOLDER).expect("put back");
            assert_eq!(read("one").as_deref(), Some("one"), "{broken_off}");
            assert_eq!(read("two").as_deref(), Some("two"), "{broken_off}");
            assert_eq!(read("new"), None, "{broken_off}");
            assert!(!root.join(FOLDER).exists(), "{broken_off}");
        }
    }

    #[test]
    fn a_note_that_names_other_places_is_none() {
        let project = tempfile::tempdir().expect("a folder");
        let root = project.path();
        let folder = ".assetctl/aside/a";
        fs::create_dir_all(root.join(folder)).expect("made");
        let note = |path: &str, kept: &str| {
            let note = AsideNote {
                run: String::new(),
                home: String::new(),
                asset: testkit::asset("a"),
                partition: None,
                materialization: None,
                paths: vec![path.into()],
                absent: Vec::new(),
                kept: vec![kept.into()],
            };
            let text = serde_json::to_vec(&note).expect("JSON");
            fs::write(root.join(folder).join("note.json"), text).expect("written");
            AsideNote::read(root, folder)
        };
        let kept = ".assetctl/aside/a/0";
        assert!(note("build/x", kept).is_some());
        for path in [
            "../x",
            "/etc/x",
            "a/../../x",
            ".git/config",
            ".assetctl/x",
            "a//x",
        ] {
            assert!(note(path, kept).is_none(), "{path}");
        }
        for kept in ["build/x", "../.assetctl/aside/x", "/x/.assetctl/aside/x"] {
            assert!(note("build/x", kept).is_none(), "{kept}");
        }
        std::os::unix::fs::symlink("/etc", root.join("link")).expect("linked");
        assert!(note("build/x", ".assetctl/aside/a/0").is_some_and(|it| it.stays_inside(root)));
        assert!(note("link/x", ".assetctl/aside/a/0").is_some_and(|it| !it.stays_inside(root)));
    }
}
