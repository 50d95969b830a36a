//! Scopes: `guard` is what `beginz!` and `letz!` put on the stack, and `watch` what features note of one. `leave` has what a
//! value takes to get out of one, `ways` chooses how it does. `open` is a scope that is tied to no block of code.

mod watch;

mod guard;

mod open;

mod leave;

mod ways;

pub use guard::{Scope, ScopeZone};
pub use leave::*;
pub use open::OpenScope;
pub use ways::*;
