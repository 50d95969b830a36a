//! The test binary's allocator: counts what each thread asks from the system, and fails on request.
//!
//! ```text
//! #[path = "common/counting.rs"]
//! mod counting;
//!
//! let before = counting::calls();
//! // ...
//! assert_eq!(counting::calls(), before);
//! ```
//!
//! The counters are the thread's own, so tests that run at the same time do not disturb each other.
//! They need no destructor, so they work to the very end of a thread.

// Not every test binary uses all of it.
#![allow(dead_code, unreachable_pub)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static FREES: Cell<u64> = const { Cell::new(0) };
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static FREED: Cell<u64> = const { Cell::new(0) };
    /// How many more allocations succeed.
    static BUDGET: Cell<Option<u64>> = const { Cell::new(None) };
    static WATCH: Cell<Option<&'static Watch>> = const { Cell::new(None) };
}

/// How often this thread asked for memory (`alloc`, `realloc`), also where it was refused.
pub fn calls() -> u64 {
    CALLS.get()
}

/// How often this thread gave memory back (`dealloc`, `realloc`).
pub fn frees() -> u64 {
    FREES.get()
}

/// The bytes this thread got, in all.
pub fn bytes_asked() -> u64 {
    ASKED.get()
}

/// The bytes this thread gave back, in all.
pub fn bytes_freed() -> u64 {
    FREED.get()
}

/// Refuses this thread's `n`-th next allocation (1: the very next) and all after it, until called
/// with `None`. Do that before an assertion: its message would be refused too.
pub fn fail_after(n: Option<u64>) {
    BUDGET.set(n.map(|n| n.saturating_sub(1)));
}

/// Calls `body` with this thread's allocations refused, and lifts that also where it panics.
pub fn without_memory<R>(body: impl FnOnce() -> R) -> R {
    struct Lift;
    impl Drop for Lift {
        fn drop(&mut self) {
            fail_after(None);
        }
    }
    let _lift = Lift;
    fail_after(Some(1));
    body()
}

/// What threads get and give back in pieces of at least `least` bytes. To be read by another
/// thread, when those that are counted have ended.
pub struct Watch {
    least: usize,
    asked: AtomicU64,
    freed: AtomicU64,
}

impl Watch {
    /// A watch that has seen nothing.
    pub const fn new(least: usize) -> Watch {
        Watch { least, asked: AtomicU64::new(0), freed: AtomicU64::new(0) }
    }

    /// Counts this thread's allocations from now to its end.
    pub fn watch_this_thread(&'static self) {
        WATCH.set(Some(self));
    }

    /// The bytes got.
    pub fn bytes_asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// The bytes given back.
    pub fn bytes_freed(&self) -> u64 {
        self.freed.load(Ordering::SeqCst)
    }
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Whether an allocation is to be refused.
fn refused() -> bool {
    CALLS.set(CALLS.get() + 1);
    match BUDGET.get() {
        None => false,
        Some(0) => true,
        Some(left) => {
            BUDGET.set(Some(left - 1));
            false
        }
    }
}

fn count_asked(bytes: usize) {
    ASKED.set(ASKED.get() + bytes as u64);
    if let Some(watch) = WATCH.get().filter(|watch| bytes >= watch.least) {
        watch.asked.fetch_add(bytes as u64, Ordering::SeqCst);
    }
}

fn count_freed(bytes: usize) {
    FREED.set(FREED.get() + bytes as u64);
    if let Some(watch) = WATCH.get().filter(|watch| bytes >= watch.least) {
        watch.freed.fetch_add(bytes as u64, Ordering::SeqCst);
    }
}

// SAFETY: the system's allocator, or null, which is an allocator's right. Counting does not
// allocate and does not panic.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refused() {
            return null_mut();
        }
        // SAFETY: the caller's.
        let memory = unsafe { System.alloc(layout) };
        if !memory.is_null() {
            count_asked(layout.size());
        }
        memory
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if refused() {
            return null_mut();
        }
        // SAFETY: the caller's.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if !memory.is_null() {
            count_asked(layout.size());
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        FREES.set(FREES.get() + 1);
        count_freed(layout.size());
        // SAFETY: the caller's.
        unsafe { System.dealloc(memory, layout) };
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if refused() {
            return null_mut();
        }
        // SAFETY: the caller's.
        let memory = unsafe { System.realloc(old, layout, size) };
        if !memory.is_null() {
            FREES.set(FREES.get() + 1);
            count_freed(layout.size());
            count_asked(size);
        }
        memory
    }
}
