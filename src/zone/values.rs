//! Putting single values into a zone by reference.

// `&mut` from `&self` is what an arena is for: each call hands out other memory (I2).
#![expect(clippy::mut_from_ref)]

use super::Zone;
use super::places::{IN_REGISTERS, OnError, Panic, Return, refuse_drop, value};
use crate::error::ZoneError;
use core::alloc::Layout;
use core::ptr::NonNull;

impl Zone {
    #[inline(always)]
    #[track_caller]
    fn alloc_in<E: OnError, T>(&self, make: impl FnOnce() -> T) -> Result<&mut T, E::Error> {
        let place = self.place::<E, T>()?.as_ptr();
        let value = make();
        // SAFETY: (I2, I5) the place was taken for this value before `make` ran.
        unsafe { place.write(value) };
        // SAFETY: (I7) just written; (I1) borrowed from the handle, so neither moved nor reused.
        Ok(unsafe { &mut *place })
    }

    /// `alloc_in` of a value that is there already.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn put_in<E: OnError, T>(&self, value: T) -> Result<&mut T, E::Error> {
        if !Self::has_fast_place::<T>() || size_of::<T>() > IN_REGISTERS {
            return self.alloc_in::<E, T>(|| value);
        }
        let place = match self.place_fast::<T>() {
            Some(place) => {
                // SAFETY: (I2) a place just taken for it.
                unsafe { place.write(value) };
                place
            }
            None => E::put(self, value)?,
        };
        // SAFETY: (I7) written above; (I1) borrowed from the handle, so neither moved nor reused.
        Ok(unsafe { &mut *place.as_ptr() })
    }

    /// Puts a value into the zone.
    ///
    /// A type that needs its destructor run does not compile; [`boxed`](Zone::boxed) takes it.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let phase = zone.alloc(0.0_f64);
    /// *phase += 0.1;
    /// ```
    ///
    /// ```compile_fail
    /// let zone = memzone::Zone::new(1024);
    /// let name = zone.alloc(String::from("kick"));
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc`](Zone::try_alloc) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Constant where the current block has room: a load, an addition, a comparison, a store.
    #[inline(always)]
    #[track_caller]
    pub fn alloc<T>(&self, value: T) -> &mut T {
        const { refuse_drop::<T>() };
        self::value(self.put_in::<Panic, T>(value))
    }

    /// Like [`alloc`](Zone::alloc), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). The value is lost then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc<T>(&self, value: T) -> Result<&mut T, ZoneError> {
        const { refuse_drop::<T>() };
        self.put_in::<Return, T>(value)
    }

    /// Puts what `make` returns into the zone, built in place where the optimiser can.
    ///
    /// `make` may use the zone itself. Where it panics, its place stays taken.
    ///
    /// ```
    /// let zone = memzone::Zone::new(64 * 1024);
    /// let table = zone.alloc_with(|| [0.0_f32; 4096]); // made in its place
    /// assert_eq!(table.len(), 4096);
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_with`](Zone::try_alloc_with) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn alloc_with<T>(&self, make: impl FnOnce() -> T) -> &mut T {
        const { refuse_drop::<T>() };
        value(self.alloc_in::<Panic, T>(make))
    }

    /// Like [`alloc_with`](Zone::alloc_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout); `make` is not called then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining) and as far as `make` is.
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_with<T>(&self, make: impl FnOnce() -> T) -> Result<&mut T, ZoneError> {
        const { refuse_drop::<T>() };
        self.alloc_in::<Return, T>(make)
    }

    /// Takes raw memory. It is valid as long as the zone is neither reset nor freed, which the
    /// compiler does not check here.
    ///
    /// A size of zero gives a dangling pointer of the right alignment and takes nothing.
    ///
    /// ```
    /// use core::alloc::Layout;
    ///
    /// let zone = memzone::Zone::new(1024);
    /// let place = zone.alloc_layout(Layout::new::<[f32; 16]>().align_to(64).unwrap());
    /// assert!(zone.contains(place.as_ptr()) && place.addr().get() % 64 == 0);
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_layout`](Zone::try_alloc_layout) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        value(self.bump::<Panic>(layout.size(), layout.align()))
    }

    /// Like [`alloc_layout`](Zone::alloc_layout), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// * [`OutOfMemory`](ZoneError::OutOfMemory): the system has no memory for a new block.
    /// * [`LimitReached`](ZoneError::LimitReached): the zone may not grow that far.
    /// * [`TooLarge`](ZoneError::TooLarge): no zone could ever hold it.
    /// * [`AlignTooLarge`](ZoneError::AlignTooLarge): aligned to more than a page of 4096 bytes.
    ///
    /// The zone is as it was before.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        self.bump::<Return>(layout.size(), layout.align())
    }
}
