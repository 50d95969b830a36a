//! Whether a zone's pages are there before they are used, and stay: touching and locking.

use super::block::Block;
use super::header::{Header, Lock};
use super::stale;
use crate::system::pages::{self, LockError, PAGE, prefault};
use core::ptr::NonNull;

impl Header {
    /// Has the pages of a block that nothing is in yet touched and locked, as far as the zone is to.
    pub(super) fn ready(&self, block: &Block) {
        if self.prefault.get() {
            // SAFETY: (I2) the block's data, which nobody uses.
            unsafe { prefault(block.start, block.room()) };
        }
        if self.lock.get() != Lock::NotAsked {
            // Being refused is no error: `is_locked` tells.
            let _ = self.lock_block(block);
        }
        stale::keep_closed(block.start, block.room());
    }

    pub(super) fn lock_block(&self, block: &Block) -> Result<(), LockError> {
        pages::lock(block.start, block.room()).inspect_err(|_| self.lock.set(Lock::Refused))
    }

    pub(super) fn unlock_block(&self, block: &Block) {
        if self.lock.get() != Lock::NotAsked {
            pages::unlock(block.start, block.room());
        }
    }

    /// Touches the pages that nothing is in yet, in all blocks, and has those of later ones touched too.
    /// Says how many there are.
    pub(crate) fn prefault(&self) -> usize {
        self.prefault.set(true);
        let mut pages = 0;
        let mut touch = |start: NonNull<u8>, end: NonNull<u8>| {
            let bytes = end.addr().get() - start.addr().get();
            stale::open(start, bytes);
            // SAFETY: (I2) from the cursor, or a block's start where it has not been, to the block's end.
            unsafe { prefault(start, bytes) };
            stale::keep_closed(start, bytes);
            pages += bytes.div_ceil(PAGE);
        };
        touch(self.cursor.get(), self.end.get());
        let mut next = self.current_block().next.get();
        while let Some(block) = next {
            // SAFETY: (I2) blocks in the list live as long as the header.
            let block = unsafe { block.as_ref() };
            touch(block.start, block.end);
            next = block.next.get();
        }
        pages
    }

    /// Locks all blocks, and later ones when they are taken.
    pub(crate) fn lock(&self) -> Result<(), LockError> {
        self.lock.set(Lock::All);
        let mut block = &self.first;
        loop {
            self.lock_block(block)?;
            let Some(next) = block.next.get() else { return Ok(()) };
            // SAFETY: (I2) blocks in the list live as long as the header.
            block = unsafe { next.as_ref() };
        }
    }

    /// Whether all blocks are locked.
    pub(crate) fn is_locked(&self) -> bool {
        self.lock.get() == Lock::All
    }
}
