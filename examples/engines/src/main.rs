//! Engines of others, unchanged, beside the system's allocator and `RtAlloc`: what they ask of the allocator in the
//! blocks that they render, what RealtimeSanitizer finds there, and how long the blocks take.
//!
//! `examples/engines/run` builds it twice and prints the table. `engines one glicol rt quiet` plays one of them.

mod glicol_code;
mod meter;
mod rodio_sources;
mod table;
mod web_audio;

use memzone::RtAlloc;
use meter::{Counting, Meter};
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

#[global_allocator]
static MEMORY: RtAlloc<Counting> = RtAlloc::new(Counting);

/// The blocks that are played before the meter runs, and those that it measures.
const WARM_UP: usize = 200;
const BLOCKS: usize = 3000;
/// The frames of a block.
const FRAMES: usize = 128;
const RATE: u32 = 48_000;

/// What each of them plays, with the meter around each block.
const ENGINES: [(&str, fn(Meter) -> Meter); 3] = [
    ("glicol", glicol_code::play),
    ("rodio", rodio_sources::play),
    ("web-audio-api", web_audio::play),
];

/// Plays one engine on a thread of its own, and prints what the meter says.
fn one(engine: &str, with_heap: bool, with_rival: bool) -> ExitCode {
    let Some(&(_, play)) = ENGINES.iter().find(|(name, _)| *name == engine) else {
        eprintln!("no engine {engine}");
        return ExitCode::from(2);
    };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        if with_rival {
            scope.spawn(|| allocate_until(&stop));
        }
        let audio = scope.spawn(|| play(Meter::new(with_heap)).line());
        let line = audio.join();
        stop.store(true, Relaxed);
        println!("{}", line.expect("the engine plays"));
    });
    ExitCode::SUCCESS
}

/// Takes and frees memory of all sizes, as the other threads of a program do.
fn allocate_until(stop: &AtomicBool) {
    let mut kept: Vec<Vec<u8>> = (0..256).map(|_| Vec::new()).collect();
    let mut number = 1_usize;
    while !stop.load(Relaxed) {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let size = 1 << (number >> 33 & 15);
        kept[number >> 50 & 255] = black_box(vec![1; size]);
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["one", engine, heap, rival] => one(engine, *heap == "rt", *rival == "rival"),
        ["table", sanitized] => table::print(sanitized),
        _ => {
            eprintln!(
                "engines one ENGINE (system|rt) (quiet|rival), engines table SANITIZED-PROGRAM"
            );
            ExitCode::from(2)
        }
    }
}
