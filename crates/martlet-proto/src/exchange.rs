//! One logical request.
