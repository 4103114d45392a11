//! The definitions on the two sides of a mapping.

use crate::manifest::partitions::Definitions;
use crate::model::{DefinitionId, Dimension, PartitionMapping, infer_mapping};

/// The definitions on the two sides of a mapping, or of two dimensions; `None` is an unpartitioned side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends<'a> {
    pub definitions: &'a Definitions<'a>,
    pub downstream: Option<DefinitionId>,
    pub upstream: Option<DefinitionId>,
}

impl<'a> Ends<'a> {
    /// The mapping that is meant where none is declared.
    pub(super) fn infer(self) -> Option<PartitionMapping> {
        infer_mapping(self.definitions.declared(), self.downstream, self.upstream)
    }

    /// The same between two dimensions or a dimension and the other side, which are said to correspond: where nothing
    /// suggests itself, windows that overlap or equal keys.
    pub(super) fn infer_corresponding(self) -> PartitionMapping {
        let windows = |id: Option<DefinitionId>| {
            id.is_some_and(|id| self.definitions.get(id).windows().is_some())
        };
        self.infer().unwrap_or_else(|| {
            if windows(self.downstream) && windows(self.upstream) {
                PartitionMapping::TimeWindow {
                    start_offset: 0,
                    end_offset: 0,
                }
            } else {
                PartitionMapping::Identity
            }
        })
    }

    /// Both sides replaced.
    pub(super) fn between(self, downstream: DefinitionId, upstream: DefinitionId) -> Self {
        Self {
            downstream: Some(downstream),
            upstream: Some(upstream),
            ..self
        }
    }

    /// The dimensions of a definition.
    pub(super) fn dimensions(self, id: Option<DefinitionId>) -> &'a [Dimension] {
        id.map_or(&[], |id| self.definitions.get(id).dimensions())
    }
}
