//! What a selection says, with the places where it says so.

use std::ops::Range;

/// A stretch of an argument, in bytes.
pub type Span = Range<usize>;

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
        name: Value,
        /// `NAME@PARTITION`: one of its partitions.
        partition: Option<Value>,
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
    /// So many levels.
    Levels(u32),
    /// All levels.
    Unlimited,
}

/// A word of the user's, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The word, without quotes.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// What an attribute asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// `key:`: a glob over the whole key.
    Key(Value),
    /// `tag:k`, `tag:k=v`: the tag with an empty value, with this one, or with `*` any; `None` for assets without tags.
    Tag(Option<(Value, Option<Value>)>),
    /// `group:`: a glob over the group; `None` for assets without one.
    Group(Option<Value>),
    /// `kind:`; `None` for assets without one.
    Kind(Option<Value>),
    /// `owner:`; `None` for assets without one.
    Owner(Option<Value>),
    /// `is:`.
    Is(IsValue),
    /// `partitions:`.
    Partitions(PartitionsValue),
    /// `status:`.
    Status(StatusValue),
    /// `changed:REV`: declaration, code or sources changed since a git revision.
    Changed(Value),
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
pub(super) const ATTRIBUTES: [&str; 9] = [
    "key",
    "tag",
    "group",
    "kind",
    "owner",
    "is",
    "partitions",
    "status",
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
