//! The figures of the heaps that [`RtAlloc`](crate::RtAlloc) serves threads from. Any thread may read them at any time.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The most heaps that there can be.
pub(crate) const MOST: usize = if cfg!(miri) { 4 } else { 64 };

/// What one heap holds. Only the heap's owner writes, but for `aside_gone`.
#[derive(Debug)]
pub(crate) struct HeapFigures {
    /// The bytes that the heap has, or 0 while there is none.
    pub(crate) size: AtomicUsize,
    /// The bytes that were asked for and not freed yet.
    pub(crate) used: AtomicUsize,
    pub(crate) peak: AtomicUsize,
    /// The number of requests for which it had no room.
    pub(crate) beyond: AtomicU64,
    /// The blocks of the allocator below that were put aside, and their bytes.
    pub(crate) aside: [AtomicUsize; 2],
    /// Those of them that were freed.
    aside_gone: [AtomicUsize; 2],
}

impl HeapFigures {
    const fn new() -> HeapFigures {
        HeapFigures {
            size: AtomicUsize::new(0),
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            beyond: AtomicU64::new(0),
            aside: [const { AtomicUsize::new(0) }; 2],
            aside_gone: [const { AtomicUsize::new(0) }; 2],
        }
    }

    /// Counts a block that the owner took.
    #[inline]
    pub(crate) fn taken(&self, bytes: usize) {
        let used = self.used.load(Relaxed) + bytes;
        self.used.store(used, Relaxed);
        if used > self.peak.load(Relaxed) {
            self.peak.store(used, Relaxed);
        }
    }

    /// Counts a block that the owner freed.
    #[inline]
    pub(crate) fn freed(&self, bytes: usize) {
        self.used.store(self.used.load(Relaxed) - bytes, Relaxed);
    }

    /// Counts a request for which there was no room.
    pub(crate) fn refused(&self) {
        self.beyond.store(self.beyond.load(Relaxed) + 1, Relaxed);
    }

    /// Counts a block that the owner put aside.
    #[inline]
    pub(crate) fn put_aside(&self, bytes: usize) {
        for (count, more) in self.aside.iter().zip([1, bytes]) {
            count.store(count.load(Relaxed).wrapping_add(more), Relaxed);
        }
    }

    /// Counts a block that was put aside and is freed now. Any thread may do this.
    pub(crate) fn collected(&self, bytes: usize) {
        for (count, more) in self.aside_gone.iter().zip([1, bytes]) {
            count.fetch_add(more, Relaxed);
        }
    }

    /// The blocks that wait to be freed, and their bytes.
    #[inline]
    pub(crate) fn waiting(&self) -> [usize; 2] {
        let waiting = |n: usize| {
            // The owner reads its own count, which is never less than what is gone. Another thread may read an old one.
            self.aside[n].load(Relaxed).saturating_sub(self.aside_gone[n].load(Relaxed))
        };
        [waiting(0), waiting(1)]
    }
}

/// The figures of all heaps, by their place in the region.
pub(crate) static HEAPS: [HeapFigures; MOST] = [const { HeapFigures::new() }; MOST];
