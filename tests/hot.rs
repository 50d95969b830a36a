//! Closures that are redefined while they play.

#![allow(clippy::type_complexity, reason = "signatures are what is tested here")]

#[path = "common/counting.rs"]
mod counting;

use memzone::{Binder, Caller, Fader, Parcel, Zone, ZoneFn, beginz, hot, try_hot};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};

/// Counts what was made and dropped, and where it was dropped.
#[derive(Clone, Default)]
struct Lives(Arc<Counts>);

#[derive(Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
    player: Mutex<Option<ThreadId>>,
    by_player: AtomicUsize,
}

struct Life(Lives);

impl Lives {
    fn life(&self) -> Life {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        Life(self.clone())
    }
    fn dropped(&self) -> usize {
        self.0.dropped.load(Ordering::SeqCst)
    }
    fn alive(&self) -> usize {
        self.0.made.load(Ordering::SeqCst) - self.dropped()
    }
    fn this_is_the_player(&self) {
        *self.0.player.lock().unwrap() = Some(thread::current().id());
    }
    fn dropped_by_player(&self) -> usize {
        self.0.by_player.load(Ordering::SeqCst)
    }
    /// A definition that returns a number, with a capture and a hook that are counted.
    fn number(&self, number: usize) -> ZoneFn<dyn FnMut(()) -> usize> {
        let (life, of_hook) = (self.life(), self.life());
        ZoneFn::new(256, move |z| {
            z.on_cleanup(move || drop(of_hook));
            let held = z.alloc(number);
            z.closure(move |()| {
                let _ = &life;
                *held
            })
        })
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let counts = &self.0.0;
        if *counts.player.lock().unwrap() == Some(thread::current().id()) {
            counts.by_player.fetch_add(1, Ordering::SeqCst);
        }
        counts.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// Two lives a definition.
const EACH: usize = 2;

#[test]
fn a_redefinition_is_played_from_the_next_call_on() {
    let lives = Lives::default();
    let (mut caller, binder) = hot(lives.number(0));
    assert_eq!(caller(()), 0);
    assert!(!caller.refresh() && !binder.is_pending() && !binder.has_ended());
    binder.rebind(lives.number(1));
    assert!(binder.is_pending());
    assert_eq!(caller.definition()(()), 0, "it does not look");
    assert_eq!(caller(()), 1);
    assert!(!binder.is_pending());
    assert_eq!(lives.dropped(), 0, "the retired one waits");
    assert_eq!(binder.reclaim(), 1);
    assert_eq!(lives.dropped(), EACH);
    assert_eq!(binder.reclaim(), 0);

    binder.rebind(lives.number(2));
    assert!(caller.refresh());
    assert_eq!((caller.definition()(()), caller.taken_up()), (2, 2));
    binder.rebind(lives.number(3));
    assert_eq!(lives.dropped(), 2 * EACH, "rebinding destroys the retired one");
    binder.rebind(lives.number(4));
    assert_eq!(lives.dropped(), 3 * EACH, "and one that was skipped");
    assert_eq!(caller(()), 4);
    drop(caller);
    assert!(binder.has_ended() && !binder.is_pending());
    assert_eq!(lives.dropped(), 3 * EACH, "a caller that ends frees nothing");
    binder.rebind(lives.number(5));
    assert_eq!(lives.dropped(), 4 * EACH, "nobody would play it");
    assert_eq!(binder.reclaim(), 2);
    assert_eq!(lives.alive(), 0);
    drop(binder);
}

#[test]
fn either_side_may_end_first_whatever_is_on_its_way() {
    for rebinds in 0..3 {
        for calls in 0..3 {
            for caller_first in [false, true] {
                let lives = Lives::default();
                let (mut caller, binder) = hot(lives.number(0));
                for number in 1..=rebinds {
                    binder.rebind(lives.number(number));
                    if calls > number {
                        caller(());
                    }
                }
                if caller_first {
                    lives.this_is_the_player();
                    drop(caller);
                    assert_eq!(lives.dropped_by_player(), 0);
                    drop(binder);
                } else {
                    drop(binder);
                    assert_eq!(caller(()), rebinds, "what was defined last is played");
                    assert_eq!(caller.taken_up() as usize, rebinds.min(calls.max(1)).min(rebinds));
                    drop(caller);
                }
                assert_eq!(lives.alive(), 0, "{rebinds} {calls} {caller_first}");
            }
        }
    }
}

#[test]
fn a_caller_can_leave_with_its_definition() {
    let lives = Lives::default();
    let (mut caller, binder) = hot(lives.number(0));
    binder.rebind(lives.number(1));
    caller.refresh();
    binder.rebind(lives.number(2));
    let mut definition = caller.into_definition();
    assert_eq!(definition(()), 1);
    assert_eq!(binder.reclaim(), 1, "the one that was not taken up");
    drop(binder);
    assert_eq!(lives.alive(), EACH);
    drop(definition);
    assert_eq!(lives.alive(), 0);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn hooks_run_after_captures_on_the_binders_thread() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    struct Noted(&'static str, Arc<Mutex<Vec<(&'static str, ThreadId)>>>);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.1.lock().unwrap().push((self.0, thread::current().id()));
        }
    }
    let note = |text| Noted(text, Arc::clone(&notes));
    let (older, newer, capture) = (note("older hook"), note("newer hook"), note("capture"));
    let (mut caller, binder) = hot(ZoneFn::new(512, move |z| {
        z.on_cleanup(move || drop(older));
        z.on_cleanup(move || drop(newer));
        z.closure(move |()| {
            // The whole, not its text alone.
            let whole = &capture;
            whole.0.len()
        })
    }));
    binder.rebind(ZoneFn::new(64, |z| z.closure(|()| 0)));
    thread::spawn(move || caller(())).join().unwrap();
    assert_eq!(notes.lock().unwrap().len(), 0);
    // The first one, and the second, as the caller has ended.
    assert_eq!(binder.reclaim(), 2);
    let here = thread::current().id();
    assert_eq!(
        *notes.lock().unwrap(),
        ["capture", "newer hook", "older hook"].map(|it| (it, here))
    );
}

/// The caller runs as fast as it can while definitions come as fast as they can.
fn stress(rebinds: usize, binders: usize) {
    let lives = Lives::default();
    let (mut caller, binder) = hot(lives.number(0));
    let (done, start) = (AtomicBool::new(false), Barrier::new(binders + 1));
    thread::scope(|threads| {
        let (done, binder, start, lives) = (&done, &binder, &start, &lives);
        let player = threads.spawn(move || {
            lives.this_is_the_player();
            let mut last = 0;
            start.wait();
            let before = (counting::calls(), counting::frees());
            while !done.load(Ordering::Acquire) {
                let number = caller(());
                assert!(binders > 1 || number >= last, "an older definition after a newer one");
                last = number;
                if cfg!(miri) {
                    thread::yield_now();
                }
            }
            let newest = caller(());
            let after = (counting::calls(), counting::frees());
            assert_eq!(after, before, "the caller asks for nothing and frees nothing");
            if binders == 1 {
                assert_eq!(newest, rebinds);
            }
            assert_eq!(newest, caller.definition()(()));
            let taken_up = caller.taken_up();
            drop(caller);
            assert_eq!((counting::calls(), counting::frees()), before, "nor does its end");
            taken_up
        });
        let givers: Vec<_> = (0..binders)
            .map(|_| {
                threads.spawn(move || {
                    start.wait();
                    for number in 1..=rebinds {
                        binder.rebind(lives.number(number));
                        if number % 7 == 0 {
                            binder.reclaim();
                        }
                    }
                })
            })
            .collect();
        givers.into_iter().for_each(|giver| giver.join().unwrap());
        done.store(true, Ordering::Release);
        assert!(player.join().unwrap() >= 1);
    });
    binder.reclaim();
    assert_eq!(lives.alive(), 0);
    assert_eq!(lives.dropped(), EACH * (rebinds * binders + 1));
    assert_eq!(lives.dropped_by_player(), 0);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn definitions_come_faster_than_they_are_taken_up() {
    stress(if cfg!(miri) { 20 } else { 20_000 }, 1);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn several_threads_define_at_once() {
    stress(if cfg!(miri) { 8 } else { 5_000 }, 3);
}

/// The same for long: `cargo test --release --test hot -- --ignored`.
#[test]
#[ignore = "a campaign"]
fn a_million_definitions() {
    stress(1_000_000, 1);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn sides_that_end_while_the_other_is_busy() {
    for round in 0..if cfg!(miri) { 4 } else { 500 } {
        let lives = Lives::default();
        let (mut caller, binder) = hot(lives.number(0));
        thread::scope(|threads| {
            threads.spawn(move || {
                for _ in 0..round % 5 {
                    caller(());
                }
            });
            let lives = &lives;
            threads.spawn(move || {
                for number in 1..=3 {
                    binder.rebind(lives.number(number));
                }
                binder.reclaim();
            });
        });
        assert_eq!(lives.alive(), 0);
    }
}

/// What plays on: a phase, and a delay's line in a zone of its own.
struct Patch {
    phase: f32,
    line: Parcel<&'static mut [f32]>,
    at: usize,
}

impl Patch {
    fn step(&mut self, frequency: f32) -> f32 {
        self.phase = (self.phase + frequency / 64.0).fract();
        self.phase
    }
}

#[test]
fn state_goes_on_over_redefinitions() {
    let line = Parcel::new(4096, |z: &Zone| z.alloc_slice(4, 0.0_f32));
    let mut patch = Patch { phase: 0.0, line, at: 0 };
    let first: ZoneFn<dyn FnMut(&mut Patch, f32) -> f32> = ZoneFn::new(256, |z| {
        z.callback(|patch: &mut Patch, frequency: f32| {
            let sample = patch.step(frequency);
            let at = patch.at;
            patch.line.with_mut(|line| line[at % line.len()] = sample);
            patch.at += 1;
            sample
        })
    });
    let (mut caller, binder) = hot(first);
    let saw: Vec<f32> = (0..6).map(|_| caller(&mut patch, 8.0)).collect();
    assert_eq!(saw, [0.125, 0.25, 0.375, 0.5, 0.625, 0.75]);
    // An echo, on what the definition before had left in the line.
    binder.rebind(ZoneFn::new(256, |z| {
        z.callback(|patch: &mut Patch, frequency: f32| {
            let (sample, at) = (patch.step(frequency), patch.at);
            patch.at += 1;
            patch.line.with(|line| line[at % line.len()]) + sample
        })
    }));
    let echo: Vec<f32> = (0..3).map(|_| caller(&mut patch, 8.0)).collect();
    assert_eq!(echo, [0.375 + 0.875, 0.5 + 0.0, 0.625 + 0.125]);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_in_a_call_leaves_both_sides_usable() {
    let lives = Lives::default();
    let life = lives.life();
    let (mut caller, binder) = hot(ZoneFn::new(256, |z| {
        z.closure(move |()| {
            let _ = &life;
            panic!("in a call")
        })
    }));
    assert!(catch_unwind(AssertUnwindSafe(|| caller(()))).is_err());
    binder.rebind(lives.number(1));
    assert_eq!(caller(()), 1);
    assert_eq!(binder.reclaim(), 1);
    drop((caller, binder));
    assert_eq!(lives.alive(), 0);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_destructor_that_panics_loses_nothing() {
    struct Panics(Lives);
    impl Drop for Panics {
        fn drop(&mut self) {
            drop(self.0.life());
            panic!("in a destructor");
        }
    }
    let lives = Lives::default();
    let panics = |number| {
        let panics = Panics(lives.clone());
        ZoneFn::new(256, move |z| {
            z.closure(move |()| {
                let _ = &panics;
                number
            })
        })
    };
    // The retired one, at a rebind: the new one is in place.
    let (mut caller, binder) = hot(panics(0));
    binder.rebind(lives.number(1));
    assert_eq!(caller(()), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| binder.rebind(lives.number(2)))).is_err());
    assert_eq!(caller(()), 2);
    // One of several that an ended caller left.
    binder.rebind(panics(3));
    drop(caller);
    assert!(catch_unwind(AssertUnwindSafe(|| binder.reclaim())).is_err());
    assert_eq!(lives.alive(), 0);
    // One of several, when the second side ends.
    let (caller, binder) = hot(lives.number(0));
    binder.rebind(panics(1));
    drop(caller);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(binder))).is_err());
    assert_eq!(lives.alive(), 0);
}

#[test]
fn taking_up_asks_the_system_for_nothing() {
    let lives = Lives::default();
    let (mut caller, binder) = hot(lives.number(0));
    let mut last = 0;
    for number in 1..50 {
        binder.rebind(lives.number(number));
        let before = (counting::calls(), counting::frees());
        last = caller(()) + beginz!({ 0_usize });
        if number > 1 {
            assert_eq!((counting::calls(), counting::frees()), before);
        }
    }
    assert_eq!(last, 49);
}

#[test]
fn no_memory_for_the_mailbox_is_an_error() {
    let lives = Lives::default();
    let f = lives.number(0);
    let refused = counting::without_memory(|| try_hot(f).map(drop));
    assert!(matches!(refused, Err(memzone::ZoneError::OutOfMemory { .. })));
    assert_eq!(lives.alive(), 0);
}

/// A constant level, with lives.
fn level(lives: &Lives, level: f32) -> ZoneFn<dyn FnMut(()) -> f32> {
    let life = lives.life();
    ZoneFn::new(256, move |z| {
        z.closure(move |()| {
            let _ = &life;
            level
        })
    })
}

fn faded(
    lives: &Lives,
    samples: u32,
) -> (Fader<dyn FnMut(()) -> f32>, Binder<dyn FnMut(()) -> f32>) {
    let (caller, binder) = hot(level(lives, 1.0));
    (Fader::new(caller, samples), binder)
}

#[test]
fn a_fade_mixes_both_and_retires_the_old_one_after() {
    let lives = Lives::default();
    let (mut fader, binder) = faded(&lives, 3);
    assert_eq!(fader.call(()), 1.0);
    binder.rebind(level(&lives, 0.0));
    let before = (counting::calls(), counting::frees());
    let fade = [(); 2].map(|()| fader.call(()));
    assert_eq!(binder.reclaim(), 0, "both are playing");
    assert!(fader.is_fading());
    let rest = [(); 3].map(|()| fader.call(()));
    assert_eq!((counting::calls(), counting::frees()), before);
    assert_eq!((fade, rest), ([0.75, 0.5], [0.25, 0.0, 0.0]));
    assert!(!fader.is_fading());
    assert_eq!(binder.reclaim(), 1);
    // Without samples there is no fade.
    let mut at_once = Fader::new(fader.into_caller(), 0);
    binder.rebind(level(&lives, 0.5));
    assert_eq!(at_once.call(()), 0.5);
    assert_eq!(at_once.taken_up(), 2);
}

#[test]
fn redefinitions_that_come_during_a_fade_wait() {
    let lives = Lives::default();
    let (mut fader, binder) = faded(&lives, 3);
    binder.rebind(level(&lives, 0.0));
    assert_eq!(fader.call(()), 0.75);
    binder.rebind(level(&lives, 0.25));
    binder.rebind(level(&lives, 1.0));
    assert_eq!(lives.dropped(), 1, "one was skipped");
    assert_eq!([(); 2].map(|()| fader.call(())), [0.5, 0.25]);
    assert!(binder.is_pending());
    // The next fade; the first one's old definition goes back as it begins.
    assert_eq!(fader.call(()), 0.25);
    assert!(!binder.is_pending());
    // Nobody collects it, and the next one finds no place to go back to.
    assert_eq!([(); 4].map(|()| fader.call(())), [0.5, 0.75, 1.0, 1.0]);
    assert_eq!(lives.dropped(), 1);
    assert_eq!(binder.reclaim(), 1);
    assert_eq!(fader.call(()), 1.0);
    assert_eq!(binder.reclaim(), 1, "now it did");
    assert_eq!((lives.alive(), fader.taken_up()), (1, 2));
}

#[test]
fn either_side_may_end_during_a_fade() {
    for uncollected in [false, true] {
        for played in 0..6 {
            for caller_first in [false, true] {
                let lives = Lives::default();
                let (mut fader, binder) = faded(&lives, 2);
                if uncollected {
                    binder.rebind(level(&lives, 0.5));
                    fader.call(());
                    binder.rebind(level(&lives, 0.25));
                    fader.call(());
                }
                binder.rebind(level(&lives, 0.0));
                for _ in 0..played {
                    fader.call(());
                }
                if caller_first {
                    lives.this_is_the_player();
                    drop(fader);
                    assert_eq!(lives.dropped_by_player(), 0);
                    drop(binder);
                } else {
                    drop(binder);
                    fader.call(());
                    match played % 2 {
                        0 => drop(fader.into_caller()),
                        _ => drop(fader),
                    }
                }
                assert_eq!(lives.alive(), 0);
            }
        }
    }
}

#[test]
fn a_fade_does_not_advance_the_state_twice() {
    type Ramp = ZoneFn<dyn FnMut(&mut Vec<f32>, f32) -> [f32; 2]>;
    let ramp = |gain: f32| -> Ramp {
        ZoneFn::new(256, move |z| {
            z.callback(move |phase: &mut Vec<f32>, step: f32| {
                phase[0] += step;
                [phase[0] * gain, phase[0] * -gain]
            })
        })
    };
    let (caller, binder) = hot(ramp(1.0));
    let mut state = vec![0.0; 100];
    let mut fader = Fader::with_state(caller, 4, state.clone());
    fader.call_with(&mut state, 1.0);
    binder.rebind(ramp(1.0));
    let before = (counting::calls(), counting::frees());
    for n in 2..10 {
        // Two of a kind mixed are that kind.
        assert_eq!(fader.call_with(&mut state, 1.0), [n as f32, -n as f32]);
    }
    assert_eq!((counting::calls(), counting::frees()), before, "the copy had room");
    assert_eq!(state[0], 9.0);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_during_a_fade_loses_nothing() {
    let lives = Lives::default();
    let (mut fader, binder) = faded(&lives, 2);
    let life = lives.life();
    binder.rebind(ZoneFn::new(256, |z| {
        let mut first = true;
        z.closure(move |()| {
            let _ = &life;
            assert!(!std::mem::take(&mut first), "the first time");
            0.0
        })
    }));
    assert!(catch_unwind(AssertUnwindSafe(|| fader.call(()))).is_err());
    assert!(fader.is_fading());
    assert_eq!([(); 3].map(|()| (fader.call(()) * 3.0).round()), [2.0, 1.0, 0.0]);
    drop(fader);
    drop(binder);
    assert_eq!(lives.alive(), 0);
}

#[test]
fn both_sides_say_how_it_is() {
    let (caller, binder): (Caller<dyn FnMut(()) -> f32>, Binder<dyn FnMut(()) -> f32>) =
        hot(level(&Lives::default(), 1.0));
    assert_eq!(format!("{caller:?}"), "Caller { taken_up: 0, pending: false, .. }");
    binder.rebind(level(&Lives::default(), 1.0));
    assert_eq!(format!("{binder:?}"), "Binder { pending: true, ended: false, .. }");
    assert!(format!("{:?}", Fader::new(caller, 3)).contains("samples: 3, fading: false"));
}
