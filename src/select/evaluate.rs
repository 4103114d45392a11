//! From what selections say to assets of a graph.

use std::collections::BTreeMap;

use crate::model::{About, Asset, AssetGraph, AssetId, PartitionsDefinition};
use crate::select::asset_set::AssetSet;
use crate::select::ast::{
    Attribute, Expression, IsValue, PartitionsValue, Selection, Span, StatusValue, Value,
};
use crate::select::error::{SelectionError, SelectionErrorKind};
use crate::select::suggest::did_you_mean;
use crate::select::traversal::{Direction, ends, reach};

/// What cannot be told from declarations: looked up beforehand, for the attributes that a selection names.
#[derive(Clone, Debug, Default)]
pub struct Lookups {
    /// The assets of each status.
    pub status: BTreeMap<StatusValue, AssetSet>,
    /// The assets that changed since each revision.
    pub changed: BTreeMap<String, AssetSet>,
}

/// The assets and sources that selections stand for, united.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedAssets {
    /// All of them.
    pub assets: AssetSet,
    /// Those of them that were called by their names.
    pub named: AssetSet,
    /// Names that stand alone, in order.
    pub mentions: Vec<Mention>,
    /// Those that are selected as a whole; of one that is not, partitions are mentioned.
    pub whole: AssetSet,
}

/// A name that is an argument by itself, or a part of its outermost `or`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// What it names.
    pub asset: AssetId,
    /// The partition that is named with it.
    pub partition: Option<Value>,
    /// Which of the selections names it, by position.
    pub selection: usize,
    /// Where the name stands in it, without the partition.
    pub span: Span,
}

/// The assets and sources that `selections` stand for, united. What is named and does not exist is added to `errors`;
/// the answer then is without it.
pub fn evaluate(
    graph: &AssetGraph,
    selections: &[Selection],
    lookups: &Lookups,
    errors: &mut Vec<SelectionError>,
) -> SelectedAssets {
    let buildable = AssetSet::of(graph.len(), |id| is_buildable(graph, id));
    let mut united = SelectedAssets {
        assets: AssetSet::empty(graph.len()),
        named: AssetSet::empty(graph.len()),
        mentions: Vec::new(),
        whole: AssetSet::empty(graph.len()),
    };
    for (position, selection) in selections.iter().enumerate() {
        let mut evaluation = Evaluation {
            graph,
            lookups,
            buildable: &buildable,
            position,
            text: &selection.text,
            named: AssetSet::empty(graph.len()),
            mentions: Vec::new(),
            errors,
        };
        let whole = evaluation.alternatives(&selection.expression);
        let mut named = evaluation.named;
        named.intersect_with(&whole);
        united.named.union_with(&named);
        for mention in evaluation.mentions {
            united.assets.insert(mention.asset);
            united.named.insert(mention.asset);
            united.mentions.push(mention);
        }
        united.assets.union_with(&whole);
        united.whole.union_with(&whole);
    }
    united
}

struct Evaluation<'a> {
    graph: &'a AssetGraph,
    lookups: &'a Lookups,
    buildable: &'a AssetSet,
    position: usize,
    text: &'a str,
    named: AssetSet,
    mentions: Vec<Mention>,
    errors: &'a mut Vec<SelectionError>,
}

impl Evaluation<'_> {
    /// An expression at whose place a name stands alone: an argument, or a part of an outermost `or`.
    fn alternatives(&mut self, expression: &Expression) -> AssetSet {
        let (name, partition) = match expression {
            Expression::Or(parts) => return self.union(parts, Self::alternatives),
            Expression::Name { name, partition } => (name, partition),
            other => return self.set(other),
        };
        let mut whole = AssetSet::empty(self.graph.len());
        let Some(asset) = self.find(name) else {
            return whole;
        };
        if partition.is_none() {
            self.named.insert(asset);
            whole.insert(asset);
        }
        self.mentions.push(Mention {
            asset,
            partition: partition.clone(),
            selection: self.position,
            span: name.span.clone(),
        });
        whole
    }

    fn set(&mut self, expression: &Expression) -> AssetSet {
        let mut set = AssetSet::empty(self.graph.len());
        match expression {
            Expression::All(_) => set.union_with(self.buildable),
            Expression::Name { name, partition } => {
                if let Some(partition) = partition {
                    let help = format!("select it with `--partition {}` instead", partition.text);
                    let kind = SelectionErrorKind::MisplacedPartition;
                    self.error(partition, kind, Some(help));
                }
                if let Some(id) = self.find(name) {
                    self.named.insert(id);
                    set.insert(id);
                }
            }
            Expression::Attribute { attribute, .. } => set = self.attribute(attribute),
            Expression::Not(of) => {
                let of = self.set(of);
                set.union_with(self.buildable);
                set.difference_with(&of);
            }
            Expression::And(parts) => {
                let sets: Vec<_> = parts.iter().map(|part| self.set(part)).collect();
                let mut sets = sets.into_iter();
                set = sets.next().unwrap_or(set);
                for each in sets {
                    set.intersect_with(&each);
                }
            }
            Expression::Or(parts) => set = self.union(parts, Self::set),
            Expression::Traversal { up, of, down } => {
                let of = self.set(of);
                if let Some(depth) = up {
                    let mut up = reach(self.graph, &of, Direction::Up, *depth);
                    up.intersect_with(self.buildable);
                    set.union_with(&up);
                }
                if let Some(depth) = down {
                    set.union_with(&reach(self.graph, &of, Direction::Down, *depth));
                }
            }
            Expression::Sinks(of) => {
                let of = self.set(of);
                set = ends(self.graph, &of, Direction::Down);
            }
            Expression::Roots(of) => {
                let of = self.set(of);
                set = ends(self.graph, &of, Direction::Up);
            }
        }
        set
    }

    fn union(
        &mut self,
        parts: &[Expression],
        mut of: impl FnMut(&mut Self, &Expression) -> AssetSet,
    ) -> AssetSet {
        let mut union = AssetSet::empty(self.graph.len());
        for part in parts {
            let part = of(self, part);
            union.union_with(&part);
        }
        union
    }

    fn attribute(&mut self, attribute: &Attribute) -> AssetSet {
        let nothing = || AssetSet::empty(self.graph.len());
        let graph = self.graph;
        let any = |admits: &dyn Fn(AssetId) -> bool| AssetSet::of(graph.len(), admits);
        let made = |admits: &dyn Fn(&About) -> bool| {
            let mut set = self.buildable.clone();
            set.intersect_with(&any(&|id| admits(graph.get(id).about())));
            set
        };
        match attribute {
            Attribute::Key(glob) => any(&|id| matches(&glob.text, graph.key(id).as_str())),
            Attribute::Tag(None) => made(&|about| about.tags.is_empty()),
            Attribute::Tag(Some((name, value))) => {
                let value = value.as_ref().map_or("", |value| value.text.as_str());
                let fits = |(known, found): &(String, String)| {
                    *known == name.text && (value == "*" || value == found)
                };
                made(&|about| about.tags.iter().any(fits))
            }
            Attribute::Group(None) => made(&|about| about.group.is_none()),
            Attribute::Group(Some(glob)) => made(&|about| {
                let group = about.group.as_deref();
                group.is_some_and(|group| matches(&glob.text, group))
            }),
            Attribute::Kind(None) => made(&|about| about.kinds.is_empty()),
            Attribute::Kind(Some(kind)) => made(&|about| about.kinds.contains(&kind.text)),
            Attribute::Owner(None) => any(&|id| graph.get(id).about().owners.is_empty()),
            Attribute::Owner(Some(owner)) => {
                any(&|id| graph.get(id).about().owners.contains(&owner.text))
            }
            Attribute::Is(IsValue::Materializable) => self.buildable.clone(),
            Attribute::Is(IsValue::External) => any(&|id| !is_buildable(graph, id)),
            Attribute::Partitions(value) => any(&|id| partitions_of(graph, id) == *value),
            Attribute::Status(status) => {
                let found = self.lookups.status.get(status).cloned();
                found.unwrap_or_else(nothing)
            }
            Attribute::Changed(revision) => {
                let found = self.lookups.changed.get(&revision.text).cloned();
                found.unwrap_or_else(nothing)
            }
        }
    }

    fn find(&mut self, name: &Value) -> Option<AssetId> {
        let found = self.graph.find(&name.text);
        if found.is_none() {
            let keys = self.graph.ids().map(|id| self.graph.key(id).as_str());
            let help = did_you_mean(&name.text, keys);
            let help = help.unwrap_or_else(|| "`assetctl list` shows all names".to_owned());
            let kind = SelectionErrorKind::UnknownName(name.text.clone());
            self.error(name, kind, Some(help));
        }
        found
    }

    fn error(&mut self, at: &Value, kind: SelectionErrorKind, help: Option<String>) {
        self.errors.push(SelectionError {
            text: self.text.to_owned(),
            span: at.span.clone(),
            kind,
            help,
        });
    }
}

fn is_buildable(graph: &AssetGraph, id: AssetId) -> bool {
    graph.asset(id).is_some_and(Asset::is_materializable)
}

fn partitions_of(graph: &AssetGraph, id: AssetId) -> PartitionsValue {
    match graph.definition(id).map(|declared| &declared.definition) {
        None => PartitionsValue::None,
        Some(PartitionsDefinition::Static(_)) => PartitionsValue::Static,
        Some(PartitionsDefinition::Time { .. }) => PartitionsValue::Time,
        Some(PartitionsDefinition::Multi(_)) => PartitionsValue::Multi,
        Some(PartitionsDefinition::Dynamic | PartitionsDefinition::Files(_)) => {
            PartitionsValue::Dynamic
        }
    }
}

/// Whether a glob stands for a text: `*` for any characters, all others for themselves.
fn matches(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            None => return false,
            Some(at) => rest = &rest[at + part.len()..],
        }
    }
    rest.ends_with(last)
}
