//! Boxes of trait objects, values of mixed types in place, and pools of them. No user of these needs `unsafe`.

#![forbid(unsafe_code)]

use memzone::{
    HBox, Inline, Pool, PoolBox, RtHeap, ZBox, Zone, ZoneFn, as_dyn, halloc, halloc_in, inline,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

trait Voice {
    fn next(&mut self) -> f32;
}

/// Counts its drops.
struct Counting<'a>(&'a Cell<u32>, f32);

impl Voice for Counting<'_> {
    fn next(&mut self) -> f32 {
        self.1 += 1.0;
        self.1
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

struct Silence;

impl Voice for Silence {
    fn next(&mut self) -> f32 {
        0.0
    }
}

/// Larger, and aligned to as much as can be.
#[repr(align(16))]
struct Table([f32; 12], usize);

impl Voice for Table {
    fn next(&mut self) -> f32 {
        assert!(std::ptr::from_ref(self).is_aligned());
        self.1 = (self.1 + 1) % 12;
        self.0[self.1]
    }
}

#[test]
fn a_box_forgets_its_type_and_drops_its_value_once() {
    let (drops, zone) = (Cell::new(0), Zone::new(4096));
    let used = zone.used();
    let mut voice: ZBox<dyn Voice + '_> =
        as_dyn!(zone.boxed(Counting(&drops, 1.0)) => dyn Voice + '_);
    assert_eq!((voice.next(), voice.next(), drops.get(), zone.handles()), (2.0, 3.0, 0, 2));
    drop(voice);
    assert_eq!((drops.get(), zone.handles(), zone.used()), (1, 1, used));
    // Of a type without a size in memory, and an array.
    let mut silence = as_dyn!(zone.boxed(Silence) => dyn Voice);
    assert_eq!(silence.next(), 0.0);
    let slice: ZBox<[u8]> = as_dyn!(zone.boxed([1_u8, 2, 3]) => [u8]);
    assert_eq!(*slice, [1, 2, 3]);
}

#[test]
fn boxes_of_heaps_and_pools_do_so_too() {
    let drops = Cell::new(0);
    let heap = RtHeap::new(4096);
    {
        let mut rt: HBox<dyn Voice + '_, RtHeap> =
            as_dyn!(halloc_in(&heap, Counting(&drops, 1.0)).unwrap() => dyn Voice + '_);
        let mut system: HBox<dyn Voice + '_> =
            as_dyn!(halloc(Counting(&drops, 5.0)) => dyn Voice + '_);
        assert_eq!(rt.next() + system.next(), 8.0);
        assert!(heap.stats().used > 0);
        let _boxed: Box<dyn Voice + '_> = HBox::into_box(system);
    }
    assert_eq!((drops.get(), heap.stats().used), (2, 0));
    let zone = Zone::new(4096);
    let pool: Pool<Counting> = zone.pool(2);
    let mut voices: Vec<PoolBox<'_, dyn Voice + '_>> = Vec::new();
    for level in [1.0, 2.0] {
        voices.push(as_dyn!(pool.boxed(Counting(&drops, level)).ok().unwrap() => dyn Voice + '_));
    }
    assert_eq!((voices.iter_mut().map(|voice| voice.next()).sum::<f32>(), pool.len()), (5.0, 2));
    voices.pop();
    assert_eq!((drops.get(), pool.len()), (3, 1));
}

#[test]
fn values_of_mixed_types_lie_in_one_pool() {
    let (drops, zone) = (Cell::new(0), Zone::new(8192));
    let mut pool: Pool<Inline<dyn Voice + '_, 64>> = zone.pool(4);
    let counting = pool.insert(inline!(Counting(&drops, 0.0) => dyn Voice + '_)).ok().unwrap();
    pool.insert(inline!(Silence => dyn Voice + '_)).ok().unwrap();
    let table = Table(std::array::from_fn(|n| n as f32), 0);
    let table = pool.insert(inline!(table => dyn Voice + '_)).ok().unwrap();
    for round in 1..5 {
        let sum: f32 = pool.iter_mut().map(|voice| voice.next()).sum();
        assert_eq!(sum, 2.0 * round as f32);
    }
    // A value moves with its place.
    let mut moved = pool.remove(table).unwrap();
    let mut boxed = Box::new(moved);
    assert_eq!(boxed.next(), 5.0);
    moved = *boxed;
    assert_eq!((moved.next(), drops.get()), (6.0, 0));
    pool.remove(counting);
    assert_eq!(drops.get(), 1);
    drop(pool);
    assert_eq!(drops.get(), 1);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_destructor_that_panics_runs_once() {
    struct Bomb<'a>(&'a Cell<u32>);
    impl Drop for Bomb<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            panic!("burnt down");
        }
    }
    trait Any {}
    impl Any for Bomb<'_> {}
    let (drops, zone) = (Cell::new(0), Zone::new(4096));
    let bomb: Inline<dyn Any + '_, 8> = inline!(Bomb(&drops) => dyn Any + '_);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(bomb))).is_err());
    let boxed = as_dyn!(zone.boxed(Bomb(&drops)) => dyn Any + '_);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(boxed))).is_err());
    assert_eq!((drops.get(), zone.handles()), (2, 1));
}

/// What is in it may be changed by way of a shared reference.
#[test]
fn a_cell_in_place_is_a_cell() {
    trait Counter {
        fn count(&self) -> u32;
    }
    impl Counter for Cell<u32> {
        fn count(&self) -> u32 {
            self.set(self.get() + 1);
            self.get()
        }
    }
    fn twice(counter: &Inline<dyn Counter, 8>) -> [u32; 2] {
        let other: &dyn Counter = &**counter;
        [counter.count(), other.count()]
    }
    let counter = inline!(Cell::new(0) => dyn Counter);
    assert_eq!((twice(&counter), twice(&counter)), ([1, 2], [3, 4]));
}

#[test]
fn it_acts_as_its_value() {
    let shown: Inline<dyn std::fmt::Display, 24> =
        inline!(String::from("kick") => dyn std::fmt::Display);
    assert_eq!(format!("{shown} {}", shown.as_ref()), "kick kick");
    let number: Inline<u64, 8> = inline!(5_u64 => u64);
    assert!(number == inline!(5_u64 => u64) && number < inline!(6_u64 => u64));
    let words: [Inline<[u16], 6>; 2] = [inline!([1, 2, 3] => [u16]), inline!([4] => [u16])];
    assert_eq!(words.iter().map(|word| word.len()).collect::<Vec<_>>(), [3, 1]);
}

/// A synth whose closure owns its voices, on the thread that plays it.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_closure_owns_its_voices() {
    trait Sounding: Voice + Send {}
    impl Sounding for Table {}
    let mut synth: ZoneFn<dyn FnMut(u8) -> f32> = ZoneFn::new(8192, |z| {
        let mut voices: Pool<Inline<dyn Sounding, 64>> = z.pool(2);
        z.closure(move |note: u8| {
            let table = Table([f32::from(note); 12], 0);
            let voice = inline!(table => dyn Sounding);
            voices.insert_over(voice, |_| 0).expect("no boxes");
            voices.iter_mut().map(|voice| voice.next()).sum()
        })
    });
    let played = std::thread::spawn(move || [synth(1), synth(10), synth(100)]);
    assert_eq!(played.join().unwrap(), [1.0, 11.0, 110.0]);
}

#[test]
fn boxes_are_looped_over_like_stds() {
    let (zone, heap) = (Zone::new(4096), RtHeap::new(4096));
    let mut samples = zone.boxed_slice(3, 1.0_f32);
    let mut block = memzone::halloc_slice_in(&heap, 3, 2.0_f32).unwrap();
    for (sample, other) in (&mut samples).into_iter().zip(&mut block) {
        (*sample, *other) = (*other, *sample);
    }
    for sample in &samples {
        assert_eq!(*sample, 2.0);
    }
    assert!((&block).into_iter().all(|sample| *sample == 1.0));
}
