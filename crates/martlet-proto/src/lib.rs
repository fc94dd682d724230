//! The rules of martlet, without I/O, clock, threads or Python.
//!
//! Everything here is a function of its arguments: `now` and randomness are handed in, bytes
//! are handed in and out. The I/O crate `martlet` asks ("what next?"), does it, and reports
//! back; the heart is [`exchange`], one logical request as a state machine.
#![forbid(unsafe_code)]

pub mod auth;
pub mod body;
pub mod characters;
pub mod charset;
pub mod coding;
pub mod cookie;
pub mod error;
pub mod exchange;
pub mod form;
pub mod headers;
pub mod http1;
pub mod json;
pub mod limit;
pub mod link;
pub mod multipart;
pub mod netrc;
pub mod proxy;
pub mod pystr;
pub mod redirect;
pub mod request;
pub mod response;
pub mod retry;
pub mod timeout;
pub mod url;

pub use error::{Detail, Error, Kind, Phase, Result};
pub use headers::Headers;
pub use request::{Body, Request};
pub use response::{ResponseHead, Version};
pub use timeout::Timeouts;
pub use url::Url;
