//! A plucked pattern: what each moment of it sounds like.

use std::f64::consts::TAU;

/// How long it is.
pub(crate) const SECONDS: f64 = 10.0;
/// Seconds from one note to the next.
const STEP: f64 = 0.25;

/// The notes in Hz, again and again; zeros are rests.
const NOTES: [f64; 16] = [
    220.0, 0.0, 261.63, 329.63, 0.0, 392.0, 0.0, 329.63, //
    174.61, 0.0, 261.63, 349.23, 0.0, 440.0, 392.0, 0.0,
];

/// Its frame at a time from its start. The notes are to the left and right in turn.
pub(crate) fn frame_at(seconds: f64) -> [f32; 2] {
    let step = (seconds / STEP) as usize;
    let mut sides = [0.0; 2];
    // The note that sounds, and those before it, which fade away.
    for step in step.saturating_sub(3)..=step {
        let sound = note(NOTES[step % NOTES.len()], seconds - step as f64 * STEP) as f32;
        let right = if step % 2 == 0 { 0.3 } else { 0.7 };
        sides = [sides[0] + (1.0 - right) * sound, sides[1] + right * sound];
    }
    sides
}

/// Six harmonics, of which the higher ones fade away sooner.
fn note(hertz: f64, since: f64) -> f64 {
    let harmonic = |n: f64| (TAU * n * hertz * since).sin() * (-since * 5.0 * n.sqrt()).exp() / n;
    let attack = (since / 0.004).min(1.0);
    let sum: f64 = (1..=6).map(|n| harmonic(f64::from(n))).sum();
    // The last of four steps lets it end.
    let damper = ((4.0 * STEP - since) / STEP).clamp(0.0, 1.0);
    0.35 * sum * attack * damper
}
