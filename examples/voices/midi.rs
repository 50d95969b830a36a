//! From a MIDI file to a list of events with their times. Whatever is wrong with a file is told in
//! one line that names it.
//!
//! `midly` reads the header and the events, with its feature `strict`, without which it leaves out
//! what it cannot read. The chunks around the tracks are read here, so that a file that was cut
//! short is told from one that never was a MIDI file, and harmless faults (bytes after the last
//! track, no mark at a track's end) are no errors.

use crate::synth::{BLOCK, CHANNELS, RATE};
use midly::live::LiveEvent;
use midly::num::{u4, u7};
use midly::{EventIter, Format, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The most bytes a file may have. The largest ones that are about music have one or two million.
const MOST_BYTES: u64 = 64 << 20;
/// The longest song, in minutes.
const LONGEST: f64 = 60.0;
/// Seconds from one song to the next, where a file holds several.
const GAP: f64 = 1.0;
/// Seconds of a beat where no event says otherwise.
const BEAT: f64 = 0.5;

/// Controllers that silence a channel and put its controllers back.
pub(crate) const ALL_NOTES_OFF: u8 = 123;
pub(crate) const RESET: u8 = 121;

/// What is to be played: all of it known in advance, in order.
pub(crate) struct Song {
    pub(crate) events: Vec<Event>,
}

/// A message at its time.
pub(crate) struct Event {
    seconds: f64,
    pub(crate) channel: usize,
    pub(crate) message: MidiMessage,
}

impl Event {
    /// The block that begins with this event.
    pub(crate) fn block(&self) -> usize {
        (self.seconds * f64::from(RATE) / BLOCK as f64).round() as usize
    }
}

impl Song {
    /// Reads a whole file.
    pub(crate) fn read(path: &Path) -> Result<Song, String> {
        read(path)
            .and_then(|bytes| Song::parse(&bytes))
            .map_err(|reason| format!("{}: {reason}", path.display()))
    }

    /// Reads a file that is in memory.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Song, String> {
        let (format, timing, tracks) = tracks(bytes)?;
        let mut events = Vec::new();
        match format {
            Format::SingleTrack | Format::Parallel => {
                let all = tracks.into_iter().flatten().collect();
                append_song(&mut events, all, timing, 0.0);
            }
            // Each track is a song of its own: they are played one after the other.
            Format::Sequential => {
                let mut start = 0.0;
                for track in tracks {
                    if let Some(end) = append_song(&mut events, track, timing, start) {
                        start = end + GAP;
                    }
                }
            }
        }
        if !events.iter().any(|event| matches!(event.message, MidiMessage::NoteOn { .. })) {
            return Err("there are no notes in it".to_owned());
        }
        let minutes = events.last().map_or(0.0, |event| event.seconds) / 60.0;
        if minutes > LONGEST {
            let minutes = minutes.ceil();
            return Err(format!("too long: {minutes} minutes, and at most {LONGEST} are allowed"));
        }
        Ok(Song { events })
    }

    /// How many blocks there are events in.
    pub(crate) fn blocks(&self) -> usize {
        self.events.last().map_or(0, |event| event.block() + 1)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Err("is a directory".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("too large for a MIDI file: more than {} MiB", MOST_BYTES >> 20));
    }
    Ok(bytes)
}

/// An event of a track, and ticks since the track's start.
type Timed<'a> = (u64, TrackEventKind<'a>);

/// Reads the header and all tracks.
fn tracks(bytes: &[u8]) -> Result<(Format, Timing, Vec<Vec<Timed<'_>>>), String> {
    // Some files have a RIFF header before it.
    let start = match bytes {
        [b'R', b'I', b'F', b'F', ..] => bytes.windows(4).position(|id| id == b"MThd"),
        _ => bytes.starts_with(b"MThd").then_some(0),
    };
    let start = start.ok_or("not a MIDI file: no MThd chunk found")?;
    let broken = "not a MIDI file this program can read: its header is broken";
    let Some(&[high, low]) = bytes.get(start + 12..start + 14) else {
        return Err("truncated: it ends within its header".to_owned());
    };
    // Ticks that would take for ever, and (in midly a panic) a frame rate that has no negative.
    if high == 0x80 || low == 0 && (high == 0 || high > 0x80) {
        return Err(broken.to_owned());
    }
    let (header, chunks) = midly::parse(&bytes[start..]).map_err(|_| broken)?;
    let count = chunks.size_hint().0;
    let mut rest = chunks.unread();
    let mut tracks = Vec::new();
    while tracks.len() < count {
        let name = format!("track {} of {count}", tracks.len() + 1);
        let Some((id, len, body)) = chunk(rest) else {
            return Err(format!("truncated: it ends before {name}"));
        };
        let Some((body, after)) = body.split_at_checked(len) else {
            let there = body.len();
            return Err(format!("truncated: it ends {there} bytes into the {len} of {name}"));
        };
        if id == b"MTrk" {
            let offset = bytes.len() - rest.len() + 8;
            tracks.push(
                track(body).map_err(|at| format!("{name} is broken at byte {}", offset + at))?,
            );
        }
        rest = after;
    }
    Ok((header.format, header.timing, tracks))
}

/// A chunk's name, the length that it says it has, and all that follows.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], usize, &[u8])> {
    let (id, rest) = bytes.split_first_chunk()?;
    let (len, rest) = rest.split_first_chunk()?;
    Some((id, u32::from_be_bytes(*len) as usize, rest))
}

/// Reads a track up to its end mark, or says at which byte this is not possible.
fn track(bytes: &[u8]) -> Result<Vec<Timed<'_>>, usize> {
    let mut events = EventIter::new(bytes);
    let mut timed = Vec::new();
    let mut ticks = 0;
    let mut status = None;
    loop {
        let rest = events.unread();
        let Some(event) = events.next() else { break };
        let event = match event {
            Ok(event) => event,
            Err(_) => {
                let broken = bytes.len() - rest.len();
                let (event, len) = running(rest, status).ok_or(broken)?;
                events = EventIter::new(&rest[len..]);
                event
            }
        };
        match event.kind {
            TrackEventKind::Meta(MetaMessage::EndOfTrack) => break,
            TrackEventKind::Midi { channel, message } => status = Some((channel, message)),
            _ => {}
        }
        ticks += u64::from(event.delta.as_int());
        timed.push((ticks, event.kind));
    }
    Ok(timed)
}

/// Reads a message without its status, which is that of the last one, and says how many bytes it has. The standard
/// does not allow that after a meta event or a system exclusive one, but some files have it, and players read it.
fn running(bytes: &[u8], last: Option<(u4, MidiMessage)>) -> Option<(TrackEvent<'static>, usize)> {
    let (channel, message) = last?;
    let mut status = Vec::new();
    LiveEvent::Midi { channel, message }.write(&mut status).ok()?;
    // The time before it is a number of up to four bytes, of which only the last one is below 128.
    let time = bytes.iter().take(4).position(|byte| *byte < 0x80)? + 1;
    let mut whole = bytes[..time].to_vec();
    whole.push(status[0]);
    whole.extend(bytes[time..].iter().take(2).take_while(|byte| **byte < 0x80));
    let mut events = EventIter::new(&whole);
    let event = events.next()?.ok()?.to_static();
    let len = whole.len() - 1 - events.unread().len();
    Some((event, len))
}

/// Appends a song that starts at this time, up to its last note, and says when it ends. There is
/// none where it has no notes.
fn append_song(
    events: &mut Vec<Event>,
    mut timed: Vec<Timed<'_>>,
    timing: Timing,
    start: f64,
) -> Option<f64> {
    // Stable: what is at the same time stays in the order of the tracks.
    timed.sort_by_key(|(ticks, _)| *ticks);
    timed.truncate(timed.iter().rposition(|(_, kind)| is_note(kind))? + 1);

    let mut second_per_tick = tick_seconds(timing, BEAT);
    let (mut seconds, mut last) = (start, 0);
    for (ticks, kind) in timed {
        seconds += (ticks - last) as f64 * second_per_tick;
        last = ticks;
        match kind {
            TrackEventKind::Midi { channel, message } => {
                let channel = usize::from(channel.as_int());
                events.push(Event { seconds, channel, message: plain(message) });
            }
            // A tempo of 0 would make the rest of the song one chord.
            TrackEventKind::Meta(MetaMessage::Tempo(micros)) if micros.as_int() > 0 => {
                second_per_tick = tick_seconds(timing, f64::from(micros.as_int()) * 1e-6);
            }
            _ => {}
        }
    }
    for channel in 0..CHANNELS {
        for controller in [RESET, ALL_NOTES_OFF] {
            let (controller, value) = (u7::new(controller), u7::new(0));
            let message = MidiMessage::Controller { controller, value };
            events.push(Event { seconds, channel, message });
        }
    }
    Some(seconds)
}

/// How long a tick is, in seconds, where a beat is that long.
fn tick_seconds(timing: Timing, beat: f64) -> f64 {
    match timing {
        Timing::Metrical(ticks) => beat / f64::from(ticks.as_int()),
        // Ticks of the clock on the wall: the tempo does not matter.
        Timing::Timecode(frames, ticks) => 1.0 / (f64::from(frames.as_f32()) * f64::from(ticks)),
    }
}

/// Whether a note begins or ends.
fn is_note(kind: &TrackEventKind<'_>) -> bool {
    let TrackEventKind::Midi { message, .. } = kind else { return false };
    matches!(message, MidiMessage::NoteOn { .. } | MidiMessage::NoteOff { .. })
}

/// A note that begins without force is one that ends.
fn plain(message: MidiMessage) -> MidiMessage {
    match message {
        MidiMessage::NoteOn { key, vel } if vel == 0 => MidiMessage::NoteOff { key, vel },
        message => message,
    }
}

#[cfg(test)]
mod tests {
    use super::{MidiMessage, Song};

    /// A file with one track.
    fn file(track: &[u8]) -> Vec<u8> {
        let header = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk";
        [&header[..], &(track.len() as u32).to_be_bytes(), track].concat()
    }

    /// The keys that are struck and let go, and when, in 1/960 seconds.
    fn notes(track: &[u8]) -> Result<Vec<(u64, u8, bool)>, String> {
        let song = Song::parse(&file(track))?;
        let notes = song.events.iter().filter_map(|event| {
            let ticks = (event.seconds * 960.0).round() as u64;
            match event.message {
                MidiMessage::NoteOn { key, .. } => Some((ticks, key.as_int(), true)),
                MidiMessage::NoteOff { key, .. } => Some((ticks, key.as_int(), false)),
                _ => None,
            }
        });
        Ok(notes.collect())
    }

    #[test]
    fn a_status_goes_on_after_other_events() {
        const END: &[u8] = b"\0\xff\x2f\0";
        let expected = [(0, 60, true), (240, 60, false), (240, 64, true), (480, 64, false)];
        for between in [
            &b""[..],
            b"\0\xff\x01\x02%+",
            b"\0\xf0\x02\x7e\xf7",
            b"\0\xf7\x01\xf8",
            b"\0\xff\x01\x02%+\0\xff\x06\0",
        ] {
            let track = [
                b"\0\x90\x3c\x64\x81\x70\x3c\0",
                between,
                b"\0\x40\x64",
                between,
                b"\x81\x70\x40\0",
                END,
            ];
            assert_eq!(notes(&track.concat()).unwrap(), expected, "{between:?}");
        }
        // A message of one byte, and a time of four, from its last byte to the end.
        let track = b"\0\x90\x3c\x64\0\xc0\x05\0\xff\x06\0\0\x07\x80\x80\x81\x70\x08\0\x90\x3c\0";
        assert_eq!(notes(track).unwrap(), [(0, 60, true), (240, 60, false)]);
    }

    #[test]
    fn what_is_no_message_is_told_with_its_place() {
        for (track, at) in [
            // No status at all, before and after another event.
            (&b"\0\x3c\x64"[..], 22),
            (b"\0\xff\x06\0\0\x3c\x64", 26),
            // Cut short, or with a status where a number belongs.
            (b"\0\x90\x3c\x64\0\xff\x06\0\0\x3c", 30),
            (b"\0\x90\x3c\x64\0\xff\x06\0\0\x3c\x90", 30),
            (b"\0\x90\x3c\x64\0\xff\x06\0\x81\x81\x81\x81\x3c\0", 30),
        ] {
            let message = notes(track).unwrap_err();
            assert!(message.contains(&format!("track 1 of 1 is broken at byte {at}")), "{message}");
        }
    }
}
