//! Small things that coroutines need: the loop that runs them, and how a step is told.

use pyo3::{exceptions::PyStopIteration, intern, prelude::*};

/// The asyncio loop that runs in this thread, if one does.
pub(super) fn running_loop(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    static GET: pyo3::sync::PyOnceLock<Py<PyAny>> = pyo3::sync::PyOnceLock::new();
    let get = match GET.get(py) {
        Some(get) => get,
        None => {
            // Where asyncio was never imported no loop of it runs.
            let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
            if !modules.contains("asyncio")? {
                return Ok(None);
            }
            GET.get_or_try_init(py, || {
                Ok::<_, PyErr>(py.import("asyncio")?.getattr("_get_running_loop")?.unbind())
            })?
        }
    };
    let event_loop = get.bind(py).call0()?;
    Ok((!event_loop.is_none()).then_some(event_loop))
}

/// What a step of a coroutine came to.
pub(super) enum Step {
    /// Something to wait for.
    Yield(Py<PyAny>),
    /// The end.
    Return(Py<PyAny>),
}

impl Step {
    /// As `send` tells it: the end is a StopIteration. The exception is made here, so that a tuple or an exception is
    /// returned as it is.
    pub(super) fn sent(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Yield(value) => Ok(value),
            Self::Return(value) => match py.get_type::<PyStopIteration>().call1((value,)) {
                Ok(end) => Err(PyErr::from_value(end)),
                Err(error) => Err(error),
            },
        }
    }
}
