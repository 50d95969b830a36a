//! Noticing that a copy goes round in a circle, or takes more than it may.
//!
//! Watching costs nothing as long as nothing is watched: the run that copies sees an end of its block that comes before
//! the real one, and looks here when it gets there.
//!
//! A circle is found as by Brent. After some bytes, and then each time when twice as many were copied, one value is
//! remembered, and for a while what is copied is compared with it. Only a value that is being copied may be remembered:
//! one that was finished before would be met again where it is shared. What is being copied is known by the notes: the
//! value of a note is finished when a note is taken up that was there before it.

#![forbid(unsafe_code)]

use super::seen::Seen;
use core::ptr::NonNull;

/// Bytes that a copy takes before it is watched for the first time.
pub(super) const FIRST: usize = 32 << 10;

/// A copy is watched for its bytes so far divided by this.
const SHARE: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is looked at.
    Idle,
    /// The next value that is put off is to be remembered.
    Waiting,
    /// All values are compared with the one that is remembered.
    Watching,
}

/// What a run knows of what it has copied.
pub(super) struct Watch {
    pub(super) state: State,
    /// When so many bytes were taken, something is to be done.
    pub(super) next: usize,
    /// What is remembered, and its note.
    remembered: Option<(Seen, NonNull<()>)>,
    /// How many notes there were when its note was taken up.
    level: usize,
    /// Whether it never pauses.
    always: bool,
}

impl Watch {
    /// For a run that begins.
    #[inline(always)]
    pub(super) fn new() -> Watch {
        Watch { state: State::Idle, next: FIRST, remembered: None, level: 0, always: false }
    }

    /// For a run that is watched all the time.
    pub(super) fn always() -> Watch {
        Watch { state: State::Waiting, next: 256, remembered: None, level: 0, always: true }
    }

    /// For a run that is not to be watched.
    #[inline(always)]
    pub(super) fn never() -> Watch {
        Watch { state: State::Idle, next: usize::MAX, remembered: None, level: 0, always: false }
    }

    /// Whether it is watched all the time, or never.
    pub(super) fn pauses_never(&self) -> bool {
        self.always || self.next == usize::MAX
    }

    /// The address of what is remembered.
    pub(super) fn address(&self) -> usize {
        self.remembered.as_ref().map_or(0, |(seen, _)| seen.address.addr())
    }

    /// Whether this is what is remembered.
    #[inline(always)]
    pub(super) fn has_returned(&self, seen: &Seen) -> bool {
        self.state == State::Watching
            && self.remembered.as_ref().is_some_and(|(remembered, _)| remembered.is(seen))
    }

    /// After `taken` bytes, when it is time to do something.
    pub(super) fn go_on(&mut self, taken: usize) {
        match self.state {
            State::Idle => {
                self.state = State::Waiting;
                self.next = taken.saturating_add(taken / SHARE);
            }
            State::Waiting | State::Watching if self.always => {
                self.state = State::Waiting;
                self.next = taken.saturating_mul(2);
            }
            State::Waiting | State::Watching => {
                self.state = State::Idle;
                self.next = (taken / (SHARE + 1) * SHARE).saturating_mul(2);
            }
        }
        self.remembered = None;
    }

    /// A value was put off.
    #[inline(always)]
    pub(super) fn put_off(&mut self, seen: Seen, note: NonNull<()>) {
        if self.state == State::Waiting {
            self.remembered = Some((seen, note));
        }
    }

    /// A note was taken up, and so many are left.
    pub(super) fn taken_up(&mut self, note: NonNull<()>, left: usize) {
        match (self.state, &self.remembered) {
            (State::Waiting, Some((_, remembered))) if *remembered == note => {
                self.state = State::Watching;
                self.level = left;
            }
            (State::Watching, _) if left < self.level => {
                self.state = State::Waiting;
                self.remembered = None;
            }
            _ => {}
        }
    }
}
