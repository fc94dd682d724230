//! Where the bytes of a large body go, when the caller has a place for them.

use std::any::Any;

use super::source::SourceFuture;

/// A body is read into the caller's memory only when at least this much of it has not arrived yet; below
/// that, copying it once costs less than asking.
pub(crate) const WORTH_ASKING: u64 = 64 * 1024;

/// Gives memory for a body whose length is known.
pub trait Sink: Send {
    /// Memory for `length` bytes, or `None` if the engine is to take its own.
    fn allocate(&mut self, length: usize) -> SourceFuture<'_, Option<Box<dyn Buffer>>>;
}

/// The caller's memory for one body, filled from its start.
pub trait Buffer: Send {
    /// The next place to fill: not necessarily all that is left, but empty only when nothing is.
    fn space(&mut self) -> &mut [u8];

    /// The first `amount` bytes of [`Buffer::space`] are filled now.
    fn advance(&mut self, amount: usize);

    /// The buffer as what it is, for who handed it in.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}
