//! The feature `tracing`: scopes are spans, growth is an event.

#![cfg(feature = "tracing")]
#![forbid(unsafe_code)]

use memzone::{Zone, beginz, letz};
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
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
