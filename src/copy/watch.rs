//! Noticing that a copy goes round in a circle, or takes more than it may.
//!
//! Watching costs nothing as long as nothing is watched: the run that copies sees an end of its block that comes before
//! the real one, and looks here when it gets there.
//!
//! A circle is found as by Brent. After some bytes, and then each time when four times as many were copied, one value is
//! remembered, and for a while what is copied is compared with it. Only a value that is being copied may be remembered:
//! one that was finished before would be met again where it is shared. What is being copied is known by the notes: the
//! value of a note is finished when a note is taken up that was there before it.
//!
//! At first the copy goes on as it does otherwise. But where each value leads to several, it may be in a part that does
//! not lead to the remembered value, and has too many ways to end. So all values are put off for some more time: then the
//! newest note is always followed, which leads in a circle if any way of a remembered value does.

#![forbid(unsafe_code)]

use super::seen::Seen;

/// Bytes that a copy takes before it is watched for the first time. Miri is slow, so there it sees circles sooner.
pub(super) const FIRST: usize = if cfg!(miri) { 4 << 10 } else { 32 << 10 };

/// A copy is watched again when it has so many times the bytes that it had before.
///
/// A ring of one size is found when `SHARE` of a copy's bytes are a round, and this many times as many were copied at the
/// worst, and one round more: 4 / (4/9) + 1 = 10 times its size. Of all pairs for which that is 10, those with 3 and with 4
/// watch the fewest values: about a quarter.
const TIMES: usize = 4;

/// It is watched for this share of its bytes so far.
const SHARE: (usize, usize) = (4, 9);

/// After that all values are put off for this share of its bytes, where the copy had used up its stack before.
const DEEP_SHARE: (usize, usize) = (1, 16);

/// The same where it had not.
const SMALL_SHARE: (usize, usize) = (1, 512);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is looked at.
    Idle,
    /// The next value whose note is taken up is to be remembered.
    Waiting,
    /// All values are compared with the one that is remembered.
    Watching,
}

/// What a run knows of what it has copied.
pub(super) struct Watch<'z> {
    pub(super) state: State,
    /// When so many bytes were taken, something is to be done.
    pub(super) next: usize,
    /// What is remembered.
    remembered: Option<Seen<'z>>,
    /// How many notes there were when its note was taken up.
    level: usize,
    /// Whether it never pauses.
    always: bool,
    /// Whether a value was put off since something was last done.
    pub(super) has_put_off: bool,
    /// Whether all values are put off for as long as this time of watching lasts.
    puts_off: bool,
    /// Bytes that had been taken when it began.
    started: usize,
    /// Whether the stack had been used up by then.
    is_deep: bool,
}

impl<'z> Watch<'z> {
    /// For a run that begins.
    #[inline(always)]
    pub(super) fn new() -> Self {
        Watch {
            state: State::Idle,
            next: FIRST,
            remembered: None,
            level: 0,
            always: false,
            has_put_off: false,
            puts_off: false,
            started: 0,
            is_deep: false,
        }
    }

    /// For a run that is watched all the time.
    pub(super) fn always() -> Self {
        Watch { state: State::Waiting, next: 256, always: true, puts_off: true, ..Watch::new() }
    }

    /// For a run that is not to be watched.
    #[inline(always)]
    pub(super) fn never() -> Self {
        Watch { next: usize::MAX, ..Watch::new() }
    }

    /// Whether it is watched all the time, or never.
    pub(super) fn pauses_never(&self) -> bool {
        self.always || self.next == usize::MAX
    }

    /// The address of what is remembered.
    pub(super) fn address(&self) -> usize {
        self.remembered.as_ref().map_or(0, |seen| seen.address.addr())
    }

    /// Whether this is what is remembered.
    #[inline(always)]
    pub(super) fn has_returned(&self, seen: &Seen<'z>) -> bool {
        self.state == State::Watching
            && self
                .remembered
                .as_ref()
                .is_some_and(|remembered| remembered.is(seen) && !seen.is_nothing())
    }

    /// After `taken` bytes, when it is time to do something.
    pub(super) fn go_on(&mut self, taken: usize) {
        let has_put_off = core::mem::replace(&mut self.has_put_off, false);
        self.remembered = None;
        if self.always {
            self.state = State::Waiting;
            self.next = taken.saturating_mul(2);
            return;
        }
        let share = match (self.state, self.puts_off) {
            (State::Idle, _) => {
                self.started = taken;
                self.is_deep = has_put_off;
                SHARE
            }
            (_, false) => {
                self.puts_off = true;
                if self.is_deep { DEEP_SHARE } else { SMALL_SHARE }
            }
            (_, true) => {
                self.state = State::Idle;
                self.puts_off = false;
                self.next = self.started.saturating_mul(TIMES);
                return;
            }
        };
        self.state = State::Waiting;
        self.next = taken.saturating_add(taken / share.1 * share.0);
    }

    /// Whether all values are put off just now.
    pub(super) fn puts_off(&self) -> bool {
        match self.state {
            State::Idle => false,
            State::Waiting => true,
            State::Watching => self.puts_off,
        }
    }

    /// A note was taken up, and so many are left.
    pub(super) fn taken_up(&mut self, left: usize) {
        if self.state == State::Watching && left < self.level {
            self.state = State::Waiting;
            self.remembered = None;
        }
    }

    /// The value of a note that was taken up is copied now. So many notes are left.
    #[cold]
    #[inline(never)]
    pub(super) fn remember(&mut self, seen: Seen<'z>, left: usize) {
        self.state = State::Watching;
        self.remembered = Some(seen);
        self.level = left;
    }
}
