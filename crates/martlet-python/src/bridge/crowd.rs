//! Do many blocking calls wait at once?

use std::sync::atomic::{AtomicUsize, Ordering};

/// So many calls that wait at once are a crowd: with 8 threads either way is as quick as the other, with 16 the
/// engine's thread does twice as many requests.
const CROWD: usize = 8;
/// So many calls after one in a crowd still count as in one.
const MEMORY: usize = 64;

/// The calls that wait now.
static WAITING: AtomicUsize = AtomicUsize::new(0);
/// How many more calls count as in a crowd.
static CROWDED: AtomicUsize = AtomicUsize::new(0);

/// A call that waits, for as long as this lives.
pub(super) struct Wait {
    pub(super) in_crowd: bool,
}

impl Wait {
    pub(super) fn begin() -> Self {
        let crowd = WAITING.fetch_add(1, Ordering::Relaxed) >= CROWD;
        if crowd {
            CROWDED.store(MEMORY, Ordering::Relaxed);
        }
        let less = |calls: usize| calls.checked_sub(1);
        let remembered = CROWDED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        Self { in_crowd: crowd || remembered }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        // In a forked child nobody waits, though this one may have begun in the parent.
        let less = |calls: usize| calls.checked_sub(1);
        let _ = WAITING.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// In a forked child: of all threads only this one is left.
pub(super) fn forget() {
    WAITING.store(0, Ordering::Relaxed);
    CROWDED.store(0, Ordering::Relaxed);
}
