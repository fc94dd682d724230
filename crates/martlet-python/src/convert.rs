//! From what Python callers write to what the engine takes.
//!
//! Each function of the quick road gives `None` for anything that is not plain: an exact `str`,
//! `dict` and so on. The general road then takes the request, in Python, with requests' rules and
//! requests' errors; nothing is refused here.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use martlet::tls::{ClientCert, Verify};
use martlet_proto::{Headers, Timeouts, request::check_field};
use pyo3::{
    exceptions::PyException,
    intern,
    prelude::*,
    pybacked::PyBackedStr,
    types::{PyBool, PyDict, PyFloat, PyInt, PyString, PyTuple, PyType},
};

/// The text of an exact `str`.
pub(crate) fn text<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    value.cast_exact::<PyString>().ok()?.to_str().ok()
}

/// The UTF-8 of a str. A large one is shared with the object, a small one copied.
pub(crate) fn utf8(value: &Bound<'_, PyString>) -> PyResult<Bytes> {
    const LARGE: usize = 16 * 1024;
    let text = value.to_str()?;
    match text.len() {
        LARGE.. => Ok(Bytes::from_owner(PyBackedStr::try_from(value.clone())?)),
        _ => Ok(Bytes::copy_from_slice(text.as_bytes())),
    }
}

/// What the caller's Python code gave. An exception makes the call not plain; the general road will raise it. What
/// is no `Exception` (KeyboardInterrupt) is kept for [`interrupted`](crate::plain::interrupted).
pub(crate) fn given<T>(py: Python<'_>, result: PyResult<T>) -> Option<T> {
    result
        .inspect_err(|error| {
            if !error.is_instance_of::<PyException>(py) {
                error.clone_ref(py).restore(py);
            }
        })
        .ok()
}

/// None, or an exact and empty dict or list.
pub(crate) fn is_nothing(value: &Bound<'_, PyAny>) -> bool {
    value.is_none() || value.len().is_ok_and(|length| length == 0)
}

/// Puts a caller's headers over the session's, by requests' rules: a None takes a header away.
pub(crate) fn merge_headers(headers: &mut Headers, value: &Bound<'_, PyAny>) -> Option<()> {
    let mut removed: Vec<String> = Vec::new();
    for (name, value) in value.cast_exact::<PyDict>().ok()?.iter() {
        let name = text(&name)?;
        // Given again in another case it would have to take its old place.
        if !name.is_ascii() || removed.iter().any(|removed| removed.eq_ignore_ascii_case(name)) {
            return None;
        }
        if value.is_none() {
            headers.remove(name);
            removed.push(name.to_owned());
            continue;
        }
        let value = text(&value)?;
        if !value.is_ascii() {
            return None;
        }
        check_field(name.as_bytes(), value.as_bytes()).ok()?;
        headers.insert(name, value);
    }
    Some(())
}

/// The headers of a session, an exact CaseInsensitiveDict's `_store`; and whether one of them is unset by None: it
/// holds a place that a header of the call may take.
pub(crate) fn stored_headers(store: &Bound<'_, PyAny>) -> Option<(Headers, bool)> {
    let (mut headers, mut unset) = (Headers::new(), false);
    for pair in store.call_method0("values").ok()?.try_iter().ok()? {
        let pair = pair.ok()?;
        let pair = pair.cast_exact::<PyTuple>().ok()?;
        let (name, value) = (pair.get_item(0).ok()?, pair.get_item(1).ok()?);
        let name = text(&name)?;
        if value.is_none() {
            unset = true;
            continue;
        }
        let value = text(&value)?;
        if !name.is_ascii() || !value.is_ascii() {
            return None;
        }
        check_field(name.as_bytes(), value.as_bytes()).ok()?;
        headers.append(name, value);
    }
    Some((headers, unset))
}

/// A number of seconds, a pair of them, or an exact `martlet.Timeout`.
pub(crate) fn timeouts(value: &Bound<'_, PyAny>) -> Option<Timeouts> {
    if value.is_none() {
        return Some(Timeouts::default());
    }
    if let Ok(pair) = value.cast_exact::<PyTuple>() {
        if pair.len() != 2 {
            return None;
        }
        let (connect, read) = (seconds(&pair.get_item(0).ok()?)?, seconds(&pair.get_item(1).ok()?)?);
        return Some(of_requests(connect, read));
    }
    if let Some(both) = seconds(value) {
        return Some(of_requests(both, both));
    }
    let py = value.py();
    if !value.get_type().is(timeout_type(py).ok()?) {
        return None;
    }
    let field = |name| seconds(&value.getattr(name).ok()?);
    Some(Timeouts {
        connect: field(intern!(py, "connect"))?,
        read: field(intern!(py, "read"))?,
        write: field(intern!(py, "write"))?,
        pool: field(intern!(py, "pool"))?,
        total: field(intern!(py, "total"))?,
    })
}

/// Beneath requests a socket keeps the time for connecting while it sends.
fn of_requests(connect: Option<Duration>, read: Option<Duration>) -> Timeouts {
    Timeouts { connect, read, write: connect, ..Timeouts::default() }
}

fn timeout_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: pyo3::sync::PyOnceLock<Py<PyType>> = pyo3::sync::PyOnceLock::new();
    TYPE.import(py, "martlet.timeouts", "Timeout")
}

/// Outer `None`: not a positive number. Inner `None`: for ever.
fn seconds(value: &Bound<'_, PyAny>) -> Option<Option<Duration>> {
    if value.is_none() {
        return Some(None);
    }
    if !value.is_exact_instance_of::<PyFloat>() && !value.is_exact_instance_of::<PyInt>() {
        return None;
    }
    let seconds = value.extract::<f64>().ok()?;
    // Beyond what a clock can add, for ever is meant.
    (seconds > 0.0).then(|| Duration::try_from_secs_f64(seconds).ok())
}

/// `verify=`: True, False or a path.
pub(crate) fn verify(value: &Bound<'_, PyAny>) -> PyResult<Verify> {
    if value.is_none() {
        return trusted_roots(value.py());
    }
    if let Ok(verify) = value.cast::<PyBool>() {
        return match verify.is_true() {
            true => trusted_roots(value.py()),
            false => Ok(Verify::None),
        };
    }
    Ok(Verify::Bundle(value.extract::<PathBuf>()?))
}

/// certifi's bundle where it is installed, as requests; else the roots built in.
fn trusted_roots(py: Python<'_>) -> PyResult<Verify> {
    static BUNDLE: pyo3::sync::PyOnceLock<Option<PathBuf>> = pyo3::sync::PyOnceLock::new();
    let bundle = BUNDLE.get_or_init(py, || {
        let certifi = py.import("certifi").ok()?;
        certifi.call_method0("where").ok()?.extract::<PathBuf>().ok()
    });
    Ok(bundle.clone().map_or(Verify::Default, Verify::Bundle))
}

/// `cert=`: a path or a pair of paths.
pub(crate) fn client_cert(value: &Bound<'_, PyAny>) -> PyResult<Option<ClientCert>> {
    if is_nothing(value) {
        return Ok(None);
    }
    if let Ok((chain, key)) = value.extract::<(PathBuf, Option<PathBuf>)>() {
        return Ok(Some(ClientCert { chain, key }));
    }
    Ok(Some(ClientCert { chain: value.extract()?, key: None }))
}
