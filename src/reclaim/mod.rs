//! Hand values over from a real-time thread to one that may free them.
//!
//! Dropping the last `Arc`, a `Vec` or a `Box` calls `free`, which a real-time thread must not do.
//! It hands them to a [`Retirer`] instead: one move into a ring that was made at the start. A
//! [`Reclaimer`] empties the rings of all its retirers where freeing hurts nobody: on a thread that
//! calls [`collect`](Reclaimer::collect), or on a [`Background`] thread of its own.
//!
//! ```
//! use memzone::reclaim::{Full, Reclaimer, Retirer};
//! use std::sync::mpsc::{Receiver, channel};
//!
//! /// Plays a buffer that others may replace.
//! struct Player {
//!     samples: Vec<f32>,
//!     position: usize,
//!     replacements: Receiver<Vec<f32>>,
//!     retirer: Retirer,
//!     /// What the ring had no room for.
//!     kept: Option<Vec<f32>>,
//! }
//!
//! impl Player {
//!     /// The audio callback: it frees nothing, whoever replaces the buffer, and how often.
//!     fn process(&mut self, out: &mut [f32]) {
//!         if let Some(old) = self.kept.take() {
//!             self.kept = self.retirer.retire(old).err().map(|Full(old)| old);
//!         }
//!         // A new buffer waits where it is, as long as the old one cannot be handed over.
//!         if self.kept.is_none() {
//!             if let Ok(new) = self.replacements.try_recv() {
//!                 let old = std::mem::replace(&mut self.samples, new);
//!                 self.position = 0;
//!                 self.kept = self.retirer.retire(old).err().map(|Full(old)| old);
//!             }
//!         }
//!         for sample in out {
//!             *sample = self.samples[self.position];
//!             self.position = (self.position + 1) % self.samples.len();
//!         }
//!     }
//! }
//!
//! let reclaimer = Reclaimer::new();
//! let background = reclaimer.spawn();
//! let (replace, replacements) = channel();
//! let samples = vec![0.0; 48_000];
//! let retirer = reclaimer.retirer(16);
//! let mut player = Player { samples, position: 0, replacements, retirer, kept: None };
//!
//! std::thread::spawn(move || {
//!     let mut block = [0.0; 64];
//!     for _ in 0..100 {
//!         player.process(&mut block);
//!     }
//! });
//! replace.send(vec![0.5; 24_000]).ok(); // the first buffer is freed in the background
//! background.stop();
//! ```
//!
//! # Who ends first
//!
//! Any side may end at any time, and each value is dropped exactly once.
//!
//! * A retirer that is dropped leaves what waits in its ring to the reclaimer, which frees the ring
//!   too.
//! * A reclaimer that ends (it and its background threads are gone) collects all that waits. Its
//!   retirers go on: their rings take values until they are full. Each drops what is in its ring
//!   when it is dropped itself. So end the real-time thread first, or drop its retirer elsewhere.
//!
//! A destructor that panics keeps no other from running. The first panic of a collection goes on
//! when all else is done.

use crate::error::{Request, ZoneError, or_panic};
use crate::system::{aside, section};
use core::any::Any;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, forget};
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use rtrb::{Consumer, Producer, RingBuffer};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// The largest value that a [`Retirer`] takes, in bytes: seven words. `Box`, `Arc`, `Vec`, `HBox`
/// and the like have one to six. Put a larger one into a box from the start, and retire the box.
pub const MAX_SIZE: usize = size_of::<Words>();

/// The largest alignment of a value that a [`Retirer`] takes, in bytes.
pub const MAX_ALIGN: usize = align_of::<Erased>();

/// How long a background thread rests between two collections, where it is not told otherwise.
const PERIOD: Duration = Duration::from_millis(10);

/// The shortest rest, so that no period keeps a core busy.
const SHORTEST_PERIOD: Duration = Duration::from_micros(1);

/// The bytes of any value. As pointers, so that those in it stay pointers.
type Words = [*mut (); 7];

/// What a value's panicking destructor threw.
type Payload = Box<dyn Any + Send>;

/// A value of a type that only its destructor knows. With that it fills 64 bytes: a slot of a ring.
#[repr(C, align(16))]
struct Erased {
    value: MaybeUninit<Words>,
    drop: unsafe fn(*mut Words),
}

// SAFETY: (I30) `Retirer::retire` alone makes them of values, and takes `Send` ones only.
unsafe impl Send for Erased {}

/// That a `T` has room in a slot. Made where the caller's line is named if it has not.
struct Fits<T>(PhantomData<fn(T)>);

impl<T> Fits<T> {
    /// To be called at compile time.
    const fn check() -> Fits<T> {
        assert!(
            size_of::<T>() <= MAX_SIZE && align_of::<T>() <= MAX_ALIGN,
            "this value is larger than a slot of a `Retirer` (56 bytes, aligned to 16): \
             put it in a `Box` when it is made, and retire the `Box`"
        );
        Fits(PhantomData)
    }
}

/// Runs the destructor of a `T`.
///
/// # Safety
///
/// `words` begin with a `T` that nobody uses again.
unsafe fn drop_as<T>(words: *mut Words) {
    // SAFETY: (I32) the caller's promise.
    unsafe { words.cast::<T>().drop_in_place() };
}

impl Erased {
    /// To be called with `Send + 'static` values only, as `Retirer::retire` demands.
    #[inline]
    fn new<T>(value: T, _: Fits<T>) -> Erased {
        let mut erased = Erased { value: MaybeUninit::uninit(), drop: drop_as::<T> };
        // SAFETY: (I31) it fits, and stands at the start of what is aligned for it.
        unsafe { erased.value.as_mut_ptr().cast::<T>().write(value) };
        erased
    }
}

impl Drop for Erased {
    fn drop(&mut self) {
        // SAFETY: (I32) the value that `new` wrote, of the type it took `drop_as` of. Nothing takes
        // it out, so it is dropped here and only here.
        unsafe { (self.drop)(self.value.as_mut_ptr()) };
    }
}

/// Locks; a panic elsewhere does not matter, as no user code runs under a lock here.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops what may panic in its destructor.
fn drop_quietly(mut payload: Payload) {
    for _ in 0..8 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(again) => payload = again,
        }
    }
    // It would go on like this for ever.
    forget(payload);
}

/// What became of values.
#[derive(Default)]
struct Tally {
    dropped: usize,
    panicked: usize,
    /// The first panic.
    panic: Option<Payload>,
}

impl Tally {
    fn drop(&mut self, value: Erased) {
        self.dropped += 1;
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            self.panicked += 1;
            keep_first(&mut self.panic, payload);
        }
    }

    /// Lets the first panic go on, unless the thread is panicking already.
    fn go_on(self) -> usize {
        match self.panic {
            Some(payload) if thread::panicking() => drop_quietly(payload),
            Some(payload) => resume_unwind(payload),
            None => {}
        }
        self.dropped
    }
}

fn keep_first(first: &mut Option<Payload>, payload: Payload) {
    match first {
        None => *first = Some(payload),
        Some(_) => drop_quietly(payload),
    }
}

/// What a retirer and the reclaimer share. Belongs to both; the last of them drops what waits.
struct Ring {
    /// Locked by those who collect; the retirer never looks at it.
    waiting: Mutex<Consumer<Erased>>,
    /// How many values came back to the caller. Written by the retirer only.
    refused: AtomicU64,
}

impl Ring {
    /// Drops up to `most` values, without a lock while their destructors run: those may use the
    /// reclaimer, or be long.
    fn drop_waiting(&self, most: usize, tally: &mut Tally) {
        for _ in 0..most {
            let next = lock(&self.waiting).pop();
            let Ok(value) = next else { break };
            tally.drop(value);
        }
    }
}

impl Drop for Ring {
    /// What was retired after the reclaimer's end, or between its last look and the retirer's end.
    fn drop(&mut self) {
        let mut tally = Tally::default();
        self.drop_waiting(usize::MAX, &mut tally);
        tally.go_on();
    }
}

/// What the reclaimer and its background threads share.
#[derive(Default)]
struct Shared {
    /// Those of all retirers that live, or have left something.
    rings: Mutex<Vec<Arc<Ring>>>,
    collected: AtomicUsize,
    panicked: AtomicUsize,
    /// By the rings that are gone.
    refused: AtomicU64,
    /// The threads that collect just now, by `here`.
    collecting: Mutex<Vec<usize>>,
}

/// What no other thread that lives has: an address of this one's.
fn here() -> usize {
    thread_local! {
        static HERE: Cell<u8> = const { Cell::new(0) };
    }
    HERE.with(|here| core::ptr::from_ref(here).addr())
}

/// That this thread collects.
struct Collecting<'a>(&'a Shared);

impl Collecting<'_> {
    /// None: it does already, and this is in a destructor.
    fn begin(shared: &Shared) -> Option<Collecting<'_>> {
        let mut collecting = lock(&shared.collecting);
        if collecting.contains(&here()) {
            return None;
        }
        collecting.push(here());
        Some(Collecting(shared))
    }
}

impl Drop for Collecting<'_> {
    fn drop(&mut self) {
        lock(&self.0.collecting).retain(|&thread| thread != here());
    }
}

impl Shared {
    /// Drops all that waits now. What comes in meanwhile is left for the next time, so that it ends.
    fn collect(&self) -> Tally {
        let mut all = Tally::default();
        let Some(_collecting) = Collecting::begin(self) else { return all };
        // What real-time sections have put aside too.
        if let Err(payload) = catch_unwind(aside::collect) {
            keep_first(&mut all.panic, payload);
        }
        let rings = lock(&self.rings).clone();
        for ring in &rings {
            let (ended, waiting) = {
                let consumer = lock(&ring.waiting);
                // In this order: nothing more comes from a retirer that has ended.
                (consumer.is_abandoned(), consumer.slots())
            };
            let mut tally = Tally::default();
            ring.drop_waiting(waiting, &mut tally);
            self.collected.fetch_add(tally.dropped, Ordering::Relaxed);
            self.panicked.fetch_add(tally.panicked, Ordering::Relaxed);
            all.dropped += tally.dropped;
            if let Some(payload) = tally.panic {
                keep_first(&mut all.panic, payload);
            }
            if ended {
                self.remove(ring);
            }
        }
        all
    }

    /// Takes the ring of a retirer that has ended off the list, unless someone else just did.
    fn remove(&self, ring: &Arc<Ring>) {
        let mut rings = lock(&self.rings);
        if let Some(index) = rings.iter().position(|other| Arc::ptr_eq(other, ring)) {
            rings.swap_remove(index);
            self.refused.fetch_add(ring.refused.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.collect().go_on();
    }
}

/// Drops, where freeing hurts nobody, what real-time threads retire.
///
/// Make one, one [`Retirer`] for each real-time thread, and either call
/// [`collect`](Reclaimer::collect) now and then, or [`spawn`](Reclaimer::spawn) a thread that does.
/// It may be shared between threads.
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
/// No. The [`Retirer`] is.
#[derive(Default)]
pub struct Reclaimer {
    shared: Arc<Shared>,
}

impl Reclaimer {
    /// Makes one without retirers.
    ///
    /// # Real-time
    ///
    /// No: asks the system for memory.
    pub fn new() -> Reclaimer {
        Reclaimer::default()
    }

    /// Makes a retirer, for one real-time thread: a ring of `slots` slots of 64 bytes each, whose
    /// memory is taken and touched now.
    ///
    /// Slots are needed for what is retired between two collections. May be called at any time, also
    /// while a background thread runs.
    ///
    /// # Panics
    ///
    /// Where [`try_retirer`](Reclaimer::try_retirer) errs.
    ///
    /// # Real-time
    ///
    /// No: asks the system for memory.
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
    /// [`TooLarge`](ZoneError::TooLarge) for more slots than an address space has room for, and
    /// [`OutOfMemory`](ZoneError::OutOfMemory) where the system has no memory for them, and
    /// [`Denied`](ZoneError::Denied) in a real-time section that forbids it.
    ///
    /// # Real-time
    ///
    /// No: asks the system for memory.
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
        // The ring ends the program where there is no memory. So look first.
        let mut room = Vec::<Erased>::new();
        if room.try_reserve_exact(slots).is_err() {
            return Err(ZoneError::OutOfMemory { requested });
        }
        // The optimiser takes out an allocation that nobody uses, and believes that it worked.
        core::hint::black_box(&mut room);
        drop(room);
        let out_of_memory = |_| ZoneError::OutOfMemory { requested: size_of::<Arc<Ring>>() };
        lock(&self.shared.rings).try_reserve(1).map_err(out_of_memory)?;
        let (mut producer, mut consumer) = RingBuffer::new(slots);
        // Touches each page.
        while producer.push(Erased::new((), const { Fits::check() })).is_ok() {}
        while consumer.pop().is_ok() {}
        let ring = Arc::new(Ring { waiting: Mutex::new(consumer), refused: AtomicU64::new(0) });
        lock(&self.shared.rings).push(Arc::clone(&ring));
        Ok(Retirer { ring, producer })
    }

    /// Drops all that waits, and says how much that was. Values of one retirer are dropped in the
    /// order in which they were retired, unless several threads collect at a time.
    ///
    /// What is retired meanwhile is left for the next time. What real-time sections have put aside is freed too
    /// ([`rt::collect`](crate::rt::collect)), but not counted.
    ///
    /// A destructor may use the reclaimer. Where one that is run by a collection calls this on the same thread, it
    /// drops nothing and returns 0: the collection that is running goes on with what waits, and counts it.
    ///
    /// # Panics
    ///
    /// With the first panic of a destructor, when all else has been dropped.
    ///
    /// # Real-time
    ///
    /// No: locks, and runs the destructors.
    ///
    /// # Time complexity
    ///
    /// Linear in the retirers and in what waits.
    pub fn collect(&self) -> usize {
        self.shared.collect().go_on()
    }

    /// Starts a thread that collects every 10 ms; [`Background::set_period`] changes that. The
    /// thread's name is `memzone-reclaim`.
    ///
    /// The thread looks by itself: nobody has to wake it, so retiring stays free of system calls.
    /// It keeps what it needs of the reclaimer, which may be dropped before it.
    ///
    /// # Panics
    ///
    /// Where [`try_spawn`](Reclaimer::try_spawn) errs.
    ///
    /// # Real-time
    ///
    /// No: starts a thread.
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
    /// The system's, where it can start no thread.
    ///
    /// # Real-time
    ///
    /// No: starts a thread.
    pub fn try_spawn(&self) -> io::Result<Background> {
        let control = Arc::new(Control {
            stop: AtomicBool::new(false),
            period: AtomicU64::new(nanoseconds(PERIOD)),
        });
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("memzone-reclaim".into()).spawn({
            let control = Arc::clone(&control);
            move || control.collect_until_stopped(&shared)
        })?;
        Ok(Background { control, thread: Some(thread) })
    }

    /// What has become of all that was retired. Counted one after the other, so while other threads
    /// retire and collect, the numbers are of different moments.
    ///
    /// # Real-time
    ///
    /// No: locks.
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

/// What has become of what was retired; see [`Reclaimer::stats`].
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
    /// Retirers that live.
    pub retirers: usize,
    /// Values that wait to be dropped.
    pub waiting: usize,
    /// Values that were dropped.
    pub collected: usize,
    /// Those among them whose destructor panicked.
    pub panicked: usize,
    /// Values that came back to who retired them, as there was no slot: take more slots, or collect
    /// more often.
    pub refused: u64,
}

/// Hands a real-time thread's values over to its [`Reclaimer`], which drops them elsewhere.
///
/// One for each real-time thread: it may be sent there, but not shared. It is a wait-free queue for
/// one producer and one consumer (crate `rtrb`).
///
/// # Real-time
///
/// Yes, for all methods, and for dropping it while the reclaimer lives. After that, dropping it
/// drops what it holds.
pub struct Retirer {
    /// Given up before `producer` is: who then sees the retirer gone is the last to hold the ring.
    /// So the reclaimer frees it, where it lives.
    ring: Arc<Ring>,
    producer: Producer<Erased>,
}

impl Retirer {
    /// Hands a value over. It is dropped by the reclaimer, on another thread.
    ///
    /// A value larger than [`MAX_SIZE`] or more aligned than [`MAX_ALIGN`] does not compile.
    ///
    /// # Errors
    ///
    /// [`Full`] with the value, where no slot is free. Keep it and try again with the next block:
    /// dropping it would free it here.
    ///
    /// ```
    /// use memzone::reclaim::{Full, Reclaimer};
    ///
    /// let reclaimer = Reclaimer::new();
    /// let mut retirer = reclaimer.retirer(1);
    /// retirer.retire(vec![0.0_f32; 64])?;
    /// let Full(kept) = retirer.retire(vec![1.0_f32; 64]).unwrap_err();
    /// reclaimer.collect();
    /// retirer.retire(kept)?;
    /// # Ok::<(), Full<Vec<f32>>>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: wait-free. It moves the value, allocates nothing and locks nothing.
    ///
    /// # Time complexity
    ///
    /// Constant.
    #[inline]
    pub fn retire<T: Send + 'static>(&mut self, value: T) -> Result<(), Full<T>> {
        let fits = const { Fits::check() };
        if self.producer.is_full() {
            // No other thread writes to it, so this needs no read-modify-write, which would not be
            // wait-free on every machine.
            let refused = self.ring.refused.load(Ordering::Relaxed);
            self.ring.refused.store(refused.wrapping_add(1), Ordering::Relaxed);
            return Err(Full(value));
        }
        // Not full a moment ago, and nobody else takes slots, so it is pushed. Nothing that is unsafe leans on it: a
        // value that were not would be dropped here.
        let pushed = self.producer.push(Erased::new(value, fits));
        debug_assert!(pushed.is_ok(), "only this retirer takes slots");
        Ok(())
    }

    /// How many values it holds at most.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.producer.buffer().capacity()
    }

    /// How many slots are free now. Only [`retire`](Retirer::retire) makes them fewer.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn remaining(&self) -> usize {
        self.producer.slots()
    }

    /// Whether the reclaimer has ended, and its background threads too, so that nobody will collect
    /// what is retired before this retirer is dropped.
    ///
    /// ```
    /// use memzone::reclaim::Reclaimer;
    ///
    /// let reclaimer = Reclaimer::new();
    /// let retirer = reclaimer.retirer(4);
    /// drop(reclaimer);
    /// assert!(retirer.is_abandoned()); // what it holds is dropped with it, on its own thread
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_abandoned(&self) -> bool {
        // The reclaimer holds each ring as long as the ring's retirer lives.
        Arc::strong_count(&self.ring) == 1
    }
}

/// The ring has no free slot; the value comes back.
///
/// ```
/// use memzone::reclaim::{Full, Reclaimer};
///
/// let mut retirer = Reclaimer::new().retirer(0);
/// let Full(name) = retirer.retire("kick".to_string()).unwrap_err();
/// assert_eq!(name, "kick");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// What a background thread is told.
struct Control {
    stop: AtomicBool,
    /// In nanoseconds.
    period: AtomicU64,
}

fn nanoseconds(period: Duration) -> u64 {
    u64::try_from(period.max(SHORTEST_PERIOD).as_nanos()).unwrap_or(u64::MAX)
}

impl Control {
    /// The background thread. Returns the first panic of a destructor.
    fn collect_until_stopped(&self, shared: &Shared) -> Option<Payload> {
        let mut first = None;
        loop {
            // Before it collects: so all that was retired before the stop is collected after it.
            let stop = self.stop.load(Ordering::Acquire);
            if let Some(payload) = shared.collect().panic {
                keep_first(&mut first, payload);
            }
            if stop {
                return first;
            }
            // May end early, which does no harm.
            thread::park_timeout(Duration::from_nanos(self.period.load(Ordering::Relaxed)));
        }
    }
}

/// A thread that collects; see [`Reclaimer::spawn`]. Dropping it [stops](Background::stop) it.
///
/// ```
/// use memzone::reclaim::{Full, Reclaimer};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// let reclaimer = Reclaimer::new();
/// let background = reclaimer.spawn();
/// background.set_period(Duration::from_millis(50));
/// let samples = Arc::new([0.0_f32; 64]);
/// reclaimer.retirer(4).retire(samples.clone())?;
/// background.stop(); // waits for what was retired
/// assert_eq!(Arc::strong_count(&samples), 1);
/// # Ok::<(), Full<Arc<[f32; 64]>>>(())
/// ```
///
/// # Real-time
///
/// No.
#[must_use = "dropping it stops its thread"]
pub struct Background {
    control: Arc<Control>,
    thread: Option<JoinHandle<Option<Payload>>>,
}

impl Background {
    /// Changes how long the thread rests between two collections: 10 ms at first, and at least 1 µs.
    ///
    /// ```
    /// use memzone::reclaim::Reclaimer;
    /// use std::time::Duration;
    ///
    /// let background = Reclaimer::new().spawn();
    /// background.set_period(Duration::from_millis(2));
    /// ```
    ///
    /// # Real-time
    ///
    /// No: wakes the thread.
    pub fn set_period(&self, period: Duration) {
        self.control.period.store(nanoseconds(period), Ordering::Relaxed);
        self.wake();
    }

    /// Stops the thread and waits for its end. All that was retired before is dropped by then.
    ///
    /// What is retired later waits for the next [`collect`](Reclaimer::collect), another background
    /// thread, or the reclaimer's end. Where a destructor stops the very thread that it runs on, the
    /// thread ends by itself later.
    ///
    /// # Panics
    ///
    /// With the first panic of a destructor on the thread, which went on collecting.
    ///
    /// # Real-time
    ///
    /// No: waits.
    pub fn stop(self) {
        drop(self);
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.control.stop.store(true, Ordering::Release);
        self.wake();
        let Some(thread) = self.thread.take() else { return };
        if thread.thread().id() == thread::current().id() {
            return;
        }
        // An error: the thread had the reclaimer's end to do, and a destructor panicked there.
        let panic = thread.join().unwrap_or_else(Some);
        Tally { panic, ..Tally::default() }.go_on();
    }
}

impl fmt::Debug for Reclaimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reclaimer").field("stats", &self.stats()).finish()
    }
}

impl fmt::Debug for Retirer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retirer")
            .field("remaining", &self.remaining())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = Duration::from_nanos(self.control.period.load(Ordering::Relaxed));
        f.debug_struct("Background").field("period", &period).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Full<T> {
    /// Without the value, which need not be `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full(..)")
    }
}

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ring is full: collect more often, or make the retirer with more slots")
    }
}

impl<T> core::error::Error for Full<T> {}
