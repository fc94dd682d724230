//! The tape: one word for most events, its kind in the lowest bits.

/// What to make next. A container's number is that of its items, which follow; in an object a key before each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// `null`, `true` and so on.
    Constant(Constant),
    /// An integer.
    Int(i64),
    /// The digits of an integer that does not fit.
    BigInt(Span),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A string.
    Text(Span),
    /// The key with that number among [`Tape::keys`].
    Key(usize),
    /// An array.
    Array(usize),
    /// An object.
    Object(usize),
}

/// The words that JSON and Python's extension of it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Constant {
    Null,
    True,
    False,
    NaN,
    Infinity,
    NegativeInfinity,
}

/// A part of the source, or of what was unescaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins, in bytes.
    pub at: usize,
    /// Its bytes.
    pub length: usize,
    /// Was it unescaped? Then it is a part of [`Tape::unescaped`].
    pub unescaped: bool,
    /// Nothing but ASCII?
    pub ascii: bool,
    /// Are there lone surrogates, each encoded as if it were a character?
    pub surrogates: bool,
}

/// A document, parsed.
#[derive(Default)]
pub struct Tape {
    words: Vec<u64>,
    /// The strings that had escapes, one after another.
    pub unescaped: Vec<u8>,
    /// Every key, most of them once.
    pub keys: Vec<Span>,
}

const KIND_BITS: u32 = 4;
const CONSTANT: u64 = 0;
const INT: u64 = 1;
const WIDE_INT: u64 = 2;
const BIG_INT: u64 = 3;
const FLOAT: u64 = 4;
const TEXT: u64 = 5;
const KEY: u64 = 6;
const ARRAY: u64 = 7;
const OBJECT: u64 = 8;

// A span: flags, a length (all ones: the next word tells it), the place.
const LENGTH_BITS: u32 = 16;
const LONG: u64 = (1 << LENGTH_BITS) - 1;
const FLAG_BITS: u32 = 3;

impl Tape {
    pub(super) fn with_capacity(words: usize) -> Self {
        Self { words: Vec::with_capacity(words), ..Self::default() }
    }

    /// The event at `*at`, which is moved to the next one; `None` at the end.
    #[inline]
    pub fn next(&self, at: &mut usize) -> Option<Event> {
        let word = self.word(at)?;
        let payload = word >> KIND_BITS;
        Some(match word & ((1 << KIND_BITS) - 1) {
            CONSTANT => Event::Constant(match payload {
                0 => Constant::Null,
                1 => Constant::True,
                2 => Constant::False,
                3 => Constant::NaN,
                4 => Constant::Infinity,
                _ => Constant::NegativeInfinity,
            }),
            INT => Event::Int(word.cast_signed() >> KIND_BITS),
            WIDE_INT => Event::Int(self.word(at)?.cast_signed()),
            BIG_INT => Event::BigInt(self.span(payload, at)?),
            FLOAT => Event::Float(f64::from_bits(self.word(at)?)),
            TEXT => Event::Text(self.span(payload, at)?),
            KEY => Event::Key(payload as usize),
            ARRAY => Event::Array(payload as usize),
            _ => Event::Object(payload as usize),
        })
    }

    #[inline]
    fn word(&self, at: &mut usize) -> Option<u64> {
        let word = self.words.get(*at).copied();
        *at += 1;
        word
    }

    #[inline]
    fn span(&self, payload: u64, at: &mut usize) -> Option<Span> {
        let length = (payload >> FLAG_BITS) & LONG;
        Some(Span {
            at: (payload >> (FLAG_BITS + LENGTH_BITS)) as usize,
            length: if length == LONG { self.word(at)? } else { length } as usize,
            unescaped: payload & 1 != 0,
            ascii: payload & 2 != 0,
            surrogates: payload & 4 != 0,
        })
    }

    #[inline]
    fn push(&mut self, kind: u64, payload: u64) {
        self.words.push(kind | payload << KIND_BITS);
    }

    #[inline]
    fn push_span(&mut self, kind: u64, span: Span) {
        let flags = u64::from(span.unescaped) | u64::from(span.ascii) << 1 | u64::from(span.surrogates) << 2;
        let length = (span.length as u64).min(LONG);
        self.push(kind, flags | length << FLAG_BITS | (span.at as u64) << (FLAG_BITS + LENGTH_BITS));
        if length == LONG {
            self.words.push(span.length as u64);
        }
    }

    pub(super) fn constant(&mut self, constant: Constant) {
        self.push(CONSTANT, constant as u64);
    }

    #[inline]
    pub(super) fn int(&mut self, value: i64) {
        let word = value.cast_unsigned() << KIND_BITS;
        if word.cast_signed() >> KIND_BITS == value {
            self.words.push(INT | word);
        } else {
            self.words.extend([WIDE_INT, value.cast_unsigned()]);
        }
    }

    pub(super) fn big_int(&mut self, digits: Span) {
        self.push_span(BIG_INT, digits);
    }

    #[inline]
    pub(super) fn float(&mut self, value: f64) {
        self.words.extend([FLOAT, value.to_bits()]);
    }

    #[inline]
    pub(super) fn text(&mut self, span: Span) {
        self.push_span(TEXT, span);
    }

    #[inline]
    pub(super) fn key(&mut self, number: usize) {
        self.push(KEY, number as u64);
    }

    /// Opens a container; gives what [`Tape::close`] wants to know.
    #[inline]
    pub(super) fn open(&mut self, object: bool) -> usize {
        let opened = self.words.len();
        self.push(if object { OBJECT } else { ARRAY }, 0);
        opened
    }

    #[inline]
    pub(super) fn close(&mut self, opened: usize, items: u64) {
        if let Some(word) = self.words.get_mut(opened) {
            *word |= items << KIND_BITS;
        }
    }
}
