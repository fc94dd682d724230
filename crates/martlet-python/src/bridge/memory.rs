//! A `bytes` object as the place a body is received into: allocated by the waiting thread, filled by the engine.
//!
//! The object is new and nobody else has seen it until it is full, so that writing to it without
//! the interpreter is sound. The engine's side owns it for as long as it writes, also when the
//! operation is cancelled meanwhile; the reference is only ever counted down by the interpreter.

use std::any::Any;

use bytes::{BufMut, buf::UninitSlice};
use martlet::body::Buffer;
use pyo3::{ffi, prelude::*, types::PyBytes};

/// A `bytes` object that is being filled.
pub(crate) struct Filling {
    bytes: Py<PyBytes>,
    start: *mut u8,
    length: usize,
    filled: usize,
}

// SAFETY: the memory behind `start` belongs to `bytes`, which this value owns alone until `finish`; `Py` itself may
// be moved and dropped on any thread.
unsafe impl Send for Filling {}

/// New memory for `length` bytes; `None` when there is not as much.
pub(super) fn allocate(py: Python<'_>, length: usize) -> Option<Box<dyn Buffer>> {
    let size = ffi::Py_ssize_t::try_from(length).ok()?;
    // SAFETY: we are attached; with a null pointer the content is left uninitialised, as `chunk_mut` says.
    let bytes = unsafe {
        let object = ffi::PyBytes_FromStringAndSize(std::ptr::null(), size);
        Bound::from_owned_ptr_or_opt(py, object)
    };
    let Some(bytes) = bytes else {
        drop(PyErr::take(py));
        return None;
    };
    // SAFETY: the object is a bytes object.
    let start = unsafe { ffi::PyBytes_AsString(bytes.as_ptr()) }.cast();
    let bytes = bytes.cast_into::<PyBytes>().ok()?.unbind();
    Some(Box::new(Filling { bytes, start, length, filled: 0 }))
}

impl Filling {
    /// The object, if it is full.
    pub(crate) fn finish(self) -> Option<Py<PyBytes>> {
        (self.filled == self.length).then_some(self.bytes)
    }
}

// SAFETY: `chunk_mut` gives the part of the object's memory behind what is filled, and `advance_mut` stays within it.
unsafe impl BufMut for Filling {
    fn remaining_mut(&self) -> usize {
        self.length - self.filled
    }

    fn chunk_mut(&mut self) -> &mut UninitSlice {
        // SAFETY: filled..length lies within the object and is reached through this value alone.
        unsafe { UninitSlice::from_raw_parts_mut(self.start.add(self.filled), self.length - self.filled) }
    }

    unsafe fn advance_mut(&mut self, count: usize) {
        self.filled = self.length.min(self.filled.saturating_add(count));
    }
}

impl Buffer for Filling {
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
