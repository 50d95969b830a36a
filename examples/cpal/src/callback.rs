//! The callback: it prepares the device's thread, and plays each block in a section that lets nothing be asked of the
//! system.

use crate::patch::Frame;
use assert_no_alloc::assert_no_alloc;
use cpal::{FromSample, Sample};
use memzone::ZoneError;
use memzone::rt::{self, Plan, Policy};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What can be heard.
pub(crate) trait Sound: Send {
    /// Computes any number of frames.
    fn play(&mut self, frames: &mut [Frame]) -> Result<(), ZoneError>;
}

/// What the callback tells the other threads.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) blocks: AtomicU64,
    pub(crate) frames: AtomicU64,
    /// Requests to the system in sections, which are to be none.
    pub(crate) asked: AtomicU64,
    /// The longest block and the shortest one, which is 0 before the first.
    pub(crate) longest: AtomicU64,
    pub(crate) shortest: AtomicU64,
    /// Whether memory was missing.
    pub(crate) has_failed: AtomicBool,
}

thread_local! {
    // Nobody calls when the device's thread starts. This needs no destructor, so reading it is real-time.
    static IS_READY: Cell<bool> = const { Cell::new(false) };
}

/// Frames that are computed at a time, whatever the device's blocks are.
const PART: usize = 64;

pub(crate) struct Callback<'f> {
    sound: Box<dyn Sound>,
    channels: usize,
    plan: Plan,
    figures: &'f Figures,
}

impl<'f> Callback<'f> {
    pub(crate) fn new(
        sound: Box<dyn Sound>,
        channels: usize,
        plan: Plan,
        figures: &'f Figures,
    ) -> Callback<'f> {
        Callback { sound, channels, plan, figures }
    }

    /// Fills a block of the device's.
    pub(crate) fn call<T: Sample + FromSample<f32>>(&mut self, block: &mut [T]) {
        // The first block on each thread is late by this, before anything is heard.
        if !IS_READY.replace(true) && rt::prepare_thread(&self.plan).is_err() {
            IS_READY.set(false);
        }
        let section = rt::enter_unwatched(Policy::Deny);
        let played = assert_no_alloc(|| self.fill(block));
        let frames = (block.len() / self.channels) as u64;
        let figures = self.figures;
        figures.asked.fetch_add(section.report().asked(), Relaxed);
        figures.has_failed.fetch_or(played.is_err(), Relaxed);
        figures.longest.fetch_max(frames, Relaxed);
        let shortest = figures.shortest.load(Relaxed);
        if shortest == 0 || frames < shortest {
            figures.shortest.store(frames, Relaxed);
        }
        figures.frames.fetch_add(frames, Relaxed);
        figures.blocks.fetch_add(1, Relaxed);
    }

    fn fill<T: Sample + FromSample<f32>>(&mut self, block: &mut [T]) -> Result<(), ZoneError> {
        let mut frames = [[0.0; 2]; PART];
        for part in block.chunks_mut(PART * self.channels) {
            let frames = &mut frames[..part.len() / self.channels];
            let played = self.sound.play(frames);
            for (to, [left, right]) in part.chunks_mut(self.channels).zip(frames) {
                to.fill(T::EQUILIBRIUM);
                match to {
                    [mono] => *mono = T::from_sample(0.5 * (*left + *right)),
                    [first, second, ..] => {
                        *first = T::from_sample(*left);
                        *second = T::from_sample(*right);
                    }
                    [] => {}
                }
            }
            played?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Synth;

    /// A block of any length, of any number of channels, is what one long block is.
    #[test]
    fn blocks_of_any_length_sound_the_same() {
        let figures = Figures::default();
        let make = |channels| {
            let synth = Synth::new(48_000).unwrap();
            Callback::new(Box::new(synth), channels, crate::synth::plan(), &figures)
        };
        let mut expected = vec![0.0_f32; 2 * 20_000];
        make(2).call(&mut expected);
        assert!(expected.iter().any(|sample| sample.abs() > 0.05));
        for lengths in [&[1][..], &[63, 64, 65], &[4096], &[441, 1, 1000]] {
            let mut callback = make(2);
            let mut heard = vec![0.0_f32; expected.len()];
            let mut rest = &mut heard[..];
            for length in lengths.iter().cycle() {
                let (block, later) = rest.split_at_mut(rest.len().min(2 * length));
                callback.call(block);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            assert!(heard == expected, "{lengths:?}");
        }
        let mut wide = vec![1_i16; 5 * 20_000];
        make(5).call(&mut wide);
        for (frame, expected) in wide.chunks(5).zip(expected.chunks(2)) {
            assert_eq!(frame[..2], [i16::from_sample(expected[0]), i16::from_sample(expected[1])]);
            assert_eq!(frame[2..], [0; 3]);
        }
        assert_eq!(figures.asked.load(Relaxed), 0);
        assert!(!figures.has_failed.load(Relaxed));
    }
}
