//! What verbs are asked for: plain data, parsed once by `cli`, carried out by `app`.

mod configuration;
mod key_word;
mod materialize;
mod partitions;
mod selected;
mod verbs;

pub use configuration::{ConfigFile, Configuration, ExecutionSettings};
pub use key_word::{InvalidKeyWord, InvalidKeys, KeyText, KeyWord, LimitedKey, RANGE_SIGN};
pub use materialize::{
    Force, MaterializeOptions, MemoryOptions, Occupied, PlanOptions, Printed, StepOrdering,
    SuppliedInput,
};
pub use partitions::{
    KeyChoice, PartitionsSelection, RecordedState, SelectionRequest, SelectionText,
};
pub use selected::{InvalidSelected, Selected};
pub use verbs::{
    AcceptRequest, AffectedRequest, ChangeKeysRequest, Changes, CheckOptions, CheckedOutputs,
    DueWindows, Evidence, ExplainRequest, GraphRequest, Grouping, HistoryRequest, InitRequest,
    InitTemplate, KeyChange, ListPartitionsRequest, ListRequest, LockDiffRequest, LockRequest,
    LogsRequest, MapPartitionsRequest, ObserveRequest, Rebuild, RunFilter, RunWord,
    ShowPartitionsRequest, ShowRequest, StatusOptions, Strictness, WantedKeys, WipeRequest,
};
