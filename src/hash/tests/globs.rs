use crate::hash::HashError;
use crate::hash::tests::Project;
use crate::model::Counted;

fn project() -> Project {
    let project = Project::new();
    project
        .write("data/a.csv", "a")
        .write("data/b.csv", "b")
        .write("data/B.txt", "B")
        .write("data/.hidden.csv", "h")
        .write("data/2013/x.csv", "x")
        .write("data/2013/deep/y.csv", "y")
        .write("data/2014/x.csv", "x")
        .write("data/folder.csv/z", "z")
        .link("data/linked", "../other")
        .write("other/x.csv", "o")
        .link("data/link.csv", "a.csv")
        .link("data/dangling.csv", "none")
        .link("data/2014/loop", "..");
    project
}

#[test]
fn patterns_match_files_and_links_to_files_in_order_of_bytes() {
    let project = project();
    let root = project.directory.root().display().to_string();
    let absolute = format!("{root}/data/[ab].csv");
    let (a, b) = (format!("{root}/data/a.csv"), format!("{root}/data/b.csv"));
    let table: [(&str, &[&str]); 16] = [
        ("data/[ab].csv", &["data/a.csv", "data/b.csv"]),
        ("./data/?.csv", &["./data/a.csv", "./data/b.csv"]),
        (&absolute, &[&a, &b]),
        ("data/*.txt", &["data/B.txt"]),
        (
            "data/*.csv",
            &[
                "data/.hidden.csv",
                "data/a.csv",
                "data/b.csv",
                "data/link.csv",
            ],
        ),
        (
            "data/*/x.csv",
            &["data/2013/x.csv", "data/2014/x.csv", "data/linked/x.csv"],
        ),
        ("data/linked/*", &["data/linked/x.csv"]),
        ("data/**/x.csv", &["data/2013/x.csv", "data/2014/x.csv"]),
        ("**/y.csv", &["data/2013/deep/y.csv"]),
        (
            "data/{2013/deep,2014}/*.csv",
            &["data/2013/deep/y.csv", "data/2014/x.csv"],
        ),
        ("data/a.csv", &["data/a.csv"]),
        ("data/link.csv", &["data/link.csv"]),
        (r"data/\a.csv", &["data/a.csv"]),
        ("data/dangling.csv", &[]),
        ("data/2013", &[]),
        ("none/*", &[]),
    ];
    for (pattern, paths) in table {
        assert_eq!(
            project
                .versions()
                .expand::<&str>(pattern, &[], Counted::Files)
                .unwrap(),
            paths,
            "{pattern}"
        );
        let found = project.glob(pattern);
        assert_eq!(found.paths, paths, "{pattern}");
        assert_eq!(found.bytes, paths.len() as u64, "{pattern}");
    }
}

#[test]
fn the_version_is_that_of_names_and_contents() {
    let project = project();
    let of = |pattern: &str| project.glob(pattern).version;
    let before = of("data/*.csv");
    let root = project.directory.root().display();
    assert_eq!(
        of(&format!("{root}/data/*.csv")),
        before,
        "an absolute pattern"
    );
    assert_ne!(of("data/[ab].csv"), before);
    assert_eq!(
        of("data/a.csv"),
        of("data/[a].csv"),
        "a pattern that is none"
    );
    assert_eq!(
        of("data/link.csv"),
        of("data/[l]ink.csv"),
        "the same of a link"
    );
    assert_ne!(of("data/none*"), before);
    project
        .write("data/B.txt", "not matched")
        .write("data/2013/new.csv", "deeper");
    assert_eq!(of("data/*.csv"), before);
    project.write("data/c.csv", "");
    let more = of("data/*.csv");
    assert_ne!(more, before);
    project.remove("data/c.csv").write("data/d.csv", "");
    assert_ne!(of("data/*.csv"), more);
    project.remove("data/d.csv");
    assert_eq!(of("data/*.csv"), before);
    project.write("data/b.csv", "B");
    assert_ne!(of("data/*.csv"), before);
}

#[test]
fn what_is_no_pattern_is_refused_whole() {
    let project = project();
    for pattern in ["data/[a", "data/{a,b", "data/*/[z-a]"] {
        match project
            .versions()
            .expand::<&str>(pattern, &[], Counted::Files)
        {
            Err(HashError::Pattern { pattern: named, .. }) => assert_eq!(named, pattern),
            other => panic!("{pattern}: {other:?}"),
        }
    }
}
