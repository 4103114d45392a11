//! Dotted paths into configuration: `tuning.lr`, written as TOML writes keys.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::config::value::toml_key;

/// Keys from the outside in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConfigPath(Vec<String>);

impl ConfigPath {
    /// A path of these keys.
    pub fn new(keys: Vec<String>) -> Self {
        Self(keys)
    }

    /// Reads a path as it is written: keys joined by dots, quoted where they hold other characters.
    pub fn parse(text: &str) -> Option<Self> {
        let mut keys = Vec::new();
        let mut rest = text.trim();
        loop {
            let (key, behind) = if let quote @ ('"' | '\'') = rest.chars().next()? {
                let end = closing(rest, quote)?;
                let quoted: toml::Table = toml::from_str(&format!("k = {}", &rest[..end])).ok()?;
                let key = quoted.get("k")?.as_str()?.to_owned();
                (key, &rest[end..])
            } else {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].trim().to_owned(), &rest[end..])
            };
            if key.is_empty() {
                return None;
            }
            keys.push(key);
            rest = behind.trim_start();
            if rest.is_empty() {
                return Some(Self(keys));
            }
            rest = rest.strip_prefix('.')?.trim_start();
        }
    }

    /// The path one key further in.
    #[must_use]
    pub fn then(&self, key: &str) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.to_owned());
        Self(keys)
    }

    /// The keys.
    pub fn keys(&self) -> &[String] {
        &self.0
    }
}

/// Where a quoted key ends, its quotes included.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if quote == '"' => is_escaped = true,
            it if it == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

impl fmt::Display for ConfigPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, key) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str(".")?;
            }
            f.write_str(&toml_key(key))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ConfigPath;

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(keys in proptest::collection::vec("\\PC{1,6}", 1..4)) {
            let path = ConfigPath::new(keys);
            prop_assert_eq!(ConfigPath::parse(&path.to_string()), Some(path));
        }

        #[test]
        fn parsing_never_panics(text in "[a-b.\"'\\\\ ]{0,12}|\\PC{0,12}") {
            let _ = ConfigPath::parse(&text);
        }
    }

    #[test]
    fn paths_as_they_are_typed() {
        let keys = |text| ConfigPath::parse(text).map(|path| path.keys().to_vec());
        let some = |keys: &[&str]| Some(keys.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(keys("clean.limit"), some(&["clean", "limit"]));
        assert_eq!(keys("stg/orders.limit"), some(&["stg/orders", "limit"]));
        assert_eq!(keys("a.\"b.c\".d"), some(&["a", "b.c", "d"]));
        assert_eq!(keys("a . b"), some(&["a", "b"]));
        for bad in ["", "a.", ".a", "a..b", "\"a", "\"a\"b"] {
            assert_eq!(keys(bad), None, "{bad}");
        }
    }
}
