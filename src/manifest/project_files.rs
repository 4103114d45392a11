//! The files of a project: where it is, from a folder upwards, and the files that its `include` globs give.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::manifest::diagnostic::{ManifestErrors, Problems};
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::{generators, paths};
use crate::sys::file::{open_file, read_file};

/// The name of the manifest.
pub const MANIFEST: &str = "Assets.toml";

/// How much of a manifest is its beginning.
const BEGINNING: u64 = 16 * 1024;

/// The folder that holds the manifest: every path in it is relative to this folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectRoot(pub PathBuf);

/// Finds the project that `start` belongs to: the nearest folder from `start` upwards whose `Assets.toml` has a
/// `[project]` table or, where none has one, the nearest with an `Assets.toml`.
///
/// `start` should be absolute; a relative one ends at its own first component.
pub fn find(start: &Path) -> Result<ProjectRoot, ManifestErrors> {
    let mut nearest = None;
    for folder in start.ancestors() {
        let manifest = folder.join(MANIFEST);
        if !manifest.is_file() {
            continue;
        }
        if declares_project(&manifest).unwrap_or(false) {
            return Ok(ProjectRoot(folder.to_owned()));
        }
        nearest.get_or_insert_with(|| folder.to_owned());
    }
    let not_found = || {
        ManifestErrors::without_place(Problem::NotFound {
            start: start.display().to_string(),
        })
    };
    nearest.map(ProjectRoot).ok_or_else(not_found)
}

/// Whether a manifest has a `[project]` table, which mostly stands at its beginning: the rest is read only where it does not.
fn declares_project(manifest: &Path) -> io::Result<bool> {
    let mut file = open_file(manifest)?;
    let mut text = Vec::new();
    file.by_ref().take(BEGINNING).read_to_end(&mut text)?;
    if has_project_table(&text) {
        return Ok(true);
    }
    let is_all = (text.len() as u64) < BEGINNING;
    Ok(!is_all && {
        file.read_to_end(&mut text)?;
        has_project_table(&text)
    })
}

/// Whether a line opens `[project]` or sets a key of it.
///
/// The text is not parsed, which would cost more than everything else that a command with nothing to do does.
fn has_project_table(text: &[u8]) -> bool {
    const WORD: &[u8] = b"project";
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut top_level = true;
    text.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        let (bracket, line) = match line.strip_prefix(b"[") {
            Some(rest) => (true, rest.trim_ascii_start()),
            None => (false, line),
        };
        let was_top_level = top_level;
        top_level &= !bracket;
        let Some(rest) = line.strip_prefix(WORD) else {
            return false;
        };
        match rest.trim_ascii_start().first() {
            Some(b']') => bracket,
            Some(b'.') => bracket || was_top_level,
            Some(b'=') => !bracket && was_top_level,
            _ => false,
        }
    })
}

/// Folders that no glob enters.
pub(super) const NEVER: [&str; 3] = [".assetctl", ".git", "__pycache__"];

/// The `include` globs of the main file, folded; what is wrong with them is reported.
pub(super) fn globs(file: &Table<'_>, root: &Path, problems: &mut Problems) -> Vec<String> {
    let project = file
        .get("project")
        .and_then(|value| value.as_table(Heading::Only("project")));
    let Some(project) = project else {
        return Vec::new();
    };
    let mut globs = Vec::new();
    for table in generators::tables(file) {
        globs.extend(generators::target(&table, problems));
    }
    let include = project.get("include");
    let elements = include.map(|include| include.one_or_more());
    for value in elements.unwrap_or_default() {
        if value.as_table(Heading::Inline("`include`")).is_some() {
            continue;
        }
        let Some(text) = value.as_text() else {
            value.wrong_type("a glob, or a table with `command` and `to`", problems);
            continue;
        };
        let mut refuse = |message: String, label: &str, help: &'static str| {
            let problem = Problem::Include { message, help };
            problems.at(text.location(), label, problem);
        };
        let folded = paths::fold_literal("", text.value);
        let glob = folded.path.as_literal().unwrap_or_default().to_owned();
        if folded.outside || glob.is_empty() {
            refuse(
                format!("`{}` lies outside of the project", text.value),
                "outside of the project",
                "included files lie in folders of the project",
            );
        } else if let Err(error) = paths::glob(&glob) {
            refuse(
                format!(
                    "the glob `{}` is not understood: {}",
                    text.value,
                    error.kind()
                ),
                "this glob",
                "`*` matches within a folder, `**` over folders",
            );
        } else if matching(root, &glob).is_empty() {
            refuse(
                format!("`{}` matches no file", text.value),
                "no such file",
                "name a manifest file, as `pipelines/*/Assets.toml`",
            );
        } else {
            globs.push(glob);
        }
    }
    globs
}

/// The files that include globs give now, sorted, each once, without the main one; relative to the root.
pub(super) fn included(root: &Path, globs: &[String]) -> Vec<String> {
    let mut files: Vec<String> = globs.iter().flat_map(|glob| matching(root, glob)).collect();
    files.retain(|file| file != MANIFEST);
    files.sort();
    files.dedup();
    files
}

/// No manifest is longer: 10^5 assets have a tenth of it.
const LONGEST: u64 = 512_000_000;

/// Reads a file as text.
pub(super) fn read(root: &Path, path: &str) -> Result<String, Problem> {
    let unreadable = |reason: String, help| Problem::Unreadable {
        path: path.to_owned(),
        reason,
        help,
    };
    let bytes = read_file(&root.join(path), LONGEST).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "it does not exist".to_owned(),
            io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
            io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
            _ => error.to_string(),
        };
        unreadable(reason, "make it a file that you may read")
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .split(|byte| *byte == b'\n')
            .count();
        unreadable(format!("line {line} is not UTF-8"), "save it as UTF-8")
    })
}

fn matching(root: &Path, glob: &str) -> Vec<String> {
    let literal = paths::before_glob(glob);
    if literal == glob {
        let exists = root.join(glob).is_file();
        return if exists {
            vec![glob.to_owned()]
        } else {
            Vec::new()
        };
    }
    let Ok(matcher) = paths::glob(glob) else {
        return Vec::new();
    };
    let base = literal.rsplit_once('/').map_or("", |(folder, _)| folder);
    let rest = &glob[base.len()..];
    let depth = if rest.contains("**") || rest.contains('{') {
        usize::MAX
    } else {
        rest.trim_start_matches('/').split('/').count()
    };
    let walk = WalkDir::new(root.join(base))
        .max_depth(depth)
        .follow_links(true);
    let entered = |name: &str| !NEVER.contains(&name);
    walk.into_iter()
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name().to_str().is_some_and(entered))
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(root).ok()?.to_str()?;
            matcher.is_match(path).then(|| path.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{ProjectRoot, find, has_project_table};

    #[test]
    fn project_tables() {
        for (text, expected) in [
            ("[project]\nname = 'x'", true),
            ("\u{feff}[ project ] # x", true),
            ("project.name = 'x'", true),
            ("project = { name = 'x' }", true),
            ("# [project]", false),
            ("[projects]", false),
            ("[asset.a]\nproject = 1", false),
            ("", false),
        ] {
            assert_eq!(has_project_table(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn the_nearest_with_a_project_table_wins() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let inner = root.path().join("a/b");
        fs::create_dir_all(&inner).expect("folders can be made");
        let error = find(&inner.join("nowhere"))
            .map(|_| ())
            .map_err(|errors| errors.to_string());
        assert!(
            error
                .as_ref()
                .is_err_and(|text| text.contains("no Assets.toml")),
            "{error:?}"
        );
        let write = |path: &str, text: &str| fs::write(root.path().join(path), text);
        write("a/b/Assets.toml", "").expect("the file can be written");
        assert_eq!(find(&inner).expect("a project"), ProjectRoot(inner.clone()));
        write("Assets.toml", "[project]").expect("the file can be written");
        let found = find(&inner).expect("a project");
        assert_eq!(found, ProjectRoot(root.path().to_owned()));
    }
}
