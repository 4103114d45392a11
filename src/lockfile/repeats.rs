//! Lines that stand more than once, as after a merge.

use std::collections::HashSet;

/// Whether several lines are about the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Each is about something of its own.
    None,
    /// Some are, whether they say the same or not.
    Some,
}

/// Leaves out lines that say the same as an earlier one.
///
/// `about` is what a line is about, as a name and a key, `write` writes it out. Only where several lines are about the same are they written.
pub fn leave_out_repeats<T>(
    lines: &mut Vec<T>,
    about: impl Fn(&T) -> (&str, &str),
    write: impl Fn(&mut String, &T),
) -> Repeats {
    if lines.len() < 2 {
        return Repeats::None;
    }
    let mut seen = HashSet::with_capacity(lines.len());
    if lines.iter().all(|line| seen.insert(about(line))) {
        return Repeats::None;
    }
    let mut written = HashSet::new();
    lines.retain(|line| {
        let mut text = String::new();
        write(&mut text, line);
        written.insert(text)
    });
    Repeats::Some
}
