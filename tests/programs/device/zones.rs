//! With zones: the state is a `Parcel`, which owns a value with its zone.

use super::PIECE;
use memzone::{DeepCopy, Parcel, ZoneError};
use std::f32::consts::TAU;

#[derive(DeepCopy)]
struct Note {
    step: f32,
    phase: f32,
    level: f32,
}

#[derive(DeepCopy)]
struct Synth<'z> {
    notes: &'z mut [Note],
    line: &'z mut [f32],
    at: usize,
    mono: &'z mut [f32],
}

impl Synth<'_> {
    fn play(&mut self, out: &mut [f32], channels: usize) {
        let mono = &mut self.mono[..out.len() / channels];
        mono.fill(0.0);
        for Note { step, phase, level } in &mut *self.notes {
            for sample in &mut *mono {
                *phase = (*phase + *step) % 1.0;
                *sample += *level * (TAU * *phase).sin();
                *level *= 0.9999;
            }
        }
        for sample in &mut *mono {
            *sample += 0.5 * self.line[self.at];
            self.line[self.at] = *sample;
            self.at = (self.at + 1) % self.line.len();
        }
        for (frame, sample) in out.chunks_exact_mut(channels).zip(mono) {
            frame.fill(*sample);
        }
    }
}

/// A chord with an echo, for `build_output_stream`.
pub(crate) fn callback(
    rate: f32,
    channels: usize,
    chord: &[f32],
) -> Result<impl FnMut(&mut [f32]) + Send + use<>, ZoneError> {
    let note = |pitch: &f32| Note { step: *pitch / rate, phase: 0.0, level: 0.2 };
    let mut synth: Parcel<Synth<'static>> = Parcel::try_new(0, |z| {
        Ok(Synth {
            notes: z.try_alloc_iter(chord.iter().map(note))?,
            line: z.try_alloc_slice((0.1 * rate) as usize, 0.0)?,
            at: 0,
            mono: z.try_alloc_slice(PIECE, 0.0)?,
        })
    })?;
    Ok(move |out: &mut [f32]| {
        for out in out.chunks_mut(PIECE * channels) {
            synth.with_mut(|synth| synth.play(out, channels));
        }
    })
}
