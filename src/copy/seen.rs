//! Which values a reference leads to, and what a run knows of their type.

#![forbid(unsafe_code)]

use super::in_place::id;
use super::{DeepCopy, Run};
use crate::region::bump::round_up_step;
use crate::zone::Zone;
use crate::zone::places::MOST_OF_A_NUMBER;
use core::alloc::Layout;
use core::any::TypeId;
use core::ptr;

/// Writes the copies of so many values at an address to a place.
///
/// # Safety
///
/// I42: there are that many values, and room for their copies, of the types that the function was made for.
pub(super) type Write<'z> = unsafe fn(*const (), *mut (), &mut Run<'z>, usize) -> bool;

/// What a run knows of the values that a reference leads to: all that code that is of no type needs for them.
///
/// Each type has one for its values and one for slices of them. The compiler may make a second one that is equal, in
/// another unit of the program, so two of them are compared by what they say.
pub(super) struct Kind<'z> {
    /// What tells apart the types that references lead to. As one function says one thing, the kinds of two types
    /// differ, so that they have two addresses.
    id: fn() -> TypeId,
    pub(super) write: Write<'z>,
    /// Bytes of a value, or of an item.
    pub(super) size: usize,
    /// That of a copy, or of an item's copy.
    pub(super) copy: Layout,
    /// How far the cursor moves for a copy, if moving it is enough. Else more than any block has.
    pub(super) bytes: usize,
    /// Of a slice whose items references may lead to: theirs.
    pub(super) items: Option<&'z Kind<'z>>,
    /// Whether it leads nowhere.
    pub(super) is_flat: bool,
    /// Whether long slices of it begin where loops over them are fastest.
    pub(super) are_numbers: bool,
}

impl<'z> Kind<'z> {
    /// That of a reference to one value.
    #[inline(always)]
    pub(super) const fn of<T: DeepCopy<'z>>(write: Write<'z>) -> Kind<'z> {
        let bytes = match Zone::has_fast_place::<T::Copied>() {
            true => round_up_step(size_of::<T::Copied>()),
            false => usize::MAX,
        };
        Kind {
            id: id::<T>,
            write,
            size: size_of::<T>(),
            copy: Layout::new::<T::Copied>(),
            bytes,
            items: None,
            is_flat: T::FLAT,
            are_numbers: false,
        }
    }

    /// That of a reference to a slice.
    #[inline(always)]
    pub(super) const fn of_slices<T: DeepCopy<'z>>(
        items: &'z Kind<'z>,
        write: Write<'z>,
    ) -> Kind<'z> {
        let is_plain = T::IN_PLACE.plain();
        // Bytes are mostly texts, which lie side by side.
        let are_numbers =
            is_plain && 2 <= size_of::<T::Copied>() && size_of::<T::Copied>() <= MOST_OF_A_NUMBER;
        let items = if is_plain { None } else { Some(items) };
        Kind { id: id::<[T]>, write, bytes: usize::MAX, items, are_numbers, ..Kind::of::<T>(write) }
    }

    /// Whether the two are of one type.
    #[inline(always)]
    fn is(&self, other: &Kind<'_>) -> bool {
        // One function is one type's.
        ptr::eq(ptr::from_ref(self).cast(), ptr::from_ref(other)) || (self.id)() == (other.id)()
    }
}

/// The values that a reference leads to: one, or the items of a slice.
#[derive(Clone, Copy)]
pub(super) struct Seen<'z> {
    pub(super) address: *const (),
    pub(super) len: usize,
    pub(super) kind: &'z Kind<'z>,
}

impl<'z> Seen<'z> {
    #[inline(always)]
    pub(super) fn one(address: *const (), kind: &'z Kind<'z>) -> Seen<'z> {
        Seen { address, len: 1, kind }
    }

    /// Whether the two are the same values.
    pub(super) fn is(&self, other: &Seen<'z>) -> bool {
        self.address.addr() == other.address.addr()
            && self.len == other.len
            && self.kind.is(other.kind)
    }

    /// Whether there are no bytes. Then other values may have the same address.
    pub(super) fn is_nothing(&self) -> bool {
        self.kind.size == 0 || self.len == 0
    }
}
