//! Real time: everything is made before it is needed, and a check shows that nothing more is asked for.
//!
//! A thread that calls [`prepare_thread`] once and stays within its [`Plan`] never asks the system for anything when it
//! enters a scope, allocates or frees. A [`Section`] checks that: it counts or refuses such requests, or stops the
//! process.
//!
//! ```
//! use memzone::rt::{self, Plan, Policy};
//! use memzone::letz;
//!
//! std::thread::spawn(|| -> Result<(), memzone::ZoneError> {
//!     // Two scopes, one in another, of up to 64 KiB each.
//!     let prepared = rt::prepare_thread(&Plan::new().scopes(2, 64 * 1024))?;
//!     println!("{prepared}");
//!     let section = rt::enter(Policy::Deny);
//!     for _ in 0..1000 {
//!         letz!(block = [0.0_f32; 64] => block.fill(0.5));
//!     }
//!     assert_eq!(section.report().asked(), 0);
//!     Ok(())
//! })
//! .join()
//! .unwrap()?;
//! # Ok::<(), memzone::ZoneError>(())
//! ```
//!
//! The [real-time guide](crate::realtime) tells when to call what, and how to check a program of your own.

#![forbid(unsafe_code)]

use crate::error::ZoneError;
use crate::insight::{ledger, stats};
use crate::salloc;
use crate::stack::{self, PreparedStack};
use crate::system::pages::LockError;
use crate::system::stack_bounds;
use core::fmt;

pub use crate::error::Request;
pub use crate::system::aside::collect;
pub use crate::system::section::{Policy, Report, Section, enter, enter_unwatched};

/// What a real-time thread will need; see [`prepare_thread`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a plan does nothing before it is given to `prepare_thread`"]
pub struct Plan {
    scopes: usize,
    scope_bytes: usize,
    spare_size: Option<usize>,
    default_zone: usize,
    stack: usize,
    prefault: bool,
    lock: bool,
}

impl Plan {
    /// Four nested scopes of 64 KiB each, 1 MiB in the default zone, and 32 KiB of the machine's stack. All of it is
    /// touched, and none of it is locked.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn new() -> Plan {
        Plan {
            scopes: 4,
            scope_bytes: 64 << 10,
            spare_size: None,
            default_zone: 1 << 20,
            stack: 32 << 10,
            prefault: true,
            lock: false,
        }
    }

    /// Sets how many scopes will be active at one time, including pushed zones, and how many bytes each of them holds
    /// in all. A spare zone has at least 32 KiB even if `bytes` is less; see [`spare_size`](Plan::spare_size).
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn scopes(mut self, depth: usize, bytes: usize) -> Plan {
        self.scopes = depth;
        self.scope_bytes = bytes;
        self
    }

    /// Sets the least size of this thread's spare zones from now on, like [`set_spare_size`](crate::set_spare_size).
    /// With 0, the zones of scopes are as large as [`scopes`](Plan::scopes) says. A scope that names no size asks for
    /// 4,096 bytes, so the plan must not have less then.
    ///
    /// ```
    /// use memzone::rt::{self, Plan};
    ///
    /// // Two scopes of 5,000 bytes, and nothing more.
    /// let plan = Plan::new().scopes(2, 5000).spare_size(0).default_zone(0);
    /// assert!(rt::prepare_thread(&plan)?.bytes() < 20_000);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn spare_size(mut self, bytes: usize) -> Plan {
        self.spare_size = Some(bytes);
        self
    }

    /// Sets how many bytes the default zone, at the bottom of the thread's stack, has room for from now on. With 0 it
    /// is not made now. If it is needed after all, it is made then, as small as a zone can be.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn default_zone(mut self, bytes: usize) -> Plan {
        self.default_zone = bytes;
        self
    }

    /// Sets how many bytes of the machine's stack to touch, below the caller.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn stack(mut self, bytes: usize) -> Plan {
        self.stack = bytes;
        self
    }

    /// Sets whether every page is touched now, so that none causes a page fault later. The default is yes.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn prefault(mut self, yes: bool) -> Plan {
        self.prefault = yes;
        self
    }

    /// Sets whether to ask the system to keep the zones' memory resident (`mlock`). The default is no. It is no error
    /// if the system refuses; [`Prepared`] tells about it.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn lock(mut self, yes: bool) -> Plan {
        self.lock = yes;
        self
    }
}

impl Default for Plan {
    fn default() -> Plan {
        Plan::new()
    }
}

/// Whether the memory of a thread stays resident.
///
/// ```
/// use memzone::rt::{self, Locked, Plan};
///
/// match rt::prepare_thread(&Plan::new().lock(true))?.locked() {
///     Locked::Yes => {}
///     other => println!("may be swapped out: {other:?}"),
/// }
/// # Ok::<(), memzone::ZoneError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Locked {
    /// The plan did not ask for it.
    NotAsked,
    /// All of it stays resident.
    Yes,
    /// The system has refused some or all of it, with this error number. There is a limit to what a process may lock
    /// (`ulimit -l`).
    Refused(i32),
    /// memzone does not know how to lock memory on this system.
    Unsupported,
}

/// What [`prepare_thread`] has made. `Display` prints it as a table.
///
/// ```
/// use memzone::rt::{self, Plan};
///
/// let prepared = rt::prepare_thread(&Plan::new().scopes(2, 64 * 1024))?;
/// assert_eq!(prepared.scopes(), 2);
/// assert!(prepared.bytes() >= 2 * 64 * 1024 && prepared.pages() > 0);
/// println!("{prepared}"); // as a table
/// # Ok::<(), memzone::ZoneError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
    scopes: usize,
    bytes: usize,
    pages: usize,
    stack: usize,
    locked_bytes: usize,
    locked: Locked,
}

impl Prepared {
    /// The number of scopes that can be entered from here on without a new zone.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn scopes(&self) -> usize {
        self.scopes
    }

    /// The bytes of the system's memory that the zones of these scopes and the default zone have.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of pages of 4 KiB of that memory that were touched.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// The bytes of the machine's stack that were touched. They are fewer than planned if the stack has not that much
    /// left.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn stack(&self) -> usize {
        self.stack
    }

    /// Whether the memory stays resident.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn locked(&self) -> Locked {
        self.locked
    }

    /// The bytes that stay resident.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn locked_bytes(&self) -> usize {
        self.locked_bytes
    }
}

impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<32}{:>12}", "scopes", self.scopes)?;
        writeln!(f, "{:<32}{:>12}", "bytes of the system's", self.bytes)?;
        writeln!(f, "{:<32}{:>12}", "pages touched", self.pages)?;
        writeln!(f, "{:<32}{:>12}", "bytes of stack touched", self.stack)?;
        writeln!(f, "{:<32}{:>12}", "bytes locked", self.locked_bytes)?;
        match self.locked {
            Locked::NotAsked | Locked::Yes => Ok(()),
            Locked::Refused(number) => {
                let error = LockError::Refused(number);
                writeln!(f, "not all is locked: {error}")
            }
            Locked::Unsupported => writeln!(f, "not locked: {}", LockError::Unsupported),
        }
    }
}

/// Makes the calling thread ready for real time. Afterwards, nothing that memzone does within the plan happens for the
/// first time: the spare zones are made, the pages are touched, the thread-locals are registered, the thread has a slot
/// for its counters, and the limits of its stack are known.
///
/// What exists already counts, so a second call adds only what is missing. Call it on the real-time thread itself,
/// before the first block of audio. If a library owns that thread, call it in the callback that the library calls first
/// (such as JACK's thread initialisation), or in the first block.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory), [`TooLarge`](ZoneError::TooLarge), and [`Denied`](ZoneError::Denied) in a
/// section that forbids it. What was made before the error stays.
///
/// # Real-time
///
/// No: it does all the work that is not allowed later.
///
/// # Time complexity
///
/// Linear in the pages, about a microsecond each.
pub fn prepare_thread(plan: &Plan) -> Result<Prepared, ZoneError> {
    // What was put aside may be freed now.
    collect();
    if stack_bounds::known_left().is_none() {
        stack_bounds::find_left()?;
    }
    stats::register();
    ledger::prepare();
    plan.spare_size.into_iter().for_each(stack::set_spare_size);
    let PreparedStack { bytes, pages, locked, refused } =
        stack::prepare(plan.scopes, plan.scope_bytes, plan.default_zone, plan.prefault, plan.lock)?;
    let stack = if plan.prefault { salloc::touch(plan.stack) } else { 0 };
    Ok(Prepared {
        scopes: plan.scopes,
        bytes,
        pages,
        stack,
        locked_bytes: locked,
        locked: match (plan.lock, refused) {
            (false, _) => Locked::NotAsked,
            (true, None) => Locked::Yes,
            (true, Some(LockError::Refused(number))) => Locked::Refused(number),
            (true, Some(LockError::Unsupported)) => Locked::Unsupported,
        },
    })
}
