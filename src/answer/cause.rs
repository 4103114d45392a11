//! Causes as JSON.

use serde::{Serialize, Serializer};

use crate::model::{
    Cause, CodeChange, DataChange, DataDetail, DataVersion, DependencyChange, FileChanges,
    OutputChange, OutputKind, PartitionKey, Presence,
};

/// `{"kind":"data","what":…,"input":…,"partition":…,"path":…,"old":…,"new":…,"root":[…]}`
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum CauseShape<'a> {
    /// A difference in the code version.
    Code {
        /// The field of the record.
        what: &'a str,
        /// The code file.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<&'a str>,
        /// Its recorded value.
        #[serde(skip_serializing_if = "Option::is_none")]
        old: Option<&'a str>,
        /// Its value now.
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<&'a str>,
    },
    /// A difference in what is read.
    Dependency {
        /// `added`, `removed` or `remapped`.
        what: &'static str,
        /// The input.
        #[serde(skip_serializing_if = "Option::is_none")]
        input: Option<&'a str>,
        /// Its recorded mapping.
        #[serde(skip_serializing_if = "Option::is_none")]
        old: Option<&'a str>,
        /// Its mapping now.
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<&'a str>,
    },
    /// A difference in the data that is read.
    Data {
        /// The upstream asset.
        what: &'a str,
        /// The input.
        input: &'a str,
        /// The upstream key.
        partition: Option<&'a str>,
        /// The file of a source.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<&'a str>,
        /// The recorded version.
        #[serde(skip_serializing_if = "Option::is_none")]
        old: Option<DataVersion>,
        /// The version now.
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<DataVersion>,
        /// `true` where the input is a source and nothing is there.
        #[serde(skip_serializing_if = "Option::is_none")]
        missing: Option<bool>,
        /// `true` where the input is a source that is there and cannot be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        unreadable: Option<bool>,
        /// `true` where this partition of the input is not read any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        removed: Option<bool>,
        /// The recorded value of a source with a `key`, as JSON.
        #[serde(skip_serializing_if = "Option::is_none")]
        old_value: Option<&'a str>,
        /// Its value now.
        #[serde(skip_serializing_if = "Option::is_none")]
        new_value: Option<&'a str>,
        /// The files of a folder, or of what globs match, that are not what they were.
        #[serde(skip_serializing_if = "Option::is_none")]
        files: Option<&'a FileChanges>,
        /// Why the upstream changed.
        root: &'a [Cause],
    },
    /// An output that is not what was recorded.
    Output {
        /// `missing`, `altered` or `kind`.
        what: &'static str,
        /// The output, where an asset has several.
        #[serde(skip_serializing_if = "Option::is_none")]
        output: Option<&'a str>,
        /// Its path.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<&'a str>,
        /// The recorded version.
        #[serde(skip_serializing_if = "Option::is_none")]
        old: Option<DataVersion>,
        /// The version now; where the kind is another one, `file` or `directory`.
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<String>,
    },
    /// Recorded under another version of the rules.
    Rule {
        /// The rule then.
        old: String,
        /// The rule now.
        new: String,
    },
    /// The user asked for it.
    Forced,
    /// The asset always runs.
    Volatile,
    /// The last attempt failed.
    FailedBefore,
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        CauseShape::from(self).serialize(out)
    }
}

impl<'a> From<&'a Cause> for CauseShape<'a> {
    fn from(cause: &'a Cause) -> Self {
        match cause {
            Cause::Code(CodeChange {
                what,
                path,
                old,
                new,
            }) => Self::Code {
                what,
                path: path.as_deref(),
                old: old.as_deref(),
                new: new.as_deref(),
            },
            Cause::Dependency { input, change } => dependency(Some(input.as_str()), change),
            Cause::DependencyRemoved => dependency(None, &DependencyChange::Removed),
            Cause::Data(change) => data(change),
            Cause::Output {
                output,
                path,
                change,
            } => self::output(output.as_deref(), path.as_deref(), *change),
            Cause::Rule { old, new } => Self::Rule {
                old: old.to_string(),
                new: new.to_string(),
            },
            Cause::Forced => Self::Forced,
            Cause::Volatile => Self::Volatile,
            Cause::FailedBefore => Self::FailedBefore,
        }
    }
}

fn dependency<'a>(input: Option<&'a str>, change: &'a DependencyChange) -> CauseShape<'a> {
    let (what, old, new) = match change {
        DependencyChange::Added => ("added", None, None),
        DependencyChange::Removed => ("removed", None, None),
        DependencyChange::Remapped { old, new } => {
            ("remapped", Some(old.as_str()), Some(new.as_str()))
        }
    };
    CauseShape::Dependency {
        what,
        input,
        old,
        new,
    }
}

fn data(change: &DataChange) -> CauseShape<'_> {
    let (values, files) = match &change.detail {
        Some(DataDetail::Value { old, new }) => (Some((&**old, &**new)), None),
        Some(DataDetail::Files(files)) => (None, Some(files)),
        Some(DataDetail::TooManyFiles(_)) | None => (None, None),
    };
    CauseShape::Data {
        what: change.asset.as_str(),
        input: change.input.as_str(),
        partition: change.partition.as_ref().map(PartitionKey::as_str),
        path: change.path.as_deref(),
        old: change.old,
        new: change.new,
        missing: (change.presence == Presence::Missing).then_some(true),
        unreadable: (change.presence == Presence::Unreadable).then_some(true),
        removed: (change.presence == Presence::Removed).then_some(true),
        old_value: values.map(|(old, _)| old),
        new_value: values.map(|(_, new)| new),
        files,
        root: &change.root,
    }
}

fn output<'a>(
    output: Option<&'a str>,
    path: Option<&'a str>,
    change: OutputChange,
) -> CauseShape<'a> {
    let (what, old, new) = match change {
        OutputChange::Missing => ("missing", None, None),
        OutputChange::Altered { old, new } => ("altered", old, new.map(|it| it.to_string())),
        OutputChange::Kind { found } => {
            let found = match found {
                OutputKind::File => "file",
                OutputKind::Directory => "directory",
            };
            ("kind", None, Some(found.to_owned()))
        }
        OutputChange::Unreadable => ("unreadable", None, None),
    };
    CauseShape::Output {
        what,
        output,
        path,
        old,
        new,
    }
}

#[cfg(test)]
mod tests {
    use crate::digest::Digest;
    use crate::model::{
        AssetKey, Cause, CodeChange, DataChange, DataVersion, DependencyChange, Name, OutputChange,
        OutputKind, Presence,
    };

    fn version(byte: &str) -> DataVersion {
        DataVersion(Digest::from_hex(&byte.repeat(16)).expect("sixteen bytes"))
    }

    #[test]
    fn every_kind_has_its_shape() {
        let flights = AssetKey::parse("flights").expect("a key");
        let input = Name::of_asset(&flights);
        let code = Cause::Code(CodeChange {
            what: "file steps/clean.py".into(),
            path: Some("steps/clean.py".into()),
            old: Some("aa".into()),
            new: None,
        });
        for (cause, json) in [
            (
                Cause::Data(DataChange {
                    input: input.clone(),
                    asset: flights,
                    partition: None,
                    path: None,
                    old: Some(version("0a")),
                    new: None,
                    presence: Presence::There,
                    detail: None,
                    root: vec![code],
                }),
                r#"{"kind":"data","what":"flights","input":"flights","partition":null,"old":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","root":[{"kind":"code","what":"file steps/clean.py","path":"steps/clean.py","old":"aa"}]}"#,
            ),
            (
                Cause::Data(DataChange {
                    input: input.clone(),
                    asset: AssetKey::parse("flights").expect("a key"),
                    partition: None,
                    path: Some("flights.csv".into()),
                    old: None,
                    new: None,
                    presence: Presence::Missing,
                    detail: None,
                    root: vec![],
                }),
                r#"{"kind":"data","what":"flights","input":"flights","partition":null,"path":"flights.csv","missing":true,"root":[]}"#,
            ),
            (
                Cause::Dependency {
                    input: input.clone(),
                    change: DependencyChange::Added,
                },
                r#"{"kind":"dependency","what":"added","input":"flights"}"#,
            ),
            (
                Cause::Dependency {
                    input,
                    change: DependencyChange::Remapped {
                        old: "all".into(),
                        new: "identity".into(),
                    },
                },
                r#"{"kind":"dependency","what":"remapped","input":"flights","old":"all","new":"identity"}"#,
            ),
            (
                Cause::Output {
                    output: Some("report".into()),
                    path: Some("build/year.md".into()),
                    change: OutputChange::Kind {
                        found: OutputKind::Directory,
                    },
                },
                r#"{"kind":"output","what":"kind","output":"report","path":"build/year.md","new":"directory"}"#,
            ),
            (
                Cause::Rule { old: 1, new: 2 },
                r#"{"kind":"rule","old":"1","new":"2"}"#,
            ),
            (Cause::Forced, r#"{"kind":"forced"}"#),
            (Cause::Volatile, r#"{"kind":"volatile"}"#),
            (Cause::FailedBefore, r#"{"kind":"failed_before"}"#),
        ] {
            let shape = &cause;
            assert_eq!(serde_json::to_string(&shape).expect("JSON"), json);
        }
    }
}
