//! What `materialize --in-memory` is asked for.

use std::path::{Path, PathBuf};

use crate::cli::args::{Globals, IoManagerName, MaterializeArgs, MemoryArgs};
use crate::cli::error::CliError;
use crate::cli::request::materialize;
use crate::model::{
    AssetKey, InMemoryRequest, KeyChoice, KeyWord, Printed, SelectionText, SourcePaths,
    SuppliedInput,
};

/// What `materialize --in-memory` is asked for, by somebody who is in the folder `here`; `None` where that is not asked for.
pub fn in_memory(
    args: &MaterializeArgs,
    globals: &Globals,
    here: &Path,
) -> Result<Option<InMemoryRequest>, CliError> {
    let memory = &args.memory;
    if !memory.is_asked_for() {
        return nothing_of(memory).map(|()| None);
    }
    refuse_other_places(memory, globals)?;
    let printed = memory.print.as_deref().map(printed).transpose()?;
    let mut run = materialize(args, globals)?;
    if run.selection.is_empty()
        && let Some(printed) = &printed
    {
        run.selection.push(SelectionText::naming(&printed.asset));
        if let (KeyChoice::Every, Some(key)) = (&run.partitions.keys, &printed.partition)
            && let Ok(key) = KeyWord::key(key.as_str())
        {
            run.partitions.keys = KeyChoice::Named(vec![key]);
        }
    }
    let inputs: Result<Vec<_>, CliError> =
        memory.input.iter().map(|it| supplied(it, here)).collect();
    Ok(Some(InMemoryRequest {
        run,
        memory_limit: memory
            .memory_limit
            .unwrap_or(InMemoryRequest::DEFAULT_MEMORY_LIMIT),
        sources: if memory.test_sources {
            SourcePaths::Test
        } else {
            SourcePaths::Declared
        },
        inputs: inputs?,
        printed,
    }))
}

/// Flags that say how it is done in memory say nothing elsewhere.
fn nothing_of(memory: &MemoryArgs) -> Result<(), CliError> {
    let given = [
        ("--memory-limit", memory.memory_limit.is_some()),
        ("--print", memory.print.is_some()),
        ("--test-sources", memory.test_sources),
        ("--input", !memory.input.is_empty()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(usage(
            format!("`{flag}` is about a run in memory"),
            "add `--in-memory`",
        )),
        None => Ok(()),
    }
}

/// Memory is no place among others, and has an instance of its own.
fn refuse_other_places(memory: &MemoryArgs, globals: &Globals) -> Result<(), CliError> {
    if memory.in_memory && memory.io_manager == Some(IoManagerName::Filesystem) {
        return Err(usage(
            "`--in-memory` keeps all outputs in memory, and `--io-manager filesystem` asks for files".to_owned(),
            "leave one of them out",
        ));
    }
    // A variable that is set once for all calls asks for nothing now.
    let of_all = std::env::var_os("ASSETCTL_HOME").map(PathBuf::from);
    if globals.home.is_some() && globals.home != of_all {
        return Err(usage(
            "`--in-memory` has an instance of its own, and `--home` names another".to_owned(),
            "leave one of them out",
        ));
    }
    Ok(())
}

fn printed(text: &str) -> Result<Printed, CliError> {
    text.parse().map_err(|error| {
        usage(
            format!("`{text}` is no value: {error}"),
            "write ASSET, ASSET@KEY or ASSET.OUTPUT@KEY, as in `--print report@2013-07-04`",
        )
    })
}

/// A path that is typed leads on from where one is, not from the project's root.
fn supplied((name, path): &(String, String), here: &Path) -> Result<SuppliedInput, CliError> {
    let asset = match AssetKey::parse(name) {
        Ok(asset) => asset,
        // A source that is declared in place is called by its path.
        Err(_) if name.contains(['/', '.']) => AssetKey::of_path(name),
        Err(error) => {
            return Err(usage(
                format!("`{name}` is no name of a source: {error}"),
                "write NAME=PATH, as in `--input flights=tests/flights.csv`",
            ));
        }
    };
    let joined = here.join(path.trim_start_matches("./"));
    Ok(SuppliedInput {
        asset,
        path: joined.to_str().unwrap_or(path).to_owned(),
    })
}

fn usage(message: String, help: &str) -> CliError {
    CliError::Usage {
        message,
        help: Some(help.to_owned()),
    }
}
