//! `json=`: what `json.dumps(document, allow_nan=False)` writes, a slice at a time.
//!
//! Plain are dict, list, tuple, str, int, float, bool and None, up to a depth. All else (other classes, NaN, what is in
//! itself) is for `json.dumps`: nothing is said about it here but that it is so.

use martlet_proto::json::DEEPEST;
use pyo3::{
    prelude::*,
    types::{PyBool, PyDict, PyFloat, PyInt, PyString},
};

use super::{
    Stop,
    objects::{Items, Rows, push_float, push_int},
    parts::{Coding, Parts},
};
use crate::slice::{BYTES, Slice};

/// A document that is being written.
pub(super) struct Document {
    /// Before anything was written.
    root: Option<Py<PyAny>>,
    stack: Vec<Open>,
    pub(super) parts: Parts,
}

/// A container that is not complete.
enum Open {
    Array(Items),
    Object(Rows),
}

impl Document {
    pub(super) fn new(root: &Bound<'_, PyAny>) -> Self {
        Self { root: Some(root.clone().unbind()), stack: Vec::new(), parts: Parts::new(Coding::Json) }
    }

    /// Goes on for a slice. Is the document complete?
    ///
    /// # Errors
    /// What is not plain; RuntimeError for a dict that has changed its size meanwhile.
    pub(super) fn run(&mut self, py: Python<'_>, slice: &mut Slice) -> Result<bool, Stop> {
        if let Some(root) = self.root.take() {
            self.value(root.bind(py))?;
        }
        loop {
            self.parts.roll();
            let Some(open) = self.stack.last_mut() else { return Ok(true) };
            let out = &mut self.parts.open;
            let (key, value) = match open {
                Open::Array(items) => {
                    let start = items.is_at_start();
                    let Some(item) = items.next(py) else {
                        out.push(b']');
                        self.stack.pop();
                        continue;
                    };
                    separate(out, start);
                    (None, item)
                }
                Open::Object(rows) => {
                    let start = rows.is_at_start();
                    let Some((key, value)) = rows.next(py)? else {
                        out.push(b'}');
                        self.stack.pop();
                        continue;
                    };
                    separate(out, start);
                    (Some(key), value)
                }
            };
            let mut work = 1;
            if let Some(key) = key {
                work += self.key(&key)?;
            }
            work += self.value(&value)?;
            if slice.is_over(work) {
                return Ok(false);
            }
        }
    }

    /// Writes a key, as the string that `json.dumps` makes of it; gives what that counts for.
    #[inline]
    fn key(&mut self, key: &Bound<'_, PyAny>) -> Result<usize, Stop> {
        let work = match key.cast::<PyString>() {
            Ok(text) => self.parts.text(text).ok_or(Stop::NotPlain)? / BYTES,
            Err(_) => {
                self.parts.open.push(b'"');
                self.scalar(key).ok_or(Stop::NotPlain)?;
                self.parts.open.push(b'"');
                0
            }
        };
        self.parts.open.extend_from_slice(b": ");
        Ok(work)
    }

    /// Writes a value, or the beginning of a container; gives what that counts for.
    #[inline]
    fn value(&mut self, value: &Bound<'_, PyAny>) -> Result<usize, Stop> {
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(self.parts.text(text).ok_or(Stop::NotPlain)? / BYTES);
        }
        let (begin, open) = if let Ok(dict) = value.cast_exact::<PyDict>() {
            (b'{', Open::Object(Rows::of(dict)))
        } else if let Some(items) = Items::of(value) {
            (b'[', Open::Array(items))
        } else {
            self.scalar(value).ok_or(Stop::NotPlain)?;
            return Ok(0);
        };
        if self.stack.len() == DEEPEST {
            return Err(Stop::NotPlain);
        }
        self.parts.open.push(begin);
        self.stack.push(open);
        Ok(0)
    }

    /// Writes what is neither a text nor a container; `None` if it is not plain.
    #[inline]
    fn scalar(&mut self, value: &Bound<'_, PyAny>) -> Option<()> {
        let out = &mut self.parts.open;
        if value.is_none() {
            out.extend_from_slice(b"null");
        } else if let Ok(value) = value.cast::<PyBool>() {
            out.extend_from_slice(if value.is_true() { b"true" } else { b"false" });
        } else if let Ok(value) = value.cast::<PyInt>() {
            push_int(out, value)?;
        } else {
            push_float(out, value.cast::<PyFloat>().ok()?)?;
        }
        Some(())
    }
}

#[inline]
fn separate(out: &mut Vec<u8>, start: bool) {
    if !start {
        out.extend_from_slice(b", ");
    }
}
