//! Connections that speak HTTP.

mod http1;

pub(crate) use http1::{Filled, Http1, LARGE, SMALL, broken};
