//! The header of a zone: its cursor, its state, its figures.
//!
//! The header lies at the start of the zone's first block, so making a zone is one request to the system. It never
//! moves, and lives until the last handle and the last stack entry are gone (I1).

use super::block::{BLOCK_HEADER, Block};
use super::bump::STEP;
use super::hooks::Hooks;
use super::memory::{self, BLOCK_ALIGN, Memory};
use crate::system::aside;
use core::cell::Cell;
use core::ptr::NonNull;

/// The size of a zone whose builder names none, and what a scope without a size asks for.
pub(crate) const DEFAULT_CAPACITY: usize = 4096;

/// Bytes of the header, so also the distance from it to the first block's data.
pub(crate) const HEADER: usize = size_of::<Header>();

/// What a zone is to be like. Users say it by a [`ZoneBuilder`](crate::Settings).
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Bytes that there is room for from the start.
    pub(crate) capacity: usize,
    /// The most bytes that are ever taken from the system.
    pub(crate) limit: usize,
    /// Whether it never grows, and has just its capacity.
    pub(crate) fixed: bool,
    /// Whether the pages of a block are touched when it is taken.
    pub(crate) prefault: bool,
    /// Whether the system is asked to keep them resident.
    pub(crate) lock: bool,
    pub(crate) name: Option<&'static str>,
    #[cfg(feature = "profile")]
    pub(crate) site: Option<&'static crate::insight::sites::Site>,
}

impl Settings {
    /// A zone that grows without limit.
    pub(crate) const fn with_capacity(capacity: usize) -> Settings {
        Settings {
            capacity,
            limit: usize::MAX,
            fixed: false,
            prefault: false,
            lock: false,
            name: None,
            #[cfg(feature = "profile")]
            site: None,
        }
    }
}

/// The state word: how many handles and stack entries there are, and all that makes leaving a
/// scope more than rewinding the cursor.
pub(crate) mod state {
    /// One handle.
    pub(crate) const HANDLE: u64 = 1;
    /// All handles.
    pub(crate) const HANDLES: u64 = (1 << 31) - 1;
    /// Handles stay below this; reaching it is refused.
    pub(crate) const HANDLES_FULL: u64 = 1 << 30;
    /// A `ZoneFn` or a `Parcel` owns it: there will be no other handle, and no entry.
    pub(crate) const SEALED: u64 = 1 << 31;
    /// One entry on the thread's stack that is not a scope's own.
    pub(crate) const ENTRY: u64 = 1 << 32;
    /// All entries.
    pub(crate) const ENTRIES: u64 = ((1 << 26) - 1) << 32;
    /// A scope's zone that zones are pushed right above of.
    pub(crate) const COVERED: u64 = 1 << 58;
    /// A scope's zone that is not in its thread's list (any more): its guard alone knows it.
    pub(crate) const DETACHED: u64 = 1 << 59;
    /// More memory than a spare zone may keep.
    pub(crate) const OVERSIZE: u64 = 1 << 60;
    /// There are cleanup hooks.
    pub(crate) const HOOKS: u64 = 1 << 61;
    /// The cursor has left the first block.
    pub(crate) const MOVED_ON: u64 = 1 << 62;
    /// The one static zone that holds nothing and is never written to.
    pub(crate) const EMPTY: u64 = 1 << 63;
}

/// A zone's heart. Never moves; lives until the last handle and stack entry are gone.
#[repr(C, align(64))]
pub(crate) struct Header {
    /// Where the next allocation goes: a multiple of `STEP`, or the block's end (I5).
    pub(crate) cursor: Cell<NonNull<u8>>,
    /// The end of the block that the cursor is in.
    pub(crate) end: Cell<NonNull<u8>>,
    /// See [`state`].
    pub(crate) state: Cell<u64>,
    /// Bytes of the first block, header included: what a scope finds in a rewound zone. The empty
    /// zone has none.
    pub(crate) room: usize,
    pub(crate) links: Links,
    pub(crate) current: Cell<NonNull<Block>>,
    pub(super) hooks: Hooks,
    /// Bytes used in the blocks before the current one.
    pub(super) used_before: Cell<usize>,
    /// The high-water mark of what has been rewound or given back; see `high_water`.
    pub(crate) high_water: Cell<usize>,
    pub(super) system: Cell<usize>,
    pub(super) newest: Cell<usize>,
    pub(super) limit: usize,
    pub(crate) blocks: Cell<u32>,
    pub(super) growth: Growth,
    /// Whether the pages of further blocks are touched when they are taken.
    pub(super) prefault: Cell<bool>,
    pub(super) lock: Cell<Lock>,
    pub(crate) name: Option<&'static str>,
    pub(crate) first: Block,
    /// Where it was made, if it has a name.
    #[cfg(feature = "profile")]
    pub(super) site: Option<&'static crate::insight::sites::Site>,
}

/// A zone's figures when a scope began.
#[cfg(feature = "profile")]
pub(crate) struct Mark {
    high_water: usize,
    blocks: u32,
}

/// What a scope has done to them.
#[cfg(feature = "profile")]
pub(crate) struct Since {
    pub(crate) high_water: usize,
    /// Blocks taken.
    pub(crate) blocks: u32,
}

/// The neighbours of a scope's zone or a spare one in its thread's list; the empty zone where there
/// is none. In a zone that was put aside, which is in no list, the node lies here (I14).
#[repr(C)]
pub(crate) struct Links {
    pub(crate) above: Cell<NonNull<Header>>,
    pub(crate) below: Cell<NonNull<Header>>,
}

const _: () = assert!(
    size_of::<aside::Node>() <= size_of::<Links>()
        && align_of::<aside::Node>() <= align_of::<Links>()
);

impl Links {
    pub(super) const fn none() -> Links {
        Links { above: Cell::new(EMPTY_ADDRESS), below: Cell::new(EMPTY_ADDRESS) }
    }
}

/// Whether a zone's blocks, later ones too, are to stay resident, and do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    NotAsked,
    All,
    /// For at least one of them.
    Refused,
}

/// Whether a zone may take further blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    Blocks,
    None,
}

struct EmptyZone(Header);
// SAFETY: (I3) nobody writes to this header: it has no room, so no cursor moves, and all that
// would change its state checks `state::EMPTY` first. Its `Memory` owns nothing.
unsafe impl Sync for EmptyZone {}

/// Stands where no zone is yet: a spare not made, a `Zone::new(0)` not used.
static EMPTY: EmptyZone = EmptyZone(Header {
    cursor: Cell::new(EMPTY_ADDRESS.cast()),
    end: Cell::new(EMPTY_ADDRESS.cast()),
    state: Cell::new(state::EMPTY | state::HANDLE),
    room: 0,
    links: Links::none(),
    current: Cell::new(NonNull::dangling()),
    hooks: Hooks::none(),
    used_before: Cell::new(0),
    high_water: Cell::new(0),
    system: Cell::new(0),
    newest: Cell::new(0),
    blocks: Cell::new(0),
    limit: usize::MAX,
    growth: Growth::Blocks,
    prefault: Cell::new(false),
    lock: Cell::new(Lock::NotAsked),
    name: None,
    first: Block {
        next: Cell::new(None),
        start: EMPTY_ADDRESS.cast(),
        end: EMPTY_ADDRESS.cast(),
        filled: Cell::new(EMPTY_ADDRESS.cast()),
        memory: Memory::none(),
    },
    #[cfg(feature = "profile")]
    site: None,
});

const EMPTY_ADDRESS: NonNull<Header> = match NonNull::new((&raw const EMPTY.0).cast_mut()) {
    Some(address) => address,
    None => panic!("a static has an address"),
};

impl Header {
    /// The zone that stands for none.
    #[inline(always)]
    pub(crate) const fn empty() -> NonNull<Header> {
        EMPTY_ADDRESS
    }

    /// Bytes in use, in all blocks.
    pub(crate) fn used(&self) -> usize {
        if self.state.get() & state::EMPTY != 0 {
            return 0;
        }
        let start = self.current_block().start.addr().get();
        self.used_before.get() + (self.cursor.get().addr().get() - start)
    }

    /// Bytes that all blocks have room for.
    pub(crate) fn capacity(&self) -> usize {
        let later = self.system.get() - self.first.memory.system_bytes();
        let overhead = memory::system_bytes(BLOCK_HEADER);
        self.first.room() + later - (self.blocks.get() as usize).saturating_sub(1) * overhead
    }

    pub(crate) fn note_high_water(&self) {
        self.high_water.set(self.high_water.get().max(self.used()));
        self.note_site();
    }

    /// Tells the site of a named zone how much has been in use.
    #[inline(always)]
    pub(crate) fn note_site(&self) {
        #[cfg(feature = "profile")]
        if let Some(site) = self.site {
            site.held(self.high_water.get());
        }
    }

    /// A scope begins: from here on the high-water mark is its own.
    #[cfg(feature = "profile")]
    pub(crate) fn mark(&self) -> Mark {
        Mark { high_water: self.high_water.replace(0), blocks: self.blocks.get() }
    }

    /// What has happened since a scope began.
    #[cfg(feature = "profile")]
    pub(crate) fn since(&self, mark: &Mark) -> Since {
        let high_water = self.high_water.get().max(self.used());
        self.high_water.set(high_water.max(mark.high_water));
        Since { high_water, blocks: self.blocks.get().saturating_sub(mark.blocks) }
    }

    #[inline]
    pub(crate) fn current_block(&self) -> &Block {
        // SAFETY: (I2) points to the first block or one of the list, all of which live as long
        // as the header. Not called on the empty zone.
        unsafe { self.current.get().as_ref() }
    }

    /// Bytes of system memory, overhead and all.
    pub(crate) fn system_bytes(&self) -> usize {
        self.system.get()
    }

    /// Whether the caller's handle is the only thing that holds the zone, its hooks apart.
    pub(crate) fn is_sole(&self) -> bool {
        self.state.get() & (state::HANDLES | state::ENTRIES) == state::HANDLE
    }
}

// Grows only for a reason: each zone has one.
const _: () = assert!(HEADER == if cfg!(feature = "profile") { 256 } else { 192 });
const _: () = assert!(HEADER % STEP == 0 && HEADER % BLOCK_ALIGN == 0);
const _: () = assert!(align_of::<Header>() <= BLOCK_ALIGN);
