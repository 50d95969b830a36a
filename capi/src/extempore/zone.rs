//! One zone of Extempore's: the fields that generated code was compiled for, and memory of a zone of memzone's.
//!
//! The memory is taken from memzone in segments, each by one allocation, and handed out here by moving a cursor. The first
//! segment is all that the zone was made with. So the fast path is in this file, and needs nothing but the zone's own
//! fields.

use super::{ALIGN, HEADER, NONE, out_of_memory};
use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::{NonNull, null_mut};
use memzone::{Zone, ZoneError};

/// What an allocation of no bytes takes: its header, and one step, so that no two have the same address.
const SMALLEST: usize = HEADER + ALIGN;

/// More cannot be asked for. The sum with a header does not wrap.
const MOST: u64 = 1 << 47;

/// Segments are not made larger than this only because the last one was large.
const LARGEST_SEGMENT: usize = 64 << 20;

/// Zones up to this size are kept by their number, and larger ones by their bytes.
pub(super) const LARGE: usize = 64 << 10;

/// A zone as generated code sees it, and behind that what only this layer uses.
///
/// Generated code reads `offset`, sets it to 0 (its reset), and reads and writes `mark` and `cleanup_hooks`, all while no
/// function of this layer runs with the zone.
#[repr(C)]
pub struct mzone {
    /// The first segment's memory. Nobody but this layer uses it.
    pub(super) memory: Cell<*mut u8>,
    /// The bytes in use, in all segments together, or 0 after an inlined reset.
    pub(super) offset: Cell<u64>,
    /// The generated code's own.
    pub(super) mark: Cell<u64>,
    /// The size that the zone was made with.
    pub(super) size: Cell<u64>,
    /// The generated code's own.
    pub(super) cleanup_hooks: Cell<*mut c_void>,
    /// Always null: segments are memzone's.
    pub(super) memories: Cell<*mut mzone>,
    /// The cursor's address less `offset`, as this layer last wrote them. If the sum is not the cursor now, generated code
    /// has reset the zone.
    base: Cell<usize>,
    pub(super) cursor: Cell<*mut u8>,
    /// The end of the segment that the cursor is in.
    pub(super) end: Cell<*mut u8>,
    /// The end of the first segment.
    pub(super) first_end: Cell<*mut u8>,
    /// Whether the zone is in use, and how often it is on a stack; see `state`.
    pub(super) state: Cell<u64>,
    /// The bytes that the first segment has room for.
    pub(super) room: Cell<usize>,
    /// The next one in the list of those that a thread keeps.
    pub(super) next: Cell<*mut mzone>,
    /// Where the segments are. Only this file uses it.
    memory_of: UnsafeCell<Zone>,
    segments: Cell<usize>,
}

const _: () = {
    assert!(offset_of!(mzone, memory) == 0);
    assert!(offset_of!(mzone, offset) == 8);
    assert!(offset_of!(mzone, mark) == 16);
    assert!(offset_of!(mzone, size) == 24);
    assert!(offset_of!(mzone, cleanup_hooks) == 32);
    assert!(offset_of!(mzone, memories) == 40);
    assert!(HEADER % ALIGN == 0 && ALIGN.is_power_of_two() && HEADER >= size_of::<u64>());
};

/// The word that says what a zone is, and counts its places on a stack.
pub(super) mod state {
    /// It is in use, by whoever has made it.
    pub(crate) const LIVE: u64 = 1;
    /// It is kept by a thread, to be used again.
    pub(crate) const KEPT: u64 = 2;
    /// It is a thread's default or callback zone, and ends with the thread.
    pub(crate) const OF_A_THREAD: u64 = 4;
    /// It was destroyed while it was on a stack, and ends when it is popped.
    pub(crate) const DOOMED: u64 = 8;
    /// It has more than its first segment.
    pub(crate) const GROWN: u64 = 16;
    /// Its first segment is larger than `LARGE`.
    pub(crate) const LARGE: u64 = 32;
    /// One place on a stack.
    pub(crate) const PUSHED: u64 = 64;
}

impl mzone {
    /// Makes a zone with room for `size` bytes. It ends with `free`.
    pub(super) fn make(size: u64, state: u64) -> Result<NonNull<mzone>, ZoneError> {
        let too_large = ZoneError::TooLarge { requested: usize::MAX, available: MOST as usize };
        if size > MOST {
            return Err(too_large);
        }
        let capacity = (size as usize).max(SMALLEST).next_multiple_of(ALIGN);
        let memory_of = Zone::builder().capacity(capacity).try_build()?;
        // It has one block, so all that remains is that block's.
        let (start, end) = first_segment(&memory_of, memory_of.remaining() & !(ALIGN - 1))?;
        let room = end.addr() - start.addr();
        let state = if room > LARGE { state | state::LARGE } else { state };
        let place = NonNull::new(
            // SAFETY: (I16) the size is not zero.
            unsafe { std::alloc::alloc(Layout::new::<mzone>()) }.cast::<mzone>(),
        )
        .ok_or(ZoneError::OutOfMemory { requested: size_of::<mzone>() })?;
        let zone = mzone {
            memory: Cell::new(start),
            offset: Cell::new(0),
            mark: Cell::new(0),
            size: Cell::new(size),
            cleanup_hooks: Cell::new(null_mut()),
            memories: Cell::new(NONE),
            base: Cell::new(start.addr()),
            cursor: Cell::new(start),
            end: Cell::new(end),
            first_end: Cell::new(end),
            state: Cell::new(state),
            room: Cell::new(room),
            next: Cell::new(NONE),
            memory_of: UnsafeCell::new(memory_of),
            segments: Cell::new(1),
        };
        // SAFETY: (I61) the memory was just taken for it.
        unsafe { place.write(zone) };
        Ok(place)
    }

    /// Frees a zone.
    ///
    /// # Safety
    ///
    /// I61: nobody has the zone any more: no stack, no thread's list, and not the program.
    pub(super) unsafe fn free(zone: NonNull<mzone>) {
        // SAFETY: (I61) the caller's promise. It comes from `make`.
        drop(unsafe { Box::from_raw(zone.as_ptr()) });
    }

    /// Takes `size` bytes, all zero, behind a header with the size.
    #[inline(always)]
    pub(super) fn allocate(&self, size: u64) -> *mut c_void {
        // Where this wraps, the result is less than the size.
        let bytes = size.wrapping_add(SMALLEST as u64) & !(ALIGN as u64 - 1);
        let start = self.cursor.get();
        let left = self.end.get().addr() - start.addr();
        if !self.was_reset() && bytes > size && bytes as usize <= left {
            self.hand_out(start, size, bytes)
        } else {
            Self::allocate_cold(self, size)
        }
    }

    /// Whether generated code has reset the zone, and nothing was done with it since.
    #[inline(always)]
    fn was_reset(&self) -> bool {
        self.base.get().wrapping_add(self.offset.get() as usize) != self.cursor.get().addr()
    }

    #[inline(always)]
    fn hand_out(&self, start: *mut u8, size: u64, bytes: u64) -> *mut c_void {
        self.offset.set(self.offset.get() + bytes);
        // SAFETY: (I61) the segment has that many bytes left.
        self.cursor.set(unsafe { start.add(bytes as usize) });
        // SAFETY: (I61) these bytes are nobody's yet.
        unsafe { clear(start, size, bytes as usize) }
    }

    /// After an inlined reset, where a segment is full, and for a size that there is not.
    #[cold]
    #[inline(never)]
    extern "C" fn allocate_cold(&self, size: u64) -> *mut c_void {
        if self.was_reset() {
            self.rewind();
        }
        if size > MOST {
            let requested = usize::try_from(size).unwrap_or(usize::MAX);
            out_of_memory(size, ZoneError::TooLarge { requested, available: MOST as usize });
        }
        let bytes = (size + SMALLEST as u64) & !(ALIGN as u64 - 1);
        let left = self.end.get().addr() - self.cursor.get().addr();
        if bytes as usize > left {
            self.next_segment(bytes as usize).unwrap_or_else(|error| out_of_memory(size, error));
        }
        self.hand_out(self.cursor.get(), size, bytes)
    }

    /// Takes a segment with room for `bytes`.
    fn next_segment(&self, bytes: usize) -> Result<(), ZoneError> {
        // SAFETY: (I61) only this file's functions have references to it, and none is in use over a call of another.
        let memory = unsafe { &*self.memory_of.get() };
        let first = self.room.get();
        // The same sizes after each reset, so that memzone finds the blocks that it has kept.
        let wanted = first.saturating_mul(1 << self.segments.get().min(20)).min(LARGEST_SEGMENT);
        let wanted = wanted.next_multiple_of(ALIGN).max(bytes);
        let take = |bytes| {
            let layout = Layout::from_size_align(bytes, ALIGN);
            let layout = layout.map_err(|_| ZoneError::OutOfMemory { requested: bytes })?;
            memory.try_alloc_layout(layout).map(|start| (start.as_ptr(), bytes))
        };
        let (start, bytes) = take(wanted).or_else(|_| take(bytes))?;
        self.segments.set(self.segments.get() + 1);
        self.state.set(self.state.get() | state::GROWN);
        self.cursor.set(start);
        self.base.set(start.addr().wrapping_sub(self.offset.get() as usize));
        // SAFETY: (I61) the segment has that many bytes.
        self.end.set(unsafe { start.add(bytes) });
        Ok(())
    }

    /// Makes all of the zone's memory free to be used again. Segments that it has grown by are kept.
    #[inline]
    pub(super) fn rewind(&self) {
        if self.has_grown() {
            self.rewind_segments();
        }
        self.rewind_first();
    }

    #[cold]
    #[inline(never)]
    fn rewind_segments(&self) {
        // SAFETY: (I61) as in `next_segment`.
        let memory = unsafe { &mut *self.memory_of.get() };
        // Nothing else holds memzone's zone: it is never lent out, and has no hooks.
        let room = self.room.get();
        let again = memory.reset().and_then(|()| first_segment(memory, room));
        let (start, end) = again.unwrap_or_else(|error| out_of_memory(0, error));
        self.memory.set(start);
        self.end.set(end);
        self.first_end.set(end);
        self.base.set(start.addr());
        self.segments.set(1);
        self.state.set(self.state.get() & !state::GROWN);
    }

    /// Rewinds a zone that has not grown.
    #[inline(always)]
    pub(super) fn rewind_first(&self) {
        self.cursor.set(self.memory.get());
        self.offset.set(0);
    }

    /// Makes a zone that was kept, and rewound before, one that was just made.
    #[inline(always)]
    pub(super) fn renew(&self, size: u64, state: u64) {
        self.mark.set(0);
        self.size.set(size);
        self.cleanup_hooks.set(null_mut());
        self.state.set(state);
    }

    /// Gives back to the system what the zone has grown by. It was rewound, and is about to be kept or freed.
    pub(super) fn give_segments_back(&self) {
        // SAFETY: (I61) as in `next_segment`.
        let memory = unsafe { &mut *self.memory_of.get() };
        let room = self.room.get();
        // In a section that denies, it keeps them.
        let again =
            memory.trim(0).or_else(|_| memory.reset()).and_then(|()| first_segment(memory, room));
        again.unwrap_or_else(|error| out_of_memory(0, error));
    }

    fn has_grown(&self) -> bool {
        self.state.get() & state::GROWN != 0
    }

    /// Whether a pointer points into a segment that is in use.
    pub(super) fn contains(&self, pointer: *mut c_void) -> bool {
        if self.was_reset() {
            // It was reset, and this layer was not called since.
            self.rewind();
        }
        let address = pointer.addr();
        let first = self.memory.get().addr();
        let end = if self.has_grown() { self.first_end.get() } else { self.cursor.get() };
        if (first..end.addr()).contains(&address) {
            return true;
        }
        // SAFETY: (I61) as in `next_segment`.
        let memory = unsafe { &*self.memory_of.get() };
        // In the newest segment, what lies from the cursor on is not handed out yet.
        let free = self.cursor.get().addr()..self.end.get().addr();
        self.has_grown() && memory.contains(pointer) && !free.contains(&address)
    }

    /// The bytes that all segments together have room for.
    pub(super) fn capacity(&self) -> usize {
        // SAFETY: (I61) as in `next_segment`.
        unsafe { &*self.memory_of.get() }.capacity()
    }

    /// The bytes that are left in the current segment.
    pub(super) fn left(&self) -> usize {
        self.end.get().addr() - self.cursor.get().addr()
    }

    pub(super) fn segments(&self) -> usize {
        self.segments.get()
    }
}

/// Takes all that a zone has in its first block: where that starts and ends.
fn first_segment(memory: &Zone, room: usize) -> Result<(*mut u8, *mut u8), ZoneError> {
    let layout = Layout::from_size_align(room, ALIGN);
    let layout = layout.map_err(|_| ZoneError::OutOfMemory { requested: room })?;
    let start = memory.try_alloc_layout(layout)?.as_ptr();
    // SAFETY: (I61) `room` bytes were just taken.
    Ok((start, unsafe { start.add(room) }))
}

/// Writes a header with the size, clears all behind it, and returns where that is. `bytes` is the size of both together.
///
/// # Safety
///
/// I61: `bytes` bytes from `start` on are the caller's, aligned to `ALIGN`. They are a multiple of that, and at least
/// `SMALLEST`.
#[inline(always)]
unsafe fn clear(start: *mut u8, size: u64, bytes: usize) -> *mut c_void {
    /// What is written at once.
    #[repr(C, align(32))]
    struct Step([u64; 4]);

    /// Clears what is behind the first two steps. It takes and returns what the caller has in hand, so that the caller has
    /// to keep nothing over the call.
    #[inline(never)]
    unsafe extern "C" fn clear_rest(start: *mut u8, bytes: usize) -> *mut c_void {
        // SAFETY: (I61) the caller's promise.
        let rest = unsafe { start.add(SMALLEST) };
        // SAFETY: (I61) `bytes` bytes from `start` on are the caller's, and at least `SMALLEST`.
        unsafe { rest.write_bytes(0, bytes - SMALLEST) };
        // SAFETY: (I61) a header is shorter than `SMALLEST`.
        unsafe { start.add(HEADER) }.cast()
    }

    let steps = start.cast::<Step>();
    // SAFETY: (I61) the caller's promise.
    unsafe { steps.write(Step([0, 0, 0, size])) };
    // SAFETY: (I61) the caller's promise.
    let data = unsafe { steps.add(1) };
    // SAFETY: (I61) there are at least two steps.
    unsafe { data.write(Step([0; 4])) };
    if bytes == SMALLEST {
        return data.cast();
    }
    // SAFETY: (I61) the caller's promise.
    unsafe { clear_rest(start, bytes) }
}
