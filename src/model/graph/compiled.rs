//! A graph as blocks of bytes, each of which is read when it is asked for.
//!
//! The blocks are a frame, a column or an index each, and pages of declarations.

use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::graph::columns::{FixedWidth, PAGE, VECTORS_GROW, column_bytes, read_column};
use crate::model::graph::declarations::{Declarations, encode_declaration, page_block};
use crate::model::graph::{AssetGraph, Settings};
use crate::model::partition::DeclaredPartitions;

/// Where the blocks of a compiled graph come from: as [`AssetGraph::to_blocks`] gave them.
pub trait GraphBlocks: Debug + Send + Sync {
    /// The block with this number.
    fn block(&self, number: usize) -> Vec<u8>;
}

impl GraphBlocks for Vec<Vec<u8>> {
    fn block(&self, number: usize) -> Vec<u8> {
        self[number].clone()
    }
}

/// Which block holds what.
#[derive(Clone, Copy, Debug)]
pub(super) enum BlockNumber {
    Frame,
    Keys,
    Outlines,
    Order,
    Upstream,
    Downstream,
    Labels,
    Meanings,
    /// The first of the pages.
    Declarations,
}

/// What a graph always needs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Frame {
    pub settings: Settings,
    pub files: Vec<String>,
    pub definitions: Vec<DeclaredPartitions>,
    /// How many assets and sources there are.
    pub count: usize,
}

const COMPILED: &str = "a compiled graph has all its blocks";

impl AssetGraph {
    /// The blocks that [`Self::from_blocks`] reads.
    pub fn to_blocks(&self) -> Vec<Vec<u8>> {
        fn encoded(value: &impl Serialize) -> Vec<u8> {
            postcard::to_stdvec(value).expect(VECTORS_GROW)
        }
        let frame = Frame {
            settings: self.settings.clone(),
            files: self.files.clone(),
            definitions: self.definitions.clone(),
            count: self.count,
        };
        let mut blocks = vec![
            encoded(&frame),
            encoded(self.asset_keys()),
            column_bytes(self.outlines()),
            column_bytes(self.order()),
            encoded(self.upstream_rows()),
            encoded(self.downstream_rows()),
            encoded(self.labels()),
            column_bytes(self.meanings()),
        ];
        let mut ids = self.ids();
        while ids.len() > 0 {
            let page: Vec<_> = ids.by_ref().take(PAGE).collect();
            let encoded = page.into_iter().map(|id| encode_declaration(self.get(id)));
            blocks.push(page_block(encoded));
        }
        blocks
    }

    /// The graph of these blocks; `None` if the first one is no frame.
    pub fn from_blocks(blocks: Arc<dyn GraphBlocks>) -> Option<Self> {
        let frame = blocks.block(BlockNumber::Frame as usize);
        let frame: Frame = postcard::from_bytes(&frame).ok()?;
        Some(Self {
            settings: frame.settings,
            files: frame.files,
            definitions: frame.definitions,
            count: frame.count,
            declarations: Declarations::unread(frame.count),
            blocks: Some(blocks),
            ..Self::unread()
        })
    }

    /// What a block encodes, read once.
    pub(super) fn index<'g, T: DeserializeOwned>(
        &'g self,
        cell: &'g OnceLock<T>,
        number: BlockNumber,
    ) -> &'g T {
        let read = || postcard::from_bytes(&self.block(number as usize)).expect(COMPILED);
        cell.get_or_init(read)
    }

    /// The column that a block is, read once.
    pub(super) fn column<'g, const N: usize, T: FixedWidth<N>>(
        &'g self,
        cell: &'g OnceLock<Vec<T>>,
        number: BlockNumber,
    ) -> &'g [T] {
        cell.get_or_init(|| read_column(&self.block(number as usize)).expect(COMPILED))
    }

    /// The block of a page of declarations.
    pub(super) fn page(&self, number: usize) -> Vec<u8> {
        self.block(BlockNumber::Declarations as usize + number)
    }

    fn block(&self, number: usize) -> Vec<u8> {
        self.blocks.as_ref().expect(COMPILED).block(number)
    }
}
