//! Deep copy: every type it is implemented for, by every way there is; moving out of scopes; errors,
//! panics, cycles, and structures deeper than the stack.

#[path = "common/counting.rs"]
mod counting;

#[path = "common/shapes.rs"]
mod shapes;

#[path = "common/wild.rs"]
mod wild;

use memzone::__private::Work;
use memzone::{
    DeepCopy, HBox, Keep, ZBox, Zone, ZoneError, beginz, halloc, letz, peek_zone, pop_zone,
    push_new_zone, try_beginz, try_letz, try_zcopy, zcopy, zone_depth,
};
use proptest::prelude::*;
use shapes::{Model, overwrite, overwrite_spares};
use std::alloc::Layout;
use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;
use std::fmt::Debug;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

/// Nodes of what is too long or deep for a stack.
const MANY: u64 = if cfg!(miri) { 250 } else { 1_000_000 };
/// Nodes that no copy recurses through: in Miri it goes down 49 references five times.
const DEEP: u64 = if cfg!(miri) { 300 } else { MANY };
const SOME: u64 = if cfg!(miri) { 60 } else { 200_000 };
const FEW: u64 = if cfg!(miri) { 60 } else { 10_000 };

/// Asserts that what the references lead to lies in the zone.
macro_rules! inside {
    ($zone:expr; $($value:expr),+) => {
        {$(assert!($zone.contains(&raw const *$value), "{} is not in {}", stringify!($value), $zone);)+}
    };
}

/// The message that `body` panics with.
fn message<R>(body: impl FnOnce() -> R) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(body)) else { panic!("it did not panic") };
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref::<&str>().unwrap().to_string(),
    }
}

fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return body();
    }
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(body).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Checks the copy of a value by each way there is, once its source is overwritten.
macro_rules! in_all_ways {
    (|$zone:ident| $make:expr, |$copy:ident, $to:ident| $check:block) => {{
        let $to = &Zone::new(0);
        let source = Zone::new(1 << 12);
        let $copy = { let $zone = &source; let made = $make; zcopy(&made, $to) };
        overwrite(source); $check
        let source = Zone::new(1 << 12);
        let $copy = { let $zone = &source; let made = $make; try_zcopy(&made, $to).unwrap() };
        overwrite(source); $check
        let $copy = beginz!($zone in $to => { $make });
        overwrite_spares(); $check
        let $copy = try_beginz!($zone in $to => { $make }).unwrap();
        overwrite_spares(); $check
        let $copy = letz!($zone in $to; n = 1 => { *n += 1; $make });
        overwrite_spares(); $check
        let $copy = try_letz!(outer in $to; _n = [0_u8; 3] => { beginz!($zone in outer => { $make }) });
        let $copy = $copy.unwrap();
        overwrite_spares(); $check
        assert_eq!(zone_depth(), 0);
    }};
}

/// As `in_all_ways`, and also without `in outer`: for what owns all it holds.
macro_rules! in_all_ways_and_to_the_current_zone {
    (|$zone:ident| $make:expr, |$copy:ident, $to:ident| $check:block) => {{
        in_all_ways!(|$zone| $make, |$copy, $to| $check);
        let $to = &Zone::new(0);
        $to.enter(|| {
            let $copy = beginz!($zone => { $make });
            overwrite_spares(); $check
            let $copy = beginz!(_outer => { try_beginz!($zone => { $make }).unwrap() });
            overwrite_spares(); $check
            assert_eq!(zone_depth(), 1);
        });
    }};
}

/// Implements `DeepCopy` by hand.
macro_rules! by_hand {
    ($type:ty => $copied:ty, |$this:ident, $to:ident| $copy:expr) => {
        impl<'z> DeepCopy<'z> for $type {
            type Copied = $copied;
            fn deep_copy(&self, $to: &'z Zone) -> Result<$copied, ZoneError> {
                let $this = self;
                $copy
            }
        }
    };
}

fn plain<T>(value: T)
where
    T: Copy + PartialEq + Debug + for<'z> DeepCopy<'z, Copied = T>,
{
    let target = Zone::new(0);
    assert_eq!(zcopy(&value, &target), value);
    assert_eq!(beginz!({ value }), value);
    assert_eq!(beginz!(_z in &target => { Some((value, [value; 2])) }), Some((value, [value; 2])));
    assert_eq!(target.used(), 0, "a plain value needs no memory");
    let copied = T::deep_copy_slice(&[value; 5], &target).unwrap();
    assert_eq!(copied, [value; 5]);
    assert_eq!(target.used(), size_of_val(copied).next_multiple_of(8));
    if size_of::<T>() != 0 {
        inside!(target; copied);
    }
}

#[test]
fn plain_types_copy_as_they_are_and_their_slices_in_one_go() {
    macro_rules! plain {
        ($($value:expr),* $(,)?) => { $(plain($value);)* };
    }
    plain!((), true, 'x', 1_u8, 2_u16, 3_u32, 4_u64, 5_u128, 6_usize, -1_i8, -2_i16, -3_i32);
    plain!(-4_i64, -5_i128, -6_isize, 0.5_f32, 0.25_f64, PhantomData::<String>, ..);
    plain!(NonZeroU8::MIN, NonZeroU16::MIN, NonZeroU32::MIN, NonZeroU64::MIN, NonZeroU128::MIN);
    plain!(NonZeroUsize::MIN, NonZeroI8::MIN, NonZeroI16::MIN, NonZeroI32::MIN, NonZeroI64::MIN);
    plain!(NonZeroI128::MIN, NonZeroIsize::MIN, Wrapping(7_u8), Reverse(8_u8), ..9_u8);
    plain!(..=10_u8, Duration::from_millis(3), Instant::now(), SystemTime::UNIX_EPOCH);
    plain!(Ordering::Less, Layout::new::<u64>(), TypeId::of::<u64>(), ZoneError::StackEmpty);
    plain!(IpAddr::from([1; 4]), SocketAddr::from(([1; 4], 80)), std::thread::current().id());
    plain!(Some(1_u8), Ok::<u8, u16>(1), Err::<u8, u16>(1), (1_u8, 2_u16), [[1.5; 2]; 2]);
}

#[test]
fn tuples_of_one_to_twelve_copy_each_part() {
    macro_rules! tuples {
        ($([$($i:tt)+])+) => {$(
            in_all_ways!(|z| ($(&*z.alloc($i + 10),)+), |copy, to| {
                assert_eq!(copy, ($(&($i + 10),)+));
                $(inside!(to; copy.$i);)+
            });
        )+};
    }
    tuples!([0] [0 1] [0 1 2] [0 1 2 3] [0 1 2 3 4] [0 1 2 3 4 5] [0 1 2 3 4 5 6]);
    tuples!([0 1 2 3 4 5 6 7] [0 1 2 3 4 5 6 7 8] [0 1 2 3 4 5 6 7 8 9]);
    tuples!([0 1 2 3 4 5 6 7 8 9 10] [0 1 2 3 4 5 6 7 8 9 10 11]);
}

#[test]
fn references_lead_to_copies() {
    in_all_ways!(|z| &*z.alloc(7_u64), |copy, to| {
        assert_eq!(*copy, 7);
        inside!(to; copy);
    });
    in_all_ways!(|z| z.alloc(7_u64), |copy, to| {
        inside!(to; copy);
        *copy += 1;
        assert_eq!(*copy, 8);
    });
    in_all_ways!(|z| z.alloc_slice(5, 7_u64), |copy, to| {
        inside!(to; copy);
        copy[4] += 1;
        assert_eq!(copy, [7, 7, 7, 7, 8]);
    });
    in_all_ways!(|z| &*z.alloc_slice(5, 7_u64), |copy, to| {
        assert_eq!(copy, [7; 5]);
        inside!(to; copy);
    });
    in_all_ways!(|z| z.alloc_str("drüm"), |copy, to| {
        inside!(to; copy);
        copy[..2].make_ascii_uppercase();
        assert_eq!(copy, "DRüm");
    });
    in_all_ways!(|z| &*z.alloc_str("drüm"), |copy, to| {
        assert_eq!(copy, "drüm");
        inside!(to; copy);
    });
    in_all_ways!(|z| &*z.alloc(&mut *z.alloc(&*z.alloc(3_u8))), |copy, to| {
        assert_eq!(***copy, 3);
        inside!(to; copy, *copy, **copy);
    });
    in_all_ways!(|z| (&*z.alloc_slice(0, 0_u64), z.alloc(()), ""), |copy, _to| {
        assert_eq!(copy, (&[][..], &mut (), ""));
    });
}

#[test]
fn parts_of_other_types_lead_to_copies() {
    in_all_ways!(|z| [z.alloc(1_u8), z.alloc(2_u8)], |copy, to| {
        assert_eq!(copy, [&1, &2]);
        copy.iter().for_each(|part| inside!(to; &**part));
    });
    in_all_ways!(|z| [Some(&*z.alloc(1_u8)), None], |copy, to| {
        assert_eq!(copy, [Some(&1), None]);
        inside!(to; copy[0].unwrap());
    });
    in_all_ways!(|z| Ok::<_, &str>(z.alloc(1_u8)), |copy, to| { inside!(to; copy.unwrap()) });
    in_all_ways!(|z| Err::<u8, _>(z.alloc_str("no")), |copy, to| {
        let text = copy.unwrap_err();
        assert_eq!(text, "no");
        inside!(to; text);
    });
    in_all_ways!(
        |z| (&*z.alloc(1_u8)..&*z.alloc(2_u8), &*z.alloc(3_u8).., ..&*z.alloc(4_u8)),
        |copy, to| {
            assert_eq!(copy, (&1..&2, &3.., ..&4));
            inside!(to; copy.0.start, copy.0.end, copy.1.start, copy.2.end);
        }
    );
    in_all_ways!(|z| (Wrapping(&*z.alloc(1_u8)), Reverse(&*z.alloc(2_u8))), |copy, to| {
        assert_eq!((copy.0.0, copy.1.0), (&1, &2));
        inside!(to; copy.0.0, copy.1.0);
    });
    in_all_ways!(|z| (Cell::new(&*z.alloc(1_u8)), RefCell::new(z.alloc(2_u8))), |copy, to| {
        assert_eq!((copy.0.get(), &*copy.1.borrow()), (&1, &&mut 2));
        inside!(to; copy.0.get(), &**copy.1.borrow());
    });
    // Cells behind a reference are copies of their own.
    let (source, target) = (Zone::new(0), Zone::new(0));
    let shared = (&*source.alloc(Cell::new(1)), &*source.alloc(RefCell::new(2)));
    let copy = zcopy(&shared, &target);
    shared.0.set(10);
    *shared.1.borrow_mut() = 20;
    assert_eq!((copy.0.get(), *copy.1.borrow()), (1, 2));
    inside!(target; copy.0, copy.1);
}

#[test]
fn an_inclusive_range_that_has_run_out_stays_so() {
    let (mut range, target) = (1..=3, Zone::new(0));
    assert_eq!(range.nth(1), Some(2));
    assert_eq!(zcopy(&range, &target), 3..=3);
    assert_eq!(range.next_back(), Some(3));
    assert_eq!(zcopy(&range, &target).next(), None);
    assert_eq!(beginz!({ (range.clone(), 1) }), (range, 1));
}

#[test]
fn owners_leave_for_the_target() {
    in_all_ways_and_to_the_current_zone!(|z| z.boxed(7_u64), |copy, to| {
        assert_eq!(*copy, 7);
        inside!(to; &*copy);
        assert!(ZBox::zone(&copy).contains(&*copy));
    });
    in_all_ways_and_to_the_current_zone!(|z| z.boxed_slice(3, 7_u64), |copy, to| {
        assert_eq!(*copy, [7; 3]);
        inside!(to; &*copy);
    });
    in_all_ways_and_to_the_current_zone!(|z| z.boxed((z.boxed("a".to_string()), 1)), |copy, to| {
        assert_eq!((&**copy.0, copy.1), ("a", 1));
        inside!(to; &*copy, &*copy.0);
    });
    // What owns memory that is no zone's, with what is in zones inside.
    in_all_ways_and_to_the_current_zone!(|z| vec![z.boxed(1_u8), z.boxed(2_u8)], |copy, to| {
        assert_eq!([*copy[0], *copy[1]], [1, 2]);
        copy.iter().for_each(|item| inside!(to; &**item));
    });
    in_all_ways!(|z| (vec![z.alloc(1_u8)], Box::new(z.alloc(2_u8))), |copy, to| {
        assert_eq!(copy, (vec![&mut 1], Box::new(&mut 2)));
        inside!(to; &*copy.0[0], &**copy.1);
    });
    in_all_ways!(|z| vec![z.alloc(1_u8), z.alloc(2_u8)].into_boxed_slice(), |copy, to| {
        assert_eq!(*copy, [&1, &2]);
        copy.iter().for_each(|item| inside!(to; &**item));
    });
    in_all_ways_and_to_the_current_zone!(
        |z| {
            let text: Box<str> = z.alloc_str("box").into();
            let path = std::path::PathBuf::from("path");
            let words = (std::ffi::OsString::from("os"), std::ffi::CString::from(c"c"));
            ("text".to_string(), text, path, words)
        },
        |copy, _to| {
            assert_eq!((&*copy.0, &*copy.1, copy.2.to_str()), ("text", "box", Some("path")));
            assert_eq!((copy.3.0.to_str(), &*copy.3.1), (Some("os"), c"c"));
        }
    );
}

#[test]
fn copies_are_apart_from_their_source() {
    let (source, target) = (Zone::new(0), Zone::new(0));
    let mut from = (vec![1, 2], "text".to_string(), Box::new(3), source.alloc_slice(2, 4));
    let copy = zcopy(&from, &target);
    (from.0[0], *from.2, from.3[0]) = (10, 30, 40);
    from.1.push('s');
    assert_eq!(copy, (vec![1, 2], "text".to_string(), Box::new(3), &mut [4, 4][..]));
    let mut from = (source.boxed(5), source.boxed_slice(2, 6));
    let copy = zcopy(&from, &target);
    (*from.0, from.1[0]) = (50, 60);
    assert_eq!((*copy.0, &*copy.1), (5, &[6, 6][..]));
}

#[test]
fn counted_owners_are_shared() {
    let (rc, arc) = (Rc::new(RefCell::new(1)), Arc::new(2));
    let weak = (Rc::downgrade(&rc), Arc::downgrade(&arc));
    let text: (Rc<str>, Arc<[u8]>) = (Rc::from("text"), Arc::from([1, 2]));
    let all = (rc, arc, weak, text);
    let target = Zone::new(0);
    let counts = || (Rc::strong_count(&all.0), Arc::strong_count(&all.1), Rc::weak_count(&all.0));
    let copies =
        [zcopy(&all, &target), beginz!({ all.clone() }), beginz!(_z in &target => all.clone())];
    for copy in copies {
        assert!(Rc::ptr_eq(&copy.0, &all.0) && Arc::ptr_eq(&copy.1, &all.1));
        assert!(copy.2.0.ptr_eq(&all.2.0) && copy.2.1.ptr_eq(&all.2.1));
        assert!(Rc::ptr_eq(&copy.3.0, &all.3.0) && Arc::ptr_eq(&copy.3.1, &all.3.1));
        *copy.0.borrow_mut() += 1;
    }
    assert_eq!(counts(), (1, 1, 1));
    assert_eq!(*all.0.borrow(), 4);
    assert_eq!(target.used(), 0);
}

#[test]
fn a_zone_is_one_more_handle() {
    let (zone, target) = (Zone::new(64), Zone::new(0));
    let value = zone.boxed(5);
    let copy = zcopy(&zone, &target);
    assert_eq!(zone.handles(), 3);
    assert!(copy.contains(&*value));
    let moved = beginz!({ copy });
    assert_eq!(zone.handles(), 3);
    assert!(moved.contains(&*value));
    // A scope's own zone outlives the scope through its handle.
    let (own, address) =
        beginz!(z => { let x = z.alloc(9_u32); (z.clone(), (&raw const *x).addr()) });
    overwrite_spares();
    assert!(own.contains(std::ptr::without_provenance::<u8>(address)));
    assert_eq!((own.handles(), own.used()), (1, 8));
}

#[test]
fn keep_passes_on_what_it_holds() {
    let target = Zone::new(0);
    let long = Zone::new(0);
    let kept = &*long.alloc(5_u64);
    assert!(std::ptr::eq(zcopy(&Keep(kept), &target).0, kept));
    assert!(std::ptr::eq(beginz!(_z in &target => { Keep(kept) }).0, kept));
    let name: Keep<&'static str> = beginz!({ Keep("literal") });
    assert_eq!(*name, "literal");
    assert_eq!(target.used(), 0);
    // A type of another crate, that knows nothing of zones.
    let address = Ipv4Addr::new(10, 0, 0, 1);
    assert_eq!(*beginz!({ Keep(address) }), address);
    in_all_ways!(|z| &*z.alloc_slice(3, Keep(address)), |copy, to| {
        assert_eq!(copy, [Keep(address); 3]);
        inside!(to; copy);
    });
    let copy = zcopy(&&[Keep(kept), Keep(kept)][..], &target);
    inside!(target; copy);
    assert!(copy.iter().all(|keep| std::ptr::eq(keep.0, kept)));
}

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
struct Voice<'z> {
    gain: f32,
    name: &'z str,
    notes: &'z [u16],
}

#[test]
fn slices_take_exactly_their_size() {
    /// The bytes that a copy takes.
    macro_rules! bytes {
        ($value:expr) => {{
            let value = $value;
            let to = Zone::new(0);
            let copy = zcopy(&value, &to);
            let used = to.used();
            let moved = beginz!(_z in &to => { value.clone() });
            // The second copy begins at a multiple of 32 if it is a long slice.
            let twice = 2 * used..=2 * used + if used >= 64 { 24 } else { 0 };
            assert!(twice.contains(&to.used()), "the same where a scope returns it");
            assert_eq!((copy, moved), (value.clone(), value));
            used
        }};
    }
    let source = Zone::new(0);
    let floats = &*source.alloc_slice(100, 0.5_f32);
    assert_eq!(bytes!(floats), 400);
    assert_eq!(bytes!(source.boxed_slice(100, 1_u64)), 800);
    assert_eq!(bytes!("0123456789abcdef+"), 24, "rounded up to 8");
    let rows: &[&[f32]] = &[floats, &floats[..4], &[]];
    let nested: &[&[&[u8]]] = &[&[&[1, 2], &[3]], &[]];
    if cfg!(target_pointer_width = "64") {
        // The long one begins at a multiple of 32.
        assert_eq!(bytes!(rows), 64 + 400 + 16);
        assert_eq!(bytes!(nested), 32 + 32 + 8 + 8);
    }
    assert_eq!(bytes!(&[(); 1000][..]), 0);
    let notes = &*source.alloc_slice(8, 60);
    let voice = Voice { gain: 0.5, name: "saw", notes };
    assert_eq!(bytes!(&[voice; 4][..]), 4 * size_of::<Voice>() + 4 * (8 + 16));
    let target = Zone::new(0);
    let copy = Voice::deep_copy_slice(&[voice; 4], &target).unwrap();
    for voice in copy.iter() {
        inside!(target; voice, voice.name, voice.notes);
    }
    assert_ne!(copy[0].notes.as_ptr(), copy[1].notes.as_ptr());
}

/// Panics where it is copied or cloned: it may only move.
struct Moves(u64);

impl Clone for Moves {
    fn clone(&self) -> Self {
        panic!("cloned")
    }
}

impl<'z> DeepCopy<'z> for Moves {
    type Copied = Moves;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Moves, ZoneError> {
        panic!("copied")
    }
    fn move_out(self, _to: &'z Zone) -> Result<Moves, ZoneError> {
        Ok(self)
    }
}

#[derive(DeepCopy)]
enum Holder<T> {
    Unit,
    Tuple(T, Box<T>),
    Named { item: T },
}

#[test]
fn what_a_scope_returns_keeps_its_heap_memory() {
    fn address<T: ?Sized>(value: &T) -> usize {
        (&raw const *value).cast::<u8>().addr()
    }
    let target = Zone::new(1 << 12);
    // Makes the stack, the spare zones and the default zone.
    beginz!({ overwrite_spares() });
    drop(peek_zone());
    let mut vec = Vec::with_capacity(10);
    vec.extend([1, 2, 3]);
    let boxes: Vec<_> = (0..10).map(|n| Box::new(Moves(n))).collect();
    let rows = vec![vec![1.0; 5], vec![2.0; 6]];
    let items: Box<[Moves]> = Box::new([Moves(1), Moves(2)]);
    let all = (vec, "text".to_string(), Box::new(Moves(4)), Arc::new(Moves(5)), Rc::new(Moves(6)));
    let more = (boxes, rows, items, Keep(Moves(7)), Box::<str>::from("boxed"));
    macro_rules! addresses {
        ($all:ident, $more:ident) => {{
            let boxes = $more.0.iter().map(|item| address(&**item));
            let rows = $more.1.iter().map(|row| address(&**row));
            let (a, b, c) = (address(&*$all.0), address(&*$all.1), address(&*$all.2));
            let (d, e, f) = (address(&*$all.3), address(&*$all.4), address(&*$more.2));
            boxes.chain(rows).chain([a, b, c, d, e, f, address(&*$more.0)]).collect::<Vec<_>>()
        }};
    }
    let before = addresses!(all, more);
    let calls = (counting::calls(), counting::frees());
    let (all, more) = beginz!({ (all, more) });
    let (all, more) = beginz!(_z in &target => { (all, more) });
    let (all, more) = beginz!(_a => { try_beginz!(_b => { (all, more) }) }).unwrap();
    assert_eq!((counting::calls(), counting::frees()), calls);
    assert_eq!(addresses!(all, more), before);
    assert_eq!((all.0.capacity(), all.0, all.1), (10, vec![1, 2, 3], "text".to_string()));
    assert_eq!((all.2.0, all.3.0, all.4.0, more.3.0.0, &*more.4), (4, 5, 6, 7, "boxed"));
    assert!(more.0.iter().map(|item| item.0).eq(0..10));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn parts_move_out_and_are_not_copied() {
    let two = || (Moves(1), Some(Moves(2)));
    let (a, b) = beginz!({ two() });
    assert_eq!((a.0, b.map(|b| b.0)), (1, Some(2)));
    let [a, b] = beginz!({ [Moves(1), Moves(2)] });
    let c = beginz!({ Ok::<_, Moves>(RefCell::new(Moves(3))) }).ok().unwrap().into_inner();
    let d = beginz!({ Wrapping(Moves(4))..Wrapping(Moves(5)) });
    let e = beginz!({ ZBox::new(ZBox::new(Moves(6))) });
    let f = beginz!({ Reverse(Box::new([Moves(7)])) });
    let all = [a.0, b.0, c.0, d.start.0.0, d.end.0.0, e.0, f.0[0].0];
    assert_eq!(all, [1, 2, 3, 4, 5, 6, 7]);
    let sum = |holder: Holder<Moves>| match holder {
        Holder::Unit => 0,
        Holder::Tuple(a, b) => a.0 + b.0,
        Holder::Named { item } => item.0,
    };
    assert_eq!(sum(beginz!({ Holder::<Moves>::Unit })), 0);
    assert_eq!(sum(beginz!({ Holder::Tuple(Moves(1), Box::new(Moves(2))) })), 3);
    assert_eq!(sum(beginz!({ Holder::Named { item: Moves(3) } })), 3);
    assert_eq!(message(|| zcopy(&Moves(1), &peek_zone()).0), "copied", "it has only a reference");
}

#[test]
fn a_vec_of_borrowing_items_keeps_its_memory_and_its_items_move() {
    let target = Zone::new(1 << 12);
    beginz!({ overwrite_spares() });
    let vec: Vec<(&mut u64, Box<u64>)> = Vec::with_capacity(8);
    let (start, calls) = (vec.as_ptr().addr(), counting::calls());
    let vec: Vec<(&mut u64, Box<u64>)> = beginz!(z in &target => {
        let mut vec = vec;
        vec.extend((0..8).map(|n| (z.alloc(n), Box::new(n))));
        vec
    });
    assert_eq!(counting::calls(), calls + 8, "for the eight boxes");
    overwrite_spares();
    assert_eq!((vec.as_ptr().addr(), vec.capacity()), (start, 8));
    for (n, (item, boxed)) in (0..).zip(&vec) {
        assert_eq!((**item, **boxed), (n, n));
        inside!(target; &**item);
    }
}

/// Becomes something of another size.
struct Shrinks([u8; 200]);

by_hand! { Shrinks => u16, |this, _to| {
    Ok(u16::from(this.0[199]))
} }

#[test]
fn a_box_of_another_layout_gets_memory_of_its_own() {
    let target = Zone::new(64);
    drop(beginz!(z in &target => Box::new(*z.alloc(0_u16))));
    let before = (counting::bytes_asked(), counting::bytes_freed());
    let small: Box<u16> = beginz!(_z in &target => Box::new(Shrinks([7; 200])));
    assert_eq!(
        (counting::bytes_asked() - before.0, counting::bytes_freed() - before.1),
        (202, 200)
    );
    assert_eq!(*small, 7);
    drop(small);
    assert_eq!(counting::bytes_freed() - before.1, 202);
}

/// Copied with what it takes from the current zone.
struct FromCurrent(ZBox<u32>);

by_hand! { FromCurrent => FromCurrent, |this, to| {
    let copied = ZBox::new(*this.0 + 1);
    assert!(peek_zone().contains(&*copied) && to.contains(&*copied), "current is the target");
    Ok(FromCurrent(copied))
} }

#[test]
fn the_target_is_current_while_a_scope_copies() {
    let target = Zone::new(0);
    let check = |value: FromCurrent| {
        assert_eq!(*value.0, 2);
        inside!(target; &*value.0);
    };
    check(beginz!(_z in &target => { FromCurrent(ZBox::new(1)) }));
    let vec = try_beginz!(_z in &target => { vec![FromCurrent(ZBox::new(1))] }).unwrap();
    vec.into_iter().for_each(check);
    target.enter(|| check(beginz!({ FromCurrent(ZBox::new(1)) })));
    let twice = target.enter(|| beginz!({ beginz!({ FromCurrent(ZBox::new(1)) }) }));
    assert_eq!(*twice.0, 3);
    inside!(target; &*twice.0);
    assert_eq!(zone_depth(), 0);
}

/// What a user's copy can do to the stack of zones.
struct Meddler<'a>(&'a dyn Fn());

by_hand! { Meddler<'_> => &'z mut u64, |this, to| {
    this.0();
    to.try_alloc(7)
} }

#[test]
fn a_copy_that_meddles_with_the_zone_stack_leaves_it_as_it_was() {
    let target = Zone::new(0);
    let meddle: [&dyn Fn(); 5] = [
        &|| drop(push_new_zone(64)),
        &|| drop(pop_zone()),
        &|| while pop_zone().is_ok() {},
        &|| drop((push_new_zone(64), beginz!({ push_new_zone(64) }))),
        &|| assert_eq!(beginz!(z => { *zcopy(&z.boxed(1), &peek_zone()) }), 1),
    ];
    for meddler in meddle {
        let outer = push_new_zone(64);
        let copy = beginz!(_z in &target => { Meddler(meddler) });
        let copies = beginz!(_z in &target => { vec![Meddler(meddler), Meddler(meddler)] });
        inside!(target; copy);
        assert_eq!((*copy, *copies[0], *copies[1]), (7, 7, 7));
        // More was popped than the copy had pushed: the rest is not put back.
        assert!(zone_depth() <= 1);
        drop((pop_zone(), outer));
        assert_eq!(*beginz!({ ZBox::new(3) }), 3);
        assert_eq!(zone_depth(), 0);
    }
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_small_target_gives_limit_reached_and_stays_usable() {
    let source = Zone::new(0);
    let target = Zone::builder().capacity(64).fixed().build();
    fn check<T: Debug>(result: Result<T, ZoneError>) {
        let Err(ZoneError::LimitReached { limit: 64, used, .. }) = result else {
            panic!("{result:?}")
        };
        assert!(used <= 64);
    }
    let (large, text) =
        (&*source.alloc_slice(100, 1_u8), "a text of more than sixty-four bytes".repeat(2));
    check(try_zcopy(&large, &target));
    check(try_zcopy(&text.as_str(), &target));
    check(try_zcopy(&&[7_u8; 65], &target));
    check(try_zcopy(&[(&large, 1)], &target));
    check(try_zcopy(&source.boxed([0_u8; 65]), &target));
    check(try_zcopy(&source.boxed_slice(65, 0_u8), &target));
    check(try_beginz!(z in &target => { z.alloc_slice(65, 1_u8) }));
    check(try_letz!(_z in &target; a = [0_u8; 65] => a));
    target.enter(|| check(try_beginz!(z => { vec![z.boxed(Keep([0_u8; 65]))] })));
    assert_eq!((target.used(), zone_depth()), (0, 0), "nothing of this fits");
    check(try_zcopy(&(&1_u8, large), &target));
    // The first part did, and has given its place back. With `tracing` its subscribers may know of it.
    let used = if cfg!(feature = "tracing") { 16 } else { 0 };
    assert_eq!(target.used(), used);
    let limit = &format!("limit reached: 100 bytes requested, {used} of at most 64 in use");
    for message in [
        message(|| zcopy(&large, &target).len()),
        message(|| beginz!(z in &target => { z.alloc_slice(100, 1_u8) }).len()),
        message(|| letz!(_z in &target; a = [1_u8; 100] => a).len()),
        message(|| target.enter(|| beginz!(z => { z.boxed_slice(100, 1_u8) }).len())),
    ] {
        assert!(message.contains(limit), "{message}");
    }
    assert_eq!((zone_depth(), target.used()), (0, used));
    assert_eq!(zcopy(&&large[..48], &target), [1; 48]);
}

#[test]
fn without_memory_a_copy_gives_out_of_memory() {
    let source = Zone::new(0);
    let target = Zone::new(64);
    beginz!({ overwrite_spares() });
    fn check<T: Debug>(copy: impl FnOnce() -> Result<T, ZoneError>) {
        let result = counting::without_memory(copy);
        assert!(matches!(result, Err(ZoneError::OutOfMemory { .. })), "{result:?}");
        assert_eq!(zone_depth(), 0);
    }
    let large = &*source.alloc_slice(1 << 12, 1_u8);
    let (vec, boxed) = (vec![1, 2, 3], vec![1, 2, 3].into_boxed_slice());
    check(|| try_zcopy(&large, &target));
    check(|| try_zcopy(&&[[Some(large)]][..], &target));
    check(|| try_zcopy(&large, &Zone::new(0)).map(|copy| copy.len()));
    check(|| try_zcopy(&vec, &target));
    check(|| try_zcopy(&boxed, &target));
    let (text, boxed_text, one) = ("text".to_string(), Box::<str>::from("text"), Box::new(1));
    check(|| try_zcopy(&text, &target));
    check(|| try_zcopy(&boxed_text, &target));
    check(|| try_zcopy(&one, &target));
    check(|| try_beginz!(_z in &target => { large }));
    let large_box = source.boxed_slice(1 << 12, 1_u8);
    check(|| target.enter(|| try_beginz!({ large_box })));
    assert_eq!(zcopy(&large, &target), large);
    assert_eq!((zcopy(&vec, &target), zcopy(&boxed, &target)), (vec, boxed));
}

/// Panics at the copy that is counted down to.
struct Bomb<'a>(&'a Cell<u32>);

by_hand! { Bomb<'_> => u64, |this, to| {
    this.0.set(this.0.get() - 1);
    assert!(this.0.get() != 0, "bang");
    Ok(*to.try_alloc(7_u64)?)
} }

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_half_way_leaves_source_target_and_stack_usable() {
    let (left, held) = (&Cell::new(0), Rc::new(()));
    let (source, target) = (&Zone::new(0), &Zone::new(0));
    let bombs = || (Bomb(left), [Bomb(left), Bomb(left)]);
    let array = || [Bomb(left), Bomb(left), Bomb(left)];
    let items = || Vec::from(array().map(|bomb| (held.clone(), bomb)));
    let ways: [&dyn Fn(); 9] = [
        &|| assert_eq!(zcopy(&bombs(), target), (7, [7; 2])),
        &|| assert_eq!(zcopy(&&array()[..], target), [7; 3]),
        &|| assert_eq!(zcopy(&source.boxed(bombs()), target).1, [7; 2]),
        &|| assert_eq!(zcopy(&items(), target)[2].1, 7),
        &|| assert_eq!(beginz!(z in target => { z.alloc(1); items() })[2].1, 7),
        &|| assert_eq!(beginz!({ ZBox::new(items().into_boxed_slice()) })[2].1, 7),
        &|| assert_eq!(beginz!(_y => { beginz!(_z in target => { bombs() }) }).1, [7; 2]),
        &|| assert_eq!(letz!(_z in target; a = [1; 9] => (a, Box::new(bombs()))).1.1, [7; 2]),
        &|| assert_eq!(*beginz!(_z in target => { Box::new(array()) }), [7; 3]),
    ];
    for (index, way) in ways.iter().enumerate() {
        for at in 1..=3 {
            left.set(at);
            assert_eq!(message(way), "bang", "way {index}");
            assert_eq!((zone_depth(), Rc::strong_count(&held)), (0, 1), "way {index}, item {at}");
            assert_eq!(zcopy(&&[1_u8, 2][..], target), [1, 2]);
        }
        left.set(4);
        way();
    }
    assert_eq!((source.handles(), target.handles()), (1, 1));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_mutably_borrowed_ref_cell_panics_and_can_be_copied_later() {
    let (cell, target) = (RefCell::new([1]), Zone::new(0));
    let borrowed = cell.borrow_mut();
    assert!(message(|| zcopy(&cell, &target)).contains("borrowed"));
    assert!(message(|| zcopy(&&[(1, &cell)][..], &target).len()).contains("borrowed"));
    drop(borrowed);
    assert_eq!(zcopy(&cell, &target), cell);
    let held = cell.borrow();
    assert_eq!(zcopy(&cell, &target), cell);
    drop(held);
    assert_eq!(zone_depth(), 0);
}

/// Changes the list it is in while it is copied, where it can: says whether it could.
struct Spy(std::rc::Weak<RefCell<Vec<Spy>>>);

by_hand! { Spy => bool, |this, _to| {
    let Some(list) = this.0.upgrade() else { return Ok(false) };
    let Ok(mut list) = list.try_borrow_mut() else { return Ok(false) };
    list.clear();
    list.push(Spy(this.0.clone()));
    Ok(true)
} }

/// Adds one to all counters of its slice while it is copied.
struct Counter<'a>(Cell<u8>, Cell<&'a [Counter<'a>]>);

by_hand! { Counter<'_> => u8, |this, _to| {
    this.1.get().iter().for_each(|counter| counter.0.set(counter.0.get() + 1));
    Ok(this.0.get())
} }

/// Empties the cell that leads to it while it is copied.
struct Leaver<'a>(u8, &'a Cell<Option<&'a Leaver<'a>>>);

by_hand! { Leaver<'_> => u8, |this, _to| {
    this.1.set(None);
    Ok(this.0)
} }

#[test]
fn a_copy_that_changes_its_source_sees_values_of_before_or_after() {
    let (source, target) = (Zone::new(0), Zone::new(0));
    let list = Rc::new(RefCell::new(Vec::new()));
    list.borrow_mut().extend((0..3).map(|_| Spy(Rc::downgrade(&list))));
    assert_eq!(*zcopy(&*list, &target).borrow(), [false; 3], "the copy has it borrowed");
    assert_eq!(beginz!({ list.take() }), [true; 3]);
    assert_eq!(list.borrow().len(), 1);
    let moved = list.take();
    assert_eq!(*zcopy(&RefCell::new(moved), &target).borrow(), [true], "another list by then");

    let counters: &[Counter] =
        source.alloc_slice_with(3, |_| Counter(Cell::new(0), Cell::new(&[])));
    counters.iter().for_each(|counter| counter.1.set(counters));
    assert_eq!(zcopy(&counters, &target), [1, 2, 3]);
    assert!(counters.iter().all(|counter| counter.0.get() == 3));

    let cell = &*source.alloc(Cell::new(None));
    cell.set(Some(&*source.alloc(Leaver(5, cell))));
    let copy = zcopy(&(cell, cell), &target);
    assert_eq!((copy.0.get(), copy.1.get()), (Some(&5), None));
}

/// A chain of nodes, whatever holds the next one.
trait Chain: Sized {
    fn value(&self) -> u64;
    fn next(&self) -> Option<&Self>;
    /// Takes off the next node, where dropping this one would drop that one.
    fn take_next(&mut self) -> Option<Self>;
}

/// Checks the values of a chain, and, if all its nodes lie in zones, that it is in this one.
fn check_chain<T: Chain>(head: &T, len: u64, zone: Option<&Zone>) {
    let (mut at, mut left) = (Some(head), len);
    while let Some(node) = at {
        left -= 1;
        assert_eq!(node.value(), left);
        at = node.next();
        if let (Some(zone), Some(next)) = (zone, at) {
            inside!(zone; next);
        }
    }
    assert_eq!(left, 0);
}

fn drop_chain<T: Chain>(head: T) {
    let mut at = Some(head);
    while let Some(mut node) = at {
        at = node.take_next();
    }
}

/// Declares a node by how it links, and tests that long chains of it copy and leave scopes.
macro_rules! chains {
    ($(
        $test:ident: $name:ident($link:ty) = $end:expr, $len:expr, in zone: $in_zone:expr,
        |$z:ident, $rest:ident| $make:expr, |$from:ident| $next:expr, |$owner:ident| $take:expr;
    )*) => {$(
        #[derive(DeepCopy)]
        struct $name<'z> {
            value: u64,
            link: $link,
            zone: Option<&'z ()>,
        }
        impl<'z> $name<'z> {
            fn make($z: &'z Zone, len: u64) -> Self {
                let mut head = $name { value: 0, link: $end, zone: None };
                for value in 1..len {
                    let $rest = head;
                    head = $name { value, link: $make, zone: None };
                }
                head
            }
        }
        impl Chain for $name<'_> {
            fn value(&self) -> u64 {
                self.value
            }
            fn next(&self) -> Option<&Self> {
                let $from = &self.link;
                $next
            }
            fn take_next(&mut self) -> Option<Self> {
                let $owner = &mut self.link;
                $take
            }
        }
        mod $test {
            use super::*;
            const IN_ZONE: bool = $in_zone;
            #[test]
            fn copies_on_a_small_stack() {
                on_a_small_stack(|| {
                    let (source, target) = (Zone::new(0), Zone::new(0));
                    let made = $name::make(&source, $len);
                    let copy = zcopy(&made, &target);
                    drop_chain(made);
                    overwrite(source);
                    check_chain(&copy, $len, IN_ZONE.then_some(&target));
                    drop_chain(copy);
                });
            }
            #[test]
            fn leaves_a_scope_on_a_small_stack() {
                on_a_small_stack(|| {
                    let target = Zone::new(0);
                    let moved = beginz!(z in &target => { $name::make(z, $len) });
                    overwrite_spares();
                    check_chain(&moved, $len, IN_ZONE.then_some(&target));
                    drop_chain(moved);
                    assert_eq!(zone_depth(), 0);
                });
            }
        }
    )*};
}

chains! {
    a_list_of_a_million_nodes: List(Option<&'z List<'z>>) = None, MANY,
        in zone: true, |z, rest| Some(z.alloc(rest)), |link| *link, |_link| None;
    a_list_of_unique_references: MutList(Option<&'z mut MutList<'z>>) = None, SOME,
        in zone: true, |z, rest| Some(z.alloc(rest)), |link| link.as_deref(), |_link| None;
    a_list_through_slices: SliceList(&'z [SliceList<'z>]) = &[], SOME,
        in zone: true, |z, rest| z.alloc_iter([rest]), |link| link.first(), |_link| None;
    a_list_through_unique_slices: MutSliceList(&'z mut [MutSliceList<'z>]) = &mut [], SOME,
        in zone: true, |z, rest| z.alloc_iter([rest]), |link| link.first(), |_link| None;
    a_list_through_cells: CellList(Cell<Option<&'z CellList<'z>>>) = Cell::new(None), SOME,
        in zone: true, |z, rest| Cell::new(Some(z.alloc(rest))), |link| link.get(), |_link| None;
    a_list_through_arrays_and_tuples:
        NestedList([(u8, Result<&'z NestedList<'z>, ()>); 2]) = [(0, Err(())); 2], SOME,
        in zone: true, |z, rest| [(1, Err(())), (2, Ok(z.alloc(rest)))],
        |link| link[1].1.ok(), |_link| None;
    a_list_through_zone_boxes: ZList(Option<ZBox<ZList<'z>>>) = None, SOME,
        in zone: true, |z, rest| Some(z.boxed(rest)), |link| link.as_deref(),
        |link| link.take().map(ZBox::into_inner);
    a_list_through_boxes: BoxList(Option<Box<BoxList<'z>>>) = None, SOME,
        in zone: false, |_z, rest| Some(Box::new(rest)), |link| link.as_deref(),
        |link| link.take().map(|next| *next);
    a_list_through_heap_boxes: HeapList(Option<HBox<HeapList<'z>>>) = None, SOME,
        in zone: false, |_z, rest| Some(halloc(rest)), |link| link.as_deref(),
        |link| link.take().map(HBox::into_inner);
    a_list_through_vecs: VecList(Vec<VecList<'z>>) = vec![], SOME,
        in zone: false, |_z, rest| vec![rest], |link| link.first(), |link| link.pop();
    a_list_through_boxed_slices: BoxSliceList(Box<[BoxSliceList<'z>]>) = Box::new([]), SOME,
        in zone: false, |_z, rest| Box::new([rest]), |link| link.first(),
        |link| std::mem::take(link).into_vec().pop();
}

#[derive(DeepCopy)]
enum Tree<'z> {
    Leaf,
    Fork(&'z Tree<'z>, u64, &'z Tree<'z>),
}

#[derive(DeepCopy, Clone, Copy)]
struct Dag<'z> {
    value: u64,
    left: Option<&'z Dag<'z>>,
    right: Option<&'z Dag<'z>>,
}

#[test]
fn a_tree_a_million_deep_copies_on_a_small_stack() {
    // Left children only, right ones only, and in turn.
    type GoesLeft = fn(u64) -> bool;
    let shapes: [(GoesLeft, u64); 3] =
        [(|_| true, MANY / 20), (|_| false, MANY / 20), (|value| value % 2 == 0, MANY)];
    for (goes_left, many) in shapes {
        on_a_small_stack(move || {
            let (source, target) = (Zone::new(0), Zone::new(0));
            let (leaf, mut tree) = (&*source.alloc(Tree::Leaf), &*source.alloc(Tree::Leaf));
            let mut dag = None;
            for value in 0..many {
                let node = match goes_left(value) {
                    true => (Tree::Fork(tree, value, leaf), Dag { value, left: dag, right: None }),
                    false => (Tree::Fork(leaf, value, tree), Dag { value, left: None, right: dag }),
                };
                (tree, dag) = (source.alloc(node.0), Some(&*source.alloc(node.1)));
            }
            let (mut tree, mut dag) = (zcopy(&tree, &target), zcopy(&dag, &target));
            overwrite(source);
            for expected in (0..many).rev() {
                let (Tree::Fork(left, value, right), Some(node)) = (tree, dag) else { panic!() };
                assert_eq!((*value, node.value), (expected, expected));
                inside!(target; tree, node);
                (tree, dag) =
                    (if goes_left(expected) { left } else { right }, node.left.or(node.right));
            }
            assert!(matches!(tree, Tree::Leaf) && dag.is_none());
        });
    }
}

/// The nodes that a copy consists of. Fails where two ways lead to one.
fn count_apart<'a>(node: &'a Dag<'a>, zone: &Zone) -> usize {
    let (mut seen, mut rest) = (HashSet::new(), vec![node]);
    while let Some(node) = rest.pop() {
        assert!(seen.insert(&raw const *node), "shared in the copy");
        inside!(zone; node);
        rest.extend([node.left, node.right].into_iter().flatten());
    }
    seen.len()
}

#[test]
fn shared_nodes_are_duplicated_and_are_no_cycle() {
    on_a_small_stack(|| {
        let (source, target) = (Zone::new(0), Zone::new(0));
        // Both children of each node are one and the same.
        let (mut diamond, levels) = (None, if cfg!(miri) { 3 } else { 8 });
        let apart = (1 << levels) - 1;
        for value in 0..levels {
            diamond = Some(&*source.alloc(Dag { value, left: diamond, right: diamond }));
        }
        assert_eq!(count_apart(zcopy(&diamond, &target).unwrap(), &target), apart);
        // All nodes of a long list, so also those that tasks copy, share a diamond.
        let mut list = None;
        for value in 0..FEW {
            let right = if value % 20 == 0 { diamond } else { None };
            list = Some(&*source.alloc(Dag { value, left: list, right }));
        }
        let nodes = FEW + FEW.div_ceil(20) * apart as u64;
        let copy = zcopy(&list, &target).unwrap();
        assert_eq!(count_apart(copy, &target) as u64, nodes);
        // One long list twice.
        let twice = Dag { value: 0, left: list, right: list };
        assert_eq!(count_apart(zcopy(&&twice, &target), &target) as u64, 1 + 2 * nodes);
    });
}

#[test]
fn slices_far_down_take_exactly_their_size_too() {
    on_a_small_stack(|| {
        let (source, target) = (Zone::new(0), Zone::new(0));
        let list = SliceList::make(&source, FEW);
        zcopy(&list, &target);
        assert_eq!(target.used(), source.used());
    });
}

/// A loop of `len` nodes, with a tail that leads into it.
fn ring(zone: &Zone, len: u64) -> &CellList<'_> {
    let first = &*zone.alloc(CellList::make(zone, 1));
    let last = (1..len).fold(first, |last, value| {
        let next = Cell::new(None);
        let node = &*zone.alloc(CellList { value, link: next, zone: None });
        last.link.set(Some(node));
        node
    });
    last.link.set(Some(first));
    zone.alloc(CellList { value: 0, link: Cell::new(Some(first)), zone: None })
}

/// Leads back to itself through slices, tuples and `Cell`s of slices.
#[derive(DeepCopy)]
struct SliceRing<'z> {
    all: (u8, Cell<&'z [SliceRing<'z>]>),
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_loop_gives_cycle_on_a_small_stack() {
    on_a_small_stack(|| {
        let (source, target) = (Zone::new(0), Zone::new(0));
        for len in [1, 2, 3, SOME] {
            let ring = ring(&source, len);
            assert_eq!(try_zcopy(&ring, &target).err(), Some(ZoneError::Cycle), "{len} nodes");
            let result = try_beginz!(_z in &target => { Some([ring]) });
            assert_eq!(result.err(), Some(ZoneError::Cycle), "{len} nodes");
            assert!(message(|| zcopy(&ring, &target).value).contains("leads back to itself"));
        }
        let slice = &*source.alloc_slice_with(3, |_| SliceRing { all: (1, Cell::new(&[])) });
        slice[2].all.1.set(slice);
        assert_eq!(try_zcopy(&slice, &target).err(), Some(ZoneError::Cycle));
        slice[2].all.1.set(&slice[..2]);
        assert_eq!(try_zcopy(&slice, &target).map(|copy| copy[2].all.1.get().len()), Ok(2));
        // No error leaves anything behind: long copies still work.
        check_chain(zcopy(&&List::make(&source, SOME), &target), SOME, None);
        assert_eq!(zone_depth(), 0);
    });
}

/// A list with a recursion written by hand.
#[derive(Clone, Copy)]
struct Hand<'z>(Option<&'z Hand<'z>>);

by_hand! { Hand<'_> => Hand<'z>, |this, to| Ok(Hand(this.0.deep_copy(to)?)) }

fn hand(zone: &Zone, len: u64) -> Hand<'_> {
    (1..len).fold(Hand(None), |rest, _| Hand(Some(zone.alloc(rest))))
}

fn hand_len(mut at: &Hand<'_>) -> u64 {
    let mut len = 1;
    while let Some(next) = at.0 {
        (at, len) = (next, len + 1);
    }
    len
}

/// A derived list of anything.
#[derive(DeepCopy)]
struct With<'z, T> {
    item: T,
    next: Option<&'z With<'z, T>>,
}

fn with<'z, T: Copy>(zone: &'z Zone, len: u64, item: T, last: T) -> With<'z, T> {
    let last = With { item: last, next: None };
    (1..len).fold(last, |next, _| With { item, next: Some(zone.alloc(next)) })
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_hand_written_recursion_gives_too_deep_instead_of_an_overflow() {
    on_a_small_stack(|| {
        let (source, target) = (Zone::new(0), Zone::new(0));
        assert_eq!(hand_len(&zcopy(&hand(&source, 20), &target)), 20);
        let deep = hand(&source, DEEP);
        assert_eq!(try_zcopy(&deep, &target).err(), Some(ZoneError::TooDeep));
        let result = try_beginz!(z in &target => { vec![hand(z, DEEP)] });
        assert_eq!((result.err(), zone_depth()), (Some(ZoneError::TooDeep), 0));
        assert!(message(|| zcopy(&deep, &target).0.is_some()).contains("nests too deep"));
        // Short ones in a long list that is derived.
        let list = with(&source, SOME, hand(&source, 3), hand(&source, 2));
        let copy = zcopy(&list, &target);
        let nodes = std::iter::successors(Some(&copy), |node| node.next);
        assert_eq!(nodes.map(|node| hand_len(&node.item)).sum::<u64>(), SOME * 3 - 1);
    });
}

/// Copies a plain number by reference where it is nested too deep itself.
#[derive(Clone, Copy)]
struct Fussy<'z>(Option<&'z Fussy<'z>>);

by_hand! { Fussy<'_> => Fussy<'z>, |this, to| {
    let copied = this.0.deep_copy(to);
    if copied.is_err() {
        assert_eq!(try_zcopy(&Some(&7_u8), to), Ok(Some(&7)));
        assert!(try_beginz!(z in to => { z.alloc(7_u8) }).is_ok_and(|seven| *seven == 7));
    }
    copied.map(Fussy)
} }

#[test]
fn plain_data_is_copied_however_deep() {
    on_a_small_stack(|| {
        let (source, target) = (Zone::new(0), Zone::new(0));
        let fussy = (1..DEEP).fold(Fussy(None), |rest, _| Fussy(Some(source.alloc(rest))));
        assert_eq!(try_zcopy(&fussy, &target).err(), Some(ZoneError::TooDeep));
    });
}

/// Begins a copy as a task, and does not wait for it.
struct Hasty(Rc<()>);

impl<'z> DeepCopy<'z> for Hasty {
    type Copied = ();
    fn deep_copy(&self, _to: &'z Zone) -> Result<(), ZoneError> {
        Ok(())
    }
    async fn copy_later<'s>(&'s self, to: &'z Zone, work: Work<'s>) -> Result<(), ZoneError>
    where
        'z: 's,
    {
        let mut begun = pin!(Box::new((Rc::clone(&self.0),)).move_later(to, work));
        poll_fn(|context| Poll::Ready(begun.as_mut().poll(context).is_pending())).await;
        Ok(())
    }
}

#[test]
fn a_task_that_nobody_waits_for_is_dropped() {
    on_a_small_stack(|| {
        let (source, target) = (Zone::new(0), Zone::new(0));
        let hasty = Hasty(Rc::new(()));
        let list = with(&source, SOME, &hasty, &hasty);
        assert!(try_zcopy(&list, &target).is_ok());
        assert_eq!(Rc::strong_count(&hasty.0), 1);
    });
}

/// Panics, or gives an error, when it is copied.
#[derive(Clone, Copy)]
struct End(Option<ZoneError>);

by_hand! { End => End, |this, _to| Err(this.0.expect("bang in a task")) }

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_or_error_far_down_leaves_everything_usable() {
    on_a_small_stack(|| {
        let (source, target) = (Zone::new(0), Zone::new(0));
        let panics = with(&source, FEW, None, Some(End(None)));
        let errs = with(&source, FEW, None, Some(End(Some(ZoneError::Format))));
        // More often than copies may be nested.
        for _ in 0..5 {
            assert!(message(|| zcopy(&panics, &target).next.is_some()).contains("bang in a task"));
            assert_eq!(try_zcopy(&errs, &target).err(), Some(ZoneError::Format));
            assert_eq!(try_beginz!(_z in &target => { &errs }).err(), Some(ZoneError::Format));
            assert_eq!(zone_depth(), 0);
        }
        let fixed = Zone::builder().capacity(512).fixed().build();
        let list = List::make(&source, FEW);
        assert!(matches!(try_zcopy(&list, &fixed), Err(ZoneError::LimitReached { .. })));
        check_chain(&zcopy(&list, &target), FEW, Some(&target));
    });
}

fn models() -> impl Strategy<Value = Model> {
    let number = any::<Option<u64>>().prop_map(Model::Number);
    let leaf = prop_oneof![number, "[a-zü]{0,9}".prop_map(Model::Text)];
    leaf.prop_recursive(6, 64, 4, |inner| {
        let some = prop::collection::vec(inner, 0..4);
        (some, 0..5).prop_map(|(mut some, kind)| match (kind, some.pop()) {
            (1, _) => Model::Few(some.into()),
            (2, Some(one)) => Model::One(one.into()),
            (3, Some(one)) => Model::Zoned(ZBox::new(one)),
            (4, Some(one)) => Model::Pair(ZBox::new((one, [Model::Many(some)]))),
            (_, last) => Model::Many(some.into_iter().chain(last).collect()),
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
    fn any_value_equals_its_copies_and_no_trouble_harms_it(
        bytes in prop::collection::vec(any::<u8>(), 0..if cfg!(miri) { 30 } else { 100 }),
        depth in prop_oneof![Just(0_usize), 0..if cfg!(miri) { 8 } else { 300_usize }],
        manner in prop::sample::select(&[
            wild::Manner::Tame, wild::Manner::Err, wild::Manner::Throw, wild::Manner::Lie,
        ][..]),
        after in 0..6_usize,
        room in 0..3_000_usize,
    ) {
        wild::check(&bytes, depth, wild::Trouble { manner, after, room });
    }

    #[test]
    fn any_tree_equals_its_copies(model in models()) {
        shapes::check(&model);
    }
}

/// Owners deeper than the stack allows, two deep cells among them, and a cell at the end of a list: none is too deep.
#[test]
fn two_deep_cells_may_lead_to_one_at_the_end_of_a_list() {
    use std::cell::RefCell;
    use wild::{Fat, Lean};
    const LONG: usize = if cfg!(miri) { 60 } else { 600 };
    let (source, target) = (Zone::new(0), Zone::new(0));
    let mut lean = Lean::RefCell(RefCell::new(source.alloc_slice(3, 7)));
    for _ in 0..LONG {
        lean = Lean::Ref(source.alloc(lean));
    }
    let mut fat = Fat::Lean(lean);
    for _ in 0..2 {
        fat = Fat::RefCell(RefCell::new(vec![wild::wrapped(Fat::Vec(vec![fat]), LONG, &source)]));
    }
    let fat = wild::wrapped(fat, LONG, &source);
    let copied = try_zcopy(&fat, &target);
    assert_eq!(format!("{:?}", copied.unwrap()), format!("{fat:?}"));
}

/// An error on its way through a copy belongs to that copy, whatever unwinds, and whatever destructors copy
/// meanwhile.
mod errors_of_others {
    use super::*;

    /// Fails by itself, as a hand-written copy may.
    struct Deep;
    impl<'z> DeepCopy<'z> for Deep {
        type Copied = Deep;
        fn deep_copy(&self, _: &'z Zone) -> Result<Deep, ZoneError> {
            Err(ZoneError::TooDeep)
        }
    }

    /// Its destructor runs what it was told.
    #[derive(Clone, Copy)]
    struct Bomb(fn());
    struct Armed(fn());
    impl Drop for Armed {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    impl<'z> DeepCopy<'z> for Bomb {
        type Copied = Armed;
        fn deep_copy(&self, _: &'z Zone) -> Result<Armed, ZoneError> {
            Ok(Armed(self.0))
        }
    }

    #[derive(DeepCopy)]
    struct Of<T> {
        part: T,
    }

    fn small() -> Zone {
        Zone::builder().capacity(200).fixed().build()
    }

    /// Fails with `LimitReached`, when a copied `Bomb` is there already.
    fn fail(bomb: fn()) -> Option<ZoneError> {
        let large = [1_u8; 4000];
        try_zcopy(&(Bomb(bomb), &large), &small()).map(drop).err()
    }

    fn is_full(error: Option<ZoneError>) -> bool {
        matches!(error, Some(ZoneError::LimitReached { requested: 4000, .. }))
    }

    fn too_deep() -> Option<ZoneError> {
        try_zcopy(&Of { part: Deep }, &Zone::new(64)).map(drop).err()
    }

    #[test]
    #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
    fn what_a_panic_left_behind_is_nobody_elses_error() {
        assert_eq!(message(|| fail(|| panic!("bomb"))), "bomb");
        assert_eq!(too_deep(), Some(ZoneError::TooDeep));
        assert!(is_full(fail(|| ())));
    }

    #[test]
    #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
    fn nor_within_a_copy_that_has_caught_the_panic() {
        struct Catches;
        impl<'z> DeepCopy<'z> for Catches {
            type Copied = Deep;
            fn deep_copy(&self, to: &'z Zone) -> Result<Deep, ZoneError> {
                assert_eq!(message(|| fail(|| panic!("bomb"))), "bomb");
                Deep.deep_copy(to)
            }
        }
        let error = try_zcopy(&Of { part: Catches }, &Zone::new(64)).map(drop).err();
        assert_eq!(error, Some(ZoneError::TooDeep));
    }

    #[test]
    #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
    fn what_destructors_copy_meanwhile_has_its_own_errors() {
        assert!(is_full(fail(|| assert_eq!(too_deep(), Some(ZoneError::TooDeep)))));
        assert!(is_full(fail(|| assert!(is_full(fail(|| ()))))));
        assert!(is_full(fail(|| assert_eq!(message(|| fail(|| panic!("bomb"))), "bomb"))));
        assert!(is_full(fail(|| assert_eq!(zcopy(&&5_u8, &Zone::new(64)), &5))));
    }

    #[test]
    fn however_many_are_on_their_way_each_is_an_error() {
        thread_local! {
            static LEFT: Cell<u32> = const { Cell::new(20) };
        }
        fn again() {
            if let Some(left) = LEFT.get().checked_sub(1) {
                LEFT.set(left);
                // The innermost ones may say `TooDeep`.
                assert!(fail(again).is_some());
            }
        }
        assert!(is_full(fail(again)));
        assert_eq!(LEFT.get(), 0);
        assert_eq!(too_deep(), Some(ZoneError::TooDeep));
        assert!(is_full(fail(|| ())));
    }
}

/// Safe code may take a promise of plain data, and say that it has parts. It may also write a `write_at`, as only what it
/// calls is unsafe there.
#[test]
fn what_plain_data_promises_is_no_promise_of_parts() {
    use memzone::__private::{InPlace, Run};

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Word(&'static str);

    impl<'z> DeepCopy<'z> for Word {
        type Copied = Word;
        const IN_PLACE: InPlace<Self> =
            InPlace::flat().and_kept::<&'static str>(|word: &mut Word, look| look.at(&mut word.0));
        fn deep_copy(&self, _to: &'z Zone) -> Result<Word, ZoneError> {
            Ok(*self)
        }
        unsafe fn write_at(&self, _place: *mut Word, _run: &mut Run<'z>) -> bool {
            true
        }
    }

    let zone = Zone::new(64);
    let words = [Word("one"), Word("two")];
    assert_eq!(zcopy(&words, &zone), words);
    assert_eq!(*zcopy(&words[..], &zone), words);
}
