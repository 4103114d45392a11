//! The compiled manifest: the graph as bytes, kept beside the instance so that a command with nothing to do need not
//! parse.
//!
//! It holds for one version of the tool, one rule, the list of files that the include globs give now, the files that lists
//! are read from, and the content of each. Anything else, and any damage, means that the manifest is parsed anew. As it decides which commands run, it
//! counts only if it was made with a key that only the user's own assetctl knows. It is written in one piece, and not at
//! all where the folder cannot be written.

use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Folding, Key, Kind, Sink};
use crate::manifest::blocks::{SignedBlocks, table_of};
use crate::manifest::diagnostic::ManifestErrors;
use crate::manifest::file::SourceFile;
use crate::manifest::given::GivenText;
use crate::manifest::load::{load, load_given, load_main};
use crate::manifest::project_files;
use crate::manifest::project_files::MANIFEST;
use crate::manifest::revision::{Basis, Revision};
use crate::model::{AssetGraph, GraphBlocks, RULE};
use crate::sys::file::{open_file, write_atomically};

/// Raised when the encoded form of the model changes.
const FORMAT: u32 = 21;
const MAGIC: &[u8; 16] = b"assetctl graph\n\0";
/// Before the sources: what it was compiled from, a digest over the table of blocks, and one over these and the sources.
const PREFIX: usize = MAGIC.len() + 16 + 16 + 16;

/// What stands before the table of blocks, so that the files can be listed without parsing.
#[derive(Debug, Serialize, Deserialize)]
struct Sources {
    include: Vec<String>,
    /// The files that lists are read from.
    lists: Vec<String>,
    /// The length of the table of blocks.
    table: usize,
}

/// A graph that was read through its compiled form.
#[derive(Debug)]
pub struct Compiled {
    /// What is declared.
    pub graph: AssetGraph,
    /// The digest of the files that declare it.
    pub digest: Digest,
    /// The compiled form, where it was made anew and could not be kept yet.
    unkept: Option<Vec<u8>>,
}

impl Compiled {
    /// Keeps the compiled form in the file `cache`, if it could not be kept when it was made and can be by now.
    ///
    /// A cache that cannot be written costs only time.
    pub fn keep(&self, cache: &Path) {
        if let Some(bytes) = &self.unkept {
            drop(write_atomically(cache, bytes));
        }
    }
}

/// Reads the manifest of the project in `root` through the compiled form in the file `cache`.
///
/// # Errors
///
/// As [`load`]; a cache that cannot be read or written counts as absent.
pub fn load_compiled(
    root: &Path,
    cache: &Path,
    key: Option<&Key>,
) -> Result<Compiled, ManifestErrors> {
    let mut compiled = read_compiled(root, cache, key)?;
    let is_unkept = |bytes: &Vec<u8>| write_atomically(cache, bytes).is_err();
    compiled.unkept = compiled.unkept.take().filter(is_unkept);
    Ok(compiled)
}

/// [`load_compiled`], without writing anything.
pub fn read_compiled(
    root: &Path,
    cache: &Path,
    key: Option<&Key>,
) -> Result<Compiled, ManifestErrors> {
    if let Some(compiled) = key.and_then(|key| read(root, cache, key)) {
        return Ok(compiled);
    }
    let manifest = load(root)?;
    let (graph, files) = (manifest.graph, manifest.files);
    let texts: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
    let digest = digest_of(graph.files(), texts.iter().copied());
    let unkept = key.and_then(|key| {
        let basis = Basis::of(texts.into_iter(), manifest.overlaps);
        let sources = (manifest.include, manifest.lists);
        encode(key, digest, sources, &graph.to_blocks(), basis.as_ref())
    });
    Ok(Compiled {
        graph,
        digest,
        unkept,
    })
}

/// What the main file alone declares, without any cache: [`load_main`].
///
/// # Errors
///
/// As [`load_main`].
pub fn read_main(root: &Path) -> Result<Compiled, ManifestErrors> {
    let (graph, file) = load_main(root)?;
    Ok(uncompiled(graph, &[file]))
}

/// The manifest where some included files hold other texts than on disk, with what a program gives and without any cache:
/// [`load_given`].
///
/// # Errors
///
/// As [`load_given`].
pub fn read_texts(
    root: &Path,
    texts: &[(String, String)],
    given: &[GivenText],
) -> Result<Compiled, ManifestErrors> {
    let manifest = load_given(root, texts, given)?;
    Ok(uncompiled(manifest.graph, &manifest.files))
}

fn uncompiled(graph: AssetGraph, files: &[Arc<SourceFile>]) -> Compiled {
    let digest = digest_of(graph.files(), files.iter().map(|file| file.as_str()));
    Compiled {
        graph,
        digest,
        unkept: None,
    }
}

/// The digest of the manifest of the project in `root`, as far as it can be told without parsing: `None` if the file
/// `cache` does not hold its compiled form.
pub fn compiled_digest(root: &Path, cache: &Path, key: &Key) -> Option<Digest> {
    let mut head = Vec::new();
    open_file(cache)
        .ok()?
        .take(HEAD)
        .read_to_end(&mut head)
        .ok()?;
    let head = Head::read(&head, key)?;
    let now = digest_now(root, &head.sources)?;
    (now.as_bytes() == head.compiled_from).then_some(now)
}

/// What stands before the blocks.
struct Head<'a> {
    compiled_from: &'a [u8],
    /// The digest of the table of blocks.
    table: &'a [u8],
    sources: Sources,
    /// Where the table begins.
    end: usize,
}

impl<'a> Head<'a> {
    fn read(bytes: &'a [u8], key: &Key) -> Option<Self> {
        let (prefix, rest) = bytes.split_at_checked(PREFIX)?;
        let (compiled_from, digests) = prefix.strip_prefix(MAGIC)?.split_at(16);
        let (table, signed) = digests.split_at(16);
        let (sources, after): (Sources, &[u8]) = postcard::take_from_bytes(rest).ok()?;
        let sources_bytes = &rest[..rest.len() - after.len()];
        let is_ours = signature(key, [compiled_from, table, sources_bytes]).as_bytes() == signed;
        is_ours.then_some(Self {
            compiled_from,
            table,
            sources,
            end: bytes.len() - after.len(),
        })
    }
}

/// As much of a compiled manifest as holds what it was compiled from; with more include globs than fit, it is parsed.
const HEAD: u64 = 64 * 1024;

/// The graph through the compiled form alone; `None` if all has to be parsed.
pub(super) fn read(root: &Path, cache: &Path, key: &Key) -> Option<Compiled> {
    let file = open_file(cache).ok()?;
    let mut bytes = Vec::new();
    (&file).take(HEAD).read_to_end(&mut bytes).ok()?;
    let head = Head::read(&bytes, key)?;
    let now = digest_now(root, &head.sources)?;
    let mut table = vec![0; head.sources.table];
    file.read_exact_at(&mut table, head.end as u64).ok()?;
    if key.digest(&table).as_bytes() != head.table {
        return None;
    }
    let start = head.end + table.len();
    let blocks = Arc::new(SignedBlocks::open(file, &table, start as u64, key)?);
    let graph = AssetGraph::from_blocks(Arc::clone(&blocks) as Arc<dyn GraphBlocks>)?;
    if now.as_bytes() == head.compiled_from {
        return Some(Compiled {
            graph,
            digest: now,
            unkept: None,
        });
    }
    let basis: Basis = postcard::from_bytes(&blocks.last()?).ok()?;
    revise(root, &graph, &basis, head.sources.include, key)
}

/// Reads an edited manifest through the graph of the one before.
fn revise(
    root: &Path,
    graph: &AssetGraph,
    basis: &Basis,
    include: Vec<String>,
    key: &Key,
) -> Option<Compiled> {
    let Revision { blocks, basis } = basis.revise(root, &include, graph)?;
    let digest = digest_of(graph.files(), basis.texts());
    let sources = (include, Vec::new());
    let unkept = encode(key, digest, sources, &blocks, Some(&basis));
    Some(Compiled {
        graph: AssetGraph::from_blocks(Arc::new(blocks))?,
        digest,
        unkept,
    })
}

/// The digest of what was parsed, which may not be what the files hold by now.
fn digest_of<'t>(paths: &'t [String], texts: impl Iterator<Item = &'t str>) -> Digest {
    let content = |(path, text): (&'t String, &'t str)| {
        (path.as_str(), Kind::Manifest.digest(text.as_bytes()))
    };
    let texts: Vec<(&str, Digest)> = paths.iter().zip(texts).map(content).collect();
    digest(&texts)
}

/// The digest over the files that the include globs give now, and the content of each.
fn digest_now(root: &Path, sources: &Sources) -> Option<Digest> {
    let mut files = vec![MANIFEST.to_owned()];
    files.extend(project_files::included(root, &sources.include));
    files.extend(sources.lists.iter().cloned());
    let contents: Vec<(&str, Digest)> = files
        .iter()
        .map(|file| Some((file.as_str(), content(&root.join(file))?)))
        .collect::<Option<_>>()?;
    Some(digest(&contents))
}

/// The digest of a file's content, through a buffer: memory for the whole of it would cost more than hashing it.
fn content(path: &Path) -> Option<Digest> {
    let file = open_file(path).ok()?;
    let mut hasher = blake3::Hasher::new_keyed(Kind::Manifest.key());
    hasher.update_reader(file).ok()?;
    Some(Digest::truncated(&hasher.finalize()))
}

/// What the version of the tool that compiles can make with the key: what another one has compiled is no basis either.
fn signature(key: &Key, [compiled_from, table, sources]: [&[u8]; 3]) -> Digest {
    let version = of_this_version().finish(Kind::Manifest);
    key.digest_of(&[version.as_bytes(), compiled_from, table, sources])
}

fn of_this_version() -> Folding {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.number("format", FORMAT.into());
    folding.number("rule", RULE.into());
    folding
}

fn digest(files: &[(&str, Digest)]) -> Digest {
    let mut folding = of_this_version();
    for (path, content) in files {
        folding.text("path", path);
        folding.digest("content", *content);
    }
    folding.finish(Kind::Manifest)
}

/// The bytes of a compiled manifest.
fn encode(
    key: &Key,
    compiled_from: Digest,
    (include, lists): (Vec<String>, Vec<String>),
    graph: &[Vec<u8>],
    basis: Option<&Basis>,
) -> Option<Vec<u8>> {
    let basis = basis
        .map(postcard::to_stdvec)
        .transpose()
        .ok()?
        .unwrap_or_default();
    let table = table_of(graph.iter().chain([&basis]), key);
    let sources = Sources {
        include,
        lists,
        table: table.len(),
    };
    let sources = postcard::to_stdvec(&sources).ok()?;
    let of_table = key.digest(&table);
    let signed = signature(
        key,
        [compiled_from.as_bytes(), of_table.as_bytes(), &sources],
    );
    let mut bytes = MAGIC.to_vec();
    for digest in [compiled_from, of_table, signed] {
        bytes.extend_from_slice(digest.as_bytes());
    }
    for part in [&sources, &table].into_iter().chain(graph).chain([&basis]) {
        bytes.extend_from_slice(part);
    }
    Some(bytes)
}
