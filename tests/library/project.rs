//! Small projects in folders of their own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use assetctl::{FixedClock, Project};
use tempfile::TempDir;
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
pub struct Folder {
    folder: TempDir,
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
        let folder = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        folder.write("Assets.toml", manifest);
        folder
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn project(&self) -> Project {
        let now = "2024-01-03T06:00:00Z".parse().expect("an instant");
        let project = Project::load(self.path()).expect("a project");
        project.with_clock(Arc::new(FixedClock(now)))
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        fs::write(path, text).expect("written");
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).expect("it is there")
    }

    /// All that is there: files with bytes and time, by path.
    pub fn tree(&self) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
        let entries = WalkDir::new(self.path()).into_iter().map(|entry| {
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
