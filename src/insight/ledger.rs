//! The leak ledger: what is alive, and where it was made.
//!
//! With the feature `ledger` every live [`HBox`](crate::HBox), [`ZBox`](crate::ZBox) and pushed zone is
//! entered here, with its size, type, call site and thread. Without the feature nothing of this exists,
//! and entries have no size.
//!
#![cfg_attr(feature = "ledger", doc = "```")]
#![cfg_attr(not(feature = "ledger"), doc = "```ignore")]
//! use memzone::{halloc, ledger};
//!
//! let lost = halloc([0_u8; 100]);
//! let report = ledger::report();
//! assert_eq!((report.bytes(), report.records()[0].kind), (100, ledger::Kind::Heap));
//! println!("{report}");
//! drop(lost);
//! ledger::assert_empty();
//! ```
//!
//! # Real-time
//!
//! No: making an entry takes a lock and memory. In a real-time section ([`rt::enter`](crate::rt::enter)) and
//! inside [`pause`] neither happens, and what was not entered is counted. What dies never takes the lock.

#![forbid(unsafe_code)]

/// What kind of memory an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(not(feature = "ledger"), allow(dead_code, unreachable_pub))]
pub enum Kind {
    /// An `HBox`.
    Heap,
    /// A `ZBox`.
    Zone,
    /// A zone on a thread's stack.
    Pushed,
}

#[cfg(feature = "ledger")]
mod on {
    use super::Kind;
    use crate::system::section;
    use core::cell::{Cell, RefCell};
    use core::fmt;
    use core::panic::Location;
    use core::sync::atomic::{AtomicU64, Ordering};
    use parking_lot::Mutex;
    use std::sync::Arc;
    use std::thread::{self, ThreadId};

    /// All records of what may still be alive: an entry shares its record, so a record that only the
    /// ledger has is of something dead.
    static LEDGER: Mutex<Vec<Arc<Record>>> = Mutex::new(Vec::new());

    /// How many entries were not made, as their thread had paused the ledger.
    static SKIPPED: AtomicU64 = AtomicU64::new(0);

    thread_local! {
        static PAUSED: Cell<bool> = const { Cell::new(false) };
        /// The entries of this thread's pushed zones, with how many were pushed then.
        static PUSHED: RefCell<Vec<(usize, Entry)>> = const { RefCell::new(Vec::new()) };
    }

    /// One thing that is alive.
    ///
    /// ```
    /// use memzone::ledger::{self, Kind};
    ///
    /// let table = memzone::halloc([0_u8; 100]);
    /// let report = ledger::report();
    /// let record = &report.records()[0];
    /// assert_eq!((record.kind, record.bytes, record.type_name), (Kind::Heap, 100, "[u8; 100]"));
    /// assert!(record.location.line() > 0);
    /// assert_eq!(report.skipped(), 0); // entries that a section or `pause` kept out
    /// drop(table);
    /// ```
    #[derive(Clone, Debug)]
    #[non_exhaustive]
    pub struct Record {
        /// What kind of memory it is in.
        pub kind: Kind,
        /// Its bytes; a pushed zone's capacity when it was pushed.
        pub bytes: usize,
        /// Its type.
        pub type_name: &'static str,
        /// Where it was made.
        pub location: &'static Location<'static>,
        /// On which thread.
        pub thread: ThreadId,
        /// That thread's name.
        pub thread_name: Option<String>,
    }

    /// Makes what it belongs to a part of the ledger for as long as it lives.
    #[derive(Debug)]
    pub(crate) struct Entry {
        // Held, not read: see `LEDGER`.
        _record: Option<Arc<Record>>,
    }

    impl Entry {
        #[track_caller]
        pub(crate) fn new<T: ?Sized>(kind: Kind, bytes: usize) -> Entry {
            if PAUSED.get() || section::policy().is_some() {
                SKIPPED.fetch_add(1, Ordering::Relaxed);
                return Entry { _record: None };
            }
            let location = Location::caller();
            let thread = thread::current();
            let record = Arc::new(Record {
                kind,
                bytes,
                type_name: core::any::type_name::<T>(),
                location,
                thread: thread.id(),
                thread_name: thread.name().map(String::from),
            });
            let mut ledger = LEDGER.lock();
            if ledger.len() == ledger.capacity() {
                ledger.retain(is_alive);
                // At least half of it free, so that this is rare.
                let more = ledger.len().max(64);
                ledger.reserve(more);
            }
            ledger.push(Arc::clone(&record));
            Entry { _record: Some(record) }
        }
    }

    fn is_alive(record: &Arc<Record>) -> bool {
        Arc::strong_count(record) > 1
    }

    /// Enters the so-manieth zone pushed on this thread's stack, of type `T`.
    #[track_caller]
    pub(crate) fn pushed<T>(count: usize, bytes: usize) {
        let entry = Entry::new::<T>(Kind::Pushed, bytes);
        if entry._record.is_none() {
            return;
        }
        // While the thread ends there is no stack, and this may be gone.
        let _ = PUSHED.try_with(|pushed| pushed.borrow_mut().push((count, entry)));
    }

    /// The so-manieth pushed zone goes, and all above it.
    pub(crate) fn popped(count: usize) {
        let _ = PUSHED.try_with(|pushed| {
            let mut pushed = pushed.borrow_mut();
            while pushed.last().is_some_and(|(at, _)| *at >= count) {
                pushed.pop();
            }
        });
    }

    /// Makes this thread's first use of what ends with the thread.
    pub(crate) fn prepare() {
        let _ = PUSHED.try_with(|_| ());
    }

    /// Runs `body` without entering what it makes. That is counted, and the report says how much it was.
    ///
    /// ```
    /// use memzone::{halloc, ledger};
    ///
    /// let kept = ledger::pause(|| halloc(1)); // for what is to live as long as the program
    /// assert_eq!((ledger::report().records().len(), ledger::report().skipped()), (0, 1));
    /// drop(kept);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: no lock, no memory.
    pub fn pause<R>(body: impl FnOnce() -> R) -> R {
        struct Resume(bool);
        impl Drop for Resume {
            fn drop(&mut self) {
                PAUSED.set(self.0);
            }
        }
        let _resume = Resume(PAUSED.replace(true));
        body()
    }

    /// What was alive when [`report`] was called, most bytes first. `Display` prints it as a table.
    #[derive(Clone, Debug)]
    pub struct Report {
        records: Vec<Record>,
        skipped: u64,
    }

    /// Says what is alive, on all threads.
    ///
    /// # Real-time
    ///
    /// No: takes the lock, and memory for the report.
    pub fn report() -> Report {
        let mut ledger = LEDGER.lock();
        ledger.retain(is_alive);
        let mut records: Vec<Record> = ledger.iter().map(|record| Record::clone(record)).collect();
        drop(ledger);
        records.sort_by_key(|record| core::cmp::Reverse(record.bytes));
        Report { records, skipped: SKIPPED.load(Ordering::Relaxed) }
    }

    /// For the end of a test.
    ///
    /// # Panics
    ///
    /// Where anything is alive, on any thread, with the table.
    ///
    /// # Real-time
    ///
    /// No: as [`report`].
    #[track_caller]
    pub fn assert_empty() {
        let report = report();
        assert!(report.records.is_empty(), "not everything was freed\n{report}");
    }

    impl Report {
        /// What is alive, most bytes first.
        ///
        /// # Real-time
        ///
        /// Yes.
        pub fn records(&self) -> &[Record] {
            &self.records
        }

        /// The bytes of all of it. What lies in a pushed zone is in the zone's bytes too.
        ///
        /// # Real-time
        ///
        /// Yes.
        pub fn bytes(&self) -> usize {
            self.records.iter().map(|record| record.bytes).sum()
        }

        /// How many were not entered, by all threads that have paused the ledger, since the start.
        ///
        /// # Real-time
        ///
        /// Yes.
        pub fn skipped(&self) -> u64 {
            self.skipped
        }
    }

    impl fmt::Display for Report {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            writeln!(f, "{:>12}  {:<6}  {:<24}  made at", "bytes", "kind", "thread")?;
            for record in &self.records {
                let Record { kind, bytes, type_name, location, thread, thread_name } = record;
                let kind = match kind {
                    Kind::Heap => "heap",
                    Kind::Zone => "zone",
                    Kind::Pushed => "pushed",
                };
                write!(f, "{bytes:>12}  {kind:<6}  ")?;
                match thread_name {
                    Some(name) => write!(f, "{name:<24}")?,
                    None => write!(f, "{:<24}", format!("{thread:?}"))?,
                }
                writeln!(f, "  {location}: {type_name}")?;
            }
            let (alive, bytes, skipped) = (self.records.len(), self.bytes(), self.skipped);
            write!(f, "{bytes:>12}  in {alive} entries; {skipped} were not entered")
        }
    }
}

#[cfg(feature = "ledger")]
pub(crate) use on::{Entry, popped, prepare, pushed};
#[cfg(feature = "ledger")]
pub use on::{Record, Report, assert_empty, pause, report};

/// Without the feature: nothing, at no cost.
#[cfg(not(feature = "ledger"))]
mod off {
    use super::Kind;

    #[derive(Debug)]
    pub(crate) struct Entry;

    impl Entry {
        #[allow(clippy::extra_unused_type_parameters)]
        #[inline(always)]
        pub(crate) fn new<T: ?Sized>(_kind: Kind, _bytes: usize) -> Entry {
            Entry
        }
    }

    pub(crate) fn prepare() {}

    #[inline(always)]
    #[allow(clippy::extra_unused_type_parameters)]
    pub(crate) fn pushed<T>(_count: usize, _bytes: usize) {}

    #[inline(always)]
    pub(crate) fn popped(_count: usize) {}
}

#[cfg(not(feature = "ledger"))]
pub(crate) use off::{Entry, popped, prepare, pushed};
