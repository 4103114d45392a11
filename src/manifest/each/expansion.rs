//! Declarations with `each` → a table for each value.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::manifest::diagnostic::{Label, Problems, all_of};
use crate::manifest::document::{Table, Value};
use crate::manifest::each::bindings::{Bindings, Bound};
use crate::manifest::each::lists::{Lists, ValueList};
use crate::manifest::each::origins::Origins;
use crate::manifest::each::substitution::{Substitution, value_labels};
use crate::manifest::error::Problem;
use crate::model::{AssetKey, Location};

/// The key that names lists.
const EACH: &str = "each";

/// How many assets or sources a declaration makes at most.
const MOST: usize = 1_000_000;

/// The tables of a file with all that its declarations make; `None` where none of them names a list.
pub(in crate::manifest) fn expand<'a>(
    file: &Table<'a>,
    lists: &Lists<'a>,
    shell: &[String],
    origins: &mut Origins,
    problems: &mut Problems,
) -> Option<DeTable<'a>> {
    if !file.file.as_str().contains(EACH) {
        return None;
    }
    let substitution = Substitution::new(file.file, lists, shell, problems);
    let mut expansion = Expansion {
        substitution,
        origins,
        changed: false,
    };
    let mut expanded = DeTable::new();
    for (key, value) in file.entries() {
        let new = match (&**key.get_ref(), value.get_ref()) {
            ("asset" | "source", DeValue::Table(group)) => {
                let kind = if **key.get_ref() == *"asset" {
                    "asset"
                } else {
                    "source"
                };
                let group = expansion.group(kind, group, file);
                Spanned::new(value.span(), DeValue::Table(group))
            }
            _ => value.clone(),
        };
        expanded.insert(key.clone(), new);
    }
    let changed = expansion.changed;
    expansion.substitution.finish();
    changed.then_some(expanded)
}

struct Expansion<'s, 'a> {
    substitution: Substitution<'s, 'a>,
    origins: &'s mut Origins,
    changed: bool,
}

impl<'s, 'a> Expansion<'s, 'a> {
    /// The tables `[kind.NAME]`, with those that they make.
    fn group(
        &mut self,
        kind: &'static str,
        group: &'a DeTable<'a>,
        file: &Table<'a>,
    ) -> DeTable<'a> {
        let mut expanded = DeTable::with_capacity(group.len());
        let declared = file.named_tables(kind, &mut Problems::default());
        let mut declared = declared.into_iter().peekable();
        for (key, value) in group {
            let table = declared.next_if(|(name, _)| name.key == &**key.get_ref());
            let Some((name, table)) = table else {
                expanded.insert(key.clone(), value.clone());
                continue;
            };
            if let Some(each) = table.get(EACH) {
                self.changed = true;
                self.declaration(kind, (key, value), table, &each, &mut expanded);
                continue;
            }
            self.check_name(&name, table);
            let value = self.with_deps(table).map_or_else(
                || value.clone(),
                |table| Spanned::new(value.span(), DeValue::Table(table)),
            );
            self.insert(key.clone(), value, &mut expanded);
        }
        expanded
    }

    /// All that a declaration makes.
    fn declaration(
        &mut self,
        kind: &'static str,
        (key, value): (&'a Spanned<Cow<'a, str>>, &'a Spanned<DeValue<'a>>),
        table: Table<'a>,
        each: &Value<'a>,
        expanded: &mut DeTable<'a>,
    ) {
        let Some(lists) = self.lists(each, table.location) else {
            return;
        };
        let place = table.location;
        for level in Combinations::of(&lists) {
            let bindings = Bindings::default().with(level);
            let Some(name) = self.substitution.name(key, &bindings) else {
                continue;
            };
            if let Err(error) = AssetKey::parse(&name) {
                let message = format!("`{name}` is not a name for {}: {error}", what(kind));
                let help = "names are made of letters, digits, `_`, `-` and `/`: give the value another `name`, or name the asset by another key of it";
                let help = help.to_owned();
                self.substitution
                    .report(Problem::EachName { message, help }, place, &bindings);
                continue;
            }
            let mut filled = DeTable::new();
            for (own, inner) in table.entries() {
                if &**own.get_ref() == EACH {
                    continue;
                }
                let mut path = vec![&**own.get_ref()];
                let inner = match &**own.get_ref() {
                    "deps" => self
                        .deps(inner, &bindings, place)
                        .unwrap_or_else(|| self.substitution.value(inner, &bindings, &mut path)),
                    _ => self.substitution.value(inner, &bindings, &mut path),
                };
                filled.insert(own.clone(), inner);
            }
            let labels = value_labels(&bindings);
            let key = Spanned::new(key.span(), Cow::Owned(name));
            let filled = Spanned::new(value.span(), DeValue::Table(filled));
            if let Some((first, _)) = expanded.get_key_value(&key)
                && first.span() == key.span()
            {
                let name = key.get_ref();
                let message = format!("{} makes `{name}` more than once", table.heading);
                let problem = Problem::EachName {
                    message,
                    help: naming_help(&lists),
                };
                let labels = [Label::new(place, "its name is that of another value")]
                    .into_iter()
                    .chain(labels);
                self.substitution.problems.add(problem, labels);
                return;
            }
            self.origins.add(key.get_ref(), labels);
            self.insert(key, filled, expanded);
        }
    }

    /// Adds a table; the name of a second one is reported.
    fn insert(
        &mut self,
        key: Spanned<Cow<'a, str>>,
        value: Spanned<DeValue<'a>>,
        expanded: &mut DeTable<'a>,
    ) {
        if let Some((first, _)) = expanded.get_key_value(&key) {
            let again = self.substitution.file.location(key.span());
            let first = self.substitution.file.location(first.span());
            self.substitution
                .problems
                .duplicate_name(key.get_ref(), again, first);
            return;
        }
        expanded.insert(key, value);
    }

    /// Reports a name that is made of values without a list of them.
    fn check_name(&mut self, name: &Value<'a>, table: Table<'a>) {
        if name.key.contains("{{each") {
            let problem = Problem::MissingKey {
                table: table.heading.to_string(),
                key: EACH,
                help: "name the list: `each = \"table\"`, which `[each.table]` declares",
            };
            self.substitution.problems.at(
                name.key_location,
                "made with values of which list?",
                problem,
            );
        }
    }

    /// A table whose deps name lists, with a dep for each value.
    fn with_deps(&mut self, table: Table<'a>) -> Option<DeTable<'a>> {
        let deps = table.get("deps")?.parsed();
        let deps = self.deps(deps, &Bindings::default(), table.location)?;
        let mut filled = table.entries().clone();
        *filled.get_mut("deps")? = deps;
        Some(filled)
    }

    /// The deps with one for each value of those that name lists; `None` where none does.
    fn deps(
        &mut self,
        deps: &'a Spanned<DeValue<'a>>,
        bindings: &Bindings<'_, 'a>,
        place: Location,
    ) -> Option<Spanned<DeValue<'a>>> {
        let names_lists = |value: &Spanned<DeValue<'_>>| {
            value
                .get_ref()
                .as_table()
                .is_some_and(|table| table.contains_key(EACH))
        };
        let all: Vec<&'a Spanned<DeValue<'a>>> = match deps.get_ref() {
            DeValue::Array(elements) => elements.iter().collect(),
            DeValue::Table(_) => vec![deps],
            _ => return None,
        };
        if !all.iter().any(|dep| names_lists(dep)) {
            return None;
        }
        self.changed = true;
        let mut filled = DeArray::new();
        for dep in all {
            if names_lists(dep) {
                for dep in self.dep_for_each(dep, bindings, place) {
                    filled.push(dep);
                }
                continue;
            }
            let mut path = vec!["deps", ""];
            let new = self.substitution.value(dep, bindings, &mut path);
            match new.get_ref() {
                DeValue::Array(several) => several.iter().for_each(|it| filled.push(it.clone())),
                _ => filled.push(new),
            }
        }
        Some(Spanned::new(deps.span(), DeValue::Array(filled)))
    }

    fn dep_for_each(
        &mut self,
        dep: &'a Spanned<DeValue<'a>>,
        bindings: &Bindings<'_, 'a>,
        place: Location,
    ) -> Vec<Spanned<DeValue<'a>>> {
        let Some(table) = dep.get_ref().as_table() else {
            return Vec::new();
        };
        let each = Value::in_table(self.substitution.file, table, EACH);
        let Some(lists) = each.and_then(|each| self.lists(&each, place)) else {
            return Vec::new();
        };
        let mut without = table.clone();
        without.remove(EACH);
        let mut deps = Vec::new();
        for level in Combinations::of(&lists) {
            let bindings = bindings.with(level);
            let filled = self
                .substitution
                .table(&without, &bindings, &mut vec!["deps", ""]);
            deps.push(Spanned::new(dep.span(), DeValue::Table(filled)));
        }
        deps
    }

    /// The lists that an `each` of the declaration at `place` names; `None` after something wrong was reported.
    fn lists(&mut self, each: &Value<'a>, place: Location) -> Option<Vec<&'s ValueList<'a>>> {
        let problems = &mut *self.substitution.problems;
        let before = problems.len();
        let names = each.texts(problems);
        let mut lists: Vec<&'s ValueList<'a>> = Vec::new();
        let all: &'s Lists<'a> = self.substitution.lists;
        for name in &names {
            if lists.iter().any(|list| list.name == name.value) {
                let problem = Problem::InvalidValue {
                    message: format!("`each` names the list `{}` twice", name.value),
                    help: "name each list once".to_owned(),
                };
                problems.at(name.location(), "again here", problem);
            }
            lists.extend(all.named(*name, problems));
        }
        if names.is_empty() && problems.len() == before {
            each.invalid(
                "`each` names no list",
                "name one, as `each = \"table\"`",
                problems,
            );
        }
        let size = lists
            .iter()
            .try_fold(1_usize, |size, list| size.checked_mul(list.values.len()));
        if size.is_none_or(|size| size > MOST) {
            let message = format!("`each` makes more than {MOST} assets");
            each.invalid(message, "name fewer or shorter lists", problems);
        }
        for file in lists.iter().filter_map(|list| list.file) {
            self.origins.add_use(file, place);
        }
        (self.substitution.problems.len() == before).then_some(lists)
    }
}

/// What to put into the name of a declaration, so that each value has its own.
fn naming_help(lists: &[&ValueList<'_>]) -> String {
    let names: Vec<String> = match lists {
        [_] => vec!["{{each.name}}".to_owned()],
        several => several
            .iter()
            .map(|list| format!("{{{{each.{}.name}}}}", list.name))
            .collect(),
    };
    format!(
        "a name for each value holds {}",
        all_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
    )
}

fn what(kind: &str) -> &'static str {
    if kind == "source" {
        "a source"
    } else {
        "an asset"
    }
}

/// All combinations of the values of some lists; the values of the last list change first.
struct Combinations<'l, 'b, 'a> {
    lists: &'l [&'b ValueList<'a>],
    next: usize,
    count: usize,
}

impl<'l, 'b, 'a> Combinations<'l, 'b, 'a> {
    fn of(lists: &'l [&'b ValueList<'a>]) -> Self {
        Self {
            lists,
            next: 0,
            count: lists.iter().map(|list| list.values.len()).product(),
        }
    }
}

impl<'b, 'a> Iterator for Combinations<'_, 'b, 'a> {
    type Item = Vec<Bound<'b, 'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut place = Some(self.next).filter(|next| *next < self.count)?;
        self.next += 1;
        let mut level: Vec<Bound<'b, 'a>> = Vec::with_capacity(self.lists.len());
        for list in self.lists.iter().rev() {
            let value = &list.values[place % list.values.len()];
            place /= list.values.len();
            level.push(Bound { list, value });
        }
        level.reverse();
        Some(level)
    }
}
