//! The audio thread's side: four stages in a row, and the state that outlives their definitions.

use crate::patch::{Cloud, Frame, Integrators, Line, Play, limited};
use crate::tiny::flushed;
use memzone::{Caller, Fader, Zone, ZoneError, try_letz};

/// Frames that are computed at a time.
pub(crate) const BLOCK: usize = 64;
/// Room for a block's zone.
pub(crate) const BLOCK_BYTES: usize = BLOCK * size_of::<Frame>() + 64;

/// Seconds for which a definition fades into the next.
const FADE: f32 = 0.02;
/// Seconds that the line holds.
const LINE: f32 = 2.5;

/// Bytes that the state takes up.
pub(crate) fn state_bytes(rate: f32) -> usize {
    line_frames(rate).saturating_mul(size_of::<Frame>()).saturating_add(64)
}

fn line_frames(rate: f32) -> usize {
    (LINE * rate) as usize
}

/// What the audio thread calls.
pub(crate) struct Callers<'z> {
    pub(crate) osc: Caller<Play<f32>>,
    pub(crate) lowpass: Caller<Play<Integrators>>,
    pub(crate) delay: Caller<Play<Line<'z>>>,
    pub(crate) grain: Caller<Play<Cloud<'z>>>,
}

/// One of the four: what is played, and what it goes on with when that is redefined.
struct Stage<S> {
    fader: Fader<Play<S>, S>,
    state: S,
}

impl<S: Copy> Stage<S> {
    fn new(caller: Caller<Play<S>>, state: S, fade: u32) -> Stage<S> {
        Stage { fader: Fader::with_state(caller, fade, state), state }
    }

    /// Plays a frame, with the newest definition.
    fn play(&mut self, frame: Frame) -> Frame {
        self.fader.call_with(&mut self.state, frame)
    }
}

/// The patch, as it plays.
pub(crate) struct Player<'z> {
    osc: Stage<f32>,
    lowpass: Stage<Integrators>,
    delay: Stage<Line<'z>>,
    grain: Stage<Cloud<'z>>,
    line: Line<'z>,
    /// The most bytes that a block's zone had in use.
    pub(crate) block_bytes: usize,
}

impl<'z> Player<'z> {
    pub(crate) fn new(zone: &'z Zone, rate: f32, callers: Callers<'z>) -> Player<'z> {
        let Callers { osc, lowpass, delay, grain } = callers;
        let line = Line::new(zone, line_frames(rate));
        let fade = (FADE * rate) as u32;
        Player {
            osc: Stage::new(osc, 0.0, fade),
            lowpass: Stage::new(lowpass, [[0.0; 2]; 2], fade),
            delay: Stage::new(delay, line, fade),
            grain: Stage::new(grain, Cloud::new(line), fade),
            line,
            block_bytes: 0,
        }
    }

    /// Plays a block, one stage after the other, in a zone that lasts as long as the block. On a thread
    /// that was prepared, there always is one.
    pub(crate) fn play(
        &mut self,
        input: &[Frame; BLOCK],
        output: &mut [Frame; BLOCK],
    ) -> Result<(), ZoneError> {
        try_letz!(BLOCK_BYTES, zone; frames = [[0.0; 2]; BLOCK] => {
            for (frame, input) in frames.iter_mut().zip(input) {
                *frame = self.osc.play(input.map(flushed));
            }
            for frame in &mut *frames {
                *frame = self.lowpass.play(*frame);
            }
            for frame in &mut *frames {
                *frame = self.delay.play(*frame);
                self.line.write(frame.map(flushed));
            }
            for (frame, output) in frames.iter().zip(output) {
                *output = self.grain.play(*frame).map(limited);
            }
            // What the filter remembers fades for ever: see `tiny.rs`.
            self.lowpass.state = self.lowpass.state.map(|side| side.map(flushed));
            self.block_bytes = self.block_bytes.max(zone.used());
        })
    }

    /// How many redefinitions were taken up.
    pub(crate) fn taken_up(&self) -> u64 {
        self.osc.fader.taken_up()
            + self.lowpass.fader.taken_up()
            + self.delay.fader.taken_up()
            + self.grain.fader.taken_up()
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, BLOCK_BYTES, Callers, Player, state_bytes};
    use crate::patch;
    use memzone::rt::{self, Plan};
    use memzone::{Zone, hot};

    #[test]
    fn silence_leaves_no_subnormal_numbers_in_the_state() {
        const RATE: f32 = 8_000.0;
        rt::prepare_thread(&Plan::new().scopes(1, BLOCK_BYTES)).unwrap();
        let zone = Zone::new(state_bytes(RATE));
        let osc = hot(patch::osc(RATE, 0.0).unwrap());
        let lowpass = hot(patch::lowpass(RATE, 300.0, 2.0).unwrap());
        let delay = hot(patch::delay(RATE, 0.05, 0.3).unwrap());
        let grain = hot(patch::grain(RATE, 20.0).unwrap());
        let callers = Callers { osc: osc.0, lowpass: lowpass.0, delay: delay.0, grain: grain.0 };
        let mut player = Player::new(&zone, RATE, callers);
        let mut output = [[0.0; 2]; BLOCK];
        for level in [0.5, 0.0, 1e-40, 0.5, 1e-20, 0.0] {
            for number in 0..500 {
                player.play(&[[level, -level]; BLOCK], &mut output).unwrap();
                let filter = player.lowpass.state.as_flattened();
                let line = player.line.frames();
                let found = line.flatten().chain(filter.iter().copied()).find(|n| n.is_subnormal());
                assert_eq!(found, None, "block {number} of {level:e}");
            }
            let is_silent = output.as_flattened().iter().all(|&sample| sample == 0.0);
            assert_eq!(is_silent, level < 0.1, "{level:e}");
        }
        // An echo of almost nothing is none.
        delay.1.rebind(patch::delay(RATE, 1.0, 1e-40).unwrap());
        for level in [0.5, 0.0] {
            for _ in 0..500 {
                player.play(&[[level, -level]; BLOCK], &mut output).unwrap();
                assert!(output.as_flattened().iter().all(|sample| !sample.is_subnormal()));
            }
        }
        assert_eq!(player.lowpass.state, [[0.0; 2]; 2]);
        assert!(player.line.frames().flatten().all(|sample| sample == 0.0));
    }
}
