//! What leaves a scope and how: what borrows nothing from the scope's zone leaves; what knows `DeepCopy` is copied, all else
//! moves. With `tests/edition-2021` these run on that edition too.

// The bodies are as they are for what is in them.
#![allow(clippy::iter_cloned_collect, clippy::useless_conversion, clippy::let_and_return)]
#![allow(clippy::unnecessary_mut_passed, clippy::never_loop)]

use memzone::{
    DeepCopy, HBox, Keep, Owned, Parcel, RtHeap, SendZone, ZBox, Zone, ZoneError, ZoneFn, beginz,
    halloc_in, letz, peek_zone, try_beginz, try_letz, try_zcopy, zcopy, zone_depth,
};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

// Types flow inward.

#[test]
fn the_expected_type_reaches_the_body() {
    fn ok_at_the_end(n: u32) -> Result<u32, String> {
        beginz!({ if n > 3 { Err("big".into()) } else { Ok(n) } })
    }
    fn coerced(outer: &Zone) -> &[f32] {
        beginz!(z in outer => z.alloc_slice(3, 0.5))
    }
    let option: Option<u32> = beginz!({ if zone_depth() > 900 { Some(3) } else { None } });
    let int: u64 = beginz!({ 5 });
    let float: f32 = letz!(a = [0.25; 4] => a[0]);
    let sum: f32 = letz!(a = [0.5_f32; 4] => a.iter().sum());
    let collected: Vec<f32> = letz!(a = [0.5_f32; 4] => a.iter().copied().collect());
    let empty: Vec<u32> = beginz!({ Vec::new() });
    let default: (u8, String) = beginz!({ Default::default() });
    assert_eq!((option, int, float, sum, collected.len(), empty.len()), (None, 5, 0.25, 2.0, 4, 0));
    assert_eq!(default, (0, String::new()));
    assert_eq!((ok_at_the_end(1), ok_at_the_end(4)), (Ok(1), Err("big".to_string())));
    assert_eq!(coerced(&Zone::new(64)), [0.5; 3]);
}

#[test]
fn the_expected_type_reaches_the_body_of_a_try_form() {
    let float: Result<f32, ZoneError> = try_letz!(a = [0.25; 4] => a[0]);
    let sum: Result<f64, _> = try_letz!(a = [0.5_f64; 4] => a.iter().sum());
    let boxed: Result<Box<dyn Fn() -> u8>, ZoneError> = try_beginz!({ Box::new(|| 5) });
    let outer = Zone::new(64);
    let slice: Result<&[f32], ZoneError> = try_beginz!(z in &outer => z.alloc_slice(2, 0.5));
    assert_eq!(
        (float, sum, boxed.unwrap()(), slice.unwrap()),
        (Ok(0.25), Ok(2.0), 5, &[0.5; 2][..])
    );
}

#[test]
fn a_type_may_be_known_only_later() {
    let mut list = beginz!({ Vec::new() });
    list.push(1_u8);
    let nothing = beginz!({ None });
    assert_eq!(nothing.unwrap_or(list), [1]);
    let number = beginz!({ 7 });
    assert_eq!(u128::MAX - number, u128::MAX - 7);
    let sum = try_letz!(a = [0.5; 4] => a.iter().sum());
    assert_eq!(sum, Ok(2.0_f32));
}

#[test]
fn with_in_types_flow_both_ways_and_lifetimes_are_free() {
    let outer = Zone::new(1024);
    // Its parts have two lifetimes, of which the expected type has neither.
    fn both<'z>(outer: &'z Zone, other: &[f32]) -> &'z mut [&'z [f32]] {
        letz!(_z in outer; a = [other, other] => a)
    }
    let here = [0.5; 2];
    assert_eq!(both(&outer, &here), [&here[..], &here[..]]);
    let none: Option<&[f32]> = beginz!(_z in &outer => None);
    let collected: Vec<&str> = beginz!(z in &outer => z.alloc_str("a b").split(' ').collect());
    let result: Result<&str, String> = beginz!(z in &outer => Ok(z.alloc_str("c")));
    let into: &str = beginz!(_z in &outer => "d".into());
    let parsed: u8 = beginz!(z in &outer => z.alloc_str("5").parse().unwrap());
    assert_eq!((none, collected, result, into, parsed), (None, vec!["a", "b"], Ok("c"), "d", 5));
    assert!(outer.contains(into.as_ptr()));
}

/// A type whose copy is of another type.
struct Scratch<'z>(&'z [u32]);

impl<'z> DeepCopy<'z> for Scratch<'_> {
    type Copied = u32;
    fn deep_copy(&self, _to: &'z Zone) -> Result<u32, ZoneError> {
        Ok(self.0.iter().sum())
    }
}

/// As `Scratch`, of which the outer zone gets a part.
struct Head<'z>(&'z [u32]);

impl<'z> DeepCopy<'z> for Head<'_> {
    type Copied = &'z [u32];
    fn deep_copy(&self, to: &'z Zone) -> Result<&'z [u32], ZoneError> {
        self.0[..1].deep_copy_slice_of(to)
    }
}

/// Copies a slice.
trait CopySliceOf<'z> {
    fn deep_copy_slice_of(&self, to: &'z Zone) -> Result<&'z [u32], ZoneError>;
}

impl<'z> CopySliceOf<'z> for [u32] {
    fn deep_copy_slice_of(&self, to: &'z Zone) -> Result<&'z [u32], ZoneError> {
        Ok(try_zcopy(self, to)?)
    }
}

#[test]
fn copies_of_another_type_leave_as_that_type() {
    let outer = Zone::new(64);
    let unannotated = beginz!(z => Scratch(z.alloc_slice(3, 2)));
    let annotated: u32 = beginz!(z => Scratch(z.alloc_slice(3, 2)));
    let within: Option<u32> = beginz!(z => Some(Scratch(z.alloc_slice(3, 2))));
    let named: u32 = beginz!(z in &outer => Scratch(z.alloc_slice(3, 2)));
    let part: &[u32] = beginz!(z in &outer => Head(z.alloc_slice(3, 2)));
    let inferred = beginz!(z in &outer => Head(z.alloc_slice(3, 2)));
    assert_eq!(
        (unannotated, annotated, within, named, part, inferred),
        (6, 6, Some(6), 6, &[2][..], &[2][..])
    );
}

// Anything owned leaves.

/// Counts its drops, and is neither `Clone` nor `DeepCopy`.
struct Counted<'a>(&'a Cell<u32>);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn what_owns_what_it_holds_moves() {
    let map: HashMap<u8, u8> = beginz!(z => { z.alloc(1_u8); HashMap::from([(1, 2)]) });
    let error: std::io::Error = beginz!({ std::io::Error::other("x") });
    let mut function: ZoneFn<dyn FnMut(f32) -> f32> =
        beginz!({ ZoneFn::new(64, |z| z.closure(|x: f32| x + 1.0)) });
    let parcel: Parcel<u8> = beginz!({ Parcel::new(64, |_| 1) });
    let boxed: HBox<u8, RtHeap> = beginz!({ halloc_in(&RtHeap::new(4096), 1).unwrap() });
    let sendable: SendZone = beginz!({ Zone::new(64).into_sendable().unwrap() });
    let closure = beginz!({
        let n = 4;
        move || n + 1
    });
    let dynamic: Box<dyn Fn() -> u8> = beginz!({ Box::new(|| 5) });
    let pointer: fn(f32) -> f32 = beginz!({ f32::sin });
    let borrowed: Cow<'static, str> = beginz!({ "a".into() });
    let slice: Box<[u8]> = beginz!({ Box::new([1, 2]) });
    assert_eq!((map[&1], error.to_string().as_str(), function(1.0), *boxed), (2, "x", 2.0, 1));
    assert_eq!(
        (parcel.with(|n| *n), sendable.into_zone().used(), closure(), dynamic()),
        (1, 0, 5, 5)
    );
    assert_eq!((pointer(0.0), &*borrowed, &*slice), (0.0, "a", &[1, 2][..]));
}

#[test]
fn what_moves_is_not_cloned_and_is_dropped_once() {
    let drops = Cell::new(0);
    let depth = zone_depth();
    let list = vec![Counted(&drops)];
    let place = list.as_ptr();
    let list = beginz!(z => { z.alloc(1); list });
    assert_eq!((list.as_ptr(), drops.get()), (place, 0));
    let kept = beginz!({ Keep(Counted(&drops)) });
    let also = try_beginz!(_z in &Zone::new(64) => Keep(kept)).unwrap();
    assert_eq!(drops.get(), 0);
    drop((list, also));
    assert_eq!((drops.get(), zone_depth()), (2, depth));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_drops_what_was_to_move_once() {
    let drops = Cell::new(0);
    let run = || {
        let value = Counted(&drops);
        let _: Counted<'_> = beginz!({
            if zone_depth() > 0 {
                panic!("before it leaves")
            }
            value
        });
    };
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    assert_eq!(drops.get(), 1);
}

#[test]
fn what_moves_may_borrow_from_all_but_the_scopes_zone() {
    fn longest<'a>(words: &[&'a str]) -> &'a str {
        beginz!({ words.iter().max_by_key(|word| word.len()).copied().unwrap_or_default() })
    }
    fn literal() -> &'static str {
        beginz!("literal")
    }
    fn either() -> Result<&'static str, String> {
        beginz!({ Ok("here") })
    }
    let word = String::from("longest");
    let found = longest(&["a", &word]);
    assert!(std::ptr::eq(found, word.as_str()), "not copied");
    assert_eq!((literal(), either()), ("literal", Ok("here")));
    let outer = Zone::new(64);
    let chunks: std::slice::Chunks<'_, u8> =
        beginz!(_z in &outer => outer.alloc_slice(4, 1).chunks(2));
    assert_eq!(chunks.len(), 2);
}

#[test]
fn a_box_in_what_moves_keeps_the_scopes_zone_and_one_that_is_copied_does_not() {
    struct Holder(ZBox<[u8; 100]>);
    let below = Zone::new(4096);
    below.enter(|| {
        let moved = beginz!({ Holder(ZBox::new([7; 100])) });
        assert!(!below.contains(&*moved.0));
        assert_eq!((ZBox::zone(&moved.0).handles(), below.used()), (1, 0));
        let copied = beginz!({ ZBox::new([7_u8; 100]) });
        assert!(below.contains(&*copied));
        // The zone that was kept is nobody's scratch.
        beginz!(z => { z.alloc_slice(1000, 8_u8); });
        assert_eq!(*moved.0, [7; 100]);
    });
}

#[test]
fn a_type_parameter_leaves_without_a_bound() {
    fn any<T>(make: impl FnOnce(&Zone) -> T) -> T {
        beginz!(z => make(z))
    }
    fn in_zone<'z, T: DeepCopy<'z>>(value: T, outer: &'z Zone) -> T::Copied {
        beginz!(_z in outer => value)
    }
    fn owned<T: Owned>(make: impl FnOnce() -> T) -> T {
        let made = beginz!({ make() });
        made
    }
    let drops = Cell::new(0);
    let counted = any(|_| Counted(&drops));
    assert_eq!(drops.get(), 0);
    drop(counted);
    let outer = Zone::new(64);
    assert_eq!((any(|z| z.alloc_str("abc").len()), in_zone(&5, &outer)), (3, &5));
    let below = Zone::new(64);
    below.enter(|| assert!(below.contains(&*owned(|| ZBox::new(5)))));
    below.enter(|| assert!(!below.contains(&*any(|_| ZBox::new(5)))));
}

// A binding's bare name.

#[test]
fn a_bindings_name_alone_becomes_a_box_in_the_enclosing_zone() {
    let below = Zone::new(1024);
    below.enter(|| {
        let a = letz!(a = [0.0_f64; 5], b = [0.0_f64; 6000] => { a[0] = b[0] + 1.0; a });
        assert!(below.contains(a.as_ptr()) && below.used() == 40);
        assert_eq!(*a, [1.0, 0.0, 0.0, 0.0, 0.0]);
        let one: ZBox<u8> = letz!(n = 5 => n);
        let pair = letz!(z; pair = (1_u8, 2.5_f32) => { z.alloc(0); pair });
        let list = try_letz!(list = [1_u8, 2, 3] => list).unwrap();
        assert_eq!((*one, *pair, &*list), (5, (1, 2.5), &[1, 2, 3][..]));
        assert!([one.as_ptr(), list.as_ptr()].iter().all(|place| below.contains(*place)));
    });
    let outer = Zone::new(64);
    let named: &mut [u8] = letz!(_z in &outer; a = [1; 4] => a);
    assert!(outer.contains(named.as_ptr()));
}

/// The address of a box's value.
trait AsPtr {
    fn as_ptr(&self) -> *const u8;
}

impl AsPtr for ZBox<u8> {
    fn as_ptr(&self) -> *const u8 {
        &raw const **self
    }
}

#[test]
fn a_name_that_is_not_the_bindings_any_more_is_not_copied() {
    let mut outside = [1_u8, 2];
    let place = outside.as_ptr();
    let returned: &mut [u8] = letz!(a = [0_u8; 2] => { let a = { a[0] = 1; &mut outside[..] }; a });
    assert!(std::ptr::eq(returned.as_ptr(), place));
    let length = letz!(a = [0_u8; 2] => { let a = a.len(); a });
    assert_eq!(length, 2);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_box_for_which_there_is_no_room_is_an_error() {
    let full = Zone::builder().capacity(64).fixed().build();
    full.enter(|| {
        let error = try_letz!(a = [1_u8; 100] => a).unwrap_err();
        assert_eq!(error, ZoneError::LimitReached { requested: 100, limit: 64, used: 0 });
        let panics = catch_unwind(AssertUnwindSafe(|| letz!(a = [1_u8; 100] => a)));
        assert!(panics.is_err());
        assert_eq!((full.used(), full.handles()), (0, 1));
    });
}

// The zone after `in`.

#[test]
fn in_takes_a_zone_a_reference_and_what_refers_to_one() {
    let outer = Zone::new(1024);
    let shared = Rc::new(Zone::new(1024));
    let by_name: &mut u8 = beginz!(z in outer => z.alloc(1));
    let by_reference: &mut u8 = beginz!(z in &outer => z.alloc(2));
    let by_owner: &mut u8 = beginz!(z in &shared => z.alloc(3));
    assert_eq!((*by_name, *by_reference, *by_owner), (1, 2, 3));
    assert!(outer.contains(by_name) && outer.contains(by_reference) && shared.contains(by_owner));
    fn twice<'z>(outer: &&'z Zone, mutable: &'z mut Zone) -> (&'z u8, &'z u8) {
        (beginz!(z in outer => z.alloc(4)), beginz!(z in mutable => z.alloc(5)))
    }
    assert_eq!(twice(&&outer, &mut Zone::new(64)), (&4, &5));
}

#[test]
fn in_takes_the_current_zone_as_it_is_given() {
    let below = Zone::new(1024);
    below.enter(|| {
        assert_eq!(beginz!(z in peek_zone() => z.alloc_slice(3, 0.5_f32)).len(), 3);
        let boxed: ZBox<u8> = beginz!(z in &peek_zone() => z.boxed(5));
        let sum = try_letz!(_z in peek_zone(); a = [1, 2] => a).unwrap().iter().sum::<i32>();
        assert!(below.contains(&*boxed));
        assert_eq!((sum, below.used(), below.handles()), (3, 32, 2));
    });
    assert_eq!(below.handles(), 1, "no handle stays");
}

#[test]
fn zcopy_takes_slices_texts_and_references_as_they_come() {
    let (inner, outer) = (Zone::new(1024), Zone::new(1024));
    let mutable: &mut [f32] = inner.alloc_slice(3, 0.5);
    let copied: &mut [f32] = zcopy(mutable, &outer);
    mutable[0] = 1.0;
    assert_eq!(copied, [0.5; 3]);
    let shared: &[f32] = zcopy(&mutable[1..], &outer);
    let text: &str = zcopy("text", &outer);
    let as_before: &[f32] = zcopy(&shared, &outer);
    let value: u8 = zcopy(&mut 5_u8, &outer);
    let nested = zcopy(&[["a"], ["b"]][..], &outer);
    assert_eq!((shared, text, as_before, value), (&[0.5; 2][..], "text", shared, 5));
    assert_eq!(*nested, [["a"], ["b"]]);
    assert!(outer.contains(text.as_ptr()) && outer.contains(nested[1][0].as_ptr()));
    let small = Zone::builder().capacity(64).fixed().build();
    assert!(matches!(try_zcopy(&[0_u8; 100][..], &small), Err(ZoneError::LimitReached { .. })));
}

// What runs before and after.

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn bodies_that_never_end_by_themselves_compile() {
    fn returns() -> u8 {
        beginz!({
            return 3;
        });
    }
    fn returns_after(x: u8) -> Option<u8> {
        let half = letz!(a = x => { if *a % 2 == 1 { return None } *a / 2 });
        Some(half)
    }
    fn panics(text: &str) -> u8 {
        beginz!({ panic!("{text}") })
    }
    fn in_a_statement() {
        beginz!({ panic!("stop") });
    }
    fn never() -> ! {
        beginz!({ panic!("never") })
    }
    fn loops() -> u8 {
        loop {
            beginz!({ break });
        }
        4
    }
    fn tries() -> Result<u8, ZoneError> {
        try_letz!(a = 1_u8 => { if *a == 1 { return Ok(3) } panic!("not one") })
    }
    assert_eq!(
        (returns(), returns_after(4), returns_after(3), loops(), tries()),
        (3, Some(2), None, 4, Ok(3))
    );
    let runs: [&dyn Fn(); 3] = [&|| assert_eq!(panics("x"), 0), &in_a_statement, &|| never()];
    for run in runs {
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    }
    assert_eq!(beginz!(z => { z.used() }), 0);
}
