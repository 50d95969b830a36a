//! How a zone grows.
//!
//! A request is served from the rest of the current block, else from a kept block, else from a new one.

use super::block::{BLOCK_HEADER, Block};
use super::bump::{self, MAX_REQUEST, STEP};
use super::header::{Header, Huge, state};
use super::memory::{self, BLOCK_ALIGN, Memory, Taken};
use super::stale;
use crate::error::{MAX_ALIGN, Request, ZoneError};
use core::cell::Cell;
use core::ptr::NonNull;

impl Header {
    /// Serves a request for which the fast path found no room.
    #[track_caller]
    pub(crate) fn grow(&self, size: usize, align: usize) -> Result<NonNull<u8>, ZoneError> {
        assert!(size > 0 && size <= MAX_REQUEST && align <= MAX_ALIGN);
        if let Some(found) = self.place(size, align) {
            return Ok(found);
        }
        let used = self.used();
        let is_kept = self.advance_to_kept(size, align);
        if !is_kept {
            let block = self.take_block(size, align)?;
            // SAFETY: (I2) the block was just made.
            let next = unsafe { block.as_ref() };
            next.next.set(self.current_block().next.replace(Some(block)));
            self.enter_block(block);
        }
        let place = self.place(size, align).expect("the block was chosen to fit");
        if !is_kept {
            self.note_growth(used);
        }
        Ok(place)
    }

    /// Serves a request from the current block. Unlike the fast path, it takes any alignment and exact fits.
    fn place(&self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let cursor = self.cursor.get();
        let end = self.end.get().addr().get();
        let place = bump::place(cursor.addr().get(), end, size, align)?;
        // SAFETY: (I6) `place` ends at or before the block's end.
        self.cursor.set(unsafe { cursor.add(place.advance) });
        // SAFETY: (I6) `skip` is at most `advance`, and so many bytes are left.
        let start = unsafe { cursor.add(place.skip) };
        stale::open(start, size);
        Some(start)
    }

    /// Whether a request would be served without asking the system.
    pub(crate) fn has_room(&self, size: usize, align: usize) -> bool {
        let fits = |start: NonNull<u8>, end: NonNull<u8>| {
            size == 0 || bump::place(start.addr().get(), end.addr().get(), size, align).is_some()
        };
        if fits(self.cursor.get(), self.end.get()) {
            return true;
        }
        if self.state.get() & state::EMPTY != 0 {
            return false;
        }
        let mut kept = self.current_block().next.get();
        while let Some(block) = kept {
            // SAFETY: (I2) blocks in the list live as long as the header.
            let block = unsafe { block.as_ref() };
            if fits(block.start, block.end) {
                return true;
            }
            kept = block.next.get();
        }
        false
    }

    /// Moves on to the first kept block that has room for the request. The result says whether there was one.
    fn advance_to_kept(&self, size: usize, align: usize) -> bool {
        let current = self.current_block();
        let mut before = current;
        while let Some(candidate) = before.next.get() {
            // SAFETY: (I2) blocks in the list live as long as the header.
            let block = unsafe { candidate.as_ref() };
            let (start, end) = (block.start.addr().get(), block.end.addr().get());
            if bump::place(start, end, size, align).is_some() {
                before.next.set(block.next.get());
                block.next.set(current.next.replace(Some(candidate)));
                self.enter_block(candidate);
                return true;
            }
            before = block;
        }
        false
    }

    /// Makes `block`, which follows the current block, the current one.
    fn enter_block(&self, block: NonNull<Block>) {
        let used = self.used();
        self.leave_block();
        // SAFETY: (I2) blocks in the list live as long as the header.
        let start = unsafe { block.as_ref() }.start;
        self.go_to(block, start, used);
        self.state.set(self.state.get() | state::MOVED_ON);
    }

    /// Takes a block that has room for the request from the system.
    #[track_caller]
    fn take_block(&self, size: usize, align: usize) -> Result<NonNull<Block>, ZoneError> {
        let used = self.used();
        let refused = |limit| ZoneError::LimitReached { requested: size, limit, used };
        if self.limit == 0 {
            return Err(refused(self.capacity()));
        }
        let request = BLOCK_HEADER + size + align.saturating_sub(BLOCK_ALIGN);
        let least = memory::round_up(request)
            .ok_or(ZoneError::TooLarge { requested: size, available: MAX_REQUEST })?;
        let left = self.limit - self.system.get();
        if memory::system_bytes(least) > left {
            return Err(refused(self.limit));
        }
        let held = self.high_water().max(used + size);
        let wanted = bump::next_block(request, self.newest.get() as usize, self.system.get(), held);
        let ordinary = || {
            memory::round_up(wanted)
                .filter(|&bytes| memory::system_bytes(bytes) <= left.min(bump::MAX_BLOCK))
                .or_else(|| memory::round_down(wanted.min(left)))
                .map_or(least, |bytes| bytes.max(least))
        };
        let huge = (self.huge.get() != Huge::NotAsked)
            .then(|| memory::in_huge_pages(wanted, left))
            .flatten()
            .filter(|&bytes| bytes >= request);
        let bytes = huge.unwrap_or_else(ordinary);

        let Taken { memory, start, bytes, is_refused_huge } =
            Memory::take(Request::NewBlock, bytes)?;
        if is_refused_huge {
            self.huge.set(Huge::Refused);
        }
        // SAFETY: (I2) the block is longer than its header.
        let data = unsafe { start.add(BLOCK_HEADER) };
        // SAFETY: (I2) the end is one past the block's last byte.
        let end = unsafe { start.add(bytes) };
        self.system.set(self.system.get() + memory.system_bytes());
        self.set_newest(bytes);
        self.blocks.set(self.blocks.get() + 1);
        let block = start.cast::<Block>();
        let value =
            Block { next: Cell::new(None), start: data, end, filled: Cell::new(data), memory };
        // SAFETY: (I2) the memory is aligned to `BLOCK_ALIGN`, long enough, and nobody else's.
        unsafe { block.write(value) };
        // SAFETY: (I2) the block was just written.
        self.prepare_block(unsafe { block.as_ref() });
        Ok(block)
    }

    /// Reports that the zone took a block when `used` bytes were in use.
    ///
    /// A subscriber of `tracing` may use the zone or panic here. So the block must be in the list by now, and the
    /// request that it was taken for must have its place (I5, I10).
    #[cfg_attr(not(any(feature = "tracing", feature = "profile")), allow(unused_variables))]
    #[inline(always)]
    fn note_growth(&self, used: usize) {
        #[cfg(feature = "profile")]
        if let Some(site) = self.site {
            site.grown();
            site.held(used);
        }
        #[cfg(feature = "tracing")]
        tracing::trace!(target: "memzone", zone = self.name(), bytes = self.newest.get(), used, "a zone has grown");
    }

    /// Ensures that some block from the current one on has `bytes` bytes left, and takes a new block if none has.
    #[track_caller]
    pub(crate) fn reserve(&self, bytes: usize) -> Result<(), ZoneError> {
        if bytes > MAX_REQUEST {
            return Err(ZoneError::TooLarge { requested: bytes, available: MAX_REQUEST });
        }
        let mut rest = self.current_block();
        if self.end.get().addr().get() - self.cursor.get().addr().get() >= bytes {
            return Ok(());
        }
        while let Some(next) = rest.next.get() {
            // SAFETY: (I2) blocks in the list live as long as the header.
            rest = unsafe { next.as_ref() };
            if rest.capacity() >= bytes {
                return Ok(());
            }
        }
        rest.next.set(Some(self.take_block(bytes, STEP)?));
        self.note_growth(self.used());
        Ok(())
    }
}
