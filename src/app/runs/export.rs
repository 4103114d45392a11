//! `runs export`: one run in one archive, for a report of a bug.

use std::fs;
use std::io;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::answer::{Document, ExportedRun};
use crate::app::error::{AppError, RequestError};
use crate::app::project::OpenProject;
use crate::app::runs::{run_events, show_run};
use crate::engine::all_secrets;
use crate::executor::{Secret, redacted};
use crate::look::log_folder;
use crate::model::RunWord;
use crate::sys::file::write_atomically;

/// Writes what is recorded of a run into one archive: the run as `runs show` tells it, its events, its logs. Values of secrets that
/// are known now are left out; logs were written without them.
///
/// # Errors
///
/// If there is no such run, or several; if the archive exists, or cannot be written.
pub fn export_run(
    project: &OpenProject,
    word: &RunWord,
    path: &Path,
) -> Result<ExportedRun, AppError> {
    if path.exists() {
        return Err(RequestError::OutputExists {
            path: path.display().to_string(),
        }
        .into());
    }
    let (report, _) = show_run(project, word)?;
    let Some(run) = report.runs.first().map(|run| run.run) else {
        return Err(RequestError::UnknownRun {
            word: word.to_string(),
        }
        .into());
    };
    let events = run_events(project, &RunWord::Prefix(run.to_string()))?;
    let unwritable = |source| AppError::Unwritable {
        path: path.display().to_string(),
        source,
    };
    let variable = |name: &str| {
        let mut all = project.variables().iter().rev();
        let found = all.find(|(variable, _)| variable == name);
        found.map(|(_, value)| value.as_os_str())
    };
    let secrets = all_secrets(project.graph(), &variable);
    let mut archive = Archive::new(format!("run-{run}"), secrets);
    let json = |source: serde_json::Error| unwritable(source.into());
    let shown = serde_json::to_vec_pretty(&Document::new(&report)).map_err(json)?;
    archive.add("run.json", &shown).map_err(unwritable)?;
    let mut lines = Vec::new();
    for event in &events {
        serde_json::to_writer(&mut lines, event).map_err(json)?;
        lines.push(b'\n');
    }
    archive.add("events.jsonl", &lines).map_err(unwritable)?;
    let folder = project.root().join(log_folder()).join(run.to_string());
    for name in names(&folder).map_err(unwritable)? {
        let log = fs::read(folder.join(&name)).map_err(unwritable)?;
        archive
            .add(&format!("logs/{name}"), &log)
            .map_err(unwritable)?;
    }
    let (bytes, files) = archive.finish().map_err(unwritable)?;
    write_atomically(path, &bytes).map_err(unwritable)?;
    Ok(ExportedRun {
        run,
        path: path.display().to_string(),
        bytes: bytes.len() as u64,
        files,
    })
}

/// An archive that is made in memory.
struct Archive {
    /// The folder that its files are in.
    folder: String,
    secrets: Vec<Secret>,
    tar: tar::Builder<GzEncoder<Vec<u8>>>,
    files: Vec<String>,
}

impl Archive {
    fn new(folder: String, secrets: Vec<Secret>) -> Self {
        Self {
            folder,
            secrets,
            tar: tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default())),
            files: Vec::new(),
        }
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let bytes = redacted(bytes, &self.secrets);
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        let path = format!("{}/{name}", self.folder);
        self.tar.append_data(&mut header, path, &*bytes)?;
        self.files.push(name.to_owned());
        Ok(())
    }

    fn finish(self) -> io::Result<(Vec<u8>, Vec<String>)> {
        Ok((self.tar.into_inner()?.finish()?, self.files))
    }
}

/// The names of the files in a folder, sorted; none where there is no folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}
