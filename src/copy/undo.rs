//! Giving back what a copy that failed has taken.
//!
//! A zone may go back to where it was before a copy only if nobody holds a reference to what the copy has put there.
//! Code of the user's that runs in a copy gets the zone, and may keep such a reference. So the zone goes back only
//! after the copy of a type whose whole copy is memzone's own code: what is derived, plain values, references to them,
//! and what std has of those. Which types these are is asked for only where a copy has failed.
//!
//! `DeepCopy` is safe to implement, so what a type says of itself here must not be a mere word: an [`Undo`] is made by an
//! `unsafe` function, which the derive calls, or by memzone itself (I41).

use super::DeepCopy;
use super::in_place::{Genuine, runs_as_a_whole};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::marker::PhantomData;

/// Whether the zone may go back after a copy of a `T` that has failed.
pub struct Undo<T> {
    may: bool,
    /// Whether a part has a destructor.
    part_drops: bool,
    of: PhantomData<fn(T) -> T>,
}

impl<T> Undo<T> {
    /// It may not, as the user's own code may have run.
    #[inline]
    pub(super) fn no() -> Undo<T> {
        Undo { may: false, part_drops: false, of: PhantomData }
    }

    /// It may if it may for all parts. For memzone's own implementations.
    #[inline]
    pub(crate) fn if_parts(may: bool) -> Undo<T> {
        Undo { may, part_drops: false, of: PhantomData }
    }

    /// It may if it may for all parts, which are named by `and` and `and_kept`, and if `end` says so.
    ///
    /// # Safety
    ///
    /// I41: a copy of a `T` runs no code but memzone's own and what copies its parts. All parts are named that are not
    /// `Copy`.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub unsafe fn derived<G: Genuine>() -> Undo<T> {
        Undo::if_parts(true)
    }

    /// A part that is copied.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn and<P>(self, part: Undo<P>) -> Undo<T> {
        let part_drops = self.part_drops || core::mem::needs_drop::<P>();
        Undo { may: self.may && part.may, part_drops, of: PhantomData }
    }

    /// A part that is cloned, which is the user's code.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn and_kept(self) -> Undo<T> {
        Undo::no()
    }

    /// No parts are left. It may not if the type has a destructor of its own. A type that has one beside a part that has
    /// one cannot be derived, as its parts could not be moved out of it.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn end(self) -> Undo<T> {
        Undo::if_parts(self.may && (self.part_drops || !core::mem::needs_drop::<T>()))
    }

    /// The answer.
    #[inline]
    pub(crate) fn may(&self) -> bool {
        self.may
    }
}

/// The types that were asked already. A type that leads back to itself is asked once.
pub struct Known {
    asked: [usize; Known::MOST],
    len: usize,
}

impl Known {
    /// A type with more types in it keeps what a failed copy has taken.
    const MOST: usize = 64;

    fn none() -> Known {
        Known { asked: [0; Known::MOST], len: 0 }
    }

    /// Notes a type by the function that it is asked by. False: that was noted before, so its parts need not be asked
    /// again.
    ///
    /// Two types with one and the same function have the same parts, so they have the same answer.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_new<T>(&mut self, ask: fn(&mut Known) -> Undo<T>) -> bool {
        let ask = (ask as *const ()).addr();
        if self.asked[..self.len.min(Known::MOST)].contains(&ask) {
            return false;
        }
        if let Some(place) = self.asked.get_mut(self.len) {
            *place = ask;
        }
        self.len += 1;
        // Beyond the end nothing is noted, and the answer is no in the end. So parts need not be asked.
        self.len <= Known::MOST
    }
}

/// Copies, and gives back what the copy has taken if it fails and the zone may go back. A run does so itself: this is
/// for what is copied part by part.
#[inline(always)]
pub(crate) fn undoing<'z, T: DeepCopy<'z>, R>(
    to: &'z Zone,
    copy: impl FnOnce() -> Result<R, ZoneError>,
) -> Result<R, ZoneError> {
    // Plain data takes nothing, or all at once.
    if T::UNWATCHED || T::MOVE_IS_COPY && runs_as_a_whole::<T>() {
        return copy();
    }
    let before = to.header().checkpoint();
    let result = copy();
    if result.is_err() && may_undo::<T>() {
        // SAFETY: (I41) nothing but memzone's own code has run since, and it keeps no reference to the copies.
        unsafe { to.header().go_back(before) };
    }
    result
}

/// Whether a zone may go back after a copy of a `T` that has failed.
#[cold]
#[inline(never)]
pub(super) fn may_undo<'z, T: DeepCopy<'z>>() -> bool {
    // A destructor of the source's or the copies' may keep what it finds.
    !core::mem::needs_drop::<T>() && !core::mem::needs_drop::<T::Copied>() && is_quiet::<T>()
}

/// Whether no code but memzone's own runs while a `T` is copied or moved, whatever it owns.
#[cold]
#[inline(never)]
pub(crate) fn is_quiet<'z, T: DeepCopy<'z>>() -> bool {
    // A subscriber of `tracing` is told that a zone grows, and may use that zone.
    if cfg!(feature = "tracing") {
        return false;
    }
    let mut known = Known::none();
    T::undo(&mut known).may() && known.len <= Known::MOST
}
