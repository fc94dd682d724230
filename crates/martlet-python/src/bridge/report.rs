//! The engine's side of an operation that an event loop or a thread waits for.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    thread::Thread,
};

use pyo3::{exceptions::PyRuntimeError, prelude::*};

use super::{
    exchange::{Link, Work},
    port::{Message, Port},
};

/// Who is told that there is something on the [`Link`].
pub(super) enum Waiter {
    /// An event loop, by its port and the operation's token.
    Loop(Arc<Port>, usize),
    /// A thread that is parked, or about to be.
    Thread(Thread),
}

impl Waiter {
    fn answered(&self) {
        match self {
            Self::Loop(port, token) => port.push(Message::Done(*token)),
            Self::Thread(thread) => thread.unpark(),
        }
    }
}

/// The job that runs an operation for somebody else: reports to who waits, and ends at once when cancelled.
pub(super) struct Report {
    work: Option<Work>,
    link: Arc<Link>,
    waiter: Waiter,
}

impl Report {
    pub(super) fn new(work: Work, link: Arc<Link>, waiter: Waiter) -> Self {
        Self { work: Some(work), link, waiter }
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
        match work.as_mut().poll(cx) {
            Poll::Ready(answer) => {
                this.work = None;
                if this.link.answer(answer) {
                    this.waiter.answered();
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
                    Waiter::Thread(thread) if this.link.asks() => thread.unpark(),
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
