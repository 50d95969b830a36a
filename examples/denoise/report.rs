//! The table at the end.

use crate::meter::{Measured, WARM_UP};
use std::fmt::{self, Display};
use std::time::Duration;

/// What a run was like.
pub(crate) struct Report {
    pub(crate) title: String,
    pub(crate) format: String,
    pub(crate) work: Work,
    pub(crate) measured: Measured,
    /// Scopes entered.
    pub(crate) scopes: usize,
    /// What the zones were for, and the most bytes that were in use for it.
    pub(crate) zones: Vec<(&'static str, usize)>,
    /// What there is to say about this program only.
    pub(crate) rows: Vec<Row>,
}

/// What is done again and again.
pub(crate) struct Work {
    /// `block`, say.
    pub(crate) name: &'static str,
    /// What one consists of.
    pub(crate) size: String,
    /// When it must be done.
    pub(crate) deadline: Duration,
}

/// A line of the table.
pub(crate) struct Row {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    /// What follows the value.
    pub(crate) unit: String,
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n", self.title, self.format)?;
        self.write_times(f)?;
        self.write_memory(f)?;
        self.rows.iter().try_for_each(|Row { label, value, unit }| row(f, label, value, unit))
    }
}

impl Report {
    fn write_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut times = self.measured.times.clone();
        times.sort_unstable();
        let Work { name, size, deadline } = &self.work;
        let deadline = deadline.as_secs_f64() * 1e6;
        row(f, &format!("{name}s of {size}"), &grouped(times.len()), "")?;
        row(f, &format!("deadline of a {name}"), &format!("{deadline:.1}"), "µs")?;
        for (label, part) in [("median", 0.5), ("99.9 %", 0.999), ("worst", 1.0)] {
            let micros = quantile(&times, part).as_secs_f64() * 1e6;
            let share = 100.0 * micros / deadline;
            let unit = format!("µs     {share:.2} % of the deadline");
            row(f, &format!("time of a {name}, {label}"), &format!("{micros:.1}"), &unit)?;
        }
        Ok(())
    }

    fn write_memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        row(f, "scopes entered", &grouped(self.scopes), "")?;
        let sum = self.zones.iter().map(|(_, bytes)| bytes).sum();
        let parts: Vec<_> =
            self.zones.iter().map(|(what, bytes)| format!("{what} {}", grouped(*bytes))).collect();
        let unit = format!("bytes  {}", parts.join(", "));
        row(f, "high-water mark of the zones", &grouped(sum), &unit)?;
        let label = format!("asked of the system after {WARM_UP} {}s", self.work.name);
        row(f, &label, &self.measured.late_bytes.to_string(), "bytes  must be 0")?;
        self.measured
            .rows()
            .iter()
            .try_for_each(|Row { label, value, unit }| row(f, label, value, unit))
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
pub(crate) fn grouped(number: usize) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1000), number % 1000)
}
