//! `Raw`: a reply as the engine gave it, which `martlet.Response` reads its attributes from.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use martlet::{
    Body as Content, Response,
    body::{BodyReader, Buffer},
};
use martlet_proto::{
    Body, Error, Kind, Phase, ResponseHead, Version,
    exchange::{Attempt, Hop},
};
use pyo3::{
    exceptions::PyMemoryError,
    ffi, intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyBytes, PyDict, PyList, PyString, PyTuple, PyType},
};

use crate::{
    bridge::{Answer, Asker, Filling, Operation, Ours},
    error::to_exception,
    source::Lender,
    versions::own_dict,
};

/// One reply: head, the request it answers, and the body or the way to it.
#[pyclass(frozen, module = "martlet._martlet")]
pub(crate) struct Raw {
    head: ResponseHead,
    request: Arc<Attempt>,
    next: Option<Arc<Attempt>>,
    #[pyo3(get)]
    elapsed: f64,
    history: Vec<Hop>,
    body: Store,
    client: Option<Py<PyAny>>,
    /// Was the request's body a text?
    text: bool,
}

enum Store {
    Whole(Py<PyBytes>),
    Stream(Arc<Ours<Stream>>),
}

impl Raw {
    pub(crate) fn new(py: Python<'_>, response: Response, client: Option<Py<PyAny>>, text: bool) -> Self {
        let copied = |bytes: &[u8]| PyBytes::new(py, bytes).unbind();
        let body = match response.body {
            Content::Full(bytes) => Store::Whole(copied(&bytes)),
            Content::Filled(buffer) => Store::Whole(filled(buffer).unwrap_or_else(|| copied(b""))),
            Content::Stream(reader) => Store::Stream(Arc::new(Ours::new(Stream::new(reader)))),
        };
        Self {
            head: response.head,
            request: response.request,
            next: response.next,
            elapsed: response.elapsed.as_secs_f64(),
            history: response.history,
            body,
            client,
            text,
        }
    }

    /// One of the replies before.
    fn of_hop(&self, py: Python<'_>, hop: Hop, history: Vec<Hop>) -> Self {
        Self {
            head: hop.head,
            request: hop.request,
            next: None,
            elapsed: hop.elapsed.as_secs_f64(),
            history,
            body: Store::Whole(PyBytes::new(py, &hop.body).unbind()),
            client: self.client.as_ref().map(|client| client.clone_ref(py)),
            text: self.text,
        }
    }

    /// A `martlet.Response` over this, as Python's own code would make it, without running `__init__`. What nearly
    /// everybody asks for is there already; the rest fills from the handle.
    pub(crate) fn into_response(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let class = response_class(py)?;
        let (status, body) = (self.head.status, self.body(py));
        let handle = Bound::new(py, self)?;
        // SAFETY: Response is an ordinary class without C-level state: allocating it is what object.__new__ does.
        let response = unsafe {
            let class: *mut ffi::PyTypeObject = class.as_type_ptr();
            let object = ffi::PyType_GenericAlloc(class, 0);
            Bound::from_owned_ptr_or_err(py, object)?
        };
        response.setattr(intern!(py, "_engine"), handle)?;
        let dict = own_dict(&response)?;
        dict.set_item(intern!(py, "status_code"), status)?;
        if let Some(body) = body {
            dict.set_item(intern!(py, "_content"), body)?;
        }
        Ok(response.unbind())
    }
}

/// `martlet.Response`.
pub(crate) fn response_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "martlet.response", "Response")
}

/// (method, url, headers, body) of a request as it was sent; the body as the caller gave it, a text or bytes.
pub(crate) fn sent<'py>(py: Python<'py>, attempt: &Attempt, text: bool) -> PyResult<Bound<'py, PyTuple>> {
    let body = match &attempt.body {
        Body::Bytes(bytes) if text => Some(PyString::from_bytes(py, bytes)?.into_any()),
        Body::Bytes(bytes) => Some(PyBytes::new(py, bytes).into_any()),
        Body::Empty | Body::Stream { .. } => None,
    };
    let shown = attempt.headers.iter().skip(usize::from(attempt.framed));
    (attempt.method.as_str(), attempt.url.as_str(), header_list(py, shown)?, body).into_pyobject(py)
}

fn header_list<'py, 'a>(
    py: Python<'py>,
    fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for (name, value) in fields {
        list.append((latin1(py, name), latin1(py, value)))?;
    }
    Ok(list)
}

/// Bytes as requests shows them: each is the character of its number.
fn latin1<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => PyString::new(py, text),
        _ => PyString::new(py, &bytes.iter().copied().map(char::from).collect::<String>()),
    }
}

#[pymethods]
impl Raw {
    #[getter]
    fn status_code(&self) -> u16 {
        self.head.status
    }

    #[getter]
    fn reason<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.head.reason)
    }

    #[getter]
    fn version(&self) -> u8 {
        match self.head.version {
            Version::Http10 => 10,
            Version::Http11 => 11,
            Version::Http2 => 20,
        }
    }

    #[getter]
    fn url(&self) -> &str {
        self.request.url.as_str()
    }

    #[getter]
    fn client(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.client.as_ref().map(|client| client.clone_ref(py))
    }

    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        header_list(py, self.head.headers.iter())
    }

    /// By name in lower case: the name as it came first, and its values joined.
    fn headers_by_name<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let by_name = PyDict::new(py);
        for (name, value) in self.head.headers.iter() {
            let (lower, mut name) = (latin1(py, name).call_method0(intern!(py, "lower"))?, latin1(py, name));
            let mut value = latin1(py, value);
            if let Some(earlier) = by_name.get_item(&lower)? {
                let (first, before): (Bound<'py, PyString>, Bound<'py, PyString>) = earlier.extract()?;
                value = PyString::new(py, &format!("{}, {}", before.to_str()?, value.to_str()?));
                name = first;
            }
            by_name.set_item(lower, (name, value))?;
        }
        Ok(by_name)
    }

    fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        sent(py, &self.request, self.text)
    }

    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.next.as_ref().map(|next| sent(py, next, self.text)).transpose()
    }

    fn history(&self, py: Python<'_>) -> Vec<Self> {
        let hops = self.history.iter().enumerate();
        hops.map(|(index, hop)| {
            let before = self.history.iter().take(index).cloned().collect();
            let mut raw = self.of_hop(py, hop.clone(), before);
            // requests works out where a hop led for all but the first.
            if index > 0 {
                let following = self.history.get(index + 1).map_or(&self.request, |hop| &hop.request);
                raw.next = Some(Arc::clone(following));
            }
            raw
        })
        .collect()
    }

    /// The whole body, or None while it is a stream.
    fn body(&self, py: Python<'_>) -> Option<Py<PyBytes>> {
        match &self.body {
            Store::Whole(object) => Some(object.clone_ref(py)),
            Store::Stream(_) => None,
        }
    }

    /// Reads `n` bytes, fewer only at the end; all that is left for None.
    #[pyo3(signature = (n, decode))]
    fn read(&self, n: Option<usize>, decode: bool) -> PyResult<Operation> {
        self.operate(move |mut reader| async move {
            let read = match n {
                Some(n) => reader.read(n, decode).await,
                None => reader.read_to_end(decode).await,
            };
            (reader, read)
        })
    }

    /// Reads what has arrived, at least a byte; nothing at the end.
    #[pyo3(signature = (decode))]
    fn chunk(&self, decode: bool) -> PyResult<Operation> {
        self.operate(move |mut reader| async move {
            let read = reader.chunk(decode).await.map(Option::unwrap_or_default);
            (reader, read)
        })
    }

    /// The rest of the body, if all of it is there and needs no decoding; does not wait.
    #[pyo3(signature = (decode))]
    fn arrived<'py>(&self, py: Python<'py>, decode: bool) -> PyResult<Option<Bound<'py, PyList>>> {
        let Store::Stream(stream) = &self.body else { return Ok(None) };
        let pieces = match &mut *stream.require("stream")?.place() {
            Place::Here(reader) => reader.arrived(decode),
            Place::Lent | Place::Closed | Place::Lost => None,
        };
        pieces.map(|pieces| PyList::new(py, pieces.iter().map(|piece| PyBytes::new(py, piece)))).transpose()
    }

    /// Gives the connection up, or back if the body is complete.
    fn close(&self) {
        if let Store::Stream(stream) = &self.body
            && let Some(stream) = stream.get()
        {
            drop(stream.close());
        }
    }

    #[getter]
    fn closed(&self) -> bool {
        match &self.body {
            Store::Stream(stream) => stream.get().is_none_or(|stream| match &*stream.place() {
                Place::Here(reader) => reader.is_ended(),
                Place::Lent => false,
                Place::Closed | Place::Lost => true,
            }),
            Store::Whole(_) => true,
        }
    }

    fn release(&self) {
        self.close();
    }

    fn __repr__(&self) -> String {
        format!("<Raw {} {}>", self.head.status, self.request.url.without_secrets())
    }
}

impl Raw {
    fn operate<F>(&self, read: impl FnOnce(Box<BodyReader>) -> F + Send + 'static) -> PyResult<Operation>
    where
        F: Future<Output = (Box<BodyReader>, martlet_proto::Result<Bytes>)> + Send + 'static,
    {
        let Store::Stream(stream) = &self.body else {
            return Ok(Operation::new("", None, None, |_| Box::pin(async { answer(Ok(Bytes::new())) })));
        };
        stream.require("stream")?;
        let stream = Arc::clone(stream);
        Ok(Operation::new("", None, None, move |asker| {
            // Before the first step: abandoned then, it is an abandoned reading all the same.
            let lent = Loan::of(stream);
            Box::pin(async move {
                let (loan, reader) = match lent {
                    Ok(Some(lent)) => lent,
                    Ok(None) => return answer(Ok(Bytes::new())),
                    Err(error) => return answer(Err(error)),
                };
                let (reader, result) = read(reader).await;
                match result {
                    Err(error) => answer(Err(error)),
                    Ok(bytes) => {
                        let answer = hand_over(bytes, asker).await;
                        // What nobody takes is missing from the body.
                        Box::new(move |py, keep| {
                            loan.settle(reader);
                            answer(py, keep)
                        })
                    }
                }
            })
        }))
    }
}

fn answer(result: martlet_proto::Result<Bytes>) -> Answer {
    Box::new(move |py, _| match result {
        Ok(bytes) => Ok(PyBytes::new(py, &bytes).into_any().unbind()),
        Err(error) => Err(to_exception(py, &error, None, None)),
    })
}

/// Has much that was read moved into Python's memory here, on the engine's side.
async fn hand_over(bytes: Bytes, asker: Asker) -> Answer {
    match martlet::body::hand_over(bytes, &mut Lender(asker)).await {
        Ok(Content::Filled(buffer)) => Box::new(|_, _| match filled(buffer) {
            Some(object) => Ok(object.into_any()),
            None => Err(PyMemoryError::new_err("no memory for the body")),
        }),
        Ok(Content::Full(bytes)) => answer(Ok(bytes)),
        Ok(Content::Stream(_)) => answer(Ok(Bytes::new())),
        Err(error) => answer(Err(error)),
    }
}

/// The object that was filled.
fn filled(buffer: Box<dyn Buffer>) -> Option<Py<PyBytes>> {
    buffer.into_any().downcast::<Filling>().ok().and_then(|full| full.finish())
}

/// A body that is still coming in. It may move between threads and loops; one reader at a time.
struct Stream(Mutex<Place>);

enum Place {
    Here(Box<BodyReader>),
    /// Somebody reads.
    Lent,
    /// By the user: there is nothing left to read.
    Closed,
    /// A reading failed or was abandoned: what is left cannot be told.
    Lost,
}

impl Stream {
    fn new(reader: Box<BodyReader>) -> Self {
        Self(Mutex::new(Place::Here(reader)))
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` when there is nothing left to read.
    fn borrow(&self) -> martlet_proto::Result<Option<Box<BodyReader>>> {
        let mut place = self.place();
        match mem::replace(&mut *place, Place::Lent) {
            Place::Here(reader) => Ok(Some(reader)),
            Place::Lent => Err(Self::busy()),
            Place::Closed => {
                *place = Place::Closed;
                Ok(None)
            }
            Place::Lost => {
                *place = Place::Lost;
                let message =
                    "an earlier reading of this body failed or was given up: the rest of it is lost";
                Err(Error::new(Kind::StreamConsumed, Phase::RecvBody, message))
            }
        }
    }

    fn busy() -> Error {
        let message = "this stream is being read by somebody else: a body has one reader at a time";
        Error::new(Kind::StreamConsumed, Phase::RecvBody, message)
    }

    fn give_back(&self, reader: Box<BodyReader>) {
        let mut place = self.place();
        // It may have been closed meanwhile.
        if matches!(*place, Place::Lent) {
            *place = Place::Here(reader);
        }
    }

    fn close(&self) -> Place {
        mem::replace(&mut *self.place(), Place::Closed)
    }

    fn lose(&self) -> Place {
        let mut place = self.place();
        match *place {
            Place::Closed => Place::Closed,
            _ => mem::replace(&mut *place, Place::Lost),
        }
    }
}

/// While a reader is out. Dropped before what was read has been taken, or after a failure: the stream is lost.
struct Loan(Option<Arc<Ours<Stream>>>);

impl Loan {
    /// `None` when there is nothing left to read.
    fn of(stream: Arc<Ours<Stream>>) -> martlet_proto::Result<Option<(Self, Box<BodyReader>)>> {
        let reader = match stream.get() {
            Some(own) => own.borrow()?,
            None => return Err(Stream::busy()),
        };
        Ok(reader.map(|reader| (Self(Some(stream)), reader)))
    }

    fn settle(mut self, reader: Box<BodyReader>) {
        if let Some(stream) = self.0.take()
            && let Some(own) = stream.get()
        {
            own.give_back(reader);
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take()
            && let Some(own) = stream.get()
        {
            drop(own.lose());
        }
    }
}
