//! `martlet.testing.Server`: the loopback server of martlet-testing.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use martlet_testing::{Server, ServerOptions};
use pyo3::{prelude::*, types::PyDict};

/// A running server; a context manager that stops it.
#[pyclass(frozen, name = "Server", module = "martlet._martlet")]
pub(crate) struct PyServer {
    server: Mutex<Server>,
    #[pyo3(get)]
    url: String,
    #[pyo3(get)]
    address: (String, u16),
    #[pyo3(get)]
    ca_pem: Option<String>,
}

impl PyServer {
    fn with<T>(&self, f: impl FnOnce(&mut Server) -> T) -> T {
        f(&mut self.server.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl PyServer {
    /// Starts a server on a free port of 127.0.0.1.
    #[new]
    #[pyo3(signature = (*, tls=false, port=0))]
    fn new(tls: bool, port: u16) -> PyResult<Self> {
        let server = Server::start(ServerOptions { tls, port, ..ServerOptions::default() })?;
        let address = server.address();
        Ok(Self {
            url: server.url().to_owned(),
            address: (address.ip().to_string(), address.port()),
            ca_pem: server.ca_pem().map(str::to_owned),
            server: Mutex::new(server),
        })
    }

    /// What has been counted: connections opened, open and closed_by_client, requests, handshakes, resumed.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.with(|server| server.stats());
        let counts = PyDict::new(py);
        counts.set_item("opened", stats.opened)?;
        counts.set_item("open", stats.open)?;
        counts.set_item("requests", stats.requests)?;
        counts.set_item("closed_by_client", stats.closed_by_client)?;
        counts.set_item("handshakes", stats.handshakes)?;
        counts.set_item("resumed", stats.resumed)?;
        Ok(counts)
    }

    /// Waits until exactly `open` connections are open; whether that came within `timeout` seconds.
    #[pyo3(signature = (open, timeout=5.0))]
    fn wait_open(&self, py: Python<'_>, open: u64, timeout: f64) -> bool {
        let time = Duration::try_from_secs_f64(timeout).unwrap_or(Duration::MAX);
        py.detach(|| self.with(|server| server.wait_until(time, |stats| stats.open == open)))
    }

    /// Waits until at least `requests` requests have arrived; whether that came within `timeout` seconds.
    #[pyo3(signature = (requests, timeout=5.0))]
    fn wait_requests(&self, py: Python<'_>, requests: u64, timeout: f64) -> bool {
        let time = Duration::try_from_secs_f64(timeout).unwrap_or(Duration::MAX);
        py.detach(|| self.with(|server| server.wait_until(time, |stats| stats.requests >= requests)))
    }

    /// Stops it; stopping again does nothing.
    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.with(Server::stop));
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, pyo3::types::PyTuple>) {
        self.stop(py);
    }

    fn __repr__(&self) -> String {
        format!("<Server {}>", self.url)
    }
}
