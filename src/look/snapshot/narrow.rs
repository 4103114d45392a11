//! From a glance to what is settled: what looks otherwise, and all that lies below it, is not.

use std::collections::{BTreeMap, HashMap};

use crate::look::snapshot::glance::Glance;
use crate::look::snapshot::numbering::Numbering;
use crate::look::snapshot::records::{OwnedPart, Owners};
use crate::look::snapshot::state::{KeysSince, SnapshotState};
use crate::model::{
    AssetGraph, AssetId, DefinitionId, KeysByDefinition, PartitionMapping, PartitionSet,
};
use crate::plan::{SettledPartitions, order_mapping};

/// What is settled, and what of a snapshot counts no more.
#[derive(Debug)]
pub struct Narrowed {
    /// What need not be judged again.
    pub settled: SettledPartitions,
    /// What of the snapshot counts no more.
    pub gone: Owners,
    /// What the snapshot held and is opened for how files look, or for what lies above it; empty where that cannot be told.
    pub outlived: HashMap<AssetId, PartitionSet>,
}

/// What has changed besides what is seen at files.
#[derive(Debug, Default)]
pub struct Besides {
    /// Partitions of assets and sources that are to be judged again.
    pub partitions: Vec<(AssetId, PartitionSet)>,
}

/// Finds what is settled. `knows_all` says whether the glance was at everything.
///
/// `None` where so much has changed that nothing is.
pub fn narrow(
    (graph, keys): (&AssetGraph, &KeysByDefinition),
    (state, numbering): (&SnapshotState, &Numbering),
    (glance, knows_all): (Glance, bool),
    besides: &Besides,
) -> Option<Narrowed> {
    let id = |place: u32| numbering.id(place);
    let counts = counts_then((graph, keys), state, numbering)?;
    let known = glance.known.into_sets().into_iter();
    let known = known.filter(|(_, part, _)| *part != OwnedPart::Code);
    let known = known.filter_map(|(place, _, set)| Some((id(place)?, set)));
    let whole = (knows_all && state.everything.is_some()).then(|| {
        let assets = graph.ids().filter(|id| !graph.is_source(*id));
        let assets = assets.filter(|id| numbering.place(*id).is_some());
        assets.map(|id| {
            let count = graph.partitions(id).map_or(1, |it| counts[it.0 as usize]);
            (id, PartitionSet::from_range(0..count))
        })
    });
    let known = known.chain(whole.into_iter().flatten());
    let mut opening = Opening {
        graph,
        keys,
        settled: SettledPartitions::new(graph.len(), known),
        knows_all,
        opened: HashMap::new(),
        gone: Owners::default(),
        numbering,
        queue: BTreeMap::new(),
    };
    for new in numbering.new_ids() {
        opening.spread_new(new);
    }
    for (definition, count) in (0..).map(DefinitionId).zip(&counts) {
        let new = *count..keys.get(Some(definition)).len();
        if !new.is_empty() {
            let users = graph.labels().definitions.get(&definition);
            for user in users.into_iter().flatten() {
                opening.spread(*user, &PartitionSet::from_range(new.clone()));
            }
        }
    }
    for (place, part, set) in glance.changed.into_sets() {
        let Some(asset) = id(place) else { continue };
        if part == OwnedPart::Code {
            let all = PartitionSet::from_range(keys.get(graph.partitions(asset)).range());
            opening.gone.add(place, part, &set);
            opening.open(asset, &all);
        } else {
            opening.change(asset, &set);
        }
    }
    for (asset, set) in &besides.partitions {
        opening.change(*asset, set);
    }
    opening.spread_all();
    let Opening {
        settled,
        opened,
        mut gone,
        ..
    } = opening;
    let mut outlived = HashMap::new();
    if knows_all {
        outlived.clone_from(&opened);
        for (asset, set) in &besides.partitions {
            if let Some(known) = outlived.get_mut(asset) {
                *known = known.difference(set);
            }
        }
    }
    for (asset, set) in opened {
        if let Some(place) = numbering.place(asset) {
            gone.add(place, OwnedPart::Outputs, &set);
        }
    }
    Some(Narrowed {
        settled,
        gone,
        outlived,
    })
}

/// How many keys each definition of today has had when the snapshot was written; `None` where other keys have come than behind
/// those.
fn counts_then(
    (graph, keys): (&AssetGraph, &KeysByDefinition),
    state: &SnapshotState,
    numbering: &Numbering,
) -> Option<Vec<u32>> {
    let mut counts = vec![0; graph.definitions().len()];
    for known in &state.keys {
        for definition in numbering.definitions(known.definition()) {
            let now = keys.get(Some(definition));
            counts[definition.0 as usize] = match known.since(now) {
                KeysSince::Same => now.len(),
                KeysSince::Grown(count) => count,
                KeysSince::Other => return None,
            };
        }
    }
    Some(counts)
}

/// What is opened, from upstream to downstream.
struct Opening<'a> {
    graph: &'a AssetGraph,
    keys: &'a KeysByDefinition,
    settled: SettledPartitions,
    /// Whether all that the snapshot holds is in `settled` at first. Else more may be settled than is known.
    knows_all: bool,
    opened: HashMap<AssetId, PartitionSet>,
    gone: Owners,
    numbering: &'a Numbering,
    /// What is below these partitions is still to be opened.
    queue: BTreeMap<u32, PartitionSet>,
}

impl Opening<'_> {
    fn change(&mut self, asset: AssetId, set: &PartitionSet) {
        if self.graph.is_source(asset) {
            if let Some(place) = self.numbering.place(asset) {
                self.gone.add(place, OwnedPart::Source, set);
            }
            self.settled.remove(asset, set);
            self.spread(asset, set);
        } else {
            self.open(asset, set);
        }
    }

    fn open(&mut self, asset: AssetId, set: &PartitionSet) {
        let settled = self.settled.remove(asset, set);
        let known = self.opened.entry(asset).or_default();
        let new = if self.knows_all {
            settled
        } else {
            set.difference(known)
        };
        if !new.is_empty() {
            *known = known.union(&new);
            self.spread(asset, &new);
        }
    }

    fn spread(&mut self, asset: AssetId, set: &PartitionSet) {
        let place = self.numbering.place_now(asset);
        let waiting = self.queue.entry(place).or_default();
        *waiting = waiting.union(set);
    }

    /// Of what is declared otherwise nothing is settled, nor of its readers: what they have read of it cannot be told.
    fn spread_new(&mut self, asset: AssetId) {
        let all = |id| PartitionSet::from_range(self.keys.get(self.graph.partitions(id)).range());
        self.spread(asset, &all(asset));
        for reader in self.graph.downstream(asset) {
            self.open(*reader, &all(*reader));
        }
    }

    fn spread_all(&mut self) {
        while let Some((at, set)) = self.queue.pop_first() {
            let up = self.graph.order()[at as usize];
            let reads_itself = self.graph.deps(up).iter().any(|dep| dep.asset == up);
            let own = reads_itself.then_some(up);
            for down in self.graph.downstream(up).iter().copied().chain(own) {
                self.open_below((up, &set), down);
            }
        }
    }

    fn open_below(&mut self, (up, set): (AssetId, &PartitionSet), down: AssetId) {
        let Some(asset) = self.graph.asset(down) else {
            return;
        };
        let keys = |id| self.keys.get(self.graph.partitions(id));
        let below =
            |mapping: &PartitionMapping| mapping.downstream_of_set(keys(down), keys(up), set);
        let deps = asset.deps.iter().filter(|dep| dep.asset == up);
        let mut reached: Vec<PartitionSet> = deps.map(|dep| below(&dep.mapping)).collect();
        let after = asset.after.iter().filter(|after| **after == up);
        reached.extend(after.map(|after| below(&order_mapping(self.graph, down, *after))));
        for set in reached {
            self.open(down, &set);
        }
    }
}
