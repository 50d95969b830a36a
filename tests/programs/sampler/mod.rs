//! A sampler: recordings for regions of the keyboard, and voices. If all voices sound, the softest one gives way.

pub(crate) mod vecs;
pub(crate) mod zones;

/// The number of voices.
pub(crate) const VOICES: usize = 4;

/// A key is pressed, or released with the velocity 0, in a frame of the block.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    pub(crate) frame: usize,
    pub(crate) key: u8,
    pub(crate) velocity: f32,
}
