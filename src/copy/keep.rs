//! What passes on as it is: the fields that the derive does not copy.
//!
//! That such a field holds nothing of the zone it comes from is the compiler's to check: it becomes a
//! field of the copy, whose type names the new zone.

#![forbid(unsafe_code)]

/// What `#[deep_copy(keep)]` may be said of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept, as it has no `Clone`",
    label = "has no `Clone`",
    note = "a field that is passed on as it is moves with its value, and is cloned where that is copied",
    note = "for a type of your own, add `#[derive(Clone)]`; else share it: `Rc<{Self}>`, `Arc<{Self}>`"
)]
pub trait Kept: Sized {
    /// It once more.
    fn kept(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> Kept for T {
    #[inline(always)]
    fn kept(&self) -> Self {
        self.clone()
    }
}

/// What `#[deep_copy(flat)]` may be said of, on a field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be copied bit by bit, as it is not `Copy`",
    label = "is not `Copy`",
    note = "where it has `Clone`, `#[deep_copy(keep)]` passes it on as it is"
)]
pub trait Bits: Sized {
    /// It once more.
    fn bits(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Copy> Bits for T {
    #[inline(always)]
    fn bits(&self) -> Self {
        *self
    }
}
