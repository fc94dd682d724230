//! Cookies, with the semantics of `http.cookiejar` under its default (Netscape) policy, as requests uses it.

pub(crate) mod date;
mod jar;

pub use jar::{Change, Cookie, Jar, SharedJar};
