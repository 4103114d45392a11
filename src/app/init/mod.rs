//! `init`: a new project that runs as it is.

mod templates;

use std::path::Path;
use std::{fs, io};

use crate::answer::{FileChange, InitReport, InitializedFile};
use crate::app::error::AppError;
use crate::app::init::templates::TemplateContent;
use crate::look::OWN_FOLDER;
use crate::manifest::MANIFEST;
use crate::model::{InitRequest, InitTemplate};
use crate::sys::file::{read_own, write_atomically};

/// Files of other tools whose commands can become assets. They are never changed.
const OTHERS: [&str; 4] = ["Makefile", "makefile", "GNUmakefile", "dvc.yaml"];

/// Starts a project in `directory`, which is made if it is not there. What exists is kept or gets a line more, never
/// replaced: a project that has a manifest gets the lines that git needs.
///
/// # Errors
///
/// If something cannot be written, or is a link where a line is to be added.
pub fn init(directory: &Path, request: InitRequest) -> Result<InitReport, AppError> {
    let exists = directory.join(MANIFEST).symlink_metadata().is_ok();
    let mut files = vec![];
    match request.template {
        _ if exists => files.push(InitializedFile {
            path: MANIFEST.to_owned(),
            change: FileChange::Kept,
        }),
        template => {
            let content = TemplateContent::of(template);
            for (path, text) in content.files {
                files.push(create(directory, path, text)?);
            }
            let text = named(directory) + content.manifest;
            files.push(create(directory, MANIFEST, &text)?);
        }
    }
    let lock = "Assets.lock merge=union linguist-generated";
    files.push(extend(directory, ".gitattributes", lock)?);
    files.push(extend(directory, ".gitignore", &format!("/{OWN_FOLDER}/"))?);
    Ok(InitReport {
        files,
        hints: if exists {
            Vec::new()
        } else {
            hints(directory, request.template)
        },
    })
}

/// `[project]` with the name of its folder.
fn named(directory: &Path) -> String {
    let folder = directory.canonicalize().ok();
    let name = folder
        .as_deref()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str())
        .unwrap_or("project");
    let name = toml::Value::String(name.to_owned());
    format!("[project]\nname = {name}\n")
}

fn create(directory: &Path, path: &str, text: &str) -> Result<InitializedFile, AppError> {
    let file = directory.join(path);
    let change = if file.symlink_metadata().is_ok() {
        FileChange::Kept
    } else {
        write(&file, path, text)?;
        FileChange::Created
    };
    let path = path.to_owned();
    Ok(InitializedFile { path, change })
}

/// Adds `line` to a file unless it is there.
fn extend(directory: &Path, path: &str, line: &str) -> Result<InitializedFile, AppError> {
    let file = directory.join(path);
    let read = read_own(&file).and_then(|bytes| {
        let text = String::from_utf8(bytes);
        text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
    });
    let (text, change) = match read {
        Ok(text) if text.lines().any(|known| known.trim() == line) => (text, FileChange::Kept),
        Ok(text) => {
            let gap = if text.is_empty() || text.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            (format!("{text}{gap}{line}\n"), FileChange::Extended)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            (format!("{line}\n"), FileChange::Created)
        }
        Err(source) => {
            let path = path.to_owned();
            return Err(AppError::Unreadable { path, source });
        }
    };
    if change != FileChange::Kept {
        write(&file, path, &text)?;
    }
    let path = path.to_owned();
    Ok(InitializedFile { path, change })
}

fn write(file: &Path, path: &str, text: &str) -> Result<(), AppError> {
    let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
    folder
        .and_then(|()| write_atomically(file, text.as_bytes()))
        .map_err(|source| AppError::Unwritable {
            path: path.to_owned(),
            source,
        })
}

fn hints(directory: &Path, template: InitTemplate) -> Vec<String> {
    let mut hints = vec![TemplateContent::of(template).hint.to_owned()];
    let names: Vec<String> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    for other in OTHERS
        .into_iter()
        .filter(|other| names.iter().any(|name| name == other))
    {
        hints.push(format!(
            "{other} does not change. Each of its commands that writes files can become an asset; `assetctl accept` then records the existing outputs"
        ));
    }
    hints
}
