//! Injectivity: whatever is a part of a version changes it, and nothing else does.

use std::sync::{Arc, LazyLock};

use proptest::prelude::{Strategy, any, prop_assert_eq, prop_assert_ne, proptest};

use crate::digest::{Digest, Field, Folding, Kind};
use crate::model::{
    Asset, AssetConfig, AssetGraph, CodeVersion, Command, ConfigKind, ConfigLayer, ConfigOrigin,
    ConfigSchema, ConfigValue, DeclaredResource, Dep, EffectiveConfig, EnvValue, Fingerprint,
    Location, NamedKeys, OutputKind, PartitionKeys, PartitionMapping, PartitionRef, PathTemplate,
    Setting, SettingEntry,
};
use crate::plan::fingerprint::{
    FingerprintParts, ObservedCode, ObservedResource, code_record, code_version, fingerprint,
    version_of_outputs,
};
use crate::plan::tests::{World, version};
use crate::testkit::{self, name};

const MANIFEST: &str = r#"
[project]
shell = ["bash", "-c"]

[asset.up]
command = "up"
outputs = { x = "x", y = "y" }

[asset.a]
deps = ["up.x", { asset = "up", as = "whole" }]
command = "first second"
env = { A = "1", B = { from_env = "OUTER" }, C = { secret_env = "TOKEN" } }
resources = ["warehouse"]
outputs = { one = "one", two = "two/" }
tools = ["tool"]

[resource.warehouse]
config = { host = "db1" }
env = { PGHOST = "{{config.host}}", PGPORT = "5432", PGUSER = { from_env = "USER" }, PGPASSWORD = { secret_env = "PW" } }
setup = "up {{config.host}}"
teardown = "down"
"#;

/// Read once: what it declares is only copied.
static WORLD: LazyLock<World> = LazyLock::new(|| World::new(MANIFEST));

fn asset(world: &World) -> Asset {
    world
        .graph()
        .asset(world.id("a"))
        .expect("an asset")
        .clone()
}

fn observed() -> ObservedCode {
    ObservedCode {
        files: vec![("f".into(), version("f"))],
        tools: vec![("tool".into(), version("tool"))],
        env: vec![("B".into(), Some("b".into()))],
        resources: vec![warehouse(|_| ())],
        config: None,
    }
}

/// A resource with one of each thing that is folded of it, changed.
fn warehouse(change: fn(&mut DeclaredResource)) -> Arc<ObservedResource> {
    let mut resource = WORLD
        .graph()
        .resource("warehouse")
        .expect("declared")
        .clone();
    change(&mut resource);
    let variable = |name: &str| (name == "USER").then(|| "me".to_owned());
    let resolved = resource
        .resolve(&variable)
        .expect("nothing is wrong with it");
    let files = [("steps/up.py".to_owned(), version("up"))];
    let env = [("PGUSER".to_owned(), Some("me".to_owned()))];
    Arc::new(ObservedResource::new(&resource, resolved, &files, &env))
}

/// A configuration with one value for all partitions, and one for the partition `d2`.
fn configured(limit: i64, of_d2: i64) -> Arc<EffectiveConfig> {
    let layer = |origin, partition, value| ConfigLayer {
        origin,
        partition,
        settings: vec![SettingEntry {
            key: "limit".to_owned(),
            setting: Setting::Value(ConfigValue::Integer(value)),
            key_location: Location::default(),
            location: Location::default(),
        }],
    };
    let key = Some(testkit::key("d2"));
    let config = AssetConfig {
        schema: vec![(
            "limit".to_owned(),
            ConfigSchema::of_kind(ConfigKind::Integer, Location::default()),
        )],
        layers: vec![
            layer(ConfigOrigin::AssetPartition, key, of_d2),
            layer(ConfigOrigin::Asset, None, limit),
        ],
        location: Location::default(),
    };
    Arc::new(EffectiveConfig::new(&config, &|_| None).expect("nothing is wrong with it"))
}

#[test]
fn a_value_of_a_partition_is_folded_behind_its_key_alone() {
    let world = World::new(MANIFEST);
    let asset = asset(&world);
    let with = |limit, of_d2| {
        let config = Some(configured(limit, of_d2));
        code(
            &asset,
            &ObservedCode {
                config,
                ..observed()
            },
        )
    };
    assert_eq!(with(1, 2), with(1, 3));
    assert_ne!(with(1, 2), with(2, 2));
    let config = configured(1, 2);
    let keys: Arc<[_]> = [testkit::key("d1"), testkit::key("d2")].into();
    let keys = PartitionKeys::Named(NamedKeys::declared(&keys));
    let fields = |index| config.partition_fields(PartitionRef { keys: &keys, index });
    assert_eq!(fields(0), []);
    let field = Field {
        name: "config.limit".to_owned(),
        value: "2".to_owned(),
    };
    assert_eq!(fields(1), [field]);
}

fn code(asset: &Asset, observed: &ObservedCode) -> CodeVersion {
    code_version(asset, observed, &mut Folding::new())
}

/// The shell, the command, variables and code files.
type Texts = (Vec<String>, String, Vec<(String, String)>, Vec<String>);

/// A change that is none.
type Idle = fn(&mut Asset);

/// A change of one part of an asset or of what was observed for it.
type Change = fn(&mut Asset, &mut ObservedCode);

const PARTS: [(&str, Change); 32] = [
    ("config", |_, it| it.config = Some(configured(1, 2))),
    ("another config", |_, it| it.config = Some(configured(2, 2))),
    ("folder", |it, _| recipe(it).folder = "sub".into()),
    ("shell", |it, _| shell(it).0.push("-x".into())),
    ("shell split", |it, _| *shell(it).0 = vec!["bash -c".into()]),
    ("command", |it, _| shell(it).1.push(' ')),
    ("a direct command", |it, _| {
        recipe(it).command = Command::Direct {
            arguments: Vec::new(),
            written: vec!["first second".into()],
        };
    }),
    ("a direct command of two words", |it, _| {
        let written = vec!["first".into(), "second".into()];
        recipe(it).command = Command::Direct {
            arguments: Vec::new(),
            written,
        };
    }),
    ("code_version", |it, _| {
        recipe(it).code.version = Some("1".into());
    }),
    ("file name", |_, it| it.files[0].0 = "g".into()),
    ("file content", |_, it| it.files[0].1 = version("g")),
    ("another file", |_, it| {
        it.files.push(("g".into(), version("g")));
    }),
    ("tool", |_, it| it.tools[0].1 = version("g")),
    ("stdin", |it, _| recipe(it).stdin = Some(0)),
    ("stdin of another input", |it, _| {
        recipe(it).stdin = Some(1);
    }),
    ("stdout", |it, _| recipe(it).stdout_is_output = true),
    ("incremental", |it, _| {
        recipe(it).incremental = true;
    }),
    ("literal variable", |it, _| {
        recipe(it).env[0].value = EnvValue::Literal("2".into());
    }),
    ("variable name", |it, _| recipe(it).env[0].name = "D".into()),
    ("value of the environment", |_, it| {
        it.env[0].1 = Some(String::new());
    }),
    ("absence in the environment", |_, it| it.env[0].1 = None),
    ("no resource", |_, it| it.resources.clear()),
    ("two resources", |_, it| {
        it.resources.push(warehouse(|it| it.name = name("lake")));
    }),
    ("value of a resource", |_, it| {
        it.resources = vec![warehouse(|it| {
            let config = it.config.as_mut().expect("a config");
            config.layers[0].settings[0].setting = Setting::Value(ConfigValue::Text("db2".into()));
        })];
    }),
    ("variable of a resource", |_, it| {
        it.resources = vec![warehouse(|it| {
            it.env[1].declared.value = EnvValue::Literal("other".into());
        })];
    }),
    ("setup of a resource", |_, it| {
        it.resources = vec![warehouse(|it| it.setup = None)];
    }),
    ("teardown of a resource", |_, it| {
        it.resources = vec![warehouse(|it| it.teardown = it.setup.clone())];
    }),
    ("version of a resource", |_, it| {
        it.resources = vec![warehouse(|it| it.version = Some("1".into()))];
    }),
    ("code of a resource", |_, it| {
        it.resources[0].note_file("steps/up.py", version("other"));
    }),
    ("output path", |it, _| {
        it.outputs[0].path = PathTemplate::literal("three");
    }),
    ("output kind", |it, _| {
        it.outputs[0].kind = OutputKind::Directory;
    }),
    ("mapping", |it, _| {
        it.deps[0].mapping = PartitionMapping::TimeWindow {
            start_offset: 0,
            end_offset: 0,
        };
    }),
];

fn recipe(asset: &mut Asset) -> &mut crate::model::Recipe {
    asset.recipe.as_mut().expect("it has one")
}

fn shell(asset: &mut Asset) -> (&mut Vec<String>, &mut String) {
    match &mut recipe(asset).command {
        Command::Shell { shell, written, .. } => (shell, written),
        Command::Direct { .. } => panic!("the test's command is a string"),
    }
}

#[test]
fn each_part_of_a_code_version_changes_it_and_the_record_alike() {
    let world = World::new(MANIFEST);
    let (before, found) = (asset(&world), observed());
    let mut versions = vec![code(&before, &found)];
    let mut records = vec![code_record(&before, &found)];
    for (name, change) in PARTS {
        let (mut asset, mut observed) = (before.clone(), found.clone());
        change(&mut asset, &mut observed);
        let version = code(&asset, &observed);
        assert!(!versions.contains(&version), "{name}");
        versions.push(version);
        let record = code_record(&asset, &observed);
        assert!(!records.contains(&record), "{name} in the record");
        records.push(record);
    }
}

#[test]
fn what_is_for_people_or_for_scheduling_is_no_part() {
    let world = World::new(MANIFEST);
    let (before, found) = (asset(&world), observed());
    let table: [(&str, Idle); 7] = [
        ("description", |it| it.about.description = Some("d".into())),
        ("tags", |it| it.about.tags = vec![("t".into(), "1".into())]),
        ("group", |it| it.about.group = Some("g".into())),
        ("priority", |it| it.priority = 9),
        ("timeout", |it| {
            recipe(it).timeout = Some(std::time::Duration::from_secs(1));
        }),
        ("after", |it| it.after.push(crate::model::AssetId(0))),
        ("the secret's variable", |it| {
            recipe(it).env[2].value = EnvValue::Secret {
                variable: "OTHER".into(),
                required: true,
            };
        }),
    ];
    for (name, change) in table {
        let mut asset = before.clone();
        change(&mut asset);
        assert_eq!(code(&asset, &found), code(&before, &found), "{name}");
    }
}

#[test]
fn a_code_version_of_the_users_stands_for_shell_command_and_files() {
    let world = World::new(MANIFEST);
    let mut before = asset(&world);
    recipe(&mut before).code.version = Some("1".into());
    let stands_for = ["shell", "command", "file", "another file", "a direct"];
    for (name, change) in PARTS {
        let found = observed();
        let (mut asset, mut observed) = (before.clone(), found.clone());
        change(&mut asset, &mut observed);
        recipe(&mut asset).code.version = Some("1".into());
        let frozen = name == "code_version" || stands_for.iter().any(|it| name.starts_with(it));
        let same = code(&asset, &observed) == code(&before, &found);
        assert_eq!(same, frozen, "{name}");
    }
}

fn print(
    graph: &AssetGraph,
    asset: &str,
    partition: &str,
    deps: &[Dep],
    contributions: &[Digest],
) -> Fingerprint {
    print_with(graph, (asset, partition), &[], (deps, contributions))
}

fn print_with(
    graph: &AssetGraph,
    (asset, partition): (&str, &str),
    config: &[(&str, &str)],
    (deps, contributions): (&[Dep], &[Digest]),
) -> Fingerprint {
    let field = |(name, value): &(&str, &str)| Field {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    let config: Vec<Field> = config.iter().map(field).collect();
    let asset = testkit::asset(asset);
    let parts = FingerprintParts {
        asset: &asset,
        code_version: CodeVersion(version("code").0),
        partition: Some(partition),
        config: &config,
        graph,
        deps,
        contributions,
    };
    fingerprint(&parts, &mut Folding::new())
}

#[test]
fn each_part_of_a_fingerprint_changes_it() {
    let world = World::new(MANIFEST);
    let graph = world.graph();
    let deps = asset(&world).deps;
    let versions = [version("1").0, version("2").0];
    let renamed = |at: usize| {
        let mut deps = deps.clone();
        deps[at].input = name("renamed");
        deps
    };
    let output = |output| {
        let mut deps = deps.clone();
        deps[0].output = output;
        deps
    };
    let reversed: Vec<Dep> = deps.iter().rev().cloned().collect();
    let prints = [
        print(graph, "a", "k", &deps, &versions),
        print(graph, "b", "k", &deps, &versions),
        print(graph, "a", "l", &deps, &versions),
        print(graph, "a", "", &deps, &versions),
        print(graph, "a", "k", &renamed(0), &versions),
        print(graph, "a", "k", &renamed(1), &versions),
        print(graph, "a", "k", &output(Some(1)), &versions),
        print(graph, "a", "k", &output(None), &versions),
        print(graph, "a", "k", &reversed, &versions),
        print(graph, "a", "k", &deps, &[versions[1], versions[0]]),
        print(graph, "a", "k", &deps, &[versions[0], versions[0]]),
        print(graph, "a", "k", &deps[..1], &versions[..1]),
        print(graph, "a", "k", &[], &[]),
        print_with(graph, ("a", "k"), &[("config.x", "1")], (&deps, &versions)),
        print_with(graph, ("a", "k"), &[("config.x", "2")], (&deps, &versions)),
        print_with(graph, ("a", "k"), &[("config.y", "1")], (&deps, &versions)),
        print_with(graph, ("a", "k"), &[("config.x", "1")], (&[], &[])),
    ];
    for (index, print) in prints.iter().enumerate() {
        assert!(!prints[index + 1..].contains(print), "{index}");
    }
}

#[test]
fn one_output_is_its_own_version_and_several_are_folded_in_order() {
    let of = |outputs: &[&str]| {
        let outputs: Vec<_> = outputs.iter().map(|it| version(it)).collect();
        version_of_outputs(&outputs, &mut Folding::new())
    };
    assert_eq!(of(&["1"]), version("1"));
    assert_ne!(of(&["1", "2"]), of(&["2", "1"]));
    assert_ne!(of(&["1", "1"]), of(&["1"]));
}

/// Parts of an asset that are texts, in any number.
fn texts() -> impl Strategy<Value = Texts> {
    let word = || "[a-c.= ]{0,3}";
    let variables = proptest::collection::vec(("[A-C]{1,2}", word()), 0..3);
    let words = || proptest::collection::vec(word(), 0..3);
    (words(), word(), variables, words())
}

proptest! {
    #[test]
    fn texts_are_told_apart_wherever_they_stand(one in texts(), other in texts(), reversed in any::<bool>()) {
        let made = |(words, command, variables, files): &Texts| {
            let mut asset = asset(&WORLD);
            *shell(&mut asset).0 = words.clone();
            *shell(&mut asset).1 = command.clone();
            let variable = recipe(&mut asset).env[0].clone();
            recipe(&mut asset).env = variables
                .iter()
                .map(|(name, value)| crate::model::EnvVariable {
                    name: name.clone(),
                    value: EnvValue::Literal(value.clone()),
                    ..variable.clone()
                })
                .collect();
            let files = files.iter().map(|it| (it.clone(), version(it))).collect();
            code(&asset, &ObservedCode { files, ..ObservedCode::default() })
        };
        let (first, second) = if reversed { (&other, &one) } else { (&one, &other) };
        if first == second {
            prop_assert_eq!(made(first), made(second));
        } else {
            prop_assert_ne!(made(first), made(second));
        }
        prop_assert_ne!(Kind::Code.digest(b""), Kind::Fingerprint.digest(b""));
    }
}
