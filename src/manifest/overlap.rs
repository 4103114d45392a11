//! No two outputs may be the same path or one inside the other, and nothing that is read as a source or as code may be
//! what an asset makes.
//!
//! Paths are compared twice: first all of them, placeholders standing for any text, which finds nothing in almost every
//! project; then those that were found, key by key where the keys are listed.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::hash::Exceptions;
use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::error::Problem;
use crate::manifest::partitions::{Decides, Definitions};
use crate::manifest::path_shapes::{Claim, ClaimKind, Disk, KeptFile, Shape};
use crate::manifest::paths;
use crate::manifest::patterns::{NodeId, Pattern, Trie, can_match};
use crate::model::{
    AssetId, AssetKey, Declaration, DeclaredEnvironment, DeclaredResource, EnvironmentPath,
    LOCK_FILE, Location, OutputKind, PathTemplate, Piece, Place, SourcePath,
};

/// The most overlaps that are looked for.
const ENOUGH: usize = 200;

/// A word of a command that is no code file after all, as an asset makes it: the asset, and the path.
pub(super) type NoCode = (AssetId, String);

/// What no step may replace, besides the manifest files: the lock file, assetctl's own folder and that of git.
const GUARDED: [&str; 3] = [LOCK_FILE, ".assetctl", ".git"];

/// All paths that were compared, so that those of a few declarations that changed can be compared with the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Overlaps {
    paths: Vec<ComparedPath>,
    disk: Disk,
}

/// A path that was compared.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ComparedPath {
    /// Whose path it is; `None` for one that no declaration names.
    owner: Option<AssetId>,
    is_output: bool,
    /// Whether it could meet another one.
    is_touched: bool,
    patterns: Vec<Pattern>,
}

impl ComparedPath {
    fn new(claim: &Claim, is_touched: bool, patterns: Vec<Pattern>) -> Self {
        let (owner, is_output) = match claim.kind {
            ClaimKind::Output(id, _) => (Some(id), true),
            ClaimKind::Source(id) | ClaimKind::Code(id) | ClaimKind::Candidate(id) => {
                (Some(id), false)
            }
            ClaimKind::Kept(_) => (None, true),
            ClaimKind::Keys(_) | ClaimKind::ResourceCode | ClaimKind::Guarded => (None, false),
        };
        Self {
            owner,
            is_output,
            is_touched,
            patterns,
        }
    }
}

/// The paths of a project in which some declarations changed; `None` if one of theirs, or of those that are gone, could
/// meet another. `new_id` gives the ids of what is kept.
pub(super) fn changed_overlaps(
    known: &Overlaps,
    changed: &[(AssetId, Declaration)],
    new_id: impl Fn(AssetId) -> Option<AssetId>,
    root: &Path,
) -> Option<Overlaps> {
    let mut disk = known.disk.unchanged(root)?;
    let claims = claims(changed.iter().map(|(id, it)| (*id, it)));
    let shapes: Vec<(usize, Shape)> = claims
        .iter()
        .enumerate()
        .map(|(index, claim)| (index, claim.shape(&mut disk)))
        .collect();
    let forest = Forest::new(&claims, &shapes);
    if forest.touched(claims.len()).contains(&true) {
        return None;
    }
    let mut paths = Vec::with_capacity(known.paths.len() + shapes.len());
    for path in &known.paths {
        let owner = path.owner.map(&new_id);
        if owner == Some(None) {
            if path.is_touched {
                return None;
            }
            continue;
        }
        if forest.meets(path) {
            return None;
        }
        paths.push(ComparedPath {
            owner: owner.flatten(),
            ..path.clone()
        });
    }
    let shapes = shapes.into_iter();
    paths.extend(shapes.map(|(index, it)| ComparedPath::new(&claims[index], false, it.patterns)));
    Some(Overlaps { paths, disk })
}

/// Reports what overlaps, and returns the words of commands that are no code, and all paths.
pub(super) fn check(
    (declarations, environments, resources): (
        &[Declaration],
        &[DeclaredEnvironment],
        &[DeclaredResource],
    ),
    files: &[&str],
    definitions: &Definitions<'_>,
    mut disk: Disk,
    problems: &mut Problems,
) -> (Vec<NoCode>, Overlaps) {
    let mut claims = claims_of_keys(definitions);
    claims.extend(self::claims((0..).map(AssetId).zip(declarations)));
    claims.extend(resources.iter().flat_map(claims_of_resource));
    claims.extend(files.iter().chain(&GUARDED).map(|path| guarded(path)));
    claims.extend(claims_of_environments(environments));
    let all: Vec<(usize, Shape)> = claims
        .iter()
        .enumerate()
        .map(|(index, claim)| (index, claim.shape(&mut disk)))
        .collect();
    let touched = Forest::new(&claims, &all).touched(claims.len());
    let mut closer: Vec<(usize, Shape)> = Vec::new();
    for (index, _) in touched.iter().enumerate().filter(|(_, touched)| **touched) {
        let shapes = claims[index].shapes_by_key(definitions, &mut disk);
        closer.extend(shapes.into_iter().map(|shape| (index, shape)));
    }
    let compared = |((index, shape), is_touched): ((usize, Shape), &bool)| {
        ComparedPath::new(&claims[index], *is_touched, shape.patterns)
    };
    let overlaps = Overlaps {
        paths: all.into_iter().zip(&touched).map(compared).collect(),
        disk,
    };
    if closer.is_empty() {
        return (Vec::new(), overlaps);
    }
    let report = Report {
        claims: &claims,
        declarations,
        resources,
        problems,
        no_code: Vec::new(),
    };
    (report.of(&Forest::new(&claims, &closer), &closer), overlaps)
}

/// Outputs in one tree, and what is read in another; a path belongs to the shape with its number.
struct Forest<'a> {
    trie: Trie,
    written: NodeId,
    read: NodeId,
    shapes: &'a [(usize, Shape)],
}

impl<'a> Forest<'a> {
    fn new(claims: &[Claim], shapes: &'a [(usize, Shape)]) -> Self {
        let mut trie = Trie::default();
        let written = trie.root();
        let read = trie.root();
        for (number, (claim, shape)) in shapes.iter().enumerate() {
            let root = match claims[*claim].kind {
                ClaimKind::Output(..) | ClaimKind::Kept(_) => written,
                ClaimKind::Source(_)
                | ClaimKind::Code(_)
                | ClaimKind::Candidate(_)
                | ClaimKind::Keys(_)
                | ClaimKind::ResourceCode
                | ClaimKind::Guarded => read,
            };
            trie.insert(root, &shape.patterns, number as u32);
        }
        Self {
            trie,
            written,
            read,
            shapes,
        }
    }

    /// The claims that could meet another one; the pairs are not enumerated, as there can be very many.
    fn touched(&self, claims: usize) -> Vec<bool> {
        let mut touched = vec![false; claims];
        let mut mark = |ends: &[u32], below: NodeId| {
            let alone = self.trie.each_below(below, &mut |number| {
                if ends == [number] {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
            if alone.is_continue() {
                return ControlFlow::Continue(());
            }
            for number in ends {
                touched[self.shapes[*number as usize].0] = true;
            }
            self.trie.each_below(below, &mut |number| {
                touched[self.shapes[number as usize].0] = true;
                ControlFlow::Continue(())
            })
        };
        for other in [self.written, self.read] {
            let _ = self.trie.meet(self.written, other, &mut mark);
        }
        touched
    }

    /// Whether a path of another claim can meet one of these: of two, one is an output.
    fn meets(&self, path: &ComparedPath) -> bool {
        self.trie.meets(self.written, &path.patterns)
            || (path.is_output && self.trie.meets(self.read, &path.patterns))
    }

    /// Calls `each` with the numbers of two shapes of different claims that can meet, until it breaks.
    fn pairs(&self, other: NodeId, each: &mut dyn FnMut(u32, u32) -> ControlFlow<()>) {
        let _ = self.trie.meet(self.written, other, &mut |ends, below| {
            self.trie.each_below(below, &mut |number| {
                for end in ends {
                    each(*end, number)?;
                }
                ControlFlow::Continue(())
            })
        });
    }
}

/// What is said of the pairs that were found.
struct Report<'a> {
    claims: &'a [Claim],
    declarations: &'a [Declaration],
    resources: &'a [DeclaredResource],
    problems: &'a mut Problems,
    no_code: Vec<NoCode>,
}

impl Report<'_> {
    fn of(mut self, forest: &Forest<'_>, shapes: &[(usize, Shape)]) -> Vec<NoCode> {
        let mut seen = HashSet::new();
        let mut found = 0;
        for other in [forest.written, forest.read] {
            forest.pairs(other, &mut |a, b| {
                let (first, second) = (&shapes[a as usize], &shapes[b as usize]);
                let pair = (first.0.min(second.0), first.0.max(second.0));
                if first.0 == second.0 || seen.contains(&pair) {
                    return ControlFlow::Continue(());
                }
                if self.pair(first, second) {
                    seen.insert(pair);
                    found += 1;
                }
                if found < ENOUGH {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
        }
        self.no_code
    }

    /// Whether two shapes really meet, which is reported.
    fn pair(&mut self, first: &(usize, Shape), second: &(usize, Shape)) -> bool {
        match (self.claims[first.0].kind, self.claims[second.0].kind) {
            (ClaimKind::Kept(kept), _) => self.is_kept((kept, first), second),
            (_, ClaimKind::Kept(kept)) => self.is_kept((kept, second), first),
            (ClaimKind::Output(a, _), ClaimKind::Output(b, _)) => {
                self.outputs_overlap((a, first), (b, second));
                true
            }
            (ClaimKind::Output(..), ClaimKind::Guarded) => self.is_guarded(second, first),
            (ClaimKind::Guarded, ClaimKind::Output(..)) => self.is_guarded(first, second),
            (ClaimKind::Output(maker, _), _) => self.is_read(second, maker, first),
            (_, ClaimKind::Output(maker, _)) => self.is_read(first, maker, second),
            _ => false,
        }
    }

    fn outputs_overlap<'s>(
        &mut self,
        mut first: (AssetId, &'s (usize, Shape)),
        mut second: (AssetId, &'s (usize, Shape)),
    ) {
        let location = |side: (AssetId, &(usize, Shape))| self.claims[side.1.0].location;
        if location(first).start > location(second).start {
            (first, second) = (second, first);
        }
        let depth = |side: (AssetId, &(usize, Shape))| side.1.1.patterns.len();
        let (one, other) = match depth(first).cmp(&depth(second)) {
            Ordering::Equal => ("can be the same path", "as this one"),
            Ordering::Less => ("this path", "lies inside the other"),
            Ordering::Greater => ("lies inside the other", "this path"),
        };
        let labels = [
            Label::new(location(first), one),
            Label::new(location(second), other),
        ];
        let name = |id: AssetId| self.declarations[id.index()].key();
        let problem = Problem::OverlappingOutputs {
            assets: if first.0 == second.0 {
                format!("`{}`", name(first.0))
            } else {
                format!("`{}` and `{}`", name(first.0), name(second.0))
            },
        };
        self.problems.add(problem, labels);
    }

    fn is_read(&mut self, read: &(usize, Shape), by: AssetId, written: &(usize, Shape)) -> bool {
        let (reader, output) = (&self.claims[read.0], &self.claims[written.0]);
        if !really_read(&read.1, &written.1, output) || is_excepted(reader, &written.1, output) {
            return false;
        }
        let maker = self.declarations[by.index()].key();
        let dep = || format!("write `deps = \"{maker}\"`: then it is read once it is made");
        let problem = match reader.kind {
            ClaimKind::Output(..) | ClaimKind::Guarded | ClaimKind::Kept(_) => return false,
            ClaimKind::Candidate(id) => {
                if read.1.patterns.len() < written.1.patterns.len() {
                    return false;
                }
                if id == by || self.depends(id, by) {
                    let path = reader.template.as_literal().unwrap_or_default();
                    self.no_code.push((id, path.to_owned()));
                    return true;
                }
                self.source_is_output("the command", id, maker, dep())
            }
            ClaimKind::Code(id) => self.source_is_output("the code", id, maker, dep()),
            ClaimKind::ResourceCode => {
                let is_its = |it: &&DeclaredResource| {
                    let mut code = it.code.declared.iter();
                    code.any(|(_, location)| *location == reader.location)
                };
                let resource = self.resources.iter().find(is_its);
                Problem::SourceIsOutput {
                    what: "the code",
                    name: resource.map_or_else(String::new, |it| it.name.to_string()),
                    asset: maker.to_string(),
                    help: "name a file that no asset makes: a resource is set up before steps run"
                        .to_owned(),
                }
            }
            ClaimKind::Source(id) => {
                let name = self.declarations[id.index()].key();
                let help = if AssetKey::parse(name.as_str()).is_err() {
                    format!("write `{maker}` instead of the path")
                } else {
                    format!("remove the source, and write `deps = \"{maker}\"` where it is read")
                };
                self.source_is_output("the path", id, maker, help)
            }
            ClaimKind::Keys(decides) => pattern_is_output(decides, maker),
        };
        let labels = [
            Label::new(reader.location, format!("`{maker}` makes this")),
            Label::new(output.location, "here"),
        ];
        self.problems.add(problem, labels);
        true
    }

    /// Whether an output is, holds or lies in what no step may replace, which is reported. Keys are no reason: what a key makes of a path
    /// is seen once the key exists.
    fn is_guarded(&mut self, guarded: &(usize, Shape), written: &(usize, Shape)) -> bool {
        let depth = guarded.1.patterns.len().min(written.1.patterns.len());
        let literal = |pattern: &Pattern| matches!(pattern, Pattern::Literal(_));
        if !written.1.patterns[..depth].iter().all(literal) {
            return false;
        }
        let output = &self.claims[written.0];
        let path = output.template.source();
        let name = self.claims[guarded.0].template.source();
        let relation = match guarded.1.patterns.len().cmp(&written.1.patterns.len()) {
            Ordering::Equal => "is",
            Ordering::Greater => "holds",
            Ordering::Less => "lies in",
        };
        let problem = Problem::InvalidPath {
            message: format!("the output `{path}` {relation} {name}"),
            help: "choose another path: an output replaces everything at its path".to_owned(),
        };
        self.problems.at(output.location, "here", problem);
        true
    }

    /// Whether what an environment keeps is, holds or lies in what others read or write, which is reported.
    fn is_kept(
        &mut self,
        (kept, of_environment): (KeptFile, &(usize, Shape)),
        other: &(usize, Shape),
    ) -> bool {
        let (claim, met) = (&self.claims[of_environment.0], &self.claims[other.0]);
        let is_glob = other.1.glob.is_some() || other.1.is_open;
        let of = |id: AssetId| self.declarations[id.index()].key();
        let (what, label) = match (met.kind, kept) {
            (ClaimKind::Candidate(_), _) | (ClaimKind::Kept(KeptFile::Home), KeptFile::Home) => {
                return false;
            }
            (
                ClaimKind::Source(_)
                | ClaimKind::Code(_)
                | ClaimKind::ResourceCode
                | ClaimKind::Keys(_),
                _,
            ) if is_glob
                && (kept == KeptFile::Home
                    || !really_read(&other.1, &of_environment.1, claim)
                    || is_excepted(met, &of_environment.1, claim)) =>
            {
                return false;
            }
            (ClaimKind::Output(id, _), _) => (format!("an output of `{}`", of(id)), "the output"),
            (ClaimKind::Source(id), _) => (format!("the source `{}`", of(id)), "the source"),
            (ClaimKind::Code(id), _) => (format!("the code of `{}`", of(id)), "the code"),
            (ClaimKind::ResourceCode, _) => ("the code of a resource".to_owned(), "the code"),
            (ClaimKind::Keys(_), _) => ("files that are keys".to_owned(), "the files"),
            (ClaimKind::Guarded, _) => (format!("`{}`", met.template.source()), ""),
            (ClaimKind::Kept(KeptFile::Lock), KeptFile::Lock) => (
                "the lock file of another environment".to_owned(),
                "that lock file",
            ),
            (ClaimKind::Kept(KeptFile::Lock), _) => (
                "the lock file of an environment".to_owned(),
                "that lock file",
            ),
            (ClaimKind::Kept(KeptFile::Home), _) => {
                ("the instance of an environment".to_owned(), "that instance")
            }
        };
        let relation = match other.1.patterns.len().cmp(&of_environment.1.patterns.len()) {
            Ordering::Equal => "is",
            Ordering::Greater => "holds",
            Ordering::Less => "lies in",
        };
        let relation = if is_glob { "is part of" } else { relation };
        let (name, help) = match kept {
            KeptFile::Lock => (
                "lock file",
                "choose a file that nothing else reads or writes, as `Assets.prod.lock`",
            ),
            KeptFile::Home => (
                "folder of the instance",
                "choose a folder that nothing else reads or writes, as `.assetctl-prod`",
            ),
        };
        let problem = Problem::Environment {
            message: format!("the {name} `{}` {relation} {what}", claim.template.source()),
            help: help.to_owned(),
        };
        let mut labels = vec![Label::new(claim.location, "here")];
        if met.kind != ClaimKind::Guarded {
            labels.push(Label::new(met.location, label));
        }
        self.problems.add(problem, labels);
        true
    }

    fn depends(&self, id: AssetId, on: AssetId) -> bool {
        match &self.declarations[id.index()] {
            Declaration::Asset(asset) => asset.deps.iter().any(|dep| dep.asset == on),
            Declaration::Source(_) => false,
        }
    }

    fn source_is_output(
        &self,
        what: &'static str,
        reader: AssetId,
        maker: &AssetKey,
        help: String,
    ) -> Problem {
        Problem::SourceIsOutput {
            what,
            name: self.declarations[reader.index()].key().to_string(),
            asset: maker.to_string(),
            help,
        }
    }
}

fn pattern_is_output(decides: Decides, maker: &AssetKey) -> Problem {
    let (what, help) = match decides {
        Decides::Key => (
            "the pattern",
            "declare the definition as `type = \"dynamic\"`: the command that makes the files adds their keys",
        ),
        Decides::Window => (
            "the path of `exists`",
            "remove `exists`: keys depend on files that exist before a run, not on outputs",
        ),
    };
    Problem::PatternIsOutput {
        what,
        asset: maker.to_string(),
        help,
    }
}

/// Whether what is read is, holds, lies in, or by its glob could match what is written. The tree has compared heads and
/// tails; a glob is tried on an output without placeholders as it will be at run time.
fn really_read(read: &Shape, written: &Shape, output: &Claim) -> bool {
    let is_directory = matches!(output.kind, ClaimKind::Output(_, OutputKind::Directory));
    let is_glob = read.glob.is_some() || read.is_open;
    let shorter = read.patterns.len() < written.patterns.len();
    if is_glob && shorter && !read.is_open {
        return false;
    }
    let Some(glob) = &read.glob else {
        return true;
    };
    if glob.starts_with('/') || glob.starts_with("../") {
        return true;
    }
    if is_directory && (read.is_open || read.patterns.len() > written.patterns.len()) {
        return true;
    }
    match &written.literal {
        Some(path) => paths::glob(glob).is_ok_and(|glob| glob.is_match(path)),
        None => can_match(glob, &output.template),
    }
}

/// Whether all that is written is taken out of what is read.
fn is_excepted(reader: &Claim, written: &Shape, output: &Claim) -> bool {
    if reader.except.is_empty() {
        return false;
    }
    let Ok(exceptions) = Exceptions::new(&reader.except) else {
        return false;
    };
    let is_directory = matches!(output.kind, ClaimKind::Output(_, OutputKind::Directory));
    let fixed = match (&written.literal, output.template.pieces()) {
        (Some(path), _) if is_directory => Some(path.as_str()),
        (Some(path), _) => return exceptions.take(Path::new(path)),
        (None, [Piece::Text(text), ..]) => text.rsplit_once('/').map(|(folder, _)| folder),
        (None, _) => None,
    };
    fixed.is_some_and(|folder| {
        let mut folders = Path::new(folder).ancestors();
        folders.any(|folder| exceptions.take_folder(folder))
    })
}

/// What no step may replace.
fn guarded(path: &str) -> Claim {
    Claim {
        location: Location::default(),
        template: PathTemplate::literal(path),
        definition: None,
        kind: ClaimKind::Guarded,
        except: Vec::new(),
    }
}

/// What environments keep at paths of their own.
fn claims_of_environments(environments: &[DeclaredEnvironment]) -> Vec<Claim> {
    let claim = |path: &EnvironmentPath, kept: KeptFile| Claim {
        location: path.location,
        template: PathTemplate::literal(path.path.as_str()),
        definition: None,
        kind: ClaimKind::Kept(kept),
        except: Vec::new(),
    };
    let claims = environments.iter().flat_map(|environment| {
        let lock = environment
            .lock
            .iter()
            .map(|path| claim(path, KeptFile::Lock));
        let home = environment
            .home
            .iter()
            .map(|path| claim(path, KeptFile::Home));
        lock.chain(home)
    });
    claims.collect()
}

/// The files that keys are, or whose windows are.
fn claims_of_keys(definitions: &Definitions<'_>) -> Vec<Claim> {
    definitions
        .patterns()
        .iter()
        .map(|(id, pattern)| Claim {
            location: pattern.location,
            template: pattern.path.clone(),
            definition: Some(*id),
            kind: ClaimKind::Keys(pattern.decides),
            except: Vec::new(),
        })
        .collect()
}

fn claims_of_resource(resource: &DeclaredResource) -> impl Iterator<Item = Claim> {
    let code = resource.code.declared.iter();
    code.map(|(path, location)| Claim {
        location: *location,
        template: PathTemplate::literal(path.as_str()),
        definition: None,
        kind: ClaimKind::ResourceCode,
        except: resource.code.except.clone(),
    })
}

/// What declarations write and read.
fn claims<'d>(declarations: impl Iterator<Item = (AssetId, &'d Declaration)>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (id, declaration) in declarations {
        let definition = declaration.partitions();
        let mut add = |template: &PathTemplate, location, kind, except: &[String]| {
            claims.push(Claim {
                location,
                template: template.clone(),
                definition,
                kind,
                except: except.to_vec(),
            });
        };
        match declaration {
            Declaration::Asset(asset) => {
                for output in &asset.outputs {
                    let kind = ClaimKind::Output(id, output.kind);
                    add(&output.path, output.location, kind, &[]);
                }
                let Some(recipe) = &asset.recipe else {
                    continue;
                };
                for (path, location) in &recipe.code.declared {
                    let template = PathTemplate::literal(path.as_str());
                    let kind = ClaimKind::Code(id);
                    add(&template, *location, kind, &recipe.code.except);
                }
                for path in &recipe.code.candidates {
                    let template = PathTemplate::literal(path.as_str());
                    let kind = ClaimKind::Candidate(id);
                    add(&template, asset.location, kind, &[]);
                }
            }
            Declaration::Source(source) => match &source.place {
                Place::Paths(paths) => {
                    for path in paths {
                        let except = match path {
                            SourcePath::Exact(_) => &[][..],
                            SourcePath::Glob(_, except) => except,
                        };
                        let except = except.iter().filter_map(PathTemplate::as_literal);
                        let except: Vec<String> = except.map(str::to_owned).collect();
                        let kind = ClaimKind::Source(id);
                        add(path.template(), source.location, kind, &except);
                    }
                }
                Place::Value { path, .. } => {
                    add(path, source.location, ClaimKind::Source(id), &[]);
                }
                Place::Observed { .. } => {}
            },
        }
    }
    claims
}
