//! Is there a netrc file in the home directory? Asked for every request, as requests does.
//!
//! Files come and go by a change of their directory, so that its time of change is all that has to be looked at each
//! time; and of a directory that is kept open, the system tells that without finding its way there again. That the
//! path still leads to that directory is looked at now and then ([`TRUSTED`]).
//!
//! Who makes a request only asks what is known. Who carries it out looks ([`Home::netrc`]): the engine's thread once
//! for all that it takes over together, and not the loop's, which a file system may keep waiting.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use martlet::runtime;
use martlet_proto::netrc::Netrc;

use crate::bridge::Directory;

/// For so many milliseconds a path is taken to lead where it led.
const TRUSTED: u64 = 20;

/// In the order of requests.
const NAMES: [&str; 2] = [".netrc", "_netrc"];

/// What is known of a home directory.
pub(crate) enum Known {
    /// There is a netrc file in it, or was a moment ago.
    Netrc,
    /// There is none.
    Nothing,
    /// There was none, and whoever carries the request out has to look again.
    NothingIn(Arc<Home>),
}

/// A home directory that had no netrc file.
pub(crate) struct Home {
    path: PathBuf,
    directory: Directory,
    changed: SystemTime,
    /// Until when the path is taken to lead here, and to no netrc file, in milliseconds of [`now`].
    trusted: AtomicU64,
    /// When it was last looked at for a request, by [`runtime::taken`].
    looked: AtomicU64,
}

/// What is known of the directory at `path`. It is looked at if that is nothing, or old.
pub(crate) fn known(path: &Path) -> Known {
    // Held by threads that are attached to the interpreter alone: a forked child finds it free.
    static SEEN: Mutex<Option<Arc<Home>>> = Mutex::new(None);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = seen.as_ref().filter(|home| home.path.as_os_str() == path.as_os_str());
    if let Some(home) = before.filter(|home| home.is_trusted()) {
        return Known::NothingIn(Arc::clone(home));
    }
    let directory = Directory::open(path);
    // In this order: of a file that comes meanwhile the directory tells the next time.
    let changed = directory.as_ref().ok().and_then(|directory| directory.changed().ok());
    if file(path).is_some() {
        return Known::Netrc;
    }
    let (Ok(directory), Some(changed)) = (directory, changed) else { return Known::Nothing };
    // The same one, if it is as it was: operations that wait for their turn do not each hold a descriptor.
    if let Some(home) = before.filter(|home| home.directory == directory && home.is_as_it_was()) {
        home.trusted.store(now() + TRUSTED, Ordering::Release);
        return Known::NothingIn(Arc::clone(home));
    }
    let home = Arc::new(Home {
        path: path.to_owned(),
        directory,
        changed,
        trusted: AtomicU64::new(now() + TRUSTED),
        looked: AtomicU64::new(0),
    });
    *seen = Some(Arc::clone(&home));
    Known::NothingIn(home)
}

/// The netrc file in `directory`.
fn file(directory: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| directory.join(name)).find(|file| file.exists())
}

/// Milliseconds since this was first asked.
fn now() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed().as_millis().try_into().unwrap_or_default()
}

impl Home {
    fn is_trusted(&self) -> bool {
        now() < self.trusted.load(Ordering::Acquire)
    }

    fn is_as_it_was(&self) -> bool {
        self.directory.changed().is_ok_and(|changed| changed == self.changed)
    }

    /// The netrc file that has come since. To be asked by whoever carries a request out: by the engine's thread, or
    /// `at_once` by the thread that made it. What cannot be read is as nothing, as for requests.
    pub(crate) fn netrc(&self, at_once: bool) -> Option<Arc<Netrc>> {
        let taken = runtime::taken();
        if !at_once && self.looked.load(Ordering::Acquire) == taken {
            return None;
        }
        if !self.is_as_it_was() {
            self.trusted.store(0, Ordering::Release);
        }
        if self.is_trusted() {
            self.looked.store(taken, Ordering::Release);
            return None;
        }
        // Of nothing else: to open a named pipe would wait for a writer.
        let file = file(&self.path).filter(|file| file.is_file())?;
        let text = fs::read_to_string(file).ok()?;
        Netrc::parse(&text).ok().map(Arc::new)
    }
}
