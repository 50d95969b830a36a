//! A part of a larger copy among tasks.

#![forbid(unsafe_code)]

use crate::error::ZoneError;
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
