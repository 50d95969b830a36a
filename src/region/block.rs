//! A block: one piece of a zone's memory.

#![forbid(unsafe_code)]

use super::memory::{BLOCK_ALIGN, Memory};
use core::cell::Cell;
use core::ptr::NonNull;

/// Bytes that each block but the first one uses for its own header.
pub(super) const BLOCK_HEADER: usize = size_of::<Block>().next_multiple_of(BLOCK_ALIGN);

/// One piece of a zone's memory. The first block is described in the zone's header, and each later one at the start
/// of its own memory.
pub(crate) struct Block {
    pub(crate) next: Cell<Option<NonNull<Block>>>,
    pub(crate) start: NonNull<u8>,
    pub(crate) end: NonNull<u8>,
    /// The cursor's last place in this block before it moved on to another one.
    pub(crate) filled: Cell<NonNull<u8>>,
    pub(crate) memory: Memory,
}

impl Block {
    /// Bytes of data that the block can hold, used or not.
    pub(crate) fn capacity(&self) -> usize {
        self.end.addr().get() - self.start.addr().get()
    }
}

// Every later block pays for this header, so it should only grow for a good reason.
const _: () = assert!(BLOCK_HEADER == 64 && align_of::<Block>() <= BLOCK_ALIGN);
