//! What is made of parts and nothing else: tuples, arrays, `Option`, `Result`, ranges.

#![forbid(unsafe_code)]

use super::memory::vec;
use super::{DeepCopy, Depth, Work};
use crate::error::ZoneError;
use crate::zone::Zone;

macro_rules! tuples {
    ($($part:ident)+) => {
        impl<'z, $($part: DeepCopy<'z>),+> DeepCopy<'z> for ($($part,)+) {
            type Copied = ($($part::Copied,)+);
            crate::__by_parts!('z, flat: $($part::FLAT)&&+, |this| {
                #[allow(non_snake_case)]
                let ($($part,)+) = this;
                ($(part!($part),)+)
            });
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

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Option<T> {
    type Copied = Option<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| match this {
        Some(value) => Some(part!(value)),
        None => None,
    });
}

impl<'z, T: DeepCopy<'z>, E: DeepCopy<'z>> DeepCopy<'z> for Result<T, E> {
    type Copied = Result<T::Copied, E::Copied>;
    crate::__by_parts!('z, flat: T::FLAT && E::FLAT, |this| match this {
        Ok(value) => Ok(part!(value)),
        Err(error) => Err(part!(error)),
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::num::Wrapping<T> {
    type Copied = core::num::Wrapping<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::num::Wrapping(value) = this;
        core::num::Wrapping(part!(value))
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::cmp::Reverse<T> {
    type Copied = core::cmp::Reverse<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::cmp::Reverse(value) = this;
        core::cmp::Reverse(part!(value))
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::ops::Range<T> {
    type Copied = core::ops::Range<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::ops::Range { start, end } = this;
        part!(start)..part!(end)
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::ops::RangeFrom<T> {
    type Copied = core::ops::RangeFrom<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::ops::RangeFrom { start } = this;
        part!(start)..
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::ops::RangeTo<T> {
    type Copied = core::ops::RangeTo<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::ops::RangeTo { end } = this;
        ..part!(end)
    });
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for core::ops::RangeToInclusive<T> {
    type Copied = core::ops::RangeToInclusive<T::Copied>;
    crate::__by_parts!('z, flat: T::FLAT, |this| {
        let core::ops::RangeToInclusive { end } = this;
        ..=part!(end)
    });
}

/// As a whole: whether it has run to its end cannot be told from its parts.
impl<'z, T: Copy + DeepCopy<'z, Copied = T> + 'z> DeepCopy<'z> for core::ops::RangeInclusive<T> {
    type Copied = Self;
    const FLAT: bool = T::FLAT;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
        Ok(self.clone())
    }
}

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
