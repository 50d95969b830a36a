//! The thread's stack of zones, and the spare zones above its top.
//!
//! The zones of scopes form a list, linked through their headers. First come the zones of the active scopes, from the
//! outermost to the innermost, and then the spare ones. Entering a scope goes one zone further in the list, and leaving
//! it goes one back. Pushed zones are in an array of their own. Each entry of the array says over which scope's zone it
//! lies. That zone gets a flag, so that the end of its scope removes the entry. The default zone lies below all others.
//!
//! Entering and leaving read one thread-local that has no destructor. A second thread-local frees everything when the
//! thread ends. After that, and before the first use, the next spare zone is the static empty zone. It has no memory,
//! so entering a scope takes the slow path (I9).
//!
//! It uses `zone` and the folders that `zone` uses. I3 (a stack belongs to its thread), I4 (scopes may end in any
//! order) and I9 (the stack may be used at any time of its thread's life) live here.

mod list;

mod pushed;

mod spares;

mod scopes;

mod raw;

mod thread;

mod words;

mod settings;

pub(crate) use raw::{current_scope, is_open, leave_innermost};
pub(crate) use scopes::{assume_room, enclosing, enter, enter_cold, leave, leave_outlined};
#[cfg(feature = "profile")]
pub(crate) use scopes::{has_spare, keep_limit};
pub use settings::{set_default_zone_size, set_keep_limit, set_spare_size, trim_spares};
pub(crate) use thread::{PreparedStack, prepare};
pub(crate) use words::{Entered, seat_in_current};
pub use words::{
    destroy_zone, peek_zone, pop_zone, push_new_zone, push_zone, reset_zone, try_peek_zone,
    try_push_new_zone, try_push_zone, zone_depth,
};
