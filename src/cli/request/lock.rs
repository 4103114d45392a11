//! From the words of `lock` to requests.

use crate::cli::args::{LockArgs, LockDiffArgs, PruneArgs, RecordedArgs};
use crate::cli::error::CliError;
use crate::cli::request::words_of;
use crate::model::{LockDiffRequest, LockRequest};

/// What `lock` is asked for.
pub fn lock(args: &LockArgs) -> Result<LockRequest, CliError> {
    let (selection, partitions) = words_of(&args.selection, RecordedArgs::default())?;
    Ok(LockRequest {
        selection,
        partitions,
        dry_run: args.dry_run,
    })
}

/// What becomes of what `lock prune` finds.
pub fn prune(args: &PruneArgs) -> bool {
    args.dry_run
}

/// What `lock diff` is asked for.
pub fn lock_diff(args: &LockDiffArgs) -> LockDiffRequest {
    LockDiffRequest {
        old: args.old.clone(),
        new: args.new.clone(),
    }
}
