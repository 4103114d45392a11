//! Lines of assets and partitions that are not declared any more, and of windows that have not ended.

use jiff::{SignedDuration, Timestamp};

use crate::answer::{Ahead, Orphans};
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::model::{Lock, LockedAsset, PartitionKey, PartitionKeys};

/// How far a clock may be behind the one that a lock file was written by. Beyond that a line is taken for wrong rather than
/// the clock: one edited key would bring centuries of windows into being.
const BEHIND: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Lines of a lock file that stand for nothing now, asset by asset.
pub(super) struct Strangers {
    /// Those of what is not declared.
    pub orphans: Vec<Orphans>,
    /// Those of windows that have not ended. They count as declared: a clock that is behind makes no orphans.
    pub ahead: Vec<Ahead>,
    /// The instant from which all those windows exist.
    exist_from: Option<Timestamp>,
}

/// A project by a clock that is not behind the one that its lock file was written by, as far as that is believed, and the
/// lines that stand for nothing then.
pub(super) fn by_later_clock(
    project: OpenProject,
    lock: &Lock,
) -> Result<(OpenProject, Strangers), AppError> {
    let found = strangers(&project, lock);
    let limit = project.now().saturating_add(BEHIND);
    match (found.exist_from, limit) {
        (Some(later), Ok(limit)) if later <= limit => {
            let project = project.at(later, lock)?;
            let found = strangers(&project, lock);
            Ok((project, found))
        }
        _ => Ok((project, found)),
    }
}

fn strangers(project: &OpenProject, lock: &Lock) -> Strangers {
    let (mut orphans, mut ahead, mut exist_from) = (Vec::new(), Vec::new(), None);
    for locked in &lock.assets {
        let mut found = Found::default();
        match keys(project, locked) {
            None => found.orphans = locked.lines.len() + locked.blocks.len(),
            Some(keys) => found.count(keys, locked),
        }
        let limited = |lines: usize| u32::try_from(lines).unwrap_or(u32::MAX);
        if found.orphans > 0 {
            orphans.push(Orphans {
                asset: locked.asset.to_string(),
                lines: limited(found.orphans),
            });
        }
        exist_from = exist_from.max(found.exist_from);
        if let Some(window) = found.window {
            ahead.push(Ahead {
                asset: locked.asset.clone(),
                window: window.clone(),
                lines: limited(found.ahead),
            });
        }
    }
    orphans.sort_by(|a, b| a.asset.cmp(&b.asset));
    Strangers {
        orphans,
        ahead,
        exist_from,
    }
}

/// What was found of one asset.
#[derive(Default)]
struct Found<'l> {
    orphans: usize,
    ahead: usize,
    /// The least of those ahead, as its text is compared.
    window: Option<&'l PartitionKey>,
    exist_from: Option<Timestamp>,
}

impl<'l> Found<'l> {
    fn count(&mut self, keys: &PartitionKeys, locked: &'l LockedAsset) {
        let lines = locked.lines.iter().map(|line| line.partition.as_ref());
        let firsts = locked.blocks.iter().map(|block| Some(&block.first));
        for key in lines.chain(firsts) {
            match key {
                None if keys.is_partitioned() => self.orphans += 1,
                None => {}
                Some(_) if !keys.is_partitioned() => self.orphans += 1,
                Some(key) if keys.index_of(key.as_str()).is_some() => {}
                Some(key) if keys.has_or_will(key.as_str()) => {
                    self.ahead += 1;
                    self.wait_for(keys, key);
                    self.window = self.window.map_or(Some(key), |known| Some(known.min(key)));
                }
                Some(_) => self.orphans += 1,
            }
        }
        for block in &locked.blocks {
            if keys.index_of(block.last.as_str()).is_none() {
                self.wait_for(keys, &block.last);
            }
        }
    }

    fn wait_for(&mut self, keys: &PartitionKeys, window: &PartitionKey) {
        let exists_from = keys.exists_from(window.as_str());
        self.exist_from = self.exist_from.max(exists_from);
    }
}

/// The keys of an asset that has lines.
fn keys<'p>(project: &'p OpenProject, locked: &LockedAsset) -> Option<&'p PartitionKeys> {
    let graph = project.graph();
    let id = graph.find(locked.asset.as_str());
    let id = id.filter(|id| graph.is_locked(*id))?;
    Some(project.keys().get(graph.partitions(id)))
}
