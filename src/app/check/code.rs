//! What has changed in the code of an asset whose line in the lock file has another digest: the instance may know what
//! that stands for.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::app::instance::InstanceAccess;
use crate::app::project::OpenProject;
use crate::model::{AssetId, Cause, CodeChange, CodePrefix};
use crate::plan::{Codes, MAPPING_FIELD, code_changes, code_record};

/// Finds what code versions of the lock file stand for. The instance is opened once something is asked.
pub(super) struct LockedCode<'a> {
    project: &'a OpenProject,
    codes: &'a Codes,
    instance: OnceCell<Option<InstanceAccess>>,
    found: HashMap<(AssetId, String), Vec<CodeChange>>,
}

impl<'a> LockedCode<'a> {
    /// Of the assets of a project whose code was observed.
    pub fn new(project: &'a OpenProject, codes: &'a Codes) -> Self {
        Self {
            project,
            codes,
            instance: OnceCell::new(),
            found: HashMap::new(),
        }
    }

    /// The causes of a partition of `asset`, with each change of its code by name as far as the instance knows it.
    pub fn name(&mut self, asset: AssetId, causes: Vec<Cause>) -> Vec<Cause> {
        let mut named = Vec::with_capacity(causes.len());
        for cause in causes {
            match cause {
                Cause::Code(change) => named.extend(self.by_name(asset, change)),
                Cause::Data(mut change) => {
                    let root = std::mem::take(&mut change.root);
                    change.root = match self.project.graph().find(change.asset.as_str()) {
                        Some(upstream) => self.name(upstream, root),
                        None => root,
                    };
                    named.push(Cause::Data(change));
                }
                other => named.push(other),
            }
        }
        named
    }

    fn by_name(&mut self, asset: AssetId, change: CodeChange) -> Vec<Cause> {
        let (Some(locked), true) = (change.old.clone(), change.new.is_some()) else {
            return vec![Cause::Code(change)];
        };
        let key = (asset, locked);
        if !self.found.contains_key(&key) {
            let changes = self.changes(asset, &key.1).unwrap_or_default();
            self.found.insert(key.clone(), changes);
        }
        match &self.found[&key][..] {
            [] => vec![Cause::Code(change)],
            changes => changes.iter().cloned().map(Cause::Code).collect(),
        }
    }

    /// `None` where the instance, which need not be there, does not know.
    fn changes(&self, asset: AssetId, locked: &str) -> Option<Vec<CodeChange>> {
        let locked = CodePrefix(u64::from_str_radix(locked, 16).ok()?);
        let instance = self
            .instance
            .get_or_init(|| InstanceAccess::open(self.project).ok());
        let old = instance.as_ref()?.store.code_record_of(locked).ok()??;
        let new = self.project.graph().asset(asset)?;
        let new = code_record(new, &self.codes.observed(asset));
        let mut changes = code_changes(&old, &new);
        // Told with the input that is mapped otherwise, where that is known.
        changes.retain(|change| !change.what.starts_with(MAPPING_FIELD));
        Some(changes)
    }
}
