//! The input for a run without files: five seconds of a chord, struck again and again, in noise.

use crate::sound::Sound;
use hound::{SampleFormat, WavSpec};
use std::f64::consts::TAU;

const RATE: u32 = 48_000;
const SECONDS: f64 = 5.0;
const CHANNELS: u16 = 2;

/// D minor seventh, with the bass an octave below.
const NOTES: [f64; 5] = [73.42, 293.66, 349.23, 440.00, 523.25];
/// When the first chord is struck.
const FIRST: f64 = 0.4;
/// Seconds from one chord to the next.
const BEAT: f64 = 1.15;
/// Seconds for which a chord is held before it is damped.
const HELD: f64 = 0.85;
const NOISE: f64 = 0.05;

/// The chord alone, and the chord in noise.
pub(crate) fn in_noise() -> (Vec<f32>, Sound) {
    let frames = (SECONDS * f64::from(RATE)) as usize;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut clean = Vec::new();
    let mut samples = Vec::new();
    for frame in 0..frames {
        let chord = chord_at(frame as f64 / f64::from(RATE));
        for _ in 0..CHANNELS {
            clean.push(chord as f32);
            samples.push((chord + NOISE * random.next()) as f32);
        }
    }
    let spec = WavSpec {
        channels: CHANNELS,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    (clean, Sound { spec, samples })
}

/// The chord's sample at a time.
fn chord_at(seconds: f64) -> f64 {
    if seconds < FIRST {
        return 0.0;
    }
    let since = (seconds - FIRST) % BEAT;
    NOTES.iter().map(|pitch| note(*pitch, since)).sum::<f64>() * envelope(since)
}

/// Three harmonics of a note.
fn note(pitch: f64, since: f64) -> f64 {
    let harmonic = |n: f64| (TAU * n * pitch * since).sin() / (n * n);
    0.12 * (harmonic(1.0) + harmonic(2.0) + harmonic(3.0))
}

/// A soft attack, a slow decay, and a damper.
fn envelope(since: f64) -> f64 {
    let attack = (since / 0.005).min(1.0);
    let damper = ((HELD - since) / 0.05).clamp(0.0, 1.0);
    attack * damper * (-since / 0.6).exp()
}

/// Random numbers between -1 and 1 (a 64-bit xorshift), the same ones on each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}
