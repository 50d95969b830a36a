//! How far the sound is above the noise, before and after.

use crate::report::Row;

/// Frames of which a power is taken.
const WINDOW: usize = 1024;
/// Less power than this is digital silence: no noise, and no recording either.
const SILENCE: f64 = 1e-9;

/// Signal-to-noise ratios, in dB.
pub(crate) struct Snr {
    before: f64,
    after: f64,
    /// Whether there was no clean signal to compare with.
    is_estimated: bool,
}

impl Snr {
    /// Compares both with the clean signal: whatever is not in that one is noise.
    pub(crate) fn measured(clean: &[f32], input: &[f32], output: &[f32]) -> Snr {
        let ratio = |samples: &[f32]| {
            let noise: f64 = clean.iter().zip(samples).map(|(c, s)| square(s - c)).sum();
            decibels(clean.iter().copied().map(square).sum::<f64>() / noise)
        };
        Snr { before: ratio(input), after: ratio(output), is_estimated: false }
    }

    /// Compares the loudest tenth of the input's windows with the quietest, which are taken to be
    /// noise alone, and the same windows of the output. There is none where fewer than two windows
    /// hold any sound.
    pub(crate) fn estimated(channels: usize, input: &[f32], output: &[f32]) -> Option<Snr> {
        let before = powers(channels, input);
        let after = powers(channels, output);
        let mut order: Vec<usize> = (0..before.len()).collect();
        order.retain(|window| before[*window] > SILENCE);
        order.sort_by(|a, b| before[*a].total_cmp(&before[*b]));
        if order.len() < 2 {
            return None;
        }
        let tenth = order.len().div_ceil(10);
        let (quiet, loud) = (&order[..tenth], &order[order.len() - tenth..]);
        let ratio = |powers: &[f64]| {
            let sum = |windows: &[usize]| windows.iter().map(|window| powers[*window]).sum::<f64>();
            decibels(sum(loud) / sum(quiet))
        };
        Some(Snr { before: ratio(&before), after: ratio(&after), is_estimated: true })
    }
}

/// What the table says about it.
pub(crate) fn rows(snr: Option<&Snr>) -> Vec<Row> {
    let Some(snr) = snr else {
        let unit = "       too little sound to estimate it".to_owned();
        return vec![Row { label: "signal-to-noise ratio", value: "-".to_owned(), unit }];
    };
    let note = if snr.is_estimated { "estimated" } else { "against the clean chord" };
    let row =
        |label, value| Row { label, value: format!("{value:.1}"), unit: format!("dB     {note}") };
    vec![
        row("signal-to-noise ratio, before", snr.before),
        row("signal-to-noise ratio, after", snr.after),
    ]
}

/// The power of each whole window.
fn powers(channels: usize, samples: &[f32]) -> Vec<f64> {
    let power =
        |window: &[f32]| window.iter().copied().map(square).sum::<f64>() / window.len() as f64;
    samples.chunks_exact(WINDOW * channels).map(power).collect()
}

fn square(value: f32) -> f64 {
    f64::from(value) * f64::from(value)
}

fn decibels(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}
