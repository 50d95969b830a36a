//! What goes wrong while a graph is copied: a limit at any byte, a panic in any of the user's functions, and code that
//! changes the graph meanwhile.

// The derive's own unsafe code is no concern of a crate that has none.
#![forbid(unsafe_code)]

use memzone::{
    DeepCopy, Keep, Parcel, Shared, Zone, ZoneError, beginz, try_beginz, try_zcopy,
    try_zcopy_shared, zcopy, zcopy_shared, zone_depth,
};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// With `tracing` its subscribers may know of the copies, so nothing goes back.
const UNDONE: bool = !cfg!(feature = "tracing");

/// A limit at every byte.
mod limits {
    use super::*;

    /// All kinds of parts that a graph has, and no code of a user's.
    #[derive(DeepCopy)]
    enum Item<'z> {
        Text(&'z str),
        Some {
            items: &'z [Item<'z>],
            number: u16,
        },
        /// Its target has no room for a note.
        Small(&'z Small<'z>),
        Edge(&'z u8, Cell<Option<&'z Item<'z>>>),
    }

    #[derive(DeepCopy, Clone, Copy)]
    struct Small<'z>(Option<&'z Small<'z>>);

    fn item(zone: &Zone) -> &Item<'_> {
        let small = zone.alloc(Small(Some(zone.alloc(Small(None)))));
        let byte = &*zone.alloc(9);
        let last = &*zone.alloc(Item::Text(zone.alloc_str("the last one")));
        let edge = || Item::Edge(byte, Cell::new(Some(last)));
        let items = zone.alloc_iter([Item::Small(small), edge(), Item::Text("text"), edge()]);
        zone.alloc(Item::Some { items, number: 5 })
    }

    /// Whether it is what `item` makes, whole and in the zone.
    fn check(item: &Item<'_>, zone: &Zone, is_shared: bool) {
        let Item::Some { items, number: 5 } = item else { panic!("another variant") };
        let [
            Item::Small(small),
            Item::Edge(one, first),
            Item::Text("text"),
            Item::Edge(two, second),
        ] = *items
        else {
            panic!("other items")
        };
        let Small(Some(inner)) = small else { panic!("it ends too early") };
        assert!(zone.contains(*small) && zone.contains(*inner) && inner.0.is_none());
        let (first, second) = (first.get().unwrap(), second.get().unwrap());
        assert!(matches!((first, second), (Item::Text("the last one"), Item::Text(_))));
        assert_eq!((**one, **two), (9, 9));
        assert!([first, second].iter().all(|text| zone.contains(*text)));
        assert_eq!(ptr::eq(first, second), is_shared);
        assert_eq!(ptr::eq(*one, *two), is_shared);
    }

    /// Copies in each way there is to zones that `make` makes. Each is whole, or an error that has left nothing.
    fn try_all(make: &dyn Fn() -> Zone) -> bool {
        let (source, mut all) = (Zone::new(0), true);
        let item = item(&source);
        let mut look = |copy: &dyn Fn(&Zone) -> Result<(), ZoneError>| {
            let zone = make();
            zone.try_alloc(1_u8).ok();
            let used = zone.used();
            if let Err(error) = copy(&zone) {
                assert!(matches!(error, ZoneError::LimitReached { .. }), "{error}");
                assert!(!UNDONE || zone.used() == used, "{} of {used}", zone.used());
                all = false;
            }
        };
        look(&|zone| try_zcopy(&item, zone).map(|copy| check(copy, zone, false)));
        look(&|zone| try_beginz!(_z in zone => item).map(|copy| check(copy, zone, false)));
        look(&|zone| try_zcopy_shared(item, zone).map(|copy| check(copy, zone, true)));
        look(&|zone| try_beginz!(_z in zone => Shared(item)).map(|copy| check(copy, zone, true)));
        all
    }

    #[test]
    fn a_copy_is_whole_or_has_left_nothing() {
        let step = if cfg!(miri) { 120 } else { 1 };
        let fixed = |bytes: usize| Zone::builder().capacity(bytes).fixed().build();
        let (all, first) = (1_000, (0..1_000).step_by(step));
        let fits: Vec<bool> = first.map(|room| try_all(&|| fixed(room))).collect();
        assert!(!fits[0] && try_all(&|| fixed(all)));
        // What fits also fits where there is more room.
        assert!(fits.is_sorted());
        // In blocks that are small, so that a copy takes several.
        let grows = |limit| move || Zone::builder().capacity(64).limit(limit).build();
        for limit in (700..4_000).step_by(if cfg!(miri) { 1_100 } else { 7 }) {
            try_all(&grows(limit));
        }
        assert!(try_all(&grows(10_000)));
    }

    #[test]
    fn a_compaction_is_whole_or_leaves_the_parcel_as_it_was() {
        let mut parcel = Parcel::<&'static Item<'static>>::new(1_000, |z| item(z));
        let (mut refused, mut done) = (0, 0);
        for room in (0..1_200).step_by(if cfg!(miri) { 90 } else { 1 }) {
            let mut spare = Zone::builder().capacity(room).fixed().build();
            match parcel.compact(&mut spare) {
                Ok(()) => done += 1,
                Err(error) => {
                    assert!(matches!(error, ZoneError::LimitReached { .. }), "{error}");
                    refused += 1;
                }
            }
            parcel.edit(|item, zone| check(item, zone, true));
        }
        assert!(refused > 2 && done > 2, "{refused} {done}");
    }
}

/// A panic in each function of the user's that a copy calls.
mod panics {
    use super::*;

    thread_local! {
        /// How many more of the user's functions return.
        static LEFT: Cell<u32> = const { Cell::new(u32::MAX) };
    }

    struct Thrown;

    /// Every function of the user's calls this.
    fn called() {
        match LEFT.get() {
            0 => resume_unwind(Box::new(Thrown)),
            left => LEFT.set(left - 1),
        }
    }

    struct Cloned(u32);

    impl Clone for Cloned {
        fn clone(&self) -> Cloned {
            called();
            Cloned(self.0)
        }
    }

    struct ByHand<'z>(&'z str, &'z Cell<u32>);

    impl<'z> DeepCopy<'z> for ByHand<'_> {
        type Copied = ByHand<'z>;
        fn deep_copy(&self, to: &'z Zone) -> Result<ByHand<'z>, ZoneError> {
            called();
            let text = self.0.deep_copy(to)?;
            let number = zcopy_shared(self.1, to);
            called();
            Ok(ByHand(text, number))
        }
    }

    #[derive(DeepCopy)]
    struct Node<'z> {
        kept: Keep<Cloned>,
        #[deep_copy(keep)]
        cloned: Cloned,
        cell: RefCell<Keep<Cloned>>,
        hand: ByHand<'z>,
        edges: Cell<[Option<&'z Node<'z>>; 2]>,
    }

    /// The first of three nodes. The third one leads back to it, if that is wanted.
    fn graph(zone: &Zone, is_circle: bool) -> &Node<'_> {
        let number = &*zone.alloc(Cell::new(3));
        let node = |n: u32| {
            &*zone.alloc(Node {
                kept: Keep(Cloned(n)),
                cloned: Cloned(n),
                cell: RefCell::new(Keep(Cloned(n))),
                hand: ByHand("by hand", number),
                edges: Cell::new([None; 2]),
            })
        };
        let [one, two, three] = [0, 1, 2].map(node);
        one.edges.set([Some(two), Some(three)]);
        two.edges.set([Some(three), is_circle.then_some(two)]);
        three.edges.set([is_circle.then_some(one), None]);
        one
    }

    fn check(one: &Node<'_>, zone: &Zone, is_circle: bool) {
        let [Some(two), Some(three)] = one.edges.get() else { panic!("an edge is missing") };
        for (n, node) in [one, two, three].into_iter().enumerate() {
            let numbers = [node.kept.0.0, node.cloned.0, node.cell.borrow().0.0];
            assert_eq!(numbers, [n as u32; 3]);
            assert!(zone.contains(node) && zone.contains(node.hand.1));
            assert_eq!((node.hand.0, node.hand.1.get()), ("by hand", 3));
        }
        let [again, itself] = two.edges.get();
        // Without a table they are two copies.
        assert_eq!(ptr::eq(again.unwrap(), three), is_circle);
        assert_eq!(itself.is_some_and(|node| ptr::eq(node, two)), is_circle);
        assert_eq!(three.edges.get()[0].is_some_and(|node| ptr::eq(node, one)), is_circle);
    }

    #[derive(DeepCopy)]
    struct Ring<'z>(Cell<Option<&'z Ring<'z>>>);

    /// There is room for enough rounds, so that a circle is seen.
    fn fixed() -> Zone {
        let room = if cfg!(miri) && UNDONE { 2000 } else { 1 << 20 };
        Zone::builder().capacity(room).fixed().build()
    }

    /// What a copy with a budget may take. The list that is copied after it takes more.
    const BUDGET: usize = 8 * LARGE;
    const LARGE: usize = if cfg!(miri) { 256 } else { 8192 };

    /// Copies, with a panic in each call of the user's functions in turn.
    fn with_panics(copy: &dyn Fn(&Zone)) {
        // The calls for a node are seven, so each of them still has its turn.
        let step = if cfg!(miri) { 4 } else { 1 };
        let mut returned = 0;
        loop {
            let zone = Zone::new(0);
            LEFT.set(returned);
            let outcome = catch_unwind(AssertUnwindSafe(|| copy(&zone)));
            LEFT.set(u32::MAX);
            assert_eq!((zone_depth(), zone.handles()), (0, 1));
            match outcome {
                Ok(()) => break,
                Err(thrown) if thrown.is::<Thrown>() => returned += step,
                Err(other) => resume_unwind(other),
            }
            // Nothing of it is left: no table, no mark, no budget.
            let source = Zone::new(0);
            let (plain, circle) = (graph(&source, false), graph(&source, true));
            check(zcopy(&plain, &zone), &zone, false);
            // Where the user's code runs, some thousand calls pass until a circle is seen.
            if !cfg!(miri) {
                assert_eq!(try_zcopy(&circle, &zone).map(|_| ()), Err(ZoneError::Cycle));
            }
            let ring = &*source.alloc(Ring(Cell::new(None)));
            ring.0.set(Some(ring));
            assert_eq!(try_zcopy(&ring, &fixed()).map(|_| ()), Err(ZoneError::Cycle));
            check(zcopy_shared(circle, &zone), &zone, true);
            let large = [0_u64; LARGE];
            let list: &[&[u64; LARGE]] = &[&large; 20];
            assert_eq!(zcopy(&list, &zone).len(), 20);
        }
        // Each node has seven such calls.
        assert!(returned >= 3 * 5, "{returned} calls");
    }

    #[test]
    #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
    fn in_a_copy_or_a_scope() {
        let source = Zone::new(0);
        let plain = graph(&source, false);
        with_panics(&|zone| check(zcopy(&plain, zone), zone, false));
        with_panics(&|zone| {
            let copy = memzone::zcopy_within(&plain, zone, BUDGET);
            check(copy, zone, false);
        });
        with_panics(&|zone| {
            let copy = beginz!(z in zone => graph(z, false));
            check(copy, zone, false);
        });
    }

    #[test]
    #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
    fn in_a_copy_that_keeps_what_is_shared() {
        let source = Zone::new(0);
        let circle = graph(&source, true);
        with_panics(&|zone| check(zcopy_shared(circle, zone), zone, true));
        with_panics(&|zone| {
            let copy = beginz!(z in zone => Shared(graph(z, true)));
            check(copy, zone, true);
        });
        // Within a scope that copies too.
        with_panics(&|zone| {
            let copy =
                beginz!(outer in zone => Shared(beginz!(z in outer => Shared(graph(z, true)))));
            check(copy, zone, true);
        });
    }

    #[test]
    #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
    fn in_a_compaction_which_leaves_the_parcel_as_it_was() {
        let parcel = RefCell::new(Parcel::<&'static Node<'static>>::new(0, |z| graph(z, true)));
        let spare = RefCell::new(Zone::new(0));
        let look = || parcel.borrow_mut().edit(|node, zone| check(node, zone, true));
        with_panics(&|_zone| {
            look();
            parcel.borrow_mut().compact(&mut spare.borrow_mut()).unwrap();
        });
        look();
        assert_eq!((spare.borrow().used(), spare.borrow().handles()), (0, 1));
    }
}

/// Code that changes the graph while it is copied.
mod changes {
    use super::*;

    /// What a copy may take, and one that is made within it.
    const BUDGETS: [usize; 2] = if cfg!(miri) { [1 << 13, 1 << 12] } else { [1 << 16, 1 << 15] };

    #[derive(DeepCopy)]
    struct Joint<'z> {
        number: usize,
        meddler: Meddler<'z>,
        next: Cell<[Option<&'z Joint<'z>>; 2]>,
        after: Cell<Option<&'z u64>>,
    }

    /// Its copy changes where all joints lead, and copies some of them itself.
    struct Meddler<'z> {
        all: Option<&'z Cell<&'z [&'z Joint<'z>]>>,
        turn: &'z Cell<usize>,
        most: usize,
    }

    impl<'z> DeepCopy<'z> for Meddler<'_> {
        type Copied = Meddler<'z>;
        fn deep_copy(&self, to: &'z Zone) -> Result<Meddler<'z>, ZoneError> {
            let turn = self.turn.get() + 1;
            self.turn.set(turn);
            let gone = Meddler { all: None, turn: to.try_alloc(Cell::new(0))?, most: 0 };
            let Some(all) = self.all.map(Cell::get).filter(|_| turn < self.most) else {
                return Ok(gone);
            };
            let joint = |n: usize| all.get(n % (all.len() + 1)).copied();
            for (n, changed) in all.iter().enumerate() {
                changed.next.set([joint(n * turn + 1), joint(n + turn * 3)]);
                changed.after.set((turn % 2 == 0).then_some(&7));
            }
            if turn % 3 == 0 {
                let _ = memzone::try_zcopy_within(&all[turn % all.len()], to, BUDGETS[1]);
                let _ = try_zcopy_shared(all[0], to);
            }
            Ok(gone)
        }
    }

    fn joints(zone: &Zone, count: usize, most: usize) -> &Joint<'_> {
        let (all, turn) = (&*zone.alloc(Cell::new(&[][..])), &*zone.alloc(Cell::new(0)));
        let make = |number| {
            let meddler = Meddler { all: Some(all), turn, most };
            let (next, after) = (Cell::new([None; 2]), Cell::new(None));
            &*zone.alloc(Joint { number, meddler, next, after })
        };
        let made: &[&Joint<'_>] = zone.alloc_iter((0..count).map(make));
        all.set(made);
        made.iter().zip(&made[1..]).for_each(|(one, next)| one.next.set([Some(next), None]));
        made[0]
    }

    /// All that it leads to is whole, and in the zone. Gives how many copies each joint has.
    fn check(joint: &Joint<'_>, zone: &Zone) -> BTreeMap<usize, usize> {
        let (mut todo, mut seen, mut copies) = (vec![joint], vec![], BTreeMap::new());
        while let Some(joint) = todo.pop() {
            if seen.contains(&ptr::from_ref(joint)) {
                continue;
            }
            seen.push(ptr::from_ref(joint));
            *copies.entry(joint.number).or_insert(0) += 1;
            assert!(zone.contains(joint) && joint.meddler.all.is_none());
            assert!(joint.after.get().is_none_or(|seven| *seven == 7 && zone.contains(seven)));
            todo.extend(joint.next.get().into_iter().flatten());
        }
        copies
    }

    #[test]
    fn the_copy_is_of_what_was_there_before_or_after() {
        let (counts, turns) = if cfg!(miri) { (4..5, [3, 7]) } else { (2..12, [3, 40]) };
        for count in counts {
            for most in turns {
                let (source, zone) = (Zone::new(0), Zone::new(0));
                let first = joints(&source, count, most);
                match memzone::try_zcopy_within(&first, &zone, BUDGETS[0]) {
                    Ok(copy) => assert!(!check(copy, &zone).is_empty()),
                    Err(error) => assert!(
                        matches!(error, ZoneError::Cycle | ZoneError::OverBudget { .. }),
                        "{error}"
                    ),
                }
                let copy = zcopy_shared(joints(&source, count, most), &zone);
                assert!(check(copy, &zone).values().all(|&copies| copies == 1));
                let copy = beginz!(z in &zone => Shared(joints(z, count, most)));
                assert!(check(copy, &zone).values().all(|&copies| copies == 1));
                let fixed = Zone::builder().capacity(300).fixed().build();
                if let Ok(copy) = try_zcopy_shared(joints(&source, count, most), &fixed) {
                    check(copy, &fixed);
                }
            }
        }
    }
}
