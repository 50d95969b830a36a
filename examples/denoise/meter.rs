//! How long each block takes, what it asks of the system, and how far the work has got.

use crate::counting;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// Blocks that may ask the system for memory: the first ones make the zones of the scopes.
pub(crate) const WARM_UP: usize = 100;

/// Measures blocks, and shows a progress bar meanwhile.
pub(crate) struct Meter {
    measured: Measured,
    bar: ProgressBar,
}

/// What all blocks took.
pub(crate) struct Measured {
    /// How long each block took.
    pub(crate) times: Vec<Duration>,
    /// What the blocks after the first [`WARM_UP`] asked of the system.
    pub(crate) late_bytes: u64,
}

impl Meter {
    /// For about this many blocks.
    pub(crate) fn new(blocks: usize) -> Meter {
        let times = Vec::with_capacity(blocks);
        Meter { measured: Measured { times, late_bytes: 0 }, bar: progress_bar(blocks) }
    }

    /// Does the work of a block.
    pub(crate) fn block(&mut self, work: impl FnOnce()) {
        let asked_before = counting::bytes_asked();
        let start = Instant::now();
        work();
        let time = start.elapsed();
        let Measured { times, late_bytes } = &mut self.measured;
        if times.len() >= WARM_UP {
            *late_bytes += counting::bytes_asked() - asked_before;
        }
        times.push(time);
        self.bar.inc(1);
    }

    pub(crate) fn finish(self) -> Measured {
        self.bar.finish_and_clear();
        self.measured
    }
}

/// On the standard error; it hides itself where that is no terminal.
fn progress_bar(blocks: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} blocks, {eta} left")
        .expect("the template is well-formed");
    ProgressBar::new(blocks as u64).with_style(style)
}
