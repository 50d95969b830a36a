//! What threads have done with their memory.

use crate::error::{Failure, code_of, mz_error};
use memzone::stats::{self, Stats};

/// What a thread, or all of them, have done.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct mz_stats {
    /// How often the system gave memory for a zone or a heap.
    pub requests: u64,
    /// The bytes that the system gave.
    pub asked: u64,
    /// The bytes that were given back to the system.
    pub given_back: u64,
    /// The bytes that were asked for and not given back. Of a thread that frees what others asked for, it may be negative.
    pub live: i64,
    /// The largest value that `live` has had.
    pub peak: i64,
    /// The spare zones, those of active scopes included.
    pub spares: u64,
    /// How deep scopes have been nested.
    pub deepest: u64,
}

impl From<Stats> for mz_stats {
    fn from(stats: Stats) -> mz_stats {
        let Stats { requests, asked, given_back, live, peak, spares, deepest, .. } = stats;
        mz_stats { requests, asked, given_back, live, peak, spares, deepest }
    }
}

/// # Safety
///
/// I60: `place` is NULL or may be written to.
unsafe fn write(place: *mut mz_stats, read: impl FnOnce() -> Stats) -> mz_error {
    code_of(|| {
        // SAFETY: (I60) the caller's promise.
        let place = unsafe { place.as_mut() }.ok_or(Failure::Null("stats"))?;
        *place = read().into();
        Ok(())
    })
}

/// What the calling thread has done since it started.
///
/// Real-time: yes.
///
/// # Safety
///
/// `stats` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_stats_thread(stats: *mut mz_stats) -> mz_error {
    // SAFETY: (I60) the caller's promise.
    unsafe { write(stats, stats::thread) }
}

/// What all threads have done, those that have ended included.
///
/// Real-time: yes. It reads a few numbers for each thread, and takes no memory.
///
/// # Safety
///
/// `stats` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_stats_total(stats: *mut mz_stats) -> mz_error {
    // SAFETY: (I60) the caller's promise.
    unsafe { write(stats, stats::total) }
}
