//! A graph in which some declarations differ from those of another one, which is compiled.

use std::sync::Arc;

use crate::digest::Digest;
use crate::model::asset::Declaration;
use crate::model::graph::columns::{PAGE, VECTORS_GROW, column_bytes};
use crate::model::graph::compiled::{BlockNumber, Frame};
use crate::model::graph::declarations::{encode_declaration, page_block};
use crate::model::graph::index::AssetKeys;
use crate::model::graph::meaning::definition_meanings;
use crate::model::graph::outline::Outline;
use crate::model::graph::rows::{Rows, topological_order};
use crate::model::graph::{AssetGraph, GraphBlocks, Settings};
use crate::model::name::{AssetId, Location};
use crate::model::partition::DeclaredPartitions;

/// A declaration of a revised graph.
#[derive(Clone, Debug)]
pub enum Revised {
    /// That of the former graph with this id, which stands at this place now.
    Kept(AssetId, Location),
    /// Another one, of the same key as one of the former graph or of a new one.
    Changed(Box<Declaration>),
}

impl AssetGraph {
    /// The blocks of the graph with these declarations and definitions, whose settings, files and definitions mean what
    /// they mean in this one; `None` if there is a cycle, or one that is kept needs one that is not there any more.
    pub fn revised(
        &self,
        (settings, definitions): (Settings, Vec<DeclaredPartitions>),
        declarations: &[Revised],
    ) -> Option<Vec<Vec<u8>>> {
        let ids = || (0..declarations.len() as u32).map(AssetId);
        let mut kept_ids = vec![None; self.len()];
        let mut new_ids = kept_ids.clone();
        for (id, declaration) in ids().zip(declarations) {
            let former = match declaration {
                Revised::Kept(former, _) => {
                    kept_ids[former.index()] = Some(id);
                    Some(*former)
                }
                Revised::Changed(declaration) => self.find(declaration.key().as_str()),
            };
            if let Some(former) = former {
                new_ids[former.index()] = Some(id);
            }
        }
        let mut rows = Vec::with_capacity(declarations.len());
        for declaration in declarations {
            rows.push(match declaration {
                Revised::Kept(former, _) => {
                    let upstream = self.upstream(*former).iter();
                    upstream
                        .map(|up| new_ids[up.index()])
                        .collect::<Option<_>>()?
                }
                Revised::Changed(declaration) => declaration.upstream().collect::<Vec<_>>(),
            });
        }
        let upstream = Rows::new(rows.into_iter());
        let downstream = upstream.turned();
        let order = topological_order(&upstream, &downstream).ok()?;
        let changed: Vec<(AssetId, &Declaration)> = ids()
            .zip(declarations)
            .filter_map(|(id, declaration)| match declaration {
                Revised::Kept(..) => None,
                Revised::Changed(changed) => Some((id, &**changed)),
            })
            .collect();
        let frame = Frame {
            settings,
            files: self.files.clone(),
            definitions,
            count: declarations.len(),
        };
        let outlines: Vec<Outline> = declarations
            .iter()
            .map(|declaration| match declaration {
                Revised::Kept(former, location) => Outline {
                    location: *location,
                    ..*self.outline(*former)
                },
                Revised::Changed(declaration) => Outline::of(declaration),
            })
            .collect();
        let encoded = |bytes: Result<Vec<u8>, postcard::Error>| bytes.expect(VECTORS_GROW);
        let labels = self.labels().revised(&kept_ids, &changed);
        let mut blocks = vec![
            encoded(postcard::to_stdvec(&frame)),
            encoded(postcard::to_stdvec(&self.revised_keys(&kept_ids, &changed))),
            column_bytes(&outlines),
            column_bytes(&order),
            encoded(postcard::to_stdvec(&upstream)),
            encoded(postcard::to_stdvec(&downstream)),
            encoded(postcard::to_stdvec(&labels)),
            Vec::new(),
        ];
        for page in declarations.chunks(PAGE) {
            blocks.push(page_block(page.iter().map(|declaration| {
                match declaration {
                    Revised::Kept(former, _) => self
                        .declarations
                        .encoded(*former, |page| self.page(page))
                        .to_vec(),
                    Revised::Changed(changed) => encode_declaration(changed),
                }
            })));
        }
        blocks[BlockNumber::Meanings as usize] = self.revised_meanings(declarations, &mut blocks);
        Some(blocks)
    }

    fn revised_keys(
        &self,
        kept_ids: &[Option<AssetId>],
        changed: &[(AssetId, &Declaration)],
    ) -> AssetKeys {
        let keys = self.asset_keys();
        let kept = keys.iter().zip(keys.ids());
        let kept = kept.filter_map(|(key, id)| Some((key, kept_ids[id.index()]?)));
        let changed = changed.iter().map(|(id, it)| (it.key().as_str(), *id));
        AssetKeys::new(kept.chain(changed).collect())
    }

    fn revised_meanings(&self, declarations: &[Revised], blocks: &mut Vec<Vec<u8>>) -> Vec<u8> {
        let shared = Arc::new(std::mem::take(blocks));
        let meanings: Vec<Digest> = {
            let revised = Self::from_blocks(Arc::clone(&shared) as Arc<dyn GraphBlocks>);
            let revised = revised.expect("the frame is the first block");
            let definitions = definition_meanings(revised.definitions());
            let meaning = |(id, declaration): (AssetId, &Revised)| match declaration {
                Revised::Kept(former, _) => self.meaning(*former),
                Revised::Changed(_) => revised.read_meaning(id, &definitions),
            };
            revised.ids().zip(declarations).map(meaning).collect()
        };
        *blocks = Arc::into_inner(shared).expect("the graph that shared them is gone");
        column_bytes(&meanings)
    }
}
