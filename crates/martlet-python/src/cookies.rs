//! Cookies on their way between the engine's jar and `RequestsCookieJar`: as tuples of a cookie's fields.

use std::collections::HashMap;

use martlet_proto::cookie::{Change, Cookie, Jar};
use pyo3::{
    exceptions::PyValueError,
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyList, PyTuple, PyType},
};

/// The fields of `http.cookiejar.Cookie` in the order of its constructor, `rest` a dict.
pub(crate) fn to_tuple<'py>(py: Python<'py>, cookie: &Cookie) -> PyResult<Bound<'py, PyTuple>> {
    let rest = PyDict::new(py);
    for (name, value) in &cookie.rest {
        rest.set_item(name, value)?;
    }
    let fields = [
        cookie.version.into_pyobject(py)?.into_any(),
        (&cookie.name).into_pyobject(py)?.into_any(),
        (&cookie.value).into_pyobject(py)?.into_any(),
        (&cookie.port).into_pyobject(py)?.into_any(),
        cookie.port_specified.into_pyobject(py)?.to_owned().into_any(),
        (&cookie.domain).into_pyobject(py)?.into_any(),
        cookie.domain_specified.into_pyobject(py)?.to_owned().into_any(),
        cookie.domain_initial_dot.into_pyobject(py)?.to_owned().into_any(),
        (&cookie.path).into_pyobject(py)?.into_any(),
        cookie.path_specified.into_pyobject(py)?.to_owned().into_any(),
        cookie.secure.into_pyobject(py)?.to_owned().into_any(),
        cookie.expires.into_pyobject(py)?.into_any(),
        cookie.discard.into_pyobject(py)?.to_owned().into_any(),
        (&cookie.comment).into_pyobject(py)?.into_any(),
        (&cookie.comment_url).into_pyobject(py)?.into_any(),
        rest.into_any(),
        cookie.rfc2109.into_pyobject(py)?.to_owned().into_any(),
    ];
    PyTuple::new(py, fields)
}

/// The cookie of such a tuple.
///
/// # Errors
/// When a field is not of its type: a foreign cookie, which only Python's own policy can handle. When name or
/// value is beyond Latin-1 and cannot be sent, which Python refuses in its own way.
pub(crate) fn from_tuple(fields: &Bound<'_, PyTuple>) -> PyResult<Cookie> {
    fn field<'py, T>(fields: &Bound<'py, PyTuple>, index: usize) -> PyResult<T>
    where
        T: for<'a> FromPyObject<'a, 'py, Error: Into<PyErr>>,
    {
        fields.get_item(index)?.extract::<T>().map_err(Into::into)
    }
    let rest: HashMap<String, Option<String>> = field(fields, 15)?;
    let (name, value): (String, Option<String>) = (field(fields, 1)?, field(fields, 2)?);
    if name.chars().chain(value.iter().flat_map(|value| value.chars())).any(|char| char > '\u{ff}') {
        return Err(PyValueError::new_err("a cookie beyond Latin-1"));
    }
    Ok(Cookie {
        version: field(fields, 0)?,
        name,
        value,
        port: field(fields, 3)?,
        port_specified: field(fields, 4)?,
        domain: field(fields, 5)?,
        domain_specified: field(fields, 6)?,
        domain_initial_dot: field(fields, 7)?,
        path: field(fields, 8)?,
        path_specified: field(fields, 9)?,
        secure: field(fields, 10)?,
        expires: field::<Option<f64>>(fields, 11)?.map(|time| time as i64),
        discard: field(fields, 12)?,
        comment: field(fields, 13)?,
        comment_url: field(fields, 14)?,
        rest: rest.into_iter().collect(),
        rfc2109: field(fields, 16)?,
    })
}

/// All cookies of the jar.
pub(crate) fn export<'py>(py: Python<'py>, jar: &Jar) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for cookie in jar.iter() {
        list.append(to_tuple(py, cookie)?)?;
    }
    Ok(list)
}

/// A jar with these cookies.
pub(crate) fn import(list: &Bound<'_, PyAny>) -> PyResult<Jar> {
    let mut jar = Jar::new();
    for fields in list.try_iter()? {
        jar.set(from_tuple(fields?.cast::<PyTuple>()?)?);
    }
    Ok(jar)
}

/// Has a `RequestsCookieJar` take over what the engine changed.
pub(crate) fn absorb(jar: &Bound<'_, PyAny>, changes: &[Change]) -> PyResult<()> {
    let py = jar.py();
    let list = PyList::empty(py);
    for change in changes {
        list.append(match change {
            Change::Set(cookie) => ("set", to_tuple(py, cookie)?).into_pyobject(py)?,
            Change::Removed { domain, path, name } => ("remove", (domain, path, name)).into_pyobject(py)?,
        })?;
    }
    jar.call_method1(intern!(py, "_absorb"), (list,)).map(drop)
}

/// What a `RequestsCookieJar` tells of its latest changes.
pub(crate) fn changes(list: &Bound<'_, PyAny>) -> PyResult<Vec<Change>> {
    let change = |item: PyResult<Bound<'_, PyAny>>| {
        let (kind, what): (String, Bound<'_, PyTuple>) = item?.extract()?;
        if kind == "set" {
            return Ok(Change::Set(from_tuple(&what)?));
        }
        let (domain, path, name) = what.extract()?;
        Ok(Change::Removed { domain, path, name })
    };
    list.try_iter()?.map(change).collect()
}

/// How often cookies were changed that note it.
pub(crate) fn noted(py: Python<'_>) -> PyResult<u64> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, "martlet.cookie_fields", "Cookie")?;
    class.getattr(intern!(py, "changes"))?.extract()
}

/// Whether somebody may change cookies of this jar without its being noted.
pub(crate) fn is_lent(jar: &Bound<'_, PyAny>) -> bool {
    jar.getattr(intern!(jar.py(), "_lent")).is_ok_and(|lent| lent.is_truthy().unwrap_or(true))
}

/// The version of a jar of ours; `None` for any other, or one whose policy may be somebody's own.
pub(crate) fn version(jar: &Bound<'_, PyAny>) -> Option<i64> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(jar.py(), "martlet.cookies", "RequestsCookieJar").ok()?;
    if !jar.get_type().is(class) {
        return None;
    }
    jar.getattr(intern!(jar.py(), "_version")).ok()?.extract().ok()
}
