//! Reads a reply with the codec as the I/O does, and shows it as requests shows it.

use martlet_proto::http1::{BodyDecoder, HeadParser, Parsed, framing, head_cut_short, keeps_alive};
use martlet_proto::limit::Limits;
use martlet_proto::{Error, Kind, Phase, Version};

/// What a caller would see of a reply, comparable with an entry of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Reply {
        status: u16,
        version: u8,
        reason: String,
        headers: Vec<(String, String)>,
        body: String,
        closes: bool,
    },
    Raised(String),
}

/// Reads a reply as the I/O does: pieces of `step` bytes, then the end of the connection.
pub(crate) fn read(method: &str, reply: &[u8], step: usize) -> Seen {
    exchange(method, reply, step).unwrap_or_else(|error| Seen::Raised(exception(&error).into()))
}

fn exchange(method: &str, reply: &[u8], step: usize) -> Result<Seen, Error> {
    let limits = Limits::default();
    let mut start = 0;
    let mut parser = HeadParser::new();
    let mut there = step.min(reply.len());
    let Parsed { head, used, sound } = loop {
        match parser.parse(&reply[start..there], &limits)? {
            Some(parsed) if (100..200).contains(&parsed.head.status) && parsed.head.status != 101 => {
                start += parsed.used;
                parser = HeadParser::new();
            }
            Some(parsed) => break parsed,
            None if there == reply.len() => return Err(head_cut_short(&reply[start..])),
            None => there = (there + step).min(reply.len()),
        }
    };
    start += used;
    let framing = framing(method, &head)?;
    let mut decoder = BodyDecoder::new(framing);
    let mut body = Vec::new();
    while !decoder.is_done() {
        if start == there {
            if there == reply.len() {
                decoder.eof()?;
                break;
            }
            there = (there + step).min(reply.len());
        }
        let piece = decoder.decode(&reply[start..there], &limits)?;
        body.extend_from_slice(&reply[start..there][piece.data.clone()]);
        start += piece.consumed;
    }
    Ok(Seen::Reply {
        status: head.status,
        version: if head.version == Version::Http10 { 10 } else { 11 },
        reason: latin1(&head.reason),
        headers: head.headers.iter().map(|(name, value)| (latin1(name), latin1(value))).collect(),
        body: latin1(&body),
        closes: !(sound && keeps_alive(&head, &framing)),
    })
}

/// The exception of requests that the binding makes of an error.
fn exception(error: &Error) -> &'static str {
    match (error.phase(), error.kind()) {
        (Phase::RecvHead, Kind::InvalidHeader) => "InvalidHeader",
        (Phase::RecvHead, Kind::Protocol | Kind::Disconnected | Kind::LimitExceeded) => "ConnectionError",
        (Phase::RecvBody, Kind::Protocol | Kind::Incomplete | Kind::LimitExceeded) => "ChunkedEncodingError",
        other => panic!("{other:?} is no error of the codec"),
    }
}

pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}
