//! The general road: a request that Python has prepared becomes a [`Call`].

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use martlet::{Call, tls::TlsSettings};
use martlet_proto::{
    Body, Error, Headers, Kind, Phase, Request, Timeouts, Url, auth::Auth, exchange::Policy, proxy::Proxies,
    request::check_field,
};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    intern,
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyBytes, PyString},
};

use crate::{
    body::{Parts, is_long_in_utf8},
    bridge::Supplier,
    convert::{client_cert, timeouts, utf8, verify},
    error::to_exception,
};

/// What goes with the request.
pub(crate) struct Settings<'a, 'py> {
    pub(crate) timeout: Option<&'a Bound<'py, PyAny>>,
    pub(crate) verify: Option<&'a Bound<'py, PyAny>>,
    pub(crate) cert: Option<&'a Bound<'py, PyAny>>,
    pub(crate) proxies: Option<HashMap<String, String>>,
    pub(crate) stream: bool,
    /// The request target, if it is not to be made of the URL.
    pub(crate) target: Option<&'a str>,
    /// The name for TLS, if it is not the URL's host.
    pub(crate) server_name: Option<&'a str>,
}

/// The call, one exchange without redirects and cookies, what supplies its body if that is a stream, and its body if
/// that has to be encoded by a helper thread.
///
/// # Errors
/// requests' exceptions for what cannot be sent.
pub(crate) fn call(
    prepared: &Bound<'_, PyAny>,
    settings: Settings<'_, '_>,
) -> PyResult<(Call, Option<Supplier>, Option<Parts>)> {
    let py = prepared.py();
    let (request, supplier, later) =
        request(prepared, settings.target).map_err(|refused| refused.raise(py, prepared))?;
    let timeouts = match settings.timeout {
        None => Timeouts::default(),
        Some(given) => timeouts(given).ok_or_else(|| {
            PyValueError::new_err(
                "Invalid timeout: pass seconds, a (connect, read) tuple or a martlet.Timeout",
            )
        })?,
    };
    let mut tls = TlsSettings::default();
    let to_proxy = settings.proxies.iter().flatten().any(|(_, proxy)| proxy.starts_with("https:"));
    if request.url.is_https() || to_proxy {
        tls.verify = verify(settings.verify.unwrap_or(&py.None().into_bound(py)))?;
        tls.client_cert = settings.cert.map(client_cert).transpose()?.flatten();
        tls.server_name = settings.server_name.map(Box::from);
    }
    let proxies =
        settings.proxies.map(|proxies| Arc::new(Proxies::new(proxies.into_iter().collect(), Vec::new())));
    let verbatim = settings.target.is_some();
    let policy =
        Policy { follow_redirects: false, auth: Auth::Prepared, proxies, verbatim, ..Policy::default() };
    let call = Call { policy, timeouts, tls: Arc::new(tls), stream: settings.stream, ..Call::new(request) };
    Ok((call, supplier, later))
}

enum Refused {
    Rule(Error),
    Python(PyErr),
}

impl Refused {
    fn raise(self, py: Python<'_>, prepared: &Bound<'_, PyAny>) -> PyErr {
        match self {
            Self::Rule(error) => to_exception(py, &error, Some(prepared.clone()), None),
            Self::Python(error) => error,
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Rule(error)
    }
}

impl From<PyErr> for Refused {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

fn request(
    prepared: &Bound<'_, PyAny>,
    target: Option<&str>,
) -> Result<(Request, Option<Supplier>, Option<Parts>), Refused> {
    let py = prepared.py();
    let method = prepared.getattr(intern!(py, "method"))?;
    let method: String =
        method.extract().map_err(|_| PyValueError::new_err("the request has no method: prepare it first"))?;
    let url = prepared.getattr(intern!(py, "url"))?;
    let url: String =
        url.extract().map_err(|_| PyValueError::new_err("the request has no URL: prepare it first"))?;
    let url = Url::from_text(url)?;
    if !url.is_http() {
        let message = format!("No connection adapters were found for {:?}", url.as_str());
        return Err(Error::new(Kind::InvalidScheme, Phase::Prepare, message).into());
    }
    let url = match target.filter(|target| *target != url.target()) {
        Some(target) => url.with_target(target),
        None => url,
    };
    let mut request = Request::new(method, url);
    request.headers = headers(&prepared.getattr(intern!(py, "headers"))?)?;
    let body = prepared.getattr(intern!(py, "body"))?;
    if let Ok(text) = body.cast_exact::<PyString>()
        && is_long_in_utf8(text)
    {
        return Ok((request, None, Parts::of_text(text)));
    }
    let supplier = set_body(&mut request, prepared, &body)?;
    Ok((request, supplier, None))
}

fn headers(container: &Bound<'_, PyAny>) -> Result<Headers, Refused> {
    let mut headers = Headers::new();
    if container.is_none() {
        return Ok(headers);
    }
    for pair in container.call_method0(intern!(container.py(), "items"))?.try_iter()? {
        let pair = pair?;
        let (name, value) =
            (bytes_of(&pair.get_item(0)?, "ascii")?, bytes_of(&pair.get_item(1)?, "latin-1")?);
        check_field(&name, &value)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Names go out as ASCII, values as ISO-8859-1; what is not in it raises UnicodeEncodeError, as in http.client.
fn bytes_of(value: &Bound<'_, PyAny>, charset: &str) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let text = value.cast::<PyString>().map_err(|_| {
        PyTypeError::new_err(format!(
            "header names and values must be str or bytes, not {}",
            value.get_type()
        ))
    })?;
    match text.to_str() {
        Ok(text) if text.is_ascii() => Ok(text.as_bytes().to_vec()),
        _ => text.call_method1(intern!(value.py(), "encode"), (charset,))?.extract(),
    }
}

fn set_body(
    request: &mut Request,
    prepared: &Bound<'_, PyAny>,
    body: &Bound<'_, PyAny>,
) -> PyResult<Option<Supplier>> {
    if body.is_none() {
        return Ok(None);
    }
    if let Ok(bytes) = body.cast_exact::<PyBytes>() {
        request.body = Body::Bytes(Bytes::from_owner(PyBackedBytes::from(bytes.clone())));
        return Ok(None);
    }
    if let Ok(text) = body.cast::<PyString>() {
        request.body = Body::Bytes(utf8(text)?);
        return Ok(None);
    }
    let py = body.py();
    let supplier = py.import("martlet.supply")?.getattr("supply")?.call1((prepared,))?;
    let length =
        request.headers.get("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
    let rewindable = supplier.getattr(intern!(py, "rewindable"))?.is_truthy()?;
    request.body = Body::Stream { length, rewindable };
    Ok(Some(supplier.unbind()))
}
