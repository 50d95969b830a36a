//! The tune for a run without a file: Pachelbel's Canon in D, shortened.

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind};

pub(crate) const NAME: &str = "Pachelbel's Canon in D, shortened";

/// Ticks of a beat, which is a quarter note.
const BEAT: u32 = 480;
/// Ticks of the shortest note, a 32nd.
const SHORTEST: u32 = BEAT / 8;
/// Ticks of the ground, which is played again and again.
const GROUND: u32 = 8 * BEAT;

/// A tempo in microseconds for a beat, from this beat on: at the end it slows down.
const TEMPI: [(u32, u32); 4] = [(0, 625_000), (36, 660_000), (38, 740_000), (40, 900_000)];

/// What the bass plays, on each ground. A number is the length of the notes that follow, in 32nds.
const BASS: &str = "8 d3 a2 b2 f#2 g2 d2 g2 a2";
/// The chords on the bass.
const CHORDS: [[&str; 3]; 8] = [
    ["d4", "f#4", "a4"],
    ["c#4", "e4", "a4"],
    ["d4", "f#4", "b4"],
    ["c#4", "f#4", "a4"],
    ["d4", "g4", "b4"],
    ["d4", "f#4", "a4"],
    ["d4", "g4", "b4"],
    ["e4", "a4", "c#5"],
];
/// What each of the violins plays, one ground after the other, and one ground after the violin
/// before it.
const CANON: [&str; 5] = [
    "8 f#5 e5 d5 c#5 b4 a4 b4 c#5",
    "8 d5 c#5 b4 a4 g4 f#4 g4 e4",
    "4 d4 f#4 a4 g4 f#4 d4 f#4 e4 d4 b3 d4 a4 g4 b4 a4 g4",
    "4 f#4 d4 e4 c#5 d5 f#5 a5 a4 b4 g4 a4 f#4 d4 d5 6 d5 2 c#5",
    "2 a5 1 f#5 g5 2 a5 1 f#5 g5 a5 a4 b4 c#5 d5 e5 f#5 g5 \
     2 f#5 1 d5 e5 2 f#5 1 f#4 g4 a4 b4 a4 g4 a4 f#4 g4 a4 \
     2 g4 1 b4 a4 2 g4 1 f#4 e4 f#4 e4 d4 e4 f#4 g4 a4 b4 \
     2 g4 1 b4 a4 2 b4 1 c#5 d5 a4 b4 c#5 d5 e5 f#5 g5 a5",
];
/// The last note of each of the violins.
const CLOSE: [&str; 3] = ["32 f#5", "32 d5", "32 f#4"];
/// The last chord, from the bass upward, and a rest.
const LAST_CHORD: &str = "1 d3 a3 d4 f#4 a4 d5 26 -";

const VIOLIN: u8 = 40;
const CELLO: u8 = 42;
const HARPSICHORD: u8 = 6;

const PEDAL: u8 = 64;
const VOLUME: u8 = 7;
const PAN: u8 = 10;

/// The tune as the bytes of a MIDI file, with a track for each player.
pub(crate) fn as_midi_file() -> Vec<u8> {
    let timing = Timing::Metrical(u15::new(BEAT as u16));
    let mut tracks = vec![tempi()];
    tracks.extend((0..CLOSE.len()).map(violin));
    tracks.push(cello());
    tracks.push(harpsichord());
    let mut bytes = Vec::new();
    midly::write(&Header::new(Format::Parallel, timing), &tracks, &mut bytes)
        .expect("a few tracks fit in a file");
    bytes
}

fn violin(index: usize) -> Vec<TrackEvent<'static>> {
    let mut player = Player::new(index as u8, VIOLIN, [30, 64, 98][index]);
    player.time = index as u32 * GROUND;
    for phrase in &CANON[..CANON.len() - index] {
        player.play(phrase, 100);
    }
    player.play(CLOSE[index], 92);
    player.into_track()
}

fn cello() -> Vec<TrackEvent<'static>> {
    let mut player = Player::new(3, CELLO, 76);
    for _ in CANON {
        player.play(BASS, 108);
    }
    player.play("32 d2", 100);
    player.into_track()
}

/// Breaks each chord, and lets its notes ring until the next one.
fn harpsichord() -> Vec<TrackEvent<'static>> {
    let mut player = Player::new(4, HARPSICHORD, 52);
    for [low, middle, high] in CHORDS.iter().cycle().take(CANON.len() * CHORDS.len()) {
        player.change_pedal();
        player.play(&format!("2 {low} {middle} {high} {middle}"), 84);
    }
    player.change_pedal();
    player.play(LAST_CHORD, 92);
    player.control(PEDAL, 0);
    player.into_track()
}

fn tempi() -> Vec<TrackEvent<'static>> {
    let tempo =
        |(beat, micros)| (beat * BEAT, TrackEventKind::Meta(MetaMessage::Tempo(u24::new(micros))));
    into_track(TEMPI.into_iter().map(tempo).collect())
}

/// Writes down what is played on one channel.
struct Player {
    channel: u4,
    time: u32,
    events: Vec<(u32, TrackEventKind<'static>)>,
}

impl Player {
    fn new(channel: u8, program: u8, pan: u8) -> Player {
        let mut player = Player { channel: u4::new(channel), time: 0, events: Vec::new() };
        player.add(0, MidiMessage::ProgramChange { program: u7::new(program) });
        player.control(VOLUME, 127);
        player.control(PAN, pan);
        player
    }

    fn add(&mut self, time: u32, message: MidiMessage) {
        self.events.push((time, TrackEventKind::Midi { channel: self.channel, message }));
    }

    fn control(&mut self, controller: u8, value: u8) {
        let (controller, value) = (u7::new(controller), u7::new(value));
        self.add(self.time, MidiMessage::Controller { controller, value });
    }

    /// Damps what rings, and lets ring what follows.
    fn change_pedal(&mut self) {
        self.control(PEDAL, 0);
        self.control(PEDAL, 127);
    }

    /// Plays notes one after the other.
    fn play(&mut self, notes: &str, velocity: u8) {
        let mut len = SHORTEST;
        for word in notes.split_whitespace() {
            if let Ok(shortest) = word.parse::<u32>() {
                len = shortest * SHORTEST;
                continue;
            }
            if let Some(key) = key(word) {
                let vel = u7::new(velocity);
                self.add(self.time, MidiMessage::NoteOn { key, vel });
                self.add(self.time + len, MidiMessage::NoteOff { key, vel });
            }
            self.time += len;
        }
    }

    fn into_track(self) -> Vec<TrackEvent<'static>> {
        into_track(self.events)
    }
}

/// The key of a note like `f#4`; none is a rest.
fn key(note: &str) -> Option<u7> {
    let step = "c d ef g a b".find(note.chars().next()?)?;
    let octave = note.chars().last()?.to_digit(10)?;
    let sharp = usize::from(note.contains('#'));
    Some(u7::new((12 * (octave as usize + 1) + step + sharp) as u8))
}

/// Puts events in order, with the time from each to the next.
fn into_track(mut events: Vec<(u32, TrackEventKind<'static>)>) -> Vec<TrackEvent<'static>> {
    // Stable, with ends before beginnings, so that a note can follow itself.
    let begins = |kind: &TrackEventKind<'_>| {
        let TrackEventKind::Midi { message, .. } = kind else { return false };
        matches!(message, MidiMessage::NoteOn { .. })
    };
    events.sort_by_key(|(time, kind)| (*time, begins(kind)));
    let end = events.last().map_or(0, |(time, _)| *time);
    events.push((end, TrackEventKind::Meta(MetaMessage::EndOfTrack)));
    let mut last = 0;
    let event = |(time, kind)| {
        let delta = u28::new(time - last);
        last = time;
        TrackEvent { delta, kind }
    };
    events.into_iter().map(event).collect()
}
