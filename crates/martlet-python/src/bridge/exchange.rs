//! What passes between an operation's future (on the engine) and whoever waits for it.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use martlet::body::Buffer;
use pyo3::prelude::*;

use super::burst;

/// What an operation keeps on Python's side for its answer.
pub(crate) struct Keep {
    /// The client it goes through.
    pub(crate) client: Py<PyAny>,
    /// The `__dict__` of the session.
    pub(crate) session: Option<Py<PyAny>>,
    /// Was the request's body a text?
    pub(crate) text: bool,
}

/// The result of an operation, to be turned into a Python object by whoever waits.
pub(crate) type Answer = Box<dyn FnOnce(Python<'_>, Option<&Keep>) -> PyResult<Py<PyAny>> + Send>;

/// An operation's work on the engine.
pub(crate) type Work = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A future in its box. It is made there, not made and then moved there: what takes part in an exchange has room for
/// all its stages, which is not touched before they come.
pub(crate) fn boxed<F: Future<Output = Answer> + Send + 'static>(make: impl FnOnce() -> F) -> Work {
    let place: Box<F> = Box::write(Box::new_uninit(), make());
    Box::into_pin(place)
}

/// What the engine cannot answer itself.
#[derive(Debug)]
pub(crate) enum Question {
    /// Memory for a body of that many bytes.
    Memory(usize),
    /// The next piece of the request's body.
    Piece,
    /// Put the request's body back to where it began.
    Rewind,
}

/// What was answered.
pub(crate) enum Reply {
    /// Memory; `None`: keep the body to yourself.
    Memory(Option<Box<dyn Buffer>>),
    /// The next piece; `None`: the body is complete.
    Piece(Option<Bytes>),
    /// It stands where it began.
    Rewound,
    /// Python raised; the exception waits with the operation.
    Failed,
}

/// One running operation, as both sides see it.
#[derive(Default)]
pub(crate) struct Link {
    pub(super) cancelled: AtomicBool,
    /// Does the thread that waits run the work itself?
    same_thread: bool,
    talk: Mutex<Talk>,
}

#[derive(Default)]
struct Talk {
    waker: Option<Waker>,
    question: Option<Question>,
    reply: Option<Reply>,
    answer: Option<Answer>,
}

impl Link {
    /// For a thread that waits and runs the work itself meanwhile.
    pub(super) fn within_thread() -> Self {
        Self { same_thread: true, ..Self::default() }
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The question that waits for an answer, once.
    pub(super) fn take_question(&self) -> Option<Question> {
        self.talk().question.take()
    }

    /// Does a question wait for an answer?
    pub(super) fn asks(&self) -> bool {
        self.talk().question.is_some()
    }

    /// What a waiting thread is to do, if there is anything.
    pub(super) fn take_event(&self) -> Option<Event> {
        let mut talk = self.talk();
        match talk.answer.take() {
            Some(answer) => Some(Event::Done(answer)),
            None => talk.question.take().map(Event::Asked),
        }
    }

    pub(super) fn reply(&self, reply: Reply) {
        let mut talk = self.talk();
        talk.reply = Some(reply);
        let waker = talk.waker.clone();
        drop(talk);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Leaves the answer for whoever waits. False once cancelled: nobody does, and it may hold a connection.
    pub(super) fn answer(&self, answer: Answer) -> bool {
        let mut talk = self.talk();
        if self.cancelled.load(Ordering::Acquire) {
            drop(talk);
            return false;
        }
        talk.answer = Some(answer);
        true
    }

    /// The answer, once.
    pub(super) fn take_answer(&self) -> Option<Answer> {
        self.talk().answer.take()
    }

    /// Has the engine drop the operation's future, and drops an answer that nobody has taken.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        let (waker, answer) = {
            let mut talk = self.talk();
            (talk.waker.take(), talk.answer.take())
        };
        drop(answer);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn register(&self, cx: &Context<'_>) {
        let mut talk = self.talk();
        match &mut talk.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }
}

/// The engine's side of a [`Link`]: asks and waits for the reply.
#[derive(Clone)]
pub(crate) struct Asker(pub(super) Arc<Link>);

impl Asker {
    /// Is asking as cheap as a call: is the one who answers the one who asks?
    pub(crate) fn is_cheap(&self) -> bool {
        self.0.same_thread
    }

    pub(crate) async fn ask(&self, question: Question) -> Reply {
        let mut question = Some(question);
        poll_fn(|cx| {
            self.0.register(cx);
            let mut talk = self.0.talk();
            if question.is_some() {
                talk.question = question.take();
                return Poll::Pending;
            }
            talk.reply.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// What a waiting thread is woken for.
pub(super) enum Event {
    Done(Answer),
    Asked(Question),
}

/// Waits on this thread until the work is done or asks something.
pub(super) async fn next_event(work: &mut Work, link: &Link) -> Event {
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Event::Done(answer)),
        Poll::Pending => match link.take_question() {
            Some(question) => Poll::Ready(Event::Asked(question)),
            None => {
                burst::tell_if_late();
                Poll::Pending
            }
        },
    })
    .await
}
