//! What the macros' expansions call. Not for anyone else: it may change in any release.

#![forbid(unsafe_code)]

use crate::error::ZoneError;
/// What `::core` is for memzone. In another crate that path may lead to something else.
pub extern crate core;

pub use crate::arena::{ArenaScope, AsArena};
#[cfg(feature = "alloc")]
pub use crate::copy::{
    Bits, Copies, Depth, Flat, Genuine, Holder, Hole, InPlace, KeepsLifetimes, Known, Later, Look,
    Made, Place, Promise, Referent, Run, Undo, Work, Written,
};
pub use crate::insight::sites::Site;
pub use crate::owned::unsizing::Unsizing;
#[cfg(feature = "alloc")]
pub use crate::scope::{Hint, Link, Named, Scope, ScopeZone, Value};

/// The ways out of a scope, for method probing.
#[cfg(feature = "alloc")]
pub mod ways {
    pub use crate::scope::{
        Boxed as _, Copied as _, CopiedCoerced as _, CopiedIn as _, CopiedOneWay as _,
        CopiedOneWayCoerced as _, Moved as _, MovedCoerced as _, MovedIn as _, Refused as _,
        RefusedCoerced as _, SharedIn as _,
    };
}

/// What the types in and out of a scope have to do with one another, for method probing.
#[cfg(feature = "alloc")]
pub mod shapes {
    pub use crate::scope::{
        ShapeCoerced as _, ShapeCopied as _, ShapeMoved as _, ShapeOneWay as _, ShapeShared as _,
    };
}

/// What left a scope, or the documented panic.
#[inline(always)]
#[track_caller]
pub fn or_panic<T>(left: Result<T, ZoneError>) -> T {
    crate::error::or_panic(left)
}

/// The copy of what left a scope of an arena.
#[cfg(feature = "alloc")]
#[inline(always)]
pub fn copied_to<'z, T: crate::copy::DeepCopy<'z>>(
    value: T,
    outer: &'z crate::zone::Zone,
) -> Result<T::Copied, ZoneError> {
    value.move_out(outer)
}
