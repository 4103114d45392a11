//! From what selections say to assets of a graph.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use crate::model::{AssetGraph, AssetId, Job, KnownNames};
use crate::select::ast::{Attribute, Depth, Expression, GivenWord, Selection};
use crate::select::attributes::{Known, Lookups};
use crate::select::error::{
    SelectionError, SelectionErrorKind, Span, did_you_mean, did_you_mean_of,
};
use crate::select::parser::parse;

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
    pub partition: Option<GivenWord>,
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

/// The assets that a job selects.
///
/// Its expressions were checked when the manifest was read, and so was that no job selects by itself.
pub(super) fn members(known: &Known<'_>, job: &Job) -> AssetSet {
    if job.selection.is_empty() {
        return known.buildable.clone();
    }
    let names = OnceCell::new();
    let mut errors = Vec::new();
    let mut all = AssetSet::empty(known.graph.len());
    for text in &job.selection {
        let Ok(selection) = parse(text.as_str()) else {
            continue;
        };
        let mut evaluation = Evaluation {
            known,
            names: &names,
            position: 0,
            text: text.as_str(),
            named: AssetSet::empty(known.graph.len()),
            mentions: Vec::new(),
            errors: &mut errors,
        };
        all.union_with(&evaluation.set(&selection.expression));
    }
    all
}

/// These selections, and those of the jobs that they name, directly or not.
pub fn with_jobs(graph: &AssetGraph, selections: &[Selection]) -> Vec<Selection> {
    let mut all = selections.to_vec();
    let mut followed = BTreeSet::new();
    let mut next = 0;
    while let Some(selection) = all.get(next) {
        next += 1;
        let jobs = selection.attributes().filter_map(|it| match it {
            Attribute::Job(job) => graph.job(&job.text),
            _ => None,
        });
        let new: Vec<_> = jobs
            .filter(|job| followed.insert(job.name.clone()))
            .collect();
        let texts = new.iter().flat_map(|job| &job.selection);
        all.extend(texts.filter_map(|text| parse(text.as_str()).ok()));
    }
    all
}

/// What to do where no job has this name.
pub fn job_help(graph: &AssetGraph, name: &str) -> String {
    let jobs = &graph.settings().jobs;
    let similar = did_you_mean(name, jobs.iter().map(|job| job.name.as_str()));
    similar.unwrap_or_else(|| {
        if jobs.is_empty() {
            "declare it: `[job.NAME]` with a `selection`".to_owned()
        } else {
            "`assetctl job list` shows all jobs".to_owned()
        }
    })
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
                if let Attribute::Job(name) = attribute {
                    self.check_job(name);
                }
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

    fn find(&mut self, name: &GivenWord) -> Option<AssetId> {
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

    fn check_job(&mut self, name: &GivenWord) {
        let graph = self.known.graph;
        if graph.job(&name.text).is_none() {
            let kind = SelectionErrorKind::UnknownJob(name.text.clone());
            self.error(name, kind, Some(job_help(graph, &name.text)));
        }
    }

    fn error(&mut self, at: &GivenWord, kind: SelectionErrorKind, help: Option<String>) {
        self.errors.push(SelectionError {
            text: self.text.to_owned(),
            span: at.span.clone(),
            kind,
            help,
        });
    }
}

/// A union in the making, with the walks that are still to be made.
///
/// What is reached from two sets is what is reached from both together, so that each way is walked once, however many
/// parts of an `or` go it.
#[derive(Debug)]
struct Union {
    /// What is a member already.
    pub set: AssetSet,
    walks: Vec<Walk>,
}

#[derive(Debug)]
struct Walk {
    direction: Direction,
    depth: Depth,
    from: AssetSet,
}

impl Union {
    /// The empty one, in a graph of `len` assets and sources.
    pub(super) fn empty(len: usize) -> Self {
        Self {
            set: AssetSet::empty(len),
            walks: Vec::new(),
        }
    }

    /// Adds all that a set reaches.
    pub(super) fn walk(&mut self, direction: Direction, depth: Depth, from: &AssetSet) {
        let mut walks = self.walks.iter_mut();
        match walks.find(|walk| walk.direction == direction && walk.depth == depth) {
            Some(walk) => walk.from.union_with(from),
            None => self.walks.push(Walk {
                direction,
                depth,
                from: from.clone(),
            }),
        }
    }

    /// All members. A walk up drops all that is not `buildable`.
    pub(super) fn finish(self, graph: &AssetGraph, buildable: &AssetSet) -> AssetSet {
        let mut set = self.set;
        for walk in self.walks {
            let mut reached = reach(graph, walk.from, walk.direction, walk.depth);
            if walk.direction == Direction::Up {
                reached.intersect_with(buildable);
            }
            set.union_with(&reached);
        }
        set
    }
}

/// A set of assets and sources of one graph: a bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetSet {
    bits: FixedBitSet,
}

impl AssetSet {
    /// The empty set, in a graph of `len` assets and sources.
    pub fn empty(len: usize) -> Self {
        Self {
            bits: FixedBitSet::with_capacity(len),
        }
    }

    /// All of the `len` assets and sources of a graph.
    pub fn all(len: usize) -> Self {
        let mut set = Self::empty(len);
        set.bits.insert_range(..);
        set
    }

    /// Adds an asset; whether it was new.
    pub fn insert(&mut self, id: AssetId) -> bool {
        !self.bits.put(id.index())
    }

    /// Whether an asset is a member.
    pub fn contains(&self, id: AssetId) -> bool {
        self.bits.contains(id.index())
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.bits.count_ones(..)
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.bits.is_clear()
    }

    /// The members, in order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = AssetId> + '_ {
        self.bits.ones().map(|index| AssetId(index as u32))
    }

    /// Adds the members of `other`.
    pub fn union_with(&mut self, other: &Self) {
        self.bits.union_with(&other.bits);
    }

    /// Keeps members of `other`.
    pub fn intersect_with(&mut self, other: &Self) {
        self.bits.intersect_with(&other.bits);
    }

    /// Drops members of `other`.
    pub fn difference_with(&mut self, other: &Self) {
        self.bits.difference_with(&other.bits);
    }
}

impl Extend<AssetId> for AssetSet {
    fn extend<I: IntoIterator<Item = AssetId>>(&mut self, ids: I) {
        for id in ids {
            self.bits.insert(id.index());
        }
    }
}

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// To what an asset waits for.
    Up,
    /// To what waits for an asset.
    Down,
}

/// `from` and all that it reaches within `depth` levels.
pub(super) fn reach(
    graph: &AssetGraph,
    from: AssetSet,
    direction: Direction,
    depth: Depth,
) -> AssetSet {
    let mut level: Vec<AssetId> = from.iter().collect();
    let mut reached = from;
    let mut left = match depth {
        Depth::Levels(levels) => levels,
        Depth::Unlimited => u32::MAX,
    };
    while left > 0 && !level.is_empty() {
        let mut next = Vec::new();
        for id in level {
            for id in direction.neighbours(graph, id) {
                if reached.insert(*id) {
                    next.push(*id);
                }
            }
        }
        level = next;
        left -= 1;
    }
    reached
}

/// The members of `set` from which no other member is reached.
pub(super) fn ends(graph: &AssetGraph, set: AssetSet, direction: Direction) -> AssetSet {
    // A member leads to another one if it is reached from that, the other way.
    let back = direction.opposite();
    let mut leads = AssetSet::empty(graph.len());
    for id in set.iter() {
        let neighbours = back.neighbours(graph, id).iter().copied();
        leads.extend(neighbours.filter(|neighbour| *neighbour != id));
    }
    let mut ends = set;
    ends.difference_with(&reach(graph, leads, back, Depth::Unlimited));
    ends
}

impl Direction {
    fn opposite(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    fn neighbours(self, graph: &AssetGraph, id: AssetId) -> &[AssetId] {
        match self {
            Self::Up => graph.upstream(id),
            Self::Down => graph.downstream(id),
        }
    }
}
