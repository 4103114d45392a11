//! `[project.test]`: where sources and external assets lie in a test.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::inline::InlineSources;
use crate::manifest::moved::{self, Moved};
use crate::manifest::names::{Declares, Names};
use crate::manifest::partition_placeholder::Scope;
use crate::manifest::partitions::Definitions;
use crate::manifest::suggest::did_you_mean;
use crate::model::{AssetId, PathTemplate};

/// What the names of test sources are resolved against.
#[derive(Clone, Copy, Debug)]
pub(super) struct TestContext<'a> {
    /// Everything that has a table.
    pub names: &'a Names<'a>,
    /// Sources without a table.
    pub inline: &'a InlineSources,
    /// The partitions definitions.
    pub definitions: &'a Definitions<'a>,
}

/// Reads `sources` of `[project.test]` in the main file.
pub(super) fn read(
    file: &Table<'_>,
    context: TestContext<'_>,
    problems: &mut Problems,
) -> Vec<(AssetId, PathTemplate)> {
    let project = file.get("project");
    let project = project.and_then(|value| value.as_table(Heading::Only("project")));
    let Some(value) = project.and_then(|project| project.get("test")) else {
        return Vec::new();
    };
    let Some(table) = value.table(Heading::Only("project.test"), problems) else {
        return Vec::new();
    };
    table.only(&["sources"], problems);
    let Some(sources) = table.get("sources") else {
        return Vec::new();
    };
    let Some(sources) = sources.table(Heading::Only("project.test.sources"), problems) else {
        return Vec::new();
    };
    let mut moved = Vec::new();
    for value in sources.values() {
        let Some((id, what, scope)) = context.find(value.key) else {
            let problem = Problem::UnknownSource {
                name: value.key.to_owned(),
                help: did_you_mean(
                    value.key,
                    context.movable(),
                    "`assetctl list` names the sources and external assets",
                ),
            };
            problems.add(problem, [Label::new(value.key_location, "not declared")]);
            continue;
        };
        let Some(what) = what else {
            let problem = Problem::MadeByCommand {
                name: value.key.to_owned(),
            };
            let labels = [
                Label::new(value.key_location, "an asset with a command"),
                Label::new(context.names.get(id).table.location, "declared here"),
            ];
            problems.add(problem, labels);
            continue;
        };
        let path = value.text(problems);
        let path = path.and_then(|path| moved::read(path, what, scope, problems));
        moved.extend(path.map(|path| (id, path)));
    }
    moved
}

impl<'a> TestContext<'a> {
    /// What has this name: its id, what it is if it can lie elsewhere, and which placeholders its path may have.
    fn find(self, name: &str) -> Option<(AssetId, Option<Moved>, Scope<'a>)> {
        if let Some(id) = self.inline.find(name) {
            return Some((id, Some(Moved::Path), Scope::Unpartitioned));
        }
        let id = self.names.find(name)?;
        let outline = self.names.get(id);
        let what = match &outline.declares {
            Declares::Source(source) => Some(Moved::of(source)),
            Declares::Asset(_) if outline.table.get("command").is_some() => None,
            Declares::Asset(_) => Some(Moved::Path),
        };
        Some((id, what, self.definitions.scope(outline.partitions)))
    }

    /// The names of what can lie elsewhere.
    fn movable(self) -> impl Iterator<Item = &'a str> {
        let outlines = self.names.outlines().iter();
        let can_move = outlines.filter(|outline| match outline.declares {
            Declares::Source(_) => true,
            Declares::Asset(_) => outline.table.get("command").is_none(),
        });
        let named = can_move.map(|outline| outline.key.as_str());
        named.chain(self.inline.keys())
    }
}
