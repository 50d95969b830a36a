//! An allocator that counts, for each thread, what it is asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::{AddAssign, Sub};

/// The system's allocator, counted.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often a thread has asked the system's allocator for memory, for how much, and given some back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
    pub(crate) frees: u64,
}

impl Sub for Asked {
    type Output = Asked;

    fn sub(self, before: Asked) -> Asked {
        Asked {
            allocations: self.allocations - before.allocations,
            bytes: self.bytes - before.bytes,
            frees: self.frees - before.frees,
        }
    }
}

impl AddAssign for Asked {
    fn add_assign(&mut self, more: Asked) {
        self.allocations += more.allocations;
        self.bytes += more.bytes;
        self.frees += more.frees;
    }
}

thread_local! {
    // `const` and without a destructor, so that counting never allocates itself.
    static ASKED: Cell<Asked> = const { Cell::new(Asked { allocations: 0, bytes: 0, frees: 0 }) };
}

/// What this thread has asked for so far.
pub(crate) fn asked() -> Asked {
    ASKED.get()
}

fn count(allocations: u64, bytes: usize, frees: u64) {
    let mut asked = ASKED.get();
    asked += Asked { allocations, bytes: bytes as u64, frees };
    ASKED.set(asked);
}

// SAFETY: every call is passed on to `System` unchanged; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller's promise about `layout`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller's promise about `layout`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(1, new_size, 1);
        // SAFETY: the caller's promise, and all our memory is `System`'s.
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, 1);
        // SAFETY: the caller's promise, and all our memory is `System`'s.
        unsafe { System.dealloc(pointer, layout) }
    }
}
