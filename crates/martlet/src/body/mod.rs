//! The bodies of requests and replies.

mod decode;
mod raw;
mod reader;
mod received;
mod sink;
mod source;
mod whole;

pub use decode::Decoding;
pub use reader::BodyReader;
pub use received::Body;
pub use sink::{Buffer, Sink};
pub use source::{BodySource, SourceError, SourceFuture, from_chunks};
pub use whole::hand_over;

pub(crate) use raw::RawBody;
pub(crate) use source::rewind;
pub(crate) use whole::{discard, read_whole};
