//! A block: one piece of a zone's memory.

use super::memory::{BLOCK_ALIGN, Memory};
use core::cell::Cell;
use core::ptr::NonNull;

/// Bytes at the start of each further block.
pub(super) const BLOCK_HEADER: usize = size_of::<Block>().next_multiple_of(BLOCK_ALIGN);

/// A region of a zone: the first one is in the header, each other at the start of its memory.
pub(crate) struct Block {
    pub(crate) next: Cell<Option<NonNull<Block>>>,
    pub(crate) start: NonNull<u8>,
    pub(crate) end: NonNull<u8>,
    /// How far it was filled when the cursor left it.
    pub(crate) filled: Cell<NonNull<u8>>,
    pub(crate) memory: Memory,
}

impl Block {
    /// Bytes of its data, used and not.
    pub(crate) fn room(&self) -> usize {
        self.end.addr().get() - self.start.addr().get()
    }
}

// Grows only for a reason: each further block has one.
const _: () = assert!(BLOCK_HEADER == 64 && align_of::<Block>() <= BLOCK_ALIGN);
