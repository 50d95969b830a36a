//! Scopes: `guard` is what `beginz!` and `letz!` put on the stack, and `watch` what features note of one. `leave` has what a
//! value takes to get out of one, `ways` chooses how it does. `open` is a scope that is tied to no block of code.
//! `shared` copies what shares parts, with a table in a scope's zone.
//!
//! It uses `zone`, `stack`, `owned` and `copy`. I40 lives here: what leaves a scope uncopied borrows nothing from the scope's zone.

mod watch;

mod guard;

mod open;

mod leave;

mod ways;

mod shared;

pub use guard::{Scope, ScopeZone};
pub use leave::*;
pub use open::OpenScope;
pub(crate) use shared::shared;
pub use shared::{Shared, try_zcopy_shared, zcopy_shared};
pub use ways::*;
