//! A body read to its end at once: into the caller's memory, into ours, or only as far as it is thrown away.

use bytes::{BufMut, Bytes, BytesMut};
use martlet_proto::coding::Coding;
use martlet_proto::limit::Limits;
use martlet_proto::{Error, Kind, Phase, Result};

use super::{Body, Buffer, Decoding, RawBody, Sink};

/// Memory taken at once on the word of a peer; a longer body makes it grow as it comes.
const TRUSTED: u64 = 1 << 20;

/// Copied before others have their turn.
const AT_ONCE: usize = 128 * 1024;

/// Reads all of `raw`, content codings undone.
///
/// # Errors
/// As [`RawBody::next`], and those of decoding.
pub(crate) async fn read_whole(
    mut raw: RawBody,
    codings: &[Coding],
    mut sink: Option<&mut (dyn Sink + 'static)>,
    limits: &Limits,
) -> Result<Body> {
    if !codings.is_empty() {
        let whole = read_decoded(raw, Decoding::new(codings, limits)?).await?;
        return given(whole, sink).await;
    }
    if let (Some(sink), Some(missing)) = (sink.as_deref_mut(), raw.missing())
        && missing >= sink.least()
        && let Some(length) = raw.remaining().and_then(|length| usize::try_from(length).ok())
        && let Some(buffer) = sink.allocate(length).await
    {
        return read_into(raw, buffer).await.map(Body::Filled);
    }
    let first = raw.take_buffered()?.unwrap_or_default();
    match raw.remaining() {
        Some(0) => Ok(Body::Full(first)),
        Some(remaining) => read_known(raw, first, remaining).await.map(Body::Full),
        None => given(read_unknown(raw, first).await?, sink).await,
    }
}

async fn given(whole: Bytes, sink: Option<&mut (dyn Sink + 'static)>) -> Result<Body> {
    match sink {
        Some(sink) => hand_over(whole, sink).await,
        None => Ok(Body::Full(whole)),
    }
}

/// Moves what was read into the caller's memory, if it is worth it and there is any: so that the caller's side
/// has nothing to copy.
///
/// # Errors
/// [`Kind::InvalidSetting`] when the memory is smaller than was asked for.
pub async fn hand_over(whole: Bytes, sink: &mut (dyn Sink + 'static)) -> Result<Body> {
    if (whole.len() as u64) < sink.least() {
        return Ok(Body::Full(whole));
    }
    let Some(mut buffer) = sink.allocate(whole.len()).await else { return Ok(Body::Full(whole)) };
    for part in whole.chunks(AT_ONCE) {
        fill(&mut *buffer, part)?;
        // Others have their turn in between.
        tokio::task::coop::consume_budget().await;
    }
    Ok(Body::Filled(buffer))
}

/// Copies to the buffer.
fn fill(buffer: &mut dyn Buffer, bytes: &[u8]) -> Result<()> {
    if buffer.remaining_mut() < bytes.len() {
        return Err(too_small());
    }
    buffer.put_slice(bytes);
    Ok(())
}

/// Reads a body that only the history will see, decoded, as far as `limits.redirect_body`; beyond that its
/// connection is given up. As in requests, a body that breaks or does not decode is no reason to stop here.
///
/// # Errors
/// [`Kind::Timeout`].
pub(crate) async fn discard(mut raw: RawBody, codings: &[Coding], limits: &Limits) -> Result<Bytes> {
    let mut whole = Vec::new();
    let mut read = 0;
    let mut decoding = Decoding::new(codings, limits).ok();
    loop {
        let piece = match raw.next().await {
            Ok(Some(piece)) => piece,
            Err(error) if error.kind() == Kind::Timeout => return Err(error),
            Ok(None) | Err(_) => break,
        };
        read += piece.len();
        match &mut decoding {
            Some(decoding) => {
                decoding.push(&piece);
                while whole.len() <= limits.redirect_body && decoding.pull(&mut whole).is_ok_and(|more| more)
                {
                }
            }
            None => whole.extend_from_slice(&piece),
        }
        if read > limits.redirect_body {
            break;
        }
    }
    whole.truncate(limits.redirect_body);
    Ok(Bytes::from(whole))
}

async fn read_into(mut raw: RawBody, mut buffer: Box<dyn Buffer>) -> Result<Box<dyn Buffer>> {
    while let Some(piece) = raw.take_buffered()? {
        fill(&mut *buffer, &piece)?;
    }
    while raw.remaining() != Some(0) {
        if !buffer.has_remaining_mut() {
            return Err(too_small());
        }
        if !raw.read_onto(&mut *buffer).await? {
            break;
        }
    }
    Ok(buffer)
}

fn too_small() -> Error {
    let message = "the buffer for the body is smaller than the body";
    Error::new(Kind::InvalidSetting, Phase::RecvBody, message)
}

async fn read_known(mut raw: RawBody, first: Bytes, remaining: u64) -> Result<Bytes> {
    let trusted = usize::try_from(remaining.min(TRUSTED)).unwrap_or_default();
    let mut whole = BytesMut::with_capacity(first.len() + trusted);
    whole.extend_from_slice(&first);
    while raw.remaining() != Some(0) {
        if whole.capacity() == whole.len() {
            let remaining = usize::try_from(raw.remaining().unwrap_or_default()).unwrap_or(usize::MAX);
            whole.reserve(remaining.min(whole.len()));
        }
        if !raw.read_onto(&mut whole).await? {
            break;
        }
    }
    Ok(whole.freeze())
}

async fn read_unknown(mut raw: RawBody, first: Bytes) -> Result<Bytes> {
    let Some(second) = raw.next().await? else { return Ok(first) };
    let mut whole = BytesMut::with_capacity(2 * (first.len() + second.len()));
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    while let Some(piece) = raw.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

async fn read_decoded(mut raw: RawBody, mut decoding: Decoding) -> Result<Bytes> {
    let mut whole = Vec::new();
    while let Some(piece) = raw.next().await? {
        decoding.push(&piece);
        while decoding.pull(&mut whole)? {
            // A small body can decode to a very large one: others have their turn in between.
            tokio::task::coop::consume_budget().await;
        }
    }
    decoding.end();
    while decoding.pull(&mut whole)? {
        tokio::task::coop::consume_budget().await;
    }
    Ok(Bytes::from(whole))
}
