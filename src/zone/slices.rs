//! Putting slices into a zone. The methods return references.

// An arena gives `&mut` from `&self`: each call gives other memory (I2).
#![expect(clippy::mut_from_ref)]

use super::Zone;
use super::places::{IN_REGISTERS, OnError, Panic, Return, fill, or_never, refuse_drop};
use crate::error::ZoneError;
use core::mem::MaybeUninit;
use core::slice;

impl Zone {
    /// Like `slice_in`, for equal values.
    #[inline(always)]
    #[track_caller]
    fn fill_in<E: OnError, T: Copy>(
        &self,
        len: usize,
        align: usize,
        value: T,
    ) -> Result<&mut [T], E::Error> {
        if size_of::<T>() > IN_REGISTERS {
            return self.slice_in::<E, T>(len, align, |_| value);
        }
        let start = match self.slice_fast::<T>(len, align, true) {
            Ok(start) => {
                let start = start.cast();
                // SAFETY: (I2) the `len` places were just taken.
                unsafe { fill(start, len, value) };
                start
            }
            Err(_) => E::fill(self, len, align, value)?,
        };
        // SAFETY: (I7) all `len` values are written; (I1) the result borrows the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start.as_ptr(), len) })
    }

    #[inline(always)]
    #[track_caller]
    fn slice_in<E: OnError, T>(
        &self,
        len: usize,
        align: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> Result<&mut [T], E::Error> {
        let start = self.places::<E, T>(len, align)?.as_ptr();
        for index in 0..len {
            let value = make(index);
            // SAFETY: (I5) the `len` places were taken before `make` ran.
            let place = unsafe { start.add(index) };
            // SAFETY: (I2) one of the `len` places, which nobody else has.
            unsafe { place.write(value) };
        }
        // SAFETY: (I7) all `len` values are written; (I1) the result borrows the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start, len) })
    }

    #[inline(always)]
    #[track_caller]
    fn copy_in<E: OnError, T: Copy>(&self, source: &[T]) -> Result<&mut [T], E::Error> {
        let start = self.places::<E, T>(source.len(), align_of::<T>())?.as_ptr();
        // SAFETY: (I2) the places were just taken, so they do not overlap the source.
        unsafe { start.copy_from_nonoverlapping(source.as_ptr(), source.len()) };
        // SAFETY: (I7) all values are written; (I1) the result borrows the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start, source.len()) })
    }

    #[inline(always)]
    #[track_caller]
    fn uninit_in<E: OnError, T>(&self, len: usize) -> Result<&mut [MaybeUninit<T>], E::Error> {
        let start = self.places::<E, MaybeUninit<T>>(len, align_of::<T>())?.as_ptr();
        // SAFETY: (I7) `MaybeUninit` needs no initialisation; (I1) the result borrows the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start, len) })
    }

    /// Puts `len` copies of a value into the zone. The memory is written once, and not cleared before.
    ///
    /// # Panics
    ///
    /// When [`try_alloc_slice`](Zone::try_alloc_slice) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Linear in `len`.
    #[inline(always)]
    #[track_caller]
    #[doc(alias("calloc", "push_array", "NewArray", "make", "alloc_slice_fill_copy"))]
    #[doc(alias = "alloc_slice_fill")]
    pub fn alloc_slice<T: Copy>(&self, len: usize, value: T) -> &mut [T] {
        or_never(self.fill_in::<Panic, T>(len, align_of::<T>(), value))
    }

    /// Like [`alloc_slice`](Zone::alloc_slice), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_slice<T: Copy>(&self, len: usize, value: T) -> Result<&mut [T], ZoneError> {
        self.fill_in::<Return, T>(len, align_of::<T>(), value)
    }

    /// Puts `len` values into the zone. The one at `index` is what `make(index)` returns.
    ///
    /// # Panics
    ///
    /// When [`try_alloc_slice_with`](Zone::try_alloc_slice_with) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    #[doc(alias = "alloc_slice_fill_with")]
    pub fn alloc_slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &mut [T] {
        const { refuse_drop::<T>() };
        or_never(self.slice_in::<Panic, T>(len, align_of::<T>(), make))
    }

    /// Like [`alloc_slice_with`](Zone::alloc_slice_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout); `make` is not called then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if `make` is.
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_slice_with<T>(
        &self,
        len: usize,
        make: impl FnMut(usize) -> T,
    ) -> Result<&mut [T], ZoneError> {
        const { refuse_drop::<T>() };
        self.slice_in::<Return, T>(len, align_of::<T>(), make)
    }

    /// Puts a copy of a slice into the zone.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let mut block = [0.5_f32; 64];
    /// let before = zone.alloc_slice_copy(&block);
    /// block.fill(0.0);
    /// assert_eq!(before[63], 0.5);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_slice_copy`](Zone::try_alloc_slice_copy) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    #[doc(alias("memcpy", "memdup", "to_vec"))]
    pub fn alloc_slice_copy<T: Copy>(&self, source: &[T]) -> &mut [T] {
        or_never(self.copy_in::<Panic, T>(source))
    }

    /// Like [`alloc_slice_copy`](Zone::alloc_slice_copy), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_slice_copy<T: Copy>(&self, source: &[T]) -> Result<&mut [T], ZoneError> {
        self.copy_in::<Return, T>(source)
    }

    /// Like [`alloc_slice`](Zone::alloc_slice), but the slice starts at a multiple of `ALIGN` bytes: 32 for AVX, 64 for
    /// a cache line, 4096 for a page. `ALIGN` is a power of two.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let row = zone.alloc_slice_aligned::<f32, 64>(100, 0.0);
    /// assert_eq!(row.as_ptr().addr() % 64, 0);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_slice_aligned`](Zone::try_alloc_slice_aligned) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    #[doc(alias("aligned_alloc", "posix_memalign", "memalign", "SIMD"))]
    pub fn alloc_slice_aligned<T: Copy, const ALIGN: usize>(
        &self,
        len: usize,
        value: T,
    ) -> &mut [T] {
        const { assert!(ALIGN.is_power_of_two(), "ALIGN must be a power of two") };
        or_never(self.fill_in::<Panic, T>(len, ALIGN.max(align_of::<T>()), value))
    }

    /// Like [`alloc_slice_aligned`](Zone::alloc_slice_aligned), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_slice_aligned<T: Copy, const ALIGN: usize>(
        &self,
        len: usize,
        value: T,
    ) -> Result<&mut [T], ZoneError> {
        const { assert!(ALIGN.is_power_of_two(), "ALIGN must be a power of two") };
        self.fill_in::<Return, T>(len, ALIGN.max(align_of::<T>()), value)
    }

    /// Takes places for `len` values and writes nothing to them.
    ///
    /// # Panics
    ///
    /// When [`try_alloc_uninit`](Zone::try_alloc_uninit) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Constant if the current block has room.
    #[inline(always)]
    #[track_caller]
    #[doc(alias("alloc_uninit_slice", "MaybeUninit"))]
    pub fn alloc_uninit<T>(&self, len: usize) -> &mut [MaybeUninit<T>] {
        const { refuse_drop::<T>() };
        or_never(self.uninit_in::<Panic, T>(len))
    }

    /// Like [`alloc_uninit`](Zone::alloc_uninit), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_uninit<T>(&self, len: usize) -> Result<&mut [MaybeUninit<T>], ZoneError> {
        const { refuse_drop::<T>() };
        self.uninit_in::<Return, T>(len)
    }
}
