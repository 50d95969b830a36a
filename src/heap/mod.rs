//! Explicit heap memory: `halloc`, `HBox`, and the heaps it may come from.

mod hbox;

#[cfg(feature = "allocator-api2")]
mod foreign;

#[cfg(feature = "rt-heap")]
mod remote;

#[cfg(feature = "rt-heap")]
mod rt;

#[cfg(feature = "allocator-api2")]
pub use foreign::FromAllocator;
pub use hbox::HBox;
#[cfg(feature = "rt-heap")]
pub use rt::{HeapStats, RtHeap, SendHeap};

use crate::error::{Request, ZoneError};
use crate::zone::or_panic;
use crate::{aside, section};
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

/// Puts a value on the system's heap.
///
/// ```
/// use memzone::{HBox, beginz, halloc};
///
/// let gain = beginz!(z => halloc(z.alloc_slice(64, 0.5_f32)[0])); // leaves the scope as it is
/// let boxed: Box<f32> = HBox::into_box(gain); // the same memory
/// assert_eq!(HBox::into_inner(HBox::from_box(boxed)), 0.5);
/// ```
///
/// # Panics
///
/// Where the system has no memory; [`try_halloc`] gives an error instead.
///
/// # Real-time
///
/// No. [`halloc_in`] an [`RtHeap`] is.
#[track_caller]
pub fn halloc<T>(value: T) -> HBox<T> {
    or_panic(try_halloc(value))
}

/// Like [`halloc`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory). The value is lost then; see [`HBox::try_uninit_in`].
///
/// # Real-time
///
/// No. [`halloc_in`] an [`RtHeap`] is.
#[cfg_attr(feature = "ledger", track_caller)]
pub fn try_halloc<T>(value: T) -> Result<HBox<T>, ZoneError> {
    halloc_in(&System, value)
}

/// Puts `len` copies of a value on the system's heap.
///
/// ```
/// let mut table = memzone::halloc_slice(512, 0.0_f32);
/// table[0] = 1.0;
/// assert_eq!(table.len(), 512);
/// ```
///
/// # Panics
///
/// Where [`try_halloc_slice`] errs.
///
/// # Real-time
///
/// No.
#[track_caller]
pub fn halloc_slice<T: Copy>(len: usize, value: T) -> HBox<[T]> {
    or_panic(try_halloc_slice(len, value))
}

/// Like [`halloc_slice`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory), and [`TooLarge`](ZoneError::TooLarge) for what nobody could hold.
///
/// # Real-time
///
/// No. [`halloc_slice_in`] an [`RtHeap`] is.
#[cfg_attr(feature = "ledger", track_caller)]
pub fn try_halloc_slice<T: Copy>(len: usize, value: T) -> Result<HBox<[T]>, ZoneError> {
    halloc_slice_in(&System, len, value)
}

/// Puts a value into a heap.
///
/// ```
/// use memzone::{RtHeap, ZoneError, halloc_in};
///
/// let heap = RtHeap::new(4096);
/// let voice = halloc_in(&heap, [0.0_f32; 64])?;
/// assert_eq!(voice.len(), 64);
/// let error = halloc_in(&heap, [0.0_f32; 1024]).unwrap_err();
/// assert!(matches!(error, ZoneError::LimitReached { .. }));
/// # Ok::<(), ZoneError>(())
/// ```
///
/// # Errors
///
/// Those of [`Heap::take`]. The value is lost then; see [`HBox::try_uninit_in`].
///
/// # Real-time
///
/// As the heap.
#[inline]
#[cfg_attr(feature = "ledger", track_caller)]
pub fn halloc_in<T, H: Heap>(heap: &H, value: T) -> Result<HBox<T, H>, ZoneError> {
    Ok(HBox::try_uninit_in(heap)?.write(value))
}

/// Puts `len` copies of a value into a heap.
///
/// ```
/// use memzone::{RtHeap, halloc_slice_in};
///
/// let heap = RtHeap::new(64 * 1024);
/// let samples = halloc_slice_in(&heap, 480, 0.0_f32)?;
/// assert!(heap.used() >= 480 * 4);
/// drop(samples);
/// assert_eq!(heap.used(), 0);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Errors
///
/// Those of [`Heap::take`], and [`TooLarge`](ZoneError::TooLarge).
///
/// # Real-time
///
/// As the heap.
#[cfg_attr(feature = "ledger", track_caller)]
pub fn halloc_slice_in<T: Copy, H: Heap>(
    heap: &H,
    len: usize,
    value: T,
) -> Result<HBox<[T], H>, ZoneError> {
    Ok(HBox::<[T], H>::try_uninit_slice_in(heap, len)?.fill_with(|_| value))
}

/// Frees a box now: xtlang's `free`. Dropping it does the same.
///
/// ```
/// use memzone::{free, halloc};
///
/// let voice = halloc([0.0_f32; 64]);
/// free(voice); // `drop(voice)`, in xtlang's word
/// ```
///
/// # Real-time
///
/// As the heap.
pub fn free<T: ?Sized, H: Heap>(value: HBox<T, H>) {
    drop(value);
}
