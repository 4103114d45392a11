//! Lines of one asset, source or definition in two lock files, compared by ranges of neighbouring keys. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::answer::{ChangedLines, ChangedParts, LineChange, LineKind, LockDifference};
use crate::model::{
    AddedKey, Dep, Lock, LockBlock, LockLine, LockedAsset, LockedOutput, LockedSource,
    PartitionKey, PartitionKeys,
};

/// A line as it is compared: what it is about, and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    first: Option<&'a PartitionKey>,
    last: Option<&'a PartitionKey>,
    count: u32,
    says: Says<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Says<'a> {
    Line(&'a LockLine),
    Block(&'a LockBlock),
    Source(&'a LockedSource),
    Key,
}

impl<'a> Compared<'a> {
    /// The lines and blocks of an asset.
    fn asset(locked: &'a LockedAsset) -> Vec<Self> {
        let line = |line: &'a LockLine| Self::one(line.partition.as_ref(), Says::Line(line));
        let block = |block: &'a LockBlock| Self {
            first: Some(&block.first),
            last: Some(&block.last),
            count: block.count,
            says: Says::Block(block),
        };
        let lines = locked.lines.iter().map(line);
        lines.chain(locked.blocks.iter().map(block)).collect()
    }

    /// The line of a source.
    fn source(line: &'a LockedSource) -> Self {
        Self::one(line.partition.as_ref(), Says::Source(line))
    }

    /// The line of a key.
    fn key(line: &'a AddedKey) -> Self {
        Self::one(Some(&line.key), Says::Key)
    }

    fn one(key: Option<&'a PartitionKey>, says: Says<'a>) -> Self {
        Self {
            first: key,
            last: key,
            count: 1,
            says,
        }
    }

    fn about(&self) -> (Option<&'a PartitionKey>, Option<&'a PartitionKey>) {
        (self.first, self.last)
    }

    fn kind(&self) -> LineKind {
        match self.says {
            Says::Line(_) | Says::Block(_) => LineKind::Asset,
            Says::Source(_) => LineKind::Source,
            Says::Key => LineKind::Key,
        }
    }
}

/// What differs, in the order of `keys`; keys that do not exist come last, by their text.
///
/// Where lines of one side stand in a block of the other, nothing can be compared, and nothing is reported.
pub fn compare(
    name: &str,
    keys: Option<&PartitionKeys>,
    deps: &[Dep],
    [old, new]: [Vec<Compared<'_>>; 2],
) -> Vec<LockDifference> {
    let order = Order::of(keys, old.iter().chain(&new));
    let extents = [&old, &new].map(|side| order.extent(side));
    let before: HashMap<_, &Compared<'_>> = old.iter().map(|it| (it.about(), it)).collect();
    let after: HashSet<_> = new.iter().map(Compared::about).collect();
    let mut found: Vec<(&Compared<'_>, LineChange)> = Vec::new();
    let mut seen = HashSet::new();
    for line in &new {
        if !seen.insert(line.about()) {
            continue;
        }
        match before.get(&line.about()) {
            None if extents[0].meets(line, order.range(line)) => {}
            None => found.push((line, LineChange::Added)),
            Some(old) => {
                let change = changed_parts(deps, old.says, line.says);
                found.extend(change.map(|parts| (line, LineChange::Changed(parts))));
            }
        }
    }
    for line in &old {
        let is_gone = !after.contains(&line.about()) && seen.insert(line.about());
        if is_gone && !extents[1].meets(line, order.range(line)) {
            found.push((line, LineChange::Removed));
        }
    }
    found.sort_by_cached_key(|(line, _)| order.range(line));
    let mut differences: Vec<(u64, LockDifference)> = Vec::new();
    for (line, change) in found {
        let (start, end) = order.range(line);
        match differences.last_mut() {
            Some((last_end, last)) if *last_end == start && last.change == change => {
                *last_end = end;
                last.last = line.last.cloned();
                last.count += line.count;
            }
            _ => differences.push((
                end,
                LockDifference {
                    kind: line.kind(),
                    name: name.to_owned(),
                    first: line.first.cloned(),
                    last: line.last.cloned(),
                    count: line.count,
                    change,
                },
            )),
        }
    }
    differences.into_iter().map(|(_, found)| found).collect()
}

/// Where keys stand among all keys.
struct Order<'a> {
    keys: Option<&'a PartitionKeys>,
    /// Keys that do not exist, in order.
    unknown: Vec<&'a str>,
}

impl<'a> Order<'a> {
    fn of<'l: 'a>(
        keys: Option<&'a PartitionKeys>,
        lines: impl Iterator<Item = &'l Compared<'l>>,
    ) -> Self {
        let texts = lines.flat_map(|line| line.first.into_iter().chain(line.last));
        let is_unknown =
            |key: &&PartitionKey| keys.is_none_or(|keys| keys.index_of(key.as_str()).is_none());
        let unknown: BTreeSet<&str> = texts.filter(is_unknown).map(PartitionKey::as_str).collect();
        Self {
            keys,
            unknown: unknown.into_iter().collect(),
        }
    }

    fn place(&self, key: Option<&PartitionKey>) -> u64 {
        let Some(key) = key else { return 0 };
        let index = self.keys.and_then(|keys| keys.index_of(key.as_str()));
        index.map_or_else(
            || {
                let rank = self.unknown.partition_point(|it| *it < key.as_str());
                u64::from(u32::MAX) + 1 + rank as u64
            },
            u64::from,
        )
    }

    /// The places of a line, and the one behind.
    fn range(&self, line: &Compared<'_>) -> (u64, u64) {
        (self.place(line.first), self.place(line.last) + 1)
    }

    /// Where the lines of one side stand.
    fn extent(&self, lines: &[Compared<'_>]) -> LineIndex {
        let mut extent = LineIndex::default();
        for line in lines {
            let range = self.range(line);
            match line.says {
                Says::Block(_) => extent.blocks.push(range),
                Says::Line(_) | Says::Source(_) | Says::Key => extent.lines.push(range.0),
            }
        }
        extent.blocks.sort_unstable();
        extent.lines.sort_unstable();
        extent
    }
}

/// Where the lines of one side stand, in order.
#[derive(Default)]
struct LineIndex {
    lines: Vec<u64>,
    /// From, and until before.
    blocks: Vec<(u64, u64)>,
}

impl LineIndex {
    /// Whether a line at these places is in a block of this side, or is a block that meets anything of it.
    fn meets(&self, line: &Compared<'_>, (start, end): (u64, u64)) -> bool {
        let before = self.blocks.partition_point(|block| block.0 < end);
        if self.blocks[..before]
            .last()
            .is_some_and(|block| start < block.1)
        {
            return true;
        }
        let is_block = matches!(line.says, Says::Block(_));
        let from = self.lines.partition_point(|place| *place < start);
        is_block && self.lines.get(from).is_some_and(|place| *place < end)
    }
}

/// What in a line is other than it was; `None` if nothing is.
fn changed_parts(deps: &[Dep], old: Says<'_>, new: Says<'_>) -> Option<ChangedParts> {
    if old == new {
        return None;
    }
    Some(match (old, new) {
        (Says::Line(old), Says::Line(new)) => {
            let changed_inputs = changed_inputs(deps, old, new);
            ChangedParts {
                code_changed: old.code != new.code,
                dependencies_changed: changed_inputs.is_none(),
                changed_inputs,
                ..changed_outputs(&versions(old), &versions(new))
            }
        }
        (Says::Block(old), Says::Block(new)) => ChangedParts {
            code_changed: old.code != new.code,
            ..changed_outputs(&old.outputs, &new.outputs)
        },
        _ => ChangedParts {
            changed_inputs: Some(Vec::new()),
            output_changed: true,
            ..ChangedParts::default()
        },
    })
}

/// The inputs that gave something else; `None` where there are more or fewer than there were.
fn changed_inputs(deps: &[Dep], old: &LockLine, new: &LockLine) -> Option<Vec<String>> {
    let (before, after) = (&old.contributions, &new.contributions);
    if before.len() != after.len() {
        return None;
    }
    let name = |place: usize| match deps.get(place).filter(|_| deps.len() == after.len()) {
        Some(dep) => dep.input.to_string(),
        None => format!("input {}", place + 1),
    };
    let changed = (0..after.len()).filter(|place| before[*place] != after[*place]);
    Some(changed.map(name).collect())
}

/// The outputs of a line, with the fingerprint where that is their version.
fn versions(line: &LockLine) -> Vec<LockedOutput> {
    let output = |(index, output): (usize, &LockedOutput)| LockedOutput {
        label: output.label.clone(),
        version: line.version(index),
    };
    line.outputs.iter().enumerate().map(output).collect()
}

/// Parts that differ in their outputs at most.
fn changed_outputs(old: &[LockedOutput], new: &[LockedOutput]) -> ChangedParts {
    let same_labels =
        old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old.label == new.label);
    let changed = old.iter().zip(new).filter(|(old, new)| old != new);
    let labels = changed.filter_map(|(_, new)| new.label.as_deref().map(str::to_owned));
    let labels: Vec<String> = labels.collect();
    ChangedParts {
        changed_inputs: Some(Vec::new()),
        output_changed: old != new,
        changed_outputs: (same_labels && !labels.is_empty()).then_some(labels),
        ..ChangedParts::default()
    }
}

/// The lines of two contents, by kind and name, in order.
pub fn lines_by_name(contents: [&Lock; 2]) -> BTreeMap<(LineKind, &str), [Vec<Compared<'_>>; 2]> {
    let mut all: BTreeMap<_, [Vec<_>; 2]> = BTreeMap::new();
    for (side, lock) in contents.into_iter().enumerate() {
        let mut of = |name, lines: &mut Vec<_>| all.entry(name).or_default()[side].append(lines);
        for locked in &lock.assets {
            let name = (LineKind::Asset, locked.asset.as_str());
            of(name, &mut Compared::asset(locked));
        }
        for line in &lock.sources {
            let name = (LineKind::Source, line.source.as_str());
            of(name, &mut vec![Compared::source(line)]);
        }
        for line in &lock.added {
            let name = (LineKind::Key, line.definition.as_str());
            of(name, &mut vec![Compared::key(line)]);
        }
    }
    all
}

/// How many lines differ between two contents, by kind and name; names of which none does are left out.
pub fn changed_lines(old: &Lock, new: &Lock) -> Vec<ChangedLines> {
    let by_name = lines_by_name([old, new]).into_iter();
    let counted = by_name.map(|((kind, name), sides)| {
        let [mut before, after] = sides.map(|lines| {
            let mut contents: HashMap<_, Vec<Says<'_>>> = HashMap::new();
            for line in lines {
                contents.entry(line.about()).or_default().push(line.says);
            }
            contents
        });
        let mut counted = ChangedLines {
            kind,
            name: name.to_owned(),
            added: 0,
            changed: 0,
            removed: 0,
        };
        for (about, new) in after {
            match before.remove(&about) {
                None => counted.added += 1,
                Some(old) => counted.changed += u32::from(old != new),
            }
        }
        counted.removed = before.len() as u32;
        counted
    });
    counted
        .filter(|it| it.added + it.changed + it.removed > 0)
        .collect()
}
