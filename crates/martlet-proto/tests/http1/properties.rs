//! What holds for any bytes and any split of them into pieces.

use martlet_proto::http1::{
    BodyDecoder, Framing, HeadParser, encode_chunk, encode_head, encode_last_chunk, parse_head,
};
use martlet_proto::limit::Limits;
use martlet_proto::{Error, Headers};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::read::read;

/// What came out of a decoder that was handed `input` in pieces of the given sizes, over and over.
#[derive(Debug, PartialEq, Eq)]
struct Decoded {
    body: Vec<u8>,
    trailers: Option<Headers>,
    used: usize,
    done: bool,
}

fn decode(framing: Framing, input: &[u8], sizes: &[usize]) -> Result<Decoded, Error> {
    let mut decoder = BodyDecoder::new(framing);
    let (mut body, mut used, mut there) = (Vec::new(), 0, 0);
    for size in sizes.iter().cycle() {
        there = (there + size).min(input.len());
        while used < there && !decoder.is_done() {
            let window = &input[used..there];
            let piece = decoder.decode(window, &Limits::default())?;
            assert!(piece.data.end <= piece.consumed && piece.consumed <= window.len());
            assert!(piece.consumed > 0 || piece.done, "no progress");
            assert_eq!(piece.done, decoder.is_done());
            body.extend_from_slice(&window[piece.data]);
            used += piece.consumed;
        }
        if there == input.len() || decoder.is_done() {
            break;
        }
    }
    assert_eq!(decoder.received(), body.len() as u64);
    Ok(Decoded { body, trailers: decoder.trailers().cloned(), used, done: decoder.is_done() })
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(1..40_usize, 1..8)
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}"
}

/// A value as it stays: no white space on its left, any byte but CR, LF and NUL.
fn value() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>().prop_map(|byte| if matches!(byte, b'\r' | b'\n' | 0) { b'.' } else { byte }), 0..20)
        .prop_map(|value| value.into_iter().skip_while(|byte| byte.is_ascii_whitespace()).collect())
}

fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    vec((name(), value()), 0..12)
}

proptest! {
    #[test]
    fn a_chunked_body_comes_out_as_it_went_in(
        chunks in vec(vec(any::<u8>(), 0..50), 0..8), trailers in fields(), sizes in sizes(), behind in vec(any::<u8>(), 0..9)
    ) {
        let trailers: Headers = trailers.into_iter().collect();
        let mut wire = Vec::new();
        for chunk in &chunks {
            encode_chunk(&mut wire, chunk);
        }
        encode_last_chunk(&mut wire, &trailers);
        let length = wire.len();
        wire.extend_from_slice(&behind);
        let wanted = Decoded {
            body: chunks.concat(),
            trailers: (!trailers.is_empty()).then_some(trailers),
            used: length,
            done: true,
        };
        prop_assert_eq!(decode(Framing::Chunked, &wire, &sizes).unwrap(), wanted);
    }

    #[test]
    fn a_body_of_known_length_takes_no_byte_more(
        body in vec(any::<u8>(), 0..200), behind in vec(any::<u8>(), 0..9), sizes in sizes()
    ) {
        let wire = [body.clone(), behind].concat();
        let wanted = Decoded { used: body.len(), body, trailers: None, done: true };
        let framing = Framing::Length(wanted.body.len() as u64);
        prop_assert_eq!(decode(framing, &wire, &sizes).unwrap(), wanted);
    }

    #[test]
    fn pieces_do_not_matter_to_any_chunked_bytes(
        wire in vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'0'), Just(b'3'), Just(b';'), any::<u8>()], 0..80),
        sizes in sizes()
    ) {
        let whole = decode(Framing::Chunked, &wire, &[usize::MAX >> 1]).map_err(|error| error.to_string());
        let split = decode(Framing::Chunked, &wire, &sizes).map_err(|error| error.to_string());
        prop_assert_eq!(whole, split);
    }

    #[test]
    fn a_head_says_what_was_written_however_it_arrives(
        fields in fields(), status in 100..1000_u16, reason in "[!-~]([ -~]{0,20}[!-~])?", line_end in prop_oneof![Just("\r\n"), Just("\n")], sizes in sizes()
    ) {
        let mut wire = format!("HTTP/1.1 {status} {reason}{line_end}").into_bytes();
        for (name, value) in &fields {
            wire.extend_from_slice(name.as_bytes());
            wire.extend_from_slice(b": ");
            wire.extend_from_slice(value);
            wire.extend_from_slice(line_end.as_bytes());
        }
        wire.extend_from_slice(line_end.as_bytes());
        let length = wire.len();
        wire.extend_from_slice(b"body\r\n\r\n");
        let (mut parser, mut there) = (HeadParser::new(), 0);
        for size in sizes.iter().cycle() {
            there = (there + size).min(wire.len());
            if let Some(parsed) = parser.parse(&wire[..there], &Limits::default()).unwrap() {
                prop_assert_eq!((parsed.used, parsed.sound, parsed.head.status), (length, true, status));
                prop_assert_eq!(parsed.head.reason, reason.as_bytes());
                let got: Vec<_> = parsed.head.headers.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
                let wanted: Vec<_> = fields.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect();
                prop_assert_eq!(got, wanted);
                break;
            }
            prop_assert!(there < length);
        }
    }

    #[test]
    fn pieces_do_not_matter_to_any_reply(
        lines in vec("[ -~\t\u{80}-\u{ff}]{0,12}[:]?[ a-z\r]{0,6}\r?\n", 0..6), tail in "[0-9a-f\r\n;]{0,20}", step in 1..9_usize
    ) {
        let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{}\r\n{tail}", lines.concat());
        let wire: Vec<u8> = text.chars().map(|character| u32::from(character) as u8).collect();
        prop_assert_eq!(read("GET", &wire, usize::MAX), read("GET", &wire, step));
    }

    #[test]
    fn no_bytes_upset_the_parser(wire in vec(any::<u8>(), 0..200)) {
        let _ = parse_head(&wire, &Limits::default());
        let _ = parse_head(&[b"HTTP/1.1 200 OK\r\n", &wire[..], b"\r\n\r\n"].concat(), &Limits::default());
    }

    #[test]
    fn a_request_is_read_by_another_parser_as_it_was_meant(fields in vec((name(), "([!-~][ -~]{0,20})?"), 0..12), target in "/[!-~]{0,30}") {
        let headers: Headers = fields.iter().map(|(name, value)| (name, value)).collect();
        let mut wire = Vec::new();
        encode_head(&mut wire, "GET", &target, "a.test", &headers).unwrap();
        let mut found = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut found);
        prop_assert_eq!(request.parse(&wire).unwrap(), httparse::Status::Complete(wire.len()));
        prop_assert_eq!((request.method, request.path), (Some("GET"), Some(&target[..])));
        let skipped = usize::from(!headers.contains("host"));
        let got: Vec<_> = request.headers[skipped..].iter().map(|field| (field.name, field.value)).collect();
        let wanted: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.trim_ascii_end().as_bytes())).collect();
        prop_assert_eq!(got, wanted);
    }
}
