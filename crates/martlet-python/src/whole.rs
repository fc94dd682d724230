//! `whole`: the property that `Response.content` is. Where the body is there already, as it nearly always is, it is
//! given without a frame of Python's; what else there is to do, the property's own function does.

#[cfg(not(feature = "abi3"))]
use pyo3::{
    ffi, intern,
    types::{PyBool, PyBytes},
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyType},
};

#[cfg(not(feature = "abi3"))]
use crate::{raw::response_class, versions::own_dict};

/// Adds the class to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let said = PyDict::new(py);
    said.set_item("__module__", "martlet._martlet")?;
    said.set_item(
        "__doc__",
        "The property that `Response.content` is: gives the body without a call where it has been read.",
    )?;
    let property = py.import("builtins")?.getattr("property")?;
    let class = py.get_type::<PyType>().call1(("whole", (property,), said))?.cast_into::<PyType>()?;
    // SAFETY: a class made at run time, of which there is no instance yet.
    #[cfg(not(feature = "abi3"))]
    unsafe {
        (*class.as_type_ptr()).tp_descr_get = Some(get);
    }
    module.add("whole", class)
}

/// # Safety
/// Called by the interpreter: attached, with a property, and an object or null.
#[cfg(not(feature = "abi3"))]
unsafe extern "C" fn get(
    property: *mut ffi::PyObject,
    object: *mut ffi::PyObject,
    class: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if !object.is_null() {
        // SAFETY: by what is asked of the caller.
        let (py, object) = unsafe {
            let py = Python::assume_attached();
            (py, Bound::from_borrowed_ptr(py, object))
        };
        match at_hand(&object) {
            Ok(Some(content)) => return content.into_ptr(),
            Ok(None) => {}
            Err(error) => {
                error.restore(py);
                return std::ptr::null_mut();
            }
        }
    }
    // SAFETY: `property` itself, with what it would have been called with.
    unsafe {
        match ffi::PyProperty_Type.tp_descr_get {
            Some(get) => get(property, object, class),
            None => std::ptr::null_mut(), // it always has one
        }
    }
}

/// The body, where it is in the `__dict__` of a Response; what is noted of it there is noted.
#[cfg(not(feature = "abi3"))]
fn at_hand<'py>(response: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = response.py();
    if !response.get_type().is(response_class(py)?) {
        return Ok(None);
    }
    let dict = own_dict(response)?;
    let content = dict.get_item(intern!(py, "_content"))?;
    let Some(content) = content.filter(|content| content.is_exact_instance_of::<PyBytes>()) else {
        return Ok(None);
    };
    // The engine's own has no such entry, and is read when it comes.
    let read = intern!(py, "_content_consumed");
    if dict.get_item(read)?.is_some_and(|noted| !noted.is(PyBool::new(py, true))) {
        dict.set_item(read, true)?;
    }
    Ok(Some(content))
}
