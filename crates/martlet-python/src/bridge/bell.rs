//! Wakes the threads of a crowd: all whose replies are there, by one call of the system.
//!
//! Waking them one by one costs two changes of threads each: on a busy core the woken thread runs at once, and then
//! the engine's again, to wake the next. Woken together they run one after another, and the engine goes on once.
//!
//! - A thread that waits has a [`Seat`]: a row, on whose turn it sleeps, and a bit in it. Two may have the same seat:
//!   then both are woken, and one finds nothing. So whoever was woken looks for itself.
//! - [`Bell::mark`] notes that a seat is to be woken, by [`ring_for_the_marked`] when the others who are ready now have
//!   been marked too (`burst.rs`).
//! - A row's turn is another with each ringing. Who reads it, finds nothing to do and then waits for it to change
//!   cannot miss a ringing in between.

use std::{
    ptr,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    time::Duration,
};

/// Rows of 32 seats. Where more threads than that wait, they share.
const ROWS: usize = 16;

static ALL: [Row; ROWS] = [const { Row::new() }; ROWS];

/// On a cache line of its own: the engine's thread writes it, and all who sit in it read it.
#[repr(align(64))]
struct Row {
    /// What the threads in it sleep on.
    turn: AtomicU32,
    /// The seats that are taken.
    taken: AtomicU32,
    /// The seats that are to be woken.
    ready: AtomicU32,
}

impl Row {
    const fn new() -> Self {
        Self { turn: AtomicU32::new(0), taken: AtomicU32::new(0), ready: AtomicU32::new(0) }
    }

    /// Takes a free seat.
    fn take(&self) -> Option<u32> {
        let mut taken = self.taken.load(Ordering::Relaxed);
        while taken != u32::MAX {
            let bit = 1 << taken.trailing_ones();
            match self.taken.compare_exchange_weak(taken, taken | bit, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(bit),
                Err(now) => taken = now,
            }
        }
        None
    }
}

/// Where a thread waits, until it is dropped.
pub(super) struct Seat {
    bell: Bell,
    shared: bool,
}

impl Seat {
    /// A seat of one's own, or one to share when all are taken. The first rows are filled first: a row is one call.
    pub(super) fn take() -> Self {
        for row in &ALL {
            if let Some(bit) = row.take() {
                return Self { bell: Bell { row, bit }, shared: false };
            }
        }
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let [first, ..] = &ALL;
        let row = ALL.get(next / 32 % ROWS).unwrap_or(first);
        Self { bell: Bell { row, bit: 1 << (next % 32) }, shared: true }
    }

    /// What wakes the one who sits here.
    pub(super) fn bell(&self) -> Bell {
        self.bell
    }

    /// To be read before one looks whether there is something to do.
    pub(super) fn turn(&self) -> u32 {
        self.bell.row.turn.load(Ordering::Acquire)
    }

    /// Sleeps until this seat's bell has been rung since `turn` was read, at most this long; may wake for no reason.
    pub(super) fn sleep(&self, turn: u32, longest: Duration) {
        let span = libc::timespec {
            tv_sec: libc::time_t::try_from(longest.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: longest.subsec_nanos().into(),
        };
        futex_wait(&self.bell.row.turn, turn, self.bell.bit, span);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.shared {
            self.bell.row.taken.fetch_and(!self.bell.bit, Ordering::Relaxed);
        }
    }
}

/// Wakes whoever has one seat.
#[derive(Clone, Copy)]
pub(super) struct Bell {
    row: &'static Row,
    bit: u32,
}

impl Bell {
    /// Has the seat woken by the next ringing.
    pub(super) fn mark(&self) {
        self.row.ready.fetch_or(self.bit, Ordering::Release);
    }

    /// Wakes at once.
    pub(super) fn ring(&self) {
        self.mark();
        self.row.ring();
    }
}

/// Wakes those who were marked.
pub(super) fn ring_for_the_marked() {
    ALL.iter().for_each(Row::ring);
}

impl Row {
    fn ring(&self) {
        if self.ready.load(Ordering::Acquire) == 0 {
            return;
        }
        let ready = self.ready.swap(0, Ordering::AcqRel);
        if ready != 0 {
            self.turn.fetch_add(1, Ordering::Release);
            futex_wake(&self.turn, ready);
        }
    }
}

/// In a forked child: of all threads only this one is left, and it waits for nobody.
pub(super) fn forget() {
    for row in &ALL {
        row.taken.store(0, Ordering::Relaxed);
        row.ready.store(0, Ordering::Relaxed);
    }
}

/// Sleeps while `word` is `seen`, until woken with one of `bits`, or `longest` has passed.
fn futex_wait(word: &AtomicU32, seen: u32, bits: u32, longest: libc::timespec) {
    let mut end = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to `end` only.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut end) };
    end.tv_sec = end.tv_sec.saturating_add(longest.tv_sec);
    end.tv_nsec += longest.tv_nsec;
    if end.tv_nsec >= 1_000_000_000 {
        end.tv_sec = end.tv_sec.saturating_add(1);
        end.tv_nsec -= 1_000_000_000;
    }
    futex(word, libc::FUTEX_WAIT_BITSET, seen, &raw const end, bits);
}

/// Wakes all who sleep on `word` with one of `bits`.
fn futex_wake(word: &AtomicU32, bits: u32) {
    futex(word, libc::FUTEX_WAKE_BITSET, i32::MAX.cast_unsigned(), ptr::null(), bits);
}

/// How it ended does not matter: whoever waits looks for itself.
fn futex(word: &AtomicU32, operation: i32, value: u32, end: *const libc::timespec, bits: u32) {
    let operation = operation | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: `word` and `end`, if there is one, live until the call returns; the kernel reads them only.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, end, ptr::null::<u32>(), bits);
    }
}
