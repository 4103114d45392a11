//! The values of a list in the texts of a declaration.
//!
//! A text that is one placeholder becomes the value, with its type; a list that is an element of a list becomes its
//! elements. In other texts a value is inserted as if it had been written there, in the text of a shell as one word.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::manifest::command::{is_posix, place};
use crate::manifest::diagnostic::{Label, Problems, all_of, any_of, did_you_mean};
use crate::manifest::each::bindings::{Bindings, Bound, Unbound};
use crate::manifest::each::lists::{Lists, scalar_text};
use crate::manifest::error::Problem;
use crate::manifest::file::{SourceFile, Text};
use crate::manifest::quoting::{Glue, Quoted, Standing, placeholders_in_shell};
use crate::manifest::template::{Token, TokenKind, tokens};
use crate::model::Location;
use crate::sys::shell::quote;

/// How many values a message names.
const VALUES_TOLD: usize = 3;

/// Where a text stands: a value in the text of a shell is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Plain,
    Shell,
}

/// Puts values into the tables of a file, and collects what is wrong.
pub(super) struct Substitution<'s, 'a> {
    pub file: &'a SourceFile,
    pub lists: &'s Lists<'a>,
    pub shell: &'s [String],
    lacking: Vec<Lacking>,
    said: HashSet<(Location, String)>,
    pub problems: &'s mut Problems,
}

/// A placeholder for a value of a list. It may be inside another one: `{{input.{{each.name}}}}`.
struct EachPlaceholder<'t> {
    /// What follows `each.` in it.
    path: &'t str,
    /// Where it is in its text.
    range: Range<usize>,
}

impl<'t> EachPlaceholder<'t> {
    fn of(token: &Token<'_>, text: &'t str) -> Option<Self> {
        if matches!(token.kind, TokenKind::Literal(_)) {
            return None;
        }
        let written = &text[token.range.clone()];
        let open = written.rfind("{{")?;
        let name = written[open + 2..].strip_suffix("}}")?.trim();
        let path = name.strip_prefix("each")?.trim_start();
        Some(Self {
            path: path.strip_prefix('.')?.trim_start(),
            range: token.range.start + open..token.range.end,
        })
    }
}

/// A placeholder whose key values lack.
struct Lacking {
    place: Location,
    list: String,
    key: String,
    values: Vec<(String, Location)>,
}

impl<'s, 'a> Substitution<'s, 'a> {
    pub(super) fn new(
        file: &'a SourceFile,
        lists: &'s Lists<'a>,
        shell: &'s [String],
        problems: &'s mut Problems,
    ) -> Self {
        Self {
            file,
            lists,
            shell,
            lacking: Vec::new(),
            said: HashSet::new(),
            problems,
        }
    }

    /// A table with the values; `path` leads to it.
    pub(super) fn table<'p>(
        &mut self,
        table: &'p DeTable<'a>,
        bindings: &Bindings<'_, 'a>,
        path: &mut Vec<&'p str>,
    ) -> DeTable<'a> {
        let mut filled = DeTable::new();
        for (key, value) in table {
            path.push(key.get_ref());
            let value = self.value(value, bindings, path);
            path.pop();
            let name = self.text(key.get_ref(), key.span(), bindings, Language::Plain);
            let name = name.and_then(|name| scalar_text(&name));
            let key = match name {
                None => key.clone(),
                Some(name) => Spanned::new(key.span(), Cow::Owned(name)),
            };
            if let Some((first, _)) = filled.get_key_value(&key) {
                let place = self.file.location(first.span());
                let again = self.file.location(key.span());
                self.problems.duplicate_name(key.get_ref(), again, place);
            }
            filled.insert(key, value);
        }
        filled
    }

    /// A value with the values of the lists in it.
    pub(super) fn value<'p>(
        &mut self,
        value: &'p Spanned<DeValue<'a>>,
        bindings: &Bindings<'_, 'a>,
        path: &mut Vec<&'p str>,
    ) -> Spanned<DeValue<'a>> {
        let filled = match value.get_ref() {
            DeValue::String(text) => {
                let is_shell = is_command(path);
                let language = if is_shell {
                    Language::Shell
                } else {
                    Language::Plain
                };
                match self.text(text, value.span(), bindings, language) {
                    Some(filled) => filled,
                    None => return value.clone(),
                }
            }
            DeValue::Array(elements) => {
                let mut filled = DeArray::new();
                path.push("");
                for element in elements {
                    let new = self.value(element, bindings, path);
                    match new.get_ref() {
                        DeValue::Array(several) if element.get_ref().is_str() => {
                            several.iter().for_each(|it| filled.push(it.clone()));
                        }
                        _ => filled.push(new),
                    }
                }
                path.pop();
                DeValue::Array(filled)
            }
            DeValue::Table(table) => DeValue::Table(self.table(table, bindings, path)),
            _ => return value.clone(),
        };
        Spanned::new(value.span(), filled)
    }

    /// The name that a declaration gives what it makes with these values.
    pub(super) fn name(
        &mut self,
        key: &Spanned<Cow<'a, str>>,
        bindings: &Bindings<'_, 'a>,
    ) -> Option<String> {
        match self.text(key.get_ref(), key.span(), bindings, Language::Plain) {
            None => Some(key.get_ref().to_string()),
            Some(name) => scalar_text(&name),
        }
    }

    /// A text with its values; `None` where there is no placeholder for one.
    fn text(
        &mut self,
        text: &str,
        span: Range<usize>,
        bindings: &Bindings<'_, 'a>,
        language: Language,
    ) -> Option<DeValue<'a>> {
        if !text.contains("{{") {
            return None;
        }
        // What is wrong behind the last placeholder that is closed is found when the text is read.
        let readable = tokens(text).map_or_else(|unclosed| &text[..unclosed.0], |_| text);
        let tokens = tokens(readable).unwrap_or_default();
        let placed = tokens.iter().map(|token| EachPlaceholder::of(token, text));
        let placed: Vec<Option<EachPlaceholder<'_>>> = placed.collect();
        if placed.iter().all(Option::is_none) {
            return None;
        }
        let written = Text::new(self.file, text, span.clone());
        let find = |this: &mut Self, it: &EachPlaceholder<'_>| {
            this.find(it.path, || written.part(it.range.clone()), bindings)
        };
        if let [Some(whole)] = placed.as_slice()
            && whole.range == (0..text.len())
        {
            return Some(replaced(find(self, whole)?, &span));
        }
        let mut standings = match language {
            Language::Plain => Vec::new(),
            Language::Shell => placeholders_in_shell(&tokens),
        }
        .into_iter();
        let mut filled = String::new();
        for (token, placed) in tokens.iter().zip(placed) {
            let standing = match token.kind {
                TokenKind::Placeholder(_) => standings.next(),
                TokenKind::Literal(_) => None,
            };
            let Some(placed) = placed else {
                filled.push_str(&text[token.range.clone()]);
                continue;
            };
            let before = &text[token.range.start..placed.range.start];
            filled.push_str(before);
            let found = find(self, &placed)?;
            let inserted = match standing.filter(|_| before.is_empty()) {
                None => scalar_text(found).ok_or_else(|| several_in_text(placed.path)),
                Some(standing) => self.in_shell(placed.path, found, standing),
            };
            match inserted {
                Ok(text) => filled.push_str(&text),
                Err(problem) => {
                    self.report(problem, written.part(placed.range), bindings);
                    return None;
                }
            }
        }
        filled.push_str(&text[readable.len()..]);
        Some(DeValue::String(Cow::Owned(filled)))
    }

    /// A value as words of a shell's text.
    fn in_shell(
        &self,
        path: &str,
        value: &DeValue<'_>,
        standing: Standing,
    ) -> Result<String, Problem> {
        let words: Option<Vec<String>> = match value {
            DeValue::Array(values) => values.iter().map(|it| scalar_text(it.get_ref())).collect(),
            value => scalar_text(value).map(|word| vec![word]),
        };
        let words = words.ok_or_else(|| several_in_text(path))?;
        let is_plain = |word: &String| matches!(quote(word), Cow::Borrowed(_));
        if words.len() == 1 && is_plain(&words[0]) {
            return Ok(words.concat());
        }
        let name = format!("each.{path}");
        if !is_posix(self.shell) {
            return Err(Problem::ForeignShell {
                name,
                shell: self.shell.join(" "),
                help: "give the command as an array, which needs no shell".to_owned(),
            });
        }
        match standing {
            Ok(Glue::Glued) if words.len() != 1 => Err(Problem::GluedPlaceholder {
                name,
                help: "put spaces around it; each value then becomes a word of its own".to_owned(),
            }),
            Ok(_) => Ok(words
                .iter()
                .map(|word| as_word(word))
                .collect::<Vec<_>>()
                .join(" ")),
            Err(quoted) if words.len() == 1 && is_harmless_in_quotes(&words[0], quoted) => {
                Ok(words.concat())
            }
            Err(quoted) => Err(Problem::QuotedPlaceholder {
                name,
                place: place(quoted),
                help: format!(
                    "`{}` needs quotes of its own: take the placeholder out of there, or put it into a variable with `env`",
                    words.join(" ")
                ),
            }),
        }
    }

    fn find<'b>(
        &mut self,
        path: &str,
        place: impl FnOnce() -> Location,
        bindings: &Bindings<'b, 'a>,
    ) -> Option<&'b DeValue<'a>> {
        let unbound = match bindings.find(path) {
            Ok(found) => return Some(found),
            Err(unbound) => unbound,
        };
        let place = place();
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        match unbound {
            Unbound::Lacks { list, .. }
                if list != first && !rest.is_empty() && self.lists.find(first).is_some() =>
            {
                let help = format!("add it: `each = [\"{list}\", \"{first}\"]`");
                let message = format!(
                    "`{{{{each.{path}}}}}` names the list `{first}`, which is not taken here"
                );
                self.report(Problem::EachKey { message, help }, place, bindings);
            }
            Unbound::Lacks { list, value, key } => {
                let value_place = bindings
                    .all()
                    .find(|it| it.list.name == list && it.value.name == value);
                let value_place = value_place.map(|it| it.value.location).unwrap_or_default();
                let value = (value.to_owned(), value_place);
                let known = self
                    .lacking
                    .iter_mut()
                    .find(|it| it.place == place && it.key == key);
                match known {
                    Some(known) if known.values.contains(&value) => {}
                    Some(known) => known.values.push(value),
                    None => self.lacking.push(Lacking {
                        place,
                        list: list.to_owned(),
                        key: key.to_owned(),
                        values: vec![value],
                    }),
                }
            }
            Unbound::Ambiguous | Unbound::NoList => {
                let lists: Vec<String> = bindings
                    .all()
                    .map(|it| format!("{{{{each.{}.{path}}}}}", it.list.name))
                    .collect();
                let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
                let message = format!("`{{{{each.{path}}}}}` does not say of which list");
                let help = format!("write {}", any_of(&lists));
                let problem = Problem::EachKey { message, help };
                self.report(problem, place, &Bindings::default());
            }
        }
        None
    }

    /// Reports a problem at a place once, with the values that come first.
    pub(super) fn report(
        &mut self,
        problem: Problem,
        place: Location,
        bindings: &Bindings<'_, 'a>,
    ) {
        if self.said.insert((place, problem.to_string())) {
            let mut labels = vec![Label::new(place, "here")];
            labels.extend(value_labels(bindings));
            self.problems.add(problem, labels);
        }
    }

    /// Reports the keys that values lack.
    pub(super) fn finish(self) {
        for lacking in &self.lacking {
            let list = self.lists.find(&lacking.list);
            let values = list.map_or(&[][..], |list| &list.values);
            let has_key = |key: &str| values.iter().any(|it| it.members.contains_key(key));
            let first_key = lacking.key.split('.').next().unwrap_or_default().trim();
            let (message, help) = if has_key(first_key) {
                let (named, verb, them) = match lacking.values.as_slice() {
                    [(only, _)] => (format!("`{only}`"), "has", "it"),
                    several => (told(several), "have", "them"),
                };
                (
                    format!(
                        "{named} of `[each.{}]` {verb} no `{}`",
                        lacking.list, lacking.key
                    ),
                    format!(
                        "give {them} one, or give one to all: `default = {{ {first_key} = … }}`"
                    ),
                )
            } else {
                let known = values.iter().flat_map(|it| it.members.keys());
                let known: BTreeSet<&str> = known.map(|key| &**key.get_ref()).collect();
                (
                    format!(
                        "no value of `[each.{}]` has a `{}`",
                        lacking.list, lacking.key
                    ),
                    did_you_mean(first_key, known, "add it to the values"),
                )
            };
            let mut labels = vec![Label::new(lacking.place, "used here")];
            if has_key(first_key) {
                let values = lacking.values.iter().take(VALUES_TOLD);
                labels.extend(values.map(|(name, place)| Label::new(*place, format!("`{name}`"))));
            }
            self.problems
                .add(Problem::EachKey { message, help }, labels);
        }
    }
}

/// The names of values, the first of them where there are many.
fn told(values: &[(String, Location)]) -> String {
    let names = values.iter().take(VALUES_TOLD);
    let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
    match values.len() - names.len() {
        0 => all_of(&names),
        more => format!("`{}` and {more} more", names.join("`, `")),
    }
}

/// Where the values are that something was made with.
pub(super) fn value_labels(bindings: &Bindings<'_, '_>) -> Vec<Label> {
    let label =
        |it: Bound<'_, '_>| Label::new(it.value.location, format!("for `{}`", it.value.name));
    bindings.all().map(label).collect()
}

/// Whether a string at this path is run by a shell.
fn is_command(path: &[&str]) -> bool {
    matches!(
        path,
        ["command" | "observe"] | ["check", _, "command"] | ["steps", "", "command"] | ["hooks", _]
    )
}

/// A value in the place of the text at `span`. A date becomes text, which is taken wherever a date is.
fn replaced<'a>(value: &DeValue<'a>, span: &Range<usize>) -> DeValue<'a> {
    let inner =
        |value: &Spanned<DeValue<'a>>| Spanned::new(span.clone(), replaced(value.get_ref(), span));
    match value {
        DeValue::Datetime(date) => DeValue::String(Cow::Owned(date.to_string())),
        DeValue::Array(values) => {
            let mut array = DeArray::new();
            values.iter().for_each(|value| array.push(inner(value)));
            DeValue::Array(array)
        }
        DeValue::Table(table) => {
            let member = |(key, value): (&Spanned<Cow<'a, str>>, _)| {
                (
                    Spanned::new(span.clone(), key.get_ref().clone()),
                    inner(value),
                )
            };
            DeValue::Table(table.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

fn several_in_text(path: &str) -> Problem {
    Problem::EachKey {
        message: format!("`{{{{each.{path}}}}}` is not one value that can be put into a text"),
        help: "only a text that is nothing else can become a table or a list".to_owned(),
    }
}

/// One word of a shell's text. Placeholders in it get their own values later.
fn as_word(word: &str) -> String {
    let parts = tokens(word).unwrap_or_default();
    if !parts
        .iter()
        .any(|part| matches!(part.kind, TokenKind::Placeholder(_)))
    {
        return quote(word).into_owned();
    }
    let part = |part: &Token<'_>| match part.kind {
        TokenKind::Literal(_) => quote(&word[part.range.clone()]).into_owned(),
        TokenKind::Placeholder(_) => word[part.range.clone()].to_owned(),
    };
    parts.iter().map(part).collect()
}

/// Whether a word means itself where no quotes can be put around it.
fn is_harmless_in_quotes(word: &str, quoted: Quoted) -> bool {
    matches!(quoted, Quoted::Quotes | Quoted::HereDocument)
        && !word.contains(['\'', '"', '`', '$', '\\', '\n', '!'])
}

#[cfg(test)]
mod tests {
    use super::as_word;

    #[test]
    fn words_keep_their_placeholders() {
        for (word, quoted) in [
            ("a b", "'a b'"),
            ("a b/{{partition}}", "'a b/'{{partition}}"),
            ("", "''"),
            ("{{partition:%Y}}", "{{partition:%Y}}"),
        ] {
            assert_eq!(as_word(word), quoted, "{word}");
        }
    }
}
