//! The engine's side of an operation that an event loop or a thread waits for.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use pyo3::{exceptions::PyRuntimeError, prelude::*};

use super::{
    bell::{self, Bell, Ringing},
    exchange::{Link, Work},
    port::{Knock, Message, Port},
};

/// Who is told that there is something on the [`Link`].
pub(super) enum Waiter {
    /// An event loop, by its port and the operation's token.
    Loop(Arc<Port>, usize),
    /// A thread that sleeps, or is about to.
    Thread(Bell),
}

impl Waiter {
    /// Tells who waits that the answer is there.
    fn answered(&self) {
        match self {
            Self::Loop(port, token) => port.push(Message::Done(*token)),
            Self::Thread(bell) => bell.ring(),
        }
    }

    /// As [`Waiter::answered`], but who waits may be told together with others: when what this gives is dropped.
    fn answered_in_a_burst(&self) -> Option<Telling> {
        match self {
            Self::Loop(port, token) => port.push_in_a_burst(Message::Done(*token)).map(Telling::Loop),
            Self::Thread(bell) => bell.mark().map(Telling::Threads),
        }
    }

    /// Something else was done. There may be more of it ahead of who is to tell those that have got an answer.
    fn worked(&self, polls: u32) {
        match self {
            Self::Loop(port, _) => port.tell_if_late(),
            // More than its request sent: a handshake, say.
            Self::Thread(_) if polls > 1 => bell::ring_for_the_marked(),
            Self::Thread(_) => {}
        }
    }
}

/// Tells those who have got an answer, by being dropped.
enum Telling {
    Loop(#[expect(dead_code, reason = "it rings by being dropped")] Knock),
    Threads(#[allow(dead_code, reason = "the same, where there is such a thing")] Ringing),
}

/// A request leaves at the first poll, and a small reply is there at the second. What took more than so many was
/// large, or slow: it is not to wait for others, and its body, still in the processor's cache, is to be taken at once.
const QUICK: u32 = 2;

/// The job that runs an operation for somebody else: reports to who waits, and ends at once when cancelled.
pub(super) struct Report {
    work: Option<Work>,
    link: Arc<Link>,
    waiter: Waiter,
    polls: u32,
    /// Told, when this is polled once more, are all who have got an answer since.
    telling: Option<Telling>,
}

impl Report {
    pub(super) fn new(work: Work, link: Arc<Link>, waiter: Waiter) -> Self {
        Self { work: Some(work), link, waiter, polls: 0, telling: None }
    }
}

impl Drop for Report {
    /// Dropped before its end: the engine has been shut down, or the work has panicked. Who waits is told.
    fn drop(&mut self) {
        if self.work.take().is_some() && self.link.answer(Box::new(|_, _| Err(given_up()))) {
            self.waiter.answered();
        }
    }
}

fn given_up() -> PyErr {
    PyRuntimeError::new_err(
        "the engine has given this request up: the interpreter is shutting down, or martlet has a bug",
    )
}

impl Future for Report {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(work) = &mut this.work else {
            this.telling = None;
            return Poll::Ready(());
        };
        if this.link.cancelled.load(Ordering::Acquire) {
            drop(mem::take(&mut this.work));
            return Poll::Ready(());
        }
        this.polls = this.polls.saturating_add(1);
        match work.as_mut().poll(cx) {
            Poll::Ready(answer) => {
                this.work = None;
                match this.link.answer(answer) {
                    true if this.polls <= QUICK => this.telling = this.waiter.answered_in_a_burst(),
                    true => this.waiter.answered(),
                    false => {}
                }
                if this.telling.is_none() {
                    return Poll::Ready(());
                }
                // The turn comes back to this one behind all that are ready now.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => {
                this.link.register(cx);
                this.waiter.worked(this.polls);
                match &this.waiter {
                    Waiter::Loop(port, token) => {
                        if let Some(question) = this.link.take_question() {
                            port.push(Message::Asked(*token, question));
                        }
                    }
                    Waiter::Thread(bell) if this.link.asks() => bell.ring(),
                    Waiter::Thread(_) => {}
                }
                // Cancelled between the check above and the registration: be polled once more.
                if this.link.cancelled.load(Ordering::Acquire) {
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    }
}
