//! What plays an instrument: a zone for each note, in a fixed number of slots, and the effects.
//!
//! There are three lifetimes, and a zone for each:
//!
//! | memory | lives as long as | and is in |
//! |---|---|---|
//! | oscillators, an envelope | a note | the zone of its slot, which the note's [`ZoneFn`] owns meanwhile |
//! | delay lines | the instrument | the zone that the effects' [`ZoneFn`] owns |
//! | the two sides of the mix | a block | the scope in [`Instrument::process`] |
//!
//! Extempore's instruments make a zone for each note, push it while the kernel is built, and destroy it some time
//! after the note: so on the audio thread, with the system's `malloc` and `free`. Here a slot's zone goes to the
//! note when it begins, comes back when it ends, and is reset: all that the note had is free as one, and nothing is
//! asked of the system.

use crate::organ::{self, EFFECTS_BYTES, NOTE_BYTES, Sides, Tone};
use crate::report::{Row, grouped};
use crate::score::Note;
use crate::{BLOCK, RATE};
use memzone::rt::Plan;
use memzone::{Zone, ZoneError, ZoneFn, try_letz};

/// The most notes at a time.
const SLOTS: usize = 32;
/// Room for one block's zone.
const BLOCK_BYTES: usize = 1 << 10;
const SILENCE: Sides = [[0.0; BLOCK]; 2];

/// What the thread that processes must be prepared for: a block's scope.
pub(crate) fn plan() -> Plan {
    Plan::new().scopes(1, BLOCK_BYTES).default_zone(0)
}

/// An instrument that plays a score's notes.
pub(crate) struct Instrument {
    slots: Vec<Slot>,
    effects: ZoneFn<dyn FnMut(&mut Sides)>,
    /// Blocks that were played.
    blocks: usize,
    most: usize,
    left_out: usize,
    block_bytes: usize,
    /// The notes that are over, in the order of their ends.
    pub(crate) over: Vec<Over>,
}

/// A place for a note. Its zone is there, or it is the note's.
struct Slot {
    spare: Option<Zone>,
    playing: Option<Playing>,
}

struct Playing {
    kernel: ZoneFn<dyn FnMut(&mut Sides) -> bool>,
    note: Note,
    /// The block it began with.
    began: usize,
}

/// What is known of a note that is over.
pub(crate) struct Over {
    pub(crate) note: Note,
    /// Seconds.
    pub(crate) began: f64,
    pub(crate) lasted: f64,
    /// Bytes that it used of its zone.
    pub(crate) bytes: usize,
}

impl Instrument {
    /// Makes all the memory that there will be, for a score with so many notes.
    pub(crate) fn new(notes: usize) -> Result<Instrument, ZoneError> {
        let zone =
            |name, bytes| Zone::builder().name(name).capacity(bytes).fixed().prefault().try_build();
        let slots =
            (0..SLOTS).map(|_| Ok(Slot { spare: Some(zone("note", NOTE_BYTES)?), playing: None }));
        Ok(Instrument {
            slots: slots.collect::<Result<_, ZoneError>>()?,
            effects: ZoneFn::try_new_in(zone("effects", EFFECTS_BYTES)?, organ::fx_c)?,
            blocks: 0,
            most: 0,
            left_out: 0,
            block_bytes: 0,
            over: Vec::with_capacity(notes),
        })
    }

    /// Begins the notes that are due now, and computes the next block: interleaved, from -1 to 1.
    pub(crate) fn process(
        &mut self,
        due: &[Note],
        block: &mut [f32; 2 * BLOCK],
    ) -> Result<(), ZoneError> {
        // The zone of this block: the two sides live in it, and are gone when the body ends.
        try_letz!(BLOCK_BYTES, zone; sides: Sides = SILENCE => {
            for note in due {
                self.begin(note)?;
            }
            self.most = self.most.max(self.slots.iter().filter(|slot| slot.playing.is_some()).count());
            for slot in &mut self.slots {
                if let Some(over) = slot.play(sides, self.blocks)? {
                    self.over.push(over);
                }
            }
            (self.effects)(sides);
            let [left, right] = sides;
            for ((frame, left), right) in block.chunks_exact_mut(2).zip(left).zip(right) {
                frame.copy_from_slice(&[left.tanh(), right.tanh()]);
            }
            self.block_bytes = self.block_bytes.max(zone.used());
        })?;
        self.blocks += 1;
        Ok(())
    }

    /// Builds a note's kernel in the zone of a slot that is free. Where there is none, the note is left out.
    fn begin(&mut self, note: &Note) -> Result<(), ZoneError> {
        let Some((slot, zone)) = self.slots.iter_mut().find_map(|slot| {
            let zone = slot.spare.take()?;
            Some((slot, zone))
        }) else {
            self.left_out += 1;
            return Ok(());
        };
        let tone =
            Tone { frequency: note.frequency(), loudness: note.loudness, length: note.length };
        let kernel = ZoneFn::try_new_in(zone, |z| organ::note_c(z, tone))?;
        slot.playing = Some(Playing { kernel, note: *note, began: self.blocks });
        Ok(())
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.slots.iter().all(|slot| slot.playing.is_none())
    }

    /// What the zones were for, and the most bytes in use.
    pub(crate) fn zones(&self) -> Vec<(&'static str, usize)> {
        let note = self.over.iter().map(|over| over.bytes).max().unwrap_or_default();
        vec![
            ("effects", self.effects.high_water()),
            ("notes", self.most * note),
            ("block", self.block_bytes),
        ]
    }

    pub(crate) fn blocks(&self) -> usize {
        self.blocks
    }

    /// What there is to say about the notes.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let row = |label, value, unit: String| Row { label, value: grouped(value), unit };
        let bytes = self.slots.iter().flat_map(|slot| &slot.spare).map(Zone::capacity).sum();
        vec![
            row("notes", self.over.len(), format!("       left out: {}", self.left_out)),
            row("most zones of notes at a time", self.most, format!("       of {SLOTS}")),
            row("memory of all zones of notes", bytes, "bytes".to_owned()),
        ]
    }
}

impl Slot {
    /// Adds the next block of the slot's note, if it has one. When the note is over, all that it had is given
    /// back as one, to the next note in this slot.
    fn play(&mut self, sides: &mut Sides, block: usize) -> Result<Option<Over>, ZoneError> {
        let Some(playing) = &mut self.playing else { return Ok(None) };
        if (playing.kernel)(sides) {
            return Ok(None);
        }
        let Some(Playing { kernel, note, began }) = self.playing.take() else { return Ok(None) };
        let mut zone = kernel.into_zone();
        let bytes = zone.used();
        zone.reset()?;
        self.spare = Some(zone);
        let seconds = |blocks: usize| (blocks * BLOCK) as f64 / f64::from(RATE);
        Ok(Some(Over { note, began: seconds(began), lasted: seconds(block + 1 - began), bytes }))
    }
}
