//! Partitions: exactly the keys that need it run.

use assetctl::app::logs;
use assetctl::model::{Force, LogsRequest, MaterializeOptions, SelectionRequest};

use crate::scenario::{Scenario, keys, only};

const DAYS: &str = r#"
[partitions.day]
type = "daily"
start = "2020-01-30"
end = "2020-02-03"

[partitions.month]
type = "monthly"
start = "2020-01"
end = "2020-03"
format = "%Y-%m"

[source.raw]
path = "raw/{{partition}}.txt"
partitions = "day"

[asset.clean]
deps = "raw"
partitions = "day"
command = "cp {{input}} {{output}}"
outputs = "clean/{{partition}}.txt"

[asset.rolling]
deps = [{ asset = "clean", mapping = "time_window", start_offset = -1, allow_missing = true }]
partitions = "day"
command = "cat {{input.clean}} > {{output}}"
outputs = "rolling/{{partition}}.txt"

[asset.monthly]
deps = [{ asset = "clean", allow_missing = true }]
partitions = "month"
command = "cat {{input.clean}} > {{output}}"
outputs = "monthly/{{partition}}.txt"

[asset.all]
deps = "monthly"
command = "cat {{input.monthly}} > {{output}}"
outputs = "all.txt"
"#;

const FIRST: [&str; 4] = ["2020-01-30", "2020-01-31", "2020-02-01", "2020-02-02"];

fn days(manifest: &str) -> Scenario {
    let project = Scenario::new(manifest);
    for day in FIRST {
        project.write(&format!("raw/{day}.txt"), &format!("{day}\n"));
    }
    project
}

fn at(key: &str) -> MaterializeOptions {
    MaterializeOptions {
        selection: SelectionRequest {
            partitions: keys(&[key]),
            ..SelectionRequest::default()
        },
        ..MaterializeOptions::default()
    }
}

#[test]
fn a_changed_day_runs_its_day_the_windows_that_hold_it_and_its_month() {
    let project = days(DAYS);
    let ran = project.attempt();
    ran.failed(&[]).blocked(&[]);
    assert_eq!(ran.started().len(), 4 + 4 + 2 + 1);
    assert_eq!(
        project.read("all.txt"),
        "2020-01-30\n2020-01-31\n2020-02-01\n2020-02-02\n"
    );
    project.write("raw/2020-01-31.txt", "changed\n");
    let ran = project.runs(&[
        "clean@2020-01-31",
        "rolling@2020-01-31",
        "rolling@2020-02-01",
        "monthly@2020-01",
        "all",
    ]);
    assert_eq!(ran.causes("rolling@2020-02-01"), ["data clean@2020-01-31"]);
    assert_eq!(ran.causes("monthly@2020-01"), ["data clean@2020-01-31"]);
    assert_eq!(
        project.read("rolling/2020-02-01.txt"),
        "changed\n2020-02-01\n"
    );
}

#[test]
fn one_key_runs_what_has_it_and_what_that_needs() {
    let project = days(DAYS);
    let _ = project.runs_only(
        &at("2020-02-01"),
        &["clean@2020-02-01", "clean@2020-01-31", "rolling@2020-02-01"],
    );
    let _ = project.runs_only(
        &only(&["monthly@2020-02"]),
        &["clean@2020-02-02", "monthly@2020-02"],
    );
    assert_eq!(
        project.refused_only(&at("2020-02-09")),
        ["assetctl::app::unknown_key"]
    );
    assert_eq!(
        project.refused_only(&only(&["clean@2021-01-01"])),
        ["assetctl::app::unknown_partition"]
    );
}

#[test]
fn a_missing_day_blocks_its_own_downstream_only() {
    let project = days(DAYS);
    project.remove("raw/2020-02-02.txt");
    let ran = project.attempt();
    ran.failed(&[]).blocked(&[
        "clean@2020-02-02",
        "rolling@2020-02-02",
        "monthly@2020-02",
        "all",
    ]);
    assert_eq!(ran.started().len(), 3 + 3 + 1);
}

#[test]
fn a_window_of_its_own_must_exist_and_one_that_an_offset_asks_for_is_clipped() {
    let project = days(&DAYS.replace(", allow_missing = true", ""));
    let ran = project.attempt();
    ran.failed(&[])
        .blocked(&["monthly@2020-01", "monthly@2020-02", "all"]);
    let why = ran.obstacle("monthly@2020-02");
    assert!(why.contains("of `clean`, which do not exist"), "{why}");
    assert!(why.contains("end_offset = 1"), "{why}");
    assert!(ran.obstacle("monthly@2020-01").contains("begin earlier"));
    let status = project.status();
    assert!(
        status.iter().any(|it| it.starts_with("all blocked")),
        "{status:?}"
    );
    project.edit(
        "start_offset = -1",
        "start_offset = -1, allow_missing = true",
    );
    let ran = project.runs_only(&only(&["rolling@2020-01-30"]), &["rolling@2020-01-30"]);
    assert_eq!(
        ran.causes("rolling@2020-01-30"),
        ["dependency clean remapped"]
    );
}

#[test]
fn a_day_of_a_month_that_has_not_ended_waits_for_it_and_the_rest_runs() {
    let manifest = "[partitions.day]\ntype = \"daily\"\nstart = \"2024-01-30\"\n\
         [partitions.month]\ntype = \"monthly\"\nstart = \"2024-01-01\"\n\
         [asset.month]\npartitions = \"month\"\ncommand = \"echo {{partition}} > {{output}}\"\n\
         [asset.day]\npartitions = \"day\"\ndeps = \"month\"\ncommand = \"cat {{input}} > {{output}}\"\n";
    let project = Scenario::new(manifest).at("2024-02-02T00:00:00Z");
    let ran = project.attempt();
    ran.ran(&["month@2024-01-01", "day@2024-01-30", "day@2024-01-31"])
        .failed(&[])
        .blocked(&["day@2024-02-01"]);
    assert!(
        ran.obstacle("day@2024-02-01")
            .contains("`end_offset = 1` in the partitions of `month`")
    );
    project.edit(
        "start = \"2024-01-01\"",
        "start = \"2024-01-01\"\nend_offset = 1",
    );
    let _ = project.runs(&["month@2024-02-01", "day@2024-02-01"]);
}

#[test]
fn files_that_somebody_else_has_named_are_partitions() {
    let manifest = "[partitions.ward]\ntype = \"files\"\npattern = \"scans/{{partition}}.txt\"\n\
         [source.scan]\npath = \"scans/{{partition}}.txt\"\npartitions = \"ward\"\n\
         [source.more]\npath = \"more/{{partition}}*.txt\"\npartitions = \"ward\"\noptional = true\n\
         [asset.made]\npartitions = \"ward\"\ndeps = [\"scan\", \"more\"]\n\
         command = \"cat {{input.scan}} {{input.more}} > {{output}}\"\noutputs = \"made/{{partition}}.txt\"\n\
         [asset.all]\ndeps = \"made\"\ncommand = \"cat {{input}} > {{output}}\"\n\
         [asset.other]\ncommand = \"echo 1 > {{output}}\"\n";
    let project = Scenario::new(manifest).with(&[
        ("scans/Ward 01.txt", "1\n"),
        ("scans/Größe.txt", "2\n"),
        ("scans/[a-z].txt", "3\n"),
        ("more/[a-z]1.txt", "4\n"),
        ("more/x1.txt", "5\n"),
    ]);
    let steps = ["made@Größe", "made@Ward 01", "made@[a-z]", "all", "other"];
    let _ = project.runs(&steps);
    assert_eq!(project.read("made/Ward%2001.txt"), "1\n");
    assert_eq!(project.read("made/%5Ba-z%5D.txt"), "3\n4\n");
    project.write("more/x1.txt", "changed\n");
    let _ = project.runs(&[]);
    // A name that cannot be a key blocks what uses the definition, and that alone.
    project.write("scans/a...b.txt", "6\n");
    project.edit("echo 1", "echo 2");
    project.edit("cat {{input}} >", "cat  {{input}} >");
    let ran = project.attempt();
    ran.ran(&["other"]).failed(&[]).blocked(&["all"]);
    let why = ran.obstacle("all");
    assert!(
        why.contains("`scans/a...b.txt`") && why.contains("[project] ignore"),
        "{why}"
    );
}

#[test]
fn a_key_that_is_read_is_one_name() {
    let manifest = "[partitions.part]\ntype = \"static\"\nkeys = [\"a/b\", \".\", \"c\"]\n\
         [source.raw]\npath = \"raw/{{partition}}\"\npartitions = \"part\"\n\
         [asset.made]\npartitions = \"part\"\ndeps = \"raw\"\ncommand = \"cat {{input}} > {{output}}\"\n";
    let project = Scenario::new(manifest).with(&[("raw/a/b", "1\n"), ("raw/c", "2\n")]);
    let ran = project.attempt();
    ran.ran(&["made@c"])
        .failed(&[])
        .blocked(&["made@.", "made@a/b"]);
    assert!(
        ran.obstacle("made@a/b")
            .contains("`a/b` cannot be a part of its path")
    );
}

#[test]
fn another_mapping_is_a_remapped_dependency() {
    let project = days(DAYS);
    project.attempt().failed(&[]);
    project.edit("start_offset = -1", "start_offset = -2");
    let ran = project.runs(&[
        "rolling@2020-01-30",
        "rolling@2020-01-31",
        "rolling@2020-02-01",
        "rolling@2020-02-02",
    ]);
    assert_eq!(
        ran.causes("rolling@2020-02-01"),
        ["dependency clean remapped"],
        "one difference is one cause"
    );
}

#[test]
fn a_definition_that_grows_runs_new_keys_and_what_reads_all() {
    let project = days(DAYS);
    project.attempt().failed(&[]);
    project.edit("start = \"2020-01-30\"", "start = \"2020-01-29\"");
    project.write("raw/2020-01-29.txt", "new\n");
    let ran = project.runs(&[
        "clean@2020-01-29",
        "rolling@2020-01-29",
        "rolling@2020-01-30",
        "monthly@2020-01",
        "all",
    ]);
    assert_eq!(ran.causes("monthly@2020-01"), ["data clean@2020-01-29"]);
    project.edit("end = \"2020-02-03\"", "end = \"2020-02-02\"");
    let ran = project.runs(&["monthly@2020-02", "all"]);
    assert_eq!(ran.causes("monthly@2020-02"), ["data clean@2020-02-02"]);
}

const STATIC: &str = r#"
[partitions.region]
type = "static"
keys = ["north", "it's; $(rm -rf /)", "../up"]

[asset.part]
partitions = "region"
deps = "./raw.txt"
command = "echo {{partition}} > {{output}}; cat {{input}} >> {{output}}"
outputs = "part/{{partition}}.txt"

[asset.same]
partitions = "region"
deps = "part"
command = ["cp", "{{input}}", "{{output}}"]
outputs = "same/{{partition}}.txt"

[asset.joined]
deps = [{ asset = "part", mapping = "all" }]
command = "cat {{input.part}} > {{output}}"
outputs = "joined.txt"
"#;

#[test]
fn static_keys_are_words_and_never_code() {
    let project = Scenario::new(STATIC).with(&[("raw.txt", "")]);
    let ran = project.attempt();
    ran.failed(&[]).blocked(&[]);
    assert_eq!(ran.started().len(), 7);
    assert_eq!(
        project.read("joined.txt"),
        "north\nit's; $(rm -rf /)\n../up\n"
    );
    assert!(!project.holds("up.txt"));
    project.edit("\"north\", ", "\"north\", \"south\", ");
    let ran = project.runs(&["part@south", "same@south", "joined"]);
    assert_eq!(ran.causes("joined"), ["data part@south"]);
    project.edit("\"north\", \"south\"", "\"south\", \"north\"");
    let _ = project.runs(&["joined"]);
    assert!(project.read("joined.txt").starts_with("south\nnorth\n"));
}

const SELF: &str = r#"
[partitions.day]
type = "daily"
start = "2020-01-01"
end = "2020-01-05"

[source.raw]
path = "raw/{{partition}}.txt"
partitions = "day"

[asset.total]
partitions = "day"
deps = ["raw", { asset = "total", as = "before", mapping = "time_window", start_offset = -1, end_offset = -1, allow_missing = true }]
command = "cat $ASSETCTL_INPUT_BEFORE {{input.raw}} > {{output}}"
outputs = "total/{{partition}}.txt"
"#;

#[test]
fn an_asset_can_read_its_own_earlier_windows() {
    let project = Scenario::new(SELF);
    for day in 1..=4 {
        project.write(&format!("raw/2020-01-0{day}.txt"), &format!("{day}\n"));
    }
    let _ = project.runs_only(
        &only(&["total@2020-01-02"]),
        &["total@2020-01-01", "total@2020-01-02"],
    );
    let ran = project.runs(&["total@2020-01-03", "total@2020-01-04"]);
    assert_eq!(ran.order(), ["total@2020-01-03", "total@2020-01-04"]);
    assert_eq!(project.read("total/2020-01-04.txt"), "1\n2\n3\n4\n");
    project.write("raw/2020-01-02.txt", "two\n");
    assert_eq!(
        project.status(),
        [
            "total@2020-01-01 fresh",
            "total@2020-01-02 stale (data raw@2020-01-02)",
            "total@2020-01-03 pending (data before@2020-01-02 < data raw@2020-01-02)",
            "total@2020-01-04 pending (data before@2020-01-03 < data before@2020-01-02 < data raw@2020-01-02)",
        ]
    );
    let _ = project.runs(&["total@2020-01-02", "total@2020-01-03", "total@2020-01-04"]);
    project.write("total/2020-01-02.txt", "by hand\n");
    let _ = project.runs(&["total@2020-01-02"]);
}

#[test]
fn an_own_window_that_is_not_there_is_an_empty_word() {
    let project = Scenario::new(
        &SELF
            .replace(", allow_missing = true", "")
            .replace(
                "cat $ASSETCTL_INPUT_BEFORE",
                "test -z {{input.before}} || cat {{input.before}} > {{output}}; cat",
            )
            .replace("> {{output}}\"\noutputs", ">> {{output}}\"\noutputs"),
    );
    for day in 1..=4 {
        project.write(&format!("raw/2020-01-0{day}.txt"), &format!("{day}\n"));
    }
    let all = [
        "total@2020-01-01",
        "total@2020-01-02",
        "total@2020-01-03",
        "total@2020-01-04",
    ];
    let ran = project.runs(&all);
    assert_eq!(ran.order(), all, "each after the one that it reads");
    assert_eq!(project.read("total/2020-01-04.txt"), "1\n2\n3\n4\n");
    let middle = MaterializeOptions {
        force: Force::Selected,
        ..only(&["total@2020-01-02"])
    };
    let ran = project.runs_only(&middle, &["total@2020-01-02"]);
    assert_eq!(ran.unchanged(), ran.started(), "nothing below runs");
    let _ = project.runs(&[]);
    // A middle key whose output comes to differ: later ones run as far as what they read differs.
    project.edit("cat {{input.raw}}", "cut -c1 {{input.raw}}");
    let _ = project.attempt();
    project.write("raw/2020-01-02.txt", "2 but only the first sign counts\n");
    let ran = project.runs(&["total@2020-01-02"]);
    assert_eq!(ran.unchanged(), ran.started());
    project.write("raw/2020-01-02.txt", "x\n");
    let ran = project.runs(&all[1..]);
    assert_eq!(ran.order(), &all[1..]);
}

#[test]
fn long_keys_and_their_signs_name_folders_and_logs() {
    let (long, other) = ("k".repeat(241), "k".repeat(242));
    let project = Scenario::new(&format!(
        "[partitions.p]\ntype = \"static\"\nkeys = [\"{long}\", \"{other}\", \"eu: w/e|x\"]\n\
         [asset.a]\npartitions = \"p\"\n\
         command = \"echo {{{{partition}}}} | tee {{{{output}}}}\"\noutputs = \"a/{{{{partition}}}}\"\n"
    ));
    let keys = [long.as_str(), &other, "eu: w/e|x"];
    let steps = keys.map(|key| format!("a@{key}"));
    let _ = project.runs(&steps.each_ref().map(String::as_str));
    let opened = project.project().expect("it opens");
    for (key, step) in keys.iter().zip(&steps) {
        let request = LogsRequest {
            selected: step.parse().expect("a word"),
            attempt: None,
            run: None,
        };
        let found = logs(&opened, &request).expect("there is one").logs;
        assert_eq!(found.len(), 1, "{key}");
        let log = found[0].path.as_deref().expect("a file");
        assert_eq!(project.read(log), format!("{key}\n"));
    }
}

#[test]
fn after_orders_partitions_key_by_key_within_a_definition() {
    let project = Scenario::new(
        r#"
[partitions.p]
type = "static"
keys = ["x", "y"]

[asset.first]
partitions = "p"
command = "test {{partition}} != y && echo 1 > {{output}}"
outputs = "first/{{partition}}"

[asset.second]
partitions = "p"
after = "first"
command = "echo 2 > {{output}}"
outputs = "second/{{partition}}"

[asset.third]
after = "first"
command = "echo 3 > {{output}}"
outputs = "third"
"#,
    );
    let ran = project.attempt();
    ran.ran(&["first@x", "first@y", "second@x"])
        .failed(&["first@y"])
        .blocked(&["second@y", "third"]);
}
