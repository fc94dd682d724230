//! Plain threads for what would hold up the engine: the few calls that can only block (`getaddrinfo`, reading
//! certificate files), and long work on a body that is there.
//!
//! The only place of this crate that starts threads. They are started when there is work, are at
//! most a given number, end when idle, and are detached: nobody ever waits for them, so that a name
//! server that does not answer holds up neither an exchange that gave up nor the end of the program.

use std::collections::VecDeque;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// An idle helper ends after this time; long enough for the burst of look-ups a program starts with.
const IDLE: Duration = Duration::from_secs(5);

/// What a helper does.
pub type Job = Box<dyn FnOnce() + Send>;

/// A capped group of helper threads. Clones share it.
#[derive(Clone)]
pub struct Helpers(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

impl Helpers {
    /// A group of at most `most` threads; none is started yet.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), most: most.max(1) }))
    }

    /// Runs `job` on a helper and hands its result back.
    ///
    /// # Errors
    /// When no thread could be started, or the job panicked.
    pub async fn call<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.run(Box::new(move || drop(sender.send(job()))));
        receiver.await.map_err(|_| io::Error::other("no helper thread could be started"))
    }

    /// Runs `job` on a helper; it is dropped unrun when not one thread can be started.
    pub fn run(&self, job: Job) {
        let mut state = self.0.lock();
        state.jobs.push_back(job);
        if state.idle >= state.jobs.len() || state.threads >= self.0.most {
            drop(state);
            self.0.work.notify_one();
            return;
        }
        state.threads += 1;
        let shared = Arc::clone(&self.0);
        let started = thread::Builder::new().name("martlet-helper".into()).spawn(move || shared.serve());
        if started.is_err() {
            state.threads -= 1;
            let unserved = if state.threads == 0 { std::mem::take(&mut state.jobs) } else { VecDeque::new() };
            drop(state);
            drop(unserved);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // A job that panics has dropped what it owed an answer; the thread serves on.
                let _ = panic::catch_unwind(AssertUnwindSafe(job));
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let (woken, wait) = self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if wait.timed_out() && state.jobs.is_empty() {
                // Under the same lock as the look at the jobs, so that none is left to nobody.
                state.threads -= 1;
                return;
            }
        }
    }
}
