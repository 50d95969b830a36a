//! With `Vec`s: a voice shares its recording, as the sampler may be given another one meanwhile.

use super::{Event, VOICES};
use std::sync::Arc;

/// Plays a block, with the events in it in their order.
pub(crate) type Play = Box<dyn FnMut(&[Event], &mut [f32]) + Send>;

/// A recording, for its own key and those above it.
struct Region {
    lowest: u8,
    samples: Arc<Vec<f32>>,
}

struct Voice {
    key: u8,
    samples: Arc<Vec<f32>>,
    at: f32,
    step: f32,
    level: f32,
    decay: f32,
}

struct Sampler {
    regions: Vec<Region>,
    voices: Vec<Voice>,
}

impl Voice {
    fn add_to(&mut self, out: &mut [f32]) {
        for out in out {
            let at = self.at as usize;
            let Some(&[this, next]) = self.samples.get(at..at + 2) else {
                self.level = 0.0;
                return;
            };
            *out += self.level * (this + (next - this) * self.at.fract());
            self.at += self.step;
            self.level *= self.decay;
        }
    }
}

impl Sampler {
    fn press(&mut self, key: u8, velocity: f32) {
        let Some(region) = self.regions.iter().rev().find(|region| region.lowest <= key) else {
            return;
        };
        let step = 2.0_f32.powf(f32::from(key - region.lowest) / 12.0);
        let samples = Arc::clone(&region.samples);
        let voice = Voice { key, samples, at: 0.0, step, level: velocity, decay: 1.0 };
        if self.voices.len() < VOICES {
            self.voices.push(voice);
        } else if let Some(softest) =
            self.voices.iter_mut().min_by(|one, other| one.level.total_cmp(&other.level))
        {
            *softest = voice;
        }
    }

    fn release(&mut self, key: u8) {
        let voices = self.voices.iter_mut().filter(|voice| voice.key == key);
        voices.for_each(|voice| voice.decay = 0.98);
    }

    fn add_to(&mut self, out: &mut [f32]) {
        self.voices.iter_mut().for_each(|voice| voice.add_to(out));
        self.voices.retain(|voice| voice.level > 1e-5);
    }

    fn play(&mut self, events: &[Event], out: &mut [f32]) {
        out.fill(0.0);
        let mut from = 0;
        for &Event { frame, key, velocity } in events {
            self.add_to(&mut out[from..frame]);
            from = frame;
            if velocity > 0.0 { self.press(key, velocity) } else { self.release(key) }
        }
        self.add_to(&mut out[from..]);
    }
}

/// A sampler with these recordings, the lowest key first.
pub(crate) fn sampler(recordings: &[(u8, Vec<f32>)]) -> Play {
    let regions = recordings
        .iter()
        .map(|(lowest, samples)| Region { lowest: *lowest, samples: Arc::new(samples.clone()) })
        .collect();
    let mut sampler = Sampler { regions, voices: Vec::new() };
    Box::new(move |events: &[Event], out: &mut [f32]| sampler.play(events, out))
}
