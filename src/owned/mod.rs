//! Values in a zone that have an owner, which runs their destructor.
//!
//! It uses `zone` and `stack`. I8 (a value with a destructor has an owner) and I15 (a pool's slot has one owner)
//! live here.

pub(crate) mod owner;
pub(crate) mod pool;
pub(crate) mod zbox;
// Uses `zbox`.
#[cfg(feature = "alloc")]
pub(crate) mod current;
