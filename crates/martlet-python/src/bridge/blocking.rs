//! Waiting for an operation in the calling thread, which drives the engine meanwhile.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use pyo3::{exceptions::PyRuntimeError, intern, prelude::*};

use super::{
    exchange::{Asker, Event, Link, Question, Reply, next_event},
    gate::engine,
    memory,
    operation::{Operation, Starter, make},
};

/// How often a blocked call looks for signals: Ctrl-C is noticed within this time.
const SIGNALS: Duration = Duration::from_millis(50);

impl Operation {
    /// Runs the work on this thread, which drives the engine.
    pub(super) fn run_here(slf: &Bound<'_, Self>, start: Starter) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let engine = engine()?;
        let link = Arc::new(Link::within_thread());
        let mut work = make(start, Asker(Arc::clone(&link)));
        loop {
            let event = py.detach(|| {
                engine.block_on(async { tokio::time::timeout(SIGNALS, next_event(&mut work, &link)).await })
            });
            match event {
                Ok(Event::Done(answer)) => {
                    let mut this = slf.borrow_mut();
                    let (keep, failure) = (this.keep.take(), this.failure.take());
                    drop(this);
                    return answer(py, keep.as_ref()).map_err(|error| failure.unwrap_or(error));
                }
                Ok(Event::Asked(question)) => link.reply(slf.borrow_mut().answer_here(py, question)),
                Err(_) => py.check_signals()?,
            }
        }
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
