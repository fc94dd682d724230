//! As `bell`, where the system cannot wake several threads by one call: each is woken by itself, at once.

use std::{
    thread::{self, Thread},
    time::Duration,
};

/// Where this thread waits.
pub(super) struct Seat(Thread);

impl Seat {
    pub(super) fn take() -> Self {
        Self(thread::current())
    }

    /// What wakes the one who sits here.
    pub(super) fn bell(&self) -> Bell {
        Bell(self.0.clone())
    }

    /// A thread that is woken before it sleeps does not sleep: there is nothing to compare.
    pub(super) fn turn(&self) -> u32 {
        0
    }

    /// Sleeps until the bell has been rung, at most this long; may wake for no reason.
    pub(super) fn sleep(&self, _: u32, longest: Duration) {
        thread::park_timeout(longest);
    }
}

/// Wakes whoever has one seat.
pub(super) struct Bell(Thread);

impl Bell {
    /// Wakes at once.
    pub(super) fn mark(&self) {
        self.ring();
    }

    /// Wakes at once.
    pub(super) fn ring(&self) {
        self.0.unpark();
    }
}

/// Nobody is marked.
pub(super) fn ring_for_the_marked() {}

/// In a forked child.
pub(super) fn forget() {}
