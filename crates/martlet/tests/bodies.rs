//! Bodies of replies: whole and streamed, framed and coded in every way, complete and cut short.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod peer;

use std::io::Write;

use bytes::{BufMut, Bytes, BytesMut, buf::Limit};
use martlet::body::{Buffer, Sink, SourceFuture};
use martlet::{Body, Call, Client, Kind, Phase};
use peer::*;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 3).unwrap()
}

/// "martlet" ten times, by the reference encoder.
const BROTLI: &[u8] = &[
    0x1b, 0x45, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x15, 0xd6, 0xd6, 0x65, 0x6c, 0x72, 0x74, 0xe2,
    0x9e, 0x48, 0x60, 0xd6, 0x32,
];

fn text() -> Vec<u8> {
    (0..20_000u32).flat_map(|number| number.to_string().into_bytes()).collect()
}

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Frame {
    Length,
    Chunked,
    UntilClose,
}

const FRAMES: [Frame; 3] = [Frame::Length, Frame::Chunked, Frame::UntilClose];

/// A reply's bytes.
fn framed(frame: Frame, coding: &str, body: &[u8]) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\n".to_vec();
    if !coding.is_empty() {
        out.extend(format!("Content-Encoding: {coding}\r\n").bytes());
    }
    match frame {
        Frame::Length => out.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes()),
        Frame::Chunked => out.extend(b"Transfer-Encoding: chunked\r\n\r\n"),
        Frame::UntilClose => out.extend(b"\r\n"),
    }
    match frame {
        Frame::Length | Frame::UntilClose => out.extend(body),
        Frame::Chunked => {
            for chunk in body.chunks(1000) {
                out.extend(format!("{:x}\r\n", chunk.len()).bytes());
                out.extend(chunk);
                out.extend(b"\r\n");
            }
            out.extend(b"0\r\n\r\n");
        }
    }
    out
}

/// The ways to read a body.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Whole,
    Chunks,
    Reads,
    IntoSink,
}

const WAYS: [Way; 4] = [Way::Whole, Way::Chunks, Way::Reads, Way::IntoSink];

async fn read(client: &Client, peer: &Peer, way: Way) -> Result<Bytes, (Kind, Phase)> {
    let sink = (way == Way::IntoSink).then(|| Box::new(Memory) as Box<dyn Sink>);
    let call = Call { stream: matches!(way, Way::Chunks | Way::Reads), sink, ..peer.get("/") };
    let response = client.execute(call).await.map_err(|failure| failure.error);
    let outcome = async {
        let mut reader = match response?.body {
            Body::Full(bytes) => return Ok(bytes),
            Body::Filled(buffer) => return Ok(received(buffer)),
            Body::Stream(reader) => reader,
        };
        let mut all = Vec::new();
        loop {
            let piece = match way {
                Way::Reads => reader.read(777, true).await?,
                _ => reader.chunk(true).await?.unwrap_or_default(),
            };
            if piece.is_empty() {
                return Ok(Bytes::from(all));
            }
            all.extend_from_slice(&piece);
        }
    };
    outcome.await.map_err(|error: martlet::Error| (error.kind(), error.phase()))
}

/// Memory for bodies that are not very small.
struct Memory;

type Filling = Limit<BytesMut>;

impl Sink for Memory {
    fn least(&self) -> u64 {
        10_000
    }

    fn allocate(&mut self, length: usize) -> SourceFuture<'_, Option<Box<dyn Buffer>>> {
        Box::pin(
            async move { Some(Box::new(BytesMut::with_capacity(length).limit(length)) as Box<dyn Buffer>) },
        )
    }
}

fn received(buffer: Box<dyn Buffer>) -> Bytes {
    let filled = buffer.into_any().downcast::<Filling>().unwrap();
    assert!(!filled.has_remaining_mut());
    filled.into_inner().freeze()
}

#[tokio::test]
async fn every_framing_and_coding_is_read_in_every_way() {
    let text = text();
    let two_members = [gzip(&text[..999]), gzip(&text[999..])].concat();
    let two_frames = [zstd(&text[..999]), zstd(&text[999..])].concat();
    let padded = [gzip(&text), vec![0; 100]].concat();
    let codings: [(&str, Vec<u8>); 9] = [
        ("", text.clone()),
        ("gzip", gzip(&text)),
        ("x-gzip", two_members),
        ("gzip", padded),
        ("deflate", deflate(&text)),
        ("deflate", raw_deflate(&text)),
        ("zstd", zstd(&text)),
        ("zstd", two_frames),
        ("gzip, zstd", zstd(&gzip(&text))),
    ];
    for (coding, body) in &codings {
        for frame in FRAMES {
            let wire = framed(frame, coding, body);
            let closing = if frame == Frame::UntilClose { Close } else { ClientCloses };
            let peer = Peer::play(WAYS.map(|_| vec![Head, say(&wire), closing.clone()]));
            for way in WAYS {
                let client = Client::default();
                let read = read(&client, &peer, way).await;
                assert!(read.as_deref() == Ok(&text[..]), "{coding} {frame:?} {way:?}");
                let kept = usize::from(frame != Frame::UntilClose);
                assert_eq!(counts(&client), (kept, kept), "{coding} {frame:?} {way:?}");
            }
            peer.finish();
        }
    }
}

#[tokio::test]
async fn brotli_is_decoded_and_an_empty_coded_body_is_empty() {
    let peer = Peer::play([vec![
        Head,
        say(framed(Frame::Length, "br", BROTLI)),
        Head,
        say(framed(Frame::Length, "br", b"")),
        Head,
        say(framed(Frame::Chunked, "gzip", b"")),
    ]]);
    let client = Client::default();
    assert_eq!(read(&client, &peer, Way::Whole).await.unwrap(), "martlet".repeat(10));
    assert_eq!(read(&client, &peer, Way::Whole).await.unwrap(), "");
    assert_eq!(read(&client, &peer, Way::Chunks).await.unwrap(), "");
    peer.finish();
}

#[tokio::test]
async fn a_body_cut_short_is_an_error_on_every_path() {
    let text = text();
    for (coding, body) in [("", text.clone()), ("gzip", gzip(&text)), ("zstd", zstd(&text))] {
        for frame in FRAMES {
            // Without a length or a coding nobody can know.
            if frame == Frame::UntilClose && coding.is_empty() {
                continue;
            }
            let wire = framed(frame, coding, &body);
            let cut = &wire[..wire.len() - 10];
            let peer = Peer::play(WAYS.map(|_| vec![Head, say(cut), Close]));
            for way in WAYS {
                let client = Client::default();
                let (kind, phase) = read(&client, &peer, way).await.unwrap_err();
                let decoding = frame == Frame::UntilClose;
                let expected = if decoding { Phase::Decode } else { Phase::RecvBody };
                assert_eq!((kind, phase), (Kind::Incomplete, expected), "{coding} {frame:?} {way:?}");
                assert_eq!(counts(&client), (0, 0));
            }
            peer.finish();
        }
    }
}

#[tokio::test]
async fn a_coding_cut_short_within_a_complete_frame_is_an_error() {
    let text = text();
    let bodies =
        [("gzip", gzip(&text)), ("deflate", deflate(&text)), ("zstd", zstd(&text)), ("br", BROTLI.to_vec())];
    for (coding, body) in bodies {
        let wire = framed(Frame::Length, coding, &body[..body.len() - 5]);
        let peer = Peer::play(WAYS.map(|_| vec![Head, say(&wire), ClientCloses]));
        for way in WAYS {
            let failed = read(&Client::default(), &peer, way).await.unwrap_err();
            assert_eq!(failed, (Kind::Incomplete, Phase::Decode), "{coding} {way:?}");
        }
        peer.finish();
    }
}

#[tokio::test]
async fn what_is_not_as_its_coding_says_is_an_error() {
    for coding in ["gzip", "deflate", "zstd", "br"] {
        let wire = framed(Frame::Length, coding, b"\xff\xff this is not compressed at all");
        let peer = Peer::play([vec![Head, say(&wire), ClientCloses]]);
        let failed = read(&Client::default(), &peer, Way::Whole).await.unwrap_err();
        assert_eq!(failed, (Kind::Decode, Phase::Decode), "{coding}");
        peer.finish();
    }
}

#[tokio::test]
async fn a_zstd_window_beyond_the_limit_is_refused() {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(24).unwrap();
    encoder.write_all(&vec![7; 20 << 20]).unwrap();
    let wire = framed(Frame::Length, "zstd", &encoder.finish().unwrap());
    let peer = Peer::play([vec![Head, say(wire), ClientCloses]]);
    let failed = read(&Client::default(), &peer, Way::Whole).await.unwrap_err();
    assert_eq!(failed, (Kind::Decode, Phase::Decode));
    peer.finish();
}

#[tokio::test]
async fn decoded_pieces_are_bounded_however_well_the_body_was_compressed() {
    let wire = framed(Frame::Length, "gzip", &gzip(&vec![0; 10 << 20]));
    let peer = Peer::play([vec![Head, say(wire), ClientCloses]]);
    let client = Client::default();
    let mut response = client.execute(Call { stream: true, ..peer.get("/") }).await.unwrap();
    let mut total = 0;
    while let Some(piece) = response.chunk().await.unwrap() {
        assert!(piece.len() <= 128 * 1024, "{}", piece.len());
        total += piece.len();
    }
    assert_eq!(total, 10 << 20);
    drop(client);
    peer.finish();
}

#[tokio::test]
async fn the_first_read_chooses_raw_or_decoded() {
    let body = gzip(b"words");
    let wire = framed(Frame::Length, "gzip", &body);
    let peer = Peer::play([vec![Head, say(&wire), Head, say(&wire)]]);
    let client = Client::default();
    let stream = || Call { stream: true, ..peer.get("/") };
    let Body::Stream(mut reader) = client.execute(stream()).await.unwrap().body else { panic!() };
    assert_eq!(reader.read_to_end(false).await.unwrap(), body);
    let Body::Stream(mut reader) = client.execute(stream()).await.unwrap().body else { panic!() };
    assert_eq!(reader.read(2, true).await.unwrap(), "wo");
    assert_eq!(reader.chunk(false).await.unwrap_err().kind(), Kind::StreamConsumed);
    assert_eq!(reader.read_to_end(true).await.unwrap(), "rds");
    assert_eq!(reader.chunk(true).await.unwrap(), None);
    assert!(reader.is_ended());
    peer.finish();
}

#[tokio::test]
async fn a_streamed_body_dropped_unread_closes_its_connection() {
    let peer =
        Peer::play([vec![Head, say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), ClientCloses]]);
    let client = Client::default();
    let mut response = client.execute(Call { stream: true, ..peer.get("/") }).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "half");
    assert_eq!(counts(&client), (1, 0));
    drop(response);
    assert_eq!(counts(&client), (0, 0));
    peer.finish();
}

#[tokio::test]
async fn a_body_that_has_failed_stays_failed() {
    let peer = Peer::play([vec![Head, say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), Close]]);
    let call = Call { stream: true, ..peer.get("/") };
    let Body::Stream(mut reader) = Client::default().execute(call).await.unwrap().body else { panic!() };
    assert_eq!(reader.read(9, true).await.unwrap_err().kind(), Kind::Incomplete);
    assert_eq!(reader.read(1, true).await.unwrap_err().kind(), Kind::StreamConsumed);
    peer.finish();
}

#[tokio::test]
async fn a_chunked_body_comes_chunk_by_chunk_and_its_trailers_are_kept() {
    let wire =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n";
    let peer = Peer::play([vec![Head, say(wire)]]);
    let call = Call { stream: true, ..peer.get("/") };
    let Body::Stream(mut reader) = Client::default().execute(call).await.unwrap().body else { panic!() };
    assert_eq!(reader.chunk(true).await.unwrap().unwrap(), "ab");
    assert_eq!(reader.chunk(true).await.unwrap().unwrap(), "c");
    assert_eq!(reader.chunk(true).await.unwrap(), None);
    assert_eq!(reader.trailers().unwrap().get("x-sum").unwrap(), b"1");
    peer.finish();
}

#[tokio::test]
async fn what_has_arrived_is_handed_over_whole_or_left_where_it_is() {
    let chunked =
        |rest: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n{rest}");
    let coded = framed(Frame::Length, "gzip", &gzip(b"words"));
    let peer = Peer::play([
        vec![
            Head,
            say(chunked("1\r\nc\r\n0\r\n\r\n")),
            Head,
            say(coded),
            Head,
            say(chunked("")),
            ClientCloses,
        ],
        vec![Head, say(chunked("zz\r\n")), ClientCloses],
    ]);
    let client = Client::default();
    let stream = || Call { stream: true, ..peer.get("/") };
    let Body::Stream(mut reader) = client.execute(stream()).await.unwrap().body else { panic!() };
    assert_eq!(reader.arrived(true).unwrap(), ["ab", "c"]);
    assert!(reader.is_ended());
    assert_eq!(counts(&client), (1, 1));
    let Body::Stream(mut reader) = client.execute(stream()).await.unwrap().body else { panic!() };
    assert_eq!(reader.arrived(true), None);
    assert_eq!(reader.read_to_end(true).await.unwrap(), "words");
    let Body::Stream(mut reader) = client.execute(stream()).await.unwrap().body else { panic!() };
    assert_eq!(reader.arrived(true), None);
    assert_eq!(reader.chunk(true).await.unwrap().unwrap(), "ab");
    drop(reader);
    let Body::Stream(mut reader) = client.execute(stream()).await.unwrap().body else { panic!() };
    assert_eq!(reader.arrived(false), None);
    assert_eq!(reader.chunk(false).await.unwrap().unwrap(), "ab");
    assert_eq!(reader.chunk(false).await.unwrap_err().kind(), Kind::Protocol);
    drop(client);
    peer.finish();
}

#[tokio::test]
async fn a_large_body_goes_straight_into_the_callers_memory() {
    let text: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    let peer = Peer::play([vec![Head, say(framed(Frame::Length, "", &text))]]);
    let call = Call { sink: Some(Box::new(Memory)), ..peer.get("/") };
    let Body::Filled(buffer) = Client::default().execute(call).await.unwrap().body else { panic!() };
    assert!(received(buffer) == text);
    peer.finish();
}

#[tokio::test]
async fn replies_without_a_body_give_the_connection_back_at_once() {
    let peer = Peer::play([vec![
        Head,
        say("HTTP/1.1 204 No Content\r\n\r\n"),
        Head,
        say("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
    ]]);
    let client = Client::default();
    for _ in 0..2 {
        let response = client.execute(Call { stream: true, ..peer.get("/") }).await.unwrap();
        assert_eq!(counts(&client), (1, 1));
        assert_eq!(response.bytes().await.unwrap(), "");
    }
    peer.finish();
}
