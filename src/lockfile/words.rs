//! Names and keys as words of a line, and words as names and keys.
//!
//! A word holds no space and nothing that cannot be seen; `%` starts two hexadecimal digits of a byte in UTF-8. Letters of
//! any script stay as they are. Beyond that a word is escaped only where it would be read as something else.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use memchr::{memchr, memchr2};

use crate::digest::Digest;
use crate::lockfile::error::Damage;
use crate::model::{
    AssetKey, CodePrefix, ContributionPrefix, DataVersion, LockedOutput, PartitionKey,
};

/// The key of something unpartitioned.
pub const UNPARTITIONED: &str = "-";

/// Between the first and the last key of a block.
pub const RANGE: &str = "...";

/// The first word of a header.
pub const HEADER: &str = "format";

/// The first word of a key that was added to a dynamic definition.
pub const ADDED: &str = "+";

/// The first word of a manifest that a command prints.
pub const MANIFEST: &str = "%";

/// Whether a first word says that a later version has written the line: a sign alone, which no name is.
pub fn is_unknown_sign(word: &str) -> bool {
    let [sign] = word.as_bytes() else {
        return false;
    };
    sign.is_ascii_punctuation() && !b"%+@#<=>|_-./".contains(sign)
}

/// What an asset's line cannot start with, as other lines do.
const STARTS: [char; 7] = ['#', '+', '@', '<', '=', '>', '|'];

/// Appends the name of an asset at the start of its line.
pub fn push_asset(out: &mut String, asset: &AssetKey) {
    let name = asset.as_str();
    let is_other = name == HEADER || is_unknown_sign(name);
    push_escaped(out, name, |at, character| {
        at == 0 && (is_other || STARTS.contains(&character))
    });
}

/// Appends a name that cannot be mistaken for anything where it stands.
pub fn push_name(out: &mut String, name: &str) {
    push_escaped(out, name, |_, _| false);
}

/// Appends the label of an output, which a `=` ends.
pub fn push_label(out: &mut String, label: &str) {
    push_escaped(out, label, |_, character| character == '=');
}

/// Appends a key. Neither is a key `-`, nor is there a dot beside the [`RANGE`] sign.
pub fn push_key(out: &mut String, key: &PartitionKey) {
    let key = key.as_str();
    let last = key.len() - key.chars().next_back().map_or(0, char::len_utf8);
    let is_sign = key == UNPARTITIONED;
    push_escaped(out, key, |at, character| {
        is_sign || (character == '.' && (at == 0 || at == last))
    });
}

/// Appends a key, or the sign for no partition.
pub fn push_partition(out: &mut String, partition: Option<&PartitionKey>) {
    match partition {
        Some(key) => push_key(out, key),
        None => out.push_str(UNPARTITIONED),
    }
}

/// The words of the first and the last key of a block; `None` where a word is a key's.
pub fn range_of(word: &str) -> Option<(&str, &str)> {
    memchr(b'.', word.as_bytes())?;
    word.split_once(RANGE)
}

/// What a word stands for; `None` if it holds a wrong escape.
pub fn unescaped(word: &str) -> Option<Cow<'_, str>> {
    if memchr(b'%', word.as_bytes()).is_none() {
        return Some(Cow::Borrowed(word));
    }
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let value = digit()? * 16 + digit()?;
            bytes.push(value as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Appends a text, escaped where no word may hold a character or where `special` says so of one and its byte offset.
fn push_escaped(out: &mut String, text: &str, special: impl Fn(usize, char) -> bool) {
    let is_plain = |(at, byte): (usize, u8)| {
        byte.is_ascii_graphic() && byte != b'%' && !special(at, char::from(byte))
    };
    if text.bytes().enumerate().all(is_plain) {
        out.push_str(text);
        return;
    }
    for (at, character) in text.char_indices() {
        if is_unseen(character) || character == '%' || special(at, character) {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                write!(out, "%{byte:02X}").expect("a String takes everything");
            }
        } else {
            out.push(character);
        }
    }
}

/// Whether nothing is seen of a character, or it changes how its neighbours are shown.
fn is_unseen(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

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
pub enum LineForm {
    /// Of one partition of an asset.
    Line,
    /// Of a block of partitions.
    Block,
    /// Of a source.
    Source,
    /// Of a manifest that a command prints.
    Manifest,
}

impl LineForm {
    /// How messages name it.
    pub fn called(self) -> &'static str {
        match self {
            Self::Line => "the line of a partition",
            Self::Block => "the line of a block",
            Self::Source => "the line of a source",
            Self::Manifest => "the line of a manifest",
        }
    }

    fn has(self, field: &str) -> bool {
        match self {
            Self::Line => matches!(field, "c" | "i" | "x" | "d"),
            Self::Block => matches!(field, "n" | "c" | "x"),
            Self::Manifest => field == "i",
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
    pub fn read(&mut self, kind: LineForm, words: &mut Words<'_>) -> Result<(), Wrong> {
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

    fn take(&mut self, kind: LineForm, name: &str, value: &str) -> Result<(), Damage> {
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

fn output(kind: LineForm, label: &str, value: &str) -> Result<LockedOutput, Damage> {
    if kind == LineForm::Source && !label.is_empty() {
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
        "~" if kind != LineForm::Source => None,
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

/// The values of lower-case hexadecimal digits; [`NO_DIGIT`] for all other bytes.
const DIGITS: [u8; 256] = digits();

/// The value of a byte that is not a digit.
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

#[cfg(test)]
mod tests {
    use super::{push_asset, push_key, push_label, unescaped};
    use crate::model::{AssetKey, PartitionKey};

    #[test]
    fn what_is_escaped() {
        type Push = fn(&mut String, &str);
        let asset: Push = |out, text| push_asset(out, &AssetKey::of_path(text));
        let key: Push = |out, text| push_key(out, &PartitionKey::recorded(text));
        let label: Push = push_label;
        for (push, text, word) in [
            (asset, "stg/orders", "stg/orders"),
            (asset, "format", "%66ormat"),
            (asset, "formats", "formats"),
            (asset, "#a#", "%23a#"),
            (asset, "+a", "%2Ba"),
            (asset, "@a@b", "%40a@b"),
            (asset, "<<<<<<<", "%3C<<<<<<"),
            (asset, "./raw data.csv", "./raw%20data.csv"),
            (asset, "-", "-"),
            (key, "-", "%2D"),
            (key, "--", "--"),
            (key, "2013-07-04T00:00+02:00", "2013-07-04T00:00+02:00"),
            (key, "eu|x=1,@y", "eu|x=1,@y"),
            (key, "..", "%2E%2E"),
            (key, ".a.", "%2Ea%2E"),
            (key, "a..b", "a..b"),
            (key, "100%", "100%25"),
            (key, "Zürich 東京", "Zürich%20東京"),
            (
                key,
                "a\u{2028}b\u{202e}c\u{a0}",
                "a%E2%80%A8b%E2%80%AEc%C2%A0",
            ),
            (label, "a=b", "a%3Db"),
        ] {
            let mut out = String::new();
            push(&mut out, text);
            assert_eq!(out, word, "{text:?}");
            assert_eq!(unescaped(word).as_deref(), Some(text));
        }
    }

    #[test]
    fn escapes_that_are_none() {
        for word in ["%", "a%2", "%2x", "%GG", "%+1", "%FF", "%C3", "%é1"] {
            assert_eq!(unescaped(word), None, "{word:?}");
        }
        assert_eq!(unescaped("%c3%a9").as_deref(), Some("é"));
    }
}
