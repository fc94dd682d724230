//! A large document for who awaits it: parsed by a helper thread, built in slices.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use martlet::runtime::Helpers;
use martlet_proto::json::{Tape, parse, text_of};
use pyo3::{prelude::*, pybacked::PyBackedBytes, types::PyBytes};

use super::{
    build::{Build, Until},
    name,
    original::Original,
};
use crate::bridge::{Answer, Operation, Ours, engine};

/// The time that building takes from an event loop before it has its turn again, all documents together.
const SLICE: Duration = Duration::from_micros(600);
/// Less than this is not worth a turn.
const LEAST: Duration = Duration::from_micros(60);

/// How many documents are being built.
static BUILDING: AtomicUsize = AtomicUsize::new(0);

/// A document that was parsed and is built in slices.
#[pyclass(module = "martlet._martlet")]
pub(super) struct JsonBuild {
    build: Option<Build>,
    text: Text,
    document: Option<Py<PyAny>>,
    helpers: Ours<Helpers>,
}

/// The document's text in UTF-8.
enum Text {
    /// As it came, behind a byte order mark of that many bytes.
    Given(PyBackedBytes, usize),
    Decoded(String),
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
    Ok(Some(Operation::new("ajson", None, None, move |_| {
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
        BUILDING.fetch_add(1, Ordering::Relaxed);
        Self { build: Some(Build::new(tape)), text, document: None, helpers: Ours::new(helpers) }
    }

    /// The tape is as large as the document: giving its memory back takes its time.
    fn let_go(&mut self) {
        let Some(build) = self.build.take() else { return };
        BUILDING.fetch_sub(1, Ordering::Relaxed);
        let text = std::mem::replace(&mut self.text, Text::Decoded(String::new()));
        let (tape, keys) = build.into_parts();
        drop(keys);
        match (self.helpers.get(), text) {
            (Some(helpers), Text::Decoded(text)) => helpers.run(Box::new(move || drop((tape, text)))),
            (Some(helpers), Text::Given(..)) => helpers.run(Box::new(move || drop(tape))),
            (None, text) => drop((tape, text)),
        }
    }
}

#[pymethods]
impl JsonBuild {
    /// Builds for a slice of time, or `objects` objects; whether the document is complete. What `json.loads` would
    /// raise for is raised, though not always in its words.
    #[pyo3(signature = (objects=None))]
    fn build(&mut self, py: Python<'_>, objects: Option<usize>) -> PyResult<bool> {
        let Some(build) = &mut self.build else { return Ok(true) };
        let original = Original::find(py).ok_or_else(super::objects::torn)?;
        let others = u32::try_from(BUILDING.load(Ordering::Relaxed)).unwrap_or(1).max(1);
        let mut until = match objects {
            Some(objects) => Until::Objects(objects),
            None => Until::Elapsed(Instant::now(), (SLICE / others).max(LEAST)),
        };
        self.document = build.run(py, original, self.text.as_bytes(), &mut until)?;
        if self.document.is_some() {
            self.let_go();
        }
        Ok(self.document.is_some())
    }

    /// The document, once it is complete.
    fn take(&mut self) -> PyResult<Py<PyAny>> {
        self.document.take().ok_or_else(super::objects::torn)
    }
}

impl Drop for JsonBuild {
    fn drop(&mut self) {
        self.let_go();
    }
}
