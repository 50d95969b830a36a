//! The same synth with its memory in `Vec`s, as one would write it first: each block and each note allocates
//! and frees.

use crate::echo::{self, Echo};
use crate::pluck::{self, OVER, Pluck, VOICES};
use crate::tune::Tune;
use memzone::ZoneError;

struct Voice {
    string: Pluck,
    line: Vec<f32>,
}

/// A synth that owns its memory.
pub(crate) struct Synth {
    rate: usize,
    tune: Tune,
    /// Oldest first.
    voices: Vec<Voice>,
    echo: Echo,
    echo_lines: [Vec<f32>; 2],
}

impl Synth {
    pub(crate) fn new(rate: usize) -> Synth {
        Synth {
            rate,
            tune: Tune::new(rate),
            voices: Vec::new(),
            echo: Echo::default(),
            echo_lines: [(); 2].map(|()| vec![0.0; echo::line_len(rate)]),
        }
    }

    fn begin_notes(&mut self, frames: usize) {
        for note in self.tune.due(frames) {
            if self.voices.len() == VOICES {
                self.voices.remove(0);
            }
            let string = Pluck::new(note, self.rate);
            let mut line = vec![0.0; string.len];
            string.excite(&mut line);
            self.voices.push(Voice { string, line });
        }
    }
}

impl crate::callback::Synth for Synth {
    fn process(&mut self, sides: [&mut [f32]; 2]) -> Result<(), ZoneError> {
        let frames = sides[0].len();
        self.begin_notes(frames);
        let mut left = vec![0.0; frames];
        let mut right = vec![0.0; frames];
        let mut left_wet = vec![0.0; frames];
        let mut right_wet = vec![0.0; frames];
        for Voice { string, line } in &mut self.voices {
            let mut samples = vec![0.0; OVER * frames];
            string.render(line, &mut samples);
            let frames: Vec<f32> = pluck::frames(&samples).collect();
            string.mix(&frames, [&mut left, &mut right]);
        }
        self.voices.retain(|voice| !voice.string.is_over());
        let [left_line, right_line] = &mut self.echo_lines;
        let (dry, wet) = ([&*left, &*right], [&mut *left_wet, &mut *right_wet]);
        self.echo.process([left_line, right_line], dry, wet);
        for (to, parts) in sides.into_iter().zip([(left, left_wet), (right, right_wet)]) {
            for (to, (dry, wet)) in to.iter_mut().zip(parts.0.iter().zip(parts.1.iter())) {
                *to = dry + wet;
            }
        }
        Ok(())
    }
}
