//! A polyphonic synthesiser that plays a MIDI file, with none of the system's memory while it does.
//!
//! ```text
//! cargo run --release --example voices -- [IN.mid] [OUT.wav]
//! ```
//!
//! To learn memzone, read `synth.rs` and `voice.rs`: the slots of the voices are a [`Pool`] in a
//! zone that lives as long as the program, what a voice sounds from is in boxes on an [`RtHeap`]
//! that live as long as its note, and what is computed on the way is in a scope around each block
//! and in one around each voice. The rest of the files are about MIDI files (`midi.rs`), the tune
//! that is played without one (`tune.rs`), what the instruments are like (`timbre.rs`) and how loud
//! it got (`level.rs`). Seven files are shared with the example `denoise`.
//!
//! [`Pool`]: memzone::Pool
//! [`RtHeap`]: memzone::RtHeap

#[path = "../denoise/cli.rs"]
mod cli;
#[path = "../denoise/counting.rs"]
mod counting;
#[path = "../denoise/draft.rs"]
mod draft;
mod level;
#[path = "../denoise/meter.rs"]
mod meter;
mod midi;
#[path = "../denoise/report.rs"]
mod report;
mod synth;
mod timbre;
mod tune;
#[path = "../denoise/tiny.rs"]
mod tiny;
#[path = "../denoise/unfinished.rs"]
mod unfinished;
mod voice;

use crate::draft::Draft;
use crate::level::Level;
use crate::meter::Measured;
use crate::midi::Song;
use crate::report::{Report, Work};
use crate::synth::{BLOCK, RATE, Synth};
use hound::{SampleFormat, WavSpec};
use memzone::{Zone, rt};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: voices [IN.mid] [OUT.wav]";

const FORMAT: WavSpec = WavSpec {
    channels: 2,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Blocks that the last notes may take to fade away: ten seconds.
const FADING: usize = 10 * RATE as usize / BLOCK;

fn main() -> ExitCode {
    let help = format!(
        "{USAGE}\n\n\
             Without IN.mid, it plays a tune of its own.\n\
             Without OUT.wav, the output is IN-voices.wav in the current directory.\n"
    );
    cli::main(&help, |arguments| {
        let report = run(arguments)?;
        let is_good = report.measured.is_good();
        Ok((report, is_good))
    })
}

/// All the work; what goes wrong is told in one line.
fn run(arguments: &[OsString]) -> Result<Report, String> {
    match arguments {
        [] => play_tune(),
        [input] => play_file(Path::new(input), &default_output(Path::new(input))),
        [input, output] => play_file(Path::new(input), Path::new(output)),
        _ => Err(USAGE.to_owned()),
    }
}

/// `IN-voices.wav`, in the current directory.
fn default_output(input: &Path) -> PathBuf {
    let mut name = input.file_stem().unwrap_or_default().to_owned();
    name.push("-voices.wav");
    PathBuf::from(name)
}

fn play_file(input: &Path, output: &Path) -> Result<Report, String> {
    if unfinished::are_same_file(input, output) {
        return Err(format!("{}: is both the input and the output", input.display()));
    }
    let song = Song::read(input)?;
    play(&input.display().to_string(), &song, output)
}

/// Plays a tune that the program brings along, as a MIDI file in memory.
fn play_tune() -> Result<Report, String> {
    let target = Path::new("target");
    let folder = if target.is_dir() { target.to_owned() } else { env::temp_dir() };
    let song = Song::parse(&tune::as_midi_file())?;
    play(tune::NAME, &song, &folder.join("voices.wav"))
}

/// Plays a song, one block at a time, as a sound card would ask for it.
fn play(input: &str, song: &Song, output: &Path) -> Result<Report, String> {
    let mut draft = Draft::create(output, FORMAT)?;
    // All that the thread needs from here on is made now, and its pages are touched.
    rt::prepare_thread(&synth::plan()).map_err(|error| format!("no memory: {error}"))?;
    let zone =
        Zone::builder().name("synth").capacity(synth::STATE_BYTES).fixed().prefault().build();
    let mut synth = Synth::new(&zone);
    let mut level = Level::default();
    let mut block = [0.0; 2 * BLOCK];
    let mut events = &song.events[..];
    let last = song.blocks();

    let mut measured = Measured::new(last + FADING);
    let bar = meter::progress_bar(last + FADING);
    for index in 0..last + FADING {
        let due = events.partition_point(|event| event.block() <= index);
        let (now, later) = events.split_at(due);
        events = later;
        let lap = meter::lap(|| synth.process(now, &mut block));
        measured.add(lap.map_err(|error| format!("block {}: {error}", index + 1))?);
        bar.inc(1);
        // Outside the block's time, as it is only for the table.
        synth.look_at_heap();
        level.take_in(&block);
        draft.write(&block)?;
        if index >= last && synth.is_silent() {
            break;
        }
    }
    bar.finish_and_clear();

    let title = format!("{input} -> {}", draft.path().display());
    let synth::Memory { scopes, state, block, voice } = synth.memory();
    Ok(Report {
        title,
        format: draft.finish()?,
        work: Work {
            name: "block",
            size: format!("{BLOCK} frames"),
            deadline: Duration::from_secs(BLOCK as u64) / RATE,
        },
        measured,
        scopes,
        zones: vec![("state", state), ("block", block), ("voice", voice)],
        rows: synth.rows().into_iter().chain(level.rows()).collect(),
    })
}
