//! Scopes: `guard` is what `beginz!` and `letz!` put on the stack, `leave` is how a value gets out of one, and `watch` is what
//! features note of one.

mod watch;

mod guard;

mod leave;

pub use guard::{Scope, ScopeZone};
pub use leave::*;
