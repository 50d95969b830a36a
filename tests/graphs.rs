//! Structures of any depth and any shape are copied on little stack, without the system's memory.

// The derive's own unsafe code is no concern of a crate that has none.
#![forbid(unsafe_code)]

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
        let lengths: &[u64] = if cfg!(miri) {
            &[1, 30]
        } else {
            &[1, 2, 3, 100, 700, 5_000, 8_200, 34_000, 50_000, 300_000]
        };
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
            let size = length as usize * (size_of::<Ring>() + 3 * size_of::<Tree>());
            let took = target.high_water();
            assert!(took <= 10 * size + (96 << 10), "{took} bytes for {size}");
        }
    });
}

/// Where each value leads to two, there are circles of all kinds: behind what ends, beside other circles, and behind so many
/// ways that no copy has time for all.
#[test]
fn a_cycle_is_found_among_endless_ways() {
    /// `user` has code that the copy cannot take back, so it is not made a second time.
    #[derive(DeepCopy)]
    struct Two<'z, U> {
        edges: Cell<[Option<&'z Two<'z, U>>; 2]>,
        user: U,
    }
    #[derive(DeepCopy)]
    struct Last<'z, U> {
        user: U,
        one: Cell<Option<&'z Last<'z, U>>>,
        two: Cell<Option<&'z Last<'z, U>>>,
    }
    fn has_circle(edges: &[[usize; 2]], at: usize, way: &mut Vec<usize>) -> bool {
        if at >= edges.len() || way.contains(&at) {
            return at < edges.len();
        }
        way.push(at);
        let has = edges[at].iter().any(|&to| has_circle(edges, to, way));
        way.pop();
        has
    }
    fn check<U: Copy + for<'z> DeepCopy<'z, Copied = U>>(edges: &[[usize; 2]], user: U) {
        let source = Zone::new(0);
        let two = || &*source.alloc(Two { edges: Cell::new([None; 2]), user });
        let last = || &*source.alloc(Last { user, one: Cell::new(None), two: Cell::new(None) });
        let made: Vec<_> = edges.iter().map(|_| (two(), last())).collect();
        for ((two, last), edges) in made.iter().zip(edges) {
            two.edges.set(edges.map(|to| made.get(to).map(|node| node.0)));
            last.one.set(made.get(edges[0]).map(|node| node.1));
            last.two.set(made.get(edges[1]).map(|node| node.1));
        }
        let has = has_circle(edges, 0, &mut Vec::new());
        let target = Zone::new(0);
        let copied = try_zcopy(&made[0].0, &target).map(|_| ());
        assert_eq!(copied, if has { Err(ZoneError::Cycle) } else { Ok(()) }, "{edges:?}");
        let copied = try_zcopy(&made[0].1, &target).map(|_| ());
        assert_eq!(copied, if has { Err(ZoneError::Cycle) } else { Ok(()) }, "{edges:?}");
        assert!(target.high_water() < 16 << 20, "{} {edges:?}", target.high_water());
    }
    let mut all: Vec<Vec<[usize; 2]>> = vec![
        vec![[4, 0], [3, 3], [1, 4], [4, 2], [2, 1]],
        vec![[2, 0], [5, 3], [4, 6], [6, 6], [1, 1], [4, 4], [5, 1]],
        vec![[9, 5], [6, 6], [5, 9], [1, 3], [6, 4], [5, 7], [1, 6], [3, 7]],
        vec![[1, 0], [9, 1]],
    ];
    if !cfg!(miri) {
        let pairs = (0..9).map(|n| [n % 3, n / 3]);
        all.extend(pairs.clone().flat_map(|one| pairs.clone().map(move |two| vec![one, two])));
    }
    // The last one is found soonest.
    let all = if cfg!(miri) { all.split_off(all.len() - 1) } else { all };
    for edges in &all {
        check(edges, 1_u8);
        check(edges, memzone::Keep("kept"));
    }
}

/// Copies of graphs in which what is shared stays shared.
mod shared {
    use super::*;
    use memzone::{
        Shared, ZBox, beginz, try_beginz, try_zcopy_shared, try_zcopy_within, zcopy_shared,
    };
    use std::ptr;

    #[derive(DeepCopy)]
    struct Node<'z> {
        value: u64,
        edges: Cell<[Option<&'z Node<'z>>; 2]>,
        shared: &'z Cell<u32>,
    }

    fn nodes<'z>(zone: &'z Zone, values: u64) -> Vec<&'z Node<'z>> {
        let shared = &*zone.alloc(Cell::new(7));
        let node = |value| &*zone.alloc(Node { value, edges: Cell::new([None; 2]), shared });
        (0..values).map(node).collect()
    }

    /// Each reference in an owner is a run of its own. They have one table.
    #[test]
    fn what_owners_lead_to_is_shared_too() {
        #[derive(DeepCopy)]
        struct Patch<'z> {
            name: String,
            nodes: Vec<&'z Node<'z>>,
            first: Box<Option<&'z Node<'z>>>,
            outlet: &'z Node<'z>,
        }
        let source = Zone::new(0);
        let made = nodes(&source, 3);
        made[0].edges.set([Some(made[1]), Some(made[2])]);
        made[2].edges.set([Some(made[0]), None]);
        let make = || Patch {
            name: String::from("bells"),
            nodes: vec![made[0], made[1], made[0]],
            first: Box::new(Some(made[2])),
            outlet: made[1],
        };
        let target = Zone::new(0);
        let moved: Patch<'_> = beginz!(_z in &target => Shared(make()));
        let copied = memzone::zcopy(&Shared(make()), &target);
        for copy in [moved, copied] {
            let [one, other, again] = copy.nodes[..] else { panic!("three nodes") };
            assert_eq!(copy.name, "bells");
            assert!(target.contains(one) && [one, other].map(|node| node.value) == [0, 1]);
            // With `tracing` code of the user's may run in between.
            let is_one = !cfg!(feature = "tracing");
            let [left, right] = one.edges.get();
            let pairs = [
                (one, again),
                (left.unwrap(), other),
                (right.unwrap(), copy.first.unwrap()),
                (other, copy.outlet),
            ];
            for (index, (a, b)) in pairs.into_iter().enumerate() {
                assert_eq!(ptr::eq(a, b), is_one, "pair {index}");
            }
            assert_eq!(ptr::eq(one.shared, copy.outlet.shared), is_one);
            assert!(ptr::eq(right.unwrap().edges.get()[0].unwrap(), one));
        }
    }

    /// Code of the user's may run between two runs: then each has an empty table.
    #[test]
    fn owners_share_nothing_where_other_code_may_run() {
        struct Hand;
        impl<'z> DeepCopy<'z> for Hand {
            type Copied = Hand;
            fn deep_copy(&self, _to: &'z Zone) -> Result<Hand, memzone::ZoneError> {
                Ok(Hand)
            }
        }
        #[derive(DeepCopy)]
        struct Dropped<'z>(&'z u32);
        impl Drop for Dropped<'_> {
            fn drop(&mut self) {}
        }
        let target = Zone::new(0);
        macro_rules! is_shared_beside {
            ($other:expr) => {{
                let copy = beginz!(_z in &target => Shared((vec![&7_u64; 2], $other)));
                assert_eq!(*copy.0[0], 7);
                ptr::eq(copy.0[0], copy.0[1])
            }};
        }
        assert_eq!(is_shared_beside!(String::new()), !cfg!(feature = "tracing"));
        // Slices and texts too.
        let (words, samples) = (vec!["text"; 2], vec![&[0.5_f32; 4][..]; 2]);
        let copy = beginz!(_z in &target => Shared((words, samples)));
        let are_shared = (ptr::eq(copy.0[0], copy.0[1]), ptr::eq(copy.1[0], copy.1[1]));
        let expected = !cfg!(feature = "tracing");
        assert_eq!(
            (are_shared, copy.0[1], copy.1[1]),
            ((expected, expected), "text", &[0.5; 4][..])
        );
        assert!(!is_shared_beside!(Hand));
        assert!(!is_shared_beside!(Dropped(&1)));
        assert!(!is_shared_beside!(std::cell::RefCell::new(1)));
        assert!(!is_shared_beside!(vec![Dropped(&1)]));
    }

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "needs threads")]
    fn a_graph_of_a_million_nodes_is_that_many_copies_and_asks_nobody() {
        on_a_small_stack(|| {
            let source = Zone::new(0);
            let count = MANY / 10;
            let made = nodes(&source, count);
            for (index, node) in made.iter().enumerate() {
                let to = |step: usize| Some(made[(index * step + 1) % made.len()]);
                node.edges.set([to(1), to(3)]);
            }
            let target = Zone::new(2 * source.used());
            rt::prepare_thread(&Plan::new().scopes(1, 700 * count as usize)).expect("prepared");
            let section = rt::enter(Policy::Deny);
            let copy = try_zcopy_shared(made[0], &target);
            let report = section.report();
            let asked: u64 = rt::Request::ALL.iter().map(|&r| report.asked_for(r)).sum();
            drop(section);
            let copy = copy.unwrap();
            assert_eq!(asked, 0);
            // Deferred places are no smaller than a note.
            assert!(target.used() <= source.used() + 64, "{} {}", target.used(), source.used());
            let mut at = copy;
            for n in 1..=count {
                let next = at.edges.get()[0].unwrap();
                assert_eq!(next.value, n % count);
                assert!(target.contains(next) && ptr::eq(next.shared, copy.shared));
                at = next;
            }
            assert!(ptr::eq(at, copy));
            copy.shared.set(8);
            assert_eq!((at.shared.get(), made[0].shared.get()), (8, 7));
        });
    }

    #[test]
    fn edges_into_slices_lead_into_the_slices_copy() {
        #[derive(DeepCopy)]
        struct Graph<'z> {
            nodes: &'z [Vertex<'z>],
            first: &'z Vertex<'z>,
            text: &'z str,
            word: &'z str,
        }
        #[derive(DeepCopy)]
        struct Vertex<'z> {
            to: Cell<Option<&'z Vertex<'z>>>,
        }
        let target = Zone::new(0);
        let copy = {
            let source = Zone::new(0);
            let nodes: &[Vertex<'_>] =
                source.alloc_iter((0..5).map(|_| Vertex { to: Cell::new(None) }));
            for (index, node) in nodes.iter().enumerate() {
                node.to.set(Some(&nodes[(index + 1) % 5]));
            }
            let text: &str = source.alloc_str("word by word");
            let graph = Graph { nodes, first: &nodes[2], text, word: text };
            zcopy_shared(&graph, &target)
        };
        for (index, node) in copy.nodes.iter().enumerate() {
            assert!(ptr::eq(node.to.get().unwrap(), &copy.nodes[(index + 1) % 5]));
        }
        assert!(ptr::eq(copy.first, &copy.nodes[2]));
        assert!(ptr::eq(copy.text, copy.word) && copy.text == "word by word");
    }

    #[test]
    fn a_graph_leaves_its_scope() {
        let outer = Zone::new(0);
        let first: &Node<'_> = beginz!(z in &outer => {
            let made = nodes(z, 3);
            for (index, node) in made.iter().enumerate() {
                node.edges.set([Some(made[(index + 1) % 3]), Some(node)]);
            }
            Shared(made[0])
        });
        let [second, itself] = first.edges.get().map(Option::unwrap);
        assert!(ptr::eq(itself, first) && ptr::eq(second.edges.get()[1].unwrap(), second));
        assert_eq!(second.value, 1);
        // Without it the message says how.
        let error =
            try_beginz!(_z in &outer => first).map(|node: &Node<'_>| node.value).unwrap_err();
        assert_eq!(error, ZoneError::Cycle);
        assert!(error.to_string().contains("zcopy_shared"));
    }

    /// What owns is copied by value. What each of its references leads to is shared within that reference's copy.
    #[test]
    fn each_reference_in_an_owner_is_a_copy_of_its_own() {
        let source = Zone::new(0);
        let made = nodes(&source, 2);
        made[0].edges.set([Some(made[1]), Some(made[1])]);
        let owner = (vec![made[0], made[1]], Box::new(made[1]), ZBox::new(5_u8));
        let target = Zone::new(0);
        let copy = beginz!(_z in &target => { Shared(owner) });
        let [Some(one), Some(other)] = copy.0[0].edges.get() else { panic!("both are set") };
        assert!(ptr::eq(one, other) && target.contains(one));
        assert!(!ptr::eq(copy.0[1], *copy.1) && !ptr::eq(one, *copy.1));
    }

    /// A `&mut` leads to what nothing else leads to, even where it has the address of something else.
    #[test]
    fn what_is_unique_stays_unique() {
        #[derive(DeepCopy)]
        struct Pair<'z> {
            unique: &'z mut [u32; 2],
            other: &'z mut (),
            same: &'z mut (),
        }
        let (mut unique, mut a, mut b) = ([1, 2], (), ());
        let target = Zone::new(0);
        let pair = Pair { unique: &mut unique, other: &mut a, same: &mut b };
        let copy = beginz!(_z in &target => Shared(pair));
        copy.unique[0] = 5;
        (*copy.other, *copy.same) = ((), ());
        assert_eq!(*copy.unique, [5, 2]);
    }

    /// Two ways to one `&mut`, by references of two types, make two copies: each has a place of its own.
    #[test]
    fn what_is_unique_is_not_looked_up() {
        #[derive(DeepCopy)]
        struct Holder<'z>(&'z mut u32, &'z mut [u32], &'z mut str);
        #[derive(DeepCopy)]
        struct Ways<'z> {
            whole: &'z Holder<'z>,
            one: &'z &'z mut u32,
            many: &'z &'z mut [u32],
            text: &'z &'z mut str,
        }
        let source = Zone::new(0);
        let (one, many) = (source.alloc(1), source.alloc_slice(3, 2));
        let whole = &*source.alloc(Holder(one, many, source.alloc_str("text")));
        let ways = Ways { whole, one: &whole.0, many: &whole.1, text: &whole.2 };
        let target = Zone::new(0);
        let copy = zcopy_shared(&ways, &target);
        let Holder(one, many, text) = copy.whole;
        assert_eq!((**one, &**many, &**text), (1, &[2; 3][..], "text"));
        assert_eq!((**copy.one, &**copy.many, &**copy.text), (1, &[2; 3][..], "text"));
        assert!(!ptr::eq(&**one, &**copy.one) && !ptr::eq(many.as_ptr(), copy.many.as_ptr()));
        assert!(!ptr::eq(text.as_ptr(), copy.text.as_ptr()));
    }

    #[test]
    fn an_exponential_copy_is_bounded_and_gives_back_what_it_took() {
        let source = Zone::new(0);
        let mut node: &Tree<'_> = source.alloc(Tree { value: 0, left: None, right: None });
        for value in 1..40 {
            node = source.alloc(Tree { value, left: Some(node), right: Some(node) });
        }
        let target = Zone::new(0);
        let budget = if cfg!(miri) { 1 << 13 } else { 1 << 20 };
        let error = try_zcopy_within(&node, &target, budget).map(|_| ()).unwrap_err();
        assert_eq!(error, ZoneError::OverBudget { budget });
        assert!(error.to_string().contains("zcopy_shared"));
        assert_eq!(target.used() == 0, !cfg!(feature = "tracing"));
        assert!(target.high_water() < 2 << 20);
        let before = target.used();
        let mut copy = zcopy_shared(node, &target);
        assert!(target.used() - before <= source.used() + 64);
        while let (Some(left), Some(right)) = (copy.left, copy.right) {
            assert!(ptr::eq(left, right));
            copy = left;
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            cases: if cfg!(miri) { 4 } else { 256 },
            failure_persistence: None,
            ..Default::default()
        })]
        /// To each node belongs one copy, edges lead alike, and a limit at any byte leaves an error or all of it.
        #[test]
        fn any_graph_is_copied_as_it_is(
            edges in proptest::collection::vec((0..12_usize, 0..12_usize), 1..10),
            room in 0..1_500_usize,
        ) {
            let source = Zone::new(0);
            let made = nodes(&source, edges.len() as u64);
            for (node, &(left, right)) in made.iter().zip(&edges) {
                node.edges.set([left, right].map(|to| made.get(to).copied()));
            }
            let check = |copy: &Node<'_>, zone: &Zone| {
                let (mut copies, mut todo) = (vec![None; made.len()], vec![(made[0], copy)]);
                while let Some((node, copy)) = todo.pop() {
                    let known = copies[node.value as usize].replace(&raw const *copy as usize);
                    assert!(copy.value == node.value && zone.contains(copy));
                    if let Some(known) = known {
                        assert_eq!(known, &raw const *copy as usize);
                        continue;
                    }
                    for (to, copied) in node.edges.get().into_iter().zip(copy.edges.get()) {
                        assert_eq!(to.is_some(), copied.is_some());
                        todo.extend(to.zip(copied));
                    }
                }
                copies.sort();
                copies.retain(Option::is_some);
                let count = copies.len();
                copies.dedup();
                assert_eq!(copies.len(), count);
            };
            let fixed = Zone::builder().capacity(room).fixed().build();
            match try_zcopy_shared(made[0], &fixed) {
                Ok(copy) => check(copy, &fixed),
                Err(error) => {
                    assert!(matches!(error, ZoneError::LimitReached { .. }));
                    assert!(cfg!(feature = "tracing") || fixed.used() == 0);
                }
            }
            let target = Zone::new(0);
            check(zcopy_shared(made[0], &target), &target);
            check(beginz!(_z in &target => Shared(made[0])), &target);
        }
    }

    /// Code written by hand sees finished copies only, and they are shared with nothing.
    #[test]
    fn hand_written_code_copies_by_itself() {
        struct Hand<'z>(&'z Node<'z>);
        impl<'z> DeepCopy<'z> for Hand<'_> {
            type Copied = Hand<'z>;
            fn deep_copy(&self, to: &'z Zone) -> Result<Hand<'z>, ZoneError> {
                // It leads back to what is being copied: a circle without a table.
                assert_eq!(try_zcopy(self.0, to).map(|_| ()).err(), Some(ZoneError::Cycle));
                let edges = self.0.edges.replace([None; 2]);
                let copied = self.0.deep_copy(to)?;
                self.0.edges.set(edges);
                Ok(Hand(to.try_alloc(copied)?))
            }
        }
        #[derive(DeepCopy)]
        struct Both<'z, H> {
            node: &'z Node<'z>,
            hand: &'z H,
        }
        let source = Zone::new(0);
        let made = nodes(&source, 1);
        made[0].edges.set([Some(made[0]), None]);
        let hand = Hand(made[0]);
        let target = Zone::new(0);
        let copy = zcopy_shared(&Both { node: made[0], hand: &hand }, &target);
        assert!(ptr::eq(copy.node.edges.get()[0].unwrap(), copy.node));
        assert!(!ptr::eq(copy.hand.0, copy.node) && copy.hand.0.edges.get()[0].is_none());
    }
}

/// Two references may give one value two types, with a shorter and a longer lifetime. If its copy is of another type, to
/// which something of that lifetime can be written, each gets a copy of its own.
#[test]
fn what_two_lifetimes_lead_to_is_copied_for_each() {
    use memzone::zcopy_shared;
    use std::marker::PhantomData;
    #[derive(Clone, Copy)]
    struct Reads<'l>(u32, PhantomData<&'l u64>);
    struct Writes<'l>(u32, Cell<Option<&'l u64>>);
    impl<'z, 'l: 'z> DeepCopy<'z> for Reads<'l> {
        type Copied = Writes<'l>;
        fn deep_copy(&self, _to: &'z Zone) -> Result<Writes<'l>, ZoneError> {
            Ok(Writes(self.0, Cell::new(None)))
        }
    }
    #[derive(DeepCopy)]
    struct Has<'z, T, U: ?Sized> {
        inside: (T, u8),
        behind: &'z U,
        same: &'z str,
    }
    fn copies<'s: 'z, 'z>(short: &'s u64, to: &'z Zone) -> [Option<&'static u64>; 5] {
        let all: [Reads<'static>; 2] = [Reads(1, PhantomData), Reads(2, PhantomData)];
        let has: &Has<'_, Reads<'static>, [Reads<'static>]> =
            &Has { inside: (all[0], 1), behind: &all, same: "same" };
        let long: (&Reads<'static>, &[Reads<'static>], &Option<&Reads<'static>>, _) =
            (&all[0], &all, &Some(&all[1]), has);
        let brief: (
            &Reads<'s>,
            &[Reads<'s>],
            &Option<&Reads<'s>>,
            &Has<'_, Reads<'s>, [Reads<'s>]>,
        ) = (long.0, long.1, long.2, long.3);
        let (long, brief) = zcopy_shared(&(long, brief), to);
        brief.0.1.set(Some(short));
        brief.1.iter().for_each(|copy| copy.1.set(Some(short)));
        brief.2.expect("one").1.set(Some(short));
        brief.3.inside.0.1.set(Some(short));
        brief.3.behind.iter().for_each(|copy| copy.1.set(Some(short)));
        assert_eq!((long.0.0, long.1[1].0, long.3.inside.0.0), (1, 2, 1));
        // What has no lifetime but the zone's is one.
        assert!(std::ptr::eq(long.3.same, brief.3.same));
        let long_2 = long.2.expect("one");
        [&long.0.1, &long.1[0].1, &long_2.1, &long.3.inside.0.1, &long.3.behind[1].1].map(Cell::get)
    }
    let zone = Zone::new(4096);
    let short = Box::new(5);
    assert_eq!(copies(&short, &zone), [None; 5]);
}

/// What has no bytes has no address of its own: two slices of it may begin at one, and are not as long.
#[test]
fn slices_of_what_has_no_bytes_are_not_found_again() {
    use memzone::zcopy_shared;
    struct Unit;
    impl<'z> DeepCopy<'z> for Unit {
        type Copied = u64;
        fn deep_copy(&self, _to: &'z Zone) -> Result<u64, ZoneError> {
            Ok(7)
        }
    }
    let units = [const { Unit }; 5];
    let zone = Zone::new(0);
    let copy = zcopy_shared(&(&units[..2], &units[..], &units[..1], &units[1]), &zone);
    assert_eq!(*copy, (&[7; 2][..], &[7; 5][..], &[7][..], &7));
}

/// Slices that begin at one address, and the value that lies there, are found by how many there are.
#[test]
fn slices_of_all_lengths_are_told_apart() {
    use memzone::zcopy_shared;
    use std::ptr;
    let (source, zone) = (Zone::new(0), Zone::new(0));
    let item = List { value: 1, next: None };
    let items = &*source.alloc_slice_with(3, |_| List { value: 2, next: Some(&item) });
    let slices = (&items[..1], items, &items[0], &items[..1], &items[1..], items);
    let copy = zcopy_shared(&slices, &zone);
    let lengths = (copy.0.len(), copy.1.len(), copy.3.len(), copy.4.len(), copy.5.len());
    assert_eq!(lengths, (1, 3, 1, 2, 3));
    assert!(copy.0.as_ptr() != copy.1.as_ptr() && copy.1.iter().all(|item| item.value == 2));
    assert!(ptr::eq(copy.0, copy.3) && ptr::eq(copy.1, copy.5));
    assert!(
        ptr::eq(&copy.0[0], copy.2) && ptr::eq(copy.0[0].next.unwrap(), copy.5[2].next.unwrap())
    );
}

/// A value and its first part have one address, and are two values.
#[test]
fn types_at_one_address_are_told_apart() {
    use memzone::zcopy_shared;
    #[derive(DeepCopy)]
    struct Two<'z> {
        first: List<'z>,
        second: List<'z>,
    }
    let list = |value| List { value, next: None };
    let (two, zone) = (Two { first: list(1), second: list(2) }, Zone::new(0));
    let copy = zcopy_shared(&(&two.first, &two, &two.first, &two), &zone);
    assert_eq!((copy.0.value, copy.1.first.value, copy.1.second.value), (1, 1, 2));
    assert!(std::ptr::eq(copy.0, copy.2) && std::ptr::eq(copy.1, copy.3));
    assert!(!std::ptr::eq(copy.0, &copy.1.first));
}

/// Places for what needs a large alignment are the zone's to give, also where each value is looked up.
#[test]
fn copies_that_are_found_again_are_aligned() {
    use memzone::zcopy_shared;
    #[derive(DeepCopy)]
    #[repr(align(64))]
    struct Wide<'z> {
        value: &'z u64,
        next: Option<&'z Wide<'z>>,
    }
    let (source, zone) = (Zone::new(0), Zone::new(0));
    let mut last: Option<&Wide<'_>> = None;
    for value in 0..20 {
        let value = &*source.alloc(value);
        last = Some(source.alloc(Wide { value, next: last }));
    }
    let mut copy = zcopy_shared(&(last, last), &zone).1;
    for value in (0..20).rev() {
        let node = copy.unwrap();
        assert_eq!((std::ptr::from_ref(node).addr() % 64, *node.value), (0, value));
        copy = node.next;
    }
}

/// A circle is said to be one also where the zone is too small for many rounds.
#[test]
fn a_cycle_in_a_fixed_zone_is_a_cycle() {
    #[derive(DeepCopy)]
    struct Ring<'z>(u64, Cell<Option<&'z Ring<'z>>>);
    let source = Zone::new(0);
    let first = &*source.alloc(Ring(0, Cell::new(None)));
    let mut last = first;
    for n in 1..10 {
        let node = &*source.alloc(Ring(n, Cell::new(None)));
        last.1.set(Some(node));
        last = node;
    }
    last.1.set(Some(first));
    let undone = !cfg!(feature = "tracing");
    for (bytes, is_seen) in [(100, false), (2_000, true), (1 << 20, true)] {
        let fixed = Zone::builder().capacity(bytes).fixed().build();
        let error = try_zcopy(&first, &fixed).map(|_| ()).unwrap_err();
        let small = matches!(error, ZoneError::LimitReached { .. });
        assert!((error == ZoneError::Cycle) == (is_seen && (undone || bytes > 2_000)), "{error}");
        assert!(small || error == ZoneError::Cycle);
        assert!(!undone || fixed.used() == 0);
        let error = memzone::try_beginz!(_z in &fixed => (first, 1_u8)).map(|_| ()).unwrap_err();
        assert_eq!(error == ZoneError::Cycle, is_seen && (undone || bytes > 2_000));
    }
}

/// What a copy that failed has noted is forgotten: its copies will never be finished.
#[test]
fn a_copy_that_is_made_again_after_an_error_finds_no_unfinished_copies() {
    use memzone::Shared;
    struct Stubborn<'z>(&'z List<'z>);
    impl<'z> DeepCopy<'z> for Stubborn<'_> {
        type Copied = &'z List<'z>;
        fn deep_copy(&self, to: &'z Zone) -> Result<&'z List<'z>, ZoneError> {
            // Each copy by code that is written by hand is one of its own.
            let (one, other) = (self.0.deep_copy(to)?, DeepCopy::deep_copy(&self.0, to)?);
            assert!(!std::ptr::eq(one.next.unwrap(), other.next.unwrap()));
            Ok(other)
        }
        fn move_out(self, to: &'z Zone) -> Result<&'z List<'z>, ZoneError> {
            // To a zone that ends before the target does.
            let other = Zone::new(0);
            assert!(other.contains(DeepCopy::deep_copy(&self.0, &other)?));
            drop(other);
            // There is too little room, and then there is enough.
            let refused =
                self.0.deep_copy(&Zone::builder().capacity(100).fixed().build()).map(|_| ());
            assert!(matches!(refused, Err(ZoneError::LimitReached { .. })));
            let again = DeepCopy::deep_copy(&self.0, to)?;
            assert!(!std::ptr::eq(again, DeepCopy::deep_copy(&self.0, to)?));
            Ok(again)
        }
    }
    let source = Zone::new(0);
    let mut list = &*source.alloc(List { value: 0, next: None });
    for value in 1..20 {
        list = source.alloc(List { value, next: Some(list) });
    }
    let target = Zone::new(0);
    zcopy(&Shared(Stubborn(list)), &target);
    let mut at: &List<'_> = memzone::beginz!(_z in &target => Shared(Stubborn(list)));
    for value in (0..20).rev() {
        assert!(at.value == value && target.contains(at));
        at = at.next.unwrap_or(at);
    }
}

/// The same in the target itself, which has no more room: what was being copied then is no copy.
#[test]
fn what_an_error_has_left_unfinished_is_not_found_again() {
    use memzone::Shared;
    struct Again<'z>(Vec<&'z List<'z>>);
    impl<'z> DeepCopy<'z> for Again<'_> {
        type Copied = usize;
        fn deep_copy(&self, _to: &'z Zone) -> Result<usize, ZoneError> {
            unreachable!("it moves")
        }
        fn move_out(self, to: &'z Zone) -> Result<usize, ZoneError> {
            let first = self.0.last().expect("there are some");
            assert!(matches!(DeepCopy::deep_copy(first, to), Err(ZoneError::LimitReached { .. })));
            let mut found = 0;
            for (rest, node) in self.0.iter().enumerate() {
                if let Ok(copy) = DeepCopy::deep_copy(node, to) {
                    let nodes = std::iter::successors(Some(copy), |node| node.next);
                    assert_eq!(nodes.count(), rest + 1);
                    found += 1;
                }
            }
            Ok(found)
        }
    }
    let (source, mut list) = (Zone::new(0), Vec::new());
    for value in 0..20 {
        list.push(&*source.alloc(List { value, next: list.last().copied() }));
    }
    let target = Zone::builder().capacity(200).fixed().build();
    let found = memzone::try_beginz!(_z in &target => Shared(Again(list)));
    // What a failed copy has taken is given back, so the first ones fit.
    let some_fit = !cfg!(feature = "tracing");
    assert_eq!(found.map(|found| found != 0), Ok(some_fit));
}

/// Where a zone goes back after an error, what had been copied whole by then is no copy any more either.
#[test]
fn what_was_given_back_after_an_error_is_not_found_again() {
    use memzone::Shared;
    struct Retry<'z>(&'z List<'z>, &'z str);
    impl<'z> DeepCopy<'z> for Retry<'_> {
        type Copied = &'z List<'z>;
        fn deep_copy(&self, _to: &'z Zone) -> Result<&'z List<'z>, ZoneError> {
            unreachable!("it moves")
        }
        fn move_out(self, to: &'z Zone) -> Result<&'z List<'z>, ZoneError> {
            let before = to.used();
            // The list's copy is finished, the text does not fit.
            let refused = memzone::try_beginz!(z in to => (self.0, z.vec::<u8>(), self.1));
            assert!(matches!(refused, Err(ZoneError::LimitReached { .. })));
            assert_eq!(to.used() == before, !cfg!(feature = "tracing"));
            let others = to.try_alloc([7_u64; 8])?;
            let copy = DeepCopy::deep_copy(&self.0, to)?;
            others.fill(8);
            assert!(copy.value == 1 && copy.next.is_some_and(|next| next.value == 0));
            assert_eq!(*others, [8; 8]);
            Ok(copy)
        }
    }
    let (source, text) = (Zone::new(0), "much too long ".repeat(100));
    let list = &*source.alloc(List { value: 0, next: None });
    let list = &*source.alloc(List { value: 1, next: Some(list) });
    let target = Zone::builder().capacity(400).fixed().build();
    let copy = memzone::beginz!(_z in &target => Shared(Retry(list, &text)));
    assert!(target.contains(copy) && copy.value == 1);
}

/// Where a value lay that is gone, there may be another one, whose type differs in a lifetime that its copy keeps.
#[test]
fn what_has_taken_a_copied_values_place_is_copied_itself() {
    use memzone::{Keep, Shared};
    struct Forger;
    impl<'z> DeepCopy<'z> for Forger {
        type Copied = &'static u32;
        fn deep_copy(&self, _to: &'z Zone) -> Result<&'static u32, ZoneError> {
            unreachable!("it moves")
        }
        fn move_out(self, to: &'z Zone) -> Result<&'static u32, ZoneError> {
            let short: &'z u32 = to.try_alloc(5)?;
            let mut scratch = Zone::new(1024);
            let first = &*scratch.alloc(Keep(short));
            let place = std::ptr::from_ref(first).addr();
            assert_eq!(*DeepCopy::deep_copy(&first, to)?.0, 5);
            scratch.reset().expect("no other handle");
            let second: &Keep<&'static u32> = scratch.alloc(Keep(&7));
            assert_eq!(std::ptr::from_ref(second).addr(), place);
            Ok(DeepCopy::deep_copy(&second, to)?.0)
        }
    }
    let target = Zone::new(1024);
    let lasting: &'static u32 = memzone::beginz!(_z in &target => Shared(Forger));
    assert_eq!(*lasting, 7);
    // Also among what would keep its table without it.
    let (_, lasting) = memzone::beginz!(_z in &target => Shared((vec![&1_u64], Forger)));
    assert_eq!(*lasting, 7);
}

/// An enum that is not its own copy but for lifetimes is copied by value, whatever the two have in common.
#[test]
fn an_enum_of_another_type_than_its_copy_is_copied_by_value() {
    struct Raw(usize);
    struct Index<'z>(&'z usize);
    impl<'z> DeepCopy<'z> for Raw {
        type Copied = Index<'z>;
        fn deep_copy(&self, to: &'z Zone) -> Result<Index<'z>, ZoneError> {
            Ok(Index(to.try_alloc(self.0)?))
        }
    }
    #[derive(DeepCopy)]
    enum Slot<'z, T> {
        Empty(u64),
        Holds { value: T, number: u8, next: &'z Slot<'z, T> },
        Pair([T; 2]),
    }
    let source = Zone::new(0);
    let last = source.alloc(Slot::Empty(9));
    let pair = source.alloc([Slot::Pair([Raw(1), Raw(2)]), Slot::Empty(3)]);
    let slot = Slot::Holds { value: Raw(4), number: 5, next: last };
    let target = Zone::new(0);
    let copied: Slot<'_, Index<'_>> = zcopy(&slot, &target);
    assert!(matches!(copied, Slot::Holds { value: Index(4), number: 5, next: Slot::Empty(9) }));
    let copied: &[Slot<'_, Index<'_>>; 2] = zcopy(&&*pair, &target);
    assert!(matches!(copied, [Slot::Pair([Index(1), Index(2)]), Slot::Empty(3)]));
    // So it recurses, within bounds.
    let mut long = source.alloc(Slot::Empty(0));
    for number in 0..(if cfg!(miri) { 500 } else { 10_000 }) {
        let number = number as u8;
        long = source.alloc(Slot::Holds { value: Raw(6), number, next: long });
    }
    let result: Result<Slot<'_, Index<'_>>, _> = try_zcopy(long, &target);
    assert!(matches!(result, Err(ZoneError::TooDeep)));
}

/// The same where the two also differ in size, and in where their parts lie: std's enums and a derived one.
#[test]
fn an_enum_of_another_size_than_its_copy_is_copied_by_value() {
    use std::task::Poll;
    struct Wide(u64, u64);
    impl<'z> DeepCopy<'z> for Wide {
        type Copied = &'z u64;
        fn deep_copy(&self, to: &'z Zone) -> Result<&'z u64, ZoneError> {
            to.try_alloc(self.0 + self.1).map(|sum| &*sum)
        }
    }
    #[derive(DeepCopy)]
    enum Either<T> {
        Neither,
        One(T),
    }
    let target = Zone::new(0);
    let wide = |n| Wide(n, n);
    let derived = zcopy(&[Either::One(wide(1)), Either::Neither, Either::One(wide(2))], &target);
    assert!(matches!(derived, [Either::One(2), Either::Neither, Either::One(4)]));
    assert_eq!(zcopy(&[Some(wide(3)), None, Some(wide(4))], &target), [Some(&6), None, Some(&8)]);
    let results = [Ok(wide(5)), Err(6_u8), Ok(wide(7))];
    assert_eq!(zcopy(&results, &target), [Ok(&10), Err(6), Ok(&14)]);
    let behind = zcopy(&&[Poll::Ready(wide(8)), Poll::Pending], &target);
    assert_eq!(*behind, [Poll::Ready(&16), Poll::Pending]);
}

/// Where both branches of many small nodes are put off at once, their notes lie side by side.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn notes_of_small_nodes_do_not_overlap() {
    #[derive(DeepCopy, Clone, Copy)]
    struct Fork<'z>([Option<&'z Fork<'z>>; 2]);
    /// Branches of all lengths at a stem that is deeper than the stack's share.
    fn stem<'z>(zone: &'z Zone, length: u64) -> &'z Fork<'z> {
        let end = || &*zone.alloc(Fork([None, None]));
        let branch =
            |n: u64| (0..n % 5).fold(end(), |at, _| zone.alloc(Fork([Some(at), Some(end())])));
        (0..length).fold(end(), |at, n| {
            let branch = zone.alloc(Fork([Some(branch(n)), Some(branch(n + 3))]));
            zone.alloc(Fork(if n % 2 == 0 {
                [Some(at), Some(branch)]
            } else {
                [Some(branch), Some(at)]
            }))
        })
    }
    fn same(one: &Fork<'_>, other: &Fork<'_>, zone: &Zone) {
        let mut todo = vec![(one, other)];
        while let Some((one, other)) = todo.pop() {
            assert!(zone.contains(other));
            for (one, other) in one.0.into_iter().zip(other.0) {
                assert_eq!(one.is_some(), other.is_some());
                todo.extend(one.zip(other));
            }
        }
    }
    on_a_small_stack(|| {
        let (source, target) = (Zone::new(0), Zone::new(0));
        let stem = stem(&source, if cfg!(miri) { 60 } else { MANY / 100 + 100 });
        same(stem, zcopy(&stem, &target), &target);
        same(stem, memzone::zcopy_shared(stem, &target), &target);
        let copy = memzone::beginz!(_z in &target => memzone::Shared(stem));
        same(stem, copy, &target);
    });
}

/// An enum in which another thread may write is copied around that.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn an_enum_with_atomics_and_types_of_any_kind_is_copied_around_them() {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    /// Says nothing of itself.
    struct Silent(AtomicU32, u8);
    impl<'z> DeepCopy<'z> for Silent {
        type Copied = Silent;
        fn deep_copy(&self, _to: &'z Zone) -> Result<Silent, ZoneError> {
            Ok(Silent(AtomicU32::new(self.0.load(Ordering::Relaxed)), self.1))
        }
    }
    #[derive(DeepCopy)]
    enum Meter<'z> {
        Off,
        On(u8, AtomicU32, &'z Meter<'z>, Option<(AtomicBool, &'z u8)>),
        Other { silent: Silent, next: Option<&'z Meter<'z>>, peak: f32 },
    }
    let source = Zone::new(0);
    let (off, nine) = (&*source.alloc(Meter::Off), &*source.alloc(9));
    let on = Meter::On(1, AtomicU32::new(2), off, Some((AtomicBool::new(true), nine)));
    let on = &*source.alloc(on);
    let Meter::On(_, level, ..) = on else { unreachable!() };
    let other = Meter::Other { silent: Silent(AtomicU32::new(3), 4), next: Some(on), peak: 0.5 };
    let target = Zone::new(0);
    let (stop, written) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                written.store(1, Ordering::Release);
                level.fetch_add(1, Ordering::Relaxed);
            }
        });
        while written.load(Ordering::Acquire) == 0 {
            thread::yield_now();
        }
        let Meter::Other { silent: Silent(three, 4), next: Some(next), peak: 0.5 } =
            zcopy(&other, &target)
        else {
            panic!("another variant")
        };
        assert_eq!(three.into_inner(), 3);
        let Meter::On(1, copied, Meter::Off, Some((flag, 9))) = next else { panic!("another") };
        assert!(copied.load(Ordering::Relaxed) >= 2 && flag.load(Ordering::Relaxed));
        stop.store(true, Ordering::Relaxed);
    });
}
