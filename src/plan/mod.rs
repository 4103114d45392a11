//! Pure decisions: what a materialization depends on, what is stale and why, and what runs in which order.

mod blocks;
mod causes;
mod decide;
mod evaluation;
mod fingerprint;
mod judge;
mod scope;
mod survey;
#[cfg(test)]
pub(crate) mod tests;

pub use blocks::{Blocks, Folded, MappedVersions, contribution_of, ends_block};
pub use causes::{CauseFacts, causes, code_changes, value_in_words};
pub use decide::{
    CellDecision, Costs, Decisions, UsualDurations, costs, critical_path, decide, duration_of,
    obstacles, running_assets,
};
pub use evaluation::{
    Codes, Evaluation, Findings, FoundSources, LockedCells, LockedResult, MissingSource, Occupant,
    OccupantKind, OutputPlaces, PlaceRecord, SeenPaths, code_file_name,
};
pub use fingerprint::{
    FILE_FIELD, FingerprintParts, MAPPING_FIELD, ObservedCode, ObservedResource, PATH_FIELD,
    RowConfigs, code_record, code_version, config_fields, fingerprint, mapping_in_words,
    output_read, version_of_outputs,
};
pub use judge::{
    Demand, Facts, Judge, Purpose, Records, Share, Verdict, Witness, version_at, version_by_rule,
};
pub use scope::{
    Cell, NonexistentKeys, Role, Row, Scope, SettledPartitions, Upstream, order_mapping, reached,
};
pub use survey::{Known, Survey, WIDE};
