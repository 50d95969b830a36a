//! A region of memory, and how it is handed out: the header, its blocks, its cursor.
//!
//! It uses the folders `system` and `insight`, and knows neither handles nor threads. Its callers (`zone`) count the
//! handles, and run on the region's own thread (I3). I2 (blocks live as long as the header), I6 (the cursor stays in
//! its block) and I17 (a hook runs once) live here.

// Plain numbers.
pub(crate) mod bump;
// Where a block's memory comes from, and how the use of a stale pointer is made to be noticed.
pub(crate) mod memory;
pub(crate) mod stale;
// What a zone consists of.
mod block;
pub(crate) mod hooks;
pub(crate) mod header;
// What happens to a zone, in the order of its life.
mod residency;
mod growing;
mod making;
mod last;
mod rewinding;
pub(crate) mod checkpoint;
mod end;
