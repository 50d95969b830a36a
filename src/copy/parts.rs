//! What is made of parts and nothing else: tuples, arrays, `Option`, `Result`, ranges.

#![forbid(unsafe_code)]

use super::memory::vec;
use super::ways::by_parts;
use super::{DeepCopy, Depth, Known, Undo, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::cmp::Reverse;
use core::num::{Saturating, Wrapping};
use core::ops::{Bound, ControlFlow, Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};
use core::task::Poll;

macro_rules! tuples {
    ($($part:ident)+) => {
        #[diagnostic::do_not_recommend]
        impl<'z, $($part: DeepCopy<'z>),+> DeepCopy<'z> for ($($part,)+) {
            type Copied = ($($part::Copied,)+);
            by_parts!('z, flat: $($part::FLAT)&&+, |this| {
                #[allow(non_snake_case)]
                let ($($part,)+) = this;
                ($(part!($part),)+)
            });
            fn undo(known: &mut Known) -> Undo<Self> {
                Undo::if_parts($($part::undo(known).may())&&+)
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);

/// What is matched by patterns: `PATTERN => COPY` for each of its forms, with `part!(p)` a part's copy.
macro_rules! matched {
    ($([$($part:ident)+] $type:ty => $copied:ty: $($pattern:pat => $copy:expr),+;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z, $($part: DeepCopy<'z>),+> DeepCopy<'z> for $type {
                type Copied = $copied;
                by_parts!('z, flat: $($part::FLAT)&&+, |this| match this {
                    $($pattern => $copy,)+
                });
                fn undo(known: &mut Known) -> Undo<Self> {
                    Undo::if_parts($($part::undo(known).may())&&+)
                }
            }
        )*
    };
}

matched! {
    [T] Option<T> => Option<T::Copied>: Some(value) => Some(part!(value)), None => None;
    [T E] Result<T, E> => Result<T::Copied, E::Copied>:
        Ok(value) => Ok(part!(value)), Err(error) => Err(part!(error));
    [T] Poll<T> => Poll<T::Copied>: Poll::Ready(value) => Poll::Ready(part!(value)), Poll::Pending => Poll::Pending;
    [B C] ControlFlow<B, C> => ControlFlow<B::Copied, C::Copied>:
        ControlFlow::Break(value) => ControlFlow::Break(part!(value)),
        ControlFlow::Continue(value) => ControlFlow::Continue(part!(value));
    [T] Bound<T> => Bound<T::Copied>:
        Bound::Included(value) => Bound::Included(part!(value)),
        Bound::Excluded(value) => Bound::Excluded(part!(value)),
        Bound::Unbounded => Bound::Unbounded;
    [T] Wrapping<T> => Wrapping<T::Copied>: Wrapping(value) => Wrapping(part!(value));
    [T] Saturating<T> => Saturating<T::Copied>: Saturating(value) => Saturating(part!(value));
    [T] Reverse<T> => Reverse<T::Copied>: Reverse(value) => Reverse(part!(value));
    [T] Range<T> => Range<T::Copied>: Range { start, end } => part!(start)..part!(end);
    [T] RangeFrom<T> => RangeFrom<T::Copied>: RangeFrom { start } => part!(start)..;
    [T] RangeTo<T> => RangeTo<T::Copied>: RangeTo { end } => ..part!(end);
    [T] RangeToInclusive<T> => RangeToInclusive<T::Copied>: RangeToInclusive { end } => ..=part!(end);
}

/// As a whole: whether it has run to its end cannot be told from its parts.
#[diagnostic::do_not_recommend]
impl<'z, T: Copy + DeepCopy<'z, Copied = T> + 'z> DeepCopy<'z> for RangeInclusive<T> {
    type Copied = Self;
    const FLAT: bool = T::FLAT;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
        Ok(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>, const N: usize> DeepCopy<'z> for [T; N] {
    type Copied = [T::Copied; N];
    const FLAT: bool = T::FLAT;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    #[inline(always)]
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        T::copy_array(self, to, depth)
    }
    fn undo(known: &mut Known) -> Undo<Self> {
        Undo::if_parts(T::undo(known).may())
    }
    #[inline(always)]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        T::move_array(self, to)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        let mut copied = vec(N)?;
        for item in self {
            copied.push(item.copy_later(to, work.clone()).await?);
        }
        Ok(copied.try_into().unwrap_or_else(|_| unreachable!("N items were pushed")))
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        let mut copied = vec(N)?;
        for item in self {
            copied.push(item.move_later(to, work.clone()).await?);
        }
        Ok(copied.try_into().unwrap_or_else(|_| unreachable!("N items were pushed")))
    }
}
