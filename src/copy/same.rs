//! What stays as it is when it moves: a collection of it need not be made anew.
//!
//! Types are not compared: a type that stays says so by giving back what it is handed, which the compiler
//! accepts only where the two are one type.

#![forbid(unsafe_code)]

use super::DeepCopy;

/// A type that has another in it, for any such type.
pub trait Holder {
    /// It, of that type.
    type Of<T>;
}

/// What has nothing in it.
struct Nothing;

impl Holder for Nothing {
    type Of<T> = ();
}

/// Whether values of the type stay as they are.
pub(super) fn stays<'z, T: DeepCopy<'z>>() -> bool {
    T::same::<Nothing>(()).is_ok()
}
