//! The border to the system. Everything that memzone asks of the system or gives back to it goes through here.
//!
//! It uses nothing of memzone's but the errors. Before a function asks the system for something, it calls
//! [`section::ask`], so that a real-time section can count or refuse it. These invariants live here: I14 (what was put
//! aside is freed once), I16 (what the system's calls demand), I29 (what is in a list of all threads lives for ever),
//! I53 (thread-locals that an allocator may read) and I55 (without `std`, one line of execution has all slots).

#[cfg(any(feature = "std", feature = "rt-heap"))]
pub(crate) mod counters;
pub(crate) mod last_words;
pub(crate) mod pages;
pub(crate) mod per_thread;
#[cfg(feature = "rt-alloc")]
pub(crate) mod own_heap;
#[cfg(feature = "rt-alloc")]
pub(crate) mod reserved;
pub(crate) mod section;
#[cfg(feature = "std")]
pub(crate) mod shared_list;
// These use `section`.
pub(crate) mod aside;
pub(crate) mod stack_bounds;
