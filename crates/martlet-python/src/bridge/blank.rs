//! A text that is being filled: made by a thread that is attached, filled by any other without the interpreter.
//!
//! The object is new and nobody else has seen it until it is full, as with a body (`memory.rs`). The stable ABI has no
//! way to make one.

use std::{mem::MaybeUninit, slice};

use pyo3::{ffi, prelude::*};

use crate::characters::{Place, Width, copy, write};

/// A text of a known length and width without its characters.
pub(crate) struct Blank {
    object: Py<PyAny>,
    start: *mut u8,
    count: usize,
    width: Width,
}

// SAFETY: the memory behind `start` belongs to `object`, which this value owns alone until `filled`; `Py` itself may
// be moved and dropped on any thread.
unsafe impl Send for Blank {}

impl Blank {
    /// Memory for `count` characters.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub(crate) fn new(py: Python<'_>, count: usize, width: Width) -> PyResult<Self> {
        // SAFETY: we are attached; what is made is ours.
        let (object, start) = unsafe {
            let object = ffi::PyUnicode_New(count.cast_signed(), width.greatest());
            let object = Bound::from_owned_ptr_or_err(py, object)?;
            let start = ffi::PyUnicode_DATA(object.as_ptr()).cast();
            (object.unbind(), start)
        };
        Ok(Self { object, start, count, width })
    }

    /// Where its characters begin, in places of the width it was made with.
    #[inline]
    pub(crate) fn start<P>(&mut self) -> *mut P {
        self.start.cast()
    }

    /// The places from the one with number `from` on.
    ///
    /// # Safety
    /// `P` is as wide as the text.
    unsafe fn places<P>(&mut self, from: usize) -> &mut [MaybeUninit<P>] {
        let from = from.min(self.count);
        // SAFETY: within the object, by what was asked of the caller; reached through this value alone.
        unsafe { slice::from_raw_parts_mut(self.start::<MaybeUninit<P>>().add(from), self.count - from) }
    }

    /// Writes the characters of `text` from the beginning; gives how many.
    #[inline]
    pub(crate) fn write(&mut self, text: &str) -> usize {
        // SAFETY: the width is looked at.
        unsafe {
            match self.width {
                Width::Ascii | Width::One => write(text, self.places::<u8>(0)),
                Width::Two => write(text, self.places::<u16>(0)),
                Width::Four => write(text, self.places::<u32>(0)),
            }
        }
    }

    /// Writes characters that are no wider than the text, from place `from` on; gives how many.
    pub(crate) fn copy<P: Place + Into<u32>>(&mut self, from: usize, characters: &[P]) -> usize {
        let characters = characters.iter().map(|character| (*character).into());
        // SAFETY: the width is looked at.
        unsafe {
            match self.width {
                Width::Ascii | Width::One => copy(characters, self.places::<u8>(from)),
                Width::Two => copy(characters, self.places::<u16>(from)),
                Width::Four => copy(characters, self.places::<u32>(from)),
            }
        }
    }

    /// The text.
    ///
    /// # Safety
    /// Every place has been written, and at least one character is as wide as was said.
    #[inline]
    pub(crate) unsafe fn filled(self) -> Py<PyAny> {
        self.object
    }
}
