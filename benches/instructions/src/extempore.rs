//! A model of Extempore's zones (0.10.3, `runtime/` in C++), as far as they cost time: 32 bytes of header
//! before each block, sizes rounded to 32, all memory cleared, one global recursive lock around each
//! allocation, a `malloc` for each zone, its memory, and each push. Written from the description in
//! issue 6, not from their sources.

use parking_lot::ReentrantMutex;
use std::alloc::{Layout, alloc, dealloc};
use std::cell::Cell;
use std::ptr::null_mut;

static LOCK: ReentrantMutex<()> = ReentrantMutex::new(());

const HEADER: usize = 32;

pub struct Zone {
    memory: *mut u8,
    offset: usize,
    size: usize,
}

struct Entry {
    zone: *mut Zone,
    next: *mut Entry,
}

thread_local! {
    static STACK: Cell<*mut Entry> = const { Cell::new(null_mut()) };
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 32).expect("a size of this file's")
}

/// Makes a zone.
#[inline(never)]
pub fn create(size: usize) -> *mut Zone {
    // SAFETY: the size is not zero.
    let memory = unsafe { alloc(layout(size)) };
    Box::into_raw(Box::new(Zone { memory, offset: 0, size }))
}

/// # Safety
///
/// `zone` is from `create` and not destroyed.
#[inline(never)]
pub unsafe fn destroy(zone: *mut Zone) {
    // SAFETY: the caller's promise.
    let zone = unsafe { Box::from_raw(zone) };
    // SAFETY: from `create`.
    unsafe { dealloc(zone.memory, layout(zone.size)) };
}

/// # Safety
///
/// As `destroy`.
#[inline(never)]
pub unsafe fn push(zone: *mut Zone) {
    let entry = Box::new(Entry { zone, next: STACK.get() });
    STACK.set(Box::into_raw(entry));
}

/// # Safety
///
/// Something was pushed.
#[inline(never)]
pub unsafe fn pop() -> *mut Zone {
    // SAFETY: the caller's promise.
    let entry = unsafe { Box::from_raw(STACK.get()) };
    STACK.set(entry.next);
    entry.zone
}

/// The zone on top.
///
/// # Safety
///
/// Something was pushed.
#[inline(never)]
pub unsafe fn peek() -> *mut Zone {
    // SAFETY: the caller's promise.
    unsafe { (*STACK.get()).zone }
}

/// # Safety
///
/// As `destroy`.
#[inline(never)]
pub unsafe fn malloc(zone: *mut Zone, size: usize) -> *mut u8 {
    let _lock = LOCK.lock();
    // SAFETY: the caller's promise, and one zone belongs to one thread.
    let zone = unsafe { &mut *zone };
    let bytes = (size + HEADER).next_multiple_of(32);
    assert!(zone.offset + bytes < zone.size, "the model's zones do not grow");
    // SAFETY: within the memory.
    let start = unsafe { zone.memory.add(zone.offset) };
    // SAFETY: as above.
    unsafe { start.write_bytes(0, bytes) };
    // SAFETY: aligned to 32.
    unsafe { start.cast::<usize>().write(size) };
    zone.offset += bytes;
    // SAFETY: as above.
    unsafe { start.add(HEADER) }
}

/// # Safety
///
/// As `destroy`.
#[inline(never)]
pub unsafe fn reset(zone: *mut Zone) {
    // SAFETY: the caller's promise.
    unsafe { (*zone).offset = 0 };
}
