//! Closures and values that own their zone and go from thread to thread with it, and closures that are redefined while
//! another thread plays them.
//!
//! It uses the folders `zone`, `copy`, `scope` and `heap`. I20 to I26 live here.

pub(crate) mod signature;
pub(crate) mod zone_fn;
pub(crate) mod parcel;
pub(crate) mod frames;
#[cfg(target_has_atomic = "ptr")]
pub(crate) mod hot;
