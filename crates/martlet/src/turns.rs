//! What the runtime has been told by the system since a certain moment.
//!
//! tokio learns that a socket has become readable when its driver asks the system, which it does whenever it has
//! nothing else to do. If it has asked since a socket was last read, it knows what has come in, and the system need
//! not be asked about that socket alone. The [`Engine`](crate::runtime::Engine) tells here when its driver asks;
//! a runtime of somebody else's does not, and then nothing is taken as known.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

/// Counts moments, in all threads and runtimes.
static LATEST: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// When the driver that this thread runs began to ask the system, and when it began the last time that it has an
    /// answer of. One driver has all sockets of a runtime, and a connection never leaves its runtime.
    static ASKING: Cell<u64> = const { Cell::new(0) };
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// A moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(LATEST.load(Ordering::Acquire))
    }

    /// Has the driver been told, on this thread, all that happened until some time after this moment?
    pub(crate) fn is_past(self) -> bool {
        ASKED.get() > self.0
    }
}

/// This thread's driver is about to ask.
pub(crate) fn asking() {
    ASKING.set(LATEST.fetch_add(1, Ordering::AcqRel) + 1);
}

/// It has its answer.
pub(crate) fn asked() {
    ASKED.set(ASKING.get());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_after_a_moment_tells_of_it() {
        asking();
        let moment = Moment::now();
        asked();
        assert!(!moment.is_past(), "it began to ask before");
        asking();
        assert!(!moment.is_past(), "there is no answer yet");
        asked();
        assert!(moment.is_past());
        std::thread::spawn(move || assert!(!moment.is_past(), "another thread's driver")).join().unwrap();
    }
}
