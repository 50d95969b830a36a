//! The thread's stack of zones, and the spare zones above its top.
//!
//! The zones of scopes are a list, linked through their headers: those of the active scopes, from the
//! outermost to the innermost, and above them the spare ones. Entering a scope is only going one zone
//! further in it, and leaving is going back. What is pushed is an array apart: each entry says over
//! which scope's zone it lies, and that one is marked, so that its scope's end looks. The default zone
//! lies below all.
//!
//! Entering and leaving read one thread-local that has no destructor. Another one lets go of it all
//! when the thread ends; from then on (or before the first use) the next spare is the static empty
//! zone, whose lack of room leads to the slow path (I9).
//!
//! It uses `zone` and what is below it. I3 (a stack belongs to its thread), I4 (scopes may end in any order) and I9 (the
//! stack may be used at any time of its thread's life) live here.

mod list;

mod pushed;

mod spares;

mod scopes;

mod thread;

mod words;

mod settings;

pub(crate) use scopes::{enclosing, enter, enter_cold, leave, leave_outlined};
#[cfg(feature = "profile")]
pub(crate) use scopes::{has_spare, keep_limit};
pub use settings::{set_default_zone_size, set_keep_limit, set_spare_size, trim_spares};
pub(crate) use thread::{Got, prepare};
pub(crate) use words::{Entered, current};
pub use words::{
    destroy_zone, peek_zone, pop_zone, push_new_zone, push_zone, reset_zone, try_peek_zone,
    try_push_new_zone, try_push_zone, zone_depth,
};
