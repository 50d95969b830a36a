//! Two zones in turn: each frame is built in one while it reads the last frame in the other.

#![forbid(unsafe_code)]

use super::parcel::Parcel;
use crate::copy::DeepCopy;
use crate::error::{ZoneError, or_panic};
use crate::zone::Zone;
use core::fmt;

/// A value that is built anew for each frame from the value of the frame before, in two zones that take turns.
///
/// The borrow checker refuses this with two zones and a reference: the zone that is to be reset would be the one that the
/// frame before the last still borrows. Here the frame before the last is over when its zone is reset.
///
/// `T` is written as for a [`Parcel`], with `'static` for the zone's lifetime, so your own types need
/// [`DeepCopy`]'s derive.
///
/// ```
/// use memzone::{CollectIn, DeepCopy, Frames, ZVec};
///
/// #[derive(DeepCopy)]
/// struct World<'z> {
///     positions: ZVec<'z, f32>,
///     events: ZVec<'z, &'z str>,
/// }
///
/// let mut frames: Frames<World<'static>> = Frames::new(64 * 1024, |z| World {
///     positions: [0.0, 8.0].into_iter().collect_in(z),
///     events: z.vec(),
/// });
/// for _ in 0..3 {
///     frames.next(|z, last| World {
///         positions: last.positions.iter().map(|x| x + 1.0).collect_in(z),
///         events: match last.positions[1] {
///             10.0 => ["ten"].into_iter().collect_in(z),
///             _ => last.events.iter().map(|text| &*z.alloc_str(text)).collect_in(z), // kept for the next frame
///         },
///     });
/// }
/// assert_eq!(frames.with(|world| world.positions[1]), 11.0);
/// assert_eq!(frames.with(|world| world.events.len()), 1);
/// ```
///
/// What it reads of the last frame cannot get into the next one uncopied:
///
/// ```compile_fail
/// use memzone::Frames;
///
/// let mut frames: Frames<&'static str> = Frames::new(64, |z| &*z.alloc_str("kick"));
/// frames.next(|_z, last| *last);
/// ```
///
/// # Real-time
///
/// A further frame: yes, once two frames had room enough, if what builds it is.
pub struct Frames<T: for<'z> DeepCopy<'z>> {
    last: Parcel<T>,
    /// The zone for the next frame, which is lost where a frame could not be built.
    spare: Option<Zone>,
    bytes: usize,
}

impl<T: for<'z> DeepCopy<'z>> Frames<T> {
    /// Makes two zones with room for at least `bytes` each, and builds the first frame.
    ///
    /// # Panics
    ///
    /// When [`try_new`](Frames::try_new) gives an error.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    pub fn new<B>(bytes: usize, first: B) -> Frames<T>
    where
        B: for<'z> FnOnce(&'z Zone) -> <T as DeepCopy<'z>>::Copied,
    {
        or_panic(Self::try_new(bytes, |zone| Ok(first(zone))))
    }

    /// Like [`new`](Frames::new), with an error instead of a panic. The builder may give an error too.
    ///
    /// # Errors
    ///
    /// Those of [`Parcel::try_new`].
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    pub fn try_new<B>(bytes: usize, first: B) -> Result<Frames<T>, ZoneError>
    where
        B: for<'z> FnOnce(&'z Zone) -> Result<<T as DeepCopy<'z>>::Copied, ZoneError>,
    {
        let spare = Some(Zone::try_new(bytes)?);
        Ok(Frames { last: Parcel::try_new(bytes, first)?, spare, bytes })
    }

    /// Builds the next frame, from the last one. The frame before that is dropped, and its zone is reset.
    ///
    /// # Panics
    ///
    /// When [`try_next`](Frames::try_next) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, once two frames had room enough, if `build` is.
    #[track_caller]
    pub fn next<B>(&mut self, build: B)
    where
        B: for<'z, 'l> FnOnce(
            &'z Zone,
            &<T as DeepCopy<'l>>::Copied,
        ) -> <T as DeepCopy<'z>>::Copied,
    {
        or_panic(self.try_next(|zone, last| Ok(build(zone, last))));
    }

    /// Like [`next`](Frames::next), with an error instead of a panic. The builder may give an error too.
    ///
    /// # Errors
    ///
    /// Those of [`Parcel::try_new_in`], and those of [`Zone::try_new`] after an error. In that case the last frame
    /// stays.
    ///
    /// # Real-time
    ///
    /// Yes, once two frames had room enough, if `build` is, and after an error no.
    pub fn try_next<B>(&mut self, build: B) -> Result<(), ZoneError>
    where
        B: for<'z, 'l> FnOnce(
            &'z Zone,
            &<T as DeepCopy<'l>>::Copied,
        ) -> Result<<T as DeepCopy<'z>>::Copied, ZoneError>,
    {
        let zone = match self.spare.take() {
            Some(zone) => zone,
            None => Zone::try_new(self.bytes)?,
        };
        let next = self.last.with(|last| Parcel::try_new_in(zone, |zone| build(zone, last)))?;
        let mut zone = core::mem::replace(&mut self.last, next).into_zone();
        // A hook that keeps a handle keeps the zone.
        self.spare = zone.reset().is_ok().then_some(zone);
        Ok(())
    }

    /// Reads the last frame.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn with<R>(&self, read: impl for<'z> FnOnce(&<T as DeepCopy<'z>>::Copied) -> R) -> R {
        self.last.with(read)
    }

    /// Changes the last frame.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn with_mut<R>(
        &mut self,
        change: impl for<'z> FnOnce(&mut <T as DeepCopy<'z>>::Copied) -> R,
    ) -> R {
        self.last.with_mut(change)
    }
}

impl<T: for<'z> DeepCopy<'z>> fmt::Debug for Frames<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("last", &self.last).finish_non_exhaustive()
    }
}
