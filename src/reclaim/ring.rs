//! The ring between a retirer and the reclaimer.

#![forbid(unsafe_code)]

use super::erased::Erased;
use super::tally::Tally;
use crate::system::counters::AtomicU64;
use rtrb::Consumer;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex. It does not matter if a thread panicked under the lock, as no user code runs under one here.
pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a retirer and the reclaimer share. Both own it, and the last of them drops what waits.
pub(super) struct Ring {
    /// Locked by those who collect. The retirer never looks at it.
    pub(super) waiting: Mutex<Consumer<Erased>>,
    /// The number of values that were returned to the caller. Only the retirer writes it.
    pub(super) refused: AtomicU64,
}

impl Ring {
    /// Drops up to `most` values. No lock is held while their destructors run, as those may use the reclaimer or take
    /// long.
    pub(super) fn drop_waiting(&self, most: usize, tally: &mut Tally) {
        for _ in 0..most {
            let next = lock(&self.waiting).pop();
            let Ok(value) = next else { break };
            tally.drop(value);
        }
    }
}

impl Drop for Ring {
    /// Drops what was retired after the reclaimer's end, or between its last look and the retirer's end.
    fn drop(&mut self) {
        let mut tally = Tally::default();
        self.drop_waiting(usize::MAX, &mut tally);
        tally.resume_first_panic();
    }
}
