//! How a zone is made ready for new use: rewinding to its start, and giving blocks back.

use super::block::Block;
use super::header::{Header, state};
use super::stale;
use core::ptr::NonNull;

impl Header {
    /// Puts the cursor back to the start of the first block. All blocks are kept.
    ///
    /// # Safety
    ///
    /// I1: nothing in the zone may be used any more.
    pub(crate) unsafe fn rewind(&self) {
        self.leave_block();
        if stale::ON {
            let first = NonNull::from(&self.first);
            // SAFETY: (I1) the caller's promise.
            unsafe { self.close_from(first, self.first.start, self.current.get()) };
        }
        self.go_to(NonNull::from(&self.first), self.first.start, 0);
        self.state.set(self.state.get() & !(state::MOVED_ON | state::OVERSIZE));
    }

    /// Makes stale what is in use from `cursor` in `block` on, up to the end of what is in use in the block `last`.
    ///
    /// # Safety
    ///
    /// I1: nobody uses that any more.
    pub(super) unsafe fn close_from(
        &self,
        mut block: NonNull<Block>,
        cursor: NonNull<u8>,
        last: NonNull<Block>,
    ) {
        let mut start = cursor;
        loop {
            // SAFETY: (I2) blocks in the list live as long as the header.
            let this = unsafe { block.as_ref() };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(start, this.filled.get()) };
            match this.next.get() {
                Some(next) if block != last => block = next,
                _ => return,
            }
            // SAFETY: (I2) blocks in the list live as long as the header.
            start = unsafe { block.as_ref() }.start;
        }
    }

    /// Frees blocks so that what the zone has taken from the system fits into `keep` bytes. The first block stays. A
    /// later block stays if it fits together with the kept blocks before it.
    ///
    /// The high-water mark and the size of the next block start anew from what is left.
    ///
    /// # Safety
    ///
    /// I1: the zone must have been rewound.
    pub(crate) unsafe fn trim(&self, keep: usize) {
        let mut kept = self.first.memory.system_bytes();
        let mut largest = kept;
        let mut last = &self.first;
        while let Some(next) = last.next.get() {
            // SAFETY: (I2) blocks in the list live until they are freed here.
            let block = unsafe { next.as_ref() };
            let bytes = block.memory.system_bytes();
            if kept.saturating_add(bytes) <= keep {
                kept += bytes;
                largest = largest.max(bytes);
                last = block;
            } else {
                // SAFETY: (I1) nothing in the block is used, and it is unlinked at once.
                last.next.set(unsafe { self.free_block(next) });
            }
        }
        self.set_newest(largest);
        self.forget_high_water();
    }

    /// Frees a later block, and returns the one that came after it.
    ///
    /// # Safety
    ///
    /// I1: nothing in the block is used any more. The caller takes it out of the list before anybody follows that.
    pub(super) unsafe fn free_block(&self, block: NonNull<Block>) -> Option<NonNull<Block>> {
        // SAFETY: (I1) the block is still there. It is moved out of the memory that it frees, and nobody reads it there
        // again.
        let block = unsafe { block.read() };
        self.unlock_block(&block);
        stale::open(block.start, block.capacity());
        let Block { next, memory, .. } = block;
        self.blocks.set(self.blocks.get() - 1);
        self.system.set(self.system.get() - memory.system_bytes());
        drop(memory);
        next.get()
    }
}
