//! `reclaim`: values of all kinds, full rings, panicking destructors, both orders of ending, threads.

#[path = "common/counting.rs"]
mod counting;

use memzone::reclaim::{Background, Full, MAX_ALIGN, MAX_SIZE, Reclaimer, Retirer, Stats};
use memzone::{HBox, RtHeap, SendZone, Zone, ZoneError, halloc, halloc_in};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

/// Counts its drops, for all threads.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

/// Adds one to its counter when dropped; panics then, if it is told to.
struct Counted {
    drops: Arc<AtomicUsize>,
    panics: Option<&'static str>,
}

impl Drops {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn value(&self) -> Counted {
        Counted { drops: Arc::clone(&self.0), panics: None }
    }

    fn bomb(&self, text: &'static str) -> Counted {
        Counted { drops: Arc::clone(&self.0), panics: Some(text) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        if let Some(text) = self.panics {
            panic_any(text);
        }
    }
}

/// Says its number when dropped.
struct Numbered(u32, Sender<u32>);

impl Drop for Numbered {
    fn drop(&mut self) {
        self.1.send(self.0).ok();
    }
}

/// What `body` panics with.
fn panic_of(body: impl FnOnce()) -> Option<&'static str> {
    let payload = catch_unwind(AssertUnwindSafe(body)).err()?;
    payload.downcast_ref::<&'static str>().copied()
}

/// Retires, where there is room.
fn retire<T: Send + 'static>(retirer: &mut Retirer, value: T) {
    assert!(retirer.retire(value).is_ok());
}

/// A reclaimer with one retirer.
fn pair(slots: usize) -> (Reclaimer, Retirer) {
    let reclaimer = Reclaimer::new();
    let retirer = reclaimer.retirer(slots);
    (reclaimer, retirer)
}

/// Waits until a background thread has brought something about.
fn until(happened: impl Fn() -> bool) {
    while !happened() {
        thread::sleep(Duration::from_millis(1));
    }
}

fn waiting(reclaimer: &Reclaimer) -> usize {
    reclaimer.stats().waiting
}

#[test]
fn each_value_is_dropped_once_and_only_by_the_reclaimer() {
    let drops = Drops::default();
    let (reclaimer, mut retirer) = pair(8);
    for _ in 0..5 {
        retire(&mut retirer, drops.value());
    }
    assert_eq!((drops.count(), waiting(&reclaimer)), (0, 5));
    assert_eq!(reclaimer.collect(), 5);
    assert_eq!((drops.count(), waiting(&reclaimer)), (5, 0));
    assert_eq!(reclaimer.collect(), 0);
    drop((retirer, reclaimer));
    assert_eq!(drops.count(), 5);
}

#[test]
fn all_kinds_of_values() {
    let drops = Drops::default();
    let (reclaimer, mut retirer) = pair(16);
    retire(&mut retirer, Box::new(drops.value()));
    let shared = Arc::new(drops.value());
    retire(&mut retirer, Arc::clone(&shared));
    retire(&mut retirer, vec![drops.value(), drops.value()]);
    retire(&mut retirer, Box::new([1.0_f32; 4096]));
    retire(&mut retirer, String::from("kick"));
    retire(&mut retirer, halloc(drops.value()));
    let (of_closure, of_boxed) = (drops.value(), drops.value());
    retire(&mut retirer, move || of_closure.drops.load(Ordering::SeqCst));
    let boxed: Box<dyn FnMut(f32) -> f32 + Send> = Box::new(move |x| {
        let _owned = &of_boxed;
        x * 0.5
    });
    retire(&mut retirer, boxed);
    let zone = Zone::new(1024);
    let of_zone = drops.value();
    zone.on_cleanup(move || drop(of_zone));
    let zone: SendZone = zone.into_sendable().unwrap();
    retire(&mut retirer, zone);
    let other = Reclaimer::new();
    retire(&mut retirer, other.retirer(4));
    retire(&mut retirer, 1_u32);
    retire(&mut retirer, ());

    assert_eq!(drops.count(), 0);
    assert_eq!(reclaimer.collect(), 12);
    // All but the shared one.
    assert_eq!(drops.count(), 7);
    assert_eq!(Arc::strong_count(&shared), 1);
    assert_eq!(other.stats().retirers, 0);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_box_of_a_real_time_heap_goes_back_to_it() {
    let heap = RtHeap::new(1 << 16);
    let (reclaimer, mut retirer) = pair(4);
    let table: HBox<[f32; 64], RtHeap> = halloc_in(&heap, [0.0; 64]).unwrap();
    retire(&mut retirer, table);
    thread::spawn(move || assert_eq!(reclaimer.collect(), 1)).join().unwrap();
    assert_eq!(heap.stats().waiting, 1);
    assert_eq!(heap.drain(8), 1);
    assert_eq!(heap.stats().used, 0);
}

#[test]
fn a_slot_holds_the_largest_and_the_most_aligned() {
    static FOUND: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

    #[repr(align(16))]
    struct Aligned([u64; 6]);
    impl Drop for Aligned {
        fn drop(&mut self) {
            let address = (&raw const *self).addr();
            FOUND.lock().unwrap().push((address % 16, self.0.iter().sum::<u64>() as usize));
        }
    }
    struct Large([u64; 7]);
    impl Drop for Large {
        fn drop(&mut self) {
            FOUND.lock().unwrap().push((0, self.0.iter().sum::<u64>() as usize));
        }
    }
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            FOUND.lock().unwrap().push((0, 0));
        }
    }

    assert_eq!((size_of::<Aligned>(), align_of::<Aligned>()), (48, MAX_ALIGN));
    assert_eq!(size_of::<Large>(), MAX_SIZE);
    let (reclaimer, mut retirer) = pair(4);
    retire(&mut retirer, Aligned([1, 2, 3, 4, 5, 6]));
    retire(&mut retirer, Large([1, 2, 3, 4, 5, 6, 7]));
    retire(&mut retirer, Nothing);
    reclaimer.collect();
    assert_eq!(*FOUND.lock().unwrap(), [(0, 21), (0, 28), (0, 0)]);
}

#[test]
fn a_full_ring_gives_the_value_back() {
    let drops = Drops::default();
    let (reclaimer, mut retirer) = pair(2);
    assert_eq!((retirer.capacity(), retirer.remaining()), (2, 2));
    retire(&mut retirer, drops.value());
    assert_eq!(retirer.remaining(), 1);
    retire(&mut retirer, drops.value());
    assert_eq!(retirer.remaining(), 0);
    let Err(Full(back)) = retirer.retire(drops.value()) else { panic!("there was room") };
    let Err(Full(back)) = retirer.retire(back) else { panic!("there was room") };
    assert_eq!((drops.count(), reclaimer.stats().refused), (0, 2));
    assert_eq!(reclaimer.collect(), 2);
    assert_eq!(retirer.remaining(), 2);
    retire(&mut retirer, back);
    assert_eq!(reclaimer.collect(), 1);
    assert_eq!(drops.count(), 3);

    // A refusal stays counted when its retirer is gone.
    drop(retirer);
    reclaimer.collect();
    let Stats { retirers, refused, .. } = reclaimer.stats();
    assert_eq!((retirers, refused), (0, 2));

    let full = Full("value");
    assert_eq!((format!("{full:?}"), full.0), ("Full(..)".into(), "value"));
    let text = "the ring is full: collect more often, or make the retirer with more slots";
    assert_eq!(full.to_string(), text);
}

#[test]
fn a_retirer_without_slots_gives_all_back() {
    let (reclaimer, mut retirer) = pair(0);
    assert_eq!(retirer.retire(7), Err(Full(7)));
    assert_eq!((retirer.capacity(), retirer.remaining(), reclaimer.collect()), (0, 0, 0));
}

#[test]
fn more_slots_than_there_is_memory_for_are_an_error() {
    let reclaimer = Reclaimer::new();
    let error = reclaimer.try_retirer(usize::MAX).err();
    assert!(matches!(error, Some(ZoneError::TooLarge { .. })), "{error:?}");
    let error = counting::without_memory(|| reclaimer.try_retirer(64)).err();
    assert_eq!(error, Some(ZoneError::OutOfMemory { requested: 64 * 64 }));
    assert_eq!(reclaimer.stats().retirers, 0);
}

#[test]
fn values_of_one_retirer_are_dropped_in_their_order() {
    let (say, said) = channel();
    let (reclaimer, mut retirer) = pair(5);
    // More than once around the ring.
    for round in 0..4 {
        for n in 0..4 {
            retire(&mut retirer, Numbered(round * 4 + n, say.clone()));
        }
        assert_eq!(reclaimer.collect(), 4);
    }
    assert_eq!(said.try_iter().collect::<Vec<_>>(), (0..16).collect::<Vec<_>>());
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn retiring_asks_for_no_memory_and_frees_none() {
    let (reclaimer, mut retirer) = pair(64);
    let audio_thread = move || {
        let mut buffers: Vec<_> = (0..80).map(|n| Some(vec![n as f32; 256])).collect();
        let mut shared: Vec<_> = (0..16).map(|n| Some(Arc::new(n))).collect();
        let before = (counting::calls(), counting::frees());
        let mut back = 0;
        for buffer in &mut buffers {
            if let Err(Full(kept)) = retirer.retire(buffer.take()) {
                *buffer = kept;
                back += 1;
            }
        }
        for value in &mut shared {
            if let Err(Full(kept)) = retirer.retire(value.take()) {
                *value = kept;
                back += 1;
            }
        }
        assert!(
            (retirer.remaining(), retirer.capacity(), retirer.is_abandoned()) == (0, 64, false)
        );
        // The reclaimer lives, so the ring is left to it.
        drop(retirer);
        let after = (counting::calls(), counting::frees());
        assert_eq!((before, back), (after, 32));
    };
    thread::spawn(audio_thread).join().unwrap();
    let frees = counting::frees();
    assert_eq!(reclaimer.collect(), 64);
    // The buffers, and the ring: its slots, its positions, and what it shares with the reclaimer.
    assert_eq!(counting::frees() - frees, 64 + 3 + 1);
}

#[test]
fn no_ring_of_a_retirer_that_has_ended_is_kept() {
    const RINGS: u64 = 10;
    const SLOTS: usize = 64;
    let live = || counting::bytes_asked() - counting::bytes_freed();
    let reclaimer = Reclaimer::new();
    let before = live();
    let after = [(); 5].map(|()| {
        let mut retirers = [(); RINGS as usize].map(|()| reclaimer.retirer(SLOTS));
        assert!(live() - before > RINGS * (SLOTS * 64) as u64);
        // The others end without ever having been of use.
        retire(&mut retirers[3], vec![1.0_f32; 256]);
        retire(&mut retirers[7], Arc::new(1));
        drop(retirers);
        assert_eq!((reclaimer.collect(), reclaimer.stats().retirers), (2, 0));
        live() - before
    });
    // No more than the list that they were on, whose room is for the next.
    assert!(after[0] < (SLOTS * 64) as u64, "{after:?} bytes are kept");
    assert_eq!(after, [after[0]; 5]);
}

#[test]
fn what_a_retirer_leaves_is_collected() {
    let drops = Drops::default();
    let (reclaimer, mut retirer) = pair(4);
    retire(&mut retirer, drops.value());
    retire(&mut retirer, drops.value());
    drop(retirer);
    assert_eq!((drops.count(), waiting(&reclaimer)), (0, 2));
    assert_eq!(reclaimer.collect(), 2);
    assert_eq!((drops.count(), reclaimer.stats().collected), (2, 2));
}

#[test]
fn a_reclaimer_that_ends_collects_and_its_retirers_keep_what_comes_later() {
    let drops = Drops::default();
    let (reclaimer, mut retirer) = pair(2);
    let mut idle = reclaimer.retirer(2);
    retire(&mut retirer, drops.value());
    assert!(!retirer.is_abandoned());
    drop(reclaimer);
    assert_eq!(drops.count(), 1);
    assert!(retirer.is_abandoned());
    retire(&mut retirer, drops.value());
    retire(&mut retirer, drops.value());
    assert!(retirer.retire(drops.value()).is_err());
    assert_eq!(drops.count(), 2);
    drop(retirer);
    assert_eq!(drops.count(), 4);
    retire(&mut idle, drops.value());
    drop(idle);
    assert_eq!(drops.count(), 5);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panicking_destructor_keeps_no_other_from_running() {
    let drops = Drops::default();
    let (reclaimer, mut first) = pair(4);
    let mut second = reclaimer.retirer(4);
    for retirer in [&mut first, &mut second] {
        retire(retirer, drops.value());
        retire(retirer, drops.bomb("first"));
        retire(retirer, drops.bomb("second"));
        retire(retirer, drops.value());
    }
    assert_eq!(
        panic_of(|| {
            reclaimer.collect();
        }),
        Some("first")
    );
    assert_eq!(drops.count(), 8);
    let Stats { waiting, collected, panicked, .. } = reclaimer.stats();
    assert_eq!((waiting, collected, panicked), (0, 8, 4));
    // All goes on as before.
    retire(&mut first, drops.value());
    assert_eq!(reclaimer.collect(), 1);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn panics_at_the_ends_lose_nothing() {
    // At the reclaimer's.
    let drops = Drops::default();
    let (reclaimer, mut retirer) = pair(4);
    retire(&mut retirer, drops.bomb("at the end"));
    retire(&mut retirer, drops.value());
    assert_eq!(panic_of(|| drop(reclaimer)), Some("at the end"));
    assert_eq!(drops.count(), 2);

    // At the retirer's, whose reclaimer is gone.
    retire(&mut retirer, drops.value());
    retire(&mut retirer, drops.bomb("after the end"));
    retire(&mut retirer, drops.bomb("not heard of"));
    retire(&mut retirer, drops.value());
    assert_eq!(panic_of(|| drop(retirer)), Some("after the end"));
    assert_eq!(drops.count(), 6);

    // While the thread panics already.
    let (reclaimer, mut retirer) = pair(4);
    retire(&mut retirer, drops.bomb("not heard of"));
    retire(&mut retirer, drops.value());
    let panic = panic_of(|| {
        let _reclaimer = reclaimer;
        panic_any("the thread's own");
    });
    assert_eq!(panic, Some("the thread's own"));
    assert_eq!(drops.count(), 8);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn what_a_destructor_throws_may_panic_itself() {
    struct Thrown(Drops);
    impl Drop for Thrown {
        fn drop(&mut self) {
            drop(self.0.bomb("thrown when dropped"));
        }
    }
    struct Throws(Drops);
    impl Drop for Throws {
        fn drop(&mut self) {
            panic_any(Thrown(self.0.clone()));
        }
    }
    let drops = Drops::default();
    let (reclaimer, mut retirer) = pair(4);
    retire(&mut retirer, Throws(drops.clone()));
    retire(&mut retirer, Throws(drops.clone()));
    retire(&mut retirer, drops.value());
    let thrown = catch_unwind(AssertUnwindSafe(|| reclaimer.collect())).unwrap_err();
    // The value, and what the second threw.
    assert_eq!(drops.count(), 2);
    // The first went on; it panics once more.
    assert_eq!(panic_of(|| drop(thrown)), Some("thrown when dropped"));
    assert_eq!(drops.count(), 3);
}

/// Retires another value when dropped.
struct Chain {
    next: Option<Counted>,
    retirer: Arc<Mutex<Retirer>>,
}

impl Drop for Chain {
    fn drop(&mut self) {
        let next = self.next.take();
        assert!(self.retirer.lock().unwrap().retire(next).is_ok());
    }
}

#[test]
fn a_destructor_may_use_the_reclaimer() {
    struct Reenters(Arc<Reclaimer>, Drops);
    impl Drop for Reenters {
        fn drop(&mut self) {
            // The value behind this one is the running collection's.
            assert_eq!(self.0.collect(), 0);
            assert_eq!(self.1.count(), 0);
            assert_eq!((self.0.stats().waiting, self.0.retirer(4).remaining()), (1, 4));
        }
    }
    let drops = Drops::default();
    let reclaimer = Arc::new(Reclaimer::new());
    let mut retirer = reclaimer.retirer(4);
    retire(&mut retirer, Reenters(Arc::clone(&reclaimer), drops.clone()));
    retire(&mut retirer, drops.value());
    assert_eq!(reclaimer.collect(), 2);
    assert_eq!((reclaimer.stats().collected, drops.count()), (2, 1));

    // One that retires more: left for the next time, and at the end dropped with the retirer.
    let shared = Arc::new(Mutex::new(reclaimer.retirer(4)));
    for _ in 0..2 {
        let chain = Chain { next: Some(drops.value()), retirer: Arc::clone(&shared) };
        retire(&mut retirer, chain);
    }
    assert_eq!((reclaimer.collect(), drops.count()), (4, 3));
    let chain = Chain { next: Some(drops.value()), retirer: Arc::clone(&shared) };
    retire(&mut shared.lock().unwrap(), chain);
    assert_eq!((reclaimer.collect(), drops.count(), waiting(&reclaimer)), (1, 3, 1));
    drop(shared);
    drop(reclaimer);
    assert_eq!(drops.count(), 4);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn any_number_of_destructors_may_collect() {
    struct Collects(Arc<Reclaimer>);
    impl Drop for Collects {
        fn drop(&mut self) {
            assert_eq!(self.0.collect(), 0);
            // Another one's collection is its own.
            let (other, drops) = (Reclaimer::new(), Drops::default());
            retire(&mut other.retirer(1), drops.value());
            assert_eq!((other.collect(), drops.count()), (1, 1));
        }
    }
    let many = if cfg!(miri) { 30 } else { 100_000 };
    let reclaimer = Arc::new(Reclaimer::new());
    let mut retirer = reclaimer.retirer(many);
    for _ in 0..many {
        retire(&mut retirer, Collects(Arc::clone(&reclaimer)));
    }
    assert_eq!(reclaimer.collect(), many);
    assert_eq!(reclaimer.stats().collected, many);
    // Of those that panic too, and the next collection is one again.
    struct Panics(Arc<Reclaimer>);
    impl Drop for Panics {
        fn drop(&mut self) {
            assert_eq!(self.0.collect(), 0);
            panic!("in a destructor");
        }
    }
    retire(&mut retirer, Panics(Arc::clone(&reclaimer)));
    assert!(catch_unwind(AssertUnwindSafe(|| reclaimer.collect())).is_err());
    retire(&mut retirer, 1);
    assert_eq!(reclaimer.collect(), 1);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_value_may_be_the_last_owner_of_the_reclaimer() {
    let drops = Drops::default();
    let reclaimer = Arc::new(Reclaimer::new());
    let mut retirer = reclaimer.retirer(4);
    let background = reclaimer.spawn();
    retire(&mut retirer, reclaimer);
    until(|| retirer.remaining() == 4);
    retire(&mut retirer, drops.value());
    background.stop();
    assert_eq!(drops.count(), 1);
    assert!(retirer.is_abandoned());
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_background_thread_collects() {
    let drops = Drops::default();
    let (reclaimer, mut retirer) = pair(4);
    let background = reclaimer.spawn();
    background.set_period(Duration::from_millis(1));
    retire(&mut retirer, drops.value());
    until(|| drops.count() == 1);

    // One made while it runs.
    let mut later = reclaimer.retirer(4);
    retire(&mut later, drops.value());
    until(|| drops.count() == 2);
    until(|| reclaimer.stats().collected == 2);
    background.stop();
    retire(&mut later, drops.value());
    assert_eq!((drops.count(), reclaimer.collect(), drops.count()), (2, 1, 3));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn stopping_collects_what_waits_whatever_the_period() {
    struct OnThread(Sender<Option<String>>);
    impl Drop for OnThread {
        fn drop(&mut self) {
            self.0.send(thread::current().name().map(str::to_owned)).ok();
        }
    }
    let (say, said): (_, Receiver<Option<String>>) = channel();
    let (reclaimer, mut retirer) = pair(4);
    let background = reclaimer.spawn();
    background.set_period(Duration::MAX);
    retire(&mut retirer, OnThread(say.clone()));
    drop(background);
    assert_eq!(said.try_recv().unwrap().as_deref(), Some("memzone-reclaim"));

    // Also where the reclaimer is gone before.
    let background = reclaimer.spawn();
    drop(reclaimer);
    retire(&mut retirer, OnThread(say));
    assert!(!retirer.is_abandoned());
    background.stop();
    assert_eq!(said.try_recv().unwrap().as_deref(), Some("memzone-reclaim"));
    assert!(retirer.is_abandoned());
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_background_thread_goes_on_after_a_panic() {
    for reclaimer_first in [false, true] {
        let drops = Drops::default();
        let (reclaimer, mut retirer) = pair(4);
        let background = reclaimer.spawn();
        retire(&mut retirer, drops.bomb("in the background"));
        until(|| drops.count() == 1);
        retire(&mut retirer, drops.value());
        until(|| drops.count() == 2);
        if reclaimer_first {
            drop(reclaimer);
        }
        assert_eq!(panic_of(|| background.stop()), Some("in the background"));
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_destructor_may_stop_the_thread_it_runs_on() {
    struct Stops(Option<Background>, Sender<()>);
    impl Drop for Stops {
        fn drop(&mut self) {
            self.0.take().unwrap().stop();
            self.1.send(()).ok();
        }
    }
    let (say, said) = channel();
    let drops = Drops::default();
    let (reclaimer, mut retirer) = pair(4);
    let background = reclaimer.spawn();
    retire(&mut retirer, Stops(Some(background), say));
    retire(&mut retirer, drops.value());
    said.recv().unwrap();
    // The thread has ended, or is about to. If it missed the value, nobody else is left.
    drop((reclaimer, retirer));
    until(|| drops.count() == 1);
    assert_eq!(drops.count(), 1);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn many_threads_retire_while_several_collect() {
    const THREADS: usize = 4;
    let each = if cfg!(miri) { 40 } else { 20_000 };
    let drops = Drops::default();
    let reclaimer = Reclaimer::new();
    let backgrounds = [reclaimer.spawn(), reclaimer.spawn()];
    for background in &backgrounds {
        background.set_period(Duration::from_micros(50));
    }
    let start = Barrier::new(THREADS + 1);
    let refused: u64 = thread::scope(|threads| {
        let players: Vec<_> = (0..THREADS)
            .map(|_| {
                // Made while the others run.
                let mut retirer = reclaimer.retirer(8);
                let (drops, start) = (&drops, &start);
                threads.spawn(move || {
                    start.wait();
                    let mut refused = 0;
                    for _ in 0..each {
                        let mut value = Box::new(drops.value());
                        while let Err(Full(back)) = retirer.retire(value) {
                            refused += 1;
                            value = back;
                            thread::yield_now();
                        }
                    }
                    refused
                })
            })
            .collect();
        start.wait();
        for _ in 0..10 {
            reclaimer.collect();
            reclaimer.stats();
        }
        players.into_iter().map(|player| player.join().unwrap()).sum()
    });
    backgrounds.into_iter().for_each(Background::stop);
    assert_eq!(drops.count(), THREADS * each);
    let stats = reclaimer.stats();
    assert_eq!((stats.retirers, stats.waiting, stats.panicked), (0, 0, 0));
    assert_eq!((stats.collected, stats.refused), (THREADS * each, refused));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn either_side_may_end_at_any_moment() {
    let rounds = if cfg!(miri) { 6 } else { 300 };
    for round in 0..rounds {
        let drops = Drops::default();
        let (reclaimer, mut retirer) = pair(4);
        let background = (round % 2 == 0).then(|| reclaimer.spawn());
        let made = thread::scope(|threads| {
            let player = threads.spawn(|| {
                let mut made = 0;
                for _ in 0..round % 7 {
                    made += 1;
                    // Where it comes back it is dropped here.
                    drop(retirer.retire(drops.value()));
                }
                drop(retirer);
                made
            });
            for _ in 0..round % 3 {
                thread::yield_now();
            }
            drop(reclaimer);
            drop(background);
            player.join().unwrap()
        });
        assert_eq!(drops.count(), made);
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn what_may_go_where() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<Retirer>();
    is_send::<Reclaimer>();
    is_sync::<Reclaimer>();
    is_send::<Background>();
    is_sync::<Background>();
    is_send::<Full<Box<u8>>>();
    let (reclaimer, mut retirer) = pair(2);
    retire(&mut retirer, ());
    let background = reclaimer.spawn();
    assert_eq!(format!("{background:?}"), "Background { period: 10ms, .. }");
    background.stop();
    assert_eq!(format!("{retirer:?}"), "Retirer { remaining: 2, capacity: 2, .. }");
    let text = "Reclaimer { stats: Stats { retirers: 1, waiting: 0, collected: 1, panicked: 0, refused: 0 } }";
    assert_eq!(format!("{reclaimer:?}"), text);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn what_sections_have_put_aside_is_freed_too() {
    use memzone::rt::{self, Policy};
    use memzone::{Zone, ZoneError};
    let hook_ran = Arc::new(AtomicUsize::new(0));
    let zone = Zone::new(1000);
    let ran = Arc::clone(&hook_ran);
    zone.on_cleanup(move || {
        ran.fetch_add(1, Ordering::SeqCst);
    });
    let reclaimer = Reclaimer::new();
    {
        let _section = rt::enter(Policy::Deny);
        drop(zone);
        assert!(matches!(reclaimer.try_retirer(10), Err(ZoneError::Denied { .. })));
    }
    let background = reclaimer.spawn();
    drop(background);
    assert_eq!(hook_ran.load(Ordering::SeqCst), 1);
}
