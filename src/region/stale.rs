//! Makes the use of a stale pointer noticeable: one to memory of a zone that is not handed out.
//!
//! No safe program has stale pointers, but `unsafe` code may keep one beyond its scope. How its use is found depends
//! on the build:
//!
//! * With AddressSanitizer (`--cfg memzone_asan`, see `.ci/asan`), memory is poisoned while it is not handed out. What
//!   is handed out is open to the byte.
//! * Under Miri, memory that was taken back is uninitialised again.
//! * In debug builds, memory that was taken back is filled with `PATTERN`.
//! * In all other builds, this module does nothing and compiles to nothing.

pub(crate) use build::{close, keep_closed, open};

/// Whether this module does anything in this build.
pub(crate) const ON: bool = cfg!(any(memzone_asan, miri, debug_assertions));

#[cfg(memzone_asan)]
mod build {
    use core::ffi::c_void;
    use core::ptr::NonNull;

    // SAFETY: (I16) the signatures are those of the sanitizer's interface header. Neither function changes what memory
    // holds.
    unsafe extern "C" {
        safe fn __asan_poison_memory_region(start: *const c_void, bytes: usize);
        safe fn __asan_unpoison_memory_region(start: *const c_void, bytes: usize);
    }

    /// Marks memory that is handed out, or that goes back to the system or the user's buffer.
    #[inline(always)]
    pub(crate) fn open(start: NonNull<u8>, bytes: usize) {
        __asan_unpoison_memory_region(start.as_ptr().cast(), bytes);
    }

    /// Marks memory that has not been handed out yet.
    #[inline(always)]
    pub(crate) fn keep_closed(start: NonNull<u8>, bytes: usize) {
        __asan_poison_memory_region(start.as_ptr().cast(), bytes);
    }

    /// Marks memory that was taken back.
    ///
    /// # Safety
    ///
    /// I1: the memory from `start` to `end` is writable, and nobody uses it any more.
    #[inline(always)]
    pub(crate) unsafe fn close(start: NonNull<u8>, end: NonNull<u8>) {
        keep_closed(start, end.addr().get() - start.addr().get());
    }
}

#[cfg(not(memzone_asan))]
mod build {
    use core::ptr::NonNull;

    /// Marks memory that is handed out, or that goes back to the system or the user's buffer.
    #[inline(always)]
    pub(crate) fn open(_start: NonNull<u8>, _bytes: usize) {}

    /// Marks memory that has not been handed out yet.
    #[inline(always)]
    pub(crate) fn keep_closed(_start: NonNull<u8>, _bytes: usize) {}

    /// Marks memory that was taken back.
    ///
    /// # Safety
    ///
    /// I1: the memory from `start` to `end` is writable, and nobody uses it any more.
    #[cfg(not(any(miri, debug_assertions)))]
    #[inline(always)]
    pub(crate) unsafe fn close(_start: NonNull<u8>, _end: NonNull<u8>) {}

    /// Marks memory that was taken back.
    ///
    /// # Safety
    ///
    /// I1: the memory from `start` to `end` is writable, and nobody uses it any more.
    #[cfg(all(debug_assertions, not(miri)))]
    pub(crate) unsafe fn close(start: NonNull<u8>, end: NonNull<u8>) {
        /// Read as a sample or a coordinate, this is large enough to be heard or seen.
        const PATTERN: u8 = 0xDE;
        // SAFETY: (I1) the caller's promise.
        unsafe { start.write_bytes(PATTERN, end.addr().get() - start.addr().get()) };
    }

    /// Marks memory that was taken back.
    ///
    /// # Safety
    ///
    /// I1: the memory from `start` to `end` is writable, and nobody uses it any more.
    #[cfg(miri)]
    pub(crate) unsafe fn close(start: NonNull<u8>, end: NonNull<u8>) {
        use core::mem::MaybeUninit;
        /// Memory is overwritten by copying this, part by part, as Miri is slow with single stores.
        static NOTHING: [MaybeUninit<u8>; 1024] = [MaybeUninit::uninit(); 1024];
        let bytes = end.addr().get() - start.addr().get();
        for offset in (0..bytes).step_by(NOTHING.len()) {
            // SAFETY: (I1) the caller's promise.
            let part = unsafe { start.add(offset) }.cast::<MaybeUninit<u8>>().as_ptr();
            let len = NOTHING.len().min(bytes - offset);
            // SAFETY: (I1) the caller's promise, and the zone's memory does not overlap the static.
            unsafe { part.copy_from_nonoverlapping(NOTHING.as_ptr(), len) };
        }
    }
}
