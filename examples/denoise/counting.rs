//! An allocator that counts, for each thread, how often and for how many bytes it is asked.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counted.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    // `const` and without a destructor, so that counting never allocates itself.
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static TIMES: Cell<u64> = const { Cell::new(0) };
}

/// How often this thread has asked the system for memory so far.
#[allow(dead_code, reason = "not every example wants it")]
pub(crate) fn times_asked() -> u64 {
    TIMES.get()
}

/// All bytes that this thread has asked the system for so far, given back or not.
pub(crate) fn bytes_asked() -> u64 {
    ASKED.get()
}

fn count(bytes: usize) {
    ASKED.set(ASKED.get() + bytes as u64);
    TIMES.set(TIMES.get() + 1);
}

// SAFETY: every call is passed on to `System` unchanged; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise about `layout`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise about `layout`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        // SAFETY: the caller's promise, and all our memory is `System`'s.
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, and all our memory is `System`'s.
        unsafe { System.dealloc(pointer, layout) }
    }
}
