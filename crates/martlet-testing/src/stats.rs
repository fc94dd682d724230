//! What the server counts, and waiting for a count.
//!
//! The counters are atomics, because one of them moves with every request of a benchmark. A
//! waiter announces itself before it looks; the server, after each change, looks for waiters.
//! Both sides are sequentially consistent, so one of them always sees the other.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts since the server was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections accepted.
    pub opened: u64,
    /// Connections open now.
    pub open: u64,
    /// Requests whose head and body have arrived whole, also those never answered.
    pub requests: u64,
    /// Connections that the client ended, politely or not.
    pub closed_by_client: u64,
    /// TLS handshakes completed.
    pub handshakes: u64,
    /// Those of them that resumed an earlier session.
    pub resumed: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Board {
    opened: AtomicU64,
    closed: AtomicU64,
    requests: AtomicU64,
    closed_by_client: AtomicU64,
    handshakes: AtomicU64,
    resumed: AtomicU64,
    waiters: AtomicU64,
    room: Mutex<()>,
    changed: Condvar,
}

/// What can be counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Opened,
    Closed { by_client: bool },
    Request,
    Handshake { resumed: bool },
}

impl Board {
    pub(crate) fn count(&self, event: Event) {
        match event {
            Event::Opened => self.opened.fetch_add(1, SeqCst),
            Event::Request => self.requests.fetch_add(1, SeqCst),
            Event::Closed { by_client } => {
                self.closed_by_client.fetch_add(by_client.into(), SeqCst);
                self.closed.fetch_add(1, SeqCst)
            }
            Event::Handshake { resumed } => {
                self.resumed.fetch_add(resumed.into(), SeqCst);
                self.handshakes.fetch_add(1, SeqCst)
            }
        };
        if self.waiters.load(SeqCst) > 0 {
            let _held = self.room.lock().unwrap_or_else(PoisonError::into_inner);
            self.changed.notify_all();
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        // What ended is read before what began, so that `open` is never below nothing.
        let closed_by_client = self.closed_by_client.load(SeqCst);
        let closed = self.closed.load(SeqCst);
        let opened = self.opened.load(SeqCst);
        Stats {
            opened,
            open: opened.saturating_sub(closed),
            requests: self.requests.load(SeqCst),
            closed_by_client,
            handshakes: self.handshakes.load(SeqCst),
            resumed: self.resumed.load(SeqCst),
        }
    }

    /// Waits until `reached` says yes; false if that takes longer than `timeout`.
    pub(crate) fn wait_until(&self, timeout: Duration, reached: impl Fn(&Stats) -> bool) -> bool {
        let begun = Instant::now();
        let mut held = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiters.fetch_add(1, SeqCst);
        let answer = loop {
            if reached(&self.stats()) {
                break true;
            }
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break false;
            }
            held = self.changed.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0;
        };
        self.waiters.fetch_sub(1, SeqCst);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiter_is_woken_by_the_count_it_waits_for() {
        let board = Board::default();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| board.wait_until(Duration::from_secs(10), |s| s.requests == 2));
            board.count(Event::Request);
            board.count(Event::Request);
            assert!(waiter.join().unwrap());
        });
    }

    #[test]
    fn a_waiter_gives_up_when_the_time_is_over() {
        let board = Board::default();
        assert!(!board.wait_until(Duration::from_millis(1), |stats| stats.opened > 0));
    }

    #[test]
    fn open_is_what_was_opened_and_not_closed() {
        let board = Board::default();
        board.count(Event::Opened);
        board.count(Event::Opened);
        board.count(Event::Closed { by_client: true });
        let stats = board.stats();
        assert_eq!((stats.opened, stats.open, stats.closed_by_client), (2, 1, 1));
    }
}
