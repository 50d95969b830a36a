//! What the audio thread and the others know of each other's progress: a few atomics.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often those look that are in no hurry.
const LOOK: Duration = Duration::from_micros(300);

/// Counts blocks.
pub(crate) struct Clock {
    /// How many were played.
    played: AtomicUsize,
    /// How many may be played. Without a sound card's pace, the audio thread would be through before
    /// the first redefinition; so it waits here, between blocks, until that is made.
    allowed: AtomicUsize,
    /// How many there are.
    end: AtomicUsize,
}

impl Clock {
    pub(crate) fn new(end: usize, allowed: usize) -> Clock {
        Clock {
            played: AtomicUsize::new(0),
            allowed: AtomicUsize::new(allowed),
            end: AtomicUsize::new(end),
        }
    }

    pub(crate) fn played(&self) -> usize {
        self.played.load(Ordering::Acquire)
    }

    pub(crate) fn end(&self) -> usize {
        self.end.load(Ordering::Acquire)
    }

    /// Ends it there, or earlier if that was said before.
    pub(crate) fn end_at(&self, block: usize) {
        self.end.fetch_min(block, Ordering::AcqRel);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.played() >= self.end()
    }

    /// Lets so many blocks be played.
    pub(crate) fn allow(&self, blocks: usize) {
        self.allowed.fetch_max(blocks, Ordering::AcqRel);
    }

    /// Waits until so many were played, doing `meanwhile` again and again.
    pub(crate) fn wait(&self, blocks: usize, mut meanwhile: impl FnMut()) {
        while self.played() < blocks && !self.is_over() {
            meanwhile();
            thread::sleep(LOOK);
        }
    }

    /// One more was played.
    pub(crate) fn tick(&self) {
        self.played.fetch_add(1, Ordering::AcqRel);
    }

    /// Waits until a block may be played.
    fn wait_for_leave(&self, block: usize) {
        while self.allowed.load(Ordering::Acquire) <= block && block < self.end() {
            thread::yield_now();
        }
    }
}

/// Asks for the next block when its time has come, as a sound card would.
pub(crate) struct Card<'a> {
    clock: &'a Clock,
    start: Instant,
    /// How long a block lasts, or none to play as fast as can be.
    period: Option<Duration>,
    /// Blocks that were not there when the card needed them.
    pub(crate) late: usize,
}

impl<'a> Card<'a> {
    pub(crate) fn new(clock: &'a Clock, period: Option<Duration>) -> Card<'a> {
        Card { clock, start: Instant::now(), period, late: 0 }
    }

    /// How many blocks there are, as far as is known.
    pub(crate) fn end(&self) -> usize {
        self.clock.end()
    }

    /// Ends it now.
    pub(crate) fn stop(&self) {
        self.clock.end_at(0);
    }

    /// Waits for the time of a block.
    pub(crate) fn wait(&self, block: usize) {
        self.clock.wait_for_leave(block);
        if let Some(time) = self.time_of(block) {
            thread::sleep(time.saturating_duration_since(Instant::now()));
        }
    }

    /// Takes a block.
    pub(crate) fn take(&mut self, block: usize) {
        if self.time_of(block + 1).is_some_and(|time| Instant::now() > time) {
            self.late += 1;
        }
        self.clock.tick();
    }

    fn time_of(&self, block: usize) -> Option<Instant> {
        Some(self.start + self.period?.mul_f64(block as f64))
    }
}
