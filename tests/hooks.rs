//! Hooks are anybody's code, and they run wherever a zone is freed: at the end of a scope too, which gives back what was
//! put aside. Random programs copy values to zones while hooks put boxes there. No two boxes may ever share a place, and
//! nobody may write to another one's.

#![forbid(unsafe_code)]

use memzone::rt::{self, Policy};
use memzone::{
    CollectIn, DeepCopy, Parcel, Shared, ZBox, ZVec, Zone, ZoneError, set_keep_limit, try_beginz,
    try_peek_zone, try_zcopy, try_zcopy_shared,
};
use std::cell::{Cell, RefCell};

thread_local! {
    /// The zones that hooks put boxes into.
    static ZONES: RefCell<Vec<Zone>> = const { RefCell::new(Vec::new()) };
    /// The boxes, each filled with one number.
    static BOXES: RefCell<Vec<(u64, ZBox<[u64]>)>> = const { RefCell::new(Vec::new()) };
    static RANDOM: Cell<u64> = const { Cell::new(0) };
    static HOOKS_RUN: Cell<usize> = const { Cell::new(0) };
    /// What is left put aside is freed while the thread ends, when some of these are gone.
    static IS_OVER: Cell<bool> = const { Cell::new(false) };
}

fn random(below: u64) -> u64 {
    let mut x = RANDOM.get();
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    RANDOM.set(x);
    (x >> 20) % below
}

fn put_a_box(zone: &Zone) {
    let number = random(u64::MAX >> 20);
    if let Ok(boxed) = zone.try_boxed_slice(1 + random(5) as usize, number) {
        BOXES.with_borrow_mut(|boxes| boxes.push((number, boxed)));
    }
}

fn hook() {
    if IS_OVER.get() {
        return;
    }
    HOOKS_RUN.set(HOOKS_RUN.get() + 1);
    let zones = ZONES.with_borrow(Clone::clone);
    put_a_box(&zones[random(zones.len() as u64) as usize]);
    match random(6) {
        0 => drop(try_beginz!(z => z.try_alloc_slice(20, 1_u8).is_ok())),
        1 => put_aside(),
        2 => drop(Zone::new(10)),
        3 => drop(BOXES.with_borrow_mut(Vec::pop)),
        4 => try_peek_zone().iter().for_each(put_a_box),
        _ => {}
    }
}

/// A zone with hooks that is freed when something else is.
fn put_aside() {
    let zone = Zone::new(10);
    (0..random(3)).for_each(|_| zone.on_cleanup(hook));
    let _section = rt::enter(Policy::Deny);
    drop(zone);
}

fn check_boxes() {
    BOXES.with_borrow(|boxes| {
        assert!(boxes.iter().all(|(number, boxed)| boxed.iter().all(|item| item == number)));
        let place = |(_, boxed): &(u64, ZBox<[u64]>)| {
            let start = boxed.as_ptr().addr();
            (start, start + size_of_val(&**boxed))
        };
        let mut places: Vec<_> = boxes.iter().map(place).collect();
        places.sort_unstable();
        assert!(places.windows(2).all(|pair| pair[0].1 <= pair[1].0));
    });
}

#[derive(DeepCopy, Clone, Copy)]
struct Node<'z> {
    value: u64,
    left: Option<&'z Node<'z>>,
    right: Option<&'z Node<'z>>,
    more: &'z [u64],
}

fn sum(node: &Node<'_>) -> u64 {
    let below = node.left.map_or(0, sum) + node.right.map_or(0, sum);
    node.value + node.more.iter().sum::<u64>() + below
}

/// Copied by hand: it puts a box into a zone, and may fail.
struct Hand<'z>(&'z Node<'z>);

impl<'z> DeepCopy<'z> for Hand<'_> {
    type Copied = Hand<'z>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Hand<'z>, ZoneError> {
        put_a_box(to);
        let node = try_zcopy_shared(self.0, to)?;
        if random(4) == 0 { Err(ZoneError::Format) } else { Ok(Hand(node)) }
    }
}

#[derive(DeepCopy)]
struct Hands<'z> {
    node: &'z Node<'z>,
    one: &'z Hand<'z>,
    many: &'z [Hand<'z>],
}

/// Copies a node to a zone in one of many ways, and gives the sum of its copy.
fn copied(node: &Node<'_>, to: &Zone) -> Result<u64, ZoneError> {
    let both = |one: &Node<'_>, other: &Node<'_>| {
        assert_eq!(sum(one), sum(other));
        sum(one)
    };
    match random(8) {
        0 => try_zcopy(node, to).map(|copy| sum(&copy)),
        1 => try_zcopy_shared(node, to).map(sum),
        2 => try_zcopy(&Shared((node, node, 1_u8)), to).map(|copy| both(copy.0, copy.1)),
        3 => {
            let copy = try_beginz!(_z in to => Shared((node, vec![node; 3], Some(node))))?;
            Ok(both(copy.0, copy.1[2]))
        }
        4 => {
            let copy = try_beginz!(z in to => (&*z.alloc(*node), node))?;
            Ok(both(copy.0, copy.1))
        }
        5 => {
            let copy = try_beginz!(z in to => {
                let list: ZVec<'_, &Node<'_>> = [node, node].into_iter().collect_in(z);
                Shared((list, node))
            })?;
            Ok(both(copy.0[1], copy.1))
        }
        6 => {
            let (one, many) = (Hand(node), [Hand(node), Hand(node)]);
            let copy = try_zcopy_shared(&Hands { node, one: &one, many: &many }, to)?;
            Ok(both(copy.one.0, copy.many[1].0).min(sum(copy.node)))
        }
        _ => {
            let mut parcel = Parcel::<Node>::try_new(0, |z| try_zcopy(node, z))?;
            for _ in 0..2 {
                // Into a zone that may be too small.
                let _ = parcel.compact(&mut Zone::new([0, 300][random(2) as usize]));
                put_aside();
            }
            Ok(parcel.with(sum))
        }
    }
}

#[test]
fn boxes_of_hooks_are_their_own_wherever_hooks_run() {
    let (seeds, rounds) = if cfg!(miri) { (1, 12) } else { (8, 300) };
    let (mut copies, mut errors) = (0, 0);
    for seed in 1..=seeds {
        RANDOM.set(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed) | 1);
        for _ in 0..rounds {
            set_keep_limit([0, 5000, 1 << 20][random(3) as usize]);
            let to = match random(3) {
                0 => Zone::builder().capacity(600).fixed().build(),
                1 => Zone::builder().capacity(200).limit(4000).build(),
                _ => Zone::new(0),
            };
            let source = Zone::new(0);
            drop(ZONES.replace(vec![to.clone(), source.clone()]));
            let leaf = Node { value: random(100), left: None, right: None, more: &[] };
            let mut node: &Node<'_> = source.alloc(leaf);
            for _ in 0..random(6) {
                let right = (random(2) == 0).then_some(node);
                let more = source.alloc_slice(random(9) as usize, 2);
                node = source.alloc(Node { value: 1, left: Some(node), right, more });
            }
            for _ in 0..4 {
                put_aside();
                match copied(node, &to) {
                    Ok(found) => {
                        assert_eq!(found, sum(node));
                        copies += 1;
                    }
                    Err(_) => errors += 1,
                }
                check_boxes();
            }
            drop(ZONES.replace(vec![Zone::new(0)]));
            drop(BOXES.take());
        }
    }
    IS_OVER.set(true);
    assert!(HOOKS_RUN.get() > 0 && copies > 0 && errors > 0);
}
