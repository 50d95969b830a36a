//! What memzone tells about itself: what is alive, how much each place in the program has needed, and what each thread
//! has done.
//!
//! It uses the folder `system`. The folders below call it on their cold paths, and it never calls them. It has no
//! `unsafe` code, and no invariant lives here.

#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(not(feature = "ledger"))]
pub(crate) mod ledger;
#[cfg(feature = "rt-alloc")]
pub(crate) mod heaps;
pub(crate) mod sites;
#[cfg(feature = "std")]
pub mod stats;
#[cfg(not(feature = "std"))]
#[path = "uncounted.rs"]
pub(crate) mod stats;
