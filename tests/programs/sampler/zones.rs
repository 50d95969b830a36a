//! With zones: the recordings and the voices are in the closure's own zone, and a voice borrows its recording.

use super::{Event, VOICES};
use memzone::{Pool, ZoneError, ZoneFn};

/// Plays a block, with the events in it in their order.
pub(crate) type Play = ZoneFn<dyn FnMut(&[Event], &mut [f32])>;

/// A recording, for its own key and those above it.
#[derive(Clone, Copy)]
struct Region<'z> {
    lowest: u8,
    samples: &'z [f32],
}

struct Voice<'z> {
    key: u8,
    samples: &'z [f32],
    at: f32,
    step: f32,
    level: f32,
    decay: f32,
}

struct Sampler<'z> {
    regions: &'z [Region<'z>],
    voices: Pool<'z, Voice<'z>>,
}

impl Voice<'_> {
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

impl Sampler<'_> {
    fn press(&mut self, key: u8, velocity: f32) {
        let Some(region) = self.regions.iter().rev().find(|region| region.lowest <= key) else {
            return;
        };
        let step = 2.0_f32.powf(f32::from(key - region.lowest) / 12.0);
        let samples = region.samples;
        let voice = Voice { key, samples, at: 0.0, step, level: velocity, decay: 1.0 };
        let _ = self.voices.insert_over(voice, |voice| voice.level);
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
pub(crate) fn sampler(recordings: &[(u8, Vec<f32>)]) -> Result<Play, ZoneError> {
    ZoneFn::try_new(0, |z| {
        let regions = z.try_alloc_slice(recordings.len(), Region { lowest: 0, samples: &[] })?;
        for (region, (lowest, samples)) in regions.iter_mut().zip(recordings) {
            *region = Region { lowest: *lowest, samples: z.try_alloc_slice_copy(samples)? };
        }
        let mut sampler = Sampler { regions, voices: z.try_pool(VOICES)? };
        z.try_callback(move |events: &[Event], out: &mut [f32]| sampler.play(events, out))
    })
}
