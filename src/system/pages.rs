//! Pages of memory: touching them, counting page faults, and asking the system to keep them resident or to make them huge.
//!
//! If a system cannot do or tell something, the result says so. Memory itself is taken in `region/memory.rs`.

use core::fmt;
use core::ptr::NonNull;

/// The stride at which memory is touched. A page is at least this large on all our targets.
pub(crate) const PAGE: usize = 4096;

/// The size of a huge page.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// Whether memzone can ask for huge pages on this system.
pub(crate) const HAS_HUGE_PAGES: bool =
    cfg!(all(feature = "libc", target_os = "linux", target_pointer_width = "64", not(miri)));

/// What is done to the pages of memory that is prepared for a thread.
#[derive(Clone, Copy)]
pub(crate) struct Care {
    /// They are touched.
    pub(crate) prefault: bool,
    /// The system is asked to keep them resident.
    pub(crate) lock: bool,
    /// The system is asked for huge ones.
    pub(crate) huge: bool,
}

/// Touches every page of memory that is not in use yet, so that its first use causes no page fault.
///
/// # Safety
///
/// The `bytes` from `start` on are valid for writes, and nobody uses them yet.
pub(crate) unsafe fn prefault(start: NonNull<u8>, bytes: usize) {
    // The last byte is touched too. If the memory does not start at a page's first byte, it may end in one more page.
    for offset in (0..bytes).step_by(PAGE).chain(bytes.checked_sub(1)) {
        // SAFETY: (I2) this is within the memory.
        let byte = unsafe { start.add(offset) };
        // SAFETY: (I7) the caller's promise.
        unsafe { byte.write_volatile(0) };
    }
}

/// The page faults of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) minor: u64,
    pub(super) major: u64,
}

impl Faults {
    pub(crate) fn since(self, before: Faults) -> Faults {
        Faults { minor: self.minor - before.minor, major: self.major - before.major }
    }
}

/// The page faults of this thread since it started, if the system counts them.
#[cfg(all(feature = "libc", target_os = "linux", not(miri)))]
pub(super) fn faults() -> Option<Faults> {
    let mut usage = core::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: (I16) the pointer is valid for a `rusage`.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    if result != 0 {
        return None;
    }
    // SAFETY: (I16) it was filled in, as the call succeeded.
    let usage = unsafe { usage.assume_init() };
    let count = |faults: libc::c_long| u64::try_from(faults).unwrap_or(0);
    Some(Faults { minor: count(usage.ru_minflt), major: count(usage.ru_majflt) })
}

#[cfg(not(all(feature = "libc", target_os = "linux", not(miri))))]
pub(super) fn faults() -> Option<Faults> {
    None
}

/// The reason why memory was not locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockError {
    /// The system's error number.
    Refused(i32),
    /// memzone cannot lock memory on this system.
    Unsupported,
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            LockError::Refused(number) => {
                #[cfg(feature = "std")]
                write!(f, "{}", std::io::Error::from_raw_os_error(number))?;
                #[cfg(not(feature = "std"))]
                write!(f, "error {number}")?;
                f.write_str("; the limit is what `ulimit -l` says")
            }
            LockError::Unsupported => f.write_str("memzone cannot lock memory on this system"),
        }
    }
}

#[cfg(all(
    feature = "libc",
    any(target_os = "linux", target_os = "android", target_vendor = "apple"),
    not(miri)
))]
mod locking {
    use super::LockError;
    use core::ptr::NonNull;

    fn page() -> usize {
        // SAFETY: (I16) no precondition.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(page).ok().filter(|page| page.is_power_of_two()).unwrap_or(super::PAGE)
    }

    /// Asks the system to keep all pages of this memory resident.
    pub(crate) fn lock(start: NonNull<u8>, bytes: usize) -> Result<(), LockError> {
        let before = start.addr().get() & (page() - 1);
        let start = start.as_ptr().wrapping_sub(before).cast();
        // SAFETY: (I16) `mlock` reads and writes nothing. It fails if the pages are not mapped.
        match unsafe { libc::mlock(start, before + bytes) } {
            0 => Ok(()),
            _ => Err(LockError::Refused(
                std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL),
            )),
        }
    }

    /// Unlocks the pages that hold nothing but this memory. A page at either end may be part of other memory that is to
    /// stay locked.
    pub(crate) fn unlock(start: NonNull<u8>, bytes: usize) {
        let page = page();
        let first = start.addr().get().next_multiple_of(page);
        let end = (start.addr().get() + bytes) & !(page - 1);
        if first < end {
            let first = start.as_ptr().wrapping_add(first - start.addr().get()).cast();
            // SAFETY: (I16) `munlock` reads and writes nothing. All that can be lost is that pages are locked.
            unsafe { libc::munlock(first, end - first.addr()) };
        }
    }
}

#[cfg(not(all(
    feature = "libc",
    any(target_os = "linux", target_os = "android", target_vendor = "apple"),
    not(miri)
)))]
mod locking {
    use super::LockError;
    use core::ptr::NonNull;

    pub(crate) fn lock(_start: NonNull<u8>, _bytes: usize) -> Result<(), LockError> {
        Err(LockError::Unsupported)
    }

    pub(crate) fn unlock(_start: NonNull<u8>, _bytes: usize) {}
}

pub(crate) use locking::{lock, unlock};

/// Where the whole huge pages in a piece of memory begin, and how many bytes they have. A page at the start that holds
/// something else too, such as the header of the same block, counts as the memory's.
fn huge_part(start: NonNull<u8>, bytes: usize) -> (usize, usize) {
    let start = start.addr().get();
    let first = (start & !(PAGE - 1)).next_multiple_of(HUGE_PAGE);
    let end = (start + bytes) & !(HUGE_PAGE - 1);
    (first, end.saturating_sub(first))
}

/// The bytes of the whole huge pages in a piece of memory.
pub(crate) fn huge_bytes(start: NonNull<u8>, bytes: usize) -> usize {
    if HAS_HUGE_PAGES { huge_part(start, bytes).1 } else { 0 }
}

#[cfg(all(feature = "libc", target_os = "linux", target_pointer_width = "64", not(miri)))]
mod asking {
    use super::huge_part;
    use core::ptr::NonNull;
    use std::io::Read;

    /// Asks the system to serve the whole huge pages in this memory as such when they are touched. Pages that were
    /// touched before may become part of a huge one later. The result is `false` if the system refuses.
    pub(crate) fn ask_huge(start: NonNull<u8>, bytes: usize) -> bool {
        let (first, bytes) = huge_part(start, bytes);
        if bytes == 0 {
            return true;
        }
        let first = start.as_ptr().with_addr(first).cast();
        // SAFETY: (I16) this advice reads and writes nothing. It fails if the pages are not mapped.
        let result = unsafe { libc::madvise(first, bytes, libc::MADV_HUGEPAGE) };
        result == 0 && !are_switched_off()
    }

    /// Whether the system takes the advice and does not follow it, as huge pages are switched off for this process or
    /// for all.
    fn are_switched_off() -> bool {
        let none: libc::c_ulong = 0;
        // SAFETY: (I16) no precondition.
        let process = unsafe { libc::prctl(libc::PR_GET_THP_DISABLE, none, none, none, none) };
        // Newer systems have a 3 for a process that gets huge pages where it asks for them.
        if process == 1 {
            return true;
        }
        let mut text = [0; 64];
        let setting = std::fs::File::open("/sys/kernel/mm/transparent_hugepage/enabled");
        let read = setting.and_then(|mut file| file.read(&mut text)).unwrap_or(0);
        text[..read].windows(7).any(|word| word == b"[never]")
    }
}

#[cfg(not(all(feature = "libc", target_os = "linux", target_pointer_width = "64", not(miri))))]
mod asking {
    use core::ptr::NonNull;

    pub(crate) fn ask_huge(_start: NonNull<u8>, _bytes: usize) -> bool {
        false
    }
}

pub(crate) use asking::ask_huge;
