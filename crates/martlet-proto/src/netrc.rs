//! netrc files.
