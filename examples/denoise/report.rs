//! The table at the end.

use crate::gate::{BLOCK, Memory};
use crate::snr::Snr;
use std::fmt::{self, Display};
use std::time::Duration;

/// Blocks that may ask the system for memory: the first ones make the zones of the scopes.
pub(crate) const WARM_UP: usize = 100;

/// What a run was like.
pub(crate) struct Report {
    pub(crate) title: String,
    pub(crate) format: String,
    pub(crate) rate: u32,
    pub(crate) times: Vec<Duration>,
    pub(crate) late_bytes: u64,
    pub(crate) memory: Memory,
    pub(crate) snr: Option<Snr>,
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n", self.title, self.format)?;
        self.write_times(f)?;
        self.write_memory(f)?;
        self.write_snr(f)
    }
}

impl Report {
    fn write_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut times = self.times.clone();
        times.sort_unstable();
        let deadline = BLOCK as f64 / f64::from(self.rate) * 1e6;
        row(f, &format!("blocks of {BLOCK} frames"), &grouped(times.len()), "")?;
        row(f, "deadline of a block", &format!("{deadline:.1}"), "µs")?;
        for (label, part) in [("median", 0.5), ("99.9 %", 0.999), ("worst", 1.0)] {
            let micros = quantile(&times, part).as_secs_f64() * 1e6;
            let share = 100.0 * micros / deadline;
            let unit = format!("µs     {share:.2} % of the deadline");
            row(f, &format!("time of a block, {label}"), &format!("{micros:.1}"), &unit)?;
        }
        Ok(())
    }

    fn write_memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Memory { scopes, state, block, scratch } = self.memory;
        row(f, "scopes entered", &grouped(scopes), "")?;
        let (sum, parts) = (state + block + scratch, [state, block, scratch].map(grouped));
        let [state, block, scratch] = parts;
        let unit = format!("bytes  state {state}, block {block}, scratch {scratch}");
        row(f, "high-water mark of the zones", &grouped(sum), &unit)?;
        let label = format!("asked of the system after {WARM_UP} blocks");
        row(f, &label, &self.late_bytes.to_string(), "bytes  must be 0")
    }

    fn write_snr(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(snr) = &self.snr else {
            return row(f, "signal-to-noise ratio", "-", "       too little sound to estimate it");
        };
        let note = if snr.is_estimated { "estimated" } else { "against the clean chord" };
        for (label, value) in [("before", snr.before), ("after", snr.after)] {
            let label = format!("signal-to-noise ratio, {label}");
            row(f, &label, &format!("{value:.1}"), &format!("dB     {note}"))?;
        }
        Ok(())
    }
}

/// One line of the table.
fn row(f: &mut fmt::Formatter<'_>, label: &str, value: &str, unit: &str) -> fmt::Result {
    writeln!(f, "{}", format!("{label:<40}{value:>10} {unit}").trim_end())
}

/// The value that this part of all is not above.
fn quantile(sorted: &[Duration], part: f64) -> Duration {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted[rank.max(1) - 1]
}

/// A number with its digits in groups of three.
fn grouped(number: usize) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1000), number % 1000)
}
