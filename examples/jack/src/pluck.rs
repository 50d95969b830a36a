//! A plucked string's sound (Karplus and Strong, 1983), but for the memory it is in.

use crate::tune::{LOWEST, Note};

/// The most strings at a time.
pub(crate) const VOICES: usize = 16;
/// Strings are computed at this many times the sample rate, as their lines' lengths are whole numbers.
pub(crate) const OVER: usize = 2;
/// Below this, nobody hears a string any more.
const SILENCE: f32 = 1e-4;
/// Seconds in which a string falls to a thousandth.
const DECAY: f32 = 4.0;

/// The most samples that a string's line has.
pub(crate) fn longest_line(rate: usize) -> usize {
    (OVER * rate) / LOWEST as usize
}

/// A string that sounds. Its line is the caller's.
#[derive(Clone, Copy)]
pub(crate) struct Pluck {
    pub(crate) len: usize,
    at: usize,
    keeping: f32,
    last: f32,
    /// What left and right are multiplied by.
    gains: [f32; 2],
    /// The loudest of the last samples.
    level: f32,
}

impl Pluck {
    pub(crate) fn new(note: Note, rate: usize) -> Pluck {
        let period = (OVER * rate) as f32 / note.pitch;
        let keeping = 0.001_f32.powf(1.0 / (DECAY * note.pitch));
        let gains = [1.0 - note.pan, note.pan].map(|part| 0.25 * note.force * part.sqrt());
        let len = (period as usize).clamp(2, longest_line(rate));
        Pluck { len, at: 0, keeping, last: 0.0, gains, level: 1.0 }
    }

    /// Fills a line of `len` samples with noise.
    pub(crate) fn excite(&self, line: &mut [f32]) {
        let mut state = 0x9e37_79b9_u32;
        for sample in line {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            *sample = state as f32 / (1_u32 << 31) as f32 - 1.0;
        }
    }

    /// Computes the next samples, `OVER` for each frame.
    pub(crate) fn render(&mut self, line: &mut [f32], samples: &mut [f32]) {
        let mut peak = 0.0_f32;
        for sample in samples {
            let here = line[self.at];
            *sample = here;
            line[self.at] = self.keeping * 0.5 * (here + self.last);
            self.last = here;
            self.at = if self.at + 1 == line.len() { 0 } else { self.at + 1 };
            peak = peak.max(here.abs());
        }
        self.level = peak.max(0.7 * self.level);
    }

    /// Adds a frame for each `OVER` samples to the two sides.
    pub(crate) fn mix(&self, frames: &[f32], [left, right]: [&mut [f32]; 2]) {
        for ((left, right), frame) in left.iter_mut().zip(right).zip(frames) {
            *left += self.gains[0] * frame;
            *right += self.gains[1] * frame;
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.level < SILENCE
    }
}

/// One frame of `OVER` samples each.
pub(crate) fn frames(samples: &[f32]) -> impl Iterator<Item = f32> {
    samples.chunks_exact(OVER).map(|samples| samples.iter().sum::<f32>() / OVER as f32)
}
