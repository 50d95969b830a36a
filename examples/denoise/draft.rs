//! Writing WAV files. Whatever goes wrong is told in one line that names the file.

use crate::unfinished::Unfinished;
use hound::{Error, SampleFormat, WavSpec, WavWriter};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

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
        self.file.path()
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
