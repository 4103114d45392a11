use crate::hash::HashError;
use crate::hash::tests::Project;

const TOML: &str = "\
name = \"m\"
models = { \"v1.2\" = { lr = 0.5 } }
list = [1, { deep = true }]
when = 2013-01-01
[train]
lr = 0.10
steps = 10
ratio = 10.0
limit = inf
";

const YAML: &str = "\
name: m
list: [1, {deep: true}]
models: {v1.2: {lr: 5.0e-1}}
when: '2013-01-01'
defaults: &d {steps: 10}
train:
  <<: *d
  ratio: 10.0
  lr: 0.1
  limit: .inf
";

const JSON: &str = r#"{
  "train": {"steps": 10, "lr": 0.1, "ratio": 1e1, "limit": "inf"},
  "models": {"v1.2": {"lr": 0.5}},
  "when": "2013-01-01", "name": "m", "list": [1, {"deep": true}]
}"#;

#[test]
fn the_three_formats_give_one_version_and_one_text() {
    let project = Project::new();
    project
        .write("p.toml", TOML)
        .write("p.yaml", YAML)
        .write("p.YML", format!("\u{feff}{YAML}"))
        .write("p.json", JSON);
    for (key, text) in [
        ("name", Some("m")),
        ("train.lr", Some("0.1")),
        ("train.steps", Some("10")),
        ("train.ratio", Some("10.0")),
        ("train.limit", Some("inf")),
        ("models.v1.2.lr", Some("0.5")),
        ("list.0", Some("1")),
        ("list.1.deep", Some("true")),
        ("when", Some("2013-01-01")),
        ("train", None),
        ("list", None),
    ] {
        let expected = project.value("p.toml", key).unwrap();
        assert_eq!(
            expected
                .text
                .words
                .as_deref()
                .and_then(|it| it.first())
                .map(String::as_str),
            text,
            "{key}"
        );
        for path in ["p.yaml", "p.YML", "p.json"] {
            assert_eq!(
                project.value(path, key).as_ref(),
                Some(&expected),
                "{path} {key}"
            );
        }
    }
    for key in [
        "none",
        "train.none",
        "train.lr.deeper",
        "list.2",
        "list.+1",
        "",
        "train.",
    ] {
        assert_eq!(project.value("p.toml", key), None, "{key}");
    }
    assert_eq!(project.value("none.toml", "name"), None);
}

#[test]
fn only_the_value_itself_counts() {
    let project = Project::new();
    let of = |text: &str| {
        project.write("p.json", text);
        project.value("p.json", "a").unwrap().version
    };
    let one = of(r#"{"a": {"x": 1, "y": [1, 2]}}"#);
    assert_eq!(of(r#"{"b": 0, "a": {"y": [1,2], "x": 1}}"#), one);
    let texts = [
        r#"{"a": 1}"#,
        r#"{"a": 1.0}"#,
        r#"{"a": "1"}"#,
        r#"{"a": [1]}"#,
        r#"{"a": null}"#,
        r#"{"a": true}"#,
        r#"{"a": {}}"#,
        r#"{"a": {"x": 1, "y": [2, 1]}}"#,
    ];
    let mut seen = vec![one];
    for text in texts {
        let version = of(text);
        assert!(!seen.contains(&version), "{text}");
        seen.push(version);
    }
}

#[test]
fn mistakes_are_found_at_their_place() {
    let project = Project::new();
    for (path, text, place) in [
        ("p.toml", "a = 1\nb = = 2\n", (2, 5)),
        ("p.toml", "\u{feff}ü = 1\nüb = = 2\n", (2, 6)),
        ("p.yaml", "a: 1\nb: [1, }\n", (2, 8)),
        ("p.json", "{\"a\": 1,\n \"b\": x}", (2, 7)),
        ("p.json", "{\"a\":", (1, 5)),
    ] {
        project.write(path, text);
        match project.versions().of_value(path, "a") {
            Err(HashError::Syntax(error)) => {
                assert_eq!((error.line, error.column), place, "{text:?}: {error}");
                assert!(!error.reason.contains(" at line "), "{}", error.reason);
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }
    project.write("p.csv", "a").write("q.toml", b"a = '\xff'");
    let versions = project.versions();
    assert!(matches!(
        versions.of_value("p.csv", "a"),
        Err(HashError::Format { .. })
    ));
    assert!(matches!(
        versions.of_value("q.toml", "a"),
        Err(HashError::NotText { .. })
    ));
    project.folder("d.toml");
    assert!(matches!(
        versions.of_value("d.toml", "a"),
        Err(HashError::Unreadable { .. })
    ));
}
