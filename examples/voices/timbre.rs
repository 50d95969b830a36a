//! What the instruments are like.

/// An instrument.
pub(crate) struct Timbre {
    pub(crate) model: Model,
    /// Seconds until a note has its full strength.
    pub(crate) attack: f32,
    /// Seconds in which a note falls to a thousandth; notes above the middle fall faster.
    pub(crate) decay: f32,
    /// What part of its strength a note that is held keeps.
    pub(crate) sustain: f32,
    /// Seconds in which a note that has ended falls to a thousandth.
    pub(crate) release: f32,
    /// How loud it is beside the others.
    pub(crate) gain: f32,
}

/// How a note is made.
#[derive(Clone, Copy)]
pub(crate) enum Model {
    /// One period of a wave, read again and again.
    Wave {
        /// How strong each harmonic is.
        harmonics: &'static [f32],
        /// How far a second player of the same wave is out of tune, in semitones.
        detune: f32,
        /// How much of its brightness the note loses while it gets softer, from 0 to 1.
        dulling: f32,
        /// How far the pitch wavers, in semitones.
        vibrato: f32,
    },
    /// A delay line full of noise, fed back: a plucked string (Karplus and Strong).
    Pluck {
        /// How fast the string loses its brightness, from 0 to 0.5.
        damping: f32,
    },
}

const fn wave(harmonics: &'static [f32], detune: f32, dulling: f32, vibrato: f32) -> Model {
    Model::Wave { harmonics, detune, dulling, vibrato }
}

const fn pluck(damping: f32) -> Model {
    Model::Pluck { damping }
}

const PIANO: &[f32] =
    &[1.0, 0.7, 0.45, 0.35, 0.25, 0.2, 0.08, 0.13, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.02];
/// The first partials of a tuned bar.
const BAR: &[f32] = &[1.0, 0.0, 0.0, 0.35, 0.0, 0.0, 0.0, 0.0, 0.0, 0.12];
const ORGAN: &[f32] = &[1.0, 0.8, 0.45, 0.5, 0.0, 0.25, 0.0, 0.3];
const REED: &[f32] = &[1.0, 0.15, 0.75, 0.12, 0.5, 0.1, 0.3, 0.08, 0.2, 0.06, 0.12, 0.05, 0.08];
const PIPE: &[f32] = &[1.0, 0.3, 0.12, 0.05, 0.02];
const SAW: &[f32] = &{
    let mut harmonics = [0.0; MOST_HARMONICS];
    let mut index = 0;
    while index < MOST_HARMONICS {
        harmonics[index] = 1.0 / (index as f32 + 1.0);
        index += 1;
    }
    harmonics
};
pub(crate) const MOST_HARMONICS: usize = 24;

const fn timbre(model: Model, times: [f32; 3], sustain: f32, gain: f32) -> Timbre {
    let [attack, decay, release] = times;
    Timbre { model, attack, decay, sustain, release, gain }
}

/// The sixteen families of General MIDI, each of eight programs.
static FAMILIES: [Timbre; 16] = [
    // Pianos.
    timbre(wave(PIANO, 0.02, 0.8, 0.0), [0.002, 6.0, 0.4], 0.0, 1.2),
    // Tuned percussion.
    timbre(wave(BAR, 0.0, 0.3, 0.0), [0.001, 2.5, 1.5], 0.0, 1.1),
    // Organs.
    timbre(wave(ORGAN, 0.0, 0.0, 0.0), [0.006, 1.0, 0.1], 1.0, 0.8),
    // Guitars.
    timbre(pluck(0.3), [0.001, 6.0, 0.3], 1.0, 1.4),
    // Basses.
    timbre(pluck(0.48), [0.001, 8.0, 0.15], 1.0, 1.6),
    // Bowed strings.
    timbre(wave(SAW, 0.06, 0.5, 0.1), [0.04, 1.5, 0.3], 0.8, 0.8),
    // Ensembles and choirs.
    timbre(wave(SAW, 0.12, 0.7, 0.06), [0.09, 2.0, 0.6], 0.85, 0.8),
    // Brass.
    timbre(wave(SAW, 0.02, 0.9, 0.05), [0.035, 1.0, 0.15], 0.75, 0.9),
    // Reeds.
    timbre(wave(REED, 0.0, 0.5, 0.08), [0.025, 1.0, 0.15], 0.85, 0.8),
    // Pipes.
    timbre(wave(PIPE, 0.0, 0.4, 0.12), [0.05, 1.0, 0.2], 0.9, 0.9),
    // Leads.
    timbre(wave(SAW, 0.08, 0.4, 0.08), [0.005, 1.5, 0.15], 0.8, 0.8),
    // Pads.
    timbre(wave(SAW, 0.14, 0.9, 0.04), [0.35, 3.0, 1.2], 0.8, 0.8),
    // Effects.
    timbre(wave(BAR, 0.1, 0.5, 0.0), [0.05, 4.0, 1.5], 0.3, 0.8),
    // Plucked ones from all over the world.
    timbre(pluck(0.2), [0.001, 5.0, 0.3], 1.0, 1.4),
    // Bells, blocks and drums.
    timbre(wave(BAR, 0.05, 0.2, 0.0), [0.001, 1.2, 0.8], 0.0, 1.1),
    // Noises.
    timbre(wave(PIPE, 0.3, 0.9, 0.5), [0.2, 2.0, 0.8], 0.5, 0.5),
];

/// A harp, a harpsichord, a string that is plucked and not bowed.
static STRING: Timbre = timbre(pluck(0.15), [0.001, 5.0, 0.25], 1.0, 1.4);

/// The instrument of a program.
pub(crate) fn of_program(program: u8) -> &'static Timbre {
    match program {
        6 | 7 | 45 | 46 => &STRING,
        _ => &FAMILIES[usize::from(program / 8) % FAMILIES.len()],
    }
}

/// A drum or a cymbal: a tone that falls, noise, and an echo so short that it rings.
pub(crate) struct Drum {
    /// Frequency at first, in Hz, and what it falls to.
    pub(crate) tone: [f32; 2],
    /// Strength of the tone and of the noise.
    pub(crate) mix: [f32; 2],
    /// Seconds in which the tone and the noise fall to a thousandth.
    pub(crate) decay: [f32; 2],
    /// Where the noise begins and where it ends, in Hz.
    pub(crate) band: [f32; 2],
    /// Samples until the echo, and what part of the sound comes back with it.
    pub(crate) echo: (usize, f32),
}

const fn drum(
    tone: [f32; 2],
    mix: [f32; 2],
    decay: [f32; 2],
    band: [f32; 2],
    echo: (usize, f32),
) -> Drum {
    Drum { tone, mix, decay, band, echo }
}

static KICK: Drum = drum([150.0, 48.0], [1.0, 0.1], [0.4, 0.03], [200.0, 4000.0], (1, 0.0));
static SNARE: Drum = drum([220.0, 180.0], [0.5, 1.2], [0.2, 0.3], [700.0, 9000.0], (131, 0.3));
static STICK: Drum = drum([900.0, 700.0], [0.7, 0.6], [0.06, 0.06], [900.0, 6000.0], (67, 0.5));
static CLAP: Drum = drum([300.0, 300.0], [0.0, 1.6], [0.1, 0.35], [900.0, 3500.0], (487, 0.4));
static CLOSED_HAT: Drum = drum([400.0, 400.0], [0.0, 1.2], [0.1, 0.12], [7e3, 16e3], (37, 0.6));
static OPEN_HAT: Drum = drum([400.0, 400.0], [0.0, 0.9], [0.1, 0.7], [6e3, 16e3], (37, 0.6));
static RIDE: Drum = drum([520.0, 520.0], [0.08, 0.5], [0.8, 1.4], [5e3, 14e3], (89, 0.7));
static CRASH: Drum = drum([400.0, 400.0], [0.0, 0.7], [0.1, 2.2], [2500.0, 14e3], (211, 0.6));
static SHAKER: Drum = drum([400.0, 400.0], [0.0, 1.0], [0.1, 0.12], [4e3, 12e3], (1, 0.0));
static BLOCK: Drum = drum([800.0, 780.0], [0.7, 0.1], [0.15, 0.02], [2e3, 8e3], (1, 0.0));
static TOMS: [Drum; 3] = [
    drum([130.0, 75.0], [1.0, 0.15], [0.5, 0.1], [300.0, 3e3], (307, 0.3)),
    drum([180.0, 110.0], [1.0, 0.15], [0.45, 0.1], [300.0, 3e3], (229, 0.3)),
    drum([240.0, 160.0], [1.0, 0.15], [0.4, 0.1], [300.0, 3e3], (163, 0.3)),
];

/// The drum of a key on the channel of the drums.
pub(crate) fn of_drum(key: u8) -> &'static Drum {
    match key {
        0..=36 => &KICK,
        38 | 40 => &SNARE,
        39 => &CLAP,
        37 => &STICK,
        41 | 43 | 64 => &TOMS[0],
        45 | 47 | 61 | 63 | 66 => &TOMS[1],
        48 | 50 | 60 | 62 | 65 => &TOMS[2],
        42 | 44 => &CLOSED_HAT,
        46 => &OPEN_HAT,
        49 | 52 | 55 | 57 => &CRASH,
        51 | 53 | 59 => &RIDE,
        54 | 69 | 70 | 82 => &SHAKER,
        _ => &BLOCK,
    }
}
