//! Declarations without what their graph knows of them: what is kept of each, wherever it stands.

use crate::model::asset::{About, Declaration, Dep, Place};
use crate::model::name::{AssetId, AssetKey, FileId, Location};
use crate::model::partition::DefinitionId;

/// What a graph knows of a declaration.
pub(super) struct Attachment<'g> {
    pub key: &'g AssetKey,
    pub location: Location,
    pub partitions: Option<DefinitionId>,
    /// The assets of its deps and of its `after`.
    pub upstream: &'g [AssetId],
}

/// A declaration without its key, ids and definition; its other places are counted from its own.
pub(super) fn detach(mut declaration: Declaration) -> Declaration {
    let own = declaration.location();
    each_location(&mut declaration, |location| {
        *location = Location {
            file: FileId(0),
            line: location.line.wrapping_sub(own.line),
            start: location.start.wrapping_sub(own.start),
            len: location.len,
        };
    });
    match &mut declaration {
        Declaration::Asset(asset) => {
            asset.key = AssetKey::of_path("");
            asset.location = Location::default();
            asset.partitions = None;
            asset.after = Vec::new();
            for dep in &mut asset.deps {
                dep.asset = AssetId(0);
            }
        }
        Declaration::Source(source) => {
            source.key = AssetKey::of_path("");
            source.location = Location::default();
            source.partitions = None;
        }
    }
    declaration
}

/// The declaration that was detached.
pub(super) fn attach(mut declaration: Declaration, to: &Attachment<'_>) -> Declaration {
    let own = to.location;
    each_location(&mut declaration, |location| {
        *location = Location {
            file: own.file,
            line: location.line.wrapping_add(own.line),
            start: location.start.wrapping_add(own.start),
            len: location.len,
        };
    });
    match &mut declaration {
        Declaration::Asset(asset) => {
            let (deps, after) = to.upstream.split_at(asset.deps.len());
            asset.key = to.key.clone();
            asset.location = own;
            asset.partitions = to.partitions;
            asset.after = after.to_vec();
            for (dep, id) in asset.deps.iter_mut().zip(deps) {
                dep.asset = *id;
            }
        }
        Declaration::Source(source) => {
            source.key = to.key.clone();
            source.location = own;
            source.partitions = to.partitions;
        }
    }
    declaration
}

/// A declaration without places and words for people, of what is detached.
pub(super) fn without_places(mut detached: Declaration) -> Declaration {
    each_location(&mut detached, |location| *location = Location::default());
    match &mut detached {
        Declaration::Asset(asset) => {
            asset.about = About::default();
            if let Some(recipe) = &mut asset.recipe {
                recipe.hooks.clear();
            }
        }
        Declaration::Source(source) => source.about = About::default(),
    }
    detached
}

/// All places in a declaration but its own.
fn each_location(declaration: &mut Declaration, mut each: impl FnMut(&mut Location)) {
    let asset = match declaration {
        Declaration::Asset(asset) => asset,
        Declaration::Source(source) => {
            if let Place::Observed { env, .. } = &mut source.place {
                for variable in env {
                    each(&mut variable.location);
                }
            }
            return;
        }
    };
    let deps = asset.deps.iter_mut().map(|dep: &mut Dep| &mut dep.location);
    let outputs = asset.outputs.iter_mut().map(|it| &mut it.location);
    deps.chain(outputs).for_each(&mut each);
    if let Some(recipe) = &mut asset.recipe {
        let code = recipe.code.declared.iter_mut();
        let files = code.chain(&mut recipe.code.tools).map(|(_, it)| it);
        let variables = recipe.env.iter_mut().map(|it| &mut it.location);
        files.chain(variables).for_each(&mut each);
        if let Some(config) = &mut recipe.config {
            config.each_location(&mut each);
        }
        for hook in &mut recipe.hooks {
            hook.each_location(&mut each);
        }
    }
}
