//! Names and keys as words of a line, and words as names and keys.
//!
//! A word holds no space and nothing that cannot be seen; `%` starts two hexadecimal digits of a byte in UTF-8. Letters of
//! any script stay as they are. Beyond that a word is escaped only where it would be read as something else.

use std::borrow::Cow;
use std::fmt::Write;

use crate::model::{AssetKey, PartitionKey};

/// The key of what is not partitioned.
pub const UNPARTITIONED: &str = "-";

/// Between the first and the last key of a block.
pub const RANGE: &str = "...";

/// The first word of a header.
pub const HEADER: &str = "format";

/// The first word of a key that was added to a dynamic definition.
pub const ADDED: &str = "+";

/// What an asset's line cannot start with, as other lines do.
const STARTS: [char; 7] = ['#', '+', '@', '<', '=', '>', '|'];

/// Appends the name of an asset at the start of its line.
pub fn push_asset(out: &mut String, asset: &AssetKey) {
    let name = asset.as_str();
    let is_header = name == HEADER;
    push_escaped(out, name, |at, character| {
        at == 0 && (is_header || STARTS.contains(&character))
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

/// Appends a key, or the sign that there is none.
pub fn push_partition(out: &mut String, partition: Option<&PartitionKey>) {
    match partition {
        Some(key) => push_key(out, key),
        None => out.push_str(UNPARTITIONED),
    }
}

/// The words of the first and the last key of a block; `None` where a word is a key's.
pub fn range_of(word: &str) -> Option<(&str, &str)> {
    memchr::memchr(b'.', word.as_bytes())?;
    word.split_once(RANGE)
}

/// What a word stands for; `None` if an escape in it is none.
pub fn unescaped(word: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'%', word.as_bytes()).is_none() {
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
