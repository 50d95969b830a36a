//! What is real-time: the sanitizer must find nothing here.

use crate::realtime;
use memzone::rt::{self, Plan, Policy, Request};
use memzone::{
    HBox, Pool, PoolBox, PoolFull, RtHeap, ZBox, Zone, ZoneError, beginz, halloc_in,
    halloc_slice_in, letz, salloc, salloc_with, stats, try_beginz, try_letz, try_zcopy, zformat,
};
use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::thread;

const DEEPEST: usize = 64;

/// A thread that may enter 64 scopes in one another.
pub(crate) fn prepare() {
    rt::prepare_thread(&Plan::new().scopes(DEEPEST + 2, 16 << 10)).expect("there is memory");
}

/// A zone with all its memory in hand.
pub(crate) fn zone() -> Zone {
    Zone::builder().capacity(256 << 10).prefault().build()
}

/// Runs with a prepared thread and zone.
fn with_zone(body: impl FnOnce(&Zone)) {
    prepare();
    let zone = zone();
    realtime(|| body(&zone));
}

fn nested(depth: usize) -> usize {
    if depth == 0 {
        return memzone::zone_depth();
    }
    beginz!(z => {
        z.alloc_slice(64, 0.5_f32);
        nested(depth - 1)
    })
}

fn nested_letz(depth: usize) -> usize {
    if depth == 0 {
        return memzone::zone_depth();
    }
    letz!(a = [depth; 64] => {
        assert_eq!(a[63], depth);
        nested_letz(depth - 1)
    })
}

fn try_nested(depth: usize) -> Result<usize, ZoneError> {
    if depth == 0 {
        return Ok(memzone::zone_depth());
    }
    try_beginz!(4096, z => {
        z.try_alloc_slice(64, 0.5_f32)?;
        try_nested(depth - 1)?
    })
}

struct Voice {
    note: u8,
    level: f32,
}

crate::cases! { CASES:
    // Scopes.
    fn beginz_forms() {
        with_zone(|outer| {
            assert_eq!(beginz!(1), 1);
            assert_eq!(beginz!(z => *z.alloc(2)), 2);
            assert_eq!(beginz!(z in outer => z.alloc(3)), &mut 3);
            assert_eq!(beginz!(10_000, 4), 4);
            assert_eq!(beginz!(10_000, z => *z.alloc(5)), 5);
            assert_eq!(beginz!(10_000, z in outer => z.alloc(6)), &mut 6);
        });
    }
    fn try_beginz_forms() {
        with_zone(|outer| {
            assert_eq!(try_beginz!(1), Ok(1));
            assert_eq!(try_beginz!(z => *z.alloc(2)), Ok(2));
            assert_eq!(try_beginz!(z in outer => z.alloc(3)), Ok(&mut 3));
            assert_eq!(try_beginz!(10_000, 4), Ok(4));
            assert_eq!(try_beginz!(10_000, z => *z.alloc(5)), Ok(5));
            assert_eq!(try_beginz!(10_000, z in outer => z.alloc(6)), Ok(&mut 6));
        });
    }
    fn letz_forms() {
        with_zone(|outer| {
            let n = std::hint::black_box(3);
            assert_eq!(letz!(a = 1, b: u8 = 2, c = [3; n], d = [4, 5] => *a + *b + c[2] + d[1]), 11);
            assert_eq!(letz!(z; a = 1 => *z.alloc(*a)), 1);
            assert_eq!(letz!(z in outer; a = [2; n] => { z.alloc(1); a }), &mut [2, 2, 2]);
            assert_eq!(letz!(10_000, a = 1 => *a), 1);
            assert_eq!(letz!(10_000, z; a = 1 => *z.alloc(*a)), 1);
            assert_eq!(letz!(10_000, z in outer; a = [2; n] => { z.alloc(1); a }), &mut [2, 2, 2]);
        });
    }
    fn try_letz_forms() {
        with_zone(|outer| {
            let n = std::hint::black_box(3);
            assert_eq!(try_letz!(a = 1, b: u8 = 2, c = [3; n], d = [4, 5] => *a + *b + c[2] + d[1]), Ok(11));
            assert_eq!(try_letz!(z; a = 1 => *z.alloc(*a)), Ok(1));
            assert!(try_letz!(z in outer; a = [2; n] => { z.alloc(1); a }).is_ok());
            assert_eq!(try_letz!(10_000, a = 1 => *a), Ok(1));
            assert_eq!(try_letz!(10_000, z; a = 1 => *z.alloc(*a)), Ok(1));
            assert!(try_letz!(10_000, z in outer; a = [2; n] => { z.alloc(1); a }).is_ok());
        });
    }
    fn nested_64_deep() {
        with_zone(|_| {
            for _ in 0..3 {
                assert_eq!(nested(DEEPEST), DEEPEST);
                assert_eq!(nested_letz(DEEPEST), DEEPEST);
                assert_eq!(try_nested(DEEPEST), Ok(DEEPEST));
            }
        });
    }
    fn scopes_that_are_left_early() {
        with_zone(|_| {
            for n in 0..10 {
                beginz!(z => {
                    z.alloc(n);
                    if n == 5 {
                        break;
                    }
                });
            }
            fn early() -> Option<u32> {
                beginz!(z => {
                    z.alloc(1);
                    return None;
                })
            }
            assert_eq!(early(), None);
        });
    }
    fn scopes_refused() {
        with_zone(|outer| {
            assert!(matches!(try_beginz!(usize::MAX, 1), Err(ZoneError::TooLarge { .. })));
            assert!(matches!(try_letz!(a = [1; usize::MAX / 2] => a[0]), Err(ZoneError::TooLarge { .. })));
            assert_eq!(outer.used(), 0);
        });
    }
    fn scope_whose_zone_is_kept() {
        prepare();
        // It is retired, and the next scope there would make a spare zone.
        let kept = realtime(|| beginz!(z => z.clone()));
        drop(kept);
    }

    // Allocations.
    fn alloc() {
        with_zone(|z| assert_eq!(*z.alloc(5) + *z.try_alloc(6).unwrap(), 11));
    }
    fn alloc_with() {
        with_zone(|z| assert_eq!(*z.alloc_with(|| 5) + *z.try_alloc_with(|| 6).unwrap(), 11));
    }
    fn alloc_slice() {
        with_zone(|z| {
            assert_eq!(z.alloc_slice(1000, 0.5_f32)[999], 0.5);
            assert_eq!(z.try_alloc_slice(1000, 0.5_f32).unwrap()[999], 0.5);
        });
    }
    fn alloc_slice_with() {
        with_zone(|z| {
            assert_eq!(z.alloc_slice_with(1000, |n| n)[999], 999);
            assert_eq!(z.try_alloc_slice_with(1000, |n| n).unwrap()[999], 999);
        });
    }
    fn alloc_slice_copy() {
        with_zone(|z| {
            assert_eq!(z.alloc_slice_copy(&[0.5_f32; 100])[99], 0.5);
            assert_eq!(z.try_alloc_slice_copy(&[0.5_f32; 100]).unwrap()[99], 0.5);
        });
    }
    fn alloc_slice_aligned() {
        with_zone(|z| {
            for _ in 0..2 {
                assert_eq!(z.alloc_slice_aligned::<_, 64>(100, 0.5_f32).as_ptr().addr() % 64, 0);
                let page = z.try_alloc_slice_aligned::<_, 4096>(100, 0.5_f32).unwrap();
                assert_eq!(page.as_ptr().addr() % 4096, 0);
            }
        });
    }
    fn alloc_uninit() {
        with_zone(|z| {
            assert_eq!(z.alloc_uninit::<f32>(100).len(), 100);
            assert_eq!(z.try_alloc_uninit::<f32>(100).unwrap().len(), 100);
        });
    }
    fn alloc_iter() {
        with_zone(|z| {
            // Of a length that is not known before, too.
            assert_eq!(z.alloc_iter((0..100).filter(|n| n % 2 == 0)).len(), 50);
            assert_eq!(z.try_alloc_iter(0..100).unwrap().len(), 100);
        });
    }
    fn alloc_str() {
        with_zone(|z| {
            assert_eq!(z.alloc_str("kick"), "kick");
            assert_eq!(z.try_alloc_str("snare").unwrap(), "snare");
        });
    }
    fn alloc_fmt() {
        with_zone(|z| {
            let (n, level) = (3, 0.25_f64);
            assert_eq!(z.alloc_fmt(format_args!("voice {n}")), "voice 3");
            assert_eq!(z.try_alloc_fmt(format_args!("{level:.3}")).unwrap(), "0.250");
            assert_eq!(zformat!(z, "{:?}", ZoneError::StackEmpty), "StackEmpty");
        });
    }
    fn alloc_layout() {
        with_zone(|z| {
            let layout = Layout::from_size_align(100, 128).unwrap();
            assert_eq!(z.alloc_layout(layout).addr().get() % 128, 0);
            assert_eq!(z.try_alloc_layout(layout).unwrap().addr().get() % 128, 0);
        });
    }
    fn allocations_refused() {
        prepare();
        let zone = Zone::builder().capacity(1000).fixed().build();
        realtime(|| {
            assert!(matches!(zone.try_alloc([0_u8; 2000]), Err(ZoneError::LimitReached { .. })));
            assert!(matches!(zone.try_alloc_slice(2000, 0_u8), Err(ZoneError::LimitReached { .. })));
            assert!(matches!(zone.try_alloc_iter(0..2000), Err(ZoneError::LimitReached { .. })));
            assert!(matches!(zone.try_boxed([0_u8; 2000]), Err(ZoneError::LimitReached { .. })));
            assert!(matches!(try_zcopy(&&[0_u8; 2000], &zone), Err(ZoneError::LimitReached { .. })));
            let error = zone.try_alloc_uninit::<u64>(usize::MAX).unwrap_err();
            let said = beginz!(z => zformat!(z, "{error}").len());
            assert!(said > 10);
        });
    }

    // Zones.
    fn a_kept_block_is_used_again() {
        prepare();
        let mut zone = Zone::new(1000);
        zone.alloc_slice(64 << 10, 0_u8);
        zone.reset().unwrap();
        realtime(|| {
            for _ in 0..3 {
                zone.alloc_slice(64 << 10, 0_u8);
                zone.reset().unwrap();
            }
        });
    }
    fn reset() {
        prepare();
        let mut zone = zone();
        realtime(|| {
            zone.alloc_slice(1000, 1);
            zone.reset().unwrap();
            memzone::reset_zone(&mut zone).unwrap();
            let other = zone.clone();
            assert_eq!(zone.reset(), Err(ZoneError::InUse { handles: 1 }));
            drop(other);
        });
    }
    fn hooks() {
        prepare();
        let mut zone = zone();
        realtime(|| {
            zone.on_cleanup(|| ());
            zone.try_on_cleanup(|| ()).unwrap();
            zone.reset().unwrap();
        });
    }
    fn questions() {
        with_zone(|z| {
            let value = z.alloc(5);
            assert!(z.contains(value) && z.used() > 0 && z.capacity() > 0 && z.remaining() > 0);
            assert!(z.high_water() > 0 && z.name().is_none() && !z.is_locked());
            assert_eq!((z.blocks(), z.handles()), (1, 1));
        });
    }
    fn handles() {
        prepare();
        let zone = zone();
        let zone = realtime(|| {
            drop(zone.clone());
            zone.into_sendable().unwrap().into_zone()
        });
        drop(zone);
    }
    fn empty_zone() {
        prepare();
        realtime(|| drop(Zone::new(0)));
    }
    fn zone_from_a_buffer() {
        prepare();
        let buffer = Box::leak(vec![MaybeUninit::new(0); 4096].into_boxed_slice());
        realtime(|| {
            let zone = Zone::from_buffer(buffer);
            zone.alloc_slice(1000, 0_u8);
            assert!(zone.try_alloc_slice(4096, 0_u8).is_err());
        });
    }

    // The thread's stack.
    fn push_pop_peek() {
        with_zone(|zone| {
            memzone::push_zone(zone);
            assert_eq!((memzone::zone_depth(), memzone::peek_zone().handles()), (1, 2));
            drop(memzone::pop_zone().unwrap());
            assert!(matches!(memzone::pop_zone(), Err(ZoneError::StackEmpty)));
            assert!(memzone::peek_zone().capacity() >= 1 << 20);
            beginz!(assert!(matches!(memzone::pop_zone(), Err(ZoneError::ScopeActive))));
        });
    }
    fn pushed_and_left_in_a_scope() {
        with_zone(|zone| {
            beginz!(memzone::push_zone(zone));
            assert_eq!(memzone::zone_depth(), 0);
        });
    }
    fn push_64_deep() {
        with_zone(|zone| {
            for _ in 0..DEEPEST {
                memzone::push_zone(zone);
            }
            for _ in 0..DEEPEST {
                drop(memzone::pop_zone().unwrap());
            }
        });
    }
    fn enter_zone() {
        with_zone(|zone| assert!(zone.contains(&*zone.enter(|| ZBox::new(5)))));
    }
    fn alloc_in_the_current_zone() {
        with_zone(|_| assert_eq!(memzone::alloc::<f32>(64)[..], memzone::zalloc::<f32>(64)[..]));
    }

    // Owned values.
    fn zbox_in_the_current_zone() {
        with_zone(|_| {
            let one = ZBox::new([0.5_f32; 64]);
            let other = ZBox::try_new(5).unwrap();
            assert!(ZBox::zone(&one).contains(&*other));
            drop(one);
            assert_eq!(ZBox::into_inner(other), 5);
        });
    }
    fn zbox_in_a_zone() {
        with_zone(|zone| {
            let boxes = (zone.boxed(1), zone.try_boxed(2).unwrap());
            let slices = (zone.boxed_slice(64, 1), zone.try_boxed_slice(64, 2).unwrap());
            assert_eq!(*boxes.0 + *boxes.1 + slices.0[63] + slices.1[63], 6);
        });
    }

    // The machine's stack.
    fn salloc_macro() {
        with_zone(|_| {
            assert_eq!(salloc![0.5_f32; 64][63], 0.5);
            assert_eq!(salloc!(f32; 64).len(), 64);
        });
    }
    fn salloc_with_a_length() {
        with_zone(|_| {
            for len in [0, 1, 100, 5000] {
                assert_eq!(salloc_with(len, 1_u32, |items| items.iter().sum()), Ok(len as u32));
            }
            let refused = salloc_with(usize::MAX, 0_u8, |_| ());
            assert!(matches!(refused, Err(ZoneError::TooLarge { .. })));
        });
    }

    // Pools.
    fn pool() {
        with_zone(|zone| {
            let mut voices: Pool<'_, Voice> = zone.pool(4);
            let voice = |note| Voice { note, level: 1.0 };
            let keys: [_; 4] = core::array::from_fn(|n| voices.insert(voice(n as u8)).ok().unwrap());
            assert!(voices.is_full() && !voices.is_empty());
            assert!(matches!(voices.insert(voice(9)), Err(PoolFull(Voice { note: 9, .. }))));
            assert_eq!(voices.get(keys[2]).unwrap().note, 2);
            voices.get_mut(keys[1]).unwrap().level = 0.0;
            assert_eq!(voices.remove(keys[0]).unwrap().note, 0);
            for voice in &mut voices {
                voice.level *= 0.5;
            }
            voices.retain(|voice| voice.level > 0.1);
            assert_eq!((voices.len(), voices.iter().count(), voices.keys().count()), (2, 2, 2));
            voices.clear();
            assert_eq!((voices.len(), voices.capacity()), (0, 4));
            voices.insert(voice(1)).ok().unwrap();
        });
    }
    fn pool_boxes() {
        with_zone(|zone| {
            let voices = zone.try_pool(2).unwrap();
            let one = voices.boxed(1).unwrap();
            let other = voices.boxed(2).unwrap();
            assert!(voices.boxed(3).is_err());
            assert_eq!(PoolBox::into_inner(one), 1);
            drop(other);
        });
    }

    // The real-time heap.
    fn heap() {
        prepare();
        let heap = RtHeap::new(64 << 10);
        realtime(|| {
            let mut boxes = [const { None }; 16];
            for round in 0..1000_usize {
                // Takes and frees in another order.
                boxes[round * 7 % 16] = Some(halloc_slice_in(&heap, 1 + round % 500, 0.5_f32).unwrap());
            }
            drop(boxes);
            assert_eq!((heap.used(), heap.failed()), (0, 0));
            assert!(heap.peak() > 0 && heap.capacity() > 0);
            let value = halloc_in(&heap, 5).unwrap();
            assert_eq!(HBox::into_inner(value), 5);
            memzone::free(halloc_in(&heap, 6).unwrap());
            assert_eq!(*HBox::<u8, _>::try_uninit_in(&heap).unwrap().write(5), 5);
            let slice = HBox::<[usize], _>::try_uninit_slice_in(&heap, 10).unwrap();
            assert_eq!(slice.fill_with(|n| n)[9], 9);
            assert!(halloc_slice_in(&heap, 128 << 10, 0_u8).is_err());
        });
    }
    fn heap_foreign_frees() {
        prepare();
        let heap = RtHeap::new(64 << 10);
        let boxes: [_; 16] = core::array::from_fn(|n| halloc_in(&heap, [n; 16]).unwrap());
        let foreign = thread::spawn(|| realtime(|| drop(boxes)));
        foreign.join().unwrap();
        realtime(|| {
            drop(halloc_in(&heap, 5).unwrap());
            assert!(heap.drain(100) > 0);
            assert_eq!(heap.used(), 0);
        });
    }
    fn heap_foreign_frees_meanwhile() {
        prepare();
        let heap = RtHeap::new(64 << 10);
        let (to, from) = std::sync::mpsc::sync_channel::<HBox<[u8; 100], RtHeap>>(100);
        let foreign = thread::spawn(move || {
            for boxed in from {
                realtime(|| drop(boxed));
            }
        });
        for _ in 0..10_000 {
            let boxed = realtime(|| {
                drop(halloc_in(&heap, 5).ok());
                halloc_in(&heap, [1; 100]).ok()
            });
            boxed.into_iter().for_each(|boxed| to.send(boxed).unwrap());
        }
        drop(to);
        foreign.join().unwrap();
    }
    fn heap_moved_to_another_thread() {
        prepare();
        let heap = RtHeap::new(4096);
        let sent = realtime(|| heap.into_sendable());
        let heap = thread::spawn(|| {
            realtime(|| {
                let heap = sent.into_heap();
                drop(halloc_in(&heap, 5).unwrap());
                heap.into_sendable()
            })
        });
        drop(heap.join().unwrap());
    }

    // Sections.
    fn sections() {
        with_zone(|_| {
            for policy in [Policy::Count, Policy::Deny, Policy::Abort] {
                let section = rt::enter(policy);
                let inner = rt::enter_unwatched(policy);
                beginz!(z => { z.alloc_slice(64, 0.5_f32); });
                assert_eq!((section.report().asked(), inner.report().denied()), (0, 0));
                assert_eq!(section.policy(), policy);
            }
        });
    }
    fn report_written_into_a_zone() {
        with_zone(|zone| {
            let section = rt::enter(Policy::Count);
            assert!(zformat!(zone, "{}", section.report()).len() > 10);
        });
    }
    fn what_is_denied() {
        prepare();
        let small = Zone::new(100);
        let (last, boxed, heap) = (zone(), memzone::halloc([5_u8; 100]), RtHeap::new(4096));
        realtime(|| {
            let section = rt::enter(Policy::Deny);
            let denied = |result: Result<(), ZoneError>| {
                assert!(matches!(result, Err(ZoneError::Denied { .. })), "{result:?}");
            };
            denied(Zone::try_new(100).map(drop));
            denied(RtHeap::try_new(4096).map(drop));
            denied(memzone::try_halloc(5).map(drop));
            denied(small.try_alloc_slice(64 << 10, 0_u8).map(drop));
            denied(try_beginz!(1 << 20, ()));
            denied(try_beginz!(z => z.try_alloc_slice(1 << 20, 0_u8).map(drop)).unwrap());
            denied(rt::prepare_thread(&Plan::new().scopes(100, 100)).map(drop));
            assert_eq!(section.report().denied(), 7);
            // These are put aside.
            drop((last, boxed, heap));
            let collected = rt::collect();
            assert_eq!((collected, section.report().asked_for(Request::GiveBack)), (0, 3));
        });
        assert_eq!(rt::collect(), 3);
    }
    fn denied_on_a_thread_that_is_not_prepared() {
        realtime(|| {
            let section = rt::enter(Policy::Deny);
            assert!(matches!(try_beginz!(1), Err(ZoneError::Denied { .. })));
            assert!(matches!(try_letz!(a = [1; 10] => a[0]), Err(ZoneError::Denied { .. })));
            assert!(matches!(ZBox::try_new(5), Err(ZoneError::Denied { .. })));
            assert!(section.report().denied() >= 3);
        });
    }
    fn lists_of_any_depth_are_copied() {
        #[derive(memzone::DeepCopy)]
        struct Node<'z> {
            value: u64,
            next: Option<&'z Node<'z>>,
        }
        prepare();
        let (from, to) = (Zone::new(8 << 20), Zone::builder().capacity(8 << 20).prefault().build());
        let mut list = None;
        for value in 0..100_000 {
            list = Some(&*from.alloc(Node { value, next: list }));
        }
        assert_eq!(list.map(|node| node.value + u64::from(node.next.is_some())), Some(100_000));
        realtime(|| {
            let _section = rt::enter(Policy::Deny);
            assert_eq!(try_zcopy(&list, &to).map(|copy| copy.is_some()), Ok(true));
        });
    }
    fn plans() {
        realtime(|| {
            let plan = Plan::new().scopes(2, 100).default_zone(100).stack(100).prefault(true).lock(false);
            assert_ne!(plan, Plan::default());
        });
    }

    // Collections.
    fn vectors_grow_shrink_and_leave() {
        with_zone(|zone| {
            let mut samples = zone.vec::<f32>();
            samples.extend((0..500).map(|n| n as f32));
            samples.truncate(10);
            samples.shrink_to_fit();
            let kept: memzone::ZVec<'_, f32> = beginz!(z in zone => {
                let mut inner = z.vec_with_capacity(64);
                inner.extend_from_slice(&samples);
                inner
            });
            assert_eq!(kept.len(), 10);
        });
    }
    fn maps_fill_and_forget() {
        with_zone(|zone| {
            let mut notes = zone.map::<u8, f32>();
            (0..100).for_each(|note| assert!(notes.insert(note, 440.0).is_none()));
            (0..50).for_each(|note| assert!(notes.remove(&note).is_some()));
            assert_eq!(notes.get(&60), Some(&440.0));
        });
    }
    fn strings_grow() {
        with_zone(|zone| {
            let mut name = zone.string();
            (0..100).for_each(|_| name.push_str("voice "));
            name.push('!');
            assert_eq!(name.into_str().len(), 601);
        });
    }

    // Statistics.
    fn this_threads_figures() {
        with_zone(|zone| {
            beginz!(());
            assert!(stats::thread().spares > 0);
            assert!(zformat!(zone, "{}", stats::thread()).len() > 10);
        });
    }
}
