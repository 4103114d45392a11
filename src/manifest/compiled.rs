//! The compiled manifest: the graph as bytes, kept beside the instance so that a command with nothing to do need not
//! parse.
//!
//! It holds for one version of the tool, one rule, the list of files that the include globs give now, and the content
//! of each. Anything else, and any damage, means that the manifest is parsed anew. As it decides which commands run, it
//! counts only if it was made with a key that only the user's own assetctl knows. It is written in one piece, and not at
//! all where the folder cannot be written.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Folding, Key, Kind, Sink};
use crate::manifest::diagnostic::ManifestErrors;
use crate::manifest::load::load;
use crate::manifest::project_files;
use crate::manifest::project_files::MANIFEST;
use crate::model::{AssetGraph, RULE};
use crate::sys::file::{open_file, write_atomically};

/// Raised when the encoded form of the model changes.
const FORMAT: u32 = 6;
const MAGIC: &[u8; 16] = b"assetctl graph\n\0";
/// Before the graph: what it was compiled from, a digest over the graph, and one over all that stands before it.
const PREFIX: usize = MAGIC.len() + 16 + 16 + 16;

/// What stands before the graph, so that the files can be listed without parsing.
#[derive(Debug, Serialize, Deserialize)]
struct Sources {
    include: Vec<String>,
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
    if let Some((graph, digest)) = key.and_then(|key| read(root, cache, key)) {
        return Ok(Compiled {
            graph,
            digest,
            unkept: None,
        });
    }
    let manifest = load(root)?;
    // The digest is taken of what was parsed, not of what the files hold by now.
    let texts: Vec<(&str, Digest)> = manifest
        .files
        .iter()
        .map(|file| {
            let content = Kind::Manifest.digest(file.as_str().as_bytes());
            (file.path(), content)
        })
        .collect();
    let sources = Sources {
        include: manifest.include,
    };
    let digest = digest(&texts);
    let unkept = key.and_then(|key| encode(key, digest, &sources, &manifest.graph));
    let graph = manifest.graph;
    Ok(Compiled {
        graph,
        digest,
        unkept,
    })
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

/// What stands before the graph.
struct Head<'a> {
    compiled_from: &'a [u8],
    /// The digest of the graph.
    whole: &'a [u8],
    sources: Sources,
    graph: &'a [u8],
}

impl<'a> Head<'a> {
    fn read(bytes: &'a [u8], key: &Key) -> Option<Self> {
        let (prefix, rest) = bytes.split_at_checked(PREFIX)?;
        let (compiled_from, digests) = prefix.strip_prefix(MAGIC)?.split_at(16);
        let (whole, signed) = digests.split_at(16);
        let (sources, graph): (Sources, &[u8]) = postcard::take_from_bytes(rest).ok()?;
        let sources_bytes = &rest[..rest.len() - graph.len()];
        let is_ours = key
            .digest_of(&[compiled_from, whole, sources_bytes])
            .as_bytes()
            == signed;
        is_ours.then_some(Self {
            compiled_from,
            whole,
            sources,
            graph,
        })
    }
}

/// As much of a compiled manifest as holds what it was compiled from; with more include globs than fit, it is parsed.
const HEAD: u64 = 64 * 1024;

fn read(root: &Path, cache: &Path, key: &Key) -> Option<(AssetGraph, Digest)> {
    let mut bytes = Vec::new();
    open_file(cache).ok()?.read_to_end(&mut bytes).ok()?;
    let head = Head::read(&bytes, key)?;
    let now = digest_now(root, &head.sources)?;
    if now.as_bytes() != head.compiled_from || key.digest(head.graph).as_bytes() != head.whole {
        return None;
    }
    Some((postcard::from_bytes(head.graph).ok()?, now))
}

/// The digest over the files that the include globs give now, and the content of each.
fn digest_now(root: &Path, sources: &Sources) -> Option<Digest> {
    let mut files = vec![MANIFEST.to_owned()];
    files.extend(project_files::included(root, &sources.include));
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

fn digest(files: &[(&str, Digest)]) -> Digest {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.number("format", FORMAT.into());
    folding.number("rule", RULE.into());
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
    sources: &Sources,
    graph: &AssetGraph,
) -> Option<Vec<u8>> {
    let sources = postcard::to_stdvec(sources).ok()?;
    let before = sources.len();
    let rest = postcard::to_extend(graph, sources).ok()?;
    let (sources, graph) = rest.split_at(before);
    let whole = key.digest(graph);
    let signed = key.digest_of(&[compiled_from.as_bytes(), whole.as_bytes(), sources]);
    let mut bytes = Vec::with_capacity(PREFIX + rest.len());
    bytes.extend_from_slice(MAGIC);
    for digest in [compiled_from, whole, signed] {
        bytes.extend_from_slice(digest.as_bytes());
    }
    bytes.extend_from_slice(&rest);
    Some(bytes)
}
