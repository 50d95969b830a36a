//! What instruments are made of: functions that make closures, as in xtlang's library for audio.
//!
//! The state of a closure is outside of it, in what it captured: a phase in the closure itself, a delay line in
//! the zone that was given to the factory. In xtlang both are in the zone that happens to be current, and a
//! closure that outlives it reads whatever is there then. Here the closure borrows the zone, or owns what it has.
//!
//! All that comes back to itself is `flushed` on the way (`tiny.rs`), so that silence costs no more than sound.

use crate::RATE;
use crate::tiny::flushed;
use memzone::{Zone, ZoneError};
use std::f32::consts::TAU;

/// A sine. Its state is one number, which moves with it.
pub(crate) fn osc_c(mut phase: f32) -> impl FnMut(f32, f32) -> f32 + Send {
    move |amplitude, frequency| {
        phase = (phase + frequency / RATE as f32).fract();
        amplitude * (TAU * phase).sin()
    }
}

/// An envelope: it rises while the gate is open, falls to what it sustains, and fades when the gate closes.
pub(crate) fn adsr_c(
    attack: f32,
    decay: f32,
    sustain: f32,
    release: f32,
) -> impl FnMut(bool) -> f32 + Send {
    let rise = 1.0 / (attack * RATE as f32);
    let [decay, release] =
        [decay, release].map(|seconds| (0.001_f32.ln() / (seconds * RATE as f32)).exp());
    let (mut level, mut has_risen) = (0.0, false);
    move |gate| {
        level = match (gate, has_risen) {
            (true, false) => level + rise,
            (true, true) => sustain + (level - sustain) * decay,
            (false, _) => flushed(level * release),
        };
        has_risen |= level >= 1.0;
        level
    }
}

/// A low-pass filter of one pole.
pub(crate) fn low_pass_c() -> impl FnMut(f32, f32) -> f32 + Send {
    let mut last = 0.0;
    move |input, frequency| {
        last = flushed(last + (1.0 - (-TAU * frequency / RATE as f32).exp()) * (input - last));
        last
    }
}

/// An echo: the line's samples are in the zone.
pub(crate) fn delay_c(
    z: &Zone,
    samples: usize,
) -> Result<impl FnMut(f32, f32, f32) -> f32 + Send, ZoneError> {
    let line = z.try_alloc_slice(samples, 0.0)?;
    let mut at = 0;
    Ok(move |input, wet, feedback| {
        let delayed = line[at];
        line[at] = flushed(input + feedback * delayed);
        at = (at + 1) % line.len();
        input + wet * delayed
    })
}

/// A line of changing length: what goes round in front of a listener, as in an organ's loudspeaker.
pub(crate) fn rotor_c(
    z: &Zone,
    phase: f32,
) -> Result<impl FnMut(f32, f32) -> f32 + Send, ZoneError> {
    const LEAST: f32 = 16.0;
    const DEPTH: f32 = 12.0;
    let line = z.try_alloc_slice(64, 0.0)?;
    let mut turn = osc_c(phase);
    let mut at = 0;
    Ok(move |input, speed| {
        line[at] = input;
        let delay = LEAST + turn(DEPTH, speed);
        let (whole, part) = (delay as usize, delay.fract());
        let [newer, older] =
            [whole, whole + 1].map(|back| line[(at + line.len() - back) % line.len()]);
        at = (at + 1) % line.len();
        newer + part * (older - newer)
    })
}

/// A pipe that is blown at: noise in a line as long as a period of its tone.
pub(crate) fn pipe_c(z: &Zone, frequency: f32) -> Result<impl FnMut(f32) -> f32 + Send, ZoneError> {
    /// The lowest pipes are an octave too short.
    const LONGEST: usize = 1024;
    let period = (RATE as f32 / frequency) as usize;
    let line = z.try_alloc_slice(period.clamp(2, LONGEST), 0.0)?;
    let (mut at, mut last) = (0, 0.0);
    let mut breath = noise_c(frequency.to_bits());
    Ok(move |strength| {
        let kept = flushed(breath(strength) + 0.97 * (0.5 * line[at] + 0.5 * last));
        last = line[at];
        line[at] = kept;
        at = (at + 1) % line.len();
        kept
    })
}

/// Noise between -1 and 1 (a 32-bit xorshift), the same for the same seed.
fn noise_c(seed: u32) -> impl FnMut(f32) -> f32 + Send {
    let mut state = seed.max(1);
    move |amplitude| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        amplitude * (state as f32 / (1_u32 << 31) as f32 - 1.0)
    }
}

/// A comb, the body of a reverb: each echo is duller than the one before.
pub(crate) fn comb_c(z: &Zone, samples: usize) -> Result<impl FnMut(f32) -> f32 + Send, ZoneError> {
    const FEEDBACK: f32 = 0.84;
    const DULLING: f32 = 0.3;
    let line = z.try_alloc_slice(samples, 0.0)?;
    let (mut at, mut last) = (0, 0.0);
    Ok(move |input| {
        let delayed: f32 = line[at];
        last = flushed(delayed + DULLING * (last - delayed));
        line[at] = input + FEEDBACK * last;
        at = (at + 1) % line.len();
        delayed
    })
}

/// An all-pass filter, which spreads echoes.
fn all_pass_c(z: &Zone, samples: usize) -> Result<impl FnMut(f32) -> f32 + Send, ZoneError> {
    let line = z.try_alloc_slice(samples, 0.0)?;
    let mut at = 0;
    Ok(move |input| {
        let delayed: f32 = line[at];
        let kept = flushed(input + 0.5 * delayed);
        line[at] = kept;
        at = (at + 1) % line.len();
        delayed - 0.5 * kept
    })
}

/// A reverb: factories called by a factory, and arrays of what they make.
pub(crate) fn reverb_c(
    z: &Zone,
    spread: usize,
) -> Result<impl FnMut(f32, f32) -> f32 + Send, ZoneError> {
    let comb = |samples| comb_c(z, samples + spread);
    let mut combs = [comb(1215)?, comb(1293)?, comb(1390)?, comb(1476)?];
    let mut passes = [all_pass_c(z, 605 + spread)?, all_pass_c(z, 480 + spread)?];
    Ok(move |input, wet| {
        let echoes: f32 = combs.iter_mut().map(|comb| comb(0.25 * input)).sum();
        input + wet * passes.iter_mut().fold(echoes, |sound, pass| pass(sound))
    })
}
