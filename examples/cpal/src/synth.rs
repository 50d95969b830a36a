//! A synthesiser with its memory in a parcel, which goes to the device's thread as a whole, and comes back from there to be
//! freed.
//!
//! This is the first of the ways to give a callback its state: nothing is leaked, and nothing is `unsafe`.

use crate::callback::Sound;
use crate::patch::Frame;
use crate::tiny::flushed;
use memzone::rt::Plan;
use memzone::{DeepCopy, Parcel, ZoneError, try_letz};
use std::f32::consts::TAU;

/// Voices that sound at a time.
const VOICES: usize = 8;
/// Seconds from one note to the next, and of the echo.
const STEP: f32 = 0.18;
const ECHO: f32 = 0.27;

/// The notes, in Hz, again and again.
const NOTES: [f32; 6] = [220.0, 277.18, 329.63, 440.0, 369.99, 329.63];

/// What the device's thread must be prepared for.
pub(crate) fn plan() -> Plan {
    Plan::new().scopes(1, 4096).default_zone(0)
}

#[derive(Clone, Copy, Default, DeepCopy)]
struct Voice {
    phase: f32,
    step: f32,
    level: f32,
}

/// All that lives on from block to block.
#[derive(DeepCopy)]
struct State<'z> {
    voices: &'z mut [Voice],
    echo: &'z mut [Frame],
    /// Where the echo is, and which note is next after how many frames.
    at: usize,
    note: usize,
    wait: usize,
}

pub(crate) struct Synth {
    state: Parcel<State<'static>>,
    rate: f32,
}

impl Synth {
    pub(crate) fn new(rate: u32) -> Result<Synth, ZoneError> {
        let rate = rate as f32;
        let state = Parcel::try_new(256 << 10, |z| {
            Ok(State {
                voices: z.try_alloc_slice(VOICES, Voice::default())?,
                echo: z.try_alloc_slice((ECHO * rate) as usize, [0.0; 2])?,
                at: 0,
                note: 0,
                wait: 0,
            })
        })?;
        Ok(Synth { state, rate })
    }
}

impl Sound for Synth {
    fn play(&mut self, frames: &mut [Frame]) -> Result<(), ZoneError> {
        let rate = self.rate;
        self.state.with_mut(|state| {
            try_letz!(dry = [[0.0_f32; 2]; frames.len()] => {
                for frame in dry.iter_mut() {
                    state.begin_note(rate);
                    *frame = state.voices();
                }
                for (frame, dry) in frames.iter_mut().zip(dry) {
                    *frame = state.echo(*dry);
                }
            })
        })
    }
}

impl State<'_> {
    /// Begins the next note when it is time to.
    fn begin_note(&mut self, rate: f32) {
        if self.wait == 0 {
            self.wait = (STEP * rate) as usize;
            let step = NOTES[self.note % NOTES.len()] / rate;
            self.voices[self.note % VOICES] = Voice { phase: 0.0, step, level: 0.25 };
            self.note += 1;
        }
        self.wait -= 1;
    }

    /// The next frame of all voices, each a little to one side.
    fn voices(&mut self) -> Frame {
        let mut sides = [0.0; 2];
        for (number, voice) in self.voices.iter_mut().enumerate() {
            voice.phase = (voice.phase + voice.step).fract();
            voice.level = flushed(voice.level * 0.999_92);
            let sound = voice.level * (TAU * voice.phase + (TAU * 2.0 * voice.phase).sin()).sin();
            let right = 0.25 + 0.5 * number as f32 / VOICES as f32;
            sides = [sides[0] + (1.0 - right) * sound, sides[1] + right * sound];
        }
        sides
    }

    /// Adds the echo, which changes sides.
    fn echo(&mut self, dry: Frame) -> Frame {
        let [left, right] = self.echo[self.at];
        let wet = [flushed(dry[0] + 0.4 * right), flushed(dry[1] + 0.4 * left)];
        self.echo[self.at] = wet;
        self.at = (self.at + 1) % self.echo.len();
        wet
    }
}
