//! How long each phase of an exchange may take, as a table.

use std::time::{Duration, Instant};

use crate::Phase;

/// Times after which an exchange is given up; `None` waits for ever, as requests does by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands: DNS, TCP, proxy and TLS together.
    pub connect: Option<Duration>,
    /// Between two pieces of the reply (per wait, not in total, as in requests).
    pub read: Option<Duration>,
    /// Until the peer takes the next piece of the request.
    pub write: Option<Duration>,
    /// Until the pool has a place.
    pub pool: Option<Duration>,
    /// From the call to the last byte of the body.
    pub total: Option<Duration>,
}

impl Timeouts {
    /// The same time for connecting, each write and each read: `timeout=5` of requests.
    pub fn both(time: Duration) -> Self {
        Self { connect: Some(time), read: Some(time), write: Some(time), ..Self::default() }
    }

    /// The row of the table: which time limits this phase, alone.
    pub fn of(&self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::Pool => self.pool,
            Phase::Resolve | Phase::Connect | Phase::Proxy | Phase::Tls => self.connect,
            Phase::SendHead | Phase::SendBody => self.write,
            Phase::RecvHead | Phase::RecvBody => self.read,
            Phase::Prepare | Phase::Decode | Phase::Redirect => None,
        }
    }

    /// When a phase begun at `begun`, of a call begun at `called`, has to end: the earlier of the phase's own
    /// limit and the total one.
    pub fn deadline(&self, phase: Phase, begun: Instant, called: Instant) -> Option<Instant> {
        let own = self.of(phase).and_then(|time| begun.checked_add(time));
        let total = self.total.and_then(|time| called.checked_add(time));
        match (own, total) {
            (Some(own), Some(total)) => Some(own.min(total)),
            (own, total) => own.or(total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_the_phases_and_the_total_limit_wins() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let timeouts = Timeouts { total: Some(3 * second), ..Timeouts::both(2 * second) };
        assert_eq!(timeouts.deadline(Phase::Connect, now, now), Some(now + 2 * second));
        assert_eq!(timeouts.deadline(Phase::RecvBody, now + 2 * second, now), Some(now + 3 * second));
        assert_eq!(timeouts.deadline(Phase::SendBody, now, now), Some(now + 2 * second));
        assert_eq!(timeouts.deadline(Phase::Pool, now, now), Some(now + 3 * second));
        assert_eq!(Timeouts::default().deadline(Phase::RecvHead, now, now), None);
    }
}
