//! Puts what a command has written into place: hashed where it lies, synced if that is asked for, then moved.

use std::fs::{self, File};
use std::io;

use walkdir::WalkDir;

use crate::engine::failure::Stop;
use crate::engine::staging::{StagedOutput, clear_the_way, publish};
use crate::engine::step::{Attempt, MadeOutput, StepPart, Sync};
use crate::hash::{HashError, Settled};
use crate::model::{DataVersionRule, Staging};

impl Attempt<'_> {
    /// Asked before the command starts, so that nothing is moved aside that no step has made, and again before the first
    /// output moves into place.
    pub(super) fn clear_ways(&self) -> Result<(), Stop> {
        for output in self.order.outputs() {
            clear_the_way(self.workspace.root, output)
                .map_err(|error| self.unpublished(output, &error))?;
        }
        Ok(())
    }

    /// Nothing is put into place before all outputs of all parts were hashed, and synced where that is asked for.
    pub(super) fn publish(&self) -> Result<Vec<Vec<MadeOutput>>, Stop> {
        let settled: Result<Vec<_>, HashError> = self
            .order
            .outputs()
            .map(|output| self.settle(output))
            .collect();
        let settled = settled.map_err(|error| {
            Stop::problem("assetctl::engine::unreadable_output", error.to_string())
        })?;
        if self.order.sync == Sync::Outputs {
            for output in self.order.outputs() {
                self.sync(output).map_err(|error| self.unwritable(&error))?;
            }
        }
        if self.order.staging == Staging::Staged {
            self.clear_ways()?;
            for output in self.order.outputs() {
                publish(self.workspace.root, output)
                    .map_err(|error| self.unpublished(output, &error))?;
            }
        }
        let mut settled = settled.into_iter();
        let made = |part: &StepPart| -> Vec<MadeOutput> {
            let settled = part.outputs.iter().zip(&mut settled);
            settled
                .map(|(output, settled)| self.made(output, settled))
                .collect()
        };
        Ok(self.order.parts.iter().map(made).collect())
    }

    /// An output that is in place now.
    fn made(&self, output: &StagedOutput, settled: Option<Settled>) -> MadeOutput {
        let Some(settled) = settled else {
            return MadeOutput {
                version: None,
                bytes: self.size(&output.path),
            };
        };
        self.workspace.versions.adopt(&output.path, &settled);
        let found = settled.found();
        MadeOutput {
            version: found.version(),
            bytes: found.bytes(),
        }
    }

    /// Hashes an output where it was written, unless its content is not what counts.
    fn settle(&self, output: &StagedOutput) -> Result<Option<Settled>, HashError> {
        match self.order.rule {
            DataVersionRule::Inputs => Ok(None),
            DataVersionRule::Content | DataVersionRule::Reported => self
                .workspace
                .versions
                .settle(&output.written, &output.path)
                .map(Some),
        }
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
