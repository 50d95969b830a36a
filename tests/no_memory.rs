//! A system without memory: each request for more fails, or each n-th one, and nothing breaks.
//!
//! What else may fail, and panics, is in `faults.rs`.

use memzone::{
    DeepCopy, ZBox, Zone, ZoneError, beginz, letz, peek_zone, pop_zone, push_new_zone, push_zone,
    set_keep_limit, try_beginz, try_letz, try_zcopy, zcopy, zformat, zone_depth,
};
use std::alloc::Layout;
use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

#[path = "common/buffer.rs"]
mod buffer;
#[path = "common/failing.rs"]
mod failing;

use buffer::buffer;
use failing::{
    Ledger, REFUSED, Refuse, counted_to_the_end, on_new_thread, plain, play_refused, refusing,
    warm_up,
};

/// A zone's numbers, and the stack's depth.
fn numbers(zone: &Zone) -> [usize; 7] {
    let [used, capacity, remaining] = [zone.used(), zone.capacity(), zone.remaining()];
    [used, capacity, remaining, zone.high_water(), zone.blocks(), zone.handles(), zone_depth()]
}

/// A full zone: whatever is asked for needs the system.
fn full_zone() -> Zone {
    let zone = Zone::new(1_000);
    zone.alloc_uninit::<u8>(zone.remaining());
    zone
}

/// Fails where a request does not end as out of memory, or changes something.
#[track_caller]
fn assert_refused(zone: &Zone, name: &str, request: impl FnOnce() -> Result<(), ZoneError>) {
    let before = numbers(zone);
    let (result, refused) = refusing(Refuse::From(1), || (request(), REFUSED.get()));
    let requested = refused.unwrap_or_else(|| panic!("{name} asked the system for nothing"));
    assert_eq!(result, Err(ZoneError::OutOfMemory { requested }), "{name}");
    assert_eq!(numbers(zone), before, "after {name}");
}

macro_rules! all_refused {
    ($zone:expr; $($request:expr;)*) => {$(
        assert_refused($zone, stringify!($request), || $request.map(|_| ()));
    )*};
}

macro_rules! all_panic {
    ($zone:expr; $($request:expr;)*) => {$(
        assert_refused($zone, stringify!($request), || plain(|| _ = $request));
    )*};
}

#[test]
fn each_try_method_says_that_there_is_no_memory() {
    on_new_thread(|| {
        let (layout, vec) = (Layout::new::<u64>(), vec![1_u64; 100]);
        // Last, one that nothing has been taken for yet: its first use fails and may be repeated.
        for zone in [full_zone(), Zone::new(0)] {
            all_refused! { &zone;
                Zone::try_new(1);
                Zone::try_new(100_000);
                Zone::builder().capacity(10).fixed().try_build();
                Zone::builder().capacity(9_000).limit(5_000).prefault().try_build();
                zone.try_alloc(1_u8);
                zone.try_alloc([1_u64; 500]);
                zone.try_alloc_with(|| -> u64 { unreachable!() });
                zone.try_alloc_slice(100, 1_u8);
                zone.try_alloc_slice_with(100, |_| -> u8 { unreachable!() });
                zone.try_alloc_slice_copy(&[1_u8; 10]);
                zone.try_alloc_slice_aligned::<u8, 4096>(10, 1);
                zone.try_alloc_uninit::<u64>(1_000_000);
                zone.try_alloc_iter([1_u8; 3]);
                zone.try_alloc_iter((0..9).filter(|_| true));
                zone.try_alloc_str("text");
                zone.try_alloc_fmt(format_args!("{}", 1));
                zone.try_alloc_layout(layout);
                zone.try_boxed(1_u8);
                zone.try_boxed_slice(10, 1_u64);
                zone.try_on_cleanup(|| unreachable!());
                try_zcopy(&&[1_u64; 3][..], &zone);
                try_zcopy(&"text", &zone);
                try_zcopy(&vec, &zone);
                try_beginz!({ 1 });
                try_beginz!(100_000, z => { z.used() });
                try_letz!(a = [1; 10] => a[0]);
            }
            assert!(zone.alloc_slice(10, 7_u8) == [7; 10] && zone.reset_works());
        }
        assert_eq!((beginz!({ 5 }), zone_depth()), (5, 0));
    });
}

/// What ends a test on a zone.
trait ResetWorks {
    fn reset_works(self) -> bool;
}

impl ResetWorks for Zone {
    fn reset_works(mut self) -> bool {
        self.reset().is_ok() && self.used() == 0
    }
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_box_without_size_needs_a_zone_all_the_same() {
    let zone = Zone::new(0);
    all_refused! { &zone;
        zone.try_boxed(());
        zone.try_boxed_slice(0, 1_u64);
        zone.try_boxed_slice(9, ());
        zone.try_alloc_slice(0, 1_u64).and_then(|_| zone.try_boxed(()));
    }
    all_panic! { &zone;
        zone.boxed(());
        zone.boxed_slice(0, 1_u64);
    }
    assert_eq!((*zone.boxed(()), zone.blocks()), ((), 1));
}

#[test]
fn scopes_need_memory_for_a_zone_its_growth_and_what_leaves_it() {
    on_new_thread(|| {
        let outer = full_zone();
        beginz!({});
        all_refused! { &outer;
            try_beginz!(z => { z.try_alloc_slice(100_000, 1_u8)?; Ok::<_, ZoneError>(()) }).flatten_();
            try_beginz!(z in &outer => &*z.alloc_slice(10, 1_u8));
            try_beginz!(z in &outer => (z.alloc_str("text"), 5));
            try_beginz!({ ZBox::new(5) });
            try_letz!(a = [1_u64; 100_000] => a[0]);
            try_letz!(z in &outer; a = [1_u8; 10] => { z.used(); a });
            try_letz!(10_000_000, a = 1 => *a);
            try_beginz!({ beginz_deep(20) }).flatten_();
        }
        assert_eq!(beginz!(z in &outer => &*z.alloc_slice(10, 1_u8)), [1; 10]);
    });
}

/// So many scopes in one another.
fn beginz_deep(depth: usize) -> Result<(), ZoneError> {
    if depth == 0 {
        return Ok(());
    }
    try_beginz!({ beginz_deep(depth - 1) }).flatten_()
}

/// `Result::flatten`, which is new.
trait Flatten {
    fn flatten_(self) -> Result<(), ZoneError>;
}

impl Flatten for Result<Result<(), ZoneError>, ZoneError> {
    fn flatten_(self) -> Result<(), ZoneError> {
        self?
    }
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn the_current_zone_may_have_no_memory() {
    on_new_thread(|| {
        // No stack yet, then no default zone.
        let zone = full_zone();
        for _ in 0..2 {
            all_refused! { &zone;
                ZBox::try_new(1);
                plain(peek_zone);
                plain(|| memzone::alloc::<u8>(5));
                plain(|| ZBox::new(1));
            }
            push_zone(&zone);
            drop(pop_zone());
        }
        push_zone(&zone);
        all_refused! { &zone;
            ZBox::try_new(1);
            plain(|| ZBox::new([1_u64; 100]));
            plain(|| memzone::alloc::<u8>(5));
            plain(|| memzone::zalloc::<u8>(5));
        }
        assert_eq!(pop_zone().unwrap().used(), zone.used());
    });
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn each_plain_method_panics_where_there_is_no_memory() {
    on_new_thread(|| {
        let layout = Layout::new::<u64>();
        for zone in [full_zone(), Zone::new(0)] {
            let unborn = Zone::new(0);
            all_panic! { &zone;
                Zone::new(1);
                Zone::builder().build();
                unborn.clone();
                push_zone(&unborn);
                push_new_zone(100);
                unborn.enter(|| -> () { unreachable!() });
                zone.alloc(1_u8);
                zone.alloc_with(|| -> u64 { unreachable!() });
                zone.alloc_slice(100, 1_u8);
                zone.alloc_slice_with(100, |_| -> u8 { unreachable!() });
                zone.alloc_slice_copy(&[1_u8; 10]);
                zone.alloc_slice_aligned::<u8, 4096>(10, 1);
                zone.alloc_uninit::<u64>(1_000_000);
                zone.alloc_iter([1_u8; 3]);
                zone.alloc_str("text");
                zone.alloc_fmt(format_args!("{}", 1));
                zformat!(zone, "{}", 2);
                zone.alloc_layout(layout);
                zone.boxed(1_u8);
                zone.boxed_slice(10, 1_u64);
                zone.on_cleanup(|| unreachable!());
                zcopy(&&[1_u64; 3][..], &zone);
                beginz!({ 1 });
                letz!(a = [1; 10] => a[0]);
            }
            assert!(zone.alloc_slice(10, 7_u8) == [7; 10] && zone.reset_works());
        }
        // The stack itself: room for 16 at first.
        let zone = Zone::new(1_000);
        let deepest = (0..100).find(|_| {
            refusing(Refuse::From(1), || plain(|| push_zone(&zone))).is_err() && zone_depth() > 0
                || zone_depth() == 0 && {
                    push_zone(&zone);
                    false
                }
        });
        assert!(deepest.is_some());
        let depth = zone_depth();
        all_panic! { &zone;
            push_zone(&zone);
            zone.enter(|| -> () { unreachable!() });
        }
        push_zone(&zone);
        assert_eq!(zone_depth(), depth + 1);
        while pop_zone().is_ok() {}
        assert_eq!((zone.handles(), zone.reset_works()), (1, true));
    });
}

#[test]
fn a_buffers_zone_needs_no_system() {
    let buffer = buffer(0, 2_000);
    let body = move || {
        let buffer = buffer; // moved, so that the zone may keep it for ever
        let zone = Zone::try_from_buffer(buffer).unwrap();
        let boxed = zone.try_boxed(5).unwrap();
        assert_eq!((*boxed, zone.alloc_slice(10, 1_u64)), (5, &mut [1; 10][..]));
        assert!(matches!(zone.try_alloc([1_u8; 2_000]), Err(ZoneError::LimitReached { .. })));
    };
    // Not the ledger's list of what is alive, which takes memory with whichever box does not fit into it.
    #[cfg(feature = "ledger")]
    let body = || memzone::ledger::pause(body);
    refusing(Refuse::From(1), body);
    assert_eq!(REFUSED.get(), None);
}

#[derive(DeepCopy)]
struct Node<'z> {
    value: u64,
    samples: &'z [u64],
    next: Option<&'z Node<'z>>,
}

impl Node<'_> {
    fn check(&self) {
        let mut at = Some(self);
        while let Some(node) = at {
            assert!(node.samples.len() == 60 && node.samples.iter().all(|&n| n == node.value));
            at = node.next;
        }
    }
}

/// What a script's steps leave behind for those after them.
struct World {
    zones: Vec<Zone>,
    boxes: Vec<(u64, ZBox<[u64]>)>,
    texts: Vec<(String, ZBox<String>)>,
    vecs: [Vec<u64>; 3],
}

impl World {
    fn keep(&mut self, zone: &Zone, value: u64) -> Result<(), ZoneError> {
        self.boxes.push((value, zone.try_boxed_slice(50, value)?));
        Ok(())
    }

    /// All zones can be used, and all values be read.
    fn check(&self) {
        assert_eq!(zone_depth(), 0);
        for zone in &self.zones {
            assert!(zone.used() + zone.remaining() <= zone.capacity() && zone.handles() > 0);
            // A copy that failed has given its blocks back, so there may be fewer than there were.
            assert!(zone.used() <= zone.high_water());
            if zone.remaining() >= 1_000 {
                assert_eq!(*zone.boxed(5), 5);
            }
        }
        for (expected, boxed) in &self.boxes {
            assert!(boxed.len() == 50 && boxed.iter().all(|n| n == expected));
            assert!(ZBox::zone(boxed).contains(&raw const boxed[49]));
        }
        assert!(self.texts.iter().all(|(expected, text)| *expected == **text));
    }
}

/// Makes a list of so many nodes, growing.
fn list(zone: &Zone, len: u64) -> Result<&Node<'_>, ZoneError> {
    let mut list = None;
    for value in 0..len {
        let samples = zone.try_alloc_slice(60, value)?;
        list = Some(&*zone.try_alloc(Node { value, samples, next: list })?);
        list.inspect(|list| list.check());
    }
    Ok(list.expect("a node"))
}

type Step = failing::Step<World>;

/// What is done with each allocation failing once.
const SCRIPT: [Step; 21] = [
    |world| {
        let zone = Zone::try_new(1_000)?;
        world.keep(&zone, 1)?;
        world.zones.push(zone);
        Ok(())
    },
    |world| {
        world.zones.push(Zone::builder().capacity(600).limit(30_000).prefault().try_build()?);
        world.zones.push(Zone::builder().capacity(6_001).fixed().try_build()?);
        Ok(())
    },
    |world| {
        for n in 0..world.zones.len() {
            let zone = world.zones[n].clone();
            let before = zone.try_alloc_slice(40, 3_u64)?;
            let large = zone.try_alloc_slice(400, 4_u64);
            assert!(before.iter().all(|&n| n == 3));
            assert!(large?.iter().all(|&n| n == 4));
            world.keep(&zone, 5)?;
        }
        Ok(())
    },
    |world| {
        let unborn = Zone::try_new(0)?;
        let text = "a text of some length".repeat(4);
        world.texts.push((text.clone(), unborn.try_boxed(text)?));
        world.zones.push(unborn);
        Ok(())
    },
    |world| {
        let unborn = Zone::new(0);
        let clone = plain(|| unborn.clone())?;
        world.keep(&unborn, 6)?;
        assert_eq!(clone.handles(), 3);
        Ok(())
    },
    |world| {
        let zone = plain(peek_zone)?;
        world.keep(&zone, 7)?;
        drop(ZBox::try_new([1_u64; 100])?);
        plain(|| drop(memzone::alloc::<u64>(100)))
    },
    |world| {
        let zone = world.zones.first().cloned().unwrap_or(Zone::new(0));
        let pushed = (0..40).map_while(|_| plain(|| push_zone(&zone)).ok()).count();
        assert_eq!(zone_depth(), pushed);
        (0..pushed).for_each(|_| drop(pop_zone()));
        Ok(())
    },
    |_| {
        let zone = plain(|| push_new_zone(500))?;
        let boxed = ZBox::try_new([2_u64; 200]);
        drop(pop_zone().expect("just pushed"));
        assert_eq!(*boxed?, [2; 200]);
        assert_eq!(zone.handles(), 1);
        Ok(())
    },
    |_| {
        let sum: u64 = try_beginz!(z => {
            let a = z.try_alloc_slice(50, 1_u64)?;
            let inner = try_beginz!(50_000, z => {
                z.try_alloc_slice(180, [2_u64; 50])?[179][49]
            });
            assert!(a.iter().all(|&n| n == 1));
            inner? + a.iter().sum::<u64>()
        })?;
        assert_eq!(sum, 52);
        Ok(())
    },
    |_| {
        let sum: u64 = try_letz!(a = [1_u64; 20], b = [[2_u64; 50]; 180], c = 3_u64 => {
            a.iter().sum::<u64>() + b[179][49] + *c
        })?;
        assert_eq!(sum, 25);
        Ok(())
    },
    |_| plain(|| assert_eq!(letz!(a = [1_u64; 20] => beginz!({ a.len() })), 20)),
    |_| beginz_deep(20),
    |world| {
        let outer = Zone::try_new(100)?;
        let copied = try_beginz!(z in &outer => list(z, 12)?)?;
        copied.check();
        let copy = try_zcopy(copied, world.zones.first().unwrap_or(&outer));
        copied.check();
        copy?.check();
        Ok(())
    },
    |world| {
        let boxed = try_beginz!(z => { (z.try_boxed_slice(50, 8_u64)?, vec![9_u64; 5]) })?;
        assert_eq!(boxed.1, [9; 5]);
        world.boxes.push((8, boxed.0));
        Ok(())
    },
    |world| {
        let zone = try_beginz!(z => {
            world.keep(z, 9)?;
            plain(|| z.clone())?
        })?;
        assert_eq!(zone.handles(), 2);
        world.zones.push(zone);
        Ok(())
    },
    |world| {
        let copy = try_zcopy(&world.vecs, &Zone::new(0))?;
        assert_eq!(copy, world.vecs);
        Ok(())
    },
    |_| {
        let mut zone = Zone::try_new(400)?;
        for _ in 0..3 {
            let many = zone.try_alloc_iter((0..300_u64).filter(|n| n % 2 == 0))?;
            assert!(many.iter().copied().eq((0..300).step_by(2)));
            assert_eq!(zone.try_alloc_fmt(format_args!("{:>200}", 1))?.len(), 200);
            zone.reset().expect("a sole handle");
        }
        Ok(())
    },
    |_| {
        thread_local!(static RAN: Cell<usize> = const { Cell::new(0) });
        RAN.set(0);
        let zone = Zone::try_new(400)?;
        let added = (0..9).map_while(|_| {
            let large = [1_u64; 40];
            zone.try_on_cleanup(move || RAN.set(RAN.get() + large[39] as usize)).ok()
        });
        let added = added.count();
        drop(zone);
        assert_eq!(RAN.get(), added);
        Ok(())
    },
    |world| {
        let zone = Zone::try_new(0)?;
        plain(|| zone.enter(|| drop(ZBox::new([1_u64; 30]))))?;
        plain(|| zformat!(zone, "{:>300}", 1).len())?;
        world.keep(&zone, 10)
    },
    |_| {
        set_keep_limit(40_000);
        let result = try_beginz!(z => { z.try_alloc_slice(600, [1_u64; 50])?.len() });
        set_keep_limit(16 << 20);
        assert_eq!(result?, 600);
        assert_eq!(try_beginz!(z => { z.used() })?, 0);
        Ok(())
    },
    |world| {
        world.boxes.reverse();
        world.boxes.truncate(4);
        world.check();
        world.boxes.clear();
        world.texts.clear();
        assert!(world.zones.drain(..).all(Zone::reset_works));
        Ok(())
    },
];

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn with_any_one_allocation_failing_nothing_breaks() {
    static LEDGER_OF_SCRIPT: Ledger =
        Ledger { asked: AtomicUsize::new(0), freed: AtomicUsize::new(0) };
    warm_up();
    let kinds: [fn(usize) -> Refuse; 2] = [Refuse::Only, Refuse::From];
    for refuse in kinds {
        let mut n = 1;
        let last = loop {
            let script = move || {
                let mut world = World {
                    zones: Vec::with_capacity(20),
                    boxes: Vec::with_capacity(20),
                    texts: Vec::with_capacity(20),
                    vecs: [vec![1; 40], vec![], vec![2; 100]],
                };
                play_refused(&mut world, &SCRIPT, |world| world.check(), refuse, n)
            };
            let script = thread::spawn(move || counted_to_the_end(&LEDGER_OF_SCRIPT, script));
            let (refused, failed) = script.join().unwrap_or_else(|payload| resume_unwind(payload));
            let bytes = [&LEDGER_OF_SCRIPT.asked, &LEDGER_OF_SCRIPT.freed];
            let [asked, freed] = bytes.map(|bytes| bytes.swap(0, Ordering::SeqCst));
            assert!(asked > 100_000);
            assert_eq!(asked, freed, "leaked with the {n}-th refused, {failed} steps failed");
            if !refused {
                assert_eq!(failed, 0);
                break n;
            }
            n += if cfg!(miri) { 25 } else { 1 };
        };
        assert!(last > 40, "the script asks for memory only {last} times");
    }
}
