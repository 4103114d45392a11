//! Places of declarations.

use crate::answer::{DeclaredIn, ListedPlace};
use crate::cli::text::visible;

/// `gen/Assets.toml:3 as raw/{{each.name}}, printed by the command at Assets.toml:2`
pub(in crate::cli) fn declared_in(declared: &DeclaredIn) -> String {
    let place = |place: &ListedPlace| format!("{}:{}", visible(&place.file), place.line);
    let mut text = place(&declared.place);
    if let Some(each) = &declared.each {
        text.push_str(" as ");
        text.push_str(&visible(each));
    }
    if let Some(command) = &declared.printed_by {
        text.push_str(", printed by the command at ");
        text.push_str(&place(command));
    }
    text
}
