//! What was declared when a snapshot was written, and where that stands in the graph of today.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::look::snapshot::records::Owners;
use crate::model::{AssetGraph, AssetId, DefinitionId};

/// What all declarations of a graph mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DeclaredMeanings {
    /// Assets and sources, by their places in the order of the graph.
    declarations: Vec<Digest>,
    /// Partitions definitions, in order of declaration.
    definitions: Vec<Digest>,
}

impl DeclaredMeanings {
    pub fn of(graph: &AssetGraph) -> Self {
        let order = graph.order().iter();
        Self {
            declarations: order.map(|id| graph.meaning(*id)).collect(),
            definitions: graph.definition_meanings(),
        }
    }
}

/// How a snapshot numbers the assets and sources of a graph: by their places in the order of the graph that it was written of.
///
/// What is declared otherwise by now has no place in it.
#[derive(Clone, Debug)]
pub struct Numbering {
    /// By place in the snapshot.
    ids: Vec<Option<AssetId>>,
    /// By id: the place in the order of the graph of today.
    places: Vec<u32>,
    /// What differs from the order of the graph of today; nothing where all has its place.
    former: Option<FormerNumbering>,
}

#[derive(Clone, Debug)]
struct FormerNumbering {
    /// By id: the place in the snapshot.
    places: Vec<Option<u32>>,
    /// By number of the definition in the snapshot: those that mean the same today.
    definitions: Vec<Vec<DefinitionId>>,
}

impl Numbering {
    /// That of a snapshot of this very graph.
    pub fn of(graph: &AssetGraph) -> Self {
        Self {
            ids: graph.order().iter().copied().map(Some).collect(),
            places: places(graph),
            former: None,
        }
    }

    /// That of a snapshot of a graph that has meant this.
    pub(super) fn since(then: &DeclaredMeanings, graph: &AssetGraph) -> Self {
        let now = DeclaredMeanings::of(graph);
        let same = Self::of(graph);
        if *then == now {
            return same;
        }
        let meanings = now.declarations.iter().zip(graph.order());
        let by_meaning: HashMap<Digest, AssetId> =
            meanings.map(|(meaning, id)| (*meaning, *id)).collect();
        let ids = then.declarations.iter();
        let ids: Vec<Option<AssetId>> = ids.map(|it| by_meaning.get(it).copied()).collect();
        let mut places = vec![None; graph.len()];
        for (place, id) in (0..).zip(&ids) {
            if let Some(id) = id {
                places[id.index()] = Some(place);
            }
        }
        let mut definitions: HashMap<Digest, Vec<DefinitionId>> = HashMap::new();
        for (meaning, number) in now.definitions.iter().zip(0..) {
            let known = definitions.entry(*meaning).or_default();
            known.push(DefinitionId(number));
        }
        let known = then.definitions.iter();
        let known = known.map(|it| definitions.get(it).cloned().unwrap_or_default());
        let former = FormerNumbering {
            places,
            definitions: known.collect(),
        };
        Self {
            ids,
            former: Some(former),
            ..same
        }
    }

    /// How many places there are in the snapshot.
    pub fn count(&self) -> u32 {
        self.ids.len() as u32
    }

    /// The asset or source at a place in the snapshot.
    pub fn id(&self, place: u32) -> Option<AssetId> {
        self.ids.get(place as usize).copied().flatten()
    }

    /// The place of an asset or source in the snapshot.
    pub fn place(&self, id: AssetId) -> Option<u32> {
        match &self.former {
            None => Some(self.places[id.index()]),
            Some(former) => former.places[id.index()],
        }
    }

    /// The place of an asset or source in the order of the graph of today.
    pub fn place_now(&self, id: AssetId) -> u32 {
        self.places[id.index()]
    }

    /// The definitions of today that mean the same as one of the snapshot.
    pub fn definitions(&self, then: DefinitionId) -> Vec<DefinitionId> {
        match &self.former {
            None => vec![then],
            Some(former) => {
                let same = former.definitions.get(then.0 as usize);
                same.cloned().unwrap_or_default()
            }
        }
    }

    /// What is declared today and has no place in the snapshot.
    pub fn new_ids(&self) -> impl Iterator<Item = AssetId> + '_ {
        let places = self.former.iter().flat_map(|former| &former.places);
        let places = (0..).zip(places);
        places.filter_map(|(id, place)| place.is_none().then_some(AssetId(id)))
    }

    /// The same owners by the places of today; what is declared otherwise is left out.
    pub fn moved(&self, owners: &Owners) -> Owners {
        match self.moves() {
            Some(moves) => owners.moved(moves),
            None => owners.clone(),
        }
    }

    /// The place in the order of today of what has a place in the snapshot; `None` where all places are the same.
    pub(super) fn moves(&self) -> Option<impl Fn(u32) -> Option<u32> + '_> {
        self.former.as_ref()?;
        Some(|place| Some(self.place_now(self.id(place)?)))
    }
}

/// Where each asset and source comes in the order of a graph, by its id.
fn places(graph: &AssetGraph) -> Vec<u32> {
    let mut places = vec![0; graph.len()];
    for (place, id) in (0..).zip(graph.order()) {
        places[id.index()] = place;
    }
    places
}
