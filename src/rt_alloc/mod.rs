//! A global allocator for real-time threads: a thread that was prepared with a heap takes all its memory from it while
//! it is in a section.
//!
//! It uses the blocks and the list of `heap`, and what `system` reserves. I50 (one thread at a time owns a heap), I51
//! (a block goes back to whom it came from) and I52 (what is put aside is freed once) live here.

// What threads share: who owns a heap, and what was put aside.
mod shared;
// The region and the heaps in it.
mod region;
mod heap;
mod heaps;
// What is done for the allocator, for the thread, and for what was put aside.
mod below;
mod collector;
mod thread;
mod global;

pub(crate) use collector::{collect, is_collecting, start, stop};
pub use global::RtAlloc;
pub(crate) use thread::{HeapMade, prepare};
