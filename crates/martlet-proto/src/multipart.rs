//! `multipart/form-data` (RFC 7578), byte for byte as requests and urllib3 write it.
//!
//! A [`Plan`] is what goes on the wire in order: heads of parts, which are known, and contents,
//! which may still be files. So the whole length is known beforehand if that of every content is,
//! and no content is ever copied into one big body.

use bytes::Bytes;

use crate::{Error, Kind, Phase, Result};

/// One field or file of a form.
#[derive(Clone, Debug)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file's name, if it is shown as a file.
    pub filename: Option<String>,
    /// What the content is; without it the part has no `Content-Type`.
    pub content_type: Option<String>,
    /// Further header fields. `Content-Disposition`, `Content-Type` and `Content-Location`, so spelt, are
    /// passed over, as are fields without a value.
    pub headers: Vec<(String, String)>,
    /// The content itself.
    pub content: Content,
}

/// What a part holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// These bytes.
    Bytes(Bytes),
    /// Bytes that the caller's source yields.
    Stream {
        /// Their number, if known.
        length: Option<u64>,
    },
}

impl Part {
    /// A field with a value, not a file.
    pub fn field(name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            filename: None,
            content_type: None,
            headers: Vec::new(),
            content: Content::Bytes(value.into()),
        }
    }

    fn push_head(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(b"Content-Disposition: form-data; name=\"");
        push_escaped(out, &self.name);
        if let Some(filename) = &self.filename {
            out.extend_from_slice(b"\"; filename=\"");
            push_escaped(out, filename);
        }
        out.extend_from_slice(b"\"\r\n");
        let content_type = self.content_type.as_deref().unwrap_or_default();
        let own = |name: &str| matches!(name, "Content-Disposition" | "Content-Type" | "Content-Location");
        let others = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let others = others.filter(|(name, _)| !own(name));
        for (name, value) in [("Content-Type", content_type)].into_iter().chain(others) {
            if value.is_empty() {
                continue;
            }
            if [name, value].iter().any(|text| text.contains(['\r', '\n'])) {
                let message =
                    format!("Return character(s) in header {name:?} of multipart field {:?}", self.name);
                return Err(Error::new(Kind::InvalidHeader, Phase::Prepare, message));
            }
            for text in [name, ": ", value, "\r\n"] {
                out.extend_from_slice(text.as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }
}

/// A parameter's value as the HTML standard writes it: only quotes and line ends are escaped.
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'\n' => out.extend_from_slice(b"%0A"),
            b'\r' => out.extend_from_slice(b"%0D"),
            b'"' => out.extend_from_slice(b"%22"),
            byte => out.push(byte),
        }
    }
}

/// A piece of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// These bytes.
    Bytes(Bytes),
    /// What the source of the part with this index yields.
    Stream(usize),
}

/// The whole body in order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The pieces, one behind the other.
    pub segments: Vec<Segment>,
    /// The body's length in bytes, if that of every content is known.
    pub length: Option<u64>,
    /// The value of the request's `Content-Type`.
    pub content_type: String,
}

impl Plan {
    /// The body of `parts`, kept apart by `boundary`, which must not occur in any content.
    ///
    /// # Errors
    /// [`Kind::InvalidHeader`] when a header field of a part has a line end in it (requests sends it).
    pub fn new(parts: &[Part], boundary: &str) -> Result<Self> {
        let (mut segments, mut length, mut known) =
            (Vec::with_capacity(parts.len() * 2 + 1), Some(0), Vec::new());
        let mut add = |segment: Segment, added: Option<u64>| {
            length = length.zip(added).and_then(|(length, added): (u64, u64)| length.checked_add(added));
            segments.push(segment);
        };
        for (index, part) in parts.iter().enumerate() {
            known.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            part.push_head(&mut known)?;
            let head = Bytes::from(std::mem::take(&mut known));
            let head_length = Some(head.len() as u64);
            add(Segment::Bytes(head), head_length);
            match &part.content {
                Content::Bytes(bytes) => add(Segment::Bytes(bytes.clone()), Some(bytes.len() as u64)),
                Content::Stream { length } => add(Segment::Stream(index), *length),
            }
            known.extend_from_slice(b"\r\n");
        }
        known.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let tail_length = Some(known.len() as u64);
        add(Segment::Bytes(known.into()), tail_length);
        Ok(Self { segments, length, content_type: format!("multipart/form-data; boundary={boundary}") })
    }

    /// The body in one piece, if no content is a stream.
    pub fn to_bytes(&self) -> Option<Bytes> {
        let mut body = Vec::with_capacity(usize::try_from(self.length?).ok()?);
        for segment in &self.segments {
            match segment {
                Segment::Bytes(bytes) => body.extend_from_slice(bytes),
                Segment::Stream(_) => return None,
            }
        }
        Some(body.into())
    }
}

/// A boundary of 32 hexadecimal digits, as urllib3 makes them.
pub fn boundary(random: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, filename: &str, length: Option<u64>) -> Part {
        Part { filename: Some(filename.into()), content: Content::Stream { length }, ..Part::field(name, "") }
    }

    #[test]
    fn the_plan_names_streams_where_they_go_and_knows_the_length() {
        let plan = Plan::new(&[Part::field("k", "v"), file("f", "n.txt", Some(3))], "B").unwrap();
        let text: Vec<u8> = plan.segments.iter().fold(Vec::new(), |mut text, segment| {
            match segment {
                Segment::Bytes(bytes) => text.extend_from_slice(bytes),
                Segment::Stream(1) => text.extend_from_slice(b"xyz"),
                Segment::Stream(other) => panic!("{other}"),
            }
            text
        });
        let wanted = "--B\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\nv\r\n\
            --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\r\nxyz\r\n--B--\r\n";
        assert_eq!(String::from_utf8(text).unwrap(), wanted);
        assert_eq!(plan.length, Some(wanted.len() as u64));
        assert_eq!(plan.content_type, "multipart/form-data; boundary=B");
        assert_eq!(plan.to_bytes(), None);
    }

    #[test]
    fn one_unknown_length_makes_the_whole_unknown() {
        let plan = Plan::new(&[file("f", "n", None), Part::field("k", "v")], "B").unwrap();
        assert_eq!(plan.length, None);
    }

    #[test]
    fn a_line_end_cannot_add_a_header_field() {
        for part in [
            Part { content_type: Some("a/b\r\nX: 1".into()), ..Part::field("k", "v") },
            Part { headers: vec![("X".into(), "1\nY: 2".into())], ..Part::field("k", "v") },
            Part { headers: vec![("X: 1\r\nY".into(), "2".into())], ..Part::field("k", "v") },
        ] {
            assert_eq!(Plan::new(&[part], "B").unwrap_err().kind(), Kind::InvalidHeader);
        }
        let plan = Plan::new(&[Part::field("a\"\r\nb", "v")], "B").unwrap();
        assert!(
            plan.to_bytes()
                .unwrap()
                .starts_with(b"--B\r\nContent-Disposition: form-data; name=\"a%22%0D%0Ab\"\r\n")
        );
    }

    #[test]
    fn a_boundary_is_the_random_bytes_in_hexadecimal() {
        assert_eq!(boundary([0; 16]), "00000000000000000000000000000000");
        assert_eq!(boundary(*b"0123456789abcdef"), "30313233343536373839616263646566");
    }
}
