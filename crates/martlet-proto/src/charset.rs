//! Charsets.
