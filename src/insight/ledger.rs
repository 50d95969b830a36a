//! The leak ledger: what is alive, and where it was made.
//!
//! With the feature `ledger`, every live [`HBox`](crate::HBox), [`ZBox`](crate::ZBox) and pushed zone is entered here
//! with its size, type, call site and thread. Without the feature the ledger does not exist, and entries have no size.
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
//! No: making an entry takes a lock and memory. In a real-time section ([`rt::enter`](crate::rt::enter)) and inside
//! [`pause`] no entry is made, and only the number of missing entries is counted. Ending an entry never takes the lock.
//!
//! # Without memory
//!
//! If the ledger's list cannot grow, the entry is missing, and is counted as such. The entry itself takes some hundred
//! bytes of an `Arc`. If the system does not have even those, the program ends, as it does for any `Arc`.

#![forbid(unsafe_code)]

/// The kind of memory that an entry is about.
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
    use crate::system::counters::AtomicU64;
    use crate::system::section;
    use core::cell::{Cell, RefCell};
    use core::fmt;
    use core::panic::Location;
    use core::sync::atomic::Ordering;
    use parking_lot::Mutex;
    use std::sync::Arc;
    use std::thread::{self, ThreadId};

    /// All records of what may still be alive. An entry shares its record with the ledger. So if only the ledger has a
    /// record, what it is about is gone.
    static LEDGER: Mutex<Vec<Arc<Record>>> = Mutex::new(Vec::new());

    /// The number of entries that were not made: in a section, in `pause`, or without memory for the list.
    static SKIPPED: AtomicU64 = AtomicU64::new(0);

    thread_local! {
        static PAUSED: Cell<bool> = const { Cell::new(false) };
        /// The entries of this thread's pushed zones, each with the number of zones that were pushed by then.
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
        /// The kind of memory it is in.
        pub kind: Kind,
        /// Its size in bytes. For a pushed zone, this is its capacity when it was pushed.
        pub bytes: usize,
        /// Its type.
        pub type_name: &'static str,
        /// The place in the program where it was made.
        pub location: &'static Location<'static>,
        /// The thread that made it.
        pub thread: ThreadId,
        /// That thread's name.
        pub thread_name: Option<String>,
    }

    /// Keeps its owner in the ledger as long as the owner lives.
    #[derive(Debug)]
    pub(crate) struct Entry {
        // Only held and never read; see `LEDGER`.
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
            if !has_room(&mut ledger) {
                SKIPPED.fetch_add(1, Ordering::Relaxed);
                return Entry { _record: None };
            }
            ledger.push(Arc::clone(&record));
            Entry { _record: Some(record) }
        }
    }

    /// Makes room for one more record. If the system has no memory for that, the result is `false`.
    fn has_room(ledger: &mut Vec<Arc<Record>>) -> bool {
        if ledger.len() < ledger.capacity() {
            return true;
        }
        ledger.retain(is_alive);
        // Afterwards at least half of the list is free, so this happens rarely.
        let more = ledger.len().max(64);
        ledger.try_reserve(more).is_ok()
    }

    fn is_alive(record: &Arc<Record>) -> bool {
        Arc::strong_count(record) > 1
    }

    /// Enters a pushed zone, which is of type `T`. With it, `count` zones are pushed on this thread's stack.
    #[track_caller]
    pub(crate) fn pushed<T>(count: impl FnOnce() -> usize, bytes: impl FnOnce() -> usize) {
        let entry = Entry::new::<T>(Kind::Pushed, bytes());
        if entry._record.is_none() {
            return;
        }
        // While the thread ends, this list may be gone. Nothing is on the stack then.
        let _ = PUSHED.try_with(|pushed| {
            let mut pushed = pushed.borrow_mut();
            match pushed.try_reserve(1) {
                Ok(()) => pushed.push((count(), entry)),
                // No memory for the list. The entry ends here, and is missing in the report.
                Err(_) => _ = SKIPPED.fetch_add(1, Ordering::Relaxed),
            }
        });
    }

    /// Ends the entry of the pushed zone with this count, and of all zones above it.
    pub(crate) fn popped(count: usize) {
        let _ = PUSHED.try_with(|pushed| {
            let mut pushed = pushed.borrow_mut();
            while pushed.last().is_some_and(|(at, _)| *at >= count) {
                pushed.pop();
            }
        });
    }

    /// Makes this thread's first use of `PUSHED`, which may take memory.
    pub(crate) fn prepare() {
        let _ = PUSHED.try_with(|_| ());
    }

    /// Runs `body` without entering what it makes. The report says how many entries are missing.
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

    /// What was alive when [`report`] was called, largest first. `Display` prints it as a table.
    #[derive(Clone, Debug)]
    pub struct Report {
        records: Vec<Record>,
        skipped: u64,
    }

    /// Reports what is alive on all threads.
    ///
    /// # Real-time
    ///
    /// No: it takes the lock, and memory for the report.
    pub fn report() -> Report {
        let mut ledger = LEDGER.lock();
        ledger.retain(is_alive);
        let mut records: Vec<Record> = ledger.iter().map(|record| Record::clone(record)).collect();
        drop(ledger);
        records.sort_by_key(|record| core::cmp::Reverse(record.bytes));
        Report { records, skipped: SKIPPED.load(Ordering::Relaxed) }
    }

    /// Checks at the end of a test that nothing is alive.
    ///
    /// # Panics
    ///
    /// When anything is alive on any thread. The message shows the table.
    ///
    /// # Real-time
    ///
    /// No, for the same reasons as [`report`].
    #[track_caller]
    pub fn assert_empty() {
        let report = report();
        assert!(report.records.is_empty(), "not everything was freed\n{report}");
    }

    impl Report {
        /// What is alive, largest first.
        ///
        /// # Real-time
        ///
        /// Yes.
        pub fn records(&self) -> &[Record] {
            &self.records
        }

        /// The sum of all bytes. A box in a pushed zone counts twice, as the zone's capacity includes it.
        ///
        /// # Real-time
        ///
        /// Yes.
        pub fn bytes(&self) -> usize {
            self.records.iter().map(|record| record.bytes).sum()
        }

        /// The number of entries that were not made since the start, on all threads: in sections, in [`pause`], and
        /// where the system had no memory for the ledger's list.
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

/// What stands for the ledger without its feature. It does nothing and costs nothing.
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
    pub(crate) fn pushed<T>(_count: impl FnOnce() -> usize, _bytes: impl FnOnce() -> usize) {}

    #[inline(always)]
    pub(crate) fn popped(_count: usize) {}
}

#[cfg(not(feature = "ledger"))]
pub(crate) use off::{Entry, popped, prepare, pushed};
