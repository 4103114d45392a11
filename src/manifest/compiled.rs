//! The compiled manifest: the graph as bytes, kept beside the instance so that a command with nothing to do need not
//! parse.
//!
//! It holds for one version of the tool, one rule, the list of files that the include globs give now, and the content
//! of each. Anything else, and any damage, means that the manifest is parsed anew. It is written in one piece, and not
//! at all where the folder cannot be written.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::manifest::diagnostic::ManifestErrors;
use crate::manifest::find::MANIFEST;
use crate::manifest::include;
use crate::manifest::load::load;
use crate::model::{AssetGraph, RULE};
use crate::sys::file::write_atomically;

/// Raised when the encoded form of the model changes.
const FORMAT: u32 = 5;
const MAGIC: &[u8; 16] = b"assetctl graph\n\0";
/// Before the graph: what it was compiled from, and a digest over the rest that tells damage.
const PREFIX: usize = MAGIC.len() + 16 + 16;

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
    /// A cache that cannot be written is none: nothing is lost but time.
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
/// As [`load`]; a cache that cannot be read or written is none.
pub fn load_compiled(root: &Path, cache: &Path) -> Result<Compiled, ManifestErrors> {
    let mut compiled = read_compiled(root, cache)?;
    let is_unkept = |bytes: &Vec<u8>| write_atomically(cache, bytes).is_err();
    compiled.unkept = compiled.unkept.take().filter(is_unkept);
    Ok(compiled)
}

/// [`load_compiled`], without writing anything.
pub fn read_compiled(root: &Path, cache: &Path) -> Result<Compiled, ManifestErrors> {
    if let Some((graph, digest)) = read(root, cache) {
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
    let unkept = encode(digest, &sources, &manifest.graph);
    let graph = manifest.graph;
    Ok(Compiled {
        graph,
        digest,
        unkept,
    })
}

/// The digest of the manifest of the project in `root`, as far as it can be told without parsing: `None` if the file
/// `cache` does not hold its compiled form.
#[must_use]
pub fn compiled_digest(root: &Path, cache: &Path) -> Option<Digest> {
    let head = {
        let mut file = fs::File::open(cache).ok()?.take(HEAD);
        let mut head = Vec::new();
        file.read_to_end(&mut head).ok()?;
        head
    };
    let (prefix, rest) = head.split_at_checked(PREFIX)?;
    let compiled_from = &prefix.strip_prefix(MAGIC)?[..16];
    let (sources, _): (Sources, &[u8]) = postcard::take_from_bytes(rest).ok()?;
    let now = digest_now(root, &sources)?;
    (now.as_bytes() == compiled_from).then_some(now)
}

/// As much of a compiled manifest as holds what it was compiled from; with more include globs than fit, it is parsed.
const HEAD: u64 = 64 * 1024;

fn read(root: &Path, cache: &Path) -> Option<(AssetGraph, Digest)> {
    let bytes = fs::read(cache).ok()?;
    let (prefix, rest) = bytes.split_at_checked(PREFIX)?;
    let prefix = prefix.strip_prefix(MAGIC)?;
    let (compiled_from, whole) = prefix.split_at(16);
    let (sources, graph): (Sources, &[u8]) = postcard::take_from_bytes(rest).ok()?;
    let now = digest_now(root, &sources)?;
    if now.as_bytes() != compiled_from || Kind::Manifest.digest(rest).as_bytes() != whole {
        return None;
    }
    Some((postcard::from_bytes(graph).ok()?, now))
}

/// The digest over the files that the include globs give now, and the content of each.
fn digest_now(root: &Path, sources: &Sources) -> Option<Digest> {
    let mut files = vec![MANIFEST.to_owned()];
    files.extend(include::files(root, &sources.include));
    let contents: Vec<(&str, Digest)> = files
        .iter()
        .map(|file| Some((file.as_str(), content(&root.join(file))?)))
        .collect::<Option<_>>()?;
    Some(digest(&contents))
}

/// The digest of a file's content, through a buffer: memory for the whole of it would cost more than hashing it.
fn content(path: &Path) -> Option<Digest> {
    let file = fs::File::open(path).ok()?;
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
fn encode(compiled_from: Digest, sources: &Sources, graph: &AssetGraph) -> Option<Vec<u8>> {
    let rest = postcard::to_stdvec(sources).ok()?;
    let rest = postcard::to_extend(graph, rest).ok()?;
    let mut bytes = Vec::with_capacity(PREFIX + rest.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(compiled_from.as_bytes());
    bytes.extend_from_slice(Kind::Manifest.digest(&rest).as_bytes());
    bytes.extend_from_slice(&rest);
    Some(bytes)
}
