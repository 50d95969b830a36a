//! A heap for real-time threads, as `malloc` and `free` are used.
//!
//! C gives a block back by its pointer alone. So what memzone wants to know then, the heap and the block's layout, lies in
//! front of each block.

use crate::error::{Failure, code_of, mz_error, or_else};
use crate::owner::{FreeRecords, Owner, Record};
use crate::zone::layout;
use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::ptr::{NonNull, null, null_mut};
use memzone::{Heap, RtHeap, SendHeap, ZoneError};

type Origin = <RtHeap as Heap>::Origin;

/// A heap whose memory is all taken at the start. It belongs to the thread that made it, or to the one that received it.
/// Its blocks may be given back on every thread.
///
/// A handle that was freed is refused with `MZ_ERROR_FREED`. This cannot be relied on for ever: the handle of a new heap
/// may be the same pointer again, after 64 others were freed.
pub struct mz_heap {
    owner: Owner,
    heap: UnsafeCell<Kept>,
    /// The next record in the list of free ones.
    next: Cell<*const mz_heap>,
}

/// What a record holds.
enum Kept {
    Nothing,
    /// A heap of the thread that the record belongs to.
    Here(RtHeap),
    /// One that was handed over, and that nobody has received yet.
    Sent(SendHeap),
}

// SAFETY: (I60) all but the owner's word is touched only by the thread that the word names, or under the lock of the list
// of free records.
unsafe impl Sync for mz_heap {}

impl mz_heap {
    /// Takes out what the record holds. The record must be the calling thread's.
    fn take(&self) -> Kept {
        // SAFETY: (I13, I60) the record is the calling thread's, and nobody has a reference to what it holds.
        unsafe { self.heap.get().replace(Kept::Nothing) }
    }

    /// Puts something into the record, which holds nothing. The record must be the calling thread's.
    fn put(&self, what: Kept) {
        // SAFETY: (I13, I60) as in `take`.
        unsafe { self.heap.get().write(what) };
    }
}

impl Record for mz_heap {
    fn owner(&self) -> &Owner {
        &self.owner
    }

    fn next(&self) -> &Cell<*const mz_heap> {
        &self.next
    }
}

static FREE: FreeRecords<mz_heap> = FreeRecords::none();

/// The figures of a heap.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct mz_heap_stats {
    /// The bytes that the empty heap holds as one block.
    pub capacity: usize,
    /// The bytes that live blocks have asked for, with what lies in front of each, and those that wait to be freed.
    pub used: usize,
    /// The bytes that all free blocks could hold.
    pub free: usize,
    /// The bytes that the largest free block could hold.
    pub largest_free: usize,
    /// The largest value that `used` has had.
    pub peak: usize,
    /// The blocks, including those that wait to be freed.
    pub live: usize,
    /// The blocks that other threads have given back, and that the owner has not taken back yet.
    pub waiting: usize,
    /// The requests that found no free block.
    pub failed: u64,
}

/// What lies in front of a block.
#[repr(C)]
struct Front {
    origin: Origin,
    layout: Layout,
    /// `LIVE`, mixed with the address, as long as the block is not given back.
    mark: usize,
}

const LIVE: usize = 0x6D7A_6C69_7665_6D7A;

/// The room in front of a block of this alignment.
const fn room_in_front(align: usize) -> usize {
    let least = size_of::<Front>().next_multiple_of(MIN_ALIGN);
    if align > least { align } else { least }
}

/// The alignment of each block.
const MIN_ALIGN: usize = 16;

const _: () = assert!(align_of::<Front>() <= MIN_ALIGN);

/// The place of a block's `Front`.
fn front_of(block: NonNull<u8>) -> NonNull<Front> {
    // It lies in the block's memory where `block` is what `mz_heap_alloc` gave, and is not touched otherwise.
    let front = block.as_ptr().wrapping_sub(size_of::<Front>());
    NonNull::new(front.cast()).unwrap_or(NonNull::dangling())
}

fn record<'a>(heap: *const mz_heap) -> Result<&'a mz_heap, Failure> {
    // SAFETY: (I60) the callers' contract: a handle that this library gave out, so a record, or NULL.
    unsafe { heap.as_ref() }.ok_or(Failure::Null("heap"))
}

/// The record of a heap that the calling thread may use.
#[inline(always)]
fn mine<'a>(heap: *const mz_heap) -> Result<&'a mz_heap, Failure> {
    let record = record(heap)?;
    if !record.owner.is_mine() {
        return Err(record.owner.refusal());
    }
    Ok(record)
}

/// Does something with a heap of the calling thread's.
#[inline(always)]
fn with<T>(
    heap: *const mz_heap,
    use_it: impl FnOnce(&RtHeap) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let record = mine(heap)?;
    // SAFETY: (I13, I60) the record is the calling thread's, and nothing that runs here takes its heap out.
    match unsafe { &*record.heap.get() } {
        Kept::Here(heap) => use_it(heap),
        _ => Err(Failure::Freed),
    }
}

/// Makes a heap of `bytes` for this thread. Its blocks get less than that: each has some 50 bytes of its own. NULL on an
/// error.
///
/// Real-time: no, it takes all its memory and touches every page of it.
#[unsafe(no_mangle)]
pub extern "C" fn mz_heap_new(bytes: usize) -> *mut mz_heap {
    fn new_record<'a>() -> Option<&'a mz_heap> {
        // SAFETY: (I16) the size is not zero.
        let place = unsafe { std::alloc::alloc(Layout::new::<mz_heap>()) };
        let place = NonNull::new(place)?.cast::<mz_heap>();
        let record = mz_heap {
            owner: Owner::nobody(),
            heap: UnsafeCell::new(Kept::Nothing),
            next: Cell::new(null()),
        };
        // SAFETY: (I60) the memory was just taken for it.
        unsafe { place.write(record) };
        // SAFETY: (I60) it was just written, and is never freed.
        Some(unsafe { place.as_ref() })
    }
    or_else(null_mut(), || {
        let heap = RtHeap::try_new(bytes)?;
        let requested = size_of::<mz_heap>();
        let record = FREE.take().or_else(new_record).ok_or(ZoneError::OutOfMemory { requested })?;
        record.put(Kept::Here(heap));
        record.owner.give_to_this_thread();
        Ok((&raw const *record).cast_mut())
    })
}

/// Frees the heap. Its memory is freed now, or with the last of its blocks: those may still be used, and given back with
/// `mz_heap_dealloc`. NULL is not an error.
///
/// Real-time: no, it gives memory back. In a section that denies, it is put aside for `mz_rt_collect`.
///
/// # Safety
///
/// `heap` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_heap_free(heap: *mut mz_heap) -> mz_error {
    if heap.is_null() {
        return mz_error::MZ_OK;
    }
    code_of(|| {
        let record = mine(heap)?;
        record.owner.begin();
        drop(record.take());
        FREE.put(record);
        Ok(())
    })
}

/// Takes a block of `size` bytes, which are not initialised. `alignment` is a power of two up to 4096. NULL on an error.
///
/// What other threads have given back is taken back here, two blocks each time.
///
/// Real-time: yes, in constant time.
///
/// # Safety
///
/// `heap` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_heap_alloc(
    heap: *mut mz_heap,
    size: usize,
    alignment: usize,
) -> *mut c_void {
    or_else(null_mut(), || {
        layout(size, alignment)?;
        let align = alignment.max(MIN_ALIGN);
        let front = room_in_front(align);
        let too_large = ZoneError::TooLarge { requested: size, available: isize::MAX as usize };
        let bytes = size.checked_add(front).ok_or(too_large)?;
        let layout = Layout::from_size_align(bytes, align).map_err(|_| too_large)?;
        with(heap, |heap| {
            let start = heap.take(layout)?;
            // SAFETY: (I12) the block has more than `front` bytes.
            let block = unsafe { start.add(front) };
            let mark = LIVE ^ block.addr().get();
            // SAFETY: (I12) at least the size of a `Front` lies in front of the block, aligned for one.
            unsafe { front_of(block).write(Front { origin: heap.origin(), layout, mark }) };
            Ok(block.as_ptr().cast())
        })
    })
}

/// Gives a block back, on any thread. NULL is not an error.
///
/// A block that was given back already is refused with `MZ_ERROR_FREED`, as long as its memory was not used again. (After
/// the heap itself was freed and the last block with it, that cannot be seen.)
///
/// Real-time: yes, in constant time. The last block of a heap that was freed: no.
///
/// # Safety
///
/// `block` is NULL or from `mz_heap_alloc`, and nobody uses it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_heap_dealloc(block: *mut c_void) -> mz_error {
    let Some(block) = NonNull::new(block.cast::<u8>()) else { return mz_error::MZ_OK };
    code_of(|| {
        if block.addr().get() % MIN_ALIGN != 0 {
            return Err(Failure::Misaligned("block"));
        }
        let place = front_of(block);
        // SAFETY: (I12, I60) the caller's promise: a `Front` lies in front of it.
        let mark = unsafe { &raw mut (*place.as_ptr()).mark };
        // SAFETY: (I60) the caller's promise: the block's memory is there, and its mark is aligned.
        if unsafe { mark.read() } != LIVE ^ block.addr().get() {
            return Err(Failure::Freed);
        }
        // SAFETY: (I60) the block is live, so its `Front` is this library's to change.
        unsafe { mark.write(0) };
        // SAFETY: (I12) `mz_heap_alloc` has written it, and the block was not given back yet.
        let Front { origin, layout, .. } = unsafe { place.read() };
        // SAFETY: (I12) the block begins this far in front of what was given out.
        let start = unsafe { block.sub(room_in_front(layout.align())) };
        // SAFETY: (I12) it was taken with this layout from the heap that made the origin, and the caller gives it up.
        unsafe { RtHeap::give_back(&origin, start, layout) };
        Ok(())
    })
}

/// Takes back up to `most` blocks that other threads have given back, and returns how many. 0 on an error.
///
/// Real-time: yes, in time linear in the blocks.
///
/// # Safety
///
/// `heap` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_heap_drain(heap: *mut mz_heap, most: usize) -> usize {
    or_else(0, || with(heap, |heap| Ok(heap.drain(most))))
}

/// The bytes that live blocks have asked for, with what lies in front of each. 0 on an error.
///
/// Real-time: yes.
///
/// # Safety
///
/// `heap` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_heap_used(heap: *const mz_heap) -> usize {
    or_else(0, || with(heap, |heap| Ok(heap.used())))
}

/// The bytes that the empty heap holds as one block. 0 on an error.
///
/// Real-time: yes.
///
/// # Safety
///
/// `heap` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_heap_capacity(heap: *const mz_heap) -> usize {
    or_else(0, || with(heap, |heap| Ok(heap.capacity())))
}

/// The heap's figures.
///
/// Real-time: no, it looks at every block.
///
/// # Safety
///
/// `heap` is NULL or a handle of this library's. `stats` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_read_heap_stats(
    heap: *const mz_heap,
    stats: *mut mz_heap_stats,
) -> mz_error {
    code_of(|| {
        // SAFETY: (I60) the caller's promise.
        let place = unsafe { stats.as_mut() }.ok_or(Failure::Null("stats"))?;
        with(heap, |heap| {
            let stats = heap.stats();
            *place = mz_heap_stats {
                capacity: stats.capacity,
                used: stats.used,
                free: stats.free,
                largest_free: stats.largest_free,
                peak: stats.peak,
                live: stats.live,
                waiting: stats.waiting,
                failed: stats.failed,
            };
            Ok(())
        })
    })
}

/// Hands the heap over: from here on it belongs to the first thread that calls `mz_heap_receive` with it. Its blocks stay
/// as they are.
///
/// Real-time: yes.
///
/// # Safety
///
/// `heap` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_heap_send(heap: *mut mz_heap) -> mz_error {
    code_of(|| {
        let record = mine(heap)?;
        // From here on, blocks that are given back on this thread go to the list, as the heap has no owner.
        let sent = match record.take() {
            Kept::Here(heap) => Kept::Sent(heap.into_sendable()),
            other => other,
        };
        record.put(sent);
        record.owner.send();
        Ok(())
    })
}

/// Takes a heap over that another thread has handed over with `mz_heap_send`. It is this thread's from here on.
///
/// Real-time: yes.
///
/// # Safety
///
/// `heap` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_heap_receive(heap: *mut mz_heap) -> mz_error {
    code_of(|| {
        let record = record(heap)?;
        record.owner.receive()?;
        let here = match record.take() {
            Kept::Sent(heap) => Kept::Here(heap.into_heap()),
            other => other,
        };
        record.put(here);
        Ok(())
    })
}
