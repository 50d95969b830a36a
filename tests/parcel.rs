//! Values that travel with the zone they live in.

#[path = "common/counting.rs"]
mod counting;

use memzone::{DeepCopy, Parcel, ZBox, Zone, ZoneError, beginz, pop_zone, push_zone, zcopy};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

#[derive(DeepCopy, Debug, PartialEq)]
struct Node<'z> {
    value: u32,
    next: Option<&'z Node<'z>>,
}

#[derive(DeepCopy)]
struct Score<'z> {
    title: &'z str,
    tempo: Cell<f32>,
    notes: &'z mut [u8],
    first: Option<&'z Node<'z>>,
}

fn score(z: &Zone) -> Score<'_> {
    let mut first = None;
    for value in 0..10 {
        first = Some(&*z.alloc(Node { value, next: first }));
    }
    Score {
        title: z.alloc_str("Piano Phase"),
        tempo: Cell::new(72.0),
        notes: z.alloc_slice_with(12, |n| 60 + n as u8),
        first,
    }
}

/// Counts its drops, and what its slice held then.
struct Counted<'z> {
    drops: Arc<AtomicUsize>,
    slice: &'z mut [usize],
}

impl<'z> DeepCopy<'z> for Counted<'_> {
    type Copied = Counted<'z>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Counted<'z>, ZoneError> {
        let slice = to.try_alloc_slice_copy(self.slice)?;
        Ok(Counted { drops: Arc::clone(&self.drops), slice })
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.drops.fetch_add(self.slice.iter().sum(), Ordering::SeqCst);
    }
}

fn counted<'z>(z: &'z Zone, drops: &Arc<AtomicUsize>) -> Counted<'z> {
    Counted { drops: Arc::clone(drops), slice: z.alloc_slice(10, 1) }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_structure_goes_to_another_thread_and_back() {
    let mut parcel = Parcel::<Score>::new(4096, score);
    assert!(parcel.used() > 100 && parcel.capacity() >= 4096 && parcel.blocks() == 1);
    let (there, arrives) = mpsc::channel::<Parcel<Score>>();
    let (back, returns) = mpsc::channel();
    let player = thread::spawn(move || {
        for mut parcel in arrives {
            let sum = parcel.with(|score| {
                let mut sum = 0;
                let mut next = score.first;
                while let Some(node) = next {
                    sum += node.value;
                    next = node.next;
                }
                sum
            });
            assert_eq!(sum, 45);
            parcel.with_mut(|score| {
                score.notes.iter_mut().for_each(|note| *note += 1);
                score.tempo.set(score.tempo.get() + 1.0);
                // References within the zone may be moved about in it.
                score.first = score.first.and_then(|first| first.next);
            });
            parcel.with_mut(|score| score.first = Some(score.first.unwrap()));
            back.send(parcel).map_err(drop).unwrap();
        }
    });
    there.send(parcel).map_err(drop).unwrap();
    parcel = returns.recv().unwrap();
    parcel.with(|score| {
        assert_eq!((score.title, score.notes[0], score.tempo.get()), ("Piano Phase", 61, 73.0));
        assert_eq!(score.first.unwrap().value, 8);
    });
    drop(there);
    player.join().unwrap();
    assert!(format!("{parcel:?}").starts_with("Parcel { name: None, used: "));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_value_is_dropped_once_before_its_zones_hooks() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (at_hook, seen) = (Arc::clone(&drops), Arc::new(Mutex::new(Vec::new())));
    let note = Arc::clone(&seen);
    let parcel = Parcel::<Counted>::new(1024, |z| {
        let older = Arc::clone(&note);
        z.on_cleanup(move || older.lock().unwrap().push(0));
        z.on_cleanup(move || note.lock().unwrap().push(at_hook.load(Ordering::SeqCst)));
        counted(z, &drops)
    });
    thread::spawn(move || drop(parcel)).join().unwrap();
    assert_eq!(drops.load(Ordering::SeqCst), 10);
    assert_eq!(*seen.lock().unwrap(), [10, 0]);
}

#[test]
fn the_zone_comes_back_to_be_used_again() {
    let drops = Arc::new(AtomicUsize::new(0));
    let mut parcel = Parcel::<Counted>::new(1024, |z| counted(z, &drops));
    let before = (counting::calls(), counting::frees());
    for round in 1..10 {
        let mut zone = parcel.into_zone();
        assert_eq!(drops.load(Ordering::SeqCst), round * 10);
        assert_eq!(zone.handles(), 1);
        zone.reset().unwrap();
        parcel = Parcel::try_new_in(zone, |z| Ok(counted(z, &drops))).unwrap();
    }
    assert_eq!((counting::calls(), counting::frees()), before);
    drop(parcel);
    assert_eq!(drops.load(Ordering::SeqCst), 100);
}

#[test]
fn the_zone_must_be_its_own() {
    thread_local! {
        static KEPT: RefCell<Option<Zone>> = const { RefCell::new(None) };
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let build = |smuggle: fn(&Zone)| {
        Parcel::<Counted>::try_new(64, |z| {
            smuggle(z);
            Ok(counted(z, &drops))
        })
        .map(drop)
    };
    let in_use = Err(ZoneError::InUse { handles: 1 });
    assert_eq!(build(|z| KEPT.set(Some(z.clone()))), in_use);
    assert_eq!(drops.load(Ordering::SeqCst), 10, "the value is dropped where it errs");
    assert_eq!(build(push_zone), in_use);
    pop_zone().unwrap();
    let in_it = Parcel::<ZBox<u8>>::try_new(64, |z| z.try_boxed(5)).map(drop);
    assert_eq!(in_it, in_use);
    let elsewhere = Zone::new(64);
    let boxed = elsewhere.boxed(5_u8);
    let parcel = Parcel::<ZBox<u8>>::new(64, |_| boxed);
    assert_eq!(parcel.with(|boxed| **boxed), 5, "in another zone it is no matter");
    let refused = Parcel::<&str>::try_new_in(elsewhere, |z| Ok(z.try_alloc_str("x")?));
    assert_eq!(refused.map(drop).unwrap_err(), ZoneError::InUse { handles: 1 });
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn building_that_fails_drops_what_there_is() {
    let drops = Arc::new(AtomicUsize::new(0));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        Parcel::<Counted>::new(64, |z| {
            let _value = counted(z, &drops);
            panic!("while it is built")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 10);
    let failed = Parcel::<Counted>::try_new(64, |z| {
        let value = counted(z, &drops);
        z.try_alloc_slice(usize::MAX, 0_u8)?;
        Ok(value)
    });
    assert!(matches!(failed, Err(ZoneError::TooLarge { .. })));
    assert_eq!(drops.load(Ordering::SeqCst), 20);
    let zone = Zone::builder().capacity(16).fixed().build();
    let refused =
        Parcel::<[u64; 9]>::try_new_in(zone, |_| panic!("there is no room for the value"));
    // Beside the value, the zone's figures and where its handle is; before them, that handle.
    assert_eq!(
        refused.map(drop).unwrap_err(),
        ZoneError::LimitReached { requested: 72 + 5 * size_of::<usize>(), limit: 16, used: 8 }
    );
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_destructor_that_panics_still_frees_the_zone() {
    struct Panics;
    impl<'z> DeepCopy<'z> for Panics {
        type Copied = Panics;
        fn deep_copy(&self, _: &'z Zone) -> Result<Panics, ZoneError> {
            Ok(Panics)
        }
    }
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor")
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    for into_zone in [false, true] {
        let ran = Arc::clone(&drops);
        let parcel = Parcel::<Panics>::new(64, |z| {
            z.on_cleanup(move || {
                ran.fetch_add(1, Ordering::SeqCst);
            });
            Panics
        });
        let end = || if into_zone { drop(parcel.into_zone()) } else { drop(parcel) };
        assert!(catch_unwind(AssertUnwindSafe(end)).is_err());
    }
    assert_eq!(drops.load(Ordering::SeqCst), 2, "the zone's hooks ran");
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn several_threads_read_one_that_is_sync() {
    let map = Parcel::<&[f32]>::new(4096, |z| &*z.alloc_slice(900, 0.5));
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                assert_eq!(map.with(|map| map.iter().sum::<f32>()), 450.0);
                assert!(map.used() >= 3600 && map.high_water() >= map.used());
            });
        }
    });
}

#[test]
fn what_it_holds_can_be_copied_out() {
    let parcel = Parcel::<Option<&Node>>::new(4096, |z| {
        let last = z.alloc(Node { value: 2, next: None });
        Some(&*z.alloc(Node { value: 1, next: Some(last) }))
    });
    let outer = Zone::new(1024);
    let copied = parcel.with(|list| zcopy(list, &outer));
    let in_scope =
        beginz!(z => { parcel.with(|list| zcopy(list, z)).unwrap().next.unwrap().value });
    drop(parcel);
    assert_eq!(copied.unwrap().next.unwrap().value, 2);
    assert_eq!(in_scope, 2);
}

#[test]
fn values_without_size_or_with_a_large_alignment() {
    #[derive(Clone, Copy, DeepCopy)]
    #[deep_copy(flat)]
    #[repr(align(512))]
    struct Wide(u8);
    let empty = Parcel::<()>::new(0, |_| ());
    empty.with(|()| ());
    assert_eq!(empty.into_zone().handles(), 1);
    let wide = Parcel::<Wide>::new(0, |_| Wide(3));
    wide.with(|wide| assert_eq!((std::ptr::from_ref(wide).addr() % 512, wide.0), (0, 3)));
}

/// A patch that is edited for a long time: modules that lead to one another, in circles too.
mod compaction {
    use super::*;
    use std::cell::Cell;

    #[derive(DeepCopy)]
    struct Patch<'z> {
        modules: &'z [Cell<Option<&'z Module<'z>>>],
    }

    #[derive(DeepCopy)]
    struct Module<'z> {
        gain: f32,
        name: &'z str,
        inputs: Cell<[Option<&'z Module<'z>>; 2]>,
    }

    const MODULES: usize = 10;

    fn patch() -> Parcel<Patch<'static>> {
        Parcel::new(8192, |z| Patch {
            modules: z.alloc_iter((0..MODULES).map(|_| Cell::new(None))),
        })
    }

    fn change(patch: &mut Parcel<Patch<'static>>, turn: usize) {
        patch.edit(|patch, z| {
            let at = |index: usize| patch.modules[index % MODULES].get();
            let name = z.alloc_fmt(format_args!("module {turn}"));
            let inputs = Cell::new([at(turn + 3), at(turn * 7)]);
            let module = &*z.alloc(Module { gain: turn as f32, name, inputs });
            // One that leads to itself, and no chain of all that ever were.
            for old in patch.modules.iter().filter_map(Cell::get) {
                old.inputs.set([Some(module), Some(old)]);
            }
            patch.modules[turn % MODULES].set(Some(module));
        });
    }

    fn check(patch: &Parcel<Patch<'static>>, turns: usize) {
        patch.with(|patch| {
            for (index, module) in patch.modules.iter().enumerate() {
                let module = module.get().unwrap();
                assert_eq!(module.gain as usize % MODULES, index);
                assert_eq!(module.name, format!("module {}", module.gain));
                if module.gain as usize != turns {
                    let [newest, itself] = module.inputs.get().map(Option::unwrap);
                    assert_eq!(newest.gain as usize, turns);
                    assert!(std::ptr::eq(itself, module));
                }
            }
        });
    }

    #[test]
    fn a_patch_that_is_changed_ten_thousand_times_stays_within_twice_its_live_size() {
        let turns = if cfg!(miri) { 40 } else { 10_000 };
        let (mut patch, mut spare) = (patch(), Zone::new(8192));
        for turn in 1..=MODULES {
            change(&mut patch, turn);
        }
        patch.compact(&mut spare).unwrap();
        let (live, mut compactions) = (patch.used(), 0);
        for turn in MODULES + 1..=turns {
            change(&mut patch, turn);
            if patch.used() > live * 2 - 200 {
                patch.compact(&mut spare).unwrap();
                compactions += 1;
            }
            assert!(patch.used() <= live * 2, "{} of {live}", patch.used());
        }
        assert!(compactions > turns / 50);
        assert_eq!((patch.blocks(), spare.blocks(), spare.used()), (1, 1, 0));
        check(&patch, turns);
    }

    #[test]
    fn a_compaction_that_fails_leaves_the_parcel_as_it_was() {
        let mut patch = patch();
        for turn in 1..=MODULES {
            change(&mut patch, turn);
        }
        let mut small = Zone::builder().capacity(300).fixed().build();
        for _ in 0..2 {
            let error = patch.compact(&mut small).unwrap_err();
            assert!(matches!(error, memzone::ZoneError::LimitReached { .. }));
            check(&patch, MODULES);
        }
        let mut held = Zone::new(100);
        let handle = held.clone();
        assert!(matches!(patch.compact(&mut held), Err(memzone::ZoneError::InUse { handles: 1 })));
        drop(handle);
        patch.compact(&mut held).unwrap();
        check(&patch, MODULES);
        // The zone that it was in is nobody else's now.
        let mut other =
            Parcel::<&u8>::try_new_in(held, |z| z.try_alloc(5).map(|five| &*five)).unwrap();
        assert_eq!(other.edit(|five, z| std::mem::replace(five, z.alloc(6)).to_owned()), 5);
    }

    /// A graph with circles goes to the audio thread, and an edited copy of it replaces the one that plays. What another
    /// thread may see is wired with `Wire`.
    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "needs threads")]
    fn a_graph_with_circles_is_edited_while_it_plays() {
        use memzone::Wire;
        #[derive(DeepCopy)]
        struct Voice<'z> {
            gain: f32,
            feedback: Wire<'z, Voice<'z>>,
        }
        #[derive(DeepCopy)]
        struct Graph<'z> {
            first: &'z Voice<'z>,
            second: &'z Voice<'z>,
        }
        fn voice<'z>(gain: f32) -> Voice<'z> {
            Voice { gain, feedback: Wire::none() }
        }
        let mut edited = Parcel::<Graph<'static>>::new(1024, |z| {
            let (first, second) = (&*z.alloc(voice(0.5)), &*z.alloc(voice(0.25)));
            first.feedback.set(second);
            second.feedback.set(first);
            Graph { first, second }
        });
        let copied = |from: &Parcel<Graph<'static>>| {
            from.with(|graph| {
                Parcel::<Graph>::try_new(1024, |z| {
                    memzone::try_zcopy_shared(graph, z)
                        .map(|&Graph { first, second }| Graph { first, second })
                })
            })
        };
        let (to_audio, from_editor) = mpsc::channel::<Parcel<Graph>>();
        let (to_editor, from_audio) = mpsc::channel();
        let audio = thread::spawn(move || {
            let mut playing: Option<Parcel<Graph>> = None;
            let mut gains = Vec::new();
            for new in from_editor {
                gains.push(new.with(|graph| {
                    let back = graph.second.feedback.get().unwrap();
                    assert!(std::ptr::eq(back, graph.first));
                    assert!(std::ptr::eq(back.feedback.get().unwrap(), graph.second));
                    back.gain
                }));
                if let Some(old) = playing.replace(new) {
                    to_editor.send(old).unwrap();
                }
            }
            gains
        });
        for gain in 1..4 {
            to_audio.send(copied(&edited).unwrap()).unwrap();
            edited.edit(|graph, z| {
                let copied = memzone::zcopy_shared(&*graph, z);
                assert!(std::ptr::eq(copied.first.feedback.get().unwrap(), copied.second));
                let (first, second) = (&*z.alloc(voice(gain as f32)), &*z.alloc(voice(0.25)));
                first.feedback.set(second);
                second.feedback.set(first);
                *graph = Graph { first, second };
            });
        }
        drop(to_audio);
        assert_eq!(audio.join().unwrap(), [0.5, 1.0, 2.0]);
        assert_eq!(from_audio.into_iter().count(), 2);
    }
}
