//! URLs as requests treats them.

/// A prepared URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);
