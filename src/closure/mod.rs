//! Closures and values that own their zone and go from thread to thread with it, and closures that are redefined while
//! another thread plays them.
//!
//! It uses the folders `zone`, `copy` and `heap`. I20 to I25 live here.

// Each module uses only those before it.
pub(crate) mod zone_fn;
pub(crate) mod parcel;
pub(crate) mod frames;
pub(crate) mod hot;
