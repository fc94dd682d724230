//! Which of the bytes that arrive are the body's, without copying them.
//!
//! The decoder is handed what was read, takes framing and at most one run of data from its start,
//! and says where in it the data lies. It keeps state byte by byte, so the same input in other pieces
//! gives the same body. What follows a complete body is not touched.

use std::ops::Range;

use super::chunk::{SizeLine, Trailers};
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

impl BodyDecoder {
    /// A decoder for one body.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size(SizeLine::START),
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
                State::Size(mut line) => {
                    self.state = match line.read(*byte, self.received, limits)? {
                        None => State::Size(line),
                        Some(0) => State::Trailer,
                        Some(size) => State::Chunk(size),
                    }
                }
                State::ChunkCr => self.state = self.expect(*byte, b'\r', State::ChunkLf)?,
                State::ChunkLf => self.state = self.expect(*byte, b'\n', State::Size(SizeLine::START))?,
                State::Trailer if self.trailers.read(*byte, limits)? => self.state = State::Done,
                State::Trailer => {}
                State::Done => break,
            }
            at += 1;
        }
        Ok(Piece { consumed: at, data: at..at, done: self.is_done(), chunk_end: false })
    }

    /// Counts bytes of a body of known length that did not come past [`BodyDecoder::decode`].
    pub fn count(&mut self, amount: usize) {
        self.take_data(0, amount);
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
        self.trailers.headers()
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

    fn expect(&self, byte: u8, wanted: u8, next: State) -> Result<State> {
        match byte == wanted {
            true => Ok(next),
            false => {
                let message = format!(
                    "Connection broken: a chunk is longer than its size says ({} bytes read)",
                    self.received
                );
                Err(Error::new(Kind::Protocol, Phase::RecvBody, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn chunks_come_one_by_one_with_their_ends_told() {
        let (shown, used, decoder) = chunked("3;a=b\r\nabc\r\n2\nde\r\n0\r\n\r\n").unwrap();
        assert_eq!((shown.as_str(), used, decoder.is_done()), ("abc/de/", 23, true));
        assert!(decoder.trailers().is_none());
        assert_eq!(chunked("3\r\nab").unwrap().0, "ab", "this chunk has not ended");
    }

    #[test]
    fn behind_a_chunk_stands_crlf_and_nothing_else() {
        for input in ["3\r\nabcd", "3\r\nabc\n", "3\r\nabc\rx", "3\r\nabc\r\r"] {
            let error = chunked(input).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::Protocol, Phase::RecvBody), "{input:?}");
            assert_eq!(
                error.message(),
                "Connection broken: a chunk is longer than its size says (3 bytes read)"
            );
        }
    }

    #[test]
    fn trailers_are_kept_apart_from_the_body() {
        let (shown, _, decoder) = chunked("3\r\nabc\r\n0\r\nX-Sum: 1\r\n 2\r\nbroken\r\nY:\r\n\r\n").unwrap();
        let wanted: Headers = [("X-Sum", "1 2"), ("Y", "")].into_iter().collect();
        assert_eq!((shown.as_str(), decoder.trailers()), ("abc/", Some(&wanted)));
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
}
