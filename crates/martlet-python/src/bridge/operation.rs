//! One piece of work for the engine, as Python holds it: waited for, or awaited.
//!
//! An `Operation` is a coroutine (`send`, `throw`, `close`, `__await__`) and, while a task waits for
//! it, the future that the task waits for: one object and one wake-up for a request.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use pyo3::{
    exceptions::{PyRuntimeError, PyRuntimeWarning},
    intern,
    prelude::*,
    types::PyDict,
};

use super::{
    coroutine::{Step, running_loop},
    exchange::{Asker, Keep, Link, Question, Reply, Work},
    gate::{generation, inherited},
    guard, memory,
    port::{Board, LoopPort, Waiting, asyncio_port, listen, port_of},
    report::{Report, Waiter},
};

/// Makes the work. In a mutex only because Python may look at an operation from any thread.
pub(super) type Starter = Mutex<Box<dyn FnOnce(Asker) -> Work + Send>>;

/// What answers an operation's questions about its request's body; a Python object with `piece()`, `rewind()` and,
/// for event loops, `answer(operation, rewind)`.
pub(crate) type Supplier = Py<PyAny>;

/// One operation of the engine: `wait()` for it, or `await` it, once.
#[pyclass(weakref, module = "martlet._martlet")]
pub(crate) struct Operation {
    state: State,
    pub(super) keep: Option<Keep>,
    pub(super) supplier: Option<Supplier>,
    /// What the supplier raised: it is what the operation raises.
    pub(super) failure: Option<PyErr>,
    /// The coroutine of another framework (trio) that waits for this operation on its behalf.
    foreign: Option<Py<PyAny>>,
    /// For the warning when it was never awaited; empty when it need not be.
    name: &'static str,
    blocking: bool,
    generation: u64,
}

enum State {
    New(Starter),
    /// Given to a task as a future; the task will add its callback.
    Yielded(Starter, Py<PyAny>),
    Running(Running),
    Ready(PyResult<Py<PyAny>>),
    /// The waiting task was cancelled, with this message.
    Cancelled(Option<Py<PyAny>>),
    Spent,
}

struct Running {
    link: Arc<Link>,
    board: Arc<Board>,
    token: usize,
    event_loop: Py<PyAny>,
    callback: Py<PyAny>,
    context: Option<Py<PyAny>>,
}

impl Operation {
    /// An operation that `start` makes the work of. `keep` is handed to the answer.
    pub(crate) fn new(
        name: &'static str,
        keep: Option<Keep>,
        supplier: Option<Supplier>,
        start: impl FnOnce(Asker) -> Work + Send + 'static,
    ) -> Self {
        Self {
            state: State::New(Mutex::new(Box::new(start))),
            keep,
            supplier,
            failure: None,
            foreign: None,
            name,
            blocking: false,
            generation: generation(),
        }
    }

    fn take(&mut self) -> PyResult<State> {
        if self.generation != generation() {
            return Err(inherited("awaitable"));
        }
        Ok(mem::replace(&mut self.state, State::Spent))
    }

    fn foreign<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyAny>> {
        slf.borrow().foreign.as_ref().map(|inner| inner.bind(slf.py()).clone())
    }

    fn reply(&self, reply: Reply) {
        if let State::Running(running) = &self.state {
            running.link.reply(reply);
        }
    }

    /// One step of the coroutine, given a value.
    pub(super) fn advance(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<Step> {
        let py = slf.py();
        if let Some(inner) = Self::foreign(slf) {
            return Ok(Step::Yield(inner.call_method1(intern!(py, "send"), (value,))?.unbind()));
        }
        let state = slf.borrow_mut().take()?;
        match state {
            State::New(start) => match running_loop(py)? {
                Some(event_loop) => {
                    let mut this = slf.borrow_mut();
                    this.state = State::Yielded(start, event_loop.unbind());
                    this.blocking = true;
                    drop(this);
                    Ok(Step::Yield(slf.clone().into_any().unbind()))
                }
                None => {
                    slf.borrow_mut().state = State::New(start);
                    let wait = py.import("martlet._loops")?.getattr("foreign_wait")?;
                    let inner = wait.call1((slf,)).inspect_err(|_| slf.borrow_mut().state = State::Spent)?;
                    slf.borrow_mut().foreign = Some(inner.unbind());
                    Self::advance(slf, value)
                }
            },
            State::Ready(result) => Ok(Step::Return(result?)),
            State::Cancelled(_) | State::Spent => {
                Err(PyRuntimeError::new_err("cannot reuse already awaited coroutine"))
            }
            state @ (State::Yielded(..) | State::Running(_)) => {
                slf.borrow_mut().state = state;
                Err(PyRuntimeError::new_err("this operation is already being awaited"))
            }
        }
    }
}

impl Waiting for Py<Operation> {
    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        let slf = self.bind(py);
        let (answer, keep, failure) = {
            let mut this = slf.borrow_mut();
            let State::Running(running) = &this.state else { return Ok(()) };
            let Some(answer) = running.link.take_answer() else { return Ok(()) };
            (answer, this.keep.take(), this.failure.take())
        };
        // Where the reply came before the supplier failed, it is the result.
        let result = answer(py, keep.as_ref()).map_err(|error| failure.unwrap_or(error));
        let before = mem::replace(&mut slf.borrow_mut().state, State::Ready(result));
        match before {
            State::Running(running) => running.resume(slf),
            _ => Ok(()),
        }
    }

    fn asked(&self, py: Python<'_>, question: Question) -> PyResult<()> {
        let slf = self.bind(py);
        let rewind = match question {
            Question::Memory(length) => {
                slf.borrow().reply(Reply::Memory(memory::allocate(py, length)));
                return Ok(());
            }
            Question::Piece => false,
            Question::Rewind => true,
        };
        let supplier = slf.borrow().supplier.as_ref().map(|supplier| supplier.clone_ref(py));
        let asked = match supplier {
            Some(supplier) => supplier.bind(py).call_method1(intern!(py, "answer"), (slf, rewind)).map(drop),
            None => Err(PyRuntimeError::new_err("this request has no body to read from")),
        };
        if let Err(error) = asked {
            let mut this = slf.borrow_mut();
            this.failure = Some(error);
            this.reply(Reply::Failed);
        }
        Ok(())
    }

    fn abandon(&self, py: Python<'_>) {
        let slf = self.bind(py);
        let state = slf.try_borrow_mut().map(|mut this| mem::replace(&mut this.state, State::Spent));
        if let Ok(State::Running(running)) = state
            && slf.borrow().generation == generation()
        {
            running.link.cancel();
        }
    }
}

#[pymethods]
impl Operation {
    /// Blocks until the result is there and returns or raises it. Ctrl-C ends it at once.
    fn wait(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        if let Err(refused) = guard::check() {
            drop(slf.borrow_mut().take()?); // given up: that nobody awaited it is not said as well
            return Err(refused);
        }
        let state = slf.borrow_mut().take()?;
        match state {
            State::New(start) => Self::run(slf, start),
            state => {
                let spent = matches!(state, State::Spent | State::Ready(_) | State::Cancelled(_));
                slf.borrow_mut().state = state;
                Err(PyRuntimeError::new_err(match spent {
                    true => "this operation has already been waited for",
                    false => "this operation is already being awaited",
                }))
            }
        }
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        Self::send(slf, slf.py().None().bind(slf.py()))
    }

    fn send(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Self::advance(slf, value)?.sent(slf.py())
    }

    /// Abandons the operation and raises the exception.
    #[pyo3(signature = (kind, value=None, traceback=None))]
    fn throw(
        slf: &Bound<'_, Self>,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        if let Some(inner) = Self::foreign(slf) {
            return Ok(inner.call_method1(intern!(py, "throw"), (kind, value, traceback))?.unbind());
        }
        stop(slf.borrow_mut().take()?);
        let value = value.filter(|value| !value.is_none());
        let error = match (kind.is_instance_of::<pyo3::types::PyType>(), value) {
            (true, Some(value)) if value.is_instance_of::<pyo3::exceptions::PyBaseException>() => value,
            (true, Some(value)) => kind.call1((value,))?,
            (true, None) => kind.call0()?,
            (false, _) => kind,
        };
        Err(PyErr::from_value(error))
    }

    /// Abandons the operation.
    fn close(slf: &Bound<'_, Self>) -> PyResult<()> {
        let inner = Self::foreign(slf);
        if let Some(inner) = inner {
            inner.call_method0(intern!(slf.py(), "close"))?;
        }
        stop(slf.borrow_mut().take()?);
        Ok(())
    }

    // What a task asks of the future it waits for (asyncio.Future's documented methods).

    #[getter(_asyncio_future_blocking)]
    fn blocking(&self) -> Option<bool> {
        // None, not False: an operation is a coroutine to asyncio.ensure_future and gather.
        self.blocking.then_some(true)
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&mut self, blocking: bool) {
        self.blocking = blocking;
    }

    fn get_loop(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        match &slf.borrow().state {
            State::Yielded(_, event_loop) => Ok(event_loop.clone_ref(slf.py())),
            State::Running(running) => Ok(running.event_loop.clone_ref(slf.py())),
            _ => Err(PyRuntimeError::new_err("this operation is not being awaited")),
        }
    }

    /// Starts the operation; `callback(self)` runs in `context` when it is done.
    #[pyo3(signature = (callback, *, context=None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        callback: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let state = slf.borrow_mut().take()?;
        let State::Yielded(start, event_loop) = state else {
            slf.borrow_mut().state = state;
            return Err(PyRuntimeError::new_err("this operation is not being awaited"));
        };
        let begun = asyncio_port(event_loop.bind(py)).and_then(|port| {
            let (event_loop, callback) = (event_loop.clone_ref(py), callback.clone_ref(py));
            let context = context.as_ref().map(|context| context.clone_ref(py));
            Self::begin(slf, start, &port, event_loop, callback, context)
        });
        // The task takes no exception from here: it would wait for ever.
        begun.or_else(|error| {
            slf.borrow_mut().state = State::Ready(Err(error));
            call_soon(py, &event_loop, &callback, slf, context.as_ref())
        })
    }

    /// Starts the operation for a trio run: `callback(self)` is called in it when it is done.
    fn _begin_foreign(
        slf: &Bound<'_, Self>,
        token: &Bound<'_, PyAny>,
        watch: &Bound<'_, PyAny>,
        callback: Py<PyAny>,
    ) -> PyResult<()> {
        let state = slf.borrow_mut().take()?;
        let State::New(start) = state else {
            slf.borrow_mut().state = state;
            return Err(PyRuntimeError::new_err("this operation is already being awaited"));
        };
        let port = port_of(token, |port| {
            listen(port)?;
            watch.call1((port,)).map(drop)
        })?;
        Self::begin(slf, start, &port, token.clone().unbind(), callback, None)
    }

    /// The result of an operation begun by `_begin_foreign`, once it is done.
    fn _take_result(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let state = slf.borrow_mut().take()?;
        match state {
            State::Ready(result) => result,
            _ => Err(PyRuntimeError::new_err("this operation is not done")),
        }
    }

    /// Abandons a running operation without calling back.
    fn _abandon(slf: &Bound<'_, Self>) -> PyResult<()> {
        stop(slf.borrow_mut().take()?);
        Ok(())
    }

    /// The task's question whether the wait was cancelled; the value itself comes with the next step.
    fn result(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let message = match &slf.borrow().state {
            State::Cancelled(message) => message.as_ref().map(|message| message.clone_ref(py)),
            _ => return Ok(()),
        };
        let class = py.import("asyncio")?.getattr("CancelledError")?;
        Err(PyErr::from_value(match message {
            Some(message) => class.call1((message,))?,
            None => class.call0()?,
        }))
    }

    fn done(&self) -> bool {
        matches!(self.state, State::Ready(_) | State::Cancelled(_) | State::Spent)
    }

    fn cancelled(&self) -> bool {
        matches!(self.state, State::Cancelled(_))
    }

    /// Abandons the exchange: its connection is closed at once, and the waiting task is cancelled.
    #[pyo3(signature = (msg=None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let py = slf.py();
        let state = slf.borrow_mut().take()?;
        let State::Running(running) = state else {
            slf.borrow_mut().state = state;
            return Ok(false);
        };
        running.link.cancel();
        running.board.leave(running.token);
        slf.borrow_mut().state = State::Cancelled(msg);
        call_soon(py, &running.event_loop, &running.callback, slf, running.context.as_ref())?;
        Ok(true)
    }

    /// Answers the engine's question for a piece of the body: bytes, or None at its end. For suppliers.
    fn _supply(&self, piece: Option<Vec<u8>>) {
        self.reply(Reply::Piece(piece.map(Bytes::from)));
    }

    /// Answers the engine's request to rewind the body. For suppliers.
    fn _rewound(&self) {
        self.reply(Reply::Rewound);
    }

    /// Fails the operation with what the supplier raised.
    fn _fail(&mut self, error: Bound<'_, PyAny>) {
        self.failure = Some(PyErr::from_value(error));
        self.reply(Reply::Failed);
    }

    fn __repr__(&self) -> String {
        let state = match &self.state {
            State::New(_) => "new",
            State::Yielded(..) | State::Running(_) => "running",
            State::Ready(_) => "done",
            State::Cancelled(_) => "cancelled",
            State::Spent => "awaited",
        };
        format!("<Operation {} {state}>", self.name)
    }
}

impl Operation {
    fn begin(
        slf: &Bound<'_, Self>,
        start: Starter,
        port: &Bound<'_, LoopPort>,
        event_loop: Py<PyAny>,
        callback: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let link = Arc::new(Link::default());
        let work = make(start, Asker(Arc::clone(&link)));
        let own = Arc::clone(&link);
        let (board, token) = port.get().submit(Arc::new(slf.clone().unbind()), move |port, token| {
            Box::pin(Report::new(work, own, Waiter::Loop(port, token)))
        })?;
        slf.borrow_mut().state =
            State::Running(Running { link, board, token, event_loop, callback, context });
        Ok(())
    }
}

impl Running {
    /// Runs the waiting task's next step, here and now: the loop called us for this.
    fn resume(self, operation: &Bound<'_, Operation>) -> PyResult<()> {
        let py = operation.py();
        match self.context {
            Some(context) => context.bind(py).call_method1(intern!(py, "run"), (self.callback, operation)),
            None => self.callback.bind(py).call1((operation,)),
        }
        .map(drop)
    }
}

/// Has the loop call back in its next turn.
fn call_soon(
    py: Python<'_>,
    event_loop: &Py<PyAny>,
    callback: &Py<PyAny>,
    operation: &Bound<'_, Operation>,
    context: Option<&Py<PyAny>>,
) -> PyResult<()> {
    let arguments = PyDict::new(py);
    if let Some(context) = context {
        arguments.set_item(intern!(py, "context"), context)?;
    }
    let call = event_loop.bind(py).getattr(intern!(py, "call_soon"))?;
    call.call((callback, operation), Some(&arguments)).map(drop)
}

pub(super) fn make(start: Starter, asker: Asker) -> Work {
    start.into_inner().unwrap_or_else(PoisonError::into_inner)(asker)
}

/// Lets go of what has begun.
fn stop(state: State) {
    if let State::Running(running) = state {
        running.link.cancel();
        running.board.leave(running.token);
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if self.generation != generation() {
            mem::forget(mem::replace(&mut self.state, State::Spent));
            return;
        }
        if let (State::New(_), false) = (&self.state, self.name.is_empty()) {
            Python::attach(|py| {
                let message = format!("coroutine '{}' was never awaited", self.name);
                let category = py.get_type::<PyRuntimeWarning>();
                let warned = std::ffi::CString::new(message)
                    .map_err(PyErr::from)
                    .and_then(|message| PyErr::warn(py, &category, &message, 1));
                if let Err(error) = warned {
                    error.write_unraisable(py, None);
                }
            });
        }
    }
}
