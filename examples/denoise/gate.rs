//! A noise gate that works on the spectrum, with all its memory in zones.
//!
//! Each block of 64 frames is one step. A step looks at the spectrum of the latest 1024 samples of
//! each channel, learns from it how loud the noise is, and moves the gain of every bin a little.
//! Each fourth step (hop 256) turns that spectrum, with the gains applied, back into sound.
//!
//! There are three lifetimes, and a zone for each:
//!
//! | memory | lives as long as | and is in |
//! |---|---|---|
//! | recent samples, gains, noise levels | the gate | the zone given to [`Gate::new`] |
//! | one channel's samples, its spectrum | a block | the scope in [`Gate::process`] |
//! | windowed frames, scratch of the transforms | a transform | the scopes in [`Transform`] |
//!
//! Scopes rewind their zones and keep the memory, and [`plan`] says how much of it there is to be,
//! so nothing here asks the system for any.

use crate::tiny::flushed;
use memzone::rt::Plan;
use memzone::{DeepCopy, Zone, ZoneError, try_letz};
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::f32::consts::PI;
use std::sync::Arc;

/// Frames that are processed at a time.
pub(crate) const BLOCK: usize = 64;
/// How many frames the output is behind the input.
pub(crate) const LATENCY: usize = FRAME - BLOCK;

/// Samples of which a spectrum is taken.
const FRAME: usize = 1024;
/// Samples from one frame that becomes sound again to the next.
const HOP: usize = 256;
/// Frequencies in a spectrum.
const BINS: usize = FRAME / 2 + 1;
/// Steps before the recent samples are all real ones.
const FILLING: usize = FRAME / BLOCK;

/// Room for one block's zone, for both channels.
const BLOCK_BYTES: usize = 16 << 10;
/// Room for the scratch memory of one transform.
const SCRATCH_BYTES: usize = 24 << 10;

/// The gain of a closed gate.
const CLOSED: f32 = 0.05;
/// A bin this many times as strong as its noise is at half its full power.
const THRESHOLD: f32 = 4.0;
/// How far the mean of noise is above its minima.
const BIAS: f32 = 1.8;
/// Frames with less power than this are digital silence and tell nothing about the noise.
const SILENCE: f32 = 1e-9;
/// How many minima are remembered, each over `SPAN_SECONDS`.
const SPANS: usize = 8;

const SPAN_SECONDS: f32 = 0.2;
const ATTACK_SECONDS: f32 = 0.004;
const RELEASE_SECONDS: f32 = 0.05;
const SMOOTHING_SECONDS: f32 = 0.08;

/// Bytes that the state of a gate takes up.
pub(crate) const fn state_bytes(channels: usize) -> usize {
    let floats = channels * (2 * FRAME + (SPANS + 3) * BINS) + FRAME;
    // Some more for the channels themselves, and because allocations are aligned.
    floats * size_of::<f32>() + 1024 * channels
}

/// What the thread that processes must be prepared for: a block's scope, and one inside of it.
pub(crate) fn plan() -> Plan {
    Plan::new().scopes(2, BLOCK_BYTES.max(SCRATCH_BYTES))
}

/// A noise gate. Its state is borrowed from a zone that outlives it.
pub(crate) struct Gate<'z> {
    zone: &'z Zone,
    channels: &'z mut [Channel<'z>],
    transform: Transform<'z>,
    pace: Pace,
    steps: usize,
    memory: Memory,
}

impl<'z> Gate<'z> {
    pub(crate) fn new(zone: &'z Zone, channels: usize, rate: u32) -> Gate<'z> {
        Gate {
            zone,
            channels: zone.alloc_slice_with(channels, |_| Channel::new(zone)),
            transform: Transform::new(zone),
            pace: Pace::new(rate),
            steps: 0,
            memory: Memory::default(),
        }
    }

    /// Replaces a block of interleaved samples by the clean ones of [`LATENCY`] frames ago.
    pub(crate) fn process(&mut self, block: &mut [f32]) -> Result<(), ZoneError> {
        self.steps += 1;
        let is_filled = self.steps >= FILLING;
        let is_hop = self.steps % (HOP / BLOCK) == 0;
        let Gate { channels, transform, pace, memory, .. } = self;
        let stride = channels.len();

        // The zone of this block: one channel's samples and the spectra live in it, and are gone
        // when the body ends.
        try_letz!(BLOCK_BYTES, zone; samples = [0.0_f32; BLOCK] => {
            for (index, channel) in channels.iter_mut().enumerate() {
                for (to, from) in samples.iter_mut().zip(block[index..].iter().step_by(stride)) {
                    *to = *from;
                }
                channel.take_in(samples);
                let spectrum = transform.analyse(channel.recent, zone, memory)?;
                if is_filled {
                    channel.adjust(spectrum, pace, memory)?;
                }
                if is_hop {
                    transform.synthesise(spectrum, channel.gains, channel.overlap, memory)?;
                }
                channel.give_out(samples, self.steps);
                for (to, from) in block[index..].iter_mut().step_by(stride).zip(samples.iter()) {
                    *to = *from;
                }
            }
            memory.count_block(zone);
        })
    }

    /// What the gate's zones were used for so far.
    pub(crate) fn memory(&self) -> Memory {
        Memory { state: self.zone.used(), ..self.memory }
    }
}

/// Scopes entered, and the most bytes that were in use in each kind of zone.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) scopes: usize,
    pub(crate) state: usize,
    pub(crate) block: usize,
    pub(crate) scratch: usize,
}

impl Memory {
    /// Called at the end of a block's scope.
    fn count_block(&mut self, zone: &Zone) {
        self.scopes += 1;
        self.block = self.block.max(zone.high_water());
    }

    /// Called at the end of each scope inside a block.
    fn count_scratch(&mut self, zone: &Zone) {
        self.scopes += 1;
        self.scratch = self.scratch.max(zone.high_water());
    }
}

/// The part of a step that a value moves, for the time it is to take.
struct Pace {
    attack: f32,
    release: f32,
    smoothing: f32,
    /// Steps in a span of the noise's minima.
    span: usize,
}

impl Pace {
    fn new(rate: u32) -> Pace {
        let step_seconds = BLOCK as f32 / rate as f32;
        let part = |seconds: f32| 1.0 - (-step_seconds / seconds).exp();
        Pace {
            attack: part(ATTACK_SECONDS),
            release: part(RELEASE_SECONDS),
            smoothing: part(SMOOTHING_SECONDS),
            span: (SPAN_SECONDS / step_seconds).ceil() as usize,
        }
    }
}

/// One channel's state.
struct Channel<'z> {
    /// The latest samples, oldest first.
    recent: &'z mut [f32],
    /// The sum of the frames that became sound again. The first `HOP` samples are complete.
    overlap: &'z mut [f32],
    /// The gain of each bin.
    gains: &'z mut [f32],
    noise: Noise<'z>,
}

impl<'z> Channel<'z> {
    fn new(zone: &'z Zone) -> Channel<'z> {
        Channel {
            recent: zone.alloc_slice(FRAME, 0.0),
            overlap: zone.alloc_slice(FRAME, 0.0),
            gains: zone.alloc_slice(BINS, CLOSED),
            noise: Noise::new(zone),
        }
    }

    /// Takes in the next samples.
    fn take_in(&mut self, samples: &[f32]) {
        self.recent.copy_within(BLOCK.., 0);
        for (recent, sample) in self.recent[FRAME - BLOCK..].iter_mut().zip(samples) {
            *recent = flushed(*sample);
        }
    }

    /// Gives out the next samples of those that are complete.
    fn give_out(&self, samples: &mut [f32], step: usize) {
        let start = step * BLOCK % HOP;
        samples.copy_from_slice(&self.overlap[start..start + BLOCK]);
    }

    /// Learns from a spectrum, and moves the gain of each bin towards what the bin deserves: open
    /// where it is well above its noise, closed where it is not.
    fn adjust(
        &mut self,
        spectrum: &[Bin],
        pace: &Pace,
        memory: &mut Memory,
    ) -> Result<(), ZoneError> {
        try_letz!(zone; powers = [0.0_f32; BINS] => {
            for (power, bin) in powers.iter_mut().zip(spectrum) {
                *power = bin.power();
            }
            self.noise.learn(powers, pace);
            for (bin, gain) in self.gains.iter_mut().enumerate() {
                let target = gain_for(around(powers, bin), self.noise.floor[bin]);
                let part = if target > *gain { pace.attack } else { pace.release };
                *gain += part * (target - *gain);
            }
            memory.count_scratch(zone);
        })
    }
}

/// The power of a bin, with some of its neighbours', so that single bins do not twinkle.
fn around(powers: &[f32], bin: usize) -> f32 {
    let before = powers[bin.saturating_sub(1)];
    let after = powers[(bin + 1).min(BINS - 1)];
    0.25 * before + 0.5 * powers[bin] + 0.25 * after
}

/// The gain for a power above a noise floor: between closed and open without a step.
fn gain_for(power: f32, floor: f32) -> f32 {
    (1.0 - THRESHOLD * floor / power.max(f32::MIN_POSITIVE)).clamp(CLOSED, 1.0)
}

/// How loud the noise in each bin is: the least that the bin has been for a second or two. A
/// sound comes and goes, noise stays.
struct Noise<'z> {
    /// The power of each bin, smoothed.
    powers: &'z mut [f32],
    /// `SPANS` rows of the least powers, each over a span of time, one of them still running.
    minima: &'z mut [f32],
    /// The noise: above the least of all rows by `BIAS`.
    floor: &'z mut [f32],
    row: usize,
    steps: usize,
}

impl<'z> Noise<'z> {
    fn new(zone: &'z Zone) -> Noise<'z> {
        Noise {
            powers: zone.alloc_slice(BINS, 0.0),
            minima: zone.alloc_slice(SPANS * BINS, f32::INFINITY),
            floor: zone.alloc_slice(BINS, f32::INFINITY),
            row: 0,
            steps: 0,
        }
    }

    fn learn(&mut self, powers: &[f32], pace: &Pace) {
        if powers.iter().sum::<f32>() < SILENCE * (FRAME * FRAME) as f32 {
            return;
        }
        // The first spectrum is all that is known so far.
        let part = if self.steps == 0 { 1.0 } else { pace.smoothing };
        self.steps += 1;
        let row = &mut self.minima[self.row * BINS..][..BINS];
        for (bin, power) in powers.iter().enumerate() {
            self.powers[bin] += part * (power - self.powers[bin]);
            row[bin] = row[bin].min(self.powers[bin]);
            self.floor[bin] = self.floor[bin].min(BIAS * row[bin]);
        }
        if self.steps % pace.span == 0 {
            self.begin_span();
        }
    }

    /// Forgets the oldest row.
    fn begin_span(&mut self) {
        for (bin, floor) in self.floor.iter_mut().enumerate() {
            let minima = self.minima.iter().skip(bin).step_by(BINS);
            *floor = BIAS * minima.fold(f32::INFINITY, |least, power| least.min(*power));
        }
        self.row = (self.row + 1) % SPANS;
        self.minima[self.row * BINS..][..BINS].fill(f32::INFINITY);
    }
}

/// One frequency of a spectrum. Plain data without references, so it is copied outward as bytes.
#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(flat)]
struct Bin {
    re: f32,
    im: f32,
}

impl Bin {
    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }
}

/// From samples to their spectrum and back.
struct Transform<'z> {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// The square root of a Hann window: applied on both ways, it makes one.
    window: &'z [f32],
}

impl<'z> Transform<'z> {
    fn new(zone: &'z Zone) -> Transform<'z> {
        let mut planner = RealFftPlanner::new();
        Transform {
            forward: planner.plan_fft_forward(FRAME),
            inverse: planner.plan_fft_inverse(FRAME),
            window: zone.alloc_slice_with(FRAME, |n| (PI * n as f32 / FRAME as f32).sin()),
        }
    }

    /// The spectrum of a frame, in the caller's zone. All that it takes to compute it is in a
    /// scope, which copies its value, the spectrum, outward and is then gone.
    fn analyse<'c>(
        &self,
        samples: &[f32],
        caller: &'c Zone,
        memory: &mut Memory,
    ) -> Result<&'c mut [Bin], ZoneError> {
        let scratch_len = self.forward.get_scratch_len();
        try_letz!(SCRATCH_BYTES, zone in caller;
            frame = [0.0_f32; FRAME],
            bins = [Complex::new(0.0_f32, 0.0); BINS],
            scratch = [Complex::new(0.0_f32, 0.0); scratch_len]
        => {
            for ((to, sample), weight) in frame.iter_mut().zip(samples).zip(self.window) {
                *to = sample * weight;
            }
            self.forward
                .process_with_scratch(frame, bins, scratch)
                .expect("all lengths are the plan's");
            let spectrum = zone.try_alloc_slice_with(BINS, |bin| Bin {
                re: flushed(bins[bin].re),
                im: flushed(bins[bin].im),
            })?;
            memory.count_scratch(zone);
            spectrum
        })
    }

    /// Turns a spectrum with gains applied back into sound, and adds it to what overlaps with it.
    fn synthesise(
        &self,
        spectrum: &[Bin],
        gains: &[f32],
        overlap: &mut [f32],
        memory: &mut Memory,
    ) -> Result<(), ZoneError> {
        // The transforms multiply by `FRAME`, and the windows of overlapping frames add up.
        let scale = 2.0 * HOP as f32 / (FRAME * FRAME) as f32;
        overlap.copy_within(HOP.., 0);
        overlap[FRAME - HOP..].fill(0.0);

        let scratch_len = self.inverse.get_scratch_len();
        try_letz!(SCRATCH_BYTES, zone;
            frame = [0.0_f32; FRAME],
            bins = [Complex::new(0.0_f32, 0.0); BINS],
            scratch = [Complex::new(0.0_f32, 0.0); scratch_len]
        => {
            for ((to, bin), gain) in bins.iter_mut().zip(spectrum).zip(gains) {
                *to = Complex::new(gain * bin.re, gain * bin.im);
            }
            self.inverse
                .process_with_scratch(bins, frame, scratch)
                .expect("all lengths are the plan's");
            for ((sum, sample), weight) in overlap.iter_mut().zip(frame).zip(self.window) {
                *sum += scale * *sample * weight;
            }
            memory.count_scratch(zone);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, FRAME, Gate, Memory, plan, state_bytes};
    use memzone::{Zone, beginz, rt};

    /// All numbers of a gate's state.
    fn state<'a>(gate: &'a Gate<'_>) -> impl Iterator<Item = &'a f32> {
        gate.channels.iter().flat_map(|channel| {
            let noise = &channel.noise;
            let samples = channel.recent.iter().chain(&*channel.overlap);
            let levels = channel.gains.iter().chain(&*noise.powers);
            samples.chain(levels).chain(&*noise.minima).chain(&*noise.floor)
        })
    }

    /// Blocks of each kind of almost nothing, after blocks with sound.
    #[test]
    fn no_input_leaves_subnormal_numbers() {
        rt::prepare_thread(&plan()).unwrap();
        let zone = Zone::new(state_bytes(1));
        let mut gate = Gate::new(&zone, 1, 48_000);
        let mut seed = 1_u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed as f32 / 2_f32.powi(31) - 1.0
        };
        for level in [0.1, 0.0, 1e-40, 1e-20, 1e-30, 1e-10, 1e-38, 1e-14, 0.3, 1e-45] {
            for number in 0..200 {
                let mut block = [0.0; BLOCK];
                block.fill_with(|| level * noise());
                gate.process(&mut block).unwrap();
                let found = state(&gate).find(|number| number.is_subnormal());
                assert_eq!(found, None, "block {number} of {level:e}");
            }
        }
    }

    /// What a transform rounds is far below what goes into it, and its square is further.
    #[test]
    fn no_spectrum_has_subnormal_powers() {
        let zone = Zone::new(state_bytes(1));
        let gate = Gate::new(&zone, 1, 48_000);
        for level in [0.5, 1e-10, 1e-12, 2e-15] {
            let still = [level; FRAME];
            let tone: [f32; FRAME] = std::array::from_fn(|n| level * (0.1 * n as f32).sin());
            // Without a real part but for what is rounded, as the others are without an imaginary one.
            let ramp: [f32; FRAME] = std::array::from_fn(|n| level * (n as f32 / 512.0 - 1.0));
            for frame in [still, tone, ramp] {
                beginz!(z => {
                    let spectrum =
                        gate.transform.analyse(&frame, z, &mut Memory::default()).unwrap();
                    for (number, bin) in spectrum.iter().enumerate() {
                        let parts = [bin.re * bin.re, bin.im * bin.im, bin.power()];
                        let is_small = parts.iter().any(|part| part.is_subnormal());
                        assert!(!is_small, "bin {number} of {level:e}: {parts:?}");
                    }
                });
            }
        }
    }
}
