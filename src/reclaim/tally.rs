//! Running destructors one after another, when any of them may panic.

#![forbid(unsafe_code)]

use super::erased::Erased;
use core::any::Any;
use core::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

/// What a value's panicking destructor threw.
pub(super) type Payload = Box<dyn Any + Send>;

/// Drops what may panic in its destructor.
fn drop_quietly(mut payload: Payload) {
    for _ in 0..8 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(again) => payload = again,
        }
    }
    // It would go on like this for ever.
    forget(payload);
}

/// What became of values.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) dropped: usize,
    pub(super) panicked: usize,
    /// The first panic.
    pub(super) panic: Option<Payload>,
}

impl Tally {
    pub(super) fn drop(&mut self, value: Erased) {
        self.dropped += 1;
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            self.panicked += 1;
            keep_first(&mut self.panic, payload);
        }
    }

    /// Lets the first panic go on, unless the thread is panicking already.
    pub(super) fn resume_first_panic(self) -> usize {
        match self.panic {
            Some(payload) if thread::panicking() => drop_quietly(payload),
            Some(payload) => resume_unwind(payload),
            None => {}
        }
        self.dropped
    }
}

pub(super) fn keep_first(first: &mut Option<Payload>, payload: Payload) {
    match first {
        None => *first = Some(payload),
        Some(_) => drop_quietly(payload),
    }
}
