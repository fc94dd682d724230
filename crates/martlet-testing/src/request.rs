//! One request, parsed in place: the head holds positions in the connection's buffer, so that a
//! request without a body is answered without one allocation.
//!
//! Framing follows RFC 9112 section 6.3: `Transfer-Encoding: chunked` before `Content-Length`, and
//! a request that has both, or a length that is no number, is refused.

use std::ops::Range;

/// Header fields read at most.
const MAX_FIELDS: usize = 128;

/// Where the body of a request ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    #[default]
    None,
    Length(usize),
    Chunked,
}

/// The head of one request as positions in the buffer that it was parsed from. Reused from request
/// to request for the sake of its list of fields.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// Bytes that the head takes, its empty line included.
    pub(crate) length: usize,
    pub(crate) framing: Framing,
    /// The client may send another request on this connection.
    pub(crate) keep_alive: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
    method: Range<usize>,
    target: Range<usize>,
    fields: Vec<(Range<usize>, Range<usize>)>,
}

/// Why bytes are not a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

impl Head {
    /// Parses the head at the start of `buffer`; false if it has not arrived whole.
    pub(crate) fn parse(&mut self, buffer: &[u8]) -> Result<bool, Malformed> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Request::new(&mut fields);
        let length = match parsed.parse(buffer) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(false),
            Err(error) => return Err(Malformed(error.to_string())),
        };
        let at = |part: &[u8]| position(buffer, part);
        self.length = length;
        self.framing = Framing::None;
        self.keep_alive = parsed.version == Some(1);
        self.expects_continue = false;
        self.method = at(parsed.method.unwrap_or_default().as_bytes());
        self.target = at(parsed.path.unwrap_or_default().as_bytes());
        self.fields.clear();
        for field in &*parsed.headers {
            self.fields.push((at(field.name.as_bytes()), at(field.value)));
            self.understand(field)?;
        }
        Ok(true)
    }

    /// The path, from the buffer that the head was parsed from.
    pub(crate) fn path<'b>(&self, buffer: &'b [u8]) -> &'b str {
        let target = std::str::from_utf8(buffer.get(self.target.clone()).unwrap_or_default());
        target.unwrap_or_default().split('?').next().unwrap_or_default()
    }

    /// Takes what one field says about framing and the connection.
    fn understand(&mut self, field: &httparse::Header<'_>) -> Result<(), Malformed> {
        // Most names differ in length from the four that matter.
        match field.name.len() {
            10 if field.name.eq_ignore_ascii_case("connection") => {
                for option in field.value.split(|byte| *byte == b',') {
                    match option.trim_ascii() {
                        option if option.eq_ignore_ascii_case(b"close") => self.keep_alive = false,
                        option if option.eq_ignore_ascii_case(b"keep-alive") => self.keep_alive = true,
                        _ => {}
                    }
                }
            }
            14 if field.name.eq_ignore_ascii_case("content-length") => {
                let number = std::str::from_utf8(field.value).ok().and_then(|text| text.trim().parse().ok());
                let length = number.ok_or_else(|| Malformed("Content-Length is no number".into()))?;
                match self.framing {
                    Framing::None => self.framing = Framing::Length(length),
                    Framing::Length(known) if known == length => {}
                    _ => return Err(Malformed("two different body lengths".into())),
                }
            }
            17 if field.name.eq_ignore_ascii_case("transfer-encoding") => {
                if self.framing != Framing::None || !field.value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Malformed("Transfer-Encoding must be chunked, alone".into()));
                }
                self.framing = Framing::Chunked;
            }
            6 if field.name.eq_ignore_ascii_case("expect") => {
                self.expects_continue = field.value.eq_ignore_ascii_case(b"100-continue");
            }
            _ => {}
        }
        Ok(())
    }
}

/// Where `part`, a slice of `whole`, lies in it. Empty for a slice of anything else.
fn position(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    if start.saturating_add(part.len()) <= whole.len() { start..start + part.len() } else { 0..0 }
}

/// A whole request, as a route sees it.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) head: &'a Head,
    /// What the head was parsed from.
    pub(crate) buffer: &'a [u8],
    /// Without chunk framing.
    pub(crate) body: &'a [u8],
    /// Scheme and authority to be assumed when there is no `Host`, such as `http://127.0.0.1:8080`.
    pub(crate) origin: &'a str,
    /// The client's IP address.
    pub(crate) client: &'a str,
}

impl<'a> Request<'a> {
    fn text(&self, range: &Range<usize>) -> &'a str {
        std::str::from_utf8(self.buffer.get(range.clone()).unwrap_or_default()).unwrap_or_default()
    }

    pub(crate) fn method(&self) -> &'a str {
        self.text(&self.head.method)
    }

    /// The request target, or its path and query when it is in absolute form.
    pub(crate) fn target(&self) -> &'a str {
        let target = self.text(&self.head.target);
        match target.split_once("://") {
            Some((_, rest)) if !target.starts_with('/') => {
                rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
            }
            _ => target,
        }
    }

    pub(crate) fn path(&self) -> &'a str {
        let target = self.target();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    pub(crate) fn query(&self) -> &'a str {
        self.target().split_once('?').map_or("", |(_, query)| query)
    }

    /// The fields as they came; bytes beyond ASCII as latin-1.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'a str, String)> {
        let (buffer, this) = (self.buffer, *self);
        self.head.fields.iter().map(move |(name, value)| {
            let value = buffer.get(value.clone()).unwrap_or_default();
            (this.text(name), value.iter().copied().map(char::from).collect())
        })
    }

    /// The first field called `name`, in any case.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.fields().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(bool, Head), Malformed> {
        let mut head = Head::default();
        head.parse(text.as_bytes()).map(|whole| (whole, head))
    }

    #[test]
    fn a_head_that_has_not_arrived_whole_is_waited_for() {
        assert!(!parse("GET / HTTP/1.1\r\nHost: x\r\n").unwrap().0);
    }

    #[test]
    fn connection_options_and_version_decide_about_keep_alive() {
        for (head, kept) in [
            ("GET / HTTP/1.1\r\n\r\n", true),
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n", false),
        ] {
            assert_eq!(parse(head).unwrap().1.keep_alive, kept, "{head}");
        }
    }

    #[test]
    fn a_request_of_doubtful_length_is_refused() {
        for fields in [
            "Content-Length: 1\r\nContent-Length: 2",
            "Content-Length: -1",
            "Content-Length: 1\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 1",
            "Transfer-Encoding: gzip",
        ] {
            assert!(parse(&format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n")).is_err(), "{fields}");
        }
    }

    #[test]
    fn path_and_query_are_found_in_both_forms_of_the_target() {
        for target in ["/a?b=c", "http://host:1/a?b=c"] {
            let text = format!("GET {target} HTTP/1.1\r\nX-Y: z\r\n\r\n");
            let (_, head) = parse(&text).unwrap();
            let request = Request {
                head: &head,
                buffer: text.as_bytes(),
                body: b"",
                origin: "http://o",
                client: "::1",
            };
            assert_eq!((request.method(), request.path(), request.query()), ("GET", "/a", "b=c"));
            assert_eq!(request.field("x-y").as_deref(), Some("z"));
        }
    }
}
