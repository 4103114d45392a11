//! What `show` answers.

use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::answer::{DeclaredIn, KeyRange, Listing, fields};
use crate::model::{AssetKey, CodeVersion, HookMoment, HookOwner, Name};

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShowReport {
    /// The only field.
    pub asset: ShownAsset,
}

/// One asset or source, with everything that is declared of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownAsset {
    /// As it is listed.
    #[serde(flatten)]
    pub listing: Listing,
    /// Where it is declared.
    pub declared_in: DeclaredIn,
    /// Its partitions now; one without keys where it is unpartitioned.
    pub keys: KeyRange,
    /// How it is made; `None` for a source and an external asset.
    #[serde(flatten)]
    pub recipe: Option<ShownRecipe>,
    /// Assets that run before it, without being read.
    pub after: Vec<AssetKey>,
    /// What reads it.
    pub downstream: Vec<AssetKey>,
}

/// How often a step is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownRetries {
    /// How often at most.
    pub max: u32,
    /// The shortest and the longest wait before each of the first 100, in milliseconds.
    pub delays_ms: Vec<(u64, u64)>,
}

/// How an asset is made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of its own in the contract"
)]
pub struct ShownRecipe {
    /// The files that are part of the code version, relative to the project root.
    pub code: Vec<String>,
    /// The programs that are part of it.
    pub tools: Vec<String>,
    /// The code version now; `None` if a code file is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_version: Option<CodeVersion>,
    /// Whether the command writes to a staging folder.
    pub staging: bool,
    /// The input whose bytes it is given on standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Name>,
    /// Whether its standard output is its output.
    pub stdout: bool,
    /// Whether it starts from its previous output.
    pub incremental: bool,
    /// How often it is tried again, where that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<ShownRetries>,
    /// Whether processes that its command leaves behind may be ended.
    #[serde(rename = "leftovers", serialize_with = "fields::leftovers")]
    pub may_end_leftovers: bool,
    /// Whether it runs even when nothing changed.
    pub volatile: bool,
    /// Its command.
    pub command: WrittenCommand,
    /// The folder that the command runs in; empty for the project root.
    pub folder: String,
    /// Variables set for it, each with its value or where that comes from (`from env HOME`, `secret`).
    #[serde(serialize_with = "fields::pairs")]
    pub env: Vec<(String, String)>,
    /// The resources that it needs, in declared order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Name>,
    /// What follows its steps, the outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<ShownHook>,
    /// Its configuration, if it has one.
    #[serde(flatten)]
    pub config: Option<ShownConfig>,
    /// How long an attempt may take.
    #[serde(
        rename = "timeout_ms",
        serialize_with = "fields::milliseconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Duration>,
}

/// A hook of an asset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownHook {
    /// When it runs.
    pub hook: HookMoment,
    /// Who declares it.
    pub declared: HookOwner,
    /// Its command.
    pub command: WrittenCommand,
}

/// The configuration of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownConfig {
    /// The values; one with a placeholder as it is written.
    #[serde(rename = "config")]
    pub values: serde_json::Value,
    /// Where each value comes from: `config`, `default`, `--set`.
    #[serde(rename = "config_from")]
    pub origins: BTreeMap<String, String>,
    /// The values of single partitions that differ from those.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub partition_config: BTreeMap<String, serde_json::Value>,
    /// What is wrong with it.
    #[serde(rename = "config_problems", skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A command as it is written in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum WrittenCommand {
    /// A text for a shell.
    Shell(String),
    /// A program and its arguments.
    Direct(Vec<String>),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::answer::{
        DeclarationKind, DeclaredIn, Document, KeyRange, ListedPlace, Listing, ShowReport,
        ShownAsset, ShownRecipe, WrittenCommand,
    };
    use crate::model::About;
    use crate::testkit;

    #[test]
    fn the_entry_of_list_goes_on() {
        let key = testkit::asset("year");
        let mut report = ShownAsset {
            listing: Listing {
                key: key.clone(),
                kind: DeclarationKind::Asset,
                about: About::default(),
                partitions: None,
                deps: vec![],
                outputs: vec![],
                location: ListedPlace {
                    file: "Assets.toml".into(),
                    line: 1,
                },
            },
            declared_in: DeclaredIn {
                place: ListedPlace {
                    file: "Assets.toml".into(),
                    line: 1,
                },
                each: None,
                printed_by: None,
            },
            keys: KeyRange {
                asset: key,
                first: None,
                last: None,
                count: 1,
            },
            recipe: Some(ShownRecipe {
                command: WrittenCommand::Direct(vec!["make".into(), "{{output}}".into()]),
                folder: String::new(),
                code: vec!["a.py".into()],
                tools: vec![],
                code_version: None,
                staging: true,
                stdin: Some(testkit::name("lines")),
                stdout: false,
                incremental: false,
                may_end_leftovers: false,
                volatile: false,
                env: vec![("LIMIT".into(), "3".into())],
                resources: Vec::new(),
                hooks: Vec::new(),
                config: None,
                retries: None,
                timeout: Some(Duration::from_mins(1)),
            }),
            after: vec![],
            downstream: vec![],
        };
        let entry = r#"{"schema":1,"asset":{"key":"year","kind":"asset","tags":{},"kinds":[],"owners":[],"partitions":null,"deps":[],"outputs":[],"location":{"file":"Assets.toml","line":1},"declared_in":{"file":"Assets.toml","line":1},"keys":{"asset":"year","first":null,"last":null,"count":1},"#;
        let recipe = r#""code":["a.py"],"tools":[],"staging":true,"stdin":"lines","stdout":false,"incremental":false,"leftovers":"fail","volatile":false,"command":["make","{{output}}"],"folder":"","env":{"LIMIT":"3"},"timeout_ms":60000,"#;
        let rest = r#""after":[],"downstream":[]}}"#;
        let json = |report: &ShownAsset| {
            serde_json::to_string(&Document::new(&ShowReport {
                asset: report.clone(),
            }))
            .expect("JSON")
        };
        assert_eq!(json(&report), format!("{entry}{recipe}{rest}"));
        report.recipe = None;
        assert_eq!(json(&report), format!("{entry}{rest}"));
    }
}
