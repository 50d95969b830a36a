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
#[cfg(feature = "rt-alloc")]
use crate::rt_alloc;
use crate::salloc;
use crate::stack::{self, PreparedStack};
use crate::system::aside;
#[cfg(feature = "rt-alloc")]
use crate::system::pages::PAGE;
use crate::system::pages::{Care, LockError};
use crate::system::stack_bounds;
use core::fmt;

pub use crate::error::Request;
#[doc(alias = "assert_no_alloc")]
pub use crate::system::section::Policy;
#[doc(alias("assert_no_alloc", "permit_alloc", "no_alloc"))]
pub use crate::system::section::enter;
#[doc(alias("assert_no_alloc", "no_alloc"))]
pub use crate::system::section::enter_unwatched;
pub use crate::system::section::{Report, Section};

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
    huge_pages: bool,
    #[cfg(feature = "rt-alloc")]
    heap: usize,
    #[cfg(feature = "rt-alloc")]
    collector: bool,
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
            huge_pages: false,
            #[cfg(feature = "rt-alloc")]
            heap: 0,
            #[cfg(feature = "rt-alloc")]
            collector: true,
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

    /// Sets how many bytes the thread's heap has room for, from which [`RtAlloc`](crate::RtAlloc) serves the thread in
    /// sections. With 0, the default, the thread gets none. Without an `RtAlloc` it gets none either, which
    /// [`Prepared`] tells.
    ///
    /// Each block has a header of 16 bytes, and its size is rounded up as in an [`RtHeap`](crate::RtHeap). A thread that
    /// has a heap of that size keeps it. Otherwise it takes over the heap of a thread that has ended, or gets a new one.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[cfg(feature = "rt-alloc")]
    pub fn heap(mut self, bytes: usize) -> Plan {
        self.heap = bytes;
        self
    }

    /// Sets whether a background thread frees what threads with a [`heap`](Plan::heap) put aside in sections. The
    /// default is yes: the first such thread starts it, and it looks every 10 ms. With no, such a thread is stopped if
    /// it runs, and the program calls [`collect`] now and then, or has a [`Reclaimer`](crate::reclaim::Reclaimer) that
    /// collects. The last plan with a heap decides.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[cfg(feature = "rt-alloc")]
    pub fn collector(mut self, yes: bool) -> Plan {
        self.collector = yes;
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

    /// Sets whether zones and the heap of 2 MiB and more get huge pages, as by
    /// [`ZoneBuilder::huge_pages`](crate::ZoneBuilder::huge_pages). The default is no. It is no error if the system
    /// refuses; [`Prepared::huge_bytes`] tells about it. On systems other than 64-bit Linux it does nothing.
    ///
    /// ```
    /// use memzone::rt::{self, Plan};
    ///
    /// let plan = Plan::new().scopes(2, 4 << 20).huge_pages(true);
    /// let prepared = rt::prepare_thread(&plan)?;
    /// println!("{} of {} bytes in huge pages", prepared.huge_bytes(), prepared.bytes());
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn huge_pages(mut self, yes: bool) -> Plan {
        self.huge_pages = yes;
        self
    }

    fn care(&self) -> Care {
        Care { prefault: self.prefault, lock: self.lock, huge: self.huge_pages }
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
    huge_bytes: usize,
    /// The bytes of the thread's heap, and those that are in use.
    #[cfg(feature = "rt-alloc")]
    heap: Option<(usize, usize)>,
    #[cfg(feature = "rt-alloc")]
    is_collecting: bool,
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

    /// The bytes of the system's memory that the zones of these scopes and the default zone have, and the thread's heap.
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

    /// Whether [`RtAlloc`](crate::RtAlloc) serves this thread from a heap of its own in sections. It is `false` if the
    /// plan had none, and if no `RtAlloc` is installed: then it is not a `#[global_allocator]` in the same program or
    /// plugin as this code.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[cfg(feature = "rt-alloc")]
    pub fn has_heap(&self) -> bool {
        self.heap.is_some()
    }

    /// The bytes that the thread's heap has room for, or 0.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[cfg(feature = "rt-alloc")]
    pub fn heap(&self) -> usize {
        self.heap.map_or(0, |heap| heap.0)
    }

    /// The bytes of the heap that are in use: blocks of a thread that had the heap before and has ended.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[cfg(feature = "rt-alloc")]
    pub fn heap_used(&self) -> usize {
        self.heap.map_or(0, |heap| heap.1)
    }

    /// Whether the background thread runs that frees what is put aside; see [`Plan::collector`].
    ///
    /// # Real-time
    ///
    /// Yes.
    #[cfg(feature = "rt-alloc")]
    pub fn is_collecting(&self) -> bool {
        self.is_collecting
    }

    /// The bytes that stay resident.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn locked_bytes(&self) -> usize {
        self.locked_bytes
    }

    /// The bytes that lie in huge pages, as far as the system has them. A zone for which the system refuses huge pages
    /// has none, nor has memory that is smaller than such a page, or lies beside whole ones.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn huge_bytes(&self) -> usize {
        self.huge_bytes
    }
}

impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<32}{:>12}", "scopes", self.scopes)?;
        writeln!(f, "{:<32}{:>12}", "bytes of the system's", self.bytes)?;
        writeln!(f, "{:<32}{:>12}", "pages touched", self.pages)?;
        writeln!(f, "{:<32}{:>12}", "bytes of stack touched", self.stack)?;
        #[cfg(feature = "rt-alloc")]
        match self.heap {
            Some((bytes, used)) => {
                writeln!(f, "{:<32}{bytes:>12}", "bytes of the thread's heap")?;
                writeln!(f, "{:<32}{used:>12}", "of these in use")?;
            }
            None => writeln!(f, "{:<32}{:>12}", "bytes of the thread's heap", "none")?,
        }
        writeln!(f, "{:<32}{:>12}", "bytes in huge pages", self.huge_bytes)?;
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
/// for its counters, and the limits of its stack are known. With the feature `rt-alloc`, it has its heap.
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
#[doc(alias("mlockall", "prefault", "init_thread"))]
pub fn prepare_thread(plan: &Plan) -> Result<Prepared, ZoneError> {
    // What was put aside may be freed now.
    collect();
    if stack_bounds::known_left().is_none() {
        stack_bounds::find_left()?;
    }
    stats::register();
    ledger::prepare();
    if let Some(bytes) = plan.spare_size {
        stack::set_spare_size(bytes);
    }
    #[cfg_attr(not(feature = "rt-alloc"), allow(unused_mut))]
    let PreparedStack { mut bytes, mut pages, mut locked, mut refused, mut huge } =
        stack::prepare(plan.scopes, plan.scope_bytes, plan.default_zone, plan.care())?;
    #[cfg(feature = "rt-alloc")]
    let heap = prepare_heap(plan)?.map(|made| {
        bytes += made.bytes;
        pages += if plan.prefault { made.bytes / PAGE } else { 0 };
        huge += made.huge;
        match made.locked {
            None => {}
            Some(Ok(())) => locked += made.bytes,
            Some(Err(error)) => refused = Some(error),
        }
        (made.room, made.used)
    });
    let stack = if plan.prefault { salloc::touch(plan.stack) } else { 0 };
    Ok(Prepared {
        scopes: plan.scopes,
        bytes,
        pages,
        stack,
        locked_bytes: locked,
        huge_bytes: huge,
        locked: match (plan.lock, refused) {
            (false, _) => Locked::NotAsked,
            (true, None) => Locked::Yes,
            (true, Some(LockError::Refused(number))) => Locked::Refused(number),
            (true, Some(LockError::Unsupported)) => Locked::Unsupported,
        },
        #[cfg(feature = "rt-alloc")]
        heap,
        #[cfg(feature = "rt-alloc")]
        is_collecting: rt_alloc::is_collecting(),
    })
}

/// Gives the thread the heap that the plan has, and starts or stops the collector.
#[cfg(feature = "rt-alloc")]
fn prepare_heap(plan: &Plan) -> Result<Option<rt_alloc::HeapMade>, ZoneError> {
    if plan.heap == 0 {
        return Ok(None);
    }
    let made = rt_alloc::prepare(plan.heap, plan.care())?;
    if made.is_some() {
        if plan.collector { rt_alloc::start() } else { rt_alloc::stop() }
    }
    Ok(made)
}

/// Frees what real-time sections with [`Policy::Deny`] have put aside on all threads, and returns the number of pieces.
/// Cleanup hooks of zones run on this thread. With the feature `rt-alloc`, it also frees what threads that
/// `RtAlloc` serves have put aside.
///
/// A [`Reclaimer`](crate::reclaim::Reclaimer) does this too, and so does every zone that is freed outside of a section,
/// for what is memzone's own.
///
/// In a cleanup hook of a zone that is being freed, it returns 0. The memory that was put aside is then freed when the
/// hook has returned. The outer call, in which the hook runs, counts it.
///
/// ```
/// use memzone::rt::{self, Policy};
///
/// let zone = memzone::Zone::new(4096);
/// let section = rt::enter(Policy::Deny);
/// drop(zone); // put aside
/// drop(section);
/// assert_eq!(rt::collect(), 1);
/// ```
///
/// # Real-time
///
/// No: it frees memory. In a section with `Policy::Deny` or `Abort` it does nothing.
#[doc(alias("free_after_delay", "llvm_zone_free_after_delay"))]
pub fn collect() -> usize {
    let freed = aside::collect();
    #[cfg(feature = "rt-alloc")]
    let freed = freed + rt_alloc::collect();
    freed
}
