//! `show --json`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{
    AssetKey, CodeVersion, History, LeftoverRule, Name, Runs, ShowReport, ShownRecipe, Staging,
    Stdout, WrittenCommand,
};
use crate::wire::text::milliseconds;
use crate::wire::{ListingShape, RangeShape, SCHEMA, Text};

/// `{"schema":1,"asset":{…the entry of list…,"code":[…],…}}`
#[derive(Debug, Serialize)]
pub struct ShowDocument<'a> {
    schema: u32,
    asset: AssetShape<'a>,
}

#[derive(Debug, Serialize)]
struct AssetShape<'a> {
    #[serde(flatten)]
    listing: ListingShape<'a>,
    keys: RangeShape<'a>,
    #[serde(flatten)]
    recipe: Option<RecipeShape<'a>>,
    after: Vec<&'a str>,
    downstream: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of its own in the contract"
)]
struct RecipeShape<'a> {
    code: &'a [String],
    tools: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    code_version: Option<Text<CodeVersion>>,
    staging: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdin: Option<&'a str>,
    stdout: bool,
    incremental: bool,
    leftovers: &'static str,
    volatile: bool,
    command: CommandShape<'a>,
    folder: &'a str,
    env: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum CommandShape<'a> {
    Shell(&'a str),
    Direct(&'a [String]),
}

impl<'a> From<&'a ShowReport> for ShowDocument<'a> {
    fn from(report: &'a ShowReport) -> Self {
        Self {
            schema: SCHEMA,
            asset: AssetShape {
                listing: ListingShape::from(&report.listing),
                keys: RangeShape::from(&report.keys),
                recipe: report.recipe.as_ref().map(RecipeShape::from),
                after: report.after.iter().map(AssetKey::as_str).collect(),
                downstream: report.downstream.iter().map(AssetKey::as_str).collect(),
            },
        }
    }
}

impl<'a> From<&'a ShownRecipe> for RecipeShape<'a> {
    fn from(recipe: &'a ShownRecipe) -> Self {
        Self {
            code: &recipe.code,
            tools: &recipe.tools,
            code_version: recipe.code_version.map(Text),
            staging: recipe.staging == Staging::Staged,
            stdin: recipe.stdin.as_ref().map(Name::as_str),
            stdout: recipe.stdout == Stdout::Output,
            incremental: recipe.history == History::Incremental,
            leftovers: match recipe.leftovers {
                LeftoverRule::Fail => "fail",
                LeftoverRule::End => "end",
            },
            volatile: recipe.runs == Runs::Always,
            command: match &recipe.command {
                WrittenCommand::Shell(text) => CommandShape::Shell(text),
                WrittenCommand::Direct(arguments) => CommandShape::Direct(arguments),
            },
            folder: &recipe.folder,
            env: recipe
                .env
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            timeout_ms: recipe.timeout.map(milliseconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::ShowDocument;
    use crate::model::{
        About, AssetKey, DeclarationKind, History, KeyRange, LeftoverRule, ListedPlace, Listing,
        Name, Runs, ShowReport, ShownRecipe, Staging, Stdout, WrittenCommand,
    };

    #[test]
    fn the_entry_of_list_goes_on() {
        let key = AssetKey::parse("year").expect("a key");
        let mut report = ShowReport {
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
                staging: Staging::Staged,
                stdin: Some(Name::parse("lines").expect("a name")),
                stdout: Stdout::Log,
                history: History::None,
                leftovers: LeftoverRule::Fail,
                runs: Runs::WhenStale,
                env: vec![("LIMIT".into(), "3".into())],
                timeout: Some(Duration::from_mins(1)),
            }),
            after: vec![],
            downstream: vec![],
        };
        let entry = r#"{"schema":1,"asset":{"key":"year","kind":"asset","tags":{},"kinds":[],"owners":[],"partitions":null,"deps":[],"outputs":[],"location":{"file":"Assets.toml","line":1},"keys":{"asset":"year","first":null,"last":null,"count":1},"#;
        let recipe = r#""code":["a.py"],"tools":[],"staging":true,"stdin":"lines","stdout":false,"incremental":false,"leftovers":"fail","volatile":false,"command":["make","{{output}}"],"folder":"","env":{"LIMIT":"3"},"timeout_ms":60000,"#;
        let rest = r#""after":[],"downstream":[]}}"#;
        let json =
            |report: &ShowReport| serde_json::to_string(&ShowDocument::from(report)).expect("JSON");
        assert_eq!(json(&report), format!("{entry}{recipe}{rest}"));
        report.recipe = None;
        assert_eq!(json(&report), format!("{entry}{rest}"));
    }
}
