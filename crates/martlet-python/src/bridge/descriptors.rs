//! How many descriptors this process may have open, and room for them.

#[cfg(target_os = "linux")]
use std::{
    fs::File,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

#[cfg(target_os = "linux")]
use super::gate::generation;

/// As many as thousands of requests in flight need: 128 KB of the system's memory.
#[cfg(target_os = "linux")]
const ROOM: usize = 16_384;

/// The soft limit; `None` where nobody knows.
#[cfg(unix)]
pub(crate) fn most_descriptors() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is ours and has the type that is asked for.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    (failed == 0).then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
pub(crate) fn most_descriptors() -> Option<usize> {
    None
}

/// Has a thread make this process's table of descriptors, once, as large as thousands of connections need.
///
/// Linux doubles the table when it is full, and in a process of several threads then waits until no processor
/// can be reading the old one (an RCU grace period, some 10 ms). Meanwhile whoever opens a descriptor waits too:
/// not only the engine, but an event loop that opens a file or accepts a connection.
#[cfg(target_os = "linux")]
pub(super) fn make_room() {
    /// The generation that has it: a forked child's table is small again.
    static MADE: AtomicU64 = AtomicU64::new(u64::MAX);
    if MADE.swap(generation(), Ordering::Relaxed) != generation() {
        // Without the thread, or the room, all works but for these waits.
        let _ = thread::Builder::new().name("martlet-helper".into()).spawn(grow);
    }
}

#[cfg(target_os = "linux")]
fn grow() {
    let highest = most_descriptors().map(|most| most.min(ROOM).saturating_sub(1));
    let Some(Ok(highest)) = highest.map(libc::c_int::try_from) else { return };
    let Ok(any) = File::open("/dev/null") else { return };
    // SAFETY: the call takes no memory of ours, and the descriptor it gives is nobody else's.
    unsafe {
        let copy = libc::fcntl(any.as_raw_fd(), libc::F_DUPFD_CLOEXEC, highest);
        if copy >= 0 {
            drop(OwnedFd::from_raw_fd(copy));
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn make_room() {}
