//! `_PyDict_NewPresized`: a dict with room for that many items. All versions of CPython have it, though none promises
//! it, so that it is looked up.

use pyo3::{ffi, prelude::*};

/// Its signature: from a number of items to a new dict, or null with an exception set.
pub(crate) type Presized = unsafe extern "C" fn(ffi::Py_ssize_t) -> *mut ffi::PyObject;

/// The function; `None` where there is none, or only the stable ABI may be used.
#[cfg(all(unix, not(feature = "abi3")))]
pub(crate) fn presized_dict(py: Python<'_>) -> Option<Presized> {
    static FOUND: pyo3::sync::PyOnceLock<Option<Presized>> = pyo3::sync::PyOnceLock::new();
    *FOUND.get_or_init(py, || {
        // SAFETY: only looks the name up.
        let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_PyDict_NewPresized".as_ptr()) };
        // SAFETY: the function of this name has had this signature from Python 3.3 on.
        (!address.is_null()).then(|| unsafe { std::mem::transmute::<*mut libc::c_void, Presized>(address) })
    })
}

#[cfg(not(all(unix, not(feature = "abi3"))))]
pub(crate) fn presized_dict(_: Python<'_>) -> Option<Presized> {
    None
}
