//! Where the project is: from a folder upwards.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::manifest::diagnostic::ManifestErrors;
use crate::manifest::error::Problem;
use crate::sys::file::open_file;

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
