//! `Vec` and `Box` of each version of `allocator-api2`.

use super::filling::{self, borrowed, counted};
use crate::copy::{DeepCopy, Depth, Work};
use crate::error::ZoneError;
use crate::zone::Zone;

/// A vector that owns its items and a handle of its zone. It runs its items' destructors, and keeps the zone alive.
///
/// It is the `Vec` of [`allocator_api2`], with all its methods: that of the standard library with an allocator. It is
/// made with [`Zone::owning_vec`]. Where the items need no destructor, [`ZVec`](crate::ZVec) is the better one.
///
/// **When there is no memory, `push` and all that grows ends the program, past any `catch_unwind`**, as in the standard
/// library. Before such a call, ask for the room with `try_reserve`, which gives an error:
///
/// ```
/// use memzone::{OwningVec, Zone};
///
/// let zone = Zone::builder().capacity(1024).fixed().build();
/// let mut names: OwningVec<String> = zone.owning_vec();
/// names.try_reserve(2).expect("there is room");
/// names.push(String::from("kick"));
/// names.push(String::from("snare"));
/// assert!(names.try_reserve(1000).is_err());
/// drop(zone); // the vector keeps it alive
/// assert_eq!(names[1], "snare");
/// ```
///
/// # Real-time
///
/// Pushing into room that is there: yes. Dropping it: yes, if dropping its items is, and if it is not the zone's last
/// handle.
#[cfg(feature = "allocator-api2")]
#[cfg_attr(docsrs, doc(cfg(feature = "allocator-api2")))]
pub type OwningVec<T> = allocator_api2::vec::Vec<T, Zone>;

#[cfg(feature = "allocator-api2")]
#[cfg_attr(docsrs, doc(cfg(feature = "allocator-api2")))]
impl Zone {
    /// Makes an empty vector that runs its items' destructors, and has a handle of the zone.
    ///
    /// **When there is no memory, growing it ends the program**; see [`OwningVec`](crate::OwningVec) for the way around.
    /// [`vec`](Zone::vec) never does that.
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// let (zone, sample) = (memzone::Zone::new(4096), Rc::new([0.0_f32; 64]));
    /// let mut voices = zone.owning_vec();
    /// voices.push(Rc::clone(&sample));
    /// assert_eq!(Rc::strong_count(&sample), 2);
    /// drop(voices);
    /// assert_eq!(Rc::strong_count(&sample), 1);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_owning_vec`](Zone::try_owning_vec) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    #[track_caller]
    pub fn owning_vec<T>(&self) -> OwningVec<T> {
        crate::error::or_panic(self.try_owning_vec())
    }

    /// Like [`owning_vec`](Zone::owning_vec), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`InUse`](ZoneError::InUse) where the zone can have no further handle, and those of [`try_new`](Zone::try_new) if it is not made yet.
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub fn try_owning_vec<T>(&self) -> Result<OwningVec<T>, ZoneError> {
        Ok(OwningVec::new_in(self.try_clone()?))
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
        Ok(unsafe { $api::vec::Vec::from_raw_parts_in(start.as_ptr(), len, room, handle) })
    }};
    (boxed $api:ident, $value:expr, $to:expr, $handle:expr) => {{
        let (value, handle) = ($value, $handle);
        let place = filling::single(value, $to)?;
        // SAFETY: (I2) the handle's zone gave this place. (I7) The value is in it.
        Ok(unsafe { $api::boxed::Box::from_raw_in(place.as_ptr(), handle) })
    }};
}

#[cfg(feature = "allocator-api2")]
collections!(allocator_api2);
#[cfg(feature = "allocator-api2-03")]
collections!(allocator_api2_03);
#[cfg(feature = "allocator-api2-04")]
collections!(allocator_api2_04);
