//! The keys of partitions definitions as the reference sees them, asked of `partitions list`.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::vectors::declared::{ask, definition, list, read, text, texts};

/// Where something else is said on purpose; the reasons stand in `docs/decisions.md`.
const DIVERGENCES: [&str; 5] = [
    "part-070",
    "part-073",
    r#"lookup-001 range ["2024-01-04","2024-01-02"]"#,
    r#"lookup-001 range ["2024-01-04","2024-02-01"]"#,
    r#"lookup-001 window "2030-01-01""#,
];

#[test]
fn keys_and_windows_are_the_references_but_for_known_divergences() {
    let vectors = read("partitions");
    let mut found = Vec::new();
    let mut compared = 0;
    for case in list(&vectors["cases"]) {
        compared += 1;
        let project = project(case);
        let answer = ask(
            &project,
            &case["now"],
            &["partitions", "list", "p", "--keys"],
        );
        let differs = match (answer, case["expect"].get("error")) {
            (None, error) => error.is_none(),
            (Some(_), Some(_)) => true,
            (Some(answer), None) => !is_as_expected(&answer, &case["expect"]),
        };
        if differs {
            found.push(text(&case["id"]));
        }
    }
    for lookup in list(&vectors["lookups"]) {
        let project = project(lookup);
        for operation in list(&lookup["ops"]) {
            compared += 1;
            let expected = operation["expect"].get("value");
            let said = looked_up(&project, &lookup["now"], operation);
            if said.as_ref() != expected {
                let (id, name) = (text(&lookup["id"]), text(&operation["op"]));
                found.push(format!("{id} {name} {}", operation["arg"]));
            }
        }
    }
    assert_eq!(found, DIVERGENCES, "the list of divergences");
    assert!(compared >= 50, "{compared} expectations were compared");
}

/// A project with the definition of a case, called `p`, and its dynamic keys.
fn project(case: &Value) -> Sandbox {
    let definition = definition(&case["spec"]);
    let manifest = format!("[project]\n[partitions]\np = {{ {definition} }}\n");
    let project = Sandbox::new().with_file("Assets.toml", &manifest);
    let keys = texts(&case["registered_keys"]);
    if !keys.is_empty() {
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        project
            .run(&[&["partitions", "add", "p"], &*keys].concat())
            .success();
    }
    project
}

fn is_as_expected(answer: &Value, expected: &Value) -> bool {
    let keys: Vec<_> = list(&answer["keys"]).map(|it| text(&it["key"])).collect();
    let is = |name: &str, ours: &Value| expected.get(name).is_none_or(|it| it == ours);
    let ends_as = |name: &str, ours: fn(&[String], &[String]) -> bool| {
        expected.get(name).is_none_or(|it| ours(&keys, &texts(it)))
    };
    let windows = expected["windows_utc"].as_object();
    let window_is = |(key, window): (&String, &Value)| {
        let found = list(&answer["keys"]).find(|it| it["key"] == key.as_str());
        found.is_some_and(|it| *window == json!([it["start"], it["end"]]))
    };
    is("count", &answer["count"])
        && is("keys", &json!(keys))
        && ends_as("first_keys", <[String]>::starts_with)
        && ends_as("last_keys", <[String]>::ends_with)
        && is("equivalent_cron", &answer["cron"])
        && is("key_format", &answer["format"])
        && windows.into_iter().flatten().all(window_is)
}

/// What an operation gives; nothing where it is refused.
fn looked_up(project: &Sandbox, now: &Value, operation: &Value) -> Option<Value> {
    let argument = &operation["arg"];
    let asked = |flags: &[&str]| {
        let words = [&["partitions", "list", "p"], flags].concat();
        ask(project, now, &words)
    };
    let keys = |answer: &Value| -> Vec<Value> {
        list(&answer["keys"]).map(|it| it["key"].clone()).collect()
    };
    let of_key = || asked(&["--partition", &text(argument)]);
    match text(&operation["op"]).as_str() {
        end @ ("first" | "last") => Some(asked(&[])?[end].clone()),
        "has_key" => Some(json!(of_key().is_some())),
        "next" => Some(of_key()?["next"].clone()),
        "window" => {
            let answer = of_key()?;
            let only = list(&answer["keys"]).next()?;
            Some(json!([only["start"], only["end"]]))
        }
        "key_for_instant" => keys(&asked(&["--at", &text(argument)])?).pop(),
        "range" => {
            let range = texts(argument).join("...");
            Some(keys(&asked(&["--partition-range", &range])?).into())
        }
        other => panic!("there is no operation {other}"),
    }
}
