//! A line as shells split it into words.

/// The words of a line, the last of them the one that is typed.
#[derive(Debug)]
pub(super) struct Line {
    /// The words, without their quotes; there is always one.
    pub(super) words: Vec<String>,
    /// Whether the last of them is within quotes.
    pub(super) quoting: Quoting,
}

/// Whether a word is within quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// They are not closed yet.
    Single,
    /// They are not closed yet, and some signs are escaped in them.
    Double,
    /// There are none, or they are closed.
    None,
}

impl Line {
    /// Splits what stands before the cursor.
    pub(super) fn split(line: &str) -> Self {
        let mut words = Vec::new();
        let mut word = String::new();
        let mut is_begun = false;
        let mut quote = None;
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match (quote, c) {
                (None, ' ' | '\t' | '\n') => {
                    if is_begun {
                        words.push(std::mem::take(&mut word));
                    }
                    is_begun = false;
                    continue;
                }
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if open == c => quote = None,
                (None, '\\') => word.extend(characters.next()),
                (Some('"'), '\\') => match characters.next() {
                    Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                    other => {
                        word.push('\\');
                        word.extend(other);
                    }
                },
                (_, c) => word.push(c),
            }
            is_begun = true;
        }
        words.push(word);
        let quoting = match quote {
            Some('"') => Quoting::Double,
            Some(_) => Quoting::Single,
            None => Quoting::None,
        };
        Self { words, quoting }
    }

    /// The word that is typed.
    pub(super) fn typed(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Quoting};

    #[test]
    fn lines_are_split_as_the_shell_does() {
        for (line, words, quoting) in [
            ("", &[""][..], Quoting::None),
            ("assetctl list ", &["assetctl", "list", ""], Quoting::None),
            (
                "assetctl  list key:a",
                &["assetctl", "list", "key:a"],
                Quoting::None,
            ),
            (
                "assetctl list 'a or k",
                &["assetctl", "list", "a or k"],
                Quoting::Single,
            ),
            (
                "assetctl list '' b",
                &["assetctl", "list", "", "b"],
                Quoting::None,
            ),
            (
                "assetctl list \"a\\\"b\" c\\ d",
                &["assetctl", "list", "a\"b", "c d"],
                Quoting::None,
            ),
            ("assetctl \"a\\d", &["assetctl", "a\\d"], Quoting::Double),
        ] {
            let found = Line::split(line);
            assert_eq!(found.words, words, "{line}");
            assert_eq!(found.quoting, quoting, "{line}");
        }
    }
}
