//! Putting single values into a zone. The methods return references.

// An arena gives `&mut` from `&self`: each call gives other memory (I2).
#![expect(clippy::mut_from_ref)]

use super::Zone;
use super::places::{IN_REGISTERS, OnError, Panic, Return, or_never, refuse_drop};
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
        // SAFETY: (I7) the value was just written; (I1) the result borrows the handle, so the memory is not
        // reused.
        Ok(unsafe { &mut *place })
    }

    /// Like `alloc_in`, for a value that exists already.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn put_in<E: OnError, T>(&self, value: T) -> Result<&mut T, E::Error> {
        if !Self::has_fast_place::<T>() || size_of::<T>() > IN_REGISTERS {
            return self.alloc_in::<E, T>(|| value);
        }
        let place = match self.place_fast::<T>() {
            Some(place) => {
                // SAFETY: (I2) the place was just taken for this value.
                unsafe { place.write(value) };
                place
            }
            None => E::put(self, value)?,
        };
        // SAFETY: (I7) the value was written above; (I1) the result borrows the handle, so the memory is not
        // reused.
        Ok(unsafe { &mut *place.as_ptr() })
    }

    /// Puts a value into the zone.
    ///
    /// A type with a destructor does not compile here. [`boxed`](Zone::boxed) takes such a value.
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
    /// When [`try_alloc`](Zone::try_alloc) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Constant if the current block has room: a load, an addition, a comparison and a store.
    #[inline(always)]
    #[track_caller]
    #[doc(alias("malloc", "new", "make", "push_struct", "push", "zalloc", "emplace", "Point_z"))]
    pub fn alloc<T>(&self, value: T) -> &mut T {
        const { refuse_drop::<T>() };
        or_never(self.put_in::<Panic, T>(value))
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

    /// Puts what `make` returns into the zone. It is built in place if the optimiser can do that.
    ///
    /// `make` may use the zone itself. If it panics, its place stays taken.
    ///
    /// ```
    /// let zone = memzone::Zone::new(64 * 1024);
    /// let table = zone.alloc_with(|| [0.0_f32; 4096]); // made in its place
    /// assert_eq!(table.len(), 4096);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_with`](Zone::try_alloc_with) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    #[doc(alias = "emplace")]
    pub fn alloc_with<T>(&self, make: impl FnOnce() -> T) -> &mut T {
        const { refuse_drop::<T>() };
        or_never(self.alloc_in::<Panic, T>(make))
    }

    /// Like [`alloc_with`](Zone::alloc_with), with an error instead of a panic.
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
    pub fn try_alloc_with<T>(&self, make: impl FnOnce() -> T) -> Result<&mut T, ZoneError> {
        const { refuse_drop::<T>() };
        self.alloc_in::<Return, T>(make)
    }

    /// Takes raw memory. It is valid as long as the zone is neither reset nor freed. The compiler does not check that
    /// here.
    ///
    /// A size of zero takes nothing and gives a dangling pointer of the right alignment.
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
    /// When [`try_alloc_layout`](Zone::try_alloc_layout) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    #[doc(alias("allocate", "malloc", "aligned_alloc", "posix_memalign", "memalign"))]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        or_never(self.bump::<Panic>(layout.size(), layout.align()))
    }

    /// Like [`alloc_layout`](Zone::alloc_layout), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// * [`OutOfMemory`](ZoneError::OutOfMemory): the system has no memory for a new block.
    /// * [`LimitReached`](ZoneError::LimitReached): the zone may not grow that far.
    /// * [`Denied`](ZoneError::Denied): a real-time section forbids a new block.
    /// * [`TooLarge`](ZoneError::TooLarge): no zone could ever hold that much.
    /// * [`AlignTooLarge`](ZoneError::AlignTooLarge): the alignment is larger than a page of 4096 bytes.
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
