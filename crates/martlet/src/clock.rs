//! Which time limits a wait, and what is said when it has run out.
//!
//! A wait is polled first and timed second: a [`Sleep`] is made only when the awaited thing was not
//! ready at its first poll, and whenever both are ready the awaited thing wins. So data that is
//! already there costs no timer, and a reply that arrived in time beats a timer that expired
//! because the loop was late. The read and write limits run per wait; the connect limit runs from
//! the start of connecting to the end of the TLS handshake; the total limit runs from the call.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use martlet_proto::{Error, Kind, Phase, Result, Timeouts};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

/// The clock of one call: its limits and when it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    timeouts: Timeouts,
    called: Instant,
}

impl Clock {
    /// Starts the clock of a call.
    pub(crate) fn start(timeouts: Timeouts) -> Self {
        Self { timeouts, called: Instant::now() }
    }

    /// Awaits `future` for as long as `phase` may take, counted from its first poll that was not ready.
    ///
    /// # Errors
    /// [`Kind::Timeout`] with that phase.
    pub(crate) fn limit<F: Future>(&self, phase: Phase, future: F) -> Limited<'_, F> {
        self.limit_since(None, phase, future)
    }

    /// As [`Clock::limit`], counted from `begun` when given.
    pub(crate) fn limit_since<F: Future>(
        &self,
        begun: Option<Instant>,
        phase: Phase,
        future: F,
    ) -> Limited<'_, F> {
        Limited { clock: self, phase, begun, future, sleep: None, timed: false }
    }

    /// When a phase that began at `begun`, or begins now, has to end.
    pub(crate) fn deadline(&self, phase: Phase, begun: Option<Instant>) -> Option<Instant> {
        if self.timeouts.of(phase).is_none() && self.timeouts.total.is_none() {
            return None;
        }
        self.timeouts.deadline(phase, begun.unwrap_or_else(Instant::now), self.called)
    }

    /// Sleeps for `pause`, but not beyond the total limit.
    pub(crate) async fn pause(&self, pause: Duration) -> Result<()> {
        self.limit(Phase::Prepare, tokio::time::sleep(pause)).await
    }

    /// The error of a wait that took too long.
    pub(crate) fn timed_out(&self, phase: Phase) -> Error {
        let total_is_over = self.timeouts.total.is_some_and(|total| self.called.elapsed() >= total);
        let seconds = |time: Option<Duration>| time.unwrap_or_default().as_secs_f64();
        let message = match phase {
            _ if total_is_over => format!(
                "The exchange took longer than its total limit. (total timeout={})",
                seconds(self.timeouts.total)
            ),
            Phase::Pool => format!(
                "No connection became free in time; raise the pool's limits or close unread responses. (pool timeout={})",
                seconds(self.timeouts.pool)
            ),
            Phase::Resolve | Phase::Connect | Phase::Proxy | Phase::Tls => {
                format!("{} timed out. (connect timeout={})", step_of(phase), seconds(self.timeouts.connect))
            }
            Phase::SendHead | Phase::SendBody => {
                format!("Write timed out. (write timeout={})", seconds(self.timeouts.write))
            }
            _ => format!("Read timed out. (read timeout={})", seconds(self.timeouts.read)),
        };
        Error::new(Kind::Timeout, phase, message)
    }
}

pin_project! {
    /// A future with a limit. Written by hand: as an `async fn` it would hold the future twice, and every call holds
    /// one of these at any time.
    #[must_use = "a future does nothing unless it is awaited"]
    pub(crate) struct Limited<'a, F> {
        clock: &'a Clock,
        phase: Phase,
        begun: Option<Instant>,
        #[pin]
        future: F,
        #[pin]
        sleep: Option<Sleep>,
        timed: bool,
    }
}

impl<F: Future> Future for Limited<'_, F> {
    type Output = Result<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(output) = this.future.poll(context) {
            return Poll::Ready(Ok(output));
        }
        if !*this.timed {
            *this.timed = true;
            let deadline = this.clock.deadline(*this.phase, *this.begun);
            this.sleep.set(deadline.map(|at| sleep_until(at.into())));
        }
        match this.sleep.as_pin_mut() {
            Some(sleep) => sleep.poll(context).map(|()| Err(this.clock.timed_out(*this.phase))),
            None => Poll::Pending,
        }
    }
}

/// What was being done when the connect limit ran out.
fn step_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => "Looking up the host name",
        Phase::Proxy => "Connecting through the proxy",
        Phase::Tls => "The TLS handshake",
        _ => "Connecting",
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_is_ready_wins_over_a_limit_that_has_run_out() {
        let clock = Clock::start(Timeouts { total: Some(Duration::ZERO), ..Timeouts::both(Duration::ZERO) });
        assert_eq!(clock.limit(Phase::RecvHead, ready(7)).await.unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn the_error_names_the_phase_and_the_limit_that_ran_out() {
        let clock =
            Clock::start(Timeouts { connect: Some(SECOND / 2), read: Some(SECOND), ..Timeouts::default() });
        let error = clock.limit(Phase::RecvBody, pending::<()>()).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (Kind::Timeout, Phase::RecvBody));
        assert_eq!(error.message(), "Read timed out. (read timeout=1)");
        let error = clock.limit(Phase::Tls, pending::<()>()).await.unwrap_err();
        assert_eq!(error.message(), "The TLS handshake timed out. (connect timeout=0.5)");
    }

    #[tokio::test(start_paused = true)]
    async fn the_connect_limit_counts_from_where_connecting_began() {
        let clock = Clock::start(Timeouts::both(2 * SECOND));
        let begun = tokio::time::Instant::now();
        tokio::time::sleep(SECOND).await;
        let since = Some(begun.into_std());
        clock.limit_since(since, Phase::Connect, pending::<()>()).await.unwrap_err();
        assert_eq!(begun.elapsed(), 2 * SECOND);
    }
}
