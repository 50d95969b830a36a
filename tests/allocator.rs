//! Zones as allocators of other crates' collections.

use allocator_api2::alloc::Allocator;
use allocator_api2::boxed::Box;
use allocator_api2::vec::Vec;
use memzone::{Zone, ZoneError, beginz};
use proptest::prelude::*;
use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::rc::Rc;

#[test]
fn what_was_allocated_last_grows_and_shrinks_in_its_place() {
    let zone = Zone::new(1 << 20);
    let mut vec = Vec::new_in(&zone);
    vec.push(0_u32);
    let start = vec.as_ptr();
    for n in 1..10_000 {
        vec.push(n);
    }
    assert_eq!(vec.as_ptr(), start);
    assert!(vec.iter().copied().eq(0..10_000));
    assert!(zone.used() < 2 * 40_000, "{}", zone.used());
    vec.truncate(10);
    vec.shrink_to_fit();
    assert_eq!((vec.as_ptr(), zone.used()), (start, 40));
    drop(vec);
    assert_eq!(zone.used(), 0);
    assert!(zone.high_water() >= 40_000);
}

#[test]
fn what_was_not_moves_and_keeps_its_content() {
    let zone = Zone::new(1 << 20);
    let mut first = Vec::new_in(&zone);
    let mut second = Vec::new_in(&zone);
    for n in 0..1000_u64 {
        first.push(n);
        second.push(std::boxed::Box::new(n));
    }
    assert!(first.iter().copied().eq(0..1000) && second.iter().map(|n| **n).eq(0..1000));
    assert!(zone.contains(&first[0]) && zone.contains(&second[999]));
}

#[test]
fn a_zone_without_memory_refuses_and_loses_nothing() {
    let zone = Zone::builder().capacity(1000).fixed().build();
    let mut vec = Vec::new_in(&zone);
    while vec.try_reserve(1).is_ok() {
        vec.push(vec.len());
    }
    assert!(vec.len() >= 64 && vec.iter().copied().eq(0..vec.len()), "{}", vec.len());
    assert!(vec.try_reserve(usize::MAX / 8).is_err());
    assert!(matches!(zone.try_alloc_slice(1000, 1_u8), Err(ZoneError::LimitReached { .. })));
}

#[test]
fn collections_with_a_handle_of_their_own_keep_the_zone_alive() {
    let mut zone = Zone::new(1000);
    let value = Rc::new(());
    let mut vec = Vec::new_in(zone.clone());
    vec.resize(100, Rc::clone(&value));
    assert!(matches!(zone.reset(), Err(ZoneError::InUse { .. })));
    drop(zone);
    vec.resize(200, Rc::clone(&value));
    let boxed = Box::new_in(Rc::clone(&value), vec.allocator().clone());
    assert_eq!(Rc::strong_count(&value), 202);
    drop(vec);
    assert_eq!(Rc::strong_count(&*boxed), 2);
    drop(boxed);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_zone_of_size_zero_is_made_by_the_first_allocation() {
    let zone = Zone::new(0);
    let mut vec = Vec::<u8, _>::new_in(&zone);
    assert_eq!(zone.blocks(), 0);
    vec.extend([1, 2, 3]);
    assert_eq!((zone.blocks(), &vec[..]), (1, &[1, 2, 3][..]));
}

#[test]
fn scopes_hold_collections() {
    let sum = beginz!(z => {
        let mut vec = Vec::new_in(z);
        vec.extend(0..100_u32);
        vec.iter().sum::<u32>()
    });
    assert_eq!(sum, 4950);
}

#[derive(Clone, Debug)]
enum Step {
    Take { size: usize, align: usize, zeroed: bool },
    Resize { which: usize, size: usize, align: usize, zeroed: bool },
    Free { which: usize },
}

fn steps() -> impl Strategy<Value = std::vec::Vec<Step>> {
    let size = || prop_oneof![0_usize..5, 0_usize..200, 0_usize..5000];
    let align = || (0_u32..8).prop_map(|n| 1_usize << n);
    let step = prop_oneof![
        (size(), align(), any::<bool>()).prop_map(|(size, align, zeroed)| Step::Take {
            size,
            align,
            zeroed
        }),
        (0_usize..100, size(), align(), any::<bool>())
            .prop_map(|(which, size, align, zeroed)| Step::Resize { which, size, align, zeroed }),
        (0_usize..100).prop_map(|which| Step::Free { which }),
    ];
    prop::collection::vec(step, 0..if cfg!(miri) { 15 } else { 100 })
}

/// An allocation, to be looked at.
fn bytes<'a>(memory: std::ptr::NonNull<u8>, len: usize) -> &'a mut [MaybeUninit<u8>] {
    // SAFETY: ours, that long, and looked at by one at a time.
    unsafe { std::slice::from_raw_parts_mut(memory.as_ptr().cast(), len) }
}

/// Fills what an allocation has beyond `from` bytes with its own mark.
fn mark(memory: std::ptr::NonNull<u8>, from: usize, to: usize, mark: u8) {
    bytes(memory, to)[from..].fill(MaybeUninit::new(mark));
}

fn check(memory: std::ptr::NonNull<u8>, from: usize, to: usize, mark: u8) {
    for byte in &bytes(memory, to)[from..] {
        // SAFETY: written before.
        assert_eq!(unsafe { byte.assume_init() }, mark);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 8 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever is taken, resized and freed: nothing overlaps, and contents stay.
    #[test]
    fn allocations_keep_their_content(steps in steps()) {
        let zone = Zone::new(1000);
        let zone = &zone;
        let mut live: std::vec::Vec<(std::ptr::NonNull<u8>, Layout, u8)> = vec![];
        let mut next = 0_u8;
        for step in steps {
            next = next.wrapping_add(1).max(1);
            match step {
                Step::Take { size, align, zeroed } => {
                    let layout = Layout::from_size_align(size, align).unwrap();
                    let place = match zeroed {
                        true => zone.allocate_zeroed(layout).unwrap().cast(),
                        false => zone.allocate(layout).unwrap().cast(),
                    };
                    assert_eq!(place.addr().get() % align, 0);
                    if zeroed {
                        check(place, 0, size, 0);
                    }
                    mark(place, 0, size, next);
                    live.push((place, layout, next));
                }
                Step::Resize { which, size, align, zeroed } if !live.is_empty() => {
                    let which = which % live.len();
                    let (place, old, was) = live[which];
                    let new = Layout::from_size_align(size, align).unwrap();
                    let place = match (size >= old.size(), zeroed) {
                        // SAFETY: taken with this layout, and not used again.
                        (true, true) => unsafe { zone.grow_zeroed(place, old, new) },
                        // SAFETY: as above.
                        (true, false) => unsafe { zone.grow(place, old, new) },
                        // SAFETY: as above.
                        (false, _) => unsafe { zone.shrink(place, old, new) },
                    };
                    let place = place.unwrap().cast();
                    assert_eq!(place.addr().get() % align, 0);
                    check(place, 0, size.min(old.size()), was);
                    if zeroed && size >= old.size() {
                        check(place, old.size(), size, 0);
                    }
                    mark(place, size.min(old.size()), size, was);
                    live[which] = (place, new, was);
                }
                Step::Free { which } if !live.is_empty() => {
                    let (place, layout, was) = live.swap_remove(which % live.len());
                    check(place, 0, layout.size(), was);
                    // SAFETY: taken with this layout, and not used again.
                    unsafe { zone.deallocate(place, layout) };
                }
                _ => {}
            }
            for &(place, layout, was) in &live {
                check(place, 0, layout.size(), was);
            }
        }
    }
}

/// The last allocation grows to the zone's last byte, also where that is not at a multiple of 8, and is given back from there.
#[test]
fn a_vector_grows_to_an_odd_end_and_is_given_back() {
    let zone = Zone::builder().capacity(100).fixed().build();
    let mut vector = allocator_api2::vec::Vec::<u8, _>::new_in(&zone);
    vector.try_reserve_exact(80).unwrap();
    vector.resize(80, 1);
    vector.try_reserve_exact(20).unwrap();
    vector.resize(100, 2);
    assert_eq!((zone.used(), vector.capacity(), vector[79], vector[99]), (100, 100, 1, 2));
    vector.truncate(90);
    vector.shrink_to_fit();
    assert_eq!((zone.used(), vector.iter().map(|&n| u32::from(n)).sum()), (96, 100));
    vector.try_reserve_exact(10).unwrap();
    assert_eq!(zone.used(), 100);
    drop(vector);
    assert_eq!(zone.used(), 0);
}
