//! Interrupts: the first asks a run to end, the second ends it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::executor::{Cancel, Severity};

/// How urgently a run should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Start nothing more, ask what runs to end.
    Ask,
    /// Kill what runs.
    Kill,
}

/// Lets interrupts end what `cancel` cancels.
pub fn listen(cancel: &Cancel) -> io::Result<Interrupts> {
    let cancel = cancel.clone();
    Interrupts::listen(move |urgency| {
        cancel.interrupt(match urgency {
            Urgency::Ask => Severity::Ask,
            Urgency::Kill => Severity::Kill,
        });
    })
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
    /// [`Urgency::Kill`].
    pub fn listen(mut on_interrupt: impl FnMut(Urgency) + Send + 'static) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let handle = signals.handle();
        let first = Arc::new(AtomicU8::new(0));
        let seen = Arc::clone(&first);
        let listener = std::thread::Builder::new()
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
    #[must_use]
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

    use signal_hook::consts::SIGHUP;

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
            signal_hook::low_level::raise(SIGHUP).expect("a signal");
            assert_eq!(receiver.recv(), Ok(urgency));
        }
        assert_eq!(interrupts.signal(), Some(1));
    }
}
