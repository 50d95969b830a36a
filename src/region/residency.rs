//! A zone's pages: touching them before they are used, keeping them in memory, and asking for huge ones.

use super::block::Block;
use super::header::{Header, Huge, Lock};
use super::stale;
use crate::system::pages::{self, LockError, PAGE, prefault};
use core::ptr::NonNull;

impl Header {
    /// Touches and locks the pages of a new block, as far as the zone's settings ask for it.
    pub(super) fn prepare_block(&self, block: &Block) {
        if self.prefault.get() {
            // SAFETY: (I2) this is the block's data, and nobody uses it yet.
            unsafe { prefault(block.start, block.capacity()) };
        }
        if self.lock.get() != Lock::NotAsked {
            // A refusal is no error here, as `is_locked` reports it.
            let _ = self.lock_block(block);
        }
        stale::keep_closed(block.start, block.capacity());
    }

    fn lock_block(&self, block: &Block) -> Result<(), LockError> {
        pages::lock(block.start, block.capacity()).inspect_err(|_| self.lock.set(Lock::Refused))
    }

    pub(super) fn unlock_block(&self, block: &Block) {
        if self.lock.get() != Lock::NotAsked {
            pages::unlock(block.start, block.capacity());
        }
    }

    /// Touches the unused pages of all blocks, and turns prefaulting on for later blocks. Returns the number of pages
    /// touched.
    pub(crate) fn prefault(&self) -> usize {
        self.prefault.set(true);
        let mut pages = 0;
        let mut touch = |start: NonNull<u8>, end: NonNull<u8>| {
            let bytes = end.addr().get() - start.addr().get();
            stale::open(start, bytes);
            // SAFETY: (I2) this is the unused rest of the current block, or all of a later one.
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

    /// Locks all blocks, and has later ones locked when they are taken.
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

    /// Asks for huge pages where blocks are large enough for them, and has later blocks made of them.
    pub(crate) fn ask_huge(&self) {
        self.huge.set(Huge::Asked);
        if !self.all_blocks().all(|block| pages::ask_huge(block.start, block.capacity())) {
            self.huge.set(Huge::Refused);
        }
    }

    /// The bytes for which the system was asked for huge pages, or 0 if it has refused some of them.
    pub(crate) fn huge_bytes(&self) -> usize {
        if self.huge.get() != Huge::Asked {
            return 0;
        }
        self.all_blocks().map(|block| pages::huge_bytes(block.start, block.capacity())).sum()
    }

    /// Whether all blocks are locked.
    pub(crate) fn is_locked(&self) -> bool {
        self.lock.get() == Lock::All
    }
}
