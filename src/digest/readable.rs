//! The sink that explains.

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Sink};

/// One field of a readable record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// What the field is, for example `code.command` or `config.limit`.
    pub name: String,
    /// Its value as text: a digest is written in hexadecimal.
    pub value: String,
}

/// Collects fields as text.
#[derive(Debug, Default)]
pub struct Readable {
    fields: Vec<Field>,
}

impl Readable {
    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The fields, in the order in which they were folded.
    #[must_use]
    pub fn into_fields(self) -> Vec<Field> {
        self.fields
    }
}

impl Sink for Readable {
    fn text(&mut self, name: &str, value: &str) {
        self.fields.push(Field {
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }

    fn digest(&mut self, name: &str, value: Digest) {
        self.text(name, &value.to_string());
    }

    fn number(&mut self, name: &str, value: u64) {
        self.text(name, &value.to_string());
    }
}
