//! A lock into text.
//!
//! The lines of an asset stand in the order of a hash of their keys: in the order of the keys two branches that each add
//! a day would add it at the same place, and every merge of them would be a conflict.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;
use std::ops::Range;

use crate::digest::{Digest, Kind};
use crate::lockfile::FORMAT;
use crate::lockfile::words::{
    ADDED, HEADER, MANIFEST, RANGE, push_asset, push_key, push_label, push_name, push_partition,
};
use crate::model::{
    AddedKey, AssetKey, CodePrefix, DataVersion, Lock, LockBlock, LockLine, LockedAsset,
    LockedManifest, LockedOutput, LockedSource, PartitionKey,
};

const TITLE: &str = "# Assets.lock · written by assetctl · do not edit";

/// The text of a lock file: the same for the same lock in whatever order, but for that of the keys that were added.
///
/// Lines that say the same are written once.
pub fn print(lock: &Lock) -> String {
    let format = if lock.manifests.is_empty() && lock.unknown.is_empty() {
        1
    } else {
        FORMAT
    };
    let mut out = header_of(format, lock.rule);
    out.reserve(capacity(lock));
    print_plain(&mut out, &lock.manifests, push_manifest);
    print_added(&mut out, &lock.added);
    print_sources(&mut out, &lock.sources);
    print_assets(&mut out, &lock.assets);
    print_plain(&mut out, &lock.unknown, |out, line| out.push_str(line));
    out
}

/// What stands before all lines of the first format.
pub fn header(rule: u32) -> String {
    header_of(1, rule)
}

fn header_of(format: u32, rule: u32) -> String {
    format!("{TITLE}\n{HEADER} {format} rule {rule}\n")
}

/// Appends lines in byte order, each once.
fn print_plain<T>(out: &mut String, lines: &[T], push: impl Fn(&mut String, &T)) {
    let write = |line: &T| {
        let mut text = String::new();
        push(&mut text, line);
        text
    };
    let lines: BTreeSet<String> = lines.iter().map(write).collect();
    for line in lines {
        out.push_str(&line);
        out.push('\n');
    }
}

/// Appends `% PATH i=… o=…`.
pub fn push_manifest(out: &mut String, manifest: &LockedManifest) {
    out.push_str(MANIFEST);
    out.push(' ');
    push_name(out, &manifest.path);
    out.push_str(" i=");
    push_hex(out, manifest.fingerprint.0.as_bytes());
    out.push_str(" o=");
    push_version(out, Some(manifest.version));
}

/// Appends `+ DEFINITION KEY`.
pub fn push_added(out: &mut String, added: &AddedKey) {
    out.push_str(ADDED);
    out.push(' ');
    push_name(out, added.definition.as_str());
    out.push(' ');
    push_key(out, &added.key);
}

/// Appends `@SOURCE KEY o=…`.
pub fn push_source(out: &mut String, source: &LockedSource) {
    out.push('@');
    push_name(out, source.source.as_str());
    out.push(' ');
    push_partition(out, source.partition.as_ref());
    out.push_str(" o=");
    push_version(out, Some(source.version));
}

/// Appends `ASSET KEY c=… i=… x=… o=… d=…,…`.
pub fn push_line(out: &mut String, asset: &AssetKey, line: &LockLine) {
    push_asset(out, asset);
    out.push(' ');
    push_partition(out, line.partition.as_ref());
    push_code(out, line.code);
    out.push_str(" i=");
    push_hex(out, line.fingerprint.0.as_bytes());
    if let Some(stand_in) = line.stand_in {
        push_stand_in(out, stand_in);
    }
    push_outputs(out, &line.outputs);
    for (index, contribution) in line.contributions.iter().enumerate() {
        out.push_str(if index == 0 { " d=" } else { "," });
        push_hex(out, &contribution.0.to_be_bytes());
    }
}

/// Appends `ASSET FIRST...LAST n=… c=… x=… o=…`.
pub fn push_block(out: &mut String, asset: &AssetKey, block: &LockBlock) {
    push_asset(out, asset);
    out.push(' ');
    push_key(out, &block.first);
    out.push_str(RANGE);
    push_key(out, &block.last);
    write!(out, " n={}", block.count).expect("a String takes everything");
    push_code(out, block.code);
    push_stand_in(out, block.stand_in);
    push_outputs(out, &block.outputs);
}

fn print_added(out: &mut String, added: &[AddedKey]) {
    let mut added: Vec<&AddedKey> = added.iter().collect();
    added.sort_by(|one, other| one.definition.cmp(&other.definition));
    let mut written = HashSet::with_capacity(added.len());
    for added in added {
        if written.insert((&added.definition, &added.key)) {
            push_added(out, added);
            out.push('\n');
        }
    }
}

fn print_sources(out: &mut String, sources: &[LockedSource]) {
    let mut sources: Vec<&LockedSource> = sources.iter().collect();
    sources.sort_by(|one, other| one.source.cmp(&other.source));
    for of_one in sources.chunk_by(|one, other| one.source == other.source) {
        let mut ordered = Ordered::default();
        for source in of_one {
            ordered.add(source.partition.as_ref(), |out| push_source(out, source));
        }
        ordered.append_to(out);
    }
}

fn print_assets(out: &mut String, assets: &[LockedAsset]) {
    let mut assets: Vec<&LockedAsset> = assets.iter().collect();
    assets.sort_by(|one, other| one.asset.cmp(&other.asset));
    for of_one in assets.chunk_by(|one, other| one.asset == other.asset) {
        let mut ordered = Ordered::default();
        for locked in of_one {
            for line in &locked.lines {
                ordered.add(line.partition.as_ref(), |out| {
                    push_line(out, &locked.asset, line);
                });
            }
            for block in &locked.blocks {
                ordered.add(Some(&block.first), |out| {
                    push_block(out, &locked.asset, block);
                });
            }
        }
        ordered.append_to(out);
    }
}

/// Lines about one thing, to be written in the order of the hashes of their keys, and lines of one key in byte order.
#[derive(Default)]
struct Ordered {
    text: String,
    lines: Vec<(Option<Digest>, Range<usize>)>,
}

impl Ordered {
    fn add(&mut self, key: Option<&PartitionKey>, push: impl FnOnce(&mut String)) {
        let start = self.text.len();
        push(&mut self.text);
        let hash = key.map(|key| Kind::Key.digest(key.as_str().as_bytes()));
        self.lines.push((hash, start..self.text.len()));
    }

    fn append_to(mut self, out: &mut String) {
        let text = &self.text;
        let full = |line: &(Option<Digest>, Range<usize>)| (line.0, &text[line.1.clone()]);
        self.lines
            .sort_unstable_by(|one, other| full(one).cmp(&full(other)));
        self.lines.dedup_by(|one, other| full(one) == full(other));
        for (_, line) in self.lines {
            out.push_str(&text[line]);
            out.push('\n');
        }
    }
}

fn push_code(out: &mut String, code: CodePrefix) {
    out.push_str(" c=");
    push_hex(out, &code.0.to_be_bytes());
}

fn push_stand_in(out: &mut String, stand_in: Digest) {
    out.push_str(" x=");
    push_hex(out, stand_in.as_bytes());
}

fn push_outputs(out: &mut String, outputs: &[LockedOutput]) {
    for output in outputs {
        out.push_str(" o");
        if let Some(label) = &output.label {
            out.push('.');
            push_label(out, label);
        }
        out.push('=');
        push_version(out, output.version);
    }
}

fn push_version(out: &mut String, version: Option<DataVersion>) {
    match version {
        Some(version) => push_hex(out, version.0.as_bytes()),
        None => out.push('~'),
    }
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    for eight in bytes.chunks(8) {
        let mut digits = [0; 16];
        let digits = &mut digits[..2 * eight.len()];
        hex::encode_to_slice(eight, digits).expect("two digits for each byte");
        out.push_str(std::str::from_utf8(digits).expect("hexadecimal digits are ASCII"));
    }
}

/// About as many bytes as the text will have.
fn capacity(lock: &Lock) -> usize {
    let lines = lock.assets.iter();
    let lines: usize = lines.map(|it| it.lines.len() + it.blocks.len()).sum();
    128 * (1 + lines) + 64 * (lock.added.len() + lock.sources.len())
}
