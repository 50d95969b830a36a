//! The thread that redefines: what it plays from, and the handles it does it with.

use crate::clock::Clock;
use crate::command::{Command, HELP};
use crate::patch::{self, Cloud, Defined, Integrators, Line, Play};
use crate::player::Callers;
use crate::repl::{Line as Typed, tell};
use crate::score::SCORE;
use memzone::{Binder, ZoneError, stats, try_hot};
use std::mem::{self, discriminant};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often the conductor looks whether a definition was taken up.
const LOOK: Duration = Duration::from_micros(50);
/// How often it looks around while nobody types anything.
const IDLE: Duration = Duration::from_millis(2);
/// Blocks that the sound takes to fade out when it is stopped.
pub(crate) const FADE_OUT: usize = 32;

/// What redefines the four stages.
struct Binders<'z> {
    osc: Binder<Play<f32>>,
    lowpass: Binder<Play<Integrators>>,
    delay: Binder<Play<Line<'z>>>,
    grain: Binder<Play<Cloud<'z>>>,
}

/// What a run of the conductor came to.
#[derive(Default)]
pub(crate) struct Conducted {
    pub(crate) taken: Vec<Redefinition>,
    /// Bytes that the definitions' zones held, and when.
    pub(crate) held: Vec<(usize, usize)>,
}

/// A redefinition that was taken up.
pub(crate) struct Redefinition {
    pub(crate) text: String,
    /// How many blocks had been played.
    pub(crate) block: usize,
    /// The time until it was taken up.
    pub(crate) wait: Duration,
}

/// Redefines the patch while another thread plays it.
pub(crate) struct Conductor<'z, 'a> {
    binders: Binders<'z>,
    clock: &'a Clock,
    /// Whether Ctrl-C was pressed.
    interrupted: &'a AtomicBool,
    rate: f32,
    /// Bytes in all other zones.
    other_bytes: i64,
    conducted: Conducted,
    /// What plays, stage by stage.
    playing: [Command; 4],
}

impl<'z, 'a> Conductor<'z, 'a> {
    /// The conductor, and what the audio thread plays. All zones but the definitions' are there already.
    pub(crate) fn new(
        clock: &'a Clock,
        interrupted: &'a AtomicBool,
        rate: f32,
    ) -> Result<(Conductor<'z, 'a>, Callers<'z>), ZoneError> {
        let other_bytes = stats::threads().total().live;
        // At first nothing is heard of the four.
        let open = 0.4 * rate;
        let osc = try_hot(patch::osc(rate, 0.0)?)?;
        let lowpass = try_hot(patch::lowpass(rate, open, 0.7)?)?;
        let delay = try_hot(patch::delay(rate, 0.3, 0.0)?)?;
        let grain = try_hot(patch::grain(rate, 0.0)?)?;
        let playing = [
            Command::Osc { hertz: 0.0 },
            Command::Lowpass { hertz: open, q: 0.7 },
            Command::Delay { seconds: 0.3, feedback: 0.0 },
            Command::Grain { milliseconds: 0.0 },
        ];
        let callers = Callers { osc: osc.0, lowpass: lowpass.0, delay: delay.0, grain: grain.0 };
        let binders = Binders { osc: osc.1, lowpass: lowpass.1, delay: delay.1, grain: grain.1 };
        let conducted = Conducted::default();
        let conductor =
            Conductor { binders, clock, interrupted, rate, other_bytes, conducted, playing };
        Ok((conductor, callers))
    }

    /// Plays the score, over so many blocks.
    pub(crate) fn play_score(mut self, blocks: usize) -> Conducted {
        for (number, line) in SCORE.iter().enumerate() {
            let block = blocks * (number + 1) / (SCORE.len() + 1);
            self.clock.allow(block);
            self.wait(block);
            if self.clock.is_over() {
                break;
            }
            if let Ok(Some(command)) = Command::parse(line, f32::INFINITY) {
                self.define(command);
            }
        }
        self.clock.allow(blocks);
        self.end()
    }

    /// Plays what is typed, until it is stopped or nothing more can come. Then what is played once, in
    /// `pass` blocks, may come to its end.
    pub(crate) fn play_lines(mut self, lines: &Receiver<Typed>, pass: usize) -> Conducted {
        tell(format_args!("{HELP}"));
        while !self.clock.is_over() {
            match lines.recv_timeout(IDLE) {
                Ok(line) => {
                    let answer = match Command::parse(&line.text, self.rate) {
                        Ok(Some(command)) => self.obey(command),
                        Ok(None) => Some(String::new()),
                        Err(message) => Some(message),
                    };
                    line.answer(answer);
                }
                Err(RecvTimeoutError::Timeout) => self.look_around(),
                Err(RecvTimeoutError::Disconnected) => {
                    self.clock.end_at((self.clock.played() / pass + 1) * pass);
                    break;
                }
            }
        }
        self.end()
    }

    /// Does what a line asks for, and answers; or it is the end.
    fn obey(&mut self, command: Command) -> Option<String> {
        match command {
            Command::Help => Some(HELP.to_owned()),
            Command::List => Some(self.playing.map(|command| command.to_string()).join("\n")),
            Command::Stop => {
                self.stop();
                None
            }
            definition => {
                let before = self.conducted.taken.len();
                self.define(definition);
                let taken = self.conducted.taken.get(before)?;
                let millis = taken.wait.as_secs_f64() * 1e3;
                Some(format!("{definition}: plays after {millis:.1} ms"))
            }
        }
    }

    /// Redefines a stage, and waits until the audio thread plays it.
    fn define(&mut self, command: Command) {
        let rate = self.rate;
        match command {
            Command::Osc { hertz } => {
                self.rebind(command, |of| &of.osc, patch::osc(rate, hertz));
            }
            Command::Lowpass { hertz, q } => {
                self.rebind(command, |of| &of.lowpass, patch::lowpass(rate, hertz, q));
            }
            Command::Delay { seconds, feedback } => {
                self.rebind(command, |of| &of.delay, patch::delay(rate, seconds, feedback));
            }
            Command::Grain { milliseconds } => {
                self.rebind(command, |of| &of.grain, patch::grain(rate, milliseconds));
            }
            Command::Help | Command::List | Command::Stop => return,
        }
        let stage = self.playing.iter_mut();
        let same = |playing: &&mut Command| discriminant(*playing) == discriminant(&command);
        stage.filter(same).for_each(|playing| *playing = command);
    }

    fn stop(&self) {
        self.clock.end_at(self.clock.played() + FADE_OUT);
        self.clock.allow(usize::MAX);
    }

    fn rebind<S>(
        &mut self,
        command: Command,
        stage: impl for<'b> Fn(&'b Binders<'z>) -> &'b Binder<Play<S>>,
        definition: Defined<S>,
    ) {
        let definition = match definition {
            Ok(definition) => definition,
            Err(error) => return tell(format_args!("{command}: {error}")),
        };
        let block = self.clock.played();
        let start = Instant::now();
        let binder = stage(&self.binders);
        binder.rebind(definition);
        self.clock.allow(block + 1);
        while binder.is_pending() && !binder.has_ended() {
            std::thread::sleep(LOOK);
        }
        let wait = start.elapsed();
        if !binder.has_ended() {
            self.conducted.taken.push(Redefinition { text: command.to_string(), block, wait });
        }
        self.look_around();
    }

    fn wait(&mut self, block: usize) {
        let clock = self.clock;
        clock.wait(block, || self.look_around());
    }

    /// Destroys what has been redefined, and notes what the definitions hold.
    fn look_around(&mut self) {
        if self.interrupted.load(Relaxed) {
            self.stop();
        }
        let Binders { osc, lowpass, delay, grain } = &self.binders;
        let reclaimed = osc.reclaim() + lowpass.reclaim() + delay.reclaim() + grain.reclaim();
        let held = stats::threads().total().live - self.other_bytes;
        let held = (self.clock.played(), usize::try_from(held).unwrap_or(0));
        if reclaimed > 0 || self.conducted.held.last().is_none_or(|last| last.1 != held.1) {
            self.conducted.held.push(held);
        }
    }

    /// Waits for the end of the audio thread's side, and destroys what it leaves.
    fn end(mut self) -> Conducted {
        self.wait(usize::MAX);
        let Binders { osc, lowpass, delay, grain } = &self.binders;
        while !(osc.has_ended() && lowpass.has_ended() && delay.has_ended() && grain.has_ended()) {
            std::thread::sleep(LOOK);
        }
        self.look_around();
        mem::take(&mut self.conducted)
    }
}

impl Drop for Conductor<'_, '_> {
    fn drop(&mut self) {
        // Where this thread panics, the audio thread does not wait for it.
        self.clock.end_at(0);
    }
}
