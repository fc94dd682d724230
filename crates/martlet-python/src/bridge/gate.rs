//! The process's one engine: made on first use, shut down at exit, forgotten after a fork.
//!
//! A fork copies the parent's engine without its thread, and with it the parent's sockets and
//! event queue. Touching any of it from the child (dropping, locking, deregistering) would reach
//! into the parent, so the child only closes the inherited descriptors and starts anew; every
//! value that hangs on an engine carries the *generation* it was made in ([`Ours`]).

use std::{
    mem::ManuallyDrop,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicPtr, AtomicU64, Ordering},
    },
};

use martlet::runtime::Engine;
use pyo3::{exceptions::PyRuntimeError, prelude::*};

use super::{bell, burst, crowd, lookout};

static ENGINE: AtomicPtr<Arc<Engine>> = AtomicPtr::new(ptr::null_mut());
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// The engine of this process.
///
/// # Errors
/// `OSError` when the operating system gives no event queue.
pub(crate) fn engine() -> PyResult<Arc<Engine>> {
    loop {
        let current = ENGINE.load(Ordering::Acquire);
        // SAFETY: a pointer that was ever stored comes from Box::into_raw and is never freed.
        if let Some(engine) = unsafe { current.as_ref() } {
            return Ok(Arc::clone(engine));
        }
        let fresh = Box::into_raw(Box::new(Arc::new(Engine::with_rest(burst::tell)?)));
        if ENGINE.compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: `fresh` was just made by Box::into_raw and nobody else has seen it.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }
}

/// The number of forks between the first process and this one.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// A value that hangs on the engine of one process. In a forked child it is out of reach and is never dropped.
pub(crate) struct Ours<T> {
    generation: u64,
    value: ManuallyDrop<T>,
}

impl<T> Ours<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { generation: generation(), value: ManuallyDrop::new(value) }
    }

    /// The value, unless it is of another process.
    pub(crate) fn get(&self) -> Option<&T> {
        (self.generation == generation()).then_some(&*self.value)
    }

    /// The value, to be changed, unless it is of another process.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        match self.generation == generation() {
            true => Some(&mut *self.value),
            false => None,
        }
    }

    /// The value itself, unless it is of another process.
    pub(crate) fn into_inner(mut self) -> Option<T> {
        let ours = self.generation == generation();
        // SAFETY: taken once; `self` is forgotten at once and drops nothing.
        let value = ours.then(|| unsafe { ManuallyDrop::take(&mut self.value) });
        std::mem::forget(self);
        value
    }

    /// The value also if it is of another process: only what is plain memory may be looked at.
    pub(crate) fn inherited(&self) -> &T {
        &self.value
    }

    /// The value, or the error a user sees who uses an inherited stream or awaitable. `what` is a noun phrase.
    pub(crate) fn require(&self, what: &str) -> PyResult<&T> {
        self.get().ok_or_else(|| inherited(what))
    }
}

/// The error for a thing of the parent process that was used in a forked child.
pub(crate) fn inherited(what: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "this {what} belongs to the parent process: it was begun before os.fork(); send the request again in the child"
    ))
}

impl<T> Drop for Ours<T> {
    fn drop(&mut self) {
        if self.generation == generation() {
            // SAFETY: dropped once, here, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        }
    }
}

/// Called by Python in a forked child, before any other code runs there.
#[pyfunction]
fn _after_fork_in_child() {
    GENERATION.fetch_add(1, Ordering::AcqRel);
    // Forgotten on purpose: see the head of this file.
    ENGINE.store(ptr::null_mut(), Ordering::Release);
    crowd::forget();
    bell::forget();
    lookout::forget();
    close_inherited();
}

#[cfg(unix)]
fn close_inherited() {
    for descriptor in martlet::descriptors::inherited() {
        // SAFETY: the registry names sockets of the parent's engine, which nothing in this process uses any more.
        unsafe { libc::close(descriptor) };
    }
    martlet::descriptors::forget_all();
}

#[cfg(not(unix))]
fn close_inherited() {}

/// Called by Python at exit, before the interpreter finalises: no thread of ours runs afterwards.
#[pyfunction]
fn _shut_down(py: Python<'_>) {
    let current = ENGINE.load(Ordering::Acquire);
    // SAFETY: as in `engine`.
    if let Some(engine) = unsafe { current.as_ref() } {
        py.detach(|| engine.shut_down());
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let after_fork = wrap_pyfunction!(_after_fork_in_child, module)?;
    if let Ok(register) = py.import("os")?.getattr("register_at_fork") {
        let arguments = pyo3::types::PyDict::new(py);
        arguments.set_item("after_in_child", after_fork)?;
        register.call((), Some(&arguments))?;
    }
    py.import("atexit")?.call_method1("register", (wrap_pyfunction!(_shut_down, module)?,))?;
    Ok(())
}
