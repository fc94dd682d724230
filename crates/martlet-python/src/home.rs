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
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use martlet::runtime;
use martlet_proto::netrc::Netrc;

use crate::bridge::Directory;

/// For so long a path is taken to lead where it led.
const TRUSTED: Duration = Duration::from_millis(20);

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
    found: Instant,
    /// Was it found changed since?
    stale: AtomicBool,
    /// When the engine's thread looked last, by [`runtime::taken`].
    looked: AtomicU64,
}

/// What is known of the directory at `path`. It is looked at if that is nothing, or old.
pub(crate) fn known(path: &Path) -> Known {
    // Held by threads that are attached to the interpreter alone: a forked child finds it free.
    static SEEN: Mutex<Option<Arc<Home>>> = Mutex::new(None);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(home) = seen.as_ref().filter(|home| home.is_trusted(path)) {
        return Known::NothingIn(Arc::clone(home));
    }
    let directory = Directory::open(path);
    // In this order: of a file that comes meanwhile the directory tells the next time.
    let changed = directory.as_ref().ok().and_then(|directory| directory.changed().ok());
    if file(path).is_some() {
        return Known::Netrc;
    }
    let (Ok(directory), Some(changed)) = (directory, changed) else { return Known::Nothing };
    let home = Arc::new(Home {
        path: path.to_owned(),
        directory,
        changed,
        found: Instant::now(),
        stale: AtomicBool::new(false),
        looked: AtomicU64::new(0),
    });
    *seen = Some(Arc::clone(&home));
    Known::NothingIn(home)
}

/// The netrc file in `directory`.
fn file(directory: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| directory.join(name)).find(|file| file.exists())
}

impl Home {
    fn is_trusted(&self, path: &Path) -> bool {
        self.path.as_os_str() == path.as_os_str()
            && !self.stale.load(Ordering::Acquire)
            && self.found.elapsed() < TRUSTED
    }

    /// The netrc file that has come since. To be asked by whoever carries a request out: by the engine's thread, or
    /// `at_once` by the thread that made it. What cannot be read is as nothing, as for requests.
    pub(crate) fn netrc(&self, at_once: bool) -> Option<Arc<Netrc>> {
        let taken = runtime::taken();
        if !at_once && self.looked.load(Ordering::Acquire) == taken {
            return None;
        }
        if self.directory.changed().is_ok_and(|changed| changed == self.changed) {
            self.looked.store(taken, Ordering::Release);
            return None;
        }
        self.stale.store(true, Ordering::Release);
        let text = fs::read_to_string(file(&self.path)?).ok()?;
        Netrc::parse(&text).ok().map(Arc::new)
    }
}
