//! Takes the noise out of a video and makes it sharper, frame by frame, with all of its memory in zones.
//!
//! ```text
//! cargo run --release --example video -- [IN.y4m | -] [OUT.y4m | -]
//! ffmpeg -v error -i IN.mkv -f yuv4mpegpipe - | video - | ffplay -
//! ```
//!
//! To learn memzone, read `filter.rs`: what lives as long as the stream is in a zone of the caller's, what
//! lives until a frame is written is in a zone of that frame's, which is reset for the next one, and what
//! lives as long as a plane is worked on is in a scope. The rest of the files are about rows of samples (`rows.rs`),
//! Y4M streams (`stream.rs`), and the video that the program makes for itself (`card.rs`). Five files are shared
//! with the example `denoise`.

mod card;
#[path = "../denoise/counting.rs"]
mod counting;
mod filter;
#[path = "../denoise/meter.rs"]
mod meter;
#[path = "../denoise/report.rs"]
mod report;
mod rows;
mod stream;
#[cfg(test)]
mod tests;
#[path = "../denoise/tiny.rs"]
mod tiny;
#[path = "../denoise/unfinished.rs"]
mod unfinished;

use crate::card::{Card, Noise};
use crate::filter::Filter;
use crate::meter::Measured;
use crate::report::{Report, Row, Work};
use crate::rows::Rows;
use crate::stream::{Format, Input};
use crate::unfinished::Unfinished;
use memzone::{Zone, ZoneError, rt};
use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: video [IN.y4m | -] [OUT.y4m | -]";
/// Bytes that are read or written at a time.
const BUFFER: usize = 1 << 20;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        // That nobody may be reading it any more is no error here.
        let _ = writeln!(
            io::stdout(),
            "{USAGE}\n\n\
             Without IN.y4m, the input is a test card in noise, made by the program itself.\n\
             Without OUT.y4m, the output is IN-denoised.y4m in the current directory.\n\
             `-` is the standard input or output; the output of `-` is `-`, where no other is named."
        );
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(Done { report, fault: None }) => {
            print(&report);
            if report.measured.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(Done { report, fault: Some(fault) }) => {
            print(&report);
            eprintln!("{fault}");
            ExitCode::from(2)
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// To the standard error, as the standard output may be the stream's.
fn print(report: &Report) {
    let _ = write!(io::stderr(), "{report}");
}

/// What came of a run.
struct Done {
    report: Report,
    /// What ended the stream too early.
    fault: Option<String>,
}

/// All the work; what goes wrong is told in one line.
fn run(arguments: &[OsString]) -> Result<Done, String> {
    match arguments {
        [] => denoise_card(),
        [input] if input == "-" => denoise_stream(Path::new("-"), Path::new("-")),
        [input] => denoise_stream(Path::new(input), &default_output(Path::new(input))),
        [input, output] => denoise_stream(Path::new(input), Path::new(output)),
        _ => Err(USAGE.to_owned()),
    }
}

/// `IN-denoised.y4m`, in the current directory.
fn default_output(input: &Path) -> PathBuf {
    let mut name = input.file_stem().unwrap_or_default().to_owned();
    name.push("-denoised.y4m");
    PathBuf::from(name)
}

/// Denoises a test card that the program makes itself, so that the clean one is known.
fn denoise_card() -> Result<Done, String> {
    let target = Path::new("target");
    let folder = if target.is_dir() { target.to_owned() } else { env::temp_dir() };
    let output = Output::create(&folder.join("video.y4m"))?;
    let bar = meter::progress_bar(card::FRAMES);
    let mut noise = Noise::default();
    let mut number = 0;
    let done =
        denoise("a test card in noise", BufReader::new(Card::new()), output, |before, after| {
            noise.take_in(number, before, after.iter().flatten().copied());
            number += 1;
            bar.inc(1);
        });
    bar.finish_and_clear();
    let mut done = done?;
    let [before, after] = noise.ratios();
    let unit = || "dB     against the clean card".to_owned();
    let row = |label, value| Row { label, value: format!("{value:.1}"), unit: unit() };
    done.report.rows.extend([
        row("signal-to-noise ratio, before", before),
        row("signal-to-noise ratio, after", after),
    ]);
    Ok(done)
}

/// Denoises a file, or a stream from another program.
fn denoise_stream(input: &Path, output: &Path) -> Result<Done, String> {
    if unfinished::are_same_file(input, output) {
        return Err(format!("{}: is both the input and the output", input.display()));
    }
    if input == Path::new("-") {
        if io::stdin().is_terminal() {
            return Err("standard input: is a terminal; pipe a stream into it".to_owned());
        }
        let reader = BufReader::with_capacity(BUFFER, io::stdin());
        return denoise("standard input", reader, Output::create(output)?, |_, _| {});
    }
    let name = input.display().to_string();
    let error = |reason: &dyn Display| format!("{name}: {reason}");
    let file = File::open(input).map_err(|cause| error(&cause))?;
    let metadata = file.metadata().map_err(|cause| error(&cause))?;
    if metadata.is_dir() {
        return Err(error(&"is a directory"));
    }
    let reader = BufReader::with_capacity(BUFFER, file);
    denoise(&name, reader, Output::create(output)?, |_, _| {})
}

/// Reads, filters and writes frame by frame. `look` sees the brightness of each, before and after.
fn denoise(
    name: &str,
    reader: impl BufRead,
    mut output: Output,
    mut look: impl FnMut(&[u8], &Rows<'_, u8>),
) -> Result<Done, String> {
    let of_input = |reason: String| format!("{name}: {reason}");
    let mut input = Input::open(reader).map_err(of_input)?;
    let format = input.format.clone();

    // All that the thread needs from here on is made now, and its pages are touched.
    let no_memory = |error: ZoneError| of_input(format!("no memory for its frames: {error}"));
    rt::prepare_thread(&filter::plan(&format)).map_err(no_memory)?;
    let zone =
        |name, bytes| Zone::builder().name(name).capacity(bytes).fixed().prefault().try_build();
    let state = zone("filter", filter::state_bytes(&format)).map_err(no_memory)?;
    let mut frame_zone = zone("frame", filter::frame_bytes(&format)).map_err(no_memory)?;
    let mut filter = Filter::new(&state, &format).map_err(no_memory)?;

    let mut measured = Measured::new(0);
    let mut noise = 0.0;
    let mut fault = None;
    loop {
        let frame = match input.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(reason) => {
                fault = Some(of_input(reason));
                break;
            }
        };
        let packed = [frame.get_y_plane(), frame.get_u_plane(), frame.get_v_plane()];
        let mut shown = &[][..];
        let lap = meter::lap(|| {
            shown = filter.process(packed, &frame_zone)?;
            Ok(())
        });
        let number = measured.times.len() + 1;
        measured.add(lap.map_err(|error| of_input(format!("frame {number}: {error}")))?);
        noise += f64::from(filter.noise());
        look(packed[0], &shown[0]);
        if number == 1 {
            output.write(|writer| stream::write_header(writer, &format))?;
        }
        output.write(|writer| stream::write_frame(writer, shown, frame.get_raw_params()))?;
        // The frame is written: its memory is the next one's.
        frame_zone.reset().map_err(|error| of_input(error.to_string()))?;
        if output.is_closed {
            break;
        }
    }
    if measured.times.is_empty() {
        return Err(fault.unwrap_or_else(|| of_input("there are no frames in it".to_owned())));
    }
    let title = format!("{name} -> {}", output.name());
    output.finish()?;
    let noise = noise / measured.times.len() as f64;
    Ok(Done { report: report(title, &format, measured, &filter, noise), fault })
}

fn report(
    title: String,
    format: &Format,
    measured: Measured,
    filter: &Filter<'_>,
    noise: f64,
) -> Report {
    let Format { width, height, depth, rate: (frames, seconds), .. } = *format;
    let colour = match format.colour {
        None => "grey",
        Some(size) if size == (width, height) => "4:4:4",
        Some((_, lines)) if lines == height => "4:2:2",
        Some(_) => "4:2:0",
    };
    let lines = if format.is_interlaced { "interlaced" } else { "progressive" };
    let rate = frames as f64 / seconds as f64;
    let filter::Memory { scopes, state, frame, scratch } = filter.memory();
    Report {
        title,
        format: format!("{rate:.2} frames a second, {colour}, {depth} bits, {lines}"),
        work: Work {
            name: "frame",
            size: format!("{width} x {height} pixels"),
            deadline: format.deadline(),
        },
        measured,
        scopes,
        zones: vec![("state", state), ("frame", frame), ("scratch", scratch)],
        rows: vec![Row {
            label: "deviation of the noise, estimated",
            value: format!("{noise:.1}"),
            unit: "steps of 8 bits".to_owned(),
        }],
    }
}

/// Where the frames go: the standard output, or a file that has its name only when it is finished.
struct Output {
    file: Option<Unfinished>,
    writer: BufWriter<Box<dyn Write>>,
    /// Whether nobody reads it any more: a player was closed.
    is_closed: bool,
}

impl Output {
    fn create(path: &Path) -> Result<Output, String> {
        let (file, writer): (_, Box<dyn Write>) = if path == Path::new("-") {
            if io::stdout().is_terminal() {
                return Err(
                    "standard output: is a terminal; name a file, or pipe it into a player"
                        .to_owned(),
                );
            }
            (None, Box::new(io::stdout().lock()))
        } else {
            let (unfinished, file) = Unfinished::create(path)?;
            (Some(unfinished), Box::new(file))
        };
        Ok(Output { file, writer: BufWriter::with_capacity(BUFFER, writer), is_closed: false })
    }

    fn name(&self) -> String {
        match &self.file {
            Some(file) => file.path().display().to_string(),
            None => "standard output".to_owned(),
        }
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), String> {
        match write(&mut self.writer) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.is_closed = true,
            result => result.map_err(|cause| self.error(&cause))?,
        }
        Ok(())
    }

    fn error(&self, cause: &dyn Display) -> String {
        match &self.file {
            Some(file) => file.error(cause),
            None => format!("standard output: cannot be written: {cause}"),
        }
    }

    /// Writes what is left, and gives a file its name.
    fn finish(mut self) -> Result<(), String> {
        if !self.is_closed {
            self.write(|writer| writer.flush())?;
        }
        self.file.as_ref().map_or(Ok(()), Unfinished::finish).map_err(|cause| self.error(&cause))
    }
}
