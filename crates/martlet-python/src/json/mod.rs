//! JSON documents as Python's objects: equal to what `json.loads` makes of them, or left to it.
//!
//! The document is parsed into a tape (`martlet_proto::json`) by Rust alone; `build` makes the objects. A small
//! document is done in one go; a large one, for who awaits it, is parsed by a helper thread and built in
//! slices. Whatever the parser or a constructor of Python's refuses is answered by "not here": `json.loads` then says
//! what is wrong, in its own words.

mod build;
mod objects;
mod original;
mod sliced;

use std::borrow::Cow;

use martlet_proto::json::{parse, text_of};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyString},
};

use build::Build;
use original::Original;

/// Documents from this size on are parsed without the interpreter's lock.
const LARGE: usize = 64 * 1024;

/// The document, or `NotImplemented` where `json.loads` has to be asked: `content` is not `bytes`, `encoding` is
/// not one that JSON comes in, the text is not JSON, or `json.loads` has been replaced.
#[pyfunction]
fn read_json<'py>(
    py: Python<'py>,
    content: &Bound<'py, PyAny>,
    encoding: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let read = Original::find(py).and_then(|original| {
        let content = content.cast_exact::<PyBytes>().ok()?.as_bytes();
        let encoding = name(encoding)?;
        let encoding = encoding.as_deref();
        let parsed = || {
            let text = text_of(content, encoding)?;
            Some((parse(&text)?, text))
        };
        let (tape, text) = if content.len() < LARGE { parsed() } else { py.detach(parsed) }?;
        objects::without_collector(py, || Build::new(tape).finish(py, original, text.as_bytes())).ok()
    });
    Ok(read.map_or_else(|| py.NotImplemented().into_bound(py), |document| document.into_bound(py)))
}

/// A response's `encoding`: a text or None; the outer `None` for anything else.
#[allow(clippy::option_option)]
fn name<'a>(encoding: &'a Bound<'_, PyAny>) -> Option<Option<Cow<'a, str>>> {
    if encoding.is_none() {
        return Some(None);
    }
    encoding.cast_exact::<PyString>().ok()?.to_cow().ok().map(Some)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<sliced::JsonBuild>()?;
    module.add_function(wrap_pyfunction!(sliced::parse_json, module)?)?;
    module.add_function(wrap_pyfunction!(read_json, module)?)
}
