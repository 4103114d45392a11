//! The compiled manifest: the graph as bytes, kept beside the instance so that a command with nothing to do need not
//! parse.
//!
//! It holds for one version of the tool, one rule, the list of files that the include globs give now, and the content
//! of each. Anything else, and any damage, means that the manifest is parsed anew. It is written in one piece, and not
//! at all where the folder cannot be written.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::manifest::diagnostic::ManifestErrors;
use crate::manifest::find::MANIFEST;
use crate::manifest::include;
use crate::manifest::load::load;
use crate::model::{AssetGraph, RULE};

/// Raised when the encoded form of the model changes.
const FORMAT: u32 = 1;
const MAGIC: &[u8; 16] = b"assetctl graph\n\0";
/// Before the graph: what it was compiled from, and a digest over the rest that tells damage.
const PREFIX: usize = MAGIC.len() + 16 + 16;

/// What stands before the graph, so that the files can be listed without parsing.
#[derive(Debug, Serialize, Deserialize)]
struct Sources {
    include: Vec<String>,
}

/// Reads the manifest of the project in `root` through the compiled form in the file `cache`.
///
/// # Errors
///
/// As [`load`]; a cache that cannot be read or written is none.
pub fn load_compiled(root: &Path, cache: &Path) -> Result<AssetGraph, ManifestErrors> {
    if let Some(graph) = read(root, cache) {
        return Ok(graph);
    }
    let manifest = load(root)?;
    // The digest is taken of what was parsed, not of what the files hold by now.
    let texts: Vec<(&str, &[u8])> = manifest
        .files
        .iter()
        .map(|file| (file.path(), file.as_str().as_bytes()))
        .collect();
    let sources = Sources {
        include: manifest.include,
    };
    write(cache, digest(&texts), &sources, &manifest.graph);
    Ok(manifest.graph)
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

fn read(root: &Path, cache: &Path) -> Option<AssetGraph> {
    let bytes = fs::read(cache).ok()?;
    let (prefix, rest) = bytes.split_at_checked(PREFIX)?;
    let prefix = prefix.strip_prefix(MAGIC)?;
    let (compiled_from, whole) = prefix.split_at(16);
    let (sources, graph): (Sources, &[u8]) = postcard::take_from_bytes(rest).ok()?;
    if digest_now(root, &sources)?.as_bytes() != compiled_from
        || Kind::Manifest.digest(rest).as_bytes() != whole
    {
        return None;
    }
    postcard::from_bytes(graph).ok()
}

/// The digest over the files that the include globs give now, and the content of each.
fn digest_now(root: &Path, sources: &Sources) -> Option<Digest> {
    let mut files = vec![MANIFEST.to_owned()];
    files.extend(include::files(root, &sources.include));
    let contents: Vec<Vec<u8>> = files
        .iter()
        .map(|file| fs::read(root.join(file)).ok())
        .collect::<Option<_>>()?;
    let texts: Vec<(&str, &[u8])> = files
        .iter()
        .zip(&contents)
        .map(|(file, content)| (file.as_str(), content.as_slice()))
        .collect();
    Some(digest(&texts))
}

fn digest(files: &[(&str, &[u8])]) -> Digest {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.number("format", FORMAT.into());
    folding.number("rule", RULE.into());
    for (path, content) in files {
        folding.text("path", path);
        folding.digest("content", Kind::Manifest.digest(content));
    }
    folding.finish(Kind::Manifest)
}

/// A cache that cannot be written is none: nothing is lost but time.
fn write(cache: &Path, compiled_from: Digest, sources: &Sources, graph: &AssetGraph) {
    let Ok(rest) = postcard::to_stdvec(sources).and_then(|bytes| postcard::to_extend(graph, bytes))
    else {
        return;
    };
    let Some(folder) = cache.parent() else { return };
    let Ok(mut file) = tempfile::NamedTempFile::new_in(folder) else {
        return;
    };
    let mut bytes = Vec::with_capacity(PREFIX + rest.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(compiled_from.as_bytes());
    bytes.extend_from_slice(Kind::Manifest.digest(&rest).as_bytes());
    bytes.extend_from_slice(&rest);
    if file.write_all(&bytes).is_ok() {
        let _ = file.persist(cache);
    }
}
