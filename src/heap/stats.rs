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
    /// Bytes that the heap holds as one block when it is empty. A request may need up to a 32nd more than
    /// it asks for, as blocks are found by their class.
    pub capacity: usize,
    /// Bytes that live boxes have asked for, those that wait to be freed included.
    pub used: usize,
    /// Bytes that the free blocks could hold.
    pub free: usize,
    /// Bytes that the largest free block could hold.
    pub largest_free: usize,
    /// The most `used` has been.
    pub peak: usize,
    /// Boxes, those that wait to be freed included.
    pub live: usize,
    /// Boxes dropped on other threads whose memory the owner has not taken back yet.
    pub waiting: usize,
    /// Requests that found no room.
    pub failed: u64,
}

impl HeapStats {
    /// `1 - largest_free / free`: 0 where all that is free is one block.
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
