//! The engine's side of an operation that an event loop waits for.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use pyo3::{exceptions::PyRuntimeError, prelude::*};

use super::{
    exchange::{Link, Work},
    port::{Message, Port},
};

/// The job that runs an operation for an event loop: reports to the loop's port, and ends at once when cancelled.
pub(super) struct Report {
    work: Option<Work>,
    link: Arc<Link>,
    port: Arc<Port>,
    token: usize,
}

impl Report {
    pub(super) fn new(work: Work, link: Arc<Link>, port: Arc<Port>, token: usize) -> Self {
        Self { work: Some(work), link, port, token }
    }
}

impl Drop for Report {
    /// Dropped before its end: the engine has been shut down, or the work has panicked. Who waits is told.
    fn drop(&mut self) {
        if self.work.take().is_some() && self.link.answer(Box::new(|_, _| Err(given_up()))) {
            self.port.push(Message::Done(self.token));
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
                    this.port.push(Message::Done(this.token));
                }
                Poll::Ready(())
            }
            Poll::Pending => {
                this.link.register(cx);
                if let Some(question) = this.link.take_question() {
                    this.port.push(Message::Asked(this.token, question));
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
