//! A body that is made in slices.

use bytes::BufMut;
use martlet::{body::Buffer, runtime::Helpers};
use pyo3::{
    exceptions::{PyMemoryError, PyValueError},
    prelude::*,
    types::{PyBytes, PyString, PyTuple},
};

use super::{
    Content, FIRST, Given, Stop, document::Document, dumps, form::Form, letters::Letters, parts::Parts,
};
use crate::{
    bridge::{Answer, Filling, Operation, Ours, Question, Reply, engine},
    convert::is_nothing,
    slice::{AtWork, Slice},
};

/// Objects that are being walked.
pub(super) enum Walk {
    Document(Document),
    Form(Form),
}

impl Walk {
    pub(super) fn run(&mut self, py: Python<'_>, slice: &mut Slice) -> Result<bool, Stop> {
        match self {
            Self::Document(_) if !dumps::is_original(py) => Err(Stop::NotPlain),
            Self::Document(document) => document.run(py, slice),
            Self::Form(form) => form.run(py, slice),
        }
    }

    pub(super) fn into_parts(self) -> Parts {
        match self {
            Self::Document(document) => document.parts,
            Self::Form(form) => form.parts,
        }
    }

    fn parts(&self) -> &Parts {
        match self {
            Self::Document(document) => &document.parts,
            Self::Form(form) => &form.parts,
        }
    }

    pub(super) fn content_type(&self) -> &'static str {
        match self {
            Self::Document(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
        }
    }

    /// Is `PreparedRequest.body` a str?
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Form(_))
    }
}

/// A body that is not complete yet, or was not taken.
#[pyclass(module = "martlet._martlet")]
pub(crate) struct BodyBuild {
    walk: Option<Walk>,
    complete: bool,
    at_work: Option<AtWork>,
    helpers: Ours<Helpers>,
    /// What `Client.begin` was called with, where it was that.
    #[pyo3(get)]
    pub(crate) arguments: Py<PyTuple>,
    /// What its Content-Type is.
    #[pyo3(get)]
    content_type: &'static str,
    /// Is `PreparedRequest.body` a str?
    #[pyo3(get)]
    text: bool,
}

impl BodyBuild {
    pub(super) fn new(py: Python<'_>, walk: Walk, complete: bool) -> PyResult<Self> {
        Ok(Self {
            arguments: PyTuple::empty(py).unbind(),
            content_type: walk.content_type(),
            text: walk.is_text(),
            walk: Some(walk),
            complete,
            at_work: (!complete).then(AtWork::new),
            helpers: Ours::new(engine()?.helpers().clone()),
        })
    }

    fn take_parts(&mut self) -> Option<Parts> {
        self.walk.take_if(|_| self.complete).map(Walk::into_parts)
    }

    /// The body, once it is complete.
    pub(super) fn take(&mut self) -> Option<Given> {
        let content = Content::Parts(Box::new(self.take_parts()?));
        Some(Given { content, content_type: Some(self.content_type), text: self.text })
    }

    /// What was written may be large: giving its memory back takes its time.
    fn let_go(&mut self) {
        self.at_work = None;
        if let (Some(walk), Some(helpers)) = (self.walk.take(), self.helpers.get()) {
            helpers.run(Box::new(move || drop(walk)));
        }
    }
}

#[pymethods]
impl BodyBuild {
    /// Goes on for a slice of time, or `objects` objects: True when the body is complete, False when the slice has
    /// ended, None for what is not plain.
    #[pyo3(signature = (objects=None))]
    fn build(&mut self, py: Python<'_>, objects: Option<usize>) -> PyResult<Option<bool>> {
        let Some(walk) = self.walk.as_mut().filter(|_| !self.complete) else {
            return Ok(self.complete.then_some(true));
        };
        let mut slice = match (objects, &self.at_work) {
            (Some(objects), _) => Slice::of(objects),
            (None, Some(at_work)) => Slice::within(at_work.share()),
            (None, None) => Slice::endless(),
        };
        match walk.run(py, &mut slice) {
            Ok(complete) => {
                if complete {
                    (self.complete, self.at_work) = (true, None);
                }
                Ok(Some(complete))
            }
            Err(stop) => {
                self.let_go();
                match stop {
                    Stop::NotPlain => Ok(None),
                    Stop::Raised(error) => Err(error),
                }
            }
        }
    }

    /// The body as an object, once it is complete, and once: an operation that gives bytes; where `text` is true, one
    /// that gives another, which gives a str.
    fn written(&mut self) -> PyResult<Operation> {
        let parts = self.take_parts().ok_or_else(|| PyValueError::new_err("the body is not complete"))?;
        let helpers = self.helpers.require("body")?.clone();
        let text = self.text;
        Ok(Operation::new("", None, None, move |asker| {
            Box::pin(async move {
                let whole = match parts.encoded(&helpers).await {
                    Ok(whole) => whole,
                    Err(refusal) => return refusal,
                };
                if text {
                    let answer: Answer = Box::new(move |py, _| text_of(py, &helpers, whole));
                    return answer;
                }
                let Reply::Memory(Some(mut memory)) = asker.ask(Question::Memory(whole.len())).await else {
                    return Box::new(|_, _| Err(PyMemoryError::new_err(())));
                };
                let fill = move || {
                    memory.put_slice(&whole);
                    memory
                };
                let filled = helpers.call(fill).await.ok();
                Box::new(move |_, _| {
                    let bytes = filled.and_then(bytes_of);
                    bytes.map(Py::into_any).ok_or_else(|| PyMemoryError::new_err(()))
                })
            })
        }))
    }
}

fn bytes_of(memory: Box<dyn Buffer>) -> Option<Py<PyBytes>> {
    memory.into_any().downcast::<Filling>().ok()?.finish()
}

/// The operation that makes a text of what is ASCII.
#[cfg(not(feature = "abi3"))]
fn text_of(py: Python<'_>, helpers: &Helpers, whole: Vec<u8>) -> PyResult<Py<PyAny>> {
    use crate::characters::Width;

    crate::text::fill(py, helpers, whole.len(), Width::Ascii, move |blank| blank.copy(0, &whole))
}

#[cfg(feature = "abi3")]
fn text_of(py: Python<'_>, _: &Helpers, whole: Vec<u8>) -> PyResult<Py<PyAny>> {
    let answer = move |py: Python<'_>, _: Option<&crate::bridge::Keep>| {
        Ok(PyString::from_bytes(py, &whole)?.into_any().unbind())
    };
    let operation =
        Operation::new("", None, None, move |_| Box::pin(async move { Box::new(answer) as Answer }));
    Ok(Py::new(py, operation)?.into_any())
}

impl Drop for BodyBuild {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// The body that `data=` or `json=` come to, as far as the first slice has got; None for one that needs no more, or
/// is not plain. With `objects` that slice has so many, and whatever is plain is given.
#[pyfunction]
#[pyo3(signature = (data, json, objects=None))]
pub(super) fn build_body(
    data: &Bound<'_, PyAny>,
    json: &Bound<'_, PyAny>,
    objects: Option<usize>,
) -> PyResult<Option<BodyBuild>> {
    let mut walk = match (is_nothing(data), json.is_none()) {
        (false, _) => match Form::new(data) {
            Some(form) => Walk::Form(form),
            None => return Ok(None),
        },
        (true, false) => Walk::Document(Document::new(json)),
        (true, true) => return Ok(None),
    };
    let mut slice = objects.map_or_else(|| Slice::within(FIRST), Slice::of);
    match walk.run(data.py(), &mut slice) {
        Ok(true) if walk.parts().is_short() && objects.is_none() => Ok(None),
        Ok(complete) => Ok(Some(BodyBuild::new(data.py(), walk, complete)?)),
        Err(Stop::NotPlain) => Ok(None),
        Err(Stop::Raised(error)) => Err(error),
    }
}

/// How many bytes a text is in UTF-8; counted without the interpreter. UnicodeEncodeError for a lone surrogate.
#[pyfunction]
pub(super) fn utf8_length(py: Python<'_>, text: &Bound<'_, PyString>) -> PyResult<usize> {
    match Letters::new(text) {
        Some(letters) => {
            let length = py.detach(|| letters.characters().utf8_len());
            length.ok_or_else(|| letters.refusal(py))
        }
        None => text.call_method1("encode", ("utf-8",))?.len(),
    }
}
