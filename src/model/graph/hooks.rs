//! Which hooks follow a step or a run.

use crate::model::asset::Asset;
use crate::model::graph::AssetGraph;
use crate::model::hook::{Hook, HookMoment, HookOwner};
use crate::model::job::Job;

impl AssetGraph {
    /// Whether a run, which may be that of a job, may have hooks.
    pub fn may_have_hooks(&self, job: Option<&Job>) -> bool {
        let settings = self.settings();
        settings.has_asset_hooks
            || !settings.hooks.is_empty()
            || !settings.default_hooks.is_empty()
            || job.is_some_and(|job| !job.hooks.is_empty())
    }

    /// The hooks that follow a step of an asset, or the run of a job, at this moment: the outermost first.
    pub fn hooks<'a>(
        &'a self,
        moment: HookMoment,
        asset: Option<&'a Asset>,
        job: Option<&'a Job>,
    ) -> impl Iterator<Item = (HookOwner, &'a Hook)> {
        let settings = self.settings();
        let defaults = asset.and_then(|asset| {
            let mut files = settings.default_hooks.iter();
            files.find_map(|(file, hooks)| (*file == asset.location.file).then_some(hooks))
        });
        let own = asset.and_then(|asset| Some(&asset.recipe.as_ref()?.hooks));
        let all = [
            (HookOwner::Project, Some(&settings.hooks)),
            (HookOwner::Job, job.map(|job| &job.hooks)),
            (HookOwner::Defaults, defaults),
            (HookOwner::Asset, own),
        ];
        let of = move |(owner, hooks): (HookOwner, Option<&'a Vec<Hook>>)| {
            let hooks = hooks.into_iter().flatten();
            hooks.map(move |hook| (owner, hook))
        };
        let all = all.into_iter().flat_map(of);
        all.filter(move |(_, hook)| hook.moment == moment)
    }
}
