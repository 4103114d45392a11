//! What verbs are asked for: plain data, parsed once by `cli`, carried out by `app`.

mod materialize;
mod partition_verbs;
mod selected;
mod verbs;

pub use materialize::{
    Altered, Durability, FailurePolicy, Force, MaterializeRequest, PlanRequest, Scope, StepOutput,
    Wait,
};
pub use partition_verbs::{
    ChangeKeysRequest, ListPartitionsRequest, MapDirection, MapPartitionsRequest,
    ShowPartitionsRequest, WantedKeys,
};
pub use selected::{InvalidSelected, Selected};
pub use verbs::{
    AcceptRequest, Effect, Evidence, ExplainRequest, GraphRequest, Grouping, HistoryRequest,
    InitRequest, InitTemplate, ListRequest, LogsRequest, ObserveRequest, Outputs, ShowRequest,
    Sources, StatusRequest, WipeRequest,
};
