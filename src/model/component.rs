//! Texts as components of paths: whatever a key holds, it is one name and leads nowhere else.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::digest::Kind;

/// The longest name of a folder or file, in bytes; file systems take 255.
pub const LONGEST_COMPONENT: usize = 240;

/// Stands before the digest in a name that is shortened; no encoded name holds it.
pub const SHORTENED: char = '!';

/// Everything but `A-Za-z0-9._:+=@,-`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'_')
    .remove(b':')
    .remove(b'+')
    .remove(b'=')
    .remove(b'@')
    .remove(b',')
    .remove(b'-');

/// A text as a part of one path component: other bytes than `A-Za-z0-9._:+=@,-` percent-encoded.
pub fn encode_component(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, ENCODED).into()
}

/// A key as one whole path component: encoded, and never `.` or `..`.
pub fn encode_whole_component(text: &str) -> String {
    match text {
        "." | ".." => text.replace('.', "%2E"),
        text => encode_component(text).into_owned(),
    }
}

/// An encoded name of at most `longest` bytes: of a longer one the end gives way to a digest of the whole.
pub fn shortened(encoded: String, longest: usize) -> String {
    if encoded.len() <= longest {
        return encoded;
    }
    let digest = Kind::Path.digest(encoded.as_bytes()).to_string();
    let kept = longest - digest.len() - SHORTENED.len_utf8();
    // What is encoded is ASCII, so it can be cut anywhere.
    format!("{}{SHORTENED}{digest}", &encoded[..kept])
}
