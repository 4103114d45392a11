//! The answer of `list`, kept so that a large project need not be read to tell it again.
//!
//! It is kept with what it was made of: the manifest, the program, and the question. It lies beside the compiled manifest, is
//! made with the same key, and is as disposable: damaged, or where the folder cannot be written, it is none. A small answer is
//! not kept, as it costs nothing.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::app::project::{MANIFEST_CACHE, OpenProject, Surroundings};
use crate::digest::{Digest, Folding, Key, Kind, Sink};
use crate::look::OWN_FOLDER;
use crate::manifest;
use crate::sys::file::{open_file, write_atomically};

/// The file, in the project's own folder.
const FILE: &str = "list.cache";

/// How many bytes an answer has at least that is kept.
const WORTH_KEEPING: usize = 64 * 1024;

/// Before the answer: a digest over what it was made of and the answer itself.
const PREFIX: usize = 16;

/// The answer to a question, if it was kept and the declarations are what they were.
///
/// `question` says all that the answer depends on besides the declarations and the program.
pub fn kept(surroundings: &Surroundings, question: &str) -> Option<Vec<u8>> {
    let root = manifest::find(&surroundings.directory).ok()?.0;
    let own = root.join(OWN_FOLDER);
    let key = surroundings.cache_key(&root)?;
    let mut bytes = Vec::new();
    let mut file = open_file(&own.join(FILE)).ok()?;
    file.read_to_end(&mut bytes).ok()?;
    let (signature, answer) = bytes.split_at_checked(PREFIX)?;
    let manifest = manifest::compiled_digest(&root, &own.join(MANIFEST_CACHE), &key)?;
    let origin = origin(manifest, surroundings.program.as_deref(), question)?;
    let is_ours = signature == signed(&key, origin, answer).as_bytes();
    is_ours.then(|| {
        bytes.drain(..PREFIX);
        bytes
    })
}

/// Keeps the answer to a question about the declarations of a project, if that is worth it.
pub fn keep(project: &OpenProject, question: &str, answer: &[u8]) {
    let Some(key) = project
        .cache_key()
        .filter(|_| answer.len() >= WORTH_KEEPING)
    else {
        return;
    };
    let Some(origin) = origin(project.manifest_digest(), project.program(), question) else {
        return;
    };
    let mut bytes = Vec::with_capacity(PREFIX + answer.len());
    bytes.extend_from_slice(signed(key, origin, answer).as_bytes());
    bytes.extend_from_slice(answer);
    let file = project.root().join(OWN_FOLDER).join(FILE);
    // Without it the next answer takes longer, and is the same.
    drop(write_atomically(&file, &bytes));
}

fn signed(key: &Key, origin: Digest, answer: &[u8]) -> Digest {
    key.digest_of(&[origin.as_bytes(), answer])
}

/// What an answer is made of. The program counts as the file that it is: another build may answer in other words.
fn origin(manifest: Digest, program: Option<&Path>, question: &str) -> Option<Digest> {
    let program = stamp_of(program?)?;
    let mut folding = Folding::new();
    folding.digest("manifest", manifest);
    folding.text("program", &program);
    folding.text("question", question);
    Some(folding.finish(Kind::Manifest))
}

fn stamp_of(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?;
    Some(format!(
        "{} {} {modified:?}",
        path.display(),
        metadata.len()
    ))
}
