//! The blocks of a heap: TLSF (crate `rlsf`), with sizes and alignments rounded so that what was freed is found again.

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// TLSF with first-level classes for blocks up to 8 GiB (2 GiB on 32-bit systems), each with 32 second-level classes.
type Tlsf = rlsf::Tlsf<'static, u32, u32, CLASSES, 32>;

const CLASSES: usize = if usize::BITS == 64 { 28 } else { 27 };

/// The size of each block is a multiple of this. Half of it is the block's header.
pub(crate) const GRANULE: usize = rlsf::GRANULARITY;

/// The most bytes that one block can have.
pub(crate) const MAX_BLOCK: usize = (GRANULE << CLASSES) - GRANULE;

/// The bytes in front of a block's payload. Payloads are aligned to this, unless a larger alignment is asked for.
const BLOCK_HEADER: usize = GRANULE / 2;

/// No class is larger, and there is a layout of that size. On a 64-bit system the largest block, a header and the largest
/// alignment, rounded up, are less.
const LARGEST_CLASS: usize = {
    let (all, most) = (MAX_BLOCK.saturating_mul(4), isize::MAX as usize - BLOCK_HEADER);
    if all < most { all } else { most }
};

/// What a block with this layout holds while it waits to be freed: its size, and whether its alignment is larger than
/// that of a payload, in one word.
#[inline]
pub(crate) fn pack(layout: Layout) -> usize {
    layout.size() << 1 | usize::from(layout.align() > BLOCK_HEADER)
}

// A block's size fits beside the bit. A 32-bit system has no bit to spare.
const _: () = assert!(MAX_BLOCK <= usize::MAX >> 1);

/// The size that was packed, and an alignment that is larger than a payload's exactly where the packed one was.
#[inline]
pub(crate) fn unpack(packed: usize) -> (usize, usize) {
    (packed >> 1, if packed & 1 == 1 { 2 * BLOCK_HEADER } else { 1 })
}

/// The bytes that the allocator is asked for, for this layout. Their block fills a whole size class.
///
/// The allocator puts a free block into the largest class that is not larger than the block. It searches from the
/// smallest class that is not smaller than the request. So a block whose size lies between two classes would not be
/// found for the same request when it is free again. Larger alignments are made here for the same reason: the request
/// has room for them at every place, as the allocator would cut off what one place does not need.
#[inline(always)]
pub(super) fn whole_class(layout: Layout) -> Option<usize> {
    if layout.size() > MAX_BLOCK || layout.align() > MAX_BLOCK {
        return None;
    }
    // A header, and up to `align` bytes less the payload's own alignment.
    let block = layout.size() + layout.align().max(BLOCK_HEADER);
    // There are 32 classes between two powers of two, but none is smaller than a granule.
    let within = usize::MAX >> block.leading_zeros() >> 6 | (GRANULE - 1);
    let class = ((block + within) & !within) - BLOCK_HEADER;
    // On a 32-bit system this may be more than there is a layout of.
    if usize::BITS < 64 && class > LARGEST_CLASS {
        return None;
    }
    Some(class)
}

/// The place for a value in a payload that was taken for its layout.
///
/// # Safety
///
/// I13: the payload is of the layout's class, and nobody uses it yet.
#[inline(always)]
pub(super) unsafe fn align_in(payload: NonNull<u8>, align: usize) -> NonNull<u8> {
    if align <= BLOCK_HEADER {
        return payload;
    }
    let up = payload.addr().get().next_multiple_of(align) - payload.addr().get();
    // SAFETY: (I13) this is at most `align` less the payload's own alignment, and the request has room for that and
    // the size.
    let aligned = unsafe { payload.add(up) };
    // SAFETY: (I13) alignments above 16 are multiples of 32, and a payload lies in the middle between two multiples
    // of 32. So at least 16 bytes before the aligned place belong to the block and are not in use.
    let start = unsafe { aligned.cast::<NonNull<u8>>().sub(1) };
    // SAFETY: (I13) these bytes belong to the block, and nobody uses them. They are aligned for a pointer, as the place
    // behind them is aligned to more.
    unsafe { start.write(payload) };
    aligned
}

/// The payload in which a block's place lies.
///
/// # Safety
///
/// I13: the place is from `align_in`, with an alignment that is larger than a payload's own exactly where this is.
#[inline(always)]
pub(super) unsafe fn payload_of(block: NonNull<u8>, align: usize) -> NonNull<u8> {
    if align <= BLOCK_HEADER {
        return block;
    }
    // SAFETY: (I13) `align_in` has written the start of the payload there.
    let start = unsafe { block.cast::<NonNull<u8>>().sub(1) };
    // SAFETY: (I13) the pointer there was written by `align_in`, and the block's user has no bytes in front of the
    // place.
    unsafe { start.read() }
}

/// The blocks that a piece of memory is divided into.
pub(crate) struct Blocks {
    tlsf: UnsafeCell<Tlsf>,
}

impl Blocks {
    /// One free block, which is all of the memory.
    ///
    /// # Safety
    ///
    /// I13: nobody else has the memory, and it lives as long as any block is used.
    pub(crate) unsafe fn over(pool: NonNull<[u8]>) -> Blocks {
        let mut tlsf = Tlsf::new();
        // SAFETY: (I13) the caller's promise.
        unsafe { tlsf.insert_free_block_ptr(pool) };
        Blocks { tlsf: UnsafeCell::new(tlsf) }
    }

    /// # Safety
    ///
    /// I13: only the owner may call this, and the reference must be gone before the next call.
    #[allow(clippy::mut_from_ref)]
    #[inline]
    unsafe fn tlsf(&self) -> &mut Tlsf {
        // SAFETY: (I13) the caller's promise.
        unsafe { &mut *self.tlsf.get() }
    }

    /// Takes a block.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this.
    #[cfg(feature = "rt-alloc")]
    #[inline(always)]
    pub(crate) unsafe fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: (I13) the caller's promise.
        let payload = unsafe { self.allocate_class(whole_class(layout)?) }?;
        // SAFETY: (I13) the payload is of this layout's class.
        Some(unsafe { align_in(payload, layout.align()) })
    }

    /// Takes a block that fills a whole class, and gives its payload.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this. `class` is from `whole_class`.
    #[inline(always)]
    pub(super) unsafe fn allocate_class(&self, class: usize) -> Option<NonNull<u8>> {
        // This is known for each class. The allocator need not look whether sums with it wrap.
        // SAFETY: (I13) `whole_class` gives none that is larger.
        unsafe { core::hint::assert_unchecked(class <= LARGEST_CLASS) };
        // SAFETY: (I13) the alignment is a power of two, and `class` is at most `LARGEST_CLASS`, for which there is a
        // layout.
        let request = unsafe { Layout::from_size_align_unchecked(class, BLOCK_HEADER) };
        // SAFETY: (I13) the caller's promise.
        unsafe { self.tlsf() }.allocate(request)
    }

    /// Frees a block.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this. The block was taken with this alignment, and nobody uses it any more.
    #[cfg(feature = "rt-alloc")]
    #[inline]
    pub(crate) unsafe fn free(&self, block: NonNull<u8>, align: usize) {
        // SAFETY: (I13) the caller's promise.
        let payload = unsafe { payload_of(block, align) };
        // SAFETY: (I13) the caller's promise.
        unsafe { self.free_payload(payload) };
    }

    /// Frees a block by its payload.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this. Nobody uses the block any more.
    #[inline]
    pub(super) unsafe fn free_payload(&self, payload: NonNull<u8>) {
        // SAFETY: (I13) the caller's promise.
        let tlsf = unsafe { self.tlsf() };
        // SAFETY: (I13) the caller's promise, and the alignment that `allocate_class` has asked for.
        unsafe { tlsf.deallocate(payload, BLOCK_HEADER) };
    }

    /// Makes a block larger or smaller: where it lies if there is room, or in another place, to which its contents are
    /// moved. `None` if there is no room, or if this alignment needs a new block; the block is as it was then.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this. The block was taken with this layout. If the result is another place, nobody
    /// uses the old one any more.
    #[cfg(feature = "rt-alloc")]
    pub(crate) unsafe fn resize(
        &self,
        block: NonNull<u8>,
        layout: Layout,
        new_size: usize,
    ) -> Option<NonNull<u8>> {
        if layout.align() > BLOCK_HEADER {
            return None;
        }
        let class = whole_class(Layout::from_size_align(new_size, layout.align()).ok()?)?;
        let request = Layout::from_size_align(class, BLOCK_HEADER).ok()?;
        // SAFETY: (I13) the caller's promise.
        let tlsf = unsafe { self.tlsf() };
        // SAFETY: (I13) the caller's promise, and the alignment that `allocate` has asked for.
        unsafe { tlsf.reallocate(block, request) }
    }

    /// Calls `each` for every block, with its start, the most bytes that it can hold, and whether it is taken.
    ///
    /// # Safety
    ///
    /// I13: only the owner may call this. `pool` is the memory that the blocks are made of.
    pub(crate) unsafe fn each(
        &self,
        pool: NonNull<[u8]>,
        mut each: impl FnMut(usize, usize, bool),
    ) {
        // In a heap of no bytes there is only the end mark, which is not memory that the allocator has taken.
        if pool.len() <= GRANULE {
            return;
        }
        // SAFETY: (I13) the caller's promise.
        let tlsf = unsafe { self.tlsf() };
        // SAFETY: (I13) this is the memory that the allocator was given.
        for info in unsafe { tlsf.iter_blocks(pool) } {
            let start = info.as_ptr().cast::<u8>().addr().get();
            each(start, info.max_payload_size(), info.is_occupied());
        }
    }
}
