//! What is played without a file: ten seconds of a plucked pattern.

use crate::notes::{SECONDS, frame_at};
use crate::sound::Sound;
use hound::{SampleFormat, WavSpec};

const RATE: u32 = 48_000;

/// The pattern, its notes to the left and right in turn.
pub(crate) fn pattern() -> Sound {
    let frames = (SECONDS * f64::from(RATE)) as usize;
    let samples = (0..frames).flat_map(|frame| frame_at(frame as f64 / f64::from(RATE))).collect();
    let spec = WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    Sound { spec, samples }
}
