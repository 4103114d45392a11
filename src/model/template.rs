//! Templates: text with placeholders, in paths and in commands.
//!
//! Parsing happens in the manifest; here stand the parsed forms and the rendering of paths. In the path of an output a key's
//! bytes are percent-encoded and never make a `.` or `..` component, so no key can lead out of the project. In what is
//! only read a key is itself, as somebody else has named those files.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::config::ConfigPath;
use crate::model::name::{Name, encode_component};
use crate::model::partition::{PartitionKeys, TimeWindow};

/// A text with placeholders of type `P`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template<P> {
    pieces: Vec<Piece<P>>,
    keys: KeyStyle,
}

/// How a path holds the values of its placeholders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStyle {
    /// Percent-encoded, so that no value can be more than a part of one name: where assetctl names files.
    #[default]
    Encoded,
    /// As they are: where somebody else has named files.
    Plain,
    /// As they are, in a glob: what would match other text is escaped.
    InGlob,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece<P> {
    /// Text that stands for itself.
    Text(String),
    /// A placeholder.
    Placeholder(P),
}

/// A path with placeholders.
pub type PathTemplate = Template<PartitionPlaceholder>;

/// An argument or a command with placeholders.
pub type CommandTemplate = Template<CommandPlaceholder>;

/// What a placeholder in a path, or any other about the partition, stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartitionPlaceholder {
    /// `{{partition}}`: the key.
    Key,
    /// `{{partition:FMT}}` and `{{window.start:FMT}}`: the start of the time window.
    WindowStart(TimeFormat),
    /// `{{window.end:FMT}}`: the end of the time window.
    WindowEnd(TimeFormat),
    /// `{{partition.DIM}}`, `{{partition.DIM:FMT}}`: of the dimension at this place in the definition.
    ///
    /// Where just one dimension is of time, `{{window.start:FMT}}` stands for that dimension's.
    Dimension {
        /// The dimension's place in the definition.
        place: u32,
        /// Its name.
        name: Name,
        /// What of it.
        of: Box<PartitionPlaceholder>,
    },
}

/// How an instant is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeFormat {
    /// RFC 3339, in the definition's time zone.
    Rfc3339,
    /// A strftime format, in the definition's time zone.
    Strftime(String),
}

/// What a placeholder in a command stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandPlaceholder {
    /// About the partition.
    Partition(PartitionPlaceholder),
    /// `{{input}}`, `{{input.NAME}}`: the paths of the dep with this index.
    Input(usize),
    /// `{{input.NAME.OUTPUT}}`: the paths of one output, by its index, of the dep with this index.
    InputOutput(usize, usize),
    /// `{{input_list.NAME}}`: a file with the paths of the dep with this index.
    InputList(usize),
    /// `{{value.NAME}}`: the value of the source that the dep with this index names.
    Value(usize, ValueForm),
    /// `{{config.A.B}}`: the value of the configuration at this path.
    Config(ConfigPath, ValueForm),
    /// `{{output}}`: the paths of all outputs.
    Outputs,
    /// `{{output.NAME}}`: the path of one output, by its index.
    Output(usize),
    /// `{{asset}}`: the asset's key.
    Asset,
    /// `{{run_id}}`.
    RunId,
    /// `{{project}}`: the project's name.
    Project,
}

/// As what a value is given to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueForm {
    /// `{{value.NAME}}`: a scalar as one word, a list of scalars as a word each.
    Words,
    /// The same where text is joined to it: a scalar.
    Joined,
    /// `{{value.NAME:json}}`: anything, as JSON in one word.
    Json,
}

/// One partition of a definition, for rendering.
#[derive(Clone, Copy, Debug)]
pub struct PartitionRef<'a> {
    /// The definition's keys.
    pub keys: &'a PartitionKeys,
    /// The partition's index among them.
    pub index: u32,
}

impl<P> Template<P> {
    /// A template of these pieces, neighbouring texts joined.
    pub fn new(pieces: Vec<Piece<P>>) -> Self {
        let mut joined: Vec<Piece<P>> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (_, piece) => joined.push(piece),
            }
        }
        Self {
            pieces: joined,
            keys: KeyStyle::Encoded,
        }
    }

    /// A template without placeholders.
    pub fn literal(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![Piece::Text(text.into())],
            keys: KeyStyle::Encoded,
        }
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> &[Piece<P>] {
        &self.pieces
    }

    /// The placeholders, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &P> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Placeholder(placeholder) => Some(placeholder),
        })
    }

    /// The text, where there is no placeholder.
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}

impl PathTemplate {
    /// The same path with values written in this style.
    #[must_use]
    pub fn with_keys(self, keys: KeyStyle) -> Self {
        Self { keys, ..self }
    }

    /// How values are written.
    pub fn key_style(&self) -> KeyStyle {
        self.keys
    }

    /// The value at `partition` that cannot be a part of a path as it is: with a `/`, or `.` or `..` as a whole name.
    pub fn unfit_value(&self, partition: PartitionRef<'_>) -> Option<String> {
        if self.keys == KeyStyle::Encoded {
            return None;
        }
        let values = || self.placeholders().map(|it| it.value(partition));
        let mut path = String::new();
        let write = |text: &mut String, value: &str| text.push_str(value);
        let has_dots = self.write_with(&mut path, |it| Cow::Owned(it.value(partition)), write);
        values()
            .find(|value| value.contains('/'))
            .or_else(|| values().next().filter(|_| has_dots))
    }

    /// The path for a partition. Nothing is allocated for a template without placeholders.
    pub fn path(&self, partition: PartitionRef<'_>) -> Cow<'_, str> {
        if let Some(literal) = self.as_literal() {
            return Cow::Borrowed(literal);
        }
        let mut path = String::new();
        self.write_path(partition, &mut path);
        Cow::Owned(path)
    }

    /// Appends the path for a partition to a text.
    pub fn write_path(&self, partition: PartitionRef<'_>, text: &mut String) {
        let write = |text: &mut String, value: &str| self.keys.write(value, text);
        self.write_with(text, |it| Cow::Owned(it.value(partition)), write);
    }

    /// The path for a key of which nothing else is known: `key` stands for each placeholder.
    pub fn path_of_key(&self, key: &str) -> String {
        let mut path = String::new();
        let write = |text: &mut String, value: &str| self.keys.write(value, text);
        self.write_with(&mut path, |_| Cow::Borrowed(key), write);
        path
    }

    /// Appends the path; a component that values make `.` or `..` is written in hexadecimal, so that it is a name. Whether there
    /// is one.
    fn write_with<'a>(
        &self,
        text: &mut String,
        value: impl Fn(&PartitionPlaceholder) -> Cow<'a, str>,
        write: impl Fn(&mut String, &str),
    ) -> bool {
        let mut has_dots = false;
        let mut component = text.len();
        let mut varies = false;
        let mut finish = |text: &mut String, component: usize, varies: bool| {
            if varies && matches!(&text[component..], "." | "..") {
                let escaped = text[component..].replace('.', "%2E");
                text.truncate(component);
                text.push_str(&escaped);
                has_dots = true;
            }
        };
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => {
                    for (number, part) in literal.split('/').enumerate() {
                        if number > 0 {
                            finish(text, component, varies);
                            text.push('/');
                            (component, varies) = (text.len(), false);
                        }
                        text.push_str(part);
                    }
                }
                Piece::Placeholder(placeholder) => {
                    varies = true;
                    write(text, &value(placeholder));
                }
            }
        }
        finish(text, component, varies);
        has_dots
    }

    /// Whether it is the key of the partition and nothing else.
    pub fn is_whole_key(&self) -> bool {
        matches!(
            self.pieces.as_slice(),
            [Piece::Placeholder(PartitionPlaceholder::Key)]
        )
    }

    /// The text for a partition, its values as they are: for what is not a path.
    pub fn text(&self, partition: PartitionRef<'_>) -> String {
        let piece = |piece: &Piece<PartitionPlaceholder>| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(placeholder) => placeholder.value(partition),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Appends the same for a partition whose key is known to be `key`.
    pub fn push_text(&self, partition: PartitionRef<'_>, key: &str, text: &mut String) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Placeholder(PartitionPlaceholder::Key) => text.push_str(key),
                Piece::Placeholder(placeholder) => {
                    if !placeholder.push_part_of_key(partition, key, text) {
                        text.push_str(&placeholder.value(partition));
                    }
                }
            }
        }
    }

    /// The template as it is written in the manifest.
    pub fn source(&self) -> String {
        let piece = |piece: &Piece<PartitionPlaceholder>| match piece {
            Piece::Text(text) => text.replace("{{", "{{{{"),
            Piece::Placeholder(placeholder) => format!("{{{{{}}}}}", placeholder.name()),
        };
        self.pieces.iter().map(piece).collect()
    }
}

impl KeyStyle {
    /// Appends a value. One with a `/` cannot be read by, and is encoded in any style, so that it leads nowhere else.
    fn write(self, value: &str, text: &mut String) {
        match self {
            Self::Plain if !value.contains('/') => text.push_str(value),
            Self::InGlob if !value.contains('/') => {
                for character in value.chars() {
                    if "*?[]{}\\,".contains(character) {
                        text.push('\\');
                    }
                    text.push(character);
                }
            }
            Self::Encoded | Self::Plain | Self::InGlob => text.push_str(&encode_component(value)),
        }
    }
}

impl PartitionPlaceholder {
    /// What it stands for at `partition`; empty where the partition has no key or window.
    pub fn value(&self, partition: PartitionRef<'_>) -> String {
        let PartitionRef { keys, index } = partition;
        match self {
            Self::Key => keys
                .key(index)
                .map_or_else(String::new, |key| key.to_string()),
            Self::WindowStart(format) => format.print(keys, index, |window| window.start),
            Self::WindowEnd(format) => format.print(keys, index, |window| window.end),
            Self::Dimension { place, of, .. } => keys.multi().map_or_else(String::new, |multi| {
                let place = *place as usize;
                of.value(PartitionRef {
                    keys: &multi.dimensions()[place].keys,
                    index: multi.part(index, place),
                })
            }),
        }
    }

    /// Appends the value where it is made of parts of the key.
    fn push_part_of_key(&self, partition: PartitionRef<'_>, key: &str, text: &mut String) -> bool {
        match (self, partition.keys.time()) {
            (Self::WindowStart(TimeFormat::Strftime(format)), Some(time)) => {
                TimeWindow::print_parts(format, (time.format(), key), text)
            }
            _ => false,
        }
    }

    /// The placeholder as it is written, without braces.
    pub fn name(&self) -> String {
        let with = |name: &str, format: &TimeFormat| match format {
            TimeFormat::Rfc3339 => name.to_owned(),
            TimeFormat::Strftime(format) => format!("{name}:{format}"),
        };
        match self {
            Self::Key => "partition".to_owned(),
            Self::WindowStart(format) => with("window.start", format),
            Self::WindowEnd(format) => with("window.end", format),
            Self::Dimension { name, of, .. } => match &**of {
                Self::WindowStart(TimeFormat::Strftime(format)) => {
                    format!("partition.{name}:{format}")
                }
                Self::WindowStart(_) | Self::WindowEnd(_) => of.name(),
                Self::Key | Self::Dimension { .. } => format!("partition.{name}"),
            },
        }
    }
}

impl TimeFormat {
    fn print(
        &self,
        keys: &PartitionKeys,
        index: u32,
        instant: impl Fn(TimeWindow) -> jiff::Timestamp,
    ) -> String {
        let (Some(time), Some(window)) = (keys.time(), keys.window(index)) else {
            return String::new();
        };
        let format = match self {
            Self::Rfc3339 => "%Y-%m-%dT%H:%M:%S%:z",
            Self::Strftime(format) => format,
        };
        TimeWindow::print(instant(window), time.timezone(), format)
    }
}

/// A value as texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueText {
    /// As JSON: members sorted, no spaces.
    pub json: String,
    /// The text of a scalar, a string without its quotes, or those of a list of scalars; `None` for a table, and for a list
    /// that holds lists or tables.
    pub words: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{PartitionPlaceholder, PartitionRef, PathTemplate, Piece, TimeFormat};
    use crate::model::partition::{
        Cadence, NamedKeys, PartitionKeys, TimeKeys, TimePartitions, TimeSettings,
    };
    use crate::testkit;

    fn template(before: &str, after: &str) -> PathTemplate {
        PathTemplate::new(vec![
            Piece::Text(before.into()),
            Piece::Placeholder(PartitionPlaceholder::Key),
            Piece::Text(after.into()),
        ])
    }

    #[test]
    fn no_key_leaves_the_project() {
        for (before, key, after, path) in [
            ("out/", "2013-07-04", ".csv", "out/2013-07-04.csv"),
            ("out/", "../../etc", ".csv", "out/..%2F..%2Fetc.csv"),
            ("out/", "..", "/x", "out/%2E%2E/x"),
            ("out/", ".", "/x", "out/%2E/x"),
            ("out/.", ".", "/x", "out/%2E%2E/x"),
            ("out/", "a b$(rm)", "", "out/a%20b%24%28rm%29"),
            ("out/", "ä%", "", "out/%C3%A4%25"),
        ] {
            let keys: Arc<[_]> = [testkit::key(key)].into();
            let keys = PartitionKeys::Named(NamedKeys::declared(&keys));
            let rendered = template(before, after);
            assert_eq!(
                rendered.path(PartitionRef {
                    keys: &keys,
                    index: 0
                }),
                path,
                "{key}"
            );
        }
    }

    #[test]
    fn windows_are_printed_in_the_definitions_zone() {
        let definition = TimePartitions::new(TimeSettings {
            timezone: "America/New_York",
            ..TimeSettings::new(Cadence::Daily, "2013-07-04")
        })
        .expect("a valid definition");
        let keys = PartitionKeys::Time(TimeKeys::at(&Arc::new(definition), jiff::Timestamp::MAX));
        let partition = PartitionRef {
            keys: &keys,
            index: 0,
        };
        let start = PartitionPlaceholder::WindowStart(TimeFormat::Strftime("%Y/%m".into()));
        assert_eq!(start.value(partition), "2013/07");
        let end = PartitionPlaceholder::WindowEnd(TimeFormat::Rfc3339);
        assert_eq!(end.value(partition), "2013-07-05T00:00:00-04:00");
    }

    #[test]
    fn parts_of_keys_are_what_the_calendar_prints() {
        let now = "2012-12-01T00:00:00Z".parse().expect("an instant");
        let formats = [
            "%Y",
            "%m/%d",
            "%H:%M",
            "%%%Y%m%d-ä",
            "%j",
            "%Y-%b",
            "%S",
            "%Z",
            "%y",
            "",
        ];
        let mut from_keys = 0;
        for (zone, cadence, key_format) in [
            ("UTC", Cadence::Hourly, None),
            ("America/New_York", Cadence::Hourly, None),
            ("Australia/Lord_Howe", Cadence::Hourly, Some("%Y%m%d %H%M")),
            ("America/Sao_Paulo", Cadence::Daily, None),
            ("Europe/Berlin", Cadence::Weekly, Some("week of %d.%m.%Y")),
            ("Asia/Kathmandu", Cadence::Monthly, Some("%Y-%b")),
        ] {
            let definition = TimePartitions::new(TimeSettings {
                timezone: zone,
                format: key_format,
                ..TimeSettings::new(cadence, "2011-01-01")
            })
            .expect("a valid definition");
            let keys = PartitionKeys::Time(TimeKeys::at(&Arc::new(definition), now));
            for index in 0..keys.len() {
                let partition = PartitionRef { keys: &keys, index };
                let key = keys.key(index).expect("it is one of them");
                for format in formats {
                    let start = TimeFormat::Strftime(format.into());
                    let start = PartitionPlaceholder::WindowStart(start);
                    let mut part = String::new();
                    if start.push_part_of_key(partition, key.as_str(), &mut part) {
                        assert_eq!(part, start.value(partition), "{zone} {key} {format}");
                        from_keys += 1;
                    }
                    let pieces = vec![
                        Piece::Text("x ".into()),
                        Piece::Placeholder(start),
                        Piece::Placeholder(PartitionPlaceholder::Key),
                    ];
                    let template = PathTemplate::new(pieces);
                    let mut text = String::new();
                    template.push_text(partition, key.as_str(), &mut text);
                    assert_eq!(text, template.text(partition));
                }
            }
        }
        assert!(from_keys > 100_000, "{from_keys}");
    }
}
