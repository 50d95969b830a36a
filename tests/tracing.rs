//! The feature `tracing`: scopes are spans, growth is an event.

#![cfg(feature = "tracing")]
#![forbid(unsafe_code)]

use memzone::{DeepCopy, ZBox, Zone, beginz, letz, peek_zone, rt, zcopy, zcopy_shared, zone_depth};
use std::cell::{Cell, RefCell};
use std::fmt::{Debug, Write as _};
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex};
use std::thread;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

/// A line of the log, made of fields.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Log {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    /// What the body has told.
    fn of(body: impl FnOnce()) -> Vec<String> {
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), body);
        std::mem::take(&mut log.0.lock().unwrap())
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "memzone"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(span.metadata().name().into());
        span.record(&mut line);
        self.add(line.0);
        Id::from_u64(self.0.lock().unwrap().len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line("event".into());
        event.record(&mut line);
        self.add(line.0);
    }

    fn enter(&self, span: &Id) {
        self.add(format!("enter {}", span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        self.add(format!("exit {}", span.into_u64()));
    }
}

#[test]
fn scopes_are_spans() {
    let first = line!() + 2;
    let log = Log::of(|| {
        beginz!(100, {
            letz!(a = 1 => *a);
        });
    });
    let file = format!("file={:?}", file!());
    let outer = format!("scope kind=\"beginz!\" {file} line={first} bytes=100");
    let inner = format!("scope kind=\"letz!\" {file} line={} bytes=4096", first + 1);
    assert_eq!(log, [&outer, "enter 1", &inner, "enter 3", "exit 3", "exit 1"]);
}

#[test]
fn a_scope_that_is_left_by_a_panic_ends_its_span() {
    let log = Log::of(|| {
        let left = std::panic::catch_unwind(|| {
            beginz!(z => {
                if z.used() == 0 {
                    std::panic::resume_unwind(Box::new(()));
                }
            })
        });
        assert!(left.is_err());
    });
    assert_eq!(log[1..], ["enter 1", "exit 1"]);
}

#[test]
fn growth_is_an_event() {
    let zone = Zone::builder().capacity(1000).name("echo").build();
    zone.alloc_slice(160, 0_u8);
    let log = Log::of(|| {
        zone.alloc_slice(100_000, 0_u8);
        zone.alloc_slice(16, 0_u8);
    });
    let [event] = &log[..] else { panic!("{log:?}") };
    assert!(event.starts_with("event message=a zone has grown zone=\"echo\" bytes="), "{event}");
    assert!(event.ends_with(" used=160"), "{event}");
}

/// Runs something of its own when it is told something.
struct Hostile<F>(F);

impl<F: Fn(&str) + Send + Sync + 'static> Subscriber for Hostile<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "memzone"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        (self.0)("new");
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        (self.0)("grown");
    }

    fn enter(&self, _: &Id) {
        (self.0)("enter");
    }

    fn exit(&self, _: &Id) {
        (self.0)("exit");
    }
}

/// One that panics when it is told this, as long as nothing else does.
fn panics_at(what: &'static str) -> Hostile<impl Fn(&str) + Send + Sync> {
    Hostile(move |told: &str| assert!(told != what || thread::panicking(), "told so"))
}

#[test]
fn a_subscriber_that_panics_leaves_no_scope_behind() {
    for what in ["new", "enter", "exit"] {
        let depth = zone_depth();
        tracing::subscriber::with_default(panics_at(what), || {
            assert!(catch_unwind(|| beginz!(z => z.alloc(1_u8).wrapping_add(1))).is_err());
            assert_eq!(zone_depth(), depth, "after {what}");
        });
        assert_eq!(zone_depth(), depth, "after {what}");
    }
}

#[test]
fn a_subscriber_that_panics_costs_a_zone_nothing_of_its_limit() {
    let mut zone = Zone::builder().capacity(1000).limit(1 << 20).build();
    tracing::subscriber::with_default(panics_at("grown"), || {
        for _ in 0..100 {
            let grown = catch_unwind(|| zone.alloc_slice(10, [0_u8; 1000]).len());
            assert!(grown.is_err() || zone.used() >= 10_000);
            zone.reset().unwrap();
        }
    });
    assert_eq!(zone.try_alloc_slice(500, [1_u8; 1000]).map(|slice| slice.len()), Ok(500));
}

#[test]
fn a_subscriber_may_use_the_zone_that_grows() {
    const PAGE: usize = 4096;
    thread_local! {
        static KEPT: RefCell<Vec<ZBox<[[u8; PAGE]]>>> = const { RefCell::new(Vec::new()) };
    }
    let keeps = Hostile(|what: &str| {
        if what == "grown" && KEPT.with_borrow(Vec::is_empty) {
            // Once, though the zone may grow for this too.
            KEPT.with_borrow_mut(|kept| kept.push(Zone::new(16).boxed_slice(0, [0; PAGE])));
            let large = peek_zone().boxed_slice(512, [7; PAGE]);
            KEPT.with_borrow_mut(|kept| kept.push(large));
        }
    });
    thread::spawn(|| {
        let zone = peek_zone();
        let plan = rt::Plan::new().scopes(0, 0).default_zone(4 << 20).prefault(false);
        tracing::subscriber::with_default(keeps, || rt::prepare_thread(&plan)).unwrap();
        let kept = KEPT.take();
        assert!(kept[1].iter().all(|page| *page == [7; PAGE]) && zone.contains(&kept[1][0]));
        let capacity = zone.capacity();
        assert!(zone.alloc_slice(256, [1_u8; PAGE]).iter().all(|page| *page == [1; PAGE]));
        assert_eq!(zone.capacity(), capacity, "in the rest of what was prepared");
    })
    .join()
    .unwrap();
}

/// It may copy too. What is shared in the copy that makes the zone grow stays shared: the other copy has no part in that.
#[test]
fn a_subscriber_may_copy_while_a_shared_copy_grows() {
    #[derive(DeepCopy)]
    struct Ring<'z> {
        number: u64,
        next: Cell<Option<&'z Ring<'z>>>,
    }
    const COUNT: u64 = 20_000;
    let copies = Hostile(|what: &str| {
        if what == "grown" {
            let zone = peek_zone();
            let ring = Ring { number: 7, next: Cell::new(None) };
            assert_eq!(zcopy(&&ring, &zone).number, 7);
        }
    });
    let (source, target) = (Zone::new(0), Zone::new(0));
    let first = &*source.alloc(Ring { number: 0, next: Cell::new(None) });
    let mut last = first;
    for number in 1..COUNT {
        let node = &*source.alloc(Ring { number, next: Cell::new(None) });
        last.next.set(Some(node));
        last = node;
    }
    last.next.set(Some(first));
    tracing::subscriber::with_default(copies, || {
        let copy = zcopy_shared(first, &target);
        let mut at = copy;
        for number in 0..COUNT {
            assert_eq!(at.number, number);
            at = at.next.get().unwrap();
        }
        assert!(std::ptr::eq(at, copy));
    });
}
