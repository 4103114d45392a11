//! An argument of a selection, as it was typed.

use std::fmt;

use crate::model::name::AssetKey;

/// An argument of a selection, as it was typed: an expression over assets, which is read where the graph is known.
///
/// Several of them are united.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SelectionText(String);

impl SelectionText {
    /// Exactly this asset or source, whatever characters its key holds.
    pub fn naming(asset: &AssetKey) -> Self {
        let mut text = String::from("\"");
        for c in asset.as_str().chars() {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push('"');
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SelectionText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for SelectionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
