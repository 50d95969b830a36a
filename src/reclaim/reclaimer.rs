//! The reclaimer makes retirers, and drops what they hand over.

#![forbid(unsafe_code)]

use super::background::Background;
use super::erased::{Erased, FitsSlot};
use super::retirer::Retirer;
use super::ring::{Ring, lock};
use super::shared::SharedRings;
use crate::error::{Request, ZoneError, or_panic};
use crate::system::counters::AtomicU64;
use crate::system::section;
use core::fmt;
use core::sync::atomic::Ordering;
use rtrb::RingBuffer;
use std::io;
use std::sync::{Arc, Mutex};

/// Drops the values that real-time threads retire, where freeing disturbs nobody.
///
/// Make one reclaimer, and one [`Retirer`] for each real-time thread. Then either call [`collect`](Reclaimer::collect)
/// now and then, or [`spawn`](Reclaimer::spawn) a thread that does. A reclaimer may be shared between threads.
///
/// ```
/// use memzone::reclaim::Reclaimer;
/// use std::sync::Arc;
///
/// let reclaimer = Reclaimer::new();
/// let mut retirer = reclaimer.retirer(64);
/// let table = Arc::new([0.0_f32; 512]);
/// let old = Arc::clone(&table);
///
/// std::thread::spawn(move || retirer.retire(old)).join().unwrap()?; // an audio thread
/// assert_eq!((Arc::strong_count(&table), reclaimer.stats().waiting), (2, 1));
/// assert_eq!(reclaimer.collect(), 1);
/// assert_eq!(Arc::strong_count(&table), 1);
/// # Ok::<(), memzone::reclaim::Full<Arc<[f32; 512]>>>(())
/// ```
///
/// # Real-time
///
/// No. But its [`Retirer`]s are.
#[derive(Default)]
pub struct Reclaimer {
    shared: Arc<SharedRings>,
}

impl Reclaimer {
    /// Makes a reclaimer without retirers.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    pub fn new() -> Reclaimer {
        Reclaimer::default()
    }

    /// Makes a retirer for one real-time thread. Its ring has `slots` slots of 64 bytes each, whose memory is taken and
    /// touched now.
    ///
    /// The ring needs a slot for each value that is retired between two collections. This may be called at any time,
    /// even while a background thread runs.
    ///
    /// # Panics
    ///
    /// When [`try_retirer`](Reclaimer::try_retirer) gives an error.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    ///
    /// # Time complexity
    ///
    /// Linear in `slots`.
    #[track_caller]
    pub fn retirer(&self, slots: usize) -> Retirer {
        or_panic(self.try_retirer(slots))
    }

    /// Like [`retirer`](Reclaimer::retirer), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ZoneError::TooLarge) for more slots than fit into an address space,
    /// [`OutOfMemory`](ZoneError::OutOfMemory) if the system has no memory for them, and [`Denied`](ZoneError::Denied)
    /// in a real-time section that forbids it.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    ///
    /// # Time complexity
    ///
    /// Linear in `slots`.
    pub fn try_retirer(&self, slots: usize) -> Result<Retirer, ZoneError> {
        let requested = slots.saturating_mul(size_of::<Erased>());
        let available = isize::MAX as usize;
        if requested > available {
            return Err(ZoneError::TooLarge { requested, available });
        }
        section::ask(Request::HeapMemory, requested)?;
        // `RingBuffer::new` aborts the process if there is no memory. So this tries first whether there is.
        let mut probe = Vec::<Erased>::new();
        if probe.try_reserve_exact(slots).is_err() {
            return Err(ZoneError::OutOfMemory { requested });
        }
        // The optimiser would remove an allocation that nobody uses, and assume that it worked.
        core::hint::black_box(&mut probe);
        drop(probe);
        let out_of_memory = |_| ZoneError::OutOfMemory { requested: size_of::<Arc<Ring>>() };
        lock(&self.shared.rings).try_reserve(1).map_err(out_of_memory)?;
        let (mut producer, mut consumer) = RingBuffer::new(slots);
        // This touches each page of the ring.
        while producer.push(Erased::new((), const { FitsSlot::check() })).is_ok() {}
        while consumer.pop().is_ok() {}
        let ring = Arc::new(Ring { waiting: Mutex::new(consumer), refused: AtomicU64::new(0) });
        lock(&self.shared.rings).push(Arc::clone(&ring));
        Ok(Retirer { ring, producer })
    }

    /// Drops all values that wait, and returns how many they were. Values of one retirer are dropped in the order in
    /// which they were retired, unless several threads collect at the same time.
    ///
    /// What is retired meanwhile is left for the next collection. What real-time sections have put aside is freed too,
    /// like by [`rt::collect`](crate::rt::collect), but not counted.
    ///
    /// A destructor may use the reclaimer. If a destructor that this thread's collection runs calls `collect`, that
    /// call drops nothing and returns 0. The collection that is running drops what waits, and counts it.
    ///
    /// # Panics
    ///
    /// With the first panic of a destructor, when all other values have been dropped.
    ///
    /// # Real-time
    ///
    /// No: it locks, and runs destructors.
    ///
    /// # Time complexity
    ///
    /// Linear in the number of retirers and of waiting values.
    pub fn collect(&self) -> usize {
        self.shared.collect().resume_first_panic()
    }

    /// Starts a thread that collects every 10 ms. [`Background::set_period`] changes that. The thread's name is
    /// `memzone-reclaim`.
    ///
    /// The thread looks for values by itself and nobody has to wake it, so retiring needs no system call. It shares
    /// what it needs of the reclaimer, which may be dropped before the thread ends.
    ///
    /// # Panics
    ///
    /// When [`try_spawn`](Reclaimer::try_spawn) gives an error.
    ///
    /// # Real-time
    ///
    /// No: it starts a thread.
    #[track_caller]
    pub fn spawn(&self) -> Background {
        match self.try_spawn() {
            Ok(background) => background,
            Err(error) => panic!("the system could not start a thread to reclaim on: {error}"),
        }
    }

    /// Like [`spawn`](Reclaimer::spawn), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// The system's error, if it cannot start a thread.
    ///
    /// # Real-time
    ///
    /// No: it starts a thread.
    pub fn try_spawn(&self) -> io::Result<Background> {
        Background::start(Arc::clone(&self.shared))
    }

    /// What has become of all values that were retired. The numbers are read one after another. So while other threads
    /// retire and collect, they are not all of the same moment.
    ///
    /// # Real-time
    ///
    /// No: it locks.
    pub fn stats(&self) -> Stats {
        let rings = lock(&self.shared.rings);
        let refused: u64 = rings.iter().map(|ring| ring.refused.load(Ordering::Relaxed)).sum();
        Stats {
            retirers: rings.iter().filter(|ring| !lock(&ring.waiting).is_abandoned()).count(),
            waiting: rings.iter().map(|ring| lock(&ring.waiting).slots()).sum(),
            collected: self.shared.collected.load(Ordering::Relaxed),
            panicked: self.shared.panicked.load(Ordering::Relaxed),
            refused: refused + self.shared.refused.load(Ordering::Relaxed),
        }
    }
}

/// What has become of the values that were retired; see [`Reclaimer::stats`].
///
/// ```
/// use memzone::reclaim::{Full, Reclaimer};
///
/// let reclaimer = Reclaimer::new();
/// let mut retirer = reclaimer.retirer(1);
/// retirer.retire(vec![0.0_f32; 64])?;
/// retirer.retire(vec![0.0_f32; 64]).unwrap_err();
/// let stats = reclaimer.stats();
/// assert_eq!((stats.waiting, stats.refused, stats.collected), (1, 1, 0)); // take more slots
/// # Ok::<(), Full<Vec<f32>>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of retirers that live.
    pub retirers: usize,
    /// The number of values that wait to be dropped.
    pub waiting: usize,
    /// The number of values that were dropped.
    pub collected: usize,
    /// The number of dropped values whose destructor panicked.
    pub panicked: usize,
    /// The number of values that were returned to the caller because no slot was free. If it grows, take more slots or
    /// collect more often.
    pub refused: u64,
}

impl fmt::Debug for Reclaimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reclaimer").field("stats", &self.stats()).finish()
    }
}
