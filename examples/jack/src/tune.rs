//! What is played: four chords, broken, over a bass, again and again.

/// The bass and the notes above it, as MIDI keys.
const CHORDS: [[u8; 6]; 4] = [
    [33, 57, 60, 64, 69, 72],
    [29, 57, 60, 65, 69, 72],
    [36, 55, 60, 64, 67, 76],
    [31, 55, 59, 62, 67, 74],
];
/// Which of the notes comes in each of a chord's steps.
const PATTERN: [usize; 16] = [1, 2, 3, 4, 5, 4, 3, 2, 1, 3, 2, 4, 3, 5, 4, 3];
/// A step's length in seconds: a sixteenth.
const STEP: f32 = 0.125;

/// The lowest pitch there is, in Hz.
pub(crate) const LOWEST: f32 = 40.0;

/// A note that begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Note {
    /// In Hz.
    pub(crate) pitch: f32,
    /// From 0 to 1.
    pub(crate) force: f32,
    /// From left to right, 0 to 1.
    pub(crate) pan: f32,
}

/// Where in the tune we are.
pub(crate) struct Tune {
    /// Frames in a step.
    step_frames: usize,
    /// Frames until the next step.
    rest: usize,
    step: usize,
}

impl Tune {
    pub(crate) fn new(rate: usize) -> Tune {
        Tune { step_frames: (STEP * rate as f32) as usize, rest: 0, step: 0 }
    }

    /// The notes that begin within this many frames.
    pub(crate) fn due(&mut self, frames: usize) -> impl Iterator<Item = Note> + use<> {
        let is_due = self.rest < frames;
        let step = self.step;
        if is_due {
            self.rest += self.step_frames;
            self.step += 1;
        }
        self.rest -= frames;
        let chord = CHORDS[step / PATTERN.len() % CHORDS.len()];
        let at = step % PATTERN.len();
        let begins = [true, at % 8 == 0, at == 0, at == 0, at == 0];
        let notes = [chord[PATTERN[at]], chord[0], chord[1], chord[3], chord[5]];
        let notes = notes.into_iter().zip(begins).enumerate();
        notes.filter(move |(_, (_, begins))| is_due && *begins).map(move |(index, (key, _))| Note {
            pitch: 440.0 * ((f32::from(key) - 69.0) / 12.0).exp2(),
            force: if index == 0 { 0.5 + 0.1 * (at % 4) as f32 } else { 0.7 },
            pan: if index == 1 { 0.5 } else { 0.2 + 0.15 * (at % 5) as f32 },
        })
    }
}
