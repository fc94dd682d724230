//! The attributes of a session that a plain call goes by, taken out of its `__dict__`.

use pyo3::{
    PyTraverseError, PyVisit, intern,
    prelude::*,
    types::{PyBool, PyDict, PyList, PyString},
};

use crate::convert::is_nothing;

/// What a session with certain attributes says, as long as it has these and no others: what cannot change in itself is
/// read once.
pub(crate) struct Fields {
    /// `params`, `proxies`, `cert`: to be empty at each call.
    empty: [Option<Py<PyAny>>; 3],
    hooks: Option<Py<PyAny>>,
    pub(crate) headers: Py<PyAny>,
    pub(crate) auth: Option<Py<PyAny>>,
    pub(crate) verify: Option<Py<PyAny>>,
    pub(crate) cookies: Option<Py<PyAny>>,
    pub(crate) trusts_environment: bool,
    pub(crate) stream: bool,
    pub(crate) max_redirects: u32,
    pub(crate) has_own_request: bool,
}

impl Fields {
    /// `None` where a session is not plain.
    pub(crate) fn look_up<'py>(dict: &Bound<'py, PyDict>) -> Option<Self> {
        let py = dict.py();
        let get = |name: &Bound<'py, PyString>| dict.get_item(name).ok();
        let kept = |name: &Bound<'py, PyString>| get(name).map(|value| value.map(Bound::unbind));
        if get(intern!(py, "adapters"))?.is_some() {
            return None;
        }
        Some(Self {
            empty: [kept(intern!(py, "params"))?, kept(intern!(py, "proxies"))?, kept(intern!(py, "cert"))?],
            hooks: kept(intern!(py, "hooks"))?,
            headers: kept(intern!(py, "headers"))??,
            auth: kept(intern!(py, "auth"))?,
            verify: kept(intern!(py, "verify"))?,
            cookies: kept(intern!(py, "cookies"))?,
            trusts_environment: flag(get(intern!(py, "trust_env"))?, true)?,
            stream: flag(get(intern!(py, "stream"))?, false)?,
            max_redirects: get(intern!(py, "max_redirects"))?
                .map_or(Some(30), |limit| limit.extract().ok())?,
            has_own_request: get(intern!(py, "request"))?.is_some(),
        })
    }

    /// Is there nothing in what may only be there empty?
    pub(crate) fn are_plain(&self, py: Python<'_>) -> bool {
        self.empty.iter().flatten().all(|value| is_nothing(value.bind(py)))
            && self.hooks.as_ref().is_none_or(|hooks| has_no_hooks(hooks.bind(py)))
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.headers)?;
        let rest = [&self.hooks, &self.auth, &self.verify, &self.cookies];
        rest.into_iter().chain(&self.empty).flatten().try_for_each(|value| visit.call(value))
    }
}

/// True or False; `None` for what may become the other.
fn flag(value: Option<Bound<'_, PyAny>>, default: bool) -> Option<bool> {
    match value {
        None => Some(default),
        Some(value) if value.is_none() => Some(false),
        Some(value) => Some(value.cast::<PyBool>().ok()?.is_true()),
    }
}

/// `{'response': []}`, or nothing at all.
fn has_no_hooks(hooks: &Bound<'_, PyAny>) -> bool {
    let Ok(hooks) = hooks.cast_exact::<PyDict>() else { return hooks.is_none() };
    hooks.iter().all(|(_, hooks)| hooks.cast_exact::<PyList>().is_ok_and(|hooks| hooks.is_empty()))
}
