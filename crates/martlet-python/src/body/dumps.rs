//! What of Python's module `json` has to be as it came for its `dumps` to be done here.

use pyo3::{
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyModule},
};

struct Original {
    module: Py<PyDict>,
    encoder_module: Py<PyDict>,
    dumps: Py<PyAny>,
    class: Py<PyAny>,
    encode: Py<PyAny>,
    iterencode: Py<PyAny>,
    /// Taken away by who has Python's own code write numbers its own way.
    in_c: Py<PyAny>,
}

/// Is it all as it came, with nothing replaced, as by a mock?
pub(super) fn is_original(py: Python<'_>) -> bool {
    static ORIGINAL: PyOnceLock<Original> = PyOnceLock::new();
    let original = match ORIGINAL.get(py) {
        Some(original) => original,
        None => {
            let Some(found) = Original::look(py).ok().flatten() else { return false };
            ORIGINAL.get_or_init(py, || found)
        }
    };
    original.holds(py)
}

impl Original {
    /// `None` where `dumps` is not the module's own.
    fn look(py: Python<'_>) -> PyResult<Option<Self>> {
        let module = py.import("json")?.cast_into::<PyModule>()?;
        let encoder_module = py.import("json.encoder")?.cast_into::<PyModule>()?;
        let (dumps, class) = (module.getattr("dumps")?, module.getattr("JSONEncoder")?);
        let in_c = encoder_module.getattr("c_make_encoder")?;
        let (encode, iterencode) = (class.getattr("encode")?, class.getattr("iterencode")?);
        let is_own = |function: &Bound<'_, PyAny>, module: &Bound<'_, PyModule>| {
            function.getattr("__globals__").is_ok_and(|globals| globals.is(module.dict()))
        };
        let own = is_own(&dumps, &module)
            && is_own(&encode, &encoder_module)
            && is_own(&iterencode, &encoder_module)
            && in_c.getattr("__module__").is_ok_and(|name| name.eq("_json").unwrap_or(false));
        Ok(own.then(|| Self {
            module: module.dict().unbind(),
            encoder_module: encoder_module.dict().unbind(),
            dumps: dumps.unbind(),
            class: class.unbind(),
            encode: encode.unbind(),
            iterencode: iterencode.unbind(),
            in_c: in_c.unbind(),
        }))
    }

    fn holds(&self, py: Python<'_>) -> bool {
        let is = |module: &Py<PyDict>, name, object: &Py<PyAny>| {
            module.bind(py).get_item(name).ok().flatten().is_some_and(|found| found.is(object))
        };
        let has =
            |name, object: &Py<PyAny>| self.class.bind(py).getattr(name).is_ok_and(|found| found.is(object));
        is(&self.module, intern!(py, "dumps"), &self.dumps)
            && is(&self.module, intern!(py, "JSONEncoder"), &self.class)
            && is(&self.encoder_module, intern!(py, "c_make_encoder"), &self.in_c)
            && has(intern!(py, "encode"), &self.encode)
            && has(intern!(py, "iterencode"), &self.iterencode)
    }
}
