//! The lock file is the same whether a run puts its lines into the text that is there, or writes all of it anew.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::app::tests::sandbox::{CHAIN, Sandbox};
use crate::lockfile::{parse, print};

/// What assetctl notes of the text that it has written.
const NOTE: &str = ".assetctl/lockfile.written";

#[derive(Clone, Copy, Debug)]
enum Edit {
    Source(u8, u8),
    Code(u8),
    NewDay(u8),
    LineGone(usize),
    LineTwice(usize),
    LineMoved(usize),
    LineWrong(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    (0..8_u8, any::<u8>()).prop_map(|(kind, number)| match kind {
        0 => Edit::Code(number),
        1 => Edit::NewDay(number),
        2 => Edit::LineGone(number.into()),
        3 => Edit::LineTwice(number.into()),
        4 => Edit::LineMoved(number.into()),
        5 => Edit::LineWrong(number.into()),
        _ => Edit::Source(number % 3, number),
    })
}

fn apply(sandbox: &Sandbox, edit: Edit) {
    let text = sandbox.read("Assets.lock");
    let mut lines: Vec<&str> = text.lines().skip(2).collect();
    let mut wrong = String::new();
    match edit {
        Edit::Source(day, seed) => {
            sandbox.write(format!("raw/d{}.csv", day + 1), format!("{seed}\n"));
        }
        Edit::Code(seed) => {
            let declared = sandbox.read("Assets.toml");
            let (before, _) = declared.rsplit_once("outputs = ").expect("declared");
            let output = "outputs = \"build/all.csv\"\n";
            sandbox.write(
                "Assets.toml",
                format!("{before}{output}env = {{ SEED = \"{seed}\" }}\n"),
            );
        }
        Edit::NewDay(number) => {
            let (day, declared) = (format!("n{}", number % 4), sandbox.read("Assets.toml"));
            if !declared.contains(&format!("\"{day}\"")) {
                sandbox.write(
                    "Assets.toml",
                    declared.replacen("keys = [", &format!("keys = [\"{day}\", "), 1),
                );
                sandbox.write(format!("raw/{day}.csv"), "new\n");
            }
        }
        Edit::LineGone(at) => {
            lines.remove(at % lines.len());
        }
        Edit::LineTwice(at) => lines.push(lines[at % lines.len()]),
        Edit::LineMoved(at) => {
            let line = lines.remove(at % lines.len());
            lines.push(line);
        }
        Edit::LineWrong(at) => {
            let at = at % lines.len();
            wrong.push_str(&lines[at].replacen(" i=", " i=0", 1));
            let end = wrong.find(" i=").expect("a fingerprint") + 4 + 31;
            wrong.replace_range(end..=end, "");
            lines[at] = &wrong;
        }
    }
    let header = text.lines().take(2);
    let edited: Vec<&str> = header.chain(lines).collect();
    sandbox.write("Assets.lock", &(edited.join("\n") + "\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn splicing_gives_what_writing_anew_gives(edits in vec(vec(edit(), 1..3), 1..5)) {
        let [spliced, anew] = [Sandbox::chain(), Sandbox::chain()];
        for sandbox in [&spliced, &anew] {
            sandbox.materialize(&[]);
            prop_assert!(sandbox.exists(NOTE));
        }
        for edits in edits {
            for edit in edits {
                apply(&spliced, edit);
                apply(&anew, edit);
            }
            fs::remove_file(anew.path(NOTE)).expect("removed");
            let edited = spliced.read("Assets.lock");
            prop_assert_eq!(spliced.materialize(&[]), anew.materialize(&[]));
            let text = spliced.read("Assets.lock");
            prop_assert_eq!(&text, &anew.read("Assets.lock"));
            if text != edited {
                let parsed = parse("Assets.lock", text.as_bytes()).expect("a lock file");
                prop_assert_eq!(&text, &print(&parsed.lock));
            }
            anew.write(NOTE, "");
        }
    }
}

#[test]
fn what_somebody_else_has_written_is_read_as_a_whole() {
    let sandbox = Sandbox::new(CHAIN);
    for day in ["d1", "d2", "d3"] {
        sandbox.write(format!("raw/{day}.csv"), day);
    }
    sandbox.materialize(&[]);
    let before = sandbox.read("Assets.lock");
    let reversed: Vec<&str> = before.lines().skip(2).collect();
    let header: Vec<&str> = before.lines().take(2).collect();
    let lines = header.into_iter().chain(reversed.into_iter().rev());
    let edited: Vec<&str> = lines.collect();
    sandbox.write("Assets.lock", &(edited.join("\n") + "\n"));
    sandbox.write("raw/d2.csv", "other");
    sandbox.materialize(&[]);
    let after = sandbox.read("Assets.lock");
    let parsed = parse("Assets.lock", after.as_bytes()).expect("a lock file");
    assert_eq!(after, print(&parsed.lock));
    let same = after.lines().filter(|line| before.contains(line)).count();
    assert_eq!((after.lines().count(), same), (6, 4));
}
