//! Between the engine and the interpreter; nothing else here knows both tokio and Python.
//!
//! One [`Operation`] is one piece of work for the engine (send this request, read that much of a
//! body) and, for Python, an awaitable that can also be waited for. The rules:
//!
//! 1. The engine never attaches to the interpreter and holds no Python object. What only Python
//!    can answer (the next piece of an upload, memory for a large body) is a [`Question`] with the
//!    operation's token; whoever waits answers it.
//! 2. An operation does nothing before it is waited for or awaited, and runs once.
//! 3. Completions of one event loop go through its [`port`]: one wake-up for a [`burst`].
//! 4. Cancelling, closing or forgetting an operation drops its future on the engine, which closes
//!    the connection.
//! 5. In a forked child the parent's engine and all that hangs on it is forgotten, never dropped.

// Only Linux wakes several threads of one's choice by one call.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod bell;
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
#[path = "unpark.rs"]
mod bell;
#[cfg(not(feature = "abi3"))]
mod blank;
mod blocking;
mod burst;
mod coroutine;
mod crowd;
mod descriptors;
mod directory;
mod exchange;
mod gate;
mod guard;
mod lookout;
mod memory;
mod operation;
mod port;
mod presized;
mod report;
#[cfg(not(feature = "abi3"))]
mod steps;
mod wakeup;

#[cfg(not(feature = "abi3"))]
pub(crate) use blank::Blank;
pub(crate) use descriptors::most_descriptors;
pub(crate) use directory::Directory;
pub(crate) use exchange::{Answer, Asker, Keep, Question, Reply, boxed};
pub(crate) use gate::{Ours, engine, inherited};
pub(crate) use memory::Filling;
pub(crate) use operation::{Operation, Supplier};
pub(crate) use presized::presized_dict;

use pyo3::prelude::*;

/// Adds what Python sees of the bridge to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(guard::refuse_waiting, module)?)?;
    module.add_class::<Operation>()?;
    #[cfg(not(feature = "abi3"))]
    steps::install(module.py());
    module.add_class::<port::LoopPort>()?;
    module.add_class::<lookout::Lookout>()?;
    gate::register(module)
}
