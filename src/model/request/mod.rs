//! What verbs are asked for: plain data, parsed once by `cli`, carried out by `app`.

mod in_memory;
mod key_word;
mod materialize;
mod partitions;
mod selected;
mod selection_text;
mod verbs;

pub use in_memory::{InMemoryRequest, Printed, SuppliedInput};
pub use key_word::{InvalidKeyWord, InvalidKeys, KeyText, KeyWord, LimitedKey, RANGE_SIGN};
pub use materialize::{Force, MaterializeRequest, Occupied, PlanRequest};
pub use partitions::{KeyChoice, PartitionsSelection, RecordedState};
pub use selected::{InvalidSelected, Selected};
pub use selection_text::SelectionText;
pub use verbs::{
    AcceptRequest, AffectedRequest, ChangeKeysRequest, Changes, CheckRequest, CheckedOutputs,
    DueWindows, Evidence, ExplainRequest, GraphRequest, Grouping, HistoryRequest, InitRequest,
    InitTemplate, KeyChange, ListPartitionsRequest, ListRequest, LockDiffRequest, LockRequest,
    LogsRequest, MapPartitionsRequest, ObserveRequest, Rebuild, ShowPartitionsRequest, ShowRequest,
    StatusRequest, Strictness, WantedKeys, WipeRequest,
};
