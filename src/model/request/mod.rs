//! What verbs are asked for: plain data, parsed once by `cli`, carried out by `app`.

mod affected;
mod check;
mod in_memory;
mod key_word;
mod lock;
mod materialize;
mod partition_verbs;
mod partitions;
mod rebuild;
mod selected;
mod selection_text;
mod verbs;

pub use affected::{AffectedRequest, Changes};
pub use check::{CheckRequest, CheckedOutputs, DueWindows, Strictness};
pub use in_memory::{InMemoryRequest, Printed, SuppliedInput};
pub use key_word::{InvalidKeyWord, InvalidKeys, KeyText, KeyWord, LimitedKey, RANGE_SIGN};
pub use lock::{LockDiffRequest, LockRequest};
pub use materialize::{Force, MaterializeRequest, Occupied, PlanRequest};
pub use partition_verbs::{
    ChangeKeysRequest, KeyChange, ListPartitionsRequest, MapPartitionsRequest,
    ShowPartitionsRequest, WantedKeys,
};
pub use partitions::{KeyChoice, PartitionsSelection, RecordedState};
pub use rebuild::Rebuild;
pub use selected::{InvalidSelected, Selected};
pub use selection_text::SelectionText;
pub use verbs::{
    AcceptRequest, Evidence, ExplainRequest, GraphRequest, Grouping, HistoryRequest, InitRequest,
    InitTemplate, ListRequest, LogsRequest, ObserveRequest, ShowRequest, StatusRequest,
    WipeRequest,
};
