//! Zeroed memory, for types of which all-zero bytes are a value.

use crate::error::ZoneError;
use crate::zone::Zone;
use crate::zone::places::{OnError, Panic, Return};
use bytemuck::Zeroable;
use core::convert::Infallible;
use core::slice;

// As in `values.rs`, each call hands out different memory (I2).
#[expect(clippy::mut_from_ref)]
#[cfg_attr(docsrs, doc(cfg(feature = "bytemuck")))]
impl Zone {
    #[inline(always)]
    #[track_caller]
    fn zeroed_in<E: OnError, T: Zeroable>(&self, len: usize) -> Result<&mut [T], E::Error> {
        const { crate::zone::places::refuse_drop::<T>() };
        let start = self.places::<E, T>(len, align_of::<T>())?.as_ptr();
        // SAFETY: (I2) `len` places were just taken.
        unsafe { start.write_bytes(0, len) };
        // SAFETY: (I7) zeroes are a `T`, as `Zeroable` promises. (I1) The slice is borrowed from the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start, len) })
    }

    /// Allocates a value of zeroes. It is made in its place, so nothing is copied, however large it is.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1 << 20);
    /// let tables: &mut [[f32; 512]; 64] = zone.alloc_zeroed();
    /// assert_eq!(tables[63][511], 0.0);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_zeroed`](Zone::try_alloc_zeroed) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    #[doc(alias("calloc", "memset"))]
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

    /// Allocates a slice of `len` values of zeroes.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let delay: &mut [f32] = zone.alloc_zeroed_slice(480);
    /// assert!(delay.iter().all(|&sample| sample == 0.0));
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_zeroed_slice`](Zone::try_alloc_zeroed_slice) gives an error.
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
    #[doc(alias = "calloc")]
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
