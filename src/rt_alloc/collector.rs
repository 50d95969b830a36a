//! Freeing what real-time threads have put aside: the thread that does it by default, and the function that it calls.

use super::below::installed;
use super::heap::{Heap, unpack_layout};
use super::heaps;
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

/// Starts the thread that collects, if none does. [`is_collecting`] says whether that has worked.
pub(crate) fn start() {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let before = COLLECTOR.load(Ordering::Relaxed);
    if is_collecting() {
        return;
    }
    let mine = word(NUMBER.fetch_add(1, Ordering::Relaxed));
    if COLLECTOR.compare_exchange(before, mine, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        // Another thread was faster.
        return;
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
        .spawn(collect_until_stopped);
    if started.is_err() {
        // Where `stop` was called in the meantime, it is 0 already.
        let _ = COLLECTOR.compare_exchange(mine, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
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
    heaps::all().map(free_all).sum()
}

/// Frees what the owner of a heap has put aside.
fn free_all(heap: &Heap) -> usize {
    // Where something was put aside, there is one.
    let Some(below) = installed() else { return 0 };
    let mut freed = 0;
    for (block, packed) in heap.take_aside() {
        let (size, align) = unpack_layout(packed);
        // SAFETY: (I52) these are the size and alignment of a layout that existed.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        // SAFETY: (I52) the block was on the list, so it was put aside, and this thread alone has it.
        unsafe { below.free(block, layout) };
        heap.figures.collected(size);
        freed += 1;
    }
    freed
}
