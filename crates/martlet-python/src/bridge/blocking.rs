//! Waiting for an operation in the calling thread.
//!
//! One thread, or a few, drive the engine's I/O themselves: no other thread has to be woken. In a crowd nearly every
//! reply would be found by the wrong thread, which then wakes the right one and is interrupted by it; so a crowd's
//! calls go to the engine's thread, as an event loop's do (decision 9).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use pyo3::{exceptions::PyRuntimeError, intern, prelude::*};

use super::{
    bell::Seat,
    crowd::Wait,
    exchange::{Answer, Asker, Event, Link, Question, Reply, next_event},
    gate::engine,
    memory,
    operation::{Operation, Starter, make},
    report::{Report, Waiter},
};

/// How often a blocked call looks for signals: Ctrl-C is noticed within this time.
const SIGNALS: Duration = Duration::from_millis(50);

impl Operation {
    /// Runs the work to its end and returns what it comes to.
    pub(super) fn run(slf: &Bound<'_, Self>, start: Starter) -> PyResult<Py<PyAny>> {
        let wait = Wait::begin();
        match wait.in_crowd {
            true => Self::have_run(slf, start),
            false => Self::run_here(slf, start),
        }
    }

    /// Runs the work on this thread, which drives the engine.
    fn run_here(slf: &Bound<'_, Self>, start: Starter) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let engine = engine()?;
        let link = Arc::new(Link::within_thread());
        let mut work = make(start, Asker(Arc::clone(&link)));
        loop {
            let event = py.detach(|| {
                engine.block_on(async { tokio::time::timeout(SIGNALS, next_event(&mut work, &link)).await })
            });
            match event {
                Ok(Event::Done(answer)) => return Self::finish(slf, answer),
                Ok(Event::Asked(question)) => link.reply(slf.borrow_mut().answer_here(py, question)),
                Err(_) => py.check_signals()?,
            }
        }
    }

    /// Has the engine's thread run the work, and waits.
    fn have_run(slf: &Bound<'_, Self>, start: Starter) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let engine = engine()?;
        let link = Arc::new(Link::default());
        let work = make(start, Asker(Arc::clone(&link)));
        let seat = Seat::take();
        let report = Report::new(work, Arc::clone(&link), Waiter::Thread(seat.bell()));
        engine.submit(&mut vec![Box::pin(report)])?;
        loop {
            match py.detach(|| asleep_until(Instant::now() + SIGNALS, &seat, &link)) {
                Some(Event::Done(answer)) => return Self::finish(slf, answer),
                Some(Event::Asked(question)) => link.reply(slf.borrow_mut().answer_here(py, question)),
                None => py.check_signals().inspect_err(|_| link.cancel())?,
            }
        }
    }

    fn finish(slf: &Bound<'_, Self>, answer: Answer) -> PyResult<Py<PyAny>> {
        let mut this = slf.borrow_mut();
        let (keep, failure) = (this.keep.take(), this.failure.take());
        drop(this);
        answer(slf.py(), keep.as_ref()).map_err(|error| failure.unwrap_or(error))
    }

    fn answer_here(&mut self, py: Python<'_>, question: Question) -> Reply {
        let answered = match (question, &self.supplier) {
            (Question::Memory(length), _) => return Reply::Memory(memory::allocate(py, length)),
            (Question::Piece, Some(supplier)) => supplier
                .bind(py)
                .call_method0(intern!(py, "piece"))
                .and_then(|piece| Ok(Reply::Piece(piece.extract::<Option<Vec<u8>>>()?.map(Bytes::from)))),
            (Question::Rewind, Some(supplier)) => {
                supplier.bind(py).call_method0(intern!(py, "rewind")).map(|_| Reply::Rewound)
            }
            (_, None) => Err(PyRuntimeError::new_err("this request has no body to read from")),
        };
        answered.unwrap_or_else(|error| {
            self.failure = Some(error);
            Reply::Failed
        })
    }
}

/// Waits until there is something to do, or until `end`.
fn asleep_until(end: Instant, seat: &Seat, link: &Link) -> Option<Event> {
    loop {
        let turn = seat.turn();
        let event = link.take_event();
        let left = end.saturating_duration_since(Instant::now());
        if event.is_some() || left.is_zero() {
            return event;
        }
        seat.sleep(turn, left);
    }
}
