//! A resource that is a real database server: a schema that a setup creates and a teardown drops, tables that are loaded and
//! aggregated with `psql`, an observed table as a source, and a password that appears nowhere.
//!
//! The server is of this test alone: in a temporary folder, on a port of its own. Its programs are found by `POSTGRES_BIN`, in
//! `PATH`, or where Debian's packages have them.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use serde_json::Value;
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::sandbox::Sandbox;

const PASSWORD: &str = "fl1ghts/of \"2013\"";

const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "2013-07-04"
end = "2013-07-07"

[resource.warehouse]
config = { schema = "dev", port = 5432 }
env = { PGHOST = "127.0.0.1", PGPORT = "{{config.port}}", PGUSER = "flights", PGDATABASE = "flights", PGPASSWORD = { secret_env = "WAREHOUSE_PASSWORD" }, PGOPTIONS = "-c search_path={{config.schema}}", PSQL = "-v ON_ERROR_STOP=1 -qAtX" }
setup = """
psql $PSQL -v schema={{config.schema}} <<'SQL'
CREATE SCHEMA :schema;
CREATE TABLE flights (day date, carrier text, delay int);
SQL
echo "set up with $PGPASSWORD" >&2
echo "ROLE=$(psql $PSQL -c 'SELECT current_user')" >> $ASSETCTL_RESOURCE_ENV
"""
teardown = "echo 'DROP SCHEMA :schema CASCADE' | psql $PSQL -v schema={{config.schema}}; echo $PGPASSWORD"
version = "1"

[source.airlines]
observe = "psql $PSQL -c 'SELECT count(*), max(name) FROM public.airlines'"
resources = "warehouse"

[source.flights]
partitions = "day"
path = "flights/{{partition}}.csv"

[asset.load]
partitions = "day"
deps = ["flights"]
resources = ["warehouse"]
command = """
awk -F, -v day={{partition}} 'NR > 1 { print day "," $4 "," $3 }' {{input}} |
    psql $PSQL -c "COPY flights FROM STDIN WITH (FORMAT csv, NULL 'NA')"
psql $PSQL -v day={{partition}} > {{output}} <<'SQL'
SELECT carrier, count(*) FROM flights WHERE day = :'day' GROUP BY carrier ORDER BY carrier;
SQL
"""
outputs = "loaded/{{partition}}.txt"

[asset.report]
deps = ["load", "airlines"]
resources = ["warehouse"]
command = "psql $PSQL -c \"SELECT name, count(*) FROM flights JOIN public.airlines USING (carrier) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3\" > {{output}}; echo $ROLE >> {{output}}"
outputs = "report.txt"
"#;

/// A server of this test, which ends with it.
struct Server {
    process: Child,
    port: u16,
    bin: PathBuf,
    folder: TempDir,
}

impl Server {
    /// Starts one; `None`, with a loud word, where there are no programs.
    fn start() -> Option<Self> {
        let Some(bin) = programs() else {
            let told = b"SKIPPED: resources are not tried with PostgreSQL; set POSTGRES_BIN to the folder of `initdb` and `postgres`\n";
            // Not captured, as a test that ends well says nothing.
            let _ = std::io::stderr().write_all(told);
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        fs::write(folder.path().join("password"), PASSWORD).expect("written");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("set");
        if let Some((user, group)) = server_user() {
            for path in ["", "password"] {
                chown(folder.path().join(path), Some(user), Some(group)).expect("root may");
            }
        }
        let path = |name: &str| folder.path().join(name).display().to_string();
        let made = as_server_user(&bin.join("initdb"))
            .args([
                "--auth=scram-sha-256",
                "--username=flights",
                "--no-sync",
                "--no-locale",
            ])
            .args(["--encoding=UTF8", &format!("--pwfile={}", path("password"))])
            .args(["--pgdata", &path("data")])
            .output();
        success(&made.expect("initdb starts"));
        let settings = [
            "fsync=off",
            "listen_addresses=127.0.0.1",
            "max_connections=20",
        ];
        let process = as_server_user(&bin.join("postgres"))
            .args([
                "-D",
                &path("data"),
                "-p",
                &port.to_string(),
                "-k",
                &path(""),
            ])
            .args(settings.iter().flat_map(|it| ["-c", it]))
            .stdout(Stdio::null())
            .stderr(fs::File::create(path("log")).expect("a log"))
            .spawn();
        let mut server = Self {
            process: process.expect("postgres starts"),
            port,
            bin,
            folder,
        };
        let started = Instant::now();
        while !server.psql("postgres", "SELECT 1").status.success() {
            let log = fs::read_to_string(server.folder.path().join("log"));
            let ended = server.process.try_wait().expect("it is ours");
            assert!(ended.is_none(), "{log:?}");
            assert!(started.elapsed() < Duration::from_mins(1), "{log:?}");
            thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    fn psql(&self, database: &str, sql: &str) -> Output {
        let command = Command::new(self.bin.join("psql"))
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                "flights",
            ])
            .args(["-d", database, "-qAtXc", sql])
            .env("PGPASSWORD", PASSWORD)
            .output();
        command.expect("psql starts")
    }

    fn answer(&self, sql: &str) -> String {
        let answered = self.psql("flights", sql);
        success(&answered);
        String::from_utf8(answered.stdout).expect("text")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGQUIT ends it at once, and its children with it.
        let id = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::QUIT);
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("it has one").port()
}

fn success(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// The folder of the programs, if they are anywhere.
fn programs() -> Option<PathBuf> {
    let has_all = |folder: &PathBuf| {
        let mut programs = ["initdb", "postgres", "psql"].iter();
        programs.all(|program| folder.join(program).exists())
    };
    if let Some(folder) = env::var_os("POSTGRES_BIN").filter(|it| !it.is_empty()) {
        let folder = PathBuf::from(folder);
        assert!(
            has_all(&folder),
            "POSTGRES_BIN has `initdb`, `postgres` and `psql`"
        );
        return Some(folder);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let of_debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let of_debian = of_debian.flatten().map(|it| it.path().join("bin"));
    env::split_paths(&path).chain(of_debian).find(has_all)
}

/// The server refuses to run as root: then it is a user of its packages, or nobody.
fn server_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("readable");
    let of = |name: &str| {
        let mut lines = users
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>());
        let fields = lines.find(|fields| fields[0] == name)?;
        Some((fields[2].parse().ok()?, fields[3].parse().ok()?))
    };
    of("postgres").or_else(|| of("nobody"))
}

fn as_server_user(program: &Path) -> Command {
    match server_user() {
        None => Command::new(program),
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command.args([
                &format!("--reuid={user}"),
                &format!("--regid={group}"),
                "--clear-groups",
            ]);
            command.arg(program).current_dir("/");
            command
        }
    }
}

fn project(server: &Server) -> Sandbox {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/flights/data");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = [server.bin.clone()]
        .into_iter()
        .chain(env::split_paths(&path));
    let path = env::join_paths(path).expect("paths");
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_copy(&data.join("flights"), "flights")
        .with_env("WAREHOUSE_PASSWORD", PASSWORD)
        .with_env("PATH", path.to_str().expect("plain paths"))
}

#[test]
fn flights_go_through_a_database_that_is_set_up_and_torn_down() {
    let Some(server) = Server::start() else {
        return;
    };
    success(&server.psql("postgres", "CREATE DATABASE flights"));
    server.answer("CREATE TABLE airlines (carrier text, name text)");
    let airlines = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/flights/data/airlines.csv");
    let airlines = fs::read_to_string(airlines).expect("data");
    for line in airlines.lines().skip(1) {
        let (carrier, name) = line.split_once(',').expect("two columns");
        let name = name.trim_matches('"').replace('\'', "''");
        server.answer(&format!(
            "INSERT INTO airlines VALUES ('{carrier}', '{name}')"
        ));
    }
    let project = project(&server);
    let port = format!("resource.warehouse.port={}", server.port);
    let run = |words: &[&str]| project.run(&[words, &["-j", "1", "--set", &port]].concat());
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'dev'";

    let ran = run(&["materialize", "--json"]).success();
    ran.ran(&[
        "load@2013-07-04",
        "load@2013-07-05",
        "load@2013-07-06",
        "report",
    ]);
    let report = project.read("report.txt");
    assert_eq!(report.lines().count(), 4, "{report}");
    assert!(
        report.ends_with("flights\n"),
        "the role that the setup has found: {report}"
    );
    let rows = |day: &str| {
        let text = project.read(format!("flights/{day}.csv"));
        text.lines().count() - 1
    };
    let loaded = |day: &str| -> usize {
        let text = project.read(format!("loaded/{day}.txt"));
        let counts = text
            .lines()
            .map(|line| line.split_once('|').expect("two columns").1);
        counts
            .map(|it| it.parse::<usize>().expect("a number"))
            .sum()
    };
    for day in ["2013-07-04", "2013-07-05", "2013-07-06"] {
        assert_eq!(loaded(day), rows(day), "{day}");
    }
    assert_eq!(server.answer(schemas), "0\n", "it was dropped");

    // The observed table is a source: nothing to do until a row is there.
    run(&["materialize", "--json"]).success().ran_nothing();
    server.answer("INSERT INTO airlines VALUES ('ZZ', 'Zeppelin')");
    let ran = run(&["materialize", "report", "--json"]).exits_with_one_of(&[0, 1]);
    assert!(ran.steps().contains("report"), "{}", ran.said());

    // A failing step leaves no schema either, nor does a database that cannot be reached.
    project.edit("Assets.toml", "ORDER BY 2 DESC", "ORDER BY nonsense");
    run(&["materialize", "--force", "--json"]).exits(1);
    assert_eq!(server.answer(schemas), "0\n");
    let refused = project.run(&[
        "materialize",
        "--json",
        "--set",
        "resource.warehouse.port=1",
    ]);
    let refused = refused.exits(1);
    let lines = refused.stdout().lines();
    let events: Vec<Value> = lines
        .map(|it| serde_json::from_str(it).expect("JSON"))
        .collect();
    let failed = events.iter().find(|it| it["type"] == "resource_failed");
    let tail = failed.expect("its setup fails")["tail"].to_string();
    assert!(tail.contains("connection"), "{tail}");
    shows_no_password(&project, &refused.said());
}

/// Neither as it is nor as other programs write it, in the whole project and in all that was said.
fn shows_no_password(project: &Sandbox, said: &str) {
    let mut all = said.to_owned();
    for words in [
        &["runs", "--json"][..],
        &["history", "report", "--json"],
        &["logs", "report"],
        &["explain", "report", "--json"],
        &["show", "report", "--json"],
        &["status", "--json"],
        &["config", "check"],
    ] {
        let answer = project.run(words).exits_with_one_of(&[0, 1, 2]);
        all.push_str(&answer.said());
    }
    let forms = [
        PASSWORD.to_owned(),
        PASSWORD.replace('"', "\\\""),
        "fl1ghts%2Fof%20%222013%22".to_owned(),
        "ZmwxZ2h0cy9vZiAiMjAxMyI".to_owned(),
    ];
    let mut logs = String::new();
    for form in &forms {
        assert!(!all.contains(form), "{form}: {all}");
        for entry in WalkDir::new(project.path(".")) {
            let entry = entry.expect("readable");
            if entry.file_type().is_file() {
                let bytes = fs::read(entry.path()).expect("readable");
                let found = bytes.windows(form.len()).any(|it| it == form.as_bytes());
                assert!(!found, "{form} is in {}", entry.path().display());
                logs.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }
    assert!(
        logs.contains("set up with ***"),
        "it was written and replaced"
    );
}
