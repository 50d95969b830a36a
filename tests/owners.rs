//! Long chains of owners: a box in a box in a box, 200,000 deep, copied and moved out on a stack of 64 KiB.
//!
//! memzone copies such a chain without recursion. What frees it is the owner's destructor, which recurses: that of
//! std's `Box`, `Vec` and `Rc`, and so that of a `ZBox` and an `HBox`. So a chain that long has to be taken apart by
//! hand, whoever made it, as `take_apart` does here.

#[path = "common/counting.rs"]
mod counting;

use memzone::rt::{self, Plan, Policy, Request};
use memzone::{
    DeepCopy, HBox, ZBox, Zone, ZoneError, beginz, halloc, try_beginz, try_zcopy, zcopy,
};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::thread;

const MANY: u64 = if cfg!(miri) { 60 } else { 200_000 };

/// On a thread with a stack of 64 KiB.
fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    let size = if cfg!(miri) { 1 << 20 } else { 64 << 10 };
    let thread = thread::Builder::new().stack_size(size).spawn(body).expect("a thread");
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

/// What a chain's last node holds: its copy is an error, or panics.
#[derive(Clone, Copy)]
enum Trouble {
    Error,
    Panic,
}

impl<'z> DeepCopy<'z> for Trouble {
    type Copied = Trouble;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Trouble, ZoneError> {
        match self {
            Trouble::Error => Err(ZoneError::Format),
            // Without a message, whose backtrace takes memory.
            Trouble::Panic => resume_unwind(Box::new("bang")),
        }
    }
}

fn is_denied(error: &ZoneError, by: Request) -> bool {
    matches!(error, ZoneError::Denied { request, .. } if *request == by)
}

/// Declares a chain by what links its nodes, and by what a section refuses of it where it is short, and how many bytes of
/// the system's heap each node takes while the copy runs, beside its own.
macro_rules! chains {
    ($(
        $chain:ident($link:ty): own $own:expr, more $more:expr;
        none $end:expr, |$z:ident, $rest:ident| $make:expr, |$next:ident| $take:expr;
    )*) => {$(
        mod $chain {
            use super::*;

            #[derive(DeepCopy)]
            struct Node<'z> {
                value: u64,
                trouble: Option<Trouble>,
                link: $link,
                name: &'z str,
            }

            fn make($z: &Zone, many: u64, trouble: Option<Trouble>) -> Node<'_> {
                let mut head = Node { value: 0, trouble, link: $end, name: $z.alloc_str("end") };
                let name = $z.alloc_str("node");
                for value in 1..many {
                    let $rest = head;
                    head = Node { value, trouble: None, link: $make, name };
                }
                head
            }

            /// Takes a chain apart from its beginning, and says how many nodes it had.
            fn take_apart(head: Node<'_>) -> u64 {
                let (mut at, mut count) = (Some(head), 0);
                while let Some(Node { value, link: mut $next, name, .. }) = at {
                    at = $take;
                    assert_eq!(name, if at.is_some() { "node" } else { "end" });
                    assert!(at.as_ref().is_none_or(|next| next.value + 1 == value));
                    count += 1;
                }
                count
            }

            #[test]
            #[cfg_attr(target_family = "wasm", ignore = "needs threads")]
            fn is_copied_on_a_small_stack_with_so_much_of_the_heap() {
                on_a_small_stack(|| {
                    let (source, target) = (Zone::new(0), Zone::new(200 * MANY as usize));
                    let made = make(&source, MANY, None);
                    let asked = counting::bytes_asked();
                    let freed = counting::bytes_freed();
                    let copy = zcopy(&made, &target);
                    let asked = counting::bytes_asked() - asked;
                    let kept = asked - (counting::bytes_freed() - freed);
                    let node = size_of::<Node<'_>>() as u64;
                    let own: Option<Request> = $own;
                    let own = if own.is_some() { node * (MANY - 1) } else { 0 };
                    assert_eq!(kept, own, "all but the copy is given back");
                    // A list of the tasks that wait doubles now and then.
                    let more = (asked - own) / MANY;
                    assert!(more <= $more, "{more} bytes a node");
                    assert_eq!((take_apart(made), take_apart(copy)), (MANY, MANY));
                });
            }

            #[test]
            #[cfg_attr(target_family = "wasm", ignore = "needs threads")]
            fn leaves_a_scope_on_a_small_stack() {
                on_a_small_stack(|| {
                    let target = Zone::new(0);
                    let moved = beginz!(z in &target => { make(z, MANY, None) });
                    assert_eq!(take_apart(moved), MANY);
                });
            }

            /// An error, and a panic, at its end: what there was is given back, without recursion.
            #[test]
            #[cfg_attr(target_family = "wasm", ignore = "needs threads")]
            #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
            fn what_goes_wrong_at_its_end_leaves_nothing() {
                on_a_small_stack(|| {
                    let (source, target) = (Zone::new(0), Zone::new(200 * MANY as usize));
                    for trouble in [Trouble::Error, Trouble::Panic] {
                        let made = make(&source, MANY, Some(trouble));
                        let before = counting::bytes_asked() - counting::bytes_freed();
                        let copied = catch_unwind(AssertUnwindSafe(|| {
                            try_zcopy(&made, &target).map(|_| ()).unwrap_err()
                        }));
                        match trouble {
                            Trouble::Error => assert_eq!(copied.ok(), Some(ZoneError::Format)),
                            Trouble::Panic => drop(copied.expect_err("it panics")),
                        }
                        let after = counting::bytes_asked() - counting::bytes_freed();
                        // What the first panic of a thread keeps, beside the zone's blocks.
                        assert!(after - before < 4096, "{} bytes are left", after - before);
                        assert_eq!(take_apart(made), MANY);
                        let moved = catch_unwind(AssertUnwindSafe(|| {
                            let moved = try_beginz!(z in &target => { make(z, MANY, Some(trouble)) });
                            moved.map(|_| ()).unwrap_err()
                        }));
                        assert_eq!(moved.ok().is_some(), matches!(trouble, Trouble::Error));
                    }
                });
            }

            /// A section refuses it, says how it would not, and leaves the chain as it is.
            #[test]
            #[cfg_attr(target_family = "wasm", ignore = "needs threads")]
            fn is_refused_in_a_section_where_it_is_long() {
                on_a_small_stack(|| {
                    rt::prepare_thread(&Plan::new()).expect("prepared");
                    let (source, target) = (Zone::new(0), Zone::new(200 * MANY as usize));
                    let (short, long) = (make(&source, 3, None), make(&source, MANY, None));
                    let section = rt::enter(Policy::Deny);
                    let (few, many) = (try_zcopy(&short, &target), try_zcopy(&long, &target));
                    let asked = section.report().asked();
                    drop(section);
                    let error = many.map(|_| ()).unwrap_err();
                    let own: Option<Request> = $own;
                    // Where each of its nodes is memory of the heap by itself, a short one is refused too.
                    match own {
                        Some(own) => {
                            let refused = few.map(|_| ()).unwrap_err();
                            assert!(is_denied(&refused, own), "{refused}");
                            assert!(refused.to_string().contains("before the section"), "{refused}");
                        }
                        None => {
                            assert_eq!(few.map(take_apart), Ok(3));
                            assert!(is_denied(&error, Request::DeepOwners), "{error}");
                        }
                    }
                    assert!(error.to_string().contains("by reference"), "{error}");
                    assert_eq!(asked, 1 + u64::from(own.is_some()));
                    assert_eq!(take_apart(zcopy(&long, &target)), MANY);
                    assert_eq!((take_apart(short), take_apart(long)), (3, MANY));
                });
            }
        }
    )*};
}

chains! {
boxes(Option<Box<Node<'z>>>): own Some(Request::OwnedCopy), more 800;
        none None, |z, rest| Some(Box::new(rest)), |link| link.take().map(|next| *next);
vecs(Vec<Node<'z>>): own Some(Request::OwnedCopy), more 800;
        none vec![], |z, rest| vec![rest], |link| link.pop();
boxed_slices(Box<[Node<'z>]>): own Some(Request::OwnedCopy), more 800;
        none Box::new([]), |z, rest| Box::new([rest]), |link| std::mem::take(&mut link).into_vec().pop();
zone_boxes(Option<ZBox<Node<'z>>>): own None, more 800;
        none None, |z, rest| Some(z.boxed(rest)), |link| link.take().map(ZBox::into_inner);
heap_boxes(Option<HBox<Node<'z>>>): own Some(Request::HeapMemory), more 800;
        none None, |z, rest| Some(halloc(rest)), |link| link.take().map(HBox::into_inner);
}

/// An `Rc` is shared, so a chain of them is one more count, whatever its length.
#[test]
fn a_chain_of_counted_owners_is_shared_and_asks_nobody() {
    struct Node(u64, Option<Rc<Node>>);
    let mut head = Rc::new(Node(0, None));
    for value in 1..MANY {
        head = Rc::new(Node(value, Some(head)));
    }
    let target = Zone::new(64);
    let section = rt::enter(Policy::Deny);
    let copy = try_zcopy(&head, &target);
    let asked = section.report().asked();
    drop(section);
    assert!(Rc::ptr_eq(&copy.unwrap(), &head));
    assert_eq!((asked, target.used()), (0, 0));
    let (mut at, mut count) = (Some(head), 0);
    while let Some(node) = at {
        let Node(value, next) = Rc::into_inner(node).expect("the only one");
        assert_eq!(value, MANY - 1 - count);
        (at, count) = (next, count + 1);
    }
    assert_eq!(count, MANY);
}
