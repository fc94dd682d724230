//! Who drives the I/O of a program that has no tokio runtime of its own (the Python binding).
//!
//! An [`Engine`] is one current-thread tokio runtime with two kinds of users:
//!
//! * [`Engine::block_on`]: a thread that waits drives the I/O itself, so that one call after
//!   another never changes threads;
//! * [`Engine::submit`]: jobs of programs that do not wait (event loops). The engine's own
//!   thread drives them, and only while there are any.
//!
//! The rules:
//! 1. While anything is alive, somebody drives. Whoever drives and is done hands over: tokio
//!    passes the driver to the next waiting `block_on`, and the engine's thread waits there
//!    for as long as jobs are alive.
//! 2. Submitting pushes on a queue and wakes the engine only when the queue was empty.
//! 3. No thread of the engine ever waits for anything but I/O, timers and its queue, unless a job has it look at a file.
//! 4. Whoever drives says so before it waits, and when it has driven ([`Engine::with_rest`]): what was put off until
//!    there was nothing else to do is done then.

use std::{
    future::Future,
    io, mem,
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    thread::{self, JoinHandle},
};

use tokio::{runtime::Runtime, sync::Notify};

pub use crate::blocking::{Helpers, Job as Work};
use crate::turns;

/// Threads for long work. There is seldom more of it than this at once, and a core each is all that helps.
const HELPERS: usize = 4;

/// A piece of work for the engine's thread. It reports by itself; dropping it abandons it.
pub type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How often an engine's thread has taken jobs over.
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// A number that is another each time after jobs were taken over, before the first of them is polled. What a job finds
/// out while it runs is true of a time after each job that runs under the same number was submitted.
pub fn taken() -> u64 {
    TAKEN.load(Ordering::Acquire)
}

/// One shared current-thread runtime and the thread that drives it for those who do not wait.
pub struct Engine {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    helpers: Helpers,
}

struct Shared {
    runtime: Runtime,
    at_rest: fn(),
    inbox: Mutex<Inbox>,
    load: Arc<Load>,
    stopping: AtomicBool,
    /// Tells the engine's thread, while it sleeps, that there is work again.
    work: Condvar,
}

#[derive(Default)]
struct Inbox {
    jobs: Vec<Job>,
    /// Whether the engine's thread sleeps until there is work. To wake nobody is a system call all the same.
    sleeps: bool,
}

/// How many jobs were submitted and have not ended.
struct Load {
    alive: AtomicUsize,
    /// Tells the dispatcher, while it runs, that the inbox is no longer empty or that all jobs have ended.
    bell: Notify,
}

impl Engine {
    /// A new engine. Its thread starts with the first submitted job.
    ///
    /// # Errors
    /// When the operating system gives no event queue (epoll, kqueue).
    pub fn new() -> io::Result<Self> {
        Self::with_rest(|| ())
    }

    /// As [`Engine::new`]. `at_rest` is called by the thread that drives, each time it has done all there was to do:
    /// before it waits, and when what it drove for has ended.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn with_rest(at_rest: fn()) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || {
                at_rest();
                turns::asking();
            })
            .on_thread_unpark(turns::asked)
            .build()?;
        let shared = Shared {
            runtime,
            at_rest,
            inbox: Mutex::default(),
            load: Arc::new(Load { alive: AtomicUsize::new(0), bell: Notify::new() }),
            stopping: AtomicBool::new(false),
            work: Condvar::new(),
        };
        Ok(Self { shared: Arc::new(shared), thread: Mutex::default(), helpers: Helpers::new(HELPERS) })
    }

    /// Runs `future` to its end on this thread, driving the engine's I/O if nobody else does.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.shared.drive(future)
    }

    /// Takes `jobs` over to the engine's thread, waking it at most once. After [`Engine::shut_down`] they are
    /// dropped.
    ///
    /// # Errors
    /// When the thread has to be started and cannot be.
    pub fn submit(&self, jobs: &mut Vec<Job>) -> io::Result<()> {
        if self.shared.stopping.load(Ordering::Acquire) {
            jobs.clear();
        }
        if jobs.is_empty() {
            return Ok(());
        }
        self.start_thread()?;
        self.shared.load.alive.fetch_add(jobs.len(), Ordering::AcqRel);
        let mut inbox = lock(&self.shared.inbox);
        let was_empty = inbox.jobs.is_empty();
        inbox.jobs.append(jobs);
        let sleeps = inbox.sleeps;
        drop(inbox);
        if was_empty {
            self.shared.wake(sleeps);
        }
        Ok(())
    }

    /// Threads for work that would hold up the engine's own. Ending the engine does not wait for them.
    pub fn helpers(&self) -> &Helpers {
        &self.helpers
    }

    /// The number of jobs that were submitted and have not ended.
    pub fn alive(&self) -> usize {
        self.shared.load.alive.load(Ordering::Acquire)
    }

    /// Ends the engine's thread and returns when it has ended; no job is polled again. The jobs themselves are
    /// dropped with the engine.
    pub fn shut_down(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        // Whoever is about to sleep has seen the flag, or sleeps when the bell rings.
        let sleeps = lock(&self.shared.inbox).sleeps;
        self.shared.wake(sleeps);
        if let Some(thread) = lock(&self.thread).take() {
            // A thread that panicked has ended too.
            let _ = thread.join();
        }
    }

    fn start_thread(&self) -> io::Result<()> {
        let mut thread = lock(&self.thread);
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            *thread = Some(thread::Builder::new().name("martlet".into()).spawn(move || shared.serve())?);
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Calls `at_rest` when it is dropped, also by a panic.
struct Rest(fn());

impl Drop for Rest {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl Shared {
    /// Tells the engine's thread that there is something to do, where it is: asleep, or dispatching.
    fn wake(&self, sleeps: bool) {
        if sleeps {
            self.work.notify_one();
        } else {
            self.load.bell.notify_one();
        }
    }

    fn drive<F: Future>(&self, future: F) -> F::Output {
        let rest = Rest(self.at_rest);
        self.runtime.block_on(async move {
            // Within: once `block_on` has returned another may be driving.
            let _rest = rest;
            future.await
        })
    }

    /// The life of the engine's thread: sleep until there is work, drive until all of it has ended.
    fn serve(&self) {
        while self.wait_for_work() {
            self.drive(self.dispatch());
        }
    }

    /// False when the engine stops.
    fn wait_for_work(&self) -> bool {
        let mut inbox = lock(&self.inbox);
        loop {
            if self.stopping.load(Ordering::Acquire) {
                return false;
            }
            if !inbox.jobs.is_empty() {
                return true;
            }
            inbox.sleeps = true;
            inbox = self.work.wait(inbox).unwrap_or_else(PoisonError::into_inner);
            inbox.sleeps = false;
        }
    }

    /// Starts what is in the inbox, again and again, until no job is alive.
    async fn dispatch(&self) {
        let mut batch = Vec::new();
        while !self.stopping.load(Ordering::Acquire) {
            mem::swap(&mut lock(&self.inbox).jobs, &mut batch);
            TAKEN.fetch_add(1, Ordering::AcqRel);
            for job in batch.drain(..) {
                tokio::spawn(Counted { job, load: Arc::clone(&self.load) });
            }
            if self.load.alive.load(Ordering::Acquire) == 0 {
                return;
            }
            self.load.bell.notified().await;
        }
    }
}

/// A job that counts as alive until it is dropped.
struct Counted {
    job: Job,
    load: Arc<Load>,
}

impl Future for Counted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.job.as_mut().poll(cx)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.load.alive.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.load.bell.notify_one();
        }
    }
}

/// No code of ours panics while it holds one of these locks in a way that leaves it half written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, sync::mpsc, time::Duration};

    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    #[test]
    fn jobs_run_to_their_end_and_the_load_goes_back_to_none() {
        let engine = Engine::new().unwrap();
        for round in 0..3 {
            let (report, reports) = mpsc::channel();
            let job = |number: i32| -> Job {
                let report = report.clone();
                Box::pin(async move {
                    tokio::task::yield_now().await;
                    report.send(number).unwrap();
                })
            };
            engine.submit(&mut vec![job(1), job(2)]).unwrap();
            let mut seen = [reports.recv_timeout(LONG).unwrap(), reports.recv_timeout(LONG).unwrap()];
            seen.sort_unstable();
            assert_eq!(seen, [1, 2], "round {round}");
        }
        while engine.alive() > 0 {
            thread::yield_now();
        }
    }

    #[test]
    fn a_waiting_thread_drives_the_jobs_of_others_and_the_engines_thread_takes_over() {
        let engine = Engine::new().unwrap();
        let (report, reports) = mpsc::channel();
        let (go, going) = tokio::sync::oneshot::channel::<()>();
        engine
            .submit(&mut vec![Box::pin(async move {
                going.await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
                report.send(()).unwrap();
            })])
            .unwrap();
        engine.block_on(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            go.send(()).unwrap();
        });
        reports.recv_timeout(LONG).unwrap();
    }

    #[test]
    fn whoever_drives_says_so_before_it_waits_and_when_it_has_driven() {
        thread_local! {
            static RESTS: Cell<usize> = const { Cell::new(0) };
        }
        let engine = Engine::with_rest(|| RESTS.set(RESTS.get() + 1)).unwrap();
        engine.block_on(async {});
        assert_eq!(RESTS.get(), 1, "it has driven, and never waited");
        engine.block_on(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert!(RESTS.get() > 1, "it has waited");
        });
    }

    #[test]
    fn the_engines_thread_says_so_when_the_last_job_has_ended() {
        static RESTS: Mutex<Option<mpsc::Sender<usize>>> = Mutex::new(None);
        thread_local! {
            static JOBS: Cell<usize> = const { Cell::new(0) };
        }
        let engine = Engine::with_rest(|| {
            let _ = lock(&RESTS).as_ref().map(|rests| rests.send(JOBS.get()));
        })
        .unwrap();
        let (sender, rests) = mpsc::channel();
        *lock(&RESTS) = Some(sender);
        engine.submit(&mut vec![Box::pin(async { JOBS.set(1) })]).unwrap();
        while rests.recv_timeout(LONG).unwrap() == 0 {}
    }

    #[test]
    fn shutting_down_ends_the_thread_though_a_job_never_ends_and_drops_later_jobs() {
        struct Tell(mpsc::Sender<()>);
        impl Drop for Tell {
            fn drop(&mut self) {
                self.0.send(()).unwrap();
            }
        }
        let engine = Engine::new().unwrap();
        let (dropped, drops) = mpsc::channel();
        let held = Tell(dropped.clone());
        engine
            .submit(&mut vec![Box::pin(async move {
                let _held = held;
                std::future::pending::<()>().await;
            })])
            .unwrap();
        engine.shut_down();
        let late = Tell(dropped);
        engine.submit(&mut vec![Box::pin(async move { drop(late) })]).unwrap();
        drops.recv_timeout(LONG).unwrap();
        drop(engine);
        drops.recv_timeout(LONG).unwrap();
    }
}
