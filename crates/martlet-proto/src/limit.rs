//! How much a peer may send before it is refused. Nothing a peer sends is unbounded but the body itself.

/// Bounds on what a peer sends, as a table. A bound that is passed is [`Kind::LimitExceeded`](crate::Kind).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one head, from the status line to the empty line; of one body's trailers alike.
    pub head_bytes: usize,
    /// Field lines in one head, continuation lines counted as `http.client` does.
    pub header_count: usize,
    /// Bytes of one line of a head, its line end included.
    pub line_bytes: usize,
    /// Informational replies (1xx) skipped before the final one.
    pub informational: u32,
    /// Bytes of the line that gives a chunk's size, extensions and line end included.
    pub chunk_line_bytes: usize,
    /// Bytes read of the body of a redirect before its connection is given up instead.
    pub redirect_body: usize,
    /// Content codings stacked on one body.
    pub decoder_layers: usize,
    /// Base-2 logarithm of the largest zstd window in bytes.
    pub zstd_window_log: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // As Chromium; four times what the largest servers' own defaults let an application send.
            head_bytes: 256 * 1024,
            // `http.client._MAXHEADERS`: what requests takes today.
            header_count: 100,
            // `http.client._MAXLINE`.
            line_bytes: 65_536,
            // A server that keeps a slow request alive sends a 102 every 20 s or so: half an hour of them.
            informational: 100,
            // A size takes 16 digits, a signed chunk some 90 bytes; more is a peer that wastes our time.
            chunk_line_bytes: 4096,
            // Reading this much costs less than a new connection; no redirect page is larger.
            redirect_body: 64 * 1024,
            // As urllib3's `MultiDecoder`: real replies have one, each more multiplies a bomb.
            decoder_layers: 5,
            // 8 MiB, the most RFC 9659 lets a `Content-Encoding: zstd` frame ask for.
            zstd_window_log: 23,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_http_client_and_urllib3_where_these_have_any() {
        let limits = Limits::default();
        assert_eq!((limits.header_count, limits.line_bytes, limits.decoder_layers), (100, 65_536, 5));
    }

    #[test]
    fn a_zstd_window_of_8_mib_is_let_pass() {
        assert_eq!(1_u64 << Limits::default().zstd_window_log, 8 * 1024 * 1024);
    }
}
