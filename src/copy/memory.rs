//! Memory of the system's for what is copied into it: asked for first, so that none is taken where
//! there must be none, and with an error where there is none.

#![forbid(unsafe_code)]

use crate::error::{Request, ZoneError};
use crate::system::section;
use alloc::string::String;
use alloc::vec::Vec;

/// Before memory of the system's is taken for a copy.
#[track_caller]
pub(super) fn ask(bytes: usize) -> Result<(), ZoneError> {
    if bytes == 0 { Ok(()) } else { section::ask(Request::OwnedCopy, bytes) }
}

/// Room for `len` items, or an error.
pub(super) fn vec<T>(len: usize) -> Result<Vec<T>, ZoneError> {
    let mut vec = Vec::new();
    let requested = len.saturating_mul(size_of::<T>());
    ask(requested)?;
    vec.try_reserve_exact(len).map_err(|_| ZoneError::OutOfMemory { requested })?;
    Ok(vec)
}

/// A text's copy, or an error.
pub(super) fn string(text: &str) -> Result<String, ZoneError> {
    let mut copied = String::new();
    let requested = text.len();
    ask(requested)?;
    copied.try_reserve_exact(requested).map_err(|_| ZoneError::OutOfMemory { requested })?;
    copied.push_str(text);
    Ok(copied)
}
