//! What passes on as it is: the fields that the derive does not copy.
//!
//! That such a field holds nothing of the zone it comes from is the compiler's to check: it becomes a
//! field of the copy, whose type names the new zone.

#![forbid(unsafe_code)]

/// What `#[deep_copy(flat)]` may be said of, on a field.
pub trait Bits: Copy {
    /// What the derive's code hands on of it.
    #[doc(hidden)]
    const FLAT: Flat<Self>;
}

impl<T: Copy> Bits for T {
    const FLAT: Flat<T> = Flat { copy: |value| *value };
}

/// Says that a type is `Copy`. Only memzone makes it.
#[doc(hidden)]
pub struct Flat<T> {
    copy: fn(&T) -> T,
}

impl<T> Flat<T> {
    /// The value once more.
    #[inline(always)]
    pub(super) fn copy(self, value: &T) -> T {
        (self.copy)(value)
    }
}
