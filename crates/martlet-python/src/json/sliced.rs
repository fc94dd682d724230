//! A large document for who awaits it: parsed by a helper thread, built in slices.

use std::{sync::Arc, time::Instant};

use martlet::runtime::Helpers;
use martlet_proto::json::{Span, Tape, parse, text_of};
use pyo3::{IntoPyObjectExt, prelude::*, pybacked::PyBackedBytes, types::PyBytes};

use super::{
    build::{Build, Progress, Until},
    name,
    objects::torn,
    original::Original,
};
use crate::{
    bridge::{Answer, Operation, Ours, engine},
    slice::AtWork,
};

/// A document that was parsed and is built in slices.
#[pyclass(module = "martlet._martlet")]
pub(super) struct JsonBuild {
    build: Option<Build>,
    text: Arc<Text>,
    document: Option<Py<PyAny>>,
    at_work: Option<AtWork>,
    helpers: Ours<Helpers>,
}

/// The document's text in UTF-8.
enum Text {
    /// As it came, behind a byte order mark of that many bytes.
    Given(PyBackedBytes, usize),
    Decoded(String),
}

/// A string of the document.
struct Part {
    tape: Arc<Tape>,
    text: Arc<Text>,
    span: Span,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        let whole = if self.span.unescaped { &self.tape.unescaped } else { self.text.as_bytes() };
        whole.get(self.span.at..self.span.at + self.span.length).unwrap_or_default()
    }
}

impl Text {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Given(content, mark) => content.get(*mark..).unwrap_or_default(),
            Self::Decoded(text) => text.as_bytes(),
        }
    }
}

/// Parses a document without the interpreter: an operation that gives the `JsonBuild`, or None where `json.loads`
/// has to be asked, as `read_json` does; None at once where that is known without parsing.
#[pyfunction]
pub(super) fn parse_json(
    py: Python<'_>,
    content: &Bound<'_, PyAny>,
    encoding: &Bound<'_, PyAny>,
) -> PyResult<Option<Operation>> {
    let (Some(_), Ok(content), Some(encoding)) =
        (Original::find(py), content.cast_exact::<PyBytes>(), name(encoding))
    else {
        return Ok(None);
    };
    let content = PyBackedBytes::from(content.clone());
    let encoding = encoding.map(|name| name.into_owned());
    let helpers = engine()?.helpers().clone();
    Ok(Some(Operation::new("", None, None, move |_| {
        Box::pin(async move {
            let parsed = helpers.call(move || parsed(content, encoding.as_deref())).await.ok().flatten();
            let answer: Answer = Box::new(move |py, _| match parsed {
                Some((tape, text)) => Ok(Py::new(py, JsonBuild::new(tape, text, helpers))?.into_any()),
                None => Ok(py.None()),
            });
            answer
        })
    })))
}

fn parsed(content: PyBackedBytes, encoding: Option<&str>) -> Option<(Tape, Text)> {
    let text = text_of(&content, encoding)?;
    let tape = parse(&text)?;
    let text = match text {
        std::borrow::Cow::Owned(text) => Text::Decoded(text),
        std::borrow::Cow::Borrowed(text) => {
            let mark = content.len() - text.len();
            Text::Given(content, mark)
        }
    };
    Some((tape, text))
}

impl JsonBuild {
    fn new(tape: Tape, text: Text, helpers: Helpers) -> Self {
        Self {
            build: Some(Build::new(tape)),
            text: Arc::new(text),
            document: None,
            at_work: Some(AtWork::new()),
            helpers: Ours::new(helpers),
        }
    }

    fn complete(&mut self, py: Python<'_>, document: Py<PyAny>) -> PyResult<Py<PyAny>> {
        self.document = Some(document);
        self.let_go();
        true.into_py_any(py)
    }

    /// The tape is as large as the document: giving its memory back takes its time.
    fn let_go(&mut self) {
        let Some(build) = self.build.take() else { return };
        self.at_work = None;
        let tape = build.tape();
        drop(build);
        let text = std::mem::replace(&mut self.text, Arc::new(Text::Decoded(String::new())));
        match self.helpers.get() {
            // What belongs to Python is let go of here, where that is done at once.
            Some(helpers) if matches!(*text, Text::Given(..)) => helpers.run(Box::new(move || drop(tape))),
            Some(helpers) => helpers.run(Box::new(move || drop((tape, text)))),
            None => {}
        }
    }
}

#[pymethods]
impl JsonBuild {
    /// Builds for a slice of time, or `objects` objects: True when the document is complete, False when the slice has
    /// ended, or what to await, twice, for a long text that `add` takes. What `json.loads` would raise for is
    /// raised, though not always in its words.
    #[pyo3(signature = (objects=None))]
    fn build(&mut self, py: Python<'_>, objects: Option<usize>) -> PyResult<Py<PyAny>> {
        let original = Original::find(py).ok_or_else(torn)?;
        let build = self.build.as_mut().ok_or_else(torn)?;
        let at_work = self.at_work.as_ref().ok_or_else(torn)?;
        let mut until = match objects {
            Some(objects) => Until::Objects(objects),
            None => Until::Elapsed(Instant::now(), at_work.share()),
        };
        match build.run(py, original, self.text.as_bytes(), &mut until)? {
            Progress::Complete(document) => self.complete(py, document),
            Progress::Paused => false.into_py_any(py),
            Progress::Text(span) => {
                let part = Part { tape: build.tape(), text: Arc::clone(&self.text), span };
                let helpers = self.helpers.require("document")?.clone();
                Ok(Py::new(py, decoding(helpers, part))?.into_any())
            }
        }
    }

    /// Takes the text that was asked for; True when the document is complete with it.
    fn add(&mut self, py: Python<'_>, text: Py<PyAny>) -> PyResult<Py<PyAny>> {
        match self.build.as_mut().ok_or_else(torn)?.place(py, text)? {
            Some(document) => self.complete(py, document),
            None => false.into_py_any(py),
        }
    }

    /// The document, once it is complete.
    fn take(&mut self) -> PyResult<Py<PyAny>> {
        self.document.take().ok_or_else(torn)
    }
}

#[cfg(not(feature = "abi3"))]
fn decoding(helpers: Helpers, part: Part) -> Operation {
    crate::text::decoding(helpers, part, false)
}

#[cfg(feature = "abi3")]
fn decoding(_: Helpers, part: Part) -> Operation {
    drop(part);
    crate::nothing()
}

impl Drop for JsonBuild {
    fn drop(&mut self) {
        self.let_go();
    }
}
