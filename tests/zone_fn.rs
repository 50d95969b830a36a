//! Closures in zones, and those that own their zone.

#![allow(clippy::type_complexity, reason = "signatures are what is tested here")]

#[path = "common/counting.rs"]
mod counting;

use memzone::{Closure, ZBox, Zone, ZoneError, ZoneFn, beginz, letz, pop_zone, push_zone};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Counts the drops of the values made from it, on any thread.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

struct Counted(Drops);

impl Drops {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
    fn value(&self) -> Counted {
        Counted(self.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What was noted, in its order, by any thread.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<&'static str>>>);

impl Notes {
    fn note(&self, text: &'static str) {
        self.0.lock().unwrap().push(text);
    }
    fn all(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// Notes its end.
struct Noted(&'static str, Notes);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.note(self.0);
    }
}

#[test]
fn a_closure_keeps_its_state_in_its_zone() {
    let mut read = ZoneFn::new(1024, |z| {
        let table = z.alloc_slice_with(100, |n| n as f32 * 0.5);
        z.closure(move |at: usize| table[at])
    });
    assert_eq!((read(0), read(99)), (0.0, 49.5));
    assert!(read.used() >= 400 && read.capacity() >= 1024);
    assert_eq!(read.blocks(), 1);
    assert!(read.high_water() >= read.used());

    let counter = |start: u32| {
        ZoneFn::new(0, move |z| {
            let count = z.alloc(start);
            z.closure(move |()| {
                *count += 1;
                *count
            })
        })
    };
    let (mut a, mut b) = (counter(0), counter(10));
    assert_eq!([a(()), a(()), b(()), a(()), b(())], [1, 2, 11, 3, 12]);
}

#[test]
fn any_arity_and_any_types_through_tuples() {
    let mut two = ZoneFn::new(64, |z| z.closure(|(a, b): (u8, &str)| format!("{a}{b}")));
    assert_eq!(two((1, "x")), "1x");
    let mut none = ZoneFn::new(64, |z| z.closure(|()| {}));
    none(());
    let mut large = ZoneFn::new(64, |z| z.closure(|a: [u64; 40]| a));
    assert_eq!(large([7; 40]), [7; 40]);
    let text = String::from("borrowed by the call only");
    let mut borrows = ZoneFn::new(64, |z| z.closure(|text: &str| text.len()));
    assert_eq!(borrows(&text), text.len());
}

#[test]
fn a_call_may_be_handed_something_of_the_callers() {
    let mut fill: ZoneFn<dyn FnMut(&mut [u32], u32)> = ZoneFn::new(64, |z| {
        let mut at = 0_u32;
        z.callback(move |block: &mut [u32], step: u32| {
            for place in block {
                *place = at;
                at += step;
            }
        })
    });
    let mut block = [0; 4];
    fill(&mut block, 2);
    assert_eq!(block, [0, 2, 4, 6]);
    fill(&mut block[1..3], 1);
    assert_eq!(block, [0, 8, 9, 6]);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn captures_are_dropped_once_before_the_hooks_on_the_thread_that_destroys() {
    let notes = Notes::default();
    let (of_hook, of_older, captured) = (notes.clone(), notes.clone(), notes.clone());
    let mut f = ZoneFn::new(1024, move |z| {
        z.on_cleanup(move || of_older.note("older hook"));
        z.on_cleanup(move || {
            assert_eq!(thread::current().name(), Some("destroyer"));
            of_hook.note("newer hook");
        });
        let noted = Noted("capture", captured);
        z.closure(move |()| {
            // The whole, not its text alone.
            let whole = &noted;
            whole.0.len()
        })
    });
    assert_eq!(f(()), 7);
    assert_eq!(notes.all(), [""; 0]);
    let destroyer = thread::Builder::new().name("destroyer".into());
    destroyer.spawn(move || f(())).unwrap().join().unwrap();
    assert_eq!(notes.all(), ["capture", "newer hook", "older hook"]);
}

#[test]
fn captures_see_their_zone_when_they_are_dropped() {
    struct Last<'z>(&'z mut [u64], Arc<AtomicUsize>);
    impl Drop for Last<'_> {
        fn drop(&mut self) {
            self.1.store(self.0.iter().sum::<u64>() as usize, Ordering::SeqCst);
        }
    }
    let sum = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&sum);
    let mut f = ZoneFn::new(64, |z| {
        let last = Last(z.alloc_slice(50, 1), seen);
        z.closure(move |at: usize| {
            last.0[at] += 1;
        })
    });
    f(3);
    drop(f);
    assert_eq!(sum.load(Ordering::SeqCst), 51);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn building_that_fails_or_is_thrown_away_drops_everything_once() {
    let drops = Drops::default();
    // A panic before the closure is made, and one after.
    for after in [false, true] {
        let value = drops.value();
        let built = catch_unwind(AssertUnwindSafe(|| {
            ZoneFn::new(64, |z| {
                assert!(after, "before");
                let closure = z.closure(move |()| drop_nothing(&value));
                assert!(!after, "after");
                closure
            })
        }));
        assert!(built.is_err());
    }
    assert_eq!(drops.count(), 2);
    // Made twice, one thrown away.
    let (one, two) = (drops.value(), drops.value());
    let mut f = ZoneFn::new(64, |z| {
        z.closure(move |()| drop_nothing(&one));
        z.closure(move |()| drop_nothing(&two))
    });
    assert_eq!(drops.count(), 3);
    f(());
    drop(f);
    assert_eq!(drops.count(), 4);
    // The builder errs.
    let value = drops.value();
    let failed = ZoneFn::try_new(64, |z| {
        let closure = z.try_closure(move |()| drop_nothing(&value))?;
        z.try_alloc_slice(usize::MAX, 0_u8)?;
        Ok(closure)
    });
    assert!(matches!(failed, Err(ZoneError::TooLarge { .. })));
    assert_eq!(drops.count(), 5);
    // There is no room for it.
    let zone = Zone::builder().capacity(64).fixed().build();
    let (value, big) = (drops.value(), [1_u8; 100]);
    let failed = ZoneFn::try_new_in(zone, |z| z.try_closure(move |()| big[drop_nothing(&value)]));
    // The handle that the builder sees and the `ZoneFn`'s own words are there already.
    assert_eq!(
        failed.unwrap_err(),
        match cfg!(target_pointer_width = "64") {
            true => ZoneError::LimitReached { requested: 112, limit: 64, used: 32 },
            false => ZoneError::LimitReached { requested: 104, limit: 64, used: 24 },
        }
    );
    assert_eq!(drops.count(), 6);
}

fn drop_nothing(_: &Counted) -> usize {
    0
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn the_zone_must_be_its_own() {
    thread_local! {
        static KEPT: RefCell<Option<Zone>> = const { RefCell::new(None) };
        static BOX: RefCell<Option<ZBox<u8>>> = const { RefCell::new(None) };
    }
    let drops = Drops::default();
    let build = |smuggle: fn(&Zone)| {
        let value = drops.value();
        ZoneFn::try_new(64, move |z| {
            smuggle(z);
            z.try_closure(move |()| drop_nothing(&value))
        })
    };
    let in_use = Err(ZoneError::InUse { handles: 1 });
    assert_eq!(build(|z| KEPT.set(Some(z.clone()))).map(drop), in_use);
    assert_eq!(drops.count(), 1);
    assert_eq!(build(|z| BOX.set(Some(z.boxed(5)))).map(drop), in_use);
    assert_eq!(build(|z| z.enter(|| BOX.set(Some(ZBox::new(6))))).map(drop), in_use);
    assert_eq!(build(push_zone).map(drop), in_use);
    pop_zone().unwrap();
    assert_eq!(drops.count(), 4);
    // What was kept is still good.
    assert_eq!(BOX.with_borrow(|kept| **kept.as_ref().unwrap()), 6);
    KEPT.with_borrow(|kept| *kept.as_ref().unwrap().alloc(1_u8));
    // Given back in time it is no matter.
    let mut f = build(|z| {
        KEPT.set(Some(z.clone()));
        KEPT.set(None);
        push_zone(z);
        pop_zone().unwrap();
        assert_eq!(*z.boxed(5), 5);
    })
    .unwrap();
    assert_eq!(f(()), 0);

    let zone = Zone::new(64);
    let other = zone.clone();
    let refused = ZoneFn::try_new_in(zone, |z| z.try_closure(|()| ()));
    assert_eq!(refused.unwrap_err(), ZoneError::InUse { handles: 1 });
    assert_eq!(other.handles(), 1);

    let panicked = catch_unwind(|| {
        ZoneFn::new(64, |z| {
            KEPT.set(Some(z.clone()));
            z.closure(|()| ())
        })
    });
    let text = *panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("zone in use") && text.contains("drop clones and ZBoxes"), "{text}");
}

/// A closure of a zone that lives for ever may stand in for the zone's own.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_closure_from_elsewhere_is_dropped_too() {
    let zone: &'static Zone = Box::leak(Box::new(Zone::new(64)));
    let drops = Drops::default();
    let value = drops.value();
    let far: Closure<'static, dyn FnMut(()) -> usize> =
        zone.closure(move |()| drop_nothing(&value));
    let mut f = ZoneFn::new(0, |_| far);
    let f = thread::spawn(move || {
        f(());
        f
    });
    drop(f.join().unwrap());
    assert_eq!(drops.count(), 1);
    zone.alloc(1_u8);
    // Miri would see the zone leak.
    // SAFETY: leaked from a box above, and not used again.
    drop(unsafe { Box::from_raw(std::ptr::from_ref(zone).cast_mut()) });
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_in_a_call_leaves_it_usable() {
    let drops = Drops::default();
    let value = drops.value();
    let mut f = ZoneFn::new(64, |z| {
        let sum = z.alloc(0_u32);
        z.closure(move |n: u32| {
            *sum += n;
            assert_ne!(n, 13, "unlucky");
            drop_nothing(&value);
            *sum
        })
    });
    assert_eq!(f(1), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| f(13))).is_err());
    assert_eq!(f(1), 15);
    drop(f);
    assert_eq!(drops.count(), 1);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_in_a_destructor_or_a_hook_loses_nothing() {
    struct Panics(Drops);
    impl Drop for Panics {
        fn drop(&mut self) {
            self.0.0.fetch_add(1, Ordering::SeqCst);
            panic!("in a destructor");
        }
    }
    let drops = Drops::default();
    let (panics, value, of_hook) = (Panics(drops.clone()), drops.value(), drops.value());
    // What panics take, and keep for the names in later backtraces, is less than the zone.
    const LARGE: usize = 64 << 20;
    static ZONES: counting::Watch = counting::Watch::new(LARGE);
    ZONES.watch_this_thread();
    let f = ZoneFn::new(LARGE, |z| {
        z.on_cleanup(move || drop(of_hook));
        z.closure(move |()| drop_nothing(&panics.0.value()) + drop_nothing(&value))
    });
    assert!(ZONES.bytes_asked() >= LARGE as u64);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(f))).is_err());
    assert_eq!(drops.count(), 3);
    assert_eq!(ZONES.bytes_asked(), ZONES.bytes_freed(), "the zone is freed");

    let (value, of_hook) = (drops.value(), drops.value());
    let f = ZoneFn::new(64, |z| {
        z.on_cleanup(move || drop(of_hook));
        z.on_cleanup(|| panic!("in a hook"));
        z.closure(move |()| drop_nothing(&value))
    });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(f))).is_err());
    assert_eq!(drops.count(), 5);
}

#[test]
fn calls_ask_the_system_for_nothing_and_may_use_scopes() {
    let mut f = ZoneFn::new(64 << 10, |z| {
        let history = z.alloc_slice(1000, 0_u64);
        let mut inner = z.closure(|n: u64| letz!(a = [n; 10] => { a.iter().sum::<u64>() }));
        z.closure(move |n: u64| {
            history[n as usize % 1000] = n;
            beginz!(z => { let copy = z.alloc_slice_copy(history); copy[n as usize % 1000] + inner(n) })
        })
    });
    assert_eq!(f(1), 11);
    let before = (counting::calls(), counting::frees(), f.used());
    for n in 0..100 {
        assert_eq!(f(n), n * 11);
    }
    assert_eq!((counting::calls(), counting::frees(), f.used()), before);
}

/// The declared size of a closure's zone is what it has.
#[test]
fn the_size_asked_for_is_there() {
    let f = ZoneFn::new(800_000, |z| {
        let state = z.alloc_slice(100_000, 0_u64);
        z.closure(move |at: usize| state[at])
    });
    assert!(f.capacity() >= 800_000);
    let mut aligned = ZoneFn::new(0, |z| {
        #[repr(align(256))]
        struct Wide(u8);
        let wide = Wide(7);
        z.closure(move |()| {
            assert_eq!((&raw const wide).addr() % 256, 0);
            wide.0
        })
    });
    assert_eq!(aligned(()), 7);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn closures_of_a_zone_need_not_own_it() {
    let drops = Drops::default();
    let mut zone = Zone::new(1024);
    {
        let levels = zone.alloc_slice(3, 0.5_f32);
        let mut voices: Vec<_> = levels
            .iter_mut()
            .map(|level| {
                let value = drops.value();
                zone.closure(move |step: f32| {
                    drop_nothing(&value);
                    *level += step;
                    *level
                })
            })
            .collect();
        assert_eq!(voices[1](0.25), 0.75);
        assert_eq!(voices[1](0.25), 1.0);
        thread::scope(|threads| {
            let mut voice = voices.pop().unwrap();
            threads.spawn(move || assert_eq!(voice(0.5), 1.0));
        });
        assert_eq!(drops.count(), 1);
    }
    assert_eq!(drops.count(), 3);
    zone.reset().unwrap();
}

/// What comes and goes on a real-time thread: one zone, used again and again.
#[test]
fn a_zone_comes_back_without_its_closure() {
    let (drops, notes) = (Drops::default(), Notes::default());
    let mut zone = Zone::builder().name("spare").capacity(4096).fixed().build();
    let place = (&raw const *zone.alloc(0_u8)).addr();
    zone.reset().unwrap();
    notes.0.lock().unwrap().reserve(10);
    let before = (counting::calls(), counting::frees());
    for round in 0..10 {
        let value = drops.value();
        let hook = notes.clone();
        let mut f = ZoneFn::try_new_in(zone, move |z| {
            let state = z.try_alloc_slice(100, round)?;
            // Behind the handle that the builder sees, and the `ZoneFn`'s own words.
            assert!((place + 32..=place + 64).contains(&state.as_ptr().addr()));
            z.try_on_cleanup(move || hook.note("hook"))?;
            z.try_closure(move |at: usize| {
                drop_nothing(&value);
                state[at] + at
            })
        })
        .unwrap();
        assert_eq!(f(7), round + 7);
        zone = f.into_zone();
        assert_eq!((drops.count(), notes.0.lock().unwrap().len()), (round + 1, round));
        assert_eq!((zone.handles(), zone.name()), (1, Some("spare")));
        zone.reset().unwrap();
        assert_eq!((zone.used(), notes.0.lock().unwrap().len()), (0, round + 1));
    }
    assert_eq!((counting::calls(), counting::frees()), before);
}

/// A destructor that panics loses the zone, and nothing else.
#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_zone_is_freed_where_its_closure_panics() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let notes = Notes::default();
    let hook = notes.clone();
    let f = ZoneFn::new(64, move |z| {
        z.on_cleanup(move || hook.note("freed"));
        let panics = Panics;
        z.closure(move |()| (&raw const panics).addr())
    });
    assert!(catch_unwind(AssertUnwindSafe(|| f.into_zone())).is_err());
    assert_eq!(notes.all(), ["freed"]);
}
