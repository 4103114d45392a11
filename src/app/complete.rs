//! What may come next on a command line: words of the project, kept so that a large one need not be read at each key press.

use crate::app::error::AppError;
use crate::app::kept::{Kept, keep, kept};
use crate::app::project::{Project, Surroundings};
use crate::model::PartitionKeys;
use crate::select::{Vocabulary, continuations};

/// How many keys are offered at most.
const OFFERED: usize = 100;

/// What a SELECTION that begins with `typed` may go on to, as whole texts.
///
/// # Errors
///
/// If the project cannot be read.
pub fn complete_selection(
    surroundings: &Surroundings,
    typed: &str,
) -> Result<Vec<String>, AppError> {
    if let Some((asset, key)) = typed.split_once('@')
        && !asset.contains([' ', '"', '(', ':'])
    {
        return partitions(surroundings, asset, key);
    }
    Ok(continuations(typed, &vocabulary(surroundings)?))
}

/// What the name of an asset or source that begins with `typed` may go on to, with or without a key.
///
/// # Errors
///
/// If the project cannot be read.
pub fn complete_name(surroundings: &Surroundings, typed: &str) -> Result<Vec<String>, AppError> {
    if let Some((asset, key)) = typed.split_once('@') {
        return partitions(surroundings, asset, key);
    }
    // A clause of `--steps` may begin with signs.
    let name = typed.trim_start_matches(['*', '+']);
    let signs = &typed[..typed.len() - name.len()];
    let vocabulary = vocabulary(surroundings)?;
    let names = vocabulary.names.iter();
    let fitting = names.filter(|known| known.starts_with(name));
    Ok(fitting.map(|name| format!("{signs}{name}")).collect())
}

fn vocabulary(surroundings: &Surroundings) -> Result<Vocabulary, AppError> {
    let found = kept(surroundings, Kept::Words, "");
    if let Some(vocabulary) = found.and_then(|bytes| postcard::from_bytes(&bytes).ok()) {
        return Ok(vocabulary);
    }
    let project = Project::open(surroundings)?;
    let vocabulary = Vocabulary::of(project.graph());
    if let Ok(bytes) = postcard::to_stdvec(&vocabulary) {
        keep(&project, Kept::Words, "", &bytes);
    }
    Ok(vocabulary)
}

/// `asset@key` for the first keys that begin as one was typed.
fn partitions(
    surroundings: &Surroundings,
    asset: &str,
    typed: &str,
) -> Result<Vec<String>, AppError> {
    let project = Project::open(surroundings)?;
    let name = asset.trim_start_matches(['*', '+']);
    let Some(id) = project.graph().find(name) else {
        return Ok(Vec::new());
    };
    let keys = project.keys().of(project.graph().get(id));
    if let PartitionKeys::Unpartitioned = keys {
        return Ok(Vec::new());
    }
    let texts = keys.texts(keys.range());
    let fitting = texts.filter(|key| key.starts_with(typed));
    let whole = fitting.map(|key| format!("{asset}@{key}"));
    Ok(whole.take(OFFERED).collect())
}
