//! Zones and scopes that are held as bare pointers, as code in C holds them.

use memzone::{
    OpenScope, RawZone, ZBox, Zone, ZoneError, beginz, peek_zone, pop_zone, push_zone, zone_depth,
};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::thread;

/// A handle that stays with the pointer.
fn lent(raw: NonNull<RawZone>) -> ManuallyDrop<Zone> {
    // SAFETY: (I1) the tests' pointers are those of living zones of their thread, and this is not dropped.
    ManuallyDrop::new(unsafe { Zone::from_raw(raw) })
}

fn taken_back(raw: NonNull<RawZone>) -> Zone {
    // SAFETY: (I1) each test takes a pointer back once.
    unsafe { Zone::from_raw(raw) }
}

fn end(raw: NonNull<RawZone>) -> Result<(), ZoneError> {
    // SAFETY: (I1) the tests use nothing of a scope's when they end it.
    unsafe { OpenScope::end_raw(raw) }
}

#[test]
fn a_bare_pointer_is_a_handle() {
    let zone = Zone::new(1000);
    let value = zone.boxed(7);
    let mut other = zone.clone();
    let raw = zone.into_raw();
    assert_eq!((other.handles(), lent(raw).handles()), (3, 3));
    drop(value);
    assert_eq!(other.reset(), Err(ZoneError::InUse { handles: 1 }));
    lent(raw).alloc([1_u64; 2]);
    assert_eq!(taken_back(raw).used(), 16);
    assert_eq!(other.handles(), 1);
    assert_eq!(other.reset(), Ok(()));
}

#[test]
fn a_zone_held_as_a_pointer_may_be_on_the_stack() {
    let raw = Zone::new(1000).into_raw();
    push_zone(&lent(raw));
    let value = ZBox::new(5);
    assert!(lent(raw).contains(&*value));
    assert!(taken_back(raw).into_sendable().is_err());
    // Its last handle is the box's, and the stack has it too.
    drop(value);
    assert_eq!(pop_zone().map(|zone| zone.handles()), Ok(1));
}

#[test]
fn a_zone_that_is_not_made_yet_is_made_by_each_that_uses_it() {
    let (one, two) = (Zone::new(0).into_raw(), Zone::new(0).into_raw());
    assert_eq!(one, two);
    let (one, two) = (taken_back(one), taken_back(two));
    one.alloc([1_u64; 2]);
    assert_eq!((one.used(), two.used()), (16, 0));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn pointers_go_from_thread_to_thread() {
    static RUN: AtomicU32 = AtomicU32::new(0);
    let zone = Zone::new(1000);
    zone.on_cleanup(|| _ = RUN.fetch_add(1, Ordering::Relaxed));
    let zone = zone.into_sendable().unwrap().into_zone();
    let place = AtomicPtr::new(zone.into_raw().as_ptr());
    thread::scope(|threads| {
        for round in 1..=3 {
            let worker = threads.spawn(|| {
                let raw = NonNull::new(place.load(Ordering::Acquire)).unwrap();
                push_zone(&lent(raw));
                let value = peek_zone().boxed(3);
                drop(value);
                drop(pop_zone().unwrap());
                let zone = taken_back(raw).into_sendable().unwrap().into_zone();
                place.store(zone.into_raw().as_ptr(), Ordering::Release);
            });
            worker.join().unwrap();
            assert_eq!(RUN.load(Ordering::Relaxed), 0, "in round {round}");
        }
    });
    drop(taken_back(NonNull::new(place.into_inner()).unwrap()));
    assert_eq!(RUN.load(Ordering::Relaxed), 1);
}

#[test]
fn open_scopes_end_in_any_order() {
    let depth = zone_depth();
    let (first, second, third) = (OpenScope::new(64), OpenScope::new(64), OpenScope::new(64));
    let (a, b, c) = (first.alloc(1), second.alloc(2), third.alloc(3));
    assert_eq!((*a, *b, *c), (1, 2, 3));
    assert!(peek_zone().contains(c));
    second.end();
    // The third one lay above it, and is on the stack no more.
    assert_eq!(zone_depth(), depth + 1);
    *c = 4;
    assert!(first.contains(a) && peek_zone().contains(a) && *c == 4);
    drop(first);
    third.end();
    assert_eq!(zone_depth(), depth);
}

#[test]
fn a_box_outlives_an_open_scope() {
    let scope = OpenScope::new(64);
    let value = scope.boxed(9);
    scope.end();
    let again = OpenScope::new(64);
    again.alloc_slice(8, 0xFF_u8);
    assert_eq!(*value, 9);
}

#[test]
fn a_scope_ends_by_its_pointer_only_where_it_is_the_innermost() {
    let depth = zone_depth();
    let outer = OpenScope::new(64).into_raw();
    lent(outer).alloc([1_u64; 2]);
    let inner = OpenScope::new(64).into_raw();
    assert_eq!(end(outer), Err(ZoneError::OutOfOrder { above: 1 }));
    let pushed = Zone::new(64);
    push_zone(&pushed);
    push_zone(&pushed);
    assert_eq!(end(outer), Err(ZoneError::OutOfOrder { above: 3 }));
    assert_eq!(end(inner), Err(ZoneError::OutOfOrder { above: 2 }));
    assert_eq!((zone_depth(), lent(outer).used()), (depth + 4, 16));
    drop((pop_zone(), pop_zone()));
    assert_eq!(end(inner), Ok(()));
    assert_eq!(end(inner), Err(ZoneError::NotOpen));
    assert_eq!((lent(outer).used(), end(outer)), (16, Ok(())));
    assert_eq!(end(outer), Err(ZoneError::NotOpen));
    assert_eq!((zone_depth(), lent(outer).used()), (depth, 0));
}

#[test]
fn what_lies_below_a_scope_does_not_keep_it_open() {
    let below = Zone::new(64);
    push_zone(&below);
    let scope = OpenScope::new(64).into_raw();
    assert_eq!(end(scope), Ok(()));
    drop(pop_zone().unwrap());
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn no_other_pointer_ends_anything() {
    let empty = Zone::new(0).into_raw();
    let zone = Zone::new(64).into_raw();
    assert_eq!(
        (end(NonNull::dangling()), end(empty), end(zone)),
        (Err(ZoneError::NotOpen), Err(ZoneError::NotOpen), Err(ZoneError::NotOpen))
    );
    let scope = OpenScope::new(64).into_raw();
    assert_eq!(
        (end(NonNull::dangling()), end(empty), end(zone)),
        (Err(ZoneError::NotOpen), Err(ZoneError::NotOpen), Err(ZoneError::NotOpen))
    );
    let address = AtomicPtr::new(scope.as_ptr());
    thread::scope(|threads| {
        let elsewhere = threads.spawn(|| {
            let raw = NonNull::new(address.load(Ordering::Relaxed)).unwrap();
            let own = OpenScope::new(64).into_raw();
            let refused = (OpenScope::is_open(raw), end(raw));
            assert_eq!(end(own), Ok(()));
            refused
        });
        assert_eq!(elsewhere.join().unwrap(), (false, Err(ZoneError::NotOpen)));
    });
    assert!(OpenScope::is_open(scope));
    assert_eq!(end(scope), Ok(()));
    drop(taken_back(zone));
}

#[test]
fn a_scope_by_its_pointer_ends_as_any_other() {
    static RUN: AtomicU32 = AtomicU32::new(0);
    let scope = OpenScope::new(64).into_raw();
    lent(scope).on_cleanup(|| _ = RUN.fetch_add(1, Ordering::Relaxed));
    lent(scope).alloc_slice(100_000, 1_u8);
    assert_eq!((end(scope), RUN.load(Ordering::Relaxed)), (Ok(()), 1));
    // One that is held by a box is left to it.
    let scope = OpenScope::new(64).into_raw();
    let value = lent(scope).boxed(4);
    assert_eq!(end(scope), Ok(()));
    beginz!(z => assert!(!z.contains(&*value)));
    assert_eq!(*value, 4);
}

#[test]
fn a_scope_that_nobody_ends_ends_with_the_one_around_it() {
    let depth = zone_depth();
    let forgotten = beginz!(OpenScope::new(64).into_raw());
    assert_eq!((zone_depth(), end(forgotten)), (depth, Err(ZoneError::NotOpen)));
    // Its zone is not on the stack any more, and is its own.
    drop(taken_back(forgotten));
}
