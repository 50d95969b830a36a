//! One note while it sounds.
//!
//! What it takes to tell voices apart is in the slot of the pool; what they sound from is in two
//! boxes on the heap, whose sizes depend on the note. Dropping a voice gives all of it back.

use crate::synth::{BLOCK, Channel, DRUMS, Memory, RATE};
use crate::timbre::{self, MOST_HARMONICS, Model, Timbre};
use crate::tiny::flushed;
use memzone::{HBox, RtHeap, ZoneError, halloc_in, halloc_slice_in, try_letz};
use std::f32::consts::TAU;

/// Samples of the sine wave that waves are made of.
pub(crate) const SINE: usize = 512;

/// Room for the zone of one voice in a block.
pub(crate) const VOICE_BYTES: usize = 1 << 10;
/// Below this, nobody hears a voice any more: 80 dB less than full scale.
const SILENCE: f32 = 1e-4;
/// Blocks in which a voice is not stolen, as it has just begun: 40 ms.
const GRACE: usize = 30;
/// How often a second the pitch wavers.
const VIBRATO_RATE: f32 = 5.5;
/// Semitones that a string's line has room to be bent down by.
const BEND: f32 = 2.0;

/// A voice: what lies in the slot.
pub(crate) struct Voice {
    pub(crate) channel: usize,
    pub(crate) key: u8,
    pub(crate) hold: Hold,
    is_cut: bool,
    /// Blocks since the note began.
    age: usize,
    /// Cycles in a sample, as long as the pitch is not bent.
    pitch: f32,
    gain: f32,
    /// What left and right were multiplied by at the end of the last block.
    gains: [f32; 2],
    body: HBox<Body, RtHeap>,
}

/// What keeps a note from ending.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    Key,
    Pedal,
    Nothing,
}

impl Voice {
    /// Begins a note. Where the heap has no room for it, all that was taken is given back.
    pub(crate) fn new(
        heap: &RtHeap,
        sine: &[f32],
        channel: usize,
        program: u8,
        key: u8,
        velocity: u8,
    ) -> Result<Voice, ZoneError> {
        let pitch = 440.0 * ((f32::from(key) - 69.0) / 12.0).exp2() / RATE as f32;
        let force = f32::from(velocity) / 127.0;
        let (body, gain) = if channel == DRUMS {
            (Body::drum(heap, timbre::of_drum(key))?, 1.0)
        } else {
            let timbre = timbre::of_program(program);
            (Body::tone(heap, sine, timbre, pitch, force)?, timbre.gain)
        };
        Ok(Voice {
            channel,
            key,
            hold: Hold::Key,
            is_cut: false,
            age: 0,
            pitch,
            gain: gain * force * force,
            gains: [0.0; 2],
            body: halloc_in(heap, body)?,
        })
    }

    /// Ends the note: it fades as its instrument does.
    pub(crate) fn release(&mut self) {
        self.hold = Hold::Nothing;
        self.body.envelope.stage = Stage::Release;
    }

    /// Ends the note within the next block.
    pub(crate) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Whether its memory can be given back.
    pub(crate) fn is_over(&self) -> bool {
        self.is_cut || self.body.level < SILENCE
    }

    /// The voice with the least of these is missed the least.
    pub(crate) fn weight(&self) -> f32 {
        let is_held = if self.hold == Hold::Nothing { 0.0 } else { 1.0 };
        let is_new = if self.age < GRACE { 2.0 } else { 0.0 };
        is_new + is_held + self.gain * self.body.level
    }

    /// Adds the next block of the voice to the two sides.
    pub(crate) fn mix(
        &mut self,
        channel: &Channel,
        sides: [&mut [f32]; 2],
        memory: &mut Memory,
    ) -> Result<(), ZoneError> {
        let gain = if self.is_cut { 0.0 } else { self.gain };
        try_letz!(VOICE_BYTES, zone; samples = [0.0_f32; BLOCK] => {
            let seconds = (self.age * BLOCK) as f32 / RATE as f32;
            self.body.render(samples, self.pitch, channel.bend, seconds);
            for ((side, to), last) in sides.into_iter().zip(channel.gains).zip(&mut self.gains) {
                let from = if self.age == 0 { gain * to } else { *last };
                *last = gain * to;
                let step = (*last - from) / BLOCK as f32;
                for (n, (sum, sample)) in side.iter_mut().zip(samples.iter()).enumerate() {
                    *sum += (from + step * n as f32) * sample;
                }
            }
            memory.count_voice(zone);
        })?;
        self.age += 1;
        Ok(())
    }
}

/// What a voice sounds from: too much for a slot, and of another size for each note.
struct Body {
    source: Source,
    envelope: Envelope,
    /// The loudest of the last samples.
    level: f32,
    /// One period of a wave, a string, or a drum's echo.
    line: HBox<[f32], RtHeap>,
}

enum Source {
    Wave(Wave),
    Pluck(Pluck),
    Drum(Drum),
}

impl Body {
    fn tone(
        heap: &RtHeap,
        sine: &[f32],
        timbre: &Timbre,
        pitch: f32,
        force: f32,
    ) -> Result<Body, ZoneError> {
        // High notes fade sooner: in half the time, two octaves above A4.
        let decay = timbre.decay * (440.0 / RATE as f32 / pitch).sqrt().clamp(0.25, 2.0);
        let (source, line) = match timbre.model {
            Model::Wave { harmonics, detune, dulling, vibrato } => {
                let line = Wave::period(heap, sine, harmonics, pitch, force)?;
                (Source::Wave(Wave::new(detune, dulling, vibrato)), line)
            }
            Model::Pluck { damping } => {
                let pluck = Pluck::new(damping, pitch, decay);
                (Source::Pluck(pluck), Pluck::string(heap, pitch, force)?)
            }
        };
        Ok(Body { source, envelope: Envelope::new(timbre, decay), level: 1.0, line })
    }

    fn drum(heap: &RtHeap, drum: &timbre::Drum) -> Result<Body, ZoneError> {
        let line = halloc_slice_in(heap, drum.echo.0, 0.0)?;
        let envelope = Envelope { sustain: 1.0, ..Envelope::default() };
        Ok(Body { source: Source::Drum(Drum::new(drum)), envelope, level: 1.0, line })
    }

    /// Computes the next block. `pitch` is in cycles for a sample, `bend` in semitones.
    fn render(&mut self, samples: &mut [f32], pitch: f32, bend: f32, seconds: f32) {
        let Body { source, envelope, level, line } = self;
        let line = &mut **line;
        match source {
            Source::Wave(wave) => {
                let waver = wave.vibrato * (TAU * VIBRATO_RATE * seconds).sin() * seconds.min(1.0);
                wave.tune(pitch * ((bend + waver) / 12.0).exp2());
                for sample in &mut *samples {
                    let strength = envelope.next();
                    *sample = strength * wave.next(line, strength);
                }
            }
            Source::Pluck(pluck) => {
                pluck.tune(pitch * (bend.max(-BEND) / 12.0).exp2());
                for sample in &mut *samples {
                    *sample = envelope.next() * pluck.next(line);
                }
            }
            Source::Drum(drum) => {
                for sample in &mut *samples {
                    *sample = envelope.next() * drum.next(line);
                }
            }
        }
        let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        *level = peak.max(0.7 * *level);
    }
}

/// How strong a note is from sample to sample.
#[derive(Default)]
struct Envelope {
    stage: Stage,
    level: f32,
    /// Added to in each sample of the attack.
    attack: f32,
    /// Multiplied by in each sample of the others.
    decay: f32,
    release: f32,
    sustain: f32,
}

#[derive(Default)]
enum Stage {
    Attack,
    #[default]
    Decay,
    Release,
}

impl Envelope {
    fn new(timbre: &Timbre, decay: f32) -> Envelope {
        Envelope {
            stage: Stage::Attack,
            level: 0.0,
            attack: 1.0 / (timbre.attack * RATE as f32),
            decay: fall(decay),
            release: fall(timbre.release),
            sustain: timbre.sustain,
        }
    }

    fn next(&mut self) -> f32 {
        match self.stage {
            Stage::Attack => {
                self.level += self.attack;
                if self.level >= 1.0 {
                    self.level = 1.0;
                    self.stage = Stage::Decay;
                }
            }
            Stage::Decay => self.level = self.sustain + (self.level - self.sustain) * self.decay,
            Stage::Release => self.level *= self.release,
        }
        self.level
    }
}

/// What to multiply by in each sample, to fall to a thousandth in this time.
fn fall(seconds: f32) -> f32 {
    (0.001_f32.ln() / (seconds * RATE as f32)).exp()
}

/// Two players of one wave.
struct Wave {
    /// Where they are in the period, from 0 to 1.
    phases: [f32; 2],
    steps: [f32; 2],
    detune: f32,
    dulling: f32,
    vibrato: f32,
    last: f32,
}

impl Wave {
    fn new(detune: f32, dulling: f32, vibrato: f32) -> Wave {
        let detune = (detune / 12.0).exp2();
        Wave { phases: [0.0, 0.3], steps: [0.0; 2], detune, dulling, vibrato, last: 0.0 }
    }

    /// One period, with the harmonics that can be heard; the harder the note, the brighter it is.
    /// Low notes have more harmonics, and a longer line for them.
    fn period(
        heap: &RtHeap,
        sine: &[f32],
        harmonics: &[f32],
        pitch: f32,
        force: f32,
    ) -> Result<HBox<[f32], RtHeap>, ZoneError> {
        let audible = ((0.45 / pitch) as usize).clamp(1, harmonics.len().min(MOST_HARMONICS));
        let len = (20 * audible).next_power_of_two().clamp(64, SINE);
        let mut period = halloc_slice_in(heap, len, 0.0_f32)?;
        let stride = SINE / len;
        let mut strength = 1.0;
        let mut power = 0.0;
        for (index, harmonic) in harmonics[..audible].iter().enumerate() {
            let harmonic = harmonic * strength;
            for (n, sample) in period.iter_mut().enumerate() {
                *sample += harmonic * sine[(index + 1) * n * stride % SINE];
            }
            power += harmonic * harmonic;
            strength *= 0.7 + 0.3 * force;
        }
        period.iter_mut().for_each(|sample| *sample *= 0.3 / power.sqrt());
        Ok(period)
    }

    fn tune(&mut self, pitch: f32) {
        self.steps = [pitch.min(0.5), (pitch * self.detune).min(0.5)];
    }

    fn next(&mut self, period: &[f32], strength: f32) -> f32 {
        let mut sum = 0.0;
        for (phase, step) in self.phases.iter_mut().zip(self.steps) {
            // A period's length is a power of two.
            let last = period.len() - 1;
            let at = *phase * period.len() as f32;
            let (here, next) = (period[at as usize & last], period[(at as usize + 1) & last]);
            sum += here + (at - at.floor()) * (next - here);
            *phase += step;
            *phase -= phase.floor();
        }
        // One pole, which lets pass less and less.
        self.last += (1.0 - self.dulling * (1.0 - strength)) * (sum - self.last);
        self.last
    }
}

/// A plucked string.
struct Pluck {
    /// The sample of the line that is overwritten next.
    at: usize,
    /// How many samples ago the string was where it is now.
    delay: usize,
    /// The part of a sample that is missing there, as the factor of an all-pass filter.
    rest: f32,
    damping: f32,
    /// What is left after one period.
    keeping: f32,
    /// The last input and output of the all-pass filter.
    input: f32,
    output: f32,
}

impl Pluck {
    fn new(damping: f32, pitch: f32, decay: f32) -> Pluck {
        let keeping = fall(decay).powf(1.0 / pitch);
        Pluck { at: 0, delay: 1, rest: 0.0, damping, keeping, input: 0.0, output: 0.0 }
    }

    /// A line that is long enough for the string, full of noise: softer notes have duller noise.
    fn string(heap: &RtHeap, pitch: f32, force: f32) -> Result<HBox<[f32], RtHeap>, ZoneError> {
        let len = ((BEND / 12.0).exp2() / pitch) as usize + 2;
        let mut line = halloc_slice_in(heap, len, 0.0_f32)?;
        let mut noise = Noise(0x9e37_79b9);
        let (mut last, mut sum) = (0.0, 0.0);
        for sample in line.iter_mut() {
            last += (0.2 + 0.6 * force) * (noise.next() - last);
            *sample = last;
            sum += last;
        }
        let mean = sum / len as f32;
        line.iter_mut().for_each(|sample| *sample -= mean);
        Ok(line)
    }

    fn tune(&mut self, pitch: f32) {
        // The damping takes a part of a sample, too.
        let period = (1.0 / pitch - self.damping).max(1.2);
        self.delay = (period - 0.2) as usize;
        let part = period - self.delay as f32;
        self.rest = (1.0 - part) / (1.0 + part);
    }

    fn next(&mut self, line: &mut [f32]) -> f32 {
        let behind = if self.at >= self.delay { 0 } else { line.len() };
        let delayed = line[self.at + behind - self.delay];
        let output = self.rest * (delayed - self.output) + self.input;
        let damped = output + self.damping * (self.output - output);
        (self.input, self.output) = (delayed, output);
        line[self.at] = self.keeping * damped;
        self.at = if self.at + 1 == line.len() { 0 } else { self.at + 1 };
        damped
    }
}

/// A drum or a cymbal.
struct Drum {
    noise: Noise,
    /// Where the tone is in its period, from -1 to 1.
    phase: f32,
    step: f32,
    last_step: f32,
    strengths: [f32; 2],
    falls: [f32; 2],
    /// What the two filters of the noise let pass, and what they hold.
    passing: [f32; 2],
    poles: [f32; 2],
    echo: f32,
    at: usize,
}

impl Drum {
    fn new(drum: &timbre::Drum) -> Drum {
        let [step, last_step] = drum.tone.map(|frequency| 2.0 * frequency / RATE as f32);
        Drum {
            noise: Noise(0x2545_f491),
            phase: 0.0,
            step,
            last_step,
            strengths: drum.mix,
            falls: drum.decay.map(fall),
            passing: drum.band.map(|frequency| 1.0 - (-TAU * frequency / RATE as f32).exp()),
            poles: [0.0; 2],
            echo: drum.echo.1,
            at: 0,
        }
    }

    fn next(&mut self, line: &mut [f32]) -> f32 {
        // A parabola for a sine.
        let tone = 4.0 * self.phase * (1.0 - self.phase.abs());
        self.phase += self.step;
        if self.phase > 1.0 {
            self.phase -= 2.0;
        }
        self.step += 0.001 * (self.last_step - self.step);

        let [low, high] = &mut self.poles;
        *high += self.passing[1] * (self.noise.next() - *high);
        *low += self.passing[0] * (*high - *low);
        let noise = *high - *low;

        let [tone_strength, noise_strength] = &mut self.strengths;
        let sound = *tone_strength * tone + *noise_strength * noise;
        *tone_strength = flushed(*tone_strength * self.falls[0]);
        *noise_strength = flushed(*noise_strength * self.falls[1]);

        let sum = sound + self.echo * line[self.at];
        line[self.at] = sum;
        self.at = if self.at + 1 == line.len() { 0 } else { self.at + 1 };
        sum
    }
}

/// Random numbers between -1 and 1 (a 32-bit xorshift), the same ones for each note.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / (1_u32 << 31) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Drum, RATE, timbre};

    #[test]
    fn drums_end_at_zero_and_not_among_the_subnormal_numbers() {
        for key in 35..=82 {
            let model = timbre::of_drum(key);
            let (mut drum, mut line) = (Drum::new(model), vec![0.0; model.echo.0]);
            for n in 0..12 * RATE {
                drum.next(&mut line);
                assert!(drum.strengths.iter().all(|s| !s.is_subnormal()), "{key}: sample {n}");
            }
            assert_eq!(drum.strengths, [0.0; 2], "{key}");
        }
    }
}
