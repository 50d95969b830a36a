//! Errors: each one's text, what leads to it, that nothing changed, and where panics point to.

use memzone::rt;
use memzone::{
    DeepCopy, ZBox, Zone, ZoneError, beginz, destroy_zone, letz, pop_zone, push_new_zone,
    push_zone, try_beginz, try_letz, try_zcopy, zcopy, zformat, zone_depth,
};
use std::alloc::Layout;
use std::cell::RefCell;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

#[path = "common/buffer.rs"]
mod buffer;
#[path = "common/counting.rs"]
mod counting;

use buffer::buffer;

/// The most that one request may ask for.
const MOST: usize =
    isize::MAX as usize - if cfg!(target_pointer_width = "64") { 1 << 30 } else { 64 << 10 };

#[derive(Clone, Copy)]
#[repr(align(8192))]
struct Aligned;

#[derive(Clone, Copy)]
#[repr(align(8192))]
struct AlignedByte(#[expect(dead_code, reason = "only there for its size")] u8);

/// A zone's numbers.
fn numbers(zone: &Zone) -> [usize; 6] {
    let sizes = [zone.used(), zone.capacity(), zone.remaining()];
    let [used, capacity, remaining] = sizes;
    [used, capacity, remaining, zone.high_water(), zone.blocks(), zone.handles()]
}

type Request = fn(&Zone) -> Result<(), ZoneError>;

/// Fails where a request does not lead to the error that is expected, or changes something.
#[track_caller]
fn assert_refused(zone: &Zone, requests: &[Request], expected: impl Fn(ZoneError) -> bool) {
    for (n, request) in requests.iter().enumerate() {
        let before = numbers(zone);
        let cursor = zone.alloc_layout(Layout::new::<()>());
        let frees = counting::frees();
        let error = request(zone).expect_err("a refusal");
        assert!(expected(error), "{error:?} from request {n}");
        assert_eq!(numbers(zone), before, "after request {n}");
        assert_eq!(zone.alloc_layout(Layout::new::<()>()), cursor);
        assert_eq!(counting::frees(), frees, "request {n} took memory and gave it back");
        assert_eq!(zone_depth(), 0);
    }
}

/// Zones of each kind, with something in them.
fn zones() -> Vec<Zone> {
    let zones = vec![
        Zone::new(0),
        Zone::new(1_000),
        Zone::builder().capacity(301).fixed().build(),
        Zone::builder().capacity(2_000).limit(9_000).build(),
        Zone::from_buffer(buffer(3, 1_000)),
    ];
    for zone in &zones[1..] {
        zone.alloc_slice(30, 1_u8);
    }
    zones
}

#[test]
fn each_error_has_its_text() {
    let texts = [
        (
            ZoneError::OutOfMemory { requested: 4_096 },
            "out of memory: the system refused 4096 bytes; give up this task, free or trim zones, or try again later",
        ),
        (
            ZoneError::LimitReached { requested: 100, limit: 64, used: 48 },
            "limit reached: 100 bytes requested, 48 of at most 64 in use; \
             raise the limit, reset the zone, free some of the heap, or give a fixed collection more room",
        ),
        (
            ZoneError::InUse { handles: 2 },
            "zone in use: 2 other handle(s) keep it alive; drop clones and ZBoxes of it, \
             pop it, or leave its scope first",
        ),
        (
            ZoneError::StackEmpty,
            "zone stack empty: the default zone cannot be popped; there is one pop too many",
        ),
        (
            ZoneError::ScopeActive,
            "the zone on top of the stack belongs to an active scope, which pops it when it ends; pop only what was pushed in this scope",
        ),
        (
            ZoneError::OutOfOrder { above: 2 },
            "scope ended out of order: 2 scope(s) and pushed zone(s) lie above it; end and pop those first",
        ),
        (
            ZoneError::NotOpen,
            "not an open scope of this thread: it has ended already, or it belongs to another thread",
        ),
        (
            ZoneError::TooLarge { requested: 9, available: 8 },
            "too large: 9 bytes requested, at most 8 possible; check the length, or take a zone in place of the stack",
        ),
        (
            ZoneError::AlignTooLarge { align: 8_192 },
            "alignment too large: 8192 bytes, at most 4096 supported; allocate more, and align within it",
        ),
        (
            ZoneError::Cycle,
            "the value to copy leads back to itself; copy it with `zcopy_shared`, or let it leave its scope as `Shared(value)`, which keep cycles",
        ),
        (
            ZoneError::OverBudget { budget: 9 },
            "the copy takes more than 9 bytes: where parts of the value are shared, copy it with `zcopy_shared` (or as `Shared(value)`), which copies each once; else with `zcopy_within` and more bytes",
        ),
        (
            ZoneError::TooDeep,
            "the value to copy nests too deep for copies that recurse: derive a hand-written DeepCopy, link by a Wire or a Cell in place of a RefCell, or hold values in a slice in place of a set",
        ),
        (
            ZoneError::Denied { request: rt::Request::NewBlock, bytes: 64 },
            "denied in a real-time section: a new block for a zone (64 bytes); have it made before the section, with `rt::prepare_thread` or a larger capacity",
        ),
        (
            ZoneError::Denied { request: rt::Request::HeapMemory, bytes: 8 },
            "denied in a real-time section: memory of the system's heap (8 bytes); take it before the section, or from an `RtHeap` that was made before",
        ),
        (
            ZoneError::Denied { request: rt::Request::DeepOwners, bytes: 0 },
            "denied in a real-time section: a copy of deeply nested owners (0 bytes); link the owners by references into a zone, or copy the value before the section",
        ),
        (
            ZoneError::Format,
            "a formatting implementation returned an error; correct the `Display` of the value that was written",
        ),
        (
            ZoneError::BlockTooLong { samples: 65, longest: 64 },
            "block too long for a fade: 65 samples, room for 64; make the fader for the longest block that comes, \
             or play the block in parts",
        ),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
        let as_error: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
        assert_eq!(as_error.to_string(), text);
        assert!(as_error.source().is_none());
        assert_eq!(as_error.downcast_ref(), Some(&error));
    }
    assert!(size_of::<ZoneError>() <= 32);
}

#[test]
fn building_and_printing_an_error_allocates_nothing() {
    struct OnStack([u8; 300], usize);
    impl Write for OnStack {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0[self.1..self.1 + part.len()].copy_from_slice(part.as_bytes());
            self.1 += part.len();
            Ok(())
        }
    }
    let (fixed, pinned) = (Zone::builder().capacity(20).fixed().build(), Zone::new(10));
    let (mut clone, mut out) = (pinned.clone(), OnStack([0; 300], 0));
    let calls = counting::calls();
    counting::without_memory(|| {
        let errors = [
            fixed.try_alloc([1_u8; 50]).err(),
            fixed.try_alloc_slice(usize::MAX, 1_u64).err(),
            fixed.try_alloc(Aligned).err(),
            clone.reset().err(),
            pop_zone().err(),
            Zone::try_new(usize::MAX).err(),
            Some(ZoneError::Format),
        ];
        for error in errors.map(|error| error.expect("an error")) {
            out.1 = 0;
            write!(out, "{error} {error:?}").unwrap();
            assert!(out.1 > 40);
        }
    });
    assert_eq!(counting::calls(), calls);
}

#[test]
fn no_zone_holds_more_than_the_address_space() {
    let requests: [Request; 12] = [
        |zone| zone.try_alloc_slice(usize::MAX, 1_u8).map(ran),
        |zone| zone.try_alloc_slice(usize::MAX / 2, 1_u64).map(ran),
        |zone| zone.try_alloc_slice(isize::MAX as usize, 1_u8).map(ran),
        |zone| zone.try_alloc_slice(MOST + 1, 1_u8).map(ran),
        |zone| zone.try_alloc_slice_with(usize::MAX - 15, |_| -> u16 { panic!() }).map(ran),
        |zone| zone.try_alloc_slice_aligned::<u8, 4096>(usize::MAX - 4_096, 1).map(ran),
        |zone| zone.try_alloc_uninit::<u8>(usize::MAX).map(ran),
        |zone| zone.try_alloc_uninit::<[u64; 1_000]>(usize::MAX / 8_000 + 1).map(ran),
        |zone| zone.try_alloc_iter((0..usize::MAX).map(|_| -> u8 { panic!() })).map(ran),
        |zone| zone.try_boxed_slice(usize::MAX, 1_u8).map(ran),
        |zone| zone.try_boxed_slice(usize::MAX / 2 + 1, 1_u16).map(ran),
        |zone| {
            let layout = Layout::from_size_align(isize::MAX as usize - 63, 64).unwrap();
            zone.try_alloc_layout(layout).map(ran)
        },
    ];
    for zone in zones() {
        assert_refused(
            &zone,
            &requests,
            |error| matches!(error, ZoneError::TooLarge { requested, available: MOST } if requested > MOST),
        );
    }
    let error = ZoneError::TooLarge { requested: usize::MAX, available: MOST };
    assert_eq!(Zone::try_new(usize::MAX).unwrap_err(), error);
    assert_eq!(Zone::builder().capacity(usize::MAX).fixed().try_build().unwrap_err(), error);
    assert_eq!(Zone::builder().capacity(usize::MAX).limit(100).try_build().unwrap_err(), error);
    assert_eq!(try_beginz!(usize::MAX, { 1 }), Err(error));
    assert_eq!(try_letz!(usize::MAX, a = 1 => *a), Err(error));
    assert_eq!(try_letz!(a = [1_u8; usize::MAX] => a.len()), Err(error));
    assert_eq!(zone_depth(), 0);
}

#[test]
fn what_the_system_cannot_have_is_out_of_memory() {
    // The allocator refuses before the system, whose answer could be another one under Miri.
    let requests: [Request; 4] = [
        |zone| zone.try_alloc_uninit::<u8>(MOST).map(ran),
        |zone| zone.try_alloc_uninit::<u64>(MOST / 8).map(ran),
        |zone| zone.try_boxed_slice(MOST - 1, 1_u8).map(ran),
        |zone| zone.try_alloc_slice_aligned::<u8, 4096>(MOST - 5_000, 1).map(ran),
    ];
    for zone in [Zone::new(0), Zone::new(1_000)] {
        counting::fail_after(Some(1));
        let errors = requests.map(|request| request(&zone).err());
        counting::fail_after(None);
        for error in errors {
            let Some(ZoneError::OutOfMemory { requested }) = error else { panic!("{error:?}") };
            assert!(requested > MOST - 5_000);
        }
    }
    counting::fail_after(Some(1));
    let zone = Zone::try_new(MOST);
    counting::fail_after(None);
    assert!(matches!(zone, Err(ZoneError::OutOfMemory { requested }) if requested > MOST));
}

#[test]
fn alignments_above_a_page_are_refused() {
    let requests: [Request; 14] = [
        |zone| zone.try_alloc(Aligned).map(ran),
        |zone| zone.try_alloc(AlignedByte(1)).map(ran),
        |zone| zone.try_alloc_with(|| -> Aligned { panic!() }).map(ran),
        |zone| zone.try_alloc_slice(3, Aligned).map(ran),
        |zone| zone.try_alloc_slice(0, AlignedByte(1)).map(ran),
        |zone| zone.try_alloc_slice_with(3, |_| -> Aligned { panic!() }).map(ran),
        |zone| zone.try_alloc_slice_copy(&[Aligned; 3]).map(ran),
        |zone| zone.try_alloc_slice_aligned::<u8, 8192>(3, 1).map(ran),
        |zone| zone.try_alloc_slice_aligned::<(), 8192>(3, ()).map(ran),
        |zone| zone.try_alloc_uninit::<Aligned>(1).map(ran),
        |zone| zone.try_alloc_iter([Aligned; 3]).map(ran),
        |zone| zone.try_boxed(Aligned).map(ran),
        |zone| zone.try_boxed_slice(3, Aligned).map(ran),
        |zone| zone.try_alloc_layout(Layout::from_size_align(0, 8_192).unwrap()).map(ran),
    ];
    for zone in zones() {
        let error = ZoneError::AlignTooLarge { align: 8_192 };
        assert_refused(&zone, &requests, |found| found == error);
        let layout = Layout::from_size_align(1, usize::MAX / 8 + 1).unwrap();
        let error = ZoneError::AlignTooLarge { align: usize::MAX / 8 + 1 };
        assert_eq!(zone.try_alloc_layout(layout), Err(error));
    }
}

#[test]
fn a_zone_without_room_says_how_much_it_has() {
    let value = 5_u64;
    let fixed = Zone::builder().capacity(301).fixed().build();
    fixed.alloc_slice(33, 1_u8);
    let requests: [(usize, Request); 14] = [
        (400, |zone| zone.try_alloc([1_u8; 400]).map(ran)),
        (400, |zone| zone.try_alloc_with(|| -> [u8; 400] { panic!() }).map(ran)),
        (304, |zone| zone.try_alloc_slice(38, 1_u64).map(ran)),
        (262, |zone| zone.try_alloc_slice(262, 1_u8).map(ran)),
        (508, |zone| zone.try_alloc_slice_with(127, |_| -> u32 { panic!() }).map(ran)),
        (262, |zone| zone.try_alloc_slice_copy(&[1_u8; 262]).map(ran)),
        (250, |zone| zone.try_alloc_slice_aligned::<u8, 4096>(250, 1).map(ran)),
        (800, |zone| zone.try_alloc_uninit::<u64>(100).map(ran)),
        (800, |zone| zone.try_alloc_iter([1_u64; 100]).map(ran)),
        (300, |zone| zone.try_alloc_str(&"x".repeat(300)).map(ran)),
        (300, |zone| zone.try_alloc_fmt(format_args!("{}", "x".repeat(300))).map(ran)),
        (264, |zone| zone.try_boxed([1_u64; 33]).map(ran)),
        (262, |zone| zone.try_boxed_slice(262, 1_u8).map(ran)),
        (300, |zone| zone.try_alloc_layout(Layout::new::<[u8; 300]>()).map(ran)),
    ];
    for (requested, request) in requests {
        let before = numbers(&fixed);
        let error = ZoneError::LimitReached { requested, limit: 301, used: 40 };
        assert_eq!(request(&fixed), Err(error));
        assert_eq!(numbers(&fixed), before, "after {requested}");
    }
    let hook = [0_u8; 300];
    let error = fixed.try_on_cleanup(move || assert_eq!(hook[0], 0)).unwrap_err();
    assert!(matches!(error, ZoneError::LimitReached { requested: 300.., limit: 301, used: 40 }));
    let copied = try_zcopy(&&[value; 40][..], &fixed).unwrap_err();
    assert_eq!(copied, ZoneError::LimitReached { requested: 320, limit: 301, used: 40 });
    assert_eq!(fixed.try_alloc_slice(253, 1_u8).map(|slice| slice.len()), Ok(253));

    // Where the limit is on what the system is asked for, that is the number.
    let limited = Zone::builder().capacity(2_000).limit(9_000).build();
    let used = limited.alloc_slice(100, 1_u8).len().next_multiple_of(8);
    let error = ZoneError::LimitReached { requested: 8_000, limit: 9_000, used };
    assert_eq!(limited.try_alloc_slice(8_000, 1_u8), Err(error));
}

#[test]
fn a_limit_must_leave_room_for_a_zone() {
    for limit in [0, 1, 64, 200, 400, 495] {
        for capacity in [0, 1, 4_096, MOST] {
            let error = ZoneError::LimitReached { requested: capacity, limit, used: 0 };
            let calls = counting::calls();
            let zone = Zone::builder().capacity(capacity).limit(limit).try_build();
            assert_eq!(zone.unwrap_err(), error);
            assert_eq!(counting::calls(), calls);
        }
    }
    let smallest = Zone::builder().capacity(4_096).limit(496).build();
    assert!((1..496).contains(&smallest.capacity()));
}

#[test]
fn a_zone_in_use_says_by_how_many() {
    let mut zone = Zone::new(100);
    let (clone, boxed) = (zone.clone(), zone.boxed(1));
    assert_eq!(zone.reset(), Err(ZoneError::InUse { handles: 2 }));
    push_zone(&zone);
    assert_eq!(destroy_zone(zone), Err(ZoneError::InUse { handles: 3 }));
    drop(boxed);
    assert_eq!(destroy_zone(clone), Err(ZoneError::InUse { handles: 1 }));
    assert_eq!(destroy_zone(pop_zone().unwrap()), Ok(()));
    assert_eq!(pop_zone().unwrap_err(), ZoneError::StackEmpty);
    beginz!({ assert_eq!(pop_zone().unwrap_err(), ZoneError::ScopeActive) });
}

/// Takes any value: it ends here.
fn ran<T>(_: T) {}

/// What a panic said, and where.
type Panicked = (String, String, u32);

/// The panic that `body` ends in.
#[track_caller]
fn panic_of(body: impl FnOnce()) -> Panicked {
    thread_local! {
        static WATCHED: RefCell<Option<Panicked>> = const { RefCell::new(None) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let Some(location) = info.location().filter(|_| WATCHED.with_borrow(Option::is_some))
            else {
                return default(info);
            };
            let text = info.payload().downcast_ref::<String>().cloned();
            WATCHED.set(Some((
                text.unwrap_or_default(),
                location.file().to_string(),
                location.line(),
            )));
        }));
    });
    WATCHED.set(Some(Panicked::default()));
    let result = catch_unwind(AssertUnwindSafe(body));
    let panicked = WATCHED.take().unwrap();
    assert!(result.is_err(), "no panic");
    panicked
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn plain_methods_panic_with_the_errors_text_where_they_are_called() {
    let full = Zone::builder().capacity(32).fixed().build();
    full.alloc(1_u128);
    let text = "limit reached: 300 bytes requested, 16 of at most 32 in use; \
                raise the limit, reset the zone, free some of the heap, or give a fixed collection more room";
    // A call on each line after the macro's own.
    macro_rules! check {
        ($($call:expr;)*) => {{ let mut line = line!(); $(
            line += 1;
            let before = numbers(&full);
            let panicked = panic_of(|| ran($call));
            assert_eq!(panicked.0, format!("memzone: {text}"), "in {}", stringify!($call));
            assert_eq!((&*panicked.1, panicked.2), (file!(), line), "in {}", stringify!($call));
            assert_eq!(numbers(&full), before, "in {}", stringify!($call));
        )* }};
    }
    let long = "x".repeat(300);
    check! {
        full.alloc([1_u8; 300]);
        full.alloc_with(|| [2_u8; 300]);
        full.alloc_slice(75, 1_u32);
        full.alloc_slice_with(300, |index| index as u8);
        full.alloc_slice_copy(&[3_u8; 300]);
        full.alloc_slice_aligned::<u8, 64>(300, 4);
        full.alloc_uninit::<u8>(300);
        full.alloc_iter([5_u8; 300]);
        full.alloc_str(&long);
        full.alloc_fmt(format_args!("{long}"));
        zformat!(full, "{}", long);
        full.alloc_layout(Layout::new::<[u8; 300]>());
        full.boxed([6_u8; 300]);
        full.boxed_slice(150, 1_u16);
        full.enter(|| ZBox::new([7_u8; 300]));
        full.enter(|| memzone::alloc::<u8>(300));
        zcopy(&&[8_u8; 300][..], &full);
        beginz!(_ in &full => &[9_u8; 300][..]);
    }
    assert_eq!(zone_depth(), 0);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn making_a_zone_panics_where_it_is_called() {
    let text =
        format!("memzone: {}", ZoneError::TooLarge { requested: usize::MAX, available: MOST });
    macro_rules! check {
        ($($call:expr;)*) => {{ let mut line = line!(); $(
            line += 1;
            let panicked = panic_of(|| ran($call));
            assert_eq!(panicked, (text.clone(), file!().into(), line));
        )* }};
    }
    check! {
        Zone::new(usize::MAX);
        Zone::builder().capacity(usize::MAX).build();
        push_new_zone(usize::MAX);
        beginz!(usize::MAX, { 1 });
        letz!(usize::MAX, a = 1 => *a);
        letz!(b = [1_u8; usize::MAX] => b.len());
    }
    let panicked = panic_of(|| ran(Zone::from_buffer(&mut [])));
    let error = ZoneError::TooLarge { requested: Zone::OVERHEAD + 63, available: 0 };
    assert_eq!(panicked, (format!("memzone: {error}"), file!().into(), line!() - 2));
    let zone = Zone::builder().capacity(0).fixed().build();
    let panicked = panic_of(|| zone.on_cleanup(|| ()));
    assert_eq!((&*panicked.1, panicked.2), (file!(), line!() - 1));
    assert!(panicked.0.starts_with("memzone: limit reached: "));
    assert_eq!(zone_depth(), 0);
}

#[test]
fn a_copy_that_fails_leaves_its_source_and_the_stack_alone() {
    #[derive(DeepCopy, Debug, PartialEq)]
    struct Node<'z> {
        value: [u64; 8],
        next: Option<&'z Node<'z>>,
    }
    const NODE: usize = size_of::<Node<'_>>();
    let (source, fixed) = (Zone::new(1_000), Zone::builder().capacity(160).fixed().build());
    let mut list = Node { value: [0; 8], next: None };
    for n in 1..10 {
        list = Node { value: [n; 8], next: Some(source.alloc(list)) };
    }
    let error = try_zcopy(&list, &fixed).err().unwrap();
    assert!(matches!(error, ZoneError::LimitReached { requested: NODE, limit: 160, .. }));
    let error =
        try_beginz!(z in &fixed => &*z.alloc(Node { value: [1; 8], next: Some(&list) })).err();
    assert!(matches!(error, Some(ZoneError::LimitReached { requested: NODE, limit: 160, .. })));
    assert_eq!((zone_depth(), fixed.handles(), fixed.blocks()), (0, 1, 1));
    let (mut at, mut count) = (Some(&list), 10);
    while let Some(node) = at {
        count -= 1;
        assert_eq!(node.value, [count; 8]);
        at = node.next;
    }
    assert_eq!(count, 0);
}

/// What an error leaves half done goes back, where memzone knows that nobody else has a reference to it.
#[test]
fn slices_and_texts_that_fail_give_their_places_back() {
    let zone = Zone::builder().capacity(1024).fixed().build();
    zone.alloc_slice(100, 1_u8);
    let used = zone.used();
    let is_full = |error: Option<ZoneError>| matches!(error, Some(ZoneError::LimitReached { .. }));
    for _ in 0..3 {
        assert!(is_full(zone.try_alloc_iter((0..500_u64).filter(|_| true)).err()));
        assert!(is_full(zone.try_alloc_fmt(format_args!("{:2000}", 1)).err()));
        assert!(is_full(memzone::try_zcopy(&&[&[0_u64; 200]][..], &zone).err()));
        struct Odd;
        impl std::fmt::Display for Odd {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("half of it")?;
                Err(std::fmt::Error)
            }
        }
        assert_eq!(zone.try_alloc_fmt(format_args!("{Odd}")), Err(ZoneError::Format));
        assert_eq!(zone.used(), used, "all of it is there again");
    }
    let large = Zone::new(10_000);
    let mut vector = large.vec();
    vector.push(&large.alloc_slice(200, 0_u64)[..]);
    assert!(is_full(memzone::try_zcopy(&vector, &zone).map(drop).err()));
    assert!(is_full(memzone::try_beginz!(_z in &zone => vector).map(drop).err()));
    assert_eq!(zone.used(), used);
    // What the iterator has taken meanwhile stays, and its own places with it.
    let kept = std::cell::Cell::new(None);
    let items = (0..500_u64).inspect(|&n| {
        if n == 40 {
            kept.set(Some(zone.alloc(7_u64)));
        }
    });
    assert!(is_full(zone.try_alloc_iter(items.filter(|_| true)).err()));
    zone.try_alloc_slice(zone.remaining(), 0xFF_u8).unwrap();
    assert_eq!(kept.take(), Some(&mut 7));
}
