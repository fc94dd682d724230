//! The HTTP/1.1 codec (RFC 9112), without I/O: bytes in, bytes out.
//!
//! | room | decides |
//! |---|---|
//! | [`encode`] | the bytes of a request's head and of its chunks |
//! | [`head`] | where a reply's head ends, and what it says |
//! | `status`, `fields` | one status line; field lines, of a head or a trailer section |
//! | [`mod@framing`] | where the body ends, and whether the connection may serve another request |
//! | [`body`], `chunk` | which of the bytes that arrive are the body's; size lines and trailers around chunks |
//!
//! Replies are taken as `http.client` and urllib3 take them, who take nearly everything. Two things
//! are taken by nobody here: a byte that two parsers may read as two different line ends (a bare CR,
//! a NUL), and a body shorter than announced. What had to be guessed is taken, but its connection is
//! not used again ([`Parsed::sound`]).

pub mod body;
mod chunk;
pub mod encode;
mod fields;
pub mod framing;
pub mod head;
mod status;

pub use body::{BodyDecoder, Piece};
pub use encode::{encode_chunk, encode_chunk_size, encode_head, encode_last_chunk};
pub use framing::{Framing, framing, keeps_alive};
pub use head::{HeadParser, Parsed, head_cut_short, parse_head};
