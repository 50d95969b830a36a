//! What each thread has done with its memory, for any thread to read while they run.
//!
//! Each thread counts for itself, in atomics that it writes without a lock. They stay when a thread ends, for
//! the next one that begins. No thread waits for another here: a forked child has only the one that forked.
//!
//! ```
//! use memzone::{beginz, stats};
//!
//! for _ in 0..1000 {
//!     beginz!(z => { z.alloc_slice(64, 0.0_f32); });
//! }
//! let mine = stats::thread();
//! assert_eq!((mine.requests, mine.spares), (1, 1)); // each scope used the same spare zone
//! println!("{}", stats::threads());
//! ```

#![forbid(unsafe_code)]

use crate::error::Request;
#[cfg(feature = "profile")]
pub use crate::insight::sites::{Kind, SiteStats, Sites, sites};
use crate::system::section;
use crate::system::shared_list::{Listed, SharedList};
use core::cell::Cell;
use core::fmt;
use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{RwLock, TryLockError};
use std::thread::{self, Thread};

/// A thread's counters, and those of all threads before it that had the same place.
#[derive(Debug)]
pub(crate) struct Counters {
    requests: AtomicU64,
    asked: AtomicU64,
    given_back: AtomicU64,
    live: AtomicI64,
    peak: AtomicI64,
    spares: AtomicI64,
    deepest: AtomicU64,
    retired: AtomicU64,
    running: AtomicBool,
    /// Whose they are. A thread that begins locks it to take the place, and those who read lock it to read.
    /// Nobody waits for it.
    thread: RwLock<Option<Thread>>,
    next: SharedList<Counters>,
}

impl Listed for Counters {
    fn next(&self) -> &SharedList<Counters> {
        &self.next
    }
}

/// Those of threads that have ended and whose place has another; and of all threads as long as they have no
/// place: before the first use of their zone stack, and while they end.
pub(crate) static NOBODYS: Counters = Counters::new();

/// The places of threads, as many as have run at a time.
static THREADS: SharedList<Counters> = SharedList::new();

thread_local! {
    /// Without one: `NOBODYS`. (A reference to that cannot stand in a constant in Rust 1.85.)
    static MINE: Cell<Option<&'static Counters>> = const { Cell::new(None) };
    static GUARD: Guard = const { Guard };
}

/// Says that the thread has ended, when it does.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(place) = MINE.take() {
            // Release: for who takes the place.
            place.running.store(false, Release);
        }
    }
}

impl Counters {
    const fn new() -> Counters {
        Counters {
            requests: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            given_back: AtomicU64::new(0),
            live: AtomicI64::new(0),
            peak: AtomicI64::new(0),
            spares: AtomicI64::new(0),
            deepest: AtomicU64::new(0),
            retired: AtomicU64::new(0),
            running: AtomicBool::new(false),
            thread: RwLock::new(None),
            next: SharedList::new(),
        }
    }

    /// A spare zone more: so many now.
    pub(crate) fn spare_made(&self, now: usize) {
        self.spares.fetch_add(1, Relaxed);
        self.deepest.fetch_max(now as u64, Relaxed);
    }

    /// A spare zone less.
    pub(crate) fn spare_gone(&self) {
        self.spares.fetch_sub(1, Relaxed);
    }

    /// A scope's zone was left to its other handles.
    pub(crate) fn zone_retired(&self) {
        self.retired.fetch_add(1, Relaxed);
    }

    fn read(&self) -> Stats {
        Stats {
            requests: self.requests.load(Relaxed),
            asked: self.asked.load(Relaxed),
            given_back: self.given_back.load(Relaxed),
            live: self.live.load(Relaxed),
            peak: self.peak.load(Relaxed),
            spares: self.spares.load(Relaxed).max(0) as u64,
            deepest: self.deepest.load(Relaxed),
            retired: self.retired.load(Relaxed),
        }
    }

    fn reset(&self) {
        for counter in [&self.requests, &self.asked, &self.given_back, &self.deepest, &self.retired]
        {
            counter.store(0, Relaxed);
        }
        self.peak.store(self.live.load(Relaxed), Relaxed);
    }

    /// Adds what another has counted, and leaves it at zero.
    fn take_over(&self, other: &Counters) {
        for (to, from) in [
            (&self.requests, &other.requests),
            (&self.asked, &other.asked),
            (&self.given_back, &other.given_back),
            (&self.retired, &other.retired),
        ] {
            to.fetch_add(from.swap(0, Relaxed), Relaxed);
        }
        self.live.fetch_add(other.live.swap(0, Relaxed), Relaxed);
        self.peak.fetch_max(other.peak.swap(0, Relaxed), Relaxed);
        self.deepest.fetch_max(other.deepest.swap(0, Relaxed), Relaxed);
        other.spares.store(0, Relaxed);
    }
}

/// Where this thread counts.
fn mine() -> &'static Counters {
    MINE.get().unwrap_or(&NOBODYS)
}

impl Counters {
    /// Takes the place for a thread, if it is nobody's.
    fn take_place(&self, thread: &Thread) -> bool {
        if self.running.load(Relaxed) {
            return false;
        }
        // Somebody reads it, or takes it, or did so when the process forked: then another one will do.
        let mut whose = match self.thread.try_write() {
            Ok(whose) => whose,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        // Acquire: all that the thread before has counted.
        if self.running.load(Acquire) {
            return false;
        }
        NOBODYS.take_over(self);
        *whose = Some(thread.clone());
        self.running.store(true, Relaxed);
        true
    }

    /// The thread whose place it is, if that runs. Nobody's where it is just being taken.
    fn whose(&self) -> Option<Thread> {
        let whose = match self.thread.try_read() {
            Ok(whose) => whose,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        whose.clone().filter(|_| self.running.load(Relaxed))
    }
}

/// A new place, unless the system has no memory for it.
fn new_place(thread: &Thread) -> Option<&'static Counters> {
    let mut place = Vec::new();
    place.try_reserve_exact(1).ok()?;
    let counters = Counters::new();
    place.push(Counters {
        running: AtomicBool::new(true),
        thread: RwLock::new(Some(thread.clone())),
        ..counters
    });
    // `&*`: from here on it is shared.
    let place: &'static Counters = &*place.leak().first_mut()?;
    THREADS.add(place);
    Some(place)
}

/// Takes a place for this thread's counters, if it has none.
pub(crate) fn register() -> &'static Counters {
    if let Some(mine) = MINE.get() {
        return mine;
    }
    if section::ask(Request::FirstUse, 0).is_err() || GUARD.try_with(|_| ()).is_err() {
        return &NOBODYS;
    }
    // Since Rust 1.85 this does not panic where the thread's own locals are gone.
    let thread = thread::current();
    // Somebody else's before, who has ended; or a new one.
    let place = THREADS.iter().find(|place| place.take_place(&thread));
    let Some(place) = place.or_else(|| new_place(&thread)) else { return &NOBODYS };
    MINE.set(Some(place));
    place
}

/// The system gave memory for a zone or an `RtHeap`.
pub(crate) fn taken(bytes: usize) {
    let mine = mine();
    mine.requests.fetch_add(1, Relaxed);
    mine.asked.fetch_add(bytes as u64, Relaxed);
    let live = mine.live.fetch_add(signed(bytes), Relaxed) + signed(bytes);
    mine.peak.fetch_max(live, Relaxed);
}

/// Memory was given back.
pub(crate) fn given_back(bytes: usize) {
    let mine = mine();
    mine.given_back.fetch_add(bytes as u64, Relaxed);
    mine.live.fetch_sub(signed(bytes), Relaxed);
}

/// No memory has more bytes than that.
fn signed(bytes: usize) -> i64 {
    bytes as i64
}

/// What a thread has done since it started, or since [`reset`]. `Display` prints it as a table.
///
/// ```
/// use memzone::{beginz, stats};
///
/// beginz!(beginz!({}));
/// let mine = stats::thread();
/// assert_eq!((mine.deepest, mine.spares), (2, 2));
/// assert_eq!(mine.live as u64, mine.asked - mine.given_back);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// How often the system was asked for memory for a zone or an `RtHeap`, and gave it.
    pub requests: u64,
    /// The bytes it gave.
    pub asked: u64,
    /// The bytes given back to it.
    pub given_back: u64,
    /// Bytes that this thread has asked for and not given back. Negative where it frees what others took.
    pub live: i64,
    /// The most that `live` has been.
    pub peak: i64,
    /// Spare zones, those of active scopes among them. Not reset.
    pub spares: u64,
    /// The most spare zones there were, those of active scopes among them: how deep scopes have been nested.
    pub deepest: u64,
    /// Zones of scopes that ended while other handles were out, and that live as long as those.
    pub retired: u64,
}

impl Stats {
    /// Adds another thread's figures.
    fn add(&mut self, other: &Stats) {
        self.requests += other.requests;
        self.asked += other.asked;
        self.given_back += other.given_back;
        self.live += other.live;
        self.peak = self.peak.max(other.peak);
        self.spares += other.spares;
        self.deepest = self.deepest.max(other.deepest);
        self.retired += other.retired;
    }

    fn cells(&self) -> [i128; 8] {
        [
            self.requests.into(),
            self.asked.into(),
            self.given_back.into(),
            self.live.into(),
            self.peak.into(),
            self.spares.into(),
            self.deepest.into(),
            self.retired.into(),
        ]
    }
}

/// The names of `Stats::cells`.
const NAMES: [&str; 8] =
    ["requests", "asked", "given back", "live", "peak", "spares", "deepest", "retired"];

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, cell) in NAMES.iter().zip(self.cells()) {
            writeln!(f, "{name:<12}{cell:>16}")?;
        }
        Ok(())
    }
}

/// The figures of all threads; see [`threads`]. `Display` prints them as a table, a row a thread.
///
/// ```
/// use memzone::{beginz, stats};
///
/// beginz!({});
/// let threads = stats::threads();
/// for (thread, stats) in threads.running() {
///     println!("{:?} holds {} bytes", thread.name(), stats.live);
/// }
/// assert!(threads.total().peak >= stats::thread().peak);
/// ```
#[derive(Clone, Debug)]
pub struct Threads {
    running: Vec<(Thread, Stats)>,
    ended: Stats,
}

impl Threads {
    /// The threads that run, with their figures.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn running(&self) -> &[(Thread, Stats)] {
        &self.running
    }

    /// The totals of the threads that have ended, and of those that have zones but have never used their
    /// zone stack: no scope, no push, no [`prepare_thread`](crate::rt::prepare_thread). `Display` says "all other threads".
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn ended(&self) -> Stats {
        self.ended
    }

    /// All of them together: sums, but for `peak` and `deepest`, which are the largest ones.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn total(&self) -> Stats {
        let mut total = self.ended;
        self.running.iter().for_each(|(_, stats)| total.add(stats));
        total
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, name: &dyn fmt::Display, stats: &Stats| {
            write!(f, "{name:<20}")?;
            for (name, cell) in NAMES.iter().zip(stats.cells()) {
                write!(f, " {cell:>0$}", name.len().max(10))?;
            }
            writeln!(f)
        };
        write!(f, "{:<20}", "thread")?;
        for name in NAMES {
            write!(f, " {name:>10}")?;
        }
        writeln!(f)?;
        for (thread, stats) in &self.running {
            match thread.name() {
                Some(name) => row(f, &name, stats)?,
                None => row(f, &format_args!("{:?}", thread.id()), stats)?,
            }
        }
        row(f, &"(all other threads)", &self.ended)?;
        row(f, &"total", &self.total())
    }
}

/// This thread's figures. Zeros before its first use of the zone stack.
///
/// # Real-time
///
/// Yes.
pub fn thread() -> Stats {
    MINE.get().map_or_else(Stats::default, Counters::read)
}

/// All threads' figures, while they run: each number is right, but they are not all of one moment.
///
/// A thread never waits for another here. In a forked child, the threads that the parent had beside the one that
/// forked are still listed as running.
///
/// ```
/// use memzone::{ZBox, stats};
///
/// std::thread::spawn(|| drop(ZBox::new(1))).join().unwrap();
/// assert!(stats::threads().ended().asked > 0); // a thread that ends leaves its totals
/// ```
///
/// # Real-time
///
/// No: it makes a list. The threads that are looked at notice nothing.
pub fn threads() -> Threads {
    let mut threads = Threads { running: Vec::new(), ended: NOBODYS.read() };
    for counters in THREADS.iter() {
        match counters.whose() {
            Some(thread) => threads.running.push((thread, counters.read())),
            None => threads.ended.add(&counters.read()),
        }
    }
    threads
}

/// Sets all threads' figures to zero, but for what there is now: live bytes, spare zones. Peaks start from
/// those. What a thread counts at this very moment may be counted before or after.
///
/// ```
/// use memzone::{beginz, stats};
///
/// beginz!(beginz!({}));
/// stats::reset();
/// beginz!({});
/// assert_eq!((stats::thread().requests, stats::thread().spares), (0, 2)); // the spare zones are there
/// ```
///
/// # Real-time
///
/// Yes for the threads that are looked at. It takes a few stores for each.
pub fn reset() {
    NOBODYS.reset();
    THREADS.iter().for_each(Counters::reset);
}
