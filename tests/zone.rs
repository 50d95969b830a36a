//! Zones: making them, allocating, growing, limits, resetting, cleanup hooks, other threads.

use memzone::{
    SendZone, ZBox, Zone, ZoneError, beginz, peek_zone, pop_zone, push_new_zone, push_zone, zformat,
};
use proptest::prelude::*;
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

#[path = "common/buffer.rs"]
mod buffer;
#[path = "common/counting.rs"]
mod counting;

use buffer::buffer;

/// The addresses of a slice.
fn range<T>(slice: &[T]) -> Range<usize> {
    let range = slice.as_ptr_range();
    range.start.addr()..range.end.addr()
}

/// Fails where two ranges overlap.
fn assert_apart(mut ranges: Vec<Range<usize>>) {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    for pair in ranges.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{pair:x?} overlap");
    }
}

/// The bytes that `body` asks from the system.
fn asked_by<R>(body: impl FnOnce() -> R) -> (u64, R) {
    let before = counting::bytes_asked();
    let result = body();
    (counting::bytes_asked() - before, result)
}

/// Fails where `body` asks the system for memory or gives some back.
#[track_caller]
fn without_the_system<R>(body: impl FnOnce() -> R) -> R {
    let before = (counting::calls(), counting::frees());
    let result = body();
    assert_eq!((counting::calls(), counting::frees()), before, "allocations and frees");
    result
}

/// Takes what is left of the block that the zone is in; of all blocks where it has been reset.
fn fill(zone: &Zone) {
    zone.alloc_uninit::<u8>(zone.remaining());
}

/// The zone, full.
fn full(zone: Zone) -> Zone {
    fill(&zone);
    assert_eq!(zone.remaining(), 0);
    zone
}

// Making zones.

#[test]
fn a_new_zone_has_the_room_asked_for() {
    for bytes in [1, 15, 16, 17, 3_000, 4_096, 100_000] {
        let zones = [
            Zone::new(bytes),
            Zone::try_new(bytes).unwrap(),
            Zone::builder().capacity(bytes).build(),
            Zone::builder().capacity(bytes).try_build().unwrap(),
        ];
        for zone in zones {
            assert!(zone.capacity() >= bytes && zone.capacity() < bytes + 8_192);
            assert_eq!((zone.used(), zone.high_water()), (0, 0));
            assert_eq!(zone.remaining(), zone.capacity());
            assert_eq!((zone.blocks(), zone.handles(), zone.name()), (1, 1, None));
            without_the_system(|| zone.alloc_uninit::<u8>(bytes)[bytes - 1].write(7));
            assert_eq!(zone.blocks(), 1);
        }
    }
    assert!(Zone::builder().build().capacity() >= 4_096);
}

#[test]
fn a_zone_of_no_size_takes_nothing_before_it_is_used() {
    let zone = without_the_system(|| {
        let mut zone = Zone::new(0);
        assert_eq!((zone.used(), zone.capacity(), zone.remaining()), (0, 0, 0));
        assert_eq!((zone.blocks(), zone.handles(), zone.high_water()), (0, 1, 0));
        zone.alloc(());
        zone.alloc_layout(std::alloc::Layout::new::<()>());
        zone.alloc_slice(0, 1_u64);
        zone.alloc_str("");
        zone.alloc_iter([0_u8; 0]);
        assert!(!zone.contains(&raw const zone));
        assert_eq!(zone.reset(), Ok(()));
        drop(Zone::try_new(0).unwrap());
        zone.into_sendable().unwrap().into_zone()
    });
    assert_eq!(*zone.alloc(5), 5);
    assert_eq!((zone.used(), zone.blocks()), (8, 1));

    let cloned = Zone::new(0);
    assert_eq!(cloned.clone().handles(), 2);
    assert_eq!(cloned.blocks(), 1);

    let pushed = Zone::new(0);
    push_zone(&pushed);
    let boxed = ZBox::new(6);
    assert!(pushed.contains(&raw const *boxed));
    assert!(pop_zone().unwrap().contains(&raw const *boxed));

    let large = Zone::new(0);
    assert_eq!(large.alloc_uninit::<u8>(100_000)[99_999].write(3), &3);
    assert_eq!(large.blocks(), 1);
}

#[test]
#[ignore = "takes up to a minute"]
#[cfg(target_pointer_width = "64")]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_zone_has_so_many_handles_and_no_more() {
    const MOST: usize = (1 << 33) + 1;
    let zone = Zone::new(1024);
    for _ in 1..MOST {
        std::mem::forget(zone.clone());
    }
    let full = || ZoneError::InUse { handles: MOST };
    assert_eq!(zone.handles(), MOST);
    assert_eq!(zone.try_boxed([1_u8; 64]).unwrap_err(), full());
    assert_eq!((zone.used(), zone.handles()), (0, MOST), "and nothing is taken");
    assert!(catch_unwind(AssertUnwindSafe(|| zone.clone())).is_err());
    // Entries are counted on top of that.
    push_zone(&zone);
    push_zone(&zone);
    assert_eq!(memzone::try_peek_zone().unwrap_err(), full());
    assert_eq!(ZBox::try_new([1_u8; 64]).unwrap_err(), full());
    assert_eq!((zone.used(), zone.handles()), (0, MOST));
    // It is not the last handle that goes, and as many as before may come.
    let popped = pop_zone().unwrap();
    assert_eq!(zone.handles(), MOST + 1, "the entry has become a handle");
    drop(popped);
    drop(pop_zone().unwrap());
    assert_eq!((zone.handles(), zone.try_boxed([1_u8; 64]).unwrap_err()), (MOST, full()));
    zone.alloc(1_u8);
}

/// They all are the same zone at first, which nobody may write to.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn two_threads_use_zones_that_are_not_made() {
    let use_them = || {
        let zone = Zone::new(0);
        // What has no bytes needs no zone that is made.
        zone.alloc(());
        zone.alloc_layout(std::alloc::Layout::new::<()>());
        assert_eq!(zone.alloc_str("").len() + zone.alloc_slice(0, 1_u8).len() + zone.blocks(), 0);
        let nothing = zone.boxed(());
        assert_eq!((zone.handles(), ZBox::zone(&nothing).handles()), (2, 2));
        drop(zone);
        assert_eq!((ZBox::zone(&nothing).handles(), Zone::new(0).handles()), (1, 1));
        drop(Zone::new(0).boxed_slice(0, 1_u32));
        assert_eq!(Zone::new(0).clone().handles(), 2);
    };
    std::thread::scope(|scope| {
        scope.spawn(use_them);
        scope.spawn(use_them);
    });
}

/// A slice is filled by parts, of which the last two may overlap.
#[test]
fn slices_of_equal_values_are_filled_whole_and_nothing_else() {
    fn fill<T: Copy + PartialEq + std::fmt::Debug>(value: T, other: T) {
        let mut zone = Zone::new(8 << 10);
        for len in (0..150).step_by(if cfg!(miri) { 13 } else { 1 }) {
            // What lies in the zone's memory from the last round is no `value`.
            zone.reset().unwrap();
            zone.alloc_slice(4 << 10 >> size_of::<T>().ilog2(), other);
            zone.reset().unwrap();
            let before = zone.alloc_slice(3, other);
            let slice = zone.alloc_slice(len, value);
            let after = zone.alloc_slice(3, other);
            assert!(slice.len() == len && slice.iter().all(|&item| item == value), "{len}");
            assert_eq!((&*before, &*after), (&[other; 3][..], &[other; 3][..]), "{len}");
        }
    }
    fill(1_u8, 2);
    fill(1_u16, 2);
    fill(1.0_f32, 2.0);
    fill(1_u64, 2);
    fill([1_u64; 2], [2; 2]);
    fill([1_u8; 3], [2; 3]);
    fill([1_u64; 3], [2; 3]);
}

#[test]
fn a_fixed_zone_holds_exactly_what_was_asked_for() {
    let sizes = [0, 1, 15, 16, 17, 100, 1_000, 65_537];
    for bytes in sizes.into_iter().take(if cfg!(miri) { 7 } else { 8 }) {
        let mut zone = Zone::builder().capacity(bytes).fixed().build();
        assert_eq!((zone.capacity(), zone.remaining()), (bytes, bytes));
        let too_much = ZoneError::LimitReached { requested: bytes + 1, limit: bytes, used: 0 };
        assert_eq!(zone.try_alloc_slice(bytes + 1, 1_u8), Err(too_much));
        let all = zone.alloc_slice(bytes, 0xA5_u8);
        assert!(all.iter().all(|&byte| byte == 0xA5));
        assert_eq!((zone.used(), zone.remaining()), (bytes, 0));
        let full = ZoneError::LimitReached { requested: 1, limit: bytes, used: bytes };
        assert_eq!(zone.try_alloc(1_u8), Err(full));
        zone.reset().unwrap();
        assert_eq!((zone.capacity(), zone.remaining(), zone.blocks()), (bytes, bytes, 1));
    }
}

#[test]
fn the_last_byte_of_an_odd_fixed_zone_can_be_used() {
    let zone = Zone::builder().capacity(101).fixed().build();
    let first = zone.alloc_slice(96, 1_u8);
    let tail = zone.alloc_slice_copy(&[9_u8, 8, 7, 6, 5]);
    assert_eq!(first.as_ptr().wrapping_add(100).addr(), (&raw const tail[4]).addr());
    assert!(zone.contains(&raw const tail[4]));
    assert_eq!((first[95], &*tail, zone.used()), (1, &[9, 8, 7, 6, 5][..], 101));

    // Byte by byte: each takes a step of 8, the thirteenth what is left.
    let zone = Zone::builder().capacity(101).fixed().build();
    let bytes: Vec<_> = (0..13).map(|n| zone.alloc(n)).collect::<Vec<&mut u8>>();
    assert_eq!(zone.used(), 101);
    assert!(zone.try_alloc(7_u8).is_err());
    assert!((0..13).eq(bytes.into_iter().map(|byte| *byte)));
    let at_end = zone.alloc_slice(0, 1_u32);
    assert!(at_end.is_empty());
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn a_buffers_zone_never_asks_the_system() {
    let offsets = [0, 1, 33, 2, 8, 16, 31, 63];
    for offset in offsets.into_iter().take(if cfg!(miri) { 3 } else { 8 }) {
        let memory = buffer(offset, 3_000);
        let expected = 3_000 - Zone::OVERHEAD - (64 - offset) % 64;
        let inside = range(memory);
        without_the_system(|| {
            let mut zone = Zone::from_buffer(memory);
            assert_eq!((zone.capacity(), zone.blocks(), zone.name()), (expected, 1, None));
            for round in 0..2 {
                let value = zone.alloc_slice_aligned::<u32, 64>(3, 7);
                let all = range(value);
                assert!(inside.start <= all.start && all.end <= inside.end);
                let mut held = 0;
                while let Ok(value) = zone.try_alloc_slice_copy(&[held; 40]) {
                    assert_eq!(value, [held; 40]);
                    assert!(range(value).end <= inside.end);
                    held += 1;
                }
                assert!(held >= 16, "{held} in round {round}");
                assert!(matches!(
                    zone.try_alloc_slice(expected, 0_u8),
                    Err(ZoneError::LimitReached { limit, .. }) if limit == expected
                ));
                zone.reset().unwrap();
                zone.alloc_uninit::<u8>(expected).fill(MaybeUninit::new(1));
                zone.reset().unwrap();
            }
            drop(zone.clone());
            drop(zone.boxed(4));
        });
    }
}

#[test]
fn a_buffer_must_have_room_for_the_overhead() {
    let needed = Zone::OVERHEAD + 63;
    for len in [0, 1, 63, Zone::OVERHEAD - 1] {
        let error = ZoneError::TooLarge { requested: needed, available: len };
        assert_eq!(Zone::try_from_buffer(buffer(0, len)).unwrap_err(), error);
    }
    let error = ZoneError::TooLarge { requested: needed, available: needed - 1 };
    assert_eq!(Zone::try_from_buffer(buffer(1, needed - 1)).unwrap_err(), error);
    assert_eq!(Zone::from_buffer(buffer(1, needed)).capacity(), 0);
    let bare = Zone::from_buffer(buffer(0, Zone::OVERHEAD));
    assert_eq!(bare.capacity(), 0);
    assert!(bare.try_alloc(1_u8).is_err());
    assert_eq!(*Zone::from_buffer(buffer(0, Zone::OVERHEAD + 1)).alloc(3_u8), 3);
}

#[test]
fn a_prefaulted_zone_works_also_where_it_grows() {
    let zone = Zone::builder().capacity(10_000).prefault().name("hot").build();
    let ranges = (0..20)
        .map(|n| {
            let slice = zone.alloc_slice(1_000, n as u8);
            assert!(slice.iter().all(|&byte| byte == n as u8));
            range(slice)
        })
        .collect();
    assert_apart(ranges);
    assert!(zone.blocks() > 1);
    assert_eq!(zone.name(), Some("hot"));
}

// Allocating.

#[test]
fn every_method_and_its_twin_put_the_value_into_the_zone() {
    let zone = Zone::new(64);
    let mut ranges = Vec::new();
    macro_rules! check {
        ($method:ident :: <$($generic:tt),*> ($($argument:expr),*), $expected:expr) => {
            check!(@ zone.$method::<$($generic),*>($($argument),*), $expected)
        };
        ($plain:ident, $twin:ident ($($argument:expr),*), $expected:expr) => {
            check!(@ zone.$plain($($argument),*), $expected);
            check!(@ zone.$twin($($argument),*).unwrap(), $expected);
        };
        (@ $value:expr, $expected:expr) => {
            let before = zone.used();
            let value = $value;
            assert_eq!(*value, $expected);
            let size = size_of_val(value);
            // What aligns a long slice, or a value of an alignment above 8, comes on top.
            let least = size.next_multiple_of(8);
            let aligned = if size >= 64 || align_of_val(value) > 8 { 24 } else { 0 };
            assert!((least..=least + aligned).contains(&(zone.used() - before)));
            assert_eq!((&raw const *value).cast::<u8>().addr() % align_of_val(value), 0);
            let start = (&raw const *value).cast::<u8>();
            assert!(zone.contains(start) && zone.contains(start.wrapping_add(size - 1)));
            ranges.push(start.addr()..start.addr() + size);
        };
    }
    check!(alloc, try_alloc(0x1234_u16), 0x1234);
    check!(alloc, try_alloc([1_u128, 2]), [1, 2]);
    check!(alloc, try_alloc(Cell::new(5)), Cell::new(5));
    check!(alloc_with, try_alloc_with(|| [7_u8; 33]), [7; 33]);
    check!(alloc_slice, try_alloc_slice(5, 1.5_f32), [1.5; 5]);
    check!(alloc_slice_with, try_alloc_slice_with(4, |index| index * index), [0, 1, 4, 9]);
    check!(alloc_slice_copy, try_alloc_slice_copy(&['a', 'ä', '🎵']), ['a', 'ä', '🎵']);
    check!(alloc_iter, try_alloc_iter((0..9).map(|n| n * 3_i64)), [0, 3, 6, 9, 12, 15, 18, 21, 24]);
    check!(alloc_iter, try_alloc_iter(vec![1_u8, 2, 3]), [1, 2, 3]);
    check!(alloc_str, try_alloc_str("naïve ☕"), *"naïve ☕");
    check!(alloc_fmt, try_alloc_fmt(format_args!("{:>4}|{:<3}|", 7, 'x')), *"   7|x  |");
    check!(@ zformat!(zone, "voice {}", 3), *"voice 3");
    assert!(zone.blocks() > 1, "not all of it fits into the first block");
    assert_apart(ranges);
}

#[test]
fn alignments_up_to_a_page_are_kept() {
    fn check<const ALIGN: usize>() {
        for zone in [Zone::new(64), Zone::new(60_000)] {
            let mut ranges = Vec::new();
            for n in 0..4 {
                ranges.push(range(zone.alloc_slice(n + 1, 1_u8)));
                let plain = zone.alloc_slice_aligned::<u8, ALIGN>(n * 40 + 1, 2);
                let twin = zone.try_alloc_slice_aligned::<u16, ALIGN>(n + 1, 3).unwrap();
                let layout = Layout::from_size_align(n + 1, ALIGN).unwrap();
                let raw = [zone.alloc_layout(layout), zone.try_alloc_layout(layout).unwrap()];
                for start in [plain.as_ptr().addr(), twin.as_ptr().addr()] {
                    assert_eq!(start % ALIGN, 0);
                }
                for start in raw.map(|start| start.addr().get()) {
                    assert_eq!(start % ALIGN, 0);
                    ranges.push(start..start + n + 1);
                }
                assert_eq!((plain.len(), plain[n * 40]), (n * 40 + 1, 2));
                assert_eq!(*twin, [3; 4][..n + 1]);
                ranges.extend([range(plain), range(twin)]);
            }
            assert_apart(ranges);
        }
    }
    check::<1>();
    check::<2>();
    check::<4>();
    check::<8>();
    check::<16>();
    check::<32>();
    check::<64>();
    check::<128>();
    check::<256>();
    check::<512>();
    check::<1024>();
    check::<2048>();
    check::<4096>();
}

#[test]
fn a_types_own_alignment_is_kept() {
    macro_rules! check {
        ($($align:literal)*) => {$({
            #[repr(align($align))]
            #[derive(Clone, Copy, PartialEq, Debug)]
            struct Aligned(u8);
            let zone = Zone::new(16);
            for n in 0..3 {
                zone.alloc(n);
                let one = &raw const *zone.alloc(Aligned(n));
                let boxed = zone.boxed(Aligned(n + 1));
                let many = zone.alloc_slice_aligned::<_, 2>(2, Aligned(n + 2));
                for value in [one, &raw const *boxed, many.as_ptr()] {
                    assert_eq!(value.addr() % $align, 0);
                    assert!(zone.contains(value));
                }
                assert_eq!((*boxed, many), (Aligned(n + 1), &mut [Aligned(n + 2); 2][..]));
            }
        })*};
    }
    check!(2 8 16 32 64 256 1024 4096);
}

#[test]
fn used_counts_in_steps_of_8_bytes() {
    let zone = Zone::new(10_000);
    for (size, used) in [(1, 8), (7, 16), (8, 24), (17, 48), (0, 48), (24, 72), (32, 104)] {
        zone.alloc_uninit::<u8>(size);
        assert_eq!((zone.used(), zone.high_water()), (used, used));
        assert_eq!(zone.remaining(), zone.capacity() - used);
    }
}

#[test]
fn what_has_no_size_takes_no_room() {
    #[repr(align(4096))]
    #[derive(Clone, Copy)]
    struct Page;
    let mut zone = Zone::builder().capacity(16).fixed().build();
    zone.alloc(1_u128);
    zone.alloc(());
    assert_eq!((&raw const *zone.alloc(Page)).addr() % 4096, 0);
    assert_eq!((&raw const *zone.alloc_with(|| Page)).addr() % 4096, 0);
    assert_eq!(zone.alloc_slice(1_000, ()).len(), 1_000);
    // More than could be counted in a lifetime: nothing is written, so nothing is counted.
    const MANY: usize = usize::MAX;
    assert_eq!(zone.alloc_slice(MANY, ()).len(), MANY);
    assert_eq!(zone.try_alloc_slice(MANY, Page).unwrap().len(), MANY);
    assert_eq!(zone.alloc_slice_aligned::<_, 64>(MANY, ()).len(), MANY);
    assert_eq!(zone.boxed_slice(MANY, ()).len(), MANY);
    assert_eq!(zone.alloc_slice_copy(zone.alloc_slice(MANY, ())).len(), MANY);
    assert_eq!(memzone::halloc_slice(MANY, ()).len(), MANY);
    assert_eq!(memzone::salloc_with(MANY, (), |items| items.len()), Ok(MANY));
    // Closures are the user's, and run as often as they were asked to.
    let runs = Cell::new(0);
    assert_eq!(zone.alloc_slice_with(7, |_| runs.set(runs.get() + 1)).len(), runs.get());
    assert_eq!(zone.alloc_uninit::<()>(usize::MAX).len(), usize::MAX);
    assert_eq!(zone.alloc_slice_copy(&[Page; 3]).len(), 3);
    assert_eq!(zone.alloc_slice_aligned::<(), 1024>(4, ()).as_ptr().addr() % 1024, 0);
    assert_eq!(zone.alloc_slice_aligned::<u8, 4096>(0, 0).as_ptr().addr() % 4096, 0);
    assert_eq!(zone.alloc_uninit::<u64>(0).len(), 0);
    assert_eq!(zone.alloc_iter((0..100).map(drop)).len(), 100);
    assert_eq!(zone.alloc_iter((0..3).map(|_| Page)).as_ptr().addr() % 4096, 0);
    assert_eq!(zone.alloc_str(""), "");
    assert_eq!(zformat!(zone, "{}", ""), "");
    for align in [1, 2, 16, 64, 4096] {
        let place = zone.alloc_layout(Layout::from_size_align(0, align).unwrap());
        assert_eq!(place.addr().get() % align, 0);
    }
    assert_eq!((zone.used(), zone.remaining()), (16, 0));
    zone.reset().unwrap();
    assert_eq!(zone.used(), 0);
}

#[test]
fn uninitialised_room_can_be_filled() {
    let zone = Zone::new(16);
    let room = zone.alloc_uninit::<u32>(1_000);
    assert_eq!((room.len(), room.as_ptr().addr() % 4), (1_000, 0));
    for (index, place) in room.iter_mut().enumerate() {
        place.write(index as u32);
    }
    // SAFETY: written just now.
    assert_eq!(unsafe { room[999].assume_init() }, 999);
    assert_eq!(zone.try_alloc_uninit::<u8>(3).unwrap().len(), 3);
}

#[test]
fn an_iterator_may_lie_about_its_length() {
    struct Lying<I>(I, (usize, Option<usize>));
    impl<I: Iterator> Iterator for Lying<I> {
        type Item = I::Item;
        fn next(&mut self) -> Option<I::Item> {
            self.0.next()
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            self.1
        }
    }
    for hint in [(0, None), (0, Some(0)), (2, Some(2)), (7, None), (500, Some(1)), (2_000, None)] {
        for zone in [Zone::new(16), Zone::new(10_000)] {
            zone.alloc(1_u8);
            let items = zone.alloc_iter(Lying(10..17_u64, hint));
            assert_eq!(items, [10, 11, 12, 13, 14, 15, 16]);
            let next = zone.alloc(0xFF_u8);
            assert_eq!(items, [10, 11, 12, 13, 14, 15, 16]);
            assert_apart(vec![range(items), range(std::slice::from_ref(next))]);
            if zone.capacity() >= 20_000 || hint.0 < 500 {
                assert_eq!(zone.used(), 8 + 56 + 8, "the rest was not given back for {hint:?}");
            }
        }
    }
    let zone = Zone::new(100);
    let too_many = Lying(0..3_u64, (usize::MAX, None));
    let error = zone.try_alloc_iter(too_many).unwrap_err();
    assert!(matches!(error, ZoneError::TooLarge { requested: usize::MAX, .. }));
    assert_eq!(zone.used(), 0);
}

#[test]
fn an_iterator_of_unknown_length_may_outgrow_a_block() {
    let count = if cfg!(miri) { 700 } else { 50_000 };
    let zone = Zone::new(256);
    let before = zone.alloc_slice(10, 7_u8);
    let items = zone.alloc_iter((0..count).filter(|n| n % 3 != 0).map(|n| n * 5));
    assert!(items.iter().copied().eq((0..count).filter(|n| n % 3 != 0).map(|n| n * 5)));
    assert!(zone.blocks() > 1);
    assert_apart(vec![range(before), range(items), range(zone.alloc_slice(3, 1))]);

    // It takes the odd tail of a fixed zone too, and no more than there is.
    let zone = Zone::builder().capacity(1_001).fixed().build();
    assert_eq!(zone.alloc_iter((0..1_001).map(|n| n as u8).filter(|_| true)).len(), 1_001);
    assert_eq!(zone.remaining(), 0);
    let zone = Zone::builder().capacity(1_001).fixed().build();
    assert!(zone.try_alloc_iter((0..1_002).map(|n| n as u8).filter(|_| true)).is_err());
}

#[test]
fn iterators_and_texts_fit_wherever_their_items_do() {
    let fixed = |bytes| Zone::builder().capacity(bytes).fixed().build();
    assert_eq!(fixed(1).try_alloc_iter([7_u8]), Ok(&mut [7][..]));
    assert_eq!(fixed(17).try_alloc_iter((0..17_u8).filter(|_| true)).map(|all| all.len()), Ok(17));
    assert_eq!(fixed(1).try_alloc_fmt(format_args!("{}", 'x')).map(|text| text.len()), Ok(1));
    let large = [1_u8; 3_000];
    let one = std::iter::once(large).filter(|_| true);
    assert_eq!(fixed(4_000).try_alloc_iter(one).map(|items| items.len()), Ok(1));
    // It moves, as something else lies behind it, to where just what it needs is left.
    let zone = fixed(64 + 16 + 80);
    let items = zone.try_alloc_iter((0..5_u128).filter(|&n| n != 3 || *zone.alloc(1) == 1));
    assert_eq!(items, Ok(&mut [0, 1, 2, 3, 4][..]));
}

#[test]
fn an_iterator_may_use_the_zone_itself() {
    let zone = Zone::new(128);
    let others = RefCell::new(Vec::new());
    let pointers = zone.alloc_iter((0..40_u32).filter(|_| true).map(|n| {
        let other = &*zone.alloc(n * 2);
        others.borrow_mut().push(range(std::slice::from_ref(other)));
        other
    }));
    assert!(pointers.iter().zip(0..).all(|(other, n)| **other == n * 2));
    let mut ranges = others.into_inner();
    ranges.push(range(pointers));
    assert_apart(ranges);

    // What was the last allocation when the iterator began goes meanwhile.
    let boxed = Cell::new(Some(zone.boxed([1_u64; 4])));
    let items = zone.alloc_iter((0..20_u64).filter(|_| true).inspect(|&n| {
        if n == 10 {
            boxed.take();
        }
    }));
    let after = zone.alloc(u64::MAX);
    assert!(items.iter().copied().eq(0..20) && *after == u64::MAX);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn closures_may_use_the_zone_and_panic_in_it() {
    let zone = Zone::new(64);
    let outer = zone.alloc_with(|| (1_u64, &*zone.alloc(2_u64)));
    assert_eq!((outer.0, *outer.1), (1, 2));
    let slice = zone.alloc_slice_with(30, |index| (index, &*zone.alloc(index + 100)));
    assert!(slice.iter().enumerate().all(|(n, item)| item.0 == n && *item.1 == n + 100));
    let kept = zone.alloc_slice(50, 3_u8);
    for round in 0..2 {
        let result = match round {
            0 => catch_unwind(|| *zone.alloc_with(|| -> u64 { panic!("on purpose") })),
            _ => catch_unwind(|| zone.alloc_iter((0..20).inspect(|&n| assert!(n < 12))).len() as _),
        };
        assert!(result.is_err());
        assert_eq!((zone.alloc_slice(50, 4_u8)[49], kept[49]), (4, 3));
    }
}

#[test]
fn formatted_text_is_written_as_format_writes_it() {
    struct Nested<'z>(&'z Zone);
    impl fmt::Display for Nested<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for n in 0..30 {
                let part = zformat!(self.0, "<{n}>");
                f.write_str(part)?;
                self.0.alloc_slice(7, 0xFF_u8);
            }
            Ok(())
        }
    }
    let zone = Zone::new(64);
    let expected: String = (0..30).map(|n| format!("<{n}>")).collect();
    assert_eq!(*zformat!(zone, "a{}b", Nested(&zone)), format!("a{expected}b"));
    let long = "☕".repeat(3_000);
    assert_eq!(*zformat!(&zone, "{long}{:?}", "x"), format!("{long}\"x\""));
    assert_eq!(
        zone.try_alloc_fmt(format_args!("{:08.3}", 1.5)),
        Ok(&mut *String::from("0001.500"))
    );

    let zone = Zone::new(1_000);
    assert_eq!(zformat!(zone, "{}{}{}", 1, 2, 3).len() + zformat!(zone, "{:>20}", 1).len(), 23);
    assert_eq!(zone.used(), 8 + 24);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_formatting_error_is_an_error() {
    struct Bad;
    impl fmt::Display for Bad {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("some")?;
            Err(fmt::Error)
        }
    }
    let zone = Zone::new(64);
    assert_eq!(zone.try_alloc_fmt(format_args!("{Bad}")), Err(ZoneError::Format));
    assert!(catch_unwind(|| zone.alloc_fmt(format_args!("{Bad}")).len()).is_err());
    let full = Zone::builder().capacity(5).fixed().build();
    let error = full.try_alloc_fmt(format_args!("{}{}", "123", "456")).unwrap_err();
    assert!(matches!(error, ZoneError::LimitReached { limit: 5, .. }));
}

// Growing.

#[test]
fn a_request_that_fits_exactly_takes_no_new_block() {
    let zone = Zone::new(1_000);
    without_the_system(|| {
        zone.alloc_slice(zone.remaining() - 16, 1_u8);
        zone.alloc_slice(2, 1_u64);
    });
    assert_eq!((zone.blocks(), zone.remaining()), (1, 0));
    zone.alloc(1_u8);
    assert_eq!(zone.blocks(), 2);
    without_the_system(|| fill(&zone));
    assert_eq!((zone.blocks(), zone.used()), (2, zone.capacity()));
}

#[test]
#[cfg_attr(miri, ignore = "takes 500 MB")]
fn blocks_double_up_to_64_mib_and_then_stay() {
    let zone = full(Zone::new(4_096));
    let (mut last, mut gains) = (zone.capacity(), Vec::new());
    for _ in 0..18 {
        let before = zone.capacity();
        zone.alloc(1_u8);
        fill(&zone);
        gains.push(zone.capacity() - before);
    }
    const MOST: usize = 64 << 20;
    for &gain in &gains {
        let expected = (last * 2).min(MOST);
        // To a page, less what blocks need for themselves.
        assert!(gain.abs_diff(expected) < 4_096 + 256, "{gain} after {last}, in {gains:?}");
        last = gain;
    }
    assert!(gains[17].abs_diff(MOST) < 512 && gains[15] == gains[17], "{gains:?}");
}

#[test]
fn a_request_larger_than_a_block_gets_a_block_of_its_size() {
    let zone = Zone::new(4_096);
    zone.alloc(1_u8);
    for size in [100_000, 1_000_000] {
        let (before, blocks) = (zone.capacity(), zone.blocks());
        let place = &raw const *zone.alloc_uninit::<u8>(size);
        assert!(zone.contains(place.cast::<u8>().wrapping_add(size - 1)));
        let gain = zone.capacity() - before;
        assert!((size..size + 8_192).contains(&gain), "{gain} for {size}");
        assert_eq!(zone.blocks(), blocks + 1);
    }
}

/// Allocates until the zone's limit stops it, and returns what it had from the system.
fn use_up(capacity: usize, limit: usize, requests: &[(usize, usize)]) -> u64 {
    let (mut asked, zone) =
        asked_by(|| Zone::builder().capacity(capacity).limit(limit).try_build());
    let zone = match zone {
        Ok(zone) => zone,
        Err(error) => {
            assert_eq!(error, ZoneError::LimitReached { requested: capacity, limit, used: 0 });
            assert_eq!(asked, 0);
            return 0;
        }
    };
    let byte = (1, 1);
    for &(size, align) in requests.iter().chain(std::iter::repeat_n(&byte, 100_000)) {
        let layout = Layout::from_size_align(size, align).unwrap();
        let used = zone.used();
        let (more, place) = asked_by(|| zone.try_alloc_layout(layout));
        asked += more;
        assert!(asked <= limit as u64, "{asked} bytes asked with a limit of {limit}");
        if let Err(error) = place {
            assert_eq!(error, ZoneError::LimitReached { requested: size, limit, used });
            assert_eq!(more, 0);
            if (size, align) == byte {
                // Nothing that a block could be made of is left.
                assert!(limit as u64 - asked < 496, "{asked} of {limit} used");
                return asked;
            }
        }
    }
    panic!("a limit of {limit} was not reached");
}

#[test]
fn a_limit_is_never_exceeded() {
    let (step, most, first) = match cfg!(miri) {
        true => (1_499, 5_000, &[(300, 1); 30][..]),
        false => (7, 20_000, &[][..]),
    };
    for limit in (0..most).step_by(step) {
        for capacity in [1, 100, 4_096, 50_000] {
            use_up(capacity, limit, first);
        }
    }
    assert_eq!(use_up(1, 0, &[]), 0);
    assert!(use_up(4_096, 495, &[]) == 0 && use_up(4_096, 496, &[]) > 0);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_limit_is_never_exceeded_whatever_is_asked_for(
        capacity in 0_usize..20_000,
        limit in 0_usize..if cfg!(miri) { 2_000 } else { 300_000 },
        requests in prop::collection::vec(
            (1_usize..9_000, (0_u32..13).prop_map(|n| 1 << n)),
            0..if cfg!(miri) { 10 } else { 80 },
        ),
    ) {
        use_up(capacity, limit, &requests);
    }

    #[test]
    fn a_zone_takes_at_most_2_2_times_what_it_holds(
        seed in prop::collection::vec(
            (0_usize..5, 1_usize..3_000),
            1..if cfg!(miri) { 20 } else { 300 },
        ),
    ) {
        overhead(|zone, n| {
            let (kind, size) = seed[n % seed.len()];
            match kind {
                0 => size,
                1 => size * 20,
                2 => size % 100 + 1,
                _ => zone.remaining() + 1,
            }
        }, seed.len());
    }
}

/// Allocates `count` times what `size` says, and fails where the zone takes too much for it.
#[track_caller]
fn overhead(mut size: impl FnMut(&Zone, usize) -> usize, count: usize) {
    let (mut asked, zone) = asked_by(|| Zone::new(4_096));
    for n in 0..count {
        let size = size(&zone, n).min(16 << 20);
        asked += asked_by(|| zone.alloc_uninit::<u8>(size)).0;
        let held = zone.used().max(64 << 10);
        assert!(asked * 10 <= held as u64 * 22, "{asked} for {held} held, after {size} at {n}");
        if held > 1 << 30 {
            return;
        }
    }
}

#[test]
fn requests_that_just_do_not_fit_cost_at_most_2_2_times_what_is_held() {
    let count = if cfg!(miri) { 8 } else { 300 };
    overhead(|zone, _| zone.remaining() + 1, count);
    overhead(|zone, n| if n % 2 == 0 { zone.remaining() + 1 } else { 1 }, count);
    overhead(|zone, n| if n % 3 == 0 { zone.remaining() + 1 } else { 5_000 }, count);
    // Waste what a zone may waste, then hold little more than half of each small block.
    for small in [161, 193, 417, 1_953, 2_673] {
        overhead(|zone, n| if n < 11 { zone.remaining() + 1 } else { small }, count * 40);
    }
}

// Resetting.

#[test]
fn a_reset_zone_holds_the_same_data_again_without_asking_the_system() {
    let sizes = [10, 3_000, 40, 20_000, 1, 500, 70_000, 16, 9_000, 100, 4_000, 200_000, 8];
    let mut zone = Zone::new(1_000);
    let put = |zone: &Zone| {
        for (n, &size) in sizes.iter().enumerate() {
            // Under Miri, filling all of it would take minutes.
            let slice = zone.alloc_uninit::<u8>(size);
            let ends = [0, size - 1];
            ends.into_iter().for_each(|at| slice[at] = MaybeUninit::new(n as u8));
            // SAFETY: written just now.
            assert_eq!(ends.map(|at| unsafe { slice[at].assume_init() }), [n as u8; 2]);
            zone.alloc_slice_aligned::<u64, 256>(3, 5);
        }
        (zone.used(), zone.capacity(), zone.blocks())
    };
    let first = put(&zone);
    assert!(first.2 >= 4, "{first:?}");
    for _ in 0..3 {
        without_the_system(|| {
            zone.reset().unwrap();
            assert_eq!((zone.used(), zone.capacity(), zone.blocks()), (0, first.1, first.2));
            assert_eq!((zone.high_water(), zone.remaining()), (first.0, first.1));
            assert_eq!(put(&zone), first);
        });
    }
    // In another order it may grow, but only now and then.
    let mut calls = Vec::new();
    for _ in 0..6 {
        zone.reset().unwrap();
        let before = counting::calls();
        for &size in sizes.iter().rev() {
            zone.alloc_uninit::<u8>(size);
        }
        calls.push(counting::calls() - before);
    }
    assert_eq!(calls[1..], [0; 5], "{calls:?}");
}

#[test]
fn a_zone_in_use_is_not_reset() {
    let mut zone = Zone::new(1_000);
    let text = zone.boxed(String::from("kept"));
    let other = zone.clone();
    let before = zone.used();
    assert_eq!(zone.reset(), Err(ZoneError::InUse { handles: 2 }));
    drop(other);
    assert_eq!(zone.reset(), Err(ZoneError::InUse { handles: 1 }));
    assert_eq!((zone.used(), &**text), (before, "kept"));
    drop(text);
    push_zone(&zone);
    zone.alloc(1_u8);
    assert_eq!((zone.reset(), zone.used()), (Ok(()), 0));
    assert!(pop_zone().unwrap().contains(&raw const *zone.alloc(1_u8)));
    assert_eq!(memzone::reset_zone(&mut zone), Ok(()));
    assert_eq!(zone.used(), 0);
}

// What a zone says about itself.

#[test]
fn high_water_is_the_most_that_was_used_at_a_time() {
    let mut zone = Zone::new(1_000);
    zone.alloc_uninit::<u8>(500);
    assert_eq!((zone.used(), zone.high_water()), (504, 504));
    zone.reset().unwrap();
    zone.alloc_uninit::<u8>(100);
    assert_eq!((zone.used(), zone.high_water()), (104, 504));
    drop(zone.boxed([0_u8; 800]));
    assert_eq!((zone.used(), zone.high_water()), (104, 904));
    zone.alloc_uninit::<u8>(10_000);
    zone.reset().unwrap();
    assert_eq!((zone.used(), zone.high_water()), (0, 10_104));
}

#[test]
fn a_zone_prints_itself() {
    let zone = Zone::builder().capacity(100).fixed().name("voices").build();
    zone.alloc(1_u8);
    let clone = zone.clone();
    let text = without_the_system(|| arrayed(format_args!("{zone}")));
    assert_eq!(text.as_str(), "zone voices: 8 of 100 bytes used, blocks: 1, handles: 2");
    let debug =
        r#"Zone { name: Some("voices"), used: 8, capacity: 100, blocks: 1, handles: 2, .. }"#;
    assert_eq!(format!("{clone:?}"), debug);

    let unnamed = format!("{}", Zone::builder().capacity(0).fixed().build());
    let rest = unnamed.strip_prefix("zone 0x").expect("an address");
    let rest = rest.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
    assert_eq!(rest, ": 0 of 0 bytes used, blocks: 1, handles: 1");
    assert!(format!("{}", Zone::new(0)).ends_with(": 0 of 0 bytes used, blocks: 0, handles: 1"));
}

/// A text on the stack.
struct Arrayed([u8; 200], usize);

impl Arrayed {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0[..self.1]).unwrap()
    }
}

impl fmt::Write for Arrayed {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let rest = self.0.get_mut(self.1..self.1 + part.len()).ok_or(fmt::Error)?;
        rest.copy_from_slice(part.as_bytes());
        self.1 += part.len();
        Ok(())
    }
}

fn arrayed(text: fmt::Arguments<'_>) -> Arrayed {
    let mut out = Arrayed([0; 200], 0);
    fmt::write(&mut out, text).unwrap();
    out
}

#[test]
fn a_zone_contains_the_used_part_of_all_its_blocks() {
    let mut zone = Zone::new(500);
    let places: Vec<*const u8> =
        (0..12).map(|n| zone.alloc_uninit::<u8>(n * n * 10 + 1).as_ptr().cast()).collect();
    assert!(zone.blocks() >= 3);
    for (n, &place) in places.iter().enumerate() {
        assert!(zone.contains(place) && zone.contains(place.wrapping_add(n * n * 10)), "{n}");
    }
    let last = places[11];
    assert!(zone.contains(last.wrapping_add(1_215)) && !zone.contains(last.wrapping_add(1_216)));
    // What was left over at the end of a block is not used.
    let left = Zone::new(500);
    let before = left.alloc_uninit::<u8>(100).as_ptr().cast::<u8>();
    left.alloc_uninit::<u8>(10_000);
    assert!(left.contains(before.wrapping_add(103)) && !left.contains(before.wrapping_add(104)));
    let (other, on_stack) = (Zone::new(500), 1_u8);
    assert!(!zone.contains(other.alloc(1_u8)) && !other.contains(places[0]));
    assert!(!zone.contains(&raw const on_stack) && !zone.contains(std::ptr::null::<u8>()));
    assert!(!zone.contains(&raw const zone));

    zone.reset().unwrap();
    assert!(places.iter().all(|&place| !zone.contains(place)));
    assert!(zone.contains(zone.alloc(1_u8)) && zone.contains(places[0]));
    assert!(places[1..].iter().all(|&place| !zone.contains(place)));
    let slice: *const [u8] = zone.alloc_slice(3, 1_u8);
    assert!(zone.contains(slice));
}

#[test]
fn clones_are_handles_of_the_same_zone() {
    let zone = Zone::new(100);
    let clones: Vec<Zone> = (0..5).map(|_| zone.clone()).collect();
    assert_eq!((zone.handles(), clones[4].handles()), (6, 6));
    let value = clones[0].alloc(1_u8);
    assert!(zone.contains(&raw const *value) && clones[3].used() == 8);
    let boxed = zone.boxed(2);
    assert_eq!(zone.handles(), 7);
    drop(clones);
    push_zone(&zone);
    assert_eq!(zone.handles(), 2, "a stack entry is no handle");
    drop(pop_zone().unwrap());
    drop(boxed);
    assert_eq!(zone.handles(), 1);
}

#[test]
fn the_last_handle_frees_the_zone() {
    let (asked, freed) = (counting::bytes_asked(), counting::bytes_freed());
    let zone = full(Zone::new(5_000));
    zone.alloc_uninit::<u8>(100_000);
    let clone = zone.clone();
    drop(zone);
    assert_eq!(counting::bytes_freed(), freed);
    drop(clone);
    assert_eq!(counting::bytes_freed() - freed, counting::bytes_asked() - asked);
}

// Cleanup hooks.

/// What hooks report, and from which thread.
type Log = Arc<Mutex<Vec<u32>>>;

/// A hook that notes a number.
fn note(log: &Log, number: u32) -> impl FnOnce() + Send + 'static {
    let log = log.clone();
    move || log.lock().unwrap().push(number)
}

/// What was noted since the last call.
fn noted(log: &Log) -> Vec<u32> {
    std::mem::take(&mut log.lock().unwrap())
}

#[test]
fn hooks_run_newest_first_and_once() {
    let log = Log::default();
    let mut zone = Zone::new(64);
    for n in 0..40 {
        zone.on_cleanup(note(&log, n));
        zone.alloc_slice(10, n);
    }
    zone.try_on_cleanup(|| ()).unwrap();
    assert!(zone.blocks() > 1);
    zone.reset().unwrap();
    assert!(noted(&log).into_iter().eq((0..40).rev()));
    zone.reset().unwrap();
    assert!(noted(&log).is_empty());
    zone.on_cleanup(note(&log, 1));
    zone.on_cleanup(note(&log, 2));
    drop(zone.clone());
    assert!(noted(&log).is_empty());
    drop(zone);
    assert_eq!(noted(&log), [2, 1]);
    assert_eq!(Arc::strong_count(&log), 1, "a hook's closure was not dropped");
}

#[test]
fn hooks_run_when_the_last_box_goes() {
    let log = Log::default();
    let zone = Zone::new(0);
    zone.on_cleanup(note(&log, 1));
    let boxed = zone.boxed(vec![1, 2, 3]);
    drop(zone);
    assert_eq!((noted(&log), &**boxed), (vec![], &[1, 2, 3][..]));
    assert_eq!(ZBox::into_inner(boxed), [1, 2, 3]);
    assert_eq!(noted(&log), [1]);
}

#[test]
fn a_hook_that_finds_no_room_is_dropped_unrun() {
    let log = Log::default();
    let zone = Zone::builder().capacity(8).fixed().build();
    let hook = note(&log, 1);
    assert!(matches!(zone.try_on_cleanup(hook), Err(ZoneError::LimitReached { limit: 8, .. })));
    assert_eq!(Arc::strong_count(&log), 1);
    drop(zone);
    assert!(noted(&log).is_empty());
}

#[test]
fn hooks_may_use_the_threads_stack() {
    let log = Log::default();
    let mut zone = Zone::new(1_000);
    for _ in 0..2 {
        let inner = note(&log, 1);
        zone.on_cleanup(move || {
            let boxed = ZBox::new(7);
            let pushed = push_new_zone(100);
            pushed.on_cleanup(inner);
            assert_eq!(ZBox::new(8).cmp(&boxed), std::cmp::Ordering::Greater);
            assert_eq!(memzone::beginz!({ *boxed + 1 }), 8);
            pop_zone().unwrap();
        });
    }
    zone.reset().unwrap();
    assert_eq!(noted(&log), [1, 1]);
}

#[test]
fn hooks_may_add_hooks_to_the_current_zone() {
    let log = Log::default();
    let mut zone = Zone::new(1_000);
    push_zone(&zone);
    let (second, third) = (note(&log, 2), note(&log, 3));
    zone.on_cleanup(note(&log, 4));
    peek_zone().on_cleanup(move || {
        second();
        peek_zone().on_cleanup(third);
    });
    zone.reset().unwrap();
    assert_eq!((noted(&log), zone.used()), (vec![2, 3, 4], 0));
    pop_zone().unwrap();
}

#[test]
fn a_hook_that_keeps_a_handle_keeps_the_zone_from_being_reset() {
    thread_local!(static KEPT: RefCell<Option<Zone>> = const { RefCell::new(None) });
    let mut zone = Zone::new(1_000);
    let boxed = zone.alloc_slice(4, 9_u8).as_ptr();
    zone.on_cleanup(|| KEPT.set(Some(peek_zone())));
    push_zone(&zone);
    assert_eq!(zone.reset(), Err(ZoneError::InUse { handles: 1 }));
    assert!(zone.contains(boxed));
    pop_zone().unwrap();
    KEPT.set(None);
    assert_eq!((zone.reset(), zone.used()), (Ok(()), 0));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_hook_that_panics_does_not_stop_the_others() {
    let log = Log::default();
    let mut zone = Zone::new(1 << 20);
    let add = |zone: &Zone| {
        zone.on_cleanup(note(&log, 1));
        zone.on_cleanup(|| panic!("on purpose"));
        zone.on_cleanup(note(&log, 2));
    };
    add(&zone);
    assert!(catch_unwind(AssertUnwindSafe(|| zone.reset())).is_err());
    assert_eq!(noted(&log), [2, 1]);
    assert_eq!(*zone.alloc(5), 5);
    assert_eq!((zone.reset(), zone.used(), noted(&log)), (Ok(()), 0, vec![]));
    add(&zone);
    let freed = counting::bytes_freed();
    assert!(catch_unwind(|| drop(zone)).is_err());
    assert_eq!(noted(&log), [2, 1]);
    assert!(counting::bytes_freed() - freed >= 1 << 20, "the zone was not freed");
}

// Other threads.

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn only_a_sole_handle_may_cross_threads() {
    fn is_send<T: Send>(_: &T) {}
    let zone = Zone::new(1_000);
    zone.alloc(1_u8);
    let clone = zone.clone();
    let zone = zone.into_sendable().unwrap_err();
    drop(clone);
    let boxed = zone.boxed(2);
    let zone = zone.into_sendable().unwrap_err();
    assert_eq!((*boxed, zone.handles()), (2, 2));
    drop(boxed);
    push_zone(&zone);
    let zone = zone.into_sendable().unwrap_err();
    drop(pop_zone().unwrap());
    assert_eq!((zone.handles(), zone.used()), (1, 8));

    let log = Log::default();
    zone.on_cleanup(note(&log, 1));
    let sendable: SendZone = zone.into_sendable().unwrap();
    is_send(&sendable);
    let back = thread::spawn(move || {
        let mut zone = sendable.into_zone();
        push_zone(&zone);
        assert_eq!(*ZBox::new([7_u8; 2_000]), [7; 2_000]);
        drop(pop_zone().unwrap());
        zone.reset().unwrap();
        zone.alloc_uninit::<u8>(50_000);
        zone.into_sendable().unwrap()
    });
    let mut zone = back.join().unwrap().into_zone();
    assert_eq!(noted(&log), [1]);
    assert!(zone.used() == 50_000 && zone.reset() == Ok(()));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn hooks_run_on_the_thread_where_the_zone_ends() {
    let ran = Arc::new(Mutex::new(None));
    for sent in [true, false] {
        let zone = Zone::new(1_000);
        let hook = ran.clone();
        zone.on_cleanup(move || *hook.lock().unwrap() = Some(thread::current().id()));
        let sendable = zone.into_sendable().unwrap();
        let expected = if sent {
            let other = thread::spawn(move || drop(sendable));
            let id = other.thread().id();
            other.join().unwrap();
            id
        } else {
            drop(sendable);
            thread::current().id()
        };
        assert_eq!(ran.lock().unwrap().take(), Some(expected));
    }
}

/// An iterator that has ended is not asked again, and one that says too little is heard to its end.
#[test]
fn iterators_are_asked_until_they_end() {
    let zone = Zone::new(4096);
    let mut asked = 0;
    let items = zone.alloc_iter(std::iter::from_fn(|| {
        asked += 1;
        (asked % 4 != 0).then_some(asked)
    }));
    assert_eq!((&*items, asked), (&[1, 2, 3][..], 4));
    struct Hinted(u32, usize);
    impl Iterator for Hinted {
        type Item = u32;
        fn next(&mut self) -> Option<u32> {
            self.0 += 1;
            (self.0 % 7 != 0).then_some(self.0)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (self.1, None)
        }
    }
    for hint in [0, 1, 5, 6, 7, 100] {
        assert_eq!(zone.alloc_iter(Hinted(0, hint)), [1, 2, 3, 4, 5, 6], "{hint}");
    }
}

#[test]
fn trimming_gives_back_what_is_not_to_be_kept() {
    let before = memzone::stats::thread().live;
    let mut zone = Zone::new(1000);
    zone.alloc_slice(5000, 1_u8);
    zone.alloc_slice(100_000, 1_u8);
    zone.alloc_slice(3000, 1_u8);
    let (capacity, high_water) = (zone.capacity(), zone.high_water());
    assert!(high_water >= 108_000);
    zone.trim(usize::MAX).unwrap();
    assert_eq!((zone.used(), zone.high_water(), zone.capacity()), (0, 0, capacity));
    // The same fits again, and the mark is that of this time.
    zone.alloc_slice(5000, 2_u8);
    assert!((5000..6100).contains(&zone.high_water()), "{}", zone.high_water());
    zone.trim(20_000).unwrap();
    assert!((5000..20_000).contains(&zone.capacity()), "{}", zone.capacity());
    assert!(memzone::stats::thread().live - before <= 20_000);
    zone.trim(0).unwrap();
    assert_eq!(zone.blocks(), 1);
    assert!(zone.alloc_slice(50_000, 3_u8).iter().all(|&byte| byte == 3));
}

#[test]
fn trimming_is_for_a_sole_handle_outside_of_sections_that_deny() {
    let mut zone = Zone::new(0);
    zone.trim(0).unwrap();
    assert_eq!(zone.blocks(), 0);
    zone.alloc_slice(10, 1_u8);
    zone.alloc_slice(100_000, 1_u8);
    let other = zone.clone();
    assert_eq!(zone.trim(0), Err(ZoneError::InUse { handles: 1 }));
    drop(other);
    let section = memzone::rt::enter_unwatched(memzone::rt::Policy::Deny);
    assert!(matches!(zone.trim(0), Err(ZoneError::Denied { .. })));
    assert_eq!((zone.used(), zone.blocks()), (0, 2));
    zone.trim(usize::MAX).unwrap();
    drop(section);
    zone.trim(0).unwrap();
    assert_eq!(zone.blocks(), 1);
}

/// A chain of zones, each freed by a hook of the one before.
fn chain(length: usize, ended: &Arc<AtomicUsize>) -> Zone {
    let mut next: Option<SendZone> = None;
    for _ in 0..length {
        let zone = Zone::new(64);
        let (before, ended) = (next.take(), Arc::clone(ended));
        zone.on_cleanup(move || {
            ended.fetch_add(1, Ordering::Relaxed);
            if let Some(before) = before {
                drop(before.into_zone());
            }
        });
        next = Some(zone.into_sendable().unwrap());
    }
    next.unwrap().into_zone()
}

const LONG: usize = if cfg!(miri) { 50 } else { 100_000 };

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn any_number_of_zones_may_be_freed_by_each_others_hooks() {
    let ended = Arc::new(AtomicUsize::new(0));
    drop(chain(LONG, &ended));
    assert_eq!(ended.swap(0, Ordering::Relaxed), LONG);

    // From the hook of a zone that is reset, of a scope's, and of one that the thread's end takes off its stack.
    let mut zone = Zone::new(1024);
    let first = chain(LONG, &ended).into_sendable().unwrap();
    zone.on_cleanup(move || drop(first.into_zone()));
    zone.reset().unwrap();
    assert_eq!(ended.swap(0, Ordering::Relaxed), LONG);
    let first = chain(LONG, &ended).into_sendable().unwrap();
    beginz!(z => z.on_cleanup(move || drop(first.into_zone())));
    assert_eq!(ended.swap(0, Ordering::Relaxed), LONG);
    let there = Arc::clone(&ended);
    std::thread::spawn(move || push_zone(&chain(LONG, &there))).join().unwrap();
    assert_eq!(ended.swap(0, Ordering::Relaxed), LONG);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn zones_that_a_hook_frees_end_after_it_in_their_order() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let named = |name: &'static str| {
        let (zone, said) = (Zone::new(64), Arc::clone(&said));
        zone.on_cleanup(move || said.lock().unwrap().push(name));
        zone.into_sendable().unwrap()
    };
    let zone = Zone::new(1024);
    let (b, c, here) = (named("b"), named("c"), Arc::clone(&said));
    zone.on_cleanup({
        let here = Arc::clone(&said);
        move || here.lock().unwrap().push("older hook")
    });
    zone.on_cleanup(move || {
        drop(b.into_zone());
        drop(c.into_zone());
        // One without hooks has nobody to wait for.
        drop(Zone::new(64));
        here.lock().unwrap().push("hook");
    });
    drop(zone);
    assert_eq!(*said.lock().unwrap(), ["hook", "older hook", "b", "c"]);

    // Where one panics the others end all the same, and the next zone waits for nobody.
    said.lock().unwrap().clear();
    let zone = Zone::new(1024);
    let (b, c) = (named("b"), named("c"));
    zone.on_cleanup(move || {
        drop(b.into_zone());
        drop(c.into_zone());
        panic!("a hook");
    });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(zone))).is_err());
    assert_eq!(*said.lock().unwrap(), ["b", "c"]);
    drop(named("d").into_zone());
    assert_eq!(said.lock().unwrap()[2..], ["d"]);
}
