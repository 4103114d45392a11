use std::collections::BTreeMap;

use proptest::collection::btree_map;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::Config;

use crate::hash::Found;
use crate::hash::tests::Project;
use crate::testkit;

type Change = fn(&Project) -> &testkit::Folder;

#[test]
fn names_kinds_and_contents_count_and_nothing_else() {
    let project = Project::new();
    let base = |root: &str| {
        project
            .write(format!("{root}/a"), "1")
            .write(format!("{root}/sub/b"), "2")
            .link(format!("{root}/link"), "a")
            .link(format!("{root}/dangling"), "none");
        root.to_owned()
    };
    let version = |path: &str| project.version(path);
    let same = version(&base("tree"));
    assert_eq!(version(&base("moved/elsewhere")), same);
    let changes: [(&str, Change); 9] = [
        ("content", |project| project.write("c0/a", "9")),
        ("executable bit", |project| project.mode("c1/sub/b", 0o755)),
        ("name", |project| project.remove("c2/a").write("c2/A", "1")),
        ("empty folder", |project| project.folder("c3/new")),
        ("empty file", |project| project.write("c4/new", "")),
        ("link text", |project| project.link("c5/link", "./a")),
        ("dangling text", |project| {
            project.link("c6/dangling", "nobody")
        }),
        ("level", |project| {
            project.remove("c7/a").write("c7/sub/a", "1")
        }),
        ("link for file", |project| {
            project.remove("c8/a").link("c8/a", "sub/b")
        }),
    ];
    let mut seen = vec![same];
    for (number, (what, change)) in changes.iter().enumerate() {
        let root = base(&format!("c{number}"));
        change(&project);
        let after = version(&root);
        assert!(!seen.contains(&after), "{what}");
        seen.push(after);
    }
}

#[test]
fn links_in_a_tree_follow_files_and_stop_at_directories() {
    let project = Project::new();
    project
        .write("outside/file", "1")
        .link("tree/file", "../outside/file")
        .link("tree/folder", "../outside")
        .link("tree/loop", ".");
    let before = project.version("tree");
    project.write("outside/more", "x");
    assert_eq!(project.version("tree"), before, "a folder behind a link");
    project.write("outside/file", "2");
    assert_ne!(project.version("tree"), before, "a file behind a link");
}

#[test]
fn ignored_names_are_no_part_wherever_they_are() {
    let project = Project::new();
    project.write("tree/left/a", "1").write("tree/b", "2");
    let before = project.version("tree");
    let glob = project.glob("tree/**");
    for path in [
        "tree/x.tmp",
        "tree/left/deep.tmp/file",
        "tree/.git/HEAD",
        "tree/left/__pycache__/a.pyc",
        "tree/.DS_Store",
        "tree/.assetctl/x",
        "tree/left/out/file",
    ] {
        project.write(path, "noise");
        assert_eq!(project.glob("tree/**"), glob, "{path}");
    }
    project.remove("tree/left/deep.tmp");
    assert_eq!(project.version("tree"), before);
    project.write("tree/right/out/file", "no noise");
    assert_ne!(project.version("tree"), before);
    assert!(matches!(
        project.found("tree/x.tmp"),
        Ok(Found::File { .. })
    ));
}

/// The file systems of macOS refuse names that are no text.
#[cfg(target_os = "linux")]
#[test]
fn the_order_of_names_is_that_of_their_bytes_and_names_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let project = Project::new();
    let names: [&[u8]; 4] = [b"a/b", b"a-b", b"a", b"\xff"];
    let write = |root: &str, names: &[&[u8]]| {
        project.folder(root);
        for name in names.iter().filter(|name| **name != b"a") {
            let path = project.path(root).join(OsStr::from_bytes(name));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        project.version(root)
    };
    let forwards = write("one", &names);
    let backwards: Vec<&[u8]> = names.iter().rev().copied().collect();
    assert_eq!(write("two", &backwards), forwards);
    let hexadecimal = write("three", &names[..3]);
    project.write("three/ff", b"\xff");
    assert_ne!(project.version("three"), forwards);
    assert_ne!(project.version("three"), hexadecimal);
}

#[derive(Clone, Debug, PartialEq)]
enum Model {
    File(String, bool),
    Link(String),
    Folder(BTreeMap<String, Model>),
}

fn models() -> impl Strategy<Value = Model> {
    let leaf = prop_oneof![
        ("[ab]{0,2}", any::<bool>()).prop_map(|(content, script)| Model::File(content, script)),
        prop_oneof![Just("x"), Just("xy")].prop_map(|text| Model::Link(text.to_owned())),
    ];
    let folder = leaf.prop_recursive(2, 6, 3, |inner| {
        btree_map("[ab]{1,2}", inner, 0..3).prop_map(Model::Folder)
    });
    btree_map("[ab]{1,2}", folder, 0..3).prop_map(Model::Folder)
}

fn write(project: &Project, path: &str, model: &Model) {
    match model {
        Model::File(content, is_script) => {
            let mode = if *is_script { 0o755 } else { 0o644 };
            project.write(path, content).mode(path, mode);
        }
        Model::Link(text) => {
            project.link(path, text);
        }
        Model::Folder(members) => {
            project.folder(path);
            for (name, member) in members {
                write(project, &format!("{path}/{name}"), member);
            }
        }
    }
}

proptest! {
    #![proptest_config(Config::with_cases(200))]
    #[test]
    fn trees_have_one_version_exactly_if_they_are_equal(one in models(), other in models()) {
        let project = Project::new();
        write(&project, "one", &one);
        write(&project, "other", &other);
        prop_assert_eq!(one == other, project.version("one") == project.version("other"));
    }
}
