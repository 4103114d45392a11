//! The schemas of `assetctl schema`: they judge files as assetctl does, also where language servers for TOML read them.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use crate::config;
use crate::sandbox::Sandbox;
use crate::templates;

/// A language server, and the words with which it judges one file.
struct LanguageServer {
    program: PathBuf,
    words: &'static [&'static str],
    /// Whether it reads all of a schema: `tombi` passes over `if` beside a scalar.
    is_strict: bool,
}

/// The servers that the variables `TAPLO` and `TOMBI` name. These tests install nothing: without a variable they go without that
/// server, and say so past the test runner, which hides the output of tests that pass.
static SERVERS: LazyLock<Vec<LanguageServer>> = LazyLock::new(|| {
    let mut servers = Vec::new();
    for (variable, is_strict, words) in [
        ("TAPLO", true, &["lint", "--no-auto-config"][..]),
        (
            "TOMBI",
            false,
            &["lint", "--offline", "--error-on-warnings"],
        ),
    ] {
        if let Some(program) = env::var_os(variable).map(PathBuf::from) {
            servers.push(LanguageServer {
                program,
                words,
                is_strict,
            });
        } else {
            let text = format!(
                "SKIPPED: the schemas are not tried with a language server; set {variable} to its path\n"
            );
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }
    servers
});

/// A schema, as a validator and as a file beside the documents that name it in their first line.
struct Schema {
    validator: jsonschema::Validator,
    folder: tempfile::TempDir,
}

impl Schema {
    fn printed(sandbox: &Sandbox, words: &[&str]) -> Self {
        let text = sandbox.run(&[&["schema"], words].concat()).success();
        let document: Value = serde_json::from_str(text.stdout()).expect("JSON");
        assert!(jsonschema::meta::is_valid(&document), "{document:#}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("schema.json"), text.stdout()).expect("it can be written");
        // The order of tables is a matter of taste.
        let rules = "[lint.rules]\ntables-out-of-order = \"off\"\n";
        fs::write(folder.path().join("tombi.toml"), rules).expect("it can be written");
        Self {
            validator: jsonschema::validator_for(&document).expect("a schema"),
            folder,
        }
    }

    /// What is said of a document: by the parser, by the validator where it is TOML, and by each server.
    fn errors(&self, text: &str, is_right: bool) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        all.push(match toml::from_str::<toml::Table>(text) {
            Ok(document) => {
                let document = without_dates(toml::Value::Table(document));
                let errors = self.validator.iter_errors(&document);
                let errors = errors.map(|error| format!("{}: {error}", error.instance_path()));
                errors.collect()
            }
            Err(error) => vec![error.to_string()],
        });
        let document = self.folder.path().join("document.toml");
        fs::write(&document, format!("#:schema ./schema.json\n{text}")).expect("written");
        for server in SERVERS.iter().filter(|it| it.is_strict || is_right) {
            let mut command = Command::new(&server.program);
            command.args(server.words).arg(&document).env_clear();
            command.current_dir(self.folder.path()).stdin(Stdio::null());
            command.env("HOME", self.folder.path());
            let output = command.output().expect("the server runs");
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            let is_right = output.status.success();
            all.push(if is_right { Vec::new() } else { vec![said] });
        }
        all
    }

    /// Whoever does not think of a document as assetctl does.
    fn disagreement(&self, text: &str, is_right: bool) -> Option<String> {
        let errors = self.errors(text, is_right);
        let differs = errors.iter().any(|own| own.is_empty() != is_right);
        differs.then(|| format!("{text}right: {is_right}, and {errors:#?}"))
    }
}

/// A document with dates as texts.
fn without_dates(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(without_dates).collect(),
        toml::Value::Table(members) => members
            .into_iter()
            .map(|(key, value)| (key, without_dates(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => serde_json::to_value(other).expect("JSON"),
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_schema_of_the_manifest_takes_what_assetctl_takes() {
    let schema = Schema::printed(&Sandbox::new(), &[]);
    let mut right = [config::KINDS, config::WORDS, config::DAYS, FORMS]
        .map(str::to_owned)
        .to_vec();
    let pages = fs::read_dir(root().join("docs")).expect("it is there");
    let pages = pages.map(|page| page.expect("readable").path());
    for page in pages.chain([root().join("README.md")]) {
        let page = fs::read_to_string(page).expect("readable");
        let examples = page.split("```toml\n").skip(1);
        let examples = examples.filter_map(|it| Some(it.split("\n```").next()?.to_owned()));
        right.extend(examples.filter(|it| is_manifest(it)));
    }
    for entry in walkdir::WalkDir::new(root().join("fixtures")) {
        let entry = entry.expect("readable");
        if entry.file_name() == "Assets.toml" {
            right.push(fs::read_to_string(entry.path()).expect("readable"));
        }
    }
    right.push(fs::read_to_string(root().join("Assets.toml")).expect("readable"));
    for template in templates::ALL {
        let begun = Sandbox::new();
        begun.run(&["init", "--template", template]).success();
        right.push(begun.read("Assets.toml"));
    }
    assert!(right.len() > 25, "{}", right.len());
    let refused = right
        .iter()
        .filter_map(|text| schema.disagreement(text, true));
    assert_eq!(refused.collect::<Vec<_>>(), [""; 0]);
    // `FORMS` is not right because it looks so.
    let sandbox = Sandbox::new().with_file("Assets.toml", FORMS);
    sandbox.run(&["list"]).success();
}

/// Whether an example is a manifest, and not a file of run config.
fn is_manifest(text: &str) -> bool {
    let is_run_config = |line: &str| {
        let sections = ["[execution]", "[params]", "[inputs]", "[log]"];
        let mut parts = line.trim_matches(['[', ']']).rsplit('.');
        sections.contains(&line) || line.starts_with("[asset.") && parts.next() == Some("config")
    };
    let mut first = text
        .lines()
        .next()
        .into_iter()
        .flat_map(|line| line.split('#'));
    !first.next().is_some_and(|line| is_run_config(line.trim()))
}

/// Forms that no page shows.
const FORMS: &str = r#"
[project]
include = []
shell = "sh"
ignore = "*.tmp"
storage = "made"

[defaults]
timeout = "1.5h"
tags = ["a"]
owners = "me"
env = { A = "1" }

[partitions.one]
type = "static"
keys = "only"

[partitions.hour]
type = "hourly"
start = 2024-01-01T00:00:00
minute_offset = 59
exclusions = 2024-01-01T05:59:00

[partitions.week]
type = "weekly"
start = "2024-01-07"
day_offset = 6

[partitions.month]
type = "monthly"
start = 2024-01-31
day_offset = 31

[partitions.pair]
type = "multi"
dimensions = { a = "one", b = { type = "static", keys = [] } }

[each.size]
values = ["small", { name = "large", priority = 3, timeout = "5m", env = { X = "1" }, missing = true, off = -1, max = 2, kind = "integer", deps = ["./b.csv"], out = { a = "x.csv" } }]
default = { priority = 1, timeout = ".5h", env = {}, missing = false, off = 0, max = 1, kind = "any", deps = [], out = "y.csv" }

[each.number]
values = [1, 2]

[source."in/{{each.number.name}}"]
each = ["number"]
path = "in/{{each.number.name}}.csv"
optional = true

[asset."of/{{each.name}}"]
each = "size"
command = "cat > {{output}}"
deps = "{{each.deps}}"
outputs = "of/{{each.name}}.csv"
priority = "{{each.priority}}"
timeout = "{{each.timeout}}"
env = "{{each.env}}"
data_version = "inputs"
leftovers = "end"
tags = "{{each.name}}"
metadata = { a = [1, { b = true }] }
inherit_env = ["A"]

[asset."batch/{{each.name}}"]
each = "size"
command = "cat > {{output}}"
partitions = { type = "daily", start = 2024-01-01 }
batch = { max = "{{each.max}}" }

[[asset.reader.deps]]
each = "size"
asset = "of/{{each.name}}"
as = "{{each.name}}"
allow_missing = "{{each.missing}}"

[asset.reader]
command = ["cat", "{{input.small}}"]
outputs = { "a-b" = "reader.txt" }
config = { n = 1, m = { from_env = "M" }, when = ["x"] }
config_schema = { n = { type = "integer", min = 0, max = 9, enum = [1, 2] }, m = "any", when = { type = "list", of = { type = "string" }, required = false, default = [] } }
after = "outside"
lock = false
inherit_env = false
volatile = true
retries = { delay = "1s", max_delay = "5s", backoff = "exponential", jitter = "plus_minus" }

[asset.outside]
outputs = "outside.txt"
priority = -2147483648

[job.all]
selection = "*"
params = { n = "integer", path = { type = "string", default = "x.csv" } }
config = { reader = { n = "{{param.n}}", when = ["y"] } }
inputs = { "in/1" = "{{param.path}}", "./b.csv" = "other.csv" }
tags = { a = 1 }
retries = 2
hooks = { on_failure = { command = ["sh", "x"], timeout = "5s", env = { A = { secret_env = "B", required = true } } }, on_success = "true" }
tag_limits = [{ key = "db", per_value = true, limit = 1 }, { key = "db", value = "main", limit = 2 }]
log = { level = "debug", events = { path = "x.log", format = "json", level = "error" } }
max_concurrent = 0
priority = 3

[env.prod]
description = "x"
lock = "locks/Assets.prod.lock"
home = "/var/lib/records"
config = { reader = { n = { from_env = "N" }, when = ["z"] } }
env = { A = { secret_env = "C", required = true } }

[env.empty]

[job.other]
retries = { max = 0, delay = "1s", backoff = "linear", jitter = "full" }
executor = "in_process"
"#;

#[test]
fn the_schema_of_the_manifest_refuses_wrong_forms() {
    let sandbox = Sandbox::new();
    let schema = Schema::printed(&sandbox, &[]);
    for text in WRONG_FORMS {
        sandbox.write("Assets.toml", text);
        sandbox.run(&["list"]).exits(2);
    }
    let mut wrong: Vec<String> = WRONG_FORMS.iter().map(ToString::to_string).collect();
    // Of other mistakes it knows those of form.
    for code in [
        "conflicting_keys",
        "each_values",
        "invalid_name",
        "missing_key",
        "syntax",
        "unknown_key",
        "wrong_type",
    ] {
        let path = root().join(format!("fixtures/invalid/{code}.toml"));
        wrong.push(fs::read_to_string(path).expect("it is there"));
    }
    let taken = wrong
        .iter()
        .filter_map(|text| schema.disagreement(text, false));
    assert_eq!(taken.collect::<Vec<_>>(), [""; 0]);
}

const WRONG_FORMS: &[&str] = &[
    "[assets.a]\n",
    "[project]\nnames = 'x'\n",
    "[project]\nshell = []\n",
    "[project]\ndotenv = 'yes'\n",
    "[project]\ninclude = 3\n",
    "[project]\ninclude = { command = 'true' }\n",
    "[project]\ninclude = [{ command = 'true', to = 'x.txt' }]\n",
    "[project]\ninclude = [{ command = 'true', to = 'x.toml', deps = 'a' }]\n",
    "[defaults]\ncommand = 'x'\n",
    "[defaults]\ntimeout = '0s'\n",
    "[defaults]\ntimeout = 5\n",
    "[partitions.d]\n",
    "[partitions.d]\ntype = 'dayly'\n",
    "[partitions.d]\ntype = 'daily'\n",
    "[partitions.d]\ntype = 'daily'\nstart = 2024\n",
    "[partitions.d]\ntype = 'daily'\nstart = '2024-01-01'\nkeys = ['a']\n",
    "[partitions.d]\ntype = 'daily'\nstart = '2024-01-01'\nday_offset = 1\n",
    "[partitions.d]\ntype = 'daily'\nstart = '2024-01-01'\nhour_offset = 24\n",
    "[partitions.d]\ntype = 'daily'\nstart = '2024-01-01'\ncron = '@daily'\n",
    "[partitions.d]\ntype = 'weekly'\nstart = '2024-01-01'\nday_offset = 7\n",
    "[partitions.d]\ntype = 'monthly'\nstart = '2024-01-01'\nday_offset = 0\n",
    "[partitions.d]\ntype = 'cron'\nstart = '2024-01-01'\n",
    "[partitions.d]\ntype = 'cron'\nstart = '2024-01-01'\ncron = '@daily'\nminute_offset = 1\n",
    "[partitions.d]\ntype = 'static'\n",
    "[partitions.d]\ntype = 'static'\nkeys = [1]\n",
    "[partitions.d]\ntype = 'static'\nkeys = ['a']\nstart = '2024-01-01'\n",
    "[partitions.d]\ntype = 'multi'\ndimensions = { a = ['x'] }\n",
    "[partitions.d]\ntype = 'multi'\ndimensions = { a = ['x'], b = 3 }\n",
    "[partitions.d]\ntype = 'dynamic'\nkeys = ['a']\n",
    "[partitions.d]\ntype = 'files'\npattern = 'x'\n",
    "[partitions.'a b']\ntype = 'static'\nkeys = ['a']\n",
    "[source.s]\n",
    "[source.s]\npath = 'a'\npaths = ['b']\n",
    "[source.s]\npath = 'a'\nobserve = 'true'\n",
    "[source.s]\nobserve = 'true'\noptional = true\n",
    "[source.s]\npath = 'a'\ntimeout = '5s'\n",
    "[source.s]\npath = 'a'\noptional = 'yes'\n",
    "[source.s]\npath = 'a'\ncommand = 'b'\n",
    "[source.s]\npath = 3\n",
    "[asset.a]\ncommand = ' '\n",
    "[asset.a]\ncommand = []\n",
    "[asset.a]\ncommand = 'true'\nvolatile = 'yes'\n",
    "[asset.a]\ncommand = 'true'\npriority = 1.5\n",
    "[asset.a]\ncommand = 'true'\npriority = 3000000000\n",
    "[asset.a]\ncommand = 'true'\nleftovers = 'keep'\n",
    "[asset.a]\ncommand = 'true'\ndata_version = 'x'\n",
    "[asset.a]\ncommand = 'true'\ntimeout = '5 minutes'\n",
    "[asset.a]\ncommand = 'true'\nbatch = { max = 0 }\n",
    "[asset.a]\ncommand = 'true'\nbatch = {}\n",
    "[asset.a]\ncommand = 'true'\nbatch = 3\n",
    "[asset.a]\ncommand = 'true'\nformat = 'csv'\noutputs = 'x.csv'\n",
    "[asset.a]\ncommand = 'true'\noutputs = { x = 1 }\n",
    "[asset.a]\ncommand = 'true'\ninherit_env = 3\n",
    "[asset.a]\ncommand = 'true'\nenv = { A = 1 }\n",
    "[asset.a]\ncommand = 'true'\nenv = { ASSETCTL_A = '1' }\n",
    "[asset.a]\ncommand = 'true'\nenv = { A = {} }\n",
    "[asset.a]\ncommand = 'true'\nenv = { A = { from_env = 'B', secret_env = 'C' } }\n",
    "[asset.a]\ncommand = 'true'\nenv = { A = { from_env = 'B', required = 'yes' } }\n",
    "[asset.a]\nvolatile = true\n",
    "[asset.a]\nconfig = { x = 1 }\n",
    "[asset.a]\ncommand = 'true'\nconfig = 3\n",
    "[asset.a]\ncommand = 'true'\npartitions = ['x']\npartition_config = { x = 1 }\n",
    "[asset.a]\ncommand = 'true'\nconfig_schema = { x = 'number' }\n",
    "[asset.a]\ncommand = 'true'\nconfig_schema = { x = { default = 1 } }\n",
    "[asset.a]\ncommand = 'true'\nconfig_schema = { x = { type = 'list', keys = {} } }\n",
    "[asset.a]\ncommand = 'true'\nconfig_schema = { x = { type = 'integer', of = 'string' } }\n",
    "[asset.a]\ncommand = 'true'\nconfig_schema = { x = { type = 'integer', enum = [] } }\n",
    "[asset.a]\ncommand = 'true'\ndeps = { asset = 'b', path = 'c' }\n",
    "[asset.a]\ncommand = 'true'\ndeps = [{ as = 'c' }]\n",
    "[asset.a]\ncommand = 'true'\ndeps = [{ path = 'c', mode = 1 }]\n",
    "[asset.a]\ncommand = 'true'\npartitions = ['x', 'x']\n",
    "[asset.a]\ncommand = 'true'\npartitions = { type = 'daily' }\n",
    "[asset.a]\ncommand = 'true'\ntags = 3\n",
    "[asset.a]\ncommand = 'true'\nmetadata = 3\n",
    "[asset.'a b']\ncommand = 'true'\n",
    "[each.l]\n",
    "[each.l]\nvalues = ['a']\nfile = 'b.toml'\n",
    "[each.l]\nvalues = ['a']\nkey = 'b'\n",
    "[each.l]\nvalues = [true]\n",
    "[each.l]\nvalues = [{ limit = 1 }]\n",
    "[each.l]\nvalues = ['a']\ndefault = { name = 'b' }\n",
    "[each.l]\nvalues = ['a']\nname = 'b'\n",
    "[env.e]\nio_managers = {}\n",
    "[env.'a b']\n",
    "[env.e]\nlock = 1\n",
    "[env.e]\nhome = ''\n",
    "[env.e]\nconfig = { a = 1 }\n",
    "[env.e]\nenv = { ASSETCTL_ENV = 'x' }\n",
    "[env.e]\nenv = { X = 1 }\n",
    "[job.j]\nselect = 'x'\n",
    "[job.j]\ntags = ['a']\n",
    "[job.j]\nexecutor = 'other'\n",
    "[job.j]\nexecutor = ['in_process', 'multiprocess']\n",
    "[job.j]\nexecutor = 'in_process'\nmax_concurrent = 2\n",
    "[job.j]\nmax_concurrent = -1\n",
    "[job.j]\npartition_config = { x = { a = { b = 1 } } }\n",
    "[job.j]\nparams = { x = 'number' }\n",
    "[job.j]\nretries = -1\n",
    "[job.j]\nretries = { max = 1, jitter = 'full' }\n",
    "[asset.a]\ncommand = 'true'\noutputs = 'a'\nretries = { backoff = 'linear' }\n",
    "[asset.a]\noutputs = 'a'\nretries = 1\n",
    "[defaults]\nretries = { max = 1.5 }\n",
    "[job.j]\nhooks = { on_end = 'true' }\n",
    "[job.j]\nhooks = { on_success = { env = {} } }\n",
    "[job.j]\ntag_limits = [{ key = 'a' }]\n",
    "[job.j]\ntag_limits = [{ key = 'a', value = 'b', per_value = true, limit = 1 }]\n",
    "[job.j]\nlog = { level = 'all' }\n",
    "[job.j]\nlog = { events = { format = 'text' } }\n",
];

#[test]
fn the_schema_of_run_config_judges_as_assetctl_does() {
    let kinds = config::KINDS.replace(
        "[source.raw]",
        "[source.\"extra\"]\npath = \"extra.csv\"\n\n[source.raw]",
    );
    let manifest = format!("{kinds}{MORE_VALUES}");
    let sandbox = Sandbox::new().with_file("Assets.toml", &manifest);
    let schema = Schema::printed(&sandbox, &["--config"]);
    let of_job = Schema::printed(&sandbox, &["--config", "--job", "nightly"]);
    let mut others = Vec::new();
    for (words, schema, cases) in [
        (&[][..], &schema, RUN_CONFIGS),
        (&["--job", "nightly"], &of_job, RUN_CONFIGS_OF_A_JOB),
    ] {
        for (text, is_right) in cases {
            sandbox.write("run.toml", text);
            let judged = sandbox.run(&[&["list", "--config", "run.toml"], words].concat());
            let judged = judged.exits_with_one_of(&[0, 2]);
            if judged.stderr().is_empty() != *is_right {
                others.push(format!("assetctl takes or refuses otherwise: {text}"));
            }
            others.extend(schema.disagreement(text, *is_right));
        }
    }
    assert_eq!(others, [""; 0]);
    let said = sandbox
        .run(&["schema", "--config", "--job", "nightli"])
        .exits(2);
    assert!(said.stderr().contains("`nightly`"), "{}", said.stderr());
    sandbox.run(&["schema", "--job", "nightly"]).exits(2);
}

const MORE_VALUES: &str = r#"
[asset.more]
deps = "./in place.csv"
command = "true > {{output}}"
outputs = "more.txt"

[asset.more.config_schema]
level = { type = "float", enum = [1, 2.5], default = 1 }
few = { type = "table", keys = { a = { type = "integer", required = false }, b = { type = "integer", required = false } }, max = 1, default = {} }
rows = { type = "list", of = { type = "table", keys = { n = "integer" } }, default = [] }
open = { type = "table", min = 1, default = { x = 1 } }

[asset.b]
command = "true > {{output}}"
outputs = "b.txt"

[job.nightly]
params = { limit = { type = "integer", default = 5, max = 9 }, mode = { type = "string", enum = ["fast"], default = "fast" } }
config = { "stg/a" = { limit = "{{param.limit}}" } }
"#;

/// Files of run config, and whether they are right.
const RUN_CONFIGS: &[(&str, bool)] = &[
    ("", true),
    (
        "[asset.\"stg/a\".config]\nlimit = 1\nrate = 1\nmode = 'exact'\n",
        true,
    ),
    (
        "[asset.\"stg/a\".config]\nlimit = { from_env = 'HOME_' }\n",
        true,
    ),
    (
        "[asset.\"stg/a\".config]\ntuning = { depth = 1, free = { x = [1] } }\nhome = [1, 'x']\n",
        true,
    ),
    (
        "[asset.\"stg/a\".config]\ntuning = { from_env = 'T_' }\nmode = { from_env = 'M_' }\n",
        true,
    ),
    (
        "[asset.\"stg/a\".config]\ntuning = { depth = { from_env = 'D_' } }\n",
        true,
    ),
    ("[asset.\"stg/a\".partition_config.d1]\nflag = true\n", true),
    (
        "[asset.\"stg/a\".inputs]\nraw = 'x.csv'\n[inputs]\nraw = 'y.csv'\n",
        true,
    ),
    ("[inputs]\nextra = 'y.csv'\n\"stg/a.raw\" = 'z.csv'\n", true),
    ("[inputs]\n\"in place.csv\" = 'y.csv'\n", true),
    ("[inputs]\n\"./in place.csv\" = 'y.csv'\n", true),
    (
        "[execution]\nexecutor = 'in_process'\nretries = true\n",
        true,
    ),
    (
        "[execution]\nexecutor = 'multiprocess'\nmax_concurrent = 0\n",
        true,
    ),
    ("[asset.more.config]\nlevel = 1\n", true),
    ("[asset.more.config]\nlevel = 2.5\nfew = { a = 1 }\n", true),
    (
        "[asset.more.config]\nrows = [{ n = 1 }, { n = 2 }]\nopen = { y = [] }\n",
        true,
    ),
    ("[asset.b.config]\n", true),
    ("[log]\nlevel = 'debug'\n", true),
    ("[asset.\"stg/a\".config]\nlimit = 0\n", false),
    ("[asset.\"stg/a\".config]\nlimit = 1001\n", false),
    ("[asset.\"stg/a\".config]\nlimit = 1.5\n", false),
    ("[asset.\"stg/a\".config]\nlimit = 'x'\n", false),
    (
        "[asset.\"stg/a\".config]\nlimit = { from_env = 'X', or = 1 }\n",
        false,
    ),
    ("[asset.\"stg/a\".config]\nmode = 'other'\n", false),
    ("[asset.\"stg/a\".config]\nnone = 1\n", false),
    ("[asset.\"stg/a\".config]\ntuning = { deep = 1 }\n", false),
    (
        "[asset.\"stg/a\".config]\ntuning = { from_env = 'T_', depth = 1 }\n",
        false,
    ),
    (
        "[asset.\"stg/a\".config]\n\"odd key\" = ['a', 'b', 'c', 'd']\n",
        false,
    ),
    ("[asset.\"stg/a\".config]\n\"odd key\" = [1]\n", false),
    ("[asset.\"stg/a\".config]\nflag = 'true'\n", false),
    ("[asset.\"stg/a\".inputs]\nother = 'x.csv'\n", false),
    ("[asset.more.config]\nlevel = 2\n", false),
    ("[asset.more.config]\nrows = [{ n = 'x' }]\n", false),
    ("[asset.more.config]\nrows = [{ m = 1 }]\n", false),
    ("[asset.more.partition_config.x]\nlevel = 1\n", false),
    ("[asset.b.config]\nx = 1\n", false),
    ("[inputs]\nnone = 'y.csv'\n", false),
    ("[inputs]\nraw = 1\n", false),
    ("[inputs]\n\"stg/a\" = 'y.csv'\n", false),
    ("[params]\nlimit = 1\n", false),
    (
        "[execution]\nexecutor = 'in_process'\nmax_concurrent = 2\n",
        false,
    ),
    ("[execution]\nexecutor = 'other'\n", false),
    ("[execution]\nmax_concurrent = -1\n", false),
    ("[other]\n", false),
];

/// The same with a job that has params.
const RUN_CONFIGS_OF_A_JOB: &[(&str, bool)] = &[
    ("", true),
    ("[params]\nlimit = 3\nmode = 'fast'\n", true),
    ("[params]\nlimit = { from_env = 'L_' }\n", true),
    ("[asset.\"stg/a\".inputs]\nraw = 'x.csv'\n", true),
    ("[params]\nlimit = 10\n", false),
    ("[params]\nmode = 'slow'\n", false),
    ("[params]\nother = 1\n", false),
    ("[asset.\"stg/a\".config]\nlimit = 3\n", false),
    ("[asset.\"stg/a\".partition_config.d1]\nlimit = 3\n", false),
];

#[test]
fn each_key_is_described() {
    let printed = Sandbox::new().run(&["schema"]).success();
    let schema: Value = serde_json::from_str(printed.stdout()).expect("JSON");
    let mut bare = BTreeSet::new();
    collect_bare(&schema, "", &mut bare);
    assert!(bare.is_empty(), "keys without a description: {bare:?}");
}

/// Keys of tables without a text for people, but those in conditions.
fn collect_bare(schema: &Value, at: &str, bare: &mut BTreeSet<String>) {
    let Some(members) = schema.as_object() else {
        return;
    };
    for (key, value) in members {
        let at = format!("{at}/{key}");
        match key.as_str() {
            "if" | "then" | "else" | "dependencies" | "allOf" | "anyOf" => {}
            "properties" => {
                for (name, property) in value.as_object().expect("a table") {
                    if property.is_object() && property.get("description").is_none() {
                        bare.insert(format!("{at}/{name}"));
                    }
                    collect_bare(property, &format!("{at}/{name}"), bare);
                }
            }
            _ => collect_bare(value, &at, bare),
        }
    }
}
