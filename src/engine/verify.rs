//! Looks at what a command has left: whether it wrote what is declared, all of it, and nothing else.

use std::collections::HashSet;
use std::fs;
use std::time::SystemTime;

use walkdir::WalkDir;

use crate::engine::failure::Stop;
use crate::engine::step::{Attempt, StepPart};
use crate::io_manager::StagedOutput;
use crate::look::OwnLife;
use crate::model::{OutputKind, Staging};

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
        if self.order.staging == Staging::InPlace {
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
        let staged = self.order.staging == Staging::Staged;
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
