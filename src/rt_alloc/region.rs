//! The one region of addresses that all heaps lie in.

use crate::insight::heaps::MOST;
use crate::system::reserved;
use core::ptr::{NonNull, without_provenance_mut};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A place for a heap. Larger heaps have several places in a row.
pub(super) const PLACE: usize = if cfg!(miri) {
    128 << 10
} else if usize::BITS == 64 {
    64 << 20
} else {
    4 << 20
};

const _: () = assert!((MOST * PLACE).is_power_of_two());

/// The bytes of the largest region, as a power of two.
const MOST_BYTES: u32 = (MOST * PLACE).trailing_zeros();

/// The start of the region. While there is none, this is an address that lies farther from all memory than a region is
/// long. A 32-bit system may have memory there, which is in no heap's place then.
static START: AtomicPtr<u8> = AtomicPtr::new(without_provenance_mut(1 << (usize::BITS - 1)));

/// The region's start, with the number of its places in the lowest bits, which are zero in an address of a page.
static RESERVED: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

/// The places that are taken, one bit each. They stay taken.
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// How far from the region's start a block lies, if it may lie in the region. Where the system has refused the largest
/// region, a block behind it is found too, which lies in no heap's place.
///
/// Relaxed: whoever has a block of the region got it from a thread that saw the region, or from one that did.
#[inline(always)]
pub(super) fn offset_of(block: *mut u8) -> Option<usize> {
    let offset = block.addr().wrapping_sub(START.load(Ordering::Relaxed).addr());
    (offset >> MOST_BYTES == 0).then_some(offset)
}

/// The same block by the region's own pointer. The user's pointer may be good for the value alone, and the heap's
/// bookkeeping lies around it.
pub(super) fn at(offset: usize) -> NonNull<u8> {
    let start = NonNull::new(START.load(Ordering::Relaxed)).unwrap_or(NonNull::dangling());
    // SAFETY: (I50) the offset lies in a place that was taken.
    unsafe { start.add(offset) }
}

/// Reserves the region, unless that was done. The result is the number of places, which are less than there could be
/// where the system refuses that many addresses.
fn reserve(least: usize) -> Option<usize> {
    const COUNT: usize = 0xfff;
    let mut tagged = RESERVED.load(Ordering::Acquire);
    if tagged.is_null() {
        let halves = core::iter::successors(Some(MOST), |places| Some(places / 2));
        let (start, places) = halves
            .take_while(|&places| places >= least)
            .find_map(|places| Some((reserved::reserve(places * PLACE)?, places)))?;
        let new = start.as_ptr().map_addr(|address| address | places);
        // Another thread may be faster.
        let now = core::ptr::null_mut();
        match RESERVED.compare_exchange(now, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => tagged = new,
            Err(theirs) => {
                tagged = theirs;
                // SAFETY: (I50) nobody knows of this region.
                unsafe { reserved::give_back(start, places * PLACE) };
            }
        }
    }
    let places = tagged.addr() & COUNT;
    // All store the same.
    START.store(tagged.map_addr(|address| address & !COUNT), Ordering::Relaxed);
    Some(places)
}

/// Takes that many places in a row, and returns the first one. `None` if there are not so many, or no addresses.
pub(super) fn take_places(count: usize) -> Option<usize> {
    let places = reserve(count)?;
    let row = u64::MAX >> (u64::BITS as usize - count);
    let mut taken = TAKEN.load(Ordering::Relaxed);
    loop {
        let first = (0..=places.checked_sub(count)?).find(|first| taken & row << first == 0)?;
        let now = taken | row << first;
        match TAKEN.compare_exchange_weak(taken, now, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return Some(first),
            Err(other) => taken = other,
        }
    }
}

/// Gives places back for which the system had no memory.
pub(super) fn give_back_places(first: usize, count: usize) {
    let row = u64::MAX >> (u64::BITS as usize - count) << first;
    TAKEN.fetch_and(!row, Ordering::Relaxed);
}
