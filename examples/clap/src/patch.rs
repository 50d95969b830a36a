//! The patch: what the voices sound like. It is a closure in a zone, which is redefined while it plays.

use memzone::{ZoneError, ZoneFn};
use std::f32::consts::TAU;

/// Voices that sound at a time.
pub(crate) const VOICES: usize = 16;
/// Steps in a table, which has one value more.
const STEPS: usize = 1024;
/// What is softer than this is silence. Its square is a normal number.
const SILENCE: f32 = 1e-6;

/// A slot for a note, which is free where its level is 0.
#[derive(Clone, Copy, Default)]
pub(crate) struct Voice {
    pub(crate) key: i16,
    phase: f32,
    step: f32,
    level: f32,
    /// What the level is multiplied by in each frame.
    decay: f32,
}

/// The slots. They outlive a definition, and a fade plays on with a copy of them.
pub(crate) type Voices = [Voice; VOICES];

/// Adds a block of all voices.
pub(crate) type Play = dyn FnMut(&mut Voices, &mut [f32]);

/// A patch of this many harmonics, from its program number.
pub(crate) fn patch(program: u8) -> Result<ZoneFn<Play>, ZoneError> {
    let harmonics = 1 + usize::from(program % 16);
    ZoneFn::try_new(8 << 10, |z| {
        let table = z.try_alloc_slice_with(STEPS + 1, |at| {
            let x = at as f32 / STEPS as f32;
            (1..=harmonics).map(|n| (TAU * n as f32 * x).sin() / n as f32).sum::<f32>()
        })?;
        z.try_callback(move |voices: &mut Voices, block: &mut [f32]| {
            block.fill(0.0);
            for voice in voices.iter_mut().filter(|voice| voice.level > 0.0) {
                for sample in &mut *block {
                    let place = voice.phase * STEPS as f32;
                    let before = (place as usize).min(STEPS - 1);
                    let part = place - before as f32;
                    *sample +=
                        voice.level * (table[before] + (table[before + 1] - table[before]) * part);
                    voice.phase = (voice.phase + voice.step).fract();
                    voice.level *= voice.decay;
                }
                if voice.level < SILENCE {
                    voice.level = 0.0;
                }
            }
        })
    })
}

/// Begins a note, in a free slot or that of the softest.
pub(crate) fn begin(voices: &mut Voices, key: i16, velocity: f32, rate: f32) {
    let softest = voices.iter_mut().min_by(|a, b| a.level.total_cmp(&b.level));
    let hertz = 440.0 * ((f32::from(key) - 69.0) / 12.0).exp2();
    if let Some(voice) = softest {
        let step = (hertz / rate).min(0.5);
        *voice = Voice { key, phase: 0.0, step, level: 0.2 * velocity, decay: decay(1.5, rate) };
    }
}

/// Lets the notes of a key fade away.
pub(crate) fn end(voices: &mut Voices, is_key: impl Fn(i16) -> bool, rate: f32) {
    let voices = voices.iter_mut().filter(|voice| is_key(voice.key));
    voices.for_each(|voice| voice.decay = decay(0.05, rate));
}

/// The factor that takes a level to a third in so many seconds.
fn decay(seconds: f32, rate: f32) -> f32 {
    (-1.0 / (seconds * rate)).exp()
}
