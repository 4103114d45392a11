//! `config` and `schema --config`: the configuration of all assets as a file of run config has it.

mod check;
mod json_schema;
mod scaffold;

pub use check::check_config;
pub use json_schema::config_schema;
pub use scaffold::scaffold_config;

use crate::model::{Asset, AssetConfig, AssetGraph, AssetId, ConfigPath};

/// All assets with a configuration, in declared order.
fn configured_assets(graph: &AssetGraph) -> impl Iterator<Item = (AssetId, &Asset, &AssetConfig)> {
    graph.ids().filter_map(|id| {
        let asset = graph.asset(id)?;
        let config = asset.recipe.as_ref()?.config.as_deref()?;
        Some((id, asset, config))
    })
}

/// The heading of a section of an asset, without brackets.
fn section(asset: &Asset, parts: &[&str]) -> String {
    let mut path = ConfigPath::new(vec!["asset".to_owned(), asset.key.to_string()]);
    for part in parts {
        path = path.then(part);
    }
    path.to_string()
}
