//! Makes the order that a worker gets: everything about a step as owned data.

use percent_encoding::percent_decode_str;

use crate::engine::evaluate::Evaluation;
use crate::engine::options::{PreviousOutputs, RunOptions};
use crate::engine::render::{Places, Previous, Rendering, Unrenderable};
use crate::engine::staging::{AsideNote, FileSystems, OWN_FOLDER, StagedOutput, step_folder};
use crate::engine::step::{StepOrder, Sync};
use crate::engine::workspace::Workspace;
use crate::model::{
    Asset, AssetKey, DataVersion, Output, PartitionKey, PartitionRef, Place, RunId, SourcePath,
    Staging, StepFailure, StepName, encode_component, encode_whole_component,
};
use crate::plan::{Cell, Known};

/// Sources that a step reads are looked at again afterwards, up to so many.
const SOURCES_WATCHED: usize = 256;

/// Makes orders for one run.
#[derive(Debug)]
pub struct OrderMaker {
    run: RunId,
    sync: Sync,
    previous: PreviousOutputs,
    file_systems: FileSystems,
}

impl OrderMaker {
    /// A maker of orders for the run that `options` describe.
    #[must_use]
    pub fn new(options: &RunOptions) -> Self {
        Self {
            run: options.run,
            sync: options.sync,
            previous: options.previous,
            file_systems: FileSystems::default(),
        }
    }

    /// The order for a cell whose inputs are all known.
    ///
    /// # Errors
    ///
    /// The failure of the step, if its command cannot be rendered.
    pub fn make(
        &mut self,
        workspace: &Workspace<'_>,
        evaluation: &Evaluation<'_>,
        cell: Cell,
    ) -> Result<StepOrder, StepFailure> {
        let scope = evaluation.scope();
        let (id, partition) = scope.at(cell);
        let asset = scope.graph().asset(id).expect("only assets run");
        let recipe = asset
            .recipe
            .as_ref()
            .expect("an external asset does not run");
        let step = evaluation.step_name(cell);
        let folder = |purpose| step_folder(purpose, &step.asset, step.partition.as_ref());
        let (staging_folder, lists_folder) = (folder("staging"), folder("lists"));
        let outputs = self.outputs(workspace, asset, recipe.staging, partition, &staging_folder);
        let previous = self.previous_output(evaluation, cell, asset);
        let places = Places {
            outputs: outputs
                .iter()
                .map(|output| output.written.clone())
                .collect(),
            lists: lists_folder.clone(),
            previous,
        };
        let sources = &evaluation.sources;
        let rendering = Rendering {
            workspace,
            scope,
            sources,
            run: self.run,
            attempt: 0,
        };
        let rendered = rendering.render(cell, recipe, &places).map_err(failure)?;
        let aside_note = AsideNote {
            run: self.run.to_string(),
            asset: step.asset.clone(),
            partition: step.partition.clone(),
            materialization: recorded_id(evaluation, cell),
            paths: outputs.iter().map(|output| output.path.clone()).collect(),
            absent: Vec::new(),
        };
        Ok(StepOrder {
            cell,
            rendered,
            folder: recipe.folder.clone(),
            stdout: recipe.stdout,
            timeout: recipe.timeout,
            outputs,
            staging: recipe.staging,
            staging_folder,
            aside_folder: folder("aside"),
            aside_note,
            lists_folder,
            log: log_path(self.run, &step),
            previous,
            rule: asset.data_version,
            sources: sources_read(evaluation, cell, asset),
            sync: self.sync,
        })
    }

    fn outputs(
        &mut self,
        workspace: &Workspace<'_>,
        asset: &Asset,
        staging: Staging,
        partition: PartitionRef<'_>,
        folder: &str,
    ) -> Vec<StagedOutput> {
        let output = |output: &Output| {
            let path = output.path.path(partition).into_owned();
            let written = match staging {
                Staging::Staged => self.file_systems.staged_path(workspace.root, folder, &path),
                Staging::InPlace => path.clone(),
            };
            StagedOutput {
                path,
                written,
                kind: output.kind,
            }
        };
        asset.outputs.iter().map(output).collect()
    }

    /// Whether an incremental asset finds its previous output: if that is just what was recorded.
    fn previous_output(&self, evaluation: &Evaluation<'_>, cell: Cell, asset: &Asset) -> Previous {
        let facts = evaluation.judge.facts();
        let recorded = recorded_id(evaluation, cell).is_some();
        let intact = recorded && !facts.changed_outputs.contains_key(&cell);
        if asset.is_incremental() && intact && self.previous == PreviousOutputs::Offered {
            Previous::Present
        } else {
            Previous::None
        }
    }
}

/// The words of the command that would run for a cell, as far as its inputs are known; `None` where it cannot be rendered.
///
/// # Panics
///
/// If the cell is not of an asset with a command.
#[must_use]
pub fn command_of(
    workspace: &Workspace<'_>,
    evaluation: &Evaluation<'_>,
    cell: Cell,
) -> Option<Vec<String>> {
    let mut orders = OrderMaker {
        run: RunId(uuid::Uuid::nil()),
        sync: Sync::No,
        previous: PreviousOutputs::Offered,
        file_systems: FileSystems::default(),
    };
    let order = orders.make(workspace, evaluation, cell).ok()?;
    Some(order.rendered.argv)
}

fn recorded_id(evaluation: &Evaluation<'_>, cell: Cell) -> Option<i64> {
    let recorded = &evaluation.judge.facts().recorded;
    recorded.materialized(cell.index()).map(|last| last.id.0)
}

fn failure(error: Unrenderable) -> StepFailure {
    StepFailure {
        message: error.message,
        help: error.help,
        exit: None,
        signal: None,
        command: String::new(),
        tail: Vec::new(),
        code: "assetctl::engine::unrenderable",
    }
}

/// Where a step's log goes, relative to the project root.
#[must_use]
pub fn log_path(run: RunId, step: &StepName) -> String {
    let asset = encode_whole_component(step.asset.as_str());
    let partition = step.partition.as_ref().map_or_else(String::new, |key| {
        format!("@{}", encode_component(key.as_str()))
    });
    format!("{}/{run}/{asset}{partition}.log", log_folder())
}

/// The folder that holds a folder of logs for each run, relative to the project root.
#[must_use]
pub fn log_folder() -> String {
    format!("{OWN_FOLDER}/logs")
}

/// The step of `asset` that a log's file name stands for; `None` if the log is another asset's. The inverse of
/// [`log_path`].
#[must_use]
pub fn step_of_log(asset: &AssetKey, file_name: &str) -> Option<StepName> {
    let rest = file_name.strip_prefix(&encode_whole_component(asset.as_str()))?;
    let rest = rest.strip_suffix(".log")?;
    let partition = match rest.strip_prefix('@') {
        Some(encoded) => {
            let key = percent_decode_str(encoded).decode_utf8().ok()?;
            Some(PartitionKey::parse(&key).ok()?)
        }
        None if rest.is_empty() => None,
        None => return None,
    };
    let asset = asset.clone();
    Some(StepName { asset, partition })
}

/// The source files that a step reads, with the versions that were judged.
fn sources_read(
    evaluation: &Evaluation<'_>,
    cell: Cell,
    asset: &Asset,
) -> Vec<(String, DataVersion)> {
    let scope = evaluation.scope();
    let (id, partition) = scope.at(cell);
    let mut read = Vec::new();
    for dep in &asset.deps {
        let Some(source) = scope.graph().source(dep.asset) else {
            continue;
        };
        let Place::Paths(paths) = &source.place else {
            continue;
        };
        let [SourcePath::Exact(path)] = paths.as_slice() else {
            continue;
        };
        let keys = scope.keys(dep.asset);
        for index in scope
            .mapped(id, dep, partition.index)
            .iter()
            .take(SOURCES_WATCHED)
        {
            let Some(up) = scope.cell(dep.asset, index) else {
                continue;
            };
            let slots = scope.row_of_cell(up).versions_of(up);
            let version = evaluation.judge.facts().versions[slots.start];
            let path = path.path(PartitionRef { keys, index }).into_owned();
            if let Known::Version(version) = version
                && version != crate::engine::gather::absent_version()
            {
                read.push((path, version));
            }
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::{log_path, step_of_log};
    use crate::model::{AssetKey, PartitionKey, RunId, StepName};

    #[test]
    fn a_log_names_its_step() {
        let asset = |key: &str| AssetKey::parse(key).expect("a key");
        let run = RunId(uuid::Uuid::nil());
        for (key, partition) in [
            ("clean", None),
            ("clean", Some("2013-07-04")),
            ("stg/a-b", Some("x/y@z")),
            ("clean", Some("100% ..")),
        ] {
            let partition = partition.map(|key| PartitionKey::parse(key).expect("a key"));
            let step = StepName {
                asset: asset(key),
                partition,
            };
            let path = log_path(run, &step);
            let name = path.rsplit('/').next().expect("a file name");
            assert_eq!(step_of_log(&asset("cle"), name), None, "{name}");
            assert_eq!(step_of_log(&step.asset, name), Some(step), "{name}");
        }
    }
}
