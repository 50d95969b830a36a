//! The functions that take and free explicit heap memory: xtlang's `halloc` and `free`.

#![forbid(unsafe_code)]

use super::hbox::HBox;
use super::source::Heap;
#[cfg(feature = "alloc")]
use super::source::System;
use crate::error::{ZoneError, or_panic};
#[cfg(feature = "alloc")]
use alloc::boxed::Box;

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
/// When the system has no memory. [`try_halloc`] gives an error instead.
///
/// # Real-time
///
/// No. [`halloc_in`] an [`RtHeap`](crate::RtHeap) is.
#[track_caller]
#[cfg(feature = "alloc")]
pub fn halloc<T>(value: T) -> HBox<T> {
    or_panic(try_halloc(value))
}

/// Like [`halloc`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory). The value is lost then. [`HBox::try_uninit_in`] avoids that.
///
/// # Real-time
///
/// No. [`halloc_in`] an [`RtHeap`](crate::RtHeap) is.
#[track_caller]
#[cfg(feature = "alloc")]
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
/// When [`try_halloc_slice`] gives an error.
///
/// # Real-time
///
/// No.
#[track_caller]
#[cfg(feature = "alloc")]
pub fn halloc_slice<T: Copy>(len: usize, value: T) -> HBox<[T]> {
    or_panic(try_halloc_slice(len, value))
}

/// Like [`halloc_slice`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory), and [`TooLarge`](ZoneError::TooLarge) for a size that no system could have.
///
/// # Real-time
///
/// No. [`halloc_slice_in`] an [`RtHeap`](crate::RtHeap) is.
#[track_caller]
#[cfg(feature = "alloc")]
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
/// Those of [`Heap::take`]. The value is lost then. [`HBox::try_uninit_in`] avoids that.
///
/// # Real-time
///
/// As the heap.
#[inline]
#[track_caller]
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
#[track_caller]
pub fn halloc_slice_in<T: Copy, H: Heap>(
    heap: &H,
    len: usize,
    value: T,
) -> Result<HBox<[T], H>, ZoneError> {
    Ok(HBox::<[T], H>::try_uninit_slice_in(heap, len)?.fill(value))
}

/// Frees a box: xtlang's `free`. Dropping it does the same.
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

#[cfg(feature = "alloc")]
impl<T: Clone> Clone for HBox<T> {
    fn clone(&self) -> Self {
        halloc(T::clone(self))
    }
}

#[cfg(feature = "alloc")]
impl<T: Clone> Clone for HBox<[T]> {
    fn clone(&self) -> Self {
        HBox::from_box(Box::from(&**self))
    }
}
