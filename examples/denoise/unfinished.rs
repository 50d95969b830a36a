//! Files that are there when they are complete. Whatever goes wrong is told in one line that names the file.
//!
//! A signal that ends the process leaves nothing behind either, and a limit on the size of files (`ulimit -f`) is an
//! error like a full disk. Only what cannot be caught (`SIGKILL`, a power cut) leaves the file with its other name.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};

/// The unfinished files that there are now.
static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file that has its final name only when it is complete. Until then it lies beside it under
/// another name, and is removed when this is dropped.
pub(crate) struct Unfinished {
    path: PathBuf,
    temporary: PathBuf,
}

impl Unfinished {
    pub(crate) fn create(path: &Path) -> Result<(Unfinished, File), String> {
        let error = |reason: &dyn Display| format!("{}: {reason}", path.display());
        if let Ok(existing) = fs::metadata(path) {
            if !existing.is_file() {
                return Err(error(&"exists and is not a file to write to"));
            }
            if existing.permissions().readonly() {
                return Err(error(&"exists and is read-only"));
            }
        }
        let mut name = OsString::from(format!(".memzone-{}.part.", process::id()));
        name.push(path.extension().unwrap_or_default());
        let temporary = path.with_file_name(name);
        #[cfg(unix)]
        signals::watch();
        // Before it is there, so that a signal finds it.
        temporaries(|all| all.push(temporary.clone()));
        let file = File::create_new(&temporary).map_err(|cause| {
            temporaries(|all| all.retain(|other| *other != temporary));
            error(&cannot_be_written(&cause))
        })?;
        Ok((Unfinished { path: path.to_owned(), temporary }, file))
    }

    /// The name that the file will have.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name.
    pub(crate) fn finish(&self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)
    }

    pub(crate) fn error(&self, cause: &dyn Display) -> String {
        format!("{}: {}", self.path.display(), cannot_be_written(cause))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Not there any more where it was finished.
        let _ = fs::remove_file(&self.temporary);
        temporaries(|all| all.retain(|other| *other != self.temporary));
    }
}

fn temporaries(work: impl FnOnce(&mut Vec<PathBuf>)) {
    work(&mut TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner));
}

/// What is done when a signal would end the process.
#[cfg(unix)]
mod signals {
    use super::temporaries;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::{flag, low_level};
    use std::fs;
    use std::mem::MaybeUninit;
    use std::process;
    use std::ptr;
    use std::sync::{Arc, Once};
    use std::thread;

    /// Removes the unfinished files from now on when one comes. Of those that somebody handles already (Ctrl-C in
    /// `live_coding`) or has switched off (`nohup`), nothing is changed.
    pub(super) fn watch() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // With a handler, writing beyond the limit is an error; without one, it is the end. If it cannot be
            // had, all goes on as it would without.
            if is_default(libc::SIGXFSZ) {
                let _ = flag::register(libc::SIGXFSZ, Arc::default());
            }
            let ours =
                [SIGINT, SIGTERM, SIGHUP, libc::SIGXCPU].into_iter().filter(|s| is_default(*s));
            if let Ok(signals) = Signals::new(ours.collect::<Vec<_>>()) {
                thread::spawn(|| end_at(signals));
            }
        });
    }

    /// Waits for the first one.
    fn end_at(mut signals: Signals) {
        if let Some(signal) = signals.forever().next() {
            temporaries(|all| all.drain(..).for_each(|path| _ = fs::remove_file(path)));
            let _ = low_level::emulate_default_handler(signal);
            process::exit(128 + signal);
        }
    }

    /// Whether nobody has said what is to be done about a signal.
    fn is_default(signal: i32) -> bool {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: it only asks, and there is room for the answer.
        let result = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
        // SAFETY: zeros are a valid value of it, and it has been filled in where there is an answer.
        let action = unsafe { action.assume_init() };
        result == 0 && action.sa_sigaction == libc::SIG_DFL
    }
}

fn cannot_be_written(cause: &dyn Display) -> String {
    format!("cannot be written: {cause}")
}

/// Whether two paths lead to one file that exists.
pub(crate) fn are_same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
