//! The one command of all assets: as a script, and as the same in this process.
//!
//! It joins its inputs, keeps so many bytes of them, and writes them with its salt. So some changes of inputs leave the
//! outputs as they were. While a file `broken/ASSET` is there it writes half and fails.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use assetctl::executor::{CommandLine, Exit};

/// `sh op.sh SALT KEPT [INPUT…]`.
pub const SCRIPT: &str = r#"salt=$1${ASSETCTL_PARTITION:+@$ASSETCTL_PARTITION}
kept=$2
shift 2
joined=$(for path; do
    if [ -d "$path" ]; then cat "$path"/*; elif [ -n "$path" ]; then cat "$path"; fi
done | head -c "$kept")
if [ -e "broken/$ASSETCTL_ASSET" ]; then
    for output in "${ASSETCTL_OUTPUT-}" "${ASSETCTL_OUTPUT_X-}"; do
        if [ -d "$output" ]; then printf half > "$output/half"; elif [ -n "$output" ]; then printf half > "$output"; fi
    done
    exit 1
fi
if [ -n "${ASSETCTL_OUTPUT_X-}" ]; then
    printf %s "$salt" > "$ASSETCTL_OUTPUT_X"
    printf %s "$joined" > "$ASSETCTL_OUTPUT_Y"
elif [ -d "$ASSETCTL_OUTPUT" ]; then
    printf %s "$salt" > "$ASSETCTL_OUTPUT/one"
    printf %s "$joined" > "$ASSETCTL_OUTPUT/two"
else
    printf '%s(%s)' "$salt" "$joined" > "$ASSETCTL_OUTPUT"
fi
"#;

/// The files of one output by their path below it; a file itself has the empty path.
pub type Files = BTreeMap<String, String>;

/// What an asset's outputs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One file.
    File,
    /// One directory.
    Directory,
    /// Two files, `x` and `y`.
    Pair,
}

/// How far a command gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// To its end.
    Whole,
    /// Somewhere in the middle.
    Half,
}

/// What the outputs hold, by output.
pub fn outputs(shape: Shape, salt: &str, joined: &str) -> Vec<Files> {
    let file = |text: String| Files::from([(String::new(), text)]);
    match shape {
        Shape::File => vec![file(format!("{salt}({joined})"))],
        Shape::Directory => vec![Files::from([
            ("one".to_owned(), salt.to_owned()),
            ("two".to_owned(), joined.to_owned()),
        ])],
        Shape::Pair => vec![file(salt.to_owned()), file(joined.to_owned())],
    }
}

/// Does in this process what the script does.
pub fn perform(line: &CommandLine, extent: Extent) -> Exit {
    let variable = |name: &str| {
        let found = line.env.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    };
    let words: Vec<_> = line
        .args
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    let [_, salt, kept, inputs @ ..] = words.as_slice() else {
        return Exit::Code(2);
    };
    let mut joined = String::new();
    for input in inputs.iter().filter(|input| !input.is_empty()) {
        joined.extend(read(&line.folder.join(&**input)).into_values());
    }
    joined.truncate(kept.parse().expect("the model writes numbers"));
    let key = variable("ASSETCTL_PARTITION").map_or_else(String::new, |key| format!("@{key}"));
    let asset = variable("ASSETCTL_ASSET").expect("a command is told its asset");
    let one = variable("ASSETCTL_OUTPUT").map(|path| line.folder.join(path));
    let pair = ["X", "Y"].map(|name| variable(&format!("ASSETCTL_OUTPUT_{name}")));
    let (shape, paths) = match (one, pair) {
        (Some(path), _) if path.is_dir() => (Shape::Directory, vec![path]),
        (Some(path), _) => (Shape::File, vec![path]),
        (None, pair) => {
            let pair = pair.into_iter().flatten();
            (
                Shape::Pair,
                pair.map(|path| line.folder.join(path)).collect(),
            )
        }
    };
    let broken = line.folder.join("broken").join(asset).exists();
    if broken || extent == Extent::Half {
        let half = if shape == Shape::Directory {
            paths[0].join("half")
        } else {
            paths[0].clone()
        };
        fs::write(half, "half").expect("outputs can be written");
        return Exit::Code(1);
    }
    for (path, files) in paths
        .iter()
        .zip(outputs(shape, &format!("{salt}{key}"), &joined))
    {
        for (name, text) in files {
            let file = if name.is_empty() {
                path.clone()
            } else {
                path.join(name)
            };
            fs::write(file, text).expect("outputs can be written");
        }
    }
    Exit::Code(0)
}

/// What lies at a path; nothing where nothing is.
pub fn read(path: &Path) -> Files {
    let mut files = Files::new();
    if path.is_dir() {
        for entry in fs::read_dir(path)
            .expect("the folder can be read")
            .flatten()
        {
            let name = entry.file_name();
            for (below, text) in read(&entry.path()) {
                files.insert(join(&name, &below), text);
            }
        }
    } else if let Ok(text) = fs::read_to_string(path) {
        files.insert(String::new(), text);
    }
    files
}

fn join(name: &OsStr, below: &str) -> String {
    let name = name.to_string_lossy();
    if below.is_empty() {
        name.into_owned()
    } else {
        format!("{name}/{below}")
    }
}
