//! Which thread may use what is behind a handle.
//!
//! Handles point to records that are never freed, so that a handle can be looked at after it was freed. A record's first
//! word says who may use the rest of it (I60).

use crate::error::Failure;
use core::cell::Cell;
use core::ptr::null;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Nobody: it was freed.
const FREE: u64 = u64::MAX;
/// Whoever receives it.
const SENT: u64 = u64::MAX - 1;
/// The function that is just resetting or freeing it, on its thread.
const BUSY: u64 = u64::MAX - 2;
/// It stands for the current zone of whichever thread uses it.
const CURRENT: u64 = u64::MAX - 3;

thread_local! {
    /// This thread's number. 0 stands for none yet, and no record has that.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// This thread's number, which no other thread has or has ever had.
fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.get();
    if number != 0 {
        return number;
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    NUMBER.set(number);
    number
}

/// The word that says who may use a record.
pub(crate) struct Owner(AtomicU64);

impl Owner {
    pub(crate) const fn nobody() -> Owner {
        Owner(AtomicU64::new(FREE))
    }

    pub(crate) const fn current_zone() -> Owner {
        Owner(AtomicU64::new(CURRENT))
    }

    pub(crate) fn is_current_zone(&self) -> bool {
        self.0.load(Ordering::Relaxed) == CURRENT
    }

    /// Whether the calling thread may use the record.
    #[inline(always)]
    pub(crate) fn is_mine(&self) -> bool {
        // In this order: what is read before the thread's number has to be kept meanwhile.
        let this_thread = NUMBER.get();
        // Another thread's number is never ours, whenever it is read.
        self.0.load(Ordering::Relaxed) == this_thread
    }

    /// Why the calling thread may not use the record.
    #[cold]
    pub(crate) fn refusal(&self) -> Failure {
        match self.0.load(Ordering::Relaxed) {
            FREE => Failure::Freed,
            SENT => Failure::Sent,
            BUSY => Failure::Busy,
            CURRENT => Failure::Invalid(
                "the handle of the current zone can neither be freed, reset, pushed nor handed over",
            ),
            _ => Failure::WrongThread,
        }
    }

    /// Makes the record the calling thread's. The caller is the only one who has it.
    pub(crate) fn give_to_this_thread(&self) {
        self.0.store(this_thread(), Ordering::Relaxed);
    }

    /// Makes all others keep away while the caller works on the record. The caller may use it.
    pub(crate) fn begin(&self) {
        self.0.store(BUSY, Ordering::Relaxed);
    }

    /// What `begin` began, is done.
    pub(crate) fn end(&self) {
        self.give_to_this_thread();
    }

    /// The caller, who may use the record, gives it up for ever.
    pub(crate) fn free(&self) {
        self.0.store(FREE, Ordering::Relaxed);
    }

    /// The caller, who may use the record, gives it up for the thread that receives it.
    pub(crate) fn send(&self) {
        // Release: the receiver sees all that this thread did with it.
        self.0.store(SENT, Ordering::Release);
    }

    /// Takes a record that was sent. Of several threads that try, one gets it.
    pub(crate) fn receive(&self) -> Result<(), Failure> {
        let (order, on_failure) = (Ordering::Acquire, Ordering::Relaxed);
        match self.0.compare_exchange(SENT, this_thread(), order, on_failure) {
            Ok(_) => Ok(()),
            Err(_) if self.is_mine() => {
                Err(Failure::Invalid("nobody has handed this over; it is this thread's already"))
            }
            Err(_) => Err(self.refusal()),
        }
    }
}

/// What a handle points to. It lives for ever.
pub(crate) trait Record: Sized + 'static {
    fn owner(&self) -> &Owner;
    /// The next record, in whichever list this one is.
    fn next(&self) -> &Cell<*const Self>;
}

/// The records whose zones or heaps were freed, oldest first.
pub(crate) struct FreeRecords<R>(Mutex<Free<R>>);

struct Free<R> {
    first: *const R,
    last: *const R,
    count: usize,
}

// SAFETY: (I60) free records are nobody else's, and are never freed.
unsafe impl<R> Send for Free<R> {}

/// A record is used again when this many others were freed after it, so that a handle that is freed twice is noticed.
const KEPT_FREE: usize = 64;

impl<R: Record> FreeRecords<R> {
    pub(crate) const fn none() -> FreeRecords<R> {
        FreeRecords(Mutex::new(Free { first: null(), last: null(), count: 0 }))
    }

    /// Takes the oldest record, if that may be used again.
    pub(crate) fn take(&self) -> Option<&'static R> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.count <= KEPT_FREE {
            return None;
        }
        // SAFETY: (I60) null, or a record.
        let first = unsafe { free.first.as_ref() }?;
        free.first = first.next().replace(null());
        free.count -= 1;
        Some(first)
    }

    /// Adds a record of the calling thread's, which holds nothing any more.
    pub(crate) fn put(&self, record: &R) {
        record.owner().free();
        record.next().set(null());
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: (I60) null, or a record.
        match unsafe { free.last.as_ref() } {
            Some(last) => last.next().set(record),
            None => free.first = record,
        }
        free.last = record;
        free.count += 1;
    }
}
