//! What boxes of the system's heap do in a section that denies, with a global allocator that aligns them no
//! more than it must: most give 16 bytes to all, which hides mistakes.

use memzone::rt::{self, Policy};
use memzone::{HBox, halloc, halloc_slice};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

struct Stingy;

#[global_allocator]
static ALLOCATOR: Stingy = Stingy;

thread_local! {
    static FREES: Cell<u64> = const { Cell::new(0) };
    /// Whether this thread's memory is aligned no more than it must be. Only for the boxes, as the standard
    /// library's owners forget what is before their memory, which Stacked Borrows does not forgive.
    static IS_STINGY: Cell<bool> = const { Cell::new(false) };
    /// The layout that was freed last.
    static LAST: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// What small alignments are made larger to, and never met by more than they ask for.
const STEP: usize = 16;

fn shifted(layout: Layout) -> Option<(Layout, usize)> {
    let shift = layout.align();
    if shift >= STEP || !IS_STINGY.get() {
        return None;
    }
    Some((Layout::from_size_align(layout.size() + shift, STEP).ok()?, shift))
}

// SAFETY: the memory is `System`'s, longer by what its start is moved by; both ways alike.
unsafe impl GlobalAlloc for Stingy {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((larger, shift)) = shifted(layout) else {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        };
        // SAFETY: not of size zero.
        let memory = unsafe { System.alloc(larger) };
        if memory.is_null() {
            return memory;
        }
        // SAFETY: within the memory.
        unsafe { memory.add(shift) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        FREES.set(FREES.get() + 1);
        LAST.set((layout.size(), layout.align()));
        let Some((larger, shift)) = shifted(layout) else {
            // SAFETY: the caller's promise.
            return unsafe { System.dealloc(memory, layout) };
        };
        // SAFETY: as far as `alloc` has moved it.
        let memory = unsafe { memory.sub(shift) };
        // SAFETY: the layout that `alloc` has asked for.
        unsafe { System.dealloc(memory, larger) };
    }
}

/// Drops a box in a section that denies: whether it was put aside, and freed by `collect` as it was made.
fn is_put_aside<T: ?Sized>(make: impl FnOnce() -> HBox<T>) -> bool {
    // There is one list for the whole process.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    IS_STINGY.set(true);
    let value = make();
    let layout = (size_of_val(&*value), align_of_val(&*value));
    let section = rt::enter(Policy::Deny);
    let before = FREES.get();
    drop(value);
    let freed = FREES.get() - before;
    let denied = section.report().denied();
    drop(section);
    let collected = rt::collect() as u64;
    IS_STINGY.set(false);
    assert_eq!(denied, 1);
    assert_eq!(collected + freed, 1, "once");
    assert_eq!(FREES.get() - before, 1);
    assert_eq!(LAST.get(), layout);
    freed == 0
}

#[test]
fn boxes_of_any_alignment_are_put_aside() {
    assert!(is_put_aside(|| halloc([0_u8; 64])));
    assert!(is_put_aside(|| halloc([0_u16; 64])));
    assert!(is_put_aside(|| halloc([0.0_f32; 64])), "samples are what audio is made of");
    assert!(is_put_aside(|| halloc([0.0_f64; 64])));
    assert!(is_put_aside(|| halloc([0_u128; 64])));
    assert!(is_put_aside(|| halloc_slice(480, 0.0_f32)));
}

/// 32 bytes from the first address on that is a multiple of 8. Less is enough on 32-bit systems.
#[test]
#[cfg(target_pointer_width = "64")]
fn what_is_too_small_for_the_list_is_freed() {
    assert!(is_put_aside(|| halloc([0_u64; 4])));
    assert!(!is_put_aside(|| halloc([0_u64; 3])));
    assert!(is_put_aside(|| halloc([0.0_f32; 9])));
    assert!(!is_put_aside(|| halloc([0.0_f32; 8])));
    assert!(is_put_aside(|| halloc([0_u8; 39])));
    assert!(!is_put_aside(|| halloc([0_u8; 38])));
}
