//! Addresses that are reserved first and get memory later, and a library that stays loaded.
//!
//! All heaps of [`RtAlloc`](crate::RtAlloc) lie in one reserved region, so that a block's address alone tells whether it is one of theirs.

use core::ptr::NonNull;

/// Asks for a region of addresses, without memory. The result is aligned to a page, or to a huge one where memzone can
/// ask for those. `None` if the system refuses it.
pub(crate) fn reserve(bytes: usize) -> Option<NonNull<u8>> {
    system::reserve(bytes)
}

/// Gives back a region that was reserved, of which nothing was used.
///
/// # Safety
///
/// I50: nobody knows of the region.
pub(crate) unsafe fn give_back(start: NonNull<u8>, bytes: usize) {
    // SAFETY: (I50) the caller's promise.
    unsafe { system::give_back(start, bytes) }
}

/// Asks for memory at reserved addresses. The result is `false` if the system has none.
///
/// # Safety
///
/// I50: the addresses lie in a region that was reserved, begin at a page, and nobody uses them yet.
pub(crate) unsafe fn commit(start: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: (I50) the caller's promise.
    unsafe { system::commit(start, bytes) }
}

/// Makes the library or program that this code is in stay loaded as long as the process runs: its heaps, its
/// thread-locals and the code of its collector are used until then.
pub(crate) fn stay_loaded() {
    system::stay_loaded();
}

#[cfg(all(unix, not(miri)))]
mod system {
    use crate::system::pages::{HAS_HUGE_PAGES, HUGE_PAGE};
    use core::ptr::{NonNull, null_mut};

    pub(super) fn reserve(bytes: usize) -> Option<NonNull<u8>> {
        let more = if HAS_HUGE_PAGES { HUGE_PAGE } else { 0 };
        let all = bytes.checked_add(more)?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE;
        // SAFETY: (I16) a new mapping, at addresses that the system chooses.
        let start = unsafe { libc::mmap(null_mut(), all, libc::PROT_NONE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return None;
        }
        let start = NonNull::new(start.cast::<u8>())?;
        if more == 0 {
            return Some(start);
        }
        // What is too much at both ends goes back.
        let skip = start.addr().get().next_multiple_of(more) - start.addr().get();
        // SAFETY: (I50) `skip < more`, so this lies in the new mapping.
        let first = unsafe { start.add(skip) };
        // SAFETY: (I50) `skip + bytes` is no more than `all`, so this lies in the mapping or at its end.
        let end = unsafe { first.add(bytes) };
        for (part, bytes) in [(start, skip), (end, more - skip)] {
            if bytes != 0 {
                // SAFETY: (I50) nobody knows of it.
                unsafe { give_back(part, bytes) };
            }
        }
        Some(first)
    }

    pub(super) unsafe fn give_back(start: NonNull<u8>, bytes: usize) {
        // SAFETY: (I50) the caller's promise.
        unsafe { libc::munmap(start.as_ptr().cast(), bytes) };
    }

    pub(super) unsafe fn commit(start: NonNull<u8>, bytes: usize) -> bool {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: (I50) the caller's promise.
        unsafe { libc::mprotect(start.as_ptr().cast(), bytes, access) == 0 }
    }

    /// The dynamic linker is asked for the library that this function is in, by its path.
    #[cfg(not(target_feature = "crt-static"))]
    pub(super) fn stay_loaded() {
        let mut found = core::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        let here = core::ptr::from_ref(&HERE).cast();
        // SAFETY: (I16) there is room for the answer.
        if unsafe { libc::dladdr(here, found.as_mut_ptr()) } == 0 {
            return;
        }
        // SAFETY: (I16) all zeroes are a value of it, and it was filled.
        let path = unsafe { found.assume_init() }.dli_fname;
        if !path.is_null() {
            let flags = libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
            // SAFETY: (I16) the linker's own text, which ends with a zero. It is loaded, so nothing runs.
            unsafe { libc::dlopen(path, flags) };
        }
    }

    /// Lies in the library.
    #[cfg(not(target_feature = "crt-static"))]
    static HERE: u8 = 1;

    /// A static program has no libraries that could go.
    #[cfg(target_feature = "crt-static")]
    pub(super) fn stay_loaded() {}
}

#[cfg(all(windows, not(miri)))]
mod system {
    use core::ffi::c_void;
    use core::ptr::{NonNull, null_mut};

    #[link(name = "kernel32")]
    // SAFETY: (I16) the signatures are those of the system's headers.
    unsafe extern "system" {
        fn VirtualAlloc(at: *mut c_void, bytes: usize, kind: u32, access: u32) -> *mut c_void;
        fn VirtualFree(at: *mut c_void, bytes: usize, kind: u32) -> i32;
        fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
    }

    const MEM_COMMIT: u32 = 0x1000;
    const MEM_RESERVE: u32 = 0x2000;
    const MEM_RELEASE: u32 = 0x8000;
    const PAGE_NOACCESS: u32 = 0x01;
    const PAGE_READWRITE: u32 = 0x04;
    /// `GET_MODULE_HANDLE_EX_FLAG_PIN` and `.._FROM_ADDRESS`.
    const PIN_FROM_ADDRESS: u32 = 0x1 | 0x4;

    pub(super) fn reserve(bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: (I16) new addresses, which the system chooses.
        let start = unsafe { VirtualAlloc(null_mut(), bytes, MEM_RESERVE, PAGE_NOACCESS) };
        NonNull::new(start.cast())
    }

    pub(super) unsafe fn give_back(start: NonNull<u8>, _bytes: usize) {
        // SAFETY: (I50) the caller's promise. All of it goes, so the size is 0.
        unsafe { VirtualFree(start.as_ptr().cast(), 0, MEM_RELEASE) };
    }

    pub(super) unsafe fn commit(start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: (I50) the caller's promise.
        let at = unsafe { VirtualAlloc(start.as_ptr().cast(), bytes, MEM_COMMIT, PAGE_READWRITE) };
        !at.is_null()
    }

    static HERE: u8 = 1;

    pub(super) fn stay_loaded() {
        let here = core::ptr::from_ref(&HERE).cast();
        let mut module = null_mut();
        // SAFETY: (I16) an address in this library, and a place for the answer.
        unsafe { GetModuleHandleExW(PIN_FROM_ADDRESS, here, &mut module) };
    }
}

/// Memory at once, of the system's allocator: Miri cannot reserve, and memzone does not know how to on other systems.
#[cfg(any(miri, not(any(unix, windows))))]
mod system {
    use core::alloc::{GlobalAlloc, Layout};
    use core::ptr::NonNull;
    use std::alloc::System;

    fn layout(bytes: usize) -> Option<Layout> {
        Layout::from_size_align(bytes, crate::system::pages::PAGE).ok()
    }

    pub(super) fn reserve(bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: (I16) the size is not zero.
        NonNull::new(unsafe { System.alloc(layout(bytes)?) })
    }

    pub(super) unsafe fn give_back(start: NonNull<u8>, bytes: usize) {
        let Some(layout) = layout(bytes) else { return };
        // SAFETY: (I50) it was taken so.
        unsafe { System.dealloc(start.as_ptr(), layout) };
    }

    pub(super) unsafe fn commit(_start: NonNull<u8>, _bytes: usize) -> bool {
        true
    }

    pub(super) fn stay_loaded() {}
}
