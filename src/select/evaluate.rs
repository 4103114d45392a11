//! From what selections say to assets of a graph.

use std::cell::OnceCell;

use crate::model::{AssetGraph, AssetId, KnownNames};
use crate::select::asset_set::AssetSet;
use crate::select::ast::{Expression, Selection, Span, Value};
use crate::select::attributes::{Known, Lookups};
use crate::select::error::{SelectionError, SelectionErrorKind};
use crate::select::suggest::did_you_mean_of;
use crate::select::traversal::{Direction, ends};
use crate::select::union::Union;

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
    let known = Known::new(graph, lookups);
    let names = OnceCell::new();
    let mut united = SelectedAssets {
        assets: AssetSet::empty(graph.len()),
        named: AssetSet::empty(graph.len()),
        mentions: Vec::new(),
        whole: AssetSet::empty(graph.len()),
    };
    for (position, selection) in selections.iter().enumerate() {
        let mut evaluation = Evaluation {
            known: &known,
            names: &names,
            position,
            text: &selection.text,
            named: AssetSet::empty(graph.len()),
            mentions: Vec::new(),
            errors,
        };
        let mut whole = Union::empty(graph.len());
        evaluation.add_alternatives(&selection.expression, &mut whole);
        let whole = whole.finish(graph, &known.buildable);
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

struct Evaluation<'a, 'g> {
    known: &'a Known<'g>,
    /// All names, once one is asked for that does not exist.
    names: &'a OnceCell<KnownNames<'g>>,
    position: usize,
    text: &'a str,
    named: AssetSet,
    mentions: Vec<Mention>,
    errors: &'a mut Vec<SelectionError>,
}

impl Evaluation<'_, '_> {
    /// Adds an expression at whose place a name stands alone: an argument, or a part of an outermost `or`.
    fn add_alternatives(&mut self, expression: &Expression, to: &mut Union) {
        let (name, partition) = match expression {
            Expression::Or(parts) => {
                return parts.iter().for_each(|it| self.add_alternatives(it, to));
            }
            Expression::Name { name, partition } => (name, partition),
            other => return self.add(other, to),
        };
        let Some(asset) = self.find(name) else {
            return;
        };
        if partition.is_none() {
            self.named.insert(asset);
            to.set.insert(asset);
        }
        self.mentions.push(Mention {
            asset,
            partition: partition.clone(),
            selection: self.position,
            span: name.span.clone(),
        });
    }

    fn add(&mut self, expression: &Expression, to: &mut Union) {
        match expression {
            Expression::All(_) => to.set.union_with(&self.known.buildable),
            Expression::Name { name, partition } => {
                if let Some(partition) = partition {
                    let help = format!("select it with `--partition {}` instead", partition.text);
                    let kind = SelectionErrorKind::MisplacedPartition;
                    self.error(partition, kind, Some(help));
                }
                if let Some(id) = self.find(name) {
                    self.named.insert(id);
                    to.set.insert(id);
                }
            }
            Expression::Attribute { attribute, .. } => {
                to.set.union_with(&self.known.having(attribute));
            }
            Expression::Not(of) => {
                let mut others = self.known.buildable.clone();
                others.difference_with(&self.set(of));
                to.set.union_with(&others);
            }
            Expression::And(parts) => {
                let sets: Vec<_> = parts.iter().map(|part| self.set(part)).collect();
                let all = sets.into_iter().reduce(|mut all, each| {
                    all.intersect_with(&each);
                    all
                });
                to.set.union_with(&all.expect("an `and` has parts"));
            }
            Expression::Or(parts) => parts.iter().for_each(|part| self.add(part, to)),
            Expression::Traversal { up, of, down } => {
                let of = self.set(of);
                for (direction, depth) in [(Direction::Up, up), (Direction::Down, down)] {
                    if let Some(depth) = depth {
                        to.walk(direction, *depth, &of);
                    }
                }
            }
            Expression::Sinks(of) => {
                let of = self.set(of);
                to.set
                    .union_with(&ends(self.known.graph, of, Direction::Down));
            }
            Expression::Roots(of) => {
                let of = self.set(of);
                to.set
                    .union_with(&ends(self.known.graph, of, Direction::Up));
            }
        }
    }

    fn set(&mut self, expression: &Expression) -> AssetSet {
        let mut union = Union::empty(self.known.graph.len());
        self.add(expression, &mut union);
        union.finish(self.known.graph, &self.known.buildable)
    }

    fn find(&mut self, name: &Value) -> Option<AssetId> {
        let keys = self.known.graph.asset_keys();
        let found = keys.find(&name.text);
        if found.is_none() {
            let names = self.names.get_or_init(|| KnownNames::new(keys.iter()));
            let help = did_you_mean_of(names, &name.text);
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
