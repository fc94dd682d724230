//! Request bodies: what `data=` and `json=` come to, byte for byte what requests sends.
//!
//! A body that is not written quickly does not hold up an event loop:
//!
//! 1. The caller's objects are walked in slices, the first when the request is made ([`build`]).
//! 2. Long texts are encoded, and the parts put together, by a helper thread without the interpreter ([`parts`]).
//! 3. Its memory is given back by a helper thread.
//!
//! Whatever is not plain is answered by "not here": requests' own steps, in Python, then do the same thing, or
//! raise what there is to raise.

mod build;
mod document;
mod dumps;
mod form;
mod letters;
mod objects;
mod parts;

use std::time::Duration;

use bytes::Bytes;
use pyo3::{
    intern,
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyBytes, PyDict, PyString},
};

use crate::{
    convert::{given, is_nothing, utf8},
    slice::Slice,
};

pub(crate) use build::BodyBuild;
use build::Walk;
use document::Document;
use form::Form;
pub(crate) use letters::is_long_in_utf8;
pub(crate) use parts::{Parts, shared};

/// The time of the first slice, in which most bodies are complete.
const FIRST: Duration = Duration::from_micros(400);

/// Why a walk ends early.
enum Stop {
    NotPlain,
    /// A dict has changed its size.
    Raised(PyErr),
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

/// What `data=` or `json=` come to.
pub(crate) struct Given {
    pub(crate) content: Content,
    pub(crate) content_type: Option<&'static str>,
    /// `PreparedRequest.body` is a str then, as in requests.
    pub(crate) text: bool,
}

/// The body itself.
pub(crate) enum Content {
    Bytes(Bytes),
    /// A helper thread has to encode it.
    Parts(Box<Parts>),
    /// The caller's objects have to be walked on.
    Unfinished(Box<BodyBuild>),
}

/// How long making a body may take.
pub(crate) enum Pace<'a, 'py> {
    /// As long as it takes.
    AtOnce,
    /// Not longer than a slice.
    Slices,
    /// It was made before.
    Made(&'a Bound<'py, BodyBuild>),
}

impl<'a, 'py> Pace<'a, 'py> {
    /// Of what `Client.begin` was told: a `BodyBuild`, or whether there may be one.
    pub(crate) fn of(told: &'a Bound<'py, PyAny>) -> Self {
        match told.cast_exact::<BodyBuild>() {
            Ok(made) => Self::Made(made),
            Err(_) if told.is_truthy().unwrap_or(false) => Self::Slices,
            Err(_) => Self::AtOnce,
        }
    }
}

/// The body of `data=` or `json=`; outer `None`: not plain.
pub(crate) fn read(
    data: &Bound<'_, PyAny>,
    json: &Bound<'_, PyAny>,
    pace: &Pace<'_, '_>,
) -> Option<Option<Given>> {
    if let Pace::Made(made) = pace {
        return made.try_borrow_mut().ok()?.take().map(Some);
    }
    if !is_nothing(data) {
        if let Ok(bytes) = data.cast_exact::<PyBytes>() {
            let content = Content::Bytes(Bytes::from_owner(PyBackedBytes::from(bytes.clone())));
            return Some(Some(Given { content, content_type: None, text: false }));
        }
        if let Ok(text) = data.cast_exact::<PyString>() {
            let content = match pace {
                Pace::Slices if is_long_in_utf8(text) => Content::Parts(Box::new(Parts::of_text(text)?)),
                _ => Content::Bytes(utf8(text).ok()?),
            };
            return Some(Some(Given { content, content_type: None, text: true }));
        }
        return walked(data.py(), Walk::Form(Form::new(data)?), pace).map(Some);
    }
    if json.is_none() {
        return Some(None);
    }
    let py = json.py();
    let plain =
        if dumps::is_original(py) { walked(py, Walk::Document(Document::new(json)), pace) } else { None };
    plain.or_else(|| dumped(json)).map(Some)
}

/// What walking comes to, or where it is after the first slice; `None`: not plain.
fn walked(py: Python<'_>, mut walk: Walk, pace: &Pace<'_, '_>) -> Option<Given> {
    let mut slice = if matches!(pace, Pace::AtOnce) { Slice::endless() } else { Slice::within(FIRST) };
    let complete = walk.run(py, &mut slice).ok()?;
    let (content_type, text) = (Some(walk.content_type()), walk.is_text());
    let content = if complete {
        let parts = walk.into_parts();
        if parts.is_short() {
            Content::Bytes(parts.join().ok()?.into())
        } else if matches!(pace, Pace::AtOnce) {
            Content::Bytes(py.detach(|| parts.join()).ok()?.into())
        } else {
            Content::Parts(Box::new(parts))
        }
    } else {
        Content::Unfinished(Box::new(BodyBuild::new(py, walk, false).ok()?))
    };
    Some(Given { content, content_type, text })
}

/// What `json.dumps` makes of it, or whatever has taken its place. An exception makes the document not plain; the
/// general road will raise it.
fn dumped(json: &Bound<'_, PyAny>) -> Option<Given> {
    let py = json.py();
    let options = PyDict::new(py);
    options.set_item(intern!(py, "allow_nan"), false).ok()?;
    let dumps = py.import(intern!(py, "json")).ok()?.getattr(intern!(py, "dumps")).ok()?;
    let text = given(py, dumps.call((json,), Some(&options)))?;
    let bytes = utf8(text.cast_exact::<PyString>().ok()?).ok()?;
    Some(Given { content: Content::Bytes(bytes), content_type: Some("application/json"), text: false })
}

/// `a=1&b=2`: the query that `params=` come to; `None`: not plain.
pub(crate) fn query(params: &Bound<'_, PyAny>) -> Option<String> {
    let mut form = Form::new(params)?;
    form.run(params.py(), &mut Slice::endless()).ok()?;
    String::from_utf8(form.parts.join().ok()?).ok()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BodyBuild>()?;
    module.add_function(wrap_pyfunction!(build::build_body, module)?)?;
    module.add_function(wrap_pyfunction!(build::utf8_length, module)?)
}
