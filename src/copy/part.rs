//! A part of a larger copy among tasks.

#![forbid(unsafe_code)]

use super::{DeepCopy, Depth, Known, Undo, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
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
