//! Other crates' collections in zones, texts and maps, and how they leave scopes.

#[path = "common/counting.rs"]
mod counting;

use hashbrown::{HashMap, HashSet};
use memzone::rt::{self, Policy};
use memzone::{
    CollectIn, DeepCopy, Keep, ZMap, ZString, ZVec, Zone, ZoneError, beginz, try_beginz, zcopy,
    zformat,
};
use std::cell::Cell;
use std::fmt::Write;
use std::rc::Rc;

/// A hasher of one's own.
type Fixed = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// A vector that borrows its zone, and owns its items.
type Lent<'z, T> = allocator_api2::vec::Vec<T, &'z Zone>;

/// The same for each version of `allocator-api2`.
macro_rules! of_version {
    ($name:ident, $api:ident) => {
        mod $name {
            use super::*;
            use ::$api::boxed::Box;
            use ::$api::vec::Vec;

            #[test]
            fn what_was_allocated_last_grows_and_shrinks_in_its_place() {
                let zone = Zone::new(1 << 16);
                let mut vec = Vec::new_in(&zone);
                vec.push(0_u32);
                let start = vec.as_ptr();
                vec.extend(1..1000_u32);
                assert_eq!(vec.as_ptr(), start);
                vec.truncate(10);
                vec.shrink_to_fit();
                assert_eq!((vec.as_ptr(), zone.used()), (start, 40));
                vec.resize(100, 7);
                let second = Box::new_in(1_u8, &zone);
                vec.resize(101, 7);
                assert_ne!(vec.as_ptr(), start);
                assert!(vec[..10].iter().copied().eq(0..10) && vec[10..] == [7; 91]);
                drop(second);
                let before = zone.used();
                drop(vec);
                assert!(zone.used() < before);
            }

            #[test]
            fn a_vector_leaves_a_scope_in_one_copy() {
                let outer = Zone::new(1 << 16);
                let vec: Vec<f32, &Zone> = beginz!(z in &outer => {
                    let mut vec = Vec::new_in(z);
                    vec.extend((0..1000_u16).map(f32::from));
                    vec
                });
                assert!(vec.iter().copied().eq((0..1000_u16).map(f32::from)));
                assert!(outer.contains(&vec[999]));
                assert_eq!((outer.used(), vec.capacity()), (4000, 1000));
                drop(vec);
                assert_eq!(outer.used(), 0);
            }

            #[test]
            fn a_vector_with_a_handle_leaves_without_naming_a_zone() {
                let outer = Zone::new(1 << 16);
                let retired = memzone::stats::thread().retired;
                let vec = outer.enter(|| {
                    beginz!(z => {
                        let mut vec = Vec::new_in(z.clone());
                        vec.extend(0..100_u64);
                        vec
                    })
                });
                assert_eq!((outer.handles(), outer.used()), (2, 800));
                // The scope's zone has no handle left, and serves the next one.
                assert_eq!(memzone::stats::thread().retired, retired);
                drop(outer);
                assert!(vec.iter().copied().eq(0..100));
                assert!(vec.allocator().contains(&vec[99]));
            }

            #[test]
            fn what_is_in_it_comes_along() {
                let outer = Zone::new(1 << 16);
                let owned = Rc::new(());
                type Rows<'z> = Vec<(Vec<u8, &'z Zone>, Box<&'z str, &'z Zone>, Rc<()>), &'z Zone>;
                let rows: Rows = beginz!(z in &outer => {
                    let mut rows = Vec::new_in(z);
                    for n in 0..5_u8 {
                        let mut row = Vec::new_in(z);
                        row.resize(n.into(), n);
                        let text: &str = z.alloc_str("text");
                        rows.push((row, Box::new_in(text, z), Rc::clone(&owned)));
                    }
                    rows
                });
                assert_eq!(Rc::strong_count(&owned), 6);
                for (n, (row, text, _)) in rows.iter().enumerate() {
                    assert_eq!((row.len(), **text), (n, "text"));
                    assert!(outer.contains(&raw const **text) && outer.contains(text.as_ptr()));
                    assert!(row.iter().all(|&byte| usize::from(byte) == n));
                    assert!(row.first().is_none_or(|byte| outer.contains(byte)));
                }
                let twice = zcopy(&rows, &outer);
                assert_eq!(Rc::strong_count(&owned), 11);
                drop((rows, twice));
                assert_eq!(Rc::strong_count(&owned), 1);
            }

            #[test]
            fn a_list_of_boxes_is_copied_on_little_stack() {
                #[derive(DeepCopy)]
                struct Node<'z> {
                    value: u32,
                    next: Option<Box<Node<'z>, &'z Zone>>,
                }
                fn unlink<'z>(mut node: Option<Box<Node<'z>, &'z Zone>>) -> u64 {
                    let mut sum = 0;
                    while let Some(mut this) = node {
                        sum += u64::from(this.value);
                        node = this.next.take();
                    }
                    sum
                }
                const NODES: u32 = if cfg!(miri) { 100 } else { 100_000 };
                let outer = Zone::new(1 << 16);
                let list: Option<Box<Node, &Zone>> = beginz!(z in &outer => {
                    let mut list = None;
                    for value in 0..NODES {
                        list = Some(Box::new_in(Node { value, next: list }, z));
                    }
                    list
                });
                let copied = zcopy(&list, &outer);
                let sum = u64::from(NODES) * u64::from(NODES - 1) / 2;
                assert_eq!((unlink(list), unlink(copied)), (sum, sum));
            }

            #[test]
            fn a_leaked_box_keeps_its_zone() {
                let zone = Zone::new(1000);
                let value: &'static mut u64 = Box::leak(Box::new_in(5, zone.clone()));
                let mut items = Vec::new_in(zone);
                items.push(1_u8);
                let items: &'static mut [u8] = items.leak();
                *value += u64::from(items[0]);
                assert_eq!(*value, 6);
            }

            #[test]
            fn a_section_that_denies_refuses_growth() {
                let zone = Zone::new(0);
                zone.alloc(0_u8);
                let mut vec = Vec::new_in(&zone);
                vec.extend(0..100_u8);
                let section = rt::enter_unwatched(Policy::Deny);
                assert!(vec.try_reserve(1 << 20).is_err());
                assert_eq!(section.report().denied(), 1);
                assert!(Box::try_new_in([0_u8; 1 << 16], &zone).is_err());
                drop(section);
                assert!(vec.iter().copied().eq(0..100));
                vec.reserve(1 << 20);
                assert!(vec.iter().copied().eq(0..100));
            }
        }
    };
}

of_version!(of_02, allocator_api2);
of_version!(of_03, allocator_api2_03);
of_version!(of_04, allocator_api2_04);

#[test]
fn a_copy_without_room_says_why_and_drops_what_it_has() {
    let source = Zone::new(1 << 16);
    let owned = Rc::new(());
    let mut rows: Lent<(Rc<()>, ZVec<u8>)> = Lent::new_in(&source);
    for _ in 0..10 {
        let mut bytes = source.vec_with_capacity(100);
        bytes.resize(100, 1);
        rows.push((Rc::clone(&owned), bytes));
    }
    let small = Zone::builder().capacity(1000).fixed().build();
    let copied = memzone::try_zcopy(&rows, &small);
    assert!(matches!(copied, Err(ZoneError::LimitReached { .. })));
    assert_eq!(Rc::strong_count(&owned), 11);
    let moved = try_beginz!(z in &small => {
        let mut moved = Lent::new_in(z);
        moved.extend((0..1000).map(|_| Rc::clone(&owned)));
        moved
    });
    let moved: Result<Lent<Rc<()>>, ZoneError> = moved;
    assert!(matches!(moved, Err(ZoneError::LimitReached { .. })));
    assert_eq!(Rc::strong_count(&owned), 11);
}

#[test]
fn a_copy_that_panics_drops_what_it_has() {
    struct Fuse<'a>(&'a Cell<u32>, Rc<()>);
    impl<'z> DeepCopy<'z> for Fuse<'_> {
        type Copied = Rc<()>;
        fn deep_copy(&self, _: &'z Zone) -> Result<Rc<()>, ZoneError> {
            self.0.set(self.0.get() - 1);
            assert!(self.0.get() != 0, "burnt down");
            Ok(Rc::clone(&self.1))
        }
    }
    let zone = Zone::new(1000);
    let (left, owned) = (Cell::new(6), Rc::new(()));
    let mut fuses = Lent::new_in(&zone);
    fuses.extend((0..10).map(|_| Fuse(&left, Rc::clone(&owned))));
    let copied = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| zcopy(&fuses, &zone)));
    assert!(copied.is_err());
    assert_eq!((Rc::strong_count(&owned), zone.alloc(1) == &1), (11, true));
}

#[test]
fn what_stays_is_passed_on_uncopied() {
    let outer = Zone::new(1 << 16);
    let mut filled = outer.vec();
    filled.push(1_u8);
    let start = filled.as_ptr();
    let filled: ZVec<u8> = beginz!(z in &outer => {
        filled.push(*z.alloc(2));
        Keep(filled)
    })
    .0;
    assert_eq!((&filled[..], filled.as_ptr()), (&[1, 2][..], start));
}

#[test]
fn items_without_size_need_no_zone() {
    let zone = Zone::new(0);
    let mut vec = zone.vec();
    vec.resize(1000, ());
    let copied = zcopy(&vec, &zone);
    assert_eq!((copied.len(), zone.blocks()), (1000, 0));
    assert_eq!(zone.vec_with_capacity::<u8>(0).capacity(), 0);
    let mut counted = allocator_api2::vec::Vec::new_in(Zone::new(0));
    counted.resize(10, ());
    let unborn = Zone::new(0);
    let section = rt::enter_unwatched(Policy::Deny);
    assert!(matches!(memzone::try_zcopy(&counted, &unborn), Err(ZoneError::Denied { .. })));
    drop(section);
    assert_eq!(zcopy(&counted, &unborn).len(), 10);
}

#[test]
fn a_vector_has_exactly_its_room() {
    let zone = Zone::builder().capacity(1000).fixed().build();
    let mut vec: ZVec<u64> = zone.vec_with_capacity(100);
    assert_eq!((vec.capacity(), vec.len(), zone.used()), (100, 0, 800));
    let refused = zone.try_vec_with_capacity::<u64>(100);
    assert!(matches!(refused, Err(ZoneError::LimitReached { requested: 800, .. })));
    assert!(matches!(
        zone.try_vec_with_capacity::<u64>(usize::MAX),
        Err(ZoneError::TooLarge { .. })
    ));
    vec.shrink_to_fit();
    assert_eq!(zone.used(), 0);
}

#[test]
fn an_owning_vector_keeps_its_zone_and_drops_its_items() {
    let owned = Rc::new(());
    let mut vec = {
        let zone = Zone::new(1000);
        let mut vec = zone.owning_vec();
        vec.push(Rc::clone(&owned));
        vec
    };
    // The system refuses this; Miri would end, so there it is the vector that refuses more.
    let too_many = if cfg!(miri) { usize::MAX / 8 } else { usize::MAX / 64 };
    assert!(vec.try_reserve(too_many).is_err());
    vec.push(Rc::clone(&owned));
    assert_eq!((vec.allocator().handles(), Rc::strong_count(&owned)), (1, 3));
    drop(vec);
    assert_eq!(Rc::strong_count(&owned), 1);
}

#[test]
#[should_panic(expected = "memzone: ")]
fn a_vector_without_room_panics_with_the_zone_s_words() {
    Zone::builder().capacity(1000).fixed().build().vec_with_capacity::<u8>(1001);
}

#[test]
fn a_text_grows_in_its_place() {
    let zone = Zone::new(1 << 12);
    let mut text = zone.string();
    assert!(text.is_empty());
    text.push('ä');
    let start = text.as_ptr();
    for n in 0..100 {
        write!(text, "{n},").unwrap();
    }
    assert_eq!(text.as_ptr(), start);
    assert!(text.starts_with("ä0,1,") && text.ends_with("98,99,"));
    let other = zone.alloc(1_u8);
    text.push_str(&"x".repeat(1000));
    assert_ne!(text.as_ptr(), start);
    assert!(text.starts_with("ä0,1,") && text.len() == 2 + 290 + 1000 && *other == 1);
    let used = zone.used();
    text.clear();
    text.shrink_to_fit();
    assert!(zone.used() + 1280 < used, "{used}, {}", zone.used());
}

#[test]
fn a_text_does_what_a_string_does() {
    let steps = if cfg!(miri) { 300 } else { 50_000 };
    let zone = Zone::new(1 << 16);
    let (mut ours, mut theirs) = (zone.string(), String::new());
    let mut state = 3_u64;
    let mut roll = |sides: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    };
    for _ in 0..steps {
        let character = ['a', 'ö', '€', '𝄞'][roll(4)];
        // Two places between characters.
        let mut place = || {
            let mut at = roll(theirs.len() + 1);
            while !theirs.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (a, b) = (place(), place());
        let (from, to) = (a.min(b), a.max(b));
        match roll(14) {
            0 => {
                ours.push(character);
                theirs.push(character);
            }
            1 => assert_eq!(ours.pop(), theirs.pop()),
            2 => {
                ours.insert(from, character);
                theirs.insert(from, character);
            }
            3 => {
                ours.insert_str(from, "ßx");
                theirs.insert_str(from, "ßx");
            }
            4 if from < theirs.len() => assert_eq!(ours.remove(from), theirs.remove(from)),
            5 => {
                ours.retain(|c| c != character);
                theirs.retain(|c| c != character);
            }
            6 => assert!(ours.drain(from..to).eq(theirs.drain(from..to))),
            7 => {
                ours.truncate(to);
                theirs.truncate(to);
            }
            8 => {
                ours.extend([character, 'z']);
                theirs.extend([character, 'z']);
            }
            9 => {
                ours += "€uro";
                theirs += "€uro";
            }
            10 => {
                ours.replace_range(from..to, "ö-");
                theirs.replace_range(from..to, "ö-");
            }
            11 => {
                let (a, b) = (ours.split_off(from), theirs.split_off(from));
                assert_eq!(a, b);
                zformat!(ours, "{b}");
                theirs += &b;
            }
            12 => ours.make_ascii_uppercase(),
            _ => {
                ours.shrink_to_fit();
                theirs.make_ascii_uppercase();
                ours.make_ascii_uppercase();
            }
        }
        if ours != theirs {
            assert!(ours.eq_ignore_ascii_case(&theirs));
            theirs.make_ascii_uppercase();
        }
        assert_eq!(ours, theirs);
        assert!(std::str::from_utf8(ours.as_bytes()).is_ok());
        if ours.len() > 300 {
            ours.clear();
            theirs.clear();
        }
    }
    let characters: ZString = theirs.chars().collect_in(&zone);
    let words: ZString = ["a", "b"].into_iter().collect_in(&zone);
    assert_eq!(
        (&*characters, &*words, characters.clone().into_bytes().len()),
        (&*theirs, "ab", theirs.len())
    );
}

#[test]
fn a_panic_in_the_middle_leaves_a_text() {
    let zone = Zone::new(1 << 12);
    for fuse in 0..8 {
        let mut text = zone.string_from("aö€𝄞aö€");
        let mut left = fuse;
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            text.retain(|c| {
                assert!(left != 0, "burnt down");
                left -= 1;
                c != 'ö'
            });
        }));
        let whole: String = "aö€𝄞aö€"
            .chars()
            .enumerate()
            .filter(|&(n, c)| c != 'ö' || n >= fuse)
            .map(|(_, c)| c)
            .collect();
        assert_eq!(text, whole);
    }
}

#[test]
fn bad_places_in_a_text_panic_and_change_nothing() {
    let zone = Zone::new(1 << 12);
    for f in [
        (|text| text.truncate(2)) as fn(&mut ZString),
        |text| text.insert(2, 'x'),
        |text| text.insert_str(9, "x"),
        |text| _ = text.split_off(2),
        |text| text.replace_range(..2, "x"),
        |text| _ = text.drain(2..),
        |text| _ = text.remove(5),
    ] {
        let mut text = zone.string_from("aöbc");
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(&mut text))).is_err());
        assert_eq!(text, "aöbc");
    }
}

#[test]
fn a_text_is_a_string_like_others() {
    let zone = Zone::new(1 << 12);
    let (mut a, mut b) = (zone.string(), zone.string());
    a.push_str("kick");
    b.push_str("snare");
    assert!(a < b && a != b && a == "kick" && a == *"kick");
    assert_eq!(format!("{a:>6}|{a:?}|{}", b.as_ref() as &str), "  kick|\"kick\"|snare");
    let mut map: ZMap<ZString, u8> = zone.map();
    map.insert(a, 1);
    assert_eq!((map.get("kick"), map.get("snare")), (Some(&1), None));
    b.clear();
    assert_eq!((&*b, b.cmp(&zone.string())), ("", std::cmp::Ordering::Equal));
}

#[test]
fn a_text_that_is_kept_gives_back_what_it_did_not_use() {
    let zone = Zone::new(1 << 12);
    let mut text = zone.string();
    text.push_str(&"x".repeat(100));
    text.push('y');
    assert_eq!(zone.used(), 200);
    let text: &str = text.into_str();
    assert_eq!((text.len(), zone.used()), (101, 104));
    assert_eq!(zone.string().into_str(), "");
    // One that used it all.
    let mut full = zone.string();
    full.push_str(&"z".repeat(64));
    let full: &str = full.into_str();
    // It begins at a multiple of 32, as long slices do.
    assert_eq!(zone.used(), 128 + 64);
    zone.alloc([0_u64; 8]);
    assert!(full.chars().eq(std::iter::repeat_n('z', 64)));
}

#[test]
fn a_text_without_room_stays_as_it_was() {
    let zone = Zone::builder().capacity(112).fixed().build();
    let mut text = zone.string();
    text.push_str("0123456789");
    assert!(matches!(text.try_push_str(&"x".repeat(103)), Err(ZoneError::LimitReached { .. })));
    let long = "x".repeat(103);
    assert!(text.try_insert_str(3, &long).is_err() && text.try_replace_range(1..3, &long).is_err());
    assert!(text.try_push_fmt(format_args!("{}{long}", 1)).is_err());
    assert!(write!(text, "{}", "x".repeat(103)).is_err());
    assert_eq!(&*text, "0123456789");
    text.push_str(&"x".repeat(102));
    assert!(text.try_push('y').is_err() && text.try_split_off(2).is_err());
    assert_eq!(text.len(), 112);
}

#[test]
fn a_text_leaves_a_scope() {
    let outer = Zone::new(1 << 12);
    let text: ZString = beginz!(z in &outer => {
        let mut text = z.string();
        write!(text, "{}", 1.5).unwrap();
        text
    });
    assert_eq!((&*text, outer.used()), ("1.5", 8));
    assert!(outer.contains(text.as_ptr()));
}

#[test]
fn maps_and_sets_leave_scopes() {
    let outer = Zone::new(1 << 16);
    type Found<'z> = (ZMap<'z, &'z str, ZVec<'z, u32>>, HashSet<u32, Fixed, &'z Zone>);
    let (map, set): Found = beginz!(z in &outer => {
        let mut map: ZMap<&str, ZVec<u32>> = z.map();
        let mut set = HashSet::with_hasher_in(Fixed::default(), z);
        for n in 0..100 {
            let key: &str = z.alloc_str(["low", "middle", "high"][n as usize % 3]);
            map.entry(key).or_insert_with(|| z.vec()).push(n);
            set.insert(n % 7);
        }
        (map, set)
    });
    assert_eq!((map.len(), map["middle"].len(), map["low"][33]), (3, 33, 99));
    assert_eq!((set.len(), set.contains(&6), set.contains(&7)), (7, true, false));
    for (key, values) in &map {
        assert!(outer.contains(*key) && outer.contains(&values[0]));
    }
    let (again, items) = (zcopy(&map, &outer), zcopy(&set, &outer));
    assert!(again == map && items == set);
    let small = Zone::builder().capacity(64).fixed().build();
    assert!(matches!(memzone::try_zcopy(&map, &small), Err(ZoneError::LimitReached { .. })));
}

#[test]
fn a_map_with_a_handle_keeps_its_zone() {
    let map = {
        let outer = Zone::new(1 << 16);
        outer.enter(|| {
            beginz!(z => {
                let mut map = HashMap::with_hasher_in(Fixed::default(), z.clone());
                map.extend((0..50_u8).map(|n| (n, n.to_string())));
                map
            })
        })
    };
    assert_eq!((map.len(), &*map[&49], map.allocator().handles()), (50, "49", 1));
}

#[test]
fn steady_frames_ask_the_system_for_nothing() {
    let mut zone = Zone::new(1 << 16);
    let frame = |zone: &Zone| {
        let mut map: ZMap<u32, ZVec<u32>> = zone.map();
        for n in 0..200_u32 {
            map.entry(n % 17).or_insert_with(|| zone.vec()).push(n);
        }
        let mut text = zone.string();
        write!(text, "{}", map[&3].len()).unwrap();
        let sum: ZVec<u32> = beginz!(z in zone => {
            let mut sums = z.vec();
            sums.extend(map.values().map(|values| values.iter().sum::<u32>()));
            sums
        });
        sum.iter().sum::<u32>()
    };
    frame(&zone);
    zone.reset().unwrap();
    let before = counting::calls();
    for _ in 0..if cfg!(miri) { 2 } else { 100 } {
        assert_eq!(frame(&zone), 199 * 200 / 2);
        zone.reset().unwrap();
    }
    assert_eq!(counting::calls(), before);
}

#[test]
fn zeroes_are_values() {
    let zone = Zone::new(1 << 16);
    // Not zeroes any more.
    zone.alloc_slice(60_000, 0xff_u8);
    let mut zone = zone;
    zone.reset().unwrap();
    let table: &mut [[f32; 64]; 64] = zone.alloc_zeroed();
    assert!(table.iter().flatten().all(|&value| value == 0.0));
    table[63][63] = 1.0;
    let more: &mut [Option<std::num::NonZeroU32>] = zone.alloc_zeroed_slice(100);
    assert_eq!((more, &table[63][63]), (&mut [None; 100][..], &1.0));
    assert!(zone.try_alloc_zeroed_slice::<u64>(usize::MAX).is_err());
    assert_eq!(zone.try_alloc_zeroed::<u64>(), Ok(&mut 0));
    assert!(zone.alloc_zeroed_slice::<u64>(0).is_empty());
}

#[test]
fn numbers_of_other_crates_are_flat() {
    fn is_flat<'z, T: DeepCopy<'z, Copied = T> + PartialEq + Copy + 'z>(value: T, zone: &'z Zone) {
        assert!(T::FLAT);
        let before = zone.used();
        let copied = zcopy(&&[value; 9][..], zone);
        assert!(copied.iter().all(|copied| *copied == value));
        assert!(zone.used() - before < 9 * size_of::<T>() + 32);
    }
    let zone = Zone::new(1 << 16);
    is_flat(num_complex::Complex::new(1.0_f32, 2.0), &zone);
    is_flat(num_complex::Complex::new(1_i16, 2), &zone);
    is_flat(glam::Vec2::X, &zone);
    is_flat(glam::Vec3A::Y, &zone);
    is_flat(glam::Quat::IDENTITY, &zone);
    is_flat(glam::Mat4::IDENTITY, &zone);
    is_flat(glam::Affine3A::IDENTITY, &zone);
    is_flat(glam::DMat3::IDENTITY, &zone);
    is_flat(glam::IVec4::ONE, &zone);
    is_flat(glam::UVec2::ONE, &zone);
    is_flat(glam::BVec3::TRUE, &zone);
}
