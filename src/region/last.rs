//! The last allocation of a zone. It can be given back, and resized in its place.

use super::bump::{self, MAX_REQUEST};
use super::header::Header;
use super::stale;
use core::ptr::NonNull;

impl Header {
    /// Gives back an allocation if it is the last one. So allocations that are freed in reverse order cost no memory.
    ///
    /// # Safety
    ///
    /// `start` is an allocation of `size` bytes in this zone, and nobody uses it any more.
    #[inline(always)]
    pub(crate) unsafe fn give_back(&self, start: NonNull<u8>, size: usize) {
        if stale::ON {
            // SAFETY: (I6) this is the end of the allocation.
            let end = unsafe { start.add(size) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(start, end) };
        }
        let taken = bump::round_up_step(size);
        let cursor = self.cursor.get();
        let back = cursor.as_ptr().wrapping_sub(taken);
        if back == start.as_ptr() {
            self.note_peak();
            // `start` would not do: a reference may have narrowed its provenance to the value alone.
            // SAFETY: (I6) the cursor has moved over these bytes.
            self.cursor.set(unsafe { cursor.sub(taken) });
        } else if cursor == self.end.get() {
            // SAFETY: (I1) the caller's promise.
            unsafe { self.give_back_at_end(start, size) };
        }
    }

    /// Does the same where the block may end within the last step.
    ///
    /// # Safety
    ///
    /// That of `give_back`.
    #[cold]
    #[inline(never)]
    unsafe fn give_back_at_end(&self, start: NonNull<u8>, size: usize) {
        let taken = self.taken_by(start, size);
        let cursor = self.cursor.get();
        if size != 0 && start.addr().get() + taken == cursor.addr().get() {
            self.note_peak();
            // SAFETY: (I6) the cursor has moved over these bytes.
            self.cursor.set(unsafe { cursor.sub(taken) });
        }
    }

    /// The bytes that an allocation has taken if it is the last one: whole steps, but no more than its block has, which
    /// may end within a step. For an allocation that is not the last one the cursor is not that far from it.
    #[inline(always)]
    fn taken_by(&self, start: NonNull<u8>, size: usize) -> usize {
        // For an allocation of another block this is much more than a step beyond its size, as this block's header lies
        // between them, or it wraps.
        let to_end = self.end.get().addr().get().wrapping_sub(start.addr().get());
        bump::round_up_step(size).min(to_end)
    }

    /// Changes the size of an allocation in its place, if it is the last one and there is room. The result has the
    /// same address as `start`.
    ///
    /// # Safety
    ///
    /// `start` is an allocation of `old` bytes in this zone, and nobody uses its bytes from `new` on any more.
    #[inline]
    pub(crate) unsafe fn resize_last(
        &self,
        start: NonNull<u8>,
        old: usize,
        new: usize,
    ) -> Option<NonNull<u8>> {
        let bytes = self.taken_by(start, old);
        let cursor = self.cursor.get();
        if old == 0 || new > MAX_REQUEST || start.addr().get() + bytes != cursor.addr().get() {
            return None;
        }
        let room = self.end.get().addr().get() - start.addr().get();
        if new > room {
            return None;
        }
        // The block may end within the last step.
        let wanted = bump::round_up_step(new).min(room);
        if wanted < bytes {
            self.note_peak();
        }
        // `start` would not do, for the reason given in `give_back`.
        // SAFETY: (I6) the cursor has moved over these bytes.
        let start = unsafe { cursor.sub(bytes) };
        if new < old {
            // SAFETY: (I6) this is within the allocation.
            let rest = unsafe { start.add(new) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(rest, cursor) };
        } else {
            stale::open(start, new);
        }
        // SAFETY: (I6) the block has room for this many bytes.
        self.cursor.set(unsafe { start.add(wanted) });
        Some(start)
    }
}
