//! Very many upstream partitions of one step.

use crate::scenario::Scenario;

/// So many days from the start on; enough that no command line holds their paths.
const DAYS: usize = 20_000;

const MANY: &str = r#"
[partitions.day]
type = "daily"
start = "1960-01-01"
end = "2014-10-04"

[source.raw]
path = "raw/{{partition}}"
partitions = "day"

[asset.count]
deps = "raw"
command = "tail -n 1 {{input_list.raw}} > {{output}}; wc -l < $ASSETCTL_INPUT_RAW_LIST | tr -d ' ' >> {{output}}"
outputs = "count.txt"

[asset.apart]
command = "echo 1 > {{output}}"
outputs = "apart.txt"
"#;

#[test]
fn all_of_very_many_inputs_come_as_a_list() {
    let project = Scenario::new(MANY);
    std::fs::create_dir(project.path("raw")).expect("it can be made");
    let first = jiff::civil::date(1960, 1, 1);
    for day in first.series(jiff::Span::new().days(1)).take(DAYS) {
        std::fs::write(project.path(&format!("raw/{day}")), "").expect("it can be written");
    }
    let _ = project.runs(&["count", "apart"]);
    assert_eq!(
        project.read("count.txt"),
        format!("raw/2014-10-03\n{DAYS}\n")
    );
    project.write("raw/1999-12-31", "changed");
    let ran = project.runs(&["count"]);
    assert_eq!(ran.causes("count"), ["data raw@1999-12-31"]);

    project.remove("apart.txt");
    project.edit("tail -n 1 {{input_list.raw}}", "tail -n 1 {{input.raw}}");
    let ran = project.attempt();
    ran.ran(&["apart"]).failed(&[]).blocked(&["count"]);
    let why = format!("the input `raw` has {DAYS} paths: read them from the file");
    assert!(ran.obstacle("count").contains(&why));
}
