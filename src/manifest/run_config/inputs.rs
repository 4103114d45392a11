//! Inputs that are read from other paths.

use crate::manifest::diagnostic::did_you_mean;
use crate::manifest::other_paths::typed_path;
use crate::manifest::run_config::Call;
use crate::model::{AssetGraph, AssetId, ConfigPath, Location};

/// An input that only its reader reads from another path.
pub(super) struct OwnInput {
    /// The reader, and the index of its dep.
    pub dep: (AssetId, usize),
    /// The path, as it was given.
    pub text: String,
    /// Where that was said.
    pub path: ConfigPath,
    pub location: Location,
}

impl Call<'_> {
    /// An input of an asset that is read from another path, and what makes it does not run for that.
    pub(super) fn own_input(
        &mut self,
        asset: Option<AssetId>,
        (input, text): (&str, &str),
        at: (&ConfigPath, Location),
    ) {
        let graph = self.graph;
        let Some(id) = asset else { return };
        let deps = graph.deps(id);
        let found = deps.iter().position(|dep| dep.input.as_str() == input);
        if let Some(index) = found {
            self.own_inputs.retain(|own| own.dep != (id, index));
            self.own_inputs.push(OwnInput {
                dep: (id, index),
                text: text.to_owned(),
                path: at.0.clone(),
                location: at.1,
            });
        } else {
            let known = deps.iter().map(|dep| dep.input.as_str());
            let help = did_you_mean(input, known, "the asset has no inputs");
            self.report(at, "there is no such input", help);
        }
    }

    /// A source that is read from another path.
    pub(super) fn input(&mut self, name: &str, path: &str, location: Location) {
        let graph = self.graph;
        let at = ConfigPath::new(vec!["inputs".to_owned(), name.to_owned()]);
        let plain = name.trim_start_matches("./");
        let in_place = || graph.find(&format!("./{plain}"));
        let found = graph.find(name).or_else(in_place).or(graph.find(plain));
        if let (None, Some((asset, input))) = (found, name.rsplit_once('.'))
            && let Some(id) = graph.find(asset)
        {
            return self.own_input(Some(id), (input, path), (&at, location));
        }
        let Some(id) = found.or_else(|| self.find((name, location), &at)) else {
            return;
        };
        if !graph.is_source(id) {
            let help = "name a source, or an input of an asset: `report.flights`";
            self.report((&at, location), format!("`{name}` is not a source"), help);
            return;
        }
        self.path_of(graph, id, path, (&at, location));
    }

    /// Reads the path of a source.
    pub(super) fn path_of(
        &mut self,
        graph: &AssetGraph,
        id: AssetId,
        path: &str,
        (at, location): (&ConfigPath, Location),
    ) {
        // What lies in the project is called as there.
        let below = path.strip_prefix(self.root);
        let below = below.and_then(|below| below.strip_prefix('/'));
        match typed_path(graph, id, below.unwrap_or(path)) {
            Ok(path) => {
                self.inputs.retain(|(known, _)| *known != id);
                self.inputs.push((id, path));
            }
            Err(errors) => {
                for error in errors {
                    let message = error.to_string();
                    self.report((at, location), message, "correct the path");
                }
            }
        }
    }
}
