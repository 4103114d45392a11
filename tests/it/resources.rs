//! Resources from outside: settings that assets share, their setup and teardown, what fails and what is never shown.

use std::fs;
use std::path::Path;

use serde_json::Value;
use walkdir::WalkDir;

use crate::sandbox::{Outcome, Sandbox};

const MANIFEST: &str = r#"
[project]
name = "shop"

[resource.warehouse]
config = { host = "db1", pool = 4 }
env = { PGHOST = "{{config.host}}", PGPASSWORD = { secret_env = "SECRET" } }
setup = "echo setup {{config.host}} >> trace; echo PORT=5433 >> $ASSETCTL_RESOURCE_ENV"
teardown = "echo teardown $PGHOST ${PORT-} >> trace"

[asset.load]
command = "echo $PGHOST $PORT > {{output}}; echo load >> trace"
outputs = "load"
resources = ["warehouse"]

[asset.report]
command = "cat {{input}} > {{output}}; echo report >> trace"
deps = ["load"]
outputs = "report"
resources = ["warehouse"]

[asset.other]
command = "echo x > {{output}}"
outputs = "other"

[job.nightly]
selection = "report"
params = { host = { type = "string", default = "db2" } }
resources.warehouse.host = "{{param.host}}"
"#;

fn project() -> Sandbox {
    Sandbox::new().with_file("Assets.toml", MANIFEST)
}

fn with_manifest(manifest: &str) -> Sandbox {
    Sandbox::new().with_file("Assets.toml", manifest)
}

fn trace(project: &Sandbox) -> String {
    fs::read_to_string(project.path("trace")).unwrap_or_default()
}

/// The events that a run prints, by their types.
fn events(answer: &Outcome) -> Vec<Value> {
    let lines = answer.stdout().lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().map(|it| it["type"].as_str());
    kinds.map(|it| it.expect("a type")).collect()
}

fn of_type<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|it| it["type"] == kind).collect()
}

#[test]
fn a_resource_is_set_up_once_before_its_first_step_and_torn_down_after_the_last() {
    let project = project();
    let ran = project.run(&["materialize", "--json"]).success();
    let events = events(&ran);
    let types = types(&events);
    let at = |kind: &str| types.iter().position(|it| *it == kind);
    assert_eq!(of_type(&events, "resource_started").len(), 1);
    let first = events.iter().position(|it| it["step"] == "load");
    assert!(at("resource_started") < first, "{types:?}");
    assert_eq!(
        types[types.len() - 2..],
        ["resource_stopped", "run_finished"]
    );
    assert_eq!(project.read("report"), "db1 5433\n");
    assert_eq!(
        trace(&project),
        "setup db1\nload\nreport\nteardown db1 5433\n"
    );
    project.run(&["materialize"]).success();
    project.run(&["materialize", "other", "--force"]).success();
    assert_eq!(trace(&project).lines().count(), 4, "nobody needed it");
    project.run(&["check"]).success();
}

/// The report is fresh by an early cutoff, and what it alone needs is never set up.
#[test]
fn a_step_that_turns_out_fresh_needs_no_resource() {
    let project = with_manifest(
        "[resource.late]\nsetup = \"echo late >> trace\"\n\
         [asset.first]\ncommand = \"echo same > {{output}} # 1\"\noutputs = \"first\"\n\
         [asset.last]\ncommand = \"cat {{input}} > {{output}}\"\ndeps = [\"first\"]\noutputs = \"last\"\n\
         resources = [\"late\"]\n",
    );
    project.run(&["materialize"]).success();
    assert_eq!(trace(&project), "late\n");
    project.edit("Assets.toml", "# 1", "# 2");
    project.run(&["materialize"]).success();
    assert_eq!(trace(&project), "late\n");
}

#[test]
fn a_changed_resource_makes_stale_what_names_it_and_says_so_in_all_verbs() {
    let project = project();
    project.run(&["materialize"]).success();
    let cause = "resource.warehouse.config.host";
    for words in [
        &["status", "load", "--set", "resource.warehouse.host=db9"][..],
        &["plan", "--set", "resource.warehouse.host=db9"],
        &["explain", "load", "--set", "resource.warehouse.host=db9"],
    ] {
        let said = project.run(words).success();
        assert!(
            said.stdout().contains(cause),
            "{words:?}: {}",
            said.stdout()
        );
        assert!(
            said.stdout().contains("--set"),
            "{words:?}: {}",
            said.stdout()
        );
    }
    let words = ["check", "--set", "resource.warehouse.host=db9"];
    project.run(&words).exits(1);
    let status = project.run(&[
        "status",
        "other",
        "--json",
        "--set",
        "resource.warehouse.host=db9",
    ]);
    let status: Value = serde_json::from_str(status.success().stdout()).expect("JSON");
    assert_eq!(status["summary"]["stale"], 0, "{status}");
    // A job and a file set it, too; what a run leaves is fresh by the same words alone.
    let ran = project.run(&["job", "run", "nightly", "--set", "host=db3"]);
    assert!(
        ran.success()
            .stderr()
            .contains("2 lines of Assets.lock are of this configuration"),
        "the run names them"
    );
    assert_eq!(project.read("report"), "db3 5433\n");
    project.run(&["check", "load", "report"]).exits(1);
    project
        .run(&["check", "--job", "nightly", "--set", "host=db3"])
        .success();
    project.write("run.toml", "[resource.warehouse]\nhost = \"db3\"\n");
    project.run(&["check", "--config", "run.toml"]).success();
    project.run(&["materialize"]).success();
    project.run(&["check"]).success();
}

#[test]
fn a_version_stands_for_the_whole_resource() {
    let project = project();
    project.edit(
        "Assets.toml",
        "setup = \"echo setup",
        "version = \"1\"\nsetup = \"echo setup",
    );
    project.run(&["materialize"]).success();
    project
        .run(&["check", "--set", "resource.warehouse.host=db9"])
        .success();
    project.edit(
        "Assets.toml",
        "setup = \"echo setup",
        "setup = \"echo set up",
    );
    project.run(&["check"]).success();
    project.edit("Assets.toml", "version = \"1\"", "version = \"2\"");
    project.run(&["check"]).exits(1);
    let said = project.run(&["explain", "load"]).success();
    assert!(said.stdout().contains("version 1"), "{}", said.stdout());
}

#[test]
fn code_files_of_a_resource_are_part_of_its_version() {
    let project = project().with_file("tunnel.py", "up\n");
    project.edit(
        "Assets.toml",
        "setup = \"echo setup",
        "code = \"*.py\"\nsetup = \"echo setup",
    );
    project.run(&["materialize"]).success();
    project.run(&["materialize"]).success();
    project.write("tunnel.py", "other\n");
    project.run(&["check"]).exits(1);
    let said = project.run(&["status", "load"]).success();
    assert!(said.stdout().contains("tunnel.py"), "{}", said.stdout());
    let ran = project.run(&["materialize", "--json"]).success();
    assert_eq!(of_type(&events(&ran), "step_finished").len(), 2);
}

#[test]
fn a_setup_that_fails_blocks_its_steps_and_is_torn_down() {
    let project = project();
    project.edit(
        "Assets.toml",
        "setup = \"echo setup {{config.host}} >> trace;",
        "setup = \"echo no route; exit 3;",
    );
    let ran = project.run(&["materialize", "--json"]).exits(1);
    let events = events(&ran);
    let failed = of_type(&events, "resource_failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["phase"], &failed[0]["exit"]),
        (&"setup".into(), &3.into())
    );
    assert_eq!(failed[0]["tail"][0], "no route");
    assert_eq!(failed[0]["level"], "error");
    let log = failed[0]["log"].as_str().expect("a log");
    assert_eq!(project.read(log), "no route\n");
    let blocked = of_type(&events, "step_blocked");
    let why: Vec<_> = blocked
        .iter()
        .map(|it| (&it["step"], &it["reason"]))
        .collect();
    let setup = "the setup of `warehouse` failed: exit code 3";
    assert_eq!(
        why,
        [
            (&"load".into(), &setup.into()),
            (
                &"report".into(),
                &format!("load is blocked: {setup}").into()
            ),
        ]
    );
    assert_eq!(project.read("other"), "x\n", "what does not need it runs");
    assert_eq!(trace(&project), "teardown db1\n");
    assert_eq!(events.last().expect("an end")["counts"]["blocked"], 2);
    let text = project.run(&["materialize"]).exits(1);
    assert!(
        text.stderr()
            .contains("Error the setup of `warehouse` failed"),
        "{}",
        text.stderr()
    );
    project.edit("Assets.toml", "echo no route; exit 3;", "");
    project.run(&["materialize"]).success();
}

#[test]
fn a_setup_that_hangs_is_ended_by_its_time_limit() {
    let project = with_manifest(
        "[resource.slow]\nsetup = \"sleep 1000\"\ntimeout = \"200ms\"\n\
         [asset.a]\ncommand = \"echo > {{output}}\"\nresources = \"slow\"\n",
    );
    let ran = project.run(&["materialize", "--json"]).exits(1);
    let events = events(&ran);
    let failed = of_type(&events, "resource_failed");
    assert_eq!(failed[0]["code"], "assetctl::engine::timed_out");
    assert_eq!(of_type(&events, "step_blocked").len(), 1);
    let said = project.run(&["materialize"]).exits(1);
    for part in [
        "Error the setup of `slow` failed: timed out after 0.2 s",
        "help raise `timeout`, or find out what it waits for",
        "Blocked a: the setup of `slow` failed: timed out",
    ] {
        assert!(said.stderr().contains(part), "{part}: {}", said.stderr());
    }
}

#[test]
fn a_teardown_that_fails_is_a_warning() {
    let project = project();
    project.edit(
        "Assets.toml",
        "teardown = \"echo",
        "teardown = \"exit 4; echo",
    );
    let ran = project.run(&["materialize", "--json"]).success();
    let events = events(&ran);
    let failed = of_type(&events, "resource_failed");
    assert_eq!(
        (&failed[0]["phase"], &failed[0]["level"]),
        (&"teardown".into(), &"warn".into())
    );
    assert_eq!(events.last().expect("an end")["outcome"], "success");
    let said = project.run(&["materialize", "--force"]).success();
    let why = "Warning the teardown of `warehouse` failed: exit code 4";
    assert!(said.stderr().contains(why), "{}", said.stderr());
}

#[test]
fn what_a_setup_gives_has_to_be_variables() {
    let with = |line: &str| {
        with_manifest(&format!(
            "[resource.r]\nenv = {{ HOST = \"a\" }}\nsetup = \"echo '{line}' >> $ASSETCTL_RESOURCE_ENV\"\n\
             [asset.a]\ncommand = \"echo $TOKEN > {{{{output}}}}\"\nresources = \"r\"\nenv = {{ OWN = \"1\" }}\n\
             outputs = \"a\"\n"
        ))
    };
    for (line, why) in [
        (
            "hunter2",
            "line 1 of ASSETCTL_RESOURCE_ENV is not NAME=VALUE",
        ),
        ("A B=hunter2", "is not NAME=VALUE"),
        (
            "ASSETCTL_HOME=hunter2",
            "gives `ASSETCTL_HOME`, which assetctl itself sets",
        ),
        (
            "HOST=hunter2",
            "gives `HOST`, which the resource's `env` sets otherwise",
        ),
        (
            "OWN=hunter2",
            "gives the variable `OWN`, which the asset's own `env` sets",
        ),
    ] {
        let ran = with(line).run(&["materialize", "--json"]).exits(1);
        assert!(ran.stdout().contains(why), "{line}: {}", ran.stdout());
        assert!(
            !ran.stdout().contains("\"reason\":\"hunter2"),
            "{line}: {}",
            ran.stdout()
        );
    }
    for (line, value) in [
        ("TOKEN=a=b \"c\" # d", "a=b \"c\" # d"),
        ("HOST=a\nTOKEN=", ""),
        ("\n\nexport TOKEN=x", "x"),
    ] {
        let line = line
            .replace('\n', "'; echo '")
            .replace("; echo '", " >> $ASSETCTL_RESOURCE_ENV; echo '");
        let project = with(&line.replace('"', "\\\""));
        project.run(&["materialize"]).success();
        assert_eq!(project.read("a").trim_end(), value, "{line}");
    }
    let two = with_manifest(
        "[resource.a]\nsetup = \"echo PORT=1 >> $ASSETCTL_RESOURCE_ENV\"\n\
         [resource.b]\nsetup = \"echo PORT=2 >> $ASSETCTL_RESOURCE_ENV\"\n\
         [asset.x]\ncommand = \"echo > {{output}}\"\nresources = [\"a\", \"b\"]\n",
    );
    let ran = two.run(&["materialize", "--json"]).exits(1);
    let why = "the setups of `a` and `b` give the variable `PORT` two values";
    assert!(ran.stdout().contains(why), "{}", ran.stdout());
}

#[test]
fn an_observed_source_has_resources_and_variables() {
    let project = with_manifest(
        "[resource.r]\nenv = { HOST = \"db\" }\nsetup = \"echo up >> trace; echo PORT=7 >> $ASSETCTL_RESOURCE_ENV\"\n\
         teardown = \"echo down >> trace\"\n\
         [source.newest]\nobserve = \"echo $HOST $PORT $NAME\"\nresources = \"r\"\nenv = { NAME = \"n\" }\n\
         [asset.a]\ncommand = \"echo > {{output}}\"\ndeps = [\"newest\"]\nresources = [\"r\"]\n",
    );
    let observed = project.run(&["observe", "--json"]).success();
    assert!(observed.stdout().contains("db 7 n") || observed.stdout().contains("data_version"));
    assert_eq!(trace(&project), "up\ndown\n");
    project.run(&["materialize"]).success();
    assert_eq!(trace(&project), "up\ndown\nup\ndown\n", "once for both");
    project.run(&["materialize"]).success();
    assert_eq!(trace(&project).lines().count(), 6, "it is observed again");
    project.edit(
        "Assets.toml",
        "setup = \"echo up",
        "setup = \"exit 3; echo up",
    );
    let ran = project.run(&["materialize"]).exits(1);
    let why = "its observe command cannot run: the setup of `r` failed: exit code 3";
    assert!(ran.stderr().contains(why), "{}", ran.stderr());
}

/// Also in the messages of setup and teardown, in JSON, and in all files of the project but those that commands write.
#[test]
fn a_secret_of_a_resource_is_shown_and_kept_nowhere() {
    const SECRET: &str = "correct horse/battery";
    let project = project().with_env("SECRET", SECRET);
    project.edit(
        "Assets.toml",
        "setup = \"echo setup",
        "setup = \"printf '%s\\n%s' \\\"$PGPASSWORD\\\" \\\"$(printf '%s' \\\"$PGPASSWORD\\\" | base64)\\\"; echo setup",
    );
    project.edit(
        "Assets.toml",
        "teardown = \"echo",
        "teardown = \"echo $PGPASSWORD; exit 3; echo",
    );
    project.edit(
        "Assets.toml",
        "echo load >> trace",
        "echo $PGPASSWORD >&2; exit 5",
    );
    let mut said = String::new();
    for words in [
        &["materialize"][..],
        &["materialize", "--json"],
        &["materialize", "--in-memory"],
        &["status", "--json"],
        &["explain", "load", "-v"],
        &["explain", "load", "--json"],
        &["show", "load", "--json"],
        &["history", "load", "--json"],
        &["logs", "load"],
        &["config", "check"],
        &["doctor"],
        &["plan", "--json"],
    ] {
        let answer = project.run(words).exits_with_one_of(&[0, 1]);
        said.push_str(answer.stdout());
        said.push_str(answer.stderr());
    }
    assert!(said.contains("***"), "it was replaced: {said}");
    let base64 = "Y29ycmVjdCBob3JzZS9iYXR0ZXJ5";
    for form in [SECRET, base64] {
        assert!(!said.contains(form), "{form}: {said}");
        for entry in WalkDir::new(project.path(".")) {
            let entry = entry.expect("readable");
            if entry.file_type().is_file() {
                let bytes = fs::read(entry.path()).expect("readable");
                let found = bytes.windows(form.len()).any(|it| it == form.as_bytes());
                assert!(!found, "{form} is in {}", entry.path().display());
            }
        }
    }
    let left = project.path(".assetctl/resources");
    assert!(!Path::new(&left).exists() || fs::read_dir(left).expect("a folder").next().is_none());
}

#[test]
fn a_secret_that_a_resource_requires_is_asked_for_only_where_it_runs() {
    let project = with_manifest(
        "[resource.r]\nenv = { P = { secret_env = \"UNSET_SECRET\", required = true } }\n\
         [asset.a]\ncommand = \"echo > {{output}}\"\nresources = \"r\"\n",
    );
    project.run(&["status"]).success();
    let ran = project.run(&["materialize"]).exits(2);
    assert!(ran.stderr().contains("UNSET_SECRET"), "{}", ran.stderr());
    assert!(ran.stderr().contains("Assets.toml:2"), "{}", ran.stderr());
}

#[test]
fn two_values_for_one_variable_are_an_error_at_both_places() {
    let own = with_manifest(
        "[resource.a]\nenv = { HOST = \"a\", SAME = \"s\" }\n[resource.b]\nconfig = { host = \"a\" }\n\
         env = { HOST = \"{{config.host}}\", SAME = \"s\" }\n\
         [asset.x]\ncommand = \"echo > {{output}}\"\nresources = [\"a\", \"b\"]\nenv = { SAME = \"s\" }\n",
    );
    own.run(&["validate"]).success();
    own.run(&["plan"]).success();
    let said = own
        .run(&["plan", "--set", "resource.b.host=other"])
        .exits(2);
    let why = "the resources `a` and `b` set the variable `HOST` to two values";
    for part in [why, "set to one value here", "and to another one here"] {
        assert!(said.stderr().contains(part), "{part}: {}", said.stderr());
    }
    own.edit(
        "Assets.toml",
        "config = { host = \"a\" }",
        "config = { host = \"b\" }",
    );
    let said = own.run(&["validate"]).exits(2);
    assert!(said.stderr().contains(why), "{}", said.stderr());
    own.edit(
        "Assets.toml",
        "config = { host = \"b\" }",
        "config = { host = \"a\" }",
    );
    own.edit(
        "Assets.toml",
        "env = { SAME = \"s\" }",
        "env = { SAME = \"t\" }",
    );
    let said = own.run(&["validate"]).exits(2);
    let why = "the asset and the resource `a` set the variable `SAME` to two values";
    assert!(said.stderr().contains(why), "{}", said.stderr());
}

#[test]
fn the_place_of_another_value_is_told_where_it_is_in_another_file() {
    let project = with_manifest(
        "[project]\ninclude = \"db/Assets.toml\"\n[resource.b]\nconfig = { host = \"a\" }\n\
         env = { HOST = \"{{config.host}}\" }\n\
         [asset.x]\ncommand = \"echo > {{output}}\"\nresources = [\"a\", \"b\"]\n",
    );
    project.write("db/Assets.toml", "[resource.a]\nenv = { HOST = \"a\" }\n");
    project.run(&["plan"]).success();
    let said = project
        .run(&["plan", "--set", "resource.b.host=c"])
        .exits(2);
    for part in [
        "and to another one here",
        "the other value is at db/",
        "Assets.toml:2\n",
    ] {
        assert!(said.stderr().contains(part), "{part}: {}", said.stderr());
    }
}

#[test]
fn wrong_values_of_a_resource_name_their_path() {
    let project = project();
    for (words, why) in [
        (
            "resource.warehouse.hos=x",
            "resource.warehouse.hos` is not declared",
        ),
        (
            "resource.warehose.host=x",
            "there is no resource `warehose`",
        ),
        (
            "resource.warehouse.pool=x",
            "resource.warehouse.pool: wanted an integer",
        ),
        ("resource.warehouse=x", "this names no value of a resource"),
    ] {
        let said = project.run(&["plan", "--set", words]).exits(2);
        assert!(said.stderr().contains(why), "{words}: {}", said.stderr());
    }
    for (from, to, why) in [
        (
            "config = { host = \"db1\"",
            "config = { host = { secret_env = \"X\" }",
            "holds no secrets",
        ),
        (
            "{{config.host}} >> trace",
            "{{input}} >> trace",
            "no such placeholder",
        ),
        (
            "setup = \"echo",
            "setup = \"echo {{asset}}",
            "no such placeholder",
        ),
        (
            "PGHOST = \"{{config.host}}\"",
            "PGHOST = \"{{config.hots}}\"",
            "did you mean `host`",
        ),
        (
            "name = \"shop\"",
            "name = \"shop\"\n[resource.idle]\ntimeout = \"5s\"",
            "`timeout` is for a resource",
        ),
        (
            "[asset.other]",
            "[source.s]\npath = \"x\"\nresources = \"warehouse\"\n[asset.other]",
            "is for a source with `observe`",
        ),
        (
            "setup = \"echo",
            "code = \"other\"\nsetup = \"echo",
            "the code of `warehouse` reads an output of `other`",
        ),
    ] {
        let project = self::project();
        project.edit("Assets.toml", from, to);
        let said = project.run(&["validate"]).exits(2);
        assert!(said.stderr().contains(why), "{to}: {}", said.stderr());
    }
}

#[test]
fn the_resolved_configuration_of_resources_is_printed_and_given_back() {
    let project = project();
    let words = ["config", "check", "--set", "resource.warehouse.host=db7"];
    let printed = project.run(&words).success();
    assert!(
        printed
            .stdout()
            .contains("[resource.warehouse]\nhost = \"db7\"\npool = 4\n")
    );
    project.write("run.toml", printed.stdout());
    let again = project
        .run(&["config", "check", "--config", "run.toml"])
        .success();
    assert_eq!(again.stdout(), printed.stdout());
    let scaffold = project.run(&["config", "scaffold"]).success();
    assert!(
        scaffold
            .stdout()
            .contains("# [resource.warehouse]\n# host = \"db1\"")
    );
    let schema = project.run(&["schema", "--config"]).success();
    let schema: Value = serde_json::from_str(schema.stdout()).expect("JSON");
    let pool = &schema["properties"]["resource"]["properties"]["warehouse"]["properties"]["pool"];
    assert!(pool.to_string().contains("\"integer\""), "{schema}");
    let shown = project.run(&["show", "load", "--json"]).success();
    assert!(
        shown.stdout().contains("\"resources\":[\"warehouse\"]"),
        "{}",
        shown.stdout()
    );
    let job = project.run(&["job", "show", "nightly"]).success();
    assert!(job.stdout().contains("{{param.host}}"), "{}", job.stdout());
}

#[test]
fn an_environment_has_other_values_of_resources_and_of_their_variables() {
    let project = project();
    project.append(
        "Assets.toml",
        "\n[source.newest]\nobserve = \"echo $WHO\"\nenv = { WHO = \"dev\" }\n\
         [asset.seen]\ndeps = [\"newest\"]\ncommand = \"echo x > {{output}}\"\noutputs = \"seen\"\n\
         [env.prod]\nlock = \"Assets.prod.lock\"\nhome = \".assetctl-prod\"\n\
         resources.warehouse.host = \"db9\"\nenv = { WHO = \"prod\", PGPASSWORD = { secret_env = \"PROD\" } }\n",
    );
    assert!(
        !project
            .run(&["validate"])
            .success()
            .stderr()
            .contains("never names")
    );
    project.run(&["materialize"]).success();
    let project = project.with_env("PROD", "hunter2hunter2");
    let said = project.run(&["materialize", "--env", "prod"]).success();
    assert!(!said.stderr().contains("hunter2"));
    assert_eq!(project.read("report"), "db9 5433\n");
    let observed = project
        .run(&["observe", "--env", "prod", "--json"])
        .success();
    assert!(
        observed.stdout().contains("newest"),
        "{}",
        observed.stdout()
    );
    project
        .run(&["check", "--env", "prod", "--outputs", "ignore"])
        .success();
    project.run(&["check", "--outputs", "ignore"]).success();
    let said = project.run(&[
        "explain",
        "load",
        "--env",
        "prod",
        "--set",
        "resource.warehouse.host=x",
    ]);
    assert!(said.success().stdout().contains("(--set)"));
    for (from, to, why) in [
        (
            "resources.warehouse.host = \"db9\"",
            "resources.warehose.host = \"db9\"",
            "did you mean `warehouse`?",
        ),
        (
            "resources.warehouse.host = \"db9\"",
            "resources.warehouse.hots = \"db9\"",
            "env.prod.resources.warehouse.hots` is not declared",
        ),
        (
            "PGPASSWORD = { secret_env = \"PROD\" } }\n",
            "PGPASS = \"x\" }\n",
            "nothing declares the variable `PGPASS`",
        ),
    ] {
        let written = project.read("Assets.toml");
        project.edit("Assets.toml", from, to);
        let said = project.run(&["validate"]).exits(2);
        assert!(said.stderr().contains(why), "{to}: {}", said.stderr());
        project.write("Assets.toml", written);
    }
}
