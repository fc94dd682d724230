//! `data=` a dict or pairs, and `params=`: what `encode_params` of requests makes of them, a slice at a time.
//!
//! Plain are the exact str, bytes, int, float and bool, as keys and as values; a value may also be None, which leaves
//! the pair out, or a list or a tuple of all these, which repeats the key.

use martlet_proto::form::push_bytes;
use pyo3::{
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple},
};

use super::{
    Stop,
    objects::{Items, Row, Rows},
    parts::{Coding, Parts},
};
use crate::slice::{BYTES, Slice};

/// A form that is being written.
pub(super) struct Form {
    pairs: Pairs,
    /// A key, and the values that it is repeated for.
    several: Option<(Py<PyAny>, Items)>,
    empty: bool,
    pub(super) parts: Parts,
}

enum Pairs {
    Dict(Rows),
    Items(Items),
}

impl Form {
    /// `None` for what is no exact dict, list or tuple.
    pub(super) fn new(data: &Bound<'_, PyAny>) -> Option<Self> {
        let pairs = match data.cast_exact::<PyDict>() {
            Ok(dict) => Pairs::Dict(Rows::of(dict)),
            Err(_) => Pairs::Items(Items::of(data)?),
        };
        Some(Self { pairs, several: None, empty: true, parts: Parts::new(Coding::Form) })
    }

    /// Goes on for a slice. Is the form complete?
    ///
    /// # Errors
    /// What is not plain, a form without a pair included; RuntimeError for a dict that has changed its size meanwhile.
    pub(super) fn run(&mut self, py: Python<'_>, slice: &mut Slice) -> Result<bool, Stop> {
        loop {
            let mut work = 1;
            if let Some((key, values)) = &mut self.several {
                match values.next(py) {
                    Some(value) if value.is_none() => {}
                    Some(value) => {
                        let key = key.bind(py).clone();
                        work += self.pair(&key, &value)?;
                    }
                    None => self.several = None,
                }
            } else {
                let Some((key, value)) = self.pairs.next(py)? else { break };
                if let Some(values) = Items::of(&value) {
                    self.several = Some((key.unbind(), values));
                } else if !value.is_none() {
                    work += self.pair(&key, &value)?;
                }
            }
            if slice.is_over(work) {
                return Ok(false);
            }
        }
        // requests has words of its own for the length of an empty body.
        if self.empty { Err(Stop::NotPlain) } else { Ok(true) }
    }

    /// Writes a pair; gives what that counts for.
    fn pair(&mut self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> Result<usize, Stop> {
        self.parts.roll();
        if !self.empty {
            self.parts.open.push(b'&');
        }
        self.empty = false;
        let written = self.side(key).ok_or(Stop::NotPlain)?;
        self.parts.open.push(b'=');
        Ok((written + self.side(value).ok_or(Stop::NotPlain)?) / BYTES)
    }

    /// Writes a key or a value; gives the number of its bytes, or `None` if it is not plain.
    #[inline]
    fn side(&mut self, value: &Bound<'_, PyAny>) -> Option<usize> {
        if let Ok(text) = value.cast_exact::<PyString>() {
            return self.parts.text(text);
        }
        if let Ok(bytes) = value.cast_exact::<PyBytes>() {
            return Some(self.parts.octets(bytes));
        }
        let is_number = value.is_exact_instance_of::<PyInt>()
            || value.is_exact_instance_of::<PyBool>()
            || value.is_exact_instance_of::<PyFloat>();
        if !is_number {
            return None;
        }
        let shown = value.str().ok()?;
        push_bytes(&mut self.parts.open, shown.to_str().ok()?.as_bytes());
        Some(0)
    }
}

impl Pairs {
    fn next<'py>(&mut self, py: Python<'py>) -> Result<Option<Row<'py>>, Stop> {
        let pair = match self {
            Self::Dict(rows) => return Ok(rows.next(py)?),
            Self::Items(items) => items.next(py),
        };
        let Some(pair) = pair else { return Ok(None) };
        let row = if let Ok(pair) = pair.cast_exact::<PyTuple>() {
            (pair.len() == 2).then(|| Some((pair.get_item(0).ok()?, pair.get_item(1).ok()?)))
        } else {
            let pair = pair.cast_exact::<PyList>().map_err(|_| Stop::NotPlain)?;
            (pair.len() == 2).then(|| Some((pair.get_item(0).ok()?, pair.get_item(1).ok()?)))
        };
        row.flatten().map(Some).ok_or(Stop::NotPlain)
    }
}
