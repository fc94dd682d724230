//! JSON as Python's `json.loads` reads it, parsed into a [`Tape`] (what to make, in the order of making it), and the
//! strings of what `json.dumps` writes.
//!
//! The tape is made anywhere, by any thread; objects are made of it later, a piece at a time, by whoever may
//! make them. The rules:
//!
//! 1. Whatever is parsed is what `json.loads` makes of it: integers of any size, `NaN` and `Infinity`, repeated
//!    keys, lone surrogates.
//! 2. Whatever is not parsed (errors, very deep nesting) is for `json.loads` itself: nothing is said about it
//!    here but that it is so.
//! 3. Text in the source that needs no unescaping is not copied.

mod number;
mod parse;
mod tape;
mod text;
mod utf;
mod write;

pub use parse::{DEEPEST, parse};
pub use tape::{Constant, Event, Span, Tape};
pub use utf::text_of;
pub use write::push_string;
