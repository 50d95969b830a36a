//! An instrument of the kind that Extempore ships, ported from xtlang: an organ that plays a score.
//!
//! ```text
//! cargo run --release --example instrument -- [SCORE.txt] [OUT.wav]
//! ```
//!
//! To learn memzone, read `factories.rs` (closures whose state is outside of them, delay lines in factories),
//! `organ.rs` (the kernels of a note and of the effects, with arrays of closures, one for each channel) and
//! `instrument.rs` (a zone for each note). `score.rs` reads scores, `tune.txt` is the one for a run without one.
//! Eight files are shared with the examples `denoise` and `voices`. `docs/porting.md` shows the idioms beside xtlang.

#[path = "../denoise/cli.rs"]
mod cli;
#[path = "../denoise/counting.rs"]
mod counting;
#[path = "../denoise/draft.rs"]
mod draft;
mod factories;
mod instrument;
#[path = "../voices/level.rs"]
mod level;
#[path = "../denoise/meter.rs"]
mod meter;
mod organ;
#[path = "../denoise/report.rs"]
mod report;
mod score;
#[cfg(test)]
mod tests;
#[path = "../denoise/tiny.rs"]
mod tiny;
#[path = "../denoise/unfinished.rs"]
mod unfinished;

use crate::draft::Draft;
use crate::instrument::{Instrument, Over};
use crate::level::Level;
use crate::meter::Measured;
use crate::report::{Report, Work};
use crate::score::Note;
use hound::{SampleFormat, WavSpec};
use memzone::{ZoneError, rt};
use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: instrument [SCORE.txt] [OUT.wav]";

/// Frames in a second.
pub(crate) const RATE: u32 = 48_000;
/// Frames that are computed at a time.
pub(crate) const BLOCK: usize = 64;

const FORMAT: WavSpec = WavSpec {
    channels: 2,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Blocks for the echoes after the last note: three seconds.
const ECHOES: usize = 3 * RATE as usize / BLOCK;

fn main() -> ExitCode {
    let help = format!(
        "{USAGE}\n\n\
         Without SCORE.txt, it plays a tune of its own.\n\
         Without OUT.wav, the output is SCORE-organ.wav in the current directory.\n\
         One argument that ends in .wav is OUT.wav.\n"
    );
    cli::main(&help, |arguments| {
        let (notes, report) = run(arguments)?;
        let is_good = report.measured.is_good();
        Ok((format!("{notes}\n{report}"), is_good))
    })
}

/// All the work; what goes wrong is told in one line.
fn run(arguments: &[OsString]) -> Result<(String, Report), String> {
    let is_sound = |path: &Path| path.extension().is_some_and(|extension| extension == "wav");
    match arguments {
        [] => {
            let target = Path::new("target");
            let folder = if target.is_dir() { target.to_owned() } else { env::temp_dir() };
            play_tune(&folder.join("instrument.wav"))
        }
        [output] if is_sound(Path::new(output)) => play_tune(Path::new(output)),
        [score] => play_file(Path::new(score), &default_output(Path::new(score))),
        [score, output] => play_file(Path::new(score), Path::new(output)),
        _ => Err(USAGE.to_owned()),
    }
}

/// `SCORE-organ.wav`, in the current directory.
fn default_output(score: &Path) -> PathBuf {
    let mut name = score.file_stem().unwrap_or_default().to_owned();
    name.push("-organ.wav");
    PathBuf::from(name)
}

fn play_tune(output: &Path) -> Result<(String, Report), String> {
    play("a tune of its own", &score::parse(score::TUNE)?, output)
}

fn play_file(score: &Path, output: &Path) -> Result<(String, Report), String> {
    if unfinished::are_same_file(score, output) {
        return Err(format!("{}: is both the score and the output", score.display()));
    }
    play(&score.display().to_string(), &score::read(score)?, output)
}

/// Plays a score, one block at a time, as a sound card would ask for it.
fn play(name: &str, notes: &[Note], output: &Path) -> Result<(String, Report), String> {
    let mut draft = Draft::create(output, FORMAT)?;
    let no_memory = |error: ZoneError| format!("no memory: {error}");
    // All that the thread needs from here on is made now, and its pages are touched.
    rt::prepare_thread(&instrument::plan()).map_err(no_memory)?;
    let mut instrument = Instrument::new(notes.len()).map_err(no_memory)?;
    let mut level = Level::default();
    let mut block = [0.0; 2 * BLOCK];
    let mut to_come = notes;
    let mut echoes = ECHOES;

    let expected =
        notes.iter().map(|note| note.block + note.length / BLOCK).max().unwrap_or(0) + ECHOES;
    let mut measured = Measured::new(expected);
    let bar = meter::progress_bar(expected);
    while echoes > 0 {
        let index = instrument.blocks();
        let (due, later) = to_come.split_at(to_come.partition_point(|note| note.block <= index));
        to_come = later;
        let lap = meter::lap(|| instrument.process(due, &mut block));
        measured.add(lap.map_err(|error| format!("block {}: {error}", index + 1))?);
        bar.inc(1);
        level.take_in(&block);
        draft.write(&block)?;
        if to_come.is_empty() && instrument.is_silent() {
            echoes -= 1;
        }
    }
    bar.finish_and_clear();

    let title = format!("{name} -> {}", draft.path().display());
    let report = Report {
        title,
        format: draft.finish()?,
        work: Work {
            name: "block",
            size: format!("{BLOCK} frames"),
            deadline: Duration::from_secs(BLOCK as u64) / RATE,
        },
        measured,
        scopes: instrument.blocks(),
        zones: instrument.zones(),
        rows: instrument.rows().into_iter().chain(level.rows()).collect(),
    };
    Ok((table(&mut instrument.over), report))
}

/// The notes, in the order of their beginnings.
fn table(notes: &mut [Over]) -> String {
    notes.sort_by(|a, b| a.began.total_cmp(&b.began).then(a.note.key.cmp(&b.note.key)));
    let mut text = format!("{:>8} {:>6} {:>9} {:>11}\n", "at", "key", "lasted", "zone");
    for Over { note, began, lasted, bytes } in notes {
        let key = note.to_string();
        writeln!(text, "{began:>6.2} s {key:>6} {lasted:>7.2} s {bytes:>5} bytes")
            .expect("a string takes all");
    }
    text
}
