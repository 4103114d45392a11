//! What manifests give, and what is said of wrong ones.

mod compiled;
mod each;
mod graphs;
#[cfg(feature = "cli")]
mod messages;
mod moved;
mod overlaps;
mod partitions;
mod printed;
mod schema;
mod texts;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::digest::Key;
use crate::manifest::{Manifest, load};
use crate::model::{Asset, AssetGraph, Place};

/// A project folder with these files.
fn project(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        write(root.path(), path, text.as_bytes());
    }
    root
}

/// The key of a user whose secret is known.
fn key() -> Key {
    Key::of(&[7; 32], "a test")
}

fn write(root: &Path, path: &str, text: &[u8]) {
    let path = root.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).expect("folders can be made");
    }
    fs::write(path, text).expect("the file can be written");
}

fn manifest(text: &str) -> Manifest {
    let root = project(&[("Assets.toml", text)]);
    load(root.path()).unwrap_or_else(|errors| {
        let all: Vec<String> = errors.errors().iter().map(ToString::to_string).collect();
        panic!("{:?}", all.iter().take(5).collect::<Vec<_>>())
    })
}

fn graph(text: &str) -> AssetGraph {
    manifest(text).graph
}

fn messages(files: &[(&str, &str)]) -> Vec<String> {
    let root = project(files);
    match load(root.path()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.errors().iter().map(ToString::to_string).collect(),
    }
}

fn asset<'a>(graph: &'a AssetGraph, key: &str) -> &'a Asset {
    let id = graph
        .find(key)
        .unwrap_or_else(|| panic!("{key} is declared"));
    graph.asset(id).expect("it is an asset")
}

fn place<'a>(graph: &'a AssetGraph, key: &str) -> &'a Place {
    let id = graph
        .find(key)
        .unwrap_or_else(|| panic!("{key} is declared"));
    &graph.source(id).expect("it is a source").place
}

fn paths(asset: &Asset) -> Vec<String> {
    asset
        .outputs
        .iter()
        .map(|output| output.path.source())
        .collect()
}

const DAYS: &str = "[partitions.day]\ntype = 'daily'\nstart = 2013-01-01\nend = '2014-01-01'\n";

const MONTHS: &str = "[partitions.month]\ntype = 'monthly'\nstart = '2013-01'\nformat = '%Y-%m'\n";
