//! The deps of an asset: names, outputs, paths in place and mappings, resolved to ids.

use std::collections::HashMap;

use crate::manifest::diagnostic::{Label, Problems, any_of, did_you_mean, similar};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::mapping::{self, Sides};
use crate::manifest::names::{Declares, Names};
use crate::manifest::partitions::{Definitions, Partitions};
use crate::manifest::placeholders::output_label;
use crate::manifest::source::InlineSources;
use crate::model::{AssetId, Dep, Location, Name};

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

/// The keys of a dep that is a table, but those of its mapping.
const KEYS: [&str; 5] = ["asset", "path", "as", "output", "allow_missing"];

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
    let mut reader = Reader {
        context,
        inline,
        problems,
    };
    let values = value.one_or_more();
    let deps: Vec<Dep> = values
        .iter()
        .filter_map(|value| reader.dep(value))
        .collect();
    check_names(&deps, context, problems);
    deps
}

/// Reads `after`.
pub(super) fn read_after(
    table: &Table<'_>,
    context: DepContext<'_>,
    problems: &mut Problems,
) -> Vec<(AssetId, Location)> {
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
        problems.at(name.location(), "here", problem);
    }
    after
}

/// What a dep reads, and what its input is called unless it says so itself.
struct Upstream {
    asset: AssetId,
    output: Option<u32>,
    input: Name,
}

struct Reader<'r, 'a> {
    context: DepContext<'a>,
    inline: &'r mut InlineSources,
    problems: &'r mut Problems,
}

impl Reader<'_, '_> {
    fn dep(&mut self, value: &Value<'_>) -> Option<Dep> {
        if let Some(text) = value.as_text() {
            let upstream = if is_path(text.value) {
                self.path(text)?
            } else {
                self.name(text)?
            };
            return self.finish(value, upstream, None);
        }
        let Some(table) = value.as_table(Heading::Inline("the dep")) else {
            let expected = "a name, a path, or a table as `{ asset = \"…\" }`";
            value.wrong_type(expected, self.problems);
            return None;
        };
        table.only(&[&KEYS[..], &mapping::KEYS].concat(), self.problems);
        let mut upstream = match (table.get("asset"), table.get("path")) {
            (Some(asset), None) => {
                let name = asset.text(self.problems)?;
                let mut upstream = self.name(name)?;
                if let Some(output) = table.text("output", self.problems) {
                    upstream.output = Some(self.output(upstream.asset, output, 0)?);
                }
                upstream
            }
            (None, Some(path)) => {
                let path = path.text(self.problems)?;
                self.path(path)?
            }
            _ => {
                let help = "`{ asset = \"clean\" }` or `{ path = \"raw.csv\" }`";
                value.invalid("a dep names one of `asset` and `path`", help, self.problems);
                return None;
            }
        };
        if let Some(text) = table.text("as", self.problems) {
            upstream.input = self
                .problems
                .name(text.value, text.location(), "an input")?;
        }
        self.finish(value, upstream, Some(table))
    }

    fn finish(
        &mut self,
        value: &Value<'_>,
        upstream: Upstream,
        table: Option<Table<'_>>,
    ) -> Option<Dep> {
        let DepContext {
            asset,
            names,
            definitions,
        } = self.context;
        let own = names.get(asset);
        let sides = Sides {
            downstream: own.partitions,
            upstream: match self.inline.get(upstream.asset) {
                Some(_) => Partitions::None,
                None => names.get(upstream.asset).partitions,
            },
            definitions,
            names: (own.key.as_str(), upstream.input.as_str()),
        };
        let mapping = mapping::read(value, table, sides, self.problems)?;
        let allow_missing = table.and_then(|table| table.boolean("allow_missing", self.problems));
        let dep = Dep {
            input: upstream.input,
            asset: upstream.asset,
            output: upstream.output,
            mapping,
            allow_missing: allow_missing == Some(true),
            location: value.location(),
        };
        if dep.asset == asset
            && own.partitions != Partitions::Faulty
            && !mapping::is_earlier(&dep.mapping)
        {
            self.depends_on_itself(&dep);
            return None;
        }
        Some(dep)
    }

    fn depends_on_itself(&mut self, dep: &Dep) {
        let DepContext {
            asset,
            names,
            definitions,
        } = self.context;
        let own = names.get(asset);
        let offsets = "mapping = \"time_window\", start_offset = -1, end_offset = -1";
        let dimensions = own.partitions.definition();
        let dimensions = dimensions.map_or(&[][..], |id| definitions.get(id).dimensions());
        let windows = |id| definitions.get(id).windows().is_some();
        let example = if dimensions.is_empty() {
            offsets.to_owned()
        } else {
            let each = dimensions.iter().map(|dimension| {
                let name = &dimension.name;
                let offsets = if windows(dimension.definition) {
                    format!(", {offsets}")
                } else {
                    String::new()
                };
                format!("{name} = {{ from = \"{name}\"{offsets} }}")
            });
            let each: Vec<String> = each.collect();
            format!(
                "mapping = \"multi\", dimensions = {{ {} }}",
                each.join(", ")
            )
        };
        let problem = Problem::SelfDependency {
            asset: own.key.to_string(),
            example,
        };
        self.problems.at(dep.location, "this asset itself", problem);
    }

    /// A source without a table.
    fn path(&mut self, text: Text<'_>) -> Option<Upstream> {
        let (asset, input) = self.inline.at(text, self.problems)?;
        Some(Upstream {
            asset,
            output: None,
            input,
        })
    }

    /// Resolves `name` or `name.output`.
    fn name(&mut self, text: Text<'_>) -> Option<Upstream> {
        let (name, output) = match text.value.split_once('.') {
            Some((name, output)) => (name, Some(output)),
            None => (text.value, None),
        };
        let Some(asset) = self.context.names.find(name) else {
            unknown(text, name, self.context, self.problems);
            return None;
        };
        let output = match output {
            None => None,
            Some(_) => Some(self.output(asset, text, name.len() + 1)?),
        };
        Some(Upstream {
            asset,
            output,
            input: Name::of_asset(&self.context.names.get(asset).key),
        })
    }

    /// The index of the output that is named from the byte `at` on.
    fn output(&mut self, asset: AssetId, text: Text<'_>, at: usize) -> Option<u32> {
        let upstream = self.context.names.get(asset);
        let output = &text.value[at..];
        let labels: Vec<String> = match &upstream.declares {
            Declares::Source(_) => Vec::new(),
            Declares::Asset(outputs) if !outputs.is_complete => return None,
            Declares::Asset(outputs) => outputs.list.iter().enumerate().map(output_label).collect(),
        };
        let found = labels.iter().position(|label| label == output);
        if found.is_none() {
            let named = labels.iter().map(String::as_str);
            let named = named.filter(|label| label.parse::<u32>().is_err());
            let help = format!("its outputs have no names: write `{}`", upstream.key);
            let problem = Problem::UnknownOutput {
                asset: upstream.key.to_string(),
                output: output.to_owned(),
                help: did_you_mean(output, named, &help),
            };
            let location = text.part(at..text.value.len());
            self.problems.at(location, "no such output", problem);
        }
        found.map(|index| index as u32)
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with("./") || text.starts_with("../") || text.starts_with('/')
}

fn find(text: Text<'_>, context: DepContext<'_>, problems: &mut Problems) -> Option<AssetId> {
    let found = context.names.find(text.value);
    if found.is_none() {
        unknown(text, text.value, context, problems);
    }
    found
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
    let similar = similar(name, context.names.keys());
    let help = if similar.is_empty() {
        otherwise
    } else {
        format!("did you mean {}?", any_of(&similar))
    };
    let problem = Problem::UnknownDep {
        name: name.to_owned(),
        help,
    };
    problems.at(text.location(), "not declared", problem);
}

/// Reports inputs of one name, and inputs whose variables are the same.
fn check_names(deps: &[Dep], context: DepContext<'_>, problems: &mut Problems) {
    let key = &context.names.get(context.asset).key;
    let mut names: HashMap<&str, &Dep> = HashMap::new();
    let mut different = Vec::new();
    for dep in deps {
        if let Some(first) = names.insert(dep.input.as_str(), dep) {
            let problem = Problem::DuplicateInput {
                asset: key.to_string(),
                input: dep.input.to_string(),
            };
            let labels = [
                Label::new(dep.location, "again here"),
                Label::new(first.location, "here"),
            ];
            problems.add(problem, labels);
        } else {
            different.push((&dep.input, dep.location));
        }
    }
    problems.colliding_variables(key, "ASSETCTL_INPUT_", different);
}
