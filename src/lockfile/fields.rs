//! The fields of a line: `name=value`, in any order, each once.

use std::ops::Range;

use memchr::{memchr, memchr2};

use crate::digest::Digest;
use crate::lockfile::damage::Damage;
use crate::lockfile::words::unescaped;
use crate::model::{CodePrefix, ContributionPrefix, DataVersion, LockedOutput};

/// Where in a line something is wrong, and what.
pub type Wrong = (Range<usize>, Damage);

/// The words of a line, each with its byte offset.
pub struct Words<'l> {
    line: &'l str,
    at: usize,
}

/// The fields that were met in a line. Used again for the next line, so that reading one allocates only what it keeps.
#[derive(Default)]
pub struct Fields {
    /// `c=`
    pub code: Option<CodePrefix>,
    /// `i=`
    pub fingerprint: Option<Digest>,
    /// `x=`
    pub stand_in: Option<Digest>,
    /// `n=`
    pub count: Option<u32>,
    /// `o=` and `o.LABEL=`, in the order of the line.
    pub outputs: Vec<LockedOutput>,
    /// `d=`
    pub contributions: Vec<ContributionPrefix>,
}

/// A kind of line, by the fields that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of one partition of an asset.
    Line,
    /// Of a block of partitions.
    Block,
    /// Of a source.
    Source,
}

impl Kind {
    /// How messages name it.
    pub fn called(self) -> &'static str {
        match self {
            Self::Line => "the line of a partition",
            Self::Block => "the line of a block",
            Self::Source => "the line of a source",
        }
    }

    fn has(self, field: &str) -> bool {
        match self {
            Self::Line => matches!(field, "c" | "i" | "x" | "d"),
            Self::Block => matches!(field, "n" | "c" | "x"),
            Self::Source => false,
        }
    }
}

impl<'l> Words<'l> {
    /// The words of a line from a byte offset on.
    pub fn new(line: &'l str, at: usize) -> Self {
        Self { line, at }
    }

    /// What is left of the line.
    pub fn rest(&self) -> Range<usize> {
        self.at..self.line.len()
    }
}

impl<'l> Iterator for Words<'l> {
    type Item = (usize, &'l str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.line[self.at..];
        let word = rest.trim_start_matches([' ', '\t']);
        if word.is_empty() {
            return None;
        }
        let start = self.line.len() - word.len();
        let len = memchr2(b' ', b'\t', word.as_bytes()).unwrap_or(word.len());
        self.at = start + len;
        Some((start, &word[..len]))
    }
}

impl Fields {
    /// Reads the fields that are left of a line, in place of those of the line before.
    pub fn read(&mut self, kind: Kind, words: &mut Words<'_>) -> Result<(), Wrong> {
        self.code = None;
        self.fingerprint = None;
        self.stand_in = None;
        self.count = None;
        self.outputs.clear();
        self.contributions.clear();
        for (start, word) in words {
            let whole = start..start + word.len();
            let Some(sign) = memchr(b'=', word.as_bytes()) else {
                return Err((whole, Damage::NoField));
            };
            let (name, value) = (&word[..sign], &word[sign + 1..]);
            self.take(kind, name, value).map_err(|damage| {
                let value = whole.end - value.len()..whole.end;
                match damage {
                    Damage::Value { .. } if !value.is_empty() => (value, damage),
                    _ => (whole, damage),
                }
            })?;
        }
        Ok(())
    }

    fn take(&mut self, kind: Kind, name: &str, value: &str) -> Result<(), Damage> {
        let twice = || Damage::Twice {
            field: name.to_owned(),
        };
        if let Some(label) = output_label(name) {
            let output = output(kind, label, value)?;
            if self.outputs.iter().any(|other| other.label == output.label) {
                return Err(twice());
            }
            self.outputs.push(output);
            return Ok(());
        }
        if !kind.has(name) {
            return Err(Damage::UnknownField {
                line: kind.called(),
                field: name.to_owned(),
            });
        }
        let again = match name {
            "c" => self.code.replace(CodePrefix(code(value)?)).is_some(),
            "i" => self.fingerprint.replace(digest("i", value)?).is_some(),
            "x" => self.stand_in.replace(digest("x", value)?).is_some(),
            "n" => self.count.replace(count(value)?).is_some(),
            _ => {
                let again = !self.contributions.is_empty();
                for prefix in value.split(',') {
                    self.contributions.push(contribution(prefix)?);
                }
                again
            }
        };
        if again { Err(twice()) } else { Ok(()) }
    }
}

/// Of the name of a field that is an output's, the label as it is written; empty for an only output.
fn output_label(name: &str) -> Option<&str> {
    match name.strip_prefix('o')? {
        "" => Some(""),
        label => label.strip_prefix('.'),
    }
}

fn output(kind: Kind, label: &str, value: &str) -> Result<LockedOutput, Damage> {
    if kind == Kind::Source && !label.is_empty() {
        return Err(Damage::UnknownField {
            line: kind.called(),
            field: format!("o.{label}"),
        });
    }
    let label = match label {
        "" => None,
        label => Some(unescaped(label).ok_or(Damage::Escape)?.into()),
    };
    let version = match value {
        "~" if kind != Kind::Source => None,
        _ => Some(DataVersion(digest("o", value)?)),
    };
    Ok(LockedOutput { label, version })
}

fn digest(field: &'static str, value: &str) -> Result<Digest, Damage> {
    let bytes = from_hex(value).ok_or(Damage::Value {
        field,
        expected: "32 lower-case hexadecimal digits",
    })?;
    Ok(Digest::from_bytes(bytes))
}

fn code(value: &str) -> Result<u64, Damage> {
    let bytes = from_hex(value).ok_or(Damage::Value {
        field: "c",
        expected: "16 lower-case hexadecimal digits",
    })?;
    Ok(u64::from_be_bytes(bytes))
}

fn contribution(value: &str) -> Result<ContributionPrefix, Damage> {
    let bytes = from_hex(value).ok_or(Damage::Value {
        field: "d",
        expected: "for each dep 8 lower-case hexadecimal digits, with commas between them",
    })?;
    Ok(ContributionPrefix(u32::from_be_bytes(bytes)))
}

fn count(value: &str) -> Result<u32, Damage> {
    let canonical = !value.starts_with(['+', '0']);
    let count = value.parse().ok().filter(|_| canonical);
    count.ok_or(Damage::Value {
        field: "n",
        expected: "a number of keys from 1 on",
    })
}

/// The values of lower-case hexadecimal digits; of all else one that is none.
const DIGITS: [u8; 256] = digits();

/// The value of a byte that is no digit.
const NO_DIGIT: u8 = 0xff;

const fn digits() -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let (mut bytes, mut seen) = ([0; N], 0);
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | (low & 0xf);
    }
    (seen != NO_DIGIT).then_some(bytes)
}
