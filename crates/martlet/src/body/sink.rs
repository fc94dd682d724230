//! Where the bytes of a large body go, when the caller has a place for them.

use std::any::Any;

use bytes::{BufMut, BytesMut, buf::Limit};

use super::source::SourceFuture;

/// Gives memory for a body whose length is known.
pub trait Sink: Send {
    /// A body is worth asking for when at least this many bytes of it have not arrived yet: below, copying it costs
    /// less.
    fn least(&self) -> u64 {
        64 * 1024
    }

    /// Memory for `length` bytes, or `None` if the engine is to take its own.
    fn allocate(&mut self, length: usize) -> SourceFuture<'_, Option<Box<dyn Buffer>>>;
}

/// The caller's memory for one body, filled from its start; full when nothing of it remains.
pub trait Buffer: BufMut + Send {
    /// The buffer as what it is, for who handed it in.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

/// Memory of one's own: `BytesMut::with_capacity(length).limit(length)`.
impl Buffer for Limit<BytesMut> {
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
