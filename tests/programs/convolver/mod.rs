//! A partitioned convolver: a filter as long as a room's reverberation, from input to output.

pub(crate) mod vecs;
pub(crate) mod zones;

/// Frames of a block, and of a partition.
pub(crate) const BLOCK: usize = 64;
