//! The grammar, with a stack of its own.

use super::{
    number::number,
    tape::{Constant, Span, Tape},
    text::text,
};

/// Containers in containers at most. `json.loads` goes as deep as Python's stack, which is its own affair.
pub const DEEPEST: usize = 100;

/// The document as a tape; `None` for what `json.loads` has to look at itself.
pub fn parse(source: &str) -> Option<Tape> {
    // Typically there is an event for each ten bytes.
    let tape = Tape::with_capacity(source.len() / 8 + 4);
    let mut parser = Parser { source, at: 0, tape, keys: Keys::for_length(source.len()) };
    parser.document()?;
    Some(parser.tape)
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    tape: Tape,
    keys: Keys,
}

/// A container that is being read.
struct Open {
    opened: usize,
    items: u64,
    object: bool,
}

impl Parser<'_> {
    fn document(&mut self) -> Option<()> {
        let mut stack: Vec<Open> = Vec::new();
        loop {
            if let Some(object) = self.value()? {
                let opened = self.tape.open(object);
                let closer = if object { b'}' } else { b']' };
                if self.peek() == Some(closer) {
                    self.at += 1;
                } else {
                    if stack.len() == DEEPEST {
                        return None;
                    }
                    stack.push(Open { opened, items: 0, object });
                    if object {
                        self.key()?;
                    }
                    continue;
                }
            }
            // A value is complete, and with it perhaps what it is in.
            loop {
                let next = self.peek();
                let Some(open) = stack.last_mut() else { return next.is_none().then_some(()) };
                open.items += 1;
                self.at += 1;
                match (next?, open.object) {
                    (b',', false) => break,
                    (b',', true) => {
                        self.key()?;
                        break;
                    }
                    (b']', false) | (b'}', true) => {
                        self.tape.close(open.opened, open.items);
                        stack.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.source.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Reads a value; of a container only its opening, giving whether it is an object.
    #[inline]
    fn value(&mut self) -> Option<Option<bool>> {
        match self.peek()? {
            b'"' => {
                let span = self.text()?;
                self.tape.text(span);
            }
            b'-' | b'0'..=b'9' => number(self.source, &mut self.at, &mut self.tape)?,
            b'{' => {
                self.at += 1;
                return Some(Some(true));
            }
            b'[' => {
                self.at += 1;
                return Some(Some(false));
            }
            b'n' => self.constant("null", Constant::Null)?,
            b't' => self.constant("true", Constant::True)?,
            b'f' => self.constant("false", Constant::False)?,
            b'N' => self.constant("NaN", Constant::NaN)?,
            b'I' => self.constant("Infinity", Constant::Infinity)?,
            _ => return None,
        }
        Some(None)
    }

    fn constant(&mut self, name: &str, constant: Constant) -> Option<()> {
        let found = self.source.as_bytes().get(self.at..)?.starts_with(name.as_bytes());
        self.at += name.len();
        found.then(|| self.tape.constant(constant))
    }

    #[inline]
    fn text(&mut self) -> Option<Span> {
        self.at += 1;
        text(self.source.as_bytes(), &mut self.at, &mut self.tape.unescaped)
    }

    /// A key and its colon.
    #[inline]
    fn key(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        let span = self.text()?;
        let number = self.keys.number(self.source, span, &mut self.tape.keys);
        self.tape.key(number);
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        Some(())
    }
}

/// The keys that were seen last. One slot for each hash: a key that another has displaced is numbered anew, so that
/// keys made to collide cost nothing.
struct Keys(Box<[u32]>);

impl Keys {
    fn for_length(source: usize) -> Self {
        Self(vec![u32::MAX; (source / 32).next_power_of_two().clamp(16, 4096)].into())
    }

    #[inline]
    fn number(&mut self, source: &str, span: Span, keys: &mut Vec<Span>) -> usize {
        let bytes = of(source, span);
        let fresh = keys.len();
        let mask = self.0.len() - 1;
        let slot = self.0.get_mut(hash(bytes.unwrap_or_default()) & mask);
        if let (Some(_), Some(slot)) = (bytes, slot) {
            if let Some(known) = keys.get(*slot as usize)
                && of(source, *known) == bytes
            {
                return *slot as usize;
            }
            *slot = u32::try_from(fresh).unwrap_or(u32::MAX);
        }
        keys.push(span);
        fresh
    }
}

/// The bytes of a key that had no escapes; others are seldom.
#[inline]
fn of(source: &str, span: Span) -> Option<&[u8]> {
    if span.unescaped { None } else { source.as_bytes().get(span.at..span.at + span.length) }
}

#[inline]
fn hash(bytes: &[u8]) -> usize {
    let word = |part: Option<&[u8]>| part.and_then(|part| part.try_into().ok()).map_or(0, u64::from_le_bytes);
    let (start, end) = match bytes.len() {
        8.. => (word(bytes.get(..8)), word(bytes.get(bytes.len() - 8..))),
        _ => (bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    };
    let mixed = (start ^ end.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as usize
}

#[cfg(test)]
mod tests {
    use super::{super::Event, *};

    fn events(source: &str) -> Option<Vec<Event>> {
        let tape = parse(source)?;
        let mut at = 0;
        Some(std::iter::from_fn(|| tape.next(&mut at)).collect())
    }

    fn texts(source: &str) -> Vec<Vec<u8>> {
        let tape = parse(source).unwrap();
        let spans = events(source).unwrap().into_iter().filter_map(|event| match event {
            Event::Text(span) => Some(span),
            Event::Key(number) => Some(tape.keys[number]),
            _ => None,
        });
        let bytes = |span: Span| if span.unescaped { &tape.unescaped[..] } else { source.as_bytes() };
        spans.map(|span| bytes(span)[span.at..span.at + span.length].to_vec()).collect()
    }

    #[test]
    fn containers_know_how_many_items_follow() {
        assert_eq!(
            events(" {\"a\": [1, -2.5, []], \"b\": {}, \"a\": null}\n").unwrap(),
            [
                Event::Object(3),
                Event::Key(0),
                Event::Array(3),
                Event::Int(1),
                Event::Float(-2.5),
                Event::Array(0),
                Event::Key(1),
                Event::Object(0),
                Event::Key(0),
                Event::Constant(Constant::Null),
            ]
        );
    }

    #[test]
    fn integers_are_exact_at_any_size() {
        for number in [0, 1, -1, 1 << 59, (1 << 59) - 1, -(1 << 59), -(1 << 59) - 1, i64::MAX, i64::MIN] {
            assert_eq!(events(&number.to_string()).unwrap(), [Event::Int(number)]);
        }
        let digits = "9223372036854775808";
        assert!(matches!(events(digits).unwrap()[..], [Event::BigInt(Span { at: 0, length: 19, .. })]));
    }

    #[test]
    fn strings_end_where_they_end_however_they_lie() {
        for length in 0..40 {
            for special in ["", "é", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\\"", "\u{7f}"] {
                let plain: String = ('a'..='z').cycle().take(length).collect();
                let rest = "xyz".repeat(length % 4);
                let unescaped = match special {
                    "\\n" => b"\n".to_vec(),
                    "\\u00e9" => "é".as_bytes().to_vec(),
                    "\\ud83d\\ude00" => "😀".as_bytes().to_vec(),
                    "\\ud83d" => b"\xed\xa0\xbd".to_vec(),
                    "\\\"" => b"\"".to_vec(),
                    other => other.as_bytes().to_vec(),
                };
                let expected = [plain.as_bytes(), &unescaped, rest.as_bytes()].concat();
                let source = format!("[\"{plain}{special}{rest}\",1]");
                assert_eq!(texts(&source), [&expected[..]], "{source}");
                let Event::Text(span) = events(&source).unwrap()[1] else { panic!("{source}") };
                assert_eq!(span.ascii, expected.is_ascii(), "{source}");
                assert_eq!(span.surrogates, special == "\\ud83d", "{source}");
            }
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for source in [
            "",
            " ",
            "[",
            "]",
            "{",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "-",
            "1.",
            "1e",
            "1e+",
            ".5",
            "+1",
            "nul",
            "nan",
            "-NaN",
            "[1 2]",
            "1 2",
            "\"",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "\"0123456789\u{1f}\"",
            "'a'",
            "\u{feff}1",
            "[1}",
            "{\"a\":1]",
            "\u{a0}1",
        ] {
            assert!(parse(source).is_none(), "{source:?}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(&nested(DEEPEST)).is_some());
        assert!(parse(&nested(DEEPEST + 2)).is_none());
        assert!(parse(&"[".repeat(1_000_000)).is_none());
    }
}
