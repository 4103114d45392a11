//! The declarations of a graph: at hand, or compiled and decoded when they are asked for.

use std::sync::OnceLock;

use crate::model::asset::Declaration;
use crate::model::graph::columns::{PAGE, VECTORS_GROW};
use crate::model::graph::detached::detach;
use crate::model::name::AssetId;

const COMPILED: &str = "a page is compiled from declarations";

/// Declarations by id, in pages. A page is read once, and each of its declarations decoded once.
#[derive(Clone, Debug, Default)]
pub(super) struct Declarations {
    pages: Vec<OnceLock<Page>>,
}

#[derive(Clone, Debug, Default)]
struct Page {
    decoded: Vec<OnceLock<Declaration>>,
    /// As [`page_block`] gives it; empty where all are decoded.
    compiled: Vec<u8>,
}

impl Declarations {
    /// This number of declarations, none of which is read yet.
    pub(super) fn unread(count: usize) -> Self {
        Self {
            pages: vec![OnceLock::new(); count.div_ceil(PAGE)],
        }
    }

    /// A declaration that is decoded.
    pub(super) fn at_hand(&self, id: AssetId) -> Option<&Declaration> {
        let page = self.pages[id.index() / PAGE].get()?;
        page.decoded[id.index() % PAGE].get()
    }

    /// A declaration; `block` gives the bytes of its page, and `attach` makes it of a detached one.
    pub(super) fn get(
        &self,
        id: AssetId,
        block: impl FnOnce(usize) -> Vec<u8>,
        attach: impl FnOnce(Declaration) -> Declaration,
    ) -> &Declaration {
        let (number, index) = (id.index() / PAGE, id.index() % PAGE);
        let page = self.pages[number].get_or_init(|| Page::read(block(number)));
        let decode = || postcard::from_bytes(page.encoded(index)).expect(COMPILED);
        page.decoded[index].get_or_init(|| attach(decode()))
    }

    /// A declaration as its page, whose bytes `block` gives, holds it.
    pub(super) fn encoded(&self, id: AssetId, block: impl FnOnce(usize) -> Vec<u8>) -> &[u8] {
        let number = id.index() / PAGE;
        let page = self.pages[number].get_or_init(|| Page::read(block(number)));
        page.encoded(id.index() % PAGE)
    }

    /// Puts another declaration in the place of one that is decoded.
    pub(super) fn replace(&mut self, id: AssetId, declaration: Declaration) {
        let page = self.pages[id.index() / PAGE].get_mut();
        let page = page.expect("a declaration that is replaced was read before");
        page.decoded[id.index() % PAGE] = declaration.into();
    }
}

impl From<Vec<Declaration>> for Declarations {
    fn from(declarations: Vec<Declaration>) -> Self {
        let mut all = declarations.into_iter().map(OnceLock::from).peekable();
        let mut pages = Vec::new();
        while all.peek().is_some() {
            let decoded = all.by_ref().take(PAGE).collect();
            pages.push(OnceLock::from(Page {
                decoded,
                ..Page::default()
            }));
        }
        Self { pages }
    }
}

impl Page {
    fn read(block: Vec<u8>) -> Self {
        let count = offset(&block, 0) / size_of::<u32>() - 1;
        Self {
            decoded: vec![OnceLock::new(); count],
            compiled: block,
        }
    }

    fn encoded(&self, index: usize) -> &[u8] {
        &self.compiled[offset(&self.compiled, index)..offset(&self.compiled, index + 1)]
    }
}

/// The block of a page: where each declaration begins and the last one ends, and the declarations, which are encoded.
pub(super) fn page_block(declarations: impl ExactSizeIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut block = vec![0; (declarations.len() + 1) * size_of::<u32>()];
    let mut offsets = vec![block.len() as u32];
    for encoded in declarations {
        block.extend(encoded);
        offsets.push(block.len() as u32);
    }
    for (place, offset) in block.as_chunks_mut().0.iter_mut().zip(offsets) {
        *place = offset.to_le_bytes();
    }
    block
}

/// A declaration as a page holds it.
pub(super) fn encode_declaration(declaration: &Declaration) -> Vec<u8> {
    postcard::to_stdvec(&detach(declaration.clone())).expect(VECTORS_GROW)
}

fn offset(block: &[u8], index: usize) -> usize {
    u32::from_le_bytes(block.as_chunks().0[index]) as usize
}
