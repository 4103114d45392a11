//! Shows what running steps write, as it comes: `-v`.
//!
//! One thread looks at the logs ten times a second and shows whole lines, in blocks below the step's name.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::cli::progress::ShowOutput;
use crate::executor::Follower;

/// How often logs are looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// Follows the logs of running steps until it is dropped.
pub struct Followers {
    messages: Option<Sender<FollowMessage>>,
    thread: Option<JoinHandle<()>>,
}

enum FollowMessage {
    Add(String, PathBuf),
    /// The step has ended; whoever removes it waits until all of its output is shown.
    Remove(String, Sender<()>),
}

impl Followers {
    /// Starts to follow; nothing yet.
    pub fn start(show: ShowOutput) -> io::Result<Self> {
        let (messages, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("follow".to_owned())
            .spawn(move || follow(&receiver, &show))?;
        Ok(Self {
            messages: Some(messages),
            thread: Some(thread),
        })
    }

    /// Follows the log of a step that starts, by its name.
    pub fn add(&mut self, step: String, log: PathBuf) {
        self.send(FollowMessage::Add(step, log));
    }

    /// Shows the rest of a step's output, and follows it no more.
    pub fn remove(&mut self, step: String) {
        let (done, shown) = mpsc::channel();
        self.send(FollowMessage::Remove(step, done));
        // The thread drops its end if the step was not followed.
        let _ = shown.recv();
    }

    fn send(&self, message: FollowMessage) {
        if let Some(messages) = &self.messages {
            // The thread lives as long as this value.
            let _ = messages.send(message);
        }
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.messages = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been told by the panic itself.
            let _ = thread.join();
        }
    }
}

fn follow(messages: &Receiver<FollowMessage>, show: &ShowOutput) {
    let mut followed: Vec<(String, Follower)> = Vec::new();
    loop {
        match messages.recv_timeout(PAUSE) {
            Ok(FollowMessage::Add(step, log)) => followed.push((step, Follower::new(log))),
            Ok(FollowMessage::Remove(step, done)) => {
                if let Some(at) = followed.iter().position(|(known, _)| *known == step) {
                    let (_, follower) = followed.swap_remove(at);
                    // A log that cannot be read is shown when the step has failed, if at all.
                    drop(follower.finish(|lines| show(&step, &lines.join("\n"))));
                }
                drop(done);
            }
            Err(RecvTimeoutError::Timeout) => {
                for (step, follower) in &mut followed {
                    show_lines(show, step, follower.new_lines());
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// A log that cannot be read is shown when the step has failed, if at all.
fn show_lines(show: &ShowOutput, step: &str, lines: io::Result<Vec<String>>) {
    match lines {
        Ok(lines) if !lines.is_empty() => show(step, &lines.join("\n")),
        _ => {}
    }
}
