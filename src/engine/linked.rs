//! Outputs that are hard links to inputs (`ln {{input}} {{output}}`): they get a file of their own, so that neither changes
//! with the other.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use walkdir::WalkDir;

use crate::engine::failure::Stop;
use crate::engine::step::Attempt;
use crate::sys::file::copy_file;

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
