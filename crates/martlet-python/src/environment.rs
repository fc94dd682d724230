//! What the process's environment says about requests, read at every request as requests does.
//!
//! The quick road only has to know that the environment names no proxy and no netrc, which would have
//! to be worked out by requests' rules in Python, and which CA bundle it names.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use pyo3::{
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyBytes, PyDict, PyString},
};

use crate::{
    home::{self, Home, Known},
    versions::{Unchanged, own_dict},
};

/// The variables that send a request another way. What they say is worked out by Python.
const LOUD: [&str; 6] = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
/// The variables that name trusted certificates, in the order of requests.
const BUNDLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// What the environment says to a plain request.
#[derive(Default)]
pub(crate) struct Environment {
    /// A file or directory of trusted certificates.
    pub(crate) ca_bundle: Option<PathBuf>,
    /// The home directory, where whoever carries the request out has to look for a netrc file.
    pub(crate) home: Option<Arc<Home>>,
}

/// What the variables say, files not looked at.
enum Said {
    /// A proxy: that is worked out by Python.
    Loud,
    Quiet {
        ca_bundle: Option<PathBuf>,
        /// The file that `NETRC` names, or without that variable the directory that may hold one.
        netrc: Netrc,
    },
}

enum Netrc {
    Named(PathBuf),
    In(PathBuf),
    Unknown,
}

/// The environment, unless it says something that Python has to work out: a proxy, a netrc file.
pub(crate) fn read(py: Python<'_>) -> PyResult<Option<Environment>> {
    let Some(said) = remembered(py)? else { return Ok(None) };
    let Said::Quiet { ca_bundle, netrc } = &*said else { return Ok(None) };
    let known = match netrc {
        Netrc::Named(path) if !path.exists() => Known::Nothing,
        Netrc::In(home) => home::known(home),
        Netrc::Named(_) | Netrc::Unknown => Known::Netrc,
    };
    let home = match known {
        Known::NothingIn(home) => Some(home),
        Known::Nothing => None,
        Known::Netrc => return Ok(None),
    };
    if system_names_a_proxy(py)? {
        return Ok(None);
    }
    Ok(Some(Environment { ca_bundle: ca_bundle.clone(), home }))
}

/// What the variables say; looked at again when they have changed, or are kept elsewhere. `None` where it is not
/// os.environ as the system gives it.
fn remembered(py: Python<'_>) -> PyResult<Option<Arc<Said>>> {
    static SEEN: Mutex<Option<([Unchanged; 3], Arc<Said>)>> = Mutex::new(None);
    static OS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let seen = || SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((places, said)) = &*seen()
        && places.iter().all(|place| place.holds(py))
    {
        return Ok(Some(Arc::clone(said)));
    }
    let os = OS.get_or_try_init(py, || py.import("os").map(Bound::unbind))?.bind(py);
    let environ = os.getattr(intern!(py, "environ"))?;
    // The dictionary behind os.environ, whose keys are encoded; somebody's own mapping is read by Python.
    let Ok(data) = environ.getattr(intern!(py, "_data")) else { return Ok(None) };
    let Ok(data) = data.cast_exact::<PyDict>() else { return Ok(None) };
    // As they are before they are read.
    let places = [Some(os.dict()), own_dict(&environ).ok(), Some(data.clone())]
        .map(|dict| dict.as_ref().and_then(Unchanged::new));
    let said = Arc::new(said(data)?);
    if let [Some(names), Some(own), Some(variables)] = places {
        let before = seen().replace(([names, own, variables], Arc::clone(&said)));
        drop(before); // may run code of Python's: not under the lock
    }
    Ok(Some(said))
}

fn said(data: &Bound<'_, PyDict>) -> PyResult<Said> {
    let py = data.py();
    let keys = keys(py);
    for key in &keys.loud {
        if data.contains(key.bind(py))? {
            return Ok(Said::Loud);
        }
    }
    if names_a_proxy_in_mixed_case(data) {
        return Ok(Said::Loud);
    }
    let lookup =
        |key: &Py<PyAny>| Ok::<_, PyErr>(data.get_item(key.bind(py))?.and_then(|value| path(&value)));
    let netrc = match (lookup(&keys.netrc)?, lookup(&keys.home)?) {
        (Some(named), _) if named.as_os_str().as_encoded_bytes().starts_with(b"~") => Netrc::Unknown,
        (Some(named), _) => Netrc::Named(named),
        (None, Some(home)) => Netrc::In(home),
        (None, None) => Netrc::Unknown,
    };
    let mut ca_bundle = None;
    for key in &keys.bundles {
        if ca_bundle.is_none() {
            ca_bundle = lookup(key)?.filter(|path| !path.as_os_str().is_empty());
        }
    }
    Ok(Said::Quiet { ca_bundle, netrc })
}

/// Is there an `Http_Proxy`, which urllib takes as well, where none of the usual names is? Looked for when the number
/// of variables has changed.
fn names_a_proxy_in_mixed_case(data: &Bound<'_, PyDict>) -> bool {
    static SEEN: Mutex<Option<(usize, bool)>> = Mutex::new(None);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((count, found)) = *seen
        && count == data.len()
    {
        return found;
    }
    let found = data.keys().iter().any(|key| {
        let Ok(key) = key.cast::<PyBytes>() else { return false };
        LOUD.iter().any(|loud| loud.as_bytes().eq_ignore_ascii_case(key.as_bytes()))
    });
    *seen = Some((data.len(), found));
    found
}

/// macOS and Windows have settings for proxies of their own, which the standard library knows how to read.
fn system_names_a_proxy(py: Python<'_>) -> PyResult<bool> {
    if !cfg!(any(windows, target_os = "macos")) {
        return Ok(false);
    }
    Ok(py.import("urllib.request")?.call_method0("getproxies")?.len()? > 0)
}

/// A value of os.environ's dictionary as a path.
fn path(value: &Bound<'_, PyAny>) -> Option<PathBuf> {
    let bytes = match value.cast::<PyBytes>() {
        Ok(bytes) => bytes.as_bytes().to_vec(),
        Err(_) => return value.extract().ok(),
    };
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

struct Keys {
    loud: Vec<Py<PyAny>>,
    bundles: Vec<Py<PyAny>>,
    netrc: Py<PyAny>,
    home: Py<PyAny>,
}

fn keys(py: Python<'_>) -> &'static Keys {
    static KEYS: PyOnceLock<Keys> = PyOnceLock::new();
    KEYS.get_or_init(py, || Keys {
        loud: LOUD.iter().map(|name| key(py, name)).collect(),
        bundles: BUNDLES.iter().map(|name| key(py, name)).collect(),
        netrc: key(py, "NETRC"),
        home: key(py, if cfg!(windows) { "USERPROFILE" } else { "HOME" }),
    })
}

/// As os.environ holds its keys: bytes, and upper-case text on Windows.
fn key(py: Python<'_>, name: &str) -> Py<PyAny> {
    match cfg!(windows) {
        true => PyString::new(py, &name.to_uppercase()).into_any().unbind(),
        false => PyBytes::new(py, name.as_bytes()).into_any().unbind(),
    }
}
