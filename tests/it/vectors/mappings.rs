//! Partition mappings as the reference sees them, asked of `partitions map`.

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::vectors::declared::{ask, definition, list, mapping, read, text, texts};

/// Where something else is said on purpose; the reasons stand in `docs/decisions.md`.
const DIVERGENCES: [&str; 3] = [
    r#"map-016 upstream of "2024-01-01""#,
    r#"map-019 upstream of "2024-01-01""#,
    "map-070",
];

#[test]
fn mappings_are_the_references_but_for_known_divergences() {
    let vectors = read("mappings");
    let mut found = Vec::new();
    let mut compared = 0;
    for case in list(&vectors["cases"]) {
        compared += 1;
        let id = text(&case["id"]);
        let expected = &case["expect"];
        let project = project(case);
        let listed = ask(&project, &case["now"], &["list"]);
        let (Some(listed), None) = (&listed, expected.get("definition_error")) else {
            if listed.is_some() || expected.get("definition_error").is_none() {
                found.push(id);
            }
            continue;
        };
        let asset = list(&listed["assets"]).find(|it| it["key"] == "down");
        let inferred = &asset.expect("it is declared")["deps"][0]["mapping"];
        if *inferred != expected["resolved_mapping"] {
            found.push(format!("{id} is {inferred}"));
        }
        for (way, one, many) in [
            ("upstream", "downstream_key", "upstream_keys"),
            ("downstream", "upstream_key", "downstream_keys"),
        ] {
            for entry in list(&expected[format!("{way}_of")]) {
                compared += 1;
                let said = mapped(&project, case, way, &entry[one]);
                let absent = sorted(&entry["required_but_nonexistent"]);
                if said != Some((sorted(&entry[many]), absent)) {
                    found.push(format!("{id} {way} of {}", entry[one]));
                }
            }
        }
    }
    assert_eq!(found, DIVERGENCES, "the list of divergences");
    assert!(compared >= 75, "{compared} expectations were compared");
}

/// A project with an asset `down` that reads a source `up`, or itself.
fn project(case: &Value) -> Sandbox {
    let side = |name: &str, spec: &Value| match spec {
        Value::Null => String::new(),
        spec => format!("{name} = {{ {} }}\n", definition(spec)),
    };
    let partitions = |name: &str, spec: &Value| match spec {
        Value::Null => String::new(),
        _ => format!("partitions = \"{name}\"\n"),
    };
    let (upstream, downstream) = (&case["upstream"], &case["downstream"]);
    let mut dep = vec![format!("asset = \"{}\"", input(case))];
    dep.extend(mapping(&case["mapping"]));
    let manifest = format!(
        "[project]\n[partitions]\n{}{}[source.up]\nobserve = \"echo\"\n{}[asset.down]\ncommand = \"touch {{{{output}}}}\"\n{}deps = [{{ {} }}]\n",
        side("upper", upstream),
        side("lower", downstream),
        partitions("upper", upstream),
        partitions("lower", downstream),
        dep.join(", "),
    );
    Sandbox::new().with_file("Assets.toml", &manifest)
}

/// What `down` reads.
fn input(case: &Value) -> &'static str {
    if text(&case["description"]).starts_with("self-dependency") {
        "down"
    } else {
        "up"
    }
}

/// The partitions of the other side, and needed keys that do not exist; both sorted.
fn mapped(
    project: &Sandbox,
    case: &Value,
    way: &str,
    key: &Value,
) -> Option<(Vec<String>, Vec<String>)> {
    let mut words = vec!["partitions", "map", "down", "--dep", input(case)];
    if way == "downstream" {
        words.push("--downstream");
    }
    if let Some(key) = key.as_str() {
        words.extend(["--partition", key]);
    }
    let answer = ask(project, &case["now"], &words)?;
    Some((sorted(&answer[way]), sorted(&answer["nonexistent"])))
}

fn sorted(keys: &Value) -> Vec<String> {
    let mut keys = texts(keys);
    keys.sort_unstable();
    keys
}
