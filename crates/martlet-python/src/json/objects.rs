//! Python's objects, made the shortest way that the interpreter's interface has.

use std::ffi::CString;

use martlet_proto::json::Span;
use pyo3::{exceptions::PyValueError, ffi, prelude::*, types::PyString};

use crate::bridge::presized_dict;
#[cfg(not(feature = "abi3"))]
use crate::{
    bridge::Blank,
    characters::{Width, measure},
};

/// An object that the interpreter has just made, or the exception it raised.
///
/// # Safety
/// `made` is a reference that is ours, or null with an exception set.
#[inline]
unsafe fn take(py: Python<'_>, made: *mut ffi::PyObject) -> PyResult<Py<PyAny>> {
    // SAFETY: as asked of the caller.
    unsafe { Bound::from_owned_ptr_or_err(py, made) }.map(Bound::unbind)
}

#[inline]
fn size(length: usize) -> ffi::Py_ssize_t {
    length.cast_signed()
}

#[inline]
pub(super) fn int(py: Python<'_>, value: i64) -> PyResult<Py<PyAny>> {
    // SAFETY: we are attached.
    unsafe { take(py, ffi::PyLong_FromLongLong(value)) }
}

/// An integer of any size. ValueError beyond `sys.get_int_max_str_digits()`.
pub(super) fn big_int(py: Python<'_>, digits: &[u8]) -> PyResult<Py<PyAny>> {
    let digits = CString::new(digits)?;
    // SAFETY: we are attached, and the text ends with a NUL.
    unsafe { take(py, ffi::PyLong_FromString(digits.as_ptr(), std::ptr::null_mut(), 10)) }
}

#[inline]
pub(super) fn float(py: Python<'_>, value: f64) -> PyResult<Py<PyAny>> {
    // SAFETY: we are attached.
    unsafe { take(py, ffi::PyFloat_FromDouble(value)) }
}

/// The text that `bytes` are in UTF-8, as `span` describes them.
#[inline]
pub(super) fn text(py: Python<'_>, bytes: &[u8], span: Span) -> PyResult<Py<PyAny>> {
    match (span.ascii, span.surrogates) {
        (true, _) if bytes.len() > 1 => ascii(py, bytes),
        // SAFETY: we are attached; the pointer is the beginning of that many bytes.
        (false, true) => unsafe {
            let (start, length) = (bytes.as_ptr().cast(), size(bytes.len()));
            take(py, ffi::PyUnicode_DecodeUTF8(start, length, c"surrogatepass".as_ptr()))
        },
        // SAFETY: a span without surrogates is a part of a text, between two characters of it.
        _ => wide(py, unsafe { std::str::from_utf8_unchecked(bytes) }),
    }
}

#[cfg(not(feature = "abi3"))]
#[inline]
fn ascii(py: Python<'_>, bytes: &[u8]) -> PyResult<Py<PyAny>> {
    let mut blank = Blank::new(py, bytes.len(), Width::Ascii)?;
    // SAFETY: what is copied is as long as the text is to be, and both are bytes.
    unsafe { blank.start::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    // SAFETY: just filled.
    Ok(unsafe { blank.filled() })
}

#[cfg(not(feature = "abi3"))]
fn wide(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    let (count, width) = measure(text);
    if count < 2 {
        // The interpreter has some of these already.
        return Ok(PyString::new(py, text).into_any().unbind());
    }
    let mut blank = Blank::new(py, count, width)?;
    blank.write(text);
    // SAFETY: the text has that many characters.
    Ok(unsafe { blank.filled() })
}

#[cfg(feature = "abi3")]
fn ascii(py: Python<'_>, bytes: &[u8]) -> PyResult<Py<PyAny>> {
    // SAFETY: we are attached; the pointer is the beginning of that many bytes.
    unsafe { take(py, ffi::PyUnicode_FromStringAndSize(bytes.as_ptr().cast(), size(bytes.len()))) }
}

#[cfg(feature = "abi3")]
fn wide(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    Ok(PyString::new(py, text).into_any().unbind())
}

/// A list with room for so many, and none in it.
#[cfg(not(feature = "abi3"))]
#[inline]
pub(super) fn list(py: Python<'_>, room: usize) -> PyResult<Py<PyAny>> {
    // SAFETY: we are attached. A list may have more room than it has items: that is how it grows. Nobody sees the
    // empty places, which are beyond its size.
    unsafe {
        let list = ffi::PyList_New(size(room));
        if !list.is_null() {
            (*list.cast::<ffi::PyListObject>()).ob_base.ob_size = 0;
        }
        take(py, list)
    }
}

#[cfg(feature = "abi3")]
pub(super) fn list(py: Python<'_>, _: usize) -> PyResult<Py<PyAny>> {
    // SAFETY: we are attached.
    unsafe { take(py, ffi::PyList_New(0)) }
}

/// Appends to a list that `list` made.
#[cfg(not(feature = "abi3"))]
#[inline]
pub(super) fn append(py: Python<'_>, list: &Py<PyAny>, item: Py<PyAny>) -> PyResult<()> {
    let object = list.as_ptr().cast::<ffi::PyListObject>();
    // SAFETY: it is a list, and we are attached; the place at its size is within its room and holds nothing.
    unsafe {
        let filled = (*object).ob_base.ob_size;
        if filled < (*object).allocated {
            (*object).ob_item.offset(filled).write(item.into_ptr());
            (*object).ob_base.ob_size = filled + 1;
            return Ok(());
        }
    }
    append_any(py, list, &item)
}

#[cfg(feature = "abi3")]
pub(super) fn append(py: Python<'_>, list: &Py<PyAny>, item: Py<PyAny>) -> PyResult<()> {
    append_any(py, list, &item)
}

fn append_any(py: Python<'_>, list: &Py<PyAny>, item: &Py<PyAny>) -> PyResult<()> {
    // SAFETY: both are alive, and we are attached.
    done(py, unsafe { ffi::PyList_Append(list.as_ptr(), item.as_ptr()) })
}

/// A dict for so many items. A large one is made with room for all where the interpreter can: growing, it would move
/// them again and again, each time at once.
#[inline]
pub(super) fn dict(py: Python<'_>, room: usize) -> PyResult<Py<PyAny>> {
    if room > ROOMY
        && let Some(presized) = presized_dict(py)
    {
        // SAFETY: we are attached, and presized takes a number of items.
        return unsafe { take(py, presized(size(room))) };
    }
    // SAFETY: we are attached.
    unsafe { take(py, ffi::PyDict_New()) }
}

/// Items that are moved in less than a millisecond.
const ROOMY: usize = 20_000;

#[inline]
pub(super) fn set(py: Python<'_>, dict: &Py<PyAny>, key: &Py<PyAny>, value: &Py<PyAny>) -> PyResult<()> {
    // SAFETY: all are alive, and we are attached.
    done(py, unsafe { ffi::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr()) })
}

#[inline]
fn done(py: Python<'_>, status: std::ffi::c_int) -> PyResult<()> {
    if status == 0 { Ok(()) } else { Err(PyErr::fetch(py)) }
}

/// Runs `work` with Python's garbage collector off. From 3.12 on it does not run within one call into C, as this is;
/// before, it would look at every container of a growing document many times.
pub(super) fn without_collector<T>(_: Python<'_>, work: impl FnOnce() -> T) -> T {
    // SAFETY: we are attached, and stay so until it is as it was.
    let was_on = unsafe { ffi::PyGC_Disable() } == 1;
    let result = work();
    if was_on {
        // SAFETY: as above.
        unsafe { ffi::PyGC_Enable() };
    }
    result
}

/// For a tape that is not what it should be.
pub(super) fn torn() -> PyErr {
    PyValueError::new_err("the document is not complete")
}
