//! A part of a larger copy: what the derive writes of each field is a call of these.

use super::in_place::{Genuine, Hole, Promise, alike, inside, runs_as_a_whole, write_around};
use super::keep::Flat;
use super::run::Run;
use super::{DeepCopy, Depth, Known, Undo, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use alloc::boxed::Box;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

/// The copy of a part, or the error. Only memzone makes it.
pub struct Made<C>(Result<C, ZoneError>);

/// Whether a part was written to its place. Only memzone makes it, where it was written or an error is noted.
pub struct Written(pub(super) bool);

/// The copy of a part: made already, or a future. That is boxed, so that the future of a type with many parts
/// does not have theirs in it. Only memzone makes it.
pub struct Later<'s, R>(Part<'s, R>);

enum Part<'s, R> {
    Now(Option<Result<R, ZoneError>>),
    Later(Pin<Box<dyn Future<Output = Result<R, ZoneError>> + 's>>),
}

/// Nothing in it is pinned: the future has a box of its own.
impl<R> Unpin for Later<'_, R> {}

impl<R> Future for Later<'_, R> {
    type Output = Result<R, ZoneError>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Part::Now(made) => Poll::Ready(made.take().expect("polled until it is ready")),
            Part::Later(copy) => copy.as_mut().poll(context),
        }
    }
}

/// What the derive's ways call: methods of the zone that they are given, as a `&Zone`, so that no trait of the user's
/// comes before them.
#[doc(hidden)]
impl Zone {
    /// A whole copy.
    #[inline(always)]
    pub fn __copy<'z, T: DeepCopy<'z>>(&'z self, value: &T) -> Result<T::Copied, ZoneError> {
        // `const`: the other way is not compiled then.
        if const { runs_as_a_whole::<T>() } {
            return Run::copy(value, self);
        }
        if T::FLAT {
            return value.copy_at(self, Depth::within());
        }
        Depth::enter(|depth| value.copy_at(self, depth))
    }

    /// The whole copy, made of its parts.
    #[inline(always)]
    pub fn __ok<C>(&self, copy: C) -> Result<C, ZoneError> {
        Ok(copy)
    }

    /// The copy of a part.
    #[inline(always)]
    pub fn __made<C>(&self, made: Made<C>) -> Result<C, ZoneError> {
        made.0
    }

    /// The copy of a part, to be waited for.
    #[inline(always)]
    pub fn __later<'s, C>(&self, later: Later<'s, C>) -> Later<'s, C> {
        later
    }

    /// A part that is passed on as it is.
    #[inline(always)]
    pub fn __flat<T>(&self, flat: Flat<T>, value: &T) -> T {
        flat.copy(value)
    }
}

/// What the derive's `write_at` calls: methods of the run that it is given. They take `&mut self` as it is given, so that
/// no trait of the user's comes before them.
#[doc(hidden)]
impl<'z> Run<'z> {
    /// Whether a part was written.
    #[inline(always)]
    pub fn wrote(&mut self, written: Written) -> bool {
        written.0
    }

    /// A part that is passed on as it is.
    #[inline(always)]
    pub fn flat<T>(&mut self, flat: Flat<T>, value: &T) -> T {
        flat.copy(value)
    }

    /// A part that holds nothing, so it is written.
    #[inline(always)]
    pub fn marker<M: ?Sized>(&mut self, _place: *mut PhantomData<M>) -> bool {
        true
    }

    /// Whether two types are the same but for lifetimes.
    #[inline(always)]
    pub fn are_alike<T, U>(&mut self) -> bool {
        alike::<T, U>()
    }

    /// The bytes of a part that is cloned.
    ///
    /// # Safety
    ///
    /// I42: only the derive's code calls it, for what writes this part itself.
    #[inline(always)]
    pub unsafe fn hole<T>(&mut self, part: &T) -> Hole {
        Hole((&raw const *part).cast(), size_of::<T>())
    }

    /// The place of a part in a copy, which lies where the part lies in the value.
    ///
    /// # Safety
    ///
    /// That of `inside`.
    #[inline(always)]
    pub unsafe fn inside<P>(&mut self, from: *const u8, place: *mut u8, part: &P) -> *mut P {
        // SAFETY: (I42) the caller's promise.
        unsafe { inside(from, place, part) }
    }

    /// Writes the copy of a part to the place of what it is in, which lies in memory like the value at `from`.
    ///
    /// # Safety
    ///
    /// I42: it is a part of the value at `from`, and `place` has room for a copy of that.
    #[inline(always)]
    pub(super) unsafe fn write_inside<T: DeepCopy<'z>>(
        &mut self,
        part: &T,
        from: *const u8,
        place: *mut u8,
    ) -> bool {
        // Its bytes were written with those around it.
        if T::IN_PLACE.bits() && alike::<T, T::Copied>() {
            return true;
        }
        // SAFETY: (I42) the caller's promise.
        let place = unsafe { inside(from, place, part) };
        // SAFETY: (I42) what the part is in lies in memory like its copy, so there is room for the part's copy there.
        unsafe { self.write(part, place.cast::<T::Copied>()) }
    }

    /// Writes a value's bytes, but for those of the holes.
    ///
    /// # Safety
    ///
    /// That of `write_around`.
    #[inline(always)]
    pub unsafe fn around<T>(&mut self, value: &T, place: *mut u8, holes: &[Hole]) {
        // SAFETY: (I42) the caller's promise.
        unsafe { write_around(value, place, holes) };
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
    const IN_PLACE: Promise<Self, C>;
    #[doc(hidden)]
    const MOVE_IS_COPY: bool;
    /// Writes its copy to its place.
    ///
    /// # Safety
    ///
    /// I42: `place` has room for it.
    #[doc(hidden)]
    unsafe fn write_at<G: Genuine>(&self, place: *mut C, run: &mut Run<'z>) -> Written;
    /// Writes its copy to the place of what it is in, which lies in memory like the value at `from`.
    ///
    /// # Safety
    ///
    /// I42: it is a part of the value at `from`, and `place` has room for a copy of that.
    #[doc(hidden)]
    unsafe fn write_inside<G: Genuine>(
        &self,
        from: *const u8,
        place: *mut u8,
        run: &mut Run<'z>,
    ) -> Written;
    /// Its bytes, if they may not be read.
    ///
    /// # Safety
    ///
    /// I42: only the derive's code calls it, for what writes this part itself.
    #[doc(hidden)]
    unsafe fn hole<G: Genuine>(&self) -> Hole;
    #[doc(hidden)]
    fn undo(known: &mut Known) -> Undo<Self>;
    /// Its copy.
    ///
    /// # Safety
    ///
    /// I41: only the derive's code calls it, where the whole value is copied, and hands on what it gets.
    #[doc(hidden)]
    unsafe fn copy_at<G: Genuine>(&self, to: &'z Zone, depth: Depth) -> Made<C>;
    /// Its copy, where the value moves.
    ///
    /// # Safety
    ///
    /// That of `copy_at`.
    #[doc(hidden)]
    unsafe fn move_out<G: Genuine>(self, to: &'z Zone) -> Made<C>;
    /// Its copy, as a task.
    ///
    /// # Safety
    ///
    /// That of `copy_at`.
    #[doc(hidden)]
    unsafe fn copy_later<'s, G: Genuine>(&'s self, to: &'z Zone, work: &Work<'s>) -> Later<'s, C>
    where
        'z: 's;
    /// Its copy as a task, where the value moves.
    ///
    /// # Safety
    ///
    /// That of `copy_at`.
    #[doc(hidden)]
    unsafe fn move_later<'s, G: Genuine>(self, to: &'z Zone, work: &Work<'s>) -> Later<'s, C>
    where
        Self: 's,
        'z: 's;
}

#[diagnostic::do_not_recommend]
impl<'z, C, T: DeepCopy<'z, Copied = C>> Copies<'z, C> for T {
    const FLAT: bool = <T as DeepCopy<'z>>::FLAT;
    const IN_PLACE: Promise<T, C> = Promise::new(<T as DeepCopy<'z>>::IN_PLACE);
    const MOVE_IS_COPY: bool = <T as DeepCopy<'z>>::MOVE_IS_COPY;
    #[inline(always)]
    unsafe fn write_at<G: Genuine>(&self, place: *mut C, run: &mut Run<'z>) -> Written {
        // SAFETY: (I42) the caller's promise.
        Written(unsafe { run.write(self, place) })
    }
    #[inline(always)]
    unsafe fn write_inside<G: Genuine>(
        &self,
        from: *const u8,
        place: *mut u8,
        run: &mut Run<'z>,
    ) -> Written {
        // SAFETY: (I42) the caller's promise.
        Written(unsafe { run.write_inside(self, from, place) })
    }
    #[inline(always)]
    unsafe fn hole<G: Genuine>(&self) -> Hole {
        Hole::of::<Self>(self)
    }
    fn undo(known: &mut Known) -> Undo<Self> {
        <T as DeepCopy<'z>>::undo(known)
    }
    #[inline(always)]
    unsafe fn copy_at<G: Genuine>(&self, to: &'z Zone, depth: Depth) -> Made<C> {
        Made(DeepCopy::copy_at(self, to, depth))
    }
    #[inline(always)]
    unsafe fn move_out<G: Genuine>(self, to: &'z Zone) -> Made<C> {
        Made(DeepCopy::move_out(self, to))
    }
    #[inline(always)]
    unsafe fn copy_later<'s, G: Genuine>(&'s self, to: &'z Zone, work: &Work<'s>) -> Later<'s, C>
    where
        'z: 's,
    {
        Later(match <T as DeepCopy<'z>>::FLAT {
            true => Part::Now(Some(self.deep_copy(to))),
            false => Part::Later(Box::pin(DeepCopy::copy_later(self, to, work.clone()))),
        })
    }
    #[inline(always)]
    unsafe fn move_later<'s, G: Genuine>(self, to: &'z Zone, work: &Work<'s>) -> Later<'s, C>
    where
        Self: 's,
        'z: 's,
    {
        Later(match <T as DeepCopy<'z>>::FLAT {
            true => Part::Now(Some(DeepCopy::move_out(self, to))),
            false => Part::Later(Box::pin(DeepCopy::move_later(self, to, work.clone()))),
        })
    }
}
