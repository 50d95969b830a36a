//! With `Vec`s.

use super::PIECE;
use std::f32::consts::TAU;

struct Note {
    step: f32,
    phase: f32,
    level: f32,
}

struct Synth {
    notes: Vec<Note>,
    line: Vec<f32>,
    at: usize,
    mono: Vec<f32>,
}

impl Synth {
    fn play(&mut self, out: &mut [f32], channels: usize) {
        let mono = &mut self.mono[..out.len() / channels];
        mono.fill(0.0);
        for Note { step, phase, level } in &mut self.notes {
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
) -> impl FnMut(&mut [f32]) + Send + use<> {
    let note = |pitch: &f32| Note { step: *pitch / rate, phase: 0.0, level: 0.2 };
    let mut synth = Synth {
        notes: chord.iter().map(note).collect(),
        line: vec![0.0; (0.1 * rate) as usize],
        at: 0,
        mono: vec![0.0; PIECE],
    };
    move |out: &mut [f32]| {
        for out in out.chunks_mut(PIECE * channels) {
            synth.play(out, channels);
        }
    }
}
