//! Plays a patch whose closures another thread redefines while it plays.
//!
//! ```text
//! cargo run --release --example live_coding -- [--paced] [--repl] [--raw] [IN] [OUT.wav]
//! cargo run --release --example live_coding -- --repl - | aplay
//! ```
//!
//! To learn memzone, read `patch.rs`, the definitions, each of which owns a zone; then `player.rs`,
//! the audio thread's side, with the state that outlives them; then `conductor.rs`, the thread that
//! redefines. The others are what a program needs around that: lines that are typed (`command.rs`,
//! `repl.rs`) or not (`score.rs`), the pace of a sound card (`clock.rs`), the sound that is played
//! without a file (`material.rs`, `notes.rs`), the file or the stream that is written (`output.rs`,
//! `stream.rs`) and the plot (`plot.rs`). Eight files are shared with the example `denoise`. The patch,
//! the player, the commands, the score and the notes are also played by a web page: `examples/web`.

mod clock;
mod command;
mod conductor;
#[path = "../denoise/counting.rs"]
mod counting;
#[path = "../denoise/draft.rs"]
mod draft;
mod material;
#[path = "../denoise/meter.rs"]
mod meter;
mod notes;
mod output;
mod patch;
mod player;
mod plot;
mod repl;
#[path = "../denoise/report.rs"]
mod report;
mod score;
#[path = "../denoise/sound.rs"]
mod sound;
mod stream;
#[path = "../denoise/tiny.rs"]
mod tiny;
#[path = "../denoise/unfinished.rs"]
mod unfinished;
#[path = "../denoise/wav.rs"]
mod wav;

use crate::clock::{Card, Clock};
use crate::conductor::{Conducted, Conductor, FADE_OUT};
use crate::draft::Draft;
use crate::output::{Output, Played, Written};
use crate::patch::{DESTROYED, Frame, MADE};
use crate::player::{BLOCK, BLOCK_BYTES, Player};
use crate::plot::Plot;
use crate::repl::Session;
use crate::report::{Report, Row, Work};
use crate::score::SCORE;
use crate::sound::Sound;
use crate::stream::Stream;
use crate::unfinished::Unfinished;
use hound::WavSpec;
use memzone::Zone;
use memzone::rt::{self, Plan, Policy};
use rtrb::Producer;
use signal_hook::consts::SIGINT;
use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

const USAGE: &str = "usage: live_coding [--paced] [--repl] [--raw] [IN] [OUT.wav]";

const HELP: &str = "
IN is a WAV, AIFF, CAF, FLAC, Ogg Vorbis or MP3 file of one or two channels.
Without IN, it plays a pattern of its own.
Without OUT.wav, the output is IN-live.wav in the current directory.
A plot goes beside it, with .svg in the place of .wav.
With - as OUT.wav, the samples go to the standard output as they are played:
  live_coding --repl - | aplay              or  .. | ffplay -


  --paced  play at the speed of a sound card, not as fast as can be
  --repl   play at that speed, again and again, and read definitions from the
           standard input meanwhile:
           osc HZ                  a saw; 0 is silent
           lowpass HZ Q            a filter
           delay SECONDS FEEDBACK  an echo
           grain MILLISECONDS      a cloud of grains; 0 has none
           list                    what plays
           help                    these lines, in short
           stop, quit              the end
  --raw    with -, the samples alone: 16 bits, two channels, little-endian
";

/// Seconds for which echoes and grains go on after the input.
const TAIL: f32 = 2.0;

/// What the arguments ask for.
#[derive(Default)]
struct Arguments {
    paced: bool,
    repl: bool,
    /// No WAV header before the samples.
    raw: bool,
    /// Whether samples go to the standard output.
    stream: bool,
    paths: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print(format_args!("{USAGE}\n{HELP}"));
        return ExitCode::SUCCESS;
    }
    match understand(&arguments).and_then(|arguments| run(&arguments)) {
        Ok((report, is_good, is_aside)) => {
            if is_aside {
                repl::tell(format_args!("{report}"));
            } else {
                print(format_args!("{report}"));
            }
            if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(message) => {
            repl::tell(format_args!("{message}"));
            ExitCode::from(2)
        }
    }
}

/// Prints to the standard output. That nobody may be reading it any more is no error here.
fn print(text: std::fmt::Arguments<'_>) {
    let _ = io::stdout().write_fmt(text);
}

fn understand(arguments: &[OsString]) -> Result<Arguments, String> {
    let mut understood = Arguments::default();
    for argument in arguments {
        match argument.to_str() {
            Some("--paced") => understood.paced = true,
            Some("--repl") => understood.repl = true,
            Some("--raw") => understood.raw = true,
            Some("-") if !understood.stream => understood.stream = true,
            Some(option) if option.starts_with('-') => {
                return Err(format!("{}: is no option; {USAGE}", option.escape_default()));
            }
            _ => understood.paths.push(PathBuf::from(argument)),
        }
    }
    if understood.raw && !understood.stream {
        return Err("--raw: is for the standard output, with - as OUT.wav".to_owned());
    }
    let files = understood.paths.len() + usize::from(understood.stream);
    if files > 2 { Err(USAGE.to_owned()) } else { Ok(understood) }
}

/// A report, whether nothing went wrong, and whether something else goes to the standard output.
type Done = (Report, bool, bool);

/// All the work; what goes wrong is told in one line.
fn run(arguments: &Arguments) -> Result<Done, String> {
    match &arguments.paths[..] {
        [] => {
            let target = Path::new("target");
            let folder = if target.is_dir() { target.to_owned() } else { env::temp_dir() };
            let output = folder.join("live_coding.wav");
            play(arguments, "a plucked pattern", &material::pattern(), &output)
        }
        [input] => play_file(arguments, input, &default_output(input)),
        [input, output, ..] => play_file(arguments, input, output),
    }
}

/// `IN-live.wav`, in the current directory.
fn default_output(input: &Path) -> PathBuf {
    let mut name = input.file_stem().unwrap_or_default().to_owned();
    name.push("-live.wav");
    PathBuf::from(name)
}

fn play_file(arguments: &Arguments, input: &Path, output: &Path) -> Result<Done, String> {
    for (output, what) in [(output, "output"), (&plot::path(output), "plot")] {
        if !arguments.stream && unfinished::are_same_file(input, output) {
            return Err(format!("{}: is both the input and the {what}", input.display()));
        }
    }
    let sound = Sound::read(input)?;
    play(arguments, &input.display().to_string(), &sound, output)
}

/// Where the sound goes, the title of the report, and the plot's file, which a stream has not.
type Opened = (Output, String, Option<(Unfinished, File)>);

fn open(
    arguments: &Arguments,
    input: &str,
    spec: WavSpec,
    output: &Path,
) -> Result<Opened, String> {
    if arguments.stream {
        let stream = Stream::begin(spec.sample_rate, !arguments.raw)?;
        return Ok((Output::Stream(stream), format!("{input} -> standard output"), None));
    }
    let draft = Draft::create(output, WavSpec { channels: 2, ..spec })?;
    let plot_path = plot::path(output);
    if plot_path == output {
        return Err(format!("{}: is what the plot is called", output.display()));
    }
    let title = format!("{input} -> {}, {}", draft.path().display(), plot_path.display());
    Ok((Output::File(Box::new(draft)), title, Some(Unfinished::create(&plot_path)?)))
}

/// Plays a sound through the patch.
fn play(arguments: &Arguments, input: &str, sound: &Sound, output: &Path) -> Result<Done, String> {
    // Before there are files, which would be removed at Ctrl-C.
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, Arc::clone(&interrupted))
        .map_err(|error| format!("cannot be told of Ctrl-C: {error}"))?;
    let (mut to, title, plot) = open(arguments, input, sound.spec, output)?;

    let rate = sound.rate() as f32;
    let frames = sound.samples.len() / sound.channels();
    let blocks = (frames + (TAIL * rate) as usize).div_ceil(BLOCK);
    let is_paced = arguments.paced || arguments.repl;
    let (session, lines) = arguments.repl.then(Session::begin).unzip();
    let clock = Clock::new(
        if arguments.repl { usize::MAX } else { blocks },
        if is_paced { usize::MAX } else { 0 },
    );
    let bar = (!arguments.repl).then(|| meter::progress_bar(blocks));

    // This is the audio thread. All that it needs is there before it starts.
    let plan = Plan::new().scopes(1, BLOCK_BYTES).default_zone(0);
    let failed = |error: memzone::ZoneError| error.to_string();
    rt::prepare_thread(&plan).map_err(failed)?;
    let zone = Zone::builder().name("state").capacity(player::state_bytes(rate));
    let zone = zone.fixed().prefault().try_build().map_err(failed)?;
    let (conductor, callers) = Conductor::new(&clock, &interrupted, rate).map_err(failed)?;
    let mut player = Player::new(&zone, rate, callers);
    let (to_writer, blocks_played) = output::ring();
    let period = is_paced.then(|| Duration::from_secs_f64(BLOCK as f64 / f64::from(rate)));

    let (conducted, written, audio) = thread::scope(|threads| {
        let conductor = threads.spawn(move || match lines {
            Some(lines) => conductor.play_lines(&lines, blocks),
            None => conductor.play_score(blocks),
        });
        let writer = threads.spawn(|| output::write(blocks_played, &mut to, bar.as_ref()));
        let audio = play_blocks(&mut player, sound, blocks, Card::new(&clock, period), to_writer);
        // The conductor destroys what it leaves.
        drop(player);
        (join(conductor), join(writer), audio)
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if let Some(session) = session {
        session.end();
    }
    let Written { measured, extremes } = written?;

    let deadline = Duration::from_secs_f64(BLOCK as f64 / f64::from(rate));
    let other_bytes = zone.capacity();
    let plot = match plot {
        Some((plot_file, plot_writer)) => {
            let (times, conducted) = (&measured.times, &conducted);
            let plot = Plot { block: deadline, extremes: &extremes, times, conducted, other_bytes };
            plot.write(plot_writer).map_err(|cause| plot_file.error(&cause))?;
            Some(plot_file)
        }
        None => None,
    };

    let definitions = conducted.held.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0);
    let is_score = !arguments.repl && !interrupted.load(Relaxed);
    let expected = if is_score { SCORE.len() } else { conducted.taken.len() };
    let rows = rows(&conducted, &audio, expected, is_paced);
    let is_good = measured.is_good()
        && audio.section.asked() == 0
        && audio.section.denied() == 0
        && audio.taken_up == expected as u64
        && MADE.load(Relaxed) == DESTROYED.load(Relaxed);
    let format = to.finish()?;
    if let Some(plot) = plot {
        plot.finish().map_err(|cause| plot.error(&cause))?;
    }
    let report = Report {
        title,
        format,
        work: Work {
            name: "block",
            size: format!("{BLOCK} frames"),
            deadline: Duration::from_secs(BLOCK as u64) / sound.rate(),
        },
        measured,
        scopes: audio.blocks,
        zones: vec![
            ("state", zone.high_water()),
            ("definitions", definitions),
            ("block", audio.block_bytes),
        ],
        rows,
    };
    Ok((report, is_good, arguments.stream))
}

/// What a thread returned. Where it has panicked, so does this one.
fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What the audio thread came to.
struct Audio {
    section: rt::Report,
    /// Each has one scope.
    blocks: usize,
    taken_up: u64,
    /// Blocks that were not ready in time.
    late: usize,
    block_bytes: usize,
}

/// The audio thread's work: block after block, in a section in which memzone asks the system for nothing.
fn play_blocks(
    player: &mut Player<'_>,
    sound: &Sound,
    pass: usize,
    mut card: Card<'_>,
    mut to_writer: Producer<Played>,
) -> Audio {
    let mut input = [[0.0; 2]; BLOCK];
    let mut frames = [[0.0; 2]; BLOCK];
    let section = rt::enter(Policy::Deny);
    let mut block = 0;
    while block < card.end() {
        card.wait(block);
        fill(&mut input, sound, block % pass);
        let left = card.end().saturating_sub(block);
        let lap = meter::lap(|| {
            player.play(&input, &mut frames)?;
            fade_out(&mut frames, left);
            Ok(())
        })
        .expect("it has not failed");
        card.take(block);
        block += 1;
        if !output::give(&mut to_writer, Played { frames, lap }) {
            card.stop();
        }
    }
    Audio {
        section: section.report(),
        blocks: block,
        taken_up: player.taken_up(),
        late: card.late,
        block_bytes: player.block_bytes,
    }
}

/// Copies block number `index` of a sound, with silence after its end.
fn fill(block: &mut [Frame; BLOCK], sound: &Sound, index: usize) {
    let channels = sound.channels();
    let rest = sound.samples.get(index * BLOCK * channels..).unwrap_or_default();
    block.fill([0.0; 2]);
    for (frame, samples) in block.iter_mut().zip(rest.chunks_exact(channels)) {
        *frame = [samples[0], samples[channels - 1]];
    }
}

/// Lets the last blocks fade away; `left` are to be played, this one among them.
fn fade_out(block: &mut [Frame; BLOCK], left: usize) {
    if left > FADE_OUT {
        return;
    }
    let all = (FADE_OUT * BLOCK) as f32;
    for (frame, left) in block.iter_mut().zip((0..left * BLOCK).rev()) {
        *frame = frame.map(|side| side * left as f32 / all);
    }
}

/// What the table says about this program only.
fn rows(conducted: &Conducted, audio: &Audio, expected: usize, is_paced: bool) -> Vec<Row> {
    let row = |label, value: &dyn ToString, unit: &str| Row {
        label,
        value: value.to_string(),
        unit: unit.to_owned(),
    };
    let mut rows = Vec::new();
    if is_paced {
        rows.push(row(
            "blocks that came too late",
            &audio.late,
            "woken late, without a real-time priority",
        ));
    }
    let made = MADE.load(Relaxed);
    rows.push(row("redefinitions taken up", &audio.taken_up, &format!("of {expected}")));
    if let Some(longest) = conducted.taken.iter().max_by_key(|redefinition| redefinition.wait) {
        let millis = format!("{:.2}", longest.wait.as_secs_f64() * 1e3);
        rows.push(row("longest wait for one", &millis, &format!("ms     {}", longest.text)));
    }
    let destroyed = DESTROYED.load(Relaxed);
    rows.push(row("closures reclaimed", &destroyed, &format!("of {made}")));
    rows
}
