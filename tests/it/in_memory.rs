//! `materialize --in-memory`: the same bytes as on disk, and nothing of the project is touched.
//!
//! A project is compared as a whole before and after: names, kinds, bytes, permissions and modification times, those of
//! folders too, so that a file that was there for a moment is noticed.

mod alone;
mod both_ways;
mod flights;
mod leaving;
mod pipes;
mod printing;
mod refusals;
mod tree;

use std::collections::BTreeMap;

use serde_json::Value;

use self::tree::Tree;
use crate::sandbox::{Sandbox, Unjudged};

/// Runs `assetctl materialize --in-memory` with more arguments, and asserts that the project is as it was.
#[track_caller]
fn in_memory(sandbox: &Sandbox, arguments: &[&str]) -> Unjudged {
    let before = Tree::of(&sandbox.project());
    let ran = sandbox.run(&[&["materialize", "--in-memory"], arguments].concat());
    Tree::of(&sandbox.project()).is_still(&before);
    ran
}

/// The lines about outputs in what `--json` says, by path.
fn outputs(stdout: &str) -> BTreeMap<String, Value> {
    let mut outputs = BTreeMap::new();
    for line in stdout.lines() {
        let line: Value = serde_json::from_str(line).expect("each line is a document");
        if line["type"] == "output" {
            let path = line["path"].as_str().expect("an output has a path");
            let twice = outputs.insert(path.to_owned(), line.clone());
            assert_eq!(twice, None, "an output is listed once");
        }
    }
    outputs
}
