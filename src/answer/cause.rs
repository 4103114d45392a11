//! Causes as JSON: one flat object, whatever their kind.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Digest;
use crate::model::{
    AssetKey, Cause, CauseKind, CodeChange, DataChange, DataDetail, DataVersion, DependencyChange,
    FileChanges, Name, OutputChange, OutputKind, PartitionKey, Presence, RecordingRun, RunId,
};

/// `{"kind":"data","what":…,"input":…,"partition":…,"path":…,"old":…,"new":…,"root":[…]}`
#[derive(Serialize, Deserialize)]
struct Shape<'a> {
    kind: CauseKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[expect(clippy::option_option, reason = "`null` is not the same as absent")]
    partition: Option<Option<PartitionKey>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_run: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_job: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "is_false")]
    missing: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    unreadable: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    removed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_value: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_value: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Cow<'a, FileChanges>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<Cow<'a, [Cause]>>,
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Shape::of(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shape = Shape::deserialize(deserializer)?;
        shape
            .cause()
            .ok_or_else(|| D::Error::custom("a cause lacks a field"))
    }
}

impl<'a> Shape<'a> {
    fn new(kind: CauseKind) -> Self {
        Self {
            kind,
            what: None,
            input: None,
            partition: None,
            output: None,
            path: None,
            old: None,
            new: None,
            origin: None,
            old_run: None,
            old_job: None,
            old_path: None,
            missing: false,
            unreadable: false,
            removed: false,
            old_value: None,
            new_value: None,
            files: None,
            root: None,
        }
    }

    fn of(cause: &'a Cause) -> Self {
        let shape = Self::new(cause.kind());
        match cause {
            Cause::Code(change) => Self {
                what: Some((&*change.what).into()),
                path: change.path.as_deref().map(Cow::from),
                old: change.old.as_deref().map(Cow::from),
                new: change.new.as_deref().map(Cow::from),
                origin: change.origin.as_deref().map(Cow::from),
                old_run: change.recorded_by.as_ref().map(|it| it.run),
                old_job: change.recorded_by.as_ref().and_then(|it| it.job.clone()),
                ..shape
            },
            Cause::Dependency { input, change } => Self {
                input: Some(input.clone()),
                ..shape.with_dependency(change)
            },
            Cause::DependencyRemoved => shape.with_dependency(&DependencyChange::Removed),
            Cause::Data(change) => shape.with_data(change),
            Cause::Output {
                output,
                path,
                change,
            } => Self {
                output: output.as_deref().map(Cow::from),
                path: path.as_deref().map(Cow::from),
                ..shape.with_output(*change)
            },
            Cause::Rule { old, new } => Self {
                old: Some(old.to_string().into()),
                new: Some(new.to_string().into()),
                ..shape
            },
            Cause::Forced | Cause::Volatile | Cause::FailedBefore => shape,
        }
    }

    fn with_dependency(self, change: &'a DependencyChange) -> Self {
        let (what, both) = match change {
            DependencyChange::Added => ("added", None),
            DependencyChange::Removed => ("removed", None),
            DependencyChange::Remapped { old, new } => ("remapped", Some((&**old, &**new))),
        };
        Self {
            what: Some(what.into()),
            old: both.map(|(old, _)| old.into()),
            new: both.map(|(_, new)| new.into()),
            ..self
        }
    }

    fn with_data(self, change: &'a DataChange) -> Self {
        let (values, files) = match &change.detail {
            Some(DataDetail::Value { old, new }) => (Some((&**old, &**new)), None),
            Some(DataDetail::Files(files)) => (None, Some(Cow::Borrowed(files))),
            Some(DataDetail::TooManyFiles(_)) | None => (None, None),
        };
        Self {
            what: Some(change.asset.as_str().into()),
            input: Some(change.input.clone()),
            partition: Some(change.partition.clone()),
            path: change.path.as_deref().map(Cow::from),
            old_path: change.old_path.as_deref().map(Cow::from),
            old: change.old.map(|it| it.to_string().into()),
            new: change.new.map(|it| it.to_string().into()),
            missing: change.presence == Presence::Missing,
            unreadable: change.presence == Presence::Unreadable,
            removed: change.presence == Presence::Removed,
            old_value: values.map(|(old, _)| old.into()),
            new_value: values.map(|(_, new)| new.into()),
            files,
            root: Some(Cow::Borrowed(&change.root)),
            ..self
        }
    }

    fn with_output(self, change: OutputChange) -> Self {
        let (what, old, new) = match change {
            OutputChange::Missing => ("missing", None, None),
            OutputChange::Altered { old, new } => (
                "altered",
                old.map(|it| it.to_string()),
                new.map(|it| it.to_string()),
            ),
            OutputChange::Kind { found } => {
                let found = match found {
                    OutputKind::File => "file",
                    OutputKind::Directory => "directory",
                };
                ("kind", None, Some(found.to_owned()))
            }
            OutputChange::Unreadable => ("unreadable", None, None),
        };
        Self {
            what: Some(what.into()),
            old: old.map(Cow::from),
            new: new.map(Cow::from),
            ..self
        }
    }

    /// The cause that is written so. What an upstream is that has no version, and that there were too many files to tell them
    /// apart, is not written.
    fn cause(self) -> Option<Cause> {
        let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        Some(match self.kind {
            CauseKind::Code => Cause::Code(CodeChange {
                what: text(self.what)?,
                path: text(self.path),
                old: text(self.old),
                new: text(self.new),
                origin: text(self.origin),
                recorded_by: self.old_run.map(|run| RecordingRun {
                    run,
                    job: self.old_job,
                }),
            }),
            CauseKind::Dependency => {
                let change = match self.what.as_deref()? {
                    "added" => DependencyChange::Added,
                    "removed" => DependencyChange::Removed,
                    _ => DependencyChange::Remapped {
                        old: text(self.old)?,
                        new: text(self.new)?,
                    },
                };
                match self.input {
                    Some(input) => Cause::Dependency { input, change },
                    None => Cause::DependencyRemoved,
                }
            }
            CauseKind::Data => self.data()?,
            CauseKind::Output => Cause::Output {
                change: self.output_change()?,
                output: text(self.output),
                path: text(self.path),
            },
            CauseKind::Rule => Cause::Rule {
                old: self.old?.parse().ok()?,
                new: self.new?.parse().ok()?,
            },
            CauseKind::Forced => Cause::Forced,
            CauseKind::Volatile => Cause::Volatile,
            CauseKind::FailedBefore => Cause::FailedBefore,
        })
    }

    fn data(self) -> Option<Cause> {
        let presence = match (self.missing, self.unreadable, self.removed) {
            (true, _, _) => Presence::Missing,
            (_, true, _) => Presence::Unreadable,
            (_, _, true) => Presence::Removed,
            _ => Presence::There,
        };
        let values = self.old_value.zip(self.new_value);
        let values = values.map(|(old, new)| DataDetail::Value {
            old: old.into_owned(),
            new: new.into_owned(),
        });
        let files = self
            .files
            .map(|files| DataDetail::Files(files.into_owned()));
        Some(Cause::Data(DataChange {
            input: self.input?,
            asset: AssetKey::of_path(&self.what?),
            partition: self.partition.flatten(),
            path: self.path.map(Cow::into_owned),
            old_path: self.old_path.map(Cow::into_owned),
            old: version(self.old.as_deref()),
            new: version(self.new.as_deref()),
            presence,
            detail: values.or(files),
            root: self.root.map_or_else(Vec::new, Cow::into_owned),
        }))
    }

    fn output_change(&self) -> Option<OutputChange> {
        Some(match self.what.as_deref()? {
            "missing" => OutputChange::Missing,
            "altered" => OutputChange::Altered {
                old: version(self.old.as_deref()),
                new: version(self.new.as_deref()),
            },
            "unreadable" => OutputChange::Unreadable,
            _ => OutputChange::Kind {
                found: match self.new.as_deref()? {
                    "directory" => OutputKind::Directory,
                    _ => OutputKind::File,
                },
            },
        })
    }
}

/// The version that is written so, if it is one.
fn version(text: Option<&str>) -> Option<DataVersion> {
    text.and_then(Digest::from_hex).map(DataVersion)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(value: &bool) -> bool {
    !*value
}
