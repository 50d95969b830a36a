//! Writing files, WAV files above all. Whatever goes wrong is told in one line that names the file.

use hound::{Error, SampleFormat, WavSpec, WavWriter};
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process;

/// A file that has its final name only when it is complete. Until then it lies beside it under
/// another name, and is removed when this is dropped.
pub(crate) struct Unfinished {
    path: PathBuf,
    temporary: PathBuf,
}

impl Unfinished {
    pub(crate) fn create(path: &Path) -> Result<(Unfinished, File), String> {
        let error = |reason: &dyn Display| format!("{}: {reason}", path.display());
        if let Ok(existing) = fs::metadata(path) {
            if !existing.is_file() {
                return Err(error(&"exists and is not a file to write to"));
            }
            if existing.permissions().readonly() {
                return Err(error(&"exists and is read-only"));
            }
        }
        let mut name = OsString::from(format!(".memzone-{}.part.", process::id()));
        name.push(path.extension().unwrap_or_default());
        let temporary = path.with_file_name(name);
        let file =
            File::create_new(&temporary).map_err(|cause| error(&cannot_be_written(&cause)))?;
        Ok((Unfinished { path: path.to_owned(), temporary }, file))
    }

    /// Gives the file its name.
    pub(crate) fn finish(&self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)
    }

    pub(crate) fn error(&self, cause: &dyn Display) -> String {
        format!("{}: {}", self.path.display(), cannot_be_written(cause))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Not there any more where it was finished.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// A WAV file that is being written.
pub(crate) struct Draft {
    // Closed before the file is removed.
    writer: Option<WavWriter<BufWriter<File>>>,
    file: Unfinished,
    spec: WavSpec,
    samples: usize,
}

impl Draft {
    pub(crate) fn create(path: &Path, spec: WavSpec) -> Result<Draft, String> {
        let (unfinished, file) = Unfinished::create(path)?;
        let writer = WavWriter::new(BufWriter::new(file), spec);
        let writer = writer.map_err(|cause| unfinished.error(&cause))?;
        Ok(Draft { writer: Some(writer), file: unfinished, spec, samples: 0 })
    }

    /// The name that the file will have.
    pub(crate) fn path(&self) -> &Path {
        &self.file.path
    }

    /// Adds interleaved samples; full scale is from -1 to 1.
    pub(crate) fn write(&mut self, samples: &[f32]) -> Result<(), String> {
        self.samples += samples.len();
        self.try_write(samples).map_err(|cause| self.file.error(&cause))
    }

    fn try_write(&mut self, samples: &[f32]) -> Result<(), Error> {
        let writer = self.writer.as_mut().expect("a draft is finished once");
        match self.spec.sample_format {
            SampleFormat::Int => {
                let scale = full_scale(&self.spec);
                for sample in samples {
                    let value = (f64::from(*sample) * scale).round().clamp(-scale, scale - 1.0);
                    writer.write_sample(value as i32)?;
                }
            }
            SampleFormat::Float => {
                for sample in samples {
                    writer.write_sample(*sample)?;
                }
            }
        }
        Ok(())
    }

    /// Gives the file its name, and says what is in it.
    pub(crate) fn finish(mut self) -> Result<String, String> {
        let writer = self.writer.take().expect("a draft is finished once");
        writer
            .finalize()
            .and_then(|()| Ok(self.file.finish()?))
            .map_err(|cause| self.file.error(&cause))?;
        let WavSpec { channels, sample_rate, .. } = self.spec;
        let seconds = self.samples as f64 / f64::from(channels) / f64::from(sample_rate);
        let sides = if channels == 1 { "mono" } else { "stereo" };
        Ok(format!("{seconds:.2} s, {sample_rate} Hz, {sides}, {}", kind(&self.spec)))
    }
}

fn cannot_be_written(cause: &dyn Display) -> String {
    format!("cannot be written: {cause}")
}

/// Whether two paths lead to one file that exists.
pub(crate) fn are_same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// `16-bit integer`, say.
pub(crate) fn kind(spec: &WavSpec) -> String {
    let format = match spec.sample_format {
        SampleFormat::Int => "integer",
        SampleFormat::Float => "float",
    };
    format!("{}-bit {format}", spec.bits_per_sample)
}

/// The integer that stands for 1.
pub(crate) fn full_scale(spec: &WavSpec) -> f64 {
    f64::from(spec.bits_per_sample - 1).exp2()
}
