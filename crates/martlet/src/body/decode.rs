//! Undoing content codings (RFC 9110 section 8.4.1): gzip, deflate, br, zstd, and chains of them.
//!
//! Compressed bytes are pushed in and decoded ones pulled out, a bounded piece at a time, so that a
//! small body that decodes to a huge one never is in memory at once. What is tolerated, as in urllib3:
//! several gzip members and zstd frames in a row, bytes behind the end of a stream, `deflate` without
//! its zlib header, an empty body. What is not: a stream that has not ended when the body has.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};
use martlet_proto::coding::Coding;
use martlet_proto::limit::Limits;
use martlet_proto::{Error, Kind, Phase, Result};
use zstd::stream::raw::{Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};
use zstd::zstd_safe::DParameter;

/// Decoded pieces are about this long at most, however well the body was compressed.
const PIECE: usize = 64 * 1024;

/// Base-2 logarithm of the largest window of gzip and deflate (RFC 1950): 32 KiB.
const DEFLATE_WINDOW_LOG: u8 = 15;

/// The codings of one body, undone one after the other.
pub struct Decoding {
    /// In the order in which they are undone; none means that bytes pass through.
    layers: Vec<Layer>,
    /// Decoded by nobody: what was pushed when there are no layers.
    plain: Vec<u8>,
    ended: bool,
}

struct Layer {
    coder: Coder,
    input: Vec<u8>,
    /// How much of the input is used up.
    used: usize,
    /// No more input will come.
    complete: bool,
}

/// What a layer could do.
#[derive(PartialEq, Eq)]
enum Progress {
    Produced,
    NeedsInput,
    Ended,
}

impl Decoding {
    /// Decoders for `codings`, given in the order in which they are undone.
    ///
    /// # Errors
    /// [`Kind::Decode`] when a decoder cannot be made.
    pub fn new(codings: &[Coding], limits: &Limits) -> Result<Self> {
        let coder = |coding: &Coding| Coder::new(*coding, limits);
        let layer = |coder| Layer { coder, input: Vec::new(), used: 0, complete: false };
        let layers = codings.iter().map(|coding| coder(coding).map(layer)).collect::<Result<_>>()?;
        Ok(Self { layers, plain: Vec::new(), ended: false })
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, data: &[u8]) {
        match self.layers.first_mut() {
            Some(layer) => layer.take(data),
            None => self.plain.extend_from_slice(data),
        }
    }

    /// The body has ended.
    pub fn end(&mut self) {
        match self.layers.first_mut() {
            Some(layer) => layer.complete = true,
            None => self.ended = true,
        }
    }

    /// Appends the next decoded piece to `out`; false when there is none until more is pushed, or at the end.
    ///
    /// # Errors
    /// [`Kind::Decode`] when the bytes are not what the coding says, [`Kind::Incomplete`] when they have ended
    /// before their stream has.
    pub fn pull(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        if self.layers.is_empty() {
            let more = !self.plain.is_empty();
            out.append(&mut self.plain);
            return Ok(more);
        }
        let progress = pull_through(&mut self.layers, out)?;
        self.ended |= progress == Progress::Ended;
        Ok(progress == Progress::Produced)
    }

    /// Has everything been pulled that there will ever be?
    pub fn is_ended(&self) -> bool {
        self.ended
    }
}

/// Runs the last layer; when it is out of input, the ones before it feed it.
fn pull_through(layers: &mut [Layer], out: &mut Vec<u8>) -> Result<Progress> {
    let Some((layer, before)) = layers.split_last_mut() else { return Ok(Progress::NeedsInput) };
    loop {
        if layer.run(out)? {
            return Ok(Progress::Produced);
        }
        if layer.complete {
            layer.coder.finish()?;
            return Ok(Progress::Ended);
        }
        if before.is_empty() {
            return Ok(Progress::NeedsInput);
        }
        match pull_through(before, &mut layer.input)? {
            Progress::Produced => {}
            Progress::NeedsInput => return Ok(Progress::NeedsInput),
            Progress::Ended => layer.complete = true,
        }
    }
}

impl Layer {
    fn take(&mut self, data: &[u8]) {
        self.forget_used();
        self.input.extend_from_slice(data);
    }

    /// Decodes at least a byte, if there is one to be had.
    fn run(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        let before = out.len();
        loop {
            let input = self.input.get(self.used..).unwrap_or_default();
            let (taken, there) = (self.coder.run(input, out)?, input.len());
            self.used += taken;
            if out.len() > before {
                return Ok(true);
            }
            if taken == 0 || taken == there {
                self.forget_used();
                return Ok(false);
            }
        }
    }

    fn forget_used(&mut self) {
        self.input.drain(..self.used);
        self.used = 0;
    }
}

/// One decoder.
enum Coder {
    Gzip(Inflate),
    Deflate(Inflate),
    Brotli(Box<Brotli>),
    Zstd { decoder: ZstdDecoder<'static>, state: State },
}

/// Where a decoder is in its stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has come yet.
    Fresh,
    Within,
    /// A member or frame has ended; another may follow.
    Between,
    /// The stream has ended, what follows is passed over.
    Over,
}

struct Inflate {
    inner: Option<Decompress>,
    state: State,
}

struct Brotli {
    inner: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    state: State,
    scratch: Vec<u8>,
}

impl Coder {
    fn new(coding: Coding, limits: &Limits) -> Result<Self> {
        let alloc = StandardAlloc::default;
        Ok(match coding {
            Coding::Gzip => Self::Gzip(Inflate { inner: None, state: State::Fresh }),
            Coding::Deflate => Self::Deflate(Inflate { inner: None, state: State::Fresh }),
            Coding::Brotli => Self::Brotli(Box::new(Brotli {
                // Strict: without the "large window" extension, which lets a peer ask for a GiB.
                inner: BrotliState::new_strict(alloc(), alloc(), alloc()),
                state: State::Fresh,
                scratch: Vec::new(),
            })),
            Coding::Zstd => {
                let mut decoder = ZstdDecoder::new().map_err(|error| malformed("zstd", error))?;
                let window = DParameter::WindowLogMax(limits.zstd_window_log);
                decoder.set_parameter(window).map_err(|error| malformed("zstd", error))?;
                Self::Zstd { decoder, state: State::Fresh }
            }
        })
    }

    /// Decodes some of `input` to the end of `out`, which grows by about [`PIECE`] at most; tells how much it used.
    fn run(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        out.reserve(PIECE.min(input.len().saturating_mul(4).max(1024)));
        match self {
            Self::Gzip(inflate) => inflate.gunzip(input, out),
            Self::Deflate(inflate) => inflate.undeflate(input, out),
            Self::Brotli(brotli) => brotli.run(input, out),
            Self::Zstd { decoder, state } => {
                if input.is_empty() && *state != State::Within {
                    return Ok(0);
                }
                let mut from = InBuffer::around(input);
                let start = out.len();
                let mut to = OutBuffer::around_pos(out, start);
                let hint = decoder.run(&mut from, &mut to).map_err(|error| malformed("zstd", error))?;
                *state = if hint == 0 { State::Between } else { State::Within };
                Ok(from.pos())
            }
        }
    }

    /// No more input comes.
    fn finish(&self) -> Result<()> {
        let (name, state) = match self {
            Self::Gzip(inflate) => ("gzip", inflate.state),
            Self::Deflate(inflate) => ("deflate", inflate.state),
            Self::Brotli(brotli) => ("br", brotli.state),
            Self::Zstd { state, .. } => ("zstd", *state),
        };
        match state {
            State::Within => {
                let message = format!(
                    "Received response with content-encoding: {name}, but the compressed data ended before its \
                     end: the body is incomplete."
                );
                Err(Error::new(Kind::Incomplete, Phase::Decode, message))
            }
            State::Fresh | State::Between | State::Over => Ok(()),
        }
    }
}

impl Inflate {
    /// One or more gzip members; what follows the last and does not look like another is passed over.
    fn gunzip(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        const MAGIC: u8 = 0x1f;
        if let (State::Between, Some(&first)) = (self.state, input.first()) {
            self.state = if first == MAGIC { State::Fresh } else { State::Over };
        }
        if self.state == State::Fresh && !input.is_empty() {
            self.inner = Some(Decompress::new_gzip(DEFLATE_WINDOW_LOG));
        }
        self.run("gzip", State::Between, input, out)
    }

    /// A zlib stream, or a raw deflate one: no block of that kind begins with a byte that ends in 8.
    fn undeflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        const ZLIB: u8 = 8;
        if let (State::Fresh, Some(&first)) = (self.state, input.first()) {
            self.inner = Some(Decompress::new(first & 0x0f == ZLIB));
        }
        self.run("deflate", State::Over, input, out)
    }

    fn run(&mut self, name: &str, ended: State, input: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let inner = match (self.state, &mut self.inner) {
            (State::Over, _) => return Ok(input.len()),
            (State::Between, _) | (_, None) => return Ok(0),
            (State::Fresh | State::Within, Some(inner)) => inner,
        };
        let before = inner.total_in();
        let status = inner
            .decompress_vec(input, out, FlushDecompress::None)
            .map_err(|error| malformed(name, error))?;
        self.state = if status == Status::StreamEnd { ended } else { State::Within };
        Ok(usize::try_from(inner.total_in() - before).unwrap_or(input.len()))
    }
}

impl Brotli {
    fn run(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        match self.state {
            State::Over => return Ok(input.len()),
            State::Fresh if input.is_empty() => return Ok(0),
            _ => {}
        }
        self.scratch.resize(PIECE, 0);
        let (mut available, mut used) = (input.len(), 0);
        let (mut room, mut written, mut total) = (PIECE, 0, 0);
        let result = BrotliDecompressStream(
            &mut available,
            &mut used,
            input,
            &mut room,
            &mut written,
            &mut self.scratch,
            &mut total,
            &mut self.inner,
        );
        out.extend_from_slice(self.scratch.get(..written).unwrap_or_default());
        self.state = match result {
            BrotliResult::ResultFailure => return Err(malformed("br", "the stream is corrupt")),
            BrotliResult::ResultSuccess => State::Over,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => State::Within,
        };
        Ok(used)
    }
}

fn malformed(name: &str, cause: impl std::fmt::Display) -> Error {
    let message =
        format!("Received response with content-encoding: {name}, but failed to decode it: {cause}");
    Error::new(Kind::Decode, Phase::Decode, message)
}
