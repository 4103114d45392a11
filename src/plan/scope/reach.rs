//! The partitions that a selection reaches.

use crate::model::{
    AssetGraph, AssetId, KeysByDefinition, PartitionKeys, PartitionMapping, PartitionSet,
    same_definition,
};
use crate::plan::scope::settled::SettledPartitions;

/// Whether what the selection needs is brought up to date or read as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// Brought up to date, all the way up.
    Close,
    /// Brought up to date, all the way up to external assets, which are read as they are.
    CloseToExternal,
    /// Read as it is: only direct upstreams belong to the scope.
    Given,
}

/// The selection by asset.
pub(super) fn selected_sets(
    graph: &AssetGraph,
    selection: &[(AssetId, PartitionSet)],
) -> Vec<PartitionSet> {
    let mut sets = vec![PartitionSet::empty(); graph.len()];
    for (id, set) in selection {
        sets[id.index()] = sets[id.index()].union(set);
    }
    sets
}

/// All that the selection reaches, by asset and source.
pub fn reached(
    graph_and_keys: (&AssetGraph, &KeysByDefinition),
    selection: &[(AssetId, PartitionSet)],
    upstream: Upstream,
) -> Vec<PartitionSet> {
    let selected = selected_sets(graph_and_keys.0, selection);
    reached_sets(
        graph_and_keys,
        &selected,
        upstream,
        &SettledPartitions::default(),
    )
}

/// Downstream before upstream, so that each row is complete when it is asked what it needs.
pub(super) fn reached_sets(
    (graph, keys): (&AssetGraph, &KeysByDefinition),
    selected: &[PartitionSet],
    upstream: Upstream,
    settled: &SettledPartitions,
) -> Vec<PartitionSet> {
    let mut reached = selected.to_vec();
    let is_unpartitioned = |id: AssetId| graph.partitions(id).is_none();
    for id in graph.order().iter().rev().copied() {
        if graph.is_source(id) || reached[id.index()].is_empty() {
            continue;
        }
        let own = keys.get(graph.partitions(id));
        let set = match upstream {
            Upstream::Given => selected[id.index()].clone(),
            Upstream::CloseToExternal if !graph.is_materializable(id) => continue,
            Upstream::Close | Upstream::CloseToExternal if !graph.upstream(id).contains(&id) => {
                settled.rest(id, &reached[id.index()])
            }
            Upstream::Close | Upstream::CloseToExternal => {
                let on_itself = graph.deps(id).iter().filter(|dep| dep.asset == id);
                let mappings: Vec<_> = on_itself.map(|dep| &dep.mapping).collect();
                let open = settled.rest(id, &reached[id.index()]);
                let open = settled.rest(id, &with_earlier(&mappings, own, &open));
                reached[id.index()] = reached[id.index()].union(&open);
                open
            }
        };
        if set.is_empty() {
            continue;
        }
        let mut needs = |up: AssetId, mapping: &PartitionMapping| {
            let needed = mapping.upstream_of_set(own, keys.get(graph.partitions(up)), &set);
            reached[up.index()] = reached[up.index()].union(&needed);
        };
        let upstream = graph.upstream(id);
        if upstream.iter().all(|up| is_unpartitioned(*up)) && is_unpartitioned(id) {
            // No mapping leads anywhere else, so the declaration need not be read.
            for up in upstream {
                needs(*up, &PartitionMapping::Identity);
            }
            continue;
        }
        let deps = graph.deps(id);
        for dep in deps {
            needs(dep.asset, &dep.mapping);
        }
        for after in &upstream[deps.len()..] {
            needs(*after, &order_mapping(graph, id, *after));
        }
    }
    reached
}

/// A set with all earlier windows that deps of an asset on itself ask for, again and again: what one dep asks for may
/// need more of another.
fn with_earlier(
    mappings: &[&PartitionMapping],
    own: &PartitionKeys,
    set: &PartitionSet,
) -> PartitionSet {
    let mut closed = set.clone();
    loop {
        let mut grown = closed.clone();
        for mapping in mappings {
            grown = mapping.with_earlier(own, &grown);
        }
        if mappings.len() < 2 || grown.len() == closed.len() {
            return grown;
        }
        closed = grown;
    }
}

/// How `after` orders partitions: key by key within one definition, all before all else.
pub fn order_mapping(graph: &AssetGraph, asset: AssetId, after: AssetId) -> PartitionMapping {
    let (own, other) = (graph.partitions(asset), graph.partitions(after));
    let same = match (own, other) {
        (Some(own), Some(other)) => same_definition(graph.definitions(), own, other),
        (own, other) => own == other,
    };
    if same {
        PartitionMapping::Identity
    } else {
        PartitionMapping::All
    }
}
