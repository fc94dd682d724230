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
    bell::Bell,
    burst,
    exchange::{Link, Work},
    port::{Message, Port},
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

    /// As [`Waiter::answered`], but who waits is told together with others.
    fn answered_in_a_burst(&self) {
        match self {
            Self::Loop(port, token) => port.push_in_a_burst(Message::Done(*token)),
            Self::Thread(bell) => {
                bell.mark();
                burst::tell_threads_soon();
            }
        }
    }
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
}

impl Report {
    pub(super) fn new(work: Work, link: Arc<Link>, waiter: Waiter) -> Self {
        Self { work: Some(work), link, waiter, polls: 0 }
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
        let Some(work) = &mut this.work else { return Poll::Ready(()) };
        if this.link.cancelled.load(Ordering::Acquire) {
            drop(mem::take(&mut this.work));
            return Poll::Ready(());
        }
        burst::tell_if_late();
        this.polls = this.polls.saturating_add(1);
        match work.as_mut().poll(cx) {
            Poll::Ready(answer) => {
                this.work = None;
                match this.link.answer(answer) {
                    true if this.polls <= QUICK => this.waiter.answered_in_a_burst(),
                    true => this.waiter.answered(),
                    false => {}
                }
                Poll::Ready(())
            }
            Poll::Pending => {
                this.link.register(cx);
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
