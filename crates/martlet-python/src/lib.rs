//! The native module `martlet._martlet`: the glue between the engine and Python.

mod bridge;
mod characters;
mod client;
mod convert;
mod cookies;
mod decoder;
mod environment;
mod error;
mod json;
mod plain;
mod prepared;
mod raw;
mod rules;
mod source;
mod state;
mod testing;
mod versions;

use pyo3::prelude::*;

#[pymodule]
fn _martlet(module: &Bound<'_, PyModule>) -> PyResult<()> {
    bridge::register(module)?;
    json::register(module)?;
    rules::register(module)?;
    module.add_class::<client::Client>()?;
    module.add_class::<decoder::Decoder>()?;
    module.add_class::<raw::Raw>()?;
    module.add_class::<testing::PyServer>()?;
    module.add_class::<versions::Versions>()?;
    module.add_function(wrap_pyfunction!(nothing, module)?)
}

/// An operation that does nothing and gives None: what the bridge itself costs.
#[pyfunction]
fn nothing() -> bridge::Operation {
    let nothing = |py: Python<'_>, _: Option<&bridge::Keep>| Ok(py.None());
    bridge::Operation::new("nothing", None, None, move |_| {
        Box::pin(async move { Box::new(nothing) as bridge::Answer })
    })
}
