//! Reading and writing Y4M streams. Whatever goes wrong is told in one line.
//!
//! The crate `y4m` reads the frames. What it cannot tell is done here: a stream that ends from one that is
//! cut short, and why a header is not one that it knows. The header is written as it was read, since
//! `y4m` would leave some of it out (whether the lines are interlaced, the range of the colours).

use crate::rows::Rows;
use std::cell::Cell;
use std::io::{self, BufRead, Chain, Cursor, ErrorKind, Read, Write};
use std::rc::Rc;
use std::time::Duration;
use y4m::{Colorspace, Decoder, Error, Frame};

/// What every stream begins with.
const MAGIC: &[u8] = b"YUV4MPEG2";
/// The longest header that `y4m` reads.
const LONGEST_HEADER: u64 = 1024;
/// The most pixels of a frame: 8192 x 4352, a bit more than the largest format in use.
const MOST_PIXELS: usize = 8192 * 4352;
/// Frames in a second, where the header does not tell.
const USUAL_RATE: (usize, usize) = (25, 1);

/// What the frames of a stream are like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Format {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Width and height of each of the two planes of colour, if it is not all grey.
    pub(crate) colour: Option<(usize, usize)>,
    /// Bits of a sample: 8, 10 or 12. From 9 on there are two bytes of it, the lower one first.
    pub(crate) depth: u32,
    /// Whether neighbouring lines are of different times.
    pub(crate) is_interlaced: bool,
    /// Frames in a second, as a fraction.
    pub(crate) rate: (usize, usize),
    /// The header, without what all streams begin with.
    header: Vec<u8>,
}

impl Format {
    /// Width and height of each plane.
    pub(crate) fn planes(&self) -> impl Iterator<Item = (usize, usize)> {
        let colour = self.colour.into_iter().flat_map(|size| [size; 2]);
        std::iter::once((self.width, self.height)).chain(colour)
    }

    pub(crate) fn bytes_per_sample(&self) -> usize {
        if self.depth > 8 { 2 } else { 1 }
    }

    /// Bytes of the samples of a frame.
    fn frame_bytes(&self) -> usize {
        self.planes().map(|(width, height)| width * height).sum::<usize>() * self.bytes_per_sample()
    }

    /// How long a frame is shown.
    pub(crate) fn deadline(&self) -> Duration {
        let seconds = self.rate.1 as f64 / self.rate.0 as f64;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// A stream that is read.
pub(crate) struct Input<R: BufRead> {
    pub(crate) format: Format,
    decoder: Decoder<Chain<Cursor<Vec<u8>>, Counted<R>>>,
    /// Bytes that were read of the current frame.
    read: Rc<Cell<usize>>,
    /// Frames that were begun.
    frames: usize,
}

impl<R: BufRead> Input<R> {
    /// Reads the header.
    pub(crate) fn open(mut reader: R) -> Result<Input<R>, String> {
        let header = read_header(&mut reader)?;
        let (width, height) = (number(&header, b'W')?, number(&header, b'H')?);
        if width.checked_mul(height).is_none_or(|pixels| pixels > MOST_PIXELS) {
            return Err(format!(
                "its frames of {width} x {height} pixels are too large: at most {MOST_PIXELS} pixels are allowed"
            ));
        }
        let read = Rc::new(Cell::new(0));
        let counted = Counted { reader, read: Rc::clone(&read) };
        let mut line = header.clone();
        // Where `C` does not tell what the pixels are, `XYSCSS` does, which `y4m` does not read.
        if parameter(&header, b"C").is_none() {
            if let Some(pixels) = parameter(&header, b"XYSCSS=") {
                line.extend(b" C");
                line.extend(pixels.to_ascii_lowercase());
            }
        }
        line.push(b'\n');
        let decoder = Decoder::new(Cursor::new(line).chain(counted));
        let decoder = decoder.map_err(|error| header_error(&error, &header))?;
        let format = format_of(&decoder, header[MAGIC.len()..].to_vec())?;
        Ok(Input { format, decoder, read, frames: 0 })
    }

    /// The next frame, if the stream does not end here.
    pub(crate) fn next(&mut self) -> Result<Option<Frame<'_>>, String> {
        self.read.set(0);
        self.frames += 1;
        match self.decoder.read_frame() {
            Ok(frame) => Ok(Some(frame)),
            Err(Error::EOF) if self.read.get() == 0 => Ok(None),
            Err(error) => Err(frame_error(&error, self.frames, self.read.get(), &self.format)),
        }
    }
}

/// The first line, without its end.
fn read_header(reader: &mut impl BufRead) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    reader
        .take(LONGEST_HEADER)
        .read_until(b'\n', &mut line)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if line.is_empty() {
        return Err("there is nothing in it".to_owned());
    }
    let known = MAGIC.len().min(line.len());
    if line[..known] != MAGIC[..known] {
        return Err("not a Y4M stream: it does not begin with YUV4MPEG2 \
                    (`ffmpeg -i INPUT -f yuv4mpegpipe -` makes one)"
            .to_owned());
    }
    match line.pop() {
        Some(b'\n') => Ok(line),
        _ if line.len() as u64 + 1 == LONGEST_HEADER => {
            Err(format!("not a Y4M stream: its header has more than {LONGEST_HEADER} bytes"))
        }
        _ => Err("truncated: it ends within its header".to_owned()),
    }
}

/// What stands in the header behind this letter or name, if anything does; the last one counts.
fn parameter<'a>(header: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let parameters = header.split(|&byte| byte == b' ').skip(1);
    parameters.filter_map(|text| text.strip_prefix(name)).last()
}

/// A number of pixels.
fn number(header: &[u8], letter: u8) -> Result<usize, String> {
    let text = parameter(header, &[letter]).unwrap_or_default();
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.filter(|&number| number > 0).ok_or_else(|| {
        let what = if letter == b'W' { "width" } else { "height" };
        format!("not a Y4M stream this program can read: its header tells no {what}")
    })
}

fn format_of<R: Read>(decoder: &Decoder<R>, header: Vec<u8>) -> Result<Format, String> {
    let (width, height) = (decoder.get_width(), decoder.get_height());
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let colour = match decoder.get_colorspace() {
        Colorspace::Cmono | Colorspace::Cmono12 => None,
        Colorspace::C444 | Colorspace::C444p10 | Colorspace::C444p12 => Some((width, height)),
        Colorspace::C422 | Colorspace::C422p10 | Colorspace::C422p12 => Some((half_width, height)),
        Colorspace::C420
        | Colorspace::C420p10
        | Colorspace::C420p12
        | Colorspace::C420jpeg
        | Colorspace::C420paldv
        | Colorspace::C420mpeg2 => Some((half_width, half_height)),
        _ => return Err(unknown_pixels(&header)),
    };
    let rate = decoder.get_framerate();
    let is_known = rate.num > 0 && rate.den > 0;
    Ok(Format {
        width,
        height,
        colour,
        depth: decoder.get_bit_depth() as u32,
        is_interlaced: matches!(parameter(&header, b"I"), Some(b"t" | b"b" | b"m")),
        rate: if is_known { (rate.num, rate.den) } else { USUAL_RATE },
        header,
    })
}

fn unknown_pixels(header: &[u8]) -> String {
    let pixels = parameter(header, b"C").or_else(|| parameter(header, b"XYSCSS="));
    let name = String::from_utf8_lossy(pixels.unwrap_or_default()).into_owned();
    format!(
        "its pixels are {name:?}, and only mono, 4:2:0, 4:2:2 and 4:4:4 of 8, 10 and 12 bits are supported \
         (`ffmpeg -i INPUT -pix_fmt yuv420p -f yuv4mpegpipe -` converts them)"
    )
}

fn header_error(error: &Error, header: &[u8]) -> String {
    match error {
        Error::UnknownColorspace => unknown_pixels(header),
        error => format!("not a Y4M stream this program can read: its header is broken ({error})"),
    }
}

fn frame_error(error: &Error, number: usize, read: usize, format: &Format) -> String {
    let whole = number - 1;
    match error {
        Error::EOF => {
            let all = format.frame_bytes();
            format!(
                "truncated: it ends {read} bytes into frame {number}, which has {all} and a line before them; \
                 the {whole} whole frames before it were kept"
            )
        }
        Error::IoError(error) => format!(
            "frame {number} cannot be read: {error}; the {whole} frames before it were kept"
        ),
        _ => format!(
            "damaged: frame {number} does not begin with FRAME; the {whole} frames before it were kept"
        ),
    }
}

/// A reader that counts. It goes on where a signal interrupted it, which `y4m` does not.
struct Counted<R> {
    reader: R,
    read: Rc<Cell<usize>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(count) => {
                    self.read.set(self.read.get() + count);
                    return Ok(count);
                }
                error => return error,
            }
        }
    }
}

/// Writes the header that was read.
pub(crate) fn write_header(writer: &mut dyn Write, format: &Format) -> io::Result<()> {
    writer.write_all(MAGIC)?;
    writer.write_all(&format.header)?;
    writer.write_all(b"\n")
}

/// Writes a frame, with the parameters of the one that was read.
pub(crate) fn write_frame(
    writer: &mut dyn Write,
    planes: &[Rows<'_, u8>],
    parameters: Option<&[u8]>,
) -> io::Result<()> {
    writer.write_all(b"FRAME")?;
    if let Some(parameters) = parameters {
        writer.write_all(b" ")?;
        writer.write_all(parameters)?;
    }
    writer.write_all(b"\n")?;
    planes.iter().flat_map(Rows::iter).try_for_each(|row| writer.write_all(row))
}
