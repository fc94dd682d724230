//! How many descriptors this process may have open.

/// The soft limit; `None` where nobody knows.
#[cfg(unix)]
pub(crate) fn most_descriptors() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is ours and has the type that is asked for.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    (failed == 0).then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
pub(crate) fn most_descriptors() -> Option<usize> {
    None
}
