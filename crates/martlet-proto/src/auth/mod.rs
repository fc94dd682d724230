//! Credentials: basic, bearer, digest.
