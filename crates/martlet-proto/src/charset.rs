//! Which character encoding a body is in, as requests decides it without looking at the whole text.

use crate::pystr::is_space;

const QUOTES_AND_SPACE: [char; 3] = ['"', '\'', ' '];

/// The encoding that a `Content-Type` names or implies (`requests.utils.get_encoding_from_headers`): its last
/// `charset` parameter, however wrong; else `ISO-8859-1` for text and `utf-8` for JSON, both only in lower
/// case; else none.
///
/// ```
/// # use martlet_proto::charset::encoding_from_headers;
/// assert_eq!(encoding_from_headers("text/html; Charset='koi8-r'"), Some("koi8-r"));
/// assert_eq!(encoding_from_headers("application/octet-stream"), None);
/// ```
pub fn encoding_from_headers(content_type: &str) -> Option<&str> {
    let mut tokens = content_type.split(';');
    let media_type = tokens.next().unwrap_or_default();
    let charset = tokens
        .rev()
        .filter_map(|param| param.trim_matches(is_space).split_once('='))
        .find(|(name, _)| name.trim_matches(QUOTES_AND_SPACE).eq_ignore_ascii_case("charset"));
    match charset {
        Some((_, value)) => Some(value.trim_matches(QUOTES_AND_SPACE)),
        None if media_type.contains("text") => Some("ISO-8859-1"),
        None if media_type.contains("application/json") => Some("utf-8"),
        None => None,
    }
}

/// The encoding of a JSON text by its byte order mark or the places of its first NULs, under Python's name
/// (`requests.utils.guess_json_utf`); `None` where no UTF fits.
pub fn guess_json_utf(data: &[u8]) -> Option<&'static str> {
    match data.get(..4).unwrap_or(data) {
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => Some("utf-32"),
        [0xef, 0xbb, 0xbf, ..] => Some("utf-8-sig"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("utf-16"),
        [0, 0, 0] => Some("utf-32-be"),
        [0, b, 0] if *b != 0 => Some("utf-16-be"),
        &[a, b, c, d] => match [a, b, c, d].map(|byte| byte == 0) {
            [true, false, true, false] => Some("utf-16-be"),
            [false, true, false, true] => Some("utf-16-le"),
            [true, true, true, false] => Some("utf-32-be"),
            [false, true, true, true] => Some("utf-32-le"),
            [false, false, false, false] => Some("utf-8"),
            _ => None,
        },
        sample if !sample.contains(&0) => Some("utf-8"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_charset_wins_and_quotes_of_both_kinds_go() {
        for (content_type, encoding) in [
            ("text/html; charset=a; CHARSET = \"' b '\"", Some("b")),
            ("text/html; charset=", Some("")),
            ("text/html; charset", Some("ISO-8859-1")),
            ("TEXT/html", None),
            ("application/json", Some("utf-8")),
            ("application/problem+json", None),
            ("", None),
        ] {
            assert_eq!(encoding_from_headers(content_type), encoding, "{content_type}");
        }
    }

    #[test]
    fn json_is_recognised_by_its_nuls() {
        for (data, encoding) in [
            (&b"{}"[..], Some("utf-8")),
            (b"", Some("utf-8")),
            (b"\0{\0}", Some("utf-16-be")),
            (b"{\0}\0", Some("utf-16-le")),
            (b"\0\0\0{", Some("utf-32-be")),
            (b"{\0\0\0", Some("utf-32-le")),
            (b"\xef\xbb\xbf{}", Some("utf-8-sig")),
            (b"\xff\xfe{\0", Some("utf-16")),
            (b"\xff\xfe\0\0", Some("utf-32")),
            (b"\0\0{}", None),
            (b"{\0", None),
        ] {
            assert_eq!(guess_json_utf(data), encoding, "{data:?}");
        }
    }
}
