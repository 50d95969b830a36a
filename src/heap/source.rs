//! Where explicit heap memory comes from: the trait `Heap`, and the system's heap.

use crate::error::{Request, ZoneError};
use crate::system::{aside, section};
use core::alloc::Layout;
use core::ptr::NonNull;

/// A source of explicit heap memory: the [`System`], an [`RtHeap`], or any allocator by way of
/// [`FromAllocator`].
///
/// # Safety
///
/// * [`take`](Heap::take) returns memory that is valid for reads and writes of `layout.size()` bytes,
///   aligned to `layout.align()`, and nobody else's until it is given back.
/// * That holds also when the heap has been moved or dropped meanwhile, as long as an
///   [`origin`](Heap::origin) of it that was made before lives or was forgotten.
/// * Where `Origin` is `Send`, memory may be given back on any thread.
pub unsafe trait Heap {
    /// What a box keeps, to give its memory back.
    type Origin;

    /// Where the heap's memory goes back to.
    ///
    /// # Real-time
    ///
    /// As the heap: the [`System`]'s and an [`RtHeap`]'s yes, a [`FromAllocator`] clones its
    /// allocator.
    fn origin(&self) -> Self::Origin;

    /// Takes memory. `layout.size()` is not zero.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory) or [`LimitReached`](ZoneError::LimitReached) where there
    /// is none; nothing has changed then.
    ///
    /// # Real-time
    ///
    /// As the heap: the [`System`]'s no, an [`RtHeap`]'s yes.
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError>;

    /// Gives memory back.
    ///
    /// # Safety
    ///
    /// `memory` was taken with this `layout` from the heap that `origin` is of, and nobody uses it
    /// any more.
    ///
    /// # Real-time
    ///
    /// As the heap: the [`System`]'s no, an [`RtHeap`]'s yes.
    unsafe fn give_back(origin: &Self::Origin, memory: NonNull<u8>, layout: Layout);
}

/// The system's heap: Rust's global allocator.
///
/// In a real-time section with [`Policy::Deny`](crate::rt::Policy::Deny) it gives no memory, and what is
/// freed is put aside for [`collect`](crate::rt::collect): all but what has fewer than 32 bytes (39 where the
/// global allocator aligns it to fewer than 8), as that cannot be part of a list. That is freed, and counted
/// like the rest.
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

// SAFETY: (I12) the global allocator's memory is the taker's until it is given back, on any thread.
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
        let memory = unsafe { std::alloc::alloc(layout) };
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
        unsafe { std::alloc::dealloc(memory.as_ptr(), layout) };
    }
}
