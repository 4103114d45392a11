//! What declarations mean, as digests: equal wherever they stand and whatever people say of them.

use std::collections::BTreeSet;

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::model::asset::{Command, Declaration, Place};
use crate::model::graph::AssetGraph;
use crate::model::graph::columns::VECTORS_GROW;
use crate::model::graph::compiled::BlockNumber;
use crate::model::graph::detached::{detach, without_places};
use crate::model::graph::outline::Outline;
use crate::model::name::{AssetId, Name};
use crate::model::partition::{DeclaredPartitions, PartitionsDefinition};
use crate::model::template::CommandPlaceholder;

impl AssetGraph {
    /// The digest of what `id` means: with its partitions definition, the outputs that it reads, and the settings of the
    /// project that change a verdict.
    pub fn meaning(&self, id: AssetId) -> Digest {
        self.meanings()[id.index()]
    }

    /// The digests of what all definitions mean, in order of declaration.
    pub fn definition_meanings(&self) -> Vec<Digest> {
        definition_meanings(self.definitions())
    }

    /// The digest of what the declaration of `id` means by itself, its partitions definition apart.
    pub fn own_meaning(&self, id: AssetId) -> Digest {
        let detached = detach(self.get(id).clone());
        let bytes = postcard::to_stdvec(&without_places(detached)).expect(VECTORS_GROW);
        let mut folding = Folding::new();
        folding.text("key", self.key(id).as_str());
        folding.digest("declaration", Kind::Declaration.digest(&bytes));
        folding.number("partitioned", self.partitions(id).is_some().into());
        let (deps, after) = self.upstream(id).split_at(self.deps(id).len());
        for dep in deps {
            folding.text("dep", self.key(*dep).as_str());
        }
        let after = after.iter().map(|id| self.key(*id).as_str());
        for key in after.collect::<BTreeSet<_>>() {
            folding.text("after", key);
        }
        folding.finish(Kind::Declaration)
    }

    pub(super) fn meanings(&self) -> &[Digest] {
        if self.meanings.get().is_none() && self.blocks.is_some() {
            return self.column(&self.meanings, BlockNumber::Meanings);
        }
        self.meanings.get_or_init(|| {
            let definitions = definition_meanings(self.definitions());
            let meaning = |id| self.read_meaning(id, &definitions);
            self.ids().map(meaning).collect()
        })
    }

    /// Puts another declaration in the place of `id`, whose key, deps and partitions it has.
    pub(super) fn replace(&mut self, id: AssetId, declaration: Declaration) {
        self.outlines();
        if let Some(outlines) = self.outlines.get_mut() {
            outlines[id.index()] = Outline::of(&declaration);
        }
        self.declarations.replace(id, declaration);
        self.meanings();
        if let Some(mut meanings) = self.meanings.take() {
            let definitions = definition_meanings(self.definitions());
            meanings[id.index()] = self.read_meaning(id, &definitions);
            self.meanings = meanings.into();
        }
    }

    pub(super) fn read_meaning(&self, id: AssetId, definitions: &[Digest]) -> Digest {
        let settings = self.settings();
        let mut folding = Folding::new();
        folding.digest("own", self.own_meaning(id));
        if let Some(definition) = self.partitions(id) {
            folding.digest("partitions", definitions[definition.0 as usize]);
        }
        for dep in self.deps(id) {
            let upstream = dep.output.and_then(|_| self.asset(dep.asset));
            let label = upstream.and_then(|it| it.output_label(dep.output? as usize));
            folding.text("output", label.as_deref().unwrap_or_default());
        }
        for glob in &settings.ignore {
            folding.text("ignore", glob);
        }
        if let Some(name) = settings.name.as_ref().filter(|_| self.names_project(id)) {
            folding.text("project", name);
        }
        for name in self.get(id).resources() {
            if let Some(resource) = self.resource(name.as_str()) {
                let bytes = postcard::to_stdvec(&resource.without_places()).expect(VECTORS_GROW);
                folding.digest("resource", Kind::Declaration.digest(&bytes));
            }
        }
        folding.finish(Kind::Declaration)
    }

    /// Whether a command of `id` names the project.
    pub fn names_project(&self, id: AssetId) -> bool {
        let command = match self.get(id) {
            Declaration::Asset(asset) => asset.recipe.as_ref().map(|recipe| &recipe.command),
            Declaration::Source(source) => match &source.place {
                Place::Observed { command, .. } => Some(command),
                Place::Paths(_) | Place::Value { .. } => None,
            },
        };
        let names = |it: &CommandPlaceholder| *it == CommandPlaceholder::Project;
        command.is_some_and(|command| match command {
            Command::Shell { text, .. } => text.placeholders().any(names),
            Command::Direct { arguments, .. } => {
                arguments.iter().any(|it| it.placeholders().any(names))
            }
        })
    }
}

pub(super) fn definition_meanings(definitions: &[DeclaredPartitions]) -> Vec<Digest> {
    let meaning = |declared| definition_meaning(declared, definitions);
    definitions.iter().map(meaning).collect()
}

fn definition_meaning(declared: &DeclaredPartitions, all: &[DeclaredPartitions]) -> Digest {
    let mut folding = Folding::new();
    match &declared.definition {
        PartitionsDefinition::Multi(dimensions) => {
            for dimension in dimensions.iter() {
                let of = &all[dimension.definition.0 as usize];
                folding.text("dimension", dimension.name.as_str());
                folding.digest("definition", definition_meaning(of, all));
            }
        }
        // Its keys are kept under its name.
        PartitionsDefinition::Dynamic => {
            let name = declared.name.as_ref().map(Name::as_str);
            folding.text("dynamic", name.unwrap_or_default());
        }
        definition => {
            let bytes = postcard::to_stdvec(definition).expect(VECTORS_GROW);
            folding.digest("flat", Kind::Declaration.digest(&bytes));
        }
    }
    folding.finish(Kind::Declaration)
}
