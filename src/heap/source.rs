//! Where explicit heap memory comes from: the trait `Heap`, and the system's heap.

use crate::error::{Request, ZoneError};
use crate::system::{aside, section};
use core::alloc::Layout;
use core::ptr::NonNull;

/// A source of explicit heap memory. It is the [`System`], an [`RtHeap`](crate::RtHeap), or any allocator in a
/// [`FromAllocator`](crate::FromAllocator).
///
/// # Safety
///
/// * [`take`](Heap::take) returns memory that is valid for reads and writes of `layout.size()` bytes, is aligned to
///   `layout.align()`, and is nobody else's until it is given back.
/// * This still holds after the heap was moved or dropped, as long as an [`origin`](Heap::origin) that was made before
///   lives or was forgotten.
/// * If `Origin` is `Send`, memory may be given back on any thread.
pub unsafe trait Heap {
    /// What a box keeps so that it can give its memory back.
    type Origin;

    /// Makes an origin, through which the heap's memory is given back.
    ///
    /// # Real-time
    ///
    /// As the heap: yes for the [`System`] and an [`RtHeap`](crate::RtHeap). A
    /// [`FromAllocator`](crate::FromAllocator) clones its allocator.
    fn origin(&self) -> Self::Origin;

    /// Takes memory. `layout.size()` is not zero.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory) or [`LimitReached`](ZoneError::LimitReached) if there is none. Nothing
    /// has changed then.
    ///
    /// # Real-time
    ///
    /// As the heap: the [`System`]'s no, an [`RtHeap`](crate::RtHeap)'s yes.
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError>;

    /// Gives memory back.
    ///
    /// # Safety
    ///
    /// `memory` was taken with this `layout` from the heap that made `origin`, and nobody uses it any more.
    ///
    /// # Real-time
    ///
    /// As the heap: the [`System`]'s no, an [`RtHeap`](crate::RtHeap)'s yes.
    unsafe fn give_back(origin: &Self::Origin, memory: NonNull<u8>, layout: Layout);
}

/// The system's heap: Rust's global allocator.
///
/// In a real-time section with [`Policy::Deny`](crate::rt::Policy::Deny) it gives no memory, and memory that is freed
/// is put aside for [`collect`](crate::rt::collect). A block of fewer than 32 bytes is too small for that (fewer than
/// 39, if its alignment is less than 8). It is freed at once, and counted like the rest.
///
/// ```
/// use memzone::{HBox, Heap, RtHeap, System, halloc_in};
///
/// /// A voice's state, on whichever heap the caller has.
/// fn voice<H: Heap>(heap: &H) -> Result<HBox<[f32; 4], H>, memzone::ZoneError> {
///     halloc_in(heap, [0.0; 4])
/// }
///
/// assert_eq!(*voice(&System)?, *voice(&RtHeap::new(4096))?);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

#[cfg(feature = "alloc")]
// SAFETY: (I12) memory of the global allocator belongs to whoever took it until it is given back, on any thread.
unsafe impl Heap for System {
    type Origin = ();

    #[inline]
    fn origin(&self) {}

    #[inline]
    #[track_caller]
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        assert!(layout.size() != 0);
        section::ask(Request::HeapMemory, layout.size())?;
        // SAFETY: (I16) the size is not zero.
        let memory = unsafe { alloc::alloc::alloc(layout) };
        NonNull::new(memory).ok_or(ZoneError::OutOfMemory { requested: layout.size() })
    }

    #[inline]
    unsafe fn give_back((): &(), memory: NonNull<u8>, layout: Layout) {
        if aside::may_free(layout.size()).is_err() {
            // SAFETY: (I14) the caller's promise.
            let is_aside = unsafe { aside::put_heap_block(memory, layout) };
            if is_aside {
                return;
            }
        }
        // SAFETY: (I12) the caller's promise.
        unsafe { alloc::alloc::dealloc(memory.as_ptr(), layout) };
    }
}

/// Without the feature `alloc` this heap has no memory.
#[cfg(not(feature = "alloc"))]
// SAFETY: (I12) no memory is ever taken.
unsafe impl Heap for System {
    type Origin = ();

    fn origin(&self) {}

    #[track_caller]
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        section::ask(Request::HeapMemory, layout.size())?;
        Err(ZoneError::OutOfMemory { requested: layout.size() })
    }

    unsafe fn give_back((): &(), _memory: NonNull<u8>, _layout: Layout) {}
}
