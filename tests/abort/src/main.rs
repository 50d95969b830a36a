//! Uses memzone before, while and after each thread-local goes: see Cargo.toml. A panic that memzone makes for its
//! own use ends this program.

use memzone::reclaim::Reclaimer;
use memzone::rt::{self, Plan, Policy};
use memzone::{RtHeap, ZBox, Zone, ZoneError, beginz, halloc_in, push_zone, stats, try_zcopy};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use thread_local::ThreadLocal;

static RUN: AtomicUsize = AtomicUsize::new(0);

/// Runs what it was given when its thread ends.
struct AtEnd(Vec<fn()>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0.iter().for_each(|body| body());
    }
}

thread_local! {
    static FIRST: RefCell<AtEnd> = const { RefCell::new(AtEnd(Vec::new())) };
    static LAST: RefCell<AtEnd> = const { RefCell::new(AtEnd(Vec::new())) };
}

/// Another crate's use of `thread_local`, which has its own end in each thread.
static OTHERS: ThreadLocal<u8> = ThreadLocal::new();

/// All that takes a place for a thread, in one.
fn use_all() {
    let sum = beginz!(z => {
        let numbers = z.alloc_iter(0..100_u32);
        z.on_cleanup(|| drop(Zone::new(100)));
        beginz!(numbers.iter().sum::<u32>())
    });
    assert_eq!(sum, 4950);
    let zone = Zone::new(100);
    zone.on_cleanup(|| _ = RUN.fetch_add(1, Ordering::Relaxed));
    push_zone(&zone);
    drop(zone);
    assert_eq!(*ZBox::new(7), 7);
    let heap = RtHeap::new(1000);
    assert_eq!(*halloc_in(&heap, 3).unwrap(), 3);
    let _ = rt::prepare_thread(&Plan::new().scopes(1, 1000).default_zone(1000));
    let small = Zone::builder().capacity(64).fixed().build();
    let error = try_zcopy(&(1, &[0_u8; 100]), &small).map(drop);
    assert!(matches!(error, Err(ZoneError::LimitReached { .. })));
    let zone = Zone::new(100);
    let section = rt::enter(Policy::Deny);
    drop(zone);
    drop(section);
    rt::collect();
    let reclaimer = Reclaimer::new();
    let mut retirer = reclaimer.retirer(2);
    assert!(retirer.retire(vec![1_u8; 100]).is_ok());
    assert_eq!(reclaimer.collect(), 1);
    assert!(stats::threads().total().requests > 0);
    RUN.fetch_add(1, Ordering::Relaxed);
}

fn on_a_thread(body: fn()) {
    let before = RUN.load(Ordering::Relaxed);
    thread::spawn(body).join().unwrap();
    assert!(RUN.load(Ordering::Relaxed) > before, "it ran to its end");
}

fn main() {
    on_a_thread(use_all);
    // The first use is at the end.
    on_a_thread(|| FIRST.with_borrow_mut(|end| end.0.push(use_all)));
    // It is in the midst of the end: thread-locals go in some order, and these stand on both sides.
    on_a_thread(|| {
        FIRST.with_borrow_mut(|end| end.0.push(use_all));
        use_all();
        LAST.with_borrow_mut(|end| end.0.push(use_all));
    });
    // Other crates' are gone by then: what was used last goes first.
    on_a_thread(|| {
        FIRST.with_borrow_mut(|end| end.0.push(use_all));
        OTHERS.get_or(|| 1);
    });
    on_a_thread(|| {
        OTHERS.get_or(|| 1);
        FIRST.with_borrow_mut(|end| end.0.push(use_all));
    });
    // A background thread ends with its reclaimer.
    let reclaimer = Reclaimer::new();
    let background = reclaimer.spawn();
    assert!(reclaimer.retirer(4).retire(Box::new(1)).is_ok());
    background.stop();
    assert_eq!(reclaimer.stats().collected, 1);
    assert!(cfg!(panic = "abort"), "built as its Cargo.toml says");
    println!("all threads have ended as they should, {} uses", RUN.load(Ordering::Relaxed));
}
