//! The synthesiser: channels, the pool of voices, the heap they live from, and the mix.
//!
//! There are four lifetimes, and a place for each:
//!
//! | memory | lives as long as | and is in |
//! |---|---|---|
//! | channels, a sine, the voices' slots | the synthesiser | the zone given to [`Synth::new`] |
//! | oscillators, wave tables, strings | a note | boxes on an [`RtHeap`] |
//! | the two sides of the mix | a block | the scope in [`Synth::process`] |
//! | one voice's samples | a voice's turn | the scope in [`Voice::mix`] |
//!
//! Notes begin and end in any order, and their boxes are of many sizes, so a zone could not give
//! their memory back. The heap does, in constant time, and the pool bounds how many there are.

use crate::midi::{ALL_NOTES_OFF, Event, RESET};
use crate::report::{Row, grouped};
use crate::voice::{Hold, SINE, VOICE_BYTES, Voice};
use memzone::rt::Plan;
use memzone::{Pool, RtHeap, Zone, ZoneError, try_letz};
use midly::MidiMessage;
use std::f32::consts::{FRAC_PI_2, TAU};

/// Frames in a second.
pub(crate) const RATE: u32 = 48_000;
/// Frames that are computed at a time.
pub(crate) const BLOCK: usize = 64;
pub(crate) const CHANNELS: usize = 16;
/// The channel of the drums.
pub(crate) const DRUMS: usize = 9;

/// The most notes at a time.
const VOICES: usize = 64;
/// Memory for what the notes sound from, of which songs use up to a third.
const HEAP_BYTES: usize = 384 << 10;
/// Room for one block's zone.
const BLOCK_BYTES: usize = 1 << 10;

/// Bytes that the state of a synthesiser takes up.
pub(crate) const STATE_BYTES: usize = VOICES * (size_of::<Voice>() + size_of::<u64>())
    + CHANNELS * size_of::<Channel>()
    + SINE * size_of::<f32>()
    // Allocations are aligned.
    + 64;

/// How loud one voice is in the mix.
const MASTER: f32 = 0.5;
/// Up to here, the mix stays as it is. What is louder is bent, so that it never gets to 1.
const KNEE: f32 = 0.6;

/// Semitones that the pitch wheel bends by, all the way up or down.
const BEND: f32 = 2.0;
/// Drums that end one that rings: closed hi-hats, and an open one.
const CLOSED_HATS: [u8; 2] = [42, 44];
const OPEN_HAT: u8 = 46;

/// What controllers are for.
const VOLUME: u8 = 7;
const PAN: u8 = 10;
const EXPRESSION: u8 = 11;
const PEDAL: u8 = 64;
const ALL_SOUND_OFF: u8 = 120;

/// What the thread that processes must be prepared for: a block's scope, and a voice's inside of it.
pub(crate) fn plan() -> Plan {
    Plan::new().scopes(2, BLOCK_BYTES.max(VOICE_BYTES))
}

/// A synthesiser of 64 voices.
pub(crate) struct Synth<'z> {
    zone: &'z Zone,
    channels: &'z mut [Channel],
    sine: &'z [f32],
    voices: Pool<'z, Voice>,
    heap: RtHeap,
    counts: Counts,
    memory: Memory,
}

impl<'z> Synth<'z> {
    pub(crate) fn new(zone: &'z Zone) -> Synth<'z> {
        Synth {
            zone,
            channels: zone.alloc_slice_with(CHANNELS, |_| Channel::new()),
            sine: zone.alloc_slice_with(SINE, |n| (TAU * n as f32 / SINE as f32).sin()),
            voices: zone.pool(VOICES),
            heap: RtHeap::new(HEAP_BYTES),
            counts: Counts::default(),
            memory: Memory::default(),
        }
    }

    /// Plays what is due now, and computes the next block: interleaved, from -1 to 1.
    pub(crate) fn process(
        &mut self,
        events: &[Event],
        block: &mut [f32; 2 * BLOCK],
    ) -> Result<(), ZoneError> {
        // The zone of this block: the two sides live in it, and are gone when the body ends.
        try_letz!(BLOCK_BYTES, zone; left = [0.0_f32; BLOCK], right = [0.0_f32; BLOCK] => {
            for event in events {
                self.play(event, [&mut *left, &mut *right])?;
            }
            self.counts.most = self.counts.most.max(self.voices.len());
            for voice in &mut self.voices {
                let channel = &self.channels[voice.channel];
                voice.mix(channel, [&mut *left, &mut *right], &mut self.memory)?;
            }
            // The slot and the boxes of a voice that is dropped are free for the next note.
            self.voices.retain(|voice| !voice.is_over());
            for ((frame, left), right) in block.chunks_exact_mut(2).zip(left).zip(right) {
                frame.copy_from_slice(&[limited(*left), limited(*right)]);
            }
            self.memory.count_block(zone);
        })
    }

    fn play(&mut self, event: &Event, sides: [&mut [f32]; 2]) -> Result<(), ZoneError> {
        let channel = event.channel;
        match event.message {
            MidiMessage::NoteOn { key, vel } => {
                self.begin_note(channel, key.as_int(), vel.as_int(), sides)?;
            }
            MidiMessage::NoteOff { key, .. } => self.end_notes(channel, Some(key.as_int())),
            MidiMessage::ProgramChange { program } => {
                self.channels[channel].program = program.as_int();
            }
            MidiMessage::PitchBend { bend } => self.channels[channel].bend = BEND * bend.as_f32(),
            MidiMessage::Controller { controller, value } => {
                self.control(channel, controller.as_int(), value.as_int());
            }
            MidiMessage::Aftertouch { .. } | MidiMessage::ChannelAftertouch { .. } => {}
        }
        Ok(())
    }

    fn control(&mut self, channel: usize, controller: u8, value: u8) {
        match controller {
            PEDAL => self.set_pedal(channel, value >= 64),
            ALL_SOUND_OFF => self.voices_of(channel).for_each(Voice::cut),
            ALL_NOTES_OFF.. => self.end_notes(channel, None),
            RESET => {
                self.set_pedal(channel, false);
                self.channels[channel].bend = 0.0;
                self.channels[channel].control(EXPRESSION, 127);
            }
            _ => self.channels[channel].control(controller, value),
        }
    }

    /// Takes a slot and the boxes for a note. Where all slots are taken, the voice that is missed
    /// the least makes room; where the heap has no room, the note is left out.
    fn begin_note(
        &mut self,
        channel: usize,
        key: u8,
        velocity: u8,
        sides: [&mut [f32]; 2],
    ) -> Result<(), ZoneError> {
        if channel != DRUMS {
            self.voices_of(channel).filter(|voice| voice.key == key).for_each(Voice::release);
        } else if CLOSED_HATS.contains(&key) {
            self.voices_of(channel).filter(|voice| voice.key == OPEN_HAT).for_each(Voice::cut);
        }
        if self.voices.is_full() {
            self.steal_voice(sides)?;
        }
        let program = self.channels[channel].program;
        let voice = Voice::new(&self.heap, self.sine, channel, program, key, velocity);
        match voice.ok().and_then(|voice| self.voices.insert(voice).ok()) {
            Some(_) => self.counts.played += 1,
            None => self.counts.dropped += 1,
        }
        Ok(())
    }

    /// Takes the voice that is missed the least out of its slot. It fades within this block.
    fn steal_voice(&mut self, sides: [&mut [f32]; 2]) -> Result<(), ZoneError> {
        let weights =
            self.voices.keys().filter_map(|key| Some((key, self.voices.get(key)?.weight())));
        let lightest = weights.min_by(|(_, a), (_, b)| a.total_cmp(b));
        let stolen = lightest.and_then(|(key, _)| self.voices.remove(key));
        if let Some(mut voice) = stolen {
            voice.cut();
            voice.mix(&self.channels[voice.channel], sides, &mut self.memory)?;
            self.counts.stolen += 1;
        }
        Ok(())
    }

    /// Ends the notes of a key, or of all. The pedal holds them, and drums ring as long as they do.
    fn end_notes(&mut self, channel: usize, key: Option<u8>) {
        if channel == DRUMS {
            return;
        }
        let has_pedal = self.channels[channel].has_pedal;
        for voice in self.voices_of(channel) {
            if voice.hold == Hold::Key && key.is_none_or(|key| voice.key == key) {
                if has_pedal {
                    voice.hold = Hold::Pedal;
                } else {
                    voice.release();
                }
            }
        }
    }

    fn set_pedal(&mut self, channel: usize, is_down: bool) {
        self.channels[channel].has_pedal = is_down;
        if !is_down {
            let held = self.voices_of(channel).filter(|voice| voice.hold == Hold::Pedal);
            held.for_each(Voice::release);
        }
    }

    fn voices_of(&mut self, channel: usize) -> impl Iterator<Item = &mut Voice> {
        self.voices.iter_mut().filter(move |voice| voice.channel == channel)
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.voices.is_empty()
    }

    /// Notes how much room the heap has. It looks at every block of it, so this is not for
    /// real-time threads.
    pub(crate) fn look_at_heap(&mut self) {
        let stats = self.heap.stats();
        let counts = &mut self.counts;
        counts.largest_free = counts.largest_free.min(stats.largest_free);
        counts.fragmentation = counts.fragmentation.max(stats.fragmentation());
    }

    /// What the zones were used for so far.
    pub(crate) fn memory(&self) -> Memory {
        Memory { state: self.zone.used(), ..self.memory }
    }

    /// What the table says about voices and the heap.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let Counts { played, dropped, stolen, most, largest_free, fragmentation } = self.counts;
        let heap = self.heap.stats();
        let row = |label, value: String, unit: String| Row { label, value, unit };
        vec![
            row("notes played", grouped(played), String::new()),
            row("most voices at a time", grouped(most), format!("       of {VOICES}")),
            row("voices stolen", grouped(stolen), String::new()),
            row("heap, peak", grouped(heap.peak), format!("bytes  of {}", grouped(heap.capacity))),
            row("heap, largest free block, at least", grouped(largest_free), "bytes".to_owned()),
            row(
                "heap, fragmentation, at most",
                format!("{:.1}", 100.0 * fragmentation),
                "%".to_owned(),
            ),
            row(
                "heap, failed requests",
                heap.failed.to_string(),
                format!("       notes left out: {dropped}"),
            ),
        ]
    }
}

/// Bends what is too loud, so that it stays below 1.
fn limited(sample: f32) -> f32 {
    let over = sample.abs() - KNEE;
    if over <= 0.0 {
        return sample;
    }
    let room = 1.0 - KNEE;
    (KNEE + room * (over / room).tanh()).copysign(sample)
}

/// What is the same for all notes of a channel.
pub(crate) struct Channel {
    program: u8,
    volume: u8,
    expression: u8,
    pan: u8,
    has_pedal: bool,
    /// In semitones.
    pub(crate) bend: f32,
    /// What left and right are multiplied by.
    pub(crate) gains: [f32; 2],
}

impl Channel {
    fn new() -> Channel {
        let (volume, expression, pan) = (100, 127, 64);
        let (has_pedal, bend, gains) = (false, 0.0, [0.0; 2]);
        let mut channel = Channel { program: 0, volume, expression, pan, has_pedal, bend, gains };
        channel.control(VOLUME, volume);
        channel
    }

    fn control(&mut self, controller: u8, value: u8) {
        match controller {
            VOLUME => self.volume = value,
            EXPRESSION => self.expression = value,
            PAN => self.pan = value,
            _ => return,
        }
        let part = |value: u8| f32::from(value) / 127.0;
        let gain = MASTER * (part(self.volume) * part(self.expression)).powi(2);
        let (right, left) = (FRAC_PI_2 * part(self.pan)).sin_cos();
        self.gains = [gain * left, gain * right];
    }
}

#[derive(Clone, Copy)]
struct Counts {
    played: usize,
    dropped: usize,
    stolen: usize,
    most: usize,
    /// The least that the heap's largest free block was.
    largest_free: usize,
    /// The most that the heap was fragmented.
    fragmentation: f64,
}

impl Default for Counts {
    fn default() -> Counts {
        let (played, dropped, stolen, most) = (0, 0, 0, 0);
        Counts { played, dropped, stolen, most, largest_free: usize::MAX, fragmentation: 0.0 }
    }
}

/// Scopes entered, and the most bytes that were in use in each kind of zone.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) scopes: usize,
    pub(crate) state: usize,
    pub(crate) block: usize,
    pub(crate) voice: usize,
}

impl Memory {
    /// Called at the end of a block's scope.
    fn count_block(&mut self, zone: &Zone) {
        self.scopes += 1;
        self.block = self.block.max(zone.high_water());
    }

    /// Called at the end of each voice's scope inside a block.
    pub(crate) fn count_voice(&mut self, zone: &Zone) {
        self.scopes += 1;
        self.voice = self.voice.max(zone.high_water());
    }
}
