//! A synthesiser in the callback of a sound device, as cpal takes it: it moves to the device's thread, and gets
//! interleaved blocks of any length. `examples/cpal` is a whole program.

pub(crate) mod vecs;
pub(crate) mod zones;

/// The most frames that are played at once.
pub(crate) const PIECE: usize = 256;
