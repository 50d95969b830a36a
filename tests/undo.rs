//! A copy that fails gives back what it has taken, wherever nobody can hold a reference to it.

use memzone::{DeepCopy, Keep, Zone, ZoneError, beginz, try_beginz, try_zcopy};
use std::cell::Cell;

#[derive(DeepCopy)]
struct Node<'z> {
    value: u32,
    left: Option<&'z Node<'z>>,
    right: Option<&'z Node<'z>>,
}

/// Each level refers to the one below twice: `levels` nodes, and 2 to the power of that in a copy.
fn shared<'z>(zone: &'z Zone, levels: u32) -> &'z Node<'z> {
    let mut node: &Node<'_> = zone.alloc(Node { value: 0, left: None, right: None });
    for value in 1..=levels {
        node = zone.alloc(Node { value, left: Some(node), right: Some(node) });
    }
    node
}

const LEVELS: u32 = if cfg!(miri) { 7 } else { 16 };

/// With `tracing` its subscribers may know of the copies.
const UNDONE: bool = !cfg!(feature = "tracing");

#[test]
fn a_copy_that_fails_leaves_the_zone_as_it_was() {
    let source = Zone::new(4096);
    let root = shared(&source, LEVELS);
    // Too little for the copy: some blocks are taken before that is seen.
    let limit = if cfg!(miri) { 4 << 10 } else { 1 << 20 };
    let zone = Zone::builder().capacity(1000).limit(limit).build();
    let before: &mut [u64] = zone.alloc_slice(20, 7);
    let (used, capacity, blocks) = (zone.used(), zone.capacity(), zone.blocks());
    for _ in 0..3 {
        let error = try_zcopy(root, &zone).map(|_| ()).unwrap_err();
        assert!(matches!(error, ZoneError::LimitReached { .. }), "{error}");
        if UNDONE {
            assert_eq!((zone.used(), zone.capacity(), zone.blocks()), (used, capacity, blocks));
            assert!(zone.high_water() > used);
        } else {
            assert!(zone.used() > used);
            return;
        }
    }
    // What was there is there, and the place behind it is free.
    assert_eq!(before, [7; 20]);
    let after: &mut [u64] = zone.alloc_slice(20, 8);
    assert_eq!((before[19], after[0]), (7, 8));
    let small = try_zcopy(shared(&source, 2), &zone).unwrap();
    assert_eq!(small.left.unwrap().right.unwrap().value, 0);
}

#[test]
fn a_scopes_value_that_does_not_fit_leaves_the_outer_zone_as_it_was() {
    let zone = Zone::builder().capacity(3000).fixed().build();
    let first = *zone.alloc(1_u8);
    let used = zone.used();
    let result = try_beginz!(z in &zone => shared(z, LEVELS));
    assert!(matches!(result, Err(ZoneError::LimitReached { .. })));
    assert_eq!(zone.used() == used, UNDONE);
    assert_eq!(first, 1);
    if UNDONE {
        let node = beginz!(z in &zone => shared(z, 2));
        assert_eq!(node.value, 2);
    }
}

/// A zone that is made by the copy, and one whose further blocks were there before.
#[test]
fn blocks_that_were_there_stay() {
    let source = Zone::new(4096);
    let root = shared(&source, LEVELS);
    let (limit, one, two) = if cfg!(miri) { (6 << 10, 1500, 100) } else { (200_000, 3000, 4000) };
    let mut zone = Zone::builder().capacity(500).limit(limit).build();
    zone.alloc_slice(one, 0_u8);
    zone.alloc_slice(two, 0_u8);
    zone.reset().unwrap();
    let blocks = zone.blocks();
    assert!(blocks > 1);
    zone.alloc_slice(450, 1_u8);
    let used = zone.used();
    assert!(try_zcopy(root, &zone).is_err());
    if UNDONE {
        assert_eq!((zone.blocks(), zone.used()), (blocks, used));
    }
    zone.reset().unwrap();
    zone.alloc_slice(300, 2_u8);
    assert_eq!(zone.used(), 304);
}

/// A copy that keeps a reference to itself where others find it.
struct Known<'z> {
    last: &'z Cell<Option<&'z u64>>,
    value: u64,
}

impl<'z> DeepCopy<'z> for Known<'z> {
    type Copied = &'z u64;
    fn deep_copy(&self, to: &'z Zone) -> Result<&'z u64, ZoneError> {
        let copied: &u64 = to.try_alloc(self.value)?;
        self.last.set(Some(copied));
        Ok(copied)
    }
}

#[derive(DeepCopy)]
struct Pair<A, B> {
    a: A,
    b: B,
}

/// Code of the user's has run, and knows what it has put into the zone.
#[test]
fn what_somebody_may_know_stays() {
    let zone = Zone::builder().capacity(2000).fixed().build();
    let last = Cell::new(None);
    let large = [1_u8; 4000];
    let pair = Pair { a: Known { last: &last, value: 3 }, b: &large[..] };
    assert!(try_zcopy(&pair, &zone).is_err());
    let known: &u64 = last.get().expect("it was copied");
    let after = zone.alloc(4_u64);
    assert_eq!((*known, *after), (3, 4));
    assert!(zone.contains(known));
}

/// The same in a list, behind references, and deeper than the stack's share.
#[test]
fn what_somebody_may_know_far_below_stays() {
    #[derive(DeepCopy)]
    struct List<'z, T> {
        value: T,
        next: Option<&'z List<'z, T>>,
    }
    let zone = Zone::builder().capacity(30_000).fixed().build();
    let (scratch, last) = (Zone::new(4096), Cell::new(None));
    let mut list: &List<'_, Known<'_>> =
        scratch.alloc(List { value: Known { last: &last, value: 0 }, next: None });
    for value in 1..(if cfg!(miri) { 300 } else { 3000 }) {
        list = scratch.alloc(List { value: Known { last: &last, value }, next: Some(list) });
    }
    let small = Zone::builder().capacity(2000).fixed().build();
    let last_small = &last;
    assert!(try_zcopy(list, &small).is_err());
    let known: &u64 = last_small.get().expect("some were copied");
    small.try_alloc_slice(8, 9_u64).ok();
    let _ = *known;
    assert!(small.contains(known));
    drop(zone);
}

/// What is kept is cloned, by code that may ask for the current zone.
#[test]
fn what_is_kept_stays() {
    struct Clever;
    impl Clone for Clever {
        fn clone(&self) -> Clever {
            Clever
        }
    }
    let zone = Zone::builder().capacity(1000).fixed().build();
    let large = [1_u8; 4000];
    let pair = Pair { a: (Keep(Clever), &5_u64), b: &large[..] };
    assert!(try_zcopy(&pair, &zone).is_err());
    assert!(zone.used() > 0);

    #[derive(DeepCopy)]
    struct Kept<'z> {
        first: &'z u64,
        #[deep_copy(keep)]
        clever: Clever,
        last: &'z [u8],
    }
    let zone = Zone::builder().capacity(1000).fixed().build();
    let kept = Kept { first: &5, clever: Clever, last: &large[..] };
    assert!(try_zcopy(&kept, &zone).is_err());
    assert!(zone.used() > 0);
}

/// A shared copy has a scope for its table. The end of that scope may free what was put aside, whose hooks may put
/// something into the target. The zone has gone back before.
#[test]
fn what_a_hook_puts_into_the_zone_at_the_end_of_a_shared_copy_stays() {
    use memzone::rt::{self, Policy};
    use memzone::{Shared, ZBox, set_keep_limit};
    use std::cell::RefCell;
    thread_local! {
        static TARGET: RefCell<Option<Zone>> = const { RefCell::new(None) };
        static KEPT: RefCell<Option<ZBox<u64>>> = const { RefCell::new(None) };
    }
    fn put_aside_a_hook() {
        let hooked = Zone::new(100);
        hooked.on_cleanup(|| {
            let target = TARGET.with_borrow(|zone| zone.clone().expect("set below"));
            KEPT.set(Some(target.boxed(7)));
        });
        let _section = rt::enter(Policy::Deny);
        drop(hooked);
    }
    // Each scope's zone is freed at its end.
    set_keep_limit(0);
    let target = Zone::builder().capacity(4096).fixed().build();
    TARGET.set(Some(target.clone()));
    let large = vec![1_u64; 10_000];
    let value = (&1_u64, &large[..]);
    let check = |error: ZoneError| {
        assert!(matches!(error, ZoneError::LimitReached { .. }), "{error}");
        // Another thread may have freed it before, as other tests in this program do.
        let Some(kept) = KEPT.take() else { return };
        let next = target.alloc(8_u64);
        assert!((*kept, *next) == (7, 8) && target.contains(&raw const *kept));
        drop(kept);
    };
    for _ in 0..3 {
        put_aside_a_hook();
        check(try_zcopy(&Shared(value), &target).map(drop).unwrap_err());
        put_aside_a_hook();
        check(try_beginz!(_z in &target => Shared(value)).map(drop).unwrap_err());
    }
    TARGET.take();
}
