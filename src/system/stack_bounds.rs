//! How much of the machine's stack this thread has left.
//!
//! The system is asked once for each thread. After that, an answer takes the stack pointer and one thread-local read. A
//! stack that is not the thread's own (a coroutine's, or an alternate one for signals) lies outside the bounds found,
//! and counts as used up.

use crate::error::{Request, ZoneError};
use crate::system::per_thread::per_thread;
use crate::system::section;
use core::cell::Cell;
use core::ops::Range;

/// The limits of the reserve at the lower end of a stack, which is a quarter of the stack otherwise.
///
/// The reserve is for what the caller's code needs beside the memory that it asks for, for a signal's frame (12 KiB
/// with the largest registers), and for a panic (24 KiB if it prints a backtrace).
///
/// A microcontroller's stack is small, and so is what it needs beside.
const RESERVE: Range<usize> =
    if cfg!(feature = "std") { 32 << 10..64 << 10 } else { 512..64 << 10 };

/// The largest size that a stack counts for. A stack without a limit (`ulimit -s unlimited`) ends where the memory
/// ends, and nobody can tell where that is.
const MAX_SIZE: usize = 1 << 30;

/// The bytes that count as left at a thread's first use, beside the reserve, if the system does not tell.
const ASSUMED: usize = 16 << 10;

/// The bytes that always count as left under Miri. Its locals lie anywhere, so their addresses tell nothing.
const LEFT_UNDER_MIRI: usize = 1 << 20;

/// What is known of a thread's stack. Stacks grow downward on all our targets.
#[derive(Clone, Copy)]
struct Known {
    /// The lowest address of the stack.
    low: usize,
    /// The lowest address that is not reserved.
    floor: usize,
    /// The number of bytes above the floor. It is 0 before the first use.
    size: usize,
}

per_thread! {
    static KNOWN: Cell<Known> = const { Cell::new(Known { low: 0, floor: 0, size: 0 }) };
}

/// The bytes of stack below the caller that are not reserved. The result is `None` before a thread's first use of
/// `find_left`, and when nothing is left.
///
/// # Real-time
///
/// Yes.
#[inline]
pub(crate) fn known_left() -> Option<usize> {
    if cfg!(miri) {
        return Some(LEFT_UNDER_MIRI);
    }
    let Known { floor, size, .. } = KNOWN.get();
    let left = stack_pointer().wrapping_sub(floor);
    (left < size).then_some(left)
}

/// Finds the bytes of stack that are left, when `known_left` does not know.
///
/// # Errors
///
/// `Denied` in a real-time section that forbids asking the system.
///
/// # Real-time
///
/// No: it asks the system.
pub(crate) fn find_left() -> Result<usize, ZoneError> {
    find_left_at(stack_pointer())
}

fn find_left_at(here: usize) -> Result<usize, ZoneError> {
    let known = KNOWN.get();
    if (known.low..known.floor).contains(&here) {
        return Ok(0);
    }
    section::ask(Request::FirstUse, 0)?;
    let known = match system::bounds() {
        Some(stack) if stack.contains(&here) => Known::new(stack),
        Some(_) => return Ok(0),
        // Nobody tells how large the stack is, and beyond it lies other memory.
        None if cfg!(not(feature = "std")) => return Ok(0),
        None => Known::assume(here),
    };
    // A fiber of Windows has a stack of its own on the same thread, and the system tells which one it is. So nothing
    // is remembered there.
    if !cfg!(windows) {
        KNOWN.set(known);
    }
    Ok(here.saturating_sub(known.floor))
}

/// Tells where the machine's stack lies, for [`salloc_with`](crate::salloc_with). Without `std` nobody else does, and
/// `salloc_with` finds no room until it is told.
///
/// # Safety
///
/// I16: all of this range is the stack of the line of execution that has [claimed](crate::claim_thread) memzone's slots,
/// and nothing else lies there.
///
/// # Real-time
///
/// Yes.
#[cfg(not(feature = "std"))]
pub unsafe fn set_stack_bounds(stack: Range<usize>) {
    KNOWN.set(Known::new(stack));
}

impl Known {
    fn new(stack: Range<usize>) -> Known {
        let Range { start: low, end: high } = stack;
        let low = low.max(high.saturating_sub(MAX_SIZE));
        let reserve = ((high - low) / 4).clamp(RESERVE.start, RESERVE.end);
        let floor = low.saturating_add(reserve).min(high);
        Known { low, floor, size: high - floor }
    }

    fn assume(here: usize) -> Known {
        let floor = here.saturating_sub(ASSUMED);
        Known { low: 0, floor, size: usize::MAX - floor }
    }
}

/// The lowest address of the stack that is in use.
///
/// The address of a local would not do. It may lie above a large array of a caller, and with a sanitizer it may lie on
/// no stack at all.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let here: usize;
        // SAFETY: (I16) reads a register.
        unsafe {
            core::arch::asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags));
        }
        here
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    {
        let here: usize;
        // SAFETY: (I16) reads a register.
        unsafe {
            core::arch::asm!("mov {}, sp", out(reg) here, options(nomem, nostack, preserves_flags));
        }
        here
    }
    #[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
    local_address()
}

/// The address of a local in a frame of its own, which lies below the caller's frame.
#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[inline(never)]
fn local_address() -> usize {
    let here = core::hint::black_box(0_u8);
    (&raw const here).addr()
}

#[cfg(all(feature = "libc", any(target_os = "linux", target_os = "android")))]
mod system {
    use core::mem::MaybeUninit;
    use core::ops::Range;
    use core::ptr;

    /// The stack of the calling thread, if the system tells. The main thread's stack extends to where `ulimit -s` lets
    /// it grow. With musl it extends only to where it has grown.
    pub(super) fn bounds() -> Option<Range<usize>> {
        // SAFETY: (I16) no precondition.
        let thread = unsafe { libc::pthread_self() };
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        // SAFETY: (I16) the thread is alive, and there is room for its attributes.
        if unsafe { libc::pthread_getattr_np(thread, attributes.as_mut_ptr()) } != 0 {
            return None;
        }
        // SAFETY: (I16) the attributes were filled, as the call succeeded.
        let attributes = unsafe { attributes.assume_init_mut() };
        let (mut low, mut size, mut guard) = (ptr::null_mut(), 0, 0);
        // SAFETY: (I16) the attributes were filled, and the places to write to are ours.
        let stack = unsafe { libc::pthread_attr_getstack(attributes, &mut low, &mut size) };
        // SAFETY: (I16) the attributes were filled, and the place to write to is ours.
        let guarded = unsafe { libc::pthread_attr_getguardsize(attributes, &mut guard) };
        // SAFETY: (I16) the attributes are not used any more. This frees what the system allocated for them.
        unsafe { libc::pthread_attr_destroy(attributes) };
        if stack != 0 || guarded != 0 {
            return None;
        }
        let high = low.addr().checked_add(size)?;
        // Some systems count the guard pages as part of the stack, such as glibc before 2.27.
        let low = low.addr().checked_add(guard)?.min(high);
        Some(low..high)
    }
}

#[cfg(all(feature = "libc", target_vendor = "apple"))]
mod system {
    use core::ops::Range;

    /// The stack of the calling thread.
    pub(super) fn bounds() -> Option<Range<usize>> {
        // SAFETY: (I16) no precondition.
        let thread = unsafe { libc::pthread_self() };
        // SAFETY: (I16) a live thread.
        let high = unsafe { libc::pthread_get_stackaddr_np(thread) }.addr();
        // SAFETY: (I16) a live thread.
        let size = unsafe { libc::pthread_get_stacksize_np(thread) };
        Some(high.checked_sub(size)?..high)
    }
}

#[cfg(windows)]
mod system {
    use core::ops::Range;

    #[link(name = "kernel32")]
    // SAFETY: (I16) the signatures are those of the system's headers.
    unsafe extern "system" {
        fn GetCurrentThreadStackLimits(low: *mut usize, high: *mut usize);
        fn SetThreadStackGuarantee(bytes: *mut u32) -> i32;
    }

    const PAGE: usize = 4096;

    /// The stack of the calling thread or fiber, without the pages at its end that are kept for handling an overflow.
    pub(super) fn bounds() -> Option<Range<usize>> {
        let (mut low, mut high) = (0, 0);
        // SAFETY: (I16) the two places to write to are ours.
        unsafe { GetCurrentThreadStackLimits(&mut low, &mut high) };
        let mut kept = 0;
        // SAFETY: (I16) the place to write to is ours. Zero changes nothing, and asks for what is set.
        if unsafe { SetThreadStackGuarantee(&mut kept) } == 0 {
            return None;
        }
        // There is a guard page above the kept pages, and two pages below them are never given out.
        let kept = (kept as usize).next_multiple_of(PAGE) + 3 * PAGE;
        Some(low.checked_add(kept)?.min(high)..high)
    }
}

/// A module of WebAssembly has a stack in its memory, for what has an address. Its linker says where. Threads would have
/// stacks of their own.
#[cfg(all(
    target_arch = "wasm32",
    any(target_os = "unknown", target_os = "wasi"),
    not(target_feature = "atomics")
))]
mod system {
    use core::ops::Range;

    // SAFETY: (I16) the linker defines both. They have addresses only: nothing is read.
    unsafe extern "C" {
        static __stack_low: u8;
        static __stack_high: u8;
    }

    /// The stack of the module.
    pub(super) fn bounds() -> Option<Range<usize>> {
        Some((&raw const __stack_low).addr()..(&raw const __stack_high).addr())
    }
}

#[cfg(not(any(
    all(
        feature = "libc",
        any(target_os = "linux", target_os = "android", target_vendor = "apple")
    ),
    windows,
    all(
        target_arch = "wasm32",
        any(target_os = "unknown", target_os = "wasi"),
        not(target_feature = "atomics")
    )
)))]
mod system {
    use core::ops::Range;

    /// memzone does not know how to ask this system.
    pub(super) fn bounds() -> Option<Range<usize>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left() -> usize {
        known_left().unwrap_or_else(|| find_left().unwrap())
    }

    #[test]
    fn a_quarter_is_reserved_within_limits() {
        let reserved = |size: usize| {
            let known = Known::new(1 << 24..(1 << 24) + size);
            assert_eq!(known.floor + known.size, (1 << 24) + size);
            known.floor - known.low
        };
        assert_eq!(reserved(8 << 20), 64 << 10);
        assert_eq!(reserved(192 << 10), 48 << 10);
        assert_eq!(reserved(64 << 10), 32 << 10);
        assert_eq!(reserved(8 << 10), 8 << 10);
        let endless = Known::new(4096..3 << 30);
        assert_eq!((endless.low, endless.size), ((3 << 30) - MAX_SIZE, MAX_SIZE - (64 << 10)));
    }

    #[test]
    #[cfg_attr(miri, ignore = "has no stack")]
    fn what_is_assumed_is_never_assumed_again() {
        let here = stack_pointer();
        KNOWN.set(Known::assume(here));
        assert!(left() <= ASSUMED && left() >= ASSUMED / 2);
        KNOWN.set(Known::assume(here + 2 * ASSUMED));
        assert_eq!(left(), 0);
        assert_eq!(KNOWN.get().floor, here + ASSUMED);
    }

    #[test]
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    #[cfg_attr(miri, ignore = "has no stack")]
    fn a_foreign_stack_counts_as_used_up() {
        assert!(left() > 0);
        let known = KNOWN.get();
        for foreign in [known.low - 1, known.floor + known.size, 0, usize::MAX] {
            assert_eq!(find_left_at(foreign), Ok(0));
            assert_eq!(KNOWN.get().floor, known.floor);
        }
        assert!(left() > 0);
    }
}
