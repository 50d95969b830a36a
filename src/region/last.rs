//! The last allocation of a zone: it can be given back, and resized in its place.

use super::bump::{self, MAX_REQUEST};
use super::header::Header;
use super::stale;
use core::ptr::NonNull;

impl Header {
    /// Gives back an allocation if it is the last one, so that what is freed in reverse order
    /// costs no memory.
    ///
    /// # Safety
    ///
    /// `start` is an allocation of `size` bytes in this zone that nobody uses any more.
    #[inline]
    pub(crate) unsafe fn give_back(&self, start: NonNull<u8>, size: usize) {
        if stale::ON {
            // SAFETY: (I6) the end of the allocation.
            let end = unsafe { start.add(size) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(start, end) };
        }
        let bytes = bump::round_up_step(size);
        let cursor = self.cursor.get();
        if size != 0 && start.addr().get() + bytes == cursor.addr().get() {
            self.note_high_water();
            // Not `start`, which may have been narrowed to the value by a reference.
            // SAFETY: (I6) the cursor has moved over these bytes.
            self.cursor.set(unsafe { cursor.sub(bytes) });
        }
    }

    /// Changes the size of an allocation in its place, if it is the last one and there is room. Says
    /// where it is, which is where it was.
    ///
    /// # Safety
    ///
    /// `start` is an allocation of `old` bytes in this zone, and nobody uses what lies beyond `new` of
    /// them any more.
    #[inline]
    #[cfg_attr(
        not(any(
            feature = "allocator-api2",
            feature = "allocator-api2-03",
            feature = "allocator-api2-04"
        )),
        expect(dead_code)
    )]
    pub(crate) unsafe fn resize_last(
        &self,
        start: NonNull<u8>,
        old: usize,
        new: usize,
    ) -> Option<NonNull<u8>> {
        let (bytes, wanted) = (bump::round_up_step(old), bump::round_up_step(new));
        let cursor = self.cursor.get();
        if old == 0 || new > MAX_REQUEST || start.addr().get() + bytes != cursor.addr().get() {
            return None;
        }
        if wanted > self.end.get().addr().get() - start.addr().get() {
            return None;
        }
        if wanted < bytes {
            self.note_high_water();
        }
        // Not `start`: see `give_back`.
        // SAFETY: (I6) the cursor has moved over these bytes.
        let start = unsafe { cursor.sub(bytes) };
        if new < old {
            // SAFETY: (I6) within the allocation.
            let rest = unsafe { start.add(new) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(rest, cursor) };
        } else {
            stale::open(start, new);
        }
        // SAFETY: (I6) the block has room for that many.
        self.cursor.set(unsafe { start.add(wanted) });
        Some(start)
    }
}
