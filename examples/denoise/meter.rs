//! How long each block takes, what it asks of the system, and how far the work has got.

use crate::counting;
use crate::report::Row;
use indicatif::{ProgressBar, ProgressStyle};
use memzone::ZoneError;
use memzone::rt::{self, Policy};
use std::time::{Duration, Instant};

/// Blocks that are counted apart: they use code, and what other libraries make, for the first time.
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
    /// What memzone would have asked the system for in all blocks, and how much of it was refused.
    requests: u64,
    denied: u64,
    /// Pages that the blocks after the first [`WARM_UP`] touched for the first time, where the system tells.
    late_faults: Option<u64>,
}

impl Measured {
    /// Whether all of it is fit for real time.
    pub(crate) fn is_good(&self) -> bool {
        self.late_bytes == 0 && self.requests == 0
    }

    /// What the table says about the sections.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let row = |label, value, unit: &str| Row { label, value, unit: unit.to_owned() };
        let faults = self.late_faults.map_or("-".to_owned(), |faults| faults.to_string());
        vec![
            row(
                "requests to the system in sections",
                self.requests.to_string(),
                "       must be 0",
            ),
            row("of these denied", self.denied.to_string(), ""),
            row("minor page faults after the first blocks", faults, ""),
        ]
    }
}

impl Meter {
    /// For about this many blocks.
    pub(crate) fn new(blocks: usize) -> Meter {
        let times = Vec::with_capacity(blocks);
        let measured =
            Measured { times, late_bytes: 0, requests: 0, denied: 0, late_faults: Some(0) };
        Meter { measured, bar: progress_bar(blocks) }
    }

    /// Does the work of a block, in a section in which memzone asks the system for nothing.
    pub(crate) fn block(
        &mut self,
        work: impl FnOnce() -> Result<(), ZoneError>,
    ) -> Result<(), String> {
        let section = rt::enter(Policy::Deny);
        let asked_before = counting::bytes_asked();
        let start = Instant::now();
        let result = work();
        let time = start.elapsed();
        let asked = counting::bytes_asked() - asked_before;
        let report = section.report();
        drop(section);
        let Measured { times, late_bytes, requests, denied, late_faults } = &mut self.measured;
        if times.len() >= WARM_UP {
            *late_bytes += asked;
            *late_faults = late_faults.zip(report.minor_faults()).map(|(sum, more)| sum + more);
        }
        *requests += report.asked();
        *denied += report.denied();
        times.push(time);
        self.bar.inc(1);
        result.map_err(|error| format!("block {}: {error}", self.measured.times.len()))
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
