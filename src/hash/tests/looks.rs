//! What a second look at something tells of what happened between.

use std::collections::HashMap;
use std::sync::{Arc, Barrier};
use std::time::Duration;
use std::{fs, thread};

use rustix::fs::CWD;

use super::Project;
use crate::hash::{Difference, Sightings, Versions};
use crate::model::{Counted, Watched};
use crate::sys::file::{Follow, stamp_at};
use crate::testkit;

/// After so long a file is older than a tick of the clock, in whatever steps that moves.
const OLD: Duration = Duration::from_millis(40);

type Edit = (
    &'static str,
    fn(&Project) -> &testkit::Folder,
    Option<&'static str>,
);

fn project() -> Project {
    let project = Project::new();
    project
        .write("one.csv", "1")
        .write("dir/a", "a")
        .write("dir/sub/b", "b")
        .write("raw/x.csv", "x")
        .write("raw/y.csv", "y")
        .write("raw/notes.txt", "")
        .folder("conf")
        .link("link.csv", "one.csv");
    project
}

fn path(path: &str) -> Watched {
    Watched::Path(path.to_owned(), Counted::Files)
}

fn glob(pattern: &str) -> Watched {
    Watched::Glob {
        pattern: pattern.to_owned(),
        except: Vec::new(),
        counted: Counted::Files,
    }
}

/// Asserts what each edit does to what is watched: the path that changed, or nothing.
#[track_caller]
fn check(watched: &Watched, edits: &[Edit]) {
    for (what, edit, expected) in edits {
        // A folder that was made just now proves nothing by its stamp; the others are not listed again.
        for age in [Duration::ZERO, OLD] {
            let project = project();
            thread::sleep(age);
            let before = Arc::new(project.versions().look(watched).unwrap());
            edit(&project);
            let now = project.versions().look_again(watched, &before).unwrap();
            let difference = before.difference(&now, |_, _| false);
            let expected = expected.map_or(Difference::None, |path| {
                Difference::Changed(path.to_owned())
            });
            assert_eq!(difference, expected, "{watched:?}, {what}, after {age:?}");
        }
        check_since_judged(watched, (what, *edit, *expected));
    }
}

/// Asserts the same of an edit after the version was taken of a folder or a glob, of which no file has to be read.
#[track_caller]
fn check_since_judged(watched: &Watched, (what, edit, expected): Edit) {
    let project = project();
    thread::sleep(OLD);
    let versions = project.versions().keeping_looks(HashMap::new());
    let judge = || match watched {
        Watched::Path(path, counted) | Watched::Word(path, counted) => {
            drop(versions.of_input(path, *counted));
        }
        Watched::Glob {
            pattern, counted, ..
        } => drop(versions.of_glob::<&str>(pattern, &[], *counted)),
    };
    judge();
    // The files are known by now.
    drop(versions.judged_look(watched));
    judge();
    let Some(before) = versions.judged_look(watched) else {
        let text = watched.text();
        assert!(!text.starts_with("raw/*") && text != "dir/", "{text}");
        return;
    };
    edit(&project);
    let now = versions.look_again(watched, &before).unwrap();
    let expected = expected.map_or(Difference::None, |path| {
        Difference::Changed(path.to_owned())
    });
    assert_eq!(
        before.difference(&now, |_, _| false),
        expected,
        "{watched:?}, {what}, since it was judged"
    );
}

#[test]
fn a_file_that_went_back_was_changed() {
    check(
        &path("one.csv"),
        &[
            ("nothing", |it| it, None),
            (
                "written, and written back",
                |it| it.write("one.csv", "2").write("one.csv", "1"),
                Some("one.csv"),
            ),
            ("removed", |it| it.remove("one.csv"), Some("one.csv")),
            (
                "moved away and copied back",
                |it| {
                    fs::rename(it.path("one.csv"), it.path("kept")).unwrap();
                    fs::copy(it.path("kept"), it.path("one.csv")).unwrap();
                    it
                },
                Some("one.csv"),
            ),
            ("another file came", |it| it.write("two.csv", "2"), None),
        ],
    );
    check(
        &path("link.csv"),
        &[
            (
                "its target was written back",
                |it| it.write("one.csv", "2").write("one.csv", "1"),
                Some("link.csv"),
            ),
            (
                "it led elsewhere for a moment",
                |it| it.link("link.csv", "raw/x.csv").link("link.csv", "one.csv"),
                Some("link.csv"),
            ),
        ],
    );
}

#[test]
fn absence_is_a_stamp() {
    check(
        &path("conf/extra.toml"),
        &[
            (
                "it came",
                |it| it.write("conf/extra.toml", ""),
                Some("conf/extra.toml"),
            ),
            (
                "it came and went",
                |it| it.write("conf/extra.toml", "").remove("conf/extra.toml"),
                Some("conf/extra.toml"),
            ),
            (
                "something else came",
                |it| it.write("conf/other.toml", ""),
                None,
            ),
        ],
    );
    check(
        &path("gone/extra.toml"),
        &[(
            "it came and went with its folder",
            |it| it.write("gone/extra.toml", "").remove("gone"),
            Some("gone/extra.toml"),
        )],
    );
    check(
        &Watched::Word("conf/run.sh".to_owned(), Counted::Files),
        &[
            (
                "it came",
                |it| it.write("conf/run.sh", ""),
                Some("conf/run.sh"),
            ),
            (
                "something came and went",
                |it| it.write("conf/t", "").remove("conf/t"),
                None,
            ),
        ],
    );
}

#[test]
fn a_folder_tells_of_what_came_and_went_unless_something_else_came() {
    check(
        &path("dir/"),
        &[
            ("nothing", |it| it, None),
            (
                "a file came and went",
                |it| it.write("dir/sub/c", "").remove("dir/sub/c"),
                Some("dir/sub/"),
            ),
            (
                "a file came",
                |it| it.write("dir/sub/c", ""),
                Some("dir/sub/c"),
            ),
            (
                "a file was written back",
                |it| it.write("dir/a", "2").write("dir/a", "a"),
                Some("dir/a"),
            ),
            (
                "litter came",
                |it| it.write("dir/x.tmp", "").folder("dir/sub/__pycache__"),
                None,
            ),
            (
                "litter came, and a file went",
                |it| it.write("dir/x.tmp", "").remove("dir/a"),
                Some("dir/a"),
            ),
            ("it is gone", |it| it.remove("dir"), Some("dir")),
        ],
    );
}

#[test]
fn how_a_folder_was_judged_is_not_kept_once_something_was_put_beside() {
    let project = project();
    thread::sleep(OLD);
    let versions = project.versions().keeping_looks(HashMap::new());
    for (watched, beside) in [
        (glob("raw/*.csv"), "raw/out.txt"),
        (path("dir/"), "dir/x.tmp"),
    ] {
        let judge = || match &watched {
            Watched::Glob {
                pattern, counted, ..
            } => drop(versions.of_glob::<&str>(pattern, &[], *counted)),
            other => drop(versions.of_input(other.text(), Counted::Files)),
        };
        judge();
        drop(versions.judged_look(&watched));
        judge();
        project.write(beside, "");
        assert!(versions.judged_look(&watched).is_none(), "{watched:?}");
    }
}

#[test]
fn what_was_seen_a_moment_earlier_is_not_asked_again() {
    for watched in [path("dir/"), glob("raw/*.csv"), glob("**/[a-z]*")] {
        let project = project();
        thread::sleep(OLD);
        let judge = |versions: &Versions<'_>| match &watched {
            Watched::Glob {
                pattern, counted, ..
            } => {
                versions
                    .of_glob::<&str>(pattern, &[], *counted)
                    .unwrap()
                    .version
            }
            other => versions
                .of_input(other.text(), Counted::Files)
                .unwrap()
                .version()
                .unwrap(),
        };
        let version = judge(&project.versions());
        let earlier = project.versions().look(&watched).unwrap();
        // It is not looked at, so it does not show.
        project
            .write("dir/sub/c", "c")
            .write("raw/z.csv", "z")
            .write("dir/a", "2");
        for (folders, is_same) in [("settled", true), ("listed again", false)] {
            let mut earlier = earlier.clone();
            let settled = earlier.folders.iter_mut();
            settled.for_each(|folder| folder.is_settled = is_same);
            let earlier = HashMap::from([(watched.clone(), earlier)]);
            let versions = project.versions().keeping_looks(earlier);
            assert_eq!(
                judge(&versions) == version,
                is_same,
                "{watched:?}, {folders}"
            );
            assert_eq!(
                judge(&versions),
                judge(&project.versions()),
                "{watched:?}, once more"
            );
        }
    }
}

#[test]
fn a_glob_does_not_match_a_link_whose_target_has_gone_since_an_earlier_look() {
    let project = project();
    project.link("raw/z.csv", "../one.csv");
    thread::sleep(OLD);
    let watched = glob("raw/*.csv");
    project.remove("one.csv");
    let mut earlier = project.versions().look(&watched).unwrap();
    let own = stamp_at(CWD, &project.path("raw/z.csv"), Follow::Nothing).unwrap();
    earlier.entries.push(("raw/z.csv".into(), own));
    earlier.entries.push(("raw/z.csv".into(), None));
    let versions = project
        .versions()
        .keeping_looks(HashMap::from([(watched, earlier)]));
    let found = versions
        .of_glob::<&str>("raw/*.csv", &[], Counted::Files)
        .unwrap();
    assert_eq!(found.paths, ["raw/x.csv", "raw/y.csv"]);
}

#[test]
fn links_in_a_folder_are_looked_at_again_with_their_targets() {
    let watched = &path("dir/");
    let linked = |edit: fn(&Project)| {
        let project = project();
        project
            .link("dir/file", "../one.csv")
            .link("dir/folder", "../raw")
            .link("dir/nowhere", "../later");
        thread::sleep(OLD);
        let before = Arc::new(project.versions().look(watched).unwrap());
        edit(&project);
        let now = project.versions().look_again(watched, &before).unwrap();
        before.difference(&now, |_, _| false)
    };
    let changed = |path: &str| Difference::Changed(path.to_owned());
    assert_eq!(linked(|_| ()), Difference::None);
    assert_eq!(linked(|it| _ = it.write("raw/z", "")), Difference::None);
    let edited = linked(|it| _ = it.write("one.csv", "2"));
    assert_eq!(edited, changed("dir/file"));
    let came = linked(|it| _ = it.write("later", ""));
    assert_eq!(came, changed("dir/nowhere"));
}

#[test]
fn a_glob_tells_of_what_came_and_went_unless_something_else_came() {
    check(
        &glob("raw/*.csv"),
        &[
            ("nothing", |it| it, None),
            (
                "a match came and went",
                |it| it.write("raw/z.csv", "").remove("raw/z.csv"),
                Some("raw/"),
            ),
            (
                "a match went and came back",
                |it| {
                    fs::rename(it.path("raw/x.csv"), it.path("kept")).unwrap();
                    fs::rename(it.path("kept"), it.path("raw/x.csv")).unwrap();
                    it
                },
                Some("raw/x.csv"),
            ),
            (
                "an output was put beside",
                |it| {
                    fs::write(it.path("staged"), "out").unwrap();
                    fs::rename(it.path("staged"), it.path("raw/out.txt")).unwrap();
                    it
                },
                None,
            ),
            (
                "another file was replaced",
                |it| {
                    fs::write(it.path("raw/new"), "").unwrap();
                    fs::rename(it.path("raw/new"), it.path("raw/notes.txt")).unwrap();
                    it
                },
                None,
            ),
            ("another file went", |it| it.remove("raw/notes.txt"), None),
        ],
    );
    check(
        &glob("later/*.csv"),
        &[(
            "its folder came and went",
            |it| it.write("later/a.csv", "").remove("later"),
            Some("./"),
        )],
    );
}

#[test]
fn the_ctime_of_a_file_that_was_linked_to_proves_nothing() {
    let project = project();
    let before = project.versions().look(&path("one.csv")).unwrap();
    fs::hard_link(project.path("one.csv"), project.path("other")).unwrap();
    let now = project.versions().look(&path("one.csv")).unwrap();
    assert_eq!(before.difference(&now, |_, _| true), Difference::Linked);
    assert!(matches!(
        before.difference(&now, |_, _| false),
        Difference::Changed(_)
    ));
}

#[test]
fn outputs_are_adopted_only_where_ticks_are_short() {
    for (tick, is_adopted) in [(2_000, false), (100, false), (99, true), (10, true)] {
        let project = Project::new();
        project.write("staged", "x");
        let versions = project.versions().with_tick(Duration::from_millis(tick));
        let settled = versions.settle("staged", "out").unwrap();
        fs::rename(project.path("staged"), project.path("out")).unwrap();
        versions.adopt("out", &settled);
        assert_eq!(versions.is_at("out", &settled), is_adopted, "{tick} ms");
        let found = versions.of_path("out").unwrap();
        assert_eq!(
            found,
            settled.found(),
            "it is read where it was not adopted"
        );
    }
}

/// Whether the file that comes is listed or not, the stamp of its folder is of the same moment.
#[test]
fn what_comes_while_a_folder_is_looked_at_has_not_come_and_gone() {
    let project = project();
    // To list them takes longer than to make a file.
    for number in 0..3_000 {
        project.write(format!("{number}.txt"), "");
    }
    let absent = path("later/absent.csv");
    let versions = project.versions();
    let start = Barrier::new(2);
    for round in 0..60 {
        let before = thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                fs::write(project.path(format!("{round}.csv")), "").unwrap();
            });
            start.wait();
            versions.look(&absent).unwrap()
        });
        let now = versions.look(&absent).unwrap();
        let difference = before.difference(&now, |_, _| false);
        assert_eq!(difference, Difference::None, "in round {round}");
    }
}

#[test]
fn a_folder_is_sighted_unless_what_git_ignores_is_left_out() {
    let project = project();
    thread::sleep(OLD);
    for (counted, is_sighted) in [(Counted::Files, true), (Counted::NotIgnored, false)] {
        let versions = project.versions().keeping_looks(HashMap::new());
        for (path, is_plain) in [("dir", false), ("one.csv", true)] {
            let found = versions.of_input(path, counted).unwrap();
            let version = found.version().expect("it is there");
            let watched = Watched::Path(path.to_owned(), counted);
            let mut sightings = Sightings::default();
            let sighted = versions.sight(&mut sightings, &watched, version);
            assert_eq!(sighted, is_sighted || is_plain, "{path} {counted:?}");
        }
    }
}
