//! Explicit heap memory: `halloc`, `HBox`, and the heaps it may come from.
//!
//! It uses `region` for an `RtHeap`'s memory, `owned` and `copy`. I12 (a box is its value's only owner) and I13 (one
//! thread touches an `RtHeap`'s allocator) live here.

mod source;

mod hbox;

mod halloc;

#[cfg(feature = "alloc")]
mod copying;

#[cfg(feature = "allocator-api2")]
mod foreign;

#[cfg(feature = "rt-heap")]
pub(crate) mod blocks;

#[cfg(feature = "rt-heap")]
pub(crate) mod remote;

#[cfg(feature = "rt-heap")]
mod stats;

#[cfg(feature = "rt-heap")]
mod rt;

#[cfg(feature = "allocator-api2")]
pub use foreign::FromAllocator;
pub use halloc::{free, halloc_in, halloc_slice_in};
#[cfg(feature = "alloc")]
pub use halloc::{halloc, halloc_slice, try_halloc, try_halloc_slice};
pub use hbox::HBox;
#[cfg(feature = "rt-heap")]
pub use rt::{RtHeap, SendHeap};
pub use source::{Heap, System};
#[cfg(feature = "rt-heap")]
pub use stats::HeapStats;
