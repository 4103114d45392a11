//! Whether a request for everything has nothing to do, as far as a snapshot tells.

use std::path::PathBuf;

use crate::app::project::{MANIFEST_CACHE, Surroundings};
use crate::app::snapshot::basis::{Basis, file};
use crate::app::snapshot::lock_stamp::lock_holds;
use crate::engine::has_asides;
use crate::look::OWN_FOLDER;
use crate::look::snapshot::{Everything, GlanceExtent, Snapshot, Viewpoint};
use crate::manifest;
use crate::model::{Force, KeyChoice, MaterializeOptions, RecordedState};
use crate::store::Mark;

/// A request that has nothing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NothingToDo {
    /// The project root.
    pub root: PathBuf,
    /// How many assets are fresh.
    pub assets: u32,
    /// How many partitions of them.
    pub partitions: u32,
}

/// Whether a request for everything has nothing to do, as far as a snapshot tells: nothing is read but stamps.
pub fn nothing_to_do(
    surroundings: &Surroundings,
    request: &MaterializeOptions,
) -> Option<NothingToDo> {
    let is_for_everything = request.force == Force::WhenStale
        && request.steps.is_empty()
        && request.selection.assets.is_empty()
        && request.selection.partitions.recorded == RecordedState::default()
        && matches!(
            request.selection.partitions.keys,
            KeyChoice::Every | KeyChoice::All
        );
    if !is_for_everything {
        return None;
    }
    let root = manifest::find(&surroundings.directory).ok()?.0;
    let own = root.join(OWN_FOLDER);
    let home = surroundings.home.as_ref().unwrap_or(&own);
    let key = surroundings.cache_key(&root)?;
    let snapshot = Snapshot::open(&file(home, &root, Basis::Instance), &key)?;
    let state = snapshot.state();
    let Everything { assets, partitions } = state.everything?;
    let (from, until) = state.now?;
    let now = surroundings.now.as_second();
    let same = (from..until).contains(&now)
        && state.mark.is_some()
        && state.mark == Mark::read(home)
        && state.unlocked.is_empty()
        && lock_holds(&root, state)
        && manifest::compiled_digest(&root, &own.join(MANIFEST_CACHE), &key)
            == Some(state.manifest)
        && !has_asides(&root);
    let from = Viewpoint {
        root: &root,
        environment: &surroundings.environment,
    };
    let looks_so = || {
        let glance = snapshot.glance(from, GlanceExtent::Everything);
        glance.is_some_and(|glance| glance.changed.is_empty())
    };
    (same && looks_so()).then_some(NothingToDo {
        root,
        assets,
        partitions,
    })
}
