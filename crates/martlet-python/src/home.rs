//! Is there a netrc file in the home directory? Asked at every request, as requests does.
//!
//! Files come and go by a change of their directory, so that its time of change is all that has to be looked at each
//! time; and of a directory that is kept open, the system tells that without finding its way there again. That the
//! path still leads to that directory is looked at now and then ([`TRUSTED`]).

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use crate::bridge::Directory;

/// For so long a path is taken to lead where it led.
const TRUSTED: Duration = Duration::from_millis(20);

/// A home directory without a netrc file.
struct Home {
    path: PathBuf,
    directory: Directory,
    changed: SystemTime,
    found: Instant,
}

/// Neither `.netrc` nor `_netrc` in `path`.
pub(crate) fn has_no_netrc(path: &Path) -> bool {
    static SEEN: Mutex<Option<Home>> = Mutex::new(None);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.as_ref().is_some_and(|home| home.path.as_os_str() == path.as_os_str() && home.is_as_it_was()) {
        return true;
    }
    if let Some(home) = seen.take() {
        home.directory.close();
    }
    let absent = || [".netrc", "_netrc"].iter().all(|name| !path.join(name).exists());
    let Ok(directory) = Directory::open(path) else { return absent() };
    // In this order: of a file that comes meanwhile the directory tells the next time.
    let changed = directory.changed();
    let absent = absent();
    match changed {
        Ok(changed) if absent => {
            *seen = Some(Home { path: path.to_owned(), directory, changed, found: Instant::now() });
        }
        _ => directory.close(),
    }
    absent
}

impl Home {
    fn is_as_it_was(&self) -> bool {
        let trusted = self.found.elapsed() < TRUSTED;
        trusted && self.directory.changed().is_ok_and(|changed| changed == self.changed)
    }
}
