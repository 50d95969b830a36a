//! The instrument: an organ with drawbars, a kernel for its notes and one for its effects.
//!
//! Both are what Extempore's instruments are: a function that makes a closure, with all state in what the closure
//! captured. The note's kernel is made for each note, in the note's own zone. The effects' kernel is made once.

use crate::factories::{adsr_c, delay_c, low_pass_c, osc_c, pipe_c, reverb_c, rotor_c};
use crate::tiny::flushed;
use crate::{BLOCK, RATE};
use memzone::{Closure, Zone, ZoneError};

/// A block of each of the two channels: what kernels add to.
pub(crate) type Sides = [[f32; BLOCK]; 2];

/// A drawbar: how high its pitch is above the key's, and how far it is drawn, from 0 to 8.
const DRAWBARS: [(f32, f32); 9] = [
    (0.5, 6.0),
    (1.5, 3.0),
    (1.0, 8.0),
    (2.0, 6.0),
    (3.0, 4.0),
    (4.0, 3.0),
    (5.0, 1.0),
    (6.0, 2.0),
    (8.0, 2.0),
];
/// How much higher the right channel's wheels are.
const SPREAD: f32 = 1.0008;
/// Fainter than this, a note is over: 80 dB less than full scale.
const SILENCE: f32 = 1e-4;

/// Room for a note: its longest pipe, and what goes with it.
pub(crate) const NOTE_BYTES: usize = 1024 * size_of::<f32>() + 512;
/// Room for the effects: delay lines of about half a second for each of the two channels.
pub(crate) const EFFECTS_BYTES: usize = 256 << 10;

/// What a note is like.
#[derive(Clone, Copy)]
pub(crate) struct Tone {
    pub(crate) frequency: f32,
    pub(crate) loudness: f32,
    /// Samples until the key is let go.
    pub(crate) length: usize,
}

/// What adds to a block, in a zone.
pub(crate) type Kernel<'z, R> = Closure<'z, dyn FnMut(&mut Sides) -> R>;

/// A note's kernel. Each call adds the next block, and says whether there is more to come.
pub(crate) fn note_c(z: &Zone, tone: Tone) -> Result<Kernel<'_, bool>, ZoneError> {
    // An array of closures for each channel, in the note's zone, as one.
    let count = DRAWBARS.len();
    let wheels = z.try_alloc_slice_with(2 * count, |n| osc_c(n as f32 / (2 * count) as f32))?;
    let mut envelope = adsr_c(0.006, 0.4, 0.8, 0.25);
    let mut pipe = pipe_c(z, tone.frequency)?;
    // The breath with which a note begins.
    let mut breath = adsr_c(0.004, 0.05, 0.02, 0.05);
    let gain = flushed(0.08 * tone.loudness);
    let mut time = 0;
    z.try_callback(move |sides: &mut Sides| {
        let mut level = 0.0;
        for frame in 0..BLOCK {
            level = envelope(time < tone.length);
            let blown = pipe(0.5 * breath(time < tone.length));
            time += 1;
            let channels = sides.iter_mut().zip(wheels.chunks_exact_mut(count)).zip([1.0, SPREAD]);
            for ((side, wheels), spread) in channels {
                let drawn = wheels.iter_mut().zip(DRAWBARS);
                let sum: f32 = drawn
                    .map(|(wheel, (ratio, position))| {
                        wheel(position / 8.0, audible(tone.frequency * ratio * spread))
                    })
                    .sum();
                side[frame] += gain * (level * sum + blown);
            }
        }
        time < tone.length || level > SILENCE
    })
}

/// The highest tones fold back an octave, as on the real one.
fn audible(frequency: f32) -> f32 {
    if frequency > 0.4 * RATE as f32 { 0.5 * frequency } else { frequency }
}

/// The effects' kernel: a closure for each channel, in an array.
pub(crate) fn fx_c(z: &Zone) -> Result<Kernel<'_, ()>, ZoneError> {
    let mut channels = [channel_c(z, 0.0, 0.36, 0)?, channel_c(z, 0.25, 0.48, 23)?];
    z.try_callback(move |sides: &mut Sides| {
        for (side, channel) in sides.iter_mut().zip(&mut channels) {
            side.iter_mut().for_each(|sample| *sample = channel(*sample));
        }
    })
}

/// One channel: a rotating loudspeaker, an echo and a room.
fn channel_c(
    z: &Zone,
    phase: f32,
    echo_seconds: f32,
    spread: usize,
) -> Result<impl FnMut(f32) -> f32 + Send, ZoneError> {
    let mut rotor = rotor_c(z, phase)?;
    let mut swell = osc_c(phase + 0.5);
    let mut echo = delay_c(z, (echo_seconds * RATE as f32) as usize)?;
    let mut dull = low_pass_c();
    let mut room = reverb_c(z, spread)?;
    Ok(move |input| {
        let turned = rotor(input, 6.3) * (1.0 + swell(0.12, 6.3));
        let echoed = echo(dull(turned, 6000.0), 0.18, 0.3);
        room(echoed, 0.3)
    })
}
