//! A graph of units, each after those that it reads. A unit may be redefined while it plays, and fades to its new definition
//! over one block.

pub(crate) mod vecs;
pub(crate) mod zones;

/// Frames of a block.
pub(crate) const BLOCK: usize = 64;
