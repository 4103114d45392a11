//! A glance at everything by a snapshot, before the project is read: often nothing is to be done.

use std::path::PathBuf;

use crate::app::project::{MANIFEST_CACHE, Surroundings};
use crate::app::snapshot::basis::{Basis, file};
use crate::app::snapshot::lock_stamp::lock_holds;
use crate::engine::has_asides;
use crate::lockfile::LockPlace;
use crate::look::OWN_FOLDER;
use crate::look::snapshot::{Everything, Glance, GlanceExtent, Snapshot, Viewpoint};
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

/// What a snapshot tells of a request before the project is read.
#[derive(Debug)]
pub enum FirstGlance {
    /// Nothing is to be done: nothing was read but stamps.
    NothingToDo(NothingToDo),
    /// Something looks otherwise.
    Changed(GlancedSnapshot),
    /// Nothing is known.
    Unknown,
}

/// A snapshot, and how everything that it holds looks now.
#[derive(Debug)]
pub struct GlancedSnapshot {
    pub(super) snapshot: Box<Snapshot>,
    pub(super) glance: Glance,
}

impl FirstGlance {
    /// Glances at all that there is, if the request is for that.
    pub fn at(surroundings: &Surroundings, request: &MaterializeOptions) -> Self {
        Self::at_everything(surroundings, request).unwrap_or(Self::Unknown)
    }

    fn at_everything(surroundings: &Surroundings, request: &MaterializeOptions) -> Option<Self> {
        let partitions = &request.selection.partitions;
        let configuration = &surroundings.configuration;
        let is_for_everything = configuration.is_of_environment_alone()
            && request.force == Force::WhenStale
            && request.steps.is_empty()
            && request.selection.assets.is_empty()
            && request.selection.job.is_none()
            && partitions.recorded == RecordedState::default()
            && matches!(partitions.keys, KeyChoice::Every | KeyChoice::All);
        if !is_for_everything {
            return None;
        }
        let root = manifest::find(&surroundings.directory).ok()?.0;
        let own = root.join(OWN_FOLDER);
        let kept = surroundings.kept_places(&root).ok()?;
        if configuration.env.is_some() && kept.lock.is_none() {
            // The run says which lines of the lock file are of the environment.
            return None;
        }
        let home = &surroundings.home_of(&own, kept.home);
        let key = surroundings.cache_key(&root)?;
        let lock = kept.lock.unwrap_or_else(|| LockPlace::in_root(&root));
        let judged_by = (configuration, &lock);
        let path = file(home, &root, Basis::Instance, judged_by);
        let snapshot = Snapshot::open(&path, &key)?;
        let state = snapshot.state();
        let Everything { assets, partitions } = state.everything?;
        let (from, until) = state.now?;
        let is_same = (from..until).contains(&surroundings.now.as_second())
            && state.mark.is_some()
            && state.mark == Mark::read(home)
            && state.unlocked.is_empty()
            && lock_holds(&root, state)
            && manifest::compiled_digest(&root, &own.join(MANIFEST_CACHE), &key)
                == Some(state.manifest)
            && !has_asides(&root);
        let variables = surroundings.variables(&root, state.dotenv).ok()?;
        let from = Viewpoint {
            root: &root,
            variables: &variables,
        };
        let glance = is_same.then(|| snapshot.glance(from, GlanceExtent::Everything))??;
        Some(if glance.changed.is_empty() {
            Self::NothingToDo(NothingToDo {
                root,
                assets,
                partitions,
            })
        } else {
            let snapshot = Box::new(snapshot);
            Self::Changed(GlancedSnapshot { snapshot, glance })
        })
    }
}
