//! Those who have got replies are told of them together.
//!
//! Who is told runs at once, where one core does it all, and the engine's thread afterwards: each time both find the
//! processor's caches full of what the other was doing. So they are told when the engine has nothing else to do, or
//! when the first of them has waited for long. A loop on a core of its own is to begin early: it is told sooner.
//!
//! All this is the affair of the thread that drives the engine. It tells before it waits, and before another drives.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::bell;

/// So much is collected for another core, at most, before it is told: then both sides work at once.
pub(super) const BATCH: usize = 16;
/// What has come waits at most about so long for more to come, if something that takes longer is being done meanwhile.
const LATE: Duration = Duration::from_micros(200);
/// As `LATE`, for a loop on the engine's own core, which is busy meanwhile, and for threads, which have to wait for one
/// another anyway.
const LATE_HERE: Duration = Duration::from_millis(1);

/// What a loop is told through.
pub(super) trait Tell {
    /// Rings for what has come.
    fn tell(&self);
}

/// Who has to be told.
#[derive(Default)]
struct Untold {
    loops: Vec<Arc<dyn Tell>>,
    threads: bool,
    /// When the first of them has waited for long.
    end: Option<Instant>,
}

thread_local! {
    static UNTOLD: RefCell<Untold> = RefCell::default();
}

/// The loop behind this port is to be told; `is_here`: on this core.
pub(super) fn tell_loop_soon(waiting: Arc<dyn Tell>, is_here: bool) {
    within(if is_here { LATE_HERE } else { LATE }, |untold| untold.loops.push(waiting));
}

/// The threads whose seats are marked are to be told.
pub(super) fn tell_threads_soon() {
    within(LATE_HERE, |untold| untold.threads = true);
}

fn within(time: Duration, note: impl FnOnce(&mut Untold)) {
    UNTOLD.with_borrow_mut(|untold| {
        note(untold);
        let end = Instant::now() + time;
        untold.end = Some(untold.end.map_or(end, |earlier| earlier.min(end)));
    });
}

/// Tells them all.
pub(super) fn tell() {
    let untold = UNTOLD.take();
    if untold.threads {
        bell::ring_for_the_marked();
    }
    untold.loops.iter().for_each(|waiting| waiting.tell());
}

/// Tells them all if the first has waited for long. To be called before or after anything else is done.
pub(super) fn tell_if_late() {
    let is_late = UNTOLD.with_borrow(|untold| untold.end.is_some_and(|end| end <= Instant::now()));
    if is_late {
        tell();
    }
}

/// The core that a thread was last seen on.
#[derive(Default)]
pub(super) struct Core(AtomicU32);

impl Core {
    pub(super) fn see(&self, core: u32) {
        self.0.store(core, Ordering::Relaxed);
    }

    /// Is it this one? No, if that is not known.
    pub(super) fn is(&self, core: u32) -> bool {
        core != UNKNOWN && self.0.load(Ordering::Relaxed) == core
    }
}

const UNKNOWN: u32 = 0;

/// The number of this thread's core, counted from one.
#[cfg(target_os = "linux")]
pub(super) fn this_core() -> u32 {
    // SAFETY: has no preconditions.
    let number = unsafe { libc::sched_getcpu() };
    u32::try_from(number).map_or(UNKNOWN, |number| number + 1)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn this_core() -> u32 {
    UNKNOWN
}
