//! Allocators of other crates, used as heaps.

use super::source::Heap;
use crate::error::ZoneError;
use allocator_api2::alloc::Allocator;
use core::alloc::Layout;
use core::ptr::NonNull;

/// Makes a heap of any allocator with the interface of `allocator-api2`, or of a reference to one.
///
/// ```
/// use allocator_api2::alloc::Global;
/// use memzone::{FromAllocator, halloc_in};
///
/// let heap = FromAllocator(Global);
/// let number = halloc_in(&heap, 5)?;
/// assert_eq!(*number, 5);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Real-time
///
/// As the allocator.
#[derive(Clone, Copy, Debug, Default)]
pub struct FromAllocator<A>(pub A);

// SAFETY: (I12) an allocator's memory stays valid until the allocator and all its clones are dropped. A clone behaves
// as the same allocator, and a box keeps a clone. Whether it may go to another thread is decided by the clone's type.
unsafe impl<A: Allocator + Clone> Heap for FromAllocator<A> {
    type Origin = A;

    fn origin(&self) -> A {
        self.0.clone()
    }

    fn take(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        let refused = ZoneError::OutOfMemory { requested: layout.size() };
        self.0.allocate(layout).map(NonNull::cast).map_err(|_| refused)
    }

    unsafe fn give_back(origin: &A, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: (I12) the caller's promise. `origin` is a clone of the allocator.
        unsafe { origin.deallocate(memory, layout) };
    }
}
