//! A game's frames without a game: 20,000 bodies that move, collide, are seen and make events.
//!
//! ```text
//! cargo run --release --example game_loop -- [--with zones|vec] [--frames N] [OUT.svg]
//! ```
//!
//! To learn memzone, read `zones.rs`: the lists of a frame are in a zone that is reset when the frame is over, and
//! what a system needs on the way is in a scope of its own. `vecs.rs` is the same, function by function, with `Vec`,
//! `vec!` and `String`, so `diff` shows what to change in a program of yours. Both are run, unless one is asked for, and
//! must come to the same result. The rest is the world (`world.rs`), what is measured (`measure.rs`) and the plot
//! (`plot.rs`). Three files are shared with the example `denoise`.

#[path = "../denoise/cli.rs"]
mod cli;
#[path = "../denoise/counting.rs"]
mod counting;
mod measure;
mod plot;
#[path = "../denoise/unfinished.rs"]
#[allow(dead_code, reason = "this example reads no file")]
mod unfinished;
mod vecs;
mod world;
mod zones;

use crate::measure::{Report, Run};
use crate::unfinished::Unfinished;
use crate::world::World;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: game_loop [--with zones|vec] [--frames N] [OUT.svg]";

const HELP: &str = "usage: game_loop [--with zones|vec] [--frames N] [OUT.svg]

Runs the frames with their memory in zones and then with Vecs, and prints both.
Without OUT.svg, the plot of the frame times is target/game_loop.svg, or one in the
folder for temporary files where there is no target.

  --with zones|vec  only one of the two
  --frames N        how many frames, 1 to 100000; 600 without
";

const FRAMES: usize = 600;

fn main() -> ExitCode {
    cli::main(HELP, run)
}

/// What the arguments ask for.
struct Arguments {
    zones: bool,
    vecs: bool,
    frames: usize,
    output: PathBuf,
}

fn understand(arguments: &[OsString]) -> Result<Arguments, String> {
    let folder = Some(PathBuf::from("target")).filter(|target| target.is_dir());
    let output = folder.unwrap_or_else(env::temp_dir).join("game_loop.svg");
    let mut understood = Arguments { zones: true, vecs: true, frames: FRAMES, output };
    let mut paths = 0;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--with") => match rest.next().and_then(|value| value.to_str()) {
                Some("zones") => understood.vecs = false,
                Some("vec") => understood.zones = false,
                _ => return Err(format!("--with: expected zones or vec; {USAGE}")),
            },
            Some("--frames") => {
                let value = rest.next().and_then(|value| value.to_str()?.parse().ok());
                understood.frames =
                    value.filter(|frames| (1..=100_000).contains(frames)).ok_or_else(|| {
                        format!("--frames: expected a number from 1 to 100000; {USAGE}")
                    })?;
            }
            Some(option) if option.starts_with('-') => {
                return Err(format!("{}: is no option; {USAGE}", option.escape_default()));
            }
            _ => {
                understood.output = PathBuf::from(argument);
                paths += 1;
            }
        }
    }
    if paths > 1 || !(understood.zones || understood.vecs) {
        return Err(USAGE.to_owned());
    }
    Ok(understood)
}

fn run(arguments: &[OsString]) -> Result<(Report, bool), String> {
    let Arguments { zones, vecs, frames, output } = understand(arguments)?;
    // Before the work: that it cannot be written is known at once.
    let draft = Unfinished::create(&output)?;
    let mut runs = Vec::new();
    if zones {
        runs.push(run_zones(frames)?);
    }
    if vecs {
        let mut world = World::new();
        runs.push(Run::of("vec", frames, || vecs::frame(&mut world)));
    }
    draw(&runs, draft)?;
    let report = Report { runs, frames, plot: output.display().to_string() };
    let is_good = report.is_good();
    Ok((report, is_good))
}

fn run_zones(frames: usize) -> Result<Run, String> {
    let mut world = World::new();
    let mut frame = zones::prepare().map_err(|error| format!("no memory: {error}"))?;
    let mut run = Run::of("zones", frames, || zones::frame(&mut world, &mut frame));
    run.high_water = Some(frame.high_water());
    Ok(run)
}

fn draw(runs: &[Run], (file, mut out): (Unfinished, std::fs::File)) -> Result<(), String> {
    let svg = plot::draw(runs).map_err(|cause| file.error(&cause))?;
    std::io::Write::write_all(&mut out, svg.as_bytes())
        .and_then(|()| file.finish())
        .map_err(|cause| file.error(&cause))
}
