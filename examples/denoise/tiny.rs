//! Numbers that are too small to be heard, and the smallest of which processors are slow with.

/// 300 dB less than full scale. What is at least this, and its square, is far from the subnormal numbers below 1.2e-38.
pub(crate) const TINY: f32 = 1e-15;

/// The number, or 0 where nobody hears it. Whatever comes back to itself (a filter, an echo, an envelope) goes through
/// this: what fades away would get to the subnormal numbers and stay there, and each operation with one of them
/// takes as long as a hundred others. See "Denormal numbers" in `docs/realtime.md`.
pub(crate) fn flushed(number: f32) -> f32 {
    if number.abs() < TINY { 0.0 } else { number }
}
