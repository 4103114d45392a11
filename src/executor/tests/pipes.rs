//! Commands whose input comes from memory and whose output goes there.

use std::sync::{Arc, LazyLock};
use std::time::Duration;
use std::{fs, thread};

use super::{Folder, LONG, SHORT, ended, eventually, is_gone, log, run};
use crate::executor::Executor;
use crate::executor::cancel::{Cancel, Severity};
use crate::executor::command_line::{CommandLine, Secret, StdinFrom, StdoutTo};
use crate::executor::execution::Exit;
use crate::executor::fake::FakeExecutor;
use crate::executor::local::LocalExecutor;

const LARGE: usize = 10_000_000;
const KEPT: StdoutTo = StdoutTo::Memory { limit: u64::MAX };

/// Bytes that repeat so late that no piece could be taken for another.
fn bytes(length: usize) -> Arc<[u8]> {
    static ALL: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let words = 0_u32..(LARGE / 4) as u32;
        words.flat_map(u32::to_le_bytes).collect()
    });
    Arc::from(&ALL[..length])
}

fn piped(folder: &Folder, script: &str, input: usize) -> CommandLine {
    let mut command = folder.script(script);
    command.stdin = StdinFrom::Bytes(bytes(input));
    command.stdout = KEPT;
    command
}

#[test]
fn bytes_of_any_length_pass_through_whole_and_in_order() {
    let folder = Folder::new();
    for length in [0, 1, 65_536, 65_537, LARGE] {
        let execution = run(&piped(&folder, "exec cat", length));
        assert!(execution.exit.is_success(), "{execution:?}");
        let stdout = execution.stdout.unwrap();
        assert!(stdout[..] == bytes(length)[..], "{length} bytes");
    }
}

#[test]
fn each_pipe_works_without_the_other() {
    let folder = Folder::new();
    let mut command = piped(&folder, "exec cat", LARGE);
    command.stdout = StdoutTo::File(folder.path("output"));
    let execution = run(&command);
    assert!(execution.exit.is_success(), "{execution:?}");
    assert_eq!(execution.stdout, None);
    assert!(fs::read(folder.path("output")).unwrap() == bytes(LARGE)[..]);

    let mut command = piped(&folder, "exec cat output", 0);
    command.stdin = StdinFrom::Null;
    assert!(run(&command).stdout.unwrap() == bytes(LARGE)[..]);
}

#[test]
fn a_command_may_ignore_its_input_or_leave_off_early() {
    let folder = Folder::new();
    for (script, printed) in [
        ("echo done", 5),
        ("exec <&-; echo done", 5),
        ("exec head -c 100000", 100_000),
        (
            "head -c 1 > /dev/null; exec <&-; head -c 1000000 /dev/zero",
            1_000_000,
        ),
    ] {
        let execution = run(&piped(&folder, script, LARGE));
        assert!(
            execution.exit.is_success(),
            "{script}: {:?}",
            execution.exit
        );
        assert_eq!(execution.stdout.unwrap().len(), printed, "{script}");
    }
}

#[test]
fn output_past_the_limit_ends_the_command_and_is_its_exit() {
    let ends_by_itself = "printf 12345";
    let goes_on = "printf 12345; exec sleep 1000";
    let never_ends = "exec yes";
    let stubborn = "trap '' TERM PIPE; while :; do echo y; done 2>/dev/null";
    let with_children = "sleep 1000 & echo $! > pid; echo much; wait";
    for script in [ends_by_itself, goes_on, never_ends, stubborn, with_children] {
        let folder = Folder::new();
        let mut command = piped(&folder, script, LARGE);
        command.stdout = StdoutTo::Memory { limit: 4 };
        command.grace = SHORT;
        let execution = run(&command);
        let exit = &execution.exit;
        assert!(
            matches!(exit, Exit::TooMuchOutput { limit: 4 }),
            "{script}: {exit:?}"
        );
        assert_eq!(execution.stdout, None, "{script}");
        if script == with_children {
            assert!(is_gone(folder.pid("pid")));
        }
    }
    let folder = Folder::new();
    let mut command = piped(&folder, ends_by_itself, 0);
    command.stdout = StdoutTo::Memory { limit: 5 };
    let execution = run(&command);
    assert!(execution.exit.is_success(), "{execution:?}");
    assert_eq!(execution.stdout.as_deref(), Some(&b"12345"[..]));
}

#[test]
fn a_command_that_runs_out_of_time_says_so_and_keeps_what_it_wrote() {
    let folder = Folder::new();
    for script in ["echo done; exec sleep 1000", "echo done; sleep 1000 & wait"] {
        let mut command = piped(&folder, script, LARGE);
        command.timeout = Some(Duration::from_secs(2));
        command.grace = SHORT;
        let execution = run(&command);
        assert_eq!(execution.exit.describe(), "timed out after 2 s", "{script}");
        assert_eq!(
            execution.stdout.as_deref(),
            Some(&b"done\n"[..]),
            "{script}"
        );
    }
}

#[test]
fn an_interrupt_ends_a_command_in_the_middle_of_both_pipes() {
    let folder = Folder::new();
    let cancel = Cancel::new();
    let command = piped(
        &folder,
        "head -c 1000000; echo > half; exec sleep 1000",
        LARGE,
    );
    let execution = thread::scope(|scope| {
        let running = scope.spawn(|| LocalExecutor.execute(&command, &cancel));
        eventually("half of it passed", || folder.path("half").exists());
        cancel.interrupt(Severity::Ask);
        running.join().unwrap()
    });
    assert!(matches!(execution.exit, Exit::Canceled), "{execution:?}");
    assert!(execution.stdout.unwrap() == bytes(1_000_000)[..]);
}

#[test]
fn what_is_left_in_the_background_with_the_pipes_open_does_not_hang_the_run() {
    let folder = Folder::new();
    let mut command = piped(&folder, "sleep 1000 <&0 & echo $! > pid; echo done", LARGE);
    command.grace = LONG;
    let execution = run(&command);
    assert!(execution.exit.is_success(), "{execution:?}");
    assert!(ended(&execution) > 0);
    assert_eq!(execution.stdout.as_deref(), Some(&b"done\n"[..]));
    assert!(is_gone(folder.pid("pid")));
}

#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_left_the_group_with_the_pipes_open_does_not_hang_the_run() {
    let folder = Folder::new();
    let command = piped(
        &folder,
        "setsid sh -c 'echo $$ > pid; exec sleep 1000' <&0 &
         while ! [ -s pid ]; do sleep 0.01; done
         echo done",
        LARGE,
    );
    let execution = run(&command);
    let daemon = folder.pid("pid");
    assert!(!is_gone(daemon));
    rustix::process::kill_process(daemon, rustix::process::Signal::KILL).unwrap();
    assert!(execution.exit.is_success(), "{execution:?}");
    assert_eq!(execution.stdout.as_deref(), Some(&b"done\n"[..]));
}

#[test]
fn secrets_are_replaced_in_the_log_and_not_in_the_output() {
    let folder = Folder::new();
    let mut command = piped(&folder, "cat; echo hunter2; echo hunter2 >&2", 0);
    command.secrets = vec![Secret::new("hunter2")];
    let execution = run(&command);
    assert_eq!(log(&execution), "***\n");
    assert_eq!(execution.stdout.as_deref(), Some(&b"hunter2\n"[..]));
}

#[test]
fn a_command_that_cannot_start_leaves_its_pipes() {
    let folder = Folder::new();
    let mut command = piped(&folder, "", LARGE);
    command.program = "./no-such".into();
    let execution = run(&command);
    assert!(
        matches!(execution.exit, Exit::NotStarted(_)),
        "{execution:?}"
    );
    assert_eq!(execution.stdout, None);
}

#[test]
fn an_input_shows_its_length_in_debug_output() {
    let mut command = CommandLine::new("cat", "", "log");
    command.stdin = StdinFrom::Bytes(Arc::from(*b"hunter2"));
    let shown = format!("{command:?}");
    assert!(shown.contains("Bytes(7 bytes)"), "{shown}");
}

#[test]
fn what_a_fake_prints_goes_where_standard_output_goes() {
    let folder = Folder::new();
    let fake = FakeExecutor::printing(|command| match &command.stdin {
        StdinFrom::Bytes(bytes) => (Exit::Code(0), bytes.to_vec()),
        StdinFrom::Null | StdinFrom::File(_) => (Exit::Code(1), Vec::new()),
    });
    let mut command = piped(&folder, "", 6);
    let execution = fake.execute(&command, &Cancel::new());
    assert!(execution.exit.is_success());
    assert_eq!(execution.stdout.as_deref(), Some(&bytes(6)[..]));

    command.stdout = StdoutTo::Memory { limit: 5 };
    let execution = fake.execute(&command, &Cancel::new());
    assert!(matches!(execution.exit, Exit::TooMuchOutput { limit: 5 }));
    assert_eq!(execution.stdout, None);

    command.stdout = StdoutTo::File(folder.path("output"));
    fake.execute(&command, &Cancel::new());
    assert_eq!(fs::read(folder.path("output")).unwrap(), bytes(6)[..]);

    command.stdout = StdoutTo::Log;
    let execution = fake.execute(&command, &Cancel::new());
    assert_eq!(fs::read(execution.log.unwrap()).unwrap(), bytes(6)[..]);
}
