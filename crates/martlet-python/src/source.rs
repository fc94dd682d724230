//! The engine's view of what Python supplies while an exchange runs: the pieces of an upload, memory for a reply.
//! Both only ask; the answer comes from whoever waits (bridge).

use std::{error::Error, fmt};

use bytes::Bytes;
use martlet::body::{BodySource, Buffer, Sink, SourceError, SourceFuture};

use crate::bridge::{Asker, Question, Reply};

/// A body that Python yields.
pub(crate) struct Pieces(pub(crate) Asker);

/// Python raised; the exception itself waits with the operation.
#[derive(Debug)]
struct Raised;

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of the request's body raised an exception")
    }
}

impl Error for Raised {}

impl BodySource for Pieces {
    fn next(&mut self) -> SourceFuture<'_, Result<Option<Bytes>, SourceError>> {
        Box::pin(async {
            match self.0.ask(Question::Piece).await {
                Reply::Piece(piece) => Ok(piece),
                _ => Err(Raised.into()),
            }
        })
    }

    fn rewind(&mut self) -> SourceFuture<'_, Result<(), SourceError>> {
        Box::pin(async {
            match self.0.ask(Question::Rewind).await {
                Reply::Rewound => Ok(()),
                _ => Err(Raised.into()),
            }
        })
    }
}

/// Memory that Python lends for a large body.
pub(crate) struct Lender(pub(crate) Asker);

/// Where asking is cheap, memory for one body after the other is the same memory; copying would need it twice.
const LEAST_WITHIN_THREAD: u64 = 64 * 1024;
/// Of a loop's many bodies all would have their memory at once, and each new; copying is for one at a time.
const LEAST: u64 = 1024 * 1024;

impl Sink for Lender {
    fn least(&self) -> u64 {
        if self.0.is_cheap() { LEAST_WITHIN_THREAD } else { LEAST }
    }

    fn allocate(&mut self, length: usize) -> SourceFuture<'_, Option<Box<dyn Buffer>>> {
        Box::pin(async move {
            match self.0.ask(Question::Memory(length)).await {
                Reply::Memory(memory) => memory,
                _ => None,
            }
        })
    }
}
