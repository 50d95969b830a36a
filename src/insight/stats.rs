//! What each thread has done with its memory. Any thread may read this at any time.
//!
//! Each thread has a slot of counters for itself, which are atomics that it writes without a lock. When the thread
//! ends, its slot is kept for a later thread. No thread waits for another here, because a forked child has only the
//! thread that forked.
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
#[cfg(feature = "rt-alloc")]
use crate::insight::heaps::HEAPS;
#[cfg(feature = "profile")]
pub use crate::insight::sites::{Kind, SiteStats, Sites, sites};
use crate::system::counters::{AtomicI64, AtomicU64};
use crate::system::section;
use crate::system::shared_list::{Listed, SharedList};
use core::cell::Cell;
use core::fmt;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{RwLock, TryLockError};
use std::thread::{self, Thread};

/// A slot: the counters of the thread that has it.
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
    /// The place of the heap that `RtAlloc` serves the thread from, plus 1. 0 without one.
    #[cfg(feature = "rt-alloc")]
    heap: AtomicU64,
    running: AtomicBool,
    /// The thread that has the slot. A new thread locks this to claim the slot, and threads that read the counters lock
    /// it to read. Nobody waits for it.
    thread: RwLock<Option<Thread>>,
    next: SharedList<Counters>,
}

impl Listed for Counters {
    fn next(&self) -> &SharedList<Counters> {
        &self.next
    }
}

/// Counts what belongs to no slot: what threads did that have ended and whose slot has another thread now, and what
/// threads do while they have no slot. A thread has none before it first uses its zone stack, and while it ends.
pub(crate) static UNASSIGNED: Counters = Counters::new();

/// The slots of all threads. There are as many as threads have run at one time.
static THREADS: SharedList<Counters> = SharedList::new();

thread_local! {
    /// This thread's slot. Without one, the thread counts in `UNASSIGNED`. (Rust 1.85 does not allow a reference to
    /// that in a constant.)
    static SLOT: Cell<Option<&'static Counters>> = const { Cell::new(None) };
    static END_OF_THREAD: EndOfThread = const { EndOfThread };
}

/// Its destructor frees the slot when the thread ends.
struct EndOfThread;

impl Drop for EndOfThread {
    fn drop(&mut self) {
        if let Some(slot) = SLOT.take() {
            #[cfg(feature = "rt-alloc")]
            slot.heap.store(0, Relaxed);
            // Release: the thread that claims the slot sees all that was counted.
            slot.running.store(false, Release);
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
            #[cfg(feature = "rt-alloc")]
            heap: AtomicU64::new(0),
            running: AtomicBool::new(false),
            thread: RwLock::new(None),
            next: SharedList::new(),
        }
    }

    /// Counts a new spare zone. There are `now` of them.
    pub(crate) fn spare_made(&self, now: usize) {
        self.spares.fetch_add(1, Relaxed);
        self.deepest.fetch_max(now as u64, Relaxed);
    }

    /// Counts a spare zone that is gone.
    pub(crate) fn spare_gone(&self) {
        self.spares.fetch_sub(1, Relaxed);
    }

    /// Counts a scope's zone that other handles keep alive.
    pub(crate) fn zone_retired(&self) {
        self.retired.fetch_add(1, Relaxed);
    }

    /// Notes the place of the heap that the thread is served from, or none.
    #[cfg(feature = "rt-alloc")]
    fn set_heap(&self, place: Option<usize>) {
        self.heap.store(place.map_or(0, |place| place as u64 + 1), Relaxed);
    }

    /// The figures of the thread's heap, which are zero without one.
    #[cfg(feature = "rt-alloc")]
    fn heap(&self) -> HeapOfThread {
        let place = usize::try_from(self.heap.load(Relaxed)).unwrap_or(0);
        let Some(heap) = place.checked_sub(1).and_then(|place| HEAPS.get(place)) else {
            return HeapOfThread::default();
        };
        HeapOfThread {
            size: heap.size.load(Relaxed) as u64,
            used: heap.used.load(Relaxed) as u64,
            peak: heap.peak.load(Relaxed) as u64,
            beyond: heap.beyond.load(Relaxed),
            put_aside: heap.waiting()[0] as u64,
        }
    }

    fn read(&self) -> Stats {
        Stats {
            #[cfg(feature = "rt-alloc")]
            heap: self.heap(),
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

    /// Adds what another slot has counted, and sets that to zero.
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

/// The counters that this thread uses.
fn this_threads_counters() -> &'static Counters {
    SLOT.get().unwrap_or(&UNASSIGNED)
}

impl Counters {
    /// Claims the slot for a thread, if no running thread has it.
    fn claim_slot(&self, thread: &Thread) -> bool {
        if self.running.load(Relaxed) {
            return false;
        }
        // If it is locked, somebody reads or claims it now, or did so when the process forked. Then another slot will
        // do.
        let mut whose = match self.thread.try_write() {
            Ok(whose) => whose,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        // Acquire: this thread sees all that the thread before it has counted.
        if self.running.load(Acquire) {
            return false;
        }
        UNASSIGNED.take_over(self);
        *whose = Some(thread.clone());
        self.running.store(true, Relaxed);
        true
    }

    /// The thread that has the slot, if it still runs. `None` also while a thread is claiming the slot.
    fn running_thread(&self) -> Option<Thread> {
        let whose = match self.thread.try_read() {
            Ok(whose) => whose,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        whose.clone().filter(|_| self.running.load(Relaxed))
    }
}

/// Makes a new slot, unless the system has no memory for it.
fn new_slot(thread: &Thread) -> Option<&'static Counters> {
    let mut slot = Vec::new();
    slot.try_reserve_exact(1).ok()?;
    let counters = Counters::new();
    slot.push(Counters {
        running: AtomicBool::new(true),
        thread: RwLock::new(Some(thread.clone())),
        ..counters
    });
    // It is shared from here on, hence `&*`.
    let slot: &'static Counters = &*slot.leak().first_mut()?;
    THREADS.add(slot);
    Some(slot)
}

/// Gives this thread a slot, if it has none.
pub(crate) fn register() -> &'static Counters {
    if let Some(mine) = SLOT.get() {
        return mine;
    }
    if section::ask(Request::FirstUse, 0).is_err() || END_OF_THREAD.try_with(|_| ()).is_err() {
        return &UNASSIGNED;
    }
    // From Rust 1.85 on this does not panic when the thread's own locals are gone.
    let thread = thread::current();
    // First look for the slot of a thread that has ended. Make a new one only if there is none.
    let slot = THREADS.iter().find(|slot| slot.claim_slot(&thread));
    let Some(slot) = slot.or_else(|| new_slot(&thread)) else { return &UNASSIGNED };
    SLOT.set(Some(slot));
    slot
}

/// Notes the place of the heap that this thread is served from, or none.
#[cfg(feature = "rt-alloc")]
pub(crate) fn this_threads_heap(place: Option<usize>) {
    if let Some(slot) = SLOT.get() {
        slot.set_heap(place);
    }
}

/// Counts memory that the system gave for a zone or an `RtHeap`.
pub(crate) fn taken(bytes: usize) {
    let mine = this_threads_counters();
    mine.requests.fetch_add(1, Relaxed);
    mine.asked.fetch_add(bytes as u64, Relaxed);
    let live = mine.live.fetch_add(signed(bytes), Relaxed) + signed(bytes);
    mine.peak.fetch_max(live, Relaxed);
}

/// Counts memory that was given back.
pub(crate) fn given_back(bytes: usize) {
    let mine = this_threads_counters();
    mine.given_back.fetch_add(bytes as u64, Relaxed);
    mine.live.fetch_sub(signed(bytes), Relaxed);
}

/// This does not overflow, as no piece of memory has that many bytes.
fn signed(bytes: usize) -> i64 {
    bytes as i64
}

/// The heap that [`RtAlloc`](crate::RtAlloc) serves a thread from, in its [`Stats`]. All is zero for a thread that has
/// none. [`reset`] does not change it.
///
/// ```
/// use memzone::stats;
///
/// let heap = stats::thread().heap; // of a thread that was not prepared with a heap
/// assert_eq!((heap.size, heap.used), (0, 0));
/// println!("{heap}");
/// ```
#[cfg(feature = "rt-alloc")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapOfThread {
    /// The bytes that the heap has.
    pub size: u64,
    /// The bytes that were asked for and not freed yet.
    pub used: u64,
    /// The largest value that `used` has had.
    pub peak: u64,
    /// The number of requests for which the heap had no room. The allocator below has served them.
    pub beyond: u64,
    /// The number of blocks of the allocator below that the thread has freed in a section and that wait for a
    /// collector.
    pub put_aside: u64,
}

#[cfg(feature = "rt-alloc")]
impl HeapOfThread {
    /// Adds another thread's heap.
    fn add(&mut self, other: &HeapOfThread) {
        self.size += other.size;
        self.used += other.used;
        self.peak += other.peak;
        self.beyond += other.beyond;
        self.put_aside += other.put_aside;
    }
}

#[cfg(feature = "rt-alloc")]
impl fmt::Display for HeapOfThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HeapOfThread { size, used, peak, beyond, put_aside } = self;
        write!(
            f,
            "{used} of {size} bytes used (peak {peak}), {beyond} requests beyond it, {put_aside} blocks put aside"
        )
    }
}

/// What a thread has done since it started, or since the last [`reset`]. `Display` prints it as a table.
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
    /// How often the system gave memory for a zone or an `RtHeap`.
    pub requests: u64,
    /// The bytes that the system gave.
    pub asked: u64,
    /// The bytes that were given back to the system.
    pub given_back: u64,
    /// The bytes that this thread has asked for and not given back. It is negative if the thread frees what other
    /// threads asked for.
    pub live: i64,
    /// The largest value that `live` has had.
    pub peak: i64,
    /// The number of spare zones, including the zones of active scopes. [`reset`] does not change it.
    pub spares: u64,
    /// The largest number of spare zones, including the zones of active scopes. It shows how deep scopes have been
    /// nested.
    pub deepest: u64,
    /// The number of scopes whose zone outlived them, because it had other handles.
    pub retired: u64,
    /// The heap that [`RtAlloc`](crate::RtAlloc) serves the thread from.
    #[cfg(feature = "rt-alloc")]
    pub heap: HeapOfThread,
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
        #[cfg(feature = "rt-alloc")]
        self.heap.add(&other.heap);
    }

    fn columns(&self) -> [i128; 8] {
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

/// The names of what `Stats::columns` returns.
const COLUMNS: [&str; 8] =
    ["requests", "asked", "given back", "live", "peak", "spares", "deepest", "retired"];

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, cell) in COLUMNS.iter().zip(self.columns()) {
            writeln!(f, "{name:<12}{cell:>16}")?;
        }
        #[cfg(feature = "rt-alloc")]
        if self.heap.size > 0 {
            writeln!(f, "heap: {}", self.heap)?;
        }
        Ok(())
    }
}

/// The figures of all threads; see [`threads`]. `Display` prints them as a table with a row for each thread.
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
    /// The running threads and their figures.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn running(&self) -> &[(Thread, Stats)] {
        &self.running
    }

    /// The totals of the threads that have ended, and of those that have zones but have never used their zone stack.
    /// Those have entered no scope, pushed nothing, and not called [`prepare_thread`](crate::rt::prepare_thread).
    /// `Display` calls them "all other threads".
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn ended(&self) -> Stats {
        self.ended
    }

    /// All threads together. The figures are sums, except `peak` and `deepest`, which are the largest of all threads.
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
        let row = |f: &mut fmt::Formatter<'_>, name: &str, stats: &Stats| {
            write!(f, "{name:<20}")?;
            for (name, cell) in COLUMNS.iter().zip(stats.columns()) {
                write!(f, " {cell:>0$}", name.len().max(10))?;
            }
            writeln!(f)
        };
        write!(f, "{:<20}", "thread")?;
        for name in COLUMNS {
            write!(f, " {name:>10}")?;
        }
        writeln!(f)?;
        for (thread, stats) in &self.running {
            match thread.name() {
                Some(name) => row(f, name, stats)?,
                None => row(f, &format!("{:?}", thread.id()), stats)?,
            }
        }
        row(f, "(all other threads)", &self.ended)?;
        row(f, "total", &self.total())?;
        #[cfg(feature = "rt-alloc")]
        for (thread, Stats { heap, .. }) in &self.running {
            match thread.name() {
                _ if heap.size == 0 => {}
                Some(name) => writeln!(f, "heap of {name}: {heap}")?,
                None => writeln!(f, "heap of {:?}: {heap}", thread.id())?,
            }
        }
        Ok(())
    }
}

/// This thread's figures. They are zero before its first use of the zone stack.
///
/// # Real-time
///
/// Yes.
pub fn thread() -> Stats {
    SLOT.get().map_or_else(Stats::default, Counters::read)
}

/// The figures of all threads, which go on running. Each number is right, but the numbers are not all of the same
/// moment.
///
/// No thread waits for another here. In a forked child, the parent's other threads are still listed as running.
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
/// No: it makes a list. But the threads in the list are not disturbed.
pub fn threads() -> Threads {
    let mut threads = Threads { running: Vec::new(), ended: UNASSIGNED.read() };
    for counters in THREADS.iter() {
        match counters.running_thread() {
            Some(thread) => threads.running.push((thread, counters.read())),
            None => threads.ended.add(&counters.read()),
        }
    }
    threads
}

/// All threads together, those that have ended included. It is what [`Threads::total`] says, without the list of
/// threads.
///
/// ```
/// use memzone::{beginz, stats};
///
/// beginz!({});
/// let total = stats::total();
/// assert!(total.asked >= stats::thread().asked && total.spares >= 1);
/// ```
///
/// # Real-time
///
/// Yes: it takes no lock and no memory.
///
/// # Time complexity
///
/// A few loads for each thread that runs.
pub fn total() -> Stats {
    let mut total = UNASSIGNED.read();
    THREADS.iter().for_each(|counters| total.add(&counters.read()));
    total
}

/// Sets the figures of all threads to zero. The live bytes and the spare zones stay, as they are what exists now, and
/// peaks start from them. What a thread counts at this very moment may be counted before or after.
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
/// Yes for the other threads. The call needs a few stores for each of them.
pub fn reset() {
    UNASSIGNED.reset();
    THREADS.iter().for_each(Counters::reset);
}
