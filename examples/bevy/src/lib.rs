//! Scratch memory of a frame for Bevy's systems, and a flock that uses it. See `scratch.rs` first.
#![forbid(unsafe_code)]

pub mod flock;
pub mod scratch;
