//! The table at the end.

use crate::Memory;
use crate::callback::{Figures, WARM_UP};
use memzone::rt::Prepared;
use std::fmt::{self, Display};

/// What a run was like: a name for each figure, and a unit.
pub(crate) struct Table {
    rows: Vec<(String, String, String)>,
    is_good: bool,
}

impl Table {
    pub(crate) fn new(
        memory: Memory,
        deadline: f64,
        figures: &Figures,
        xruns: u64,
        prepared: &Prepared,
    ) -> Table {
        let mut times = figures.times().to_vec();
        times.sort_unstable();
        let mut rows = Vec::new();
        let mut row = |label: &str, value: String, unit: &str| {
            rows.push((label.to_owned(), value, unit.to_owned()));
        };
        row("callbacks", figures.callbacks.to_string(), "");
        row("deadline of a callback", format!("{deadline:.1}"), "µs");
        for (label, part) in [("median", 0.5), ("99.9 %", 0.999), ("worst", 1.0)] {
            let micros = quantile(&times, part) / 1000.0;
            row(&format!("time of a callback, {label}"), format!("{micros:.1}"), "µs");
        }
        row("xruns that the client was told of", xruns.to_string(), "");
        row("requests of memzone's to the system", figures.requests.to_string(), "");
        row("denied requests", figures.denied.to_string(), "");
        row("blocks left silent for that", figures.failed.to_string(), "");
        row("system allocations", figures.asked.allocations.to_string(), "");
        row("bytes of these", figures.asked.bytes.to_string(), "");
        row("system frees", figures.asked.frees.to_string(), "");
        let faults = |index: usize| match figures.faults {
            Some(faults) => faults[index].to_string(),
            None => "not counted".to_owned(),
        };
        row(&format!("minor page faults, first {WARM_UP} callbacks"), faults(0), "");
        row("minor page faults, later", faults(1), "");
        row("major page faults", faults(2), "");
        row("prepared on the thread", prepared.bytes().to_string(), "bytes");
        row("of these locked", prepared.locked_bytes().to_string(), "bytes");
        row("level, peak", format!("{:.2}", 20.0 * figures.peak.log10()), "dBFS");

        let asked = figures.asked.allocations + figures.asked.frees + figures.requests;
        let is_quiet = memory == Memory::Vecs || asked == 0;
        let has_played = figures.callbacks > 0 && figures.peak > 0.0;
        Table { rows, is_good: has_played && is_quiet && figures.failed == 0 }
    }

    /// Whether something was heard, and zones have asked the system for nothing.
    pub(crate) fn is_good(&self) -> bool {
        self.is_good
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (label, value, unit) in &self.rows {
            writeln!(f, "{}", format!("{label:<44}{value:>12} {unit}").trim_end())?;
        }
        Ok(())
    }
}

/// The value that this part of all is not above; nothing where there are none.
fn quantile(sorted: &[u32], part: f64) -> f64 {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default().into()
}
