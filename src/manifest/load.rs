//! Files → the asset graph, or all that is wrong with them.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::manifest::asset::{self, AssetContext, Findings};
use crate::manifest::declaration_rules::{check_dotenv, check_locked};
use crate::manifest::diagnostic::{Label, ManifestError, ManifestErrors, Problems};
use crate::manifest::document::{Table, Value};
use crate::manifest::each::{ListFiles, Lists, Origins, expand, parse_lists};
use crate::manifest::error::Problem;
use crate::manifest::file::SourceFile;
use crate::manifest::given::GivenText;
use crate::manifest::names::{Declares, Names, Outline, key_of};
use crate::manifest::other_paths::TestContext;
use crate::manifest::outputs::{self, Apart, OutputContext};
use crate::manifest::overlap::Overlaps;
use crate::manifest::partitions::Definitions;
use crate::manifest::path_shapes::Disk;
use crate::manifest::project::{Defaults, PROJECT_KEYS, Project};
use crate::manifest::project_files::MANIFEST;
use crate::manifest::source::{InlineSources, SourceContext};
use crate::manifest::{
    config, environments, generators, given, jobs, other_paths, overlap, project_files, resources,
    source,
};
use crate::model::{
    AssetGraph, AssetId, Cycle, Declaration, DeclaredResource, FileId, Generator, GraphParts, Hook,
    Location, Settings,
};

/// A manifest that has been read.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// What it declares.
    pub graph: AssetGraph,
    /// Its files; the index is the [`FileId`] of locations.
    pub files: Vec<Arc<SourceFile>>,
    /// What is allowed, and yet probably not meant.
    pub warnings: Vec<ManifestError>,
    /// The globs that gave all files but the first.
    pub(super) include: Vec<String>,
    /// The files that lists were read from, the last ones of `files`.
    pub(super) lists: Vec<String>,
    /// All paths that were compared.
    pub(super) overlaps: Overlaps,
}

/// Reads the manifest of the project in `root`, without any cache.
///
/// Besides the manifest files the disk is asked for nothing but symlinked folders on the way to outputs.
///
/// # Errors
///
/// Everything that is wrong, in the order of the files.
pub fn load(root: &Path) -> Result<Manifest, ManifestErrors> {
    load_with(root, &[])
}

/// What the main file alone declares of the project: its settings, with the commands that print other files, and environments.
/// Whatever is wrong elsewhere is not seen.
///
/// # Errors
///
/// What is wrong with the settings.
pub fn load_main(root: &Path) -> Result<(AssetGraph, Arc<SourceFile>), ManifestErrors> {
    let text = project_files::read(root, MANIFEST).map_err(ManifestErrors::without_place)?;
    let main = Arc::new(SourceFile::new(FileId(0), MANIFEST.to_owned(), text));
    let mut problems = Problems::default();
    let parsed = parse(&main, &mut problems);
    let top = Table::of_file(&main, parsed.get_ref());
    let project = Project::read(&top, &mut problems);
    let generators = generators::read(&top, &project, &mut problems);
    let mut elsewhere = Problems::default();
    let definitions = Definitions::read(&[top], &mut elsewhere);
    let context = (&definitions, &Names::default());
    let environments = environments::read(&[top], context, &mut elsewhere);
    let parts = GraphParts {
        settings: Settings {
            name: project.name,
            ignore: project.ignore,
            dotenv: project.dotenv,
            generators,
            environments,
            ..Settings::default()
        },
        files: vec![MANIFEST.to_owned()],
        ..GraphParts::default()
    };
    drop(parsed);
    let errors = problems.into_errors(&[Arc::clone(&main)]);
    match AssetGraph::new(parts) {
        Ok(graph) if errors.is_empty() => Ok((graph, main)),
        _ => Err(ManifestErrors::new(errors)),
    }
}

/// [`load`], where some included files hold other texts than on disk: each a path and a text.
///
/// # Errors
///
/// As [`load`].
pub fn load_with(root: &Path, texts: &[(String, String)]) -> Result<Manifest, ManifestErrors> {
    load_given(root, texts, &[])
}

/// [`load_with`], with what a program gives: a resource that the manifest declares, too, has to say the same.
///
/// # Errors
///
/// As [`load`].
pub fn load_given(
    root: &Path,
    texts: &[(String, String)],
    given: &[GivenText],
) -> Result<Manifest, ManifestErrors> {
    let text = project_files::read(root, MANIFEST).map_err(ManifestErrors::without_place)?;
    let main = Arc::new(SourceFile::new(FileId(0), MANIFEST.to_owned(), text));
    let mut findings = Findings::default();
    let main_table = parse(&main, &mut findings.problems);
    let top = Table::of_file(&main, main_table.get_ref());
    let include = project_files::globs(&top, root, &mut findings.problems);
    let mut files = vec![Arc::clone(&main)];
    let mut paths = project_files::included(root, &include);
    paths.extend(texts.iter().map(|(path, _)| path.clone()));
    paths.sort();
    paths.dedup();
    for path in paths {
        let Ok(id) = u16::try_from(files.len()) else {
            let problem = Problem::Include {
                message: "more than 65,535 files are included".to_owned(),
                help: "write more assets into each file",
            };
            findings.problems.add(problem, []);
            break;
        };
        let given = texts.iter().find(|(given, _)| *given == path);
        let text = match given {
            Some((_, text)) => Ok(text.clone()),
            None => project_files::read(root, &path),
        };
        match text {
            Ok(text) => files.push(Arc::new(SourceFile::new(FileId(id), path, text))),
            Err(problem) => findings.problems.add(problem, []),
        }
    }
    let first_given = files.len();
    for given in given {
        let id = FileId(files.len() as u16);
        let (path, text) = (given.path.clone(), given.text.clone());
        files.push(Arc::new(SourceFile::new(id, path, text)));
    }
    let included: Vec<(&SourceFile, Spanned<DeTable<'_>>)> = files[1..]
        .iter()
        .map(|file| (file.as_ref(), parse(file, &mut findings.problems)))
        .collect();
    let mut tables = vec![top];
    tables.extend(
        included
            .iter()
            .map(|(file, table)| Table::of_file(file, table.get_ref())),
    );
    let given: Vec<(usize, &GivenText)> = (first_given..).zip(given).collect();
    let given = given::leave_declared(&mut tables, &given);
    // What is left of a file with syntax errors, or without its included files, says nothing about what was meant.
    let (mut graph, mut list_files) = (None, ListFiles::default());
    if findings.problems.len() == 0 {
        list_files = ListFiles::read(&tables, root, &mut findings.problems);
        graph = expand_and_assemble(&tables, &list_files, root, &mut findings);
    }
    if let Some((graph, _)) = &graph {
        given::check(&given, graph, &tables, &mut findings.problems);
    }
    let lists = list_files.sources.iter();
    let lists: Vec<String> = lists.map(|file| file.path().to_owned()).collect();
    if !texts.is_empty() && findings.problems.len() > 0 {
        let printed = printing_commands(&tables[0], &files, texts);
        findings.problems.name_printing_commands(&printed);
    }
    drop(included);
    files.append(&mut list_files.sources);
    let errors = findings.problems.into_errors(&files);
    match graph {
        Some((graph, overlaps)) if errors.is_empty() => Ok(Manifest {
            graph,
            overlaps,
            warnings: findings.warnings.into_errors(&files),
            files,
            include,
            lists,
        }),
        _ => Err(ManifestErrors::new(errors)),
    }
}

/// The files that hold given texts, and the places of the commands that print them.
fn printing_commands(
    main: &Table<'_>,
    files: &[Arc<SourceFile>],
    texts: &[(String, String)],
) -> Vec<(FileId, Location)> {
    let mut known = Problems::default();
    let project = Project::read(main, &mut known);
    let generators = generators::read(main, &project, &mut known);
    let place = |generator: &Generator| {
        let is_given = texts.iter().any(|(path, _)| *path == generator.to);
        let id = files.iter().position(|it| it.path() == generator.to)?;
        is_given.then_some((FileId(id as u16), generator.asset.location))
    };
    generators.iter().filter_map(place).collect()
}

/// Parses a file. After a syntax error the parser goes on, so that several are found; those that only follow from an
/// array or a string that was never closed are left out.
pub(super) fn parse<'a>(file: &'a SourceFile, problems: &mut Problems) -> Spanned<DeTable<'a>> {
    let text = file.as_str();
    let (mut table, errors) = DeTable::parse_recoverable(text);
    unify_line_ends(table.get_mut(), text);
    let mut known_until = 0;
    for error in errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        if span.start < known_until {
            continue;
        }
        let spreads = ["array", "string", "inline table"]
            .iter()
            .any(|word| error.message().contains(word));
        let next = if spreads { "\n[" } else { "\n" };
        known_until = text[span.start..]
            .find(next)
            .map_or(text.len() + 1, |at| span.start + at + 1);
        let problem = Problem::Syntax {
            message: error.message().trim().replace('\n', ", "),
        };
        problems.at(file.location(span), "here", problem);
    }
    table
}

/// Puts the values of the lists into the tables, and reads these.
fn expand_and_assemble(
    files: &[Table<'_>],
    list_files: &ListFiles,
    root: &Path,
    findings: &mut Findings,
) -> Option<(AssetGraph, Overlaps)> {
    let problems = &mut findings.problems;
    let parsed = parse_lists(list_files);
    let lists = Lists::read(files, &parsed, problems);
    let shell = Project::read(&files[0], &mut Problems::default()).shell;
    let mut origins = Origins::default();
    let mut expand = |file| expand(file, &lists, &shell, &mut origins, problems);
    let expanded: Vec<Option<DeTable<'_>>> = files.iter().map(&mut expand).collect();
    // What reads an asset that could not be made would be wrong only because of that.
    if problems.len() > 0 {
        return None;
    }
    let tables = files.iter().zip(&expanded);
    let tables = tables.map(|(file, expanded)| match expanded {
        Some(expanded) => Table::of_file(file.file, expanded),
        None => *file,
    });
    let tables: Vec<Table<'_>> = tables.collect();
    assemble(&tables, &list_files.sources, root, origins, findings)
}

fn assemble(
    files: &[Table<'_>],
    list_files: &[Arc<SourceFile>],
    root: &Path,
    mut origins: Origins,
    findings: &mut Findings,
) -> Option<(AssetGraph, Overlaps)> {
    let problems = &mut findings.problems;
    let project = Project::read(&files[0], problems);
    let mut defaults = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        check_top_level(file, index, problems);
        defaults.push(Defaults::read(file, problems));
    }
    let mut definitions = Definitions::read(files, problems);
    let resources = resources::read(files, &project, &definitions, problems);
    let frame = (&project, resources.as_slice());
    let names = outline(files, frame, &mut definitions, &mut origins, problems);
    let frame = project.frame(&resources);
    let jobs = jobs::read(files, frame, (&definitions, &names), problems);
    let hooks = frame.common_hooks(files, problems);
    let mut environments = environments::read(files, (&definitions, &names), problems);
    let mut inline = InlineSources::after(names.len());
    let mut edges: Vec<(AssetId, AssetId, Location)> = Vec::new();
    let mut declarations = Vec::with_capacity(names.len());
    for (index, outline) in names.outlines().iter().enumerate() {
        let id = AssetId(index as u32);
        declarations.push(match &outline.declares {
            Declares::Source(source) => Declaration::Source(source.clone()),
            Declares::Asset(outputs) => {
                let context = AssetContext {
                    id,
                    names: &names,
                    definitions: &definitions,
                    defaults: &defaults[usize::from(outline.table.location.file.0)],
                    frame,
                };
                let before = (findings.problems.len(), findings.warnings.len());
                let read = asset::read(&outline.table, outputs, context, &mut inline, findings);
                let key = outline.key.as_str();
                origins.explain(key, before.0, &mut findings.problems);
                origins.explain_warnings(key, before.1, &mut findings.warnings);
                let deps = read.asset.deps.iter().map(|it| (id, it.asset, it.location));
                edges.extend(deps);
                let after = read.after.iter();
                edges.extend(after.map(|(after, location)| (id, *after, *location)));
                Declaration::Asset(Box::new(read.asset))
            }
        });
    }
    let problems = &mut findings.problems;
    let context = TestContext {
        names: &names,
        inline: &inline,
        definitions: &definitions,
    };
    let test_sources = other_paths::read(&files[0], context, problems);
    let inline = inline.into_sources().into_iter();
    declarations.extend(inline.map(|source| Declaration::Source(Box::new(source))));
    let all_hooks = hooks.and_others(&jobs, &declarations);
    let declared = (declarations.as_slice(), resources.as_slice(), &*all_hooks);
    check_together(declared, (&project, &names), problems);
    let disk = Disk::new(root);
    let sources = files.iter().map(|file| file.file);
    let sources = sources.chain(list_files.iter().map(Arc::as_ref));
    let sources: Vec<&str> = sources.map(SourceFile::path).collect();
    let generators = generators::read(&files[0], &project, problems);
    problems.advise_on_unknown_deps(generators::not_printed(&generators, &sources));
    let manifests = generators::all_manifests(&generators, &sources);
    let (unread, overlaps) = overlap::check(
        (&declarations, &environments, &resources),
        &manifests,
        &definitions,
        disk,
        problems,
    );
    leave_unread(&mut declarations, unread);
    environments::note_concerned(&mut environments, &declarations);
    let parts = GraphParts {
        settings: Settings {
            name: project.name,
            ignore: project.ignore,
            dotenv: project.dotenv,
            test_sources,
            generators,
            list_uses: origins.into_uses(),
            jobs: jobs.iter().map(|job| job.job.clone()).collect(),
            environments,
            hooks: hooks.project,
            has_asset_hooks: declarations.iter().any(|it| !it.hooks().is_empty()),
            default_hooks: hooks.defaults,
            resources,
        },
        files: sources.into_iter().map(str::to_owned).collect(),
        definitions: definitions.into_declared(),
        declarations,
    };
    let graph = AssetGraph::new(parts)
        .map_err(|cycle| report_cycle(&cycle, &names, &edges, problems))
        .ok()?;
    jobs::check(&jobs, &graph, problems);
    let environments = &graph.settings().environments;
    environments::check_configs(environments, &graph, problems);
    environments::check_variables(environments, &graph, problems);
    Some((graph, overlaps))
}

/// Checks rules that declarations obey together.
fn check_together(
    (declarations, resources, hooks): (&[Declaration], &[DeclaredResource], &[&Hook]),
    (project, names): (&Project, &Names<'_>),
    problems: &mut Problems,
) {
    check_locked(declarations, names, problems);
    if project.dotenv {
        check_dotenv(declarations.iter(), resources, problems);
    }
    config::check_all_secrets(declarations, resources, hooks, problems);
    resources::check_env(declarations, resources, hooks, problems);
}

/// Takes out of the code of assets the files that assets make.
fn leave_unread(declarations: &mut [Declaration], unread: Vec<(AssetId, String)>) {
    for (id, path) in unread {
        if let Declaration::Asset(asset) = &mut declarations[id.index()]
            && let Some(recipe) = &mut asset.recipe
        {
            let candidates = &mut recipe.code.candidates;
            candidates.retain(|candidate| *candidate != path);
        }
    }
}

fn check_top_level(file: &Table<'_>, index: usize, problems: &mut Problems) {
    const KNOWN: [&str; 9] = [
        "project",
        "defaults",
        "partitions",
        "each",
        "source",
        "asset",
        "job",
        "env",
        "resource",
    ];
    if index == 0 {
        let of_project = |value: &Value<'_>| {
            let is_one = PROJECT_KEYS.contains(&value.key);
            is_one.then(|| "it is a key of `[project]`: write it below that line".to_owned())
        };
        file.only_or(&KNOWN, of_project, problems);
        return;
    }
    if let Some(project) = file.get("project") {
        let problem = Problem::Include {
            message: "an included file has no `[project]`".to_owned(),
            help: "settings of the project and `include` belong in the main file",
        };
        problems.at(project.key_location, "not in an included file", problem);
    }
    file.only(&KNOWN, problems);
}

/// Reads what others need to know of everything that has a table: names, partitions, outputs; sources as a whole.
pub(super) fn outline<'a>(
    files: &[Table<'a>],
    (project, resources): (&Project, &[DeclaredResource]),
    definitions: &mut Definitions<'a>,
    origins: &mut Origins,
    problems: &mut Problems,
) -> Names<'a> {
    let mut names = Names::default();
    let mut apart = Apart::default();
    for file in files {
        let mut found: Vec<(Value<'a>, Table<'a>, &'static str)> = Vec::new();
        for kind in ["source", "asset"] {
            let tables = file.named_tables(kind, problems).into_iter();
            found.extend(tables.map(|(name, table)| (name, table, kind)));
        }
        found.sort_by_key(|(name, ..)| name.key_location.start);
        for (name, table, kind) in found {
            let before = problems.len();
            let partitions = definitions.of(&table, problems);
            let what = if kind == "source" {
                "a source"
            } else {
                "an asset"
            };
            let key = key_of(&name, what, problems);
            let declares = if kind == "source" {
                let context = SourceContext {
                    partitions,
                    scope: definitions.scope(partitions),
                    resources,
                    shell: &project.shell,
                    project: project.name.as_deref(),
                };
                Declares::Source(Box::new(source::read(
                    &table,
                    key.clone(),
                    context,
                    problems,
                )))
            } else {
                let context = OutputContext {
                    key: &key,
                    partitions,
                    definitions,
                    storage: &project.storage,
                };
                Declares::Asset(outputs::read(&table, context, &mut apart, problems))
            };
            let outline = Outline {
                key,
                table,
                partitions,
                declares,
            };
            names.add(&name, outline, problems);
            origins.explain(name.key, before, problems);
        }
    }
    names
}

/// Labels every edge of a cycle.
fn report_cycle(
    cycle: &Cycle,
    names: &Names<'_>,
    edges: &[(AssetId, AssetId, Location)],
    problems: &mut Problems,
) {
    let name = |id: AssetId| names.get(id).key.as_str();
    let next = cycle.0.iter().cycle().skip(1);
    let mut labels = Vec::new();
    for (from, to) in cycle.0.iter().zip(next) {
        let edge = edges.iter().find(|(a, b, _)| (a, b) == (from, to));
        if let Some((_, _, location)) = edge {
            let text = format!("`{}` needs `{}`", name(*from), name(*to));
            labels.push(Label::new(*location, text));
        }
    }
    let first = cycle.0.first().copied();
    let path: Vec<&str> = cycle.0.iter().copied().chain(first).map(name).collect();
    let problem = Problem::Cycle {
        path: path.join(" → "),
    };
    problems.add(problem, labels);
}

/// Makes the line ends of all strings LF; `text` is what the table was read from.
pub(super) fn unify_line_ends(table: &mut DeTable<'_>, text: &str) {
    if text.contains("\r\n") {
        for (_, value) in table.iter_mut() {
            unify(value, text);
        }
    }
}

fn unify(value: &mut Spanned<DeValue<'_>>, text: &str) {
    let span = value.span();
    match value.get_mut() {
        DeValue::String(string) if string.contains('\r') => {
            let Some(written) = text.get(span).filter(|it| it.contains("\r\n")) else {
                return;
            };
            if let Some(unified) = read(&written.replace("\r\n", "\n")) {
                *string = unified;
            }
        }
        DeValue::Array(values) => values.iter_mut().for_each(|value| unify(value, text)),
        DeValue::Table(table) => table.iter_mut().for_each(|(_, value)| unify(value, text)),
        _ => {}
    }
}

/// A string by itself, as it is written.
fn read(written: &str) -> Option<DeString<'static>> {
    let value = DeValue::parse(written).ok()?;
    let text = value.get_ref().as_str()?;
    Some(text.to_owned().into())
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::unify_line_ends;

    #[test]
    fn line_ends_are_lf_and_escapes_stay() {
        let text = concat!(
            "a = '''\r\none\r\ntwo'''\r\n",
            "b = [\"\"\"x\r\n\\r\\ny \\\r\n  z\"\"\"]\r\n",
            "[c]\r\nd = { e = '''1\r\n2''' }\r\nf = \"\\r\\n\"\r\n"
        );
        let mut table = DeTable::parse(text).expect("TOML");
        unify_line_ends(table.get_mut(), text);
        let table = table.get_ref();
        assert_eq!(table["a"].get_ref().as_str(), Some("one\ntwo"));
        let b = table["b"].get_ref().as_array().expect("an array");
        assert_eq!(b[0].get_ref().as_str(), Some("x\n\r\ny z"));
        let c = table["c"].get_ref().as_table().expect("a table");
        let d = c["d"].get_ref().as_table().expect("a table");
        assert_eq!(d["e"].get_ref().as_str(), Some("1\n2"));
        assert_eq!(c["f"].get_ref().as_str(), Some("\r\n"));
    }
}
