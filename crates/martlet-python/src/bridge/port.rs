//! Where the completions of one event loop arrive: one port per loop and engine.
//!
//! The engine pushes messages on the [`Port`] and rings its bell once for a burst of them; the loop's
//! callback [`LoopPort::drain`] handles what is there, a bounded number at a time so that timers
//! and other callbacks have their turn, and runs the waiting tasks' steps itself. What those steps
//! submit goes to the engine together.
//!
//! Ownership: the loop owns the `LoopPort` (through its reader callback), the `LoopPort` owns the
//! board of running operations. A loop that is closed without notice lets go of its `LoopPort`,
//! whose drop abandons the operations and closes the bell.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasherDefault, Hasher},
    mem::{self, ManuallyDrop},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use martlet::runtime::{Engine, Job};
use pyo3::{exceptions::PyNotImplementedError, intern, prelude::*, types::PyWeakrefReference};

use super::{
    burst::{self, BATCH, Core, Tell, this_core},
    descriptors::make_room,
    exchange::Question,
    gate::{Ours, engine, generation},
    wakeup::{Bell, Messenger, upgrade},
};

/// Messages handled in one turn of the loop, at most: half a millisecond or more, of tasks that do next to nothing.
const TURN: usize = 64;
/// After this time the rest of them waits for the next turn.
const TIME: Duration = Duration::from_millis(1);

/// What the engine tells a loop; the number is the operation's token.
pub(super) enum Message {
    Done(usize),
    Asked(usize, Question),
}

/// The engine's end.
#[derive(Default)]
pub(super) struct Port {
    letters: Mutex<Letters>,
    bell: Mutex<Option<Arc<Bell>>>,
    /// Where the loop runs, and where the engine does.
    loops_core: Core,
    engines_core: Core,
}

/// What has come.
#[derive(Default)]
struct Letters {
    messages: VecDeque<Message>,
    rung: bool,
}

impl Port {
    pub(super) fn push(&self, message: Message) {
        self.change(|letters| {
            letters.messages.push_back(message);
            true
        });
    }

    /// As `push`, but the loop is told together with others ([`burst`]), or when enough has come for a loop on a core of
    /// its own to begin.
    pub(super) fn push_in_a_burst(self: &Arc<Self>, message: Message) {
        let here = this_core();
        self.engines_core.see(here);
        let is_here = self.loops_core.is(here);
        let mut is_first = false;
        self.change(|letters| {
            letters.messages.push_back(message);
            is_first = letters.messages.len() == 1 && !letters.rung;
            !is_here && letters.messages.len() >= BATCH
        });
        if is_first {
            burst::tell_loop_soon(Arc::<Self>::clone(self), is_here);
        }
    }

    /// Does something to the letters and, if it says so, rings for them, unless that has been done.
    fn change(&self, change: impl FnOnce(&mut Letters) -> bool) {
        let mut letters = lock(&self.letters);
        let ring = change(&mut letters) && !mem::replace(&mut letters.rung, true);
        drop(letters);
        if ring {
            self.ring();
        }
    }

    fn ring(&self) {
        // Not under the lock: where both threads share a core, ringing makes the loop run at once, and it looks
        // for its bell.
        let bell = lock(&self.bell).clone();
        if let Some(bell) = bell {
            bell.ring();
        }
    }

    /// Moves at most a turn's messages to `turn`; the bell goes on ringing while some are left.
    fn take_turn(&self, turn: &mut VecDeque<Message>) {
        let mut letters = lock(&self.letters);
        let bell = lock(&self.bell);
        let count = letters.messages.len().min(TURN);
        turn.extend(letters.messages.drain(..count));
        letters.rung = !letters.messages.is_empty();
        match &*bell {
            Some(bell) if !letters.rung => bell.silence(),
            Some(bell) if bell.forgets() => bell.ring(),
            _ => {}
        }
    }

    /// Puts back what was not handled.
    fn give_back(&self, turn: &mut VecDeque<Message>) {
        self.change(|letters| {
            while let Some(message) = turn.pop_back() {
                letters.messages.push_front(message);
            }
            true
        });
    }
}

impl Tell for Port {
    fn tell(&self) {
        self.change(|letters| !letters.messages.is_empty());
    }
}

/// What waits for a message: an operation.
pub(super) trait Waiting: Send + Sync {
    /// The answer is there.
    fn complete(&self, py: Python<'_>) -> PyResult<()>;
    /// The engine asks something.
    fn asked(&self, py: Python<'_>, question: Question) -> PyResult<()>;
    /// The loop is gone: nobody will wait any more.
    fn abandon(&self, py: Python<'_>);
}

/// What waits in one loop, by token.
#[derive(Default)]
pub(super) struct Board {
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    last_token: usize,
    by_token: ByToken,
}

type ByToken = HashMap<usize, Arc<dyn Waiting>, BuildHasherDefault<Spread>>;

/// Tokens are counted up by us: nobody chooses them so that they collide.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_usize((*byte).into()));
    }

    fn write_usize(&mut self, number: usize) {
        // Knuth's multiplicative hashing, by 2^64 over the golden ratio.
        self.0 = (self.0 ^ number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Board {
    fn enter(&self, operation: Arc<dyn Waiting>) -> usize {
        let mut running = lock(&self.running);
        running.last_token += 1;
        let token = running.last_token;
        running.by_token.insert(token, operation);
        token
    }

    pub(super) fn leave(&self, token: usize) -> Option<Arc<dyn Waiting>> {
        lock(&self.running).by_token.remove(&token)
    }

    fn look(&self, token: usize) -> Option<Arc<dyn Waiting>> {
        lock(&self.running).by_token.get(&token).map(Arc::clone)
    }

    fn clear(&self) -> ByToken {
        mem::take(&mut lock(&self.running).by_token)
    }
}

/// The loop's end of a port.
#[pyclass(frozen, weakref, module = "martlet._martlet")]
pub(super) struct LoopPort {
    port: ManuallyDrop<Arc<Port>>,
    board: Arc<Board>,
    outbox: Mutex<Vec<Job>>,
    /// Room for a turn's messages, between turns.
    room: Mutex<VecDeque<Message>>,
    draining: AtomicBool,
    engine: Ours<Arc<Engine>>,
}

impl LoopPort {
    /// Starts a job: at once, or together with others while draining.
    pub(super) fn submit(
        &self,
        operation: Arc<dyn Waiting>,
        job: impl FnOnce(Arc<Port>, usize) -> Job,
    ) -> PyResult<(Arc<Board>, usize)> {
        let token = self.board.enter(operation);
        let mut outbox = lock(&self.outbox);
        outbox.push(job(Arc::clone(&*self.port), token));
        let waits = self.draining.load(Ordering::Relaxed)
            && (outbox.len() < BATCH || self.port.engines_core.is(this_core()));
        if !waits {
            self.flush(&mut outbox)?;
        }
        Ok((Arc::clone(&self.board), token))
    }

    fn handle(&self, py: Python<'_>, message: Message) -> PyResult<()> {
        match message {
            Message::Done(token) => match self.board.leave(token) {
                Some(operation) => operation.complete(py),
                None => Ok(()),
            },
            Message::Asked(token, question) => match self.board.look(token) {
                Some(operation) => operation.asked(py, question),
                None => Ok(()),
            },
        }
    }

    fn flush(&self, outbox: &mut Vec<Job>) -> PyResult<()> {
        Ok(self.engine.require("event loop")?.submit(outbox)?)
    }
}

#[pymethods]
impl LoopPort {
    /// Handles what has arrived; called by the loop.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        self.engine.require("event loop")?;
        // Taken, not locked: a task's step may run the loop once more.
        let mut turn = mem::take(&mut *lock(&self.room));
        self.port.loops_core.see(this_core());
        self.port.take_turn(&mut turn);
        self.draining.store(true, Ordering::Relaxed);
        let mut result = Ok(());
        let begun = Instant::now();
        while result.is_ok()
            && let Some(message) = turn.pop_front()
        {
            result = self.handle(py, message);
            if begun.elapsed() >= TIME {
                break;
            }
        }
        self.draining.store(false, Ordering::Relaxed);
        if !turn.is_empty() {
            self.port.give_back(&mut turn);
        }
        *lock(&self.room) = turn;
        let flushed = self.flush(&mut lock(&self.outbox));
        result.and(flushed)
    }

    /// The descriptor to watch, for loops that watch themselves (trio).
    fn fileno(&self) -> PyResult<i32> {
        match lock(&self.port.bell).as_deref() {
            #[cfg(unix)]
            Some(Bell::Descriptor(descriptor)) => Ok(descriptor.number()),
            _ => Err(PyNotImplementedError::new_err("this port has no descriptor")),
        }
    }

    fn __repr__(&self) -> String {
        format!("<LoopPort running={}>", lock(&self.board.running).by_token.len())
    }
}

impl Drop for LoopPort {
    fn drop(&mut self) {
        if self.engine.get().is_none() {
            // A forked child: the parent's jobs and messages are neither locked nor dropped.
            mem::forget(mem::take(&mut self.outbox));
            mem::forget(mem::take(&mut self.board));
            return;
        }
        let left = self.board.clear();
        Python::attach(|py| {
            for operation in left.into_values() {
                operation.abandon(py);
            }
        });
        lock(&self.port.bell).take();
        // SAFETY: dropped once, here, and not used afterwards.
        unsafe { ManuallyDrop::drop(&mut self.port) };
    }
}

/// The ports of all loops that are alive.
static PORTS: Mutex<Vec<Known>> = Mutex::new(Vec::new());

struct Known {
    generation: u64,
    event_loop: Py<PyWeakrefReference>,
    port: Py<PyWeakrefReference>,
}

/// The port of that loop (an asyncio loop or a trio token), made and connected on first use. `connect` tells the
/// loop to watch the port, and keeps it alive with the loop.
pub(super) fn port_of<'py>(
    event_loop: &Bound<'py, PyAny>,
    connect: impl FnOnce(&Bound<'py, LoopPort>) -> PyResult<()>,
) -> PyResult<Bound<'py, LoopPort>> {
    let py = event_loop.py();
    let now = generation();
    for known in lock(&PORTS).iter() {
        if known.generation == now
            && upgrade(py, &known.event_loop).is_some_and(|known| known.is(event_loop))
            && let Some(port) = upgrade(py, &known.port)
        {
            return Ok(port.cast_into()?);
        }
    }
    make_room();
    let fresh = LoopPort {
        port: ManuallyDrop::new(Arc::default()),
        board: Arc::default(),
        outbox: Mutex::default(),
        room: Mutex::default(),
        draining: AtomicBool::new(false),
        engine: Ours::new(engine()?),
    };
    let port = Bound::new(py, fresh)?;
    connect(&port)?;
    let known = Known {
        generation: now,
        event_loop: PyWeakrefReference::new(event_loop)?.unbind(),
        port: PyWeakrefReference::new(port.as_any())?.unbind(),
    };
    let mut ports = lock(&PORTS);
    ports.retain(|known| known.generation == now && upgrade(py, &known.port).is_some());
    ports.push(known);
    drop(ports);
    Ok(port)
}

/// The port of a running asyncio loop (also uvloop's).
pub(super) fn asyncio_port<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, LoopPort>> {
    port_of(event_loop, |port| {
        let py = event_loop.py();
        if watch(event_loop, port)? {
            return Ok(());
        }
        let weak_loop = PyWeakrefReference::new(event_loop)?.unbind();
        let weak_port = PyWeakrefReference::new(port.as_any())?.unbind();
        *lock(&port.get().port.bell) =
            Some(Arc::new(Bell::Messenger(Messenger::start(weak_loop, weak_port)?)));
        // Nothing of the loop refers to the port: it has to be kept for as long as the loop lives.
        let keep = py.import("martlet._loops")?.getattr("keep")?;
        keep.call1((event_loop, port))?;
        Ok(())
    })
}

#[cfg(unix)]
fn watch(event_loop: &Bound<'_, PyAny>, port: &Bound<'_, LoopPort>) -> PyResult<bool> {
    let py = event_loop.py();
    if force_messenger(py)? {
        return Ok(false);
    }
    let number = listen(port)?;
    let drain = port.getattr(intern!(py, "drain"))?;
    match event_loop.call_method1(intern!(py, "add_reader"), (number, drain)) {
        Ok(_) => Ok(true),
        Err(error) if error.is_instance_of::<PyNotImplementedError>(py) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn watch(_: &Bound<'_, PyAny>, _: &Bound<'_, LoopPort>) -> PyResult<bool> {
    Ok(false)
}

/// Gives the port a descriptor for a bell.
#[cfg(unix)]
pub(super) fn listen(port: &Bound<'_, LoopPort>) -> PyResult<i32> {
    let descriptor = super::wakeup::descriptor::Descriptor::new()?;
    let number = descriptor.number();
    *lock(&port.get().port.bell) = Some(Arc::new(Bell::Descriptor(descriptor)));
    Ok(number)
}

#[cfg(not(unix))]
pub(super) fn listen(_: &Bound<'_, LoopPort>) -> PyResult<i32> {
    Err(PyNotImplementedError::new_err("no descriptors to watch on this system"))
}

/// Tests switch the fallback on where the loop would have `add_reader`.
fn force_messenger(py: Python<'_>) -> PyResult<bool> {
    py.import("martlet._loops")?.getattr("FORCE_THREADSAFE")?.is_truthy()
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
