//! Scores: text files, a line for each note or chord. Whatever is wrong with one is told in one line.
//!
//! ```text
//! # Comments and empty lines are passed over.
//! tempo 96
//! 0   1.5  c4        0.8     start, length (both in beats), key, loudness (from 0 to 1)
//! 1.5 2    a2+c3+e3          a chord; without a loudness: 0.6
//! ```

use crate::{BLOCK, RATE};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The tune for a run without a score.
pub(crate) const TUNE: &str = include_str!("tune.txt");
/// Beats in a minute, where the score does not tell.
const TEMPO: f64 = 120.0;
/// What a note is like that does not tell.
const LOUDNESS: f32 = 0.6;
/// The most bytes of a file.
const MOST_BYTES: u64 = 1 << 20;
/// The longest score, in minutes.
const LONGEST: f64 = 60.0;

/// A note of a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Note {
    /// The block it begins with.
    pub(crate) block: usize,
    /// Samples until the key is let go.
    pub(crate) length: usize,
    /// A key of MIDI's: 69 is the a of 440 Hz.
    pub(crate) key: u8,
    pub(crate) loudness: f32,
}

impl Note {
    pub(crate) fn frequency(&self) -> f32 {
        440.0 * ((f32::from(self.key) - 69.0) / 12.0).exp2()
    }
}

/// The key's name.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ["c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b"];
        write!(f, "{}{}", names[usize::from(self.key) % 12], i16::from(self.key) / 12 - 1)
    }
}

/// Reads a file: its notes, in the order of their beginnings.
pub(crate) fn read(path: &Path) -> Result<Vec<Note>, String> {
    let error = |reason: &dyn fmt::Display| format!("{}: {reason}", path.display());
    let file = File::open(path).map_err(|cause| error(&cause))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(error(&"is a directory"));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|cause| error(&cause))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(error(&format_args!(
            "too large for a score: more than {} KiB",
            MOST_BYTES >> 10
        )));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(error(&"it is text in UTF-16, and only UTF-8 can be read: save it as that"));
    }
    let text = String::from_utf8(bytes).map_err(|_| error(&"not a score: it is not text"))?;
    parse(&text).map_err(|cause| error(&cause))
}

/// Reads a score that is in memory.
pub(crate) fn parse(text: &str) -> Result<Vec<Note>, String> {
    let mut notes = Vec::new();
    let mut tempo = None;
    // Some editors begin each text with a mark of their own.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Lines end as on Linux, on Windows or, from old programs, with a carriage return alone.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for (index, line) in text.lines().enumerate() {
        let comment = line.match_indices('#').map(|(at, _)| at).find(|&at| is_between(line, at));
        let line = match line[..comment.unwrap_or(line.len())].trim() {
            "" => continue,
            line => line,
        };
        let at_line = |reason| format!("line {}: {reason}", index + 1);
        match line.strip_prefix("tempo").filter(|rest| rest.starts_with(char::is_whitespace)) {
            Some(_) if tempo.is_some() => {
                return Err(at_line("the tempo is there already".to_owned()));
            }
            Some(_) if !notes.is_empty() => {
                return Err(at_line("the tempo must stand before the notes".to_owned()));
            }
            Some(text) => {
                tempo = Some(number(text.trim(), "tempo", 10.0, 1000.0).map_err(at_line)?)
            }
            None => chord(line, tempo.unwrap_or(TEMPO), &mut notes).map_err(at_line)?,
        }
    }
    if notes.is_empty() {
        return Err("there are no notes in it".to_owned());
    }
    notes.sort_by_key(|note| note.block);
    Ok(notes)
}

/// Whether a word begins at this place of a line. Within a word, `#` makes a key sharp.
fn is_between(line: &str, at: usize) -> bool {
    line[..at].chars().next_back().is_none_or(char::is_whitespace)
}

/// Reads a line with the notes that begin at a time.
fn chord(line: &str, tempo: f64, notes: &mut Vec<Note>) -> Result<(), String> {
    let parts: Vec<_> = line.split_whitespace().collect();
    let (&[start, length, keys] | &[start, length, keys, _]) = &parts[..] else {
        return Err("not `START LENGTH KEY LOUDNESS`, `0 1.5 c4 0.8` say".to_owned());
    };
    let loudness = match parts.get(3) {
        Some(text) => number(text, "loudness", 0.0, 1.0)? as f32,
        None => LOUDNESS,
    };
    let most = LONGEST * tempo;
    let samples = |beats: f64| beats * 60.0 / tempo * f64::from(RATE);
    let start = samples(number(start, "start", 0.0, most)?);
    let length = samples(number(length, "length", 0.0, most)?);
    for name in keys.split('+') {
        notes.push(Note {
            block: (start / BLOCK as f64).round() as usize,
            length: length as usize,
            key: key(name)?,
            loudness,
        });
    }
    Ok(())
}

fn number(text: &str, what: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{text:?} is no {what}: a number from {least} to {most}"))
}

/// `c4` is the middle one; `f#4` and `gb4` are the same.
fn key(name: &str) -> Result<u8, String> {
    let of_name = || {
        let (letter, rest) = name.split_at_checked(1)?;
        let step = [9, 11, 0, 2, 4, 5, 7].get("abcdefg".find(letter)?)?;
        let (shift, octave) = match rest.as_bytes().first()? {
            b'#' => (1, &rest[1..]),
            b'b' => (-1, &rest[1..]),
            _ => (0, rest),
        };
        let octave: i32 = octave.parse().ok().filter(|octave| (-1..=9).contains(octave))?;
        u8::try_from(12 * (octave + 1) + step + shift).ok().filter(|&key| key < 128)
    };
    of_name().ok_or_else(|| format!("{name:?} is no key: c4, f#3 or bb2, say"))
}
