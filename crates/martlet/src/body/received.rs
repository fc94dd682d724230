//! The body of a reply as the caller gets it.

use bytes::Bytes;

use super::{BodyReader, Buffer};

/// The body of a reply.
pub enum Body {
    /// All of it, decoded.
    Full(Bytes),
    /// All of it, in the memory that the call's [`Sink`](super::Sink) gave.
    Filled(Box<dyn Buffer>),
    /// It is still to be read.
    Stream(Box<BodyReader>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full(bytes) => write!(f, "Full({} bytes)", bytes.len()),
            Self::Filled(_) => f.write_str("Filled"),
            Self::Stream(reader) => reader.fmt(f),
        }
    }
}
