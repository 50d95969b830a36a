//! What the system does to a process: it forks, and signals come in the middle.

#![cfg(unix)]

use memzone::rt::{self, Plan, Policy};
use memzone::{
    RtHeap, ZBox, Zone, ZoneFn, beginz, halloc_in, hot, peek_zone, push_new_zone,
    reclaim::Reclaimer, try_letz, zone_depth,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// Uses what was there before the fork, and what was not.
fn use_all(zone: &Zone, boxed: &mut ZBox<[u64]>, heap: &RtHeap, reclaimer: &Reclaimer) {
    assert_eq!((zone_depth(), boxed.len()), (2, 100));
    assert!(boxed.iter().all(|&n| n == 5));
    boxed.fill(6);
    assert_eq!(zone.alloc_slice(10_000, 1_u64).len(), 10_000);
    assert_eq!(beginz!(z in zone => z.alloc_slice(2_000, 3_u64)), [3; 2_000]);
    let block = halloc_in(heap, [1_u64; 20]).unwrap();
    drop(block);
    heap.check();
    let mut retirer = reclaimer.retirer(5);
    retirer.retire(vec![1; 10]).unwrap();
    assert!(reclaimer.collect() >= 1);
    // Another thread, whose blocks come back.
    let heap_block = halloc_in(heap, [2_u64; 20]).unwrap();
    let sum = std::thread::spawn(move || {
        let sum = heap_block.iter().sum::<u64>();
        drop(heap_block);
        *beginz!({ ZBox::new(sum) })
    });
    assert_eq!(sum.join().unwrap(), 40);
    heap.drain(10);
    assert_eq!(heap.used(), 0);
}

fn a_process_forks_within_a_scope() {
    let heap = RtHeap::new(10_000);
    let reclaimer = Reclaimer::new();
    let mut retirer = reclaimer.retirer(5);
    retirer.retire(String::from("left")).unwrap();
    let (mut caller, binder) = hot(ZoneFn::new(500, |z| z.closure(|n: u32| n + 1)));
    let pushed = push_new_zone(1_000);
    let mut boxed = pushed.boxed_slice(100, 5_u64);
    beginz!(z => {
        let local = z.alloc_slice(50, 9_u64);
        // SAFETY: the child uses what a child of a process with several threads may with this
        // system's C library, and ends without returning.
        let child = unsafe { libc::fork() };
        assert!(child >= 0);
        let result = catch_unwind(AssertUnwindSafe(|| {
            binder.rebind(ZoneFn::new(500, |z| z.closure(|n: u32| n + 2)));
            assert_eq!((caller(1), binder.reclaim()), (3, 1));
            use_all(&pushed, &mut boxed, &heap, &reclaimer);
            assert!(local.iter().all(|&n| n == 9));
        }));
        if child == 0 {
            // SAFETY: ends the process.
            unsafe { libc::_exit(if result.is_ok() { 0 } else { 1 }) };
        }
        result.unwrap();
        let mut status = 1;
        // SAFETY: a place for the status.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "the child failed");
    });
    assert_eq!(zone_depth(), 1);
    assert!(boxed.iter().all(|&n| n == 6));
    drop(memzone::pop_zone());
}

static HANDLED: AtomicU64 = AtomicU64::new(0);

/// What is within the plan of a prepared thread.
extern "C" fn handler(_: libc::c_int) {
    let sum = try_letz!(a = [1_u64; 100], b = [2_u64; 100] => {
        a.iter().sum::<u64>() + b.iter().sum::<u64>()
    });
    HANDLED.fetch_add(sum.unwrap_or(0), Ordering::Relaxed);
}

/// A signal that a thread sends itself arrives between two of its instructions that are known: within
/// a scope, but not in the midst of entering one. Others are not supported (docs/design.md).
fn a_handler_enters_a_scope_within_a_scope() {
    // SAFETY: the handler runs only where this test raises the signal.
    unsafe { libc::signal(libc::SIGUSR1, handler as *const () as libc::sighandler_t) };
    rt::prepare_thread(&Plan::new().scopes(4, 8_000).default_zone(10_000)).unwrap();
    let outer = peek_zone();
    let before = outer.used();
    let section = rt::enter_unwatched(Policy::Deny);
    for depth in 0..100 {
        let sum = try_letz!(a = [depth; 200] => {
            // SAFETY: the handler does as above.
            assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0);
            let inner = try_letz!(b = [1_u64; 100] => {
                // SAFETY: as above.
                assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0);
                b.iter().sum::<u64>()
            });
            a.iter().sum::<u64>() + inner.unwrap()
        });
        assert_eq!(sum, Ok(depth * 200 + 100));
    }
    assert_eq!((section.report().asked(), zone_depth(), outer.used()), (0, 0, before));
    drop(section);
    assert_eq!(HANDLED.load(Ordering::Relaxed), 200 * 300);
}

/// One test, so that no other one has a lock while this one forks.
#[test]
#[cfg_attr(miri, ignore = "it has no fork and no signals")]
fn what_the_system_does_breaks_nothing() {
    a_process_forks_within_a_scope();
    a_handler_enters_a_scope_within_a_scope();
}
