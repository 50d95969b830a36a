//! Memory of a zone that is nobody's, made to be noticed where a stale pointer is used.
//!
//! No safe program has stale pointers, but `unsafe` code may keep one beyond its scope. What finds it depends
//! on the build:
//!
//! * for AddressSanitizer (`--cfg memzone_asan`, see `.ci/asan`): what was never handed out, or was taken
//!   back, is poisoned; what is handed out is open, to the byte.
//! * under Miri: what was taken back is uninitialised again.
//! * in debug builds: what was taken back is filled with `PATTERN`.
//! * in all others: nothing is done, and all of this compiles to nothing.

pub(crate) use build::{close, keep_closed, open};

/// Whether anything is done.
pub(crate) const ON: bool = cfg!(any(memzone_asan, miri, debug_assertions));

#[cfg(memzone_asan)]
mod build {
    use core::ffi::c_void;
    use core::ptr::NonNull;

    // SAFETY: (I16) as in the sanitizer's interface header. Neither changes what memory holds.
    unsafe extern "C" {
        safe fn __asan_poison_memory_region(start: *const c_void, bytes: usize);
        safe fn __asan_unpoison_memory_region(start: *const c_void, bytes: usize);
    }

    /// Memory that is handed out, or goes back to where the zone has it from.
    #[inline(always)]
    pub(crate) fn open(start: NonNull<u8>, bytes: usize) {
        __asan_unpoison_memory_region(start.as_ptr().cast(), bytes);
    }

    /// Memory that has not been handed out yet.
    #[inline(always)]
    pub(crate) fn keep_closed(start: NonNull<u8>, bytes: usize) {
        __asan_poison_memory_region(start.as_ptr().cast(), bytes);
    }

    /// Memory that was taken back.
    ///
    /// # Safety
    ///
    /// I1: what lies between the two is writable, and nobody uses it any more.
    #[inline(always)]
    pub(crate) unsafe fn close(start: NonNull<u8>, end: NonNull<u8>) {
        keep_closed(start, end.addr().get() - start.addr().get());
    }
}

#[cfg(not(memzone_asan))]
mod build {
    use core::ptr::NonNull;

    /// Memory that is handed out, or goes back to where the zone has it from.
    #[inline(always)]
    pub(crate) fn open(_start: NonNull<u8>, _bytes: usize) {}

    /// Memory that has not been handed out yet.
    #[inline(always)]
    pub(crate) fn keep_closed(_start: NonNull<u8>, _bytes: usize) {}

    /// Memory that was taken back.
    ///
    /// # Safety
    ///
    /// I1: what lies between the two is writable, and nobody uses it any more.
    #[cfg(not(any(miri, debug_assertions)))]
    #[inline(always)]
    pub(crate) unsafe fn close(_start: NonNull<u8>, _end: NonNull<u8>) {}

    /// Memory that was taken back.
    ///
    /// # Safety
    ///
    /// I1: what lies between the two is writable, and nobody uses it any more.
    #[cfg(all(debug_assertions, not(miri)))]
    pub(crate) unsafe fn close(start: NonNull<u8>, end: NonNull<u8>) {
        /// As a sample or a coordinate, large enough to be heard or seen.
        const PATTERN: u8 = 0xDE;
        // SAFETY: (I1) the caller's promise.
        unsafe { start.write_bytes(PATTERN, end.addr().get() - start.addr().get()) };
    }

    /// Memory that was taken back.
    ///
    /// # Safety
    ///
    /// I1: what lies between the two is writable, and nobody uses it any more.
    #[cfg(miri)]
    pub(crate) unsafe fn close(start: NonNull<u8>, end: NonNull<u8>) {
        use core::mem::MaybeUninit;
        /// In parts, and by copies, as Miri takes its time for each single store.
        static NOTHING: [MaybeUninit<u8>; 1024] = [MaybeUninit::uninit(); 1024];
        let bytes = end.addr().get() - start.addr().get();
        for offset in (0..bytes).step_by(NOTHING.len()) {
            // SAFETY: (I1) the caller's promise.
            let part = unsafe { start.add(offset) }.cast::<MaybeUninit<u8>>().as_ptr();
            let len = NOTHING.len().min(bytes - offset);
            // SAFETY: (I1) as above; nobody's memory is apart from the static.
            unsafe { part.copy_from_nonoverlapping(NOTHING.as_ptr(), len) };
        }
    }
}
