//! Zones as allocators for other crates' collections: `Vec`, `Box` and the like of `allocator-api2`.
//!
//! A collection with a `&Zone` borrows the zone. One with a `Zone` has a handle of its own, as a [`ZBox`](crate::ZBox)
//! does. The last allocation grows and shrinks in its place.
//!
//! Several versions of `allocator-api2` are in use, each with a trait of its own. All ask for the same methods, which
//! are written once here. The macro [`allocator!`] implements the trait of one version with them.

use crate::region::stale;
use crate::zone::Zone;
use core::alloc::Layout;
use core::ptr::NonNull;

fn sized(place: NonNull<u8>, bytes: usize) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(place, bytes)
}

/// Makes a part of an allocation stale.
///
/// # Safety
///
/// I1: the allocation at `place` has at least `to` bytes, and nobody uses those from `from` on any more.
unsafe fn close_part(place: NonNull<u8>, from: usize, to: usize) {
    // SAFETY: (I6) `from` is at most `to`, and the allocation has at least `to` bytes, as the caller promises.
    let start = unsafe { place.add(from) };
    // SAFETY: (I6) the allocation has at least `to` bytes, as the caller promises.
    let end = unsafe { place.add(to) };
    // SAFETY: (I1) the caller's promise.
    unsafe { stale::close(start, end) };
}

impl Zone {
    #[inline]
    fn allocate(&self, layout: Layout) -> Option<NonNull<[u8]>> {
        let place = self.try_alloc_layout(layout).ok()?;
        Some(sized(place, layout.size()))
    }

    /// # Safety
    ///
    /// That of `Allocator::deallocate`: `place` is an allocation of this zone with that layout, and is not used again.
    #[inline]
    unsafe fn deallocate(&self, place: NonNull<u8>, layout: Layout) {
        // SAFETY: (I6) the layout is that of the allocation, whose bytes the caller gives up.
        unsafe { self.header().give_back(place, layout.size()) };
    }

    /// # Safety
    ///
    /// That of `Allocator::grow` and `shrink`: `place` is an allocation of this zone with the layout `old`, and is not
    /// used after this has succeeded.
    #[inline]
    unsafe fn resize(&self, place: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<[u8]>> {
        let is_aligned = place.addr().get() & (new.align() - 1) == 0;
        if is_aligned && old.size() != 0 {
            // SAFETY: (I6) `old` is the layout of this allocation, which is the caller's alone.
            if let Some(place) = unsafe { self.header().resize_last(place, old.size(), new.size()) }
            {
                return Some(sized(place, new.size()));
            }
            if new.size() <= old.size() {
                if stale::ON {
                    // SAFETY: (I1) the caller's promise, for what lies beyond the new end.
                    unsafe { close_part(place, new.size(), old.size()) };
                }
                return Some(sized(place, new.size()));
            }
        }
        // SAFETY: (I2) `place` is an allocation of this zone with the layout `old`, as the caller promises.
        unsafe { self.resize_by_copy(place, old, new) }
    }

    /// # Safety
    ///
    /// That of `resize`.
    #[inline(never)]
    unsafe fn resize_by_copy(
        &self,
        place: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Option<NonNull<[u8]>> {
        let moved = self.allocate(new)?;
        let bytes = old.size().min(new.size());
        // SAFETY: (I2) both allocations are at least that long, and a new one overlaps no other.
        unsafe { moved.cast::<u8>().copy_from_nonoverlapping(place, bytes) };
        if stale::ON {
            // SAFETY: (I1) the caller's promise: the old allocation is not used any more.
            unsafe { close_part(place, 0, old.size()) };
        }
        Some(moved)
    }

    /// # Safety
    ///
    /// That of `resize`; `new` is no smaller than `old`.
    #[inline]
    unsafe fn grow_zeroed(
        &self,
        place: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Option<NonNull<[u8]>> {
        // SAFETY: (I6) `place` is an allocation of this zone with the layout `old`, as the caller promises.
        let grown = unsafe { self.resize(place, old, new) }?;
        // SAFETY: (I2) this is within the allocation, which is at least `old.size()` long.
        let rest = unsafe { grown.cast::<u8>().add(old.size()) };
        // SAFETY: (I2) the rest of the allocation's `new.size()` bytes, which are the caller's alone.
        unsafe { rest.write_bytes(0, new.size() - old.size()) };
        Some(grown)
    }
}

/// Makes `Zone` an allocator of one version of `allocator-api2`.
macro_rules! allocator {
    ($api:ident) => {
        // SAFETY: (I1) the zone is neither rewound nor freed while this handle, a clone of it, or a reference to one
        // lives. (I2) Allocations stay where they are, wherever the handle goes.
        unsafe impl $api::alloc::Allocator for Zone {
            #[inline]
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, $api::alloc::AllocError> {
                Zone::allocate(self, layout).ok_or($api::alloc::AllocError)
            }

            #[inline]
            unsafe fn deallocate(&self, place: NonNull<u8>, layout: Layout) {
                // SAFETY: (I6) the trait's contract: an allocation of this zone with this layout, which is not used
                // again.
                unsafe { Zone::deallocate(self, place, layout) };
            }

            #[inline]
            unsafe fn grow(
                &self,
                place: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, $api::alloc::AllocError> {
                // SAFETY: (I6) the trait's contract: an allocation of this zone with the layout `old`.
                unsafe { self.resize(place, old, new) }.ok_or($api::alloc::AllocError)
            }

            #[inline]
            unsafe fn grow_zeroed(
                &self,
                place: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, $api::alloc::AllocError> {
                // SAFETY: (I6) the trait's contract: an allocation of this zone with the layout `old`, and `new` is no
                // smaller.
                unsafe { Zone::grow_zeroed(self, place, old, new) }.ok_or($api::alloc::AllocError)
            }

            #[inline]
            unsafe fn shrink(
                &self,
                place: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, $api::alloc::AllocError> {
                // SAFETY: (I6) the trait's contract: an allocation of this zone with the layout `old`.
                unsafe { self.resize(place, old, new) }.ok_or($api::alloc::AllocError)
            }
        }
    };
}

#[cfg(feature = "allocator-api2")]
allocator!(allocator_api2);
#[cfg(feature = "allocator-api2-03")]
allocator!(allocator_api2_03);
#[cfg(feature = "allocator-api2-04")]
allocator!(allocator_api2_04);
