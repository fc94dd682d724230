//! Link headers.
