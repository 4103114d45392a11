//! How long a manifest takes to be read: parsed, and through its compiled form.

use std::fs;

use assetctl::digest::Key;
use assetctl::manifest::{load, load_compiled};
use divan::Bencher;
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// A project of so many assets, each with a source and a dep on an earlier asset.
fn project(assets: usize) -> TempDir {
    let asset = |index: usize| {
        let dep = format!("\"a{}\", ", index / 2);
        let dep = if index == 0 { "" } else { &dep };
        format!(
            "[source.s{index}]\npath = \"data/s{index}.csv\"\n\n[asset.a{index}]\ndeps = [{dep}\"s{index}\"]\n\
             command = \"cat {{{{input.s{index}}}}} > {{{{output}}}}\"\noutputs = \"build/a{index}.csv\"\n\n"
        )
    };
    let text: String = (0..assets).map(asset).collect();
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::write(root.path().join("Assets.toml"), text).expect("the file can be written");
    root
}

/// The project of so many assets that one declaration makes, each with a source and a dep on an earlier asset.
fn factory(assets: usize) -> TempDir {
    let value = |index: usize| {
        let dep = format!("\"a{}\", ", index / 2);
        let dep = if index == 0 { "" } else { &dep };
        format!("  {{ name = \"{index}\", deps = [{dep}\"s{index}\"] }},\n")
    };
    let values: String = (0..assets).map(value).collect();
    let text = format!(
        "[each.number]\nvalues = [\n{values}]\n\n[source.\"s{{{{each.name}}}}\"]\neach = \"number\"\n\
         path = \"data/s{{{{each.name}}}}.csv\"\n\n[asset.\"a{{{{each.name}}}}\"]\neach = \"number\"\ndeps = \"{{{{each.deps}}}}\"\n\
         command = \"cat {{{{input.s{{{{each.name}}}}}}}} > {{{{output}}}}\"\noutputs = \"build/a{{{{each.name}}}}.csv\"\n"
    );
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::write(root.path().join("Assets.toml"), text).expect("the file can be written");
    root
}

#[divan::bench(args = [1_000, 5_000, 10_000, 100_000], sample_count = 10)]
fn parsed(bencher: Bencher<'_, '_>, assets: usize) {
    let root = project(assets);
    bencher.bench(|| load(root.path()).expect("a valid manifest"));
}

#[divan::bench(args = [1_000, 5_000], sample_count = 10)]
fn parsed_factory(bencher: Bencher<'_, '_>, assets: usize) {
    let root = factory(assets);
    bencher.bench(|| load(root.path()).expect("a valid manifest"));
}

#[divan::bench(args = [1_000, 5_000, 10_000, 100_000], sample_count = 20)]
fn compiled(bencher: Bencher<'_, '_>, assets: usize) {
    bench_compiled(bencher, &project(assets));
}

#[divan::bench(args = [1_000, 5_000], sample_count = 20)]
fn compiled_factory(bencher: Bencher<'_, '_>, assets: usize) {
    bench_compiled(bencher, &factory(assets));
}

fn bench_compiled(bencher: Bencher<'_, '_>, root: &TempDir) {
    let cache = root.path().join("cache");
    let key = Key::of(&[7; 32], "a bench");
    load_compiled(root.path(), &cache, Some(&key)).expect("a valid manifest");
    bencher.bench(|| load_compiled(root.path(), &cache, Some(&key)).expect("a valid manifest"));
}
