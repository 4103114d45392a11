//! Outputs that are here are what the lock file says.

use crate::check::{built, cloned, document, line_of, unfresh};

#[test]
fn an_edited_output_is_found_and_a_missing_one_is_fine() {
    let project = built();
    project.remove("build/other.txt");
    assert_eq!(unfresh(&document(&project, &[], 0)), [""; 0]);
    project.write("build/clean/2024-01-02.csv", "by hand\n");
    let altered = [
        "clean@2024-01-02 stale output",
        "window@2024-01-02...2024-01-03 pending data",
        "report pending data",
    ];
    assert_eq!(unfresh(&document(&project, &[], 1)), altered);
    assert_eq!(
        unfresh(&document(&project, &["--outputs", "ignore"], 0)),
        [""; 0]
    );
    let required = unfresh(&document(&project, &["--outputs", "required"], 1));
    assert!(
        required.contains(&"other stale output".to_owned()),
        "{required:?}"
    );
}

#[test]
fn of_two_right_lines_the_one_counts_that_is_on_disk() {
    let project = built();
    let line = line_of(&project, "clean 2024-01-02 ");
    let at = line.find(" o=").expect("it has an output") + " o=".len();
    for digit in ["0", "f"] {
        let other = format!("{}{digit}{}", &line[..at], &line[at + 1..]);
        project.edit("Assets.lock", &line, &format!("{line}\n{other}"));
        let document = document(&project, &[], 0);
        assert_eq!(document["irreproducible"][0]["asset"], "clean");
        project.edit("Assets.lock", &format!("{other}\n"), "");
    }
}

#[test]
fn a_clone_lacks_outputs_where_they_are_required() {
    let clone = cloned(&built());
    let required = document(&clone, &["--outputs", "required", "world"], 1);
    assert_eq!(unfresh(&required), ["world@eu...us stale output"]);
}

#[test]
fn outputs_are_ignored_where_there_is_no_lock_file_too() {
    let project = built();
    project.remove("Assets.lock");
    document(&project, &[], 0);
    project.write("build/clean/2024-01-02.csv", "by hand\n");
    let said = document(&project, &["--outputs", "required"], 1);
    let unfresh = unfresh(&said);
    assert_eq!(unfresh[0], "clean@2024-01-02 stale output");
    document(&project, &["--outputs", "ignore"], 0);
    // What is read is looked at all the same.
    project.append("names.txt", "eve\n");
    let said = document(&project, &["--outputs", "ignore"], 1);
    let unfresh = super::unfresh(&said);
    assert!(
        unfresh.contains(&"other stale data".to_owned())
            && !unfresh.iter().any(|it| it.contains("output")),
        "{unfresh:?}"
    );
}
