//! Going back to an earlier state of a zone, as if nothing had been allocated since.

use super::block::Block;
use super::header::{Header, state};
use crate::system::aside;
use core::ptr::NonNull;

/// Where a zone's cursor was, and how many blocks the zone had.
#[derive(Clone, Copy)]
pub(crate) struct Checkpoint {
    cursor: NonNull<u8>,
    blocks: u32,
}

impl Header {
    #[inline(always)]
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { cursor: self.cursor.get(), blocks: self.blocks.get() }
    }

    /// Goes back to a checkpoint. As many blocks as were taken since are given back to the system, the largest first,
    /// if a section does not forbid that.
    ///
    /// # Safety
    ///
    /// I1: nobody uses anything that was allocated in this zone since the checkpoint, and it was not rewound since.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn go_back(&self, to: Checkpoint) {
        if self.state.get() & state::EMPTY != 0 {
            return;
        }
        self.leave_block();
        let current = self.current.get();
        let cursor = to.cursor.addr().get();
        let mut used_before = 0;
        let mut block = NonNull::from(&self.first);
        // In a zone that was made since, the checkpoint is in none of its blocks.
        let target = loop {
            // SAFETY: (I2) the first block, or one of the list: they live as long as the header.
            let this = unsafe { block.as_ref() };
            if (this.start.addr().get()..=this.end.addr().get()).contains(&cursor) {
                break Some(block);
            }
            used_before += this.filled.get().addr().get() - this.start.addr().get();
            match this.next.get() {
                Some(next) if block != current => block = next,
                _ => break None,
            }
        };
        let (block, cursor, used_before) = match target {
            Some(block) => (block, to.cursor, used_before),
            None => (NonNull::from(&self.first), self.first.start, 0),
        };
        // SAFETY: (I1) the caller's promise.
        unsafe { self.close_from(block, cursor, current) };
        self.go_to(block, cursor, used_before);
        if block == NonNull::from(&self.first) {
            self.state.set(self.state.get() & !state::MOVED_ON);
        }
        // A zone that was made since keeps its first block.
        let blocks = if target.is_some() { to.blocks } else { 1 };
        // SAFETY: (I1) nothing is used in the blocks after the current one.
        unsafe { self.give_blocks_back(blocks) };
    }

    /// Frees the largest of the blocks after the current one until the zone has no more than `most` blocks.
    ///
    /// # Safety
    ///
    /// I1: nothing in the blocks after the current one is used.
    unsafe fn give_blocks_back(&self, most: u32) {
        while self.blocks.get() > most {
            let mut largest: Option<(&Block, usize)> = None;
            let mut before = self.current_block();
            while let Some(next) = before.next.get() {
                // SAFETY: (I2) blocks in the list live until they are freed here.
                let block = unsafe { next.as_ref() };
                let bytes = block.memory.system_bytes();
                if largest.is_none_or(|(_, most)| bytes > most) {
                    largest = Some((before, bytes));
                }
                before = block;
            }
            let Some((before, bytes)) = largest else { return };
            let Some(block) = before.next.get() else { return };
            if aside::may_free(bytes).is_err() {
                return;
            }
            // SAFETY: (I1) nothing in the block is used, and it is unlinked at once.
            before.next.set(unsafe { self.free_block(block) });
        }
    }
}
