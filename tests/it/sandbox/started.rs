//! A run that goes on while its test does something else.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::outcome::Unjudged;

/// How long anything may take before its test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process that was started; one that nobody waits for is killed.
pub struct Started {
    command: String,
    child: Option<Child>,
}

impl Started {
    /// Starts a command; what it says on streams that are pipes is kept for its [`super::outcome::Outcome`].
    pub(super) fn new(name: String, mut command: Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program is there and can be started");
        Self {
            command: name,
            child: Some(child),
        }
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Sends a signal to this process alone.
    pub fn signal(&self, signal: Signal) {
        // One that has ended already is not there any more, which is what every sender of a signal has to expect.
        let _ = kill_process(self.pid(), signal);
    }

    /// Kills this process and all commands that it runs.
    pub fn kill_with_commands(&self) {
        self.signal(Signal::STOP);
        for group in self.children() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        self.signal(Signal::KILL);
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Unjudged {
        let child = self.child.take().expect("only this and drop take it");
        let output = child
            .wait_with_output()
            .expect("it is a child of this process");
        Unjudged::new(std::mem::take(&mut self.command), &output)
    }

    /// Waits for its end, and tells whether it was killed.
    pub fn was_killed(mut self) -> bool {
        let child = self.child.take().expect("only this and drop take it");
        // Commands that go on hold no stream of it, so this is its own end.
        let output = child
            .wait_with_output()
            .expect("it is a child of this process");
        output.status.signal().is_some()
    }

    fn pid(&self) -> Pid {
        let child = self.child.as_ref().expect("it is taken at the end only");
        Pid::from_child(child)
    }

    /// The processes that it has started; each command leads a group of its own.
    fn children(&self) -> Vec<Pid> {
        let parent = self.pid().as_raw_nonzero().to_string();
        let listed = Command::new("ps")
            .args(["-A", "-o", "pid=,ppid="])
            .output()
            .expect("ps is there");
        let listed = String::from_utf8(listed.stdout).expect("numbers");
        let pairs = listed
            .lines()
            .filter_map(|line| line.trim().split_once(' '));
        pairs
            .filter(|(_, of)| of.trim() == parent)
            .filter_map(|(pid, _)| Pid::from_raw(pid.parse().ok()?))
            .collect()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill_with_commands();
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

/// Waits until something holds.
#[track_caller]
pub fn await_that(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(
            Instant::now() < deadline,
            "in vain for {PATIENCE:?}: {what}"
        );
        thread::sleep(Duration::from_millis(2));
    }
}
