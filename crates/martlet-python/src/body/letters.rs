//! The characters of a str as the interpreter keeps them, to be read also by a thread that is not attached to it. The
//! stable ABI shows them in UTF-8 only.

use martlet_proto::characters::Characters;
use pyo3::{prelude::*, types::PyString};

/// Texts from this size on, in bytes, are encoded without the interpreter: it takes about a fifth of a millisecond.
pub(super) const LONG: usize = 64 * 1024;

/// The characters of a text; `None` where they cannot be seen.
#[cfg(not(feature = "abi3"))]
#[inline]
pub(super) fn characters<'a>(text: &'a Bound<'_, PyString>) -> Option<Characters<'a>> {
    use pyo3::types::string::PyStringData;

    // SAFETY: the text is alive, and no text changes.
    match unsafe { text.data() }.ok()? {
        PyStringData::Ucs1(characters) => Some(Characters::One(characters)),
        PyStringData::Ucs2(characters) => Some(Characters::Two(characters)),
        PyStringData::Ucs4(characters) => Some(Characters::Four(characters)),
    }
}

#[cfg(feature = "abi3")]
pub(super) fn characters<'a>(text: &'a Bound<'_, PyString>) -> Option<Characters<'a>> {
    text.to_str().ok().map(Characters::Utf8)
}

/// Is its UTF-8 a copy that takes long to make? That of ASCII is the text itself.
#[cfg(not(feature = "abi3"))]
pub(crate) fn is_long_in_utf8(text: &Bound<'_, PyString>) -> bool {
    // SAFETY: it is a text, and we are attached.
    let is_ascii = unsafe { pyo3::ffi::PyUnicode_IS_ASCII(text.as_ptr()) } != 0;
    !is_ascii && characters(text).is_some_and(|characters| characters.len() >= LONG)
}

#[cfg(feature = "abi3")]
pub(crate) fn is_long_in_utf8(_: &Bound<'_, PyString>) -> bool {
    false
}

/// A text that is held.
pub(super) struct Letters {
    text: Py<PyString>,
    characters: Characters<'static>,
}

impl Letters {
    /// `None` where its characters cannot be seen.
    pub(super) fn new(text: &Bound<'_, PyString>) -> Option<Self> {
        let characters = characters(text)?;
        // SAFETY: they lie within the object, which is held beside them and does not change; what is given away of
        // them (`characters`) is borrowed from this value.
        let characters = unsafe { std::mem::transmute::<Characters<'_>, Characters<'static>>(characters) };
        Some(Self { text: text.clone().unbind(), characters })
    }

    pub(super) fn characters(&self) -> Characters<'_> {
        self.characters
    }

    /// What Python raises for a text that UTF-8 has no bytes for.
    pub(super) fn refusal(&self, py: Python<'_>) -> PyErr {
        let encoded = self.text.bind(py).call_method1("encode", ("utf-8",));
        encoded.err().unwrap_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("the body was not encoded"))
    }
}
