//! Connections that speak HTTP.

mod http1;
mod upload;

pub(crate) use http1::{Filled, Http1, LARGE, SMALL};
pub(crate) use upload::{Opening, Sending, Upload};
