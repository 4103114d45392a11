//! From the words of `partitions` to requests.

use std::collections::HashSet;

use crate::cli::args::{ChangeKeysArgs, ListPartitionsArgs, MapPartitionsArgs, ShowPartitionsArgs};
use crate::cli::error::CliError;
use crate::cli::request::partitions::{key, one, range};
use crate::cli::request::whole;
use crate::model::{
    ChangeKeysRequest, Grouping, KeyChange, ListPartitionsRequest, MapDirection,
    MapPartitionsRequest, Name, ShowPartitionsRequest, WantedKeys,
};

/// What `partitions list` is asked for.
pub fn list_partitions(args: &ListPartitionsArgs) -> Result<ListPartitionsRequest, CliError> {
    let keys = match (&args.partition, &args.range, args.at) {
        (Some(key), ..) => WantedKeys::Word(one(key)?),
        (None, Some(text), _) => WantedKeys::Word(range(text)?),
        (None, None, Some(instant)) => WantedKeys::At(instant),
        (None, None, None) if args.keys => WantedKeys::All,
        (None, None, None) => WantedKeys::Ends,
    };
    Ok(ListPartitionsRequest {
        name: whole(&args.name)?,
        keys,
    })
}

/// What `partitions show` is asked for.
pub fn show_partitions(args: &ShowPartitionsArgs) -> Result<ShowPartitionsRequest, CliError> {
    Ok(ShowPartitionsRequest {
        asset: whole(&args.asset)?,
    })
}

/// What `partitions map` is asked for.
pub fn map_partitions(args: &MapPartitionsArgs) -> Result<MapPartitionsRequest, CliError> {
    Ok(MapPartitionsRequest {
        asset: whole(&args.asset)?,
        dep: whole(&args.dep)?,
        partition: args.partition.as_deref().map(one).transpose()?,
        direction: if args.downstream {
            MapDirection::Downstream
        } else {
            MapDirection::Upstream
        },
    })
}

/// What `partitions add` or `partitions remove` is asked for; a key that is given twice counts once.
pub fn change_keys(
    args: &ChangeKeysArgs,
    change: KeyChange,
) -> Result<ChangeKeysRequest, CliError> {
    let definition = Name::parse(&args.definition).map_err(|error| CliError::Definition {
        text: args.definition.clone(),
        reason: error.to_string(),
    })?;
    let (mut keys, mut problems) = (Vec::new(), Vec::new());
    let mut known = HashSet::new();
    for text in &args.keys {
        match key(text) {
            Ok(key) if known.insert(key.clone()) => keys.push(key),
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(CliError::of(problems));
    }
    Ok(ChangeKeysRequest {
        definition,
        keys,
        change,
    })
}

/// Whether keys are told one by one.
pub fn grouping(keys: bool) -> Grouping {
    if keys {
        Grouping::Keys
    } else {
        Grouping::Ranges
    }
}
