//! What threads count, read while they run.

#[path = "common/counting.rs"]
mod counting;

use memzone::stats::{self, Stats};
use memzone::{RtHeap, ZBox, Zone, beginz, letz, push_new_zone, rt, set_keep_limit};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Totals are the whole process's, so these tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn on_new_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return body();
    }
    thread::spawn(body).join().unwrap()
}

#[test]
fn a_thread_counts_what_it_does() {
    let _turn = alone();
    on_new_thread(|| {
        assert_eq!(stats::thread(), Stats::default());
        rt::prepare_thread(&rt::Plan::new().scopes(2, 1000).default_zone(1000)).unwrap();
        let prepared = stats::thread();
        assert_eq!((prepared.spares, prepared.requests), (2, 3));
        let (asked, freed) = (counting::bytes_asked(), counting::bytes_freed());
        for _ in 0..100 {
            beginz!(z => { letz!(a = [0_u8; 10] => a[0]); z.alloc(1); });
        }
        assert_eq!(stats::thread(), prepared);
        let kept = beginz!(z => Box::new(z.clone()));
        let now = stats::thread();
        assert_eq!((now.retired, now.spares), (1, 1));
        beginz!(beginz!(beginz!(())));
        let now = stats::thread();
        assert_eq!((now.spares, now.deepest), (3, 3));

        let zone = Zone::new(100_000);
        zone.alloc_uninit::<u8>(300_000);
        let heap = RtHeap::new(50_000);
        let peak = stats::thread().live;
        drop((zone, heap, kept));
        let now = stats::thread();
        assert_eq!(now.peak, peak);
        // What the counting allocator saw, but for the test's own box.
        let boxed = size_of::<Zone>() as u64;
        assert_eq!(now.asked - prepared.asked, counting::bytes_asked() - asked - boxed);
        assert_eq!(now.given_back, counting::bytes_freed() - freed - boxed);
        assert_eq!(now.live, (now.asked - now.given_back) as i64);
    });
}

#[test]
fn spare_zones_are_those_there_are() {
    let _turn = alone();
    on_new_thread(|| {
        let spares = || stats::thread().spares;
        beginz!({
            beginz!(());
            assert_eq!(spares(), 2)
        });
        beginz!(1 << 20, ());
        assert_eq!(spares(), 2, "one was replaced by a larger one");
        set_keep_limit(1000);
        assert_eq!(spares(), 0, "nothing is kept");
        set_keep_limit(1 << 20);
        beginz!(());
        assert_eq!(spares(), 1);
        drop(push_new_zone(10));
        assert_eq!(spares(), 1);
    });
}

/// Threads that end leave their totals, also where others take their places.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn ended_threads_leave_their_totals() {
    let _turn = alone();
    let before = stats::threads().total();
    for round in 0..4 {
        let threads: Vec<_> = (0..8)
            .map(|n| {
                thread::spawn(move || {
                    for _ in 0..n + 1 {
                        beginz!(z => { z.alloc(round); });
                        drop(Zone::new(100));
                    }
                    drop(ZBox::new(1));
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let now = stats::threads();
        // A default zone and a spare one each, and the zones that each made.
        let requests = 8 * 2 + (1..=8).sum::<u64>();
        assert_eq!(now.total().requests - before.requests, (round + 1) * requests);
        assert_eq!(now.total().live, before.live);
        assert_eq!(now.total().spares, before.spares);
        assert!(now.running().iter().all(|(thread, _)| thread.name() != Some("ended")));
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn any_thread_reads_all_while_they_run() {
    let _turn = alone();
    let barriers = Arc::new((Barrier::new(3), Barrier::new(3)));
    // Not scoped threads: a scope does not wait for their thread-locals to end.
    let start = |n: u64| {
        let barriers = Arc::clone(&barriers);
        let work = move || {
            beginz!(());
            for _ in 0..n * 1000 {
                drop(Zone::new(100));
            }
            barriers.0.wait();
            barriers.1.wait();
        };
        thread::Builder::new().name(format!("voice {n}")).spawn(work).unwrap()
    };
    let workers = [start(1), start(2)];
    barriers.0.wait();
    let threads = stats::threads();
    let of = |name: &str| {
        let mut all = threads.running().iter().filter(|(t, _)| t.name() == Some(name));
        let (Some((_, stats)), None) = (all.next(), all.next()) else { panic!("{threads}") };
        *stats
    };
    let (one, two) = (of("voice 1"), of("voice 2"));
    barriers.1.wait();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    assert_eq!((one.requests, one.spares), (1001, 1));
    assert_eq!((two.requests, two.spares), (2001, 1));
    let text = threads.to_string();
    assert_eq!(text.lines().count(), 1 + threads.running().len() + 2, "{text}");
    let width = text.lines().next().unwrap().len();
    assert!(text.lines().all(|line| line.len() == width), "{text}");
    let ended = stats::threads();
    assert!(ended.running().iter().all(|(t, _)| t.name() != Some("voice 1")), "{ended}");
}

/// While counters rise, what is read only rises.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn what_is_read_never_falls() {
    let _turn = alone();
    let rounds = if cfg!(miri) { 300 } else { 100_000 };
    let worker = thread::Builder::new().name("rising".into()).spawn(move || {
        beginz!(());
        for _ in 1..rounds {
            drop(Zone::new(100));
        }
        stats::thread().requests
    });
    let worker = worker.unwrap();
    let mut last = 0;
    while !worker.is_finished() {
        let threads = stats::threads();
        let now = threads.running().iter().find(|(t, _)| t.name() == Some("rising"));
        if let Some((_, stats)) = now {
            assert!((last..=rounds).contains(&stats.requests), "{} after {last}", stats.requests);
            last = stats.requests;
        }
        thread::yield_now();
    }
    assert_eq!(worker.join().unwrap(), rounds);
}

#[test]
fn resetting_starts_from_what_there_is() {
    let _turn = alone();
    on_new_thread(|| {
        beginz!(beginz!(()));
        drop(Zone::new(1 << 20));
        let before = stats::thread();
        assert!(before.peak > before.live);
        stats::reset();
        let now = stats::thread();
        assert_eq!((now.requests, now.asked, now.given_back), (0, 0, 0));
        assert_eq!((now.live, now.peak, now.spares), (before.live, before.live, 2));
        drop(Zone::new(100));
        assert_eq!(stats::thread().requests, 1);
    });
    // The ended one's spare zones go into the totals when they are freed.
    let total = stats::threads().total();
    stats::reset();
    let after = stats::threads().total();
    assert_eq!((after.requests, after.live), (0, total.live));
}

/// It is what the table's last row says, and takes no memory.
#[test]
fn a_total_needs_no_list() {
    let _turn = alone();
    on_new_thread(|| {
        beginz!(beginz!(()));
        let asked = counting::bytes_asked();
        let total = stats::total();
        assert_eq!(counting::bytes_asked(), asked);
        assert_eq!(total, stats::threads().total());
        assert!(total.deepest >= 2 && total.live > 0);
        // The list of threads does take memory, so this test would see it.
        assert!(counting::bytes_asked() > asked);
    });
}

#[test]
fn a_table_has_each_figure() {
    let text = Stats::default().to_string();
    assert_eq!(text.lines().count(), 8);
    assert!(text.starts_with("requests                   0\n"), "{text}");
}

/// The row of a thread that has no name is as wide as the others.
#[test]
fn a_table_is_aligned_whatever_threads_are_called() {
    let _turn = alone();
    let table = on_new_thread(|| {
        beginz!(());
        stats::threads().to_string()
    });
    let width = table.lines().next().unwrap().len();
    assert!(table.lines().all(|line| line.len() == width), "{table}");
}

/// Another crate's thread-local that ends after `thread_local`'s own, and uses memzone for the first time on
/// its thread only then.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_first_use_at_a_threads_end_works() {
    struct AtEnd;
    impl Drop for AtEnd {
        fn drop(&mut self) {
            let sum: u32 = letz!(a = [1_u32; 100] => a.iter().sum::<u32>());
            assert_eq!(sum, 100);
            assert!(Zone::new(100).try_alloc(1).is_ok());
            DONE.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }
    thread_local!(static AT_END: AtEnd = const { AtEnd });
    static DONE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let _turn = alone();
    for other_first in [true, false] {
        on_new_thread(move || {
            let others = thread_local::ThreadLocal::new();
            if other_first {
                others.get_or(|| 1);
            }
            AT_END.with(|_| ());
            others.get_or(|| 1);
        });
    }
    assert_eq!(DONE.load(std::sync::atomic::Ordering::SeqCst), 2);
}

/// A thread that has zones and no stack yet lives, and is no ended one.
#[test]
fn no_thread_that_lives_is_called_ended() {
    let _turn = alone();
    let zone = Zone::new(4096);
    let table = stats::threads().to_string();
    assert!(table.contains("(all other threads)") && !table.contains("ended"), "{table}");
    drop(zone);
}
