//! The patch, and what redefines it. On the web both are on one thread: the one that renders.
//!
//! A block is played in a section in which memzone asks the system for nothing. Definitions are built
//! and destroyed between blocks, where a message of the page's is received. That takes a part of the
//! time until the next block, and memory of the module's own heap, which does not grow.

#![forbid(unsafe_code)]

use crate::command::Command;
use crate::patch::{self, Cloud, DESTROYED, Defined, Frame, Integrators, Line, MADE, Play};
use crate::player::{self, BLOCK, BLOCK_BYTES, Callers, Player};
use memzone::rt::{self, Plan, Policy};
use memzone::{Binder, Zone, ZoneError, stats, try_hot};
use std::iter;
use std::sync::atomic::Ordering::Relaxed;

/// The sides of a block, one after the other, as the web has them.
pub(crate) type Sides = [[f32; BLOCK]; 2];

/// What the engine has done, and the bytes that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) blocks: u64,
    /// What blocks have asked the system for, and how much of that was refused.
    pub(crate) asked: u64,
    pub(crate) denied: u64,
    pub(crate) made: usize,
    pub(crate) taken_up: u64,
    pub(crate) destroyed: usize,
    /// Bytes of the zones: what outlives definitions, all definitions, and a block at most.
    pub(crate) state_bytes: usize,
    pub(crate) definition_bytes: usize,
    pub(crate) block_bytes: usize,
}

/// Makes the module's memory as large as it may be (see `build.rs`). What is taken here and given back
/// stays with the module's heap, so it never grows again: that would take time, and detach the arrays of
/// JavaScript's that lie in it.
fn take_all_memory() {
    /// More than there can be, so that the list of them does not grow.
    const MOST: usize = 256;
    if cfg!(target_arch = "wasm32") {
        let mut zones = Vec::with_capacity(MOST);
        for bytes in [64 << 10, 1 << 10] {
            let taken = iter::from_fn(|| Zone::try_new(bytes).ok());
            zones.extend(taken.take(MOST - zones.len()));
        }
    }
}

/// Plays and redefines.
pub(crate) struct Engine {
    rate: f32,
    player: Player<'static>,
    osc: Binder<Play<f32>>,
    lowpass: Binder<Play<Integrators>>,
    delay: Binder<Play<Line<'static>>>,
    grain: Binder<Play<Cloud<'static>>>,
    /// It outlives the engine, as the player borrows from it. There is one engine as long as the module
    /// is there.
    state: &'static Zone,
    /// Bytes of zones that are no definitions'.
    other_bytes: i64,
    blocks: u64,
    asked: u64,
    denied: u64,
}

impl Engine {
    /// Takes all memory that there will be, and plays what `live_coding` does at first.
    pub(crate) fn try_new(rate: f32) -> Result<Engine, ZoneError> {
        let plan = Plan::new().scopes(1, BLOCK_BYTES).default_zone(0);
        rt::prepare_thread(&plan)?;
        let state = Zone::builder().name("state").capacity(player::state_bytes(rate));
        let state: &'static Zone = Box::leak(Box::new(state.fixed().prefault().try_build()?));
        take_all_memory();
        // A module's code is slow when it runs for the first time, and this is the longest definition.
        drop(patch::osc(rate, 110.0)?);
        let other_bytes = stats::thread().live;
        let osc = try_hot(patch::osc(rate, 0.0)?)?;
        let lowpass = try_hot(patch::lowpass(rate, 0.4 * rate, 0.7)?)?;
        let delay = try_hot(patch::delay(rate, 0.3, 0.0)?)?;
        let grain = try_hot(patch::grain(rate, 0.0)?)?;
        let callers = Callers { osc: osc.0, lowpass: lowpass.0, delay: delay.0, grain: grain.0 };
        Ok(Engine {
            rate,
            player: Player::new(state, rate, callers),
            osc: osc.1,
            lowpass: lowpass.1,
            delay: delay.1,
            grain: grain.1,
            state,
            other_bytes,
            blocks: 0,
            asked: 0,
            denied: 0,
        })
    }

    /// Plays a block. If it cannot be played, the output is silence.
    pub(crate) fn play(&mut self, input: &Sides, output: &mut Sides) -> Result<(), ZoneError> {
        let section = rt::enter_unwatched(Policy::Deny);
        let frames: [Frame; BLOCK] = std::array::from_fn(|at| [input[0][at], input[1][at]]);
        let mut played = [[0.0; 2]; BLOCK];
        let result = self.player.play(&frames, &mut played);
        for (side, samples) in output.iter_mut().enumerate() {
            *samples = played.map(|frame| frame[side]);
        }
        let report = section.report();
        self.asked += report.asked();
        self.denied += report.denied();
        self.blocks += 1;
        result
    }

    /// Redefines what a line names. The next block begins to fade to it. What the line asks for is
    /// returned, if anything.
    pub(crate) fn define(&mut self, line: &str) -> Result<Option<Command>, String> {
        self.reclaim();
        let rate = self.rate;
        let command = Command::parse(line, rate)?;
        let defined = match command {
            Some(Command::Osc { hertz }) => rebind(&self.osc, patch::osc(rate, hertz)),
            Some(Command::Lowpass { hertz, q }) => {
                rebind(&self.lowpass, patch::lowpass(rate, hertz, q))
            }
            Some(Command::Delay { seconds, feedback }) => {
                rebind(&self.delay, patch::delay(rate, seconds, feedback))
            }
            Some(Command::Grain { milliseconds }) => {
                rebind(&self.grain, patch::grain(rate, milliseconds))
            }
            // The page does that.
            Some(Command::Help | Command::List | Command::Stop) | None => Ok(()),
        };
        match defined {
            Ok(()) => Ok(command),
            Err(error) => Err(format!("{}: {error}", line.trim())),
        }
    }

    /// Destroys the definitions that are not played any more.
    fn reclaim(&self) {
        let Engine { osc, lowpass, delay, grain, .. } = self;
        let _ = osc.reclaim() + lowpass.reclaim() + delay.reclaim() + grain.reclaim();
    }

    /// What was done until now.
    pub(crate) fn figures(&self) -> Figures {
        self.reclaim();
        let definition_bytes = stats::thread().live - self.other_bytes;
        Figures {
            blocks: self.blocks,
            asked: self.asked,
            denied: self.denied,
            made: MADE.load(Relaxed),
            taken_up: self.player.taken_up(),
            destroyed: DESTROYED.load(Relaxed),
            state_bytes: self.state.high_water(),
            definition_bytes: usize::try_from(definition_bytes).unwrap_or(0),
            block_bytes: self.player.block_bytes,
        }
    }
}

fn rebind<S>(binder: &Binder<Play<S>>, definition: Defined<S>) -> Result<(), ZoneError> {
    binder.rebind(definition?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Engine, Sides};
    use crate::player::BLOCK;

    const RATE: f32 = 8_000.0;
    const SILENCE: Sides = [[0.0; BLOCK]; 2];

    fn loudest(sides: &Sides) -> f32 {
        sides.as_flattened().iter().fold(0.0, |most, sample| most.max(sample.abs()))
    }

    #[test]
    fn a_definition_is_heard_and_the_one_before_it_destroyed() {
        let mut engine = Engine::try_new(RATE).unwrap();
        let mut output = SILENCE;
        engine.play(&SILENCE, &mut output).unwrap();
        assert_eq!(output, SILENCE);
        let bytes = engine.figures().definition_bytes;
        for (line, is_heard) in [("osc 110", true), ("osc 220", true), ("osc 0", false)] {
            let command = engine.define(line).unwrap().unwrap();
            assert_eq!(command.to_string(), line);
            for _ in 0..100 {
                engine.play(&SILENCE, &mut output).unwrap();
            }
            assert_eq!(loudest(&output) > 0.05, is_heard, "{line}");
        }
        let figures = engine.figures();
        assert_eq!((figures.asked, figures.denied, figures.taken_up), (0, 0, 3));
        assert_eq!((figures.blocks, figures.definition_bytes), (301, bytes));
        assert!(figures.state_bytes > 0 && figures.block_bytes > 0);
    }

    #[test]
    fn what_cannot_be_defined_changes_nothing() {
        let mut engine = Engine::try_new(RATE).unwrap();
        let before = engine.figures();
        for line in ["ocs 110", "osc", "osc 9000", "lowpass 500", "grain 1 2", "osc \u{e9}"] {
            let message = engine.define(line).unwrap_err();
            assert!(message.contains(line.split(' ').next().unwrap()), "{message}");
        }
        assert_eq!(engine.define("  "), Ok(None));
        assert_eq!(engine.figures().taken_up, before.taken_up);
        assert_eq!(engine.figures().definition_bytes, before.definition_bytes);
    }

    #[test]
    fn a_rate_for_which_there_is_no_memory_is_an_error() {
        assert!(Engine::try_new(1e30).is_err());
    }
}
