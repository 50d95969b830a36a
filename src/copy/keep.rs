//! What passes on as it is: the fields that the derive does not copy.
//!
//! That such a field holds nothing of the zone it comes from is the compiler's to check: it becomes a
//! field of the copy, whose type names the new zone.

#![forbid(unsafe_code)]

/// What `#[deep_copy(flat)]` may be said of, on a field.
pub trait Bits: Copy {
    /// It once more.
    #[doc(hidden)]
    #[inline(always)]
    fn bits(&self) -> Self {
        *self
    }
}

impl<T: Copy> Bits for T {}
