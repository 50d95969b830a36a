//! What the macros' expansions call. Not for anyone else: it may change in any release.

#![forbid(unsafe_code)]
#![allow(missing_docs)]

pub use crate::copy::{Bits, Copies, Depth, Holder, Part, Referent, Work};
pub use crate::insight::sites::Site;
pub use crate::scope::{Scope, ScopeZone};

use crate::zone::Zone;

/// Gives `in OUTER` its type where it is written, so that an error points there.
#[inline(always)]
pub fn outer(zone: &Zone) -> &Zone {
    zone
}
