//! Which classes are as they were when somebody last looked: by the version that CPython gives to a class for
//! its own method cache, and takes away with every change to the class or to one it derives from.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;

/// Kept at most; classes come and go.
const MOST: usize = 64;

/// A class and its version. A version is given once: one class never has another's.
type Version = (usize, u32);

/// The triples of classes that were found in order, as they were then.
#[pyclass(frozen, module = "martlet._martlet")]
#[derive(Default)]
pub(crate) struct Versions(Mutex<Vec<[Version; 3]>>);

#[pymethods]
impl Versions {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Whether this triple was noted and none of it has changed since. None stands for a class not there yet.
    fn hold(
        &self,
        first: &Bound<'_, PyAny>,
        second: &Bound<'_, PyAny>,
        third: Option<&Bound<'_, PyAny>>,
    ) -> bool {
        let Some(triple) = triple(first, second, third) else { return false };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&triple)
    }

    /// Notes the triple as it is now.
    fn note(&self, first: &Bound<'_, PyAny>, second: &Bound<'_, PyAny>, third: Option<&Bound<'_, PyAny>>) {
        let Some(triple) = triple(first, second, third) else { return };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == MOST {
            known.clear();
        }
        known.push(triple);
    }
}

fn triple(
    first: &Bound<'_, PyAny>,
    second: &Bound<'_, PyAny>,
    third: Option<&Bound<'_, PyAny>>,
) -> Option<[Version; 3]> {
    Some([version(first)?, version(second)?, third.map_or(Some((0, 0)), version)?])
}

/// `None` for what is no class, and while it has no version. The stable ABI does not show it.
#[cfg(not(feature = "abi3"))]
fn version(class: &Bound<'_, PyAny>) -> Option<Version> {
    use pyo3::{ffi, types::PyType};

    let class = class.cast::<PyType>().ok()?.as_type_ptr();
    // SAFETY: a type object that is alive, read by a thread that is attached to the interpreter.
    let (flags, tag) = unsafe { (ffi::PyType_GetFlags(class), (*class).tp_version_tag) };
    (flags & ffi::Py_TPFLAGS_VALID_VERSION_TAG != 0 && tag != 0).then_some((class.addr(), tag))
}

#[cfg(feature = "abi3")]
fn version(_: &Bound<'_, PyAny>) -> Option<Version> {
    None
}
