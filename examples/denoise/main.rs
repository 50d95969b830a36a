//! Takes the noise out of a recording, block by block, with all of its memory in zones.
//!
//! ```text
//! cargo run --release --example denoise -- [IN.wav] [OUT.wav]
//! ```
//!
//! To learn memzone, read `gate.rs`: what lives as long as the program is in a zone of the
//! caller's, what lives as long as a block is in a scope around the block, and what lives as long
//! as one transform is in a scope inside that one. The rest of the files are about WAV files
//! (`wav.rs`), the input that the program makes for itself (`chord.rs`), how much better the sound
//! got (`snr.rs`), what was asked of the system (`counting.rs`) and the table at the end
//! (`report.rs`).

mod chord;
mod counting;
mod gate;
mod report;
mod snr;
mod wav;

use crate::gate::{BLOCK, Gate, LATENCY};
use crate::report::{Report, WARM_UP};
use crate::snr::Snr;
use crate::wav::{Draft, Sound};
use indicatif::{ProgressBar, ProgressStyle};
use memzone::Zone;
use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: denoise [IN.wav] [OUT.wav]";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print(format_args!(
            "{USAGE}\n\n\
             Without IN.wav, the input is a chord in noise, made by the program itself.\n\
             Without OUT.wav, the output is IN-denoised.wav in the current directory.\n"
        ));
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(report) => {
            print(format_args!("{report}"));
            if report.late_bytes == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// Prints to the standard output. That nobody may be reading it any more is no error here.
fn print(text: std::fmt::Arguments<'_>) {
    let _ = io::stdout().write_fmt(text);
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
    if wav::are_same_file(input, output) {
        return Err(format!("{}: is both the input and the output", input.display()));
    }
    let sound = Sound::read(input)?;
    let draft = Draft::create(output)?;
    let run = denoise(&sound);
    let snr = Snr::estimated(sound.channels(), &sound.samples, &run.output);
    finish(&input.display().to_string(), sound, run, snr, draft)
}

/// Denoises a chord that the program makes itself, so that the clean sound is known.
fn denoise_chord() -> Result<Report, String> {
    let target = Path::new("target");
    let folder = if target.is_dir() { target.to_owned() } else { env::temp_dir() };
    let draft = Draft::create(&folder.join("denoise.wav"))?;
    let (clean, sound) = chord::in_noise();
    let run = denoise(&sound);
    let snr = Some(Snr::measured(&clean, &sound.samples, &run.output));
    finish("a chord in noise", sound, run, snr, draft)
}

/// Writes the output in the format of the input.
fn finish(
    input: &str,
    sound: Sound,
    run: Run,
    snr: Option<Snr>,
    draft: Draft,
) -> Result<Report, String> {
    let title = format!("{input} -> {}", draft.path().display());
    let clean = Sound { samples: run.output, ..sound };
    draft.finish(&clean)?;
    let Run { times, late_bytes, memory, .. } = run;
    Ok(Report {
        title,
        format: clean.to_string(),
        rate: clean.rate(),
        times,
        late_bytes,
        memory,
        snr,
    })
}

/// What came of a run.
struct Run {
    /// The clean samples: as many as the input has, and at the same places.
    output: Vec<f32>,
    /// How long each block took.
    times: Vec<Duration>,
    /// What the blocks after the first [`WARM_UP`] asked of the system.
    late_bytes: u64,
    memory: gate::Memory,
}

/// Feeds the sound to a gate, one block at a time, as a sound card would.
fn denoise(sound: &Sound) -> Run {
    let channels = sound.channels();
    let frames = sound.samples.len() / channels;
    let blocks = (frames + LATENCY).div_ceil(BLOCK);

    let zone = Zone::builder().name("gate").capacity(gate::state_bytes(channels)).build();
    let mut gate = Gate::new(&zone, channels, sound.rate());
    let mut block = vec![0.0; BLOCK * channels];
    let mut output = Vec::with_capacity(blocks * block.len());
    let mut times = Vec::with_capacity(blocks);
    let mut late_bytes = 0;

    let bar = progress_bar(blocks);
    for index in 0..blocks {
        fill(&mut block, &sound.samples, index);
        let asked_before = counting::bytes_asked();
        let start = Instant::now();
        gate.process(&mut block);
        times.push(start.elapsed());
        if index >= WARM_UP {
            late_bytes += counting::bytes_asked() - asked_before;
        }
        output.extend_from_slice(&block);
        bar.inc(1);
    }
    bar.finish_and_clear();

    output.drain(..LATENCY * channels);
    output.truncate(sound.samples.len());
    Run { output, times, late_bytes, memory: gate.memory() }
}

/// Copies block number `index` of the samples, with silence after their end.
fn fill(block: &mut [f32], samples: &[f32], index: usize) {
    let rest = samples.get(index * block.len()..).unwrap_or_default();
    let len = rest.len().min(block.len());
    block[..len].copy_from_slice(&rest[..len]);
    block[len..].fill(0.0);
}

/// On the standard error; it hides itself where that is no terminal.
fn progress_bar(blocks: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} blocks, {eta} left")
        .expect("the template is well-formed");
    ProgressBar::new(blocks as u64).with_style(style)
}
