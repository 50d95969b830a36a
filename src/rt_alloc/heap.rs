//! One heap of the region: its blocks, which only its owner touches, and what other threads add to.

use super::shared::{Aside, Ownership, PutAside};
use crate::heap::blocks::{Blocks, GRANULE, pack, unpack};
use crate::heap::remote::{NOBODY, Remote, Taken};
use crate::insight::heaps::HeapFigures;
use crate::system::pages::{self, LockError, PAGE};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;

/// The most blocks of other threads that the owner frees with each of its own operations.
const BLOCKS_PER_DRAIN: usize = 2;

/// The most blocks that the owner frees when a request found no free block, before it tries again.
const DRAIN_WHEN_FULL: usize = 64;

/// As long as so many blocks wait to be collected, no more are put aside.
const MOST_ASIDE: usize = 64 << 10;

/// As long as blocks of so many bytes wait to be collected, no more are put aside.
const MOST_BYTES_ASIDE: usize = 64 << 20;

/// What lies at the start of a heap's memory. It never moves, and never ends.
pub(super) struct Heap {
    /// Its place in the region.
    pub(super) place: usize,
    pub(super) figures: &'static HeapFigures,
    pub(super) ownership: Ownership,
    /// The blocks that other threads have freed.
    remote: Remote,
    aside: Aside,
    /// Only the owner touches what follows.
    blocks: Blocks,
    /// Blocks that were taken from the list and are not freed yet.
    waiting: Cell<Taken>,
    has_taken: Cell<bool>,
    bytes: usize,
}

// SAFETY: (I50) threads that do not own the heap touch only the parts made for that.
unsafe impl Sync for Heap {}

/// The bytes of memory of a heap with room for so many bytes, or `None` if they are too many.
pub(super) fn bytes_for(room: usize) -> Option<usize> {
    let header = size_of::<Heap>().next_multiple_of(GRANULE);
    // The end mark of the blocks.
    room.checked_add(header + 2 * GRANULE)?.checked_next_multiple_of(PAGE)
}

/// The bits of a word that an alignment's logarithm takes.
const ALIGN_BITS: u32 = 6;

/// A layout in one word, for what is put aside. Larger sizes than a word has room for are not put aside.
fn pack_layout(layout: Layout) -> usize {
    layout.size() << ALIGN_BITS | layout.align().trailing_zeros() as usize
}

/// The size and alignment that were packed.
pub(super) fn unpack_layout(packed: usize) -> (usize, usize) {
    (packed >> ALIGN_BITS, 1 << (packed & ((1 << ALIGN_BITS) - 1)))
}

impl Heap {
    /// Makes a heap of this memory, which the caller owns.
    ///
    /// # Safety
    ///
    /// I50: nobody else has the memory, which stays for ever, and begins at a page. The bytes are those of `bytes_for`.
    pub(super) unsafe fn make(
        memory: NonNull<u8>,
        bytes: usize,
        place: usize,
        figures: &'static HeapFigures,
    ) -> &'static Heap {
        let offset = size_of::<Heap>().next_multiple_of(GRANULE);
        // SAFETY: (I50) the memory is longer than that.
        let start = unsafe { memory.add(offset) };
        let pool = NonNull::slice_from_raw_parts(start, bytes - offset);
        // SAFETY: (I50) nobody else has the memory.
        let blocks = unsafe { Blocks::over(pool) };
        let size = bytes - offset - 2 * GRANULE;
        figures.size.store(size, Relaxed);
        let heap = Heap {
            place,
            figures,
            ownership: Ownership::mine(),
            remote: Remote::new(NOBODY),
            aside: Aside::new(),
            blocks,
            waiting: Cell::default(),
            has_taken: Cell::new(false),
            bytes,
        };
        let header = memory.cast::<Heap>();
        // SAFETY: (I50) the memory is long enough, and aligned to a page.
        unsafe { header.write(heap) };
        // SAFETY: (I50) it was just written, and stays for ever.
        unsafe { header.as_ref() }
    }

    /// The bytes of memory that the heap has, with its bookkeeping.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn lock(&self) -> Result<(), LockError> {
        pages::lock(NonNull::from(self).cast(), self.bytes)
    }

    /// Asks for huge pages, and returns the bytes that they have, or 0 if the system refuses.
    pub(super) fn ask_huge(&self) -> usize {
        let start = NonNull::from(self).cast();
        if pages::ask_huge(start, self.bytes) { pages::huge_bytes(start, self.bytes) } else { 0 }
    }

    /// Takes a block. `None` if there is no room.
    ///
    /// # Safety
    ///
    /// I50: only the owner may call this.
    pub(super) unsafe fn take(&self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: (I50) the caller's promise.
        unsafe { self.drain_some() };
        // SAFETY: (I50) the caller's promise.
        let mut block = unsafe { self.blocks.allocate(layout) };
        // SAFETY: (I50) the caller's promise.
        if block.is_none() && unsafe { self.drain(DRAIN_WHEN_FULL) } > 0 {
            // SAFETY: (I50) the caller's promise.
            block = unsafe { self.blocks.allocate(layout) };
        }
        match block {
            Some(_) => self.figures.taken(layout.size()),
            None => self.figures.refused(),
        }
        block
    }

    /// Frees a block of this heap.
    ///
    /// # Safety
    ///
    /// I50: only the owner may call this. The block was taken with this layout, and nobody uses it any more.
    pub(super) unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: (I50) the caller's promise.
        unsafe { self.free_only(block, layout.size(), layout.align()) };
        // SAFETY: (I50) the caller's promise.
        unsafe { self.drain_some() };
    }

    /// # Safety
    ///
    /// I50: as for `free`.
    unsafe fn free_only(&self, block: NonNull<u8>, size: usize, align: usize) {
        // SAFETY: (I50) the caller's promise.
        unsafe { self.blocks.free(block, align) };
        self.figures.freed(size);
    }

    /// Makes a block larger or smaller, here or in another place of the heap. `None` if it cannot be done here.
    ///
    /// # Safety
    ///
    /// I50: as for `free`. If the result is another place, the block is freed.
    pub(super) unsafe fn resize(
        &self,
        block: NonNull<u8>,
        layout: Layout,
        new_size: usize,
    ) -> Option<NonNull<u8>> {
        // SAFETY: (I50) the caller's promise.
        let resized = unsafe { self.blocks.resize(block, layout, new_size) }?;
        self.figures.freed(layout.size());
        self.figures.taken(new_size);
        Some(resized)
    }

    /// Gives back a block of this heap. Any thread may do so.
    ///
    /// # Safety
    ///
    /// I51: the block was taken from this heap with this layout, and nobody uses it any more.
    pub(super) unsafe fn give_back(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: (I13) a block has at least 16 bytes and is aligned to 16, and the caller gives it up.
        unsafe { self.remote.push(block, pack(layout)) };
    }

    /// Frees a few blocks that other threads have given back, if there are any.
    ///
    /// # Safety
    ///
    /// I50: only the owner may call this.
    #[inline]
    unsafe fn drain_some(&self) {
        if self.has_taken.get() || !self.remote.is_empty() {
            // SAFETY: (I50) the caller's promise.
            unsafe { self.drain(BLOCKS_PER_DRAIN) };
        }
    }

    /// Frees up to `most` blocks that other threads have given back, and returns their number.
    ///
    /// # Safety
    ///
    /// I50: only the owner may call this.
    pub(super) unsafe fn drain(&self, most: usize) -> usize {
        let mut waiting = self.waiting.take();
        let mut freed = 0;
        while freed < most {
            let Some((block, packed)) = waiting.next() else {
                // SAFETY: (I50) the caller's promise.
                waiting = unsafe { self.remote.take() };
                if waiting.is_empty() {
                    break;
                }
                continue;
            };
            let (size, align) = unpack(packed);
            // SAFETY: (I51) whoever gave the block back gave it up.
            unsafe { self.free_only(block, size, align) };
            freed += 1;
        }
        self.has_taken.set(!waiting.is_empty());
        self.waiting.set(waiting);
        freed
    }

    /// Puts a block of the allocator below aside. The result is `false` if too much waits already. The block still
    /// belongs to the caller then.
    ///
    /// # Safety
    ///
    /// I52: only the owner may call this. The block was taken with this layout, has room for a node, and nobody uses it
    /// any more.
    pub(super) unsafe fn put_aside(&self, block: NonNull<u8>, layout: Layout) -> bool {
        let [blocks, bytes] = self.figures.waiting();
        let is_too_large = layout.size() > usize::MAX >> ALIGN_BITS;
        if blocks >= MOST_ASIDE || bytes >= MOST_BYTES_ASIDE || is_too_large {
            return false;
        }
        self.figures.put_aside(layout.size());
        // SAFETY: (I52) the caller's promise.
        unsafe { self.aside.put(block, pack_layout(layout)) };
        true
    }

    /// Takes what was put aside. Any thread may do so.
    pub(super) fn take_aside(&self) -> PutAside {
        self.aside.take()
    }
}
