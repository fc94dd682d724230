//! A large body as text, for who awaits it: measured and written by a helper thread, without the interpreter.
//!
//! UTF-8 and ISO-8859-1 are decoded here. What Python's codecs decode, a piece at a time, is put together here.

use std::sync::{Mutex, PoisonError};

use martlet::runtime::Helpers;
use pyo3::{
    exceptions::PyRuntimeError,
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyBytes, PyString, string::PyStringData},
};

use crate::{
    bridge::{Answer, Blank, Operation, engine},
    characters::{Width, measure},
};

/// Decodes `content` from UTF-8, or with `latin1` from ISO-8859-1: an operation that gives another, which gives the
/// text; None for what is not UTF-8.
#[pyfunction]
fn decode(content: &Bound<'_, PyBytes>, latin1: bool) -> PyResult<Operation> {
    let content = PyBackedBytes::from(content.clone());
    Ok(decoding(engine()?.helpers().clone(), content, latin1))
}

/// As `decode`, of whatever holds the bytes.
pub(crate) fn decoding(
    helpers: Helpers,
    content: impl AsRef<[u8]> + Send + 'static,
    latin1: bool,
) -> Operation {
    Operation::new("", None, None, move |_| {
        Box::pin(async move {
            let measure = move || Some((shape(content.as_ref(), latin1)?, content));
            let measured = helpers.call(measure).await.ok().flatten();
            let answer: Answer = Box::new(move |py, _| match measured {
                Some(((count, width), content)) => {
                    fill(py, &helpers, count, width, move |blank| match latin1 {
                        true => blank.copy(0, content.as_ref()),
                        false => std::str::from_utf8(content.as_ref()).map_or(0, |text| blank.write(text)),
                    })
                }
                None => Ok(py.None()),
            });
            answer
        })
    })
}

/// How many characters, and how wide they are.
fn shape(content: &[u8], latin1: bool) -> Option<(usize, Width)> {
    match latin1 {
        true if content.is_ascii() => Some((content.len(), Width::Ascii)),
        true => Some((content.len(), Width::One)),
        false => std::str::from_utf8(content).ok().map(measure),
    }
}

/// The operation that has `write` write a new text, of which it gives the length, and gives it.
pub(crate) fn fill(
    py: Python<'_>,
    helpers: &Helpers,
    count: usize,
    width: Width,
    write: impl FnOnce(&mut Blank) -> usize + Send + 'static,
) -> PyResult<Py<PyAny>> {
    let mut blank = Blank::new(py, count, width)?;
    let helpers = helpers.clone();
    let filling = Operation::new("", None, None, move |_| {
        Box::pin(async move {
            let filled =
                helpers.call(move || (write(&mut blank) == count).then_some(blank)).await.ok().flatten();
            let answer: Answer = Box::new(|_, _| match filled {
                // SAFETY: all of it was written, and measured before.
                Some(blank) => Ok(unsafe { blank.filled() }),
                None => Err(PyRuntimeError::new_err("the text could not be written")),
            });
            answer
        })
    });
    Ok(Py::new(py, filling)?.into_any())
}

/// Pieces of a text that are put together.
#[pyclass(frozen, module = "martlet._martlet")]
struct TextPieces(Mutex<Pieces>);

#[derive(Default)]
struct Pieces {
    all: Vec<Piece>,
    count: usize,
    width: Option<Width>,
}

enum Piece {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

#[pymethods]
impl TextPieces {
    #[new]
    fn new() -> Self {
        Self(Mutex::default())
    }

    /// Appends a piece.
    fn append(&self, piece: &Bound<'_, PyString>) -> PyResult<()> {
        // SAFETY: the text is alive and does not change, and what is seen of it is copied at once.
        let piece = match unsafe { piece.data() }? {
            PyStringData::Ucs1(characters) => Piece::One(characters.to_vec()),
            PyStringData::Ucs2(characters) => Piece::Two(characters.to_vec()),
            PyStringData::Ucs4(characters) => Piece::Four(characters.to_vec()),
        };
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, width) = piece.shape();
        pieces.count += count;
        pieces.width = pieces.width.max(Some(width));
        pieces.all.push(piece);
        Ok(())
    }

    /// The pieces as one text: an operation. There are none afterwards.
    fn join(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let pieces = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let width = pieces.width.unwrap_or(Width::Ascii);
        fill(py, engine()?.helpers(), pieces.count, width, move |blank| {
            pieces.all.iter().fold(0, |written, piece| written + piece.copy_to(blank, written))
        })
    }
}

impl Piece {
    fn shape(&self) -> (usize, Width) {
        match self {
            Self::One(characters) if characters.is_ascii() => (characters.len(), Width::Ascii),
            Self::One(characters) => (characters.len(), Width::One),
            // A piece is as narrow as it can be.
            Self::Two(characters) => (characters.len(), Width::Two),
            Self::Four(characters) => (characters.len(), Width::Four),
        }
    }

    fn copy_to(&self, blank: &mut Blank, from: usize) -> usize {
        match self {
            Self::One(characters) => blank.copy(from, characters),
            Self::Two(characters) => blank.copy(from, characters),
            Self::Four(characters) => blank.copy(from, characters),
        }
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TextPieces>()?;
    module.add_function(wrap_pyfunction!(decode, module)?)
}
