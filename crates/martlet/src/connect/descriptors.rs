//! The descriptors of all open sockets of this process, so that a forked child can close them.
//!
//! After `fork` a child must not drop an engine it inherited: that would speak on the parent's
//! connections. It may only close its copies of the descriptors. A lock could be held at the moment
//! of the fork, so this is a bit map of atomics; reading and changing it never waits.

use std::sync::atomic::{AtomicU64, Ordering};

/// Descriptors at or above this are not recorded; Linux's default ceiling (`fs.nr_open`) is this.
const CAPACITY: usize = 1 << 20;
const WORD: usize = u64::BITS as usize;

static OPEN: [AtomicU64; CAPACITY / WORD] = [const { AtomicU64::new(0) }; CAPACITY / WORD];

/// A recorded descriptor. It has to be dropped before the socket is closed: the number may be
/// another socket's the moment after.
#[derive(Debug)]
pub(crate) struct Recorded(i32);

impl Recorded {
    /// Records `descriptor` as open.
    pub(crate) fn new(descriptor: i32) -> Self {
        if let Some((word, bit)) = place(descriptor) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
        Self(descriptor)
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if let Some((word, bit)) = place(self.0) {
            word.fetch_and(!bit, Ordering::Relaxed);
        }
    }
}

/// The descriptors of the sockets that are open now; in a forked child, those it inherited.
pub fn inherited() -> impl Iterator<Item = i32> {
    OPEN.iter().enumerate().flat_map(|(index, word)| {
        let word = word.load(Ordering::Relaxed);
        let set = (0..WORD).filter(move |bit| word >> bit & 1 == 1);
        set.filter_map(move |bit| i32::try_from(index * WORD + bit).ok())
    })
}

/// Records that no socket is open: what a forked child does when it has closed what it [`inherited`].
pub fn forget_all() {
    for word in &OPEN {
        word.store(0, Ordering::Relaxed);
    }
}

fn place(descriptor: i32) -> Option<(&'static AtomicU64, u64)> {
    let number = usize::try_from(descriptor).ok()?;
    Some((OPEN.get(number / WORD)?, 1 << (number % WORD)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_known_from_its_opening_to_its_closing() {
        let (low, high) = (1_000_003, 1_000_064);
        let known = || inherited().filter(|number| (low..=high).contains(number)).collect::<Vec<_>>();
        let first = Recorded::new(low);
        let second = Recorded::new(high);
        assert_eq!(known(), [low, high]);
        drop(first);
        assert_eq!(known(), [high]);
        drop(second);
        assert_eq!(known(), []);
    }

    #[test]
    fn numbers_beyond_the_map_are_left_out() {
        drop(Recorded::new(i32::MAX));
        drop(Recorded::new(-1));
    }
}
