//! The crate's only error type.

#![forbid(unsafe_code)]

use core::fmt;

/// The largest alignment that a zone supports, in bytes. It is one page.
pub(crate) const MAX_ALIGN: usize = 4096;

/// Why memory could not be taken, or not be given back. When a method returns this, nothing has changed, except what
/// was done in steps before the one that failed, as in a copy or with an iterator.
///
/// Making an error and printing it allocate nothing, so both may happen on a real-time thread.
///
/// ```
/// use memzone::{Zone, ZoneError};
///
/// let zone = Zone::builder().capacity(1024).fixed().build();
/// match zone.try_alloc_slice(1000, 0.0_f32) {
///     Err(ZoneError::LimitReached { requested, limit, .. }) => {
///         assert_eq!((requested, limit), (4000, 1024));
///     }
///     other => panic!("{other:?}"),
/// }
/// ```
///
/// # Real-time
///
/// Yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ZoneError {
    /// The system has no more memory.
    OutOfMemory {
        /// The bytes that the zone asked the system for.
        requested: usize,
    },
    /// The zone may not grow by what the request needs, or the heap has no free block that is large enough.
    LimitReached {
        /// The bytes that the zone was asked for.
        requested: usize,
        /// The bytes that it may hold in all: its limit, or the capacity of a fixed zone or a heap.
        limit: usize,
        /// The bytes that are in use already.
        used: usize,
    },
    /// The zone cannot be rewound or freed, because others still use it. Or it can have no further handle, because a
    /// `ZoneFn` or `Parcel` owns it or because it has 8,589,934,593 handles and stack entries.
    InUse {
        /// The number of handles beside the caller's: clones, `ZBox`es and active scopes. If the zone was to be
        /// destroyed, entries on the thread's stack count too.
        handles: usize,
    },
    /// Nothing is pushed. Only the default zone is left, which stays.
    StackEmpty,
    /// The zone on top belongs to a scope, which removes it at its end.
    ScopeActive,
    /// The scope is not the innermost one of its thread, or a zone was pushed in it and not popped; see
    /// [`OpenScope::end_raw`](crate::OpenScope::end_raw).
    OutOfOrder {
        /// The number of scopes and pushed zones that lie above it on the stack.
        above: usize,
    },
    /// This is no open scope of the calling thread: it has ended already, or it belongs to another thread.
    NotOpen,
    /// The thread is in a real-time section that forbids requests to the system; see [`rt`](crate::rt).
    Denied {
        /// What the system would have been asked for.
        request: Request,
        /// The number of bytes, if it is known.
        bytes: usize,
    },
    /// This is more than any zone could hold, or more than the thread's stack has left.
    TooLarge {
        /// The bytes that were asked for.
        requested: usize,
        /// The most bytes that can be asked for.
        available: usize,
    },
    /// The alignment is larger than a page of 4096 bytes.
    AlignTooLarge {
        /// The alignment that was asked for.
        align: usize,
    },
    /// The value to copy contains a reference that leads back to itself. [`zcopy_shared`](crate::zcopy_shared) copies
    /// such values.
    Cycle,
    /// A copy has taken more than it may. A value whose parts are shared becomes larger when it is copied, as each way
    /// to a part leads to a copy of its own; [`zcopy_shared`](crate::zcopy_shared) copies each part once.
    OverBudget {
        /// The bytes that the copy may take.
        budget: usize,
    },
    /// The value to copy is nested deeper than a recursive copy may go. Copies are recursive for hand-written
    /// [`DeepCopy`](crate::DeepCopy) implementations, and for what is in a `RefCell` or a set. At most four of them may
    /// be nested that have each used up their share of the stack, 24 KiB. Other copies have no such limit. So derive
    /// `DeepCopy`, link the values by a [`Wire`](crate::Wire) or a `Cell` of a reference in place of a `RefCell`, and
    /// hold them in a slice in place of a set.
    TooDeep,
    /// A `Display` or `Debug` implementation returned an error while its text was written.
    Format,
    /// A [`BlockFader`](crate::BlockFader) has no room for what such a long block holds during a fade.
    BlockTooLong {
        /// The samples of the block, those of all channels counted.
        samples: usize,
        /// The most samples that the fader was made for.
        longest: usize,
    },
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfMemory { requested } => {
                write!(
                    f,
                    "out of memory: the system refused {requested} bytes; give up this task, free or trim zones, or try \
                     again later"
                )
            }
            Self::LimitReached { requested, limit, used } => write!(
                f,
                "limit reached: {requested} bytes requested, {used} of at most {limit} in use; \
                 raise the limit, reset the zone, free some of the heap, or give a fixed collection more room"
            ),
            Self::InUse { handles } => write!(
                f,
                "zone in use: {handles} other handle(s) keep it alive; drop clones and ZBoxes of it, \
                 pop it, or leave its scope first"
            ),
            Self::StackEmpty => {
                f.write_str("zone stack empty: the default zone cannot be popped; there is one pop too many")
            }
            Self::ScopeActive => f.write_str(
                "the zone on top of the stack belongs to an active scope, which pops it when it ends; pop only what was \
                 pushed in this scope",
            ),
            Self::OutOfOrder { above } => write!(
                f,
                "scope ended out of order: {above} scope(s) and pushed zone(s) lie above it; end and \
                 pop those first"
            ),
            Self::NotOpen => f.write_str(
                "not an open scope of this thread: it has ended already, or it belongs to another \
                 thread",
            ),
            Self::Denied { request, bytes } => write!(
                f,
                "denied in a real-time section: {request} ({bytes} bytes); {}",
                request.advice()
            ),
            Self::TooLarge { requested, available } => {
                write!(
                    f,
                    "too large: {requested} bytes requested, at most {available} possible; check the length, or take a \
                     zone in place of the stack"
                )
            }
            Self::AlignTooLarge { align } => {
                write!(
                    f,
                    "alignment too large: {align} bytes, at most {MAX_ALIGN} supported; allocate more, and align within it"
                )
            }
            Self::Cycle => f.write_str(
                "the value to copy leads back to itself; copy it with `zcopy_shared`, or let it leave its scope as \
                 `Shared(value)`, which keep cycles",
            ),
            Self::OverBudget { budget } => write!(
                f,
                "the copy takes more than {budget} bytes: where parts of the value are shared, copy it with \
                 `zcopy_shared` (or as `Shared(value)`), which copies each once; else with `zcopy_within` and more bytes"
            ),
            Self::TooDeep => f.write_str(
                "the value to copy nests too deep for copies that recurse: derive a hand-written DeepCopy, link by a \
                 Wire or a Cell in place of a RefCell, or hold values in a slice in place of a set",
            ),
            Self::Format => f.write_str(
                "a formatting implementation returned an error; correct the `Display` of the value that was written",
            ),
            Self::BlockTooLong { samples, longest } => write!(
                f,
                "block too long for a fade: {samples} samples, room for {longest}; make the fader for \
                 the longest block that comes, or play the block in parts"
            ),
        }
    }
}

impl core::error::Error for ZoneError {}

/// A value for which there was no memory, and why. Methods that take a value return it, so that the value is not lost.
///
/// Where only the reason counts, `?` makes a [`ZoneError`] of it.
///
/// ```
/// use memzone::{Refused, ZVec, Zone, ZoneError};
///
/// fn note(events: &mut ZVec<u8>, key: u8) -> Result<(), ZoneError> {
///     events.try_push(key)?;
///     Ok(())
/// }
///
/// let zone = Zone::new(1024);
/// let mut events = zone.fixed_vec(1);
/// note(&mut events, 60)?;
/// assert!(matches!(note(&mut events, 64), Err(ZoneError::LimitReached { .. })));
/// let Err(Refused { error, value }) = events.try_push(64) else { panic!("it is full") };
/// assert_eq!((value, error), (64, note(&mut events, 64).unwrap_err()));
/// # Ok::<(), ZoneError>(())
/// ```
///
/// # Real-time
///
/// Yes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refused<T> {
    /// Why there was no memory.
    pub error: ZoneError,
    /// What would have needed it.
    pub value: T,
}

impl<T> fmt::Debug for Refused<T> {
    /// Leaves out the value, which need not be `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> core::error::Error for Refused<T> {}

impl<T> From<Refused<T>> for ZoneError {
    fn from(refused: Refused<T>) -> ZoneError {
        refused.error
    }
}

/// What memzone asks the system for.
///
/// ```
/// use memzone::rt::{self, Plan, Policy, Request};
/// use memzone::{Zone, ZoneError};
///
/// rt::prepare_thread(&Plan::new())?;
/// let section = rt::enter(Policy::Count);
/// let zone = Zone::new(1024);
/// zone.alloc_slice(4096, 0_u8);
/// let report = section.report();
/// for request in Request::ALL {
///     println!("{request}: {}", report.asked_for(request));
/// }
/// assert_eq!(report.asked_for(Request::NewBlock), 1);
/// # Ok::<(), ZoneError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Request {
    /// A further block for a zone whose blocks are full.
    NewBlock,
    /// The memory of a new zone: a spare zone of the thread's stack, its default zone, or one that the program makes.
    NewZone,
    /// A longer array for the zones that are pushed on the thread's stack, or the thread's first array.
    LongerStack,
    /// Memory of the system's heap, for `halloc` or a new `RtHeap`.
    HeapMemory,
    /// Memory of the system's heap for a value that a deep copy makes, such as a `String`, a `Vec` or a `Box`, or for
    /// the copy's own bookkeeping of deeply nested values.
    OwnedCopy,
    /// Memory of the system's heap for the bookkeeping of a deep copy whose owners (`Box`, `Vec`, `ZBox`, `HBox`) are
    /// nested deeper than its share of the stack: 600 to 800 bytes for each level. References into a zone need none,
    /// however deep they lead.
    DeepOwners,
    /// Giving memory back to the system.
    GiveBack,
    /// The thread's first use of something that is registered once: its counters, and what frees its stack at its end.
    FirstUse,
    /// Memory for which the thread's heap has no room, on a thread that [`RtAlloc`](crate::RtAlloc) serves. No policy
    /// refuses it, as an allocation that fails ends the program: the allocator below is asked.
    #[cfg(feature = "rt-alloc")]
    BeyondHeap,
}

impl Request {
    /// All requests, in the order of a report.
    pub const ALL: [Request; 8 + cfg!(feature = "rt-alloc") as usize] = [
        Request::NewBlock,
        Request::NewZone,
        Request::LongerStack,
        Request::HeapMemory,
        Request::OwnedCopy,
        Request::DeepOwners,
        Request::GiveBack,
        Request::FirstUse,
        #[cfg(feature = "rt-alloc")]
        Request::BeyondHeap,
    ];

    /// What to do where a section denies it.
    fn advice(self) -> &'static str {
        match self {
            Request::HeapMemory => {
                "take it before the section, or from an `RtHeap` that was made before"
            }
            Request::OwnedCopy => {
                "hold what the value owns by reference into a zone, or copy it before the section"
            }
            Request::DeepOwners => {
                "link the owners by references into a zone, or copy the value before the section"
            }
            _ => "have it made before the section, with `rt::prepare_thread` or a larger capacity",
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Request::NewBlock => "a new block for a zone",
            Request::NewZone => "a new zone",
            Request::LongerStack => "a longer zone stack",
            Request::HeapMemory => "memory of the system's heap",
            Request::OwnedCopy => "memory for a copied value",
            Request::DeepOwners => "a copy of deeply nested owners",
            Request::GiveBack => "giving memory back",
            Request::FirstUse => "a first use on this thread",
            #[cfg(feature = "rt-alloc")]
            Request::BeyondHeap => "memory beyond the thread's heap",
        })
    }
}

/// Returns the value, or panics as documented.
#[inline(always)]
#[track_caller]
pub(crate) fn or_panic<T>(result: Result<T, ZoneError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic_with(error),
    }
}

#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn panic_with(error: ZoneError) -> ! {
    panic!("memzone: {error}")
}
