//! All heaps: how a block's heap is found, how one is made, and how one without an owner is taken over.

use super::heap::{self, Heap};
use super::region::{self, PLACE};
use crate::error::ZoneError;
use crate::insight::heaps::{HEAPS as FIGURES, MOST};
use crate::system::pages::{self, PAGE};
use crate::system::reserved;
use core::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

/// The heap at each place of the region. A heap with several places is at each of them.
static HEAPS: [AtomicPtr<Heap>; MOST] = [const { AtomicPtr::new(null_mut()) }; MOST];

/// The most bytes that a heap can have.
pub(super) const MOST_BYTES: usize = MOST * PLACE - 2 * PAGE - size_of::<Heap>();

fn at_place(place: usize) -> Option<&'static Heap> {
    // Acquire: this thread sees the heap as it was made.
    let heap = HEAPS.get(place)?.load(Ordering::Acquire);
    // SAFETY: (I50) the pointer is null, or `make` made it from a reference that lives for ever.
    unsafe { heap.as_ref() }
}

/// The heap of a block that lies so far from the region's start.
pub(super) fn of_block(offset: usize) -> Option<&'static Heap> {
    at_place(offset / PLACE)
}

/// All heaps.
pub(super) fn all() -> impl Iterator<Item = &'static Heap> {
    (0..MOST).filter_map(|place| at_place(place).filter(|heap| heap.place == place))
}

/// Makes a heap with room for so many bytes.
///
/// # Errors
///
/// `TooLarge`, `LimitReached` if the region is full, and `OutOfMemory`.
fn make(room: usize, prefault: bool, huge: bool) -> Result<&'static Heap, ZoneError> {
    let too_large = ZoneError::TooLarge { requested: room, available: MOST_BYTES };
    let bytes = heap::bytes_for(room).filter(|_| room <= MOST_BYTES).ok_or(too_large)?;
    let count = bytes.div_ceil(PLACE);
    let Some(place) = region::take_places(count) else {
        let used = all().map(Heap::bytes).sum();
        return Err(ZoneError::LimitReached { requested: room, limit: MOST * PLACE, used });
    };
    let memory = region::at(place * PLACE);
    // SAFETY: (I50) these places were just taken, for this heap alone.
    if !unsafe { reserved::commit(memory, bytes) } {
        region::give_back_places(place, count);
        return Err(ZoneError::OutOfMemory { requested: bytes });
    }
    if huge {
        // Before anything is written. What the system says to it is asked for later, by `Heap::ask_huge`.
        pages::ask_huge(memory, bytes);
    }
    if prefault {
        // SAFETY: (I50) the places are this heap's alone, and the system has just given memory for them.
        unsafe { pages::prefault(memory, bytes) };
    }
    // SAFETY: (I50) the memory is this heap's alone, and the region stays for ever.
    let heap = unsafe { Heap::make(memory, bytes, place, &FIGURES[place]) };
    for slot in &HEAPS[place..place + count] {
        // Release: see `at_place`.
        slot.store(NonNull::from(heap).as_ptr(), Ordering::Release);
    }
    Ok(heap)
}

/// Takes over a heap without an owner that has room for so many bytes, or a large part of them.
fn take_over(room: usize, part: fn(usize) -> usize) -> Option<&'static Heap> {
    let free = |heap: &Heap| {
        let size = heap.figures.size.load(Ordering::Relaxed);
        (size >= room).then(|| size - heap.figures.used.load(Ordering::Relaxed).min(size))
    };
    let fits = |heap: &&Heap| free(heap).is_some_and(|free| free >= part(room));
    let mut without_owner: Vec<_> =
        all().filter(|heap| !heap.ownership.is_taken()).filter(fits).collect();
    // Of two that fit, the smaller one, with the least in it.
    without_owner.sort_by_key(|heap| (heap.bytes(), heap.figures.used.load(Ordering::Relaxed)));
    let heap = without_owner.into_iter().find(|heap| heap.ownership.take_over())?;
    // What other threads have given back in the meantime. It is no more than the heap has blocks.
    // SAFETY: (I50) this thread owns the heap now.
    while unsafe { heap.drain(1024) } > 0 {}
    Some(heap)
}

/// Gives the caller a heap with room for so many bytes, which it owns.
///
/// # Errors
///
/// Those of `make`.
pub(super) fn get(room: usize, prefault: bool, huge: bool) -> Result<&'static Heap, ZoneError> {
    if let Some(heap) = take_over(room, |room| room - room / 8) {
        return Ok(heap);
    }
    match make(room, prefault, huge) {
        // Rather one that is in use in part.
        Err(error) => take_over(room, |_| 0).ok_or(error),
        made => made,
    }
}
