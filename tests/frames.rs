//! Frames: two zones in turn, and a priority queue of what is to come.

#[path = "common/counting.rs"]
mod counting;

use memzone::rt::{self, Policy};
use memzone::{CollectIn, DeepCopy, Frames, Refused, ZHeap, ZVec, Zone, ZoneError, beginz, zvec};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(DeepCopy)]
struct World<'z> {
    number: u32,
    names: ZVec<'z, &'z str>,
}

fn first(z: &Zone) -> World<'_> {
    World { number: 0, names: zvec![in z; &*z.alloc_str("first")] }
}

#[test]
fn each_frame_reads_the_one_before() {
    let mut frames = Frames::<World>::new(4096, first);
    for _ in 0..10 {
        frames.next(|z, last| World {
            number: last.number + 1,
            names: last.names.iter().map(|name| &*z.alloc_str(name)).collect_in(z),
        });
    }
    frames.with_mut(|world| world.names.push("static"));
    assert_eq!(frames.with(|world| (world.number, world.names.len())), (10, 2));
    assert!(format!("{frames:?}").contains("Frames"));
}

#[test]
fn steady_frames_ask_the_system_for_nothing() {
    let mut frames = Frames::<World>::new(4096, first);
    let mut step = || {
        frames.next(|z, last| World {
            number: last.number + 1,
            names: last.names.iter().map(|name| &*z.alloc_str(name)).collect_in(z),
        });
    };
    (0..2).for_each(|_| step());
    let before = counting::calls();
    (0..100).for_each(|_| step());
    assert_eq!(counting::calls(), before);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_frame_that_cannot_be_built_leaves_the_last_one() {
    let mut frames = Frames::<World>::new(4096, first);
    let refused = frames.try_next(|z, last| {
        let small = Zone::builder().capacity(16).fixed().build();
        small.try_alloc_slice(100, last.number)?;
        Ok(first(z))
    });
    assert!(matches!(refused, Err(ZoneError::LimitReached { .. })));
    let panicked = catch_unwind(AssertUnwindSafe(|| frames.next(|_, _| panic!("burnt down"))));
    assert!(panicked.is_err());
    assert_eq!(frames.with(|world| world.names[0].to_string()), "first");
    // The zone for the next frame is still there.
    let section = rt::enter_unwatched(Policy::Deny);
    frames.next(|z, last| World { number: last.number + 5, names: z.vec() });
    let refused = frames.try_next(|z, _| {
        z.alloc_slice(1000, 0_u8);
        Err(ZoneError::Format)
    });
    assert_eq!(refused, Err(ZoneError::Format));
    frames.next(|z, last| {
        assert!(z.used() < 256, "what the last attempt has left is gone");
        World { number: last.number + 1, names: z.vec() }
    });
    assert_eq!((section.report().asked(), frames.with(|world| world.number)), (0, 6));
}

#[test]
fn a_zone_that_somebody_keeps_is_replaced() {
    thread_local! {
        static KEPT: RefCell<Option<Zone>> = const { RefCell::new(None) };
    }
    let mut frames = Frames::<World>::new(4096, first);
    let refused = frames.try_next(|z, _| {
        KEPT.set(Some(z.clone()));
        Ok(first(z))
    });
    assert!(matches!(refused, Err(ZoneError::InUse { .. })));
    frames.next(|z, last| World { number: last.number + 1, names: z.vec() });
    assert_eq!(frames.with(|world| world.number), 1);
    KEPT.take();
}

#[test]
fn a_queue_does_what_a_binary_heap_does() {
    let zone = Zone::new(1 << 16);
    let (mut ours, mut theirs) = (ZHeap::new_in(&zone), BinaryHeap::new());
    let mut state = 1_u64;
    for _ in 0..if cfg!(miri) { 300 } else { 20_000 } {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if state >> 60 < 9 {
            ours.push(state >> 52);
            theirs.push(state >> 52);
        } else {
            assert_eq!(ours.pop(), theirs.pop());
        }
        assert_eq!((ours.peek(), ours.len()), (theirs.peek(), theirs.len()));
    }
    let outer = Zone::new(1 << 16);
    let left: ZHeap<u64> = beginz!(_z in &outer => ours.clone());
    assert_eq!(left.into_sorted_vec(), theirs.into_sorted_vec());
    let mut of: ZHeap<Reverse<u8>> = [3, 1, 2].map(Reverse).into_iter().collect_in(&zone);
    assert_eq!((of.pop(), of.len()), (Some(Reverse(1)), 2));
    let mut full = ZHeap::of(zone.fixed_vec(1));
    full.push(1);
    assert!(matches!(full.try_push(2), Err(Refused { value: 2, .. })));
    assert_eq!((full.as_slice(), format!("{full:?}")), (&[1][..], String::from("[1]")));
}
