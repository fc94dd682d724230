//! How another thread tells an event loop that its port holds something.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use pyo3::{intern, prelude::*, types::PyWeakrefReference};

/// The bell of one port. Ringing is cheap and never attaches to the interpreter.
pub(super) enum Bell {
    /// A descriptor the loop watches.
    #[cfg(unix)]
    Descriptor(descriptor::Descriptor),
    /// A thread of its own that calls `call_soon_threadsafe`, for loops without `add_reader`.
    Messenger(Arc<Messenger>),
}

impl Bell {
    pub(super) fn ring(&self) {
        match self {
            #[cfg(unix)]
            Self::Descriptor(descriptor) => descriptor.ring(),
            Self::Messenger(messenger) => messenger.tell(Note::Ring),
        }
    }

    /// Makes it silent until it rings again.
    pub(super) fn silence(&self) {
        match self {
            #[cfg(unix)]
            Self::Descriptor(descriptor) => descriptor.silence(),
            Self::Messenger(_) => {}
        }
    }

    /// Stays silent when not all was taken: does the loop have to be told again?
    pub(super) fn forgets(&self) -> bool {
        matches!(self, Self::Messenger(_))
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if let Self::Messenger(messenger) = self {
            messenger.tell(Note::End);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Note {
    Nothing,
    Ring,
    End,
}

/// Carries rings to a loop by `call_soon_threadsafe`: one call for a burst.
pub(super) struct Messenger {
    note: Mutex<Note>,
    told: Condvar,
}

impl Messenger {
    /// Starts the messenger's thread; it ends with the bell, the loop or the process.
    pub(super) fn start(
        event_loop: Py<PyWeakrefReference>,
        port: Py<PyWeakrefReference>,
    ) -> PyResult<Arc<Self>> {
        let messenger = Arc::new(Self { note: Mutex::new(Note::Nothing), told: Condvar::new() });
        let own = Arc::clone(&messenger);
        std::thread::Builder::new().name("martlet-messenger".into()).spawn(move || {
            while own.wait() {
                // None: the interpreter is going; nobody is left to tell.
                if Python::try_attach(|py| carry(py, &event_loop, &port)) != Some(true) {
                    break;
                }
            }
            // Dropping a weak reference needs the interpreter; pyo3 keeps it for the next time somebody attaches.
        })?;
        Ok(messenger)
    }

    fn tell(&self, note: Note) {
        let mut current = self.note.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != Note::End {
            *current = note;
        }
        self.told.notify_one();
    }

    /// True for a ring, false at the end.
    fn wait(&self) -> bool {
        let mut note = self.note.lock().unwrap_or_else(PoisonError::into_inner);
        while *note == Note::Nothing {
            note = self.told.wait(note).unwrap_or_else(PoisonError::into_inner);
        }
        let ring = *note == Note::Ring;
        if ring {
            *note = Note::Nothing;
        }
        ring
    }
}

/// Asks the loop to drain the port; false when one of them is gone.
fn carry(py: Python<'_>, event_loop: &Py<PyWeakrefReference>, port: &Py<PyWeakrefReference>) -> bool {
    let (Some(event_loop), Some(port)) = (upgrade(py, event_loop), upgrade(py, port)) else { return false };
    let drain = port.getattr(intern!(py, "drain"));
    // A loop that is closed refuses: its operations end with it.
    drain.and_then(|drain| event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (drain,))).is_ok()
}

pub(super) fn upgrade<'py>(py: Python<'py>, weak: &Py<PyWeakrefReference>) -> Option<Bound<'py, PyAny>> {
    use pyo3::types::PyWeakrefMethods;
    weak.bind(py).upgrade()
}

#[cfg(unix)]
pub(super) mod descriptor {
    //! A pair of sockets, or one eventfd where the system has it.
    use std::{
        io,
        os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
    };

    pub(in super::super) struct Descriptor {
        read: OwnedFd,
        write: Option<OwnedFd>,
    }

    impl Descriptor {
        #[cfg(target_os = "linux")]
        pub(in super::super) fn new() -> io::Result<Self> {
            // SAFETY: eventfd has no preconditions; a non-negative result is a descriptor that is ours alone.
            let read = unsafe {
                let descriptor = libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC);
                if descriptor < 0 {
                    return Err(io::Error::last_os_error());
                }
                OwnedFd::from_raw_fd(descriptor)
            };
            Ok(Self { read, write: None })
        }

        #[cfg(not(target_os = "linux"))]
        pub(in super::super) fn new() -> io::Result<Self> {
            let (read, write) = std::os::unix::net::UnixStream::pair()?;
            read.set_nonblocking(true)?;
            write.set_nonblocking(true)?;
            Ok(Self { read: read.into(), write: Some(write.into()) })
        }

        pub(in super::super) fn number(&self) -> RawFd {
            self.read.as_raw_fd()
        }

        pub(super) fn ring(&self) {
            let one = 1_u64.to_ne_bytes();
            let target = self.write.as_ref().unwrap_or(&self.read).as_raw_fd();
            // A full counter or socket is a bell that rings already.
            // SAFETY: the descriptor is open as long as self is, and the buffer is 8 readable bytes.
            unsafe { libc::write(target, one.as_ptr().cast(), one.len()) };
        }

        pub(super) fn silence(&self) {
            let mut bytes = [0_u8; 512];
            // SAFETY: the descriptor is open as long as self is, and the buffer is writable for its length.
            while unsafe { libc::read(self.number(), bytes.as_mut_ptr().cast(), bytes.len()) } == 512 {}
        }
    }
}
