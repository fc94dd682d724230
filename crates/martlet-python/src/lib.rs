//! The native module `martlet._martlet`: the glue between the engine and Python.

mod allocator;
mod body;
mod bridge;
#[cfg(not(feature = "abi3"))]
mod characters;
mod client;
mod convert;
mod cookies;
mod credentials;
mod decoder;
mod environment;
mod error;
mod fields;
mod home;
mod json;
mod plain;
mod prepared;
mod raw;
mod rules;
mod session;
mod slice;
mod source;
mod state;
mod testing;
#[cfg(not(feature = "abi3"))]
mod text;
mod versions;
mod whole;

use pyo3::prelude::*;

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

#[pymodule]
fn _martlet(module: &Bound<'_, PyModule>) -> PyResult<()> {
    body::register(module)?;
    bridge::register(module)?;
    json::register(module)?;
    rules::register(module)?;
    register_text(module)?;
    whole::register(module)?;
    module.add_class::<client::Client>()?;
    module.add_class::<decoder::Decoder>()?;
    module.add_class::<raw::Raw>()?;
    module.add_class::<testing::PyServer>()?;
    module.add_class::<versions::Versions>()?;
    module.add_function(wrap_pyfunction!(nothing, module)?)
}

#[cfg(not(feature = "abi3"))]
fn register_text(module: &Bound<'_, PyModule>) -> PyResult<()> {
    text::register(module)
}

#[cfg(feature = "abi3")]
fn register_text(_: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}

/// An operation that does nothing and gives None: what the bridge itself costs.
#[pyfunction]
fn nothing() -> bridge::Operation {
    let nothing = |py: Python<'_>, _: Option<&bridge::Keep>| Ok(py.None());
    bridge::Operation::new("nothing", None, None, move |_| {
        Box::pin(async move { Box::new(nothing) as bridge::Answer })
    })
}
