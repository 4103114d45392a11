//! An outline of each declaration, which answers most questions without the declaration itself.

use crate::model::asset::Declaration;
use crate::model::graph::columns::FixedWidth;
use crate::model::name::{FileId, Location};
use crate::model::partition::DefinitionId;

/// What is asked of all declarations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outline {
    pub location: Location,
    pub partitions: Option<DefinitionId>,
    pub role: OutlineRole,
    /// How many outputs an asset has.
    pub outputs: u32,
    /// Whether an asset has lines in the lock file.
    pub locked: bool,
}

/// What a declaration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutlineRole {
    Source,
    ExternalAsset,
    MaterializableAsset,
}

impl Outline {
    pub(super) fn of(declaration: &Declaration) -> Self {
        let asset = match declaration {
            Declaration::Asset(asset) => Some(asset),
            Declaration::Source(_) => None,
        };
        let role = match asset {
            None => OutlineRole::Source,
            Some(asset) if asset.is_materializable() => OutlineRole::MaterializableAsset,
            Some(_) => OutlineRole::ExternalAsset,
        };
        Self {
            location: declaration.location(),
            partitions: declaration.partitions(),
            role,
            outputs: asset.map_or(0, |asset| asset.outputs.len() as u32),
            locked: asset.is_some_and(|asset| asset.locked),
        }
    }
}

/// The number of a definition where there is none.
const UNPARTITIONED: u32 = u32::MAX;

impl FixedWidth<24> for Outline {
    fn to_column(&self) -> [u8; 24] {
        let partitions = self.partitions.map_or(UNPARTITIONED, |id| id.0);
        let role = match self.role {
            OutlineRole::Source => 0,
            OutlineRole::ExternalAsset => 1,
            OutlineRole::MaterializableAsset => 2,
        };
        let Location {
            file,
            line,
            start,
            len,
        } = self.location;
        let what = u32::from(file.0) << 16 | u32::from(self.locked) << 8 | role;
        let mut bytes = [0; 24];
        let numbers = [what, line, start, len, partitions, self.outputs];
        for (place, number) in bytes.as_chunks_mut().0.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        bytes
    }

    fn from_column(bytes: [u8; 24]) -> Self {
        let number = |at: usize| u32::from_le_bytes(bytes.as_chunks().0[at]);
        let partitions = number(4);
        Self {
            location: Location {
                file: FileId((number(0) >> 16) as u16),
                line: number(1),
                start: number(2),
                len: number(3),
            },
            partitions: (partitions != UNPARTITIONED).then_some(DefinitionId(partitions)),
            locked: number(0) >> 8 & 1 == 1,
            role: match number(0) & 0xFF {
                0 => OutlineRole::Source,
                1 => OutlineRole::ExternalAsset,
                _ => OutlineRole::MaterializableAsset,
            },
            outputs: number(5),
        }
    }
}
