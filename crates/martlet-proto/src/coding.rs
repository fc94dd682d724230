//! The content codings of a body (RFC 9110 section 8.4): which, and in which order they are undone.

use crate::limit::Limits;
use crate::{Error, Headers, Kind, Phase, Result};

/// A content coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// `gzip` and `x-gzip`.
    Gzip,
    /// `deflate`: a zlib stream, or, from servers that took the name literally, a raw deflate stream.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// The codings of all `Content-Encoding` fields in the order in which they are undone, the last one applied first.
///
/// Empty when there are none, and when one of them is not known: the body is then left as it came, as requests
/// does with an unknown coding. `identity` is no coding.
///
/// # Errors
/// [`Kind::LimitExceeded`] in [`Phase::Decode`] when there are more than [`Limits::decoder_layers`].
pub fn codings(headers: &Headers, limits: &Limits) -> Result<Vec<Coding>> {
    let mut found = Vec::new();
    let fields = headers.get_all(b"content-encoding");
    for name in fields.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
        if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
            continue;
        }
        let Some(coding) = coding(name) else { return Ok(Vec::new()) };
        found.push(coding);
    }
    if found.len() > limits.decoder_layers {
        let message =
            format!("Too many content encodings in the chain: {} > {}", found.len(), limits.decoder_layers);
        return Err(Error::new(Kind::LimitExceeded, Phase::Decode, message));
    }
    found.reverse();
    Ok(found)
}

fn coding(name: &[u8]) -> Option<Coding> {
    const NAMES: [(&[u8], Coding); 5] = [
        (b"gzip", Coding::Gzip),
        (b"x-gzip", Coding::Gzip),
        (b"deflate", Coding::Deflate),
        (b"br", Coding::Brotli),
        (b"zstd", Coding::Zstd),
    ];
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, coding)| *coding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Coding::{Brotli, Deflate, Gzip, Zstd};

    fn of(values: &[&str]) -> Result<Vec<Coding>> {
        codings(&values.iter().map(|value| ("Content-Encoding", *value)).collect(), &Limits::default())
    }

    #[test]
    fn codings_are_undone_from_the_last_to_the_first() {
        #[rustfmt::skip]
        let table: &[(&[&str], &[Coding])] = &[
            (&[], &[]),
            (&["gzip"], &[Gzip]),
            (&["X-GZip"], &[Gzip]),
            (&["deflate"], &[Deflate]),
            (&["br"], &[Brotli]),
            (&["zstd"], &[Zstd]),
            (&["deflate, gzip ,\tbr"], &[Brotli, Gzip, Deflate]),
            (&["gzip", "zstd"], &[Zstd, Gzip]),
        ];
        for (values, wanted) in table {
            assert_eq!(of(values).unwrap(), *wanted, "{values:?}");
        }
    }

    #[test]
    fn identity_and_empty_members_are_no_codings() {
        for value in ["identity", "Identity", "", ",", " , identity"] {
            assert_eq!(of(&[value]).unwrap(), [], "{value:?}");
        }
        assert_eq!(of(&["gzip, identity,"]).unwrap(), [Gzip]);
    }

    #[test]
    fn a_body_with_an_unknown_coding_is_left_untouched() {
        for value in ["foo", "gzip, foo", "foo, gzip", "gzip br", "gzip;q=1", "utf-8"] {
            assert_eq!(of(&[value]).unwrap(), [], "{value:?}");
        }
    }

    #[test]
    fn more_layers_than_the_limit_are_refused() {
        assert_eq!(of(&["gzip,gzip,gzip", "gzip,gzip"]).unwrap().len(), 5);
        let error = of(&["gzip,gzip,gzip", "gzip,gzip,gzip"]).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (Kind::LimitExceeded, Phase::Decode));
        assert_eq!(error.message(), "Too many content encodings in the chain: 6 > 5");
    }
}
