//! Small projects in folders of their own.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Deref;
use std::sync::Arc;

use assetctl::{FixedClock, Project, testkit};
use walkdir::WalkDir;

/// Two days, a source of each, a sorted copy of each, and all of them together.
pub const DAYS: &str = r#"
[project]
name = "days"

[project.test]
sources = { raw = "fixtures/{{partition}}.txt" }

[partitions.day]
type = "daily"
start = "2024-01-01"

[source.raw]
path = "raw/{{partition}}.txt"
partitions = "day"

[asset.sorted]
partitions = "day"
deps = "raw"
command = "sort {{input}} > {{output}}"
outputs = "build/days/{{partition}}.txt"

[asset.all]
deps = "sorted"
command = "cat {{input}} > {{output}}"
outputs = "build/all.txt"

[asset.summary]
deps = "all"
command = ["sh", "-c", "head -n 1 {{input}} > {{output.first}}; tail -n 1 {{input}} > {{output.last}}"]
outputs = { first = "build/first.txt", last = "build/last.txt" }
"#;

/// A project in a folder of its own, on the morning of the third day of 2024.
pub struct Folder(testkit::Folder);

impl Deref for Folder {
    type Target = testkit::Folder;

    fn deref(&self) -> &testkit::Folder {
        &self.0
    }
}

impl Folder {
    /// [`DAYS`], with what it reads.
    pub fn days() -> Self {
        let folder = Self::with(DAYS);
        for (path, text) in [
            ("raw/2024-01-01.txt", "b\na\n"),
            ("raw/2024-01-02.txt", "d\nc\n"),
            ("fixtures/2024-01-01.txt", "y\nx\n"),
            ("fixtures/2024-01-02.txt", "z\n"),
        ] {
            folder.write(path, text);
        }
        folder
    }

    /// A manifest, and nothing else.
    pub fn with(manifest: &str) -> Self {
        Self(testkit::Folder::with_manifest(manifest))
    }

    pub fn project(&self) -> Project {
        let now = testkit::time("2024-01-03T06:00:00Z");
        let project = Project::load(self.root()).expect("a project");
        project.with_clock(Arc::new(FixedClock(now)))
    }

    /// All that is there: files with bytes and time, by path.
    pub fn tree(&self) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
        let entries = WalkDir::new(self.root()).into_iter().map(|entry| {
            let entry = entry.expect("it can be read");
            let metadata = entry.metadata().expect("it is there");
            let bytes = if metadata.is_file() {
                fs::read(entry.path()).expect("it can be read")
            } else {
                Vec::new()
            };
            let modified = metadata.modified().expect("it has a time");
            (entry.path().display().to_string(), (bytes, modified))
        });
        entries.collect()
    }
}
