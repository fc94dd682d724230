//! What is as it was when somebody last looked: classes, by the version that CPython gives to a class for its own
//! method cache, and takes away with every change to the class or to one it derives from; and what certain names
//! of certain modules stand for.
//!
//! Dictionaries have versions too, a [`Stamp`]: while it is the same, names need not be looked up again.

use std::sync::{Mutex, PoisonError};

use pyo3::{
    ffi,
    prelude::*,
    types::{PyDict, PyModule, PyString, PyType},
};

/// Kept at most; classes come and go.
const MOST: usize = 64;

/// Does what the methods of a class do begin with nobody else's `request`?
type Direct = bool;

/// A class and its version. A version is given once: one class never has another's.
type Version = (usize, u32);

/// The classes that were found in order, as they were then, and what the watched names stood for.
#[pyclass(frozen, module = "martlet._martlet")]
pub(crate) struct Versions {
    modules: Py<PyDict>,
    watched: Vec<(Py<PyString>, Vec<Py<PyString>>)>,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    classes: Vec<(Version, Direct)>,
    names: Vec<Option<Named>>,
    /// The dictionaries that `names` were last looked up in.
    places: Vec<Unchanged>,
}

/// What a name stood for. Kept alive: another object never has its address.
struct Named(Py<PyAny>, Version);

#[pymethods]
impl Versions {
    /// `watched`: names of modules, each with the names in it that are looked at where it is loaded.
    #[new]
    fn new(py: Python<'_>, watched: Vec<(Py<PyString>, Vec<Py<PyString>>)>) -> PyResult<Self> {
        let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?.unbind();
        Ok(Self { modules, watched, noted: Mutex::default() })
    }

    /// Whether this class was noted, has not changed since, and no watched name stands for something else.
    fn hold(&self, kind: &Bound<'_, PyAny>) -> bool {
        self.noted(kind).is_some()
    }

    /// Notes the class, and what the watched names stand for, as they are now.
    fn note(&self, kind: &Bound<'_, PyAny>, direct: bool) {
        let Some(class_version) = version(kind) else { return };
        let mut names = Vec::new();
        let (found, places) = self.names(kind.py());
        for found in found {
            let Some(found) = found else {
                names.push(None);
                continue;
            };
            let Some(version) = state(&found) else { return };
            names.push(Some(Named(found.unbind(), version)));
        }
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.classes.len() == MOST {
            noted.classes.clear();
        }
        if !noted.classes.iter().any(|(known, _)| *known == class_version) {
            noted.classes.push((class_version, direct));
        }
        let before =
            (std::mem::replace(&mut noted.names, names), std::mem::replace(&mut noted.places, places));
        drop(noted);
        drop(before); // may run code of Python's: not under the lock
    }
}

impl Versions {
    /// What was noted of this class, if it has not changed since and no watched name stands for something else.
    pub(crate) fn noted(&self, kind: &Bound<'_, PyAny>) -> Option<Direct> {
        let (py, Some(class_version)) = (kind.py(), version(kind)) else { return None };
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, direct) = *noted.classes.iter().find(|(known, _)| *known == class_version)?;
        if !noted.places.is_empty() && noted.places.iter().all(|place| place.holds(py)) {
            let mut names = noted.names.iter().flatten();
            let hold = names.all(|Named(object, version)| state(object.bind(py)) == Some(*version));
            return hold.then_some(direct);
        }
        drop(noted); // looking names up compares keys, which may be anybody's
        let (names, places) = self.names(py);
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = noted.names.len() == names.len()
            && noted.names.iter().zip(&names).all(|(noted, found)| match (noted, found) {
                (Some(Named(object, version)), Some(found)) => {
                    object.is(found) && state(found) == Some(*version)
                }
                // A module loaded meanwhile has to be looked at.
                (noted, found) => noted.is_none() && found.is_none(),
            });
        if holds {
            let before = std::mem::replace(&mut noted.places, places);
            drop(noted);
            drop(before);
        }
        holds.then_some(direct)
    }

    /// What the watched names stand for now, `None` where the module or the name is not there; and the dictionaries
    /// that say so, as they were before, none where one has no version.
    fn names<'py>(&self, py: Python<'py>) -> (Vec<Option<Bound<'py, PyAny>>>, Vec<Unchanged>) {
        let mut found = Vec::with_capacity(self.watched.iter().map(|(_, names)| names.len()).sum());
        let modules = self.modules.bind(py);
        let mut places = vec![Unchanged::new(modules)];
        for (module, names) in &self.watched {
            let module = modules.get_item(module).ok().flatten();
            let dict = module.and_then(|module| Some(module.cast_into::<PyModule>().ok()?.dict()));
            places.extend(dict.as_ref().map(Unchanged::new));
            for name in names {
                found.push(dict.as_ref().and_then(|dict| dict.get_item(name).ok().flatten()));
            }
        }
        (found, places.into_iter().collect::<Option<_>>().unwrap_or_default())
    }
}

/// The `__dict__` of an object whose class says nothing else about it.
///
/// # Errors
/// AttributeError where there is none.
pub(crate) fn own_dict<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: we are attached, with an object; what comes is ours, or null with an exception set.
    let dict = unsafe {
        let dict = ffi::PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(object.py(), dict)?
    };
    Ok(dict.cast_into()?)
}

/// A dictionary as it was.
pub(crate) struct Unchanged(Py<PyDict>, Stamp);

impl Unchanged {
    /// `None` where dictionaries have no stamp.
    pub(crate) fn new(dict: &Bound<'_, PyDict>) -> Option<Self> {
        Some(Self(dict.clone().unbind(), Stamp::of(dict)?))
    }

    pub(crate) fn holds(&self, py: Python<'_>) -> bool {
        Stamp::of(self.0.bind(py)) == Some(self.1)
    }
}

/// The version of a dictionary: every change replaces it by one that no dictionary ever had (PEP 509), so that it
/// stands for the dictionary and for what is in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// `None` where dictionaries have none: since Python 3.14, and the stable ABI does not show it.
    #[cfg(not(any(feature = "abi3", Py_3_14, Py_GIL_DISABLED)))]
    #[cfg_attr(
        Py_3_12,
        expect(deprecated, reason = "what is to replace it is called at each change, and costs more")
    )]
    pub(crate) fn of(dict: &Bound<'_, PyDict>) -> Option<Self> {
        // SAFETY: a dictionary that is alive, read by a thread that is attached to the interpreter.
        Some(Self(unsafe { (*dict.as_ptr().cast::<pyo3::ffi::PyDictObject>()).ma_version_tag }))
    }

    #[cfg(any(feature = "abi3", Py_3_14, Py_GIL_DISABLED))]
    pub(crate) fn of(_: &Bound<'_, PyDict>) -> Option<Self> {
        None
    }
}

/// The version of a class; what is none has only the one. `None` for a class that has no version.
fn state(object: &Bound<'_, PyAny>) -> Option<Version> {
    if object.is_instance_of::<PyType>() { version(object) } else { Some((0, 0)) }
}

/// `None` for what is no class, and while it has no version. The stable ABI does not show it.
#[cfg(not(feature = "abi3"))]
fn version(class: &Bound<'_, PyAny>) -> Option<Version> {
    let class = class.cast::<PyType>().ok()?.as_type_ptr();
    // SAFETY: a type object that is alive, read by a thread that is attached to the interpreter.
    let (flags, tag) = unsafe { (ffi::PyType_GetFlags(class), (*class).tp_version_tag) };
    (flags & ffi::Py_TPFLAGS_VALID_VERSION_TAG != 0 && tag != 0).then_some((class.addr(), tag))
}

#[cfg(feature = "abi3")]
fn version(_: &Bound<'_, PyAny>) -> Option<Version> {
    None
}
