//! What the code versions of a scope are made of.

use std::collections::HashMap;

use crate::model::{AssetId, Counted, DataVersion, Watched};
use crate::plan::ObservedCode;

/// What the code versions of a scope are made of.
#[derive(Debug, Default)]
pub struct Codes {
    /// Why the code of an asset cannot be read.
    pub unreadable: HashMap<AssetId, String>,
    /// What was found for an asset, where it is more than nothing.
    pub observed: HashMap<AssetId, ObservedCode>,
    /// What was found at paths.
    pub seen: SeenPaths,
}

/// What was found at paths, each looked at once, however many assets name it.
#[derive(Debug, Default)]
pub struct SeenPaths {
    /// The versions of files and directories; `None` where nothing is.
    pub files: HashMap<String, Option<DataVersion>>,
    /// Those of which nothing counts that git ignores.
    pub not_ignored: HashMap<String, Option<DataVersion>>,
    /// The paths that globs match.
    pub globs: HashMap<Watched, Vec<String>>,
    /// The files that tools are.
    pub programs: HashMap<String, Option<String>>,
}

impl SeenPaths {
    /// The versions of files and directories of which so much counts.
    pub fn files_of(&self, counted: Counted) -> &HashMap<String, Option<DataVersion>> {
        match counted {
            Counted::All | Counted::Files => &self.files,
            Counted::NotIgnored => &self.not_ignored,
        }
    }
}

impl Codes {
    /// What was found for an asset.
    pub fn observed(&self, asset: AssetId) -> ObservedCode {
        self.observed.get(&asset).cloned().unwrap_or_default()
    }

    /// What was found for an asset, as if something else had been at `paths`.
    pub fn observed_but(&self, asset: AssetId, paths: &[(String, DataVersion)]) -> ObservedCode {
        let mut observed = self.observed(asset);
        for (path, version) in paths {
            let is_it = |(_, program): &(&String, &Option<String>)| program.as_ref() == Some(path);
            let tool = self.seen.programs.iter().find(is_it).map(|(tool, _)| tool);
            let tools = observed.tools.iter_mut();
            let is_tool =
                |(name, _): &&mut (String, DataVersion)| tool.is_some_and(|tool| tool == name);
            if let Some((_, known)) = tools.into_iter().find(is_tool) {
                *known = *version;
                continue;
            }
            let name = code_file_name(path);
            observed.files.retain(|(known, _)| *known != name);
            observed.files.push((name, *version));
        }
        observed.files.sort();
        observed
    }
}

/// How a code file is named in a code version: its path if that lies in the project, else only what it is called, as
/// nothing that is hashed may depend on where a machine keeps things.
pub fn code_file_name(path: &str) -> String {
    if path.starts_with('/') || path.starts_with("../") {
        let name = path.rsplit('/').next().unwrap_or(path);
        return format!("…/{name}");
    }
    path.to_owned()
}
