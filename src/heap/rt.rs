//! A heap for real-time threads: all its memory taken at the start, each operation in constant time.
//!
//! The heap belongs to one thread, its owner, which alone touches the allocator inside (TLSF, crate
//! `rlsf`). Boxes may go anywhere. One that is dropped on its owner's thread is freed at once; any other
//! is pushed on a lock-free list (`remote.rs`), and the owner frees a few of those with each operation.

use super::remote::{NOBODY, Remote, Taken};
use super::source::Heap;
use crate::error::{Request, ZoneError, or_panic};
use crate::region::bump::MAX_REQUEST;
use crate::region::memory::{self, Memory};
use crate::system::aside;
use crate::system::pages::prefault;
use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, offset_of};
use core::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// TLSF with 28 first-level classes (blocks up to 8 GiB) of 32 second-level ones.
type Tlsf = rlsf::Tlsf<'static, u32, u32, 28, 32>;

/// Blocks are multiples of this, and each has half of it as its header.
const GRANULE: usize = rlsf::GRANULARITY;

/// The most bytes one block can have.
const MAX_BLOCK: usize = (GRANULE << 28) - GRANULE;

/// What is in front of a block's payload, and what payloads are aligned to without more.
const BLOCK_HEADER: usize = GRANULE / 2;

/// How many blocks of other threads the owner frees with each operation of its own, at most.
const DRAIN: usize = 2;

/// How many it frees where a request found no room, before it looks once more.
const DRAIN_WHEN_FULL: usize = 64;

thread_local! {
    static TOKEN: Cell<u64> = const { Cell::new(NOBODY) };
}

/// A number that no other thread has or ever had.
#[inline]
fn this_thread() -> u64 {
    #[cold]
    fn first() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(NOBODY + 1);
        let token = NEXT.fetch_add(1, Ordering::Relaxed);
        TOKEN.set(token);
        token
    }
    match TOKEN.get() {
        NOBODY => first(),
        token => token,
    }
}

/// The heap's heart. Lies at the start of its memory; never moves.
struct Shared {
    remote: Remote,
    mine: Mine,
    /// For a heap that was to be freed where that is forbidden.
    aside: MaybeUninit<aside::Node>,
}

/// What only the owner touches.
struct Mine {
    tlsf: UnsafeCell<Tlsf>,
    /// Blocks of other threads, taken from the list and not yet freed.
    waiting: Cell<Taken>,
    /// Whether `waiting` holds any.
    has_taken: Cell<bool>,
    /// Blocks that are not free.
    live: Cell<usize>,
    used: Cell<usize>,
    peak: Cell<usize>,
    failed: Cell<u64>,
    pool: NonNull<[u8]>,
    memory: Memory,
}

/// A heap for real-time threads: xtlang's `halloc` where `malloc` may not be called.
///
/// All memory is taken, and every page touched, when it is made. From then on taking and freeing are
/// done in constant time, by two-level segregated fit (Masmano et al., ECRTS 2004; crate `rlsf`), without
/// locks and without the system.
///
/// A heap belongs to the thread that made it, or to the one that [`SendHeap`] brought it to. Its boxes
/// may be sent to other threads and dropped there: an atomic push then returns their memory, which the
/// owner takes back, two blocks with each of its own operations. Dropping the heap while boxes live is
/// fine; the last of them frees its memory.
///
/// **What was freed can be taken again.** When a box is dropped on the heap's own thread, the next request
/// of the same size and alignment finds room, however full the heap is, and whatever was taken in which order: a voice
/// that is stolen makes room for the next. For that, each block fills a whole class of the allocator's (see
/// [`new`](RtHeap::new)). What was dropped on another thread waits to be taken back first.
///
/// ```
/// use memzone::{HBox, RtHeap, halloc_in};
///
/// let heap = RtHeap::new(1 << 20);
/// let mut voice: HBox<[f32; 64], RtHeap> = halloc_in(&heap, [0.0; 64])?;
/// voice[0] = 1.0;
/// std::thread::spawn(move || drop(voice)).join().unwrap(); // its memory is on its way back
/// assert_eq!(heap.stats().waiting, 1);
/// assert_eq!(heap.drain(8), 1);
/// assert_eq!(heap.stats().used, 0);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Real-time
///
/// Making one and dropping it: no. All else: yes, but [`stats`](RtHeap::stats) and
/// [`check`](RtHeap::check), which look at every block.
///
/// # Time complexity
///
/// Taking and freeing: constant.
pub struct RtHeap {
    shared: NonNull<Shared>,
    /// The owner's thread only: neither `Send` nor `Sync`.
    here: PhantomData<*const ()>,
}

/// Where a block of an [`RtHeap`] goes back to.
#[derive(Clone, Copy)]
pub struct RtOrigin(NonNull<Shared>);

// SAFETY: (I13) from a thread that is not the owner, only the atomic parts are touched.
unsafe impl Send for RtOrigin {}
// SAFETY: (I13) as above.
unsafe impl Sync for RtOrigin {}

impl fmt::Debug for RtOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RtOrigin")
    }
}

/// What a block of this layout holds while it waits to be freed: its size and alignment.
#[inline]
fn pack(layout: Layout) -> usize {
    layout.size() << 6 | layout.align().trailing_zeros() as usize
}

/// The size and alignment that `pack` was given.
#[inline]
fn unpack(packed: usize) -> (usize, usize) {
    (packed >> 6, 1 << (packed & 63))
}

/// The request to make of the allocator for this layout: one whose block fills its class.
///
/// The allocator files a free block under the largest class that is no larger than it, and looks for one from the
/// smallest class on that is no smaller than the request. So a block between two classes would not be found for the
/// same request when it is free again. For the same reason larger alignments are made here, with room for them at
/// every place: the allocator would cut off what this place does not need.
#[inline(always)]
fn whole_class(layout: Layout) -> Option<Layout> {
    if layout.size() > MAX_BLOCK || layout.align() > MAX_BLOCK {
        return None;
    }
    // A header, and up to `align` less the payload's own alignment.
    let block = layout.size() + layout.align().max(BLOCK_HEADER);
    // 32 classes between two powers of two, but none smaller than a granule.
    let within = usize::MAX >> block.leading_zeros() >> 6 | (GRANULE - 1);
    let block = (block + within) & !within;
    Layout::from_size_align(block - BLOCK_HEADER, BLOCK_HEADER).ok()
}

impl Mine {
    /// Takes a block.
    ///
    /// # Safety
    ///
    /// I13: for the owner only.
    #[inline(always)]
    unsafe fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        let request = whole_class(layout)?;
        // SAFETY: (I13) the caller's promise.
        let payload = unsafe { self.tlsf() }.allocate(request)?;
        if layout.align() <= BLOCK_HEADER {
            return Some(payload);
        }
        let align = layout.align();
        let up = payload.addr().get().next_multiple_of(align) - payload.addr().get();
        // SAFETY: (I13) at most `align` less the payload's alignment: there is room for it and the size.
        let aligned = unsafe { payload.add(up) };
        // SAFETY: (I13) alignments above 16 are multiples of 32, and payloads lie in the middle between two of
        // those: 16 bytes or more are before the aligned place, and nobody's.
        let start = unsafe { aligned.cast::<NonNull<u8>>().sub(1) };
        // SAFETY: (I13) as above, and aligned like a pointer.
        unsafe { start.write(payload) };
        Some(aligned)
    }

    /// # Safety
    ///
    /// I13: for the owner only, and the reference must be gone before the next call.
    #[allow(clippy::mut_from_ref)]
    #[inline]
    unsafe fn tlsf(&self) -> &mut Tlsf {
        // SAFETY: (I13) the caller's promise.
        unsafe { &mut *self.tlsf.get() }
    }

    /// Frees a block.
    ///
    /// # Safety
    ///
    /// I13: for the owner only; the block was taken with this size and alignment, and nobody uses it.
    #[inline]
    unsafe fn free(&self, block: NonNull<u8>, size: usize, align: usize) {
        let mut payload = block;
        if align > BLOCK_HEADER {
            // SAFETY: (I13) `allocate` has left the start of the payload there.
            let start = unsafe { block.cast::<NonNull<u8>>().sub(1) };
            // SAFETY: (I13) as above.
            payload = unsafe { start.read() };
        }
        // SAFETY: (I13) the caller's promise.
        let tlsf = unsafe { self.tlsf() };
        // SAFETY: (I13) the caller's promise, and what `allocate` has asked for.
        unsafe { tlsf.deallocate(payload, BLOCK_HEADER) };
        self.live.set(self.live.get() - 1);
        self.used.set(self.used.get() - size);
    }
}

impl Shared {
    /// Frees a few blocks that other threads have given back, if there are any.
    ///
    /// # Safety
    ///
    /// I13: for the owner only.
    #[inline(always)]
    unsafe fn drain_some(&self) {
        if self.mine.has_taken.get() || !self.remote.is_empty() {
            // SAFETY: (I13) the caller's promise.
            unsafe { self.drain(DRAIN) };
        }
    }

    /// Frees up to `most` blocks that other threads have given back, and says how many.
    ///
    /// # Safety
    ///
    /// I13: for the owner only.
    #[cold]
    #[inline(never)]
    unsafe fn drain(&self, most: usize) -> usize {
        let mut waiting = self.mine.waiting.take();
        let mut freed = 0;
        while freed < most {
            let Some((block, packed)) = waiting.next() else {
                // SAFETY: (I13) the caller's promise; the list is open while there is an owner.
                waiting = unsafe { self.remote.take() };
                if waiting.is_empty() {
                    break;
                }
                continue;
            };
            let (size, align) = unpack(packed);
            // SAFETY: (I13) whoever dropped its box gave it up.
            unsafe { self.mine.free(block, size, align) };
            freed += 1;
        }
        self.mine.has_taken.set(!waiting.is_empty());
        self.mine.waiting.set(waiting);
        freed
    }

    /// The heap ends: what is left of it waits for its last box.
    ///
    /// # Safety
    ///
    /// I13: the caller gives up the one handle.
    unsafe fn close(this: NonNull<Shared>) {
        // SAFETY: (I13) alive until the count below reaches zero.
        let shared = unsafe { this.as_ref() };
        // SAFETY: (I13) the caller's promise.
        let last = unsafe { shared.remote.close() };
        let back = last.len() + shared.mine.waiting.take().len();
        if shared.remote.settle(shared.mine.live.get() - back) {
            // SAFETY: (I13) no block is left.
            unsafe { Self::end(this) };
        }
    }

    /// Frees the heap's memory, or puts it aside where a real-time section forbids that.
    ///
    /// # Safety
    ///
    /// I13: nobody has a block, an origin that will be used, or the handle.
    #[cold]
    unsafe fn end(this: NonNull<Shared>) {
        unsafe fn free(node: NonNull<aside::Node>) {
            // SAFETY: (I14) the node is in a `Shared`.
            let this = unsafe { node.byte_sub(offset_of!(Shared, aside)) };
            // SAFETY: (I14) nothing has used the heap since it was put aside.
            unsafe { Shared::free(this.cast()) };
        }
        // SAFETY: (I13) still there.
        let bytes = unsafe { this.as_ref() }.mine.memory.system_bytes();
        if aside::may_free(bytes).is_err() {
            // SAFETY: (I13) within the memory.
            let node = unsafe { this.byte_add(offset_of!(Shared, aside)) };
            // SAFETY: (I14) nobody uses the heap any more, and its memory may be freed on any thread.
            return unsafe { aside::put(node.cast(), free) };
        }
        // SAFETY: (I13) the caller's promise.
        unsafe { Self::free(this) };
    }

    /// # Safety
    ///
    /// That of `end`.
    unsafe fn free(this: NonNull<Shared>) {
        // SAFETY: (I13) still there; it is not used again. The owner of the memory moves out before
        // that is freed, as it lies in it.
        let shared = unsafe { this.read() };
        drop(shared);
    }
}

impl RtHeap {
    /// Makes a heap of `bytes` for this thread. What of that boxes can have is less, for each, by a header of
    /// 16 bytes, by what rounds its block up to 32 bytes or, above 1 KiB, to one of 32 sizes between two powers of two
    /// (less than a 32nd, a 90th on average), and by its alignment where that is above 16.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](RtHeap::try_new) errs.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory and touches every page of it.
    #[track_caller]
    pub fn new(bytes: usize) -> RtHeap {
        or_panic(Self::try_new(bytes))
    }

    /// Like [`new`](RtHeap::new), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory), and [`TooLarge`](ZoneError::TooLarge) above 8 GiB.
    ///
    /// # Real-time
    ///
    /// No: it takes all its memory.
    #[track_caller]
    pub fn try_new(bytes: usize) -> Result<RtHeap, ZoneError> {
        let too_large = ZoneError::TooLarge { requested: bytes, available: MAX_BLOCK };
        if bytes > MAX_BLOCK {
            return Err(too_large);
        }
        // The allocator's end mark, and what aligns its start.
        let extra = size_of::<Shared>().next_multiple_of(GRANULE) + 2 * GRANULE;
        let size = memory::round_up(bytes.next_multiple_of(GRANULE) + extra).ok_or(too_large)?;
        let taken = Memory::take(Request::HeapMemory, size)?;
        // SAFETY: (I13) memory of ours alone.
        unsafe { prefault(taken.start, size) };
        let header = taken.start.cast::<Shared>();
        let offset = size_of::<Shared>().next_multiple_of(GRANULE);
        // SAFETY: (I13) the memory is longer than that.
        let start = unsafe { taken.start.add(offset) };
        let pool = NonNull::slice_from_raw_parts(start, bytes.next_multiple_of(GRANULE) + GRANULE);
        let mut tlsf = Tlsf::new();
        // SAFETY: (I13) memory of ours that lives until the heap's end.
        unsafe { tlsf.insert_free_block_ptr(pool) };
        let mine = Mine {
            tlsf: UnsafeCell::new(tlsf),
            waiting: Cell::default(),
            has_taken: Cell::new(false),
            live: Cell::new(0),
            used: Cell::new(0),
            peak: Cell::new(0),
            failed: Cell::new(0),
            pool,
            memory: taken.memory,
        };
        let remote = Remote::new(this_thread());
        let shared = Shared { remote, mine, aside: MaybeUninit::uninit() };
        // SAFETY: (I13) aligned to a cache line, long enough, and ours alone.
        unsafe { header.write(shared) };
        Ok(RtHeap { shared: header, here: PhantomData })
    }

    #[inline(always)]
    fn shared(&self) -> &Shared {
        // SAFETY: (I13) the handle keeps it alive.
        unsafe { self.shared.as_ref() }
    }

    /// Frees up to `most` blocks that were dropped on other threads, and says how many. Each taking and
    /// freeing does this for two blocks, so it is only needed where there is neither.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the number freed.
    pub fn drain(&self, most: usize) -> usize {
        // SAFETY: (I13) a handle is the owner's alone.
        unsafe { self.shared().drain(most) }
    }

    /// Bytes that live boxes have asked for, those that wait to be freed included.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn used(&self) -> usize {
        self.shared().mine.used.get()
    }

    /// The most that [`used`](RtHeap::used) has been.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn peak(&self) -> usize {
        self.shared().mine.peak.get()
    }

    /// Bytes that the heap holds as one block when it is empty.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.shared().mine.pool.len().saturating_sub(GRANULE + GRANULE / 2)
    }

    /// How many requests found no room.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn failed(&self) -> u64 {
        self.shared().mine.failed.get()
    }

    /// All that is known of the heap.
    ///
    /// # Real-time
    ///
    /// No: it looks at every block.
    ///
    /// # Time complexity
    ///
    /// Linear in the number of blocks.
    pub fn stats(&self) -> HeapStats {
        let mine = &self.shared().mine;
        let taken = mine.waiting.take();
        let taken_len = taken.len();
        mine.waiting.set(taken);
        let (mut free, mut largest_free) = (0, 0);
        self.each_block(|_, payload, is_live| {
            if !is_live {
                free += payload;
                largest_free = largest_free.max(payload);
            }
        });
        // SAFETY: (I13) a handle is the owner's alone.
        let listed = unsafe { self.shared().remote.len() };
        HeapStats {
            capacity: self.capacity(),
            used: self.used(),
            free,
            largest_free,
            peak: self.peak(),
            live: mine.live.get(),
            waiting: listed + taken_len,
            failed: self.failed(),
        }
    }

    /// Calls `each` for every block: where it starts, the most bytes it can hold, and whether it is
    /// taken.
    fn each_block(&self, mut each: impl FnMut(usize, usize, bool)) {
        let mine = &self.shared().mine;
        // A heap of no bytes: the end mark alone is not memory that the allocator took.
        if mine.pool.len() <= GRANULE {
            return;
        }
        // SAFETY: (I13) a handle is the owner's alone.
        let tlsf = unsafe { mine.tlsf() };
        // SAFETY: (I13) the memory that the allocator was given.
        for info in unsafe { tlsf.iter_blocks(mine.pool) } {
            let start = info.as_ptr().cast::<u8>().addr().get();
            each(start, info.max_payload_size(), info.is_occupied());
        }
    }

    /// Verifies the heap's invariants, in debug builds: the blocks lie side by side and fill the memory,
    /// no two free ones touch, and what is taken is as much as was counted. In a release build it does
    /// nothing.
    ///
    /// # Panics
    ///
    /// Where one is broken, which nothing in safe Rust can do.
    ///
    /// # Real-time
    ///
    /// No: it looks at every block.
    pub fn check(&self) {
        if !cfg!(debug_assertions) {
            return;
        }
        let mine = &self.shared().mine;
        let first = mine.pool.cast::<u8>().addr().get();
        let (mut next, mut live, mut room) = (first, 0, 0);
        let mut last_was_free = false;
        self.each_block(|start, payload, is_live| {
            assert_eq!(start, next, "the blocks lie side by side");
            assert!(is_live || !last_was_free, "no two free blocks touch");
            last_was_free = !is_live;
            live += usize::from(is_live);
            room += if is_live { payload } else { 0 };
            next = start + payload + GRANULE / 2;
        });
        assert_eq!(next, first + mine.pool.len() - GRANULE, "the blocks fill the memory");
        assert_eq!(live, mine.live.get(), "as many are taken as were counted");
        assert!(room >= mine.used.get(), "what is taken has room");
        assert!(self.stats().waiting <= live, "what waits to be freed is not free");
        assert!(self.shared().remote.is_owner(this_thread()), "the heap is its owner's");
    }

    /// Makes the heap ready for another thread. Its boxes may stay where they are.
    ///
    /// ```
    /// use memzone::{RtHeap, halloc_in};
    ///
    /// let heap = RtHeap::new(4096);
    /// let here = halloc_in(&heap, 1)?;
    /// let sendable = heap.into_sendable();
    /// let audio = std::thread::spawn(move || {
    ///     let heap = sendable.into_heap();
    ///     drop(here); // on the heap's thread now: freed at once
    ///     halloc_in(&heap, 2).map(|there| (there, heap.stats().live))
    /// });
    /// let (there, live) = audio.join().unwrap()?;
    /// assert_eq!((*there, live), (2, 1));
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_sendable(self) -> SendHeap {
        self.shared().remote.set_owner(NOBODY);
        SendHeap(self)
    }
}

// SAFETY: (I12, I13) the allocator's memory is the taker's; its own lives as long as the handle or any
// block; off the owner's thread blocks go the way of the list.
unsafe impl Heap for RtHeap {
    type Origin = RtOrigin;

    #[inline]
    fn origin(&self) -> RtOrigin {
        RtOrigin(self.shared)
    }

    #[inline]
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        let mine = &self.shared().mine;
        // SAFETY: (I13) a handle is the owner's alone.
        unsafe { self.shared().drain_some() };
        // SAFETY: (I13) a handle is the owner's alone.
        let block = match unsafe { mine.allocate(layout) } {
            Some(block) => block,
            None => self.take_when_full(layout)?,
        };
        mine.live.set(mine.live.get() + 1);
        let used = mine.used.get() + layout.size();
        mine.used.set(used);
        mine.peak.set(mine.peak.get().max(used));
        Ok(block)
    }

    #[inline]
    unsafe fn give_back(origin: &RtOrigin, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: (I13) a block keeps the heap's memory alive.
        let shared = unsafe { origin.0.as_ref() };
        if shared.remote.is_owner(this_thread()) {
            // SAFETY: (I13) this is the owner's thread; the rest is the caller's promise.
            unsafe { shared.mine.free(memory, layout.size(), layout.align()) };
            // SAFETY: (I13) as above.
            unsafe { shared.drain_some() };
            return;
        }
        // SAFETY: (I13) a block is at least 16 bytes, aligned to 16, and the caller gives it up.
        let pushed = unsafe { shared.remote.push(memory, pack(layout)) };
        // The heap has been dropped: the block was counted then.
        if !pushed && shared.remote.one_less() {
            // SAFETY: (I13) that was the last block.
            unsafe { Shared::end(origin.0) };
        }
    }
}

impl RtHeap {
    /// Looks once more, after blocks of other threads have been freed.
    #[cold]
    #[inline(never)]
    fn take_when_full(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        let mine = &self.shared().mine;
        if self.drain(DRAIN_WHEN_FULL) > 0 {
            // SAFETY: (I13) a handle is the owner's alone.
            if let Some(block) = unsafe { mine.allocate(layout) } {
                return Ok(block);
            }
        }
        mine.failed.set(mine.failed.get() + 1);
        let requested = layout.size();
        Err(match requested > MAX_REQUEST.min(MAX_BLOCK) {
            true => ZoneError::TooLarge { requested, available: MAX_BLOCK },
            false => {
                let (limit, used) = (self.capacity(), self.used());
                ZoneError::LimitReached { requested, limit, used }
            }
        })
    }
}

impl Drop for RtHeap {
    fn drop(&mut self) {
        // SAFETY: (I13) the one handle is given up.
        unsafe { Shared::close(self.shared) };
    }
}

impl fmt::Debug for RtHeap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mine = &self.shared().mine;
        f.debug_struct("RtHeap")
            .field("bytes", &mine.pool.len())
            .field("used", &mine.used.get())
            .field("live", &mine.live.get())
            .finish_non_exhaustive()
    }
}

/// A heap on its way to another thread; see [`RtHeap::into_sendable`].
///
/// ```
/// use memzone::{RtHeap, halloc_in};
///
/// let heap = RtHeap::new(64 * 1024).into_sendable();
/// let audio = std::thread::spawn(move || {
///     let heap = heap.into_heap();
///     *halloc_in(&heap, 0.5_f32).unwrap()
/// });
/// assert_eq!(audio.join().unwrap(), 0.5);
/// ```
#[derive(Debug)]
pub struct SendHeap(RtHeap);

// SAFETY: (I13) the one handle, of a heap that is nobody's just now: boxes that are dropped meanwhile
// go the way of the list, on every thread.
unsafe impl Send for SendHeap {}

impl SendHeap {
    /// The heap, on the thread it now belongs to.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_heap(self) -> RtHeap {
        self.0.shared().remote.set_owner(this_thread());
        self.0
    }
}

/// What an [`RtHeap`] holds; see [`RtHeap::stats`].
///
/// ```
/// use memzone::{RtHeap, halloc_slice_in};
///
/// let heap = RtHeap::new(64 * 1024);
/// let table = halloc_slice_in(&heap, 1024, 0.0_f32)?;
/// assert!(halloc_slice_in(&heap, 1 << 20, 0.0_f32).is_err());
/// drop(table);
/// let stats = heap.stats();
/// assert_eq!((stats.live, stats.failed, heap.failed()), (0, 1, 1));
/// assert!(stats.peak >= 4096 && stats.peak == heap.peak());
/// assert!(stats.fragmentation() < 0.1); // nearly all that is free is one block
/// heap.check(); // for tests: panics where the heap's own data are damaged
/// println!("{stats}");
/// # Ok::<(), memzone::ZoneError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapStats {
    /// Bytes that the heap holds as one block when it is empty. A request may need up to a 32nd more than
    /// it asks for, as blocks are found by their class.
    pub capacity: usize,
    /// Bytes that live boxes have asked for, those that wait to be freed included.
    pub used: usize,
    /// Bytes that the free blocks could hold.
    pub free: usize,
    /// Bytes that the largest free block could hold.
    pub largest_free: usize,
    /// The most `used` has been.
    pub peak: usize,
    /// Boxes, those that wait to be freed included.
    pub live: usize,
    /// Boxes dropped on other threads whose memory the owner has not taken back yet.
    pub waiting: usize,
    /// Requests that found no room.
    pub failed: u64,
}

impl HeapStats {
    /// `1 - largest_free / free`: 0 where all that is free is one block.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn fragmentation(&self) -> f64 {
        if self.free == 0 {
            return 0.0;
        }
        1.0 - self.largest_free as f64 / self.free as f64
    }
}

impl fmt::Display for HeapStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HeapStats { used, free, largest_free, peak, live, waiting, failed, .. } = self;
        let percent = self.fragmentation() * 100.0;
        write!(
            f,
            "{used} bytes used by {live} boxes (peak {peak}), {free} free, largest {largest_free} \
             ({percent:.1} % fragmented), {waiting} waiting, {failed} failed"
        )
    }
}
