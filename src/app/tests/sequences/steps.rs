//! What happens between looks, and what is looked at: at random.

use proptest::prelude::*;

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A file gets this content.
    Write(&'static str, u8),
    Remove(&'static str),
    Touch(&'static str),
    Chmod(&'static str),
    /// A link in place of a file.
    Link(&'static str, &'static str),
    Mode(Option<&'static str>),
    /// Calls have another configuration from now on.
    Configure(&'static [&'static str], Option<&'static str>),
    /// Calls are in another environment from now on.
    Environment(Option<&'static str>),
    Now(&'static str),
    Home(Option<&'static str>),
    Key(&'static str, bool),
    /// A word of the manifest becomes another, or again what it was.
    Declare(&'static str, &'static str),
    Materialize(&'static [&'static str], Option<&'static str>, bool),
    Accept(&'static str),
    Wipe(&'static str, bool),
    Observe,
    Lock,
    /// A line of the lock file goes.
    Unlock(u8),
    /// The lock file becomes what it was some time ago.
    Relock,
    Snapshots(Damage),
    /// Git is asked for something, in words.
    Git(&'static [&'static str]),
    /// The snapshots of another project come in place of those that there are.
    Foreign,
    /// The instance goes, and nothing else.
    Forget,
}

/// What becomes of the files of snapshots.
#[derive(Clone, Copy, Debug)]
pub(super) enum Damage {
    Removed,
    Cut(u8),
    Flipped(u16),
    /// They become what they were some time ago.
    Old,
    /// They are kept for that.
    Kept,
    /// The changes go, or the base.
    Without(&'static str),
}

pub(super) const FILES: [&str; 21] = [
    "tracked/a.txt",
    "tracked/new/b.log",
    "code/one.sh",
    ".gitignore",
    "elsewhere.txt",
    "raw/2026-01-01.txt",
    "raw/2026-01-02.txt",
    "raw/2026-01-04.txt",
    "folder/a",
    "folder/new/b",
    "globbed/x.txt",
    "globbed/deep/y.txt",
    "several/a.txt",
    "several/b1.txt",
    "values.toml",
    "asked.txt",
    "lib.sh",
    "script.sh",
    "out/day/2026-01-01.txt",
    "out/all.txt",
    "out/tree/list",
];

pub(super) const SELECTIONS: [&[&str]; 6] = [
    &[],
    &["day"],
    &["running"],
    &["tree", "found"],
    &["+last"],
    &["day+"],
];

fn file() -> impl Strategy<Value = &'static str> {
    prop::sample::select(FILES.to_vec())
}

pub(super) fn steps() -> impl Strategy<Value = Step> {
    let day = prop::sample::select(vec!["2026-01-01", "2026-01-02", "2026-01-03"]);
    let asset = prop::sample::select(vec!["day", "running", "all", "tree", "site", "below"]);
    prop_oneof![
        6 => (file(), 0..3_u8).prop_map(|(file, content)| Step::Write(file, content)),
        2 => file().prop_map(Step::Remove),
        1 => file().prop_map(Step::Touch),
        1 => file().prop_map(Step::Chmod),
        1 => (file(), file()).prop_map(|(at, to)| Step::Link(at, to)),
        1 => prop::sample::select(vec![None, Some("a"), Some("b")]).prop_map(Step::Mode),
        3 => (
            prop::sample::select(vec![
                &[][..],
                &["day.limit=2"],
                &["day.limit=1"],
                &["asset.day.partition_config.2026-01-01.limit=2"],
                &["found.mode=b"],
                &["found.mode={from_env=\"MODE\"}", "day.label=x"],
            ]),
            prop::option::weighted(0.2, prop::sample::select(vec!["raw/2026-01-01.txt", "folder/a"])),
        ).prop_map(|(set, input)| Step::Configure(set, input)),
        2 => prop::sample::select(vec![None, Some("prod"), Some("test")]).prop_map(Step::Environment),
        2 => prop::sample::select(vec!["2026-01-03", "2026-01-04", "2026-01-05"]).prop_map(Step::Now),
        1 => prop::sample::select(vec![None, Some("other")]).prop_map(Step::Home),
        1 => (prop::sample::select(vec!["k1", "k2"]), any::<bool>()).prop_map(|(key, add)| Step::Key(key, add)),
        2 => prop::sample::select(vec![
            ("echo x >", "echo y >"),
            ("after = \"tree\"\n", ""),
            ("start_offset = -1", "start_offset = -2"),
            ("deps = \"below\"", "deps = [\"below\", \"tree\"]"),
            ("data_version = \"inputs\"\n", ""),
            ("code = \"lib.sh\"", "code = [\"lib.sh\", \"folder/\"]"),
            ("[asset.day]", "# what is made each day\n[asset.day]"),
            ("[source.raw]", "[asset.early]\ncommand = \"echo e > {{output}}\"\noutputs = \"out/early.txt\"\n\n[source.raw]"),
            ("[source.tracked]", "[asset.extra]\ndeps = [\"all\", \"running\"]\ncommand = \"cat {{input.all}} > {{output}}\"\noutputs = \"out/extra.txt\"\n\n[source.tracked]"),
            ("out/all.txt", "out/every.txt"),
            ("limit = 1", "limit = 2"),
            ("{ limit = 2 }", "{ limit = 3 }"),
            ("limit = 5", "limit = 6"),
            ("env = { MODE = \"prod\" }", "env = { MODE = { from_env = \"MODE\" } }"),
            ("locks/Assets.prod.lock", "Assets.prod.lock"),
            ("home = \"prod\"\n", ""),
            ("default = \"a\"", "default = \"b\""),
            ("start = \"2026-01-01\"", "start = \"2026-01-02\""),
            ("[asset.day]\ndeps = \"raw\"\npartitions = \"day\"", "[partitions.later]\ntype = \"daily\"\nstart = \"2026-01-02\"\n\n[asset.day]\ndeps = \"raw\"\npartitions = \"later\""),
            ("[partitions.day]", "[project]\nignore = [\"*.log\"]\n\n[partitions.day]"),
            ("\n[asset.last]\ndeps = \"below\"\ncommand = \"cp {{input.below}} {{output}}\"\noutputs = \"out/last.txt\"\n", ""),
            ("command = \"cat asked.txt > {{output}}\"", "command = \"cat asked.txt asked.txt > {{output}}\""),
        ]).prop_map(|(old, new)| Step::Declare(old, new)),
        5 => Just(Step::Materialize(&[], None, false)),
        3 => (prop::sample::select(SELECTIONS.to_vec()), prop::option::of(day), any::<bool>())
            .prop_map(|(words, day, force)| Step::Materialize(words, day, force)),
        1 => asset.clone().prop_map(Step::Accept),
        1 => (asset, any::<bool>()).prop_map(|(asset, outputs)| Step::Wipe(asset, outputs)),
        1 => Just(Step::Observe),
        1 => Just(Step::Lock),
        1 => any::<u8>().prop_map(Step::Unlock),
        1 => Just(Step::Relock),
        1 => Just(Step::Forget),
        1 => Just(Step::Foreign),
        2 => prop::sample::select(vec![
            &["add", "-f", "tracked/new/b.log"][..],
            &["add", "."][..],
            &["rm", "-q", "--cached", "-r", "tracked"][..],
            &["init", "-q"][..],
        ]).prop_map(Step::Git),
        2 => prop_oneof![
            Just(Damage::Removed),
            any::<u8>().prop_map(Damage::Cut),
            any::<u16>().prop_map(Damage::Flipped),
            Just(Damage::Old),
            Just(Damage::Kept),
            prop::sample::select(vec!["base", "changes"]).prop_map(Damage::Without),
        ].prop_map(Step::Snapshots),
    ]
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) selection: &'static [&'static str],
    pub(super) day: Option<&'static str>,
}

pub(super) fn asked() -> impl Strategy<Value = Asked> {
    let day = prop::sample::select(vec!["2026-01-01", "2026-01-02"]);
    let selection =
        prop_oneof![2 => Just(SELECTIONS[0]), 1 => prop::sample::select(SELECTIONS.to_vec())];
    (selection, prop::option::weighted(0.2, day))
        .prop_map(|(selection, day)| Asked { selection, day })
}
