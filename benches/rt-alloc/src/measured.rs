//! A block taken and freed: from the system's allocator, and through an `RtAlloc` over it, on a thread that it does not
//! serve. Compiled twice: into the program, and into a library that the program loads.

use memzone::RtAlloc;
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

static MEMORY: RtAlloc = RtAlloc::system();

// As the compiler makes them of a `#[global_allocator]`: functions that are called, with all their arguments.

#[inline(never)]
fn system_alloc(size: usize, align: usize) -> *mut u8 {
    // SAFETY: the callers' sizes and alignments are those of a layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the size is not zero.
    unsafe { System.alloc(layout) }
}

#[inline(never)]
fn system_dealloc(block: *mut u8, size: usize, align: usize) {
    // SAFETY: as above.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the block was just taken so.
    unsafe { System.dealloc(block, layout) };
}

#[inline(never)]
fn rt_alloc(size: usize, align: usize) -> *mut u8 {
    // SAFETY: as above.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the size is not zero.
    unsafe { MEMORY.alloc(layout) }
}

#[inline(never)]
fn rt_dealloc(block: *mut u8, size: usize, align: usize) {
    // SAFETY: as above.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the block was just taken so.
    unsafe { MEMORY.dealloc(block, layout) };
}

/// The number of blocks that each of these takes and frees.
pub const BLOCKS: usize = 1000;

type Take = fn(usize, usize) -> *mut u8;
type Free = fn(*mut u8, usize, usize);

/// Called by their addresses, so that the compiler does not leave out what one of them does not use.
#[inline(always)]
fn take_and_free(size: usize, take: Take, free: Free) {
    let (take, free) = black_box((take, free));
    for _ in 0..BLOCKS {
        let (size, align) = black_box((size, 8));
        free(black_box(take(size, align)), size, align);
    }
}

#[inline(never)]
fn measured_system(size: usize) {
    take_and_free(size, system_alloc, system_dealloc);
}

#[inline(never)]
fn measured_rt_alloc(size: usize) {
    take_and_free(size, rt_alloc, rt_dealloc);
}

/// Runs what is chosen, the library's own.
#[unsafe(no_mangle)]
pub extern "C" fn run_measured(rt_alloc: bool, size: usize) {
    if rt_alloc { measured_rt_alloc(size) } else { measured_system(size) }
}
