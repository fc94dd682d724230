//! How long something large may take from an event loop before the loop has its turn again.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// The time of one slice, everything together that is done in slices.
const SLICE: Duration = Duration::from_micros(600);
/// Less than this is not worth a turn.
const LEAST: Duration = Duration::from_micros(60);

/// Between two looks at the clock: so many objects.
const OBJECTS: usize = 64;
/// Bytes of a text that count as an object.
pub(crate) const BYTES: usize = 128;

/// How many things are being done in slices.
static AT_WORK: AtomicUsize = AtomicUsize::new(0);

/// One of them, for as long as it is held.
pub(crate) struct AtWork(());

impl AtWork {
    pub(crate) fn new() -> Self {
        AT_WORK.fetch_add(1, Ordering::Relaxed);
        Self(())
    }

    /// The time of its next slice.
    pub(crate) fn share(&self) -> Duration {
        let all = u32::try_from(AT_WORK.load(Ordering::Relaxed)).unwrap_or(1).max(1);
        (SLICE / all).max(LEAST)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        AT_WORK.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A slice of work, counted in objects.
pub(crate) struct Slice {
    left: usize,
    end: End,
}

enum End {
    Never,
    Work,
    /// Since it was first looked at the clock: what is done before that takes no time.
    Time(Option<Instant>, Duration),
}

impl Slice {
    /// All that there is to do.
    pub(crate) fn endless() -> Self {
        Self { left: usize::MAX, end: End::Never }
    }

    /// So many objects.
    pub(crate) fn of(objects: usize) -> Self {
        Self { left: objects, end: End::Work }
    }

    /// What is done within that time.
    pub(crate) fn within(time: Duration) -> Self {
        Self { left: OBJECTS, end: End::Time(None, time) }
    }

    /// Notes what was done. Is that all for now?
    #[inline]
    pub(crate) fn is_over(&mut self, done: usize) -> bool {
        match self.left.checked_sub(done) {
            Some(left @ 1..) => {
                self.left = left;
                false
            }
            _ => self.look(),
        }
    }

    #[cold]
    fn look(&mut self) -> bool {
        match &mut self.end {
            End::Never => self.left = usize::MAX,
            End::Work => return true,
            End::Time(start, time) => {
                self.left = OBJECTS;
                return start.get_or_insert_with(Instant::now).elapsed() >= *time;
            }
        }
        false
    }
}
