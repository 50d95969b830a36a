//! How long each block takes, what it asks of the system, and how far the work has got.

use crate::counting;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// Blocks that may ask the system for memory: the first ones make the zones of the scopes.
pub(crate) const WARM_UP: usize = 100;

/// What one block took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lap {
    pub(crate) time: Duration,
    /// What it asked of the system.
    bytes: u64,
}

/// Does the work of a block, and nothing else that the system would notice.
pub(crate) fn lap(work: impl FnOnce()) -> Lap {
    let asked_before = counting::bytes_asked();
    let start = Instant::now();
    work();
    let time = start.elapsed();
    Lap { time, bytes: counting::bytes_asked() - asked_before }
}

/// What all blocks took.
pub(crate) struct Measured {
    /// How long each block took.
    pub(crate) times: Vec<Duration>,
    /// What the blocks after the first [`WARM_UP`] asked of the system.
    pub(crate) late_bytes: u64,
}

impl Measured {
    /// For about this many blocks.
    pub(crate) fn new(blocks: usize) -> Measured {
        Measured { times: Vec::with_capacity(blocks), late_bytes: 0 }
    }

    /// The next block.
    pub(crate) fn add(&mut self, lap: Lap) {
        if self.times.len() >= WARM_UP {
            self.late_bytes += lap.bytes;
        }
        self.times.push(lap.time);
    }
}

/// On the standard error; it hides itself where that is no terminal.
pub(crate) fn progress_bar(blocks: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} blocks, {eta} left")
        .expect("the template is well-formed");
    ProgressBar::new(blocks as u64).with_style(style)
}
