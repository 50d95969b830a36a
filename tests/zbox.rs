//! `ZBox`: ownership, destructors, memory given back, and the traits it passes on.

use memzone::{ZBox, Zone, ZoneError, peek_zone, pop_zone, push_zone};
use std::borrow::{Borrow, BorrowMut};
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[path = "common/counting.rs"]
mod counting;
#[path = "common/drops.rs"]
mod drops;

use drops::{Counted, Drops};

/// Whether `body` panics.
fn panics(body: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(body)).is_err()
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn a_box_outlives_all_handles() {
    let (asked, freed) = (counting::bytes_asked(), counting::bytes_freed());
    let zone = Zone::new(100);
    let number = zone.boxed(5_u64);
    let slice = zone.boxed_slice(500, 7_u16);
    let clone = zone.clone();
    assert_eq!(zone.handles(), 4);
    drop((zone, clone));
    assert_eq!(counting::bytes_freed(), freed);
    assert_eq!((*number, &slice[..]), (5, &[7; 500][..]));
    let zone = ZBox::zone(&slice);
    assert!(zone.contains(&raw const *number) && zone.contains(&raw const slice[499]));
    assert_eq!(zone.handles(), 2);
    let again = zone.clone();
    drop((number, slice));
    assert_eq!(again.handles(), 1);
    drop(again);
    assert_eq!(counting::bytes_freed() - freed, counting::bytes_asked() - asked);
}

#[test]
fn a_value_is_dropped_once_and_with_its_box() {
    let (drops, zone) = (Drops::default(), Zone::new(100));
    let one = zone.boxed(drops.value());
    let two = zone.try_boxed((drops.value(), drops.value())).unwrap();
    assert_eq!(drops.count(), 0);
    drop(one);
    assert_eq!(drops.count(), 1);
    drop(two);
    assert_eq!(drops.count(), 3);
    let last = zone.boxed(drops.value());
    drop(zone);
    assert_eq!(drops.count(), 3);
    drop(last);
    assert_eq!(drops.count(), 4);
}

#[test]
fn a_value_may_be_moved_out() {
    let (drops, zone) = (Drops::default(), Zone::new(100));
    let boxed = zone.boxed((String::from("text"), drops.value()));
    assert!(zone.used() > 0);
    let (text, value) = ZBox::into_inner(boxed);
    assert_eq!((&*text, drops.count(), zone.used(), zone.handles()), ("text", 0, 0, 1));
    drop(value);
    assert_eq!(drops.count(), 1);
    // As the zone's last handle, and with no size.
    let boxed = zone.boxed([3_u8; 300]);
    drop(zone);
    assert_eq!(ZBox::into_inner(boxed), [3; 300]);
    ZBox::into_inner(Zone::new(0).boxed(()));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_value_that_finds_no_room_is_dropped() {
    let (drops, zone) = (Drops::default(), Zone::builder().capacity(8).fixed().build());
    let value = (drops.value(), [0_u64; 4]);
    let requested = size_of_val(&value);
    let error = zone.try_boxed(value).err().unwrap();
    assert_eq!(error, ZoneError::LimitReached { requested, limit: 8, used: 0 });
    assert_eq!((drops.count(), zone.handles(), zone.used()), (1, 1, 0));
    assert!(panics(|| drop(zone.boxed((drops.value(), [0_u64; 4])))));
    assert_eq!((drops.count(), zone.handles(), zone.used()), (2, 1, 0));
}

#[test]
fn dropping_in_reverse_order_gives_the_memory_back() {
    let mut zone = Zone::new(4_096);
    zone.alloc(1_u8);
    let mut boxes = Vec::new();
    let mut used = Vec::new();
    for n in 0..20_u8 {
        used.push(zone.used());
        boxes.push(zone.boxed_slice(usize::from(n) * 7 + 1, n));
    }
    let most = zone.used();
    while let Some(boxed) = boxes.pop() {
        assert!(boxed.iter().all(|&item| usize::from(item) == boxes.len()));
        drop(boxed);
        assert_eq!(Some(zone.used()), used.pop());
    }
    assert_eq!((zone.used(), zone.high_water()), (8, most));
    // What was given back is used again.
    let first = zone.boxed(1_u64);
    let place = &raw const *first;
    assert_eq!(ZBox::into_inner(first), 1);
    assert_eq!(&raw const *zone.alloc(2_u64), place);
    assert_eq!(zone.reset(), Ok(()));
}

#[test]
fn a_box_never_gives_back_more_than_it_had() {
    let zone = Zone::new(4_096);
    let before = zone.alloc_slice(10, 1_u8);
    let boxed = zone.boxed_slice(33, 2_u8);
    let after = zone.alloc_slice(10, 3_u8);
    let used = zone.used();
    drop(boxed);
    assert_eq!(zone.used(), used, "something lies behind it");
    let new = zone.alloc_slice(200, 4_u8);
    assert!(before.iter().all(|&n| n == 1) && after.iter().all(|&n| n == 3));
    assert!(new.iter().all(|&n| n == 4));
    let used = zone.used();
    drop(zone.boxed(()));
    drop(zone.boxed_slice(0, 5_u64));
    assert_eq!(zone.used(), used, "nothing had no size");

    // In other orders, over several blocks.
    let zone = Zone::new(64);
    let mut boxes: Vec<_> = (0..60).map(|n| Some(zone.boxed([n; 9]))).collect();
    let kept = zone.alloc_slice(40, 77_u8);
    for step in [7, 5, 3, 2, 1] {
        for n in (0..60).step_by(step) {
            if let Some(boxed) = boxes[n].take() {
                assert_eq!(*boxed, [n; 9]);
            }
            assert!(zone.alloc_slice(3, n).iter().all(|&item| item == n));
        }
        for (n, boxed) in boxes.iter().enumerate() {
            assert!(boxed.as_ref().is_none_or(|boxed| **boxed == [n; 9]));
        }
    }
    assert!(kept.iter().all(|&n| n == 77));
    assert_eq!(zone.handles(), 1);
}

#[test]
fn the_tail_of_an_odd_zone_may_be_boxed() {
    let zone = Zone::builder().capacity(37).fixed().build();
    let (a, b) = (zone.boxed_slice(32, 1_u8), zone.boxed_slice(5, 2_u8));
    assert_eq!(zone.remaining(), 0);
    assert_eq!((a[31], &b[..]), (1, &[2; 5][..]));
    drop((b, a));
    assert_eq!(zone.handles(), 1);
    assert!(zone.used() + zone.remaining() == 37 && zone.capacity() == 37);
}

/// At an odd end too: what is not the last one gives nothing back, and what is gives back no more than it took.
#[test]
fn only_the_last_box_at_an_odd_end_gives_back() {
    let zone = Zone::builder().capacity(37).fixed().build();
    let kept = zone.boxed_slice(16, 1_u8);
    let (before, last) = (zone.boxed_slice(16, 2_u8), zone.boxed_slice(5, 3_u8));
    assert_eq!(zone.remaining(), 0);
    drop(before);
    assert_eq!((zone.used(), &last[..]), (37, &[3; 5][..]), "something lies behind it");
    drop(last);
    assert_eq!(zone.used(), 32, "the last one took 5 bytes");
    let again = zone.boxed_slice(5, 4_u8);
    assert_eq!((&kept[..], &again[..], zone.used()), (&[1; 16][..], &[4; 5][..], 37));
}

#[test]
fn slices_are_boxed() {
    let zone = Zone::new(16);
    let mut boxed = zone.boxed_slice(1_000, 1.5_f64);
    boxed[999] = 2.0;
    assert_eq!((boxed.len(), boxed.iter().sum::<f64>()), (1_000, 1_500.5));
    let copy = boxed.clone();
    assert_eq!(copy, boxed);
    assert_ne!(copy.as_ptr(), boxed.as_ptr());
    assert!(zone.contains(&raw const copy[999]));
    assert_eq!(zone.try_boxed_slice(3, 'x').unwrap()[..], ['x'; 3]);
    assert!(zone.boxed_slice(0, 1_u64).is_empty());
    assert_eq!(zone.boxed_slice(100, ()).len(), 100);
    assert_eq!(memzone::alloc::<u32>(5)[..], [0; 5]);
    assert_eq!(memzone::zalloc::<bool>(2)[..], [false; 2]);
}

#[test]
fn what_has_no_size_is_dropped_too() {
    thread_local!(static DROPPED: Cell<u32> = const { Cell::new(0) });
    struct Empty;
    impl Drop for Empty {
        fn drop(&mut self) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    let zone = Zone::builder().capacity(0).fixed().build();
    let boxes = [zone.boxed(Empty), zone.boxed(Empty), zone.boxed(Empty)];
    assert_eq!((zone.handles(), zone.used()), (4, 0));
    drop(boxes);
    assert_eq!((DROPPED.get(), zone.handles()), (3, 1));
    #[repr(align(4096))]
    struct Page;
    assert_eq!((&raw const *zone.boxed(Page)).addr() % 4096, 0);
    assert_eq!(*Zone::new(0).boxed(()), ());
}

#[test]
fn alignment_is_kept() {
    #[repr(align(512))]
    struct Aligned(u8);
    let zone = Zone::new(100);
    for n in 0..5 {
        let boxed = zone.boxed(Aligned(n));
        assert_eq!(((&raw const *boxed).addr() % 512, boxed.0), (0, n));
        zone.alloc(1_u8);
    }
}

#[test]
fn a_new_box_lies_in_the_current_zone() {
    let zone = Zone::new(1_000);
    push_zone(&zone);
    let boxed = ZBox::new(vec![1, 2]);
    let tried = ZBox::try_new(3).unwrap();
    let slice = memzone::alloc::<u8>(10);
    drop(pop_zone().unwrap());
    assert!(zone.contains(&raw const *boxed) && zone.contains(&raw const *tried));
    assert!(zone.contains(&raw const slice[9]) && zone.handles() == 4);
    let elsewhere = ZBox::new(4);
    assert!(!zone.contains(&raw const *elsewhere));
    assert!(peek_zone().contains(&raw const *elsewhere));
}

#[test]
fn a_box_keeps_its_zone_from_being_reset() {
    let mut zone = Zone::new(1_000);
    let boxes = [zone.boxed("a".to_string()), zone.boxed("b".to_string())];
    assert_eq!(zone.reset(), Err(ZoneError::InUse { handles: 2 }));
    assert_eq!(boxes.each_ref().map(|text| text.len()), [1, 1]);
    drop(boxes);
    assert_eq!(zone.reset(), Ok(()));
}

#[test]
#[expect(
    clippy::mutable_key_type,
    reason = "only the handle's cell can change, which no trait sees"
)]
fn a_box_behaves_as_its_value() {
    fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    }
    let zone = Zone::new(1_000);
    let mut text = zone.boxed(String::from("ab"));
    text.push('c');
    *text = text.to_uppercase();
    assert_eq!((text.len(), format!("{text} {text:?} {text:>4}")), (3, "ABC \"ABC\"  ABC".into()));
    let other = text.clone();
    assert!(other == text && other.as_ptr() != text.as_ptr());
    assert!(zone.contains(&raw const *other));
    assert_eq!(hash(&text), hash("ABC"));
    let (one, two) = (zone.boxed(1.5_f32), zone.boxed(2.5));
    assert!(one < two && one != two && two >= one);
    assert_eq!(one.partial_cmp(&two), Some(Ordering::Less));
    assert_eq!(zone.boxed(f32::NAN).partial_cmp(&one), None);
    assert_eq!(zone.boxed(4).cmp(&zone.boxed(3)), Ordering::Greater);
    assert_eq!(zone.boxed_slice(2, 4).cmp(&zone.boxed_slice(3, 4)), Ordering::Less);

    let set: HashSet<ZBox<String>> = [text.clone(), other].into_iter().collect();
    assert!(set.len() == 1 && set.contains(&*text) && !set.contains(&String::from("abc")));
    let ordered: BTreeSet<ZBox<i32>> = [3, 1, 2].map(|n| zone.boxed(n)).into_iter().collect();
    assert!(ordered.iter().map(|n| **n).eq(1..4) && ordered.contains(&2));

    let mut slice = zone.boxed_slice(2, 1_u8);
    let as_ref: &[u8] = slice.as_ref();
    assert_eq!(as_ref, <ZBox<[u8]> as Borrow<[u8]>>::borrow(&slice));
    AsMut::<[u8]>::as_mut(&mut slice)[0] = 2;
    BorrowMut::<[u8]>::borrow_mut(&mut slice)[1] = 3;
    assert_eq!(format!("{slice:?}"), "[2, 3]");
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_destructor_that_panics_still_gives_up_the_handle() {
    struct Bad(#[expect(dead_code, reason = "dropped is all it is")] Counted);
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let drops = Drops::default();
    let mut zone = Zone::new(100);
    let boxed = zone.boxed(Bad(drops.value()));
    assert!(panics(|| drop(boxed)));
    assert_eq!((drops.count(), zone.handles()), (1, 1));
    assert_eq!((zone.reset(), *zone.alloc(5)), (Ok(()), 5));
    // As the last handle too.
    let freed = counting::bytes_freed();
    let boxed = Zone::new(1 << 20).boxed(Bad(drops.value()));
    assert!(panics(|| drop(boxed)));
    assert_eq!(drops.count(), 2);
    assert!(counting::bytes_freed() - freed >= 1 << 20, "the zone was not freed");
}

#[test]
fn a_destructor_may_allocate_in_the_same_zone() {
    struct Busy(Zone, u8);
    impl Drop for Busy {
        fn drop(&mut self) {
            let scratch = self.0.alloc_slice(50, self.1);
            let inner = self.0.boxed(self.1);
            assert!(scratch.iter().all(|&n| n == *inner));
        }
    }
    let zone = Zone::new(100);
    for n in 0..20 {
        let boxed = zone.boxed(Busy(zone.clone(), n));
        let kept = zone.alloc_slice(5, 200_u8);
        drop(zone.boxed(Busy(zone.clone(), n)));
        drop(boxed);
        let new = zone.alloc_slice(60, 100_u8);
        assert!(kept.iter().all(|&n| n == 200) && new.iter().all(|&n| n == 100));
    }
    assert_eq!(zone.handles(), 1);
}

#[test]
fn boxes_may_hold_boxes_of_the_same_zone() {
    #[expect(dead_code, reason = "dropped is all they are")]
    struct List(Counted, Option<ZBox<List>>);
    let (drops, zone) = (Drops::default(), Zone::new(100));
    let mut list = None;
    for _ in 0..100 {
        list = Some(zone.boxed(List(drops.value(), list)));
    }
    assert_eq!(zone.handles(), 101);
    let used = zone.used();
    drop(list);
    assert_eq!((drops.count(), zone.handles()), (100, 1));
    assert!(zone.used() <= used);
    // The inner one is the last allocation, then the outer one.
    let zone = Zone::new(100);
    let outer = zone.boxed(RefCell::new(None));
    *RefCell::borrow_mut(&outer) = Some(zone.boxed(5));
    drop(zone.clone());
    drop(outer);
    assert_eq!((zone.used(), zone.handles()), (0, 1));
}

#[test]
fn a_box_may_hold_its_own_zones_handle() {
    let freed = counting::bytes_freed();
    let zone = Zone::new(1 << 20);
    let boxed = zone.boxed(zone.clone());
    assert_eq!(zone.handles(), 3);
    drop(zone);
    assert_eq!(boxed.handles(), 2);
    drop(boxed);
    assert!(counting::bytes_freed() - freed >= 1 << 20, "the zone was not freed");
    let boxed = Zone::new(100).boxed(Cell::new(None));
    boxed.set(Some(ZBox::zone(&boxed).clone()));
    let zone = boxed.take().unwrap();
    drop(boxed);
    assert_eq!((zone.handles(), zone.used()), (1, 0));
}

#[test]
fn boxes_may_be_kept_in_collections_of_the_heap() {
    let zones = [Zone::new(64), Zone::new(64)];
    let mut boxes: Vec<ZBox<String>> =
        (0..50).map(|n| zones[n % 2].boxed(format!("value {n:02}"))).collect();
    drop(zones);
    boxes.sort_by(|a, b| b.cmp(a));
    boxes.swap(3, 40);
    boxes.retain(|text| !text.ends_with('7'));
    assert_eq!((boxes.len(), &**boxes[0]), (45, "value 49"));
    assert_eq!(ZBox::zone(&boxes[0]).handles() + ZBox::zone(&boxes[1]).handles(), 45);
}

/// The memory that a box gives back was reached through a reference to its value alone: what is put
/// there next may be larger. (Miri's stacked borrows see the difference.)
#[test]
fn what_a_box_gives_back_is_as_good_as_new() {
    let zone = Zone::new(1024);
    let first = zone.boxed_slice(4, 1_u8);
    drop(first.clone());
    let larger = zone.alloc_slice(100, 7_u8);
    larger[99] = 3;
    assert_eq!((larger[0], larger[99], first[3]), (7, 3, 1));
}

/// What was boxed last in a full zone, and dropped, makes room for the same again: for each size, and for alignments above
/// a step of the cursor's.
#[test]
fn a_full_zone_has_room_for_what_was_dropped_last() {
    #[derive(Clone, Copy)]
    #[repr(align(64))]
    struct Line(#[allow(dead_code)] [u8; 64]);

    fn again<T: Copy>(len: usize, value: T) {
        let bytes = 4 * (len * size_of::<T>() + align_of::<T>()) + 64;
        let zone = Zone::builder().capacity(bytes).fixed().build();
        let mut boxes: Vec<_> =
            core::iter::from_fn(|| zone.try_boxed_slice(len, value).ok()).collect();
        assert!(boxes.len() >= 2, "{len} of {}", size_of::<T>());
        let used = zone.used();
        for _ in 0..3 {
            drop(boxes.pop());
            boxes.push(zone.try_boxed_slice(len, value).unwrap());
            assert_eq!(zone.used(), used);
        }
    }
    let sizes = if cfg!(miri) { 1..40 } else { 1..500 };
    for len in sizes {
        again(len, 1_u8);
        again(len, Line([2; 64]));
    }
}
