//! What fails in the middle: the n-th request for memory, the n-th callback, the thread, the process.
//!
//! Zones, scopes and boxes without memory are in `no_memory.rs`; this has what is built on them.

use allocator_api2::vec::Vec as ZoneVec;
use memzone::rt::{self, Plan};
use memzone::{
    Binder, Caller, CollectIn, DeepCopy, Fader, Frames, FromAllocator, HBox, Parcel, Refused,
    RtHeap, ZBox, ZHeap, ZVec, Zone, ZoneError, ZoneFn, beginz, halloc_in, push_new_zone,
    push_zone, reclaim::Reclaimer, reclaim::Retirer, try_beginz, try_halloc, try_halloc_slice,
    try_hot, try_zcopy, zone_depth,
};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

#[path = "common/failing.rs"]
mod failing;

use failing::{
    Ledger, REFUSE, REFUSED, Refuse, counted_to_the_end, on_new_thread, plain, play_refused,
    refusing, warm_up,
};

type Play = (Caller<dyn FnMut(usize) -> f64>, Binder<dyn FnMut(usize) -> f64>);

/// What a script's steps leave behind for those after them.
#[derive(Default)]
struct World {
    heaps: Vec<RtHeap>,
    blocks: Vec<HBox<[u64; 40], RtHeap>>,
    closures: Vec<ZoneFn<dyn FnMut(usize) -> f64>>,
    playing: Vec<Play>,
    parcels: Vec<Parcel<&'static mut [u64]>>,
    owners: Vec<Owners>,
    collections: Vec<ZoneVec<u64, Zone>>,
}

impl World {
    fn new() -> World {
        World {
            heaps: Vec::with_capacity(8),
            blocks: Vec::with_capacity(8),
            closures: Vec::with_capacity(8),
            playing: Vec::with_capacity(8),
            parcels: Vec::with_capacity(8),
            owners: Vec::with_capacity(8),
            collections: Vec::with_capacity(8),
        }
    }

    fn check(&mut self) {
        assert_eq!(zone_depth(), 0);
        self.heaps.iter().for_each(RtHeap::check);
        assert!(self.blocks.iter().all(|block| **block == [4; 40]));
        assert!(self.closures.iter_mut().all(|closure| closure(3) == 1.0));
        assert!(self.playing.iter_mut().all(|(caller, _)| caller(5) == 1.0));
        assert!(self.parcels.iter().all(|parcel| parcel.with(|it| it.iter().all(|&n| n == 7))));
        for collection in &self.collections {
            assert!(collection.iter().zip(0..).all(|(&n, expected)| n == expected));
        }
        let refuse = REFUSE.replace(Refuse::None);
        assert!(self.owners.iter().all(|owners| *owners == Owners::new()));
        REFUSE.set(refuse);
    }
}

/// Every kind of owner that a deep copy makes anew.
#[derive(DeepCopy, PartialEq)]
struct Owners {
    text: String,
    boxed_text: Box<str>,
    list: Vec<Vec<u64>>,
    slice: Box<[u64]>,
    one: Box<[u64; 50]>,
    heap: HBox<[u64]>,
    shared: Rc<[u64; 30]>,
}

thread_local!(static SHARED: Rc<[u64; 30]> = Rc::new([5; 30]));

impl Owners {
    fn new() -> Owners {
        Owners {
            text: "text ".repeat(60),
            boxed_text: "boxed ".repeat(50).into(),
            list: vec![vec![1; 40], vec![2; 80]],
            slice: vec![3; 30].into(),
            one: Box::new([4; 50]),
            heap: memzone::halloc_slice(60, 6),
            shared: SHARED.with(Rc::clone),
        }
    }
}

/// A closure with a table in its zone.
fn table(bytes: usize) -> Result<ZoneFn<dyn FnMut(usize) -> f64>, ZoneError> {
    ZoneFn::try_new(bytes, |z| {
        let table = z.try_alloc_slice(200, 1.0)?;
        z.try_closure(move |at: usize| table[at % table.len()])
    })
}

type Step = failing::Step<World>;

const SCRIPT: [Step; 15] = [
    |_| {
        let (one, many) = (try_halloc([1_u64; 50])?, try_halloc_slice(90, 2_u64)?);
        assert!(*one == [1; 50] && *many == [2; 90]);
        Ok(())
    },
    |world| {
        let heap = RtHeap::try_new(10_000)?;
        world.blocks.push(halloc_in(&heap, [4; 40])?);
        world.heaps.push(heap);
        Ok(())
    },
    |world| {
        // A full heap is an error like another, and asks nobody.
        for heap in &world.heaps {
            let used = heap.used();
            assert!(halloc_in(heap, [0_u64; 9_000]).is_err());
            assert_eq!(heap.used(), used);
        }
        Ok(())
    },
    |_| {
        let zone = Zone::try_new(300)?;
        let mut pool = zone.try_pool::<[u64; 10]>(20)?;
        let keys: Vec<_> = (0..20).filter_map(|n| pool.insert([n; 10]).ok()).take(4).collect();
        pool.retain(|value| value[0] != 1);
        assert_eq!((pool.get(keys[1]), pool.get(keys[2])), (None, Some(&[2; 10])));
        Ok(())
    },
    |world| {
        world.closures.push(table(500)?);
        world.closures.push(table(5_000)?);
        Ok(())
    },
    |world| {
        world.playing.push(try_hot(table(100)?)?);
        Ok(())
    },
    |world| {
        for (caller, binder) in &mut world.playing {
            for _ in 0..3 {
                binder.rebind(table(700)?);
                assert_eq!(caller(1), 1.0);
            }
            binder.reclaim();
        }
        let Some((caller, binder)) = world.playing.pop() else { return Ok(()) };
        let mut fader = Fader::new(caller, 2);
        let next = table(900).map(|next| binder.rebind(next));
        assert!((0..5).all(|_| fader.call(2) == 1.0));
        world.playing.push((fader.into_caller(), binder));
        next.map(drop)
    },
    |world| {
        world.parcels.push(Parcel::try_new(400, |z| z.try_alloc_slice(300, 7_u64))?);
        Ok(())
    },
    |world| {
        // The source is made with all the memory it takes; each copy is not.
        let refuse = REFUSE.replace(Refuse::None);
        let (source, zone) = (Owners::new(), Zone::new(100));
        REFUSE.set(refuse);
        world.owners.push(try_zcopy(&source, &zone)?);
        world.owners.push(try_beginz!({ source })?);
        Ok(())
    },
    |world| {
        // A collection that grows over the end of a block, and keeps what it had where it cannot.
        let zone = Zone::try_new(300)?;
        let requested = 8 * 2_000;
        world.collections.push(ZoneVec::new_in(zone));
        let Some(collection) = world.collections.last_mut() else { return Ok(()) };
        for more in [10, 50, 2_000] {
            let refused = |_| ZoneError::OutOfMemory { requested };
            collection.try_reserve(more).map_err(refused)?;
            let len = collection.len() as u64;
            collection.extend(len..len + more as u64);
        }
        collection.truncate(5);
        collection.shrink_to_fit();
        Ok(())
    },
    |_| {
        let heap = FromAllocator(Zone::try_new(300)?);
        let one = halloc_in(&heap, [3_u64; 100])?;
        let two = halloc_in(&heap, [4_u64; 500])?;
        drop(heap);
        assert!(*one == [3; 100] && *two == [4; 500]);
        Ok(())
    },
    |world| {
        // The zone of what came back, with a hook, for the next owner.
        let parcel = Parcel::<&[u64]>::try_new(200, |z| {
            z.try_on_cleanup(|| drop(try_beginz!({ ZBox::try_new(1) })))?;
            Ok(z.try_alloc_slice(200, 3)?)
        })?;
        let mut zone = parcel.into_zone();
        zone.reset()?;
        let function = ZoneFn::try_new_in(zone, |z| {
            let mut inner = z.try_closure(|at: usize| at as f64)?;
            let table = z.try_alloc_slice(900, 1.0)?;
            z.try_closure(move |at: usize| table[at] + inner(at) - at as f64)
        })?;
        world.closures.push(function);
        Ok(())
    },
    |world| {
        // What a player still had, and what waited for it, where the next one may not be had.
        for keep in [false, false, true] {
            let (mut caller, binder) = try_hot(table(100)?)?;
            binder.rebind(table(300)?);
            assert_eq!(caller(1), 1.0);
            binder.rebind(table(400)?);
            world.closures.extend(keep.then(|| caller.into_definition()));
        }
        Ok(())
    },
    |_| {
        let prepared = rt::prepare_thread(&Plan::new().scopes(3, 40_000).default_zone(50_000))?;
        assert!(prepared.bytes() > 3 * 40_000);
        let used = try_beginz!(z => { try_beginz!({ ZBox::try_new([1_u64; 60])? })?; z.used() });
        used.map(drop)
    },
    |world| {
        world.check();
        // Blocks outlive their heap; a caller its binder, and the other way round.
        world.heaps.clear();
        world.blocks.clear();
        for (n, (caller, binder)) in world.playing.drain(..).enumerate() {
            if n % 2 == 0 {
                drop(caller);
                drop(binder);
            } else {
                drop(binder);
                drop(caller);
            }
        }
        while let Some(parcel) = world.parcels.pop() {
            assert!(parcel.into_zone().reset().is_ok());
        }
        world.closures.clear();
        world.owners.clear();
        world.collections.clear();
        Ok(())
    },
];

/// Runs the body on a new thread that has used its stack, and says how much more that thread got
/// than it gave back.
fn counted<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> (R, isize) {
    warm_up();
    let ledger: &'static Ledger =
        Box::leak(Box::new(Ledger { asked: AtomicUsize::new(0), freed: AtomicUsize::new(0) }));
    let body = move || {
        beginz!({});
        SHARED.with(|_| ());
        body()
    };
    let thread = thread::spawn(move || counted_to_the_end(ledger, body));
    let result = thread.join().unwrap_or_else(|payload| resume_unwind(payload));
    let [asked, freed] = [&ledger.asked, &ledger.freed].map(|n| n.load(Ordering::SeqCst));
    assert!(asked > 1_000);
    if cfg!(feature = "ledger") {
        // Its table grows on whichever thread, and stays.
        return (result, 0);
    }
    (result, asked.wrapping_sub(freed) as isize)
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn with_any_one_request_failing_nothing_is_lost() {
    let kinds: [fn(usize) -> Refuse; 2] = [Refuse::Only, Refuse::From];
    for refuse in kinds {
        let mut n = 1;
        let last = loop {
            let ((refused, failed), leaked) = counted(move || {
                let mut world = World::new();
                play_refused(&mut world, &SCRIPT, World::check, refuse, n)
            });
            assert_eq!(leaked, 0, "leaked with the {n}-th refused, {failed} steps failed");
            if !refused {
                assert_eq!(failed, 0);
                break n;
            }
            assert!(failed > 0, "the {n}-th was refused, and nobody said so");
            n += if cfg!(miri) { 15 } else { 1 };
        };
        assert!(last > 25, "the script asks for memory only {last} times");
    }
}

/// Works with each of memzone's collections, in a zone that takes block after block. Returns how often one was refused.
fn work_with_collections() -> usize {
    let mut refused = 0;
    let Ok(zone) = Zone::try_new(300) else { return 1 };
    let is_whole = |items: &ZVec<u64>| items.iter().copied().eq(0..items.len() as u64);
    let mut no_memory = |error| {
        assert!(matches!(error, ZoneError::OutOfMemory { .. }), "{error:?}");
        refused += 1;
    };

    let (mut items, mut text, mut queue) = (zone.vec(), zone.string(), ZHeap::new_in(&zone));
    for n in 0..150_u64 {
        let next = items.len() as u64;
        if let Err(Refused { error, value }) = items.try_push(next) {
            assert_eq!(value, next);
            no_memory(error);
        }
        if n % 40 == 7 {
            // So that what grows next has to move.
            zone.try_alloc(n).map_or_else(&mut no_memory, |_| ());
            let last = items.pop().unwrap_or(0);
            let at = items.len();
            match items.try_insert(at, last) {
                Ok(()) => {}
                Err(Refused { error, value }) => {
                    assert_eq!(value, last);
                    no_memory(error);
                }
            }
            let before = items.len() as u64;
            let more = items.try_extend(before..before + 30).map_err(|Refused { error, value }| {
                let first = value.clone().next();
                assert!(first == Some(items.len() as u64) && value.last() == Some(before + 29));
                error
            });
            more.map_or_else(&mut no_memory, |()| ());
        }
        let len = text.len();
        if let Err(error) = text.try_push_fmt(format_args!("{n:>9},")) {
            assert_eq!(text.len(), len);
            no_memory(error);
        }
        if let Err(Refused { error, value }) = queue.try_push(n) {
            assert_eq!(value, n);
            no_memory(error);
        }
        assert!(is_whole(&items) && text.split_terminator(',').all(|word| word.len() == 9));
        assert!(
            queue.peek().is_none_or(|greatest| queue.as_slice().iter().all(|it| it <= greatest))
        );
    }
    let len = items.len();
    match items.try_split_off(len / 2) {
        Ok(mut rest) => {
            assert_eq!(items.len() + rest.len(), len);
            items.try_append(&mut rest).map_or_else(&mut no_memory, |()| ());
            assert!(rest.is_empty() || items.len() == len / 2);
        }
        Err(error) => no_memory(error),
    }
    assert!(is_whole(&items));
    let len = items.len() as u64;
    items.try_splice(..0, (0..40).filter(|_| false)).map(drop).map_or_else(&mut no_memory, |()| ());
    items.try_resize(1000, 0).map_or_else(&mut no_memory, |()| items.truncate(len as usize));
    assert!(is_whole(&items) && items.len() as u64 == len);
    items.try_extend_from_within(..).map_or_else(&mut no_memory, |()| items.truncate(len as usize));
    zone.try_alloc_channels(3, 50, 0.0_f32).map_or_else(&mut no_memory, |_| ());
    zone.try_alloc_join(text.split(','), ";").map_or_else(&mut no_memory, |_| ());
    if let Err(Refused { error, value }) = zone.try_alloc_slice_move([5_u64; 90]) {
        assert!(value.eq([5; 90]));
        no_memory(error);
    }
    items.iter().copied().try_collect_in::<ZVec<u64>>(&zone).map_or_else(&mut no_memory, |_| ());
    let Ok(other) = Zone::try_new(64) else { return refused + 1 };
    let copies = (try_zcopy(&items, &other), try_zcopy(&text, &other), try_zcopy(&queue, &other));
    copies.0.map_or_else(&mut no_memory, |copy| assert_eq!(copy, items));
    copies.1.map_or_else(&mut no_memory, |copy| assert_eq!(copy, text));
    copies.2.map_or_else(&mut no_memory, |copy| assert_eq!(copy.len(), queue.len()));
    #[cfg(feature = "hashbrown")]
    {
        let (mut map, mut set) = (zone.map(), zone.set());
        for n in 0..100_u64 {
            if let Err(Refused { error, value }) = map.try_insert(n, n) {
                assert!(value == (n, n) && !map.contains_key(&n));
                no_memory(error);
            }
            match map.try_entry(n / 2) {
                Ok(entry) => _ = entry.or_insert(n / 2),
                Err(Refused { error, value }) => {
                    assert_eq!(value, n / 2);
                    no_memory(error);
                }
            }
            if let Err(Refused { error, value }) = set.try_insert(n) {
                assert_eq!(value, n);
                no_memory(error);
            }
            assert!(map.iter().all(|(key, value)| key == value && *key <= n));
        }
        try_zcopy(&map, &other).map_or_else(&mut no_memory, |copy| assert!(copy == map));
    }
    let frames = Frames::<&[u64]>::try_new(100, |z| Ok(&*z.try_alloc_slice(40, 1)?));
    match frames {
        Ok(mut frames) => {
            for n in 2..5 {
                let next = frames.try_next(|z, last| {
                    Ok(z.try_alloc_iter(last.iter().map(|it| it + 1).chain([n; 60]))?)
                });
                next.map_or_else(&mut no_memory, |()| ());
                assert!(frames.with(|frame| frame.first() == frame.get(39) && frame.len() >= 40));
            }
        }
        Err(error) => no_memory(error),
    }
    refused
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn collections_keep_what_they_have_with_any_one_request_failing() {
    for refuse in [Refuse::Only as fn(usize) -> Refuse, Refuse::From] {
        let mut n = 1;
        loop {
            let ((asked, refused), leaked) = counted(move || {
                let refused = refusing(refuse(n), work_with_collections);
                (REFUSED.get().is_some(), refused)
            });
            assert_eq!(leaked, 0, "leaked with the {n}-th refused");
            if !asked {
                assert_eq!(refused, 0);
                break;
            }
            n += if cfg!(miri) { 7 } else { 1 };
        }
        assert!(n > 8, "they ask for memory only {n} times");
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_retirer_without_memory_is_an_error() {
    let ((), leaked) = counted(|| {
        let reclaimer = Reclaimer::new();
        for refuse in [Refuse::Only(1), Refuse::From(1)] {
            let error = refusing(refuse, || reclaimer.try_retirer(50)).unwrap_err();
            assert_eq!(error, ZoneError::OutOfMemory { requested: 50 * 64 });
            assert!(refusing(refuse, || plain(|| reclaimer.retirer(50))).is_err());
            assert_eq!(reclaimer.stats().retirers, 0);
        }
        // With so many, the list of rings has to grow for one more.
        let many: Vec<_> = (0..32).map(|_| reclaimer.retirer(1)).collect();
        let error = refusing(Refuse::Only(1), || reclaimer.try_retirer(1)).unwrap_err();
        assert!(matches!(error, ZoneError::OutOfMemory { .. }));
        assert_eq!(reclaimer.stats().retirers, many.len());
        let mut retirer = reclaimer.try_retirer(50).unwrap();
        // Retiring and dropping ask for nothing.
        refusing(Refuse::From(1), || retirer.retire([1_u8; 50]).unwrap());
        assert_eq!((reclaimer.collect(), REFUSED.get()), (1, None));
    });
    assert_eq!(leaked, 0);
}

// Callbacks that panic.

thread_local! {
    /// How many more callbacks run before one panics; 0 for none.
    static FUSE: Cell<usize> = const { Cell::new(0) };
    static ALIVE: Cell<isize> = const { Cell::new(0) };
}

/// What the n-th callback throws.
struct Thrown;

/// To be called in each callback.
fn callback() {
    let left = FUSE.get();
    // A second panic while one is under way would end the program.
    if left > 0 && !thread::panicking() {
        FUSE.set(left - 1);
        if left == 1 {
            resume_unwind(Box::new(Thrown));
        }
    }
}

/// A value that counts itself, and whose making, cloning, copying and dropping are callbacks.
struct Tracked(u64);

impl Tracked {
    fn new(value: u64) -> Tracked {
        callback();
        ALIVE.set(ALIVE.get() + 1);
        Tracked(value)
    }
}

impl Clone for Tracked {
    fn clone(&self) -> Tracked {
        Tracked::new(self.0)
    }
}

impl<'z> DeepCopy<'z> for Tracked {
    type Copied = Tracked;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Tracked, ZoneError> {
        Ok(self.clone())
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        callback();
    }
}

/// What panicking steps use together.
struct Shared {
    zone: Zone,
    kept: Vec<ZBox<Tracked>>,
    heap: RtHeap,
}

type Throws = fn(&mut Shared) -> Result<(), ZoneError>;

const THROWING: [Throws; 17] = [
    |all| {
        let slice = all.zone.try_alloc_slice_with(5, |n| {
            callback();
            // The zone in its own callback.
            *all.zone.alloc(n)
        })?;
        assert_eq!(slice, [0, 1, 2, 3, 4]);
        assert_eq!(
            *all.zone.try_alloc_with(|| {
                callback();
                7
            })?,
            7
        );
        Ok(())
    },
    |all| {
        let numbers = (0..30_u64).filter(|n| {
            callback();
            n % 3 == 0
        });
        assert_eq!(all.zone.try_alloc_iter(numbers)?.len(), 10);
        Ok(())
    },
    |all| {
        struct Text;
        impl std::fmt::Display for Text {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                callback();
                f.write_str("text")
            }
        }
        assert_eq!(all.zone.try_alloc_fmt(format_args!("{Text}, {Text}"))?, "text, text");
        Ok(())
    },
    |all| {
        all.kept.push(all.zone.try_boxed(Tracked::new(1))?);
        all.kept.push(ZBox::try_new(Tracked::new(2))?);
        assert_eq!(ZBox::into_inner(all.kept.pop().unwrap()).0, 2);
        drop(all.kept[0].clone());
        Ok(())
    },
    |all| {
        let vec = vec![Tracked::new(1), Tracked::new(2), Tracked::new(3)];
        let boxed = Box::new(Tracked::new(4));
        let slice: Box<[Tracked]> = vec![Tracked::new(5)].into();
        let block = try_halloc(Tracked::new(6))?;
        let copied = try_zcopy(&(vec, boxed, slice, block), &all.zone)?;
        assert_eq!((copied.0.len(), copied.1.0, copied.2[0].0, copied.3.0), (3, 4, 5, 6));
        Ok(())
    },
    |_| {
        let value = try_beginz!({
            let inner = try_beginz!({ Tracked::new(8) })?;
            (inner, vec![Tracked::new(9)])
        })?;
        assert_eq!((value.0.0, value.1[0].0), (8, 9));
        Ok(())
    },
    |all| {
        all.zone.enter(|| {
            push_zone(&all.zone);
            callback();
            drop(memzone::pop_zone());
        });
        Ok(())
    },
    |_| {
        let mut zone = Zone::try_new(100)?;
        for _ in 0..3 {
            zone.try_on_cleanup(callback)?;
        }
        zone.reset()?;
        zone.try_on_cleanup(callback)
    },
    |all| {
        let block = halloc_in(&all.heap, Tracked::new(3))?;
        // What it has made when it panics is forgotten, as its documentation says.
        let places = HBox::<[u64], RtHeap>::try_uninit_slice_in(&all.heap, 4)?;
        let filled = places.fill_with(|n| {
            callback();
            n as u64
        });
        assert_eq!((block.0, filled[3]), (3, 3));
        Ok(())
    },
    |all| {
        let mut pool = all.zone.try_pool::<Tracked>(6)?;
        let keys: Vec<_> = (0..4).filter_map(|n| pool.insert(Tracked::new(n)).ok()).collect();
        pool.retain(|value| {
            callback();
            value.0 != 2
        });
        drop(pool.remove(keys[0]));
        drop(pool.boxed(Tracked::new(7)).ok());
        assert_eq!(pool.iter().map(|value| value.0).sum::<u64>(), 4);
        pool.clear();
        assert!(pool.insert(Tracked::new(1)).is_ok());
        Ok(())
    },
    |_| {
        let build = || {
            ZoneFn::try_new(500, |z| {
                callback();
                let held = Tracked::new(1);
                z.try_closure(move |n: u64| {
                    callback();
                    held.0 + n
                })
            })
        };
        let (mut caller, binder) = try_hot(build()?)?;
        assert_eq!(caller(1), 2);
        binder.rebind(build()?);
        assert_eq!(caller(2), 3);
        binder.reclaim();
        binder.rebind(build()?);
        // One played, one waiting.
        drop(caller);
        Ok(())
    },
    |_| {
        let mut parcel = Parcel::<Vec<Tracked>>::try_new(100, |_| {
            callback();
            Ok(vec![Tracked::new(1), Tracked::new(2)])
        })?;
        assert_eq!(
            parcel.with(|value| {
                callback();
                value[1].0
            }),
            2
        );
        parcel.with_mut(|value| value.push(Tracked::new(3)));
        drop(parcel.into_zone());
        Ok(())
    },
    |all| {
        // A collection's values, which it drops, moves and clones.
        let mut collection = ZoneVec::new_in(all.zone.clone());
        for n in 0..5 {
            collection.push(Tracked::new(n));
        }
        let second = collection.clone();
        collection.retain(|value| {
            callback();
            value.0 % 2 == 0
        });
        assert_eq!((collection.len(), second.len()), (3, 5));
        drop(collection);
        assert_eq!(second.into_iter().map(|value| value.0).sum::<u64>(), 10);
        Ok(())
    },
    |_| {
        /// A state whose copy may panic at the start of a fade.
        struct State(Tracked);
        impl Clone for State {
            fn clone(&self) -> State {
                State(self.0.clone())
            }
        }
        type Definition = ZoneFn<dyn FnMut(&mut State, f32) -> f32>;
        let build = |gain: u64| -> Result<Definition, ZoneError> {
            ZoneFn::try_new(500, |z| {
                z.try_callback(move |state: &mut State, n: f32| {
                    callback();
                    state.0.0 += gain;
                    n
                })
            })
        };
        let (caller, binder) = try_hot(build(1)?)?;
        let mut state = State(Tracked::new(0));
        let mut fader = Fader::with_state(caller, 2, state.clone());
        for gain in 2..4 {
            assert_eq!(fader.call_with(&mut state, 0.5), 0.5);
            binder.rebind(build(gain)?);
            assert!((0..4).all(|_| fader.call_with(&mut state, 0.5) == 0.5));
        }
        binder.reclaim();
        drop(binder);
        Ok(())
    },
    |all| {
        // Boxes of several kinds in one another, copied out and lost half way.
        let list = vec![all.zone.try_boxed(Tracked::new(1))?, all.zone.try_boxed(Tracked::new(2))?];
        let moved = try_beginz!(z in &all.zone => {
            callback();
            let inner = vec![z.try_boxed(Tracked::new(3))?, z.try_boxed(Tracked::new(4))?];
            (list, inner, [Tracked::new(5), Tracked::new(6)])
        })?;
        assert_eq!((moved.0[1].0, moved.1[0].0, moved.2[1].0), (2, 3, 6));
        Ok(())
    },
    |_| {
        // Hooks and a value's destructor, where a zone's owner ends.
        let build = |z: &Zone| {
            z.try_on_cleanup(callback)?;
            z.try_on_cleanup(callback)?;
            Ok(Tracked::new(1))
        };
        drop(Parcel::<Tracked>::try_new(100, build)?);
        let parcel = Parcel::<Tracked>::try_new(100, build)?;
        parcel.into_zone().reset()
    },
    |_| {
        /// A destructor that may panic, to be retired.
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                callback();
            }
        }
        let reclaimer = Reclaimer::new();
        let mut retirer = reclaimer.try_retirer(4)?;
        for _ in 0..4 {
            assert!(retirer.retire(Late).is_ok());
        }
        assert_eq!(reclaimer.collect(), 4);
        assert!(retirer.retire(Late).is_ok());
        Ok(())
    },
];

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn with_any_one_callback_panicking_nothing_is_lost() {
    let mut n = 1;
    let last = loop {
        let (thrown, leaked) = counted(move || {
            let mut all = Shared {
                zone: Zone::new(500),
                kept: Vec::with_capacity(20),
                heap: RtHeap::new(5_000),
            };
            FUSE.set(n);
            let mut thrown = 0;
            for (number, step) in THROWING.iter().enumerate() {
                match catch_unwind(AssertUnwindSafe(|| step(&mut all))) {
                    Ok(result) => assert_eq!(result, Ok(()), "step {number}, callback {n}"),
                    Err(payload) if payload.is::<Thrown>() => thrown += 1,
                    Err(payload) => resume_unwind(payload),
                }
                assert_eq!(zone_depth(), 0, "step {number}, callback {n}");
                all.heap.check();
                assert_eq!(all.heap.used(), 0, "step {number}, callback {n}");
                assert_eq!(*all.zone.alloc(number), number);
                let kept = all.kept.len() as isize;
                assert_eq!(ALIVE.get(), kept, "step {number}, callback {n}");
            }
            FUSE.set(0);
            all.kept.clear();
            assert!(all.zone.reset().is_ok());
            for step in THROWING {
                assert_eq!(step(&mut all), Ok(()));
            }
            all.kept.clear();
            assert_eq!(ALIVE.get(), 0);
            thrown
        });
        assert_eq!(leaked, 0, "leaked with the {n}-th callback panicking");
        if thrown == 0 {
            break n;
        }
        n += if cfg!(miri) { 10 } else { 1 };
    };
    assert!(last > 100, "the script has only {last} callbacks");
}

// Threads that end.

/// One of each, alive.
struct Everything {
    _world: World,
    _zones: Vec<Zone>,
    _boxes: Vec<ZBox<String>>,
    _fader: Fader<dyn FnMut(usize) -> f64>,
    _retirer: Retirer,
    _reclaimer: Reclaimer,
}

impl Everything {
    fn new() -> Everything {
        let mut world = World::new();
        for step in &SCRIPT[..SCRIPT.len() - 1] {
            step(&mut world).unwrap();
        }
        let zone = Zone::new(1_000);
        let boxes = vec![zone.boxed("a".repeat(300)), ZBox::new("b".repeat(300))];
        push_zone(&zone);
        let pushed = push_new_zone(2_000);
        pushed.on_cleanup(|| drop(try_beginz!({ ZBox::try_new(1) })));
        let (caller, _) = try_hot(table(1_000).unwrap()).unwrap();
        let reclaimer = Reclaimer::new();
        let mut retirer = reclaimer.retirer(10);
        retirer.retire(vec![1_u8; 500]).unwrap();
        Everything {
            _world: world,
            _zones: vec![zone, pushed],
            _boxes: boxes,
            _fader: Fader::new(caller, 10),
            _retirer: retirer,
            _reclaimer: reclaimer,
        }
    }
}

impl Drop for Everything {
    fn drop(&mut self) {
        // The stack may be there or not.
        assert_eq!(try_beginz!(z => { z.alloc_slice(10, 1_u8).len() }), Ok(10));
        push_zone(&self._zones[0]);
    }
}

thread_local!(static LEFT: RefCell<Option<Everything>> = const { RefCell::new(None) });

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_thread_may_end_with_all_of_it_alive() {
    let ((), leaked) = counted(|| LEFT.set(Some(Everything::new())));
    assert_eq!(leaked, 0);
    // On a thread whose stack is made after the thread-local that is to outlive it, and before.
    for stack_first in [true, false] {
        on_new_thread(move || {
            if stack_first {
                beginz!({});
            }
            // Its destructor is registered here.
            LEFT.set(None);
            LEFT.set(Some(Everything::new()));
        });
    }
}
