//! What of Python's module `json` has to be as it came for its `loads` to be done here.

use martlet_proto::json::Constant;
use pyo3::{
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyModule},
};

/// The module's own `loads` and decoder, and the objects it has for what are no numbers. A list that holds NaN
/// equals another only if it is the same object.
pub(super) struct Original {
    module: Py<PyDict>,
    loads: Py<PyAny>,
    decoder: Py<PyAny>,
    nan: Py<PyAny>,
    infinity: Py<PyAny>,
    negative_infinity: Py<PyAny>,
}

impl Original {
    /// `None` while something of it is replaced, as by a mock.
    pub(super) fn find(py: Python<'_>) -> Option<&'static Self> {
        static ORIGINAL: PyOnceLock<Original> = PyOnceLock::new();
        let original = match ORIGINAL.get(py) {
            Some(original) => original,
            None => {
                let found = Self::look(py).ok().flatten()?;
                ORIGINAL.get_or_init(py, || found)
            }
        };
        original.holds(py).then_some(original)
    }

    fn look(py: Python<'_>) -> PyResult<Option<Self>> {
        let module = py.import("json")?.cast_into::<PyModule>()?.dict();
        let (Some(loads), Some(decoder)) = (module.get_item("loads")?, module.get_item("_default_decoder")?)
        else {
            return Ok(None);
        };
        // What wraps a function has another's globals, whatever name it takes on.
        let own = loads.getattr("__globals__").is_ok_and(|globals| globals.is(&module))
            && decoder.get_type().is(&py.import("json.decoder")?.getattr("JSONDecoder")?);
        if !own {
            return Ok(None);
        }
        let constant = |name: &str| decoder.call_method1("parse_constant", (name,)).map(Bound::unbind);
        Ok(Some(Self {
            nan: constant("NaN")?,
            infinity: constant("Infinity")?,
            negative_infinity: constant("-Infinity")?,
            module: module.unbind(),
            loads: loads.unbind(),
            decoder: decoder.unbind(),
        }))
    }

    fn holds(&self, py: Python<'_>) -> bool {
        let module = self.module.bind(py);
        let is = |name, object: &Py<PyAny>| {
            module.get_item(name).ok().flatten().is_some_and(|found| found.is(object))
        };
        is(intern!(py, "loads"), &self.loads) && is(intern!(py, "_default_decoder"), &self.decoder)
    }

    #[inline]
    pub(super) fn constant(&self, py: Python<'_>, constant: Constant) -> Py<PyAny> {
        match constant {
            Constant::Null => py.None(),
            Constant::True => {
                true.into_pyobject(py).map_or_else(|e| match e {}, |b| b.to_owned().into_any().unbind())
            }
            Constant::False => {
                false.into_pyobject(py).map_or_else(|e| match e {}, |b| b.to_owned().into_any().unbind())
            }
            Constant::NaN => self.nan.clone_ref(py),
            Constant::Infinity => self.infinity.clone_ref(py),
            Constant::NegativeInfinity => self.negative_infinity.clone_ref(py),
        }
    }
}
