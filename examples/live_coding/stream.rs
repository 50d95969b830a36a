//! Samples to the standard output as they are played, for `| aplay` and `| ffplay -`.

use hound::WavSpec;
use std::io::{self, Stdout, Write};

/// The bytes of samples that the header speaks of: whole frames, and nearly as many as it can say. That is six hours.
const LONGEST: u32 = 0xffff_ff00;

/// A stream of 16-bit samples, with or without a WAV header before it.
pub(crate) struct Stream {
    output: Stdout,
    bytes: Vec<u8>,
    samples: usize,
    spec: WavSpec,
}

impl Stream {
    /// Begins a stream of two channels. Nobody knows how long it will be, so the header says that it is very long.
    pub(crate) fn begin(rate: u32, has_header: bool) -> Result<Stream, String> {
        let spec = WavSpec {
            channels: 2,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let bytes = if has_header { header(&spec) } else { Vec::new() };
        let mut stream = Stream { output: io::stdout(), bytes, samples: 0, spec };
        stream.send()?;
        Ok(stream)
    }

    /// Adds interleaved samples; full scale is from -1 to 1.
    pub(crate) fn write(&mut self, samples: &[f32]) {
        self.samples += samples.len();
        for sample in samples {
            let value = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// Sends what was added on its way.
    pub(crate) fn send(&mut self) -> Result<(), String> {
        let sent = self.output.write_all(&self.bytes).and_then(|()| self.output.flush());
        self.bytes.clear();
        sent.map_err(|cause| match cause.kind() {
            io::ErrorKind::BrokenPipe => "standard output: its reader has ended".to_owned(),
            _ => format!("standard output: {cause}"),
        })
    }

    /// What was sent.
    pub(crate) fn format(&self) -> String {
        let seconds = self.samples as f64 / 2.0 / f64::from(self.spec.sample_rate);
        let kind = crate::draft::kind(&self.spec);
        format!("{seconds:.2} s, {} Hz, stereo, {kind}", self.spec.sample_rate)
    }
}

fn header(spec: &WavSpec) -> Vec<u8> {
    let frame = spec.channels * spec.bits_per_sample / 8;
    let mut header = Vec::from(*b"RIFF");
    header.extend_from_slice(&(LONGEST + 36).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
    header.extend_from_slice(&spec.channels.to_le_bytes());
    header.extend_from_slice(&spec.sample_rate.to_le_bytes());
    header.extend_from_slice(&(spec.sample_rate * u32::from(frame)).to_le_bytes());
    header.extend_from_slice(&frame.to_le_bytes());
    header.extend_from_slice(&spec.bits_per_sample.to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&LONGEST.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_header_is_read_by_others() {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = super::header(&spec);
        assert_eq!(file.len(), 44);
        file.extend([0; 400]);
        let reader = hound::WavReader::new(&file[..]).unwrap();
        assert_eq!(reader.spec(), spec);
        assert_eq!(reader.into_samples::<i16>().take(200).filter(Result::is_ok).count(), 200);
    }
}
