//! How the thread of `martlet.watch()` waits for its next look, and gets the interpreter's lock for it.
//!
//! A thread that wants the lock is woken each time that it is let go of, and has it handed over only after nobody
//! has let go of it for a switch interval (5 ms). An event loop that goes round without waiting lets go of it each
//! turn, for its `select`, and has it again before that thread is awake: a look may be a thousand vain wake-ups late.
//! So the main thread, where most loops run, gets a pending call too: between two instructions, where the lock is
//! handed over anyway, it leaves the lock alone for a moment. For a loop in another thread all is as without.
//! (Until Python 3.12 such a call is noticed when the main thread takes the lock again: each turn, in such a loop.)
//!
//! The pending call needs nothing that anybody holds, and runs nothing of the program. One that comes late, since
//! the main thread waited for something, does nothing.

use std::{
    ffi::{c_int, c_void},
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use pyo3::{ffi, prelude::*};

/// The main thread looks that often whether the lock has been taken; a thread is awake in about that time.
const MOMENT: Duration = Duration::from_micros(50);

/// The main thread waits at most so long: no core may be free for the one that wants the lock.
const LONGEST: Duration = Duration::from_millis(5);

/// How many threads want the lock for a look now.
static WANTING: AtomicUsize = AtomicUsize::new(0);

/// Is there a pending call already?
static ASKED: AtomicBool = AtomicBool::new(false);

/// Where one watching thread waits.
#[pyclass(frozen, module = "martlet._martlet")]
#[derive(Default)]
pub(crate) struct Lookout {
    ended: AtomicBool,
    waiting: OnceLock<Thread>,
}

#[pymethods]
impl Lookout {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Waits so many seconds; always in the same thread. Whether to look: else the watch has ended.
    fn wait(&self, py: Python<'_>, seconds: f64) -> bool {
        self.waiting.get_or_init(thread::current);
        let pause = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let looks = py.detach(|| {
            let looks = self.sleep(pause);
            if looks {
                WANTING.fetch_add(1, SeqCst);
                ask();
            }
            looks
        });
        if looks {
            WANTING.fetch_sub(1, SeqCst);
        }
        !self.ended.load(SeqCst)
    }

    /// Wakes the thread that waits. There will be no more looks.
    fn end(&self) {
        self.ended.store(true, SeqCst);
        if let Some(thread) = self.waiting.get() {
            thread.unpark();
        }
    }
}

impl Lookout {
    /// False when the watch has ended.
    fn sleep(&self, pause: Duration) -> bool {
        let begun = Instant::now();
        while !self.ended.load(SeqCst) {
            let Some(rest) = pause.checked_sub(begun.elapsed()) else { return true };
            thread::park_timeout(rest);
        }
        false
    }
}

/// Asks the main thread to let go of the lock.
fn ask() {
    if !ASKED.swap(true, SeqCst) {
        // SAFETY: may be called by any thread, with the lock or without, while there is an interpreter: the watch ends
        // before that does.
        let failed = unsafe { ffi::Py_AddPendingCall(Some(let_go), ptr::null_mut()) };
        if failed != 0 {
            ASKED.store(false, SeqCst); // there are too many pending calls
        }
    }
}

/// Called in the main thread.
extern "C" fn let_go(_: *mut c_void) -> c_int {
    ASKED.store(false, SeqCst);
    if WANTING.load(SeqCst) > 0 {
        // SAFETY: the interpreter calls this, in a thread that is attached to it.
        let py = unsafe { Python::assume_attached() };
        py.detach(|| {
            let begun = Instant::now();
            while WANTING.load(SeqCst) > 0 && begun.elapsed() < LONGEST {
                thread::sleep(MOMENT);
            }
        });
    }
    0
}

/// In a forked child, where no thread waits.
pub(super) fn forget() {
    WANTING.store(0, SeqCst);
    ASKED.store(false, SeqCst);
}
