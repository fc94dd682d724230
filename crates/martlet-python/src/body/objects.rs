//! Python's containers and numbers, read a step at a time.
//!
//! A container may change between two steps: nothing is remembered of it but where the next item is.

use std::{ffi::CStr, io::Write as _, ptr};

use pyo3::{
    exceptions::PyRuntimeError,
    ffi, intern,
    prelude::*,
    types::{PyDict, PyFloat, PyInt, PyList, PyString, PyTuple},
};

/// The items of a list or a tuple.
pub(super) enum Items {
    List(Py<PyList>, usize),
    Tuple(Py<PyTuple>, usize),
}

impl Items {
    /// `None` for what is neither.
    #[inline]
    pub(super) fn of(value: &Bound<'_, PyAny>) -> Option<Self> {
        if let Ok(list) = value.cast_exact::<PyList>() {
            return Some(Self::List(list.clone().unbind(), 0));
        }
        let tuple = value.cast_exact::<PyTuple>().ok()?;
        Some(Self::Tuple(tuple.clone().unbind(), 0))
    }

    /// The next item; `None` behind the last.
    #[inline]
    pub(super) fn next<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let (item, at) = match self {
            Self::List(list, at) => {
                let list = list.bind(py);
                if *at >= list.len() {
                    return None;
                }
                (list.get_item(*at), at)
            }
            Self::Tuple(tuple, at) => {
                let tuple = tuple.bind(py);
                if *at >= tuple.len() {
                    return None;
                }
                (tuple.get_item(*at), at)
            }
        };
        *at += 1;
        item.ok()
    }

    /// Has no item been given yet?
    #[inline]
    pub(super) fn is_at_start(&self) -> bool {
        let (Self::List(_, at) | Self::Tuple(_, at)) = self;
        *at == 0
    }
}

/// The items of a dict.
pub(super) struct Rows {
    dict: Py<PyDict>,
    at: ffi::Py_ssize_t,
    size: usize,
}

/// The key and the value of one.
pub(super) type Row<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

impl Rows {
    #[inline]
    pub(super) fn of(dict: &Bound<'_, PyDict>) -> Self {
        Self { dict: dict.clone().unbind(), at: 0, size: dict.len() }
    }

    /// The next row; `None` behind the last.
    ///
    /// # Errors
    /// RuntimeError for a dict that has more or fewer of them than in the beginning, as when iterating over it.
    #[inline]
    pub(super) fn next<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Row<'py>>> {
        let dict = self.dict.bind(py);
        if dict.len() != self.size {
            return Err(PyRuntimeError::new_err("dictionary changed size during iteration"));
        }
        let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a dict that is alive, read by a thread that is attached; a place behind its last row is seen to be
        // one, also when it has become smaller. What is given is borrowed from the dict, and held at once.
        unsafe {
            if ffi::PyDict_Next(dict.as_ptr(), &raw mut self.at, &raw mut key, &raw mut value) == 0 {
                return Ok(None);
            }
            Ok(Some((Bound::from_borrowed_ptr(py, key), Bound::from_borrowed_ptr(py, value))))
        }
    }

    /// Has no row been given yet?
    #[inline]
    pub(super) fn is_at_start(&self) -> bool {
        self.at == 0
    }
}

/// Writes an integer as `int.__repr__` does; `None` beyond `sys.get_int_max_str_digits()`.
#[inline]
pub(super) fn push_int(out: &mut Vec<u8>, value: &Bound<'_, PyInt>) -> Option<()> {
    let mut overflow = 0;
    // SAFETY: it is an integer, and we are attached.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut overflow) };
    if overflow == 0 {
        return write!(out, "{small}").ok();
    }
    let py = value.py();
    let shown = py.get_type::<PyInt>().call_method1(intern!(py, "__repr__"), (value,)).ok()?;
    out.extend_from_slice(shown.cast::<PyString>().ok()?.to_str().ok()?.as_bytes());
    Some(())
}

/// Writes a number as `float.__repr__` does; `None` if it is not finite, or there is no memory.
#[inline]
pub(super) fn push_float(out: &mut Vec<u8>, value: &Bound<'_, PyFloat>) -> Option<()> {
    let value = value.value();
    if !value.is_finite() {
        return None;
    }
    // SAFETY: we are attached; what is given is a text with a NUL behind it, which is ours to free.
    unsafe {
        let flags = ffi::Py_DTSF_ADD_DOT_0;
        let shown = ffi::PyOS_double_to_string(value, b'r'.cast_signed(), 0, flags, ptr::null_mut());
        if shown.is_null() {
            drop(PyErr::take(Python::assume_attached()));
            return None;
        }
        out.extend_from_slice(CStr::from_ptr(shown).to_bytes());
        ffi::PyMem_Free(shown.cast());
    }
    Some(())
}
