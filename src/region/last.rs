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
    #[inline]
    pub(crate) unsafe fn give_back(&self, start: NonNull<u8>, size: usize) {
        if stale::ON {
            // SAFETY: (I6) this is the end of the allocation.
            let end = unsafe { start.add(size) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(start, end) };
        }
        let bytes = bump::round_up_step(size);
        let cursor = self.cursor.get();
        if size != 0 && start.addr().get() + bytes == cursor.addr().get() {
            self.note_high_water();
            // `start` would not do: a reference may have narrowed its provenance to the value alone.
            // SAFETY: (I6) the cursor has moved over these bytes.
            self.cursor.set(unsafe { cursor.sub(bytes) });
        } else if cursor == self.end.get() {
            self.give_back_at_end(start, size);
        }
    }

    /// The bytes that the last allocation takes when the block ends within its last step. None if it is not the last
    /// one, or takes whole steps.
    fn taken_at_end(&self, start: NonNull<u8>, size: usize) -> Option<usize> {
        let (cursor, end) = (self.cursor.get().addr().get(), self.end.get().addr().get());
        // No allocation of another block lies so close to the end: this block's header is between them.
        let taken = end.wrapping_sub(start.addr().get());
        (cursor == end && size != 0 && (size..bump::round_up_step(size)).contains(&taken))
            .then_some(taken)
    }

    #[cold]
    #[inline(never)]
    fn give_back_at_end(&self, start: NonNull<u8>, size: usize) {
        if let Some(taken) = self.taken_at_end(start, size) {
            self.note_high_water();
            // SAFETY: (I6) the cursor has moved over these bytes.
            self.cursor.set(unsafe { self.cursor.get().sub(taken) });
        }
    }

    /// Changes the size of an allocation in its place, if it is the last one and there is room. The result has the
    /// same address as `start`.
    ///
    /// # Safety
    ///
    /// `start` is an allocation of `old` bytes in this zone, and nobody uses its bytes from `new` on any more.
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
        let bytes = self.taken_at_end(start, old).unwrap_or(bump::round_up_step(old));
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
            self.note_high_water();
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
