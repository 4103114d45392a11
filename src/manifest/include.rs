//! The files of a project: the main one, and those that its `include` globs give.

use std::io;
use std::path::Path;

use walkdir::WalkDir;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::find::MANIFEST;
use crate::manifest::paths;
use crate::sys::file::read_file;

/// Folders that no glob enters.
const NEVER: [&str; 3] = [".assetctl", ".git", "__pycache__"];

/// The `include` globs of the main file, folded; what is wrong with them is reported.
pub(super) fn globs(file: &Table<'_>, root: &Path, problems: &mut Problems) -> Vec<String> {
    let project = file
        .get("project")
        .and_then(|value| value.as_table(Heading::Only("project")));
    let Some(project) = project else {
        return Vec::new();
    };
    let mut globs = Vec::new();
    for text in project.texts("include", problems) {
        let mut refuse = |message: String, label: &str, help: &'static str| {
            let problem = Problem::Include { message, help };
            problems.add(problem, [Label::new(text.location(), label)]);
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
pub(super) fn files(root: &Path, globs: &[String]) -> Vec<String> {
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
