//! Paths of templates: joined to the folder of their file, and folded.

use crate::hash::PathGlob;
use crate::manifest::diagnostic::Problems;
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::model::{Location, PartitionPlaceholder, PathTemplate, Piece};

/// The characters that make a path a glob.
const GLOB: [char; 4] = ['*', '?', '[', '{'];

/// The longest name that file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// A path of pieces, by its components.
pub(super) type Component = Vec<Piece<PartitionPlaceholder>>;

/// A path template that is folded: relative to the project root, or absolute.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    /// The template, without `.`, `..` (but at its beginning) and a trailing slash.
    pub path: PathTemplate,
    /// Whether it ended in a slash.
    pub trailing_slash: bool,
    /// Whether it leads out of the project: absolute, or with `..` at its beginning.
    pub outside: bool,
}

/// Joins a template to the folder that it is relative to and folds `.` and `..`.
pub(super) fn fold(folder: &str, template: &PathTemplate) -> Folded {
    let written = components(template);
    let is = |component: &Component, text: &str| match component.as_slice() {
        [] => text.is_empty(),
        [Piece::Text(found)] => found == text,
        _ => false,
    };
    let absolute = written.len() > 1 && is(&written[0], "");
    let trailing_slash = written.len() > 1 && written.last().is_some_and(|last| is(last, ""));
    let mut parts: Vec<Component> = Vec::new();
    let base = folder
        .split('/')
        .filter(|part| !part.is_empty() && !absolute);
    let base = base.map(|part| vec![Piece::Text(part.to_owned())]);
    for component in base.chain(written) {
        if is(&component, "") || is(&component, ".") {
            continue;
        }
        if is(&component, "..") {
            match parts.last() {
                Some(last) if !is(last, "..") => {
                    parts.pop();
                    continue;
                }
                None if absolute => continue,
                _ => {}
            }
        }
        parts.push(component);
    }
    let outside = absolute || parts.first().is_some_and(|first| is(first, ".."));
    let mut pieces = Vec::new();
    for (index, component) in parts.into_iter().enumerate() {
        if index > 0 || absolute {
            pieces.push(Piece::Text("/".to_owned()));
        }
        pieces.extend(component);
    }
    if absolute && pieces.is_empty() {
        pieces.push(Piece::Text("/".to_owned()));
    }
    Folded {
        path: PathTemplate::new(pieces),
        trailing_slash,
        outside,
    }
}

/// The components of a template; empty ones where two slashes meet, or at an end.
pub(super) fn components(template: &PathTemplate) -> Vec<Component> {
    let mut all: Vec<Component> = vec![Vec::new()];
    for piece in template.pieces() {
        match piece {
            Piece::Text(text) => {
                for (index, part) in text.split('/').enumerate() {
                    if index > 0 {
                        all.push(Vec::new());
                    }
                    if !part.is_empty() {
                        let last = all.last_mut().expect("there is always one component");
                        last.push(Piece::Text(part.to_owned()));
                    }
                }
            }
            Piece::Placeholder(_) => {
                let last = all.last_mut().expect("there is always one component");
                last.push(piece.clone());
            }
        }
    }
    all
}

/// A literal path joined to a folder and folded.
pub(super) fn fold_literal(folder: &str, path: &str) -> Folded {
    fold(folder, &PathTemplate::literal(path))
}

/// Whether a template is a glob.
pub(super) fn is_glob(template: &PathTemplate) -> bool {
    let glob = |piece: &Piece<_>| matches!(piece, Piece::Text(text) if text.contains(GLOB));
    template.pieces().iter().any(glob)
}

/// The text before the first character that makes a glob.
pub(super) fn before_glob(text: &str) -> &str {
    let starts = |character: char| GLOB.contains(&character) || character == '\\';
    text.find(starts).map_or(text, |at| &text[..at])
}

/// The text after the last character that belongs to a glob's pattern.
pub(super) fn after_glob(text: &str) -> &str {
    if text.contains('\\') {
        return "";
    }
    text.rfind(['*', '?', ']', '}'])
        .map_or(text, |at| &text[at + 1..])
}

/// A glob as everything in the project matches it: `*` and `?` stay within a component.
pub(super) fn glob(pattern: &str) -> Result<PathGlob, globset::Error> {
    PathGlob::new(pattern)
}

/// Whether a glob can be understood, placeholders in it standing for text; reports it otherwise.
pub(super) fn check_glob(template: &PathTemplate, location: Location, problems: &mut Problems) {
    let piece = |piece: &Piece<PartitionPlaceholder>| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Placeholder(_) => "x".to_owned(),
    };
    let pattern: String = template.pieces().iter().map(piece).collect();
    if let Err(error) = glob(&pattern) {
        let problem = Problem::InvalidGlob {
            glob: template.source(),
            reason: error.kind().to_string(),
        };
        problems.at(location, "this glob", problem);
    }
}

/// The exception that a path begins with `!` to be, as a template without the `!`; `None` if it is not one.
pub(super) fn exception(template: &PathTemplate) -> Option<PathTemplate> {
    let (first, rest) = template.pieces().split_first()?;
    let Piece::Text(text) = first else {
        return None;
    };
    let text = Piece::Text(text.strip_prefix('!')?.to_owned());
    Some(PathTemplate::new([&[text], rest].concat()))
}

/// Reports an exception where there is no glob that it could be one from.
pub(super) fn report_lone_exception(location: Location, problems: &mut Problems) {
    let problem = Problem::InvalidPath {
        message: "an exclusion needs a glob, and there is none here".to_owned(),
        help: "write a glob beside it, as `src/**`; a file whose name begins with `!` is `./!…`"
            .to_owned(),
    };
    problems.at(location, "from which glob?", problem);
}

/// Whether a text can be a path at all: not empty, without a line break or NUL; reports it otherwise.
pub(super) fn check_text(text: Text<'_>, problems: &mut Problems) -> bool {
    let (message, label, help) = if text.value.is_empty() {
        ("a path is empty", "here", "name a file or a folder")
    } else if text.value.contains(['\n', '\r', '\0']) {
        (
            "a path holds a line break",
            "this path",
            "paths are given to commands one a line: use a name on one line",
        )
    } else if text.value.split('/').any(|name| name.len() > LONGEST_NAME) {
        (
            "a name in a path is longer than 255 bytes",
            "this path",
            "file systems take names of 255 bytes: use a shorter one",
        )
    } else {
        return true;
    };
    let problem = Problem::InvalidPath {
        message: message.to_owned(),
        help: help.to_owned(),
    };
    problems.at(text.location(), label, problem);
    false
}

#[cfg(test)]
mod tests {
    use super::{after_glob, before_glob, fold_literal};

    #[test]
    fn folding() {
        for (folder, path, folded, outside) in [
            ("", "./raw.csv", "raw.csv", false),
            ("pipelines/a", "x/../y.csv", "pipelines/a/y.csv", false),
            ("pipelines/a", "../../y.csv", "y.csv", false),
            ("a", "../../y.csv", "../y.csv", true),
            ("a", "/mnt//x/../y/", "/mnt/y", true),
            ("", "build/", "build", false),
            ("", "/..", "/", true),
            ("", "..a/...", "..a/...", false),
        ] {
            let found = fold_literal(folder, path);
            assert_eq!(
                (found.path.source().as_str(), found.outside),
                (folded, outside),
                "{folder} {path}"
            );
        }
    }

    #[test]
    fn literal_ends_of_globs() {
        assert_eq!(before_glob("data/[0-9]*.csv"), "data/");
        assert_eq!(after_glob("data/{a,b}.csv"), ".csv");
    }
}
