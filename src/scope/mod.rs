//! Scopes: `guard` is what `beginz!` and `letz!` put on the stack, `leave` is how a value gets out of one.

mod guard;

mod leave;

pub use guard::{Scope, ScopeZone};
pub use leave::*;
