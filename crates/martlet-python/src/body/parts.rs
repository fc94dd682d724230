//! What a body is made of while it is made: bytes, and long texts that are encoded later, without the interpreter.

use bytes::Bytes;
use martlet::runtime::Helpers;
use martlet_proto::{characters::Characters, form, json};
use pyo3::{
    exceptions::PyRuntimeError,
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyBytes, PyString},
};

use super::letters::{LONG, Letters, characters};
use crate::bridge::{Answer, Ours};

/// Bytes of a part. Less than this is written in place, and growing to it moves few.
const PART: usize = 512 * 1024;

/// Bytes that are given back to the system by a helper thread: it takes a tenth of a millisecond for each of them.
const LARGE: usize = 1024 * 1024;

/// How texts become bytes.
#[derive(Clone, Copy)]
pub(crate) enum Coding {
    /// Quoted and escaped, as `json.dumps` does.
    Json,
    /// Percent-encoded, as `urllib.parse.urlencode` does.
    Form,
    Utf8,
}

impl Coding {
    /// Writes a text. False for a lone surrogate, where that has no bytes.
    #[inline]
    fn push(self, out: &mut Vec<u8>, text: Characters<'_>) -> bool {
        match self {
            Self::Json => {
                json::push_string(out, text);
                true
            }
            Self::Form => form::push_text(out, text),
            Self::Utf8 => text.utf8(|piece| out.extend_from_slice(piece)),
        }
    }
}

/// The parts of a body, in order.
pub(crate) struct Parts {
    coding: Coding,
    done: Vec<Part>,
    /// The last, which is being written.
    pub(super) open: Vec<u8>,
}

enum Part {
    Written(Vec<u8>),
    Text(Letters),
    /// Bytes of a form, not yet encoded.
    Octets(PyBackedBytes),
}

impl Parts {
    pub(super) fn new(coding: Coding) -> Self {
        Self { coding, done: Vec::new(), open: Vec::with_capacity(128) }
    }

    /// The UTF-8 of one text; `None` where its characters cannot be seen.
    pub(crate) fn of_text(text: &Bound<'_, PyString>) -> Option<Self> {
        let done = vec![Part::Text(Letters::new(text)?)];
        Some(Self { coding: Coding::Utf8, done, open: Vec::new() })
    }

    /// Appends a text and gives the number of bytes encoded for it; `None` if it cannot be encoded.
    #[inline]
    pub(super) fn text(&mut self, text: &Bound<'_, PyString>) -> Option<usize> {
        let characters = characters(text)?;
        let length = characters.len();
        if length < LONG {
            return self.coding.push(&mut self.open, characters).then_some(length);
        }
        let text = Letters::new(text)?;
        self.close();
        self.done.push(Part::Text(text));
        Some(0)
    }

    /// Appends bytes to a form and gives the number of those encoded for it.
    pub(super) fn octets(&mut self, bytes: &Bound<'_, PyBytes>) -> usize {
        let length = bytes.as_bytes().len();
        if length < LONG {
            form::push_bytes(&mut self.open, bytes.as_bytes());
            return length;
        }
        self.close();
        self.done.push(Part::Octets(PyBackedBytes::from(bytes.clone())));
        0
    }

    /// Begins another part when the last is large enough.
    #[inline]
    pub(super) fn roll(&mut self) {
        if self.open.len() >= PART {
            self.close();
        }
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.done.push(Part::Written(std::mem::take(&mut self.open)));
        }
    }

    /// Is nothing left to be done that takes long?
    pub(super) fn is_short(&self) -> bool {
        self.done.is_empty()
    }

    /// The whole, by whatever thread. The error is a text that cannot be encoded.
    pub(super) fn join(self) -> Result<Vec<u8>, Letters> {
        if self.done.is_empty() {
            return Ok(self.open);
        }
        let mut whole = Vec::with_capacity(self.done.iter().map(Part::len).sum::<usize>() + self.open.len());
        for part in self.done {
            match part {
                Part::Written(bytes) => whole.extend_from_slice(&bytes),
                Part::Octets(bytes) => form::push_bytes(&mut whole, &bytes),
                Part::Text(text) if self.coding.push(&mut whole, text.characters()) => {}
                Part::Text(text) => return Err(text),
            }
        }
        whole.extend_from_slice(&self.open);
        Ok(whole)
    }

    /// The whole, made by a helper thread; else the answer of an operation that it was for.
    pub(crate) async fn encoded(self, helpers: &Helpers) -> Result<Vec<u8>, Answer> {
        match helpers.call(move || self.join()).await {
            Ok(Ok(whole)) => Ok(whole),
            Ok(Err(text)) => Err(Box::new(move |py, _| Err(text.refusal(py)))),
            Err(error) => Err(Box::new(move |_, _| Err(PyRuntimeError::new_err(error.to_string())))),
        }
    }
}

impl Part {
    /// About how many bytes it will be.
    fn len(&self) -> usize {
        match self {
            Self::Written(bytes) => bytes.len(),
            Self::Text(text) => text.characters().len() + 2,
            Self::Octets(bytes) => bytes.len(),
        }
    }
}

/// Bytes that many share. Whoever lets go of them last need not wait until their memory is given back.
pub(crate) fn shared(whole: Vec<u8>, helpers: &Helpers) -> Bytes {
    if whole.len() < LARGE {
        return Bytes::from(whole);
    }
    Bytes::from_owner(Whole { whole, helpers: Ours::new(helpers.clone()) })
}

struct Whole {
    whole: Vec<u8>,
    helpers: Ours<Helpers>,
}

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        &self.whole
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        let whole = std::mem::take(&mut self.whole);
        if let Some(helpers) = self.helpers.get() {
            helpers.run(Box::new(move || drop(whole)));
        }
    }
}
