//! The builder: takes events from a tape and makes objects of them, with a stack of its own.
//!
//! A container is seen by nobody else before it is complete but by the garbage collector, and is at any moment one
//! that may be looked at.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use martlet_proto::json::{Event, Span, Tape};
use pyo3::prelude::*;

use super::{objects, original::Original};

/// Between two looks at the clock: so many objects, or bytes of text for each of them.
const OBJECTS: usize = 64;
const BYTES: usize = 128;

/// Bytes of a text that takes about a quarter of a millisecond.
const LONG: usize = 128 * 1024;

/// A document that is being built.
pub(super) struct Build {
    tape: Arc<Tape>,
    at: usize,
    stack: Vec<Open>,
    /// The keys made so far.
    keys: Vec<Option<Py<PyAny>>>,
}

/// A container that is not complete.
struct Open {
    container: Py<PyAny>,
    object: bool,
    left: usize,
    /// The number of the key whose value comes next.
    key: usize,
}

/// How far it has come.
pub(super) enum Progress {
    Complete(Py<PyAny>),
    /// The slice has ended.
    Paused,
    /// Here belongs a text that is to be made elsewhere; [`Build::place`] takes it.
    Text(Span),
}

/// When a slice ends.
pub(super) enum Until {
    Finished,
    Elapsed(Instant, Duration),
    /// After that many objects: for tests.
    Objects(usize),
}

impl Build {
    pub(super) fn new(tape: Tape) -> Self {
        Self { tape: Arc::new(tape), at: 0, stack: Vec::new(), keys: Vec::new() }
    }

    /// The document, in one go.
    ///
    /// # Errors
    /// What a constructor of Python's raised.
    pub(super) fn finish(
        mut self,
        py: Python<'_>,
        original: &Original,
        source: &[u8],
    ) -> PyResult<Py<PyAny>> {
        match self.run(py, original, source, &mut Until::Finished)? {
            Progress::Complete(document) => Ok(document),
            _ => Err(objects::torn()),
        }
    }

    /// What it is built from.
    pub(super) fn tape(&self) -> Arc<Tape> {
        Arc::clone(&self.tape)
    }

    /// Goes on.
    ///
    /// # Errors
    /// What a constructor of Python's raised.
    pub(super) fn run(
        &mut self,
        py: Python<'_>,
        original: &Original,
        source: &[u8],
        until: &mut Until,
    ) -> PyResult<Progress> {
        let mut work = 0;
        loop {
            work += 1;
            if work >= OBJECTS || matches!(until, Until::Objects(_)) {
                if until.is_reached(work) {
                    return Ok(Progress::Paused);
                }
                work = 0;
            }
            let value = match self.tape.next(&mut self.at).ok_or_else(objects::torn)? {
                Event::Key(number) => {
                    self.key(py, source, number)?;
                    continue;
                }
                Event::Text(span) if until.is_for_others(span) => return Ok(Progress::Text(span)),
                Event::Text(span) => {
                    work += span.length / BYTES;
                    objects::text(py, self.bytes(source, span)?, span)?
                }
                Event::Int(value) => objects::int(py, value)?,
                Event::Float(value) => objects::float(py, value)?,
                Event::Constant(constant) => original.constant(py, constant),
                Event::BigInt(span) => {
                    work += span.length;
                    objects::big_int(py, self.bytes(source, span)?)?
                }
                Event::Array(left) => {
                    let container = objects::list(py, left)?;
                    if left > 0 {
                        self.stack.push(Open { container, object: false, left, key: 0 });
                        continue;
                    }
                    container
                }
                Event::Object(left) => {
                    let container = objects::dict(py, left)?;
                    if left > 0 {
                        self.stack.push(Open { container, object: true, left, key: 0 });
                        continue;
                    }
                    container
                }
            };
            if let Some(document) = self.place(py, value)? {
                return Ok(Progress::Complete(document));
            }
        }
    }

    /// Puts a value where it belongs, and the containers that are complete with it; gives the document when it is.
    #[inline]
    pub(super) fn place(&mut self, py: Python<'_>, mut value: Py<PyAny>) -> PyResult<Option<Py<PyAny>>> {
        loop {
            let Some(open) = self.stack.last_mut() else { return Ok(Some(value)) };
            if open.object {
                let key = self.keys.get(open.key).and_then(Option::as_ref).ok_or_else(objects::torn)?;
                objects::set(py, &open.container, key, &value)?;
            } else {
                objects::append(py, &open.container, value)?;
            }
            open.left -= 1;
            if open.left > 0 {
                return Ok(None);
            }
            value = self.stack.pop().ok_or_else(objects::torn)?.container;
        }
    }

    /// Makes the key, if it has not been made, and notes it for the value that follows.
    #[inline]
    fn key(&mut self, py: Python<'_>, source: &[u8], number: usize) -> PyResult<()> {
        if let Some(open) = self.stack.last_mut() {
            open.key = number;
        }
        // They are numbered in the order of their first use.
        if number < self.keys.len() {
            return Ok(());
        }
        let span = *self.tape.keys.get(number).ok_or_else(objects::torn)?;
        let key = objects::text(py, self.bytes(source, span)?, span)?;
        self.keys.push(Some(key));
        Ok(())
    }

    #[inline]
    fn bytes<'a>(&'a self, source: &'a [u8], span: Span) -> PyResult<&'a [u8]> {
        let whole = if span.unescaped { &self.tape.unescaped } else { source };
        whole.get(span.at..span.at + span.length).ok_or_else(objects::torn)
    }
}

impl Until {
    /// Whether a text is so long that making it would not fit into a slice. The stable ABI has no way to make it
    /// elsewhere.
    #[inline]
    fn is_for_others(&self, span: Span) -> bool {
        span.length >= LONG && !span.surrogates && !matches!(self, Self::Finished) && !cfg!(feature = "abi3")
    }

    #[inline]
    fn is_reached(&mut self, work: usize) -> bool {
        match self {
            Self::Finished => false,
            Self::Elapsed(start, slice) => start.elapsed() >= *slice,
            Self::Objects(left) => {
                let reached = *left < work;
                *left = left.saturating_sub(work);
                reached
            }
        }
    }
}
