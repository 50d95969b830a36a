//! The meter around each block: a real-time section, RealtimeSanitizer's marks, a clock, and a counter of the calls that
//! reach the system's allocator.

use crate::{BLOCKS, WARM_UP};
use memzone::rt::{self, Plan, Policy, Request, Section};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

/// The heap of the audio thread.
const HEAP: usize = 48 << 20;

thread_local! {
    static IS_IN_BLOCK: Cell<bool> = const { Cell::new(false) };
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts what it is asked in a block.
pub struct Counting;

fn count() {
    if IS_IN_BLOCK.get() {
        CALLS.set(CALLS.get() + 1);
    }
}

// SAFETY: all is passed on to `System`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) };
    }
}

#[cfg(feature = "rtsan")]
mod sanitizer {
    // SAFETY: the signatures are those of the runtime.
    unsafe extern "C" {
        safe fn __rtsan_ensure_initialized();
        safe fn __rtsan_realtime_enter();
        safe fn __rtsan_realtime_exit();
    }

    pub fn enter() {
        __rtsan_ensure_initialized();
        __rtsan_realtime_enter();
    }

    pub fn exit() {
        __rtsan_realtime_exit();
    }
}

#[cfg(not(feature = "rtsan"))]
mod sanitizer {
    pub fn enter() {}
    pub fn exit() {}
}

/// Measures the blocks of one engine.
pub struct Meter {
    section: Option<Section>,
    since: Option<Instant>,
    /// The blocks so far, with those that are not measured.
    blocks: usize,
    nanoseconds: Vec<u64>,
    faults: u64,
    beyond: u64,
}

impl Meter {
    /// Prepares the calling thread, with a heap or without.
    pub fn new(with_heap: bool) -> Meter {
        let plan = Plan::new().scopes(1, 4096).default_zone(0);
        let prepared = rt::prepare_thread(&plan.heap(if with_heap { HEAP } else { 0 }))
            .expect("there is memory");
        assert_eq!(prepared.has_heap(), with_heap, "{prepared}");
        let nanoseconds = vec![1; BLOCKS];
        Meter { section: None, since: None, blocks: 0, nanoseconds, faults: 0, beyond: 0 }
    }

    /// A block begins.
    pub fn begin(&mut self) {
        if self.section.is_some() {
            return;
        }
        self.section = Some(rt::enter(Policy::Count));
        if self.blocks >= WARM_UP {
            IS_IN_BLOCK.set(true);
            sanitizer::enter();
        }
        self.since = Some(Instant::now());
    }

    /// A block ends, and was one to be measured.
    pub fn end(&mut self) {
        let now = Instant::now();
        self.count(now);
        self.leave();
    }

    /// One block ends and the next one begins, as a callback sees it that the engine calls once a block.
    pub fn next(&mut self) {
        let now = Instant::now();
        if self.section.is_some() {
            self.count(now);
            if self.blocks != WARM_UP {
                self.since = Some(now);
                return;
            }
            self.leave();
        }
        self.begin();
    }

    fn count(&mut self, now: Instant) {
        let since = self.since.take().unwrap_or(now);
        let measured = self.blocks.checked_sub(WARM_UP);
        if let Some(place) = measured.and_then(|n| self.nanoseconds.get_mut(n)) {
            *place = (now - since).as_nanos() as u64;
        }
        self.blocks += 1;
    }

    /// What follows is no block: the program changes something, or it is over.
    pub fn leave(&mut self) {
        let Some(section) = self.section.take() else { return };
        if IS_IN_BLOCK.replace(false) {
            sanitizer::exit();
            let report = section.report();
            self.faults += report.minor_faults().unwrap_or(0);
            self.beyond +=
                report.asked_for(Request::BeyondHeap) + report.asked_for(Request::GiveBack);
        }
    }

    /// Calls in blocks, page faults, what `RtAlloc` could not do, and the median, 99.9 % and worst time in microseconds.
    pub fn line(mut self) -> String {
        let measured = (self.blocks - WARM_UP).min(BLOCKS);
        self.nanoseconds.truncate(measured);
        self.nanoseconds.sort_unstable();
        let at =
            |part: f64| self.nanoseconds[((measured - 1) as f64 * part) as usize] as f64 / 1000.0;
        format!(
            "figures {measured} {} {} {} {:.1} {:.1} {:.1}",
            CALLS.get(),
            self.faults,
            self.beyond,
            at(0.5),
            at(0.999),
            at(1.0)
        )
    }
}
