//! The border to the system. Everything that memzone asks of the system or gives back to it goes through here.
//!
//! It uses nothing of memzone's but the errors. I14 (what was put aside is freed once) and I16 (what the system's calls
//! demand) live here. Before a function asks the system for something, it calls [`section::ask`], so that a real-time
//! section can count or refuse it.

#[cfg(any(feature = "std", feature = "rt-heap"))]
pub(crate) mod counters;
pub(crate) mod last_words;
pub(crate) mod pages;
pub(crate) mod per_thread;
pub(crate) mod section;
#[cfg(feature = "std")]
pub(crate) mod shared_list;
// These use `section`.
pub(crate) mod aside;
pub(crate) mod stack_bounds;
