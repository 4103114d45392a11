//! Commands as real processes, in folders of their own.

mod pipes;

use std::ops::Deref;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, slice, thread};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, test_kill_process};

use super::{Executor, last_line};
use crate::executor::cancel::{Cancel, Severity};
use crate::executor::command_line::{
    Background, CommandLine, EmptyLog, Moment, Secret, StdinFrom, StdoutTo, Watcher,
};
use crate::executor::error::ExecutorError;
use crate::executor::execution::{Execution, Exit, Leftovers};
use crate::executor::fake::FakeExecutor;
use crate::executor::local::LocalExecutor;

use crate::testkit;

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(300);

/// A folder for commands.
struct Folder(testkit::Folder);

impl Deref for Folder {
    type Target = testkit::Folder;

    fn deref(&self) -> &testkit::Folder {
        &self.0
    }
}

impl Folder {
    fn new() -> Self {
        Self(testkit::Folder::new())
    }

    fn program(&self, program: &str) -> CommandLine {
        let mut command = CommandLine::new(program, self.root(), self.path("logs/run/log"));
        command.env = vec![("PATH".into(), PATH.into())];
        command
    }

    fn script(&self, script: &str) -> CommandLine {
        let mut command = self.program("sh");
        command.args = vec!["-c".into(), script.into()];
        command
    }

    fn pid(&self, name: &str) -> Pid {
        let text = fs::read_to_string(self.path(name)).unwrap();
        Pid::from_raw(text.trim().parse().unwrap()).unwrap()
    }
}

fn run(command: &CommandLine) -> Execution {
    LocalExecutor.execute(command, &Cancel::new())
}

/// How many leftovers were ended.
fn ended(execution: &Execution) -> usize {
    match &execution.leftovers {
        Leftovers::Ended { processes } => processes.len(),
        Leftovers::None | Leftovers::Survived { .. } => 0,
    }
}

fn log(execution: &Execution) -> String {
    let log = execution.log.as_ref();
    log.map_or_else(String::new, |log| fs::read_to_string(log).unwrap())
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a process is gone, or dead and not collected by its parent.
fn is_gone(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn exits_are_told_apart() {
    let table = [
        ("exit 0", "exit code 0"),
        ("exit 3", "exit code 3"),
        ("kill -KILL $$", "killed by SIGKILL (out of memory?)"),
        ("kill -TERM $$", "killed by SIGTERM"),
        (
            "ulimit -c 0; kill -SEGV $$",
            "killed by SIGSEGV (it crashed)",
        ),
        (
            "ulimit -c 0; ulimit -f 1; exec head -c 100000 /dev/zero > big",
            "killed by SIGXFSZ (a file grew past the size limit)",
        ),
        (
            "no-such-program",
            "exit code 127 (in a shell: command not found)",
        ),
    ];
    for (script, words) in table {
        let folder = Folder::new();
        let execution = run(&folder.script(script));
        assert_eq!(execution.exit.describe(), words, "{script}");
        assert_eq!(execution.leftovers, Leftovers::None, "{script}");
        assert!(execution.usage.cpu.is_some(), "{script}");
    }
}

#[test]
fn a_command_that_cannot_start_says_why() {
    let folder = Folder::new();
    folder.write("plain", "#!/bin/sh\n").mode("plain", 0o644);
    folder.write("no-line", "echo\n").mode("no-line", 0o755);
    folder
        .write("windows", "#!/bin/sh\r\necho\r\n")
        .mode("windows", 0o755);
    folder.write("bin/tool", "").mode("bin/tool", 0o644);
    let table = [
        ("no-such", "program not found: `no-such`"),
        ("./no-such", "program not found: `./no-such`"),
        ("", "program not found: ``"),
        ("./bin", "program not found: `./bin`"),
        ("./plain", "not executable: `./plain`"),
        ("tool", "not executable: `bin/tool`"),
        #[cfg(target_os = "linux")]
        ("./no-line", "not executable: `./no-line`"),
        (
            "./windows",
            "`./windows` needs the interpreter `/bin/sh\\r`, which is not there",
        ),
    ];
    for (program, words) in table {
        let mut command = folder.program(program);
        command.env = vec![("PATH".into(), "bin:/usr/bin:/bin".into())];
        let execution = run(&command);
        assert_eq!(execution.exit.describe(), words);
        assert!(matches!(execution.exit, Exit::NotStarted(_)), "{program}");
        assert!(!command.log.exists(), "{program}");
    }

    for program in ["sh", "./tool"] {
        let mut command = folder.program(program);
        command.folder = folder.path("nowhere");
        let exit = run(&command).exit;
        assert!(
            matches!(exit, Exit::NotStarted(ExecutorError::NoFolder { .. })),
            "{exit:?}"
        );
    }
    let mut command = folder.program("sh");
    command.stdin = StdinFrom::File(folder.path("nothing"));
    let words = run(&command).exit.describe();
    assert!(
        words.ends_with("as the command's standard input: No such file or directory (os error 2)"),
        "{words}"
    );
}

#[test]
fn a_program_that_is_open_for_writing_cannot_start_until_it_is_closed() {
    let folder = Folder::new();
    folder.write("tool", "#!/bin/sh\n").mode("tool", 0o755);
    let command = folder.program("./tool");
    let writer = fs::OpenOptions::new()
        .write(true)
        .open(folder.path("tool"))
        .unwrap();
    if cfg!(target_os = "linux") {
        let words = run(&command).exit.describe();
        assert!(words.starts_with("cannot start `./tool`: Text"), "{words}");
    }
    drop(writer);
    assert!(run(&command).exit.is_success());
}

#[test]
fn a_command_line_that_is_too_long_names_its_longest_part() {
    let folder = Folder::new();
    let mut command = folder.script("true");
    command.args.push("a".repeat(2_000_000).into());
    let words = run(&command).exit.describe();
    assert!(words.starts_with("command too long: 2000"), "{words}");
    assert!(words.ends_with("of which 2000001 in argument 3"), "{words}");
}

#[test]
fn programs_are_found_as_the_shell_would_and_see_only_their_environment() {
    let folder = Folder::new();
    let script = "#!/bin/sh\necho $0 $# \"$1\" \"$A\" \"$CARGO\" $(cat)\n";
    folder.write("tool", script).mode("tool", 0o755);
    folder.write("bin/other", script).mode("bin/other", 0o755);
    folder.write("input", "read").mode("input", 0o644);
    for (program, shown) in [("./tool", "./tool"), ("other", "bin/other")] {
        let mut command = folder.program(program);
        command.args = vec!["a b".into()];
        command.env = vec![
            ("PATH".into(), "/nowhere".into()),
            ("A".into(), "value".into()),
            ("PATH".into(), "/nowhere:bin:/usr/bin:/bin".into()),
        ];
        command.stdin = StdinFrom::File(folder.path("input"));
        let execution = run(&command);
        assert_eq!(log(&execution), format!("{shown} 1 a b value  read\n"));
        fs::remove_file(&command.log).unwrap();
    }
}

#[test]
fn output_goes_where_it_belongs_in_the_order_in_which_it_was_written() {
    let script = "for i in 1 2 3; do echo out$i hunter2; echo err$i hunter2 >&2; done";
    let both = |word| {
        format!("out1 {word}\nerr1 {word}\nout2 {word}\nerr2 {word}\nout3 {word}\nerr3 {word}\n")
    };
    let only = |stream, word| format!("{stream}1 {word}\n{stream}2 {word}\n{stream}3 {word}\n");
    for (secrets, shown) in [(vec![], "hunter2"), (vec![Secret::new("hunter2")], "***")] {
        let folder = Folder::new();
        let mut command = folder.script(script);
        command.secrets = secrets;
        let execution = run(&command);
        assert_eq!(log(&execution), both(shown));
        assert_eq!(
            last_line(&command.log).unwrap().unwrap(),
            format!("err3 {shown}")
        );

        command.log = folder.path("second");
        command.stdout = StdoutTo::File(folder.path("output"));
        let execution = run(&command);
        assert_eq!(log(&execution), only("err", shown));
        let output = fs::read_to_string(folder.path("output")).unwrap();
        assert_eq!(output, only("out", "hunter2"));
    }
}

#[test]
fn an_empty_log_is_not_kept_and_a_second_attempt_appends() {
    let folder = Folder::new();
    for secrets in [vec![], vec![Secret::new("hunter2")]] {
        let mut command = folder.script("true");
        command.secrets = secrets;
        assert_eq!(run(&command).log, None);
        assert!(command.log.parent().unwrap().is_dir());
        assert!(!command.log.exists());
    }
    run(&folder.script("echo first"));
    assert_eq!(log(&run(&folder.script("true"))), "first\n");
    assert_eq!(log(&run(&folder.script("echo second"))), "first\nsecond\n");
}

#[test]
fn an_empty_log_is_left_where_that_is_asked_for_and_is_not_shared_with_who_still_has_it() {
    let folder = Folder::new();
    let mut command = folder.script("true");
    command.empty_log = EmptyLog::Left;
    assert_eq!(run(&command).log, None);
    assert!(command.log.exists());

    let escaped = fs::File::open(&command.log).unwrap();
    flock(&escaped, FlockOperation::NonBlockingLockExclusive).unwrap();
    assert_eq!(log(&run(&folder.script("echo mine"))), "mine\n");
    assert_eq!(escaped.metadata().unwrap().len(), 0);
}

#[test]
fn a_secret_is_replaced_where_two_writes_share_it_and_where_it_ends_the_log() {
    let folder = Folder::new();
    // The command sees its first half arrive before it writes the second.
    let mut command = folder.script("printf 'a hun'; while ! [ -s logs/run/log ]; do sleep 0.01; done; printf 'ter2 abc hunter2'");
    command.secrets = vec![Secret::new("hunter2"), Secret::new("abc")];
    assert_eq!(log(&run(&command)), "a *** abc ***");
}

#[test]
fn the_lines_of_a_secret_are_replaced_also_where_they_do_not_follow_each_other() {
    let folder = Folder::new();
    let key = "-----BEGIN-----\n  c2VjcmV0\n--\n-----END-----\n";
    let lines =
        "-----BEGIN-----\n-----BEGIN-----\n> c2VjcmV0\n--\n  c2VjcmV0\nc2VjcmV\n-----END-----\n";
    let mut command = folder.script(&format!("cat <<'EOF'\n{lines}EOF"));
    command.secrets = vec![Secret::new(key)];
    assert_eq!(
        log(&run(&command)),
        "***\n***\n> ***\n--\n  ***\nc2VjcmV\n***\n"
    );
}

/// As Python's `json`, `urllib.parse` and `base64` write it, the last with what stands before and after it.
#[test]
fn a_secret_is_replaced_also_as_other_programs_write_it() {
    let folder = Folder::new();
    let secret = "p\"ä s/w+rd&1";
    for (written, shown) in [
        (r#""p\"\u00e4 s/w+rd&1""#, "\"***\""),
        (r#""p\"ä s/w+rd&1""#, "\"***\""),
        (r#""p\"ä s\/w+rd&1""#, "\"***\""),
        ("p%22%C3%A4%20s/w%2Brd%261", "***"),
        ("p%22%C3%A4%20s%2Fw%2Brd%261", "***"),
        ("p%22%c3%a4%20s%2fw%2brd%261", "***"),
        ("p%22%C3%A4+s%2Fw%2Brd%261", "***"),
        ("cCLDpCBzL3crcmQmMQ==", "***Q=="),
        ("cCLDpCBzL3crcmQmMQo=", "***Qo="),
        ("dTpwIsOkIHMvdytyZCYx", "dTp***"),
        ("bWU6cCLDpCBzL3crcmQmMQ==", "bWU6***Q=="),
        ("eW91OnAiw6Qgcy93K3JkJjFAaG9zdA==", "eW91On***FAaG9zdA=="),
        ("a word", "a word"),
    ] {
        let mut command = folder.script(&format!("cat <<'EOF'\n{written}\nEOF"));
        command.secrets = vec![Secret::new(secret)];
        command.log = folder.path(format!("logs/{}", written.len()));
        let _ = fs::remove_file(&command.log);
        assert_eq!(log(&run(&command)), format!("{shown}\n"), "{written}");
    }
}

#[test]
fn what_stays_in_the_background_goes_on_and_its_secrets_are_replaced() {
    let folder = Folder::new();
    let mut command = folder
        .script("(while ! [ -e go ]; do sleep 0.01; done; echo hunter2; echo > gone) & echo up");
    command.background = Background::Kept;
    command.secrets = vec![Secret::new("hunter2")];
    let execution = run(&command);
    assert_eq!(execution.leftovers, Leftovers::None);
    fs::write(folder.path("go"), "").expect("written");
    eventually("it goes on", || folder.path("gone").exists());
    let text = || fs::read_to_string(&command.log).unwrap();
    eventually("its log goes on", || text() == "up\n***\n");
    command.args[1] = "sleep 1000 & exit 3".into();
    assert!(
        matches!(run(&command).leftovers, Leftovers::Ended { .. }),
        "where it has failed"
    );
}

#[test]
fn much_output_passes_through_the_pipe_whole() {
    let folder = Folder::new();
    let mut command = folder.script("head -c 3000000 /dev/zero | tr '\\0' x; echo hunter2");
    command.secrets = vec![Secret::new("hunter2")];
    assert_eq!(log(&run(&command)), "x".repeat(3_000_000) + "***\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_is_told_and_does_not_hold_the_command_up() {
    let folder = Folder::new();
    let mut command = folder.script("head -c 1000000 /dev/zero; true");
    command.secrets = vec![Secret::new("hunter2")];
    command.log = folder.path("log");
    symlink("/dev/full", &command.log).unwrap();
    let execution = run(&command);
    assert!(execution.exit.is_success());
    let fault = execution.log_fault.unwrap();
    assert_eq!(fault.kind(), std::io::ErrorKind::StorageFull);
    assert!(Path::new("/dev/full").exists());
}

#[test]
fn what_is_left_in_the_background_is_ended_and_does_not_hang_the_run() {
    for secrets in [vec![], vec![Secret::new("hunter2")]] {
        for background in [
            "sleep 1000",
            "(trap '' TERM; echo > ready; while :; do sleep 1000; done)",
        ] {
            let folder = Folder::new();
            let mut command = folder.script(&format!(
                "{background} & echo $! > pid
                 case $1 in *ready*) while ! [ -e ready ]; do sleep 0.01; done;; esac
                 echo done"
            ));
            command.args.extend(["sh".into(), background.into()]);
            command.secrets.clone_from(&secrets);
            command.grace = SHORT;
            let execution = run(&command);
            assert!(execution.exit.is_success(), "{background}");
            assert!(ended(&execution) > 0, "{background}");
            assert_eq!(log(&execution), "done\n", "{background}");
            assert!(is_gone(folder.pid("pid")), "{background}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_is_not_over_while_its_outputs_are_written() {
    let folder = Folder::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut command = folder.script(
        "(exec 3> out/late; echo ready > ready; read _ < gate; echo done >&3) &
         while ! [ -e ready ]; do sleep 0.01; done",
    );
    fs::create_dir(folder.path("out")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.path("gate"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    command.outputs = vec![folder.path("out")];
    command.watcher = Watcher::new(move |moment| {
        if let Moment::StillWriting { process, path } = moment {
            sender.send((process.to_owned(), path.to_owned())).unwrap();
        }
    });
    thread::scope(|scope| {
        let running = scope.spawn(|| run(&command));
        let (process, path) = receiver.recv().unwrap();
        assert!(process.starts_with("`sh` (process "), "{process}");
        assert!(path.ends_with("out/late"), "{path:?}");
        fs::write(folder.path("gate"), "\n").unwrap();
        let execution = running.join().unwrap();
        assert!(execution.exit.is_success());
        assert_eq!(execution.leftovers, Leftovers::None);
    });
    let written = fs::read_to_string(folder.path("out/late"));
    assert_eq!(written.unwrap(), "done\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_whose_outputs_are_written_for_ever_times_out() {
    // What is left behind has its output open from its first moment on.
    for script in [
        "exec 3> out; sleep 1000 >&3 &",
        "exec 3> out; sleep 1000 >&3 & exit 3",
    ] {
        let folder = Folder::new();
        let mut command = folder.script(script);
        command.outputs = vec![folder.path("out")];
        command.timeout = Some(Duration::from_secs(1));
        let execution = run(&command);
        let as_expected = match execution.exit {
            Exit::Code(3) => script.contains("exit"),
            Exit::TimedOut { .. } => !script.contains("exit"),
            _ => false,
        };
        assert!(as_expected, "{script}: {execution:?}");
        assert!(ended(&execution) > 0);
    }
}

#[test]
fn a_helper_that_ends_when_its_command_is_gone_is_let_finish() {
    for secrets in [vec![], vec![Secret::new("hunter2")]] {
        let folder = Folder::new();
        let mut command =
            folder.script("(while kill -0 $$; do :; done 2>/dev/null; echo flushed) &");
        command.secrets = secrets;
        let execution = run(&command);
        assert!(execution.exit.is_success());
        assert_eq!(execution.leftovers, Leftovers::None);
        assert_eq!(log(&execution), "flushed\n");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_left_the_group_and_holds_the_pipe_does_not_hang_the_run() {
    let folder = Folder::new();
    let mut command = folder.script(
        "setsid sh -c 'echo $$ > pid; exec sleep 1000' &
         while ! [ -s pid ]; do sleep 0.01; done
         echo done hunter2",
    );
    command.secrets = vec![Secret::new("hunter2")];
    let execution = run(&command);
    let daemon = folder.pid("pid");
    assert!(!is_gone(daemon));
    rustix::process::kill_process(daemon, rustix::process::Signal::KILL).unwrap();
    assert!(execution.exit.is_success());
    assert_eq!(log(&execution), "done ***\n");
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_its_children() {
    for script in [
        "sleep 1000 & echo $! > pid; wait",
        "trap '' TERM; sleep 1000 & echo $! > pid; while :; do wait; sleep 1000; done",
    ] {
        let folder = Folder::new();
        let mut command = folder.script(script);
        command.timeout = Some(Duration::from_secs(2));
        command.grace = SHORT;
        let execution = run(&command);
        assert_eq!(execution.exit.describe(), "timed out after 2 s", "{script}");
        assert!(is_gone(folder.pid("pid")), "{script}");
    }
}

#[test]
fn a_command_that_ran_out_of_time_before_an_interrupt_timed_out() {
    let folder = Folder::new();
    let cancel = Cancel::new();
    let mut command =
        folder.script("trap 'echo asked' TERM; echo ready; while :; do sleep 0.01; done");
    command.timeout = Some(Duration::from_secs(2));
    command.grace = LONG;
    let exit = thread::scope(|scope| {
        let running = scope.spawn(|| LocalExecutor.execute(&command, &cancel).exit);
        eventually("it was asked to end", || {
            all_contain(slice::from_ref(&command.log), "asked")
        });
        cancel.interrupt(Severity::Ask);
        cancel.interrupt(Severity::Kill);
        running.join().unwrap()
    });
    assert!(matches!(exit, Exit::TimedOut { .. }), "{exit:?}");
}

#[test]
fn limits_that_are_not_reached_change_nothing() {
    let folder = Folder::new();
    let cancel = Cancel::new();
    for (timeout, grace) in [(LONG, LONG), (Duration::MAX, Duration::MAX)] {
        let mut command = folder.script("exit 3");
        command.timeout = Some(timeout);
        command.grace = grace;
        let exit = LocalExecutor.execute(&command, &cancel).exit;
        assert!(matches!(exit, Exit::Code(3)), "{exit:?}");
    }
}

#[test]
fn a_shorter_limit_that_comes_later_is_kept() {
    let folder = Folder::new();
    let cancel = Cancel::new();
    let mut long = folder.script("echo > started; exec sleep 1000");
    long.timeout = Some(LONG);
    let mut short = folder.script("exec sleep 1000");
    short.timeout = Some(SHORT);
    thread::scope(|scope| {
        let first = scope.spawn(|| LocalExecutor.execute(&long, &cancel).exit);
        eventually("the first started", || folder.path("started").exists());
        let exit = LocalExecutor.execute(&short, &cancel).exit;
        assert!(matches!(exit, Exit::TimedOut { after: SHORT }), "{exit:?}");
        cancel.interrupt(Severity::Kill);
        let exit = first.join().unwrap();
        assert!(matches!(exit, Exit::Canceled), "{exit:?}");
    });
}

/// Three commands that run until they are interrupted; the TERM they get is in their logs.
fn interrupted(script: &str, grace: Duration, interrupt: impl FnOnce(&Cancel, &[PathBuf])) {
    let folder = Folder::new();
    let cancel = Cancel::new();
    let commands = ["a", "b", "c"].map(|name| {
        let mut command = folder.script(script);
        command.log = folder.path(name);
        command.grace = grace;
        command
    });
    let logs = commands.each_ref().map(|command| command.log.clone());
    thread::scope(|scope| {
        let running = commands
            .each_ref()
            .map(|command| scope.spawn(|| LocalExecutor.execute(command, &cancel)));
        eventually("all are ready", || all_contain(&logs, "ready"));
        interrupt(&cancel, &logs);
        for handle in running {
            let execution = handle.join().unwrap();
            assert!(matches!(execution.exit, Exit::Canceled), "{execution:?}");
            let pid = log(&execution).split_whitespace().nth(1).map(str::parse);
            let pid = Pid::from_raw(pid.unwrap().unwrap()).unwrap();
            assert!(is_gone(pid));
        }
    });
    let late = LocalExecutor.execute(&folder.script("echo > late"), &cancel);
    assert!(matches!(late.exit, Exit::Canceled));
    assert!(!folder.path("late").exists());
}

fn all_contain(logs: &[PathBuf], text: &str) -> bool {
    logs.iter()
        .all(|log| fs::read_to_string(log).is_ok_and(|log| log.contains(text)))
}

#[test]
fn an_interrupt_asks_and_then_kills() {
    let polite = "trap 'echo asked; exit 0' TERM; echo ready $$; while :; do sleep 0.01; done";
    interrupted(polite, LONG, |cancel, _| cancel.interrupt(Severity::Ask));

    let stubborn = "trap 'echo asked' TERM; echo ready $$; while :; do sleep 0.01; done";
    interrupted(stubborn, SHORT, |cancel, logs| {
        cancel.interrupt(Severity::Ask);
        eventually("all were asked", || all_contain(logs, "asked"));
    });
    interrupted(stubborn, LONG, |cancel, logs| {
        cancel.interrupt(Severity::Ask);
        eventually("all were asked", || all_contain(logs, "asked"));
        cancel.interrupt(Severity::Kill);
        cancel.interrupt(Severity::Ask);
        assert_eq!(cancel.severity(), Some(Severity::Kill));
    });

    let stopped = "echo ready $$; kill -STOP $$; exec sleep 1000";
    interrupted(stopped, LONG, |cancel, _| cancel.interrupt(Severity::Ask));
}

#[test]
fn a_kill_also_ends_the_wait_for_what_a_command_left_behind() {
    let folder = Folder::new();
    let cancel = Cancel::new();
    let mut command = folder.script(
        "(trap 'echo asked' TERM; echo > ready; while :; do sleep 0.01; done) & echo $! > pid
         while ! [ -e ready ]; do sleep 0.01; done",
    );
    command.grace = LONG;
    let execution = thread::scope(|scope| {
        let running = scope.spawn(|| LocalExecutor.execute(&command, &cancel));
        eventually("the leftover was asked", || {
            all_contain(slice::from_ref(&command.log), "asked")
        });
        cancel.interrupt(Severity::Kill);
        running.join().unwrap()
    });
    assert!(execution.exit.is_success(), "{execution:?}");
    assert!(ended(&execution) > 0);
    assert!(is_gone(folder.pid("pid")));
}

#[test]
fn many_quick_commands_on_many_threads_all_end_well() {
    let folder = Folder::new();
    let cancel = Cancel::new();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= 200 {
                        return;
                    }
                    let mut command = folder.program("echo");
                    command.args = vec![number.to_string().into()];
                    command.log = folder.path(format!("logs/{number}"));
                    command.timeout = number.is_multiple_of(2).then_some(LONG);
                    command.secrets = vec![Secret::new("hunter2"); number % 3 / 2];
                    let execution = LocalExecutor.execute(&command, &cancel);
                    assert!(execution.exit.is_success(), "{execution:?}");
                    assert_eq!(log(&execution), format!("{number}\n"));
                    assert_eq!(execution.leftovers, Leftovers::None);
                }
            });
        }
    });
    assert_eq!(fs::read_dir(folder.path("logs")).unwrap().count(), 200);
}

#[test]
fn peak_memory_is_told_where_it_is_the_commands_own() {
    let folder = Folder::new();
    let large = run(&folder.script("exec dd if=/dev/zero of=/dev/null bs=900000000 count=1"));
    assert!(large.exit.is_success());
    let peak = large.usage.peak_memory.unwrap();
    assert!((900_000_000..1_200_000_000).contains(&peak), "{peak}");
    if cfg!(target_os = "linux") {
        assert_eq!(run(&folder.program("true")).usage.peak_memory, None);
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let folder = Folder::new();
    let mut command = folder.script("true");
    command.env = vec![("PASSWORD".into(), "hunter2".into())];
    command.secrets = vec![Secret::new("hunter2")];
    let shown = format!("{command:?} {:?}", command.secrets);
    assert!(
        shown.contains("PASSWORD") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn the_fake_records_what_ran_and_does_what_it_is_told() {
    let folder = Folder::new();
    let fake = FakeExecutor::new(|command| {
        if command.program == "fails" {
            fs::create_dir_all(command.log.parent().unwrap()).unwrap();
            fs::write(&command.log, "oh\n").unwrap();
            return Exit::Code(1);
        }
        Exit::Code(0)
    });
    let cancel = Cancel::new();
    assert!(
        fake.execute(&folder.program("works"), &cancel)
            .log
            .is_none()
    );
    let failed = fake.execute(&folder.program("fails"), &cancel);
    assert_eq!(log(&failed), "oh\n");
    cancel.interrupt(Severity::Ask);
    let late = fake.execute(&folder.program("late"), &cancel);
    assert!(matches!(late.exit, Exit::Canceled));
    let ran = fake.take_ran().into_iter().map(|command| command.program);
    assert_eq!(ran.collect::<Vec<_>>(), ["works", "fails"]);
    assert!(fake.take_ran().is_empty());
}
