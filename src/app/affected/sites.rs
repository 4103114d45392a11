//! Where the files of assets and sources lie, by the folders that their paths begin with.
//!
//! A changed path is compared with the few templates that can stand for it, however many there are.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs;

use crate::app::affected::changes::{ChangedPath, Extent, Root};
use crate::app::affected::pattern::{PathPattern, Shape};
use crate::app::affected::universe::Universe;
use crate::app::project::Project;
use crate::hash::is_glob;
use crate::model::{
    Asset, AssetId, Declaration, PartitionSet, PathTemplate, Piece, Place, SourcePath,
};

/// A path of an asset or a source.
#[derive(Debug)]
struct Site<'a> {
    of: AssetId,
    pattern: PathPattern<'a>,
}

/// All paths of a project's assets and sources.
#[derive(Debug)]
pub(super) struct Sites<'a> {
    all: Vec<Site<'a>>,
    /// Indexes of sites by the folder or file that they begin with.
    by_head: BTreeMap<String, Vec<usize>>,
    /// Links among these folders and files: what they lead to, and how they are declared.
    links: BTreeMap<String, Vec<String>>,
}

/// A template as changed paths are named: relative if it lies in the project, and absolute otherwise.
pub(super) fn located<'a>(template: Cow<'a, PathTemplate>, root: &Root) -> Cow<'a, PathTemplate> {
    let Some(Piece::Text(first)) = template.pieces().first() else {
        return template;
    };
    if !first.starts_with('/') && !first.starts_with("..") {
        return template;
    }
    // The part before the last slash is a folder; what follows may go on with a placeholder.
    let (folder, name) = first.rsplit_once('/').unwrap_or((first, ""));
    let folder = root.declared(if folder.is_empty() { "/" } else { folder });
    let first = match folder.as_str() {
        "" => name.to_owned(),
        "/" => format!("/{name}"),
        folder => format!("{folder}/{name}"),
    };
    let mut pieces = vec![Piece::Text(first)];
    pieces.extend(template.pieces()[1..].iter().cloned());
    Cow::Owned(PathTemplate::new(pieces))
}

impl<'a> Sites<'a> {
    pub(super) fn new(project: &'a Project, root: &Root, universe: &'a Universe<'a>) -> Self {
        let mut all = Vec::new();
        for of in project.graph().ids() {
            let keys = universe.keys(of);
            for (template, shape) in paths(project.graph().get(of)) {
                let pattern = PathPattern::new(located(template, root), shape, keys);
                all.push(Site { of, pattern });
            }
        }
        let mut by_head: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, site) in all.iter().enumerate() {
            by_head.entry(site.pattern.head()).or_default().push(number);
        }
        let links = links(by_head.keys(), project, root);
        Self {
            all,
            by_head,
            links,
        }
    }

    /// What a changed path touches: sets of keys, of which one asset or source may get several.
    pub(super) fn touched(
        &self,
        change: &ChangedPath,
        project: &Project,
    ) -> Vec<(AssetId, PartitionSet)> {
        let mut touched = Vec::new();
        for path in self.names(&change.path) {
            let change = ChangedPath {
                path,
                ..change.clone()
            };
            for site in self.near(&change) {
                let site = &self.all[site];
                if let Some(set) = site.pattern.keys_at(&change, project.ignore()) {
                    touched.push((site.of, set));
                }
            }
        }
        touched
    }

    /// A path, and what it is called behind declared links.
    fn names(&self, path: &str) -> Vec<String> {
        let mut names = vec![path.to_owned()];
        if self.links.is_empty() {
            return names;
        }
        for real in folders(path) {
            for declared in self.links.get(real).into_iter().flatten() {
                names.push(format!("{declared}{}", &path[real.len()..]));
            }
        }
        names
    }

    /// The sites that begin with a folder of a path, or, if all below it has changed, below it.
    fn near<'s>(&'s self, change: &'s ChangedPath) -> impl Iterator<Item = usize> + 's {
        let above = std::iter::once("").chain(folders(&change.path));
        let above = above.filter_map(|folder| self.by_head.get(folder));
        let whole = change.extent == Extent::Whole;
        let start = format!("{}/", change.path);
        let below = self.by_head.range(start.clone()..);
        let below = below
            .take_while(move |(head, _)| whole && (head.starts_with(&start) || start == "/"))
            .map(|(_, sites)| sites);
        above.chain(below).flatten().copied()
    }
}

/// A path and the folders that lead to it, outermost first.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.match_indices('/').map(|(at, _)| at);
    slashes
        .filter(|at| *at > 0)
        .chain([path.len()])
        .map(|end| &path[..end])
}

/// The paths of a source's data, or of an asset's outputs and code.
fn paths<'d>(declaration: &'d Declaration) -> Vec<(Cow<'d, PathTemplate>, Shape)> {
    let borrowed = |path: &'d PathTemplate, shape| (Cow::Borrowed(path), shape);
    match declaration {
        Declaration::Source(source) => match &source.place {
            Place::Paths(paths) => {
                let path = |path: &'d SourcePath| match path {
                    SourcePath::Exact(path) => borrowed(path, Shape::Tree),
                    SourcePath::Glob(path) => borrowed(path, Shape::Glob),
                };
                paths.iter().map(path).collect()
            }
            Place::Value { path, .. } => vec![borrowed(path, Shape::Tree)],
            Place::Observed { .. } => Vec::new(),
        },
        Declaration::Asset(asset) => {
            let outputs = asset.outputs.iter();
            let outputs = outputs.map(|output| borrowed(&output.path, Shape::Tree));
            let code = code_paths(asset).into_iter().map(|path| {
                let shape = if is_glob(path) {
                    Shape::Glob
                } else {
                    Shape::Tree
                };
                (Cow::Owned(PathTemplate::literal(path)), shape)
            });
            outputs.chain(code).collect()
        }
    }
}

/// The files of the project that are part of an asset's code version.
fn code_paths(asset: &Asset) -> Vec<&str> {
    let Some(recipe) = &asset.recipe else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    if recipe.code.version.is_none() {
        paths.extend(recipe.code.declared.iter().map(|(path, _)| path.as_str()));
        paths.extend(recipe.code.candidates.iter().map(String::as_str));
    }
    let tools = recipe.code.tools.iter().map(|(tool, _)| tool.as_str());
    paths.extend(tools.filter(|tool| tool.contains('/')));
    paths
}

/// What declared folders and files are links to, or lie behind.
fn links<'h>(
    heads: impl Iterator<Item = &'h String>,
    project: &Project,
    root: &Root,
) -> BTreeMap<String, Vec<String>> {
    let mut folders: HashMap<&str, Option<String>> = HashMap::new();
    let mut links: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let real_of = |declared: &str| {
        let real = fs::canonicalize(project.root().join(declared)).ok()?;
        let real = root.named(&real);
        (real != declared).then_some(real)
    };
    for head in heads.filter(|head| !head.is_empty()) {
        let (folder, _) = head.rsplit_once('/').unwrap_or(("", head));
        let is_link =
            fs::symlink_metadata(project.root().join(head)).is_ok_and(|it| it.is_symlink());
        if is_link && let Some(real) = real_of(head) {
            links.entry(real).or_default().push(head.clone());
        }
        if !folder.is_empty() && !folders.contains_key(folder) {
            let real = real_of(folder);
            if let Some(real) = &real {
                links
                    .entry(real.clone())
                    .or_default()
                    .push(folder.to_owned());
            }
            folders.insert(folder, real);
        }
    }
    links
}
