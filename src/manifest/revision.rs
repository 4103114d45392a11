//! An edited manifest, read through what is known of the one before: only tables that changed are read, and tables that
//! name them.
//!
//! Whatever is wrong or out of the ordinary is left to [`crate::manifest::load`], which reads everything: this gives the
//! graph that comes out there, or nothing.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use crate::manifest::asset::{self, AssetContext, Findings};
use crate::manifest::declaration_rules::check_dotenv;
use crate::manifest::diagnostic::Problems;
use crate::manifest::document::Table;
use crate::manifest::each::Origins;
use crate::manifest::environments;
use crate::manifest::file::{Origin, SourceFile};
use crate::manifest::jobs::{self, ReadJob};
use crate::manifest::load::{outline, parse};
use crate::manifest::names::{Declares, Names};
use crate::manifest::overlap::{Overlaps, changed_overlaps};
use crate::manifest::partitions::Definitions;
use crate::manifest::project::{CommandFrame, Defaults, Project};
use crate::manifest::project_files;
use crate::manifest::project_files::MANIFEST;
use crate::manifest::segments::{
    EditedSegment, Opened, Segment, edited_segments, segment_text, segments,
};
use crate::manifest::source::InlineSources;
use crate::manifest::{config, resources};
use crate::model::{
    AssetGraph, AssetId, Declaration, DeclaredEnvironment, DeclaredPartitions, FileId, Hook,
    Location, Revised, Settings,
};

/// What is kept of a manifest, besides its graph, so that an edited one can be read through it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Basis {
    files: Vec<BasisFile>,
    overlaps: Overlaps,
}

#[derive(Debug, Serialize, Deserialize)]
struct BasisFile {
    text: String,
    segments: Vec<Segment>,
}

/// An edited manifest that was read.
pub(super) struct Revision {
    /// The blocks of its graph.
    pub blocks: Vec<Vec<u8>>,
    /// What the next edited one is read through.
    pub basis: Basis,
}

impl Basis {
    /// What is kept of a manifest with these texts; `None` if it is written in a way that cannot be read in parts.
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>, overlaps: Overlaps) -> Option<Self> {
        let file = |text: &str| {
            Some(BasisFile {
                segments: segments(text)?,
                text: text.to_owned(),
            })
        };
        let files = texts.map(file).collect::<Option<_>>()?;
        Some(Self { files, overlaps })
    }

    /// The texts, in the order of the files.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.text.as_str())
    }

    /// Reads the manifest in `root`, whose include globs these are, as an edited form of that with the graph `old`.
    pub(super) fn revise(
        &self,
        root: &Path,
        include: &[String],
        old: &AssetGraph,
    ) -> Option<Revision> {
        let mut paths = vec![MANIFEST.to_owned()];
        paths.extend(project_files::included(root, include));
        if paths != old.files() || !old.settings().test_sources.is_empty() {
            return None;
        }
        let read = |path: &String| project_files::read(root, path).ok();
        let texts: Vec<String> = paths.iter().map(read).collect::<Option<_>>()?;
        let edit = Edit::new(self, old, &texts)?;
        edit.read(root, &self.overlaps)
    }
}

/// A table that declares an asset or a source, by id.
#[derive(Clone, Copy, Debug)]
struct DeclaredTable {
    file: usize,
    /// The number of its stretch in the file.
    segment: usize,
    /// What it was, if it is the same.
    former: Option<AssetId>,
}

/// What has been edited.
struct Edit<'e> {
    old: &'e AssetGraph,
    /// How many tables declared something before; sources without a table follow.
    old_tables: usize,
    texts: &'e [String],
    files: Vec<Vec<EditedSegment<'e>>>,
    tables: Vec<DeclaredTable>,
    /// The former stretches, with the id of what each declares.
    old_segments: Vec<Vec<(Segment, Option<AssetId>)>>,
    /// The new ids of tables that are the same.
    new_ids: Vec<Option<AssetId>>,
    /// The new ids of the other tables, by their names.
    changed_names: HashMap<&'e str, AssetId>,
}

/// What declarations are read with.
struct ReadTables<'r> {
    names: &'r Names<'r>,
    definitions: &'r Definitions<'r>,
    defaults: &'r [Defaults],
    frame: CommandFrame<'r>,
}

impl<'e> Edit<'e> {
    fn new(basis: &'e Basis, old: &'e AssetGraph, texts: &'e [String]) -> Option<Self> {
        let mut next = (0..).map(AssetId);
        let mut with_ids = |file: &BasisFile| -> Vec<(Segment, Option<AssetId>)> {
            let segments = file.segments.iter();
            let mut id = |segment: &Segment| segment.declares.then(|| next.next()).flatten();
            segments.map(|segment| (*segment, id(segment))).collect()
        };
        let old_segments: Vec<_> = basis.files.iter().map(&mut with_ids).collect();
        let old_tables = next.next()?.index();
        let mut edit = Self {
            old,
            old_tables,
            texts,
            files: Vec::new(),
            tables: Vec::new(),
            old_segments,
            new_ids: vec![None; old_tables],
            changed_names: HashMap::new(),
        };
        for (number, (file, text)) in basis.files.iter().zip(texts).enumerate() {
            let edited = edited_segments(&file.text, &file.segments, text)?;
            let now: Vec<Segment> = edited.iter().map(|it| it.segment).collect();
            let settings = |text: &str, segments: &[Segment]| -> String {
                let all = 0..segments.len();
                let settings = all.filter(|index| !segments[*index].declares);
                settings
                    .map(|index| segment_text(text, segments, index).to_owned())
                    .collect()
            };
            if settings(&file.text, &file.segments) != settings(text, &now) {
                return None;
            }
            for (segment, it) in edited
                .iter()
                .enumerate()
                .filter(|(_, it)| it.segment.declares)
            {
                let former = it.same.and_then(|same| edit.old_segments[number][same].1);
                let id = AssetId(edit.tables.len() as u32);
                match (former, it.opened) {
                    (Some(former), _) => edit.new_ids[former.index()] = Some(id),
                    (None, Some(Opened::Declaration(_, name))) => {
                        if edit.changed_names.insert(name, id).is_some() {
                            return None;
                        }
                    }
                    (None, _) => return None,
                }
                edit.tables.push(DeclaredTable {
                    file: number,
                    segment,
                    former,
                });
            }
            edit.files.push(edited);
        }
        let kept: Vec<AssetId> = edit
            .tables
            .iter()
            .filter_map(|table| table.former)
            .collect();
        let mut names = edit.changed_names.keys();
        if !kept.is_sorted() || names.any(|name| edit.kept(name).is_some()) {
            return None;
        }
        edit.reread_readers()?;
        Some(edit)
    }

    /// The new id of a table that is the same, by its name.
    fn kept(&self, name: &str) -> Option<AssetId> {
        let former = self.old.find(name)?;
        *self.new_ids.get(former.index())?
    }

    /// Counts what reads a table that changed or went as changed, too: what it reads may have other outputs or
    /// partitions. Nothing comes out where so much changed that reading everything costs little more.
    fn reread_readers(&mut self) -> Option<()> {
        let old = self.old;
        let former = (0..self.old_tables as u32).map(AssetId);
        let lost: Vec<AssetId> = former
            .filter(|id| self.new_ids[id.index()].is_none())
            .collect();
        for reader in lost.iter().flat_map(|id| old.downstream(*id)) {
            if let Some(id) = self.new_ids[reader.index()].take() {
                self.tables[id.index()].former = None;
                self.changed_names.insert(old.key(*reader).as_str(), id);
            }
        }
        if lost.iter().any(|id| self.has_replaced_variable(*id)) {
            return None;
        }
        (self.changed_names.len() <= 16 + self.tables.len() / 4).then_some(())
    }

    /// Whether an environment gives a variable of a former table another value.
    fn has_replaced_variable(&self, former: AssetId) -> bool {
        let mut environments = self.old.settings().environments.iter();
        environments.any(|it| it.concerned.contains(self.old.key(former)))
    }

    /// The text of a table.
    fn text(&self, id: AssetId) -> &'e str {
        let DeclaredTable { file, segment, .. } = self.tables[id.index()];
        let segments = &self.files[file];
        let start = segments[segment].segment.start as usize;
        let end = segments
            .get(segment + 1)
            .map(|next| next.segment.start as usize);
        &self.texts[file][start..end.unwrap_or(self.texts[file].len())]
    }

    /// The tables that are read: those that changed, and what they name.
    fn tables_read(&self) -> Option<BTreeSet<AssetId>> {
        let changed = self.changed_names.values().copied();
        let mut read: BTreeSet<AssetId> = changed.clone().collect();
        for environment in &self.old.settings().environments {
            let configs = environment.configs.iter();
            read.extend(configs.filter_map(|config| self.kept(&config.name)));
        }
        for id in changed {
            let table = DeTable::parse(self.text(id)).ok()?;
            each_name(&DeValue::Table(table.into_inner()), &mut |text| {
                let name = text.split_once('.').map_or(text, |(name, _)| name);
                read.extend(self.kept(name));
            });
        }
        Some(read)
    }

    /// The stretches of a file that are read, as a file of its own.
    fn file(&self, number: usize, read: &BTreeSet<AssetId>) -> SourceFile {
        let mut text = String::new();
        let mut origins = Vec::new();
        let first = self.tables.partition_point(|table| table.file < number);
        let mut ids = (first as u32..).map(AssetId);
        let edited = &self.files[number];
        for (index, it) in edited.iter().enumerate() {
            if it.segment.declares && !ids.next().is_some_and(|id| read.contains(&id)) {
                continue;
            }
            origins.push(Origin {
                start: text.len() as u32,
                original: it.segment.start,
                line: it.segment.line,
            });
            let end = edited
                .get(index + 1)
                .map(|next| next.segment.start as usize);
            let whole = &self.texts[number];
            text.push_str(&whole[it.segment.start as usize..end.unwrap_or(whole.len())]);
        }
        let path = self.old.files()[number].clone();
        SourceFile::with_origins(FileId(number as u16), path, text, origins)
    }

    /// The declarations that are new or have changed, by their new ids.
    fn changed(
        &self,
        ids: &[AssetId],
        read: &ReadTables<'_>,
        inline: &mut InlineSources,
        findings: &mut Findings,
    ) -> Vec<(AssetId, Declaration)> {
        let mut changed = Vec::new();
        for (number, id) in (0..).zip(ids) {
            if self.tables[id.index()].former.is_some() {
                continue;
            }
            let outline = read.names.get(AssetId(number));
            let declaration = match &outline.declares {
                Declares::Source(source) => Declaration::Source(source.clone()),
                Declares::Asset(outputs) => {
                    let context = AssetContext {
                        id: AssetId(number),
                        names: read.names,
                        definitions: read.definitions,
                        defaults: &read.defaults[usize::from(outline.table.location.file.0)],
                        frame: read.frame,
                    };
                    let read = asset::read(&outline.table, outputs, context, inline, findings);
                    Declaration::Asset(Box::new(read.asset))
                }
            };
            changed.push((*id, declaration));
        }
        changed
    }

    fn read(&self, root: &Path, overlaps: &Overlaps) -> Option<Revision> {
        let read = self.tables_read()?;
        let mut findings = Findings::default();
        let files: Vec<SourceFile> = (0..self.files.len())
            .map(|number| self.file(number, &read))
            .collect();
        let parsed: Vec<_> = files
            .iter()
            .map(|file| parse(file, &mut findings.problems))
            .collect();
        let tables: Vec<Table<'_>> = files
            .iter()
            .zip(&parsed)
            .map(|(file, table)| Table::of_file(file, table.get_ref()))
            .collect();
        let project = Project::read(&tables[0], &mut findings.problems);
        let mut defaults = Vec::with_capacity(tables.len());
        for table in &tables {
            defaults.push(Defaults::read(table, &mut findings.problems));
        }
        let mut definitions = Definitions::read(&tables, &mut findings.problems);
        // Definitions in place count through all tables; variables of defaults have places that do not move with the asset.
        let named = definitions.declared().len();
        if named != self.old.definitions().len() || defaults.iter().any(Defaults::sets_env) {
            return None;
        }
        let resources = resources::read(&tables, &project, &definitions, &mut findings.problems);
        let names = outline(
            &tables,
            (&project, &resources),
            &mut definitions,
            &mut Origins::default(),
            &mut findings.problems,
        );
        let frame = project.frame(&resources);
        let jobs = jobs::read(
            &tables,
            frame,
            (&definitions, &names),
            &mut findings.problems,
        );
        let hooks = frame.common_hooks(&tables, &mut findings.problems);
        let mut environments =
            environments::read(&tables, (&definitions, &names), &mut findings.problems);
        environments::keep_concerned(&mut environments, &self.old.settings().environments);
        if names.len() != read.len() || definitions.declared().len() != named {
            return None;
        }
        let mut inline = InlineSources::after(names.len());
        let ids: Vec<AssetId> = read.into_iter().collect();
        let read = ReadTables {
            names: &names,
            definitions: &definitions,
            defaults: &defaults,
            frame,
        };
        let mut changed = self.changed(&ids, &read, &mut inline, &mut findings);
        if project.dotenv {
            let declarations = changed.iter().map(|(_, declaration)| declaration);
            check_dotenv(declarations, &resources, &mut findings.problems);
        }
        if findings.problems.len() > 0 || environments::concern_others(&environments, &changed) {
            return None;
        }
        self.name_by_new_ids(&mut changed, &ids, &inline)?;
        self.check_locked(&changed)?;
        let has_secret = |it: &&Hook| it.env.iter().any(config::is_secret);
        if hooks.and_others(&jobs, &[]).iter().any(has_secret)
            || changed
                .iter()
                .any(|(_, declaration)| config::concerns_secrets(declaration))
        {
            return None;
        }
        let is_kept = |id: AssetId| {
            self.new_ids
                .get(id.index())
                .copied()
                .unwrap_or_else(|| self.inline_id(id))
        };
        let overlaps = changed_overlaps(overlaps, &changed, is_kept, root)?;
        let settings = Settings {
            jobs: jobs.iter().map(|job| job.job.clone()).collect(),
            environments: environments.clone(),
            hooks: hooks.project,
            has_asset_hooks: self.old.settings().has_asset_hooks
                || changed.iter().any(|(_, it)| !it.hooks().is_empty()),
            default_hooks: hooks.defaults,
            resources,
            ..self.old.settings().clone()
        };
        let blocks = self.blocks((settings, definitions.into_declared()), changed, &inline)?;
        check_jobs(&jobs, &blocks)?;
        check_environments(&environments, &blocks)?;
        let files = self.basis_files();
        let basis = Basis { files, overlaps };
        Some(Revision { blocks, basis })
    }

    fn basis_files(&self) -> Vec<BasisFile> {
        let file = |(edited, text): (&Vec<EditedSegment<'_>>, &String)| BasisFile {
            text: text.clone(),
            segments: edited.iter().map(|it| it.segment).collect(),
        };
        self.files.iter().zip(self.texts).map(file).collect()
    }

    /// The new id of a source without a table: the order of these stays as it was.
    fn inline_id(&self, former: AssetId) -> Option<AssetId> {
        let place = former.index().checked_sub(self.old_tables)?;
        Some(AssetId((self.tables.len() + place) as u32))
    }

    /// Gives the deps of what was read their ids.
    fn name_by_new_ids(
        &self,
        changed: &mut [(AssetId, Declaration)],
        ids: &[AssetId],
        inline: &InlineSources,
    ) -> Option<()> {
        let new_id = |id: AssetId| match inline.get(id) {
            Some(source) => self.inline_id(self.old.find(source.key.as_str())?),
            None => Some(ids[id.index()]),
        };
        for (_, declaration) in changed {
            let Declaration::Asset(asset) = declaration else {
                continue;
            };
            for dep in &mut asset.deps {
                dep.asset = new_id(dep.asset)?;
            }
            for after in &mut asset.after {
                *after = new_id(*after)?;
            }
        }
        Some(())
    }

    /// Of each source without a table, the table that reads it first; nothing comes out if they are first read in another
    /// order than before, as that numbers them.
    fn first_readers(&self, changed: &[(AssetId, Declaration)]) -> Option<Vec<AssetId>> {
        let count = self.old.len() - self.old_tables;
        let mut first = Vec::with_capacity(count);
        let mut changed = changed.iter().peekable();
        for (id, table) in (0..).map(AssetId).zip(&self.tables) {
            let mut read = |inline: AssetId| {
                let place = inline.index() - self.tables.len();
                if place == first.len() {
                    first.push(id);
                }
                (place < first.len()).then_some(())
            };
            if let Some(former) = table.former {
                for up in self.old.upstream(former) {
                    self.inline_id(*up).map_or(Some(()), &mut read)?;
                }
            } else if let Declaration::Asset(asset) = &changed.next_if(|it| it.0 == id)?.1 {
                let ids = asset.deps.iter().map(|dep| dep.asset);
                for inline in ids.filter(|id| id.index() >= self.tables.len()) {
                    read(inline)?;
                }
            }
        }
        (first.len() == count).then_some(first)
    }

    /// Whether no asset with lines in the lock file reads one without, as far as that may have changed.
    fn check_locked(&self, changed: &[(AssetId, Declaration)]) -> Option<()> {
        let by_id: HashMap<AssetId, &Declaration> = changed
            .iter()
            .map(|(id, declaration)| (*id, declaration))
            .collect();
        let is_left_out = |id: AssetId| {
            let kept = || {
                self.old
                    .get(self.tables[id.index()].former.expect("it did not change"))
            };
            id.index() < self.tables.len()
                && match by_id.get(&id).copied().unwrap_or_else(kept) {
                    Declaration::Asset(asset) => !asset.locked,
                    Declaration::Source(_) => false,
                }
        };
        let is_wrong = |(_, declaration): &(AssetId, Declaration)| match declaration {
            Declaration::Asset(asset) => {
                asset.locked && asset.deps.iter().any(|dep| is_left_out(dep.asset))
            }
            Declaration::Source(_) => false,
        };
        (!changed.iter().any(is_wrong)).then_some(())
    }

    /// The blocks of the graph.
    fn blocks(
        &self,
        frame: (Settings, Vec<DeclaredPartitions>),
        changed: Vec<(AssetId, Declaration)>,
        inline: &InlineSources,
    ) -> Option<Vec<Vec<u8>>> {
        let first_readers = self.first_readers(&changed)?;
        let mut changed = changed.into_iter().peekable();
        let mut declarations = Vec::with_capacity(self.old.len());
        for (id, table) in (0..).map(AssetId).zip(&self.tables) {
            declarations.push(match table.former {
                Some(former) => {
                    Revised::Kept(former, self.moved(self.old.location(former), former)?)
                }
                None => Revised::Changed(Box::new(changed.next_if(|it| it.0 == id)?.1)),
            });
        }
        let former = (self.old_tables as u32..).map(AssetId);
        for (id, reader) in former.zip(first_readers) {
            declarations.push(if let Some(by) = self.tables[reader.index()].former {
                Revised::Kept(id, self.moved(self.old.location(id), by)?)
            } else {
                let source = inline.get(inline.find(self.old.key(id).as_str())?)?;
                Revised::Changed(Box::new(Declaration::Source(Box::new(source.clone()))))
            });
        }
        self.old.revised(frame, &declarations)
    }

    /// Where a place in a former table that is the same is now; nothing if it is in another table.
    fn moved(&self, place: Location, former: AssetId) -> Option<Location> {
        let file = usize::from(place.file.0);
        let segments = &self.old_segments[file];
        let after = segments.partition_point(|(segment, _)| segment.start <= place.start);
        let (old, owner) = segments[after.checked_sub(1)?];
        let table = self.tables[self.new_ids[former.index()]?.index()];
        let new = self.files[table.file][table.segment].segment;
        (owner == Some(former)).then(|| Location {
            line: place.line - old.line + new.line,
            start: place.start - old.start + new.start,
            ..place
        })
    }
}

/// Whether the jobs are right in the graph of these blocks.
fn check_jobs(jobs: &[ReadJob<'_>], blocks: &[Vec<u8>]) -> Option<()> {
    if jobs.is_empty() {
        return Some(());
    }
    // Their values are about assets of which not all were read.
    let sets_values = |job: &ReadJob<'_>| !job.job.configs.is_empty();
    if jobs.iter().any(sets_values) {
        return None;
    }
    let graph = AssetGraph::from_blocks(Arc::new(blocks.to_vec()))?;
    let mut problems = Problems::default();
    jobs::check(jobs, &graph, &mut problems);
    (problems.len() == 0).then_some(())
}

/// Whether environments are right in the graph of these blocks, whose variables are those of before.
fn check_environments(environments: &[DeclaredEnvironment], blocks: &[Vec<u8>]) -> Option<()> {
    if environments.iter().all(|it| it.configs.is_empty()) {
        return Some(());
    }
    let graph = AssetGraph::from_blocks(Arc::new(blocks.to_vec()))?;
    let mut problems = Problems::default();
    environments::check_configs(environments, &graph, &mut problems);
    (problems.len() == 0).then_some(())
}

/// All texts in a value.
fn each_name(value: &DeValue<'_>, each: &mut impl FnMut(&str)) {
    match value {
        DeValue::String(text) => each(text),
        DeValue::Array(values) => values.iter().for_each(|it| each_name(it.get_ref(), each)),
        DeValue::Table(table) => table.values().for_each(|it| each_name(it.get_ref(), each)),
        _ => {}
    }
}
