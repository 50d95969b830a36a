//! A part of a larger copy: what the derive writes of each field is a call of these.

use super::in_place::{Hole, alike, inside};
use super::run::Run;
use super::{DeepCopy, Depth, Known, Undo, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// The copy of a part: made already, or a future. That is boxed, so that the future of a type with many parts
/// does not have theirs in it.
#[doc(hidden)]
pub enum Part<'s, R> {
    #[doc(hidden)]
    Now(Option<Result<R, ZoneError>>),
    #[doc(hidden)]
    Later(Pin<Box<dyn Future<Output = Result<R, ZoneError>> + 's>>),
}

/// Nothing in it is pinned: the future has a box of its own.
impl<R> Unpin for Part<'_, R> {}

impl<R> Future for Part<'_, R> {
    type Output = Result<R, ZoneError>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Part::Now(made) => Poll::Ready(made.take().expect("polled until it is ready")),
            Part::Later(copy) => copy.as_mut().poll(context),
        }
    }
}

/// A type that the derive may copy a field of: one with `DeepCopy`, whose copies are of the type `C`.
///
/// It stands between the two so that a field that cannot be copied is one error, that names the field's type and
/// not what of it the compiler looks at in turn.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be copied to another zone",
    label = "it, or what is in it, has no `DeepCopy`",
    note = "for a type of your own, add `#[derive(DeepCopy)]`",
    note = "to pass the field on as it is, write `#[deep_copy(keep)]` above it, or `#[deep_copy(flat)]` where it is `Copy`"
)]
pub trait Copies<'z, C>: Sized {
    #[doc(hidden)]
    const FLAT: bool;
    #[doc(hidden)]
    const READABLE: bool;
    #[doc(hidden)]
    const BITS: bool;
    #[doc(hidden)]
    const MOVE_IS_COPY: bool;
    /// Writes its copy to its place.
    ///
    /// # Safety
    ///
    /// I42: `place` has room for it.
    #[doc(hidden)]
    unsafe fn write_at(&self, place: *mut C, run: &mut Run<'z>) -> bool;
    /// Writes its copy to the place of what it is in, which lies in memory like the value at `from`.
    ///
    /// # Safety
    ///
    /// I42: it is a part of the value at `from`, and `place` has room for a copy of that.
    #[doc(hidden)]
    unsafe fn write_inside(&self, from: *const u8, place: *mut u8, run: &mut Run<'z>) -> bool;
    /// Its bytes, if they may not be read.
    #[doc(hidden)]
    fn hole(&self) -> Hole;
    #[doc(hidden)]
    fn undo(known: &mut Known) -> Undo<Self>;
    #[doc(hidden)]
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<C, ZoneError>;
    #[doc(hidden)]
    fn move_out(self, to: &'z Zone) -> Result<C, ZoneError>;
    #[doc(hidden)]
    fn copy_later<'s>(&'s self, to: &'z Zone, work: &Work<'s>) -> Part<'s, C>
    where
        'z: 's;
    #[doc(hidden)]
    fn move_later<'s>(self, to: &'z Zone, work: &Work<'s>) -> Part<'s, C>
    where
        Self: 's,
        'z: 's;
}

#[diagnostic::do_not_recommend]
impl<'z, C, T: DeepCopy<'z, Copied = C>> Copies<'z, C> for T {
    const FLAT: bool = <T as DeepCopy<'z>>::FLAT;
    const READABLE: bool = T::IN_PLACE.readable();
    const BITS: bool = T::IN_PLACE.bits();
    const MOVE_IS_COPY: bool = <T as DeepCopy<'z>>::MOVE_IS_COPY;
    #[inline(always)]
    unsafe fn write_at(&self, place: *mut C, run: &mut Run<'z>) -> bool {
        // SAFETY: (I42) the caller's promise.
        unsafe { run.write(self, place) }
    }
    #[inline(always)]
    unsafe fn write_inside(&self, from: *const u8, place: *mut u8, run: &mut Run<'z>) -> bool {
        // Its bytes were written with those around it.
        if T::IN_PLACE.bits() && alike::<T, C>() {
            return true;
        }
        // SAFETY: (I42) the caller's promise.
        let place = unsafe { inside(from, place, self) };
        // SAFETY: (I42) as above. What it is in lies in memory like its copy, so there is room for a `C`.
        unsafe { run.write(self, place.cast::<C>()) }
    }
    #[inline(always)]
    fn hole(&self) -> Hole {
        let bytes = if T::IN_PLACE.readable() { 0 } else { size_of::<T>() };
        ((&raw const *self).cast(), bytes)
    }
    fn undo(known: &mut Known) -> Undo<Self> {
        <T as DeepCopy<'z>>::undo(known)
    }
    #[inline(always)]
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<C, ZoneError> {
        DeepCopy::copy_at(self, to, depth)
    }
    #[inline(always)]
    fn move_out(self, to: &'z Zone) -> Result<C, ZoneError> {
        DeepCopy::move_out(self, to)
    }
    #[inline(always)]
    fn copy_later<'s>(&'s self, to: &'z Zone, work: &Work<'s>) -> Part<'s, C>
    where
        'z: 's,
    {
        if <T as DeepCopy<'z>>::FLAT {
            return Part::Now(Some(self.deep_copy(to)));
        }
        Part::Later(Box::pin(DeepCopy::copy_later(self, to, work.clone())))
    }
    #[inline(always)]
    fn move_later<'s>(self, to: &'z Zone, work: &Work<'s>) -> Part<'s, C>
    where
        Self: 's,
        'z: 's,
    {
        if <T as DeepCopy<'z>>::FLAT {
            return Part::Now(Some(DeepCopy::move_out(self, to)));
        }
        Part::Later(Box::pin(DeepCopy::move_later(self, to, work.clone())))
    }
}
