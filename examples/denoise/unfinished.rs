//! Files that are there when they are complete. Whatever goes wrong is told in one line that names the file.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

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
        let file =
            File::create_new(&temporary).map_err(|cause| error(&cannot_be_written(&cause)))?;
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
