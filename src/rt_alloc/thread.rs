//! A thread's own heap: how the thread gets it, what it takes from it, and what becomes of it when the thread ends.

use super::heap::Heap;
use super::{below, heaps, region};
use crate::error::{Request, ZoneError};
use crate::insight::stats;
use crate::system::pages::{Care, LockError};
use crate::system::{own_heap, reserved, section};
use core::alloc::Layout;
use core::hint::black_box;
use core::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;

/// What `prepare` has made.
pub(crate) struct HeapMade {
    /// The bytes that the heap has room for, all in all.
    pub(crate) room: usize,
    /// The bytes that are in use already, of a thread that had the heap before.
    pub(crate) used: usize,
    /// The bytes of the system's memory.
    pub(crate) bytes: usize,
    pub(crate) locked: Option<Result<(), LockError>>,
    /// The bytes in huge pages, as far as the system has them.
    pub(crate) huge: usize,
}

struct EndOfThread;

impl Drop for EndOfThread {
    fn drop(&mut self) {
        // It may still be in a section that was forgotten.
        own_heap::end();
        let own = own();
        own_heap::set_own(core::ptr::null_mut());
        stats::this_threads_heap(None);
        if let Some(heap) = own {
            heap.ownership.give_up();
        }
    }
}

thread_local! {
    static END_OF_THREAD: EndOfThread = const { EndOfThread };
}

/// The thread's own heap.
fn own() -> Option<&'static Heap> {
    // SAFETY: (I50) null, or a heap that `prepare` got, which lives for ever.
    unsafe { own_heap::own().cast::<Heap>().as_ref() }
}

/// The heap that serves the thread now.
fn serving() -> Option<&'static Heap> {
    let heap = own_heap::serving();
    if below::is_question(heap) {
        return None;
    }
    // SAFETY: (I50) null, or the thread's own heap.
    unsafe { heap.cast::<Heap>().as_ref() }
}

/// Gives the thread a heap with room for so many bytes, unless it has one. `None` if no `RtAlloc` is installed, or if the
/// thread ends.
///
/// # Errors
///
/// `TooLarge`, `LimitReached`, `OutOfMemory`, and `Denied` in a section that forbids it.
pub(crate) fn prepare(room: usize, care: Care) -> Result<Option<HeapMade>, ZoneError> {
    if below::installed().is_none() || END_OF_THREAD.try_with(|_| ()).is_err() {
        return Ok(None);
    }
    let size = |heap: &Heap| heap.figures.size.load(Relaxed);
    let before = own();
    let heap = match before.filter(|own| size(own) >= room) {
        Some(own) => own,
        None => {
            section::ask(Request::HeapMemory, room)?;
            reserved::stay_loaded();
            let heap = heaps::get(room, care.prefault, care.huge)?;
            let in_section = section::policy().is_some();
            own_heap::set_own(core::ptr::from_ref(heap).cast_mut().cast());
            if in_section {
                own_heap::begin();
            }
            stats::this_threads_heap(Some(heap.place));
            if let Some(before) = before {
                before.ownership.give_up();
            }
            heap
        }
    };
    Ok(Some(HeapMade {
        room: size(heap),
        used: heap.figures.used.load(Relaxed),
        bytes: heap.bytes(),
        huge: if care.huge { heap.ask_huge() } else { 0 },
        locked: care.lock.then(|| heap.lock()),
    }))
}

/// Takes a block of the heap that serves this thread. `None` if it has no room, which is counted.
#[inline(never)]
pub(super) fn take(layout: Layout) -> Option<NonNull<u8>> {
    let heap = serving()?;
    // SAFETY: (I50) it is this thread's own.
    let block = unsafe { heap.take(layout) };
    if block.is_none() {
        section::ask_below(Request::BeyondHeap, layout.size());
    }
    block
}

/// Frees a block of a heap. The result is `false` if it is not one, and still belongs to the caller.
///
/// # Safety
///
/// I51: the block was taken with this layout, and nobody uses it any more.
pub(super) unsafe fn free(block: *mut u8, layout: Layout) -> bool {
    let Some((heap, block)) = find(block) else { return false };
    if is_own(heap) {
        // SAFETY: (I50) it is this thread's own. The rest is the caller's promise.
        unsafe { heap.free(block, layout) };
    } else {
        // SAFETY: (I51) the caller's promise.
        unsafe { heap.give_back(block, layout) };
    }
    true
}

/// Whether the block is one of a heap.
pub(super) fn is_of_a_heap(block: *mut u8) -> bool {
    find(block).is_some()
}

/// The heap of a block, if it is one of a heap, and the block by the region's own pointer.
///
/// The block's memory is used from here on, by a pointer that is not made from the user's. The barrier tells the compiler
/// that anything may happen to it.
fn find(block: *mut u8) -> Option<(&'static Heap, NonNull<u8>)> {
    let offset = region::offset_of(black_box(block))?;
    Some((heaps::of_block(offset)?, region::at(offset)))
}

fn is_own(heap: &Heap) -> bool {
    core::ptr::addr_eq(heap, own_heap::own())
}

/// Resizes a block, if it is one of the heap that serves this thread, and there is room.
///
/// # Safety
///
/// I51: as for `free`. If the result is another place, the block is freed.
pub(super) unsafe fn resize(
    block: *mut u8,
    layout: Layout,
    new_size: usize,
) -> Option<NonNull<u8>> {
    let (heap, block) = find(block)?;
    if !core::ptr::addr_eq(heap, own_heap::serving()) {
        return None;
    }
    // SAFETY: (I50) it is this thread's own. The rest is the caller's promise.
    unsafe { heap.resize(block, layout, new_size) }
}

/// Puts a block of the allocator below aside, on a thread that a heap serves. The result is `false` if too much waits
/// already, which is counted. The block still belongs to the caller then.
///
/// # Safety
///
/// I52: the block was taken with this layout from the installed allocator's, has room for a node, and nobody uses it any
/// more.
#[inline(never)]
pub(super) unsafe fn put_aside(block: *mut u8, layout: Layout) -> bool {
    let (Some(heap), Some(block)) = (serving(), NonNull::new(block)) else { return false };
    // SAFETY: (I52) the caller's promise.
    let is_aside = unsafe { heap.put_aside(block, layout) };
    if !is_aside {
        section::ask_below(Request::GiveBack, layout.size());
    }
    is_aside
}
