//! `Decoder`: content codings undone a piece at a time, for who reads a body as it came and decodes it later.

use std::sync::{Mutex, PoisonError};

use martlet::body::Decoding;
use martlet_proto::{Headers, Result, coding::codings, limit::Limits};
use pyo3::{prelude::*, types::PyBytes};

use crate::error::to_exception;

/// The codings of a `Content-Encoding`, undone.
#[pyclass(frozen, module = "martlet._martlet")]
pub(crate) struct Decoder(Mutex<Decoding>);

impl Decoder {
    fn run<'py>(
        &self,
        py: Python<'py>,
        feed: impl FnOnce(&mut Decoding) + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let decoded = py.detach(|| {
            let mut decoding = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            feed(&mut decoding);
            let mut out = Vec::new();
            while decoding.pull(&mut out)? {}
            Result::Ok(out)
        });
        match decoded {
            Ok(out) => Ok(PyBytes::new(py, &out)),
            Err(error) => Err(to_exception(py, &error, None, None)),
        }
    }
}

#[pymethods]
impl Decoder {
    #[new]
    fn new(py: Python<'_>, content_encoding: &str) -> PyResult<Self> {
        let limits = Limits::default();
        let headers: Headers = [("Content-Encoding", content_encoding)].into_iter().collect();
        codings(&headers, &limits)
            .and_then(|found| Decoding::new(&found, &limits))
            .map(|decoding| Self(Mutex::new(decoding)))
            .map_err(|error| to_exception(py, &error, None, None))
    }

    fn decompress<'py>(&self, py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        self.run(py, |decoding| decoding.push(data))
    }

    fn flush<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.run(py, Decoding::end)
    }
}
