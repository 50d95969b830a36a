//! Scopes whose zones come from an arena of the caller's: no thread's stack, no memory of the system's.

use core::mem::MaybeUninit;
use memzone::{Arena, DeepCopy, Zone, ZoneError, beginz, letz, try_beginz, try_letz, zone_depth};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::AtomicPtr;

fn buffer(bytes: usize) -> &'static mut [MaybeUninit<u8>] {
    // Miri finds it there, so it is no leak.
    static KEPT: Mutex<Vec<AtomicPtr<MaybeUninit<u8>>>> = Mutex::new(Vec::new());
    let buffer = Box::leak(vec![MaybeUninit::uninit(); bytes].into_boxed_slice());
    KEPT.lock().unwrap().push(AtomicPtr::new(buffer.as_mut_ptr()));
    buffer
}

fn arena<const N: usize>(bytes: usize) -> Arena<N> {
    Arena::from_buffer(buffer(bytes)).unwrap()
}

#[test]
fn scopes_nest_and_give_their_zones_back() {
    let arena = arena::<3>(12 << 10);
    let sum = letz!(z of arena; a = [1_u32; 100], b = 5_u32 => {
        assert_eq!((arena.free(), zone_depth()), (2, 0));
        let inner = beginz!(inner of &arena => {
            assert_eq!(arena.free(), 1);
            *inner.alloc(7_u32) + a[3]
        });
        assert_eq!(arena.free(), 2);
        *z.alloc(1_u32) + a.iter().sum::<u32>() + *b + inner
    });
    assert_eq!((sum, arena.free()), (1 + 100 + 5 + 8, 3));
}

#[test]
fn each_scope_begins_with_all_of_its_zone() {
    let arena = arena::<1>(2048);
    for _ in 0..100 {
        beginz!(z of arena => {
            assert_eq!(z.used(), 0);
            z.alloc_slice(1000, 1_u8);
            assert_eq!(z.blocks(), 1);
        });
    }
}

#[test]
fn each_form_of_a_scope_takes_its_zone_from_an_arena() {
    let arena = arena::<2>(16 << 10);
    let outer = Zone::new(1024);
    #[derive(DeepCopy, Debug, PartialEq)]
    struct Line<'z>(&'z [u8], &'z str);
    let line = beginz!(z of arena in &outer => {
        let text: &str = z.alloc_str("bass");
        z.alloc(Line(z.alloc_slice(3, 2), text))
    });
    assert_eq!(*line, Line(&[2, 2, 2], "bass"));
    assert!(outer.contains(line) && outer.contains(line.1.as_ptr()));
    let tried: Result<&mut [u8], ZoneError> =
        try_letz!(100, z of arena in outer; a = [3_u8; 4] => { z.alloc(1); a });
    assert_eq!(tried, Ok(&mut [3, 3, 3, 3][..]));
    assert_eq!(try_beginz!(z of arena => z.capacity() > 7000), Ok(true));
    assert_eq!(letz!(100, z of arena; a = 1 => { z.alloc(2); *a }), 1);
    fn ends_early(arena: &Arena<2>) -> Option<u8> {
        beginz!(z of arena => {
            let x = *z.alloc(1_u8);
            if x == 1 {
                return Some(x);
            }
            x
        });
        None
    }
    assert_eq!((ends_early(&arena), arena.free()), (Some(1), 2));
}

#[test]
fn what_an_arena_has_no_room_for_is_an_error_that_loses_nothing() {
    let arena = arena::<2>(4096);
    let error = try_beginz!(4096, z of arena => z.used()).unwrap_err();
    assert!(
        matches!(error, ZoneError::TooLarge { requested: 4096, available } if available < 2048)
    );
    let error = beginz!(_ of arena => beginz!(_ of arena => try_beginz!(z of arena => z.used())));
    assert!(
        matches!(error, Err(ZoneError::LimitReached { requested: 0, limit, used }) if limit == used)
    );
    let error = beginz!(z of arena => z.try_alloc_slice(3000, 0_u8).map(drop)).unwrap_err();
    assert!(matches!(error, ZoneError::LimitReached { requested: 3000, .. }));
    assert_eq!(arena.free(), 2);
    assert!(Arena::<4>::from_buffer(buffer(4 * 64)).is_err());
    assert!(Arena::<4>::from_buffer(buffer(3)).is_err());
    let none = Arena::<0>::from_buffer(buffer(4096)).unwrap();
    assert!(try_beginz!(_ of none => ()).is_err());
}

#[test]
fn a_zone_that_others_hold_waits_for_them() {
    let arena = arena::<2>(8 << 10);
    let kept = beginz!(z of arena => {
        let kept = z.clone();
        kept.alloc(42_u64);
        kept
    });
    let boxed = beginz!(z of arena => z.boxed(7_u64));
    assert_eq!((arena.free(), *boxed, kept.used()), (2, 7, 8.max(kept.used())));
    // Both are full of what others hold.
    assert!(try_beginz!(_ of arena => ()).is_err());
    drop(kept);
    assert_eq!(beginz!(z of arena => z.used()), 0);
    beginz!(_ of arena => assert!(try_beginz!(_ of arena => ()).is_err()));
    assert_eq!(*boxed, 7);
    drop(boxed);
    beginz!(_ of arena => assert!(try_beginz!(_ of arena => ()).is_ok()));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_and_a_hook_that_panics_give_the_zone_back() {
    let arena = arena::<1>(4096);
    let panicked = catch_unwind(AssertUnwindSafe(|| beginz!(_ of arena => panic!("in the body"))));
    assert!(panicked.is_err());
    assert_eq!(arena.free(), 1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        beginz!(z of arena => z.on_cleanup(|| panic!("in a hook")));
    }));
    assert!(panicked.is_err());
    assert_eq!(arena.free(), 1);
    assert_eq!(beginz!(z of arena => z.used()), 0);
}

#[test]
fn a_hook_may_use_the_arena() {
    thread_local! {
        static ARENA: Rc<Arena<2>> = Rc::new(arena::<2>(8 << 10));
        static SEEN: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    }
    let arena = ARENA.with(Rc::clone);
    beginz!(z of *arena => z.on_cleanup(|| {
        let free = ARENA.with(|arena| beginz!(z of **arena => { z.alloc(1); arena.free() }));
        SEEN.with_borrow_mut(|seen| seen.push(free));
    }));
    assert_eq!((SEEN.take(), arena.free()), (vec![0], 2));
}

#[test]
fn tasks_that_take_turns_may_end_in_any_order() {
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};
    async fn pause() {
        let mut paused = false;
        core::future::poll_fn(|_| match core::mem::replace(&mut paused, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
    async fn task(arena: &Arena<2>, number: u32, pauses: u32) -> u32 {
        letz!(z of arena; a = [number; 8] => {
            for _ in 0..pauses {
                pause().await;
                *z.alloc(0) += 1;
            }
            a.iter().sum()
        })
    }
    let arena = arena::<2>(8 << 10);
    let mut context = Context::from_waker(Waker::noop());
    let (mut first, mut second) = (pin!(task(&arena, 1, 1)), pin!(task(&arena, 2, 2)));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    assert_eq!(arena.free(), 0);
    assert_eq!(first.as_mut().poll(&mut context), Poll::Ready(8));
    assert_eq!(arena.free(), 1);
    assert!(second.as_mut().poll(&mut context).is_pending());
    assert_eq!(second.as_mut().poll(&mut context), Poll::Ready(16));
    assert_eq!(arena.free(), 2);
}
