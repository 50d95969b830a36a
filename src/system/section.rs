//! Real-time sections: what may ask the system for something while one lasts, and what was asked.
//!
//! All that memzone asks of the system goes by [`ask`] before, on its cold paths. So a section costs
//! nothing where nothing is asked.

#![forbid(unsafe_code)]

use super::pages::{self, Faults};
use crate::error::{Request, ZoneError};
use crate::system::last_words::{say, say_stack, with_thread_name};
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::panic::Location;

/// What memzone would do, or does, where the thread is in a real-time section and the system is
/// about to be asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Count it, and do it.
    Count,
    /// Count it, and do not do it: what wanted it gives [`ZoneError::Denied`], or panics with it where
    /// there is no `try_`. What was to be freed is put aside instead, to be freed by
    /// [`collect`](crate::rt::collect); but a block of the system's heap of less than 32 bytes, which cannot hold
    /// what that takes, is counted and freed.
    Deny,
    /// Print what it is and where, and stop the process. The line goes to the process's own standard error, which
    /// `cargo test` does not capture, and takes no memory. With the environment variable `RUST_BACKTRACE=1` the
    /// stack that leads there follows it; that does take memory.
    Abort,
}

const POLICIES: usize = Policy::Abort as usize + 1;

/// A thread's sections, and what was asked for in them, since it started.
struct Local {
    /// How many sections of each policy the thread is in.
    sections: [Cell<u64>; POLICIES],
    asked: [Cell<u64>; Request::ALL.len()],
    denied: Cell<u64>,
    bytes: Cell<u64>,
    given_back: Cell<u64>,
    /// Where the user's code is, if a cold path has said that.
    place: Cell<Option<&'static Location<'static>>>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            sections: [const { Cell::new(0) }; POLICIES],
            asked: [const { Cell::new(0) }; Request::ALL.len()],
            denied: Cell::new(0),
            bytes: Cell::new(0),
            given_back: Cell::new(0),
            place: Cell::new(None),
        }
    };
}

fn add(counter: &Cell<u64>, more: u64) {
    counter.set(counter.get().wrapping_add(more));
}

impl Local {
    /// The strictest of the sections the thread is in.
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
        }
    }
}

/// The strictest policy of the sections that the thread is in.
pub(crate) fn policy() -> Option<Policy> {
    LOCAL.with(Local::policy)
}

/// Whether the system may be asked for something. Called before it is, each time.
#[track_caller]
pub(crate) fn ask(request: Request, bytes: usize) -> Result<(), ZoneError> {
    let place = Location::caller();
    LOCAL.with(|local| {
        let Some(policy) = local.policy() else { return Ok(()) };
        add(&local.asked[request as usize], 1);
        match policy {
            Policy::Count => {
                let counter = match request {
                    Request::GiveBack => &local.given_back,
                    _ => &local.bytes,
                };
                add(counter, bytes as u64);
                Ok(())
            }
            Policy::Deny => {
                add(&local.denied, 1);
                Err(ZoneError::Denied { request, bytes })
            }
            Policy::Abort => abort(local, request, bytes, place),
        }
    })
}

/// The user's call, for as long as it lasts: for cold paths whose callees cannot be told it otherwise.
#[track_caller]
pub(crate) fn at_caller() -> At {
    let place = Location::caller();
    At(LOCAL.with(|local| local.place.replace(Some(place))))
}

/// What [`at_caller`] returns; the place before it.
pub(crate) struct At(Option<&'static Location<'static>>);

impl Drop for At {
    fn drop(&mut self) {
        LOCAL.with(|local| local.place.set(self.0));
    }
}

/// Whether a place is in memzone itself, which says nothing to a user.
fn is_inside(place: &Location<'_>) -> bool {
    // The sources' folder is two levels above this file.
    let mut separators = file!().rmatch_indices(['/', '\\']);
    let end = separators.nth(1).map_or(0, |(at, _)| at);
    place.file().starts_with(&file!()[..end])
}

/// What [`Policy::Abort`] does.
#[cold]
fn abort(local: &Local, request: Request, bytes: usize, place: &'static Location<'static>) -> ! {
    // What this asks for itself is not to end here.
    local.sections.iter().for_each(|count| count.set(0));
    let place = local.place.take().unwrap_or(place);
    let say_with = |name: &str, rest: fmt::Arguments<'_>| {
        say(format_args!(
            "memzone: in a real-time section with Policy::Abort, thread {name} was about to ask the \
             system for {request} ({bytes} bytes){rest}"
        ));
    };
    with_thread_name(|name| match is_inside(place) {
        true => say_with(name, format_args!("; RUST_BACKTRACE=1 shows where")),
        false => say_with(name, format_args!(", at {place}")),
    });
    say_stack();
    std::process::abort()
}

/// Makes the calling thread a real-time one until the guard is dropped: from now on what memzone would
/// ask the system for is counted, refused, or ends the process, as the policy says.
///
/// Sections nest; the strictest counts. A section that is forgotten (`mem::forget`) lasts as long as the
/// thread, which is a way to mark a thread that does nothing else.
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
/// Yes. On Linux it asks the system for the thread's page faults, which takes no lock, and 0.4 µs in
/// `cargo bench --bench rt`; [`enter_unwatched`] does not.
#[must_use = "the section ends when the guard is dropped"]
pub fn enter(policy: Policy) -> Section {
    Section::new(policy, pages::faults())
}

/// Like [`enter`], but makes no system call at all, so that its report knows no page faults. For a section
/// around each block of audio.
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

/// A real-time section, until dropped; see [`enter`].
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
    /// Belongs to its thread.
    here: PhantomData<*const ()>,
}

impl Section {
    fn new(policy: Policy, faults: Option<Faults>) -> Section {
        LOCAL.with(|local| {
            let count = &local.sections[policy as usize];
            count.set(count.get() + 1);
            Section { policy, before: local.counts(), faults, here: PhantomData }
        })
    }

    /// What this section was entered with. A section around it may be stricter.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// What was asked for since this section was entered, in sections inside of it too.
    ///
    /// # Real-time
    ///
    /// Yes; as [`enter`].
    pub fn report(&self) -> Report {
        // Before anything else: what follows may touch a page.
        let faults = self.faults.and_then(|before| pages::faults().map(|now| now.since(before)));
        let counts = LOCAL.with(Local::counts).since(&self.before);
        Report { counts, faults }
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        LOCAL.with(|local| {
            let count = &local.sections[self.policy as usize];
            // Never below: each section has added one, and is dropped once.
            count.set(count.get().saturating_sub(1));
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    asked: [u64; Request::ALL.len()],
    denied: u64,
    bytes: u64,
    given_back: u64,
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
        }
    }
}

/// What a real-time section has asked of the system; see [`Section::report`]. `Display` prints it as a table.
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
}

impl Report {
    /// How often the system was asked, or would have been.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn asked(&self) -> u64 {
        self.counts.asked.iter().sum()
    }

    /// How often for this.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn asked_for(&self, request: Request) -> u64 {
        self.counts.asked[request as usize]
    }

    /// How many of all requests were refused.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn denied(&self) -> u64 {
        self.counts.denied
    }

    /// Bytes asked for and not refused.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn bytes(&self) -> u64 {
        self.counts.bytes
    }

    /// Bytes given back to the system.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn given_back(&self) -> u64 {
        self.counts.given_back
    }

    /// Pages that this thread touched for the first time, in all its code, and that the system had at hand.
    /// None where the system does not count them by thread (all but Linux), or nobody asked.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn minor_faults(&self) -> Option<u64> {
        self.faults.map(|faults| faults.minor)
    }

    /// Pages that this thread touched, in all its code, and that had to be read from a disk. None where
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
