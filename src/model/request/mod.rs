//! What verbs are asked for: plain data, parsed once by `cli`, carried out by `app`.

mod in_memory;
mod key_word;
mod materialize;
mod partitions;
mod selected;
mod selection_text;
mod verbs;

pub use in_memory::{MemoryOptions, Printed, SuppliedInput};
pub use key_word::{InvalidKeyWord, InvalidKeys, KeyText, KeyWord, LimitedKey, RANGE_SIGN};
pub use materialize::{Force, MaterializeOptions, Occupied, PlanOptions};
pub use partitions::{KeyChoice, PartitionsSelection, RecordedState, SelectionRequest};
pub use selected::{InvalidSelected, Selected};
pub use selection_text::SelectionText;
pub use verbs::{
    AcceptRequest, AffectedRequest, ChangeKeysRequest, Changes, CheckOptions, CheckedOutputs,
    DueWindows, Evidence, ExplainRequest, GraphRequest, Grouping, HistoryRequest, InitRequest,
    InitTemplate, KeyChange, ListPartitionsRequest, ListRequest, LockDiffRequest, LockRequest,
    LogsRequest, MapPartitionsRequest, ObserveRequest, Rebuild, ShowPartitionsRequest, ShowRequest,
    StatusOptions, Strictness, WantedKeys, WipeRequest,
};
