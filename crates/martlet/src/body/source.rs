//! Where the bytes of an uploaded body come from.

use std::error::Error;
use std::future::{Future, ready};
use std::pin::Pin;

use bytes::Bytes;
use martlet_proto::{Error as ExchangeError, Kind, Phase};

/// What a source's failure may be; it is handed on as the cause of the exchange's error.
pub type SourceError = Box<dyn Error + Send + Sync>;

/// A boxed future of a source or a sink.
pub type SourceFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The bytes of a body, piece by piece. The next piece is asked for when the one before has been
/// written, so that a slow peer holds the source back.
pub trait BodySource: Send {
    /// The next piece; `None` at the end. An empty piece is passed over.
    fn next(&mut self) -> SourceFuture<'_, Result<Option<Bytes>, SourceError>>;

    /// Goes back to the start, for a second sending after a redirect, a challenge or a retry. Called only
    /// when the request's body says that it is rewindable.
    fn rewind(&mut self) -> SourceFuture<'_, Result<(), SourceError>>;
}

/// Puts the body's source back to its start, to send it once more.
pub(crate) async fn rewind(source: &mut Option<Box<dyn BodySource>>) -> martlet_proto::Result<()> {
    let Some(source) = source else { return Ok(()) };
    source.rewind().await.map_err(|cause| {
        let message = format!("The body has to be sent again, and its source cannot be rewound: {cause}");
        ExchangeError::new(Kind::UnrewindableBody, Phase::SendBody, message).with_source(cause)
    })
}

/// A source that yields these pieces; it can be rewound.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut source = martlet::body::from_chunks(["one", "two"]);
/// assert_eq!(source.next().await.unwrap().unwrap(), "one");
/// # });
/// ```
pub fn from_chunks<B: Into<Bytes>>(chunks: impl IntoIterator<Item = B>) -> Box<dyn BodySource> {
    let chunks: Vec<Bytes> = chunks.into_iter().map(Into::into).collect();
    Box::new(Chunks { chunks, at: 0 })
}

struct Chunks {
    chunks: Vec<Bytes>,
    at: usize,
}

impl BodySource for Chunks {
    fn next(&mut self) -> SourceFuture<'_, Result<Option<Bytes>, SourceError>> {
        let chunk = self.chunks.get(self.at).cloned();
        self.at += 1;
        Box::pin(ready(Ok(chunk)))
    }

    fn rewind(&mut self) -> SourceFuture<'_, Result<(), SourceError>> {
        self.at = 0;
        Box::pin(ready(Ok(())))
    }
}
