//! Freeing what real-time threads have put aside: the thread that does it by default, and the function that it calls.

use super::below::{Below, installed};
use super::heap::{Heap, unpack_layout};
use super::heaps;
use super::shared::PutAside;
use crate::system::section::{self, Policy};
use core::alloc::Layout;
use core::time::Duration;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

/// How long the thread rests between two collections.
const PERIOD: Duration = Duration::from_millis(10);

/// The number of the thread that collects, and the process that it was started in. A forked child does not have it. 0
/// if there is none.
static COLLECTOR: AtomicU64 = AtomicU64::new(0);

/// What `COLLECTOR` is with this thread in this process.
fn word(number: u32) -> u64 {
    u64::from(number) << 32 | u64::from(std::process::id())
}

/// Whether a thread collects in this process.
pub(crate) fn is_collecting() -> bool {
    let collector = COLLECTOR.load(Ordering::Relaxed);
    collector != 0 && collector as u32 == std::process::id()
}

/// Starts the thread that collects, if none does. The result says whether one does now.
pub(crate) fn start() -> bool {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let before = COLLECTOR.load(Ordering::Relaxed);
    if is_collecting() {
        return true;
    }
    let mine = word(NUMBER.fetch_add(1, Ordering::Relaxed));
    if COLLECTOR.compare_exchange(before, mine, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        return is_collecting();
    }
    let collect_until_stopped = move || {
        while COLLECTOR.load(Ordering::Relaxed) == mine {
            thread::sleep(PERIOD);
            collect();
        }
    };
    let started = thread::Builder::new()
        .name("memzone-collect".into())
        .stack_size(128 << 10)
        .spawn(collect_until_stopped)
        .is_ok();
    if !started {
        // Another thread may have said so meanwhile.
        let _ = COLLECTOR.compare_exchange(mine, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
    started
}

/// Tells the thread that collects to end. The program collects from here on.
pub(crate) fn stop() {
    COLLECTOR.store(0, Ordering::Relaxed);
}

/// Frees what real-time threads have put aside, and returns the number of blocks. In a section with `Policy::Deny` or
/// `Abort` it does nothing.
pub(crate) fn collect() -> usize {
    if matches!(section::policy(), Some(Policy::Deny | Policy::Abort)) {
        return 0;
    }
    let heaps = heaps::all();
    heaps.map(|heap| free_all(heap, heap.take_aside())).sum()
}

fn free_all(heap: &Heap, blocks: PutAside) -> usize {
    let mut freed = 0;
    // Where something was put aside, there is one.
    let Some(below) = installed() else { return 0 };
    for (block, packed) in blocks {
        let (size, align) = unpack_layout(packed);
        free_one(heap, below, block, size, align);
        freed += 1;
    }
    freed
}

fn free_one(heap: &Heap, below: &Below, block: core::ptr::NonNull<u8>, size: usize, align: usize) {
    // SAFETY: (I52) these are the size and alignment of a layout that existed.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: (I52) the block was on the list, so it was put aside, and this thread alone has it.
    unsafe { below.free(block, layout) };
    heap.figures.collected(size);
}
