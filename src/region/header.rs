//! The header of a zone: its cursor, its state and its figures.
//!
//! The header lies at the start of the zone's first block, so making a zone takes one request to the system. It never
//! moves, and lives until the last handle and the last stack entry are gone (I1).

use super::block::Block;
use super::bump::STEP;
use super::hooks::Hooks;
use super::memory::{BLOCK_ALIGN, Memory};
use crate::system::aside;
use core::cell::Cell;
use core::ptr::NonNull;

/// The capacity, in bytes, of a zone or scope for which no size is given.
pub(crate) const DEFAULT_CAPACITY: usize = 4096;

/// The size of the header in bytes. It is also the distance from the header to the first block's data.
pub(crate) const HEADER: usize = size_of::<Header>();

/// The settings of a zone that is to be made. Users give them through a [`ZoneBuilder`](crate::ZoneBuilder).
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Bytes that the zone has room for from the start.
    pub(crate) capacity: usize,
    /// The most bytes that are ever taken from the system.
    pub(crate) limit: usize,
    /// Whether the zone never grows beyond its capacity.
    pub(crate) fixed: bool,
    /// Whether each block's pages are touched when the block is taken.
    pub(crate) prefault: bool,
    /// Whether the system is asked to keep each block's pages resident.
    pub(crate) lock: bool,
    /// Whether large blocks consist of huge pages.
    pub(crate) huge: bool,
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
            huge: false,
            name: None,
            #[cfg(feature = "profile")]
            site: None,
        }
    }
}

/// The state word. It counts what holds the zone, and has a flag for each reason why leaving a scope takes more than
/// rewinding the cursor.
///
/// The holders of a zone are its handles and its entries on the thread's stack. The word counts them all, less one, in its
/// highest bits, and the entries among them once more in lower ones. So it is zero for a zone that one handle holds and
/// that has no flag. Giving up a holder subtracts one, and that borrows where it was the last one. Adding a holder sets the
/// sign where there are too many. Both are told by the flags of the one instruction that counts. `HANDLE` and `ENTRY` are
/// numbers of 32 bits with a sign, which on x86-64 are part of that instruction.
pub(crate) mod state {
    /// The zone is a scope's, and a zone was pushed right above it.
    pub(crate) const COVERED: u64 = 1;
    /// The zone is a scope's, but not in its thread's list. Only the scope's guard still points to it.
    pub(crate) const DETACHED: u64 = 1 << 1;
    /// The end of a scope looks whether its thread keeps the zone. An idle spare has this flag if no scope has used it
    /// since spares were last looked at.
    pub(crate) const OVERSIZE: u64 = 1 << 2;
    /// The zone has cleanup hooks.
    pub(crate) const HOOKS: u64 = 1 << 3;
    /// The cursor has left the first block.
    pub(crate) const MOVED_ON: u64 = 1 << 4;
    /// The zone is the static one without memory, which is never written to.
    pub(crate) const EMPTY: u64 = 1 << 5;
    /// The zone gets no other handle and no stack entry, because a `ZoneFn` or a `Parcel` owns it. The static zone is sealed
    /// too, so that it needs no test of its own where one more handle or entry is counted.
    pub(crate) const SEALED_FLAG: u64 = 1 << 6;
    /// What a sealed zone has: the flag, and the sign of too many holders, which stays when one is subtracted. So neither
    /// counting up nor counting down goes the fast way. The zone has one holder.
    pub(crate) const SEALED: u64 = SEALED_FLAG | FULL | FULL >> 1;
    /// A zone that one handle holds, and that has no flag.
    pub(crate) const SOLE: u64 = 0;
    /// One more handle.
    pub(crate) const HANDLE: u64 = 1 << 30;
    /// The sign. A zone that has it gets no further handle and no further entry. An entry is refused too, because popping it
    /// makes a handle of it.
    pub(crate) const FULL: u64 = 1 << 63;
    /// One more entry on the thread's stack, which is a holder too. A scope's own entry is not counted.
    pub(crate) const ENTRY: u64 = HANDLE | ENTRY_UNIT;
    /// All entries.
    pub(crate) const ENTRIES: u64 = HANDLE - ENTRY_UNIT;
    /// The unit in which `ENTRIES` are counted.
    pub(crate) const ENTRY_UNIT: u64 = 1 << 7;

    // What is counted with is part of the instruction.
    const _: () = assert!(ENTRY <= i32::MAX as u64);

    // One more than there may be does not wrap.
    const _: () = assert!(FULL / HANDLE < u64::MAX / HANDLE);

    /// Whether the word has the sign: a holder too many was added, or the last one was subtracted, or the zone is sealed.
    #[inline(always)]
    pub(crate) const fn has_sign(state: u64) -> bool {
        state & FULL != 0
    }

    /// The number of holders but one.
    pub(crate) const fn others(state: u64) -> u64 {
        if state & SEALED_FLAG != 0 { 0 } else { state / HANDLE }
    }

    /// The number of entries.
    pub(crate) const fn entries(state: u64) -> u64 {
        (state & ENTRIES) / ENTRY_UNIT
    }
}

/// What holds a zone.
#[derive(Clone, Copy)]
pub(crate) enum Holder {
    Handle,
    /// An entry on the thread's stack.
    Entry,
}

impl Holder {
    /// What the state word counts it as.
    #[inline(always)]
    pub(super) const fn unit(self) -> u64 {
        match self {
            Holder::Handle => state::HANDLE,
            Holder::Entry => state::ENTRY,
        }
    }
}

/// What a zone's handle points to, if the handle is held as a bare pointer; see
/// [`Zone::into_raw`](crate::Zone::into_raw). You can do nothing with it but give it back.
///
/// ```
/// use memzone::{RawZone, Zone};
/// use std::ptr::NonNull;
///
/// let raw: NonNull<RawZone> = Zone::new(64).into_raw();
/// // SAFETY: it comes from `into_raw` on this thread, and is given back once.
/// let zone = unsafe { Zone::from_raw(raw) };
/// assert!(zone.capacity() >= 64);
/// ```
// All that is known of a zone. It never moves, and lives until the last handle and stack entry are gone.
#[repr(C, align(64))]
pub struct Header {
    /// Where the next allocation goes. It is a multiple of `STEP`, or the block's end (I6).
    pub(crate) cursor: Cell<NonNull<u8>>,
    /// The end of the block that the cursor is in.
    pub(crate) end: Cell<NonNull<u8>>,
    /// See [`state`].
    pub(crate) state: Cell<u64>,
    /// Bytes of the first block, the header included. A scope compares its size with this before it uses a spare zone.
    /// The empty zone has 0.
    pub(crate) room: usize,
    pub(crate) links: Links,
    /// The block that the cursor is in.
    pub(crate) current: Cell<NonNull<Block>>,
    /// The highest place in that block that the cursor went back from, or the place where it came into the block.
    pub(super) highest: Cell<NonNull<u8>>,
    pub(super) hooks: Hooks,
    /// Bytes used in the blocks before the current one.
    pub(super) used_before: Cell<usize>,
    /// The high-water mark without what has been in use since the cursor came into its block.
    pub(super) high_water: Cell<usize>,
    /// Bytes that all blocks have taken from the system.
    pub(super) system: Cell<usize>,
    /// The most bytes that may be taken from the system. 0 stands for a zone that never grows.
    pub(super) limit: usize,
    /// The number of blocks.
    pub(crate) blocks: Cell<u32>,
    /// Whether the pages of later blocks are touched when those are taken.
    pub(super) prefault: Cell<bool>,
    pub(super) lock: Cell<Lock>,
    pub(super) huge: Cell<Huge>,
    /// The number of blocks when the zone came into its thread's list. 0 stands for too many to say.
    pub(super) counted: Cell<u8>,
    /// The start of the zone's name, if it has one. As two numbers it takes less than a `&str`.
    pub(super) name_start: Option<NonNull<u8>>,
    pub(super) name_bytes: u32,
    /// The size of the newest block, from which that of the next one follows. What is more than these bits hold makes no
    /// difference there.
    pub(super) newest: Cell<u32>,
    pub(crate) first: Block,
    /// The place in the program where the zone was made, if it has a name.
    #[cfg(feature = "profile")]
    pub(super) site: Option<&'static crate::insight::sites::Site>,
}

/// A zone's figures when a scope began.
#[cfg(feature = "profile")]
pub(crate) struct Mark {
    high_water: usize,
    blocks: u32,
}

/// How a zone's figures have changed since a scope began.
#[cfg(feature = "profile")]
pub(crate) struct Since {
    pub(crate) high_water: usize,
    /// The number of blocks taken.
    pub(crate) blocks: u32,
}

/// The neighbours of a scope's zone, or of a spare one, in its thread's list. The empty zone stands for no neighbour.
///
/// A zone that was put aside is in no such list. Its node for the list of what is put aside lies here then (I14).
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

/// Whether a zone's blocks, later ones included, are locked into memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    NotAsked,
    All,
    /// The system refused to lock at least one block.
    Refused,
}

/// Whether a zone's large blocks, later ones included, consist of huge pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Huge {
    NotAsked,
    Asked,
    /// The system refused them for at least one block.
    Refused,
}

struct EmptyZone(Header);
// SAFETY: (I3) nobody writes to this header. It has no room, so its cursor does not move. Whatever would change its
// state checks `state::EMPTY` first. Its `Memory` owns nothing.
unsafe impl Sync for EmptyZone {}

/// Stands for a zone that is not made yet: a spare one, or that of a `Zone::new(0)` before its first use.
static EMPTY: EmptyZone = EmptyZone(Header::without_memory());

const EMPTY_ADDRESS: NonNull<Header> = match NonNull::new((&raw const EMPTY.0).cast_mut()) {
    Some(address) => address,
    None => panic!("a static has an address"),
};

impl Header {
    /// A header that has no memory, and so no room for anything.
    pub(crate) const fn without_memory() -> Header {
        Header {
            cursor: Cell::new(EMPTY_ADDRESS.cast()),
            end: Cell::new(EMPTY_ADDRESS.cast()),
            state: Cell::new(state::EMPTY | state::SEALED),
            room: 0,
            links: Links::none(),
            current: Cell::new(NonNull::dangling()),
            highest: Cell::new(EMPTY_ADDRESS.cast()),
            hooks: Hooks::none(),
            used_before: Cell::new(0),
            high_water: Cell::new(0),
            system: Cell::new(0),
            blocks: Cell::new(0),
            limit: usize::MAX,
            prefault: Cell::new(false),
            lock: Cell::new(Lock::NotAsked),
            huge: Cell::new(Huge::NotAsked),
            counted: Cell::new(0),
            name_start: None,
            name_bytes: 0,
            newest: Cell::new(0),
            first: Block {
                next: Cell::new(None),
                start: EMPTY_ADDRESS.cast(),
                end: EMPTY_ADDRESS.cast(),
                filled: Cell::new(EMPTY_ADDRESS.cast()),
                memory: Memory::none(),
            },
            #[cfg(feature = "profile")]
            site: None,
        }
    }

    /// The zone that stands for a missing one.
    #[inline(always)]
    pub(crate) const fn empty() -> NonNull<Header> {
        EMPTY_ADDRESS
    }

    /// Bytes in use, in all blocks.
    pub(crate) fn used(&self) -> usize {
        if self.state.get() & state::EMPTY != 0 {
            return 0;
        }
        self.used_below(self.cursor.get().addr().get())
    }

    /// Bytes in use if the cursor was at an address in its block. It is not called on the empty zone.
    fn used_below(&self, cursor: usize) -> usize {
        self.used_before.get() + (cursor - self.current_block().start.addr().get())
    }

    /// The most bytes that were in use at one time.
    pub(crate) fn high_water(&self) -> usize {
        if self.state.get() & state::EMPTY != 0 {
            return 0;
        }
        let highest = self.highest.get().max(self.cursor.get());
        self.high_water.get().max(self.used_below(highest.addr().get()))
    }

    /// Lets the high-water mark start anew from what is in use now.
    pub(super) fn forget_high_water(&self) {
        self.high_water.set(0);
        self.highest.set(self.cursor.get());
    }

    /// Bytes of data that all blocks together can hold.
    pub(crate) fn capacity(&self) -> usize {
        self.all_blocks().map(Block::capacity).sum()
    }

    /// All blocks, used or not.
    pub(super) fn all_blocks(&self) -> impl Iterator<Item = &Block> {
        core::iter::successors(Some(&self.first), |block| {
            let next = block.next.get()?;
            // SAFETY: (I2) blocks in the list live as long as the header.
            Some(unsafe { next.as_ref() })
        })
    }

    /// Notes how far the cursor is, for the high-water mark. This comes before the cursor goes back within its block.
    #[inline(always)]
    pub(crate) fn note_peak(&self) {
        let cursor = self.cursor.get();
        if cursor > self.highest.get() {
            self.highest.set(cursor);
            self.note_site();
        }
    }

    /// Tells the site of a named zone how much has been in use.
    #[inline(always)]
    pub(super) fn note_site(&self) {
        #[cfg(feature = "profile")]
        if let Some(site) = self.site {
            site.held(self.high_water());
        }
    }

    /// Prepares for moving the cursor to another block: notes how much has been in use, and how far the current block
    /// is filled.
    pub(super) fn leave_block(&self) {
        self.high_water.set(self.high_water());
        self.note_site();
        self.current_block().filled.set(self.cursor.get());
    }

    /// Moves the cursor to a place in any block, before which `used_before` bytes are in use in other blocks. Comes
    /// after `leave_block`.
    pub(super) fn go_to(&self, block: NonNull<Block>, cursor: NonNull<u8>, used_before: usize) {
        self.current.set(block);
        self.cursor.set(cursor);
        self.end.set(self.current_block().end);
        self.highest.set(cursor);
        self.used_before.set(used_before);
    }

    /// Notes the zone's figures at the start of a scope. From here on the high-water mark is that of the scope.
    #[cfg(feature = "profile")]
    pub(crate) fn mark(&self) -> Mark {
        let mark = Mark { high_water: self.high_water(), blocks: self.blocks.get() };
        self.forget_high_water();
        mark
    }

    /// How the figures have changed since `mark`. The high-water mark is the zone's again afterwards.
    #[cfg(feature = "profile")]
    pub(crate) fn since(&self, mark: &Mark) -> Since {
        let high_water = self.high_water();
        self.high_water.set(high_water.max(mark.high_water));
        Since { high_water, blocks: self.blocks.get().saturating_sub(mark.blocks) }
    }

    #[inline]
    pub(crate) fn current_block(&self) -> &Block {
        // SAFETY: (I2) this points to a block of the list, and those live as long as the header. It is not called on
        // the empty zone.
        unsafe { self.current.get().as_ref() }
    }

    /// Bytes taken from the system, overhead included.
    pub(crate) fn system_bytes(&self) -> usize {
        self.system.get()
    }

    /// The zone's name, if it has one.
    pub(crate) fn name(&self) -> Option<&'static str> {
        let start = self.name_start?;
        let bytes = NonNull::slice_from_raw_parts(start, self.name_bytes as usize);
        // SAFETY: (I2) both are a static text's, and never change.
        let bytes: &'static [u8] = unsafe { bytes.as_ref() };
        // SAFETY: (I7) they are all the bytes of that text, so they are UTF-8.
        Some(unsafe { core::str::from_utf8_unchecked(bytes) })
    }

    /// Notes the size of a new block.
    pub(super) fn set_newest(&self, bytes: usize) {
        self.newest.set(bytes.try_into().unwrap_or(u32::MAX));
    }

    /// Notes how many blocks there are now.
    pub(crate) fn count_blocks(&self) {
        self.counted.set(u8::try_from(self.blocks.get()).unwrap_or(0));
    }

    /// Whether blocks may have come or gone since [`count_blocks`](Header::count_blocks).
    pub(crate) fn has_changed(&self) -> bool {
        self.blocks.get() != u32::from(self.counted.get())
    }

    /// Whether the caller's handle is the only thing that holds the zone. Hooks do not hold it.
    pub(crate) fn is_sole(&self) -> bool {
        state::others(self.state.get()) == 0
    }
}

// Every zone pays for this header, so it should only grow for a good reason.
const _: () = assert!(
    HEADER
        == match (usize::BITS, cfg!(feature = "profile")) {
            (64, true) => 256,
            (64, false) => 192,
            _ => 128,
        }
);
const _: () = assert!(HEADER % STEP == 0 && HEADER % BLOCK_ALIGN == 0);
const _: () = assert!(align_of::<Header>() <= BLOCK_ALIGN);
