//! The headers of WAV files, as other programs write them.
//!
//! `symphonia` decodes the samples. What it does not know about what stands before them is done here: files
//! that are larger than 4 GiB (RF64 and BW64), streams whose length was not known when they began, chunks of an odd
//! length with or without the byte that belongs behind them, and what else a `fmt` chunk may have. It is given a
//! plain header in the place of the one that was read.

use std::io::{self, Read};

/// What a stream says that does not know its length: `ffmpeg` and others.
const UNKNOWN: u32 = u32::MAX;
/// The longest `fmt` chunk that makes sense.
const LONGEST_FORMAT: u32 = 1 << 16;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;
/// What follows the tag in a format of the extensible kind.
const SUBFORMAT: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/// What stands before the samples.
pub(crate) struct Header {
    tag: u16,
    channels: u16,
    rate: u32,
    /// Bytes that a sample lies in.
    bytes: u16,
    /// Bits of it that count. They are the upper ones.
    pub(crate) valid_bits: u32,
    /// The most bytes of samples.
    pub(crate) limit: u64,
    /// Bytes of samples, if that was known when the header was written.
    pub(crate) promised: Option<u64>,
}

impl Header {
    /// Reads up to the first sample.
    pub(crate) fn read(reader: &mut impl Read) -> Result<Header, String> {
        let (kind, all, form) = (id(reader)?, number(reader)?, id(reader)?);
        if &form != b"WAVE" {
            return Err(format!("a {} file, and not one of sound", shown(kind)));
        }
        let mut place = 12;
        let mut long = None;
        let mut header = None;
        let mut name = id(reader).map_err(|_| no_samples())?;
        loop {
            let len = number(reader)?;
            place += 8 + u64::from(len);
            match &name {
                b"data" => {
                    let mut header: Header =
                        header.ok_or("a WAV file whose samples come before their format")?;
                    // Nobody came back to write how many there are, if what holds all ends here.
                    let is_open = len == 0 && (u64::from(all) + 8 <= place || is_unknown(all));
                    header.limit = match (long, len) {
                        (Some(long), UNKNOWN) if long > 0 => long,
                        (_, len) if is_open || len == UNKNOWN => u64::MAX,
                        (_, len) => len.into(),
                    };
                    let is_known = header.limit != u64::MAX && (long.is_some() || !is_unknown(len));
                    header.promised = is_known.then_some(header.limit);
                    return Ok(header);
                }
                b"fmt " => header = Some(Header::of(&body(reader, len, LONGEST_FORMAT)?)?),
                b"ds64" if &kind != b"RIFF" => {
                    let sizes = body(reader, len, LONGEST_FORMAT)?;
                    let data = sizes.get(8..16).and_then(|bytes| bytes.first_chunk());
                    long = data.map(|bytes| u64::from_le_bytes(*bytes));
                }
                _ => skip(reader, len)?,
            }
            name = next_id(reader, len % 2 == 1, &mut place)?;
        }
    }

    /// What a `fmt` chunk says.
    fn of(chunk: &[u8]) -> Result<Header, String> {
        let half =
            |at: usize| chunk.get(at..at + 2).map(|two| u16::from_le_bytes([two[0], two[1]]));
        let short = || "a WAV file whose `fmt` chunk is too short".to_owned();
        let [tag, channels, low, high, _, _, frame, bits] =
            [0, 2, 4, 6, 8, 10, 12, 14].map(half).map(|half| half.ok_or_else(short));
        let (mut tag, channels, frame, bits) = (tag?, channels?, frame?, bits?);
        let rate = u32::from(low?) | u32::from(high?) << 16;
        let mut valid_bits = bits;
        if tag == EXTENSIBLE {
            if chunk.get(26..40) != Some(&SUBFORMAT) {
                return Err(format!("a WAV file of a kind that nobody here knows {REMEDY}"));
            }
            tag = half(24).ok_or_else(short)?;
            valid_bits = half(18).filter(|valid| (1..=bits).contains(valid)).unwrap_or(bits);
        }
        let bytes = bits.div_ceil(8);
        match (tag, bytes) {
            (PCM, 1..=4) | (FLOAT, 4 | 8) | (A_LAW | MU_LAW, 1) => {}
            (PCM | FLOAT, _) => {
                let kind = if tag == PCM { "integer" } else { "float" };
                return Err(format!("a WAV file of {bits}-bit {kind} samples {REMEDY}"));
            }
            (tag, _) => return Err(format!("a WAV file of {} {REMEDY}", name_of(tag))),
        }
        if channels == 0 {
            return Err("a WAV file without channels".to_owned());
        }
        // Some write 0.
        let expected = u32::from(bytes) * u32::from(channels);
        if frame != 0 && u32::from(frame) != expected {
            return Err(format!(
                "a WAV file of {bits}-bit samples in frames of {frame} bytes, where {expected} are usual: \
                 it cannot be told where in them they lie"
            ));
        }
        // Of two laws, each byte is a sample of 16 bits.
        let valid_bits = if matches!(tag, A_LAW | MU_LAW) { 16 } else { u32::from(valid_bits) };
        Ok(Header { tag, channels, rate, bytes, valid_bits, limit: 0, promised: None })
    }

    /// Bytes of a sample of each channel.
    pub(crate) fn frame_bytes(&self) -> u64 {
        u64::from(self.bytes) * u64::from(self.channels)
    }

    /// The same without what there may be besides, and as a stream of unknown length.
    pub(crate) fn plain(&self) -> Vec<u8> {
        let Header { tag, channels, rate, bytes, .. } = *self;
        let frame = channels.wrapping_mul(bytes);
        let mut plain = Vec::new();
        plain.extend(b"RIFF");
        plain.extend(UNKNOWN.to_le_bytes());
        plain.extend(b"WAVEfmt ");
        plain.extend(18_u32.to_le_bytes());
        plain.extend([tag, channels].map(u16::to_le_bytes).as_flattened());
        plain.extend([rate, rate.wrapping_mul(frame.into())].map(u32::to_le_bytes).as_flattened());
        plain.extend([frame, 8 * bytes, 0].map(u16::to_le_bytes).as_flattened());
        plain.extend(b"data");
        plain.extend(UNKNOWN.to_le_bytes());
        plain
    }
}

/// What to do with a file that cannot be read here.
const REMEDY: &str = "(`ffmpeg -i INPUT -c:a pcm_s24le OUTPUT.wav` makes one that can be read)";

/// What samples are that are none of those above.
fn name_of(tag: u16) -> String {
    let name = match tag {
        0x02 => "Microsoft's ADPCM samples",
        0x11 => "IMA ADPCM samples",
        0x31 => "GSM 6.10 samples",
        0x50 | 0x55 => "MPEG samples",
        0x161..=0x163 => "Windows Media samples",
        _ => return format!("samples of kind {tag:#06x}"),
    };
    name.to_owned()
}

/// Whether a program wrote this that did not know how much there would be: `ffmpeg`, `sox` and `arecord` do.
fn is_unknown(len: u32) -> bool {
    len & 0x7fff_0000 == 0x7fff_0000 || len == 0x8000_0000
}

fn id(reader: &mut impl Read) -> Result<[u8; 4], String> {
    let mut id = [0; 4];
    reader.read_exact(&mut id).map_err(|error| of_header(&error))?;
    Ok(id)
}

fn number(reader: &mut impl Read) -> Result<u32, String> {
    id(reader).map(u32::from_le_bytes)
}

/// The name of the chunk behind one. If that had an odd length, a byte belongs between them, which some leave out.
fn next_id(reader: &mut impl Read, is_odd: bool, place: &mut u64) -> Result<[u8; 4], String> {
    let mut name = id(reader).map_err(|_| no_samples())?;
    if is_odd && !name.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        let mut last = [0];
        reader.read_exact(&mut last).map_err(|_| no_samples())?;
        name = [name[1], name[2], name[3], last[0]];
        *place += 1;
    }
    Ok(name)
}

/// All of a chunk.
fn body(reader: &mut impl Read, len: u32, most: u32) -> Result<Vec<u8>, String> {
    if len > most {
        return Err("a WAV file whose header is broken".to_owned());
    }
    let mut body = vec![0; len as usize];
    reader.read_exact(&mut body).map_err(|error| of_header(&error))?;
    Ok(body)
}

fn skip(reader: &mut impl Read, len: u32) -> Result<(), String> {
    let skipped = io::copy(&mut reader.take(len.into()), &mut io::sink());
    if skipped.map_err(|error| of_header(&error))? < u64::from(len) {
        return Err(no_samples());
    }
    Ok(())
}

fn of_header(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "truncated: it ends within its header".to_owned(),
        _ => error.to_string(),
    }
}

fn no_samples() -> String {
    "a WAV file without samples, or truncated: it ends before them".to_owned()
}

/// Four bytes of a file, without what would disturb a terminal.
fn shown(id: [u8; 4]) -> String {
    id.escape_ascii().to_string()
}
