//! `RtAlloc` as the global allocator of this program. Each test prepares a thread of its own.

use memzone::RtAlloc;
use memzone::rt::{self, Plan, Policy, Prepared, Request, Section};
use memzone::stats;
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex, MutexGuard};
use std::thread;

#[global_allocator]
static MEMORY: RtAlloc<Below> = RtAlloc::new(Below);

/// The system's allocator, which counts what each thread asks it for.
struct Below;

thread_local! {
    static CALLS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is passed on to `System`.
unsafe impl GlobalAlloc for Below {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        LIVE.fetch_add(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        CALLS.set(CALLS.get() + 1);
        LIVE.fetch_sub(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

fn calls() -> usize {
    CALLS.get()
}

const HEAP: usize = if cfg!(miri) { 32 << 10 } else { 1 << 20 };

/// Tests that need a certain heap, or its collector, come one after another.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn plan(heap: usize) -> Plan {
    Plan::new().scopes(1, 4096).default_zone(0).stack(0).heap(heap)
}

fn prepare(heap: usize) -> Prepared {
    let prepared = rt::prepare_thread(&plan(heap)).unwrap();
    assert!(prepared.has_heap() && prepared.heap() >= heap);
    prepared
}

/// On a thread of its own, which has a heap.
fn on_a_prepared_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let thread = thread::spawn(|| {
        prepare(HEAP);
        body()
    });
    thread.join().unwrap()
}

fn section() -> Section {
    rt::enter_unwatched(Policy::Count)
}

#[test]
fn a_threads_memory_is_its_heaps_in_a_section() {
    on_a_prepared_thread(|| {
        let before = calls();
        let section = section();
        let text: Vec<String> = (0..100).map(|n| format!("number {n}")).collect();
        let boxed = black_box(Box::new([0_u64; 100]));
        let used = stats::thread().heap.used;
        assert!(used > 100 * 8 + 800, "{used} bytes");
        drop((text, boxed));
        assert_eq!((calls(), section.report().asked()), (before, 0));
        assert_eq!(stats::thread().heap.used, 0);
        assert!(stats::thread().heap.peak >= used);
        drop(section);
        drop(black_box(Box::new(1)));
        assert_eq!(calls(), before + 2);
    });
}

#[test]
fn what_other_threads_free_comes_back() {
    on_a_prepared_thread(|| {
        let section = section();
        let blocks: Vec<Box<[u8; 200]>> = (0..50).map(|_| Box::new([7; 200])).collect();
        let used = stats::thread().heap.used;
        drop(section);
        let before = calls();
        let other = thread::spawn(move || {
            let before = calls();
            assert!(blocks.iter().all(|block| block[199] == 7));
            drop(blocks);
            assert_eq!(calls(), before, "nothing goes to the allocator below");
        });
        other.join().unwrap();
        assert_eq!(stats::thread().heap.used, used);
        let _section = rt::enter_unwatched(Policy::Count);
        for _ in 0..51 {
            drop(black_box(Box::new(0_u8)));
        }
        assert_eq!(stats::thread().heap.used, 0);
        let _ = before;
    });
}

#[test]
fn what_a_section_frees_of_others_is_put_aside() {
    let _alone = alone();
    let thread = thread::spawn(|| {
        rt::prepare_thread(&plan(HEAP).collector(false)).unwrap();
        let small: Vec<Box<u8>> = (0..20).map(Box::new).collect();
        let large = vec![0.0_f32; 1000];
        let before = calls();
        let inside = section();
        drop((small, large));
        assert_eq!((calls(), inside.report().asked()), (before, 0));
        assert_eq!(stats::thread().heap.put_aside, 22);
        // It may free, and does so as the section lets it.
        drop(inside);
        assert_eq!(rt::collect(), 22);
        assert_eq!((calls(), stats::thread().heap.put_aside), (before + 22, 0));
        assert_eq!(rt::collect(), 0);
    });
    thread.join().unwrap();
}
