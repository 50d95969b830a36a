//! Plays on the default sound device: live_coding's patch, which is redefined meanwhile, or a synthesiser.
//!
//! ```text
//! cargo run --release --manifest-path examples/cpal/Cargo.toml -- [--synth] [--seconds N]
//! examples/cpal/run      # without a sound card, over ALSA's null and file devices; checks the samples
//! ```
//!
//! To learn memzone, read `callback.rs`, which prepares the device's thread and wraps each block in a section that denies,
//! and `synth.rs`, whose state is a `Parcel`. The patch and its player are those of `examples/live_coding`.

mod callback;
#[path = "../../live_coding/patch.rs"]
mod patch;
#[expect(dead_code, reason = "live_coding uses more of it")]
#[path = "../../live_coding/player.rs"]
mod player;
mod synth;
#[path = "../../denoise/tiny.rs"]
mod tiny;

use crate::callback::{Callback, Figures, Sound};
use crate::patch::{Frame, Play};
use crate::player::{BLOCK, BLOCK_BYTES, Callers, Player};
use crate::synth::Synth;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{FromSample, SampleFormat, SizedSample, SupportedStreamConfig};
use memzone::rt::Plan;
use memzone::{Binder, Zone, ZoneError, try_hot};
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

const USAGE: &str = "usage: memzone-cpal [--synth] [--seconds N] [--check FILE]";

#[derive(Default)]
struct Options {
    synth: bool,
    seconds: Option<u32>,
    check: Option<String>,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let done = match &options.check {
        Some(file) => check(file, options.synth),
        None => play(&options),
    };
    match done {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--synth" => options.synth = true,
            "--seconds" => {
                let number = arguments.next().and_then(|number| number.parse().ok());
                options.seconds = Some(number.ok_or("--seconds takes a whole number")?);
            }
            "--check" => options.check = Some(arguments.next().ok_or("--check takes a file")?),
            other => return Err(format!("{other}: unknown; {USAGE}")),
        }
    }
    Ok(options)
}

/// Two channels of floats at 48 kHz where the device has them, else what it likes best.
fn config(device: &cpal::Device) -> Result<SupportedStreamConfig, String> {
    const RATE: u32 = 48_000;
    let ranges = device.supported_output_configs().map_err(|error| error.to_string())?;
    let mut ranges =
        ranges.filter(|range| range.channels() == 2 && range.sample_format() == SampleFormat::F32);
    match ranges.find_map(|range| range.try_with_sample_rate(RATE)) {
        Some(config) => Ok(config),
        None => device.default_output_config().map_err(|error| error.to_string()),
    }
}

fn play(options: &Options) -> Result<String, String> {
    let device = cpal::default_host().default_output_device();
    let device = device.ok_or("there is no sound device; try examples/cpal/run")?;
    let config = config(&device)?;
    let rate = config.sample_rate();
    // Read by two threads as long as the program runs.
    static FIGURES: std::sync::OnceLock<Figures> = std::sync::OnceLock::new();
    let figures = FIGURES.get_or_init(Figures::default);

    let failed = |error: ZoneError| error.to_string();
    let (sound, plan, mut score): (Box<dyn Sound>, _, _) = if options.synth {
        (Box::new(Synth::new(rate).map_err(failed)?), synth::plan(), None)
    } else {
        let (patch, score) = Patch::new(rate as f32).map_err(failed)?;
        (Box::new(patch), Plan::new().scopes(1, BLOCK_BYTES).default_zone(0), Some(score))
    };
    let callback = Callback::new(sound, config.channels().into(), plan, figures);
    let stream = match config.sample_format() {
        SampleFormat::F32 => start::<f32>(&device, &config, callback),
        SampleFormat::I16 => start::<i16>(&device, &config, callback),
        SampleFormat::I32 => start::<i32>(&device, &config, callback),
        SampleFormat::U8 => start::<u8>(&device, &config, callback),
        other => Err(format!("the device's samples are {other}, which this program has not")),
    }?;

    let seconds = u64::from(options.seconds.unwrap_or(10));
    let end = u64::from(rate) * seconds;
    let start = Instant::now();
    while figures.frames.load(Relaxed) < end {
        if start.elapsed() > Duration::from_secs(2 * seconds + 10) {
            return Err(format!("the device played {:?} of {end} frames", figures.frames));
        }
        if let Some(error) = stream.1.lock().unwrap().take() {
            return Err(error);
        }
        if let Some(score) = &mut score {
            score.redefine(figures.frames.load(Relaxed), end).map_err(|error| error.to_string())?;
        }
        thread::sleep(Duration::from_millis(1));
    }
    drop(stream);
    let (blocks, asked) = (figures.blocks.load(Relaxed), figures.asked.load(Relaxed));
    let lengths = (figures.shortest.load(Relaxed), figures.longest.load(Relaxed));
    if asked > 0 || figures.has_failed.load(Relaxed) {
        return Err(format!("{asked} requests to the system in sections"));
    }
    let redefined = score.map_or(Ok(0), |score| score.end())?;
    Ok(format!(
        "{} frames at {rate} Hz in {blocks} blocks of {} to {}, {} redefinitions, 0 requests to the system",
        figures.frames.load(Relaxed),
        lengths.0,
        lengths.1,
        redefined
    ))
}

/// A stream that plays, and what it says goes wrong.
type Started = (cpal::Stream, Arc<Mutex<Option<String>>>);

fn start<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: &SupportedStreamConfig,
    mut callback: Callback<'static>,
) -> Result<Started, String> {
    let error = Arc::new(Mutex::new(None));
    let told = Arc::clone(&error);
    let stream = device.build_output_stream(
        config.config(),
        move |block: &mut [T], _: &cpal::OutputCallbackInfo| callback.call(block),
        move |error| *told.lock().unwrap() = Some(error.to_string()),
        None,
    );
    let stream = stream.map_err(|error| format!("the device does not start: {error}"))?;
    stream.play().map_err(|error| format!("the device does not play: {error}"))?;
    Ok((stream, error))
}

/// live_coding's patch, whose player computes blocks of a length of its own.
struct Patch {
    player: Player<'static>,
    block: [Frame; BLOCK],
    /// How much of the block was played.
    at: usize,
}

/// What redefines the patch, and the definitions still to come.
struct Score {
    osc: Binder<Play<f32>>,
    lowpass: Binder<Play<patch::Integrators>>,
    rate: f32,
    made: u64,
}

/// What follows what: the oscillator's pitch and the filter's.
const SCORE: [(f32, f32); 6] = [
    (110.0, 900.0),
    (164.81, 2400.0),
    (220.0, 500.0),
    (130.81, 1600.0),
    (98.0, 700.0),
    (146.83, 3000.0),
];

impl Patch {
    fn new(rate: f32) -> Result<(Patch, Score), ZoneError> {
        // The definitions name the lifetime of the line that they read, so the zone must have one that they can name.
        // It lives as long as the program.
        let zone = Zone::builder().name("state").capacity(player::state_bytes(rate));
        let zone: &'static Zone = Box::leak(Box::new(zone.fixed().prefault().try_build()?));
        let osc = try_hot(patch::osc(rate, 82.41)?)?;
        let lowpass = try_hot(patch::lowpass(rate, 1200.0, 1.0)?)?;
        let delay = try_hot(patch::delay(rate, 0.3, 0.5)?)?;
        let grain = try_hot(patch::grain(rate, 120.0)?)?;
        let callers = Callers { osc: osc.0, lowpass: lowpass.0, delay: delay.0, grain: grain.0 };
        let player = Player::new(zone, rate, callers);
        let patch = Patch { player, block: [[0.0; 2]; BLOCK], at: BLOCK };
        Ok((patch, Score { osc: osc.1, lowpass: lowpass.1, rate, made: 0 }))
    }
}

impl Sound for Patch {
    fn play(&mut self, frames: &mut [Frame]) -> Result<(), ZoneError> {
        for frame in frames {
            if self.at == BLOCK {
                self.player.play(&[[0.0; 2]; BLOCK], &mut self.block)?;
                self.at = 0;
            }
            *frame = self.block[self.at];
            self.at += 1;
        }
        Ok(())
    }
}

impl Score {
    /// Redefines what is due, at equal distances.
    fn redefine(&mut self, frames: u64, end: u64) -> Result<(), ZoneError> {
        let due = (frames * (SCORE.len() as u64 + 1) / end).min(SCORE.len() as u64);
        if self.made < due && !self.osc.is_pending() && !self.lowpass.is_pending() {
            let (hertz, cutoff) = SCORE[self.made as usize];
            self.osc.rebind(patch::osc(self.rate, hertz)?);
            self.lowpass.rebind(patch::lowpass(self.rate, cutoff, 1.0)?);
            self.made += 1;
        }
        Ok(())
    }

    /// How many there were, if all were taken up.
    fn end(self) -> Result<u64, String> {
        if self.made == 0 { Err("nothing was redefined".to_owned()) } else { Ok(2 * self.made) }
    }
}

/// Checks what ALSA's file device wrote: floats of two channels.
fn check(file: &str, is_synth: bool) -> Result<String, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let samples: Vec<f32> =
        bytes.chunks_exact(4).map(|it| f32::from_le_bytes([it[0], it[1], it[2], it[3]])).collect();
    let frames: Vec<Frame> = samples.chunks_exact(2).map(|frame| [frame[0], frame[1]]).collect();
    let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    if frames.len() < 48_000 || !(0.05..1.0).contains(&peak) {
        return Err(format!("{file}: {} frames, peak {peak}", frames.len()));
    }
    if is_synth {
        let mut synth = Synth::new(48_000).map_err(|error| error.to_string())?;
        let mut expected = vec![[0.0; 2]; frames.len()];
        for part in expected.chunks_mut(1000) {
            synth.play(part).map_err(|error| error.to_string())?;
        }
        if let Some(at) =
            frames.iter().zip(&expected).position(|(heard, expected)| heard != expected)
        {
            return Err(format!("{file}: frame {at} is {:?}, not {:?}", frames[at], expected[at]));
        }
        return Ok(format!("{} frames, each as computed without a device", frames.len()));
    }
    // A click would be a step.
    let step = frames.windows(2).map(|two| (two[1][0] - two[0][0]).abs()).fold(0.0, f32::max);
    if step > 0.3 {
        return Err(format!("{file}: a step of {step}"));
    }
    Ok(format!("{} frames, peak {peak:.2}, largest step {step:.3}", frames.len()))
}
