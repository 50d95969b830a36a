//! Where a zone's blocks get their memory: each block is a chunk of `bumpalo`.
//!
//! This is the only file that knows `bumpalo`, which takes chunks from the system and frees them. Each block is a
//! `Bump` of its own. So a zone decides the size of each block, and can give back one block without the others
//! (`Bump::reset` would free all but the largest).

#![forbid(unsafe_code)]

use crate::error::{Request, ZoneError};
use crate::insight::stats;
use crate::region::bump::HEADROOM;
use crate::system::pages::{self, HAS_HUGE_PAGES, HUGE_PAGE, PAGE};
use crate::system::section;
#[cfg(feature = "alloc")]
use bumpalo::Bump;
use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// The bytes of a chunk that `bumpalo` keeps for itself and for `malloc`.
const CHUNK_OVERHEAD: usize = 64;

/// The part of `CHUNK_OVERHEAD` that is for `malloc`. It is not asked from the system.
const MALLOC_OVERHEAD: usize = 16;

/// The bytes that are asked from the system beside a block of huge pages. What `bumpalo` keeps lies in a page behind it.
const HUGE_OVERHEAD: usize = PAGE - MALLOC_OVERHEAD;

/// The size of the smallest chunk, `CHUNK_OVERHEAD` included.
const SMALLEST_CHUNK: usize = 512;

/// Blocks start at a cache line.
pub(crate) const BLOCK_ALIGN: usize = 64;

/// The owner of a block's memory. Dropping it gives the memory back.
pub(crate) struct Memory {
    /// `None` for a buffer of the user's, which is not freed.
    bump: Option<Bump>,
}

/// There is no chunk of the system's without `alloc`.
#[cfg(not(feature = "alloc"))]
enum Bump {}

#[cfg(not(feature = "alloc"))]
impl Bump {
    fn allocated_bytes_including_metadata(&self) -> usize {
        match *self {}
    }
}

/// Memory that was just taken for a block.
pub(crate) struct Taken {
    pub(crate) memory: Memory,
    /// Aligned to `BLOCK_ALIGN`.
    pub(crate) start: NonNull<u8>,
    pub(crate) bytes: usize,
    /// Whether the system has refused the huge pages that the block was to have.
    pub(super) is_refused_huge: bool,
}

/// The size of the smallest block of at least `bytes` bytes, or `None` if no system could have so many.
pub(crate) fn round_up(bytes: usize) -> Option<usize> {
    let chunk = bytes.checked_add(CHUNK_OVERHEAD)?.max(SMALLEST_CHUNK);
    let chunk = if chunk <= PAGE {
        chunk.next_power_of_two()
    } else {
        chunk.checked_next_multiple_of(PAGE)?
    };
    let bytes = chunk - CHUNK_OVERHEAD;
    (bytes <= isize::MAX as usize - PAGE).then_some(bytes)
}

/// The size of the largest block for which at most `system` bytes are asked from the system.
pub(super) fn round_down(system: usize) -> Option<usize> {
    let chunk = system.min(isize::MAX as usize - PAGE) + MALLOC_OVERHEAD;
    if chunk < SMALLEST_CHUNK {
        return None;
    }
    let chunk = if chunk < PAGE { 1 << chunk.ilog2() } else { chunk / PAGE * PAGE };
    Some(chunk - CHUNK_OVERHEAD)
}

/// The size of the smallest block of huge pages with at least `bytes` bytes. If that is too much, it is the size of the
/// largest one for which at most `system` bytes are asked from the system. `None` if that is less than one huge page,
/// or if memzone cannot ask for huge pages here.
///
/// Only such a size is a multiple of a huge page.
pub(super) fn in_huge_pages(bytes: usize, system: usize) -> Option<usize> {
    let most = system.min(isize::MAX as usize - HUGE_PAGE).checked_sub(HUGE_OVERHEAD)? / HUGE_PAGE;
    let count = bytes.div_ceil(HUGE_PAGE).min(most);
    (HAS_HUGE_PAGES && count > 0).then_some(count * HUGE_PAGE)
}

/// Whether a block of this size consists of huge pages.
fn is_huge(bytes: usize) -> bool {
    HAS_HUGE_PAGES && bytes % HUGE_PAGE == 0
}

/// The bytes that are asked from the system for a block of a size that `round_up`, `round_down` or `in_huge_pages` gave.
pub(crate) fn system_bytes(bytes: usize) -> usize {
    bytes + if is_huge(bytes) { HUGE_OVERHEAD } else { CHUNK_OVERHEAD - MALLOC_OVERHEAD }
}

impl Memory {
    /// An owner of no memory.
    pub(crate) const fn none() -> Memory {
        Memory { bump: None }
    }

    /// Takes a block from the system. Its size must be one that `round_up`, `round_down` or `in_huge_pages` gave.
    ///
    /// A block of huge pages begins at one. The system is asked for them before anything is written.
    #[cfg(feature = "alloc")]
    #[track_caller]
    pub(crate) fn take(request: Request, bytes: usize) -> Result<Taken, ZoneError> {
        section::ask(request, system_bytes(bytes))?;
        let refused = ZoneError::OutOfMemory { requested: system_bytes(bytes) };
        let align = if is_huge(bytes) { HUGE_PAGE } else { BLOCK_ALIGN };
        let layout = Layout::from_size_align(bytes, align).map_err(|_| refused)?;
        let bump = Bump::new();
        let start = bump.try_alloc_layout(layout).map_err(|_| refused)?;
        debug_assert_eq!(bump.allocated_bytes_including_metadata(), system_bytes(bytes));
        if !leaves_headroom(start, bytes) {
            return Err(refused);
        }
        stats::taken(system_bytes(bytes));
        let memory = Memory { bump: Some(bump) };
        let is_refused_huge = is_huge(bytes) && !pages::ask_huge(start, bytes);
        Ok(Taken { memory, start, bytes, is_refused_huge })
    }

    /// Without `alloc` the system has no memory.
    #[cfg(not(feature = "alloc"))]
    #[track_caller]
    pub(crate) fn take(request: Request, bytes: usize) -> Result<Taken, ZoneError> {
        section::ask(request, system_bytes(bytes))?;
        Err(ZoneError::OutOfMemory { requested: system_bytes(bytes) })
    }

    /// Makes a block from a buffer, or `None` if fewer than `least` bytes are left after aligning it.
    pub(crate) fn borrow(buffer: &'static mut [MaybeUninit<u8>], least: usize) -> Option<Taken> {
        let skip = buffer.as_ptr().align_offset(BLOCK_ALIGN);
        let usable = buffer.get_mut(skip..)?;
        let bytes = usable.len();
        let start = NonNull::from(usable).cast::<u8>();
        let memory = Memory::none();
        let taken = Taken { memory, start, bytes, is_refused_huge: false };
        (bytes >= least && leaves_headroom(start, bytes)).then_some(taken)
    }

    /// Whether the memory is a buffer of the user's.
    pub(super) fn is_borrowed(&self) -> bool {
        self.bump.is_none()
    }

    /// Bytes that were asked from the system for this block.
    pub(crate) fn system_bytes(&self) -> usize {
        self.bump.as_ref().map_or(0, Bump::allocated_bytes_including_metadata)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if !self.is_borrowed() {
            stats::given_back(self.system_bytes());
        }
    }
}

fn leaves_headroom(start: NonNull<u8>, bytes: usize) -> bool {
    start.addr().get().checked_add(bytes).and_then(|end| end.checked_add(HEADROOM)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bumpalo_asks_the_system_for_what_we_predict() {
        let sizes: &[usize] = if cfg!(miri) {
            &[1, 449, 4033]
        } else {
            &[0, 1, 447, 448, 449, 960, 961, 4031, 4032, 4033, 4096, 8128, 8129, 65_536, 1 << 20]
        };
        for &size in sizes {
            let bytes = round_up(size).unwrap();
            assert!(bytes >= size);
            let taken = Memory::take(Request::NewZone, bytes).unwrap();
            assert_eq!(taken.memory.system_bytes(), system_bytes(bytes), "for {size}");
            assert_eq!(taken.start.addr().get() % BLOCK_ALIGN, 0);
            assert_eq!(round_down(system_bytes(bytes)), Some(bytes));
            assert!(round_down(system_bytes(bytes) - 1).is_none_or(|less| less < bytes));
        }
    }

    #[test]
    #[allow(clippy::assertions_on_constants)]
    fn blocks_of_huge_pages_begin_at_one() {
        for size in [1, HUGE_PAGE, HUGE_PAGE + 1, 5 * HUGE_PAGE - 1] {
            let Some(bytes) = in_huge_pages(size, usize::MAX) else {
                assert!(!HAS_HUGE_PAGES);
                return;
            };
            assert!((size..size + HUGE_PAGE).contains(&bytes) && bytes % HUGE_PAGE == 0);
            let taken = Memory::take(Request::NewZone, bytes).unwrap();
            assert_eq!(taken.start.addr().get() % HUGE_PAGE, 0, "for {size}");
            assert_eq!(taken.memory.system_bytes(), system_bytes(bytes), "for {size}");
            assert_eq!(pages::huge_bytes(taken.start, bytes), bytes);
            // A limit of so much allows it, and one of less allows a huge page less.
            assert_eq!(in_huge_pages(size, system_bytes(bytes)), Some(bytes));
            let less = in_huge_pages(size, system_bytes(bytes) - 1);
            assert_eq!(less, (bytes > HUGE_PAGE).then(|| bytes - HUGE_PAGE));
        }
        let most = in_huge_pages(usize::MAX, usize::MAX).unwrap();
        assert!(most > isize::MAX as usize / 2 && Memory::take(Request::NewZone, most).is_err());
    }

    #[test]
    fn no_size_wraps() {
        assert_eq!(round_up(usize::MAX), None);
        assert_eq!(round_up(isize::MAX as usize), None);
        assert!(round_down(usize::MAX).is_some());
        assert_eq!(round_down(0), None);
        // Miri ends the program when there is no memory. A 32-bit system may have that much.
        if !cfg!(miri) && usize::BITS == 64 {
            assert!(Memory::take(Request::NewZone, round_down(usize::MAX).unwrap()).is_err());
        }
    }
}
