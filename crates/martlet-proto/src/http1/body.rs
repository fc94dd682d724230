//! Which of the bytes that arrive are the body's, without copying them.
//!
//! The decoder is handed what was read, takes framing and at most one run of data from its start,
//! and says where in it the data lies. It keeps state byte by byte, so the same input in other pieces
//! gives the same body. What follows a complete body is not touched.

use std::ops::Range;

use super::fields::parse_fields;
use super::framing::Framing;
use crate::limit::Limits;
use crate::{Error, Headers, Kind, Phase, Result};

/// What one call of [`BodyDecoder::decode`] took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the input that were used up; hand the rest in again, unless done.
    pub consumed: usize,
    /// Where in the input the body's bytes are; may be empty.
    pub data: Range<usize>,
    /// Has the body ended? What is behind `consumed` is not its own.
    pub done: bool,
    /// Does `data` end a chunk of a chunked body?
    pub chunk_end: bool,
}

/// Takes one body out of the bytes of a connection.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
    received: u64,
    trailers: Trailers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// This many bytes of data are to come, at least one.
    Length(u64),
    UntilClose,
    /// In the line of a chunk's size.
    Size(SizeLine),
    /// This many bytes of the chunk are to come, at least one.
    Chunk(u64),
    /// Between a chunk's data and the CR behind it.
    ChunkCr,
    /// Between that CR and its LF.
    ChunkLf,
    Trailer,
    Done,
}

/// The line of a chunk's size as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SizeLine {
    size: u64,
    part: Part,
    bytes: usize,
}

/// The part of the size line that the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// White space before the digits, which urllib3 takes.
    Before,
    Digits,
    /// White space behind the digits, which old servers pad with.
    Behind,
    Extension,
    /// Behind the CR that must end the line.
    Lf,
}

#[derive(Debug, Default)]
struct Trailers {
    bytes: Vec<u8>,
    lines: usize,
    line_start: usize,
    headers: Option<Headers>,
}

impl BodyDecoder {
    /// A decoder for one body.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size(SizeLine::NEW),
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, received: 0, trailers: Trailers::default() }
    }

    /// Takes the next run of data from the start of `input`. Call it again with what is behind
    /// [`Piece::consumed`] while something is, and until it is done.
    ///
    /// # Errors
    /// In [`Phase::RecvBody`]: [`Kind::Protocol`] when the chunks are malformed, [`Kind::LimitExceeded`] when
    /// a chunk's size line or the trailers are too long. The decoder is not to be used after an error.
    pub fn decode(&mut self, input: &[u8], limits: &Limits) -> Result<Piece> {
        let mut at = 0;
        while let Some(byte) = input.get(at) {
            match self.state {
                State::Length(_) | State::Chunk(_) | State::UntilClose => {
                    return Ok(self.take_data(at, input.len()));
                }
                State::Size(line) => self.state = self.read_size(line, *byte, limits)?,
                State::ChunkCr => self.state = self.expect(*byte, b'\r', State::ChunkLf)?,
                State::ChunkLf => self.state = self.expect(*byte, b'\n', State::Size(SizeLine::NEW))?,
                State::Trailer => self.state = self.trailers.read(*byte, limits)?,
                State::Done => break,
            }
            at += 1;
        }
        Ok(Piece { consumed: at, data: at..at, done: self.is_done(), chunk_end: false })
    }

    /// The connection has ended. Fine where that ends the body, and behind the last chunk's line (as urllib3;
    /// RFC 9112 section 8 calls such a body complete).
    ///
    /// # Errors
    /// [`Kind::Incomplete`] in [`Phase::RecvBody`] when bytes are missing.
    pub fn eof(&mut self) -> Result<()> {
        let message = match self.state {
            State::Done | State::UntilClose | State::Trailer => {
                self.state = State::Done;
                return Ok(());
            }
            State::Length(missing) | State::Chunk(missing) => format!(
                "Connection broken: IncompleteRead({} bytes read, {missing} more expected)",
                self.received
            ),
            State::Size(_) | State::ChunkCr | State::ChunkLf => format!(
                "Response ended prematurely: {} bytes read, the last chunk did not come",
                self.received
            ),
        };
        Err(Error::new(Kind::Incomplete, Phase::RecvBody, message))
    }

    /// Has the body ended?
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The trailer fields, once a chunked body that has any has ended.
    pub fn trailers(&self) -> Option<&Headers> {
        self.trailers.headers.as_ref()
    }

    /// The bytes still to come, where the head announced them.
    pub fn remaining(&self) -> Option<u64> {
        match self.state {
            State::Length(remaining) => Some(remaining),
            State::Done => Some(0),
            _ => None,
        }
    }

    /// The bytes of the body that have come, content codings not undone.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The data between `start` and `end` of the input, as far as it is the body's.
    fn take_data(&mut self, start: usize, end: usize) -> Piece {
        let there = end - start;
        let left = match self.state {
            State::Length(left) | State::Chunk(left) => left,
            _ => u64::MAX,
        };
        let taken = usize::try_from(left).map_or(there, |left| left.min(there));
        self.received += taken as u64;
        let left = left - taken as u64;
        let chunked = matches!(self.state, State::Chunk(_));
        self.state = match self.state {
            State::Length(_) if left > 0 => State::Length(left),
            State::Length(_) => State::Done,
            State::Chunk(_) if left > 0 => State::Chunk(left),
            State::Chunk(_) => State::ChunkCr,
            other => other,
        };
        let consumed = start + taken;
        Piece { consumed, data: start..consumed, done: self.is_done(), chunk_end: chunked && left == 0 }
    }

    fn read_size(&self, mut line: SizeLine, byte: u8, limits: &Limits) -> Result<State> {
        line.bytes += 1;
        if line.bytes > limits.chunk_line_bytes {
            return Err(exceeded(format!(
                "got more than {} bytes in a chunk's size line",
                limits.chunk_line_bytes
            )));
        }
        line.part = match (line.part, byte) {
            (Part::Before, b' ' | b'\t') => Part::Before,
            (Part::Before | Part::Digits, _) if byte.is_ascii_hexdigit() => {
                line.size = push_digit(line.size, byte).ok_or_else(|| self.bad_size(byte))?;
                Part::Digits
            }
            (Part::Digits | Part::Behind, b' ' | b'\t') => Part::Behind,
            (Part::Digits | Part::Behind, b';') => Part::Extension,
            (Part::Digits | Part::Behind | Part::Extension, b'\r') => Part::Lf,
            (Part::Digits | Part::Behind | Part::Extension | Part::Lf, b'\n') => return Ok(line.end()),
            (Part::Extension, 1..) => Part::Extension,
            _ => return Err(self.bad_size(byte)),
        };
        Ok(State::Size(line))
    }

    fn expect(&self, byte: u8, wanted: u8, next: State) -> Result<State> {
        match byte == wanted {
            true => Ok(next),
            false => Err(protocol(format!(
                "Connection broken: a chunk is longer than its size says ({} bytes read)",
                self.received
            ))),
        }
    }

    fn bad_size(&self, byte: u8) -> Error {
        let shown = byte.escape_ascii();
        protocol(format!(
            "Connection broken: InvalidChunkLength(got b'{shown}' in a chunk's size line, {} bytes read)",
            self.received
        ))
    }
}

impl SizeLine {
    const NEW: Self = Self { size: 0, part: Part::Before, bytes: 0 };

    fn end(self) -> State {
        match self.size {
            0 => State::Trailer,
            size => State::Chunk(size),
        }
    }
}

impl Trailers {
    fn read(&mut self, byte: u8, limits: &Limits) -> Result<State> {
        self.bytes.push(byte);
        if self.bytes.len() > limits.head_bytes {
            return Err(exceeded(format!("got more than {} bytes of trailers", limits.head_bytes)));
        }
        if byte != b'\n' {
            return Ok(State::Trailer);
        }
        let line = self.bytes.get(self.line_start..).unwrap_or_default();
        if !matches!(line, b"\n" | b"\r\n") {
            self.line_start = self.bytes.len();
            self.lines += 1;
            return match self.lines > limits.header_count {
                true => Err(exceeded(format!("got more than {} trailers", limits.header_count))),
                false => Ok(State::Trailer),
            };
        }
        if self.lines > 0 {
            self.headers = Some(parse_fields(&self.bytes, Phase::RecvBody)?.headers);
        }
        Ok(State::Done)
    }
}

fn push_digit(size: u64, digit: u8) -> Option<u64> {
    let digit = char::from(digit).to_digit(16)?;
    size.checked_mul(16)?.checked_add(u64::from(digit))
}

fn protocol(message: String) -> Error {
    Error::new(Kind::Protocol, Phase::RecvBody, message)
}

fn exceeded(what: String) -> Error {
    Error::new(Kind::LimitExceeded, Phase::RecvBody, format!("Connection broken: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The pieces of a body as text, a `/` behind each that ends a chunk, and the decoder as it then is.
    fn pieces(framing: Framing, input: &[u8], limits: &Limits) -> Result<(String, usize, BodyDecoder)> {
        let mut decoder = BodyDecoder::new(framing);
        let (mut used, mut shown) = (0, String::new());
        while used < input.len() && !decoder.is_done() {
            let piece = decoder.decode(&input[used..], limits)?;
            shown += std::str::from_utf8(&input[used..][piece.data.clone()]).unwrap();
            shown += if piece.chunk_end { "/" } else { "" };
            used += piece.consumed;
        }
        Ok((shown, used, decoder))
    }

    fn chunked(input: &str) -> Result<(String, usize, BodyDecoder)> {
        pieces(Framing::Chunked, input.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_body_ends_where_its_framing_says_and_no_byte_later() {
        let limits = Limits::default();
        for (framing, input, wanted) in [
            (Framing::None, "more", ("", 0, true)),
            (Framing::Length(0), "more", ("", 0, true)),
            (Framing::Length(3), "abcmore", ("abc", 3, true)),
            (Framing::Length(5), "abc", ("abc", 3, false)),
            (Framing::UntilClose, "abc", ("abc", 3, false)),
            (Framing::Chunked, "3\r\nabc\r\n0\r\n\r\nmore", ("abc/", 13, true)),
        ] {
            let (shown, used, decoder) = pieces(framing, input.as_bytes(), &limits).unwrap();
            assert_eq!((shown.as_str(), used, decoder.is_done()), wanted, "{framing:?}");
        }
    }

    #[test]
    fn a_decoder_that_is_done_takes_nothing() {
        let mut decoder = BodyDecoder::new(Framing::None);
        let wanted = Piece { consumed: 0, data: 0..0, done: true, chunk_end: false };
        assert_eq!(decoder.decode(b"more", &Limits::default()).unwrap(), wanted);
    }

    #[test]
    fn chunk_sizes_are_taken_with_white_space_extensions_and_bare_line_feeds() {
        #[rustfmt::skip]
        let table = [
            ("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abc/de/"),
            ("A\r\n0123456789\r\n00\r\n\r\n", "0123456789/"),
            (" \t3 \t\r\nabc\r\n0\r\n\r\n", "abc/"),
            ("3;a=\"b c\";d\r\nabc\r\n0;e\r\n\r\n", "abc/"),
            ("3 ; a\nabc\r\n0\n\n", "abc/"),
            ("000000000000000000003\r\nabc\r\n0\r\n\r\n", "abc/"),
        ];
        for (input, wanted) in table {
            let (shown, used, decoder) = chunked(input).unwrap();
            assert_eq!((shown.as_str(), used, decoder.is_done()), (wanted, input.len(), true), "{input:?}");
            assert!(decoder.trailers().is_none());
        }
    }

    #[test]
    fn chunks_that_two_parsers_may_read_differently_are_refused() {
        for input in [
            "\r\n",
            ";a\r\n",
            "x\r\n",
            "0x3\r\n",
            "+3\r\n",
            "-3\r\n",
            "3 3\r\n",
            "3x\r\n",
            "3\rx",
            "3;a\rb",
            "3;\0",
            "3\r\r\n",
            "3\r\nabcd",
            "3\r\nabc\n",
            "3\r\nabc\rx",
            "10000000000000000\r\n",
        ] {
            let error = chunked(input).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::Protocol, Phase::RecvBody), "{input:?}");
        }
        let error = chunked("3\r\nabc\r\nzz\r\n").unwrap_err();
        let named = "Connection broken: InvalidChunkLength(got b'z' in a chunk's size line, 3 bytes read)";
        assert_eq!(error.message(), named);
    }

    #[test]
    fn the_largest_chunk_size_is_waited_for() {
        let (_, _, mut decoder) = chunked("ffffffffffffffff\r\na").unwrap();
        assert_eq!(decoder.eof().unwrap_err().kind(), Kind::Incomplete);
    }

    #[test]
    fn trailers_are_kept_apart_from_the_body() {
        let (shown, _, decoder) = chunked("3\r\nabc\r\n0\r\nX-Sum: 1\r\n 2\r\nbroken\r\nY:\r\n\r\n").unwrap();
        let wanted: Headers = [("X-Sum", "1 2"), ("Y", "")].into_iter().collect();
        assert_eq!((shown.as_str(), decoder.trailers()), ("abc/", Some(&wanted)));
    }

    #[test]
    fn a_smuggling_byte_in_a_trailer_is_an_error_of_the_body() {
        let error = chunked("0\r\nA: 1\rB: 2\r\n\r\n").unwrap_err();
        assert_eq!((error.kind(), error.phase()), (Kind::Protocol, Phase::RecvBody));
    }

    #[test]
    fn size_lines_and_trailers_are_limited() {
        let limits = Limits { chunk_line_bytes: 10, head_bytes: 20, header_count: 2, ..Limits::default() };
        let read = |input: &str| pieces(Framing::Chunked, input.as_bytes(), &limits);
        read("3;456789\r\nabc\r\n3;456789\r\nabc\r\n0\r\nA: 1\r\nB: 2\r\n\r\n").unwrap();
        for input in
            ["3;4567890\r\n", "00000000003", "0\r\nA:1\r\nB:2\r\nC:3\r\n", "0\r\nA: 456789012345678901"]
        {
            let error = read(input).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::LimitExceeded, Phase::RecvBody), "{input:?}");
        }
    }

    #[test]
    fn a_body_cut_short_is_an_error_that_says_how_much_is_missing() {
        let limits = Limits::default();
        for (framing, input, wanted) in [
            (Framing::Length(5), "abc", "Connection broken: IncompleteRead(3 bytes read, 2 more expected)"),
            (Framing::Length(5), "", "Connection broken: IncompleteRead(0 bytes read, 5 more expected)"),
            (
                Framing::Chunked,
                "2\r\nab\r\n4\r\nc",
                "Connection broken: IncompleteRead(3 bytes read, 3 more expected)",
            ),
            (Framing::Chunked, "", "Response ended prematurely: 0 bytes read, the last chunk did not come"),
            (
                Framing::Chunked,
                "3\r\nabc",
                "Response ended prematurely: 3 bytes read, the last chunk did not come",
            ),
            (
                Framing::Chunked,
                "3\r\nabc\r",
                "Response ended prematurely: 3 bytes read, the last chunk did not come",
            ),
            (
                Framing::Chunked,
                "3\r\nabc\r\n0",
                "Response ended prematurely: 3 bytes read, the last chunk did not come",
            ),
        ] {
            let (_, _, mut decoder) = pieces(framing, input.as_bytes(), &limits).unwrap();
            let error = decoder.eof().unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::Incomplete, Phase::RecvBody), "{input:?}");
            assert_eq!(error.message(), wanted, "{input:?}");
            assert!(!decoder.is_done());
        }
    }

    #[test]
    fn the_close_ends_a_body_that_says_so_and_one_whose_last_chunk_came() {
        let limits = Limits::default();
        for (framing, input) in [
            (Framing::UntilClose, "abc"),
            (Framing::UntilClose, ""),
            (Framing::Chunked, "3\r\nabc\r\n0\r\n"),
            (Framing::Chunked, "0\r\nA: 1"),
            (Framing::Length(3), "abc"),
            (Framing::None, ""),
        ] {
            let (_, _, mut decoder) = pieces(framing, input.as_bytes(), &limits).unwrap();
            decoder.eof().unwrap();
            assert!(decoder.is_done(), "{framing:?} {input:?}");
        }
    }

    #[test]
    fn a_decoder_tells_what_has_come_and_what_is_to_come() {
        let mut decoder = BodyDecoder::new(Framing::Length(5));
        assert_eq!((decoder.received(), decoder.remaining()), (0, Some(5)));
        decoder.decode(b"abc", &Limits::default()).unwrap();
        assert_eq!((decoder.received(), decoder.remaining()), (3, Some(2)));
        decoder.decode(b"de", &Limits::default()).unwrap();
        assert_eq!((decoder.received(), decoder.remaining()), (5, Some(0)));
        assert_eq!(BodyDecoder::new(Framing::Chunked).remaining(), None);
        assert_eq!(BodyDecoder::new(Framing::UntilClose).remaining(), None);
    }

    proptest! {
        #[test]
        fn a_chunk_size_is_what_its_digits_say(size in 1..=u64::MAX) {
            let (_, _, mut decoder) = chunked(&format!("{size:x}\r\n")).unwrap();
            let message = decoder.eof().unwrap_err().message().to_owned();
            let wanted = format!("(0 bytes read, {size} more expected)");
            prop_assert!(message.ends_with(&wanted), "{}", message);
        }
    }
}
