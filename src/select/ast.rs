//! What a selection says, with the places where it says so.

use std::fmt::{self, Display};

use crate::select::error::Span;
use crate::select::lexer::{is_plain, is_plain_partition, is_reserved};

/// One argument, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The argument as it was typed.
    pub text: String,
    /// What it says.
    pub expression: Expression,
}

/// A set of assets, as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// `*`: every asset that can be made.
    All(Span),
    /// `NAME`: the asset or source with this key.
    Name {
        /// The key.
        name: GivenWord,
        /// `NAME@PARTITION`: one of its partitions.
        partition: Option<GivenWord>,
    },
    /// `ATTRIBUTE:VALUE`.
    Attribute {
        /// What is asked for.
        attribute: Attribute,
        /// Where.
        span: Span,
    },
    /// `not EXPR`: all assets that can be made but those.
    Not(Box<Self>),
    /// `EXPR and EXPR`.
    And(Vec<Self>),
    /// `EXPR or EXPR`.
    Or(Vec<Self>),
    /// `[N]+ TERM +[N]`.
    Traversal {
        /// How far upstream, if that way at all.
        up: Option<Depth>,
        /// From where.
        of: Box<Self>,
        /// How far downstream, if that way at all.
        down: Option<Depth>,
    },
    /// `sinks(EXPR)`: members without a transitive descendant that is a member.
    Sinks(Box<Self>),
    /// `roots(EXPR)`: members without a transitive ancestor that is a member.
    Roots(Box<Self>),
}

/// How far a traversal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// This number of levels.
    Levels(u32),
    /// All levels.
    Unlimited,
}

/// A word of the user's, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenWord {
    /// The word, without quotes.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// What an attribute asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// `key:`: a glob over the whole key.
    Key(GivenWord),
    /// `tag:k`, `tag:k=v`: the tag with an empty value, with this one, or with `*` any; `None` for assets without tags.
    Tag(Option<(GivenWord, Option<GivenWord>)>),
    /// `group:`: a glob over the group; `None` for assets without one.
    Group(Option<GivenWord>),
    /// `kind:`; `None` for assets without one.
    Kind(Option<GivenWord>),
    /// `owner:`; `None` for assets without one.
    Owner(Option<GivenWord>),
    /// `is:`.
    Is(IsValue),
    /// `partitions:`.
    Partitions(PartitionsValue),
    /// `status:`.
    Status(StatusValue),
    /// `job:`: what the job selects.
    Job(GivenWord),
    /// `changed:REV`: declaration, code or sources changed since a git revision.
    Changed(GivenWord),
}

/// What an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsValue {
    /// Not made here: a source, or an asset without a command.
    External,
    /// An asset with a command.
    Materializable,
}

/// How an asset is partitioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionsValue {
    /// Not at all.
    None,
    /// By a list of keys.
    Static,
    /// By time windows.
    Time,
    /// By keys that are added, in the instance or as files.
    Dynamic,
    /// By several dimensions.
    Multi,
}

/// How an asset stands: by the worst of its partitions, or, where it is fresh, by all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusValue {
    /// All partitions are fresh.
    Fresh,
    /// Some partition is stale.
    Stale,
    /// Some partition was never made.
    Missing,
    /// Some partition's last attempt failed.
    Failed,
    /// Of some partition one cannot know yet.
    Pending,
    /// Some partition cannot be made now.
    Blocked,
    /// A run works on some partition.
    Running,
}

/// The names of the attributes, as they are typed.
pub(super) const ATTRIBUTES: [&str; 10] = [
    "key",
    "tag",
    "group",
    "kind",
    "owner",
    "is",
    "partitions",
    "status",
    "job",
    "changed",
];

impl IsValue {
    /// All, with the words for them.
    pub const ALL: [(&'static str, Self); 2] = [
        ("external", Self::External),
        ("materializable", Self::Materializable),
    ];
}

impl PartitionsValue {
    /// All, with the words for them.
    pub const ALL: [(&'static str, Self); 5] = [
        ("none", Self::None),
        ("static", Self::Static),
        ("time", Self::Time),
        ("dynamic", Self::Dynamic),
        ("multi", Self::Multi),
    ];
}

impl StatusValue {
    /// All, with the words for them.
    pub const ALL: [(&'static str, Self); 7] = [
        ("fresh", Self::Fresh),
        ("stale", Self::Stale),
        ("missing", Self::Missing),
        ("failed", Self::Failed),
        ("pending", Self::Pending),
        ("blocked", Self::Blocked),
        ("running", Self::Running),
    ];
}

impl Selection {
    /// The attributes that it names, for those who must look something up before it can be evaluated.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        let mut found = Vec::new();
        collect(&self.expression, &mut found);
        found.into_iter()
    }
}

fn collect<'a>(expression: &'a Expression, found: &mut Vec<&'a Attribute>) {
    match expression {
        Expression::All(_) | Expression::Name { .. } => {}
        Expression::Attribute { attribute, .. } => found.push(attribute),
        Expression::Not(of)
        | Expression::Sinks(of)
        | Expression::Roots(of)
        | Expression::Traversal { of, .. } => collect(of, found),
        Expression::And(parts) | Expression::Or(parts) => {
            for part in parts {
                collect(part, found);
            }
        }
    }
}

impl Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(_) => f.write_str("*"),
            Self::Name { name, partition } => {
                Word(&name.text, WordPlace::Name).fmt(f)?;
                match partition {
                    None => Ok(()),
                    Some(key) if is_plain_partition(&key.text) => write!(f, "@{}", key.text),
                    Some(key) => write!(f, "@{}", Quoted(&key.text)),
                }
            }
            Self::Attribute { attribute, .. } => attribute.fmt(f),
            Self::Not(of) => write!(f, "not {}", Within(of, Binding::Not)),
            Self::And(parts) => join(f, parts, " and ", Binding::And),
            Self::Or(parts) => join(f, parts, " or ", Binding::Or),
            Self::Traversal { up, of, down } => {
                match up {
                    None => {}
                    Some(Depth::Unlimited) => f.write_str("+")?,
                    Some(Depth::Levels(levels)) => write!(f, "{levels}+")?,
                }
                Within(of, Binding::Term).fmt(f)?;
                match down {
                    None => Ok(()),
                    Some(Depth::Unlimited) => f.write_str("+"),
                    Some(Depth::Levels(levels)) => write!(f, "+{levels}"),
                }
            }
            Self::Sinks(of) => write!(f, "sinks({of})"),
            Self::Roots(of) => write!(f, "roots({of})"),
        }
    }
}

/// How closely an expression binds, and how closely one must bind where it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    /// Within `or`.
    Or,
    /// Within `and`.
    And,
    /// Behind `not`.
    Not,
    /// Between the signs of a traversal.
    Term,
}

impl Binding {
    /// What the parts of an expression of this kind must at least be.
    fn admits(self, of: &Expression) -> bool {
        match of {
            Expression::Or(_) => false,
            Expression::And(_) => self == Self::Or,
            Expression::Not(_) | Expression::All(_) | Expression::Traversal { .. } => {
                self < Self::Term
            }
            Expression::Name { partition, .. } => partition.is_none() || self < Self::Term,
            Expression::Attribute { .. } | Expression::Sinks(_) | Expression::Roots(_) => true,
        }
    }
}

struct Within<'a>(&'a Expression, Binding);

impl Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1.admits(self.0) {
            self.0.fmt(f)
        } else {
            write!(f, "({})", self.0)
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expression],
    word: &str,
    binding: Binding,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        Within(part, binding).fmt(f)?;
    }
    Ok(())
}

impl Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nullable =
            |f: &mut fmt::Formatter<'_>, name: &str, value: &Option<GivenWord>| match value {
                None => write!(f, "{name}:<null>"),
                Some(value) => write!(f, "{name}:{}", Word(&value.text, WordPlace::Value)),
            };
        match self {
            Self::Key(value) => write!(f, "key:{}", Word(&value.text, WordPlace::Value)),
            Self::Tag(None) => f.write_str("tag:<null>"),
            Self::Tag(Some((name, None))) => {
                write!(f, "tag:{}", Word(&name.text, WordPlace::Value))
            }
            Self::Tag(Some((name, Some(value)))) => {
                let (name, value) = (
                    Word(&name.text, WordPlace::Value),
                    Word(&value.text, WordPlace::Value),
                );
                write!(f, "tag:{name}={value}")
            }
            Self::Group(value) => nullable(f, "group", value),
            Self::Kind(value) => nullable(f, "kind", value),
            Self::Owner(value) => nullable(f, "owner", value),
            Self::Job(value) => write!(f, "job:{}", Word(&value.text, WordPlace::Value)),
            Self::Changed(value) => write!(f, "changed:{}", Word(&value.text, WordPlace::Value)),
            Self::Is(value) => write!(f, "is:{}", word_of(*value, &IsValue::ALL)),
            Self::Partitions(value) => {
                write!(f, "partitions:{}", word_of(*value, &PartitionsValue::ALL))
            }
            Self::Status(value) => write!(f, "status:{}", word_of(*value, &StatusValue::ALL)),
        }
    }
}

fn word_of<T: Copy + PartialEq>(value: T, all: &[(&'static str, T)]) -> &'static str {
    all.iter()
        .find(|(_, known)| *known == value)
        .map_or("", |(word, _)| word)
}

/// Where a word stands: a name with a star would be read as something else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WordPlace {
    Name,
    Value,
}

/// A word, quoted where it must be.
struct Word<'a>(&'a str, WordPlace);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text, place) = self;
        let number = text.bytes().all(|byte| byte.is_ascii_digit());
        let ambiguous = *place == WordPlace::Name && (text.contains('*') || number);
        if is_plain(text) && !is_reserved(text) && !ambiguous {
            f.write_str(text)
        } else {
            Quoted(text).fmt(f)
        }
    }
}

pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}
