//! What is made of parts and nothing else: tuples, arrays, `Option`, `Result`, ranges.

use super::in_place::{Hole, alike, inside, runs_as_a_whole, write_around};
use super::memory::vec;
use super::run::Run;
use super::ways::by_parts;
use super::{DeepCopy, Depth, InPlace, KeepsLifetimes, Known, Undo, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::cmp::Reverse;
use core::num::{Saturating, Wrapping};
use core::ops::{Bound, ControlFlow, Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};
use core::task::Poll;

/// Declares that a type's parts `[PART..]` are written to their places, its fields `FIELD..`.
macro_rules! by_places {
    ($zone:lifetime, [$($part:ident)+] $($field:tt)+) => {
        const MOVE_IS_COPY: bool = $($part::MOVE_IS_COPY)&&+;
        const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
            KeepsLifetimes::if_parts($($part::KEEPS_LIFETIMES.get())&&+);
        const IN_PLACE: InPlace<Self> =
            InPlace::parts($($part::IN_PLACE.readable())&&+, $($part::IN_PLACE.bits())&&+);
        #[inline(always)]
        unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<$zone>) -> bool {
            // SAFETY: (I42) the caller's promise: there is room for each part.
            true $(&& unsafe { run.write(&self.$field, &raw mut (*place).$field) })+
        }
        fn undo(known: &mut Known) -> Undo<Self> {
            Undo::if_parts($($part::undo(known).may())&&+)
        }
    };
}

macro_rules! tuples {
    ($($part:ident $index:tt)+) => {
        #[diagnostic::do_not_recommend]
        impl<'z, $($part: DeepCopy<'z>),+> DeepCopy<'z> for ($($part,)+) {
            type Copied = ($($part::Copied,)+);
            by_parts!('z, flat: $($part::FLAT)&&+, |this| {
                #[allow(non_snake_case)]
                let ($($part,)+) = this;
                ($(part!($part),)+)
            });
            by_places!('z, [$($part)+] $($index)+);
        }
    };
}

tuples!(A 0);
tuples!(A 0 B 1);
tuples!(A 0 B 1 C 2);
tuples!(A 0 B 1 C 2 D 3);
tuples!(A 0 B 1 C 2 D 3 E 4);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);

/// What has fields, each of a part's type: `|this| COPY` copies by value, with `part!(p)` for a part's copy.
macro_rules! fields {
    ($([$part:ident] $type:ident: |$this:ident| $copy:expr, [$($field:tt)+];)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z, $part: DeepCopy<'z>> DeepCopy<'z> for $type<$part> {
                type Copied = $type<$part::Copied>;
                by_parts!('z, flat: $part::FLAT, |$this| $copy);
                const MOVE_IS_COPY: bool = $part::MOVE_IS_COPY;
                const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
                    KeepsLifetimes::if_parts($part::KEEPS_LIFETIMES.get());
                const IN_PLACE: InPlace<Self> =
                    InPlace::parts($part::IN_PLACE.readable(), $part::IN_PLACE.bits());
                #[inline(always)]
                unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
                    // SAFETY: (I42) the caller's promise: there is room for each part.
                    true $(&& unsafe { run.write(&self.$field, &raw mut (*place).$field) })+
                }
                fn undo(known: &mut Known) -> Undo<Self> {
                    Undo::if_parts($part::undo(known).may())
                }
            }
        )*
    };
}

fields! {
    [T] Wrapping: |this| { let Wrapping(value) = this; Wrapping(part!(value)) }, [0];
    [T] Saturating: |this| { let Saturating(value) = this; Saturating(part!(value)) }, [0];
    [T] Reverse: |this| { let Reverse(value) = this; Reverse(part!(value)) }, [0];
    [T] Range: |this| { let Range { start, end } = this; part!(start)..part!(end) }, [start end];
    [T] RangeFrom: |this| { let RangeFrom { start } = this; part!(start).. }, [start];
    [T] RangeTo: |this| { let RangeTo { end } = this; ..part!(end) }, [end];
    [T] RangeToInclusive: |this| { let RangeToInclusive { end } = this; ..=part!(end) }, [end];
}

/// What is matched by patterns: `FORM(PART)` for a form with a part, `FORM` for one without.
macro_rules! matched {
    ($([$($part:ident)+] $type:ty => $copied:ty: $($form:path $(: $value:ident)?),+;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z, $($part: DeepCopy<'z>),+> DeepCopy<'z> for $type {
                type Copied = $copied;
                by_parts!('z, flat: $($part::FLAT)&&+, |this| match this {
                    $($form $(($value))? => $form $((part!($value)))?,)+
                });
                const MOVE_IS_COPY: bool = $($part::MOVE_IS_COPY)&&+;
                const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
                    KeepsLifetimes::if_parts($($part::KEEPS_LIFETIMES.get())&&+);
                const IN_PLACE: InPlace<Self> =
                    InPlace::parts($($part::IN_PLACE.readable())&&+, $($part::IN_PLACE.bits())&&+);
                #[inline(always)]
                unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
                    if !alike::<Self, Self::Copied>() {
                        // SAFETY: (I42) the caller's promise.
                        return unsafe { run.write_by_value(self, place) };
                    }
                    let (from, to) = ((&raw const *self).cast(), place.cast());
                    match self {
                        $($form $(($value))? => {
                            let holes = [$(Hole::of($value))?];
                            // SAFETY: (I42) the caller's promise; the part's bytes are read only if they may be.
                            unsafe { write_around(self, to, &holes) };
                            // SAFETY: (I42) a part of the value, and its copy lies in memory like it.
                            true $(&& unsafe { run.write_inside($value, from, to) })?
                        })+
                    }
                }
                fn undo(known: &mut Known) -> Undo<Self> {
                    Undo::if_parts($($part::undo(known).may())&&+)
                }
            }
        )*
    };
}

matched! {
    [T E] Result<T, E> => Result<T::Copied, E::Copied>: Ok: value, Err: error;
    [T] Poll<T> => Poll<T::Copied>: Poll::Ready: value, Poll::Pending;
    [B C] ControlFlow<B, C> => ControlFlow<B::Copied, C::Copied>:
        ControlFlow::Break: value, ControlFlow::Continue: value;
    [T] Bound<T> => Bound<T::Copied>: Bound::Included: value, Bound::Excluded: value, Bound::Unbounded;
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Option<T> {
    type Copied = Option<T::Copied>;
    by_parts!('z, flat: T::FLAT, |this| match this {
        Some(value) => Some(part!(value)),
        None => None,
    });
    const MOVE_IS_COPY: bool = T::MOVE_IS_COPY;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());
    const IN_PLACE: InPlace<Self> = InPlace::parts(T::IN_PLACE.readable(), T::IN_PLACE.bits());
    #[inline(always)]
    unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
        let Some(value) = self else {
            // SAFETY: (I42) the caller's promise.
            unsafe { place.write(None) };
            return true;
        };
        // Where it is not larger than its value, it is all value: what is a value there is no `None`.
        if const { size_of::<Option<T::Copied>>() == size_of::<T::Copied>() } {
            // SAFETY: (I42) the place has room for an `Option` of the copy, which is no larger than the copy.
            return unsafe { run.write(value, place.cast::<T::Copied>()) };
        }
        if !alike::<Self, Self::Copied>() {
            // SAFETY: (I42) the caller's promise.
            return unsafe { run.write_by_value(self, place) };
        }
        // SAFETY: (I42) the caller's promise; the value's bytes are read only if they may be.
        unsafe { write_around(self, place.cast(), &[Hole::of(value)]) };
        // SAFETY: (I42) `value` lies within this, and the place has as many bytes.
        let inside = unsafe { inside((&raw const *self).cast(), place.cast(), value) };
        // SAFETY: (I42) there is room for the value's copy, as a copied `Option` lies in memory like this one
        // (`alike`).
        unsafe { run.write(value, inside.cast::<T::Copied>()) }
    }
    fn undo(known: &mut Known) -> Undo<Self> {
        Undo::if_parts(T::undo(known).may())
    }
}

/// As a whole: whether it has run to its end cannot be told from its parts.
#[diagnostic::do_not_recommend]
impl<'z, T: Copy + DeepCopy<'z, Copied = T> + 'z> DeepCopy<'z> for RangeInclusive<T> {
    type Copied = Self;
    const FLAT: bool = T::FLAT;
    const MOVE_IS_COPY: bool = true;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::YES;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
        Ok(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>, const N: usize> DeepCopy<'z> for [T; N] {
    type Copied = [T::Copied; N];
    const FLAT: bool = T::FLAT;
    const MOVE_IS_COPY: bool = T::MOVE_IS_COPY;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());
    const IN_PLACE: InPlace<Self> = InPlace::parts(T::IN_PLACE.readable(), T::IN_PLACE.bits());
    #[inline(always)]
    unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
        // SAFETY: (I42) the caller's promise: there is room for each item.
        unsafe { run.write_slice(self, place.cast()) }
    }
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        if const { runs_as_a_whole::<Self>() } {
            return Run::copy(self, to);
        }
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
        if const { T::MOVE_IS_COPY && runs_as_a_whole::<Self>() } {
            return Run::copy(&self, to);
        }
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
