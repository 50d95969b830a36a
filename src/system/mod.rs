//! The border to the system: what is asked of it, and what is given back, goes through here.
//!
//! It uses nothing of memzone's but its errors. I14 (what was put aside is freed once) and I16 (what the system's
//! calls demand) live here. Everything that may ask the system calls [`section::ask`] first, which is how a
//! real-time section counts or refuses it.

pub(crate) mod last_words;
pub(crate) mod pages;
pub(crate) mod section;
pub(crate) mod shared_list;
// Uses `section`, as do the ones below.
pub(crate) mod aside;
pub(crate) mod stack_bounds;
