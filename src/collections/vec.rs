//! `Vec` and `Box` of each version of `allocator-api2`.

use super::filling::{self, borrowed, counted};
use crate::copy::{DeepCopy, Depth, Work};
use crate::error::ZoneError;
use crate::zone::Zone;

/// A vector in a zone, which it borrows.
///
/// It is the `Vec` of [`allocator_api2`], with all its methods: that of the standard library with an allocator. It is
/// made with [`Zone::vec`] or [`Zone::vec_with_capacity`].
///
/// ```
/// use memzone::{ZVec, Zone};
///
/// fn loud<'z>(zone: &'z Zone, samples: &[f32]) -> ZVec<'z, f32> {
///     let mut loud = zone.vec();
///     loud.extend(samples.iter().filter(|sample| sample.abs() > 0.5));
///     loud
/// }
///
/// assert_eq!(*loud(&Zone::new(1024), &[0.1, 0.9]), [0.9]);
/// ```
///
/// # Real-time
///
/// Pushing: yes, within [`remaining`](Zone::remaining). When the zone has no memory left, `push` ends the program as it
/// does in the standard library, and `try_reserve` gives an error. Dropping it: yes, if dropping its items is.
#[cfg(feature = "allocator-api2")]
#[cfg_attr(docsrs, doc(cfg(feature = "allocator-api2")))]
pub type ZVec<'z, T> = allocator_api2::vec::Vec<T, &'z Zone>;

#[cfg(feature = "allocator-api2")]
#[cfg_attr(docsrs, doc(cfg(feature = "allocator-api2")))]
impl Zone {
    /// Makes an empty vector in the zone.
    ///
    /// While it is the last allocation, it grows in its place, and dropping or shrinking it gives its memory back.
    /// Otherwise it moves when it grows. The memory that it leaves comes back when the zone is reset or freed.
    ///
    /// A vector leaves its scope in one copy:
    ///
    /// ```
    /// use memzone::{ZVec, Zone, beginz};
    ///
    /// let outer = Zone::new(4096);
    /// let primes: ZVec<u32> = beginz!(z in &outer => {
    ///     let mut primes = z.vec();
    ///     primes.extend((2..100_u32).filter(|n| (2..*n).all(|d| n % d != 0)));
    ///     primes
    /// });
    /// assert_eq!((primes.len(), primes[24]), (25, 97));
    /// assert_eq!(outer.used(), 104); // 25 numbers, in steps of 8 bytes
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub fn vec<T>(&self) -> ZVec<'_, T> {
        ZVec::new_in(self)
    }

    /// Makes an empty vector with room for `capacity` items.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut peaks = zone.vec_with_capacity(100);
    /// peaks.push(0.5_f32);
    /// assert_eq!((peaks.capacity(), zone.used()), (100, 400));
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_vec_with_capacity`](Zone::try_vec_with_capacity) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn vec_with_capacity<T>(&self, capacity: usize) -> ZVec<'_, T> {
        crate::error::or_panic(self.try_vec_with_capacity(capacity))
    }

    /// Like [`vec_with_capacity`](Zone::vec_with_capacity), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    pub fn try_vec_with_capacity<T>(&self, capacity: usize) -> Result<ZVec<'_, T>, ZoneError> {
        let (start, len, room) = filling::Filling::new(capacity, self)?.into_parts();
        // SAFETY: (I2) the room for that many items was just taken from this zone.
        Ok(unsafe { ZVec::from_raw_parts_in(start, len, room, self) })
    }
}

/// Implements `DeepCopy` for the collections of one version of `allocator-api2`, with both kinds of handles.
macro_rules! collections {
    ($api:ident) => {
        collections! { $api, ['a] &'a Zone, &'z Zone, borrowed }
        collections! { $api, [] Zone, Zone, counted }
    };
    ($api:ident, [$($borrow:lifetime)?] $from:ty, $into:ty, $handle:ident) => {
        #[diagnostic::do_not_recommend]
        impl<'z, $($borrow,)? T: DeepCopy<'z>> DeepCopy<'z> for $api::vec::Vec<T, $from> {
            type Copied = $api::vec::Vec<T::Copied, $into>;
            const UNWATCHED: bool = T::FLAT && !core::mem::needs_drop::<(T, $from)>();

            fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                Depth::enter(|depth| self.copy_at(to, depth))
            }

            fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                collections!(vec $api, filling::copy(self, to, depth)?, $handle(to)?)
            }

            fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                if T::FLAT {
                    let copied = self.deep_copy(to);
                    // Dropped before the function ends, as a panic there would leak what is returned.
                    drop(self);
                    return copied;
                }
                collections!(vec $api, filling::move_all(self.into_iter(), to)?, $handle(to)?)
            }

            async fn copy_later<'s>(
                &'s self,
                to: &'z Zone,
                work: Work<'s>,
            ) -> Result<Self::Copied, ZoneError>
            where
                'z: 's,
            {
                collections!(vec $api, filling::copy_later(self, to, work).await?, $handle(to)?)
            }

            async fn move_later<'s>(
                self,
                to: &'z Zone,
                work: Work<'s>,
            ) -> Result<Self::Copied, ZoneError>
            where
                Self: 's,
                'z: 's,
            {
                let items = self.into_iter();
                collections!(vec $api, filling::move_later(items, to, work).await?, $handle(to)?)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<'z, $($borrow,)? T: DeepCopy<'z>> DeepCopy<'z> for $api::boxed::Box<T, $from> {
            type Copied = $api::boxed::Box<T::Copied, $into>;

            fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                Depth::enter(|depth| self.copy_at(to, depth))
            }

            fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                collections!(boxed $api, depth.follow(&**self, to)?, to, $handle(to)?)
            }

            fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                let value = $api::boxed::Box::into_inner(self);
                let moved = Depth::enter(|depth| depth.follow_owned(value, to))?;
                collections!(boxed $api, moved, to, $handle(to)?)
            }

            async fn copy_later<'s>(
                &'s self,
                to: &'z Zone,
                work: Work<'s>,
            ) -> Result<Self::Copied, ZoneError>
            where
                'z: 's,
            {
                let copied = work.follow(&**self, to).await?;
                collections!(boxed $api, copied, to, $handle(to)?)
            }

            async fn move_later<'s>(
                self,
                to: &'z Zone,
                work: Work<'s>,
            ) -> Result<Self::Copied, ZoneError>
            where
                Self: 's,
                'z: 's,
            {
                let value = $api::boxed::Box::into_inner(self);
                let moved = work.follow_owned(value, to).await?;
                collections!(boxed $api, moved, to, $handle(to)?)
            }
        }
    };
    (vec $api:ident, $filling:expr, $handle:expr) => {{
        let (filling, handle) = ($filling, $handle);
        let (start, len, room) = filling.into_parts();
        // SAFETY: (I2) the handle's zone gave room for `room` items. (I7) The first `len` are filled.
        Ok(unsafe { $api::vec::Vec::from_raw_parts_in(start, len, room, handle) })
    }};
    (boxed $api:ident, $value:expr, $to:expr, $handle:expr) => {{
        let (value, handle) = ($value, $handle);
        let place = filling::single(value, $to)?;
        // SAFETY: (I2) the handle's zone gave this place. (I7) The value is in it.
        Ok(unsafe { $api::boxed::Box::from_raw_in(place, handle) })
    }};
}

#[cfg(feature = "allocator-api2")]
collections!(allocator_api2);
#[cfg(feature = "allocator-api2-03")]
collections!(allocator_api2_03);
#[cfg(feature = "allocator-api2-04")]
collections!(allocator_api2_04);
