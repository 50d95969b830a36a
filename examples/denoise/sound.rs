//! Reading sound files. Whatever goes wrong is told in one line that names the file.
//!
//! `symphonia` reads them: WAV, AIFF, CAF, FLAC, Ogg Vorbis and MP3. `wav.rs` puts the headers of WAV files right
//! before it does. What a file is, its first bytes tell here, since `symphonia` searches all of a file for what
//! might be the middle of an MP3 stream, and finds some in what is none.

use crate::wav;
use hound::{SampleFormat, WavSpec};
use std::fs::File;
use std::io::{BufReader, Cursor, ErrorKind, Read, Seek};
use std::panic;
use std::path::Path;
use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

/// Beyond this, a sample is broken: 120 dB more than full scale.
const LIMIT: f32 = 1e6;
/// The sample rates of sound, with room below and above.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;
/// What to do with a file that cannot be read here.
const REMEDY: &str = "(`ffmpeg -i INPUT OUTPUT.wav` makes a WAV file of it)";
/// The most samples of each channel that are decoded at a time. Ogg Vorbis and FLAC have up to 65,536.
const LONGEST_PIECE: u64 = 1 << 20;
/// As many bytes as tell what a file is.
const FIRST: usize = 64;

/// The samples of a file, and what a file of them is like.
pub(crate) struct Sound {
    pub(crate) spec: WavSpec,
    /// Interleaved; full scale is from -1 to 1.
    pub(crate) samples: Vec<f32>,
}

impl Sound {
    /// Reads a whole file.
    pub(crate) fn read(path: &Path) -> Result<Sound, String> {
        let error = |reason| format!("{}: {reason}", path.display());
        // In debug builds, readers of `symphonia` 0.6 panic where sizes in a header are too large. Nothing of
        // theirs is used after that.
        let read = panic::catch_unwind(|| read(path));
        let broken = || Err(format!("damaged: its header makes no sense {REMEDY}"));
        let (sound, warnings) = read.unwrap_or_else(|_| broken()).map_err(error)?;
        for warning in warnings {
            eprintln!("{}", error(warning));
        }
        Ok(sound)
    }

    pub(crate) fn channels(&self) -> usize {
        usize::from(self.spec.channels)
    }

    pub(crate) fn rate(&self) -> u32 {
        self.spec.sample_rate
    }
}

/// The sound, and what there is to be said of it.
fn read(path: &Path) -> Result<(Sound, Vec<String>), String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Err("is a directory".to_owned());
    }
    let mut first = Vec::new();
    (&mut file).take(FIRST as u64).read_to_end(&mut first).map_err(|error| error.to_string())?;
    let name = name_of(&first)?;
    // Of a pipe, what was read cannot be read again.
    let again: Box<dyn MediaSource> = if metadata.is_file() {
        file.rewind().map_err(|error| error.to_string())?;
        Box::new(file)
    } else {
        Box::new(ReadOnlySource::new(Cursor::new(first).chain(file)))
    };
    if name != "WAV" {
        return decode(name, again, None);
    }
    let mut reader = BufReader::new(again);
    let header = wav::Header::read(&mut reader)?;
    let plain = Cursor::new(header.plain()).chain(reader.take(header.limit));
    decode(name, Box::new(ReadOnlySource::new(plain)), Some(&header))
}

/// What a file is that begins with these bytes, if it can be read.
fn name_of(first: &[u8]) -> Result<&'static str, String> {
    let holds = |name: &[u8]| first.windows(name.len()).any(|bytes| bytes == name);
    let other = match first {
        [] => return Err("the file is empty".to_owned()),
        [b'R', b'I', b'F', b'F' | b'X', _, _, _, _, form @ ..] if !form.starts_with(b"WAVE") => {
            "a RIFF file, and not one of sound"
        }
        [b'R', b'I', b'F', b'F', ..] | [b'R' | b'B', b'F' | b'W', b'6', b'4', ..] => {
            return Ok("WAV");
        }
        [b'F', b'O', b'R', b'M', ..] => return Ok("AIFF"),
        [b'c', b'a', b'f', b'f', ..] => return Ok("CAF"),
        [b'f', b'L', b'a', b'C', ..] => return Ok("FLAC"),
        [b'O', b'g', b'g', b'S', ..] if holds(b"OpusHead") => "Ogg Opus",
        [b'O', b'g', b'g', b'S', ..] if holds(b"Speex") => "Ogg Speex",
        [b'O', b'g', b'g', b'S', ..] => return Ok("Ogg"),
        // Layer III is 01 there.
        [0xff, second, ..] if second & 0xe6 == 0xe2 => return Ok("MP3"),
        [b'I', b'D', b'3', ..] => return Ok("MP3"),
        [0xff, second, ..] if second & 0xf6 == 0xf0 => "AAC",
        [0xff, second, ..] if second & 0xe0 == 0xe0 => "MPEG audio, but not MP3",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "MP4 or M4A",
        [b'R', b'I', b'F', b'X', ..] => "RIFX, a WAV file for big-endian machines",
        [b'r', b'i', b'f', b'f', ..] => "Wave64",
        [b'.', b's', b'n', b'd', ..] => "Sun AU",
        [b'w', b'v', b'p', b'k', ..] => "WavPack",
        [b'M', b'A', b'C', b' ', ..] => "Monkey's Audio",
        [b'0', b'&', 0xb2, b'u', ..] => "Windows Media",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "Matroska or WebM",
        [b'M', b'T', b'h', b'd', ..] => {
            return Err(
                "a MIDI file: it holds notes and no sound (the example `voices` makes some)"
                    .to_owned(),
            );
        }
        _ => "not a sound file that this program knows",
    };
    Err(format!("{other}; WAV, AIFF, CAF, FLAC, Ogg Vorbis and MP3 can be read {REMEDY}"))
}

/// Decodes all that there is.
fn decode(
    name: &str,
    source: Box<dyn MediaSource>,
    header: Option<&wav::Header>,
) -> Result<(Sound, Vec<String>), String> {
    let refused = |error: &Error| format!("a {name} file that cannot be read: {error} {REMEDY}");
    let stream = MediaSourceStream::new(source, Default::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let mut hint = Hint::new();
    hint.with_extension(&name.to_ascii_lowercase());
    let mut reader = symphonia::default::get_probe()
        .probe(&hint, stream, format, metadata)
        .map_err(|error| refused(&error))?;
    let track = reader.default_track(TrackType::Audio);
    let track = track.ok_or_else(|| format!("a {name} file without sound"))?;
    let (id, frames) = (track.id, track.num_frames);
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let parameters = parameters.ok_or_else(|| format!("a {name} file without sound"))?.clone();
    // The decoder makes room for a whole piece.
    if parameters.max_frames_per_packet.is_some_and(|frames| frames > LONGEST_PIECE) {
        return Err(format!(
            "a {name} file whose header is broken: its pieces are too long {REMEDY}"
        ));
    }
    // A FLAC file has a sum of its samples, to compare with.
    let options = AudioDecoderOptions::default().verify(true);
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &options)
        .map_err(|error| refused(&error))?;
    let rate = parameters.sample_rate.unwrap_or(0);
    let channels = parameters.channels.as_ref().map_or(0, |channels| channels.count());
    check(rate, channels)?;

    let is_lossy = matches!(name, "MP3" | "Ogg");
    let mut samples = Samples::new(channels);
    while let Some(packet) = next(&mut *reader, id).map_err(|error| refused(&error))? {
        match decoder.decode(&packet) {
            Ok(buffer) => samples.take_in(&buffer)?,
            // Players go on with the next piece. The first ones of a stream that was cut need what is not there.
            Err(Error::DecodeError(_)) if is_lossy => samples.leave_out(packet.dur.get()),
            Err(error) => {
                let there = samples.frames();
                return Err(format!(
                    "damaged after {there} samples of each channel: {error} {REMEDY}"
                ));
            }
        }
    }
    let there = samples.frames();
    let promised = match header {
        Some(header) => header.promised.map(|bytes| bytes / header.frame_bytes()),
        // What the lossy ones promise is not exact.
        None => frames.filter(|_| !is_lossy),
    };
    if let Some(promised) = promised.filter(|promised| there < *promised) {
        return Err(format!(
            "truncated: {there} of the {promised} samples of each channel that its header promises are there \
             (`ffmpeg -i INPUT OUTPUT.wav` makes a file of those)"
        ));
    }
    if there == 0 {
        return Err("there are no samples in it".to_owned());
    }
    if decoder.finalize().verify_ok == Some(false) {
        return Err(format!(
            "damaged: its samples do not have the sum that its header tells {REMEDY}"
        ));
    }
    let bits = header.map(|header| header.valid_bits).or(parameters.bits_per_sample);
    Ok(samples.into_sound(rate, bits))
}

/// Refuses what this program cannot process.
fn check(rate: u32, channels: usize) -> Result<(), String> {
    if !RATES.contains(&rate) {
        let (least, most) = (RATES.start(), RATES.end());
        return Err(format!(
            "its sample rate of {rate} Hz is none of sound: it must be from {least} to {most} Hz \
             (`ffmpeg -i INPUT -ar 48000 OUTPUT.wav` changes it)"
        ));
    }
    if !(1..=2).contains(&channels) {
        return Err(format!(
            "{channels} channels are not supported, only one or two \
             (`ffmpeg -i INPUT -ac 2 OUTPUT.wav` makes two of them)"
        ));
    }
    Ok(())
}

/// The track's next piece, if the file does not end here.
fn next(reader: &mut dyn FormatReader, id: u32) -> Result<Option<Packet>, Error> {
    loop {
        match reader.next_packet() {
            Ok(Some(packet)) if packet.track_id == id => return Ok(Some(packet)),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
}

/// What has been decoded so far.
struct Samples {
    channels: usize,
    /// Interleaved.
    samples: Vec<f32>,
    /// Whether they were whole numbers, and of how many bits.
    kind: (SampleFormat, u32),
    /// Samples and pieces that were taken as silence.
    broken: usize,
    left_out: usize,
}

impl Samples {
    fn new(channels: usize) -> Samples {
        let kind = (SampleFormat::Float, 32);
        Samples { channels, samples: Vec::new(), kind, broken: 0, left_out: 0 }
    }

    fn frames(&self) -> u64 {
        (self.samples.len() / self.channels) as u64
    }

    fn take_in(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Result<(), String> {
        if buffer.spec().channels().count() != self.channels {
            return Err(format!("its number of channels changes on the way {REMEDY}"));
        }
        let format = match buffer {
            GenericAudioBufferRef::F32(_) | GenericAudioBufferRef::F64(_) => {
                self.take_in_floats(buffer);
                (SampleFormat::Float, 32)
            }
            whole => {
                // All of them become 32 bits with zeros behind, and full scale is from -1 to 1.
                let mut numbers: Vec<i32> = Vec::new();
                whole.copy_to_vec_interleaved(&mut numbers);
                self.samples
                    .extend(numbers.iter().map(|number| (f64::from(*number) / FULL_SCALE) as f32));
                (SampleFormat::Int, bits_of(whole))
            }
        };
        self.kind = format;
        Ok(())
    }

    /// Broken samples become silence, and are told of.
    fn take_in_floats(&mut self, buffer: &GenericAudioBufferRef<'_>) {
        let mut numbers: Vec<f32> = Vec::new();
        buffer.copy_to_vec_interleaved(&mut numbers);
        for sample in numbers {
            let is_sound = sample.abs() <= LIMIT;
            self.broken += usize::from(!is_sound);
            self.samples.push(if is_sound { sample } else { 0.0 });
        }
    }

    /// Puts silence in the place of a damaged piece.
    fn leave_out(&mut self, frames: u64) {
        let len = self.samples.len() + frames as usize * self.channels;
        self.samples.resize(len, 0.0);
        self.left_out += 1;
    }

    /// The sound, and what there is to be said of it. Without `bits`, they are as wide as what they lie in.
    fn into_sound(self, rate: u32, bits: Option<u32>) -> (Sound, Vec<String>) {
        let mut warnings = Vec::new();
        if self.broken > 0 {
            let count = self.broken;
            warnings
                .push(format!("{count} samples are not numbers, infinite or huge, and taken as 0"));
        }
        if self.left_out > 0 {
            let count = self.left_out;
            warnings.push(format!("{count} pieces of it are damaged, and taken as silence"));
        }
        let (sample_format, width) = self.kind;
        let bits = match sample_format {
            SampleFormat::Int => bits.unwrap_or(width).clamp(1, width),
            SampleFormat::Float => width,
        };
        let spec = WavSpec {
            channels: self.channels as u16,
            sample_rate: rate,
            // Whole bytes: 20 bits are written as 24.
            bits_per_sample: bits.next_multiple_of(8) as u16,
            sample_format,
        };
        (Sound { spec, samples: self.samples }, warnings)
    }
}

/// The 32-bit integer that stands for 1.
const FULL_SCALE: f64 = (1_u32 << 31) as f64;

/// How many bits a whole sample has.
fn bits_of(buffer: &GenericAudioBufferRef<'_>) -> u32 {
    match buffer {
        GenericAudioBufferRef::U8(_) | GenericAudioBufferRef::S8(_) => 8,
        GenericAudioBufferRef::U16(_) | GenericAudioBufferRef::S16(_) => 16,
        GenericAudioBufferRef::U24(_) | GenericAudioBufferRef::S24(_) => 24,
        _ => 32,
    }
}
