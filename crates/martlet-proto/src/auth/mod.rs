//! Credentials: what is put into `Authorization` and `Proxy-Authorization`.
//!
//! Basic is RFC 7617 in the charset requests uses, ISO-8859-1. Digest is a conversation with state of its
//! own: [`Digest`]. No `Debug` of this module shows a password.

mod digest;

use std::{borrow::Cow, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Error, Kind, Phase, Result};

pub use digest::{Challenge, Digest, parse_parameters};

/// How a request proves who sends it.
#[derive(Clone, Default)]
pub enum Auth {
    /// Not at all, unless the URL or a netrc file has credentials.
    #[default]
    None,
    /// As the request's own fields say, and not otherwise: they were prepared to the end.
    Prepared,
    /// `Authorization: Basic` (RFC 7617), as bytes.
    Basic {
        /// The user's name; no colon in it reaches the other side as one.
        user: Vec<u8>,
        /// The password.
        password: Vec<u8>,
    },
    /// `Authorization: Bearer` (RFC 6750).
    Bearer(String),
    /// `Authorization: Digest` (RFC 7616), once the server has asked for it.
    Digest(Digest),
}

impl Auth {
    /// Basic credentials given as text.
    ///
    /// # Errors
    /// [`Kind::InvalidHeader`] when a character is not in ISO-8859-1 (a `UnicodeEncodeError` of requests).
    pub fn basic(user: &str, password: &str) -> Result<Self> {
        Ok(Self::Basic { user: latin1(user)?.into_owned(), password: latin1(password)?.into_owned() })
    }

    /// Digest credentials; clones share the server's challenge and the nonce count.
    pub fn digest(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Digest(Digest::new(user, password))
    }

    /// Is there nothing?
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Prepared => f.write_str("Prepared"),
            Self::Basic { user, .. } => write!(f, "Basic({:?}, [secret])", String::from_utf8_lossy(user)),
            Self::Bearer(_) => f.write_str("Bearer([secret])"),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// The value of a field that carries Basic credentials (`_basic_auth_str`).
pub fn basic_value(user: &[u8], password: &[u8]) -> String {
    let pair = [user, b":", password].concat();
    let mut value = String::with_capacity(6 + pair.len().div_ceil(3) * 4);
    value.push_str("Basic ");
    STANDARD.encode_string(pair, &mut value);
    value
}

/// Text as the bytes of ISO-8859-1, the charset of header fields.
///
/// # Errors
/// [`Kind::InvalidHeader`] when a character is beyond U+00FF. The message does not show the text.
pub fn latin1(text: &str) -> Result<Cow<'_, [u8]>> {
    if text.is_ascii() {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let encoded: Option<Vec<u8>> =
        text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
    encoded.map(Cow::Owned).ok_or_else(|| {
        Error::new(
            Kind::InvalidHeader,
            Phase::Prepare,
            "a header value has characters outside ISO-8859-1; encode it to bytes first",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_latin1_and_base64() {
        let Auth::Basic { user, password } = Auth::basic("müller", "p:w").unwrap() else { panic!() };
        assert_eq!(basic_value(&user, &password), "Basic bfxsbGVyOnA6dw==");
        assert_eq!(basic_value(b"", b""), "Basic Og==");
    }

    #[test]
    fn characters_outside_latin1_are_refused_without_showing_them() {
        let error = Auth::basic("user", "пароль").unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidHeader);
        assert!(!error.to_string().contains("пароль"));
    }

    #[test]
    fn debug_shows_no_password() {
        for auth in
            [Auth::basic("u", "geheim").unwrap(), Auth::Bearer("geheim".into()), Auth::digest("u", "geheim")]
        {
            assert!(!format!("{auth:?}").contains("geheim"), "{auth:?}");
        }
    }
}
