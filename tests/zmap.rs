//! The map and the set that need no destructor, beside the standard library's.

#[path = "common/collections_model.rs"]
mod collections_model;

use memzone::rt::{self, Policy};
use memzone::{
    CollectIn, Refused, ZMap, ZSet, ZVec, Zone, ZoneError, beginz, try_zcopy, zcopy, zvec,
};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A small zone that never grows.
fn fixed(bytes: usize) -> Zone {
    Zone::builder().capacity(bytes).fixed().build()
}

#[test]
fn they_do_what_std_s_do() {
    let zone = Zone::new(1 << 16);
    let (mut ours, mut theirs) = (zone.map(), HashMap::new());
    let (mut set, mut std_set) = (zone.set(), HashSet::new());
    let mut state = 1_u64;
    let mut roll = |sides: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    for _ in 0..if cfg!(miri) { 500 } else { 100_000 } {
        let (key, value) = (roll(200) as u16, roll(1000));
        match roll(12) {
            0..4 => {
                assert_eq!(ours.insert(key, value), theirs.insert(key, value));
                assert_eq!(set.insert(key), std_set.insert(key));
            }
            4 | 5 => {
                assert_eq!(ours.remove(&key), theirs.remove(&key));
                assert_eq!(set.remove(&key), std_set.remove(&key));
            }
            6 => {
                *ours.entry(key).or_insert(value) += 1;
                *theirs.entry(key).or_insert(value) += 1;
            }
            7 => {
                ours.entry(key).and_modify(|v| *v *= 2).or_default();
                theirs.entry(key).and_modify(|v| *v *= 2).or_default();
                assert_eq!(set.replace(key), std_set.replace(key));
            }
            8 => {
                ours.extend((0..3).map(|n| (key + n, value)));
                theirs.extend((0..3).map(|n| (key + n, value)));
                set.extend(0..key % 5);
                std_set.extend(0..key % 5);
            }
            9 if key < 20 => {
                ours.retain(|k, v| *k % 3 != 0 || *v % 2 == 0);
                theirs.retain(|k, v| *k % 3 != 0 || *v % 2 == 0);
                set.retain(|k| *k % 3 != 0);
                std_set.retain(|k| *k % 3 != 0);
            }
            10 if key == 0 => {
                ours.clear();
                theirs.clear();
                assert_eq!(set.drain().count(), std_set.drain().count());
            }
            _ => {
                assert_eq!(ours.get(&key), theirs.get(&key));
                assert_eq!(set.take(&key), std_set.take(&key));
                if let Some(value) = ours.get_mut(&key) {
                    *value += 1;
                    *theirs.get_mut(&key).unwrap() += 1;
                }
            }
        }
        assert_eq!((ours.len(), set.len()), (theirs.len(), std_set.len()));
    }
    assert!(ours.iter().all(|(key, value)| theirs[key] == *value && ours[key] == *value));
    assert!(set.iter().all(|item| std_set.contains(item)) && set.clone() == set);
    assert!(ours.clone() == ours && ours.into_iter().collect::<HashMap<_, _>>() == theirs);
}

#[test]
fn they_need_no_destructor_and_lie_in_zones() {
    struct Entity<'z> {
        tags: ZSet<'z, &'z str>,
        next: ZMap<'z, u32, ZVec<'z, u32>>,
    }
    const { assert!(!std::mem::needs_drop::<Entity>()) };
    let zone = Zone::new(4096);
    let entity = zone.alloc(Entity { tags: zone.set(), next: zone.map() });
    entity.tags.insert("enemy");
    entity.next.entry(1).or_insert_with(|| zone.vec()).push(2);
    assert_eq!((entity.tags.len(), &*entity.next[&1]), (1, &[2][..]));
}

#[test]
fn without_room_nothing_is_lost() {
    let zone = fixed(512);
    let mut map: ZMap<u64, u64> = zone.map();
    let mut set: ZSet<u64> = zone.set();
    while map.len() < map.capacity() || map.is_empty() {
        map.insert(map.len() as u64, 7);
    }
    assert!(set.try_extend(0..3).is_ok());
    let rest = set.try_extend(3..1000).unwrap_err();
    assert!(matches!(rest.error, ZoneError::LimitReached { .. }));
    assert!(rest.value.eq(set.len() as u64..1000));
    zone.try_alloc_slice(zone.remaining(), 0_u8).unwrap();
    let full = map.len() as u64;
    let refused = map.try_insert(full, 8).unwrap_err();
    assert_eq!(refused.value, (full, 8));
    assert!(matches!(map.try_entry(full), Err(Refused { value, .. }) if value == full));
    assert!(map.try_reserve(1).is_err() && map.try_reserve(usize::MAX).is_err());
    assert!(map.try_extend([(full, 0)]).unwrap_err().value.eq([(full, 0)]));
    // What is there needs no room.
    assert_eq!(map.try_insert(0, 9), Ok(Some(7)));
    *map.try_entry(0).unwrap().or_insert(1) += 1;
    assert_eq!((map[&0], map.len() as u64), (10, full));
    let len = set.len() as u64;
    assert!(matches!(set.try_insert(len), Err(Refused { value, .. }) if value == len));
    assert!(matches!(set.try_replace(0), Err(Refused { value: 0, .. })));
    assert_eq!((set.try_insert(0), set.len() as u64), (Ok(false), len));
    for f in [
        (|map, key| _ = map.insert(key, 0)) as fn(&mut ZMap<u64, u64>, u64),
        |map, key| _ = map.entry(key).or_default(),
        |map, key| map.extend([(key, 0)]),
        |map, _| map.reserve(1),
        |map, _| drop(map.clone()),
    ] {
        let panic = catch_unwind(AssertUnwindSafe(|| f(&mut map, full))).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.starts_with("memzone: limit reached"), "{text}");
        assert!((0..full).all(|key| map.contains_key(&key)) && map.len() as u64 == full);
    }
    let small = fixed(64);
    assert!((0..100).map(|n| (n, n)).try_collect_in::<ZMap<_, _>>(&small).is_err());
    assert!((0..100).try_collect_in::<ZSet<_>>(&small).is_err());
    assert!(small.try_map_with_capacity::<u8, u8>(100).is_err());
    assert_eq!(small.used(), 0);
}

#[test]
fn in_a_section_that_denies_an_insert_is_an_error() {
    let zone = Zone::new(0);
    zone.alloc(0_u8);
    let mut map: ZMap<u32, [u64; 64]> = zone.map();
    let section = rt::enter_unwatched(Policy::Deny);
    let refused = (0..1000).find_map(|key| map.try_insert(key, [0; 64]).err()).unwrap();
    drop(section);
    assert!(matches!(refused.error, ZoneError::Denied { .. }));
    assert_eq!(refused.value.0 as usize, map.len());
}

/// Whatever `Eq` and `Hash` say, a full map gives an error and does not end the program.
#[test]
fn keys_that_lie_do_no_harm() {
    thread_local!(static LIE: Cell<u64> = const { Cell::new(0) });
    fn lie() -> u64 {
        LIE.set(LIE.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(12345));
        LIE.get() >> 33
    }
    #[derive(Clone, Copy, Debug)]
    struct Liar;
    impl PartialEq for Liar {
        fn eq(&self, _: &Liar) -> bool {
            lie() % 3 == 0
        }
    }
    impl Eq for Liar {}
    impl Hash for Liar {
        fn hash<H: Hasher>(&self, state: &mut H) {
            assert!(lie() % 97 != 0, "a key that panics");
            state.write_u64(lie() % 50);
        }
    }
    let zone = fixed(1024);
    let (mut map, mut set) = (zone.map(), zone.set());
    for _ in 0..if cfg!(miri) { 300 } else { 20_000 } {
        let _ = catch_unwind(AssertUnwindSafe(|| match lie() % 6 {
            0 | 1 => _ = map.try_insert(Liar, 1),
            2 => _ = map.try_entry(Liar).map(|entry| *entry.or_insert(5) += 1),
            3 => _ = set.try_insert(Liar),
            4 => _ = set.try_replace(Liar),
            _ => _ = (map.remove(&Liar), set.remove(&Liar)),
        }));
    }
    assert_eq!(map.iter().count(), map.len());
}

#[test]
fn they_leave_scopes() {
    let outer = Zone::new(1 << 16);
    type Found<'z> = (ZMap<'z, &'z str, ZVec<'z, u32>>, ZSet<'z, &'z str>);
    let (map, set): Found = beginz!(z in &outer => {
        let (mut map, mut set) = (z.map(), z.set());
        for n in 0..90 {
            let key: &str = z.alloc_str(["low", "middle", "high"][n as usize % 3]);
            map.entry(key).or_insert_with(|| zvec![in z]).push(n);
            set.insert(key);
        }
        (map, set)
    });
    assert_eq!((map.len(), map["middle"].len(), set.len()), (3, 30, 3));
    assert!(map.iter().all(|(key, values)| outer.contains(*key) && outer.contains(&values[0])));
    assert!(set.iter().all(|item| outer.contains(*item)));
    let again = zcopy(&map, &outer);
    assert!(again == map && format!("{again:?}").contains("\"low\": [0, 3"));
    let small = fixed(64);
    assert!(matches!(try_zcopy(&map, &small), Err(ZoneError::LimitReached { .. })));
    assert!(matches!(try_zcopy(&set, &small), Err(ZoneError::LimitReached { .. })));
}

/// Random programs over all collections of a zone that is soon full.
#[test]
fn programs_run_as_with_std_s() {
    let mut state = 5_u64;
    let mut roll = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for _ in 0..if cfg!(miri) { 3 } else { 2000 } {
        let (bytes, len) = (roll() % 3000, 16 + roll() % 800);
        let program: Vec<u8> = (0..len).map(|_| roll() as u8).collect();
        collections_model::run(bytes, &program);
    }
}

#[test]
fn a_key_that_is_there_asks_for_no_room() {
    let zone = Zone::new(4096);
    let (mut map, mut set) = (zone.map_with_capacity(7), zone.set_with_capacity(7));
    map.extend((0..map.capacity() as u32).map(|key| (key, 0)));
    set.extend(0..set.capacity() as u32);
    zone.alloc_slice(zone.remaining(), 0_u8);
    let section = rt::enter_unwatched(Policy::Deny);
    assert_eq!((map.insert(3, 4), map.insert(3, 5), set.insert(3)), (Some(0), Some(4), false));
    *map.entry(3).or_insert(9) += 1;
    assert_eq!((map[&3], section.report().asked()), (6, 0));
    assert!(
        map.try_insert(99, 1).is_err() && map.try_entry(99).is_err() && set.try_insert(99).is_err()
    );
    assert!(section.report().denied() >= 3);
}

#[test]
fn a_key_that_lies_about_being_there_ends_nothing() {
    /// Equal to all, when it is asked the first time.
    #[derive(Clone, Copy)]
    struct Liar<'a>(&'a Cell<bool>);
    impl Hash for Liar<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            state.write_u8(0);
        }
    }
    impl PartialEq for Liar<'_> {
        fn eq(&self, _: &Self) -> bool {
            self.0.replace(false)
        }
    }
    impl Eq for Liar<'_> {}
    let lies = Cell::new(false);
    let zone = fixed(512);
    let mut map = zone.map_with_capacity(3);
    for _ in 0..map.capacity() {
        map.insert(Liar(&lies), 1);
    }
    lies.set(true);
    assert!(map.try_entry(Liar(&lies)).is_err());
    lies.set(true);
    assert_eq!(map.try_insert(Liar(&lies), 2).ok(), Some(Some(1)));
}

#[test]
fn maps_clone_into_the_room_that_there_is() {
    let zone = Zone::new(1 << 16);
    let map: ZMap<u8, u8> = [(1, 2), (3, 4)].into_iter().collect_in(&zone);
    let set: ZSet<u8> = [5, 6].into_iter().collect_in(&zone);
    let (mut to_map, mut to_set) = (zone.map_with_capacity(3), zone.set_with_capacity(3));
    to_map.insert(9, 9);
    let used = zone.used();
    for _ in 0..3 {
        to_map.clone_from(&map);
        to_set.clone_from(&set);
    }
    assert!(to_map == map && to_set == set && zone.used() == used);
}

#[test]
fn a_map_with_room_for_twice_as_many_never_grows() {
    let zone = Zone::new(1 << 14);
    let (mut map, mut set) = (zone.map_with_capacity(2 * 21), zone.set_with_capacity(2 * 21));
    let used = zone.used();
    for number in 0..if cfg!(miri) { 500 } else { 100_000_u32 } {
        map.insert(number, number);
        set.insert(number);
        if let Some(old) = number.checked_sub(20) {
            assert!(map.remove(&old) == Some(old) && set.remove(&old));
        }
    }
    assert_eq!(zone.used(), used);
}

/// As the standard library's do, without a word of what is inside.
#[test]
fn they_print_their_entries() {
    let zone = Zone::new(4096);
    let map: ZMap<u8, &str> = [(60, "c")].into_iter().collect_in(&zone);
    let set: ZSet<u8> = [60].into_iter().collect_in(&zone);
    assert_eq!(format!("{map:?} {set:?}"), "{60: \"c\"} {60}");
    assert_eq!(format!("{map:#?}"), "{\n    60: \"c\",\n}");
    let nested = zvec![in zone; map];
    assert_eq!(format!("{nested:?}"), "[{60: \"c\"}]");
}
