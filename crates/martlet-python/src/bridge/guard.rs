//! Where waiting is refused: in what an event loop calls on its own thread, which a blocking call would stall.

use std::cell::Cell;

use pyo3::{exceptions::PyRuntimeError, prelude::*};

thread_local! {
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// From now on, `Operation.wait()` is refused on this thread, or no longer; gives what held before.
#[pyfunction]
pub(super) fn refuse_waiting(refuse: bool) -> bool {
    REFUSED.replace(refuse)
}

/// Raises RuntimeError where waiting is refused.
pub(super) fn check() -> PyResult<()> {
    if REFUSED.get() {
        return Err(PyRuntimeError::new_err(
            "a blocking call of martlet in a hook or auth that runs on the event loop, which it would stall: make \
             it a coroutine function and await the call's async twin (r.aread(), AsyncSession.send(...))",
        ));
    }
    Ok(())
}
