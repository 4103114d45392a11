//! Interrupts: the first asks a run to end, the second ends it.
//!
//! A signal that the caller ignores (`nohup`) stays ignored, here and in commands. No signal is ignored that the caller does not
//! ignore: commands would inherit that.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::signal_name;

use crate::executor::{Cancel, Severity};
use crate::sys::inherited::{file_size_limit, ignored};

/// How long the process may take to end by itself once what runs was killed.
const LAST: Duration = Duration::from_secs(2);

/// How urgently a run should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Start nothing more, ask what runs to end.
    Ask,
    /// Kill what runs.
    Kill,
}

/// Makes a file that would grow past the limit of its size an error of the write, where it would otherwise end the process.
pub fn outlive_size_limit() {
    if file_size_limit().is_some() && ignored(&[SIGXFSZ]).is_empty() {
        // Nobody looks at the flag: the write says what is wrong. Without a handler the process ends, as any other does.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    }
}

/// Who says that an interrupt has come.
#[derive(Clone, Default)]
pub struct Announcer(Arc<Mutex<Option<Box<Announce>>>>);

type Announce = dyn Fn(Urgency) + Send;

impl Announcer {
    /// Lets this say it, in place of whoever said it before.
    pub fn say_by(&self, announce: impl Fn(Urgency) + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(announce));
    }

    fn say(&self, urgency: Urgency) {
        let announce = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(announce) = &*announce {
            announce(urgency);
        }
    }
}

/// Lets interrupts end what `cancel` cancels. After the second the process ends in any case, whatever it is at.
pub fn listen(cancel: &Cancel, announcer: &Announcer) -> io::Result<Interrupts> {
    let cancel = cancel.clone();
    let announcer = announcer.clone();
    let first = Arc::new(AtomicU8::new(0));
    let number = Arc::clone(&first);
    let is_ending = AtomicBool::new(false);
    Interrupts::listen_with(first, move |urgency| {
        announcer.say(urgency);
        match urgency {
            Urgency::Ask => {
                let signal = i32::from(number.load(Ordering::SeqCst));
                let name = signal_name(signal).unwrap_or("a signal");
                cancel.interrupt_by(Severity::Ask, name);
            }
            Urgency::Kill => {
                cancel.interrupt(Severity::Kill);
                if !is_ending.swap(true, Ordering::SeqCst) {
                    end_soon(128 + i32::from(number.load(Ordering::SeqCst)));
                }
            }
        }
    })
}

/// Ends the process with this code unless it has ended by then. What was not recorded is stale then, as after any kill.
fn end_soon(code: i32) {
    let ending = thread::Builder::new().name("end".to_owned());
    let started = ending.spawn(move || {
        thread::sleep(LAST);
        std::process::exit(code);
    });
    if started.is_err() {
        std::process::exit(code);
    }
}

/// Listens for interrupts until it is dropped.
#[derive(Debug)]
pub struct Interrupts {
    first: Arc<AtomicU8>,
    handle: Handle,
    listener: Option<JoinHandle<()>>,
}

impl Interrupts {
    /// Calls `on_interrupt` for each interrupt, on a thread of its own: [`Urgency::Ask`] for the first, then
    /// [`Urgency::Kill`]. The number of the first goes into `first` before.
    #[cfg(test)]
    fn listen(on_interrupt: impl FnMut(Urgency) + Send + 'static) -> io::Result<Self> {
        Self::listen_with(Arc::default(), on_interrupt)
    }

    fn listen_with(
        first: Arc<AtomicU8>,
        mut on_interrupt: impl FnMut(Urgency) + Send + 'static,
    ) -> io::Result<Self> {
        let heard = [SIGINT, SIGTERM, SIGHUP];
        let ignored = ignored(&heard);
        let mut signals = Signals::new(heard.iter().filter(|it| !ignored.contains(it)))?;
        let handle = signals.handle();
        let seen = Arc::clone(&first);
        let listener = thread::Builder::new()
            .name("interrupts".to_owned())
            .spawn(move || {
                for signal in &mut signals {
                    let number = u8::try_from(signal).unwrap_or(0);
                    let urgency = match seen.compare_exchange(
                        0,
                        number,
                        Ordering::SeqCst,
                        Ordering::SeqCst,
                    ) {
                        Ok(_) => Urgency::Ask,
                        Err(_) => Urgency::Kill,
                    };
                    on_interrupt(urgency);
                }
            })?;
        Ok(Self {
            first,
            handle,
            listener: Some(listener),
        })
    }

    /// The number of the first signal that came, if any did.
    pub fn signal(&self) -> Option<u8> {
        match self.first.load(Ordering::SeqCst) {
            0 => None,
            number => Some(number),
        }
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(listener) = self.listener.take() {
            drop(listener.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use signal_hook::consts::SIGTERM;

    use super::{Interrupts, Urgency};

    #[test]
    fn the_first_asks_and_the_second_kills() {
        let (sender, receiver) = mpsc::channel();
        let interrupts = Interrupts::listen(move |urgency| {
            sender.send(urgency).expect("the test listens");
        })
        .expect("signals");
        assert_eq!(interrupts.signal(), None);
        for urgency in [Urgency::Ask, Urgency::Kill] {
            signal_hook::low_level::raise(SIGTERM).expect("a signal");
            assert_eq!(receiver.recv(), Ok(urgency));
        }
        assert_eq!(interrupts.signal(), Some(15));
    }
}
