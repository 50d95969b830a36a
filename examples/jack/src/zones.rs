//! The synth with its memory in zones.
//!
//! | memory | lives as long as | and is in |
//! |---|---|---|
//! | the strings' lines, the echo's | the synth | the zone given to [`Synth::new`] |
//! | two sides of the mix, two of the echo | a block | the outer scope in `process` |
//! | a string's samples and frames | a string's turn | the inner one |

use crate::echo::{self, Echo};
use crate::pluck::{self, OVER, Pluck, VOICES};
use crate::tune::Tune;
use memzone::rt::Plan;
use memzone::{Zone, ZoneError, try_letz};

/// The most frames that are computed at a time.
const BLOCK: usize = 64;
/// Room for the zone of each of the two scopes.
const SCOPE_BYTES: usize = 4 << 10;

/// Bytes that the state of a synth takes up.
pub(crate) fn state_bytes(rate: usize) -> usize {
    let samples = VOICES * pluck::longest_line(rate) + 2 * echo::line_len(rate);
    // Some more, as allocations are aligned.
    samples * size_of::<f32>() + VOICES * size_of::<Slot<'_>>() + 1024
}

/// What the thread that processes must be prepared for.
pub(crate) fn plan() -> Plan {
    Plan::new().scopes(2, SCOPE_BYTES).default_zone(0).lock(true)
}

/// A place for a string, with a line that is long enough for each.
struct Slot<'z> {
    string: Option<Pluck>,
    /// When it began.
    born: u64,
    line: &'z mut [f32],
}

/// A synth whose state is borrowed from a zone. There are only slices in it, so it may be sent.
pub(crate) struct Synth<'z> {
    rate: usize,
    tune: Tune,
    slots: &'z mut [Slot<'z>],
    notes: u64,
    echo: Echo,
    echo_lines: [&'z mut [f32]; 2],
}

impl<'z> Synth<'z> {
    pub(crate) fn new(zone: &'z Zone, rate: usize) -> Synth<'z> {
        let slot = |_| Slot {
            string: None,
            born: 0,
            line: zone.alloc_slice(pluck::longest_line(rate), 0.0),
        };
        Synth {
            rate,
            tune: Tune::new(rate),
            slots: zone.alloc_slice_with(VOICES, slot),
            notes: 0,
            echo: Echo::default(),
            echo_lines: [(); 2].map(|()| zone.alloc_slice(echo::line_len(rate), 0.0)),
        }
    }

    fn begin_notes(&mut self, frames: usize) {
        for note in self.tune.due(frames) {
            // A free slot, or the one that has sounded longest.
            let age = |slot: &&mut Slot<'z>| slot.string.map(|_| slot.born);
            let Some(slot) = self.slots.iter_mut().min_by_key(age) else { return };
            let string = Pluck::new(note, self.rate);
            string.excite(&mut slot.line[..string.len]);
            slot.string = Some(string);
            self.notes += 1;
            slot.born = self.notes;
        }
    }

    /// Computes up to `BLOCK` frames.
    fn block(&mut self, sides: [&mut [f32]; 2]) -> Result<(), ZoneError> {
        let frames = sides[0].len();
        self.begin_notes(frames);
        try_letz!(SCOPE_BYTES,
            left = [0.0_f32; frames],
            right = [0.0_f32; frames],
            left_wet = [0.0_f32; frames],
            right_wet = [0.0_f32; frames]
        => {
            for slot in self.slots.iter_mut() {
                let Some(string) = &mut slot.string else { continue };
                try_letz!(SCOPE_BYTES, zone; samples = [0.0_f32; OVER * frames] => {
                    string.render(&mut slot.line[..string.len], samples);
                    let frames = zone.alloc_iter(pluck::frames(samples));
                    string.mix(frames, [&mut *left, &mut *right]);
                })?;
                slot.string = slot.string.filter(|string| !string.is_over());
            }
            let [left_line, right_line] = &mut self.echo_lines;
            let (dry, wet) = ([&*left, &*right], [&mut *left_wet, &mut *right_wet]);
            self.echo.process([left_line, right_line], dry, wet);
            for (to, parts) in sides.into_iter().zip([(left, left_wet), (right, right_wet)]) {
                for (to, (dry, wet)) in to.iter_mut().zip(parts.0.iter().zip(parts.1.iter())) {
                    *to = dry + wet;
                }
            }
        })
    }
}

impl crate::callback::Synth for Synth<'static> {
    fn process(&mut self, [left, right]: [&mut [f32]; 2]) -> Result<(), ZoneError> {
        let mut blocks = left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK));
        blocks.try_for_each(|(left, right)| self.block([left, right]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::Synth as _;
    use crate::counting::asked;
    use crate::vecs;
    use memzone::rt::{self, Policy};

    const RATE: usize = 48_000;

    /// Both kinds of memory make the same sound, but for the order of sums; and zones ask for nothing.
    #[test]
    fn zones_and_vecs_sound_the_same() {
        rt::prepare_thread(&plan()).unwrap();
        let zone = Zone::builder().capacity(state_bytes(RATE)).fixed().prefault().build();
        let zone: &'static Zone = Box::leak(Box::new(zone));
        let (mut zones, mut vecs) = (Synth::new(zone, RATE), vecs::Synth::new(RATE));
        let mut peak = 0.0_f32;
        for block in 0..20 * RATE / BLOCK {
            let mut sides = [[[0.0_f32; BLOCK]; 2]; 2];
            let [[left, right], [left_vec, right_vec]] = &mut sides;
            let before = asked();
            let section = rt::enter(Policy::Deny);
            zones.process([left, right]).unwrap();
            assert_eq!(section.report().asked(), 0, "block {block}");
            assert_eq!(asked(), before, "block {block}");
            drop(section);
            vecs.process([left_vec, right_vec]).unwrap();
            assert!(asked().allocations > before.allocations);
            let (ours, theirs) = (sides[0].as_flattened(), sides[1].as_flattened());
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert!((ours - theirs).abs() < 1e-4, "block {block}: {ours} and {theirs}");
                peak = peak.max(ours.abs());
            }
        }
        assert!((0.1..1.0).contains(&peak), "{peak}");
    }
}
