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

/// How long the threads at work are watched before it is decided whether more help. It bears that a thread waits
/// for its turn on a busy core.
const WATCH: Duration = Duration::from_millis(10);
/// More help when each has ended fewer jobs than this in that time: they wait for something.
const BRISK: usize = 3;
/// By how much the number of threads at work then grows.
const GROWTH: usize = 4;

/// What a helper does.
pub type Job = Box<dyn FnOnce() + Send>;

/// A capped group of helper threads. Clones share it.
///
/// Jobs that end quickly are done by one thread, one after another: many threads that compute would take the
/// core from the engine and the event loop they work for. When jobs turn out to take long, as look-ups do that
/// wait for a name server, more threads help, up to the cap.
#[derive(Clone)]
pub struct Helpers(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// For idle threads: one is called.
    call: Condvar,
    /// For the scout: it need not watch any longer.
    turn: Condvar,
    most: usize,
    watch: Duration,
}

struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    working: usize,
    /// How many threads may work now.
    at_once: usize,
    /// How many jobs have ended.
    ended: usize,
    /// Whether a thread without a job is on its way to the jobs, or watches them. There is at most one.
    scout: bool,
    /// Whether the scout is an idle thread that has not woken yet.
    called: bool,
}

impl Helpers {
    /// A group of at most `most` threads; none is started yet.
    pub fn new(most: usize) -> Self {
        Self::with_watch(most, WATCH)
    }

    fn with_watch(most: usize, watch: Duration) -> Self {
        let state = State {
            jobs: VecDeque::new(),
            threads: 0,
            idle: 0,
            working: 0,
            at_once: 1,
            ended: 0,
            scout: false,
            called: false,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            call: Condvar::new(),
            turn: Condvar::new(),
            most: most.max(1),
            watch,
        }))
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
        if state.scout && state.working < state.at_once {
            self.0.turn.notify_one();
        }
        Shared::send_for_a_scout(&self.0, &mut state);
        let unserved = if state.threads == 0 { std::mem::take(&mut state.jobs) } else { VecDeque::new() };
        drop(state);
        drop(unserved);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that somebody watches the jobs, unless all threads are at work: they take them in time.
    fn send_for_a_scout(self: &Arc<Self>, state: &mut State) {
        if state.scout {
            return;
        }
        if state.idle > 0 {
            (state.scout, state.called) = (true, true);
            self.call.notify_one();
        } else if state.threads < self.most {
            let shared = Arc::clone(self);
            let started = thread::Builder::new().name("martlet-helper".into()).spawn(move || shared.serve());
            state.scout = started.is_ok();
            state.threads += usize::from(started.is_ok());
        }
    }

    /// The life of a thread: scout, work, idle, again and again.
    fn serve(self: Arc<Self>) {
        let mut state = self.lock();
        loop {
            state = self.watch(state);
            state.scout = false;
            state = self.work(state);
            if state.working == 0 {
                state.at_once = 1;
            }
            state.idle += 1;
            let wait = self.call.wait_timeout_while(state, IDLE, |state| !state.called);
            state = wait.unwrap_or_else(PoisonError::into_inner).0;
            state.idle -= 1;
            if !state.called {
                state.threads -= 1;
                return;
            }
            state.called = false;
        }
    }

    /// As the scout: until there are no jobs, or one more thread may work.
    fn watch<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        while !state.jobs.is_empty() && state.working >= state.at_once {
            let ended = state.ended;
            let wait = self.turn.wait_timeout_while(state, self.watch, |state| {
                !state.jobs.is_empty() && state.working >= state.at_once
            });
            let waited;
            (state, waited) = wait.unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() && state.ended - ended < BRISK * state.at_once {
                state.at_once = (state.at_once * GROWTH).min(self.most);
            }
        }
        state
    }

    /// Does jobs until there are none.
    fn work<'a>(self: &'a Arc<Self>, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.working += 1;
        while let Some(job) = state.jobs.pop_front() {
            if !state.jobs.is_empty() {
                self.send_for_a_scout(&mut state);
            }
            drop(state);
            // A job that panics has dropped what it owed an answer; the thread serves on.
            let _ = panic::catch_unwind(AssertUnwindSafe(job));
            state = self.lock();
            state.ended += 1;
        }
        state.working -= 1;
        state
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Barrier, mpsc};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// How many of `count` jobs, given all at once, were done at the same time, at most.
    fn most_at_once(helpers: &Helpers, count: usize, job: impl Fn() + Send + Sync + 'static) -> usize {
        let (done, all) = mpsc::channel();
        let shared = Arc::new((AtomicUsize::new(0), job));
        for _ in 0..count {
            let (shared, done) = (Arc::clone(&shared), done.clone());
            helpers.run(Box::new(move || {
                let (at_work, job) = &*shared;
                let now = at_work.fetch_add(1, Ordering::SeqCst) + 1;
                job();
                at_work.fetch_sub(1, Ordering::SeqCst);
                done.send(now).unwrap();
            }));
        }
        (0..count).map(|_| all.recv_timeout(LONG).unwrap()).max().unwrap()
    }

    #[test]
    fn jobs_that_end_are_done_one_after_another() {
        let helpers = Helpers::with_watch(8, LONG);
        for _ in 0..20 {
            assert_eq!(most_at_once(&helpers, 50, thread::yield_now), 1);
        }
    }

    #[test]
    fn jobs_that_do_not_end_are_done_at_once_up_to_the_cap() {
        let helpers = Helpers::with_watch(8, Duration::from_millis(1));
        for _ in 0..3 {
            let all_at_work = Barrier::new(8);
            let together = move || {
                all_at_work.wait();
            };
            assert_eq!(most_at_once(&helpers, 8 * 20, together), 8);
        }
    }

    #[test]
    fn a_job_that_panics_keeps_no_other_from_being_done() {
        let helpers = Helpers::with_watch(1, LONG);
        helpers.run(Box::new(|| panic!("on purpose")));
        assert_eq!(most_at_once(&helpers, 2, || ()), 1);
    }
}
