//! The figures of a real-time heap.

#![forbid(unsafe_code)]

use core::fmt;

/// What an [`RtHeap`](super::RtHeap) holds; see [`RtHeap::stats`](super::RtHeap::stats).
///
/// ```
/// use memzone::{RtHeap, halloc_slice_in};
///
/// let heap = RtHeap::new(64 * 1024);
/// let table = halloc_slice_in(&heap, 1024, 0.0_f32)?;
/// assert!(halloc_slice_in(&heap, 1 << 20, 0.0_f32).is_err());
/// drop(table);
/// let stats = heap.stats();
/// assert_eq!((stats.live, stats.failed, heap.failed()), (0, 1, 1));
/// assert!(stats.peak >= 4096 && stats.peak == heap.peak());
/// assert!(stats.fragmentation() < 0.1); // nearly all that is free is one block
/// heap.check(); // for tests: panics where the heap's own data are damaged
/// println!("{stats}");
/// # Ok::<(), memzone::ZoneError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapStats {
    /// The bytes that the empty heap holds as one block. A request may need up to a 32nd more than it asks
    /// for, as the heap searches blocks by size class.
    pub capacity: usize,
    /// The bytes that live boxes have asked for, including those that wait to be freed.
    pub used: usize,
    /// The bytes that all free blocks could hold.
    pub free: usize,
    /// The bytes that the largest free block could hold.
    pub largest_free: usize,
    /// The largest value that `used` has had.
    pub peak: usize,
    /// The number of boxes, including those that wait to be freed.
    pub live: usize,
    /// The number of boxes that were dropped on other threads and whose memory the owner has not taken back yet.
    pub waiting: usize,
    /// The number of requests that found no free block.
    pub failed: u64,
}

impl HeapStats {
    /// `1 - largest_free / free`. It is 0 if all free memory is one block.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn fragmentation(&self) -> f64 {
        if self.free == 0 {
            return 0.0;
        }
        1.0 - self.largest_free as f64 / self.free as f64
    }
}

impl fmt::Display for HeapStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HeapStats { used, free, largest_free, peak, live, waiting, failed, .. } = self;
        let percent = self.fragmentation() * 100.0;
        write!(
            f,
            "{used} bytes used by {live} boxes (peak {peak}), {free} free, largest {largest_free} \
             ({percent:.1} % fragmented), {waiting} waiting, {failed} failed"
        )
    }
}
