//! Which value a reference leads to.

#![forbid(unsafe_code)]

use super::in_place::id;
use core::any::TypeId;

/// A value that a reference leads to: its address, its bytes, and what its type is.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) address: *const (),
    pub(super) bytes: usize,
    pub(super) id: TypeId,
}

impl Seen {
    #[inline(always)]
    pub(super) fn new<T: ?Sized>(value: &T) -> Seen {
        let address = (&raw const *value).cast::<()>();
        Seen { address, bytes: size_of_val(value), id: id::<T>() }
    }

    /// Whether the two are one. What has no bytes is none.
    #[inline(always)]
    pub(super) fn is(&self, other: &Seen) -> bool {
        self.address.addr() == other.address.addr()
            && self.bytes == other.bytes
            && self.bytes != 0
            && self.id == other.id
    }
}
