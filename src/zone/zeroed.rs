//! Zeroed memory, for types that it is a value of.

use crate::error::ZoneError;
use crate::zone::Zone;
use crate::zone::values::{OnError, Panic, Return};
use bytemuck::Zeroable;
use core::convert::Infallible;
use core::slice;

// As in `alloc.rs`: each call hands out other memory (I2).
#[expect(clippy::mut_from_ref)]
#[cfg_attr(docsrs, doc(cfg(feature = "bytemuck")))]
impl Zone {
    #[inline(always)]
    #[track_caller]
    fn zeroed_in<E: OnError, T: Zeroable>(&self, len: usize) -> Result<&mut [T], E::Error> {
        const { crate::zone::values::refuse_drop::<T>() };
        let start = self.places::<E, T>(len, align_of::<T>())?.as_ptr();
        // SAFETY: (I2) `len` places just taken.
        unsafe { start.write_bytes(0, len) };
        // SAFETY: (I7) zeroes are a `T`, by `Zeroable`'s promise; (I1) borrowed from the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start, len) })
    }

    /// A value of zeroes, made in its place: nothing is copied there, however large it is.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1 << 20);
    /// let tables: &mut [[f32; 512]; 64] = zone.alloc_zeroed();
    /// assert_eq!(tables[63][511], 0.0);
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_zeroed`](Zone::try_alloc_zeroed) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn alloc_zeroed<T: Zeroable>(&self) -> &mut T {
        &mut self.alloc_zeroed_slice(1)[0]
    }

    /// Like [`alloc_zeroed`](Zone::alloc_zeroed), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    pub fn try_alloc_zeroed<T: Zeroable>(&self) -> Result<&mut T, ZoneError> {
        self.try_alloc_zeroed_slice(1).map(|values| &mut values[0])
    }

    /// A slice of `len` values of zeroes.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let delay: &mut [f32] = zone.alloc_zeroed_slice(480);
    /// assert!(delay.iter().all(|&sample| sample == 0.0));
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_zeroed_slice`](Zone::try_alloc_zeroed_slice) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Linear in the bytes.
    #[inline(always)]
    #[track_caller]
    pub fn alloc_zeroed_slice<T: Zeroable>(&self, len: usize) -> &mut [T] {
        let Ok(values): Result<_, Infallible> = self.zeroed_in::<Panic, T>(len);
        values
    }

    /// Like [`alloc_zeroed_slice`](Zone::alloc_zeroed_slice), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Linear in the bytes.
    #[inline(always)]
    pub fn try_alloc_zeroed_slice<T: Zeroable>(&self, len: usize) -> Result<&mut [T], ZoneError> {
        self.zeroed_in::<Return, T>(len)
    }
}
