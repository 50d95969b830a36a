//! A heap for real-time threads: all its memory is taken at the start, and each operation takes constant time.
//!
//! The heap belongs to one thread, its owner. Only the owner touches the allocator inside (TLSF, crate `rlsf`). Boxes
//! may go to any thread. A box that is dropped on the owner's thread is freed at once. Any other is pushed on a
//! lock-free list (`remote.rs`), and the owner frees a few blocks of that list with each operation.

use super::blocks::{Blocks, GRANULE, MAX_BLOCK, align_in, pack, payload_of, unpack, whole_class};
use super::remote::{NOBODY, Remote, Taken as TakenBlocks};
use super::source::Heap;
use super::stats::HeapStats;
use crate::error::{Request, ZoneError, or_panic};
use crate::region::bump::MAX_REQUEST;
use crate::region::memory::{self, Memory, Taken};
use crate::system::aside;
use crate::system::counters::AtomicU64;
use crate::system::last_words::{end_process, say};
use crate::system::pages::prefault;
use crate::system::per_thread::per_thread;
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, offset_of};
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

/// The most blocks of other threads that the owner frees with each of its own operations.
const BLOCKS_PER_DRAIN: usize = 2;

/// The most blocks that the owner frees when a request found no free block, before it tries again.
const DRAIN_WHEN_FULL: usize = 64;

/// What stands for the token of a thread that has none yet. It is no heap's owner, not even where that is `NOBODY`.
const NONE_YET: u64 = u64::MAX;

/// What stands for the class of a block that is kept, where none is. No class is that small.
const NONE_KEPT: usize = 0;

per_thread! {
    static TOKEN: Cell<u64> = const { Cell::new(NONE_YET) };
}

/// A number that no other thread has or has ever had. The thread gets it with its first heap.
#[inline]
fn this_thread() -> u64 {
    #[cold]
    fn first() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(NOBODY + 1);
        let token = NEXT.fetch_add(1, Ordering::Relaxed);
        // A counter of 32 bits gives its last number again and again.
        if cfg!(not(target_has_atomic = "64")) && token == u32::MAX.into() {
            say(format_args!("memzone: more threads have used heaps than can be told apart"));
            end_process();
        }
        TOKEN.set(token);
        token
    }
    match TOKEN.get() {
        NONE_YET => first(),
        token => token,
    }
}

/// What lies at the start of the heap's memory and never moves.
struct HeapHeader {
    remote: Remote,
    owner_part: OwnerPart,
    /// Used if the heap is to be freed where that is forbidden.
    aside: MaybeUninit<aside::Node>,
}

/// The part that only the owner touches.
struct OwnerPart {
    blocks: Blocks,
    /// Blocks of other threads that were taken from the list and are not freed yet.
    waiting: Cell<TakenBlocks>,
    /// Whether `waiting` has any blocks.
    has_taken: Cell<bool>,
    /// The block that was freed last. The allocator takes it for one that is in use, so that the next request of its class
    /// gets it without the allocator.
    kept: Cell<NonNull<u8>>,
    /// Its class, or `NONE_KEPT`.
    kept_class: Cell<usize>,
    /// The number of blocks that are not free.
    live: Cell<usize>,
    used: Cell<usize>,
    peak: Cell<usize>,
    failed: Cell<u64>,
    pool: NonNull<[u8]>,
    memory: Memory,
}

/// A heap for real-time threads: xtlang's `halloc` for places where `malloc` may not be called.
///
/// When the heap is made, all its memory is taken and every page is touched. From then on, taking and freeing a block
/// takes constant time, without locks and without the system. The algorithm is two-level segregated fit (Masmano et
/// al., ECRTS 2004; crate `rlsf`).
///
/// A heap belongs to the thread that made it, or to the one that [`SendHeap`] brought it to. Its boxes may be sent to
/// other threads and dropped there. An atomic push then returns their memory. The owner takes it back, two blocks with
/// each of its own operations. The heap may be dropped while boxes live, and the last of them frees its memory.
///
/// **What was freed can be taken again.** When a box is dropped on the heap's own thread, the next request of the same
/// size and alignment finds a free block. This holds however full the heap is, and in whatever order blocks were taken:
/// a voice that is stolen makes room for the next. For this, each block fills a whole size class of the allocator (see
/// [`new`](RtHeap::new)). What was dropped on another thread must be taken back first. The block that was freed last is kept
/// for the next request of its class, which takes a quarter of the instructions then. If a request finds nothing else, it is given up
/// for that.
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
/// Making and dropping a heap: no. All else: yes, except [`stats`](RtHeap::stats) and [`check`](RtHeap::check), which
/// look at every block.
///
/// # Time complexity
///
/// Constant for taking and freeing.
pub struct RtHeap {
    shared: NonNull<HeapHeader>,
    /// It stays on the owner's thread: it is neither `Send` nor `Sync`.
    not_send: PhantomData<*const ()>,
}

/// Where a block of an [`RtHeap`] goes when it is freed.
#[derive(Clone, Copy)]
pub struct RtOrigin(NonNull<HeapHeader>);

// SAFETY: (I13) a thread that is not the owner touches only the atomic parts.
unsafe impl Send for RtOrigin {}
// SAFETY: (I13) a thread that is not the owner touches only the atomic parts, however many threads share the origin.
unsafe impl Sync for RtOrigin {}

impl fmt::Debug for RtOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RtOrigin")
    }
}

impl OwnerPart {
    /// Takes a block of a whole class for `size` bytes, and gives its payload.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this. `class` is what `whole_class` gives for the value's layout.
    #[inline(always)]
    unsafe fn take(&self, class: usize, size: usize) -> Option<NonNull<u8>> {
        let payload = match self.kept_class.get() == class {
            true => {
                self.kept_class.set(NONE_KEPT);
                self.kept.get()
            }
            // SAFETY: (I13) the caller's promise.
            false => unsafe { self.blocks.allocate_class(class) }?,
        };
        self.live.set(self.live.get() + 1);
        let used = self.used.get() + size;
        self.used.set(used);
        if used > self.peak.get() {
            self.peak.set(used);
        }
        Some(payload)
    }

    /// Keeps the block of a payload that was taken for `size` bytes, and frees the one that was kept before.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this, and nobody uses the block any more. Its class is `class`.
    #[inline(always)]
    unsafe fn keep(&self, payload: NonNull<u8>, class: usize, size: usize) {
        if self.kept_class.get() != NONE_KEPT {
            // SAFETY: (I13) the caller's promise. Nobody uses a block that is kept.
            unsafe { self.blocks.free_payload(self.kept.get()) };
        }
        self.kept.set(payload);
        self.kept_class.set(class);
        self.live.set(self.live.get() - 1);
        self.used.set(self.used.get() - size);
    }

    /// Frees the block that is kept. The result is whether there was one.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this.
    unsafe fn keep_none(&self) -> bool {
        let was_kept = self.kept_class.replace(NONE_KEPT) != NONE_KEPT;
        if was_kept {
            // SAFETY: (I13) the caller's promise. Nobody uses a block that is kept.
            unsafe { self.blocks.free_payload(self.kept.get()) };
        }
        was_kept
    }

    /// Frees the block of a payload that was taken for `size` bytes.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this, and nobody uses the block any more.
    unsafe fn free(&self, payload: NonNull<u8>, size: usize) {
        // SAFETY: (I13) the caller's promise.
        unsafe { self.blocks.free_payload(payload) };
        self.live.set(self.live.get() - 1);
        self.used.set(self.used.get() - size);
    }
}

impl HeapHeader {
    /// Frees a few blocks that other threads have given back, if there are any.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this.
    #[inline(always)]
    unsafe fn drain_some(&self) {
        if self.owner_part.has_taken.get() || !self.remote.is_empty() {
            // SAFETY: (I13) the caller's promise.
            unsafe { self.drain(BLOCKS_PER_DRAIN) };
        }
    }

    /// Frees up to `most` blocks that other threads have given back, and returns the number.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this.
    #[cold]
    #[inline(never)]
    unsafe fn drain(&self, most: usize) -> usize {
        let mut waiting = self.owner_part.waiting.take();
        let mut freed = 0;
        while freed < most {
            let Some((block, packed)) = waiting.next() else {
                // SAFETY: (I13) the caller's promise. The list is open while there is an owner.
                waiting = unsafe { self.remote.take() };
                if waiting.is_empty() {
                    break;
                }
                continue;
            };
            let (size, align) = unpack(packed);
            // SAFETY: (I13) the block was taken for what was packed, whose alignment is that of a payload exactly where
            // this one is.
            let payload = unsafe { payload_of(block, align) };
            // SAFETY: (I13) only the owner calls this. Whoever dropped the block's box gave it up, and it is off the
            // list.
            unsafe { self.owner_part.free(payload, size) };
            freed += 1;
        }
        self.owner_part.has_taken.set(!waiting.is_empty());
        self.owner_part.waiting.set(waiting);
        freed
    }

    /// Gives up the heap's handle. The heap's memory is freed now, or with its last box.
    ///
    /// # Safety
    ///
    /// I13: the caller gives up the heap's only handle.
    unsafe fn close(this: NonNull<HeapHeader>) {
        // SAFETY: (I13) the memory is there until the count below reaches zero.
        let shared = unsafe { this.as_ref() };
        // SAFETY: (I13) the caller's promise.
        let last = unsafe { shared.remote.close() };
        let back = last.len() + shared.owner_part.waiting.take().len();
        if shared.remote.settle(shared.owner_part.live.get() - back) {
            // SAFETY: (I13) no block is left.
            unsafe { Self::free_or_put_aside(this) };
        }
    }

    /// Frees the heap's memory, or puts it aside where a real-time section forbids that.
    ///
    /// # Safety
    ///
    /// I13: nobody has a block, an origin that will still be used, or the handle.
    #[cold]
    unsafe fn free_or_put_aside(this: NonNull<HeapHeader>) {
        unsafe fn free(node: NonNull<aside::Node>) {
            // SAFETY: (I14) the node is in a `HeapHeader`.
            let this = unsafe { node.byte_sub(offset_of!(HeapHeader, aside)) };
            // SAFETY: (I14) nothing has used the heap since it was put aside.
            unsafe { HeapHeader::free(this.cast()) };
        }
        // SAFETY: (I13) the memory is not freed yet.
        let bytes = unsafe { this.as_ref() }.owner_part.memory.system_bytes();
        if aside::may_free(bytes).is_err() {
            // SAFETY: (I13) the field lies within the memory.
            let node = unsafe { this.byte_add(offset_of!(HeapHeader, aside)) };
            // SAFETY: (I14) nobody uses the heap any more, and its memory may be freed on any thread.
            return unsafe { aside::put(node.cast(), free) };
        }
        // SAFETY: (I13) the caller's promise.
        unsafe { Self::free(this) };
    }

    /// # Safety
    ///
    /// I13: as for `free_or_put_aside`.
    unsafe fn free(this: NonNull<HeapHeader>) {
        // SAFETY: (I13) the memory is not freed yet, and this is not used again. The field that owns the memory lies in
        // that memory, so it is moved out before it frees it.
        let shared = unsafe { this.read() };
        drop(shared);
    }
}

impl RtHeap {
    /// Makes a heap of `bytes` for this thread. Its boxes get less than that. Each block has a header of 16 bytes. Its
    /// size is rounded up to a multiple of 32 bytes or, above 1 KiB, to one of 32 sizes between two powers of two,
    /// which adds less than a 32nd (a 90th on average). An alignment above 16 bytes adds up to that alignment.
    ///
    /// # Panics
    ///
    /// When [`try_new`](RtHeap::try_new) gives an error.
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
    /// [`OutOfMemory`](ZoneError::OutOfMemory), [`TooLarge`](ZoneError::TooLarge) above 8 GiB, and
    /// [`Denied`](ZoneError::Denied) in a real-time section that forbids it.
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
        // The end mark of the allocator, and what aligns the start of its memory.
        let extra = size_of::<HeapHeader>().next_multiple_of(GRANULE) + 2 * GRANULE;
        let size = memory::round_up(bytes.next_multiple_of(GRANULE) + extra).ok_or(too_large)?;
        let taken = Memory::take(Request::HeapMemory, size)?;
        // SAFETY: (I13) nobody else has this memory.
        unsafe { prefault(taken.start, size) };
        Ok(Self::install(taken, bytes.next_multiple_of(GRANULE) + GRANULE))
    }

    /// Makes a heap in a buffer, for this thread. Its boxes get what the heap's own header and those of its blocks leave.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use memzone::{RtHeap, halloc_slice_in};
    ///
    /// // In firmware this is a `static` that is taken once, at the start.
    /// let buffer = Box::leak(Box::new([MaybeUninit::uninit(); 64 * 1024]));
    /// let heap = RtHeap::from_buffer(buffer)?;
    /// let delay = halloc_slice_in(&heap, 4096, 0.0_f32)?;
    /// assert!(delay.len() == 4096 && heap.capacity() > 40_000);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ZoneError::TooLarge), if the buffer has no room for the header and one block, or is larger than a
    /// heap can be.
    ///
    /// # Real-time
    ///
    /// Yes. It touches no page but the first and the last.
    pub fn from_buffer(buffer: &'static mut [MaybeUninit<u8>]) -> Result<RtHeap, ZoneError> {
        let offset = size_of::<HeapHeader>().next_multiple_of(GRANULE);
        let (least, available) = (offset + 3 * GRANULE, buffer.len());
        let too_small = ZoneError::TooLarge { requested: least, available };
        if available > MAX_BLOCK {
            return Err(ZoneError::TooLarge { requested: available, available: MAX_BLOCK });
        }
        let taken = Memory::borrow(buffer, least).ok_or(too_small)?;
        let pool = (taken.bytes - offset) / GRANULE * GRANULE;
        Ok(Self::install(taken, pool))
    }

    /// Makes a heap in memory that has room for the header and `pool` bytes for blocks, a multiple of `GRANULE`.
    fn install(taken: Taken, pool: usize) -> RtHeap {
        let header = taken.start.cast::<HeapHeader>();
        let offset = size_of::<HeapHeader>().next_multiple_of(GRANULE);
        // SAFETY: (I13) the memory is longer than that.
        let start = unsafe { taken.start.add(offset) };
        let pool = NonNull::slice_from_raw_parts(start, pool);
        // SAFETY: (I13) nobody else has this memory, and it lives as long as the heap.
        let blocks = unsafe { Blocks::over(pool) };
        let owner_part = OwnerPart {
            blocks,
            waiting: Cell::default(),
            has_taken: Cell::new(false),
            kept: Cell::new(NonNull::dangling()),
            kept_class: Cell::new(NONE_KEPT),
            live: Cell::new(0),
            used: Cell::new(0),
            peak: Cell::new(0),
            failed: Cell::new(0),
            pool,
            memory: taken.memory,
        };
        let remote = Remote::new(this_thread());
        let shared = HeapHeader { remote, owner_part, aside: MaybeUninit::uninit() };
        // SAFETY: (I13) the memory is aligned to a cache line and long enough, and nobody else has it.
        unsafe { header.write(shared) };
        RtHeap { shared: header, not_send: PhantomData }
    }

    #[inline(always)]
    fn shared(&self) -> &HeapHeader {
        // SAFETY: (I13) the handle keeps the memory alive.
        unsafe { self.shared.as_ref() }
    }

    /// Frees up to `most` blocks that were dropped on other threads, and returns the number. Each taking and freeing of
    /// a block does this for two blocks, so it is only needed if there is neither.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the number freed.
    pub fn drain(&self, most: usize) -> usize {
        // SAFETY: (I13) only the owner has a handle.
        unsafe { self.shared().drain(most) }
    }

    /// The bytes that live boxes have asked for, including those that wait to be freed.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn used(&self) -> usize {
        self.shared().owner_part.used.get()
    }

    /// The largest value that [`used`](RtHeap::used) has had.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn peak(&self) -> usize {
        self.shared().owner_part.peak.get()
    }

    /// The bytes that the empty heap holds as one block.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.shared().owner_part.pool.len().saturating_sub(GRANULE + GRANULE / 2)
    }

    /// The number of requests that found no free block.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn failed(&self) -> u64 {
        self.shared().owner_part.failed.get()
    }

    /// All figures of the heap.
    ///
    /// # Real-time
    ///
    /// No: it looks at every block.
    ///
    /// # Time complexity
    ///
    /// Linear in the number of blocks.
    pub fn stats(&self) -> HeapStats {
        let owner_part = &self.shared().owner_part;
        let taken = owner_part.waiting.take();
        let taken_len = taken.len();
        owner_part.waiting.set(taken);
        let (mut free, mut largest_free) = (0, 0);
        self.each_block(|_, payload, is_live| {
            if !is_live {
                free += payload;
                largest_free = largest_free.max(payload);
            }
        });
        // SAFETY: (I13) only the owner has a handle.
        let listed = unsafe { self.shared().remote.len() };
        HeapStats {
            capacity: self.capacity(),
            used: self.used(),
            free,
            largest_free,
            peak: self.peak(),
            live: owner_part.live.get(),
            waiting: listed + taken_len,
            failed: self.failed(),
        }
    }

    /// Calls `each` for every block, with its start, the most bytes that it can hold, and whether it is taken.
    fn each_block(&self, each: impl FnMut(usize, usize, bool)) {
        let owner_part = &self.shared().owner_part;
        // SAFETY: (I13) only the owner has a handle.
        unsafe { owner_part.keep_none() };
        // SAFETY: (I13) only the owner has a handle, and this is the memory that the blocks are in.
        unsafe { owner_part.blocks.each(owner_part.pool, each) };
    }

    /// Verifies the heap's invariants, in debug builds. The blocks lie side by side and fill the memory, no two free
    /// blocks touch, and as much is taken as was counted. In a release build it does nothing.
    ///
    /// # Panics
    ///
    /// When one is broken, which nothing in safe Rust can do.
    ///
    /// # Real-time
    ///
    /// No: it looks at every block.
    pub fn check(&self) {
        if !cfg!(debug_assertions) {
            return;
        }
        let owner_part = &self.shared().owner_part;
        let first = owner_part.pool.cast::<u8>().addr().get();
        let (mut next, mut live, mut taken_bytes) = (first, 0, 0);
        let mut last_was_free = false;
        self.each_block(|start, payload, is_live| {
            assert_eq!(start, next, "the blocks lie side by side");
            assert!(is_live || !last_was_free, "no two free blocks touch");
            last_was_free = !is_live;
            live += usize::from(is_live);
            taken_bytes += if is_live { payload } else { 0 };
            next = start + payload + GRANULE / 2;
        });
        assert_eq!(next, first + owner_part.pool.len() - GRANULE, "the blocks fill the memory");
        assert_eq!(live, owner_part.live.get(), "as many are taken as were counted");
        assert!(taken_bytes >= owner_part.used.get(), "what is taken has room");
        assert!(self.stats().waiting <= live, "what waits to be freed is not free");
        assert!(self.shared().remote.is_owner(this_thread()), "the heap is its owner's");
    }

    /// Makes the heap ready to go to another thread. Its boxes may stay where they are.
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

// SAFETY: (I12, I13) only the taker has what the allocator gives, and the allocator's own memory lives as long as the
// handle or any block. Blocks that are freed off the owner's thread go to the list.
unsafe impl Heap for RtHeap {
    type Origin = RtOrigin;

    #[inline]
    fn origin(&self) -> RtOrigin {
        RtOrigin(self.shared)
    }

    #[inline]
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        // SAFETY: (I13) only the owner has a handle.
        unsafe { self.shared().drain_some() };
        match self.try_take(layout) {
            Some(block) => Ok(block),
            None => self.take_when_full(layout),
        }
    }

    #[inline]
    unsafe fn give_back(origin: &RtOrigin, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: (I13) a block keeps the heap's memory alive.
        let shared = unsafe { origin.0.as_ref() };
        // A thread without a token owns no heap.
        if shared.remote.is_owner(TOKEN.get()) {
            // SAFETY: (I13) this is the owner's thread, and the rest is the caller's promise.
            let payload = unsafe { payload_of(memory, layout.align()) };
            let class = whole_class(layout).expect("a block was taken for this layout");
            // SAFETY: (I13) this is the owner's thread. The caller gives up the block, which was taken for this layout,
            // and so of this class.
            unsafe { shared.owner_part.keep(payload, class, layout.size()) };
            // SAFETY: (I13) this is the owner's thread. A heap that has an owner has its handle, which keeps the memory
            // alive.
            unsafe { shared.drain_some() };
        } else {
            // SAFETY: (I13) the caller's promise.
            unsafe { Self::give_back_elsewhere(*origin, memory, pack(layout)) };
        }
    }
}

impl RtHeap {
    /// Gives a block back on a thread that is not the heap's owner. It is no part of `give_back`, so that a box's drop is
    /// small enough to be inlined.
    ///
    /// # Safety
    ///
    /// I13: the caller gives up a block of this heap, with this packed layout.
    #[inline(never)]
    unsafe fn give_back_elsewhere(origin: RtOrigin, memory: NonNull<u8>, packed: usize) {
        // SAFETY: (I13) a block keeps the heap's memory alive.
        let shared = unsafe { origin.0.as_ref() };
        // SAFETY: (I13) a block has at least 16 bytes and is aligned to 16, and the caller gives it up.
        let pushed = unsafe { shared.remote.push(memory, packed) };
        // If the list is closed, the heap's handle has been dropped, and the block was counted then.
        if !pushed && shared.remote.one_less() {
            // SAFETY: (I13) that was the last block.
            unsafe { HeapHeader::free_or_put_aside(origin.0) };
        }
    }

    /// Takes a block, if there is one. What depends on the layout is worked out here, where it is known to the compiler.
    #[inline(always)]
    fn try_take(&self, layout: Layout) -> Option<NonNull<u8>> {
        let class = whole_class(layout)?;
        // SAFETY: (I13) only the owner has a handle.
        let payload = unsafe { self.shared().owner_part.take(class, layout.size()) }?;
        // SAFETY: (I13) it was just taken for this layout.
        Some(unsafe { align_in(payload, layout.align()) })
    }

    /// Tries again, after blocks of other threads were freed.
    #[cold]
    #[inline(never)]
    fn take_when_full(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        let owner_part = &self.shared().owner_part;
        // SAFETY: (I13) only the owner has a handle.
        let was_kept = unsafe { owner_part.keep_none() };
        if self.drain(DRAIN_WHEN_FULL) > 0 || was_kept {
            if let Some(block) = self.try_take(layout) {
                return Ok(block);
            }
        }
        owner_part.failed.set(owner_part.failed.get() + 1);
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
        // SAFETY: (I13) the only handle is given up here.
        unsafe { HeapHeader::close(self.shared) };
    }
}

impl fmt::Debug for RtHeap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner_part = &self.shared().owner_part;
        f.debug_struct("RtHeap")
            .field("bytes", &owner_part.pool.len())
            .field("used", &owner_part.used.get())
            .field("live", &owner_part.live.get())
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

// SAFETY: (I13) this is the only handle, and the heap has no owner in the meantime. Boxes that are dropped then go to
// the list, on every thread.
unsafe impl Send for SendHeap {}

impl SendHeap {
    /// Gives the heap to the calling thread, which is its owner from now on.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_heap(self) -> RtHeap {
        self.0.shared().remote.set_owner(this_thread());
        self.0
    }
}
