//! The allocator below the one that is installed: how its blocks are freed by a thread that knows no type.

use crate::system::own_heap::{self, Opaque};
use core::alloc::Layout;
use core::ptr::NonNull;
use std::sync::OnceLock;

/// The installed `RtAlloc`, and what frees a block of the allocator below it.
pub(super) struct Below {
    this: *const (),
    free: unsafe fn(*const (), NonNull<u8>, Layout),
}

// SAFETY: (I52) a global allocator is used by all threads.
unsafe impl Send for Below {}
// SAFETY: (I52) a global allocator is used by all threads.
unsafe impl Sync for Below {}

static INSTALLED: OnceLock<Below> = OnceLock::new();

/// Stands for the heap of a thread that asks whether an `RtAlloc` is installed.
const PROBE: usize = 1;

/// Whether this is no heap, but stands for the question.
pub(super) fn is_question(heap: Opaque) -> bool {
    heap.addr() == PROBE
}

/// Whether the thread asks now. If so, the allocator that was reached answers, and the thread asks no more.
///
/// # Safety
///
/// I52: `this` lives for ever, and `free` may be called with it, on any thread, for each block that was taken through it.
pub(super) unsafe fn answer(
    this: *const (),
    free: unsafe fn(*const (), NonNull<u8>, Layout),
) -> bool {
    if !is_question(own_heap::serving()) {
        return false;
    }
    own_heap::end();
    // Where it was answered before, that stays.
    let _ = INSTALLED.set(Below { this, free });
    true
}

/// The installed allocator. It is found by an allocation.
pub(super) fn installed() -> Option<&'static Below> {
    if let Some(below) = INSTALLED.get() {
        return Some(below);
    }
    let before = own_heap::serving();
    own_heap::set_serving(core::ptr::without_provenance_mut(PROBE));
    let layout = Layout::new::<[usize; 4]>();
    // SAFETY: (I16) the size is not zero.
    let block = core::hint::black_box(unsafe { std::alloc::alloc(layout) });
    own_heap::set_serving(core::ptr::null_mut());
    if !block.is_null() {
        // SAFETY: (I16) it was just taken so.
        unsafe { std::alloc::dealloc(block, layout) };
    }
    own_heap::set_serving(before);
    INSTALLED.get()
}

/// Whether this is the installed allocator. It has an address of its own, as it is a static with a size.
pub(super) fn is_installed(this: *const ()) -> bool {
    INSTALLED.get().is_some_and(|below| core::ptr::addr_eq(below.this, this))
}

impl Below {
    /// Frees a block of the allocator below.
    ///
    /// # Safety
    ///
    /// I52: the block was taken with this layout from the allocator below, and nobody uses it any more.
    pub(super) unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: (I52) the caller's promise, and that of `answer`.
        unsafe { (self.free)(self.this, block, layout) };
    }
}
