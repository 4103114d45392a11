//! The deps of an asset: names, outputs, paths in place and mappings, resolved to ids.

use std::collections::HashMap;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::mapping::{self, Sides};
use crate::manifest::names::{Declares, Names};
use crate::manifest::outputs::Reading;
use crate::manifest::partitions::Definitions;
use crate::manifest::placeholders::output_label;
use crate::manifest::source;
use crate::manifest::suggest::did_you_mean;
use crate::manifest::template::Scope;
use crate::model::{
    About, AssetId, AssetKey, Dep, Name, Nonexistent, PartitionMapping, Place, Required,
    SourceAsset, SourcePath,
};

/// Sources that are declared by the deps that read them, once for each path.
#[derive(Debug, Default)]
pub(super) struct InlineSources {
    sources: Vec<SourceAsset>,
    by_key: HashMap<AssetKey, AssetId>,
}

/// What deps are resolved against.
#[derive(Clone, Copy, Debug)]
pub(super) struct DepContext<'a> {
    /// The asset that has the deps.
    pub asset: AssetId,
    /// Everything that is declared.
    pub names: &'a Names<'a>,
    /// The partitions definitions.
    pub definitions: &'a Definitions<'a>,
}

/// Reads `deps`.
pub(super) fn read(
    table: &Table<'_>,
    context: DepContext<'_>,
    inline: &mut InlineSources,
    problems: &mut Problems,
) -> Vec<Dep> {
    let Some(value) = table.get("deps") else {
        return Vec::new();
    };
    let mut deps = Vec::new();
    for value in value.one_or_more() {
        deps.extend(read_one(&value, context, inline, problems));
    }
    check_names(&deps, context, problems);
    deps
}

/// Reads `after`.
pub(super) fn read_after(
    table: &Table<'_>,
    context: DepContext<'_>,
    problems: &mut Problems,
) -> Vec<(AssetId, crate::model::Location)> {
    let mut after = Vec::new();
    for name in table.texts("after", problems) {
        let Some(id) = find(name, context, problems) else {
            continue;
        };
        let message = match context.names.get(id).declares {
            _ if id == context.asset => "an asset cannot come after itself",
            Declares::Source(_) => "`after` names assets, and this is a source",
            Declares::Asset(_) => {
                after.push((id, name.location()));
                continue;
            }
        };
        let problem = Problem::ConflictingKeys {
            message: message.to_owned(),
            help: "remove it; a source that is read belongs to `deps`".to_owned(),
        };
        problems.add(problem, [Label::new(name.location(), "here")]);
    }
    after
}

impl InlineSources {
    /// The sources, in the order of their ids.
    pub(super) fn into_sources(self) -> Vec<SourceAsset> {
        self.sources
    }

    /// A source by its id, which counts on from the `declared` ones.
    pub(super) fn get(&self, id: AssetId, declared: usize) -> Option<&SourceAsset> {
        self.sources.get(id.index().checked_sub(declared)?)
    }

    fn add(&mut self, source: SourceAsset, declared: usize) -> AssetId {
        let next = AssetId((declared + self.sources.len()) as u32);
        let id = *self.by_key.entry(source.key.clone()).or_insert(next);
        if id == next {
            self.sources.push(source);
        }
        id
    }
}

fn read_one(
    value: &Value<'_>,
    context: DepContext<'_>,
    inline: &mut InlineSources,
    problems: &mut Problems,
) -> Option<Dep> {
    if let Some(text) = value.as_text() {
        let written = text.value;
        if written.starts_with("./") || written.starts_with("../") || written.starts_with('/') {
            let (asset, input) = in_place(text, context, inline, problems)?;
            return finish(value, (asset, None), input, None, context, inline, problems);
        }
        let (asset, output) = named(text, context, problems)?;
        let input = Name::of_asset(&context.names.get(asset).key);
        return finish(
            value,
            (asset, output),
            input,
            None,
            context,
            inline,
            problems,
        );
    }
    let Some(table) = value.as_table(Heading::Inline("the dep")) else {
        value.wrong_type(
            "a name, a path, or a table as `{ asset = \"…\" }`",
            problems,
        );
        return None;
    };
    table.only(
        &[
            "asset",
            "path",
            "as",
            "output",
            "mapping",
            "start_offset",
            "end_offset",
            "allow_missing",
        ],
        problems,
    );
    let (read, input) = match (table.get("asset"), table.get("path")) {
        (Some(asset), None) => {
            let text = asset.text(problems)?;
            let (id, mut output) = named(text, context, problems)?;
            if let Some(text) = table.text("output", problems) {
                output = Some(find_output(id, text.value, text, 0, context, problems)?);
            }
            ((id, output), Name::of_asset(&context.names.get(id).key))
        }
        (None, Some(path)) => {
            let (id, input) = in_place(path.text(problems)?, context, inline, problems)?;
            ((id, None), input)
        }
        _ => {
            let help = "`{ asset = \"clean\" }` or `{ path = \"raw.csv\" }`";
            value.invalid("a dep names one of `asset` and `path`", help, problems);
            return None;
        }
    };
    let input = match table.text("as", problems) {
        None => input,
        Some(text) => match Name::parse(text.value) {
            Ok(name) => name,
            Err(error) => {
                let problem = Problem::InvalidName {
                    name: text.value.to_owned(),
                    what: "an input",
                    reason: error.to_string(),
                };
                problems.add(problem, [Label::new(text.location(), "this name")]);
                return None;
            }
        },
    };
    finish(value, read, input, Some(table), context, inline, problems)
}

fn finish(
    value: &Value<'_>,
    (asset, output): (AssetId, Option<u32>),
    input: Name,
    table: Option<Table<'_>>,
    context: DepContext<'_>,
    inline: &InlineSources,
    problems: &mut Problems,
) -> Option<Dep> {
    let upstream = match inline.get(asset, context.names.len()) {
        Some(_) => crate::manifest::partitions::Partitions::None,
        None => context.names.get(asset).partitions,
    };
    let own = context.names.get(context.asset);
    let sides = Sides {
        downstream: own.partitions,
        upstream,
        definitions: context.definitions,
        names: (own.key.as_str(), input.as_str()),
    };
    let mapping = mapping::read(value, table, sides, problems)?;
    if asset == context.asset {
        let earlier =
            matches!(mapping, PartitionMapping::TimeWindow { end_offset, .. } if end_offset < 0);
        if !earlier {
            let problem = Problem::SelfDependency {
                asset: own.key.to_string(),
            };
            problems.add(problem, [Label::new(value.location(), "this asset itself")]);
            return None;
        }
    }
    let dropped = table.and_then(|table| table.boolean("allow_missing", problems));
    Some(Dep {
        input,
        asset,
        output,
        mapping,
        nonexistent: match dropped {
            Some(true) => Nonexistent::Dropped,
            Some(false) | None => Nonexistent::Refused,
        },
        location: value.location(),
    })
}

/// Resolves `name` or `name.output`.
fn named(
    text: Text<'_>,
    context: DepContext<'_>,
    problems: &mut Problems,
) -> Option<(AssetId, Option<u32>)> {
    let Some((name, output)) = text.value.split_once('.') else {
        return Some((find(text, context, problems)?, None));
    };
    let Some(id) = context.names.find(name) else {
        unknown(text, name, context, problems);
        return None;
    };
    let output = find_output(id, output, text, name.len() + 1, context, problems)?;
    Some((id, Some(output)))
}

fn find(text: Text<'_>, context: DepContext<'_>, problems: &mut Problems) -> Option<AssetId> {
    let found = context.names.find(text.value);
    if found.is_none() {
        unknown(text, text.value, context, problems);
    }
    found
}

fn find_output(
    id: AssetId,
    output: &str,
    text: Text<'_>,
    at: usize,
    context: DepContext<'_>,
    problems: &mut Problems,
) -> Option<u32> {
    let upstream = context.names.get(id);
    let labels: Vec<String> = match &upstream.declares {
        Declares::Source(_) => Vec::new(),
        Declares::Asset(outputs) if outputs.reading == Reading::Faulty => return None,
        Declares::Asset(outputs) => outputs.list.iter().enumerate().map(output_label).collect(),
    };
    let found = labels.iter().position(|label| label == output);
    if found.is_none() {
        let named = labels
            .iter()
            .map(String::as_str)
            .filter(|label| label.parse::<u32>().is_err());
        let help = format!("its outputs have no names: write `{}`", upstream.key);
        let problem = Problem::UnknownOutput {
            asset: upstream.key.to_string(),
            output: output.to_owned(),
            help: did_you_mean(output, named, &help),
        };
        let location = text.part(at..at + output.len());
        problems.add(problem, [Label::new(location, "no such output")]);
    }
    found.map(|index| index as u32)
}

fn unknown(text: Text<'_>, name: &str, context: DepContext<'_>, problems: &mut Problems) {
    let looks_like_path = text.value.contains(['/', '.', '*', '{']);
    let otherwise = if looks_like_path {
        format!("a file is written as a path: `\"./{}\"`", text.value)
    } else {
        format!(
            "declare it as `[asset.{name}]` or `[source.{name}]`; a file is written as `\"./{name}\"`"
        )
    };
    let similar = crate::manifest::suggest::similar(name, context.names.keys());
    let help = if similar.is_empty() {
        otherwise
    } else {
        format!(
            "did you mean {}?",
            crate::manifest::suggest::any_of(&similar)
        )
    };
    let problem = Problem::UnknownDep {
        name: name.to_owned(),
        help,
    };
    problems.add(problem, [Label::new(text.location(), "not declared")]);
}

/// A source without a table, named by its path, and its input, named by the file's stem.
fn in_place(
    text: Text<'_>,
    context: DepContext<'_>,
    inline: &mut InlineSources,
    problems: &mut Problems,
) -> Option<(AssetId, Name)> {
    let path = source::read_path(text, Scope::Unpartitioned, problems)?;
    let (SourcePath::Exact(template) | SourcePath::Glob(template)) = &path;
    let literal = template.as_literal().unwrap_or_default();
    let key = if literal.starts_with("../") || literal.starts_with('/') {
        AssetKey::of_path(literal)
    } else {
        AssetKey::of_path(&format!("./{literal}"))
    };
    let input = input_name(literal);
    let source = SourceAsset {
        key,
        location: text.location(),
        about: About::default(),
        partitions: None,
        place: Place::Paths(vec![path]),
        required: Required::Yes,
    };
    Some((inline.add(source, context.names.len()), input))
}

/// The stem of the last component that has one, other characters than names have as `_`.
fn input_name(path: &str) -> Name {
    let stem = |component: &str| match component.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => component.to_owned(),
    };
    let named = |stem: &String| stem.contains(|c: char| c.is_ascii_alphanumeric());
    let stem = path.rsplit('/').map(stem).find(named);
    let stem = stem.unwrap_or_else(|| "input".to_owned());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name: String = stem
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    Name::of_asset(&AssetKey::of_path(&name))
}

/// Reports inputs of one name, and inputs whose variables are the same.
fn check_names(deps: &[Dep], context: DepContext<'_>, problems: &mut Problems) {
    let asset = || context.names.get(context.asset).key.to_string();
    let mut names: HashMap<&str, &Dep> = HashMap::new();
    let mut variables: HashMap<String, &Dep> = HashMap::new();
    for dep in deps {
        if let Some(first) = names.insert(dep.input.as_str(), dep) {
            let problem = Problem::DuplicateInput {
                asset: asset(),
                input: dep.input.to_string(),
            };
            let labels = [
                Label::new(dep.location, "again here"),
                Label::new(first.location, "here"),
            ];
            problems.add(problem, labels);
            continue;
        }
        let variable = dep.input.as_variable();
        for variable in [variable.clone(), format!("{variable}_LIST")] {
            let Some(first) = variables.insert(variable.clone(), dep) else {
                continue;
            };
            let problem = Problem::VariableCollision {
                asset: asset(),
                first: first.input.to_string(),
                second: dep.input.to_string(),
                variable: format!("ASSETCTL_INPUT_{variable}"),
            };
            let labels = [
                Label::new(dep.location, "this one"),
                Label::new(first.location, "and this one"),
            ];
            problems.add(problem, labels);
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::input_name;

    #[test]
    fn inputs_are_named_by_stems() {
        for (path, name) in [
            ("raw.csv", "raw"),
            ("data/2013.01.csv", "2013_01"),
            ("data/*.csv", "data"),
            ("my data/file", "file"),
            ("../x/.env", "_env"),
            ("a b.txt", "a_b"),
        ] {
            assert_eq!(input_name(path).as_str(), name, "{path}");
        }
    }
}
