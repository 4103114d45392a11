//! `--print`: one value of a run, found before anything starts.

use crate::app::error::InMemoryError;
use crate::model::{Asset, Name, OutputKind, PartitionKey, PartitionKeys, Printed, StepName};
use crate::plan::{Evaluation, Role, Row};

/// How many words the help lists.
const EXAMPLES: usize = 5;

/// A value that a run will have made if all goes well.
#[derive(Clone, Debug)]
pub(super) struct Printable {
    pub step: StepName,
    pub path: String,
}

/// Finds the value that is to be printed.
pub(super) fn find_printed(
    evaluation: &Evaluation<'_>,
    printed: &Printed,
) -> Result<Printable, InMemoryError> {
    let scope = evaluation.scope();
    let id = scope.graph().find(printed.asset.as_str());
    let made = id.and_then(|id| Some((scope.row(id)?, scope.graph().asset(id)?)));
    let Some((row, asset)) = made else {
        return Err(not_in_run(evaluation, printed));
    };
    let keys = scope.keys(row.asset);
    let cell = match &printed.partition {
        Some(key) => {
            let index = keys.index_of(key.as_str());
            let cell = index.and_then(|index| row.cell(index));
            cell.filter(|cell| scope.role(*cell) != Role::Given)
        }
        None if row.set.len() > 1 => return Err(several_keys(printed, row, keys)),
        None => row.cells().find(|cell| scope.role(*cell) != Role::Given),
    };
    let Some(cell) = cell else {
        return Err(not_in_run(evaluation, printed));
    };
    let step = evaluation.step_name(cell);
    let output = output_of(asset, printed)?;
    let output = &asset.outputs[output];
    if output.kind == OutputKind::Directory {
        return Err(InMemoryError::Directory { step });
    }
    let (_, partition) = scope.at(cell);
    Ok(Printable {
        step,
        path: output.path.path(partition).into_owned(),
    })
}

fn output_of(asset: &Asset, printed: &Printed) -> Result<usize, InMemoryError> {
    let label = |index: usize| asset.output_label(index);
    let all = 0..asset.outputs.len();
    match &printed.output {
        None if asset.outputs.len() == 1 => return Ok(0),
        None => {}
        Some(name) => {
            let mut all = all.clone();
            if let Some(found) = all.find(|it| label(*it).as_deref() == Some(name.as_str())) {
                return Ok(found);
            }
        }
    }
    let words = all.filter_map(label).map(|label| {
        let partition = printed.partition.as_ref();
        word(printed, Some(&label), partition)
    });
    let words: Vec<_> = words.collect();
    Err(match &printed.output {
        Some(output) => InMemoryError::NoSuchOutput {
            asset: printed.asset.clone(),
            output: output.clone(),
            help: if words.is_empty() {
                "it has one output, without a name: leave the name out".to_owned()
            } else {
                format!("name one of its outputs: {}", words.join(", "))
            },
        },
        None => InMemoryError::Several {
            asset: printed.asset.clone(),
            count: asset.outputs.len(),
            what: "outputs",
            examples: words.join(", "),
        },
    })
}

fn several_keys(printed: &Printed, row: &Row, keys: &PartitionKeys) -> InMemoryError {
    let output = printed.output.as_ref().map(Name::as_str);
    let first = row.set.iter().take(EXAMPLES).filter_map(|it| keys.key(it));
    let words: Vec<_> = first.map(|key| word(printed, output, Some(&key))).collect();
    InMemoryError::Several {
        asset: printed.asset.clone(),
        count: row.set.len() as usize,
        what: "partitions",
        examples: words.join(", "),
    }
}

fn word(printed: &Printed, output: Option<&str>, partition: Option<&PartitionKey>) -> String {
    let output = output.map_or_else(String::new, |output| format!(".{output}"));
    let partition = partition.map_or_else(String::new, |key| format!("@{key}"));
    format!("`--print {}{output}{partition}`", printed.asset)
}

fn not_in_run(evaluation: &Evaluation<'_>, printed: &Printed) -> InMemoryError {
    let graph = evaluation.scope().graph();
    let help = match graph.find(printed.asset.as_str()) {
        Some(id) if graph.is_source(id) => "it is a source: sources are read, not made".to_owned(),
        Some(id) if graph.asset(id).is_some_and(|it| it.recipe.is_none()) => {
            "it is an external asset: its value is read, not made".to_owned()
        }
        Some(id) if printed.partition.is_some() && graph.partitions(id).is_none() => {
            "it has no partitions: leave the key out".to_owned()
        }
        Some(_) if printed.partition.is_some() => "select it, too, at this key".to_owned(),
        Some(_) => "select it, too".to_owned(),
        None => "there is no asset of this name; `assetctl list` shows all".to_owned(),
    };
    InMemoryError::NotInRun {
        asset: printed.asset.clone(),
        help,
    }
}
