//! The nouns: plain data, checked when it is constructed, without I/O.

mod asset;
mod config;
mod environment;
mod generator;
mod graph;
mod hook;
mod job;
mod lock;
mod name;
mod partition;
mod record;
mod request;
mod resource;
mod retry;
mod status;
mod template;
mod version;

pub use asset::{
    About, Asset, Code, Command, DataVersionRule, Declaration, Dep, EnvValue, EnvVariable,
    InheritEnv, Output, OutputKind, Place, Recipe, SourceAsset, SourcePath, TagValue, exceptions,
};
pub use config::{
    AssetConfig, CONFIG_FIELD, CONFIG_SCHEMA, ConfigFault, ConfigKind, ConfigLayer, ConfigLeaf,
    ConfigOrigin, ConfigPath, ConfigProblem, ConfigSchema, ConfigValue, EffectiveConfig, Finite,
    LeafValue, PARAMS, SchemaTable, Setting, SettingEntry, SettingTable,
};
pub use environment::{DeclaredEnvironment, EnvironmentConfig, EnvironmentPath};
pub use generator::{Generator, GeneratorInput, StaleManifest, StaleReason};
pub use graph::{
    AssetGraph, AssetKeys, ByValue, Cycle, GraphBlocks, GraphParts, Labels, Revised, Settings,
    own_source, written_path,
};
pub use hook::{Hook, HookMoment, HookOwner};
pub use job::{
    ExecutorKind, Job, JobConfig, JobExecution, JobInput, JobSetting, JobValue, ParamPiece,
};
pub use lock::{
    AddedKey, CodePrefix, ContributionPrefix, LOCK_FILE, Lock, LockBlock, LockLine, LockedAsset,
    LockedManifest, LockedOutput, LockedSource,
};
pub use name::{
    AssetId, AssetKey, Batch, InvalidName, KnownNames, LONGEST_COMPONENT, Name, SHORTENED,
    StepName, as_variable, encode_component, encode_whole_component, shortened,
};
pub use name::{FileId, Location};
pub use partition::{
    Cadence, DeclaredPartitions, DefinitionId, Dimension, DimensionKeys, DimensionMapping,
    DimensionSource, Exclusion, ExistingKeys, InvalidPartitionKey, InvalidTimePartitions,
    KeysByDefinition, Mapped, MappingSide, Misfit, MultiKeys, NamedKeys, PART_SEPARATOR,
    PartitionKey, PartitionKeys, PartitionMapping, PartitionSet, PartitionSlot,
    PartitionsDefinition, TimeKeys, TimePartitions, TimeSetting, TimeSettings, TimeWindow,
    TooManyKeys, choices, fits, infer_mapping, same_definition,
};
pub use record::{
    BlockEntry, BlockRecord, CodeRecord, Current, CurrentColumns, CurrentMaterialization,
    CurrentRef, FileList, InputRecord, LastAttempt, Materialization, MaterializationId,
    MaterializedRef, OWN_TAGS, Observation, Origin, Outcome, OutputRecord, PARTITION_TAG,
    Provenance, RULE, ResourceUsage, RunDetails, RunId, RunKey, RunStatus, RunTags, RunVerb,
    SourceContent, check_tag,
};
pub use request::{
    AcceptRequest, AffectedRequest, ChangeKeysRequest, Changes, CheckOptions, CheckedOutputs,
    ConfigFile, Configuration, DueWindows, Evidence, ExecutionSettings, ExplainRequest, Force,
    GraphRequest, Grouping, HistoryRequest, InitRequest, InitTemplate, InvalidKeyWord, InvalidKeys,
    InvalidSelected, KeyChange, KeyChoice, KeyText, KeyWord, LimitedKey, ListPartitionsRequest,
    ListRequest, LockDiffRequest, LockRequest, LogsRequest, MapPartitionsRequest,
    MaterializeOptions, MemoryOptions, ObserveRequest, Occupied, PartitionsSelection, PlanOptions,
    Printed, RANGE_SIGN, Rebuild, RecordedState, RunFilter, RunWord, Selected, SelectionRequest,
    SelectionText, ShowPartitionsRequest, ShowRequest, StatusOptions, StepOrdering, Strictness,
    SuppliedInput, WantedKeys, WipeRequest,
};
pub use resource::{
    DeclaredResource, EnvConflict, ResolvedResource, ResourceVariable, env_conflict,
};
pub use retry::{Backoff, Jitter, RetryPolicy, RetryRule};
pub use status::{
    Cause, CauseKind, CodeChange, DataChange, DataDetail, DependencyChange, FileChanges,
    OutputChange, Presence, RecordingRun, Status,
};
pub use template::{
    CommandPlaceholder, CommandTemplate, KeyStyle, PartitionPlaceholder, PartitionRef,
    PathTemplate, Piece, Template, TimeFormat, ValueForm, ValueText,
};
pub use version::{CodeVersion, Counted, DataVersion, Fingerprint, Watched};
