//! An allocator that fails the n-th request, or all from it on.
//!
//! The allocator of `counting.rs` refuses all requests, so also those that a panic makes. This one
//! refuses none below 200 bytes, which is more than a panic takes and less than anything that a
//! zone or the thread's stack asks for.

// Not every test binary uses all of it.
#![allow(dead_code, unreachable_pub)]

use memzone::ZoneError;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Once};
use std::thread;

/// What is smaller is neither refused nor counted.
pub const LEAST: usize = 200;

/// Which of a thread's requests are refused.
#[derive(Clone, Copy, Debug)]
pub enum Refuse {
    None,
    /// The n-th from now, counted from 1.
    Only(usize),
    /// The n-th from now and all after it.
    From(usize),
}

/// What threads got from the system and gave back.
pub struct Ledger {
    pub asked: AtomicUsize,
    pub freed: AtomicUsize,
}

thread_local! {
    pub static REFUSE: Cell<Refuse> = const { Cell::new(Refuse::None) };
    /// The size last refused.
    pub static REFUSED: Cell<Option<usize>> = const { Cell::new(None) };
    static LEDGER: Cell<Option<&'static Ledger>> = const { Cell::new(None) };
    /// Whether panics are expected, and not to be printed.
    pub static QUIET: Cell<bool> = const { Cell::new(false) };
    static AT_THE_END: CountAgain = const { CountAgain(Cell::new(None)) };
}

/// Goes on counting when the thread's destructors run.
struct CountAgain(Cell<Option<&'static Ledger>>);

impl Drop for CountAgain {
    fn drop(&mut self) {
        LEDGER.set(self.0.get());
    }
}

/// Counts what `body` gets and gives back, and what this thread's destructors do after it. To be called last on a
/// thread.
///
/// Not what the standard library does in between: it takes the thread out of a `BTreeMap` of all threads (on Unix,
/// for its message when a stack overflows), which may free a node of 544 bytes that some other thread has made.
pub fn counted_to_the_end<R>(ledger: &'static Ledger, body: impl FnOnce() -> R) -> R {
    LEDGER.set(Some(ledger));
    let result = body();
    LEDGER.set(None);
    // First used here, so its destructor is the first to run. Were it not, what those before it free would be missing.
    AT_THE_END.with(|again| again.0.set(Some(ledger)));
    result
}

struct Failing;

#[global_allocator]
static FAILING: Failing = Failing;

impl Failing {
    fn refuses(&self, size: usize) -> bool {
        if size < LEAST {
            return false;
        }
        let (refuse, next) = match REFUSE.get() {
            Refuse::None => (false, Refuse::None),
            Refuse::Only(1) => (true, Refuse::None),
            Refuse::Only(n) => (false, Refuse::Only(n - 1)),
            Refuse::From(1) => (true, Refuse::From(1)),
            Refuse::From(n) => (false, Refuse::From(n - 1)),
        };
        REFUSE.set(next);
        if refuse {
            REFUSED.set(Some(size));
        }
        refuse
    }

    fn count(&self, size: usize, number: fn(&'static Ledger) -> &'static AtomicUsize) {
        if let Some(ledger) = LEDGER.get().filter(|_| size >= LEAST) {
            number(ledger).fetch_add(size, Ordering::SeqCst);
        }
    }
}

// SAFETY: the system's allocator, or null, which is an allocator's right. Counting does not
// allocate and does not panic.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.refuses(layout.size()) {
            return null_mut();
        }
        self.count(layout.size(), |ledger| &ledger.asked);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        self.count(layout.size(), |ledger| &ledger.freed);
        // SAFETY: the caller's.
        unsafe { System.dealloc(memory, layout) };
    }
}

/// Calls `body` with some of this thread's requests refused.
pub fn refusing<R>(refuse: Refuse, body: impl FnOnce() -> R) -> R {
    struct Lift;
    impl Drop for Lift {
        fn drop(&mut self) {
            REFUSE.set(Refuse::None);
        }
    }
    panics_in_peace();
    let _lift = Lift;
    REFUSED.set(None);
    REFUSE.set(refuse);
    body()
}

/// Has expected panics not printed, and others with all the memory that takes.
pub fn panics_in_peace() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                REFUSE.set(Refuse::None);
                default(info);
            }
        }));
    });
}

/// Calls `body`, which may panic as a plain method does where memory is missing.
pub fn plain<R>(body: impl FnOnce() -> R) -> Result<R, ZoneError> {
    panics_in_peace();
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(body));
    QUIET.set(false);
    result.map_err(|payload| {
        let requested = REFUSED.get().unwrap_or(0);
        let error = ZoneError::OutOfMemory { requested };
        match payload.downcast_ref::<String>() {
            Some(text) if *text == format!("memzone: {error}") => error,
            _ => resume_unwind(payload),
        }
    })
}

/// Runs on a thread of its own, whose stack of zones is new.
pub fn on_new_thread(body: impl FnOnce() + Send + 'static) {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return body();
    }
    if let Err(payload) = thread::spawn(body).join() {
        resume_unwind(payload);
    }
}

/// Has the crate `thread_local` take all that it takes for so many threads at a time, which it
/// keeps: a thread's first use of the zone stack would end the program where that is refused, and
/// be counted as a leak.
pub fn warm_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The ledger keeps its list, which would be counted as a leak.
        #[cfg(feature = "ledger")]
        drop([(); 1000].map(|()| memzone::halloc(0_u8)));
        const THREADS: usize = 40;
        let all_there = Arc::new(Barrier::new(THREADS));
        let threads = [(); THREADS].map(|()| {
            let all_there = Arc::clone(&all_there);
            thread::spawn(move || {
                memzone::beginz!({});
                all_there.wait();
            })
        });
        // Not a `thread::scope`, which does not wait for threads' destructors: they put back what is kept.
        for thread in threads {
            thread.join().expect("it only waits");
        }
    });
}

/// A step of a script.
pub type Step<W> = fn(&mut W) -> Result<(), ZoneError>;

/// Plays a script with the `n`-th of its requests refused, and then again with none. Each step that it hits must
/// say so, and leave a world that `check` finds whole. Returns whether it came to that request, and how many
/// steps failed.
pub fn play_refused<W>(
    world: &mut W,
    script: &[Step<W>],
    check: impl Fn(&mut W),
    refuse: fn(usize) -> Refuse,
    n: usize,
) -> (bool, usize) {
    let mut failed = 0;
    // Each step from where the one before left off, so that the n-th is the script's.
    REFUSED.set(None);
    REFUSE.set(refuse(n));
    for (number, step) in script.iter().enumerate() {
        let result = step(world);
        let refuse = REFUSE.replace(Refuse::None);
        if let Err(error) = result {
            let fits = matches!(error, ZoneError::OutOfMemory { .. });
            assert!(fits, "{error:?} in step {number} with the {n}-th refused");
            assert!(REFUSED.get().is_some());
            failed += 1;
        }
        check(world);
        REFUSE.set(refuse);
    }
    REFUSE.set(Refuse::None);
    // Whatever failed, all works again.
    for step in script {
        assert_eq!(step(world), Ok(()));
        check(world);
    }
    (REFUSED.get().is_some(), failed)
}
