//! Happy Eyeballs (RFC 8305 sections 4 and 5): which address is tried when, and who wins.
//!
//! The families are interleaved, beginning with the family the system put first; the next address
//! is tried when the previous one failed or after a short delay; the first to connect wins and the
//! other attempts are dropped, which closes them.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// The order in which `addresses` are tried (RFC 8305 section 4, first address family count 1).
pub(crate) fn interleave(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let begins_with_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (VecDeque<_>, VecDeque<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv6() == begins_with_v6);
    let mut order = VecDeque::with_capacity(addresses.len());
    while !first.is_empty() || !second.is_empty() {
        order.extend(first.pop_front());
        order.extend(second.pop_front());
    }
    order
}

/// Connects to the first of `addresses` that answers; a new attempt begins every `delay`.
///
/// # Errors
/// The error of the last attempt to fail, when all have failed.
pub(crate) async fn race<T, F>(
    addresses: VecDeque<SocketAddr>,
    delay: Duration,
    connect: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>> + Send,
{
    let mut race = Race { waiting: addresses, running: Vec::new(), connect, failure: None };
    let mut next = pin!(None::<Sleep>);
    race.start_one();
    poll_fn(|context| {
        loop {
            if let Poll::Ready(outcome) = race.poll_running(context) {
                return Poll::Ready(outcome);
            }
            if race.waiting.is_empty() {
                return Poll::Pending;
            }
            if next.is_none() {
                next.set(Some(sleep(delay)));
            }
            let Some(mut timer) = next.as_mut().as_pin_mut() else { return Poll::Pending };
            ready!(timer.as_mut().poll(context));
            timer.reset(Instant::now() + delay);
            race.start_one();
        }
    })
    .await
}

struct Race<C, F> {
    waiting: VecDeque<SocketAddr>,
    running: Vec<Pin<Box<F>>>,
    connect: C,
    failure: Option<io::Error>,
}

impl<T, C, F> Race<C, F>
where
    C: FnMut(SocketAddr) -> F,
    F: Future<Output = io::Result<T>>,
{
    fn start_one(&mut self) {
        if let Some(address) = self.waiting.pop_front() {
            self.running.push(Box::pin((self.connect)(address)));
        }
    }

    /// Ready with the winner, or with the last failure once nobody is left to try.
    fn poll_running(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let mut place = 0;
        while let Some(attempt) = self.running.get_mut(place) {
            match attempt.as_mut().poll(context) {
                Poll::Pending => place += 1,
                Poll::Ready(Ok(connected)) => return Poll::Ready(Ok(connected)),
                Poll::Ready(Err(error)) => {
                    drop(self.running.remove(place));
                    self.failure = Some(error);
                    self.start_one();
                }
            }
        }
        match self.running.is_empty() {
            false => Poll::Pending,
            true => {
                let none = || io::Error::other("the host has no address");
                Poll::Ready(Err(self.failure.take().unwrap_or_else(none)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const DELAY: Duration = Duration::from_millis(250);

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|address| address.parse().unwrap()).collect()
    }

    /// What each address does: after so many milliseconds it connects, or refuses.
    async fn peer(address: SocketAddr) -> io::Result<SocketAddr> {
        tokio::time::sleep(Duration::from_millis(u64::from(address.port()) / 10)).await;
        match address.port() % 10 {
            0 => Ok(address),
            _ => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
        }
    }

    #[test]
    fn families_alternate_beginning_with_the_systems_first() {
        let order = interleave(&addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"]));
        let order: Vec<_> = order.iter().map(ToString::to_string).collect();
        assert_eq!(order, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_address_is_overtaken_after_the_delay() {
        let begun = Instant::now();
        let order = interleave(&addresses(&["[::1]:60000", "1.1.1.1:100"]));
        let winner = race(order, DELAY, peer).await.unwrap();
        assert_eq!(winner.to_string(), "1.1.1.1:100");
        assert_eq!(begun.elapsed(), Duration::from_millis(260));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_address_wins_if_it_answers_before_the_later_one() {
        let order = interleave(&addresses(&["[::1]:3000", "1.1.1.1:1000"]));
        assert!(race(order, DELAY, peer).await.unwrap().is_ipv6());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_starts_the_next_attempt_at_once() {
        let begun = Instant::now();
        let order = interleave(&addresses(&["[::1]:11", "1.1.1.1:20"]));
        race(order, DELAY, peer).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::from_millis(3));
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_fail_each_was_tried_once() {
        let tried = Mutex::new(Vec::new());
        let order = interleave(&addresses(&["[::1]:11", "1.1.1.1:21"]));
        let error = race(order, DELAY, |address| {
            tried.lock().unwrap().push(address);
            peer(address)
        });
        assert_eq!(error.await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(tried.lock().unwrap().len(), 2);
    }
}
