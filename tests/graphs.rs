//! Structures of any depth and any shape are copied on little stack, without the system's memory.

use memzone::rt::{self, Plan, Policy};
use memzone::{DeepCopy, Zone, ZoneError, try_zcopy, zcopy};
use std::cell::Cell;
use std::thread;

/// On a thread with a stack of 64 KiB.
fn on_a_small_stack<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let size = if cfg!(miri) { 1 << 20 } else { 64 << 10 };
    let thread = thread::Builder::new().stack_size(size).spawn(body);
    thread.expect("a thread").join().expect("no panic")
}

/// Copies in a section that denies, and says how often the system was asked.
fn denied<R>(copy: impl FnOnce() -> R) -> (R, u64) {
    rt::prepare_thread(&Plan::new()).expect("prepared");
    let section = rt::enter(Policy::Deny);
    let copied = copy();
    let report = section.report();
    let asked = rt::Request::ALL.iter().map(|&request| report.asked_for(request)).sum();
    drop(section);
    (copied, asked)
}

const MANY: u64 = if cfg!(miri) { 300 } else { 1_000_000 };

#[derive(DeepCopy, Clone, Copy)]
struct List<'z> {
    value: u64,
    next: Option<&'z List<'z>>,
}

/// The smallest node, which has no room for a note.
#[derive(DeepCopy, Clone, Copy)]
struct Bare<'z>(Option<&'z Bare<'z>>);

#[derive(DeepCopy, Clone, Copy)]
enum Term<'z> {
    Number(f64),
    Neg(&'z Term<'z>),
    Sum { left: &'z Term<'z>, right: &'z Term<'z>, sign: i8 },
    All(&'z [Term<'z>]),
    Named(&'z str, Option<&'z Term<'z>>),
}

#[derive(DeepCopy)]
struct Unique<'z> {
    value: u32,
    rest: &'z mut [Unique<'z>],
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_million_nodes_ask_nobody_on_a_small_stack() {
    on_a_small_stack(|| {
        let source = Zone::new(0);
        let mut list: Option<&List<'_>> = None;
        for value in 0..MANY {
            list = Some(source.alloc(List { value, next: list }));
        }
        let target = Zone::new(80 * MANY as usize);
        let (copy, asked) = denied(|| try_zcopy(&list, &target));
        assert_eq!(asked, 0);
        let (mut at, mut left) = (copy.unwrap(), MANY);
        while let Some(node) = at {
            left -= 1;
            assert!(node.value == left && target.contains(node));
            at = node.next;
        }
        assert_eq!(left, 0);
    });
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn nodes_without_room_for_a_note_too() {
    on_a_small_stack(|| {
        let source = Zone::new(0);
        let mut list = Bare(None);
        for _ in 0..MANY {
            list = Bare(Some(source.alloc(list)));
        }
        let target = Zone::new(40 * MANY as usize);
        let (copy, asked) = denied(|| try_zcopy(&list, &target));
        let copy = copy.unwrap();
        let nodes = std::iter::successors(Some(&copy), |node| node.0);
        assert_eq!((nodes.count() as u64, asked), (MANY + 1, 0));
    });
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn enums_combs_and_slices_too() {
    on_a_small_stack(|| {
        let source = Zone::new(0);
        let mut term: &Term<'_> = source.alloc(Term::Number(0.0));
        let mut unique: &mut [Unique<'_>] = &mut [];
        for n in 1..MANY {
            let leaf = &*source.alloc(Term::Number(n as f64));
            term = source.alloc(match n % 5 {
                0 => Term::Neg(term),
                1 => Term::Sum { left: term, right: leaf, sign: 1 },
                2 => Term::Sum { left: leaf, right: term, sign: -1 },
                3 => Term::All(source.alloc_slice_copy(&[*leaf, *term, *leaf])),
                _ => Term::Named("term", Some(term)),
            });
            if n % 10 == 0 {
                unique = source.alloc_iter([Unique { value: n as u32, rest: unique }]);
            }
        }
        let target = Zone::new(300 * MANY as usize);
        let ((copy, slices), asked) =
            denied(|| (try_zcopy(&term, &target).unwrap(), try_zcopy(&*unique, &target).unwrap()));
        assert_eq!(asked, 0);
        let (mut at, mut n) = (copy, MANY);
        loop {
            n -= 1;
            assert!(target.contains(at));
            let is = |leaf: &Term<'_>| matches!(leaf, Term::Number(number) if *number == n as f64);
            at = match (n % 5, at) {
                (0, Term::Neg(term)) if n > 0 => term,
                (1, Term::Sum { left, right, sign: 1 }) if is(right) => left,
                (2, Term::Sum { left, right, sign: -1 }) if is(left) => right,
                (3, Term::All([first, term, last])) if is(first) && is(last) => term,
                (4, Term::Named("term", Some(term))) => term,
                (0, Term::Number(0.0)) if n == 0 => break,
                _ => panic!("another term at {n}"),
            };
        }
        let (mut items, mut count) = (&*slices, 0);
        while let [item] = items {
            assert!(item.value % 10 == 0);
            (items, count) = (&*item.rest, count + 1);
        }
        assert_eq!(count, (MANY - 1) / 10);
    });
}

#[derive(DeepCopy, Clone, Copy)]
struct Tree<'z> {
    value: u64,
    left: Option<&'z Tree<'z>>,
    right: Option<&'z Tree<'z>>,
}

fn tree<'z>(zone: &'z Zone, levels: u32) -> Option<&'z Tree<'z>> {
    let below = |_| tree(zone, levels - 1);
    let [left, right] = if levels == 0 { return None } else { [0, 1].map(below) };
    Some(zone.alloc(Tree { value: levels.into(), left, right }))
}

/// What is shared is no circle, wherever it is met again: after any number of nodes, and in any order.
#[test]
fn what_is_shared_is_copied_anew_and_is_no_cycle() {
    let source = Zone::new(0);
    let shared = tree(&source, if cfg!(miri) { 4 } else { 8 });
    let mut list: &Tree<'_> = source.alloc(Tree { value: 0, left: shared, right: shared });
    for value in 1..(if cfg!(miri) { 20 } else { 4_000 }) {
        list = source.alloc(match value % 3 {
            0 => Tree { value, left: Some(list), right: shared },
            1 => Tree { value, left: shared, right: Some(list) },
            _ => Tree { value, left: Some(list), right: None },
        });
    }
    let target = Zone::new(0);
    let copy = zcopy(&list, &target);
    assert_eq!(copy.value, list.value);
    assert!(target.used() > source.used());
}

/// Loops of any length, in a zone that grows.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_cycle_is_found_within_some_times_its_size() {
    #[derive(DeepCopy)]
    struct Ring<'z> {
        name: [u64; 4],
        twig: Option<&'z Tree<'z>>,
        next: Cell<Option<&'z Ring<'z>>>,
    }
    on_a_small_stack(|| {
        let lengths: &[u64] =
            if cfg!(miri) { &[1, 30] } else { &[1, 2, 3, 100, 700, 5_000, 50_000, 300_000] };
        for &length in lengths {
            let source = Zone::new(0);
            let twig = tree(&source, 2);
            let make = |n| Ring { name: [n; 4], twig, next: Cell::new(None) };
            let first = &*source.alloc(make(0));
            let mut last = first;
            for n in 1..length {
                let node = &*source.alloc(make(n));
                last.next.set(Some(node));
                last = node;
            }
            last.next.set(Some(first));
            let target = Zone::new(0);
            assert_eq!(try_zcopy(&first, &target).err(), Some(ZoneError::Cycle), "{length} nodes");
            let size = length as usize * (64 + 3 * 32);
            let took = target.high_water();
            assert!(took <= 10 * size + (96 << 10), "{took} bytes for {size}");
        }
    });
}
