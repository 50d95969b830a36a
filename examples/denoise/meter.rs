//! How long each block takes, what it asks of the system, and how far the work has got.

use crate::counting;
use crate::report::Row;
use indicatif::{ProgressBar, ProgressStyle};
use memzone::ZoneError;
use memzone::rt::{self, Policy};
use std::time::{Duration, Instant};

/// Blocks that are counted apart: they use code, and what other libraries make, for the first time.
pub(crate) const WARM_UP: usize = 10;

/// What one block took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lap {
    pub(crate) time: Duration,
    /// What it asked of the system's allocator.
    bytes: u64,
    /// What memzone would have asked the system for, and how much of it was refused.
    requests: u64,
    denied: u64,
    /// Pages that it touched for the first time, where the system tells.
    faults: Option<u64>,
}

/// Does the work of a block, in a section in which memzone asks the system for nothing.
pub(crate) fn lap(work: impl FnOnce() -> Result<(), ZoneError>) -> Result<Lap, ZoneError> {
    let section = rt::enter(Policy::Deny);
    let asked_before = counting::bytes_asked();
    let start = Instant::now();
    work()?;
    let time = start.elapsed();
    let bytes = counting::bytes_asked() - asked_before;
    let report = section.report();
    let (requests, denied) = (report.asked(), report.denied());
    Ok(Lap { time, bytes, requests, denied, faults: report.minor_faults() })
}

/// What all blocks took.
pub(crate) struct Measured {
    /// How long each block took.
    pub(crate) times: Vec<Duration>,
    /// What the blocks after the first [`WARM_UP`] asked of the system.
    pub(crate) late_bytes: u64,
    requests: u64,
    denied: u64,
    late_faults: Option<u64>,
}

impl Measured {
    /// For about this many blocks.
    pub(crate) fn new(blocks: usize) -> Measured {
        let times = Vec::with_capacity(blocks);
        Measured { times, late_bytes: 0, requests: 0, denied: 0, late_faults: Some(0) }
    }

    /// The next block.
    pub(crate) fn add(&mut self, lap: Lap) {
        if self.times.len() >= WARM_UP {
            self.late_bytes += lap.bytes;
            self.late_faults = self.late_faults.zip(lap.faults).map(|(sum, more)| sum + more);
        }
        self.requests += lap.requests;
        self.denied += lap.denied;
        self.times.push(lap.time);
    }

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

/// On the standard error; it hides itself where that is no terminal.
pub(crate) fn progress_bar(blocks: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}, {eta} left")
        .expect("the template is well-formed");
    ProgressBar::new(blocks as u64).with_style(style)
}
