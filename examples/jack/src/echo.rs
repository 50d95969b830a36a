//! An echo from side to side, but for the memory it is in.

/// The time of an echo in seconds.
const DELAY: f32 = 0.28;
/// How much of it comes again.
const FEEDBACK: f32 = 0.35;

/// Samples in a side's line.
pub(crate) fn line_len(rate: usize) -> usize {
    (DELAY * rate as f32) as usize
}

/// Where in the lines the echo is.
#[derive(Default)]
pub(crate) struct Echo {
    at: usize,
}

impl Echo {
    /// Computes what comes back from two sides of sound.
    pub(crate) fn process(
        &mut self,
        lines: [&mut [f32]; 2],
        dry: [&[f32]; 2],
        wet: [&mut [f32]; 2],
    ) {
        let [left_line, right_line] = lines;
        let [left_wet, right_wet] = wet;
        for (frame, (left, right)) in dry[0].iter().zip(dry[1]).enumerate() {
            left_wet[frame] = left_line[self.at];
            right_wet[frame] = right_line[self.at];
            left_line[self.at] = FEEDBACK * (right + right_wet[frame]);
            right_line[self.at] = FEEDBACK * (left + left_wet[frame]);
            self.at = if self.at + 1 == left_line.len() { 0 } else { self.at + 1 };
        }
    }
}
