//! A zone: its header, its blocks, its handles.
//!
//! The header lies at the start of the zone's first block and holds the cursor. Further blocks
//! hang off it in the order of their use. See `docs/design.md` for the numbered invariants that
//! the safety comments cite.

use crate::aside;
use crate::block::{self, BLOCK_ALIGN, Memory, Taken};
use crate::bump::{self, MAX_REQUEST, STEP};
use crate::error::{MAX_ALIGN, Request, ZoneError};
use crate::stale;
use crate::system::{self, LockError, PAGE, prefault};
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

/// The size of a zone whose builder names none, and what a scope without a size asks for.
pub(crate) const DEFAULT_CAPACITY: usize = 4096;

/// Bytes of the header, so also the distance from it to the first block's data.
pub(crate) const HEADER: usize = size_of::<Header>();

/// Bytes at the start of each further block.
const BLOCK_HEADER: usize = size_of::<Block>().next_multiple_of(BLOCK_ALIGN);

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
    /// A scope's end looks whether its thread keeps the zone. An idle spare has it since it was last looked at.
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
    current: Cell<NonNull<Block>>,
    hooks: Cell<Option<NonNull<Hook>>>,
    /// Bytes used in the blocks before the current one.
    used_before: Cell<usize>,
    /// The high-water mark of what has been rewound or given back; see `high_water`.
    high_water: Cell<usize>,
    system: Cell<usize>,
    newest: Cell<usize>,
    limit: usize,
    blocks: Cell<u32>,
    growth: Growth,
    /// Whether the pages of further blocks are touched when they are taken.
    prefault: Cell<bool>,
    lock: Cell<Lock>,
    /// How many blocks it had when it came into its thread's list. 0: too many to say.
    counted: Cell<u8>,
    name: Option<&'static str>,
    first: Block,
    /// Where it was made, if it has a name.
    #[cfg(feature = "profile")]
    site: Option<&'static crate::profile::Site>,
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
    const fn none() -> Links {
        Links { above: Cell::new(EMPTY_ADDRESS), below: Cell::new(EMPTY_ADDRESS) }
    }
}

/// Whether a zone may take further blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Growth {
    Blocks,
    None,
}

/// Whether a zone's blocks, later ones too, are to stay resident, and do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lock {
    NotAsked,
    All,
    /// For at least one of them.
    Refused,
}

/// A region of a zone: the first one is in the header, each other at the start of its memory.
struct Block {
    next: Cell<Option<NonNull<Block>>>,
    start: NonNull<u8>,
    end: NonNull<u8>,
    /// How far it was filled when the cursor left it.
    filled: Cell<NonNull<u8>>,
    memory: Memory,
}

impl Block {
    /// Bytes of its data, used and not.
    fn room(&self) -> usize {
        self.end.addr().get() - self.start.addr().get()
    }
}

/// A cleanup hook, with its closure behind it.
#[repr(C)]
struct Hook {
    next: Option<NonNull<Hook>>,
    /// Moves the closure out and runs it.
    run: unsafe fn(NonNull<Hook>),
}

#[repr(C)]
struct HookOf<F> {
    hook: Hook,
    closure: F,
}

struct Shared(Header);
// SAFETY: (I3) nobody writes to this header: it has no room, so no cursor moves, and all that
// would change its state checks `state::EMPTY` first. Its `Memory` owns nothing.
unsafe impl Sync for Shared {}

/// Stands where no zone is yet: a spare not made, a `Zone::new(0)` not used.
static EMPTY: Shared = Shared(Header {
    cursor: Cell::new(EMPTY_ADDRESS.cast()),
    end: Cell::new(EMPTY_ADDRESS.cast()),
    state: Cell::new(state::EMPTY | state::HANDLE),
    room: 0,
    links: Links::none(),
    current: Cell::new(NonNull::dangling()),
    hooks: Cell::new(None),
    used_before: Cell::new(0),
    high_water: Cell::new(0),
    system: Cell::new(0),
    newest: Cell::new(0),
    blocks: Cell::new(0),
    limit: usize::MAX,
    growth: Growth::Blocks,
    prefault: Cell::new(false),
    lock: Cell::new(Lock::NotAsked),
    counted: Cell::new(0),
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

    /// Makes a zone; the caller gets its only handle, as a bare pointer.
    #[track_caller]
    pub(crate) fn make(plan: &ZoneBuilder) -> Result<NonNull<Header>, ZoneError> {
        let too_large = ZoneError::TooLarge { requested: plan.capacity, available: MAX_REQUEST };
        if plan.capacity > MAX_REQUEST {
            return Err(too_large);
        }
        let mut bytes = block::round_up(plan.capacity + HEADER).ok_or(too_large)?;
        if block::system_bytes(bytes) > plan.limit {
            bytes = block::round_down(plan.limit).filter(|&bytes| bytes > HEADER).ok_or(
                ZoneError::LimitReached { requested: plan.capacity, limit: plan.limit, used: 0 },
            )?;
        }
        let taken = Memory::take(Request::NewZone, bytes)?;
        Ok(Self::install(taken, plan))
    }

    /// Writes a header to the start of memory that has room for one.
    fn install(taken: Taken, plan: &ZoneBuilder) -> NonNull<Header> {
        let Taken { memory, start, bytes } = taken;
        assert!(bytes >= HEADER);
        let room = bytes - HEADER;
        let room = if plan.fixed { room.min(plan.capacity) } else { room };
        // SAFETY: (I2) the memory is `bytes >= HEADER` long.
        let data = unsafe { start.add(HEADER) };
        // SAFETY: (I2) `room` bytes follow the header.
        let end = unsafe { data.add(room) };
        let header = start.cast::<Header>();
        let system = memory.system_bytes();
        let growth = if plan.fixed || memory.is_borrowed() { Growth::None } else { Growth::Blocks };
        let first =
            Block { next: Cell::new(None), start: data, end, filled: Cell::new(data), memory };
        let value = Header {
            cursor: Cell::new(data),
            end: Cell::new(end),
            state: Cell::new(state::HANDLE),
            room: HEADER + room,
            links: Links::none(),
            current: Cell::new(NonNull::dangling()),
            hooks: Cell::new(None),
            used_before: Cell::new(0),
            high_water: Cell::new(0),
            system: Cell::new(system),
            newest: Cell::new(bytes),
            blocks: Cell::new(1),
            limit: plan.limit,
            growth,
            prefault: Cell::new(plan.prefault),
            lock: Cell::new(if plan.lock { Lock::All } else { Lock::NotAsked }),
            counted: Cell::new(0),
            name: plan.name,
            first,
            #[cfg(feature = "profile")]
            site: plan.site,
        };
        // SAFETY: (I2) the memory is aligned to `BLOCK_ALIGN`, long enough, and ours alone.
        unsafe { header.write(value) };
        // SAFETY: (I2) just written.
        let this = unsafe { header.as_ref() };
        this.current.set(NonNull::from(&this.first));
        this.ready(&this.first);
        header
    }

    /// Has the pages of a block that nothing is in yet touched and locked, as far as the zone is to.
    fn ready(&self, block: &Block) {
        if self.prefault.get() {
            // SAFETY: (I2) the block's data, which nobody uses.
            unsafe { prefault(block.start, block.room()) };
        }
        if self.lock.get() != Lock::NotAsked {
            // Being refused is no error: `is_locked` tells.
            let _ = self.lock_block(block);
        }
        stale::keep_closed(block.start, block.room());
    }

    fn lock_block(&self, block: &Block) -> Result<(), LockError> {
        system::lock(block.start, block.room()).inspect_err(|_| self.lock.set(Lock::Refused))
    }

    fn unlock_block(&self, block: &Block) {
        if self.lock.get() != Lock::NotAsked {
            system::unlock(block.start, block.room());
        }
    }

    /// Bytes in use, in all blocks.
    fn used(&self) -> usize {
        if self.state.get() & state::EMPTY != 0 {
            return 0;
        }
        let start = self.current_block().start.addr().get();
        self.used_before.get() + (self.cursor.get().addr().get() - start)
    }

    /// Bytes that all blocks have room for.
    fn capacity(&self) -> usize {
        let later = self.system.get() - self.first.memory.system_bytes();
        let overhead = block::system_bytes(BLOCK_HEADER);
        self.first.room() + later - (self.blocks.get() as usize).saturating_sub(1) * overhead
    }

    fn note_high_water(&self) {
        self.high_water.set(self.high_water.get().max(self.used()));
        self.note_site();
    }

    /// Tells the site of a named zone how much has been in use.
    #[inline(always)]
    fn note_site(&self) {
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
    fn current_block(&self) -> &Block {
        // SAFETY: (I2) points to the first block or one of the list, all of which live as long
        // as the header. Not called on the empty zone.
        unsafe { self.current.get().as_ref() }
    }

    /// Bytes of system memory, overhead and all.
    pub(crate) fn system_bytes(&self) -> usize {
        self.system.get()
    }

    /// Finds room for a request that the current block's rest, rounded to steps, had none for.
    #[track_caller]
    fn grow(&self, size: usize, align: usize) -> Result<NonNull<u8>, ZoneError> {
        debug_assert!(size > 0 && size <= MAX_REQUEST && align <= MAX_ALIGN);
        if let Some(found) = self.place(size, align) {
            return Ok(found);
        }
        let used = self.used();
        let is_kept = self.advance_to_kept(size, align);
        if !is_kept {
            let block = self.take_block(size, align)?;
            // SAFETY: (I2) just made.
            let next = unsafe { block.as_ref() };
            next.next.set(self.current_block().next.replace(Some(block)));
            self.enter_block(block);
        }
        let place = self.place(size, align).expect("the block was chosen to fit");
        if !is_kept {
            self.note_growth(used);
        }
        Ok(place)
    }

    /// The precise form of what the fast path does: any alignment, exact fits.
    fn place(&self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let cursor = self.cursor.get();
        let end = self.end.get().addr().get();
        let place = bump::place(cursor.addr().get(), end, size, align)?;
        // SAFETY: (I6) `place` ends at or before the block's end.
        self.cursor.set(unsafe { cursor.add(place.advance) });
        // SAFETY: (I6) as above, and `skip < advance`.
        let start = unsafe { cursor.add(place.skip) };
        stale::open(start, size);
        Some(start)
    }

    /// Goes on to the first kept block with room for the request, if there is one.
    fn advance_to_kept(&self, size: usize, align: usize) -> bool {
        let current = self.current_block();
        let mut before = current;
        while let Some(candidate) = before.next.get() {
            // SAFETY: (I2) blocks in the list live as long as the header.
            let block = unsafe { candidate.as_ref() };
            let (start, end) = (block.start.addr().get(), block.end.addr().get());
            if bump::place(start, end, size, align).is_some() {
                before.next.set(block.next.get());
                block.next.set(current.next.replace(Some(candidate)));
                self.enter_block(candidate);
                return true;
            }
            before = block;
        }
        false
    }

    /// Makes the current block's successor the current one.
    fn enter_block(&self, block: NonNull<Block>) {
        let left = self.current_block();
        let cursor = self.cursor.get();
        left.filled.set(cursor);
        let used = cursor.addr().get() - left.start.addr().get();
        self.used_before.set(self.used_before.get() + used);
        self.current.set(block);
        let entered = self.current_block();
        self.cursor.set(entered.start);
        self.end.set(entered.end);
        self.state.set(self.state.get() | state::MOVED_ON);
    }

    /// Takes a block from the system with room for the request.
    #[track_caller]
    fn take_block(&self, size: usize, align: usize) -> Result<NonNull<Block>, ZoneError> {
        let used = self.used();
        let refused = |limit| ZoneError::LimitReached { requested: size, limit, used };
        if self.growth == Growth::None {
            return Err(refused(self.capacity()));
        }
        let request = BLOCK_HEADER + size + align.saturating_sub(BLOCK_ALIGN);
        let least = block::round_up(request)
            .ok_or(ZoneError::TooLarge { requested: size, available: MAX_REQUEST })?;
        let left = self.limit - self.system.get();
        if block::system_bytes(least) > left {
            return Err(refused(self.limit));
        }
        let held = self.high_water.get().max(used + size);
        let wanted = bump::next_block(request, self.newest.get(), self.system.get(), held);
        let bytes = block::round_up(wanted)
            .filter(|&bytes| block::system_bytes(bytes) <= left.min(bump::MAX_BLOCK))
            .or_else(|| block::round_down(wanted.min(left)))
            .map_or(least, |bytes| bytes.max(least));

        let Taken { memory, start, bytes } = Memory::take(Request::NewBlock, bytes)?;
        // SAFETY: (I2) the block is longer than its header.
        let data = unsafe { start.add(BLOCK_HEADER) };
        // SAFETY: (I2) one past its last byte.
        let end = unsafe { start.add(bytes) };
        self.system.set(self.system.get() + memory.system_bytes());
        self.newest.set(bytes);
        self.blocks.set(self.blocks.get() + 1);
        let block = start.cast::<Block>();
        let value =
            Block { next: Cell::new(None), start: data, end, filled: Cell::new(data), memory };
        // SAFETY: (I2) aligned to `BLOCK_ALIGN`, long enough, and ours alone.
        unsafe { block.write(value) };
        // SAFETY: (I2) just written.
        self.ready(unsafe { block.as_ref() });
        Ok(block)
    }

    /// A block has been taken, when so many bytes were used. A subscriber may use the zone, or panic: the
    /// block must be in the list, and what it was taken for have its place in it (I5, I10).
    #[cfg_attr(not(any(feature = "tracing", feature = "profile")), allow(unused_variables))]
    #[inline(always)]
    fn note_growth(&self, used: usize) {
        #[cfg(feature = "profile")]
        if let Some(site) = self.site {
            site.grown();
            site.held(used);
        }
        #[cfg(feature = "tracing")]
        tracing::trace!(target: "memzone", zone = self.name, bytes = self.newest.get(), used, "a zone has grown");
    }

    /// Back to the start of the first block; all blocks are kept.
    ///
    /// # Safety
    ///
    /// I1: nothing in the zone may be used any more.
    pub(crate) unsafe fn rewind(&self) {
        if stale::ON {
            // SAFETY: (I1) the caller's promise.
            unsafe { self.close_used() };
        }
        self.note_high_water();
        self.current.set(NonNull::from(&self.first));
        self.cursor.set(self.first.start);
        self.end.set(self.first.end);
        self.used_before.set(0);
        self.state.set(self.state.get() & !(state::MOVED_ON | state::OVERSIZE));
    }

    /// Makes what is in use stale.
    ///
    /// # Safety
    ///
    /// I1: that of `rewind`, which follows.
    unsafe fn close_used(&self) {
        self.current_block().filled.set(self.cursor.get());
        let mut block = &self.first;
        loop {
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(block.start, block.filled.get()) };
            let next = block.next.get();
            match next.filter(|_| !core::ptr::eq(block, self.current.get().as_ptr())) {
                // SAFETY: (I2) blocks in the list live as long as the header.
                Some(next) => block = unsafe { next.as_ref() },
                None => return,
            }
        }
    }

    /// Notes how many blocks there are now.
    pub(crate) fn count(&self) {
        self.counted.set(u8::try_from(self.blocks.get()).unwrap_or(0));
    }

    /// Whether blocks may have come or gone since [`count`](Header::count).
    pub(crate) fn has_changed(&self) -> bool {
        self.blocks.get() != u32::from(self.counted.get())
    }

    /// Has room for `bytes` in all from here on, in one block if it takes one; used blocks apart.
    #[track_caller]
    pub(crate) fn reserve(&self, bytes: usize) -> Result<(), ZoneError> {
        if bytes > MAX_REQUEST {
            return Err(ZoneError::TooLarge { requested: bytes, available: MAX_REQUEST });
        }
        let mut rest = self.current_block();
        if self.end.get().addr().get() - self.cursor.get().addr().get() >= bytes {
            return Ok(());
        }
        while let Some(next) = rest.next.get() {
            // SAFETY: (I2) blocks in the list live as long as the header.
            rest = unsafe { next.as_ref() };
            if rest.room() >= bytes {
                return Ok(());
            }
        }
        rest.next.set(Some(self.take_block(bytes, STEP)?));
        self.note_growth(self.used());
        Ok(())
    }

    /// Touches the pages that nothing is in yet, in all blocks, and has those of later ones touched too.
    /// Says how many there are.
    pub(crate) fn prefault(&self) -> usize {
        self.prefault.set(true);
        let mut pages = 0;
        let mut touch = |start: NonNull<u8>, end: NonNull<u8>| {
            let bytes = end.addr().get() - start.addr().get();
            stale::open(start, bytes);
            // SAFETY: (I2) from the cursor, or a block's start where it has not been, to the block's end.
            unsafe { prefault(start, bytes) };
            stale::keep_closed(start, bytes);
            pages += bytes.div_ceil(PAGE);
        };
        touch(self.cursor.get(), self.end.get());
        let mut next = self.current_block().next.get();
        while let Some(block) = next {
            // SAFETY: (I2) blocks in the list live as long as the header.
            let block = unsafe { block.as_ref() };
            touch(block.start, block.end);
            next = block.next.get();
        }
        pages
    }

    /// Locks all blocks, and later ones when they are taken.
    pub(crate) fn lock(&self) -> Result<(), LockError> {
        self.lock.set(Lock::All);
        let mut block = &self.first;
        loop {
            self.lock_block(block)?;
            let Some(next) = block.next.get() else { return Ok(()) };
            // SAFETY: (I2) blocks in the list live as long as the header.
            block = unsafe { next.as_ref() };
        }
    }

    /// Whether all blocks are locked.
    pub(crate) fn is_locked(&self) -> bool {
        self.lock.get() == Lock::All
    }

    /// Frees each further block that does not fit into `keep` bytes of the system's with those
    /// before it, and forgets how large the zone has been: it grows from what is left.
    ///
    /// # Safety
    ///
    /// I1: the zone must have been rewound.
    pub(crate) unsafe fn trim(&self, keep: usize) {
        let mut kept = self.first.memory.system_bytes();
        let mut largest = kept;
        let mut last = &self.first;
        while let Some(next) = last.next.get() {
            // SAFETY: (I2) blocks in the list live until freed here.
            let block = unsafe { next.as_ref() };
            let bytes = block.memory.system_bytes();
            if kept.saturating_add(bytes) <= keep {
                kept += bytes;
                largest = largest.max(bytes);
                last = block;
            } else {
                // SAFETY: (I1) nothing in it is used, and it is unlinked at once.
                last.next.set(unsafe { self.free_block(next) });
            }
        }
        self.newest.set(largest);
        self.high_water.set(0);
    }

    /// Frees a block that is no longer in the list, and says which came after it.
    ///
    /// # Safety
    ///
    /// I1: nothing in the block may be used any more, and no list may hold it.
    unsafe fn free_block(&self, block: NonNull<Block>) -> Option<NonNull<Block>> {
        // SAFETY: (I1) the block is still there; its owner of memory moves out, so that it does
        // not lie in what it frees.
        let block = unsafe { block.read() };
        self.unlock_block(&block);
        stale::open(block.start, block.room());
        let Block { next, memory, .. } = block;
        self.blocks.set(self.blocks.get() - 1);
        self.system.set(self.system.get() - memory.system_bytes());
        drop(memory);
        next.get()
    }

    /// Runs the cleanup hooks, newest first, each once; also those that are added meanwhile.
    ///
    /// A hook that panics does not keep the others from running.
    pub(crate) fn run_hooks(&self) {
        struct Rest<'a>(&'a Header);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.run_hooks();
            }
        }
        while let Some(hook) = self.hooks.get() {
            let rest = Rest(self);
            // SAFETY: (I1) hooks lie in the zone, which is not rewound before they have run.
            let Hook { next, run } = unsafe { hook.read() };
            self.hooks.set(next);
            // SAFETY: (I17) taken off the list, so run once; `run` was made for this hook's closure.
            unsafe { run(hook) };
            core::mem::forget(rest);
        }
        self.state.set(self.state.get() & !state::HOOKS);
    }

    /// Ends the zone: runs its hooks and frees its memory, or puts the zone aside where a real-time
    /// section forbids that. Says whether it is freed.
    ///
    /// # Safety
    ///
    /// I1: no handle, entry, place in a thread's list or borrow may be left.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn destroy(header: NonNull<Header>) -> bool {
        unsafe fn free(node: NonNull<aside::Node>) {
            // SAFETY: (I14) the node is in the place of a header's links.
            unsafe { node.cast::<Links>().write(Links::none()) };
            // SAFETY: (I14) as above.
            let header = unsafe { node.byte_sub(core::mem::offset_of!(Header, links)) };
            // SAFETY: (I14) nothing has used the zone since it was put aside.
            unsafe { Header::free(header.cast()) };
        }
        // SAFETY: (I1) the caller's promise.
        let bytes = unsafe { header.as_ref() }.system_bytes();
        if bytes != 0 && aside::may_free(bytes).is_err() {
            // SAFETY: (I2) within the header.
            let node = unsafe { header.byte_add(core::mem::offset_of!(Header, links)) };
            // SAFETY: (I14) nobody uses the zone any more, and no list has it. Its hooks are `Send`.
            unsafe { aside::put(node.cast(), free) };
            return false;
        }
        // SAFETY: (I1) the caller's promise.
        unsafe { Self::free(header) };
        true
    }

    /// # Safety
    ///
    /// That of `destroy`.
    unsafe fn free(header: NonNull<Header>) {
        struct Free(NonNull<Header>);
        impl Drop for Free {
            fn drop(&mut self) {
                // SAFETY: (I1) the caller's promise. The reference ends before the memory does.
                let this = unsafe { self.0.as_ref() };
                let mut rest = this.first.next.take();
                while let Some(block) = rest {
                    // SAFETY: (I1) as above.
                    rest = unsafe { this.free_block(block) };
                }
                this.unlock_block(&this.first);
                stale::open(this.first.start, this.first.room());
                // SAFETY: (I1) the owner of the memory moves out, so that it does not lie in
                // what it frees.
                let memory = unsafe { (&raw const this.first.memory).read() };
                drop(memory);
            }
        }
        let free = Free(header);
        // SAFETY: (I1) the caller's promise.
        let this = unsafe { header.as_ref() };
        #[cfg(feature = "profile")]
        this.note_high_water();
        if this.state.get() & state::HOOKS != 0 {
            this.run_hooks();
        }
        drop(free);
    }

    /// One handle less; the last one ends the zone.
    ///
    /// # Safety
    ///
    /// I1: the caller gives up a handle of its own.
    #[inline]
    pub(crate) unsafe fn release(header: NonNull<Header>, what: u64) {
        // SAFETY: (I1) alive, as the caller still has what it gives up.
        let this = unsafe { header.as_ref() };
        let now = this.state.get();
        if now & (state::HANDLES | state::ENTRIES) != what {
            this.state.set(now - what);
        } else if now & state::EMPTY == 0 {
            // SAFETY: (I1) that was the last one.
            let freed = unsafe { Self::destroy(header) };
            if freed {
                // What may be freed now, may be freed. Runs hooks, so it comes last.
                aside::collect();
            }
        }
    }

    /// Whether the caller's handle is the only thing that holds the zone, its hooks apart.
    pub(crate) fn is_sole(&self) -> bool {
        self.state.get() & (state::HANDLES | state::ENTRIES) == state::HANDLE
    }

    /// Gives back an allocation if it is the last one, so that what is freed in reverse order
    /// costs no memory.
    ///
    /// # Safety
    ///
    /// `start` is an allocation of `size` bytes in this zone that nobody uses any more.
    #[inline]
    pub(crate) unsafe fn give_back(&self, start: NonNull<u8>, size: usize) {
        if stale::ON {
            // SAFETY: (I6) the end of the allocation.
            let end = unsafe { start.add(size) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(start, end) };
        }
        let bytes = bump::round_up_step(size);
        let cursor = self.cursor.get();
        if size != 0 && start.addr().get() + bytes == cursor.addr().get() {
            self.note_high_water();
            // Not `start`, which may have been narrowed to the value by a reference.
            // SAFETY: (I6) the cursor has moved over these bytes.
            self.cursor.set(unsafe { cursor.sub(bytes) });
        } else if cursor == self.end.get() {
            self.give_back_at_end(start, size);
        }
    }

    /// Bytes that the last allocation of a block takes where the block ends within its last step, if it is that one.
    fn taken_at_end(&self, start: NonNull<u8>, size: usize) -> Option<usize> {
        let (cursor, end) = (self.cursor.get().addr().get(), self.end.get().addr().get());
        // Of other blocks' allocations none lies so close to the end.
        let taken = end.wrapping_sub(start.addr().get());
        (cursor == end && size != 0 && (size..bump::round_up_step(size)).contains(&taken))
            .then_some(taken)
    }

    #[cold]
    fn give_back_at_end(&self, start: NonNull<u8>, size: usize) {
        if let Some(taken) = self.taken_at_end(start, size) {
            self.note_high_water();
            // SAFETY: (I6) the cursor has moved over these bytes.
            self.cursor.set(unsafe { self.cursor.get().sub(taken) });
        }
    }

    /// Changes the size of an allocation in its place, if it is the last one and there is room. Says
    /// where it is, which is where it was.
    ///
    /// # Safety
    ///
    /// `start` is an allocation of `old` bytes in this zone, and nobody uses what lies beyond `new` of
    /// them any more.
    #[inline]
    #[cfg_attr(
        not(any(
            feature = "allocator-api2",
            feature = "allocator-api2-03",
            feature = "allocator-api2-04"
        )),
        expect(dead_code)
    )]
    pub(crate) unsafe fn resize_last(
        &self,
        start: NonNull<u8>,
        old: usize,
        new: usize,
    ) -> Option<NonNull<u8>> {
        let bytes = self.taken_at_end(start, old).unwrap_or(bump::round_up_step(old));
        let cursor = self.cursor.get();
        if old == 0 || new > MAX_REQUEST || start.addr().get() + bytes != cursor.addr().get() {
            return None;
        }
        let room = self.end.get().addr().get() - start.addr().get();
        if new > room {
            return None;
        }
        // The block may end within the last step.
        let wanted = bump::round_up_step(new).min(room);
        if wanted < bytes {
            self.note_high_water();
        }
        // Not `start`: see `give_back`.
        // SAFETY: (I6) the cursor has moved over these bytes.
        let start = unsafe { cursor.sub(bytes) };
        if new < old {
            // SAFETY: (I6) within the allocation.
            let rest = unsafe { start.add(new) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(rest, cursor) };
        } else {
            stale::open(start, new);
        }
        // SAFETY: (I6) the block has room for that many.
        self.cursor.set(unsafe { start.add(wanted) });
        Some(start)
    }
}

/// A handle to a region of memory that is freed as one.
///
/// Values are put in with [`alloc`](Zone::alloc) and its kin, which give references that live as
/// long as the handle is borrowed, or with [`boxed`](Zone::boxed), which gives a
/// [`ZBox`](crate::ZBox) that keeps the zone alive by itself. Nothing in a zone ever moves.
///
/// Handles are counted like an `Rc`: cloning makes one more, and the zone is freed with the last
/// one. A zone belongs to one thread.
///
/// ```
/// use memzone::Zone;
///
/// let zone = Zone::new(64 * 1024);
/// let samples = zone.alloc_slice(480, 0.0_f32);
/// let gain = zone.alloc(0.5_f32);
/// samples.fill(*gain);
/// assert_eq!(samples[479], 0.5);
/// ```
///
/// Collections live in zones too: [`vec`](Zone::vec), [`string`](Zone::string) and, with the feature `hashbrown`,
/// `map` make them. The one that was allocated last grows in its place. They are those of the crates
/// [`allocator_api2`](https://docs.rs/allocator-api2) and [`hashbrown`](https://docs.rs/hashbrown), and `&Zone` and
/// `Zone` are allocators for whatever else takes one: `&Zone` borrows the zone, a `Zone` keeps it alive.
///
/// ```
/// use allocator_api2::boxed::Box;
/// use memzone::Zone;
///
/// let zone = Zone::new(64 * 1024);
/// let mut peaks = zone.vec();
/// peaks.extend((0..1000).map(|n| n as f32));
/// assert!(zone.contains(&peaks[999]));
/// let mut notes = allocator_api2::vec::Vec::new_in(zone.clone());
/// notes.push(Box::new_in(60_u8, zone.clone()));
/// assert_eq!(*notes[0], 60);
/// ```
///
/// # Real-time
///
/// Allocating within the zone's [`remaining`](Zone::remaining) bytes: yes. Making a zone, growing
/// one, and dropping the last handle: no.
#[repr(transparent)]
pub struct Zone {
    header: Cell<NonNull<Header>>,
}

// What a panic interrupts leaves every zone usable (I10).
impl UnwindSafe for Zone {}
impl RefUnwindSafe for Zone {}

impl Zone {
    /// What a zone needs of its memory for itself, in bytes: [`from_buffer`](Zone::from_buffer)
    /// takes this much (and up to 63 bytes more to align it) off the buffer.
    pub const OVERHEAD: usize = HEADER;

    /// Makes a zone with room for at least `bytes`. It grows in blocks when they are used up.
    ///
    /// `Zone::new(0)` takes nothing from the system before it is used.
    ///
    /// # Panics
    ///
    /// Where the system has no memory; [`try_new`](Zone::try_new) gives an error instead.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    pub fn new(bytes: usize) -> Zone {
        or_panic(Self::try_new(bytes))
    }

    /// Like [`new`](Zone::new), with an error where the system has no memory.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory), [`TooLarge`](ZoneError::TooLarge).
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory, but for 0 bytes.
    #[track_caller]
    pub fn try_new(bytes: usize) -> Result<Zone, ZoneError> {
        if bytes == 0 {
            return Ok(Self::unborn());
        }
        Self::builder().capacity(bytes).try_build()
    }

    /// A handle to no zone yet: the first use makes one.
    #[inline(always)]
    pub(crate) const fn unborn() -> Zone {
        Zone { header: Cell::new(Header::empty()) }
    }

    /// Starts a zone with a limit, a fixed size, a name, or memory touched in advance.
    ///
    /// # Real-time
    ///
    /// Yes. Building the zone is not.
    pub fn builder() -> ZoneBuilder {
        ZoneBuilder {
            capacity: DEFAULT_CAPACITY,
            limit: usize::MAX,
            fixed: false,
            prefault: false,
            lock: false,
            name: None,
            #[cfg(feature = "profile")]
            site: None,
        }
    }

    /// Makes a zone of somebody's memory. It never asks the system for anything and never grows.
    ///
    /// The zone keeps [`OVERHEAD`](Zone::OVERHEAD) bytes of the buffer for itself, after aligning
    /// it to 64.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use memzone::Zone;
    ///
    /// let buffer = Box::leak(vec![MaybeUninit::uninit(); 4096].into_boxed_slice());
    /// let zone = Zone::from_buffer(buffer);
    /// assert!(zone.capacity() >= 4096 - Zone::OVERHEAD - 63);
    /// assert!(zone.try_alloc_slice(4096, 0_u8).is_err());
    /// ```
    ///
    /// # Panics
    ///
    /// Where the buffer is too small for the overhead;
    /// [`try_from_buffer`](Zone::try_from_buffer) gives an error instead.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[track_caller]
    pub fn from_buffer(buffer: &'static mut [MaybeUninit<u8>]) -> Zone {
        or_panic(Self::try_from_buffer(buffer))
    }

    /// Like [`from_buffer`](Zone::from_buffer), with an error where the buffer is too small.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ZoneError::TooLarge), with the overhead and the buffer's length.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn try_from_buffer(buffer: &'static mut [MaybeUninit<u8>]) -> Result<Zone, ZoneError> {
        let available = buffer.len();
        let taken = Memory::borrow(buffer, HEADER)
            .ok_or(ZoneError::TooLarge { requested: HEADER + BLOCK_ALIGN - 1, available })?;
        let plan = Zone::builder();
        Ok(Zone { header: Cell::new(Header::install(taken, &plan)) })
    }

    /// Takes over a handle that is held as a bare pointer.
    ///
    /// # Safety
    ///
    /// I1: the caller gives up a handle of its own.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(header: NonNull<Header>) -> Zone {
        Zone { header: Cell::new(header) }
    }

    /// The opposite of `from_raw`.
    #[inline(always)]
    pub(crate) fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).header.get()
    }

    #[inline(always)]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: (I1) a handle keeps its zone alive; the empty one is static.
        unsafe { self.header.get().as_ref() }
    }

    #[inline(always)]
    pub(crate) fn raw(&self) -> NonNull<Header> {
        self.header.get()
    }

    /// The handle by value, for a function that hands it back to `take_back`, so that a handle in a
    /// register can stay there.
    #[inline(always)]
    pub(crate) fn lend(&self) -> ManuallyDrop<Zone> {
        // SAFETY: (I1) `self` keeps the zone alive meanwhile, and the copy is not dropped.
        ManuallyDrop::new(unsafe { Zone::from_raw(self.header.get()) })
    }

    /// What was lent comes back: another zone where this one was yet to be made.
    #[inline(always)]
    pub(crate) fn take_back(&self, lent: ManuallyDrop<Zone>) {
        self.header.set(lent.header.get());
    }

    /// Makes the zone of a `Zone::new(0)` that is used for the first time.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn be_born_with(&self, bytes: usize) -> Result<(), ZoneError> {
        if self.header().state.get() & state::EMPTY != 0 {
            self.header.set(Header::make(&Self::builder().capacity(bytes))?);
        }
        Ok(())
    }

    /// `be_born_with` as many bytes as any zone has, for one more handle or entry; an error where there
    /// may be none.
    #[track_caller]
    pub(crate) fn be_born(&self) -> Result<(), ZoneError> {
        if self.header().state.get() & state::SEALED != 0 {
            return Err(ZoneError::InUse { handles: 1 });
        }
        self.be_born_with(DEFAULT_CAPACITY)
    }

    /// The zone for what is to live in it, as long as it lives: a handle that lies in the zone itself, so that
    /// it does not move with its owner, and that is neither counted nor dropped.
    pub(crate) fn within(&self) -> Result<&Zone, ZoneError> {
        self.be_born()?;
        let place = self.try_alloc_layout(Layout::new::<Zone>())?.cast::<Zone>();
        // SAFETY: (I1) who gets it cannot drop it, and it is gone when the zone is.
        let handle = unsafe { Zone::from_raw(self.raw()) };
        // SAFETY: (I2) memory just taken for it.
        unsafe { place.write(handle) };
        // SAFETY: (I1) just written; borrowed from a handle.
        Ok(unsafe { place.as_ref() })
    }

    /// Has the zone refuse other handles and entries, or allow them again. It must have been made.
    pub(crate) fn seal(&self, sealed: bool) {
        debug_assert!(self.header().state.get() & state::EMPTY == 0);
        let open = self.header().state.get() & !state::SEALED;
        self.header().state.set(if sealed { open | state::SEALED } else { open });
    }

    /// Finds room where the fast path found none: zero sizes, exact fits, large alignments, new
    /// blocks, and all errors.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(crate) fn grow(&self, size: usize, align: usize) -> Result<NonNull<u8>, ZoneError> {
        if align > MAX_ALIGN {
            return Err(ZoneError::AlignTooLarge { align });
        }
        if size > MAX_REQUEST {
            return Err(ZoneError::TooLarge { requested: size, available: MAX_REQUEST });
        }
        if size == 0 {
            let address = core::ptr::without_provenance_mut(align);
            return Ok(NonNull::new(address).unwrap_or(NonNull::dangling()));
        }
        if self.header().state.get() & state::EMPTY != 0 {
            let slack = align.saturating_sub(BLOCK_ALIGN);
            self.be_born_with(size.saturating_add(slack).max(DEFAULT_CAPACITY))?;
        }
        self.header().grow(size, align)
    }

    /// Rewinds the zone, so that all its memory can be used again. Its blocks are kept, the system
    /// is asked for nothing, and cleanup hooks run before, newest first.
    ///
    /// An entry on the thread's stack does not keep a zone from being reset.
    ///
    /// ```
    /// use memzone::Zone;
    ///
    /// let mut zone = Zone::new(1024);
    /// zone.alloc_slice(100, 0_u8);
    /// zone.reset()?;
    /// assert_eq!(zone.used(), 0);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// A reference into the zone keeps it from being reset, at compile time:
    ///
    /// ```compile_fail,E0502
    /// let mut zone = memzone::Zone::new(1024);
    /// let x = zone.alloc(1);
    /// zone.reset().unwrap();
    /// *x = 2;
    /// ```
    ///
    /// # Errors
    ///
    /// [`InUse`](ZoneError::InUse) while other handles, `ZBox`es or a scope hold it; nothing
    /// changed then. Also where a hook made a handle and kept it.
    ///
    /// # Real-time
    ///
    /// Yes, as far as the hooks are.
    ///
    /// # Time complexity
    ///
    /// Constant, plus the hooks.
    #[inline]
    pub fn reset(&mut self) -> Result<(), ZoneError> {
        let header = self.header();
        if header.state.get() != state::HANDLE {
            return self.reset_cold();
        }
        // The only handle, not on the stack, no hooks, and still in the first block.
        let used = header.cursor.get().addr().get() - header.first.start.addr().get();
        header.high_water.set(header.high_water.get().max(used));
        header.note_site();
        // SAFETY: (I1) `&mut self` is the only handle, so nothing in the zone is borrowed.
        unsafe { stale::close(header.first.start, header.cursor.get()) };
        header.cursor.set(header.first.start);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn reset_cold(&mut self) -> Result<(), ZoneError> {
        self.check_others(0)?;
        let header = self.header();
        if header.state.get() & state::EMPTY != 0 {
            return Ok(());
        }
        if header.state.get() & state::HOOKS != 0 {
            header.run_hooks();
            self.check_others(0)?;
        }
        // SAFETY: (I1) `&mut self` is the only handle, so nothing in the zone is borrowed; a stack
        // entry borrows nothing.
        unsafe { self.header().rewind() };
        Ok(())
    }

    /// Rewinds the zone as [`reset`](Zone::reset) does, and gives blocks back to the system: each further one that does
    /// not fit into `keep` bytes with those before it. Its first block stays. The high-water mark starts anew.
    ///
    /// ```
    /// let mut zone = memzone::Zone::new(1 << 16);
    /// zone.alloc_slice(10 << 20, 0_u8); // once
    /// zone.trim(1 << 20)?;
    /// assert!(zone.capacity() < 1 << 20 && zone.high_water() == 0);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`reset`](Zone::reset); [`Denied`](ZoneError::Denied) in a section that denies, where there is something
    /// to give back. The zone is rewound then all the same.
    ///
    /// # Real-time
    ///
    /// No: it frees. With `usize::MAX` for `keep`, yes, as far as the hooks are.
    ///
    /// # Time complexity
    ///
    /// Linear in the blocks, plus the hooks.
    pub fn trim(&mut self, keep: usize) -> Result<(), ZoneError> {
        self.reset()?;
        let header = self.header();
        if header.state.get() & state::EMPTY != 0 {
            return Ok(());
        }
        let more = header.system_bytes().saturating_sub(keep);
        if more != 0 && header.blocks.get() > 1 {
            aside::may_free(more)?;
        }
        // SAFETY: (I1) just rewound, and `&mut self` is the only handle.
        unsafe { header.trim(keep) };
        Ok(())
    }

    /// An error where others than this handle hold the zone; `entries` says whether those of the
    /// stack count.
    pub(crate) fn check_others(&self, entries: u64) -> Result<(), ZoneError> {
        let state = self.header().state.get();
        let handles = (state & state::HANDLES) - state::HANDLE;
        let entries = (state & state::ENTRIES & entries) / state::ENTRY;
        match (handles + entries) as usize {
            0 => Ok(()),
            handles => Err(ZoneError::InUse { handles }),
        }
    }

    /// Registers what is to run when the zone is reset or freed: once, newest first.
    ///
    /// The hook lies in the zone. It must be `Send`, as the zone may end on another thread.
    ///
    /// # Panics
    ///
    /// Where the zone has no room for the hook; [`try_on_cleanup`](Zone::try_on_cleanup) gives an
    /// error instead.
    ///
    /// A hook that panics keeps no other from running; its zone ends all the same, but is not reset. As with
    /// destructors, the program ends where one panics during a panic (a second hook's, say), or as its thread ends.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn on_cleanup(&self, hook: impl FnOnce() + Send + 'static) {
        or_panic(self.try_on_cleanup(hook));
    }

    /// Like [`on_cleanup`](Zone::on_cleanup), with an error where the zone has no room. The hook
    /// is then dropped without having run.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    pub fn try_on_cleanup<F: FnOnce() + Send + 'static>(&self, hook: F) -> Result<(), ZoneError> {
        unsafe fn run<F: FnOnce()>(hook: NonNull<Hook>) {
            // SAFETY: (I17) the only caller passes the hook that this function was stored in.
            let HookOf { closure, .. } = unsafe { hook.cast::<HookOf<F>>().read() };
            closure();
        }
        let place = self.try_alloc_layout(Layout::new::<HookOf<F>>())?.cast::<HookOf<F>>();
        let header = self.header();
        let next = header.hooks.get();
        // SAFETY: (I2) memory just allocated for this type.
        unsafe { place.write(HookOf { hook: Hook { next, run: run::<F> }, closure: hook }) };
        header.hooks.set(Some(place.cast()));
        header.state.set(header.state.get() | state::HOOKS);
        Ok(())
    }

    /// One more handle, with an error where [`clone`](Zone::clone) panics.
    #[inline]
    pub(crate) fn try_clone(&self) -> Result<Zone, ZoneError> {
        if self.header().state.get() & SPECIAL != 0 {
            self.be_cloneable()?;
        }
        Ok(self.clone())
    }

    #[cold]
    #[inline(never)]
    fn be_cloneable(&self) -> Result<(), ZoneError> {
        self.be_born()?;
        match self.header().state.get() & SPECIAL {
            0 => Ok(()),
            _ => Err(ZoneError::InUse { handles: self.handles() }),
        }
    }

    /// Bytes in use, padding to steps of 16 included.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn used(&self) -> usize {
        self.header().used()
    }

    /// Bytes that all blocks of the zone hold.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.header().capacity()
    }

    /// Bytes that can still be allocated without asking the system: what is left of the current
    /// block, and the blocks kept from before. One allocation gets at most what one block has.
    ///
    /// # Real-time
    ///
    /// Yes. It looks at every block that is still to be used.
    pub fn remaining(&self) -> usize {
        let header = self.header();
        let mut sum = header.end.get().addr().get() - header.cursor.get().addr().get();
        if header.state.get() & state::EMPTY == 0 {
            let mut next = header.current_block().next.get();
            while let Some(block) = next {
                // SAFETY: (I2) blocks in the list live as long as the header.
                let block = unsafe { block.as_ref() };
                sum += block.room();
                next = block.next.get();
            }
        }
        sum
    }

    /// The most bytes that were in use at one time. In a scope's zone: since the scope began, or
    /// more where it grew before.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn high_water(&self) -> usize {
        self.header().high_water.get().max(self.used())
    }

    /// How many blocks the zone has.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn blocks(&self) -> usize {
        self.header().blocks.get() as usize
    }

    /// How many handles the zone has: this one, its clones, one for each `ZBox` in it and one for
    /// its scope. An entry on the thread's stack is none.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let value = zone.boxed(1);
    /// assert_eq!(zone.handles(), 2);
    /// drop(value);
    /// assert_eq!(zone.handles(), 1);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn handles(&self) -> usize {
        (self.header().state.get() & state::HANDLES) as usize
    }

    /// Whether the pointer points into the used part of the zone.
    ///
    /// # Real-time
    ///
    /// Yes. It looks at every block in use.
    pub fn contains<T: ?Sized>(&self, pointer: *const T) -> bool {
        let address = pointer.cast::<u8>().addr();
        let header = self.header();
        if header.state.get() & state::EMPTY != 0 {
            return false;
        }
        let mut block = &header.first;
        loop {
            let is_current = core::ptr::eq(block, header.current.get().as_ptr());
            let end = if is_current { header.cursor.get() } else { block.filled.get() };
            if (block.start.addr().get()..end.addr().get()).contains(&address) {
                return true;
            }
            match block.next.get() {
                // SAFETY: (I2) blocks in the list live as long as the header.
                Some(next) if !is_current => block = unsafe { next.as_ref() },
                _ => return false,
            }
        }
    }

    /// Whether the system has promised to keep all of the zone's memory resident: it was built with
    /// [`lock`](ZoneBuilder::lock), and no block was refused.
    ///
    /// ```
    /// let zone = memzone::Zone::builder().capacity(4096).lock().build();
    /// if !zone.is_locked() {
    ///     println!("the system does not allow it: see `ulimit -l`");
    /// }
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_locked(&self) -> bool {
        self.header().is_locked()
    }

    /// The name given to the builder.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn name(&self) -> Option<&'static str> {
        self.header().name
    }

    /// Makes the zone ready for another thread. Only a sole handle may go: the zone comes back
    /// where there are others, `ZBox`es or stack entries.
    ///
    /// # Errors
    ///
    /// The zone itself, unchanged.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_sendable(self) -> Result<SendZone, Zone> {
        if self.header().is_sole() { Ok(SendZone(self)) } else { Err(self) }
    }
}

/// What a handle's clone has to look at.
const SPECIAL: u64 = state::EMPTY | state::HANDLES_FULL | state::SEALED;

impl Clone for Zone {
    /// One more handle.
    ///
    /// # Panics
    ///
    /// At 1,073,741,824 handles, where a `Zone::new(0)` finds no memory to begin with, and on the zone of a
    /// [`ZoneFn`](crate::ZoneFn) or [`Parcel`](crate::Parcel).
    #[inline]
    #[track_caller]
    fn clone(&self) -> Zone {
        #[cold]
        #[inline(never)]
        #[track_caller]
        fn special(zone: &Zone) {
            let sealed = zone.header().state.get() & state::SEALED != 0;
            assert!(!sealed, "the zone of a `ZoneFn` or `Parcel` has no handles but its owner's");
            or_panic(zone.be_born());
            assert!(zone.header().state.get() & SPECIAL == 0, "a zone has too many handles");
        }
        if self.header().state.get() & SPECIAL != 0 {
            special(self);
        }
        let header = self.header();
        header.state.set(header.state.get() + state::HANDLE);
        // SAFETY: (I1) counted just now.
        unsafe { Zone::from_raw(self.raw()) }
    }
}

impl Drop for Zone {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: (I1) the handle is given up.
        unsafe { Header::release(self.raw(), state::HANDLE) };
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "zone {name}")?,
            None => write!(f, "zone {:p}", self.raw())?,
        }
        let (used, capacity) = (self.used(), self.capacity());
        let (blocks, handles) = (self.blocks(), self.handles());
        write!(f, ": {used} of {capacity} bytes used, blocks: {blocks}, handles: {handles}")
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zone")
            .field("name", &self.name())
            .field("used", &self.used())
            .field("capacity", &self.capacity())
            .field("blocks", &self.blocks())
            .field("handles", &self.handles())
            .finish_non_exhaustive()
    }
}

/// A zone on its way to another thread; see [`Zone::into_sendable`].
///
/// ```
/// use memzone::Zone;
///
/// let zone = Zone::new(4096);
/// let sendable = zone.into_sendable().expect("a sole handle");
/// let used = std::thread::spawn(move || {
///     let zone = sendable.into_zone();
///     zone.alloc(1_u64);
///     zone.used()
/// });
/// assert_eq!(used.join().unwrap(), 16);
/// ```
#[derive(Debug)]
pub struct SendZone(Zone);

// SAFETY: (I3) made from the only handle, with no entry on any stack, and gives out no reference to
// it. What may still run, the cleanup hooks, is `Send + 'static`.
unsafe impl Send for SendZone {}

impl SendZone {
    /// The zone, on the thread it now belongs to.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_zone(self) -> Zone {
        self.0
    }
}

/// What a zone is to be like; see [`Zone::builder`].
///
/// ```
/// use memzone::Zone;
///
/// let zone = Zone::builder().capacity(64 * 1024).fixed().name("voices").prefault().build();
/// assert_eq!(zone.capacity(), 64 * 1024);
/// assert_eq!(zone.name(), Some("voices"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder makes its zone with `build` or `try_build`"]
pub struct ZoneBuilder {
    capacity: usize,
    limit: usize,
    fixed: bool,
    prefault: bool,
    lock: bool,
    name: Option<&'static str>,
    #[cfg(feature = "profile")]
    site: Option<&'static crate::profile::Site>,
}

impl ZoneBuilder {
    /// Room for at least this many bytes from the start. Without it: 4096.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    /// At most this many bytes are ever taken from the system, headers included. Where capacity
    /// and overhead do not fit, the zone starts smaller.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Never grows: its capacity is exactly what was asked for, or less where a limit allows no more.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn fixed(mut self) -> Self {
        self.fixed = true;
        self
    }

    /// A name for messages and statistics.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Touches every page when it is taken, so that no allocation faults one later.
    ///
    /// # Real-time
    ///
    /// Yes; making the zone is not.
    pub fn prefault(mut self) -> Self {
        self.prefault = true;
        self
    }

    /// Asks the system to keep the zone's memory resident (`mlock`), further blocks too. It may refuse, as
    /// there is a limit to it (`ulimit -l`), and not every system has it: [`Zone::is_locked`] tells.
    ///
    /// # Real-time
    ///
    /// Yes; making the zone is not.
    pub fn lock(mut self) -> Self {
        self.lock = true;
        self
    }

    /// Makes the zone.
    ///
    /// # Panics
    ///
    /// Where the system has no memory, or the limit leaves no room for a zone at all.
    ///
    /// # Real-time
    ///
    /// No.
    #[track_caller]
    pub fn build(self) -> Zone {
        or_panic(self.try_build())
    }

    /// Makes the zone.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory), [`TooLarge`](ZoneError::TooLarge), and
    /// [`LimitReached`](ZoneError::LimitReached) where the limit leaves no room for a zone.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    pub fn try_build(self) -> Result<Zone, ZoneError> {
        #[cfg(feature = "profile")]
        let mut this = self;
        #[cfg(feature = "profile")]
        if let Some(name) = this.name {
            let here = core::panic::Location::caller();
            this.site = Some(crate::profile::of_named_zone(name, this.capacity, here));
        }
        #[cfg(not(feature = "profile"))]
        let this = self;
        Ok(Zone { header: Cell::new(Header::make(&this)?) })
    }
}

/// The value, or the documented panic.
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

// Grows only for a reason: each zone and each block has one.
const _: () =
    assert!(HEADER == if cfg!(feature = "profile") { 256 } else { 192 } && BLOCK_HEADER == 64);
const _: () = assert!(HEADER % STEP == 0 && HEADER % BLOCK_ALIGN == 0);
const _: () = assert!(align_of::<Header>() <= BLOCK_ALIGN && align_of::<Block>() <= BLOCK_ALIGN);
