//! What xtlang does, re-created: one test for each numbered row of the comparison that memzone was
//! designed from, then what the original's own tests assert.
//!
//! A test's name begins with its row. Its comment says what xtlang does; a line `Differs` names
//! what memzone does in another way on purpose, and why. Where a difference is that something does
//! not compile, the case in `tests/ui` is named.

#[path = "common/counting.rs"]
mod counting;

use memzone::reclaim::Reclaimer;
use memzone::rt;
use memzone::{
    Closure, DeepCopy, HBox, Keep, Parcel, ZBox, Zone, ZoneError, ZoneFn, alloc, beginz,
    destroy_zone, free, halloc, halloc_slice, hot, letz, peek_zone, pop_zone, push_new_zone,
    push_zone, reset_zone, salloc, salloc_with, try_beginz, try_halloc, try_letz, try_zcopy,
    zalloc, zcopy, zone_depth,
};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

/// How often something is repeated: Miri is slow.
const fn times(count: usize) -> usize {
    if cfg!(miri) { count.div_ceil(100) } else { count }
}

/// A new thread's stack of zones, spare zones and counters start from nothing.
fn on_a_new_thread(test: impl FnOnce() + Send + 'static) {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return test();
    }
    if let Err(panic) = thread::spawn(test).join() {
        resume_unwind(panic);
    }
}

fn named(name: &'static str) -> Zone {
    Zone::builder().name(name).build()
}

fn current_name() -> &'static str {
    peek_zone().name().unwrap_or("nameless")
}

/// Whether two handles are of one zone.
fn same(a: &Zone, b: &Zone) -> bool {
    b.contains(a.alloc(0_u8))
}

fn address<T: ?Sized>(value: &T) -> usize {
    (&raw const *value).cast::<u8>().addr()
}

/// What happened, in order. Shared, as cleanup hooks must be `Send + 'static`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn hook(&self, text: &'static str) -> impl FnOnce() + Send + 'static {
        let log = self.clone();
        move || log.note(text)
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, DeepCopy)]
#[deep_copy(flat)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Debug, PartialEq, DeepCopy)]
struct List<'z, T> {
    head: T,
    tail: Option<&'z List<'z, T>>,
}

/// A list of the items in `zone`.
fn list<'z, T>(
    zone: &'z Zone,
    items: impl IntoIterator<Item = T, IntoIter: DoubleEndedIterator>,
) -> Option<&'z List<'z, T>> {
    items.into_iter().rev().fold(None, |tail, head| Some(&*zone.alloc(List { head, tail })))
}

// Zones

/// xtlang: `Zone size` makes a zone; a size of 0 is allowed, the first allocation brings memory.
#[test]
fn z01_a_zone_of_size_zero_takes_nothing_until_used() {
    let calls = counting::calls();
    let zone = Zone::new(0);
    assert_eq!((zone.used(), zone.capacity(), zone.blocks()), (0, 0, 0));
    assert_eq!(counting::calls(), calls);
    zone.alloc(1_u64);
    assert_eq!((counting::calls(), zone.used(), zone.blocks()), (calls + 1, 8, 1));

    let sized = Zone::new(10_000);
    assert_eq!((counting::calls(), sized.used(), sized.blocks()), (calls + 2, 0, 1));
    assert!(sized.capacity() >= 10_000);
}

/// xtlang: sizes that are no multiple of 32 overflow the heap by up to 31 bytes.
/// Differs: nothing lies past the block, because safe code must not corrupt the heap.
#[test]
fn z02_no_size_reaches_past_its_block() {
    for size in 1..100 {
        let zone = Zone::builder().capacity(size).fixed().build();
        assert_eq!(zone.capacity(), size);
        zone.alloc_slice(size, 0xA5_u8);
        assert_eq!((zone.used(), zone.remaining()), (size, 0));
        assert!(zone.try_alloc(0_u8).is_err());
    }
    let zone = Zone::builder().capacity(1000).fixed().build();
    let start = address(zone.alloc(0xA5_u8));
    let mut end = start + 1;
    for size in [31, 33, 1, 100, 500, 263] {
        let bytes = zone.alloc_slice(size, 0xA5_u8);
        assert!(address(bytes) >= end);
        end = address(bytes) + size;
    }
    assert_eq!((end, zone.remaining()), (start + 999, 0));
}

/// xtlang: a header of 32 bytes, rounded to 32, cleared: 1..32 bytes take 64, 33 take 96, 0 take 32.
/// Differs: no header, steps of 8, because slices know their length; what an allocation holds is
/// said by the method that makes it, because clearing what is then overwritten is work for nothing.
#[test]
fn z03_no_header_steps_of_8_and_each_method_says_what_it_fills() {
    for (bytes, taken) in [(0, 0), (1, 8), (8, 8), (17, 24), (32, 32), (33, 40)] {
        let zone = Zone::new(1024);
        zone.alloc_slice(bytes, 0_u8);
        assert_eq!(zone.used(), taken, "{bytes} bytes");
    }
    let mut zone = Zone::new(1024);
    let place = address(zone.alloc_slice(4, 7.0_f64));
    assert_eq!(zone.used(), 32);

    // The same memory, with what was there before: filled, not cleared first, or not filled.
    zone.reset().unwrap();
    let filled = zone.alloc_slice(4, 0.5_f64);
    assert_eq!((address(filled), &*filled), (place, &[0.5; 4][..]));
    zone.reset().unwrap();
    let left = zone.alloc_uninit::<f64>(4);
    assert_eq!((address(left), left.len()), (place, 4));
}

/// xtlang: an allocation that fits exactly never fits.
/// Differs: it does, because a zone of n bytes is there to hold n bytes.
#[test]
fn z04_an_exact_fit_fits() {
    for size in [64, 100] {
        let fixed = Zone::builder().capacity(size).fixed().build();
        assert_eq!(fixed.try_alloc_slice(size, 7_u8).map(|bytes| bytes.len()), Ok(size));
        assert_eq!((fixed.used(), fixed.remaining(), fixed.blocks()), (size, 0, 1));
    }
    let growing = Zone::new(4000);
    growing.alloc_slice(growing.remaining(), 7_u8);
    assert_eq!((growing.remaining(), growing.blocks()), (0, 1));
    growing.alloc(7_u8);
    assert_eq!(growing.blocks(), 2);
}

/// xtlang: a full zone takes a segment of max(size, request) x 2; the old one's rest is lost until
/// the zone is destroyed.
/// Differs: the blocks double up to a cap (see the unit tests of `src/region/bump.rs`), because a long
/// life must not double for ever; a reset makes all of them available, the rests too.
#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn z05_blocks_double_and_are_used_again_after_a_reset() {
    let mut zone = Zone::new(16_000);
    let (mut sizes, mut places) = (vec![zone.capacity()], [0; 500]);
    for place in &mut places {
        let before = zone.capacity();
        *place = address(zone.alloc_uninit::<u8>(1000));
        sizes.extend(Some(zone.capacity() - before).filter(|&size| size > 0));
    }
    // But for headers, and for what keeps the zone below 2.2 times what it holds.
    let twice = |pair: &[usize]| (pair[0] * 2).abs_diff(pair[1]) <= pair[0] / 8;
    assert!(sizes.len() >= 5 && sizes.windows(2).all(twice), "{sizes:?}");
    let (blocks, capacity) = (zone.blocks(), zone.capacity());
    assert!(zone.remaining() < capacity - zone.used(), "rests of older blocks are left over");

    zone.reset().unwrap();
    assert_eq!((zone.used(), zone.remaining()), (0, capacity));
    let calls = counting::calls();
    assert_eq!(places, places.map(|_| address(zone.alloc_uninit::<u8>(1000))));
    assert_eq!((counting::calls(), zone.blocks(), zone.capacity()), (calls, blocks, capacity));
}

/// xtlang: `reset_zone` rewinds the newest segment only; hooks stay and point into reused memory.
/// Differs: hooks run first and all blocks are rewound, because a hook belongs to what was there.
#[test]
fn z06_reset_runs_the_hooks_and_rewinds_to_the_first_block() {
    let log = Log::default();
    let mut zone = Zone::new(1024);
    let first = address(zone.alloc(1_u8));
    zone.on_cleanup(log.hook("older"));
    zone.alloc_slice(5000, 7_u8);
    // A hook in the second block, with state of its own there.
    let (to, state) = (log.clone(), [7_u64; 8]);
    zone.on_cleanup(move || to.note(format!("newer, {}", state.iter().sum::<u64>())));
    let capacity = zone.capacity();

    reset_zone(&mut zone).unwrap();
    assert_eq!(log.take(), ["newer, 56", "older"]);
    assert_eq!((zone.used(), address(zone.alloc(2_u8))), (0, first));
    zone.alloc_slice(5000, 8_u8);
    assert_eq!((zone.blocks(), zone.capacity()), (2, capacity));
    // Each runs once.
    zone.reset().unwrap();
    drop(zone);
    assert!(log.take().is_empty());
}

/// xtlang: `destroy_zone` frees all segments, runs no hook, and leaves the zone on stacks.
/// Differs: hooks run, and a zone that is on a stack or has handles stays, because what still
/// refers to it would dangle.
#[test]
fn z07_destroy_runs_hooks_once_and_spares_what_is_in_use() {
    let log = Log::default();
    let (asked, freed) = (counting::bytes_asked(), counting::bytes_freed());
    let zone = Zone::new(1024);
    for _ in 0..10 {
        zone.alloc_slice(1000, 7_u8);
    }
    let taken = counting::bytes_asked() - asked;
    assert!(zone.blocks() > 2 && taken > 10_000);
    zone.on_cleanup(log.hook("gone"));
    let other = zone.clone();
    assert_eq!(destroy_zone(zone), Err(ZoneError::InUse { handles: 1 }));
    push_zone(&other);
    assert_eq!(destroy_zone(other), Err(ZoneError::InUse { handles: 1 }));
    let zone = pop_zone().unwrap();
    assert!(log.take().is_empty() && counting::bytes_freed() - freed < taken);
    assert_eq!(destroy_zone(zone), Ok(()));
    assert_eq!(log.take(), ["gone"]);
    assert!(counting::bytes_freed() - freed >= taken);
}

/// xtlang: one global recursive mutex around each allocation.
/// Differs: no lock, because a zone belongs to one thread (`tests/ui/send/zone.rs`,
/// `tests/ui/send/zone_scoped.rs`). One thread is stopped in the middle of an allocation here
/// until another has done all there is to do: with a lock between them this would never end.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn z08_threads_do_not_wait_for_each_other() {
    let (to_second, from_first) = mpsc::channel();
    let (to_first, from_second) = mpsc::channel();
    let first = thread::spawn(move || {
        let zone = Zone::new(1024);
        *zone.alloc_with(|| {
            to_second.send(()).unwrap();
            from_second.recv().unwrap()
        })
    });
    from_first.recv().unwrap();
    let mut zone = Zone::new(0);
    zone.alloc_slice(10_000, 7_u8);
    let used = zone.used();
    zone.reset().unwrap();
    let sum = letz!(a = [1_usize; 10] => a.iter().sum::<usize>());
    assert_eq!(destroy_zone(zone), Ok(()));
    to_first.send(used + sum).unwrap();
    assert_eq!(first.join().unwrap(), 10_010);
}

/// xtlang: without memory a null is cleared, or the program aborts.
/// Differs: an error, or a panic from the plain methods, and nothing has changed, because the
/// caller may have something better to do than to die.
#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn z09_no_memory_is_an_error_that_changes_nothing() {
    let zone = Zone::new(1024);
    zone.alloc(1_u8);
    let state = || (zone.used(), zone.capacity(), zone.remaining(), zone.blocks(), zone.handles());
    let before = state();
    let refused = counting::without_memory(|| zone.try_alloc_slice(10_000, 7_u8).map(drop));
    assert!(matches!(refused, Err(ZoneError::OutOfMemory { requested }) if requested >= 10_000));
    let refused = counting::without_memory(|| Zone::try_new(1024).map(drop));
    assert!(matches!(refused, Err(ZoneError::OutOfMemory { requested }) if requested >= 1024));
    let refused = zone.try_alloc_slice(usize::MAX, 7_u64).map(drop);
    assert!(matches!(refused, Err(ZoneError::TooLarge { requested: usize::MAX, .. })));
    assert_eq!(state(), before);
    zone.alloc_slice(10_000, 7_u8);
    assert_eq!(zone.blocks(), 2);

    let fixed = Zone::builder().capacity(64).fixed().build();
    let panic = catch_unwind(|| drop(fixed.boxed_slice(65, 7_u8))).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.starts_with("memzone: limit reached: 65 bytes requested, 0 of at most 64"));
    assert_eq!((fixed.used(), fixed.remaining()), (0, 64));
}

/// xtlang: printing a zone shows its address, the size of all segments, what is free in the newest,
/// and how many segments there are.
#[test]
fn z10_a_zone_prints_itself() {
    let zone = named("voices");
    zone.alloc(1_u8);
    let other = zone.clone();
    let capacity = zone.capacity();
    let text = format!("zone voices: 8 of {capacity} bytes used, blocks: 1, handles: 2");
    assert_eq!(zone.to_string(), text);
    drop(other);
    assert!(zone.to_string().ends_with("handles: 1"));
    assert!(Zone::new(64).to_string().starts_with("zone 0x"));
}

/// xtlang: `llvm_ptr_in_zone` says whether a pointer lies in any segment's capacity.
/// Differs: in the used part, because what lies behind it is not a value of the zone's.
#[test]
fn z11_contains_is_about_the_used_part() {
    let (mut zone, local, other) = (Zone::new(1024), 0_u8, Zone::new(64));
    let old = zone.alloc_slice(4, 1_u64).as_ptr();
    let behind = old.wrapping_add(4);
    assert!(zone.contains(old) && zone.contains(old.wrapping_add(3)));
    assert!(!zone.contains(behind) && zone.remaining() >= 8);
    assert_eq!(address(zone.alloc(2_u64)), behind.addr());
    assert!(zone.contains(behind));
    assert!(!zone.contains(&local) && !zone.contains(other.alloc(1_u8)));

    let grown = zone.alloc_slice(10_000, 7_u8).as_ptr();
    assert!(zone.blocks() == 2 && zone.contains(grown) && zone.contains(old));
    zone.reset().unwrap();
    assert!(!zone.contains(old) && !zone.contains(grown));
}

/// xtlang: `push_zone`, `push_new_zone`, `pop_zone`, `peek_zone` on a stack of the thread; a push
/// mallocs, a pop frees.
/// Differs: neither does in steady state, because both may happen on a real-time thread.
#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn z12_pushing_and_popping_take_nothing_from_the_system() {
    on_a_new_thread(|| {
        let (a, b) = (named("a"), named("b"));
        push_zone(&a);
        push_zone(&b);
        assert_eq!((zone_depth(), current_name()), (2, "b"));
        assert_eq!(pop_zone().unwrap().name(), Some("b"));
        let c = push_new_zone(1000);
        assert!(c.capacity() >= 1000 && same(&c, &peek_zone()));
        assert!(same(&pop_zone().unwrap(), &c));
        assert_eq!((zone_depth(), current_name()), (1, "a"));

        let before = (counting::calls(), counting::frees());
        for _ in 0..times(1000) {
            push_zone(&b);
            drop(peek_zone());
            drop(pop_zone().unwrap());
        }
        assert_eq!((counting::calls(), counting::frees()), before);
        assert_eq!((zone_depth(), a.handles(), b.handles()), (1, 1, 1));
    });
}

/// xtlang: peek on an empty stack makes a default zone of 1 MB, which can be popped; the next peek
/// makes another.
/// Differs: one a thread, never popped, because nobody owns it who could destroy it.
#[test]
fn z13_one_default_zone_that_stays() {
    on_a_new_thread(|| {
        let default = peek_zone();
        assert_eq!((default.name(), default.blocks()), (Some("default"), 1));
        assert!(default.capacity() >= 1 << 20);
        let calls = counting::calls();
        assert_eq!(pop_zone().unwrap_err(), ZoneError::StackEmpty);
        assert!(same(&peek_zone(), &default));
        assert_eq!((zone_depth(), counting::calls()), (0, calls));
    });
}

/// xtlang: nothing is freed when a thread ends (50 threads leaked 50 MB).
/// Differs: everything is, because threads come and go.
#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn z14_a_thread_frees_all_when_it_ends() {
    // Pieces this large are zones' blocks.
    static WATCH: counting::Watch = counting::Watch::new(1 << 10);
    thread_local! {
        static HELD: RefCell<Option<ZBox<[u8]>>> = const { RefCell::new(None) };
    }
    fn scopes(depth: usize) -> usize {
        if depth == 0 { 0 } else { beginz!(z => *z.alloc(1) + scopes(depth - 1)) }
    }
    let threads = if cfg!(miri) { 2 } else { 50 };
    for number in 0..threads {
        on_a_new_thread(move || {
            WATCH.watch_this_thread();
            // A live handle in another thread-local, which ends before or after memzone's own.
            if number % 2 == 0 {
                HELD.with(|_| ());
            }
            HELD.set(Some(alloc(5000)));
            push_new_zone(10_000);
            assert_eq!(scopes(20), 20);
        });
    }
    // The default zone, the one left on the stack, and the scopes' spare ones.
    assert!(WATCH.bytes_asked() >= threads * ((1 << 20) + 10_000 + 20 * 4096));
    assert_eq!(WATCH.bytes_freed(), WATCH.bytes_asked());
}

/// xtlang: `alloc` (= `zalloc`) counts elements, takes the type from context, clears, and allocates
/// from the function's implicit zone.
/// Differs: the count is always said, because Rust has no default arguments; the values are
/// `T::default()`, because not every type's zero is a value.
#[test]
fn z15_alloc_takes_elements_from_the_current_zone() {
    let mut zone = Zone::new(4096);
    // Dirty memory, so that what is cleared is seen.
    zone.alloc_slice(4000, 0xFF_u8);
    zone.reset().unwrap();
    zone.enter(|| {
        let one: ZBox<[f64]> = alloc(1);
        let ten = alloc::<f64>(10);
        let chars = zalloc::<char>(3);
        assert_eq!((&*one, &*ten, &*chars), (&[0.0][..], &[0.0; 10][..], &['\0'; 3][..]));
        assert!(zone.contains(&*one) && zone.contains(&*ten) && zone.contains(&*chars));
        assert_eq!((zone.used(), zone.handles()), (8 + 80 + 16, 4));
    });
    // From a named one, whichever is current.
    let other = Zone::new(64);
    other.enter(|| zone.alloc(1_u8));
    assert_eq!((zone.used(), other.used()), (8, 0));
}

/// xtlang: a zone that a callee pushes and leaves there does not redirect its caller.
/// Differs: a plain call does, because a function has no zone of its own here; around it a scope or
/// `Zone::enter` restores the stack, and a zone that is named is never redirected.
#[test]
fn z16_a_scope_restores_the_stack_it_found() {
    fn callee() {
        push_zone(&named("left"));
    }
    let zone = named("caller's");
    zone.enter(|| {
        beginz!(z => {
            callee();
            assert_eq!((zone_depth(), current_name()), (3, "left"));
            z.alloc(1_u8);
            assert_eq!(z.used(), 8);
        });
        assert_eq!((zone_depth(), current_name()), (1, "caller's"));
        zone.enter(callee);
        assert_eq!((zone_depth(), current_name()), (1, "caller's"));
        callee();
        assert_eq!((zone_depth(), current_name()), (2, "left"));
    });
    assert_eq!(zone_depth(), 0);
}

// Scopes

/// xtlang: `(memzone size body)`, `(beginz body...)` and `(letz bindings body...)` of 4096 bytes,
/// `(letz size bindings body...)`.
#[test]
fn s01_scopes_with_and_without_a_size() {
    assert_eq!(beginz!(1024, { 40 + 2 }), 42);
    assert!(beginz!(z => z.remaining() >= 4096));
    assert!(beginz!(100_000, z => z.remaining() >= 100_000));
    let n = 5;
    assert_eq!(letz!(a = [2_i64; n], b = 10_i64 => a.iter().sum::<i64>() + *b), 20);
    assert_eq!(letz!(100_000, z; a = [2_i64; n] => (a.len(), z.remaining() >= 90_000)), (5, true));
    assert_eq!(try_beginz!(1024, { 42 }), Ok(42));
    assert_eq!(try_letz!(1024, a = 42 => *a), Ok(42));
}

/// xtlang: the document's `beginz 32000` sets the size; the code evaluates it and throws it away.
/// Differs: it sets the size, because that is the intent.
#[test]
fn s02_the_size_of_beginz_counts() {
    on_a_new_thread(|| {
        assert!(beginz!(z => z.remaining()) < 320_000);
        beginz!(320_000, z => {
            assert!(z.remaining() >= 320_000);
            z.alloc_uninit::<u8>(320_000);
            assert_eq!(z.blocks(), 1);
        });
    });
}

/// xtlang: at its exit a scope pops, copies the result to the zone below, runs the hooks (newest
/// first, the zone below being current), and destroys.
/// Differs: it rewinds in place of destroying, because the next scope is to find the memory; on
/// unwinding the same happens without the copy.
#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn s03_a_scope_copies_then_runs_hooks_then_rewinds() {
    struct Probe(Log);
    impl<'z> DeepCopy<'z> for Probe {
        type Copied = Probe;
        fn deep_copy(&self, to: &'z Zone) -> Result<Probe, ZoneError> {
            self.0.note(format!("copy to {}, current: {}", to.name().unwrap(), current_name()));
            Ok(Probe(self.0.clone()))
        }
    }
    fn scope(log: &Log, places: &mut Vec<usize>, panics: bool) -> Probe {
        beginz!(z => {
            places.push(address(z.alloc_slice(64, 7_u8)));
            for text in ["older", "newer"] {
                let to = log.clone();
                z.on_cleanup(move || {
                    to.note(format!("{text}, current: {}, {}", current_name(), zone_depth()));
                });
            }
            if panics {
                resume_unwind(Box::new("unwinding"));
            }
            Probe(log.clone())
        })
    }
    let (log, mut places) = (Log::default(), Vec::new());
    named("below").enter(|| {
        let hooks = ["newer, current: below, 1", "older, current: below, 1"];
        scope(&log, &mut places, false);
        assert_eq!(log.take(), ["copy to below, current: below", hooks[0], hooks[1]]);
        let unwinding = AssertUnwindSafe(|| scope(&log, &mut places, true));
        assert!(catch_unwind(unwinding).is_err());
        assert_eq!(log.take(), hooks);
        assert_eq!((zone_depth(), current_name()), (1, "below"));
        scope(&log, &mut places, false);
    });
    assert_eq!(places, [places[0]; 3], "each scope found the memory of the one before");
}

/// xtlang: a body of no value must end in a form that is recognised as such.
/// Differs: `()` is a value like any other, because it is one in Rust.
#[test]
fn s04_unit_is_a_value() {
    let mut calls = 0;
    let mut call = || calls += 1;
    let () = beginz!(z => { z.alloc(1); });
    let () = beginz!({ call() });
    let () = beginz!({
        for _ in 0..1 {
            call()
        }
    });
    let () = letz!(a = [1, 2, 3] => for _ in a.iter() { call() });
    assert_eq!(try_beginz!({ call() }), Ok(()));
    assert_eq!(beginz!((call(), 7)), ((), 7));
    assert_eq!(calls, 7);
}

/// xtlang: `(memzone size delay body)` destroys the zone some samples later, without its hooks, so
/// that pointers into it may be used for a while.
/// Differs: a `ZBox` or a handle keeps the zone exactly as long as it is used, because no number of
/// samples is right for every use.
#[test]
fn s05_a_box_keeps_the_scopes_zone_as_long_as_it_is_used() {
    let (log, kept) = (Log::default(), RefCell::new(None));
    let capacity = beginz!(z => {
        z.on_cleanup(log.hook("gone"));
        kept.replace(Some(z.boxed(5.5_f64)));
        assert_eq!(z.handles(), 2);
        z.capacity()
    });
    let kept = kept.take().unwrap();
    assert_eq!(ZBox::zone(&kept).handles(), 1);
    // Scopes go on in other memory.
    for _ in 0..10 {
        beginz!(z => {
            z.alloc_slice(500, 0xFF_u8);
            assert!(!z.contains(&*kept));
        });
    }
    assert_eq!((*kept, log.take().len()), (5.5, 0));
    let freed = counting::bytes_freed();
    drop(kept);
    assert!(capacity >= 4096 && counting::bytes_freed() - freed >= capacity as u64);
    assert_eq!(log.take(), ["gone"]);
}

/// The same where it may not be freed on this thread: what is sole is retired, and freed elsewhere.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn s05_what_is_no_longer_used_is_freed_elsewhere() {
    let reclaimer = Reclaimer::new();
    let mut retirer = reclaimer.retirer(4);
    let log = Log::default();
    let zone = Zone::new(4096);
    zone.alloc(5.5_f64);
    zone.on_cleanup(log.hook("gone"));
    let zone = zone.into_sendable().unwrap();
    let freed = counting::bytes_freed();
    retirer.retire(zone).unwrap();
    assert_eq!((counting::bytes_freed(), log.take().len()), (freed, 0));
    let collected = thread::spawn(move || reclaimer.collect()).join().unwrap();
    assert_eq!(collected, 1);
    assert_eq!(log.take(), ["gone"]);
}

/// xtlang: scopes nest, also in a closure that a scope calls; a result passes through two copies.
#[test]
fn s06_a_result_passes_through_two_copies() {
    let caller = Zone::new(4096);
    let result: &mut [f64] = beginz!(a in &caller => {
        let squares = |input: &[f64]| -> &mut [f64] {
            beginz!(b in a => b.alloc_iter(input.iter().map(|x| x * x)))
        };
        let once = squares(a.alloc_slice(10, 2.0));
        assert!(a.contains(once.as_ptr()) && !caller.contains(once.as_ptr()));
        // The second one begins at a multiple of 32.
        assert_eq!(a.used(), 96 + 80);
        once
    });
    assert_eq!(result, [4.0; 10]);
    assert!(caller.contains(result.as_ptr()));
    assert_eq!(caller.used(), 80);
}

/// xtlang: a scope's scalar result survives later allocations in the zone below.
#[test]
fn s07_a_scalar_survives_later_allocations() {
    let zone = Zone::new(4096);
    zone.enter(|| {
        let result = beginz!(z => z.alloc_slice(10, 3.5_f64)[9]);
        assert_eq!(zone.used(), 0, "a scalar takes no memory of the zone below");
        zone.alloc_slice(100, 0xFF_u8);
        beginz!(z => { z.alloc_slice(100, 0xFF_u8); });
        assert_eq!(result, 3.5);
    });
}

/// xtlang: `zone_cleanup` in a callee registers a hook with the zone on top.
#[test]
fn s08_a_callee_registers_a_hook_with_the_current_zone() {
    fn callee(log: &Log) {
        peek_zone().on_cleanup(log.hook("cleanup"));
    }
    let log = Log::default();
    beginz!(outer => {
        beginz!({
            callee(&log);
            log.note("inner ends");
        });
        assert_eq!(log.take(), ["inner ends", "cleanup"]);
        assert_eq!(outer.used(), 0, "the hook was the inner scope's");
    });
    assert!(log.take().is_empty());
}

/// xtlang: hooks never run on default, callback, async or closure zones.
/// Differs: they run wherever a zone is reset or destroyed, because a hook that may not run is none.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn s09_hooks_run_on_every_kind_of_zone() {
    let log = Log::default();
    let on_thread = log.clone();
    on_a_new_thread(move || {
        peek_zone().on_cleanup(on_thread.hook("default"));
        push_new_zone(64).on_cleanup(on_thread.hook("left on the stack"));
        on_thread.note("thread ends");
    });
    assert_eq!(log.take(), ["thread ends", "left on the stack", "default"]);

    let travels = Zone::new(64);
    travels.on_cleanup(log.hook("on another thread"));
    let travels = travels.into_sendable().unwrap();
    on_a_new_thread(move || drop(travels.into_zone()));
    assert_eq!(log.take(), ["on another thread"]);

    let zone = Zone::new(64);
    zone.on_cleanup(log.hook("under a box"));
    let boxed = zone.boxed(1);
    drop(zone);
    assert!(log.take().is_empty());
    drop(boxed);
    assert_eq!(log.take(), ["under a box"]);
}

// Copying

/// xtlang: plain values are returned as they are.
#[test]
fn c01_plain_values_are_returned_as_they_are() {
    let outer = Zone::new(1024);
    let value = beginz!(_z in &outer => (1_u8, -2_i64, 0.5_f32, true, 'x', [1_u16, 2], Some(())));
    assert_eq!(value, (1, -2, 0.5, true, 'x', [1, 2], Some(())));
    assert_eq!(beginz!(_z in &outer => Point { x: 1.0, y: 2.0 }), Point { x: 1.0, y: 2.0 });
    assert_eq!(outer.used(), 0);
}

#[derive(DeepCopy)]
struct Note<'z> {
    pitch: f32,
    name: &'z str,
    samples: &'z [f32],
    gain: &'z mut f32,
    next: Option<&'z Note<'z>>,
}

/// xtlang: a named type is copied if it lies in the source zone, field by field; pointers to named
/// types are followed, others share or copy one pointee.
/// Differs: all that is reachable is copied, wherever it lies, because only then does the copy
/// depend on nothing but its zone.
#[test]
fn c02_all_that_is_reachable_is_copied() {
    let outer = Zone::new(4096);
    let samples = [0.25_f32; 3];
    let note = beginz!(z in &outer => {
        let next = Note { pitch: 2.0, name: "literal", samples: &[], gain: z.alloc(2.5), next: None };
        Note {
            pitch: 1.0,
            name: z.alloc_str("a4"),
            samples: &samples,
            gain: z.alloc(1.5),
            next: Some(z.alloc(next)),
        }
    });
    let next = note.next.unwrap();
    assert_eq!((note.pitch, note.name, note.samples, *note.gain), (1.0, "a4", &samples[..], 1.5));
    assert_eq!((next.pitch, next.name, *next.gain), (2.0, "literal", 2.5));
    assert!(next.samples.is_empty() && next.next.is_none());
    assert!(outer.contains(note.name.as_ptr()) && outer.contains(note.samples.as_ptr()));
    assert!(outer.contains(note.gain) && outer.contains(next));
    assert!(outer.contains(next.name.as_ptr()) && outer.contains(next.gain));
    assert_ne!(note.samples.as_ptr(), samples.as_ptr());
    *note.gain = 3.0;
}

/// xtlang: a pointer to n doubles keeps one; a pointer to an array type keeps all.
/// Differs: slices know their length, because a part of a result is none.
#[test]
fn c03_a_slice_keeps_all_its_elements() {
    let outer = Zone::new(1024);
    let ten = beginz!(z in &outer => z.alloc_slice_with(10, |n| n as f64));
    assert_eq!(ten, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    assert_eq!(outer.used(), 80);
    let array = beginz!(z in &outer => z.alloc([0.5_f64; 4]));
    assert_eq!((*array, outer.used()), ([0.5; 4], 80 + 32));
    assert!(outer.contains(ten) && outer.contains(array));
}

/// xtlang: strings copy their text, symbols alias it.
#[test]
fn c04_text_is_copied_moved_or_kept() {
    const SYMBOL: &str = "a symbol";
    let outer = Zone::new(1024);
    let text: &str = beginz!(z in &outer => &*z.alloc_str("a string"));
    assert_eq!((text, outer.contains(text), outer.used()), ("a string", true, 8));
    let symbol = beginz!(Keep(SYMBOL)).0;
    assert_eq!(symbol.as_ptr(), SYMBOL.as_ptr());
    let (owned, place) = beginz!({
        let owned = String::from("owned");
        let place = address(&*owned);
        (owned, place)
    });
    assert_eq!((&*owned, address(&*owned)), ("owned", place));
}

/// xtlang: a returned closure copies one word; its state dangles.
/// Differs: a closure that borrows from the scope's zone does not compile
/// (`tests/ui/letz/closure.rs`, `tests/ui/scope/assign_closure.rs`), because there is no
/// copying what a closure captured. One that owns its state may leave: in a `Keep`, where it may be
/// cloned, or as a `ZoneFn`, with its zone.
#[test]
fn c05_a_closure_that_owns_its_state_may_leave() {
    let (Keep(mut counter), place) = beginz!(z => {
        let mut state = z.boxed(40);
        let place = address(&*state);
        (Keep(move || { *state += 1; (*state, address(&*state)) }), place)
    });
    assert_eq!(counter(), (41, place));
    beginz!(z => { z.alloc_slice(4000, 0xFF_u8); });
    assert_eq!(counter(), (42, place));

    fn made_in_a_scope() -> ZoneFn<dyn FnMut(()) -> (i32, usize)> {
        beginz!(z => {
            let start = z.alloc(40);
            return ZoneFn::new(256, |own| {
                let state = own.alloc(*start);
                own.closure(move |()| { *state += 1; (*state, address(&*state)) })
            });
        })
    }
    let mut counter = made_in_a_scope();
    let (first, place) = counter(());
    beginz!(z => { z.alloc_slice(4000, 0xFF_u8); });
    assert_eq!((first, counter(())), (41, (42, place)));
}

/// xtlang: what lies outside the source zone is not followed, even if it points back into it.
/// Differs: it is followed; that it points into a zone that ends first cannot be written
/// (`tests/ui/escape/cell.rs`, `tests/ui/scope/in_shorter.rs`), because lifetimes forbid it.
#[test]
fn c06_what_lies_elsewhere_is_followed_too() {
    let (elsewhere, outer) = (Zone::new(1024), Zone::new(1024));
    let known = list(&elsewhere, [2, 3]);
    let copied = beginz!(z in &outer => z.alloc(List { head: 1, tail: known }));
    assert_eq!(Some(&*copied), list(&elsewhere, [1, 2, 3]));
    let (second, old) = (copied.tail.unwrap(), known.unwrap());
    assert!(outer.contains(second) && outer.contains(second.tail.unwrap()));
    assert_ne!(address(second), address(old));
}

/// xtlang: shared nodes are duplicated, cycles never end, long lists exhaust the stack.
/// Differs: long lists and deep trees copy and a cycle is an error, because no value that safe code
/// can build may crash it. Shared nodes are duplicated too.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn c07_shared_long_and_cyclic() {
    #[derive(DeepCopy)]
    struct Ring<'z>(Cell<Option<&'z Ring<'z>>>);
    #[derive(DeepCopy)]
    enum Tree<'z> {
        Leaf,
        Fork(&'z Tree<'z>, &'z Tree<'z>),
    }
    let (inner, outer) = (Zone::new(0), Zone::new(0));
    let shared = &*inner.alloc(7_u64);
    let (a, b) = zcopy(&(shared, shared), &outer);
    assert_eq!((*a, *b, outer.used()), (7, 7, 16));
    assert_ne!(address(a), address(b));

    let ring = &*inner.alloc(Ring(Cell::new(None)));
    ring.0.set(Some(inner.alloc(Ring(Cell::new(Some(ring))))));
    assert_eq!(try_zcopy(&ring, &outer).err(), Some(ZoneError::Cycle));
    assert_eq!((*a, *outer.alloc(8)), (7, 8));

    let on_little_stack = thread::Builder::new().stack_size(256 << 10);
    let copying = on_little_stack.spawn(|| {
        let (inner, outer) = (Zone::new(0), Zone::new(0));
        let count = times(100_000);
        let copied = zcopy(&list(&inner, 0..count), &outer);
        let nodes = std::iter::successors(copied, |node| node.tail);
        assert!(nodes.map(|node| node.head).eq(0..count));

        let leaf = || &*inner.alloc(Tree::Leaf);
        let tree = (0..count).fold(leaf(), |tree, _| inner.alloc(Tree::Fork(tree, leaf())));
        let (mut copied, mut depth) = (zcopy(&tree, &outer), 0);
        while let Tree::Fork(deeper, _) = copied {
            (copied, depth) = (deeper, depth + 1);
        }
        assert_eq!(depth, count);
    });
    copying.unwrap().join().unwrap();
}

/// xtlang: `zcopy value from to`.
/// Differs: no `from`, because all that is reachable is copied.
#[test]
fn c08_zcopy_copies_by_hand() {
    let (from, to) = (Zone::new(1024), Zone::new(1024));
    let source = from.alloc_slice(3, Point { x: 1.0, y: 2.0 });
    let copied = zcopy(&source, &to);
    assert!(to.contains(copied) && !from.contains(copied));
    assert_eq!((to.used(), from.used()), (48, 48));
    copied[0].x = 5.0;
    assert_eq!((source[0].x, copied[2]), (1.0, source[2]));
}

/// xtlang: `hcopy`, `hfree`: a deep copy on the heap and a deep free, generated for each type.
/// Differs: an owner frees what it owns when it is dropped, because nobody can forget that.
#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn c09_what_a_value_owns_is_copied_and_freed_deeply() {
    #[derive(Debug, PartialEq, DeepCopy)]
    struct Branch {
        name: String,
        children: Vec<Branch>,
        gain: HBox<f32>,
    }
    let leaf = |name: &str| Branch { name: name.into(), children: vec![], gain: halloc(0.5) };
    let tree = Branch { children: vec![leaf("a"), leaf("b")], ..leaf("root") };
    let zone = Zone::new(0);
    let (asked, freed) = (counting::bytes_asked(), counting::bytes_freed());
    let copied = zcopy(&tree, &zone);
    assert_eq!(copied, tree);
    assert_ne!(address(&*copied.children[1].name), address(&*tree.children[1].name));
    let taken = (4 + 1 + 1 + 3 * 4 + 2 * size_of::<Branch>()) as u64;
    assert_eq!((counting::bytes_asked() - asked, zone.used()), (taken, 0));
    drop(copied);
    assert_eq!(counting::bytes_freed() - freed, taken);
}

/// xtlang: a copied block's size is read from its header; a mismatch copies nothing and returns 1,
/// a match overruns by 32 bytes.
/// Differs: sizes are the types', because they are known.
#[test]
fn c10_a_copy_has_its_types_size() {
    let source = [7_u8; 100];
    for size in 1..100 {
        let to = Zone::builder().capacity(size).fixed().build();
        let copied = zcopy(&&source[..size], &to);
        assert_eq!((copied, to.used(), to.remaining()), (&source[..size], size, 0));

        let full = Zone::builder().capacity(size).fixed().build();
        let error = try_zcopy(&&source[..=size], &full).unwrap_err();
        let requested = size + 1;
        assert_eq!(error, ZoneError::LimitReached { requested, limit: size, used: 0 });
        assert_eq!((full.used(), full.remaining()), (0, size));
    }
}

// Constructors, stack, heap

/// xtlang: `(Point x y)` and `Point_z` in the current zone, `Point_h` on the heap, `Point_val` on
/// the stack.
#[test]
fn h01_a_value_in_a_zone_on_the_heap_or_on_the_stack() {
    let zone = Zone::new(1024);
    let on_stack = Point { x: 1.0, y: 2.0 };
    let borrowed = zone.alloc(Point { x: 1.0, y: 2.0 });
    let owned = zone.enter(|| ZBox::new(Point { x: 1.0, y: 2.0 }));
    let on_heap = halloc(Point { x: 1.0, y: 2.0 });
    assert!(zone.contains(borrowed) && zone.contains(&*owned));
    assert!(!zone.contains(&on_stack) && !zone.contains(&*on_heap));
    assert_eq!((*borrowed, *owned, *on_heap, zone.used()), (on_stack, on_stack, on_stack, 32));
}

/// Calls itself so many times with stack memory of another size each, and sums what is in it.
fn nested_stack_memory(calls: usize) -> f64 {
    let Some(left) = calls.checked_sub(1) else { return 0.0 };
    let fixed = salloc![1.0_f64; 8];
    let variable = |samples: &mut [f64]| {
        let below = nested_stack_memory(left);
        assert_eq!(samples, vec![2.0; calls], "nobody else wrote here");
        samples.iter().sum::<f64>() + below
    };
    salloc_with(calls, 2.0, variable).unwrap() + fixed.iter().sum::<f64>()
}

/// xtlang: `salloc n` is uncleared and lives until the function returns; returning it is not stopped.
/// Differs: it is filled, because what is not could not be read; to return it does not compile
/// (`tests/ui/salloc/return.rs`); too much is an error, because a crash is no answer.
#[test]
fn h02_stack_memory_lives_until_its_function_returns() {
    let zone = Zone::new(64);
    let (filled, defaults) = (salloc![0.5_f32; 16], salloc!(f32; 16));
    assert_eq!((*filled, *defaults), ([0.5; 16], [0.0; 16]));
    assert!(!zone.contains(&raw const *filled) && zone.used() == 0);
    assert_eq!(nested_stack_memory(3), 3.0 * 8.0 + 2.0 * (3 + 2 + 1) as f64);
    const HUGE: usize = isize::MAX as usize;
    let refused = salloc_with(HUGE, 0_u8, |_| unreachable!());
    assert!(matches!(refused, Err(ZoneError::TooLarge { requested: HUGE, .. })));
}

/// xtlang: `halloc n` is a cleared malloc, ended by `free`; forgetting it leaks, and nobody checks
/// that there was memory.
/// Differs: the owner frees, because forgetting is human; what is forgotten on purpose the feature
/// `ledger` names (`tests/ledger.rs`); no memory is an error.
#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn h03_heap_memory_is_freed_once() {
    let (calls, frees) = (counting::calls(), counting::frees());
    let samples = halloc_slice(100, 0_i64);
    assert_eq!((samples.len(), samples[99], counting::calls() - calls), (100, 0, 1));
    free(samples);
    assert_eq!(counting::frees() - frees, 1);
    drop(halloc(5_u8));
    assert_eq!(counting::frees() - frees, 2);
    let refused = counting::without_memory(|| try_halloc(5_u8).err());
    assert_eq!(refused, Some(ZoneError::OutOfMemory { requested: 1 }));
}

/// xtlang: pointers to stack, zone and heap are used alike.
#[test]
fn h04_one_function_for_stack_zone_and_heap() {
    fn scale(samples: &mut [f64]) -> f64 {
        samples.iter_mut().for_each(|sample| *sample *= 2.0);
        samples.iter().sum()
    }
    let zone = Zone::new(1024);
    let (on_stack, mut on_heap) = (salloc![1.0; 4], halloc_slice(4, 1.0));
    let (in_zone, mut owned) = (zone.alloc_slice(4, 1.0), zone.boxed_slice(4, 1.0));
    let results = [&mut on_stack[..], &mut *on_heap, &mut *in_zone, &mut owned].map(scale);
    assert_eq!(results, [8.0; 4]);
    assert_eq!(letz!(a = [1.0_f64; 4] => scale(a)), 8.0);
    assert_eq!(salloc_with(4, 1.0, scale), Ok(8.0));
    for changed in [&on_stack[..], &on_heap, in_zone, &owned] {
        assert_eq!(changed, [2.0; 4]);
    }
}

// Closures and threads

/// A counter whose state lives in the zone.
fn counter(zone: &Zone) -> impl FnMut() -> i64 + Send {
    let count = zone.alloc(0);
    move || {
        *count += 1;
        *count
    }
}

/// xtlang: a function has a zone for its closure and captured state; state lives across calls, and
/// two makers are independent.
#[test]
fn k01_state_lives_across_calls() {
    let maker = || {
        ZoneFn::new(1024, |z| {
            let mut count = counter(z);
            z.closure(move |()| count())
        })
    };
    let (mut first, mut second) = (maker(), maker());
    assert_eq!([(); 4].map(|()| first(())), [1, 2, 3, 4]);
    assert_eq!((second(()), first(()), second(())), (1, 5, 2));
    assert!(first.used() > 32 && first.capacity() >= 1024);

    // In a zone that is borrowed.
    let zone = Zone::new(1024);
    let first: &mut dyn FnMut() -> i64 = zone.alloc(counter(&zone));
    assert_eq!((zone.used(), zone.contains(first)), (16, true));
    let second: &mut dyn FnMut() -> i64 = zone.alloc(counter(&zone));
    assert_eq!([first(), first(), first(), first()], [1, 2, 3, 4]);
    assert_eq!((second(), first(), second()), (1, 5, 2));
    assert_eq!(zone.used(), 32);
}

/// xtlang: recompiling a function builds a new zone; the old one is destroyed 441,000 samples later,
/// without asking whether it still plays.
/// Differs: the caller retires the old one when it takes up the new one, and only then is it
/// destroyed, because a hope is no proof. On the side that redefines, so that nothing is freed where it plays.
#[test]
fn k02_a_redefined_closure_dies_when_nobody_plays_it() {
    let log = Log::default();
    let level = |level: f32| {
        let hook = log.hook(if level < 1.0 { "the old one" } else { "the new one" });
        ZoneFn::new(1024, move |z| {
            z.on_cleanup(hook);
            let held = z.alloc(level);
            z.closure(move |()| *held)
        })
    };
    let (mut caller, binder) = hot(level(0.5));
    assert_eq!(caller(()), 0.5);
    binder.rebind(level(1.0));
    // However long it plays on.
    for _ in 0..times(441_000) {
        assert_eq!(caller.definition()(()), 0.5);
    }
    assert_eq!((binder.reclaim(), log.take().len()), (0, 0));
    assert_eq!(caller(()), 1.0);
    assert_eq!((binder.reclaim(), log.take()), (1, vec!["the old one".into()]));
}

/// xtlang: recompiling a function that schedules itself stops the old one.
/// Differs: the next call is to the new one, also where the old one had asked for it.
#[test]
fn k04_a_redefinition_stops_a_function_that_schedules_itself() {
    // What it returns is when it is to be called again.
    let step = |step: u32, until: u32| {
        ZoneFn::new(256, move |z| z.closure(move |now: u32| (now < until).then_some(now + step)))
    };
    let (mut caller, binder) = hot(step(10, u32::MAX));
    let (mut next, mut times) = (Some(0), Vec::new());
    while let Some(now) = next {
        times.push(now);
        if times.len() == 3 {
            binder.rebind(step(1, 22));
        }
        next = caller(now);
    }
    assert_eq!(times, [0, 10, 20, 21, 22]);
}

/// xtlang: a declared size for a closure's zone is ignored, it grows from 1024.
/// Differs: it is honoured, because growing may not happen where the closure plays.
#[test]
fn k03_a_declared_size_is_honoured() {
    let mut calls = 0;
    let mut sum = ZoneFn::new(1_000_000, |z| {
        calls = counting::calls();
        let state = z.alloc_slice(times(100_000), 1.0);
        let f = z.closure(move |()| state.iter().sum::<f64>());
        calls = counting::calls() - calls;
        f
    });
    assert_eq!((sum(()), sum.blocks(), calls), (times(100_000) as f64, 1, 0));
    assert!(sum.capacity() >= 1_000_000);

    // A plain zone likewise.
    let zone = Zone::new(1_000_000);
    let calls = counting::calls();
    let state = zone.alloc_uninit::<f64>(100_000);
    assert_eq!((state.len(), zone.blocks(), counting::calls()), (100_000, 1, calls));
}

/// xtlang: closures in a zone's buffer, arrays of closures, siblings that share an environment.
/// Differs: what `z.closure` makes is `Send`, so siblings in it share no `Cell` (`tests/ui/closure/zone_fn_capture_cell.rs`);
/// the closure around them owns their state. Closures that stay in a zone, put there with `alloc`, do.
#[test]
fn k05_arrays_of_closures_and_shared_state() {
    let mut channels = ZoneFn::new(4096, |z| {
        let mut delays = [0, 1, 2].map(|channel| {
            let last = z.alloc(f64::from(channel));
            z.closure(move |x| std::mem::replace(last, x))
        });
        z.closure(move |x: f64| delays.each_mut().map(|delay| delay(x)))
    });
    assert_eq!((channels(10.0), channels(20.0)), ([0.0, 1.0, 2.0], [10.0; 3]));
    let mut siblings = ZoneFn::new(4096, |z| {
        let shared = z.alloc(1);
        type Raise<'z> = Closure<'z, dyn FnMut(&mut i64, i64)>;
        type Read<'z> = Closure<'z, dyn FnMut(&i64) -> i64>;
        let mut raise: Raise<'_> = z.callback(|shared: &mut i64, by: i64| *shared += by);
        let mut read: Read<'_> = z.callback(|shared: &i64| *shared);
        z.closure(move |by| {
            raise(shared, by);
            read(shared)
        })
    });
    assert_eq!((siblings(9), siblings(1)), (10, 11));

    let zone = Zone::new(4096);
    let channels: &mut [&mut dyn FnMut(f64) -> f64] = zone.alloc_slice_with(3, |channel| {
        let last = zone.alloc(channel as f64);
        let delay: &mut dyn FnMut(f64) -> f64 = zone.alloc(move |x| std::mem::replace(last, x));
        delay
    });
    assert!(channels.iter().all(|channel| zone.contains(&**channel)));
    let mut play = |x| [0, 1, 2].map(|channel: usize| channels[channel](x));
    assert_eq!((play(10.0), play(20.0)), ([0.0, 1.0, 2.0], [10.0; 3]));

    let shared: &Cell<i64> = zone.alloc(Cell::new(1));
    let raise: &dyn Fn(i64) = zone.alloc(|by| shared.set(shared.get() + by));
    let read: &dyn Fn() -> i64 = zone.alloc(|| shared.get());
    raise(9);
    assert_eq!(read(), 10);
}

/// xtlang: the audio callback's zone is reset after every sample; first use and growth malloc on
/// the audio thread.
/// Differs: one scope a block, because a reset a sample is work for nothing.
#[test]
fn k06_no_block_takes_anything_from_the_system() {
    on_a_new_thread(|| {
        rt::prepare_thread(&rt::Plan::new().scopes(2, 100_000)).unwrap();
        let section = rt::enter(rt::Policy::Deny);
        let before = (counting::calls(), counting::frees());
        let block = |level: f32| {
            letz!(100_000, z; dry = [level; 512], sum = 0.0_f32 => {
                let wet = z.alloc_slice_copy(dry);
                *sum += beginz!(z => z.alloc_slice(64, 1.0_f32).iter().sum::<f32>());
                wet.iter().sum::<f32>() + *sum
            })
        };
        assert_eq!(block(1.0), 576.0);
        for _ in 0..times(1000) {
            assert_eq!(block(0.5), 320.0);
        }
        assert_eq!((counting::calls(), counting::frees()), before);
        assert_eq!(section.report().asked(), 0);
    });
}

/// xtlang: callbacks copy their arguments to a zone of their own and destroy it after.
/// Differs: the callback's thread only reads them; they go back to be destroyed.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn k07_arguments_in_a_zone_of_their_own() {
    let mut played = [1.0, 2.0];
    let arguments =
        Parcel::<(f64, &[f64], &str)>::new(1024, |z| zcopy(&(440.0, &played[..], "a4"), z));
    played.fill(0.0);
    let callback = thread::spawn(move || {
        let before = (counting::calls(), counting::frees());
        let sum = arguments.with(|(pitch, samples, _)| pitch + samples.iter().sum::<f64>());
        assert_eq!((counting::calls(), counting::frees()), before);
        (sum, arguments)
    });
    let (sum, arguments) = callback.join().unwrap();
    assert_eq!((sum, arguments.with(|arguments| arguments.2.len())), (443.0, 2));
    let freed = counting::frees();
    drop(arguments);
    assert_eq!(counting::frees(), freed + 1);

    // On one thread a plain zone does.
    let own = Zone::new(1024);
    let mut samples = [1.0, 2.0];
    let (pitch, copied, name) = zcopy(&(440.0, &samples[..], "a4"), &own);
    samples.fill(0.0);
    assert_eq!((pitch, copied, name), (440.0, &[1.0, 2.0][..], "a4"));
    assert!(own.contains(copied) && own.contains(name) && own.used() == 24);
    let freed = counting::frees();
    assert_eq!(destroy_zone(own), Ok(()));
    assert_eq!(counting::frees(), freed + 1);
}

/// xtlang: `async` runs a closure in a thread with a zone of its own; the future copies the result
/// into the caller's zone, and taking it a second time is a use after free.
/// Differs: the zone moves, and only its sole handle can, because a zone belongs to one thread;
/// sending it and keeping it does not compile (`tests/ui/send/send_zone_clone.rs`,
/// `tests/ui/send/send_zone_shared.rs`).
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn k08_a_zone_moves_to_a_thread_and_back() {
    // A value with its zone: it is there once, and taken once.
    let job = thread::spawn(|| Parcel::<Option<&List<u8>>>::new(1024, |z| list(z, [1, 2, 3])));
    let result = job.join().unwrap();
    let own = Zone::new(1024);
    let copied = result.with(|result| zcopy(result, &own));
    drop(result);
    assert_eq!(copied, list(&own, [1, 2, 3]));

    // A zone alone.
    let log = Log::default();
    let zone = named("travels");
    zone.on_cleanup(log.hook("destroyed"));
    let (used, capacity) = (zone.used(), zone.capacity());
    // Others hold it: a handle, a box, the stack.
    let other = zone.clone();
    let zone = zone.into_sendable().unwrap_err();
    drop(other);
    let boxed = zone.boxed(1);
    let zone = zone.into_sendable().unwrap_err();
    drop(boxed);
    push_zone(&zone);
    let zone = zone.into_sendable().unwrap_err();
    drop(pop_zone().unwrap());

    let sent = zone.into_sendable().unwrap();
    let job = thread::spawn(move || {
        let zone = sent.into_zone();
        assert_eq!((zone.name(), zone.used(), zone.capacity()), (Some("travels"), used, capacity));
        let sum: u64 = zone.alloc_iter(0..10).iter().sum();
        (sum, zone.into_sendable().unwrap())
    });
    let (sum, zone) = job.join().unwrap();
    let zone = zone.into_zone();
    assert_eq!((sum, zone.used(), log.take().len()), (45, used.next_multiple_of(32) + 80, 0));
    assert_eq!(destroy_zone(zone), Ok(()));
    assert_eq!(log.take(), ["destroyed"]);
}

/// What the original's own tests assert.
mod originals {
    use super::*;
    use std::fmt;

    /// An element set from a nested scope's scalar keeps 3.5 after later allocations.
    #[test]
    fn s07_an_element_keeps_3_5() {
        let mut b = alloc::<f64>(5);
        b[0] = beginz!(1024, {
            let mut a = alloc::<f64>(10);
            a[0] = 3.5;
            a[0]
        });
        let mut c = alloc::<i32>(9);
        c[0] = 99;
        assert_eq!((&*b, c[0]), (&[3.5, 0.0, 0.0, 0.0, 0.0][..], 99));
    }

    /// A nested scope in a local function returns a cleared array of ten through two copies, and
    /// the caller reads it.
    #[test]
    fn s06_c03_an_array_of_ten_through_two_copies() {
        fn make(to: &Zone) -> &[f64] {
            beginz!(1024, outer in to => {
                let k = outer.alloc_slice(15, 0.0);
                let f = |fa: &[f64]| -> &[f64] {
                    beginz!(1024, inner in outer => {
                        let a = inner.alloc_slice(10, 1.0);
                        a.iter_mut().zip(fa).for_each(|(a, fa)| *a = fa * 0.7);
                        &*a
                    })
                };
                f(k)
            })
        }
        let caller = Zone::new(1024);
        let v = make(&caller);
        beginz!(z => { z.alloc_slice(4000, 0xFF_u8); });
        assert_eq!((v, caller.contains(v)), (&[0.0; 10][..], true));
    }

    /// The delayed form of a scope returns 5.5.
    #[test]
    fn s05_the_delayed_form_returns_5_5() {
        let a = beginz!(1024, z => {
            let mut a = z.boxed_slice(5, 0.0);
            a[0] = 5.5;
            a
        });
        beginz!(1024, z => { z.alloc_slice(1000, 0xFF_u8); });
        assert_eq!(*a, [5.5, 0.0, 0.0, 0.0, 0.0]);
    }

    /// A closure's zone holds 800 KB of state.
    #[test]
    fn k01_k03_a_closure_with_800_kb_of_state() {
        let zone = Zone::new(1_000_000);
        let k = zone.alloc_slice(times(100_000), 0.0);
        let last = k.len() - 1;
        let f = zone.alloc(|| {
            k[last] += 1.0;
            k[last] + k[0]
        });
        assert_eq!((f(), f()), (1.0, 2.0));
        let size = size_of_val(f).next_multiple_of(8);
        assert_eq!((zone.blocks(), zone.used()), (1, 8 * times(100_000) + size));
    }

    /// A hook registered in a callee of `letz` runs, and the program goes on.
    #[test]
    fn s08_a_hook_of_a_callee_runs() {
        fn callee(log: &Log) -> ZBox<[u8]> {
            peek_zone().on_cleanup(log.hook("clean up before leaving"));
            alloc(8)
        }
        let log = Log::default();
        let result = letz!(tmp = [0_u8; 8] => {
            let t2 = callee(&log).len();
            log.note("in zone");
            tmp.len() + t2
        });
        log.note("out of zone");
        assert_eq!(result, 16);
        assert_eq!(log.take(), ["in zone", "clean up before leaving", "out of zone"]);
    }

    /// A scope may end in a form that prints.
    #[test]
    fn s04_the_last_form_prints() {
        use std::io::Write;
        let mut out = Vec::new();
        beginz!(z => write!(out, "{}", z.alloc(5)).unwrap());
        let () = letz!(a = [1, 2] => println!("{a:?}"));
        assert_eq!(out, b"5");
    }

    /// Counters: 1, 2, 3, 4; two makers are independent.
    #[test]
    fn k01_counters() {
        let zone = Zone::new(1024);
        let maker = |mut i: i64| {
            zone.alloc(move |by: i64| {
                i += by;
                i
            })
        };
        let (f, g) = (maker(0), maker(0));
        assert_eq!([f(1), f(1), f(1), f(1)], [1, 2, 3, 4]);
        assert_eq!([g(1), g(1), f(1), g(1)], [1, 2, 5, 3]);
    }

    /// Recompiling a function stops its recursion.
    #[test]
    fn k04_recompiling_stops_a_recursion() {
        let (mut caller, binder) = hot(ZoneFn::new(64, |z| z.closure(|n: i64| Some(n + 1))));
        let mut n = 0;
        while let Some(next) = caller(n) {
            n = next;
            if n == 100 {
                binder.rebind(ZoneFn::new(64, |z| z.closure(|_| None)));
            }
        }
        assert_eq!((n, binder.reclaim()), (100, 1));
    }

    /// An envelope from closures in a zone's buffer: 0, 0.5, 1, 0.75, 0.
    #[test]
    fn k05_an_envelope() {
        type Line<'z> = &'z dyn Fn(f64) -> f64;
        let zone = Zone::new(4096);
        let points: &[Point] =
            zone.alloc_iter([(0.0, 0.0), (2.0, 1.0), (4.0, 0.0)].map(|(x, y)| Point { x, y }));
        let lines: &[Line<'_>] = zone.alloc_slice_with(points.len() - 1, |k| -> Line<'_> {
            let (from, to) = (points[k], points[k + 1]);
            let m = (to.y - from.y) / (to.x - from.x);
            let c = to.y - m * to.x;
            zone.alloc(move |time| m * time + c)
        });
        let envelope: Line<'_> = zone.alloc(|time: f64| {
            let started = points.iter().zip(lines).rev().find(|(point, _)| point.x <= time);
            started.map_or(-1.0, |(_, line)| line(time))
        });
        let values = [0.0, 1.0, 2.0, 2.5, 4.0].map(envelope);
        assert_eq!(values, [0.0, 0.5, 1.0, 0.75, 0.0]);
        assert!(lines.iter().all(|line| zone.contains(*line)));
    }

    /// A chain of environments reaches 128; sibling closures see each other's state: 120, 11.
    #[test]
    fn k05_environments() {
        struct Third(Cell<i64>);
        struct Second<'z>(&'z Third);
        struct First<'z>(&'z Second<'z>);
        let zone = Zone::new(1024);
        let third = &*zone.alloc(Third(Cell::new(5)));
        let closure: &dyn Fn() -> i64 = zone.alloc(|| third.0.get());
        let first = zone.alloc(First(zone.alloc(Second(third))));
        assert_eq!(closure(), 5);
        first.0.0.0.set(128);
        assert_eq!(closure(), 128);

        let shared: &Cell<i64> = zone.alloc(Cell::new(6));
        let scale: &dyn Fn(i64) = zone.alloc(|by| shared.set(shared.get() * by));
        let swap: &dyn Fn(i64) -> i64 = zone.alloc(|to| shared.replace(to));
        scale(20);
        assert_eq!(swap(11), 120);
        scale(1);
        assert_eq!(swap(0), 11);
    }

    /// Tuples, arrays, arrays of closures and offset views in zone memory.
    #[test]
    fn z15_tuples_arrays_and_views() {
        let zone = Zone::new(4096);
        let tuple = zone.alloc((37_i64, 6.4_f64));
        *tuple = (77, 77.7);
        assert_eq!(tuple.0, 77);
        let nested = zone.alloc((1_i32, 2.0_f32, &*zone.alloc((3_i32, 3.3_f32)), 4.0_f64));
        let (a, b, (inner, _), c) = *nested;
        assert_eq!((a, b, *inner, c), (1, 2.0, 3, 4.0));

        let floats = zone.alloc([0.0_f32; 5]);
        *floats = [1.1, 2.2, 3.3, 4.4, 5.5];
        assert_eq!(floats[4], 5.5);
        let factors = zone.alloc([0, 0, 3, 0, 0]);
        let closures: &mut [Option<&dyn Fn(i64) -> i64>; 5] = zone.alloc([None; 5]);
        closures[0] = Some(zone.alloc(|x| factors[2] * x));
        assert_eq!(closures[0].unwrap()(5), 15);

        let all: &[i64] = zone.alloc_slice_with(32, |n| n as i64);
        let view = &all[16..];
        assert_eq!((view.len(), view[0], view[15]), (16, 16, 31));
        assert_eq!(address(view), address(all) + 16 * 8);
        assert!(zone.contains(view));
    }

    struct Vec3(f64, f64, f64);

    impl fmt::Display for Vec3 {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "<{},{},{}>", self.0, self.1, self.2)
        }
    }

    /// Stack memory under 200 nested calls, and of variable size.
    #[test]
    fn h02_stack_memory_under_200_calls() {
        let calls = times(200);
        let expected = calls as f64 * 8.0 + (calls * (calls + 1)) as f64;
        assert_eq!(nested_stack_memory(calls), expected);
    }

    /// Zone and heap constructors print and free.
    #[test]
    fn h01_constructors_print_and_free() {
        let zone = Zone::new(1024);
        let v1 = zone.boxed(Vec3(1.0, 2.0, 3.0));
        let v2 = halloc(Vec3(4.0, 5.0, 6.0));
        assert_eq!(format!("{v1} {v2}"), "<1,2,3> <4,5,6>");
        assert_eq!(zone.used(), 24);
        let freed = counting::bytes_freed();
        free(v2);
        assert_eq!(counting::bytes_freed() - freed, 24);
        drop(v1);
        assert_eq!((zone.used(), counting::bytes_freed() - freed), (0, 24));
    }

    /// Lists: an element of a list of lists in `letz` is 5; a copied list equals its source.
    #[test]
    fn c02_lists() {
        let five = letz!(z; lists = [list(z, [1, 2]), list(z, [3, 4, 5])] => {
            let lists = list(z, lists.iter().flatten().copied()).unwrap();
            let second = lists.tail.unwrap().head;
            second.tail.unwrap().tail.unwrap().head
        });
        assert_eq!(five, 5);

        let (from, to) = (Zone::new(1024), Zone::new(1024));
        let source = list(&from, [list(&from, [1, 2]).unwrap(), list(&from, [3]).unwrap()]);
        let copied = zcopy(&source, &to);
        assert_eq!(copied, source);
        assert!(to.contains(copied.unwrap().head) && !from.contains(copied.unwrap().head));
        assert_eq!(to.used(), from.used());
    }

    /// Generic types with heap fields: 42, 4, 5, 42, 7.
    #[test]
    #[cfg_attr(
        any(feature = "ledger", feature = "profile"),
        ignore = "they take memory of their own"
    )]
    fn h01_h03_generic_types_with_heap_fields() {
        struct Table<T, U>(HBox<[T]>, U);
        impl<T: Copy, U> Table<T, U> {
            fn new(zone: &Zone, len: usize, value: T, other: U) -> ZBox<Table<T, U>> {
                zone.boxed(Table(halloc_slice(len, value), other))
            }
            fn put(&mut self, index: usize, value: T) -> T {
                put(&mut self.0[index], value)
            }
        }
        fn put<T: Copy>(place: &mut T, value: T) -> T {
            *place = value;
            *place
        }
        let zone = Zone::new(1024);
        let (asked, freed) = (counting::bytes_asked(), counting::bytes_freed());
        let mut place = halloc(0);
        assert_eq!(put(&mut *place, 42), 42);
        let mut one = Table::new(&zone, 16, 0_i64, 16);
        assert_eq!((one.put(6, 4), one.0[6], one.1), (4, 4, 16));
        assert_eq!((put(&mut *place, 5), *place), (5, 5));
        let target = halloc(42_i64);
        let mut deep = Table::new(&zone, 4, None, ());
        assert_eq!((deep.put(1, Some(&*target)), deep.0[1]), (Some(&42), Some(&42)));
        let mut two = Table::new(&zone, 8, 0_i64, 2.0);
        assert_eq!((two.put(3, 7), two.0[3], two.1), (7, 7, 2.0));
        drop((place, one, deep, two));
        drop(target);
        assert_eq!(
            counting::bytes_asked() - asked,
            4 + 16 * 8 + 8 + 4 * size_of::<usize>() as u64 + 8 * 8
        );
        assert_eq!(counting::bytes_freed() - freed, counting::bytes_asked() - asked);
    }

    /// A type with a zone in a field compiles: copying it copies the handle.
    #[test]
    fn c02_a_zone_in_a_field() {
        #[derive(DeepCopy)]
        struct Voice(Zone, f32);
        let (to, voice) = (Zone::new(64), Voice(named("voice"), 0.5));
        let copied = zcopy(&voice, &to);
        assert!(same(&copied.0, &voice.0));
        assert_eq!((copied.1, voice.0.handles(), to.used()), (0.5, 2, 0));
        drop(copied);
        let moved = beginz!(voice);
        assert_eq!((moved.0.name(), moved.0.handles()), (Some("voice"), 1));
    }

    /// A histogram, and indexing by rows and by columns, in `letz`'s scratch memory.
    #[test]
    fn s01_histogram_and_indexing() {
        let values = [3, 1, 3, 7, 3, 1];
        let (most, count) = letz!(bins = [0_u32; 8] => {
            for value in values {
                bins[value] += 1;
            }
            let most = (0..8).max_by_key(|&bin| bins[bin]).unwrap();
            (most, bins[most])
        });
        assert_eq!((most, count), (3, 3));

        let (rows, columns) = (3, 4);
        let same = letz!(by_row = [0_usize; rows * columns], by_column = [0_usize; rows * columns] => {
            for row in 0..rows {
                for column in 0..columns {
                    by_row[row * columns + column] = 10 * row + column;
                    by_column[column * rows + row] = 10 * row + column;
                }
            }
            (by_row[columns + 2], by_column[2 * rows + 1], by_row[1], by_column[1])
        });
        assert_eq!(same, (12, 12, 1, 10));
    }
}
