//! The definitions: what is redefined while it plays. Read this to learn `hot`.
//!
//! Each function here builds a closure in a zone of its own, with the tables it needs, on a thread
//! where memory and time are no matter. The audio thread only calls it, once a frame. What is to go
//! on when the closure is defined anew, a phase, a filter's memory, a delay's line, is not the
//! closure's: it belongs to the player, who hands it to each call. Such state is what a fade from one
//! definition to the next copies, so it is small; the line itself is borrowed, and thus shared.

use crate::tiny::flushed;
use memzone::{Closure, Zone, ZoneError, ZoneFn};
use std::f32::consts::{FRAC_PI_2, PI, TAU};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// A sample for each side.
pub(crate) type Frame = [f32; 2];

/// How a definition is called: with what it goes on with, from frame to frame.
pub(crate) type Play<S> = dyn FnMut(&mut S, Frame) -> Frame;
pub(crate) type Definition<S> = ZoneFn<Play<S>>;

/// A definition, or why there is no memory for it. What played before then plays on.
pub(crate) type Defined<S> = Result<Definition<S>, ZoneError>;

/// How many definitions were made, and how many of them have been destroyed.
pub(crate) static MADE: AtomicUsize = AtomicUsize::new(0);
pub(crate) static DESTROYED: AtomicUsize = AtomicUsize::new(0);

/// Room in a definition's zone for its table.
const ZONE_BYTES: usize = 5 << 10;
/// Steps in a table, which has one value more.
const STEPS: usize = 1024;

/// The most harmonics of the oscillator, and its level.
const HARMONICS: usize = 64;
const OSC_LEVEL: f32 = 0.2;

/// The highest frequency of the filter, as a part of the sample rate.
pub(crate) const HIGHEST: f32 = 0.45;

/// Grains that sound at a time, on average and at most.
const OVERLAP: f32 = 4.0;
const GRAINS: usize = 16;
/// How much of the grains' input is heard beside them, and how loud they are.
const DRY: f32 = 0.6;
const GRAIN_LEVEL: f32 = 0.5;
/// Grains play as fast as the line was written, an octave lower, a fifth or an octave higher.
const SPEEDS: [f64; 4] = [1.0, 0.5, 1.5, 2.0];

/// Adds a saw, band-limited: a table of its harmonics below half the sample rate. Its phase goes on.
pub(crate) fn osc(rate: f32, hertz: f32) -> Defined<f32> {
    let step = hertz / rate;
    let harmonics = if hertz == 0.0 { 0 } else { HARMONICS.min((0.5 / step) as usize) };
    define(|z| {
        let harmonic = |n: f32, x: f32| (TAU * n * x).sin() / n / FRAC_PI_2;
        let saw = z.try_alloc_slice_with(STEPS + 1, |at| {
            let x = at as f32 / STEPS as f32;
            (1..=harmonics).map(|n| harmonic(n as f32, x)).sum::<f32>()
        })?;
        z.try_callback(move |phase: &mut f32, input: Frame| {
            *phase = (*phase + step).fract();
            let sound = OSC_LEVEL * look_up(saw, *phase);
            input.map(|side| side + sound)
        })
    })
}

/// What a filter remembers, for each side.
pub(crate) type Integrators = [[f32; 2]; 2];

/// A state-variable low-pass filter, stable whatever it is changed to. From Andrew Simper, "Solving
/// the continuous SVF equations using trapezoidal integration and equivalent currents", Cytomic 2013.
pub(crate) fn lowpass(rate: f32, hertz: f32, q: f32) -> Defined<Integrators> {
    let g = (PI * (hertz / rate).min(HIGHEST)).tan();
    let a1 = 1.0 / (1.0 + g * (g + 1.0 / q));
    let (a2, a3) = (g * a1, g * g * a1);
    define(|z| {
        z.try_callback(move |memory: &mut Integrators, input: Frame| {
            [0, 1].map(|side| {
                let [first, second] = &mut memory[side];
                let v3 = input[side] - *second;
                let v1 = a1 * *first + a2 * v3;
                let v2 = *second + a2 * *first + a3 * v3;
                *first = 2.0 * v1 - *first;
                *second = 2.0 * v2 - *second;
                v2
            })
        })
    })
}

/// Adds an echo, whose repeats change sides. What it returns is what the player writes to the line,
/// once, so that in a fade two of these can read the same one.
pub(crate) fn delay<'z>(rate: f32, seconds: f32, feedback: f32) -> Defined<Line<'z>> {
    let feedback = flushed(feedback);
    let back = (f64::from(seconds) * f64::from(rate)).max(1.0);
    define(|z| {
        z.try_callback(move |line: &mut Line<'z>, input: Frame| {
            let [left, right] = line.read(line.back(back));
            [input[0] + feedback * right, input[1] + feedback * left].map(limited)
        })
    })
}

/// Cuts the line into grains: each a short piece of it from somewhere in the past, at some speed, under
/// a Hann window. See Curtis Roads, "Microsound", MIT Press 2001. Grains that sound already are the
/// state, and keep their own lengths, so the next definition lets them end as they would have.
pub(crate) fn grain<'z>(rate: f32, milliseconds: f32) -> Defined<Cloud<'z>> {
    let length = milliseconds / 1000.0 * rate;
    let dry = if length == 0.0 { 1.0 } else { DRY };
    define(|z| {
        let hann = |x: f32| 0.5 - 0.5 * (TAU * x).cos();
        let window = z.try_alloc_slice_with(STEPS + 1, |at| hann(at as f32 / STEPS as f32))?;
        z.try_callback(move |cloud: &mut Cloud<'z>, input: Frame| {
            if length > 0.0 {
                cloud.sow(length);
            }
            let Cloud { line, grains, .. } = cloud;
            let mut output = input.map(|side| dry * side);
            for grain in grains.iter_mut().filter(|grain| grain.age < grain.length) {
                let level = GRAIN_LEVEL * look_up(window, grain.age / grain.length);
                let piece = line.read(grain.place);
                for side in [0, 1] {
                    output[side] += level * grain.sides[side] * piece[side];
                }
                grain.place = line.wrapped(grain.place + grain.speed);
                grain.age += 1.0;
            }
            output
        })
    })
}

/// Builds a definition, in a zone that tells when it ends.
fn define<S>(
    build: impl for<'z> FnOnce(&'z Zone) -> Result<Closure<'z, Play<S>>, ZoneError>,
) -> Defined<S> {
    ZoneFn::try_new(ZONE_BYTES, |z| {
        z.try_on_cleanup(|| _ = DESTROYED.fetch_add(1, Relaxed))?;
        MADE.fetch_add(1, Relaxed);
        build(z)
    })
}

/// The value of a table at a part of it, between 0 and 1.
fn look_up(table: &[f32], part: f32) -> f32 {
    let place = part * STEPS as f32;
    let before = (place as usize).min(STEPS - 1);
    let [a, b] = [table[before], table[before + 1]];
    a + (b - a) * (place - before as f32)
}

/// The past few seconds, in the player's zone. Whoever has a copy reads the same line. It is of atomics, which cost
/// nothing more here, so that a player can be made on one thread and go to another.
#[derive(Clone, Copy)]
pub(crate) struct Line<'z> {
    frames: &'z [Place],
    /// The place that is written next.
    head: &'z AtomicUsize,
}

/// A frame of the line.
#[derive(Default)]
struct Place(AtomicU64);

impl Place {
    fn get(&self) -> Frame {
        let bits = self.0.load(Relaxed);
        [f32::from_bits(bits as u32), f32::from_bits((bits >> 32) as u32)]
    }

    fn set(&self, [left, right]: Frame) {
        self.0.store(u64::from(left.to_bits()) | u64::from(right.to_bits()) << 32, Relaxed);
    }
}

impl<'z> Line<'z> {
    pub(crate) fn new(zone: &'z Zone, frames: usize) -> Line<'z> {
        Line {
            frames: zone.alloc_slice_with(frames, |_| Place::default()),
            head: zone.alloc(AtomicUsize::new(0)),
        }
    }

    #[cfg(test)]
    pub(crate) fn frames(&self) -> impl Iterator<Item = Frame> {
        self.frames.iter().map(Place::get)
    }

    pub(crate) fn write(&self, frame: Frame) {
        let head = self.head.load(Relaxed);
        self.frames[head].set(frame);
        self.head.store((head + 1) % self.frames.len(), Relaxed);
    }

    /// The place that was written so many frames ago, at most as many as there are.
    fn back(&self, frames: f64) -> f64 {
        self.wrapped(self.head.load(Relaxed) as f64 - frames)
    }

    /// A place less than the line's length beyond one of its ends.
    fn wrapped(&self, place: f64) -> f64 {
        let len = self.frames.len() as f64;
        let place = if place < 0.0 { place + len } else { place };
        if place >= len { place - len } else { place }
    }

    /// What is at a place, or between two.
    fn read(&self, place: f64) -> Frame {
        let before = (place as usize).min(self.frames.len() - 1);
        let part = (place - before as f64) as f32;
        let after = if before + 1 == self.frames.len() { 0 } else { before + 1 };
        let [a, b] = [self.frames[before].get(), self.frames[after].get()];
        [0, 1].map(|side| a[side] + (b[side] - a[side]) * part)
    }
}

/// The grains that sound, and where they are from.
#[derive(Clone, Copy)]
pub(crate) struct Cloud<'z> {
    line: Line<'z>,
    grains: [Grain; GRAINS],
    /// Frames until the next one.
    until_next: f32,
    random: Random,
}

#[derive(Clone, Copy, Default)]
struct Grain {
    /// In the line.
    place: f64,
    /// Frames of the line for each that is played.
    speed: f64,
    /// How loud it is on each side.
    sides: Frame,
    /// Frames that were played, and that there are in all.
    age: f32,
    length: f32,
}

impl<'z> Cloud<'z> {
    pub(crate) fn new(line: Line<'z>) -> Cloud<'z> {
        let grains = [Grain::default(); GRAINS];
        Cloud { line, grains, until_next: 0.0, random: Random(0x9e37_79b9_7f4a_7c15) }
    }

    /// Begins a grain when it is time to, in the place of one that is over.
    fn sow(&mut self, length: f32) {
        // Not as long as it may have been for grains of a greater length.
        self.until_next = self.until_next.min(2.0 * length / OVERLAP) - 1.0;
        if self.until_next > 0.0 {
            return;
        }
        let random = &mut self.random;
        self.until_next = length / OVERLAP * (0.5 + random.next());
        let speed = SPEEDS[(random.next() * SPEEDS.len() as f32) as usize];
        let angle = FRAC_PI_2 * random.next();
        // From where neither what is being written nor what is oldest is reached before its end.
        let least = f64::from(length) * (speed - 1.0).max(0.0) + MARGIN;
        let most = self.line.frames.len() as f64 - f64::from(length) - MARGIN;
        let back = least + (most - least).max(0.0) * f64::from(random.next()) * 0.5;
        let place = self.line.back(back);
        if let Some(grain) = self.grains.iter_mut().find(|grain| grain.age >= grain.length) {
            *grain = Grain { place, speed, sides: [angle.cos(), angle.sin()], age: 0.0, length };
        }
    }
}

/// Frames that grains keep away from the line's ends: a block, and what reading between two takes.
const MARGIN: f64 = 66.0;

/// Numbers from 0 to below 1, the same ones on each run. From George Marsaglia, "Xorshift RNGs", 2003.
#[derive(Clone, Copy)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u32 << 24) as f32
    }
}

/// Up to here, a sample stays as it is. What is louder is bent, so that it never gets to 1.
const KNEE: f32 = 0.6;

pub(crate) fn limited(sample: f32) -> f32 {
    let over = sample.abs() - KNEE;
    if over <= 0.0 {
        return sample;
    }
    let room = 1.0 - KNEE;
    (KNEE + room * over / (over + room)).copysign(sample)
}
