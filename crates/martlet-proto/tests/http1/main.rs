//! The HTTP/1.1 codec as a whole: against requests, the public corpora, and any bytes at all.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod corpora;
mod properties;
mod read;
mod replies;

use std::path::PathBuf;

use serde_json::Value;

/// The entries of one of `tests/tables`.
fn table(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tables").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
