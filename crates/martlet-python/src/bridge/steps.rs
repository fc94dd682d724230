//! An operation's steps for C code that asks by `PyIter_Send` (the evaluation loop of some versions, asyncio's tasks):
//! what the operation returns comes back as it is, without a StopIteration made for it and taken apart again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::{exceptions::PyStopIteration, ffi, panic::PanicException, prelude::*};

use super::{coroutine::Step, operation::Operation};

/// Gives the class `am_send`, which pyo3 has no name for.
pub(super) fn install(py: Python<'_>) {
    let class = py.get_type::<Operation>();
    // SAFETY: a class made at run time has its own table for awaitables, which lives as long as the class; nobody has
    // awaited an operation yet.
    unsafe {
        let table = (*class.as_type_ptr()).tp_as_async;
        if let Some(table) = table.as_mut() {
            table.am_send = Some(send);
        }
    }
}

/// # Safety
/// Called by the interpreter: attached, with an operation and two places that may be used.
unsafe extern "C" fn send(
    operation: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    result: *mut *mut ffi::PyObject,
) -> ffi::PySendResult {
    // SAFETY: by what is asked of the caller.
    let (py, operation, value) = unsafe {
        let py = Python::assume_attached();
        (py, Bound::from_borrowed_ptr(py, operation), Bound::from_borrowed_ptr(py, value))
    };
    let stepped = catch_unwind(AssertUnwindSafe(|| step(&operation, &value)));
    let stepped = stepped
        .unwrap_or_else(|_| Err(PanicException::new_err("martlet has a bug: an operation's step panicked")));
    let (outcome, object) = match stepped {
        Ok(Step::Yield(value)) => (ffi::PySendResult::PYGEN_NEXT, value.into_ptr()),
        Ok(Step::Return(value)) => (ffi::PySendResult::PYGEN_RETURN, value.into_ptr()),
        Err(error) => {
            error.restore(py);
            (ffi::PySendResult::PYGEN_ERROR, std::ptr::null_mut())
        }
    };
    // SAFETY: by what is asked of the caller.
    unsafe { *result = object };
    outcome
}

fn step(operation: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<Step> {
    let py = operation.py();
    match Operation::advance(operation.cast::<Operation>()?, value) {
        // Another framework's coroutine has ended.
        Err(error) if error.is_instance_of::<PyStopIteration>(py) => {
            Ok(Step::Return(error.value(py).getattr("value")?.unbind()))
        }
        stepped => stepped,
    }
}
