//! How loud the sound got.

use crate::report::Row;

/// The peak and the mean power of all samples so far.
#[derive(Default)]
pub(crate) struct Level {
    peak: f32,
    squares: f64,
    samples: usize,
}

impl Level {
    pub(crate) fn take_in(&mut self, block: &[f32]) {
        for sample in block {
            self.peak = self.peak.max(sample.abs());
            self.squares += f64::from(*sample) * f64::from(*sample);
        }
        self.samples += block.len();
    }

    /// What the table says about it.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let rms = (self.squares / self.samples as f64).sqrt();
        let row = |label, value: f64| Row {
            label,
            value: format!("{:.1}", 20.0 * value.log10()),
            unit: "dBFS".to_owned(),
        };
        vec![row("level, peak", self.peak.into()), row("level, RMS", rms)]
    }
}
