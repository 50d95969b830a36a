//! Reading WAV files. Whatever goes wrong is told in one line that names the file.

use crate::draft::{full_scale, kind};
use hound::{Error, SampleFormat, WavReader, WavSpec};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

/// Beyond this, a sample is broken: 120 dB more than full scale.
const LIMIT: f32 = 1e6;

/// The samples of a file, and what the file is like.
pub(crate) struct Sound {
    pub(crate) spec: WavSpec,
    /// Interleaved; full scale is from -1 to 1.
    pub(crate) samples: Vec<f32>,
}

impl Sound {
    /// Reads a whole file.
    pub(crate) fn read(path: &Path) -> Result<Sound, String> {
        read(path).map_err(|reason| format!("{}: {reason}", path.display()))
    }

    pub(crate) fn channels(&self) -> usize {
        usize::from(self.spec.channels)
    }

    pub(crate) fn rate(&self) -> u32 {
        self.spec.sample_rate
    }
}

fn read(path: &Path) -> Result<Sound, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Err("is a directory".to_owned());
    }
    if metadata.is_file() && metadata.len() == 0 {
        return Err("the file is empty".to_owned());
    }
    let mut reader = WavReader::new(BufReader::new(file)).map_err(|error| header_error(&error))?;
    let spec = reader.spec();
    check(&spec)?;
    if reader.len() == 0 {
        return Err("there are no samples in it".to_owned());
    }
    let samples = match spec.sample_format {
        SampleFormat::Int => read_integers(&mut reader)?,
        SampleFormat::Float => read_floats(&mut reader, path)?,
    };
    Ok(Sound { spec, samples })
}

/// Refuses what this program cannot process.
fn check(spec: &WavSpec) -> Result<(), String> {
    match (spec.sample_format, spec.bits_per_sample) {
        (SampleFormat::Int, 16 | 24 | 32) | (SampleFormat::Float, 32) => {}
        _ => {
            let kind = kind(spec);
            return Err(format!(
                "{kind} samples are not supported, only 16, 24 and 32-bit integer and 32-bit float"
            ));
        }
    }
    if spec.channels > 2 {
        return Err(format!("{} channels are not supported, only one or two", spec.channels));
    }
    if spec.sample_rate == 0 {
        return Err("its sample rate is 0".to_owned());
    }
    Ok(())
}

fn header_error(error: &Error) -> String {
    match error {
        Error::IoError(_) if is_end(error) => "truncated: it ends within its header".to_owned(),
        Error::FormatError(reason @ ("no RIFF tag found" | "no WAVE tag found")) => {
            format!("not a WAV file: {reason}")
        }
        Error::FormatError(reason) => format!("not a WAV file this program can read: {reason}"),
        Error::Unsupported => "its kind of samples is not supported".to_owned(),
        error => error.to_string(),
    }
}

/// Whether the file ended too early: what hound then reports has no kind of its own.
fn is_end(error: &Error) -> bool {
    matches!(error, Error::IoError(error) if error.kind() == ErrorKind::Other)
}

fn data_error(error: &Error, read: usize, promised: u32) -> String {
    if is_end(error) {
        format!("truncated: {read} of the {promised} samples that its header promises are there")
    } else {
        error.to_string()
    }
}

fn read_integers<R: Read>(reader: &mut WavReader<R>) -> Result<Vec<f32>, String> {
    let scale = full_scale(&reader.spec());
    let promised = reader.len();
    let mut samples = Vec::new();
    for sample in reader.samples::<i32>() {
        let sample = sample.map_err(|error| data_error(&error, samples.len(), promised))?;
        samples.push((f64::from(sample) / scale) as f32);
    }
    Ok(samples)
}

/// Broken samples become silence, and are told of.
fn read_floats<R: Read>(reader: &mut WavReader<R>, path: &Path) -> Result<Vec<f32>, String> {
    let promised = reader.len();
    let mut samples = Vec::new();
    let mut broken = 0;
    for sample in reader.samples::<f32>() {
        let sample = sample.map_err(|error| data_error(&error, samples.len(), promised))?;
        let is_sound = sample.abs() <= LIMIT;
        broken += usize::from(!is_sound);
        samples.push(if is_sound { sample } else { 0.0 });
    }
    if broken > 0 {
        let path = path.display();
        eprintln!("{path}: {broken} samples are not numbers, infinite or huge, and taken as 0");
    }
    Ok(samples)
}
