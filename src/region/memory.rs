//! Where a zone's blocks get their memory: each block is a chunk of `bumpalo`.
//!
//! This is the only file that knows `bumpalo`, which takes chunks from the system and frees them. Each block is a
//! `Bump` of its own. So a zone decides the size of each block, and can give back one block without the others
//! (`Bump::reset` would free all but the largest).

use crate::error::{Request, ZoneError};
use crate::insight::stats;
use crate::region::bump::HEADROOM;
use crate::system::pages::PAGE;
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
pub(crate) fn round_down(system: usize) -> Option<usize> {
    let chunk = system.min(isize::MAX as usize - PAGE) + MALLOC_OVERHEAD;
    if chunk < SMALLEST_CHUNK {
        return None;
    }
    let chunk = if chunk < PAGE { 1 << chunk.ilog2() } else { chunk / PAGE * PAGE };
    Some(chunk - CHUNK_OVERHEAD)
}

/// The bytes that are asked from the system for a block of a size that `round_up` or `round_down` gave.
pub(crate) fn system_bytes(bytes: usize) -> usize {
    bytes + (CHUNK_OVERHEAD - MALLOC_OVERHEAD)
}

impl Memory {
    /// An owner of no memory.
    pub(crate) const fn none() -> Memory {
        Memory { bump: None }
    }

    /// Takes a block from the system. Its size must be one that `round_up` or `round_down` gave.
    #[cfg(feature = "alloc")]
    #[track_caller]
    pub(crate) fn take(request: Request, bytes: usize) -> Result<Taken, ZoneError> {
        section::ask(request, system_bytes(bytes))?;
        let refused = ZoneError::OutOfMemory { requested: system_bytes(bytes) };
        let layout = Layout::from_size_align(bytes, BLOCK_ALIGN).map_err(|_| refused)?;
        let bump = Bump::new();
        let start = bump.try_alloc_layout(layout).map_err(|_| refused)?;
        debug_assert_eq!(bump.allocated_bytes_including_metadata(), system_bytes(bytes));
        if !leaves_headroom(start, bytes) {
            return Err(refused);
        }
        stats::taken(system_bytes(bytes));
        let memory = Memory { bump: Some(bump) };
        Ok(Taken { memory, start, bytes })
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
        (bytes >= least && leaves_headroom(start, bytes)).then_some(Taken { memory, start, bytes })
    }

    /// Whether the memory is a buffer of the user's.
    pub(crate) fn is_borrowed(&self) -> bool {
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
