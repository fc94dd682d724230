//! The attributes of a session that a plain call goes by, taken out of its `__dict__`.

use pyo3::{
    PyTraverseError, PyVisit,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyString},
};

/// Each of them.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    Params,
    Proxies,
    Cert,
    Adapters,
    Hooks,
    TrustEnv,
    Headers,
    Auth,
    Verify,
    Stream,
    MaxRedirects,
    Cookies,
}

/// As they are called, in the order of [`Name`].
const NAMES: [&str; 12] = [
    "params",
    "proxies",
    "cert",
    "adapters",
    "hooks",
    "trust_env",
    "headers",
    "auth",
    "verify",
    "stream",
    "max_redirects",
    "cookies",
];

/// The values of these attributes, in the same order, where a session has them.
pub(crate) struct Fields([Option<Py<PyAny>>; NAMES.len()]);

impl Fields {
    pub(crate) fn look_up(dict: &Bound<'_, PyDict>) -> Option<Self> {
        static KEYS: PyOnceLock<[Py<PyString>; NAMES.len()]> = PyOnceLock::new();
        let py = dict.py();
        let keys = KEYS.get_or_init(py, || NAMES.map(|name| PyString::intern(py, name).unbind()));
        let mut fields = [const { None }; NAMES.len()];
        for (field, key) in fields.iter_mut().zip(keys) {
            *field = dict.get_item(key).ok()?.map(Bound::unbind);
        }
        Some(Self(fields))
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.iter().flatten().try_for_each(|value| visit.call(value))
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>, name: Name) -> Option<&Bound<'py, PyAny>> {
        self.0.get(name as usize)?.as_ref().map(|value| value.bind(py))
    }
}
