//! Takes the noise out of a recording, block by block, with all of its memory in zones.
//!
//! ```text
//! cargo run --release --example denoise -- [IN] [OUT.wav]
//! cargo run --release --example denoise --features tracing -- --trace out.json
//! cargo run --release --example denoise --features profile
//! ```
//!
//! To learn memzone, read `gate.rs`: what lives as long as the program is in a zone of the
//! caller's, what lives as long as a block is in a scope around the block, and what lives as long
//! as one transform is in a scope inside that one. The rest of the files are about the input
//! (`sound.rs`, `wav.rs`), the one that the program makes for itself (`chord.rs`), the output
//! (`draft.rs`, `unfinished.rs`), how much better the sound got (`snr.rs`), what was asked of the
//! system and how long it took (`counting.rs`, `meter.rs`), silence that costs no more than sound
//! (`tiny.rs`), the table at the end (`report.rs`), what all examples begin with (`cli.rs`), and the
//! timeline (`trace.rs`).

mod chord;
mod cli;
mod counting;
mod draft;
mod gate;
mod meter;
mod report;
mod snr;
mod sound;
#[cfg(test)]
mod tests;
mod tiny;
mod trace;
mod unfinished;
mod wav;

use crate::draft::Draft;
use crate::gate::{BLOCK, Gate, LATENCY};
use crate::meter::Measured;
use crate::report::{Report, Work};
use crate::snr::Snr;
use crate::sound::Sound;
use memzone::{Zone, rt};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: denoise [--trace OUT.json] [IN] [OUT.wav]";

fn main() -> ExitCode {
    let help = format!(
        "{USAGE}\n\n\
         IN is a WAV, AIFF, CAF, FLAC, Ogg Vorbis or MP3 file of one or two channels.\n\
         Without IN, it is a chord in noise, made by the program itself.\n\
         Without OUT.wav, the output is IN-denoised.wav in the current directory.\n\
         --trace writes all scopes with their times, for https://ui.perfetto.dev.\n"
    );
    cli::main(&help, |arguments| {
        let (trace, arguments) = start_trace(arguments)?;
        let report = run(arguments)?;
        // What writes the trace takes memory and time.
        let is_good = report.measured.is_good() || trace.is_some();
        #[cfg(feature = "profile")]
        let report = format!("{report}\n{}", memzone::stats::sites());
        Ok((report, is_good))
    })
}

/// Takes `--trace OUT.json` from the arguments, if it is the first of them.
fn start_trace(arguments: &[OsString]) -> Result<(Option<trace::Trace>, &[OsString]), String> {
    match arguments {
        [option, path, rest @ ..] if option == "--trace" => {
            Ok((Some(trace::start(Path::new(path))?), rest))
        }
        [option] if option == "--trace" => Err(USAGE.to_owned()),
        arguments => Ok((None, arguments)),
    }
}

/// All the work; what goes wrong is told in one line.
fn run(arguments: &[OsString]) -> Result<Report, String> {
    match arguments {
        [] => denoise_chord(),
        [input] => denoise_file(Path::new(input), &default_output(Path::new(input))),
        [input, output] => denoise_file(Path::new(input), Path::new(output)),
        _ => Err(USAGE.to_owned()),
    }
}

/// `IN-denoised.wav`, in the current directory.
fn default_output(input: &Path) -> PathBuf {
    let mut name = input.file_stem().unwrap_or_default().to_owned();
    name.push("-denoised.wav");
    PathBuf::from(name)
}

/// Denoises a file. There is no clean version of it to compare with.
fn denoise_file(input: &Path, output: &Path) -> Result<Report, String> {
    if unfinished::are_same_file(input, output) {
        return Err(format!("{}: is both the input and the output", input.display()));
    }
    let sound = Sound::read(input)?;
    let draft = Draft::create(output, sound.spec)?;
    let run = denoise(&sound)?;
    let snr = Snr::estimated(sound.channels(), &sound.samples, &run.output);
    finish(&input.display().to_string(), sound, run, snr, draft)
}

/// Denoises a chord that the program makes itself, so that the clean sound is known.
fn denoise_chord() -> Result<Report, String> {
    let target = Path::new("target");
    let folder = if target.is_dir() { target.to_owned() } else { env::temp_dir() };
    let (clean, sound) = chord::in_noise();
    let draft = Draft::create(&folder.join("denoise.wav"), sound.spec)?;
    let run = denoise(&sound)?;
    let snr = Some(Snr::measured(&clean, &sound.samples, &run.output));
    finish("a chord in noise", sound, run, snr, draft)
}

/// Writes the output in the format of the input.
fn finish(
    input: &str,
    sound: Sound,
    run: Run,
    snr: Option<Snr>,
    mut draft: Draft,
) -> Result<Report, String> {
    let title = format!("{input} -> {}", draft.path().display());
    draft.write(&run.output)?;
    let gate::Memory { scopes, state, block, scratch } = run.memory;
    Ok(Report {
        title,
        format: draft.finish()?,
        work: Work {
            name: "block",
            size: format!("{BLOCK} frames"),
            deadline: Duration::from_secs(BLOCK as u64) / sound.rate(),
        },
        measured: run.measured,
        scopes,
        zones: vec![("state", state), ("block", block), ("scratch", scratch)],
        rows: snr::rows(snr.as_ref()),
    })
}

/// What came of a run.
struct Run {
    /// The clean samples: as many as the input has, and at the same places.
    output: Vec<f32>,
    measured: Measured,
    memory: gate::Memory,
}

/// Feeds the sound to a gate, one block at a time, as a sound card would.
fn denoise(sound: &Sound) -> Result<Run, String> {
    let channels = sound.channels();
    let frames = sound.samples.len() / channels;
    let blocks = (frames + LATENCY).div_ceil(BLOCK);

    // All that the thread needs from here on is made now, and its pages are touched.
    rt::prepare_thread(&gate::plan()).map_err(|error| format!("no memory: {error}"))?;
    let bytes = gate::state_bytes(channels);
    let zone = Zone::builder().name("gate").capacity(bytes).fixed().prefault().build();
    let mut gate = Gate::new(&zone, channels, sound.rate());
    let mut block = vec![0.0; BLOCK * channels];
    let mut output = Vec::with_capacity(blocks * block.len());

    let mut measured = Measured::new(blocks);
    let bar = meter::progress_bar(blocks);
    for index in 0..blocks {
        fill(&mut block, &sound.samples, index);
        let lap = meter::lap(|| gate.process(&mut block));
        measured.add(lap.map_err(|error| format!("block {}: {error}", index + 1))?);
        bar.inc(1);
        output.extend_from_slice(&block);
    }
    bar.finish_and_clear();

    output.drain(..LATENCY * channels);
    output.truncate(sound.samples.len());
    Ok(Run { output, measured, memory: gate.memory() })
}

/// Copies block number `index` of the samples, with silence after their end.
fn fill(block: &mut [f32], samples: &[f32], index: usize) {
    let rest = samples.get(index * block.len()..).unwrap_or_default();
    let len = rest.len().min(block.len());
    block[..len].copy_from_slice(&rest[..len]);
    block[len..].fill(0.0);
}
