//! Clauses that select steps of a plan or of a former run.
//!
//! | clause | selects |
//! |---|---|
//! | `step` | that step, as it is called in events; of an asset with partitions, its name alone all its steps |
//! | `*step`, `step*` | it and all its ancestors, or descendants |
//! | `+step`, `step+++` | it and one level up, or three levels down: each `+` is one level |
//! | `*step+++` | both sides |
//! | `*` | every step |
//!
//! White space around a clause is cut off. `*+step` is `*step` and `step+*` is `step*`; `+*step` and `step*+` are not
//! clauses. The language is that of the reference's `op_selection`.

use fixedbitset::FixedBitSet;

use crate::select::ast::{Depth, Expression};
use crate::select::error::did_you_mean;
use crate::select::parser::parse;

/// Steps with their order, by number.
pub trait StepGraph {
    /// How many steps there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The steps that a name stands for; none if there is no such name.
    fn find(&self, name: &str) -> Vec<usize>;

    /// What the steps are called, for suggestions; it may leave names out where there are many.
    fn names(&self) -> Vec<String>;

    /// Why a name stands for no step, where it is the name of something else; a sentence for the help.
    fn why_none(&self, _name: &str) -> Option<String> {
        None
    }

    /// Calls `each` with the steps that a step waits for.
    fn upstream(&self, step: usize, each: &mut dyn FnMut(usize));

    /// Calls `each` with the steps that wait for a step.
    fn downstream(&self, step: usize, each: &mut dyn FnMut(usize));
}

/// A clause that selects no step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clause `{clause}` selects no step")]
pub struct NothingMatched {
    /// The clause, as it was typed.
    pub clause: String,
    /// What to do.
    pub help: String,
}

/// The steps that `clauses` select, united, as a bit for each.
///
/// # Errors
///
/// All clauses that select nothing.
pub fn select_steps(
    clauses: &[impl AsRef<str>],
    graph: &dyn StepGraph,
) -> Result<FixedBitSet, Vec<NothingMatched>> {
    let mut selected = FixedBitSet::with_capacity(graph.len());
    let mut errors = Vec::new();
    for clause in clauses.iter().map(AsRef::as_ref) {
        match steps_of(clause, graph) {
            Ok(steps) => selected.union_with(&steps),
            Err(help) => errors.push(NothingMatched {
                clause: clause.to_owned(),
                help,
            }),
        }
    }
    if errors.is_empty() {
        Ok(selected)
    } else {
        Err(errors)
    }
}

/// The steps of one clause, or what to do where there is none.
fn steps_of(typed: &str, graph: &dyn StepGraph) -> Result<FixedBitSet, String> {
    let clause = typed.trim();
    let mut selected = FixedBitSet::with_capacity(graph.len());
    if clause == "*" {
        selected.set_range(.., true);
        return Ok(selected);
    }
    // A key may begin or end as a clause does.
    let mut exact = graph.find(typed);
    if exact.is_empty() {
        exact = graph.find(clause);
    }
    if !exact.is_empty() {
        selected.extend(exact);
        return Ok(selected);
    }
    let clause = Clause::parse(clause).ok_or_else(|| {
        "a clause is the name of a step, with `*` or one `+` for each level before or after it"
            .to_owned()
    })?;
    // Of a name that ends in signs the longest that is one counts.
    let found = clause.readings().find_map(|reading| {
        let from = graph.find(reading.name);
        (!from.is_empty()).then_some((reading, from))
    });
    let Some((Reading { up, down, .. }, from)) = found else {
        return Err(help(clause.name(), graph));
    };
    selected.extend(from.iter().copied());
    walk(&mut selected, &from, up, |step, each| {
        graph.upstream(step, each);
    });
    walk(&mut selected, &from, down, |step, each| {
        graph.downstream(step, each);
    });
    Ok(selected)
}

/// What to do about a name that no step has.
fn help(name: &str, graph: &dyn StepGraph) -> String {
    let similar = || {
        let names = graph.names();
        let asset = name.split_once('@').map_or(name, |(asset, _)| asset);
        did_you_mean(asset, names.iter().map(String::as_str))
    };
    graph.why_none(name).or_else(similar).unwrap_or_else(|| {
        let called = "`assetctl plan --keys` shows the names of steps";
        match parse(name).map(|selection| selection.expression) {
            Ok(Expression::Name { .. }) | Err(_) => called.to_owned(),
            Ok(_) => format!("an expression is an argument without `--steps`; {called}"),
        }
    })
}

/// A name with signs around it.
struct Clause<'a> {
    up: Depth,
    /// The name and the `+` behind it.
    rest: &'a str,
    /// How many `+` stand there.
    pluses: usize,
    is_starred: bool,
}

/// A clause with an end to its name.
struct Reading<'a> {
    up: Depth,
    name: &'a str,
    down: Depth,
}

impl<'a> Clause<'a> {
    /// `[*][+…]NAME[+…][*]`.
    fn parse(clause: &'a str) -> Option<Self> {
        let (starred, signed) = strip(clause.strip_prefix('*'), clause);
        let unsigned = signed.trim_start_matches('+');
        let up = depth(starred, signed.len() - unsigned.len())?;
        let (is_starred, rest) = strip(unsigned.strip_suffix('*'), unsigned);
        let name = rest.trim_end_matches('+');
        let is_name = !name.is_empty() && !name.starts_with('*') && !name.ends_with('*');
        let pluses = rest.len() - name.len();
        let fits = u32::try_from(pluses).is_ok();
        (is_name && fits).then_some(Self {
            up,
            rest,
            pluses,
            is_starred,
        })
    }

    /// The name without any sign.
    fn name(&self) -> &'a str {
        &self.rest[..self.rest.len() - self.pluses]
    }

    /// What it may mean, the longest name first.
    fn readings(&self) -> impl Iterator<Item = Reading<'a>> {
        (0..=self.pluses).filter_map(|levels| {
            Some(Reading {
                up: self.up,
                name: &self.rest[..self.rest.len() - levels],
                down: depth(self.is_starred, levels)?,
            })
        })
    }
}

fn strip<'a>(stripped: Option<&'a str>, whole: &'a str) -> (bool, &'a str) {
    stripped.map_or((false, whole), |rest| (true, rest))
}

fn depth(is_starred: bool, levels: usize) -> Option<Depth> {
    if is_starred {
        return Some(Depth::Unlimited);
    }
    u32::try_from(levels).ok().map(Depth::Levels)
}

/// Adds all that `from` reaches within `depth` levels.
fn walk(
    selected: &mut FixedBitSet,
    from: &[usize],
    depth: Depth,
    neighbours: impl Fn(usize, &mut dyn FnMut(usize)),
) {
    let mut seen = FixedBitSet::with_capacity(selected.len());
    let mut level = from.to_vec();
    let mut left = match depth {
        Depth::Levels(levels) => levels,
        Depth::Unlimited => u32::MAX,
    };
    while left > 0 && !level.is_empty() {
        let mut next = Vec::new();
        for step in level {
            neighbours(step, &mut |reached| {
                if !seen.put(reached) {
                    next.push(reached);
                }
            });
        }
        level = next;
        left -= 1;
    }
    selected.union_with(&seen);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{StepGraph, select_steps};

    /// `a → b, c → d → e`, `lone`, and names that end in a sign.
    struct Diamond;

    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "lone", "odd+", "e+"];
    const EDGES: [(usize, usize); 5] = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)];

    impl StepGraph for Diamond {
        fn len(&self) -> usize {
            NAMES.len()
        }

        fn find(&self, name: &str) -> Vec<usize> {
            NAMES
                .iter()
                .position(|it| *it == name)
                .into_iter()
                .collect()
        }

        fn names(&self) -> Vec<String> {
            NAMES.map(str::to_owned).to_vec()
        }

        fn upstream(&self, step: usize, each: &mut dyn FnMut(usize)) {
            EDGES
                .iter()
                .filter(|(_, to)| *to == step)
                .for_each(|(from, _)| each(*from));
        }

        fn downstream(&self, step: usize, each: &mut dyn FnMut(usize)) {
            EDGES
                .iter()
                .filter(|(from, _)| *from == step)
                .for_each(|(_, to)| each(*to));
        }
    }

    fn selected(clauses: &[&str]) -> Option<String> {
        let steps = select_steps(clauses, &Diamond).ok()?;
        Some(steps.ones().map(|step| &NAMES[step][..1]).collect())
    }

    #[test]
    fn clauses() {
        for (clauses, expected) in [
            (&["*"][..], Some("abcdeloe")),
            (&["b"], Some("b")),
            (&["+d"], Some("bcd")),
            (&["++d"], Some("abcd")),
            (&["a++"], Some("abcd")),
            (&["*b+"], Some("abd")),
            (&["*d*"], Some("abcde")),
            (&["*+d"], Some("abcd")),
            (&["a+*"], Some("abcde")),
            (&[" e ", "lone"], Some("el")),
            (&["*", "a"], Some("abcdeloe")),
            (&[], Some("")),
            (&["+*d"], None),
            (&["a*+"], None),
            (&["d+1"], None),
            (&["a b"], None),
            (&[""], None),
            (&["+"], None),
            (&["**"], None),
            (&["odd+"], Some("o")),
            (&["odd++"], Some("o")),
            (&["*odd+*"], Some("o")),
            (&["odd"], None),
            (&["e+", "*e++"], Some("e")),
            (&["*e"], Some("abcde")),
            (&["a", "nope"], None),
        ] {
            assert_eq!(selected(clauses).as_deref(), expected, "{clauses:?}");
        }
    }

    #[test]
    fn all_clauses_without_a_step_are_told() {
        let errors = select_steps(&["loan", "a", "x+"], &Diamond).expect_err("two are wrong");
        let told: Vec<_> = errors.iter().map(|error| error.clause.as_str()).collect();
        assert_eq!(told, ["loan", "x+"]);
        assert_eq!(errors[0].help, "did you mean `lone`?");
        let errors = select_steps(&["group:core"], &Diamond).expect_err("it is no clause");
        let help = "an expression is an argument without `--steps`; `assetctl plan --keys` shows the names of steps";
        assert_eq!(errors[0].help, help);
    }

    proptest! {
        #[test]
        fn no_text_panics(clause in ".*") {
            let _ = select_steps(&[clause], &Diamond);
        }
    }
}
