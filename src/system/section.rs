//! Real-time sections: what a thread may ask the system for while it is in one, and what it has asked for.
//!
//! Before memzone asks the system for anything, it calls [`ask`]. It does so only on its cold paths, so a section costs
//! nothing while nothing is asked for.

#![forbid(unsafe_code)]

#[cfg(feature = "rt-alloc")]
use super::own_heap;
use super::pages::{self, Faults};
use crate::error::{Request, ZoneError};
use crate::system::last_words::{end_process, say, say_backtrace, with_thread_name};
use crate::system::per_thread::per_thread;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;

/// What memzone does when the thread is in a real-time section and memzone needs something from the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Count the request, and make it.
    Count,
    /// Count the request, and do not make it. A method that needed it panics with [`ZoneError::Denied`], and its `try_`
    /// twin returns that error. Memory that was to be freed is put aside instead, and [`collect`](crate::rt::collect)
    /// frees it later. The exception is a block of the system's heap of less than 32 bytes. It is too small to be put
    /// aside, so it is counted and freed.
    Deny,
    /// Print the request and the place in the program, and stop the process. The line goes to the process's own
    /// standard error, which `cargo test` does not capture. Printing it takes no memory. With the environment variable
    /// `RUST_BACKTRACE=1` a backtrace follows the line. That does take memory.
    Abort,
}

const POLICIES: usize = Policy::Abort as usize + 1;

/// The sections that a thread is in, and what it has asked for in sections since it started.
struct ThreadSections {
    /// The number of sections of each policy that the thread is in.
    sections: [Cell<u64>; POLICIES],
    asked: [Cell<u64>; Request::ALL.len()],
    denied: Cell<u64>,
    bytes: Cell<u64>,
    given_back: Cell<u64>,
    /// The bytes for which the thread's heap had no room.
    #[cfg(feature = "rt-alloc")]
    beyond: Cell<u64>,
    /// The largest request of those, in the section that was entered last and those inside it.
    #[cfg(feature = "rt-alloc")]
    largest_beyond: Cell<u64>,
    /// The place in the user's code, if a cold path has set it.
    place: Cell<Option<&'static Location<'static>>>,
}

per_thread! {
    static SECTIONS: ThreadSections = const {
        ThreadSections {
            sections: [const { Cell::new(0) }; POLICIES],
            asked: [const { Cell::new(0) }; Request::ALL.len()],
            denied: Cell::new(0),
            bytes: Cell::new(0),
            given_back: Cell::new(0),
            #[cfg(feature = "rt-alloc")]
            beyond: Cell::new(0),
            #[cfg(feature = "rt-alloc")]
            largest_beyond: Cell::new(0),
            place: Cell::new(None),
        }
    };
}

fn add(counter: &Cell<u64>, more: u64) {
    counter.set(counter.get().wrapping_add(more));
}

impl ThreadSections {
    /// The strictest policy of the sections that the thread is in.
    fn policy(&self) -> Option<Policy> {
        let active = |policy: &Policy| self.sections[*policy as usize].get() != 0;
        [Policy::Abort, Policy::Deny, Policy::Count].into_iter().find(active)
    }

    fn counts(&self) -> Counts {
        Counts {
            asked: core::array::from_fn(|index| self.asked[index].get()),
            denied: self.denied.get(),
            bytes: self.bytes.get(),
            given_back: self.given_back.get(),
            #[cfg(feature = "rt-alloc")]
            beyond: self.beyond.get(),
        }
    }
}

/// The strictest policy of the sections that the calling thread is in.
pub(crate) fn policy() -> Option<Policy> {
    SECTIONS.try_with(ThreadSections::policy).unwrap_or(None)
}

/// Whether the system may be asked for something. Every request to the system comes after a call of this.
#[track_caller]
pub(crate) fn ask(request: Request, bytes: usize) -> Result<(), ZoneError> {
    let place = Location::caller();
    let answer = SECTIONS.try_with(|thread| {
        let Some(policy) = thread.policy() else { return Ok(()) };
        add(&thread.asked[request as usize], 1);
        match policy {
            Policy::Count => {
                let counter = match request {
                    Request::GiveBack => &thread.given_back,
                    _ => &thread.bytes,
                };
                add(counter, bytes as u64);
                Ok(())
            }
            Policy::Deny => {
                add(&thread.denied, 1);
                Err(ZoneError::Denied { request, bytes })
            }
            Policy::Abort => abort(thread, request, bytes, place),
        }
    });
    answer.unwrap_or(Ok(()))
}

/// Counts what a thread's own heap cannot do for it in a section, so that the allocator below has to. No policy refuses
/// it, and `Abort` stops the process.
#[cfg(feature = "rt-alloc")]
#[cold]
#[track_caller]
pub(crate) fn ask_below(request: Request, bytes: usize) {
    let place = Location::caller();
    SECTIONS.with(|thread| {
        let Some(policy) = thread.policy() else { return };
        add(&thread.asked[request as usize], 1);
        if policy == Policy::Abort {
            abort(thread, request, bytes, place);
        }
        if request == Request::GiveBack {
            return add(&thread.given_back, bytes as u64);
        }
        add(&thread.bytes, bytes as u64);
        add(&thread.beyond, bytes as u64);
        thread.largest_beyond.set(thread.largest_beyond.get().max(bytes as u64));
    });
}

/// Remembers the place of the user's call until the result is dropped. Cold paths use this if they cannot pass the
/// place on to the functions that they call.
#[track_caller]
pub(crate) fn at_caller() -> UserPlace {
    let place = Location::caller();
    UserPlace(SECTIONS.try_with(|thread| thread.place.replace(Some(place))).unwrap_or(None))
}

/// What [`at_caller`] returns. It holds the place that was set before, and restores it.
pub(crate) struct UserPlace(Option<&'static Location<'static>>);

impl Drop for UserPlace {
    fn drop(&mut self) {
        let _ = SECTIONS.try_with(|thread| thread.place.set(self.0));
    }
}

/// Whether a place is in memzone's own sources. Such a place tells a user nothing.
fn is_in_memzone(place: &Location<'_>) -> bool {
    // The folder of the sources is two levels above this file.
    let mut separators = file!().rmatch_indices(['/', '\\']);
    let end = separators.nth(1).map_or(0, |(at, _)| at);
    place.file().starts_with(&file!()[..end])
}

/// What [`Policy::Abort`] does.
#[cold]
fn abort(
    thread: &ThreadSections,
    request: Request,
    bytes: usize,
    place: &'static Location<'static>,
) -> ! {
    // All sections end here, so that what this function needs itself does not abort again.
    thread.sections.iter().for_each(|count| count.set(0));
    #[cfg(feature = "rt-alloc")]
    own_heap::end();
    let place = thread.place.take().unwrap_or(place);
    let say_with = |name: &str, rest: fmt::Arguments<'_>| {
        say(format_args!(
            "memzone: in a real-time section with Policy::Abort, thread {name} was about to ask the \
             system for {request} ({bytes} bytes){rest}"
        ));
    };
    with_thread_name(|name| match is_in_memzone(place) {
        true => say_with(name, format_args!("; RUST_BACKTRACE=1 shows where")),
        false => say_with(name, format_args!(", at {place}")),
    });
    say_backtrace();
    end_process()
}

/// Makes the calling thread a real-time thread until the guard is dropped. Until then, the policy says what happens to
/// each request that memzone has for the system: it is counted, it is refused, or it stops the process.
///
/// Sections can be nested, and the strictest one counts. A section that is forgotten (`mem::forget`) lasts as long as
/// the thread. This is a way to mark a thread that does nothing else.
///
/// ```
/// use memzone::rt::{self, Plan, Policy, Request};
/// use memzone::{Zone, ZoneError, beginz};
///
/// rt::prepare_thread(&Plan::new().scopes(2, 64 * 1024))?;
/// let section = rt::enter(Policy::Deny);
/// let loudest = beginz!(z => z.alloc_slice(64, 0.5_f32).iter().copied().fold(0.0, f32::max));
/// assert_eq!(loudest, 0.5);
///
/// // A new zone is new memory.
/// let error = Zone::try_new(4096).unwrap_err();
/// assert!(matches!(error, ZoneError::Denied { request: Request::NewZone, .. }));
/// assert_eq!(section.report().denied(), 1);
/// # Ok::<(), ZoneError>(())
/// ```
///
/// # Real-time
///
/// Yes. On Linux it asks the system for the thread's page faults, which takes no lock and 0.4 µs in `cargo bench
/// --bench rt`. [`enter_unwatched`] does not do that.
#[must_use = "the section ends when the guard is dropped"]
pub fn enter(policy: Policy) -> Section {
    Section::new(policy, pages::faults())
}

/// Like [`enter`], but without any system call, so its report has no page faults. It is meant for a section around each
/// block of audio.
///
/// ```
/// use memzone::rt::{self, Policy};
///
/// let section = rt::enter_unwatched(Policy::Deny);
/// assert_eq!(section.report().minor_faults(), None); // nobody has counted
/// ```
///
/// # Real-time
///
/// Yes.
///
/// # Time complexity
///
/// Constant: a few stores.
#[must_use = "the section ends when the guard is dropped"]
pub fn enter_unwatched(policy: Policy) -> Section {
    Section::new(policy, None)
}

/// A real-time section, which lasts until this is dropped; see [`enter`].
///
/// ```
/// use memzone::rt::{self, Policy};
///
/// let section = rt::enter(Policy::Count);
/// assert_eq!(section.policy(), Policy::Count);
/// drop(memzone::Zone::new(4096));
/// let report = section.report();
/// assert!(report.asked() > 0 && report.given_back() >= 4096);
/// if let Some(faults) = report.major_faults() {
///     println!("{faults} pages came from a disk");
/// }
/// ```
#[must_use = "the section ends when the guard is dropped"]
#[derive(Debug)]
pub struct Section {
    policy: Policy,
    before: Counts,
    faults: Option<Faults>,
    /// The largest request beyond the heap in the section around this one.
    #[cfg(feature = "rt-alloc")]
    largest_before: u64,
    /// It must end on its own thread.
    not_send: PhantomData<*const ()>,
}

impl Section {
    fn new(policy: Policy, faults: Option<Faults>) -> Section {
        SECTIONS.with(|thread| {
            let count = &thread.sections[policy as usize];
            count.set(count.get() + 1);
            #[cfg(feature = "rt-alloc")]
            own_heap::begin();
            Section {
                policy,
                before: thread.counts(),
                faults,
                #[cfg(feature = "rt-alloc")]
                largest_before: thread.largest_beyond.replace(0),
                not_send: PhantomData,
            }
        })
    }

    /// The policy that this section was entered with. A section around it may have a stricter one.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// What the thread has asked for since this section was entered, including the sections inside it.
    ///
    /// # Real-time
    ///
    /// Yes, like [`enter`].
    pub fn report(&self) -> Report {
        // This comes first, as what follows may touch a new page.
        let faults = self.faults.and_then(|before| pages::faults().map(|now| now.since(before)));
        let counts = SECTIONS.with(ThreadSections::counts).since(&self.before);
        Report {
            counts,
            faults,
            #[cfg(feature = "rt-alloc")]
            largest_beyond: SECTIONS.with(|thread| thread.largest_beyond.get()),
        }
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        SECTIONS.with(|thread| {
            let count = &thread.sections[self.policy as usize];
            // This never goes below zero, as each section has added one and is dropped once.
            count.set(count.get().saturating_sub(1));
            #[cfg(feature = "rt-alloc")]
            {
                let largest = &thread.largest_beyond;
                largest.set(largest.get().max(self.largest_before));
                if thread.policy().is_none() {
                    own_heap::end();
                }
            }
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    asked: [u64; Request::ALL.len()],
    denied: u64,
    bytes: u64,
    given_back: u64,
    #[cfg(feature = "rt-alloc")]
    beyond: u64,
}

impl Counts {
    fn since(&self, before: &Counts) -> Counts {
        Counts {
            asked: core::array::from_fn(|index| {
                self.asked[index].wrapping_sub(before.asked[index])
            }),
            denied: self.denied.wrapping_sub(before.denied),
            bytes: self.bytes.wrapping_sub(before.bytes),
            given_back: self.given_back.wrapping_sub(before.given_back),
            #[cfg(feature = "rt-alloc")]
            beyond: self.beyond.wrapping_sub(before.beyond),
        }
    }
}

/// What a thread has asked the system for in a real-time section; see [`Section::report`]. `Display` prints it as a
/// table.
///
/// ```
/// use memzone::rt::{self, Policy, Request};
/// use memzone::Zone;
///
/// let section = rt::enter(Policy::Count);
/// let zone = Zone::new(100_000);
/// let report = section.report();
/// assert_eq!(report.asked_for(Request::NewZone), 1);
/// assert!(report.bytes() >= 100_000);
/// println!("{report}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    counts: Counts,
    faults: Option<Faults>,
    #[cfg(feature = "rt-alloc")]
    largest_beyond: u64,
}

impl Report {
    /// The number of requests, including those that were refused.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn asked(&self) -> u64 {
        self.counts.asked.iter().sum()
    }

    /// The number of requests of this kind.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn asked_for(&self, request: Request) -> u64 {
        self.counts.asked[request as usize]
    }

    /// The number of requests that were refused.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn denied(&self) -> u64 {
        self.counts.denied
    }

    /// The bytes that were asked for and not refused.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn bytes(&self) -> u64 {
        self.counts.bytes
    }

    /// The bytes that were given back to the system.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn given_back(&self) -> u64 {
        self.counts.given_back
    }

    /// The bytes for which the thread's heap had no room, of those that [`RtAlloc`](crate::RtAlloc) was asked for. Their
    /// number is `asked_for(Request::BeyondHeap)`. The heap is too small if there are any.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[cfg(feature = "rt-alloc")]
    pub fn beyond_heap(&self) -> u64 {
        self.counts.beyond
    }

    /// The largest request for which the thread's heap had no room.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[cfg(feature = "rt-alloc")]
    pub fn largest_beyond_heap(&self) -> u64 {
        self.largest_beyond
    }

    /// The number of pages that this thread touched for the first time, in all its code, and that the system had in
    /// memory. `None` if the system does not count page faults by thread (only Linux does), or if the section does not
    /// count them.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn minor_faults(&self) -> Option<u64> {
        self.faults.map(|faults| faults.minor)
    }

    /// The number of pages that this thread touched, in all its code, and that had to be read from a disk. `None` when
    /// [`minor_faults`](Report::minor_faults) is.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn major_faults(&self) -> Option<u64> {
        self.faults.map(|faults| faults.major)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for request in Request::ALL {
            writeln!(f, "{request:<32}{:>12}", self.asked_for(request))?;
        }
        writeln!(f, "{:<32}{:>12}", "of these refused", self.denied())?;
        writeln!(f, "{:<32}{:>12}", "bytes asked for", self.bytes())?;
        writeln!(f, "{:<32}{:>12}", "bytes given back", self.given_back())?;
        #[cfg(feature = "rt-alloc")]
        {
            writeln!(f, "{:<32}{:>12}", "bytes beyond the thread's heap", self.beyond_heap())?;
            writeln!(
                f,
                "{:<32}{:>12}",
                "the largest request of these",
                self.largest_beyond_heap()
            )?;
        }
        for (what, faults) in
            [("minor page faults", self.minor_faults()), ("major page faults", self.major_faults())]
        {
            match faults {
                Some(faults) => writeln!(f, "{what:<32}{faults:>12}")?,
                None => writeln!(f, "{what:<32}{:>12}", "not counted")?,
            }
        }
        Ok(())
    }
}
