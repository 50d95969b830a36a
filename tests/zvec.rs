//! The vector that needs no destructor, beside the standard library's.

// `forget` shows that nothing depends on an iterator's end. A zone's reference in a key changes nothing of its hash.
#![allow(clippy::forget_non_drop, clippy::mutable_key_type, clippy::type_complexity)]

use memzone::{
    CollectIn, DeepCopy, FromIteratorIn, Refused, ZHeap, ZString, ZVec, Zone, ZoneError, beginz,
    letz, zvec,
};
use std::collections::HashSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A small zone that never grows.
fn fixed(bytes: usize) -> Zone {
    Zone::builder().capacity(bytes).fixed().build()
}

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

#[test]
fn it_does_what_a_vec_does() {
    let steps = if cfg!(miri) { 400 } else { 200_000 };
    let mut zone = Zone::new(1 << 16);
    let mut dice = Dice(7);
    let mut done = 0;
    while done < steps {
        let (mut ours, mut theirs) = (zone.vec(), Vec::new());
        // Something else is allocated now and then, so that growing moves the items.
        for _ in 0..300 {
            done += 1;
            let (value, len) = (dice.roll(10) as u32, theirs.len());
            let (from, to) = (dice.roll(len + 1), dice.roll(len + 1));
            let (from, to) = (from.min(to), from.max(to));
            match dice.roll(24) {
                0..5 => {
                    ours.push(value);
                    theirs.push(value);
                }
                5 => assert_eq!(ours.pop(), theirs.pop()),
                6 => {
                    ours.insert(from, value);
                    theirs.insert(from, value);
                }
                7 if len != 0 => assert_eq!(ours.remove(from % len), theirs.remove(from % len)),
                8 if len != 0 => {
                    assert_eq!(ours.swap_remove(from % len), theirs.swap_remove(from % len));
                }
                9 => {
                    ours.retain(|item| item % 5 != value % 5);
                    theirs.retain(|item| item % 5 != value % 5);
                }
                10 => {
                    ours.dedup();
                    theirs.dedup();
                }
                11 => {
                    ours.dedup_by_key(|item| *item / 3);
                    theirs.dedup_by_key(|item| *item / 3);
                }
                12 => assert!(ours.drain(from..to).eq(theirs.drain(from..to))),
                13 => {
                    let new = (0..dice.roll(6) as u32).filter(|n| *n != 2);
                    assert!(ours.splice(from..to, new.clone()).eq(theirs.splice(from..to, new)));
                }
                14 => {
                    let (a, mut b) = (ours.split_off(from), theirs.split_off(from));
                    assert_eq!(a, b);
                    let mut a = a;
                    a.reverse();
                    b.reverse();
                    ours.append(&mut a);
                    theirs.append(&mut b);
                    assert!(a.is_empty());
                }
                15 => {
                    ours.extend_from_within(from..to);
                    theirs.extend_from_within(from..to);
                }
                16 => {
                    ours.extend((0..value).filter(|n| n % 2 == 0));
                    theirs.extend((0..value).filter(|n| n % 2 == 0));
                }
                17 => {
                    ours.resize(to, value);
                    theirs.resize(to, value);
                }
                18 => {
                    ours.truncate(to);
                    theirs.truncate(to);
                }
                19 => ours.shrink_to_fit(),
                20 => {
                    zone.alloc(value);
                }
                21 => {
                    ours.extend_from_slice(&[value; 3]);
                    theirs.extend_from_slice_copy(&[value; 3]);
                }
                22 => {
                    let taken: Vec<u32> =
                        theirs[from..to].iter().copied().filter(|n| n % 3 == 1).collect();
                    let mut index = 0;
                    theirs.retain(|item| {
                        index += 1;
                        !(from + 1..=to).contains(&index) || item % 3 != 1
                    });
                    assert!(ours.extract_if(from..to, |item| *item % 3 == 1).eq(taken));
                }
                _ => {
                    ours.sort_unstable();
                    theirs.sort_unstable();
                }
            }
            assert_eq!(ours, theirs);
            assert!(ours.capacity() >= ours.len());
            if ours.len() > 500 {
                ours.clear();
                theirs.clear();
            }
        }
        assert!(ours.into_iter().eq(theirs));
        zone.reset().unwrap();
    }
}

trait Copying {
    fn extend_from_slice_copy(&mut self, items: &[u32]);
}

impl Copying for Vec<u32> {
    fn extend_from_slice_copy(&mut self, items: &[u32]) {
        self.extend_from_slice(items);
    }
}

#[test]
fn it_needs_no_destructor_and_lies_anywhere() {
    enum Json<'z> {
        Number(f64),
        List(ZVec<'z, Json<'z>>),
    }
    const { assert!(!std::mem::needs_drop::<Json>()) };
    assert_eq!(size_of::<ZVec<u8>>(), 4 * size_of::<usize>());
    let zone = Zone::new(4096);
    let mut inner = zone.vec();
    inner.push(Json::Number(0.5));
    let root = zone.alloc(Json::List(zvec![in zone; Json::Number(1.0), Json::List(inner)]));
    let Json::List(items) = root else { panic!() };
    items.push(Json::Number(2.0));
    let Json::List(inner) = &items[1] else { panic!() };
    assert!(matches!(inner[0], Json::Number(n) if n == 0.5) && items.len() == 3);
    let sum: u32 = letz!(z; list = zvec![in z; 1_u32, 2] => {
        list.push(3);
        list.iter().sum()
    });
    assert_eq!(sum, 6);
}

#[test]
fn it_grows_in_its_place_and_gives_back() {
    let zone = Zone::new(1 << 16);
    let mut vec = zone.vec();
    vec.push(0_u32);
    let start = vec.as_ptr();
    vec.extend(1..1000);
    assert_eq!(vec.as_ptr(), start);
    vec.truncate(10);
    vec.shrink_to_fit();
    assert_eq!((vec.as_ptr(), vec.capacity(), zone.used()), (start, 10, 40));
    vec.shrink_to_fit();
    let other = zone.alloc(7_u8);
    vec.push(10);
    assert_ne!(vec.as_ptr(), start);
    assert!(vec.iter().copied().eq(0..11) && *other == 7);
    // It is not the last one now.
    let more = zone.alloc(8_u8);
    let used = zone.used();
    vec.clear();
    vec.shrink_to_fit();
    assert_eq!((zone.used(), *more), (used, 8));
    vec.push(1);
    assert_eq!(vec.into_slice(), [1]);
    assert_eq!(zone.used(), used);
}

/// The user's code that runs meanwhile may use the zone, and grow other collections there.
#[test]
fn what_runs_meanwhile_may_use_the_zone() {
    struct Greedy<'z>(&'z Zone);
    impl std::fmt::Display for Greedy<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            for n in 0..20 {
                self.0.alloc_slice(n, 0xEE_u8);
                write!(f, "{n},")?;
            }
            Ok(())
        }
    }
    let zone = Zone::new(256);
    let (mut vec, other) = (zone.vec(), std::cell::RefCell::new(zone.vec()));
    vec.extend((0..300_u32).inspect(|n| other.borrow_mut().push(*n)).filter(|n| n % 2 == 0));
    vec.resize_with(200, || {
        zone.alloc_slice(3, 0xEE_u8);
        7
    });
    let clones = zone.alloc_slice_clone(&[zvec![in zone; 1, 2], zvec![in zone; 3]]);
    vec.dedup_by_key(|item| *zone.alloc(*item / 4));
    let mut text = zone.string_from("numbers: ");
    text.push_fmt(format_args!("{}{}", Greedy(&zone), Greedy(&zone)));
    assert!(text.starts_with("numbers: 0,1,2") && text.ends_with("18,19,") && text.len() == 109);
    assert!(other.borrow().iter().copied().eq(0..300) && clones[0] == [1, 2]);
    assert!(vec.iter().take(75).copied().eq((0..300).step_by(4)) && vec[75..] == [7]);
}

/// As far as the zone's last byte, also where that is not at a multiple of 16.
#[test]
fn it_grows_to_an_odd_end_and_is_given_back() {
    let zone = fixed(100);
    let mut vec = zone.vec_with_capacity::<u8>(80);
    vec.resize(80, 1);
    vec.reserve_exact(20);
    vec.resize(100, 2);
    assert_eq!((zone.used(), vec.capacity(), vec[79], vec[99]), (100, 100, 1, 2));
    assert!(vec.try_push(3).is_err());
    vec.truncate(90);
    vec.shrink_to_fit();
    assert_eq!((zone.used(), vec.iter().map(|&n| u32::from(n)).sum()), (96, 100));
    vec.reserve_exact(10);
    assert_eq!(zone.used(), 100);
    vec.give_back();
    assert_eq!(zone.used(), 0);
}

/// The first part must not take the second part's place for room of its own.
#[test]
fn the_parts_of_a_vector_do_not_overlap() {
    let zone = Zone::new(4096);
    let mut low = zvec![in zone; 1_u32, 2, 3, 4];
    let mut high = low.split_off(3);
    low.push(5);
    low.push(6);
    high.push(7);
    assert_eq!((&*low, &*high), (&[1, 2, 3, 5, 6][..], &[4, 7][..]));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn without_room_nothing_is_lost() {
    let zone = fixed(64);
    let mut vec: ZVec<u32> = zone.vec();
    vec.extend(0..16);
    let same = |vec: &ZVec<u32>| assert!(vec.iter().copied().eq(0..16));
    let refused = vec.try_push(16).unwrap_err();
    assert_eq!(refused.value, 16);
    assert!(matches!(refused.error, ZoneError::LimitReached { .. }));
    assert_eq!(refused.to_string(), refused.error.to_string());
    assert!(format!("{refused:?}").starts_with("Refused { error: LimitReached"));
    same(&vec);
    assert!(matches!(vec.try_insert(3, 99), Err(Refused { value: 99, .. })));
    same(&vec);
    let rest = vec.try_extend(16..20).unwrap_err();
    assert!(rest.value.eq(16..20));
    assert!(vec.try_reserve(1).is_err() && vec.try_reserve_exact(1).is_err());
    assert!(vec.try_resize(17, 0).is_err());
    assert!(vec.try_extend_from_slice(&[1]).is_err());
    assert!(vec.try_extend_from_slice_copy(&[1]).is_err());
    assert!(vec.try_extend_from_within(..1).is_err());
    assert!(vec.try_splice(3..5, [1, 2, 3]).is_err());
    assert!(vec.try_split_off(3).is_err());
    let (elsewhere, mut other) = (Zone::new(64), Zone::new(64));
    assert!(vec.try_append(&mut zvec![in elsewhere; 1]).is_err());
    assert!(matches!(vec.try_reserve(usize::MAX), Err(ZoneError::TooLarge { .. })));
    same(&vec);
    assert_eq!(vec.try_clone_in(&elsewhere).unwrap(), vec);
    other.reset().unwrap();
    for f in [
        (|vec| vec.push(0)) as fn(&mut ZVec<u32>),
        |vec| vec.insert(1, 0),
        |vec| vec.extend([1]),
        |vec| vec.reserve(1),
        |vec| vec.resize(20, 1),
        |vec| _ = vec.split_off(3),
        |vec| _ = vec.splice(1..1, [1]),
        |vec| _ = vec.clone(),
    ] {
        let panic = catch_unwind(AssertUnwindSafe(|| f(&mut vec))).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.starts_with("memzone: limit reached"), "{text}");
        same(&vec);
    }
}

#[test]
fn in_a_section_that_denies_a_push_is_an_error() {
    let zone = Zone::new(64);
    let mut vec = zone.vec();
    let full = (zone.remaining() / 4) as u32;
    vec.extend(0..full);
    let section = memzone::rt::enter_unwatched(memzone::rt::Policy::Deny);
    let refused = vec.try_push(full).unwrap_err();
    assert!(matches!(refused, Refused { error: ZoneError::Denied { .. }, value } if value == full));
    drop(section);
    vec.push(full);
    assert!(vec.iter().copied().eq(0..=full));
}

#[test]
fn what_has_room_never_asks_the_system_for_more() {
    let zone = Zone::new(8192);
    let mut vec = zone.vec_with_capacity(128);
    vec.extend(0..128_u64);
    let mut string = zone.string_from(&"x".repeat(200));
    // No room for twice as many, but for one more.
    zone.alloc_slice(zone.remaining() - 1300, 0_u8);
    let section = memzone::rt::enter_unwatched(memzone::rt::Policy::Deny);
    vec.push(128);
    string.push_str("y");
    assert_eq!(section.report().asked(), 0);
    drop(section);
    assert!(vec.iter().copied().eq(0..=128) && string.len() == 201);
    // Beyond that it grows as ever.
    vec.extend(129..1000);
    assert!(vec.iter().copied().eq(0..1000));
}

#[test]
fn clone_from_uses_the_room_that_there_is() {
    let zone = Zone::new(1 << 16);
    let (notes, text) = (zvec![in zone; 60, 64, 67], zone.string_from("kick"));
    let queue = ZHeap::of(notes.clone());
    let (mut to_notes, mut to_text) = (zone.fixed_vec(3), zone.fixed_string(4));
    let mut to_queue = ZHeap::of(zone.fixed_vec(3));
    to_notes.push(1);
    let used = zone.used();
    for _ in 0..3 {
        to_notes.clone_from(&notes);
        to_text.clone_from(&text);
        to_queue.clone_from(&queue);
    }
    assert_eq!((&to_notes, &to_text, to_queue.pop(), zone.used()), (&notes, &text, Some(67), used));
}

#[test]
fn a_fixed_vector_never_grows() {
    let zone = Zone::new(4096);
    let mut vec = zone.fixed_vec(2);
    assert!(vec.is_fixed() && !zone.vec::<u8>().is_fixed());
    vec.extend([1_u16, 2]);
    let used = zone.used();
    let Err(Refused { error, value }) = vec.try_push(3) else { panic!() };
    assert_eq!((error, value), (ZoneError::LimitReached { requested: 2, limit: 4, used: 4 }, 3));
    assert!(vec.try_reserve(1).is_err() && vec.try_split_off(1).is_err());
    vec.shrink_to_fit();
    assert_eq!((vec.pop(), vec.capacity(), zone.used()), (Some(2), 2, used));
    vec.push(4);
    assert_eq!(vec.clone_in(&zone), [1, 4]);
    assert_eq!(vec.into_slice(), [1, 4]);
    let mut units = zone.fixed_vec(3);
    assert!(units.try_extend([(); 4]).is_err());
    assert_eq!(units.len(), 3);
    assert!(matches!(zone.try_fixed_vec::<u64>(usize::MAX), Err(ZoneError::TooLarge { .. })));
}

#[test]
fn items_without_size_need_no_zone() {
    let zone = Zone::new(0);
    let mut vec = zone.vec();
    vec.resize(1000, ());
    vec.extend([(); 24]);
    assert_eq!((vec.len(), vec.capacity(), vec.drain(..24).count()), (1024, usize::MAX, 24));
    vec.shrink_to_fit();
    let (mut rest, clone) = (vec.split_off(600), vec.clone());
    vec.append(&mut rest);
    assert_eq!((vec.len(), rest.len(), clone.len(), zone.blocks()), (1000, 0, 600, 0));
    assert!(matches!(vec.try_reserve(usize::MAX), Err(ZoneError::TooLarge { .. })));
    assert_eq!(vec.into_iter().rev().count(), 1000);
}

/// Each item is there once, whatever the user's code does. Two `&mut` to one place would be undefined.
#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_in_the_middle_leaves_each_item_once() {
    let zone = Zone::new(1 << 16);
    let check = |break_it: &dyn Fn(&mut ZVec<&mut u32>, &dyn Fn() -> bool)| {
        for fuse in 0..12_u32 {
            let mut numbers: Vec<u32> = (0..10).map(|n| n / 2).collect();
            let mut vec = zone.vec();
            vec.extend(numbers.iter_mut());
            let left = std::cell::Cell::new(fuse);
            let burn = || {
                assert!(left.replace(left.get().wrapping_sub(1)) != 0, "burnt down");
                left.get() % 2 == 0
            };
            let _ = catch_unwind(AssertUnwindSafe(|| break_it(&mut vec, &burn)));
            let places: HashSet<*const u32> = vec.iter().map(|item| &raw const **item).collect();
            assert_eq!(places.len(), vec.len());
            vec.iter_mut().for_each(|item| **item += 1);
        }
    };
    check(&|vec, burn| vec.retain(|_| burn()));
    check(&|vec, burn| vec.dedup_by(|a, b| burn() && a == b));
    check(&|vec, burn| _ = vec.extract_if(2..8, |_| burn()));
    check(&|vec, burn| vec.sort_by_key(|item| (burn(), **item)));
    check(&|vec, burn| {
        let mut more = [1, 2, 3];
        let more: &'static mut [u32] = Box::leak(Box::new(std::mem::take(&mut more)));
        _ = vec.splice(1..4, more.iter_mut().inspect(|_| _ = burn()));
    });
    check(&|vec, burn| {
        let mut drain = vec.drain(1..5);
        drain.next_back();
        burn();
        std::mem::forget(drain);
    });
    // What is given away is none of its items any more.
    let mut numbers = [1, 2, 3];
    let mut vec = zone.vec();
    vec.extend(numbers.iter_mut());
    let given = vec.drain(..2).next().unwrap();
    *given += 1;
    assert_eq!((*given, vec.len()), (2, 1));
}

#[test]
fn it_is_made_of_what_is_there() {
    let zone = Zone::new(4096);
    let empty: ZVec<u8> = zvec![in zone];
    let nested = zvec![in zone; zvec![in &zone; 1, 2], zvec![in zone; 3; 2],];
    assert_eq!((empty.len(), &*nested[0], &*nested[1]), (0, &[1, 2][..], &[3, 3][..]));
    let slice: &mut [u32] = (0..5).collect_in(&zone);
    let shared: &[u32] = slice.iter().copied().collect_in(&zone);
    assert_eq!(slice, shared);
    let good: Option<ZVec<u32>> = [Some(1), Some(2)].into_iter().collect_in(&zone);
    let bad: Option<ZVec<u32>> = [Some(1), None, Some(2)].into_iter().collect_in(&zone);
    assert_eq!((good.unwrap(), bad), (zvec![in zone; 1, 2], None));
    let error: Result<ZVec<u32>, &str> =
        [Ok(1), Err("no"), Err("never")].into_iter().collect_in(&zone);
    assert_eq!(error, Err("no"));
    let small = fixed(64);
    assert!(ZVec::try_from_iter_in(0..100_u32, &small).is_err());
    assert!((0..100_u32).try_collect_in::<ZVec<_>>(&small).is_err());
    assert_eq!(small.used(), 0);
    // A wrong hint does not count.
    let liar = std::iter::repeat_n(1_u32, 1_000_000).take_while({
        let mut n = 0;
        move |_| (n += 1, n <= 4).1
    });
    assert_eq!(liar.collect_in::<ZVec<_>>(&small), [1; 4]);
}

#[test]
fn it_leaves_a_scope_in_one_copy() {
    let outer = Zone::new(1 << 16);
    let list: ZVec<ZVec<&str>> = beginz!(z in &outer => {
        let mut list = z.vec_with_capacity(100);
        for n in 0..5 {
            list.push(zvec![in z; &*z.alloc_str("text"); n]);
        }
        list
    });
    assert_eq!((list.len(), list.capacity(), list[4].len()), (5, 5, 4));
    assert!(list.iter().flatten().all(|text| outer.contains(text.as_ptr()) && *text == "text"));
    let numbers: ZVec<f32> = beginz!(z in &outer => {
        (0..1000_u16).map(f32::from).collect_in(z)
    });
    assert_eq!((numbers.capacity(), numbers[999]), (1000, 999.0));
    let small = fixed(512);
    assert!(memzone::try_zcopy(&numbers, &small).is_err());
    assert_eq!(small.used(), 0);
}

/// Of a tree that does not fit, nothing is left in the zone.
#[test]
fn a_copy_that_fails_gives_back_the_whole_tree() {
    #[derive(DeepCopy)]
    struct Tree<'z> {
        name: ZString<'z>,
        below: ZVec<'z, Tree<'z>>,
    }
    fn tree(zone: &Zone, depth: usize) -> Tree<'_> {
        let below = (0..depth).map(|_| tree(zone, depth - 1)).collect_in(zone);
        Tree { name: zone.string_from("a name of some length"), below }
    }
    let (zone, small, large) = (Zone::new(1 << 16), fixed(1500), Zone::new(1 << 16));
    let whole = tree(&zone, 4);
    assert!(matches!(memzone::try_zcopy(&whole, &small), Err(ZoneError::LimitReached { .. })));
    // With `tracing` nothing goes back. Miri gives a function several addresses, and so never sees that a type leads back
    // to itself.
    assert!(small.used() == 0 || cfg!(any(feature = "tracing", miri)));
    let copy = memzone::zcopy(&whole, &large);
    let last = &copy.below[3].below[2].below[1].below[0];
    assert!(last.name == "a name of some length" && large.contains(last.name.as_ptr()));
}

#[test]
fn it_has_the_traits_of_a_vec() {
    let zone = Zone::new(4096);
    let (a, b) = (zvec![in zone; 1, 2, 3], zvec![in zone; 1, 3]);
    assert!(a < b && a != b && a == [1, 2, 3] && a == vec![1, 2, 3] && [1, 2, 3][..] == a);
    assert_eq!(a.cmp(&b), [1, 2, 3].cmp(&[1, 3, 0]));
    assert_eq!(format!("{a:?} {:?}", a.clone().into_iter()), "[1, 2, 3] ZVecIter([1, 2, 3])");
    let known: HashSet<ZVec<i32>> = [a.clone(), a.clone(), b].into_iter().collect();
    assert!(known.len() == 2 && known.contains(&[1, 3][..]));
    let mut bytes = zone.fixed_vec(8);
    write!(bytes, "{}-{}", 12, 34).unwrap();
    assert_eq!(write!(bytes, "more").unwrap_err().kind(), std::io::ErrorKind::OutOfMemory);
    assert_eq!(&bytes[..5], b"12-34");
    let mut sum = 0;
    for item in &a {
        sum += item;
    }
    let mut a = a;
    for item in &mut a {
        *item += sum;
    }
    let slice: &mut [i32] = a.into();
    assert_eq!(slice, [7, 8, 9]);
    let mut sized = zvec![in zone; 1_u8, 2];
    assert_eq!((sized.pop_if(|item| *item == 1), sized.pop_if(|item| *item == 2)), (None, Some(2)));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn bad_indices_panic_with_the_numbers() {
    let zone = Zone::new(4096);
    for (f, wanted) in [
        ((|vec| vec.insert(4, 0)) as fn(&mut ZVec<u8>), "the index is 4, and there are 3 items"),
        (|vec| _ = vec.remove(3), "the index is 3, and there are 3 items"),
        (|vec| _ = vec.swap_remove(3), "the index is 3, and there are 3 items"),
        (|vec| _ = vec.split_off(4), "`at` is 4, and there are 3 items"),
        (|vec| _ = vec.drain(2..5), "the range ends at 5, and there are 3 items"),
        (
            |vec: &mut ZVec<u8>| {
                _ = vec.drain((std::ops::Bound::Included(3), std::ops::Bound::Excluded(2)))
            },
            "the range begins at 3 and ends at 2",
        ),
    ] {
        let mut vec = zvec![in zone; 1, 2, 3];
        let panic = catch_unwind(AssertUnwindSafe(|| f(&mut vec))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), wanted);
        assert_eq!(vec, [1, 2, 3]);
    }
}
