//! Values in a zone that have an owner, which runs their destructor.
//!
//! It uses `zone` and `stack`. I8 (a value with a destructor has an owner), I15 (a pool's slot has one owner), I18 (a
//! `ZBox` is its value's only owner) and I47 (what an owner's value is seen as) live here.

pub(crate) mod owner;
pub(crate) mod unsizing;
pub(crate) mod inline;
pub(crate) mod pool;
pub(crate) mod zbox;
// Uses `zbox`.
#[cfg(feature = "alloc")]
pub(crate) mod current;
