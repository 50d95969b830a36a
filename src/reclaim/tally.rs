//! Running destructors one after another, when any of them may panic.

#![forbid(unsafe_code)]

use super::erased::Erased;
use core::any::Any;
use core::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

/// What a destructor panicked with.
pub(super) type Payload = Box<dyn Any + Send>;

/// Drops a panic's payload, whose own destructor may panic too.
fn drop_quietly(mut payload: Payload) {
    for _ in 0..8 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(again) => payload = again,
        }
    }
    // It could go on like this for ever.
    forget(payload);
}

/// What happened to the values that were dropped.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) dropped: usize,
    pub(super) panicked: usize,
    /// The first panic, if there was one.
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

    /// Panics with the first panic, unless the thread is panicking already.
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
