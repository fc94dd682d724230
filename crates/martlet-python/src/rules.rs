//! The rules that Python's side asks for by themselves: URLs, forms, charsets, links.

use martlet_proto::{Url, charset, form, link, url};
use pyo3::prelude::*;

use crate::error::to_exception;

/// The URL as it is sent and shown: parsed, normalised and quoted, with `params` (already encoded) added.
/// Raises MissingSchema, InvalidURL.
#[pyfunction]
fn prepare_url(py: Python<'_>, url: &str, params: &str) -> PyResult<String> {
    // In requests urllib3 encodes the host of an http URL, label by label, and requests itself that of any other.
    let scheme = url.split_once("://").map_or("http", |(scheme, _)| scheme);
    let is_http = ["http", "https"].iter().any(|name| scheme.eq_ignore_ascii_case(name));
    let rule = if is_http { "idna_label" } else { "idna_host" };
    let idna = |host: &str| {
        let module = py.import("martlet.urls").ok()?;
        module.call_method1(rule, (host,)).ok()?.extract::<String>().ok()
    };
    match Url::prepare_with(url, params, &idna) {
        Ok(url) => Ok(url.as_str().to_owned()),
        Err(error) => Err(to_exception(py, &error, None, None)),
    }
}

/// The URI with everything quoted that has to be, and nothing twice (`requests.utils.requote_uri`).
#[pyfunction]
fn requote_uri(uri: &str) -> String {
    url::requote_uri(uri).into_owned()
}

/// `a=1&b=x+y` of pairs of bytes (`urllib.parse.urlencode`).
#[pyfunction]
fn urlencode(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> String {
    form::urlencode(pairs)
}

/// The encoding that a Content-Type names or implies; None if neither.
#[pyfunction]
fn encoding_from_content_type(content_type: &str) -> Option<String> {
    charset::encoding_from_headers(content_type).map(str::to_owned)
}

/// The Unicode encoding of JSON, by its byte order mark and its NULs.
#[pyfunction]
fn guess_json_utf(data: &[u8]) -> Option<&'static str> {
    charset::guess_json_utf(data)
}

/// The links of a Link header, each a dict with its `url` and parameters.
#[pyfunction]
fn parse_header_links(value: &str) -> Vec<std::collections::HashMap<String, String>> {
    link::parse_header_links(value).into_iter().map(|link| link.into_iter().collect()).collect()
}

/// Is this domain one under which everybody can register: `co.uk`, `github.io`?
#[pyfunction]
fn is_public_suffix(domain: &str) -> bool {
    martlet_proto::cookie::is_public_suffix(domain)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(prepare_url, module)?)?;
    module.add_function(wrap_pyfunction!(requote_uri, module)?)?;
    module.add_function(wrap_pyfunction!(urlencode, module)?)?;
    module.add_function(wrap_pyfunction!(encoding_from_content_type, module)?)?;
    module.add_function(wrap_pyfunction!(guess_json_utf, module)?)?;
    module.add_function(wrap_pyfunction!(parse_header_links, module)?)?;
    module.add_function(wrap_pyfunction!(is_public_suffix, module)?)
}
