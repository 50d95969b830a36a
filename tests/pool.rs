//! `Pool`: slots, keys, boxes, iteration, errors, hostile values, and a model to compare with.

#[path = "common/counting.rs"]
mod counting;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/pool_model.rs"]
mod pool_model;

use drops::{Counted, Drops};
use memzone::{Pool, PoolBox, PoolFull, PoolKey, ZBox, Zone, ZoneError, beginz};
use pool_model::{BoxOp, Op, run};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any};
use proptest::test_runner::TestRunner;
use std::cell::{Cell, RefCell};
use std::mem::{ManuallyDrop, forget, size_of, swap};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Whether `body` panics.
fn panics(body: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(body)).is_err()
}

/// Counts its drop, and panics in it if it is told to.
struct Bomb<'a> {
    armed: bool,
    drops: &'a Cell<usize>,
}

impl Drop for Bomb<'_> {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
        if self.armed {
            panic!("a destructor panics");
        }
    }
}

/// The pool's own values, in the order of their slots.
fn values<T: Copy>(pool: &Pool<T>) -> Vec<T> {
    pool.iter().copied().collect()
}

#[test]
fn values_go_in_and_come_out() {
    let zone = Zone::new(4096);
    let mut pool = zone.pool(3);
    assert!(pool.is_empty() && !pool.is_full());
    let a = pool.insert("a".to_string()).unwrap();
    let b = pool.insert("b".to_string()).unwrap();
    assert_eq!((pool.len(), pool.capacity()), (2, 3));
    pool.get_mut(a).unwrap().push('!');
    assert_eq!(pool.get(a).map(String::as_str), Some("a!"));
    assert_eq!(pool.remove(a).as_deref(), Some("a!"));
    assert!(pool.remove(a).is_none() && pool.get(a).is_none() && pool.get_mut(a).is_none());
    assert_eq!(pool.get(b).map(String::as_str), Some("b"));
    assert_eq!(pool.len(), 1);
    assert_eq!(format!("{pool:?}"), "Pool { len: 1, capacity: 3, .. }");
}

#[test]
fn a_full_pool_gives_the_value_back() {
    struct Mute(u8);
    let zone = Zone::new(4096);
    let mut pool = zone.pool(2);
    let first = pool.insert(Mute(1)).unwrap();
    pool.insert(Mute(2)).unwrap();
    assert!(pool.is_full());
    let error = pool.insert(Mute(3)).unwrap_err();
    assert_eq!(format!("{error:?}"), "PoolFull(..)");
    assert_eq!(
        format!("{error}"),
        "the pool is full: give a slot back, or make it with more slots"
    );
    let PoolFull(Mute(three)) = error;
    let PoolFull(Mute(four)) = pool.boxed(Mute(4)).err().unwrap();
    assert_eq!((three, four), (3, 4));
    let error: Box<dyn std::error::Error> = Box::new(PoolFull(Mute(5)));
    assert!(error.source().is_none());
    pool.remove(first);
    assert!(pool.boxed(Mute(6)).is_ok() && pool.insert(Mute(7)).is_ok());
    // No value was lost or swapped on the way.
    assert_eq!(pool.iter().map(|mute| mute.0).collect::<Vec<_>>(), [7, 2]);
}

#[test]
fn a_key_never_finds_a_later_value() {
    let zone = Zone::new(4096);
    let mut pool = zone.pool(1);
    let mut old = Vec::new();
    for n in 0..100 {
        let key = pool.insert(n).unwrap();
        assert!(old.iter().all(|&old| pool.get(old).is_none() && old != key));
        assert_eq!(pool.get(key), Some(&n));
        old.push(key);
        match n % 3 {
            0 => drop(pool.remove(key)),
            1 => pool.retain(|_| false),
            _ => pool.clear(),
        }
        assert!(pool.get(key).is_none() && pool.remove(key).is_none());
        // Nor one in a box.
        let boxed = pool.boxed(n).unwrap();
        assert!(pool.get(key).is_none() && pool.is_full());
        drop(boxed);
    }
}

#[test]
fn keys_are_plain_data() {
    fn plain<T: Copy + Eq + std::hash::Hash + std::fmt::Debug + Send + Sync + 'static>() {}
    plain::<PoolKey>();
    assert_eq!(size_of::<Option<PoolKey>>(), 8 + align_of::<u64>());
    // One of another pool is harmless, also where that has fewer slots.
    let zone = Zone::new(4096);
    let (mut large, mut small) = (zone.pool(8), zone.pool(2));
    let keys: Vec<_> = (0..8).map(|n| large.insert(n).unwrap()).collect();
    small.insert(100).unwrap();
    for &key in &keys[1..] {
        assert!(small.get(key).is_none() && small.get_mut(key).is_none());
        assert!(small.remove(key).is_none());
    }
    assert_eq!(values(&small), [100]);
}

#[test]
fn slots_are_taken_in_order_and_then_the_last_given_back_first() {
    let zone = Zone::new(4096);
    let mut pool = zone.pool(4);
    let keys: Vec<_> = (0..4_u64).map(|n| pool.insert(n).unwrap()).collect();
    let places: Vec<_> = pool.iter().map(|value| &raw const *value).collect();
    assert!(places.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
    assert!(places.iter().all(|&place| zone.contains(place)));
    pool.remove(keys[2]);
    pool.remove(keys[0]);
    let key = pool.insert(10).unwrap();
    assert!(std::ptr::eq(pool.get(key).unwrap(), places[0]));
    let boxed = pool.boxed(12).unwrap();
    assert!(std::ptr::eq(&*boxed, places[2]));
}

#[test]
fn iteration_sees_the_pools_own_values_in_the_order_of_the_slots() {
    let zone = Zone::new(4096);
    let mut pool = zone.pool(8);
    let keys: Vec<_> = (0..6).map(|n| pool.insert(n).unwrap()).collect();
    pool.remove(keys[1]);
    pool.remove(keys[4]);
    for value in &mut pool {
        *value *= 10;
    }
    assert_eq!(values(&pool), [0, 20, 30, 50]);
    assert!(pool.keys().eq([keys[0], keys[2], keys[3], keys[5]]));
    assert_eq!((pool.iter().len(), pool.iter_mut().len(), pool.keys().len()), (4, 4, 4));
    // All of them at a time.
    let mut all: Vec<&mut i32> = pool.iter_mut().collect();
    all.reverse();
    for (n, value) in all.into_iter().enumerate() {
        *value = n as i32;
    }
    assert_eq!(values(&pool), [3, 2, 1, 0]);
    // A box's value is its owner's, and may be made, changed and dropped meanwhile.
    let mut first = pool.boxed(77).unwrap();
    let mut seen = Vec::new();
    let mut iterator = pool.iter();
    while let Some(&value) = iterator.next() {
        *first += 1;
        drop(pool.boxed(78));
        seen.push((value, iterator.len()));
    }
    assert_eq!(iterator.next(), None);
    assert_eq!((seen, *first), (vec![(3, 3), (2, 2), (1, 1), (0, 0)], 81));
}

#[test]
fn retain_drops_the_others() {
    let (drops, zone) = (Drops::default(), Zone::new(4096));
    let mut pool = zone.pool(10);
    for n in 0..10 {
        pool.insert((n, drops.value())).unwrap();
    }
    let mut seen = Vec::new();
    pool.retain(|(n, _)| {
        seen.push(*n);
        *n += 100;
        *n % 3 == 0
    });
    assert!(seen.into_iter().eq(0..10));
    assert_eq!(pool.iter().map(|value| value.0).collect::<Vec<_>>(), [102, 105, 108]);
    assert_eq!((drops.count(), pool.len()), (7, 3));
    pool.retain(|_| true);
    assert_eq!((drops.count(), pool.len()), (7, 3));
    pool.retain(|_| false);
    assert_eq!((drops.count(), pool.is_empty()), (10, true));
}

#[test]
fn values_are_dropped_once_with_their_pool() {
    let (drops, zone) = (Cell::new(0), Zone::new(4096));
    let value = || Bomb { armed: false, drops: &drops };
    let mut pool = zone.pool(4);
    let key = pool.insert(value()).unwrap();
    pool.insert(value()).unwrap();
    pool.insert(value()).unwrap();
    let out = pool.remove(key).unwrap();
    forget(pool.boxed(value()).unwrap());
    assert_eq!((drops.get(), pool.len()), (0, 3));
    drop(pool);
    assert_eq!(drops.get(), 2, "neither the one taken out nor the one forgotten");
    drop(out);
    assert_eq!(drops.get(), 3);
}

#[test]
fn clear_makes_all_slots_free() {
    let (drops, zone) = (Cell::new(0), Zone::new(4096));
    let value = || Bomb { armed: false, drops: &drops };
    let mut pool = zone.pool(3);
    let key = pool.insert(value()).unwrap();
    forget(pool.boxed(value()).unwrap());
    drop(pool.boxed(value()).unwrap());
    pool.insert(value()).unwrap();
    assert!(pool.is_full());
    pool.clear();
    assert_eq!((drops.get(), pool.len(), pool.iter().len()), (3, 0, 0));
    assert!(pool.get(key).is_none());
    for _ in 0..3 {
        pool.insert(value()).unwrap();
    }
    assert!(pool.is_full());
    drop(pool);
    assert_eq!(drops.get(), 6);
    zone.pool::<u8>(0).clear();
}

#[test]
fn boxes_own_their_values() {
    let (drops, zone) = (Drops::default(), Zone::new(4096));
    let pool = zone.pool(3);
    let mut first = pool.boxed((1, drops.value())).unwrap();
    let mut second = pool.boxed((2, drops.value())).unwrap();
    first.0 += 10;
    second.0 += 20;
    assert_eq!((first.0, second.0, pool.len(), pool.iter().len()), (11, 22, 2, 0));
    swap(&mut first, &mut second);
    drop(first);
    assert_eq!((drops.count(), pool.len(), second.0), (1, 1, 11));
    let (n, value) = PoolBox::into_inner(second);
    assert_eq!((n, drops.count(), pool.len()), (11, 1, 0));
    drop(value);
    assert_eq!(drops.count(), 2);
    let text = zone.pool(1);
    let text = text.boxed("kick").unwrap();
    assert_eq!((format!("{text}"), format!("{text:?}")), ("kick".into(), "\"kick\"".into()));
}

#[test]
fn values_of_two_pools_may_be_swapped() {
    let (one, two) = (Zone::new(1024), Zone::new(1024));
    let (of_one, of_two) = (one.pool(1), two.pool(1));
    let mut first = of_one.boxed("first".to_string()).unwrap();
    let mut second = of_two.boxed("second".to_string()).unwrap();
    swap(&mut *first, &mut *second);
    swap(&mut first, &mut second);
    assert_eq!((first.as_str(), second.as_str()), ("first", "second"));
    drop(first);
    assert_eq!((of_one.len(), of_two.len()), (1, 0));
}

#[test]
fn a_box_may_be_used_as_one_of_a_shorter_lived_type() {
    fn shorter<'p, 'a>(boxed: PoolBox<'p, &'static str>, _: &'a str) -> PoolBox<'p, &'a str> {
        boxed
    }
    let zone = Zone::new(1024);
    let mut pool: Pool<&'static str> = zone.pool(2);
    pool.insert("kept").unwrap();
    {
        let local = String::from("local");
        let mut boxed = shorter(pool.boxed("static").unwrap(), &local);
        *boxed = &local;
        // What is forgotten here is a `&'static str` that is none; nobody may ever see it.
        forget(boxed);
    }
    assert_eq!(values(&pool), ["kept"]);
    pool.clear();
    assert!(pool.is_empty());
}

#[test]
fn a_pool_takes_its_memory_once() {
    let zone = Zone::new(64 * 1024);
    let before = zone.used();
    let mut pool = zone.pool::<[f32; 30]>(64);
    assert_eq!(zone.used() - before, 64 * (120 + 8));
    let (used, calls, frees) = (zone.used(), counting::calls(), counting::frees());
    for n in 0..10_u8 {
        while pool.insert([f32::from(n); 30]).is_ok() {}
        pool.retain(|value| value[0] as u8 % 2 == 0);
        drop(pool.boxed([1.0; 30]));
        let first = pool.keys().next();
        assert!(first.and_then(|key| pool.remove(key)).is_some() || n % 2 == 1);
    }
    pool.clear();
    drop(pool);
    assert_eq!((zone.used(), counting::calls(), counting::frees()), (used, calls, frees));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_pool_fits_exactly_or_changes_nothing() {
    let zone = Zone::builder().capacity(64 * 16).fixed().build();
    let error = zone.try_pool::<u64>(65).unwrap_err();
    assert!(matches!(error, ZoneError::LimitReached { requested: 1040, limit: 1024, used: 0 }));
    assert!(panics(|| drop(zone.pool::<u64>(65))));
    assert_eq!(zone.used(), 0);
    let mut pool = zone.pool(64);
    assert_eq!(zone.remaining(), 0);
    for n in 0..64_u64 {
        pool.insert(n).unwrap();
    }
    assert_eq!(pool.insert(64), Err(PoolFull(64)));
    assert!(pool.iter().copied().eq(0..64));
    assert!(zone.try_pool::<u64>(1).is_err());
    let none = zone.pool::<u64>(0);
    assert!(none.is_full() && none.is_empty());
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn impossible_sizes_are_errors() {
    #[derive(Debug)]
    #[repr(align(8192))]
    struct TwoPages;
    let zone = Zone::new(4096);
    for slots in [usize::MAX, usize::MAX / 8, isize::MAX as usize, usize::MAX / 16 + 1] {
        assert!(matches!(zone.try_pool::<u8>(slots), Err(ZoneError::TooLarge { .. })));
        assert!(matches!(zone.try_pool::<()>(slots), Err(ZoneError::TooLarge { .. })));
        assert!(matches!(zone.try_pool::<[u64; 100]>(slots), Err(ZoneError::TooLarge { .. })));
    }
    let huge = isize::MAX as usize / 16;
    type Huge = [u8; isize::MAX as usize / 16];
    match zone.try_pool::<Huge>(u32::MAX as usize) {
        Err(ZoneError::TooLarge { requested, available }) => assert!(requested > available),
        other => panic!("{other:?}"),
    }
    assert!(matches!(zone.try_pool::<Huge>(17), Err(ZoneError::TooLarge { .. })), "{huge}");
    // A key has room for 32 bits of a slot's number.
    #[cfg(target_pointer_width = "64")]
    match zone.try_pool::<()>(1 << 32) {
        Err(ZoneError::TooLarge { requested, available }) => {
            assert_eq!((requested, available), (1 << 35, ((1 << 32) - 1) << 3));
        }
        other => panic!("{other:?}"),
    }
    for slots in [0, 1] {
        let error = zone.try_pool::<TwoPages>(slots).unwrap_err();
        assert_eq!(error, ZoneError::AlignTooLarge { align: 8192 });
    }
    assert_eq!(zone.used(), 0);
    assert!(panics(|| drop(zone.pool::<u8>(usize::MAX))));
}

#[test]
fn all_kinds_of_types_fit() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(4096))]
    struct Page(u8);
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(64))]
    struct Line;

    fn check<T: Copy + PartialEq + std::fmt::Debug>(zone: &Zone, make: impl Fn(u8) -> T) {
        for slots in [0, 1, 2, 3, 7] {
            let _odd = zone.alloc(1_u8);
            let mut pool = zone.pool::<T>(slots);
            let before = zone.alloc_slice(3, 0xAB_u8);
            for n in 0..slots {
                let key = pool.insert(make(n as u8)).unwrap();
                let place = pool.get(key).unwrap();
                assert!((&raw const *place).is_aligned());
            }
            assert!(pool.is_full());
            assert_eq!(pool.insert(make(0)), Err(PoolFull(make(0))));
            assert!(pool.iter().copied().eq((0..slots).map(|n| make(n as u8))));
            let keys: Vec<_> = pool.keys().collect();
            for (n, &key) in keys.iter().enumerate().rev() {
                assert_eq!(pool.remove(key), Some(make(n as u8)));
            }
            let boxes: Vec<_> = (0..slots).map(|n| pool.boxed(make(n as u8)).unwrap()).collect();
            assert!(boxes.iter().map(|boxed| **boxed).eq((0..slots).map(|n| make(n as u8))));
            drop(boxes);
            assert!(pool.is_empty());
            assert_eq!(before, [0xAB; 3]);
        }
    }
    for bytes in [0, 100, 65_536] {
        let zone = Zone::new(bytes);
        check(&zone, |_| ());
        check(&zone, |n| n);
        check(&zone, |n| [n; 3]);
        check(&zone, |n| (n, u64::from(n)));
        check(&zone, u128::from);
        check(&zone, Page);
        check(&zone, |_| Line);
        check(&zone, |n| [u16::from(n); 333]);
    }
}

#[test]
fn values_without_size_are_dropped_too() {
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let zone = Zone::new(0);
    let mut pool = zone.pool(5);
    for _ in 0..4 {
        pool.insert(Nothing).unwrap();
    }
    drop(pool.boxed(Nothing).unwrap());
    let mut left = 2;
    pool.retain(|_| {
        left -= 1;
        left >= 0
    });
    assert_eq!((DROPS.get(), pool.len()), (3, 2));
    drop(pool);
    assert_eq!(DROPS.get(), 5);
}

#[test]
fn a_pool_may_live_in_its_own_zone() {
    let drops = Drops::default();
    let zone = Zone::new(4096);
    let mut pool: ZBox<Pool<(u32, Counted)>> = zone.boxed(zone.pool(4));
    pool.insert((1, drops.value())).unwrap();
    pool.insert((2, drops.value())).unwrap();
    assert_eq!(pool.iter().map(|value| value.0).sum::<u32>(), 3);
    drop(pool);
    assert_eq!(drops.count(), 2);
}

#[test]
fn a_pool_may_live_in_a_scopes_zone() {
    let drops = Drops::default();
    for _ in 0..3 {
        let sum = beginz!(z => {
            let mut pool = z.pool(8);
            for n in 0..4 {
                assert!(pool.insert((n, drops.value())).is_ok());
            }
            pool.iter().map(|value| value.0).sum::<u32>()
        });
        assert_eq!(sum, 6);
    }
    assert_eq!(drops.count(), 12);
}

#[test]
fn a_zone_is_used_again_when_its_pool_is_gone() {
    let mut zone = Zone::new(4096);
    for n in 0..3 {
        let mut pool = zone.pool(16);
        while pool.insert(n).is_ok() {}
        assert_eq!(values(&pool), [n; 16]);
        drop(pool);
        zone.reset().unwrap();
        assert_eq!(zone.used(), 0);
    }
    let forgotten = zone.pool::<u8>(16);
    forget(forgotten);
    zone.reset().unwrap();
}

/// A pool of eight, of which the one at `armed` will panic.
fn bombs<'z, 'a>(zone: &'z Zone, drops: &'a Cell<usize>, armed: usize) -> Pool<'z, Bomb<'a>> {
    let mut pool = zone.pool(8);
    for n in 0..8 {
        assert!(pool.insert(Bomb { armed: n == armed, drops }).is_ok());
    }
    pool
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_destructor_that_panics_is_run_once_and_its_slot_comes_back() {
    let zone = Zone::new(4096);
    let drops = Cell::new(0);
    let pool = zone.pool(1);
    for n in 1..4 {
        let boxed = pool.boxed(Bomb { armed: true, drops: &drops });
        assert!(panics(|| drop(boxed)));
        assert_eq!((drops.get(), pool.len()), (n, 0));
    }

    drops.set(0);
    let mut pool = bombs(&zone, &drops, 3);
    assert!(panics(|| pool.retain(|_| false)));
    assert_eq!((drops.get(), pool.len(), pool.iter().len()), (4, 4, 4));
    assert!(pool.insert(Bomb { armed: false, drops: &drops }).is_ok());
    drop(pool);
    assert_eq!(drops.get(), 9);

    drops.set(0);
    let mut pool = bombs(&zone, &drops, 3);
    assert!(panics(|| pool.clear()));
    assert_eq!((drops.get(), pool.len()), (8, 0));
    for _ in 0..8 {
        assert!(pool.insert(Bomb { armed: false, drops: &drops }).is_ok());
    }
    drop(pool);
    assert_eq!(drops.get(), 16);

    drops.set(0);
    let pool = bombs(&zone, &drops, 0);
    assert!(panics(|| drop(pool)));
    assert_eq!(drops.get(), 8, "the others are dropped also");
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_closure_that_panics_leaves_the_rest() {
    let zone = Zone::new(4096);
    let drops = Cell::new(0);
    let mut pool = bombs(&zone, &drops, 100);
    let mut seen = 0;
    assert!(panics(|| pool.retain(|_| {
        seen += 1;
        assert!(seen < 5, "the closure panics");
        seen % 2 == 0
    })));
    assert_eq!((drops.get(), pool.len(), pool.iter().len(), pool.keys().len()), (2, 6, 6, 6));
    drop(pool);
    assert_eq!(drops.get(), 8);
}

#[test]
fn a_destructor_may_use_the_pool_of_its_box() {
    type Around<'p> = ManuallyDrop<Pool<'p, Phoenix<'p>>>;
    /// Takes a slot of its own pool when it is dropped.
    struct Phoenix<'p> {
        lives: u32,
        pool: &'p Around<'p>,
        log: &'p RefCell<Vec<(u32, usize, bool)>>,
    }
    impl Drop for Phoenix<'_> {
        fn drop(&mut self) {
            let &mut Phoenix { lives, pool, log } = self;
            let before = pool.len();
            if lives > 0 {
                let next = pool.boxed(Phoenix { lives: lives - 1, pool, log });
                let apart = next.as_ref().is_ok_and(|next| !std::ptr::eq(&**next, self));
                log.borrow_mut().push((lives, before, apart));
                match next {
                    Ok(next) => drop(next),
                    Err(PoolFull(next)) => forget(next),
                }
            }
        }
    }
    let log = RefCell::new(Vec::new());
    let zone = Zone::new(4096);
    // The borrow checker allows this cycle only where the pool's destructor does not run.
    let pool: Around = ManuallyDrop::new(zone.pool(3));
    drop(pool.boxed(Phoenix { lives: 2, pool: &pool, log: &log }));
    assert_eq!(log.take(), [(2, 1, true), (1, 2, true)]);
    assert_eq!(pool.len(), 0);
    // The fourth finds no slot, as those being dropped still have theirs.
    drop(pool.boxed(Phoenix { lives: 9, pool: &pool, log: &log }));
    assert_eq!(log.take(), [(9, 1, true), (8, 2, true), (7, 3, false)]);
    assert_eq!(pool.len(), 0);
}

#[test]
fn a_pool_of_boxes_of_another_pool() {
    let (drops, zone) = (Drops::default(), Zone::new(4096));
    let inner = zone.pool(4);
    let mut outer = zone.pool(4);
    let keys: Vec<_> =
        (0..3).map(|_| outer.insert(inner.boxed(drops.value()).unwrap()).unwrap()).collect();
    assert_eq!(inner.len(), 3);
    drop(outer.remove(keys[1]));
    assert_eq!((drops.count(), inner.len()), (1, 2));
    drop(outer);
    assert_eq!((drops.count(), inner.len()), (3, 0));
}

fn ops(len: usize) -> impl Strategy<Value = Vec<Op>> {
    let box_op = proptest::prop_oneof![
        8 => Just(BoxOp::New),
        4 => any::<usize>().prop_map(BoxOp::Drop),
        2 => any::<usize>().prop_map(BoxOp::IntoInner),
        1 => any::<usize>().prop_map(BoxOp::Forget),
    ];
    let op = proptest::prop_oneof![
        160 => Just(Op::Insert),
        100 => any::<usize>().prop_map(Op::Remove),
        20 => any::<usize>().prop_map(Op::GetMut),
        20 => any::<usize>().prop_map(Op::Stale),
        4 => (1..8_usize).prop_map(Op::Retain),
        1 => Just(Op::Clear),
        4 => vec(box_op, 0..20).prop_map(Op::Boxes),
    ];
    vec(op, len)
}

#[test]
fn a_pool_does_what_its_model_does() {
    #[repr(align(256))]
    struct Wide;
    // A million operations in a release run.
    let (cases, len) = match (cfg!(miri), cfg!(debug_assertions)) {
        (true, _) => (3, 50),
        (false, true) => (40, 500),
        (false, false) => (1_000, 1_000),
    };
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        rng_algorithm: proptest::test_runner::RngAlgorithm::XorShift,
        ..ProptestConfig::default()
    };
    let strategy = (0..20_usize, any::<bool>(), ops(len));
    let outcome = TestRunner::new(config).run(&strategy, |(slots, wide, ops)| {
        if wide {
            run::<Wide>(slots, &ops)
        } else {
            run::<u8>(slots, &ops)
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn the_least_important_value_gives_way() {
    let zone = Zone::new(4096);
    let mut pool = zone.pool(3);
    let keys: Vec<PoolKey> = [0.5, 0.1, 0.9].map(|level| pool.insert(level).unwrap()).into();
    assert_eq!(pool.entries().map(|(key, _)| key).collect::<Vec<_>>(), keys);
    let (key, taken) = pool.insert_over(0.3, |level| *level).unwrap();
    assert_eq!((taken, pool.get(keys[1]), pool.get(key)), (Some(0.1), None, Some(&0.3)));
    // What cannot be compared is never the least, unless it is the first.
    let (_, taken) = pool.insert_over(f64::NAN, |level| *level).unwrap();
    assert_eq!((taken, pool.len()), (Some(0.3), 3));
    let (_, taken) = pool.insert_over(0.2, |level| *level).unwrap();
    assert_eq!(taken, Some(0.5));
    pool.entries_mut().for_each(|(key, level)| assert!(*level > 0.0 || key != keys[0]));
    pool.retain_entries(|key, _| key == keys[2]);
    assert_eq!((pool.len(), pool.get(keys[2])), (1, Some(&0.9)));
    assert!(pool.insert_over(0.0, |_| 0).is_ok_and(|(_, taken)| taken.is_none()));
}

#[test]
fn boxes_give_way_to_nothing() {
    let zone = Zone::new(4096);
    let mut none = zone.pool::<u8>(0);
    assert_eq!(none.insert_over(1, |value| *value), Err(PoolFull(1)));
    let mut pool = zone.pool(1);
    std::mem::forget(pool.boxed(5).unwrap());
    assert_eq!(pool.insert_over(6, |value| *value), Err(PoolFull(6)));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_pool_works_on_another_thread() {
    let zone = Zone::new(1 << 16);
    let mut pool = zone.pool(100);
    let key = pool.insert(String::from("kick")).unwrap();
    let used = zone.used();
    std::thread::scope(|threads| {
        let filled = threads.spawn(move || {
            (1..100).for_each(|n| _ = pool.insert(n.to_string()).unwrap());
            assert_eq!(pool.remove(key).as_deref(), Some("kick"));
            pool
        });
        // The zone stays in use here.
        (0..100_u64).for_each(|n| _ = zone.alloc(n));
        let mut pool = filled.join().unwrap();
        pool.retain(|text| text.len() == 1);
        assert_eq!(pool.len(), 9);
    });
    assert!(zone.used() > used);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_key_is_an_index_while_its_value_is_there() {
    let zone = Zone::new(4096);
    let mut pool = zone.pool::<u32>(2);
    let key = pool.insert(5).unwrap();
    pool[key] += 1;
    assert_eq!((pool[key], pool.remove(key)), (6, Some(6)));
    let newer = pool.insert(7).unwrap();
    let stale = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pool[key]));
    assert!(stale.is_err() && pool[newer] == 7);
}
