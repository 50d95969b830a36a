//! A synth that plays in JACK's process callback, with all its memory in zones, or in `Vec`s to compare.
//!
//! ```text
//! examples/jack/run [SECONDS]         # starts JACK's dummy driver, and plays both ways
//! cargo run --release -- [--with zones|vec] [--seconds N]     # on a server that runs already
//! ```
//!
//! To learn memzone, read `callback.rs`, which prepares JACK's thread and wraps each block in a section
//! that lets nothing be asked of the system, and `zones.rs`, the synth's block loop; `vecs.rs` is the same
//! loop with `Vec`s. What both share is in `pluck.rs` (the strings' sound), `echo.rs` and `tune.rs`.
//! `counting.rs` counts what is asked of the system's allocator, and `table.rs` tells it all.

mod callback;
mod counting;
mod echo;
mod pluck;
mod table;
mod tune;
mod vecs;
mod zones;

use crate::callback::{Callback, Figures, Listener, Synth};
use crate::table::Table;
use jack::{AudioOut, Client, ClientOptions, PortFlags};
use memzone::Zone;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: memzone-jack [--with zones|vec] [--seconds N]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Options::parse(&arguments).and_then(|options| run(&options)) {
        Ok(Some(table)) => {
            print(format_args!("{table}"));
            if table.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(None) => {
            print(format_args!(
                "{USAGE}\n\nPlays a tune on the JACK server for N seconds, 10 if none are given.\n"
            ));
            ExitCode::SUCCESS
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

/// Where the synth has its memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    Zones,
    Vecs,
}

struct Options {
    memory: Memory,
    seconds: u32,
    help: bool,
}

/// The longest run, so that there is room to note the time of each callback.
const MOST_SECONDS: u32 = 24 * 3600;

impl Options {
    fn parse(arguments: &[String]) -> Result<Options, String> {
        let mut options = Options { memory: Memory::Zones, seconds: 10, help: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "-h" | "--help" => options.help = true,
                "--with" => {
                    options.memory = match arguments.next().map(String::as_str) {
                        Some("zones") => Memory::Zones,
                        Some("vec") => Memory::Vecs,
                        _ => return Err(format!("--with takes zones or vec; {USAGE}")),
                    }
                }
                "--seconds" => {
                    let number = arguments.next().and_then(|number| number.parse().ok());
                    options.seconds =
                        number
                            .filter(|number| (1..=MOST_SECONDS).contains(number))
                            .ok_or(format!("--seconds takes a number from 1 to {MOST_SECONDS}"))?;
                }
                other => return Err(format!("{other}: unknown; {USAGE}")),
            }
        }
        Ok(options)
    }
}

/// All the work; what goes wrong is told in one line.
fn run(options: &Options) -> Result<Option<Table>, String> {
    if options.help {
        return Ok(None);
    }
    let client = open()?;
    let (rate, block) = (client.sample_rate(), client.buffer_size());
    let port = |name| {
        let port = client.register_port(name, AudioOut::default());
        port.map_err(|error| format!("no port for the output: {error}"))
    };
    let ports = [port("left")?, port("right")?];

    // The callback moves to JACK's thread and may borrow from nothing here. What it needs lives as long as
    // the program, so its zone is never freed: then what is in it is borrowed for ever, and may go.
    let times = options.seconds as usize * rate as usize / block as usize;
    let bytes = zones::state_bytes(rate as usize) + 4 * times + 4096;
    let zone = Zone::builder().name("synth").capacity(bytes).fixed().prefault().build();
    let zone: &'static Zone = Box::leak(Box::new(zone));
    let synth: Box<dyn Synth> = match options.memory {
        Memory::Zones => Box::new(zones::Synth::new(zone, rate as usize)),
        Memory::Vecs => Box::new(vecs::Synth::new(rate as usize)),
    };
    let figures = Figures::new(zone.alloc_slice(times, 0));

    let listener = Listener::default();
    let events = listener.events();
    let callback = Callback::new(ports, synth, figures);
    let active = client
        .activate_async(listener, callback)
        .map_err(|error| format!("JACK does not start its thread for the synth: {error}"))?;
    connect(active.as_client());
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(options.seconds.into()) {
        thread::sleep(Duration::from_millis(50));
        if events.has_shut_down() {
            return Err("the JACK server has ended, or has thrown the synth out".to_owned());
        }
    }
    let (_client, _listener, callback) =
        active.deactivate().map_err(|error| format!("JACK's thread has failed: {error}"))?;
    let prepared = match events.prepared() {
        Ok(Some(prepared)) => prepared,
        Err(error) => return Err(format!("JACK's thread cannot be prepared: {error}")),
        Ok(None) => return Err("JACK has started no thread in all that time".to_owned()),
    };
    let deadline = f64::from(block) / f64::from(rate) * 1e6;
    Ok(Some(Table::new(options.memory, deadline, callback.figures(), events.xruns(), prepared)))
}

/// A client of the server that runs. JACK's own messages go to the crate `log`, and so nowhere.
fn open() -> Result<Client, String> {
    let client = Client::new("memzone", ClientOptions::NO_START_SERVER);
    client.map(|(client, _)| client).map_err(|error| match error {
        jack::Error::LibraryError(error) => format!("JACK's library is not here: {error}"),
        _ => "no JACK server is running; start one: jackd -r -ddummy -r48000 -p64".to_owned(),
    })
}

/// Connects the outputs to the sound card's inputs, or what stands for them, where there are any.
fn connect(client: &Client) {
    let flags = PortFlags::IS_INPUT | PortFlags::IS_PHYSICAL;
    let inputs = client.ports(None, Some("32 bit float mono audio"), flags);
    for (side, input) in ["left", "right"].iter().zip(inputs) {
        // Without a connection it plays too, and is not heard.
        let _ = client.connect_ports_by_name(&format!("{}:{side}", client.name()), &input);
    }
}
