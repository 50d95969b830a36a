//! What memzone tells about itself: what is alive, what each place has needed, what each thread has done.
//!
//! It uses the room `system`. The rooms below tell it what they do, on their cold paths, and it never asks them
//! anything. It has no `unsafe` code and no invariant lives here.

#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(not(feature = "ledger"))]
pub(crate) mod ledger;
pub(crate) mod sites;
pub mod stats;
