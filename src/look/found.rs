//! Values that a run reads and does not make, where nothing is recorded: what lies on disk counts, whatever it is.

use crate::hash::Found;
use crate::look::error::{EngineError, Problems};
use crate::look::records::StoreRecords;
use crate::look::workspace::Workspace;
use crate::model::{Asset, CodeVersion, Current, DataVersion, Fingerprint, OutputKind};
use crate::plan::{Cell, Evaluation, Role};
use crate::store::Store;

impl Evaluation<'_> {
    /// Takes what lies on disk for each value that is read as it is, and judges anew by that.
    ///
    /// # Errors
    ///
    /// All values that are not there, with a step that reads each, and all that cannot be hashed.
    pub fn take_found(&mut self, workspace: &Workspace<'_>, store: &Store) -> Result<(), Problems> {
        let scope = self.scope();
        let mut problems = Problems::default();
        let mut any = false;
        for (row, asset) in scope.asset_rows() {
            for cell in row.cells().filter(|cell| scope.role(*cell) == Role::Given) {
                any = true;
                match self.found_outputs(workspace, asset, cell) {
                    Ok(outputs) => {
                        let current = as_recorded(outputs);
                        self.judge_mut().replace(cell, Some(&current), Vec::new());
                    }
                    Err(problem) => problems.push(problem),
                }
            }
        }
        problems.into_result(())?;
        if any {
            self.judge_all(&StoreRecords(store));
            self.decide();
        }
        Ok(())
    }

    /// The versions of a cell's outputs on disk.
    fn found_outputs(
        &self,
        workspace: &Workspace<'_>,
        asset: &Asset,
        cell: Cell,
    ) -> Result<Vec<DataVersion>, EngineError> {
        let (_, partition) = self.scope().at(cell);
        if asset.outputs.is_empty() {
            let why = "no path is declared for it".to_owned();
            return Err(self.unsupplied(asset, cell, why));
        }
        let mut versions = Vec::with_capacity(asset.outputs.len());
        for output in &asset.outputs {
            let path = output.path.path(partition);
            let (kind, version) = match workspace.versions.of_path(&path)? {
                Found::Absent => {
                    let why = format!("{path} does not exist");
                    return Err(self.unsupplied(asset, cell, why));
                }
                Found::File { version, .. } => (OutputKind::File, version),
                Found::Directory { version, .. } => (OutputKind::Directory, version),
            };
            if kind != output.kind {
                return Err(EngineError::UpstreamKind {
                    upstream: self.step_name(cell),
                    path: path.into_owned(),
                    found: in_words(kind),
                    expected: in_words(output.kind),
                });
            }
            versions.push(version);
        }
        Ok(versions)
    }

    fn unsupplied(&self, asset: &Asset, cell: Cell, why: String) -> EngineError {
        let upstream = self.step_name(cell);
        let mut reader = None;
        self.scope().downstream_cells(cell, |down| {
            reader.get_or_insert(down);
        });
        let help = if asset.recipe.is_none() {
            format!("supply it: `--input {}=PATH`", asset.key)
        } else {
            format!(
                "materialize it first, `assetctl materialize {upstream}`, or leave out `--only` and `--steps`"
            )
        };
        EngineError::UnsuppliedUpstream {
            reader: self.step_name(reader.unwrap_or(cell)),
            upstream,
            why,
            help,
        }
    }
}

const fn in_words(kind: OutputKind) -> &'static str {
    match kind {
        OutputKind::File => "a file",
        OutputKind::Directory => "a directory",
    }
}

/// Outputs as if somebody had recorded them. Of what is read as it is, nothing but the versions is ever asked for.
fn as_recorded(outputs: Vec<DataVersion>) -> Current {
    let nothing = DataVersion::absent().0;
    Current::of_lock(Fingerprint(nothing), CodeVersion(nothing), outputs)
}
