//! The ways out of a scope: what knows `DeepCopy` is copied, all else moves.
//!
//! Method probing chooses: each way is a trait with a method of the same name, for a [`Link`] behind so many references, and
//! the compiler takes the one behind the most that fits. A type that is not known yet fits everywhere, so the first way that it
//! fits also says what it is. What a value borrows is no part of that choice, as traits do not see lifetimes. The borrow checker
//! guards what moves, as the end of a scope takes what its zone is borrowed from (I40).

#![forbid(unsafe_code)]

use super::guard::Scope;
use super::leave::{BecomesBox, Hint, Leave, Link, Named, Value};
use crate::copy::DeepCopy;
use crate::error::ZoneError;
use crate::owned::zbox::ZBox;
use crate::zone::Zone;

/// What leaves a scope without `in`: nothing is, so that the compiler says this.
#[diagnostic::on_unimplemented(
    message = "`{Self}` borrows from a zone, which ends with this scope or is not named",
    label = "the scope's value borrows from a zone",
    note = "name the zone that it is to be copied to: `beginz!(z in outer => ..)`, `letz!(z in outer; ..)`",
    note = "or return what owns its memory: a number, `.to_vec()`, a `ZBox`; what lies outside of the scope leaves as a `Keep`"
)]
pub trait Leaves {}

/// A type that is expected: none is, so only one that is not known yet may be it.
pub trait NotKnown {}

/// Two, as one alone would be taken to be the unknown one.
impl NotKnown for Hint<Value> {}
impl NotKnown for Hint<Named> {}

/// Declares the ways out of a scope without `in`: `NAME <BODY'S, GIVEN> for LINK`.
macro_rules! ways {
    ($(
        $(#[$attribute:meta])*
        $name:ident <$body:ty, $given:ty>: [$($parameter:tt)*] for $link:ty,
        $(where [$($bound:tt)*],)?
        |$scope:ident, $value:ident| $way:expr;
    )*) => {
        $(
            $(#[$attribute])*
            pub trait $name<T, R> {
                /// Takes the value out.
                fn leave(&self, scope: &Scope, value: T) -> Result<R, ZoneError>;
            }

            impl<$($parameter)*> $name<$body, $given> for $link $(where $($bound)*)? {
                #[inline(always)]
                fn leave(&self, $scope: &Scope, $value: $body) -> Result<$given, ZoneError> {
                    $way
                }
            }
        )*
    };
}

ways! {
    /// The bare name of a binding: xtlang's pointer into the zone above.
    Boxed <&'a mut U, ZBox<U>>: ['a, U: ?Sized + BecomesBox] for &&&&&&&&Link<&'a mut U, ZBox<U>, Named>,
    |scope, value| scope.try_box_out(value);

    /// What is expected is what the body gives, and each copy of it is that too.
    Copied <T, T>: [T: Leave<T>, As] for &&&&&&&Link<T, T, As>,
    |scope, value| scope.try_copy_out(value);

    /// Copies of another type, for which `DeepCopy` was written by hand.
    CopiedOneWay <T, R>: [T, R, As] for &&&&&&Link<T, R, As>,
    where [T: Leave<R>, R: Leave<R>],
    |scope, value| scope.try_copy_out(value);

    /// What is expected is what the body gives.
    Moved <T, T>: [T] for &&&&Link<T, T, Value>,
    |_scope, value| Ok(value);

    /// Copies, and becomes what is expected by itself, as a `Box<[T; 4]>` becomes a `Box<[T]>`.
    CopiedCoerced <T, T>: [T: Leave<T>, R, As] for &&&Link<T, R, As>,
    |scope, value| scope.try_copy_out(value);

    /// Both.
    CopiedOneWayCoerced <T, C>: [T: Leave<C>, C, R, As] for &&Link<T, R, As>,
    |scope, value| scope.try_copy_out(value);

    /// Moves, and becomes what is expected by itself, as a `Box<File>` becomes a `Box<dyn Read>`.
    MovedCoerced <T, T>: [T, R, As] for Link<T, R, As>,
    |_scope, value| Ok(value);
}

/// What borrows from a zone, and nothing says which one is meant.
pub trait Refused<T, R> {
    // Never called.
    #[doc(hidden)]
    fn leave<V: Leaves>(&self, scope: &Scope, value: V) -> Result<R, ZoneError>;
}

impl<'z, T: DeepCopy<'z>, R: NotKnown> Refused<T, R> for &&&&&Link<T, R, Value> {
    fn leave<V: Leaves>(&self, _scope: &Scope, _value: V) -> Result<R, ZoneError> {
        unreachable!("nothing `Leaves`")
    }
}

/// What borrows from a zone, and something else is expected.
pub trait RefusedCoerced<R> {
    /// Never called.
    ///
    /// # Real-time
    ///
    /// Yes.
    fn leave<V: Leaves>(&self, scope: &Scope, value: V) -> Result<R, ZoneError>;
}

impl<'z, T: DeepCopy<'z>, R, As> RefusedCoerced<R> for &Link<T, R, As> {
    fn leave<V: Leaves>(&self, _scope: &Scope, _value: V) -> Result<R, ZoneError> {
        unreachable!("nothing `Leaves`")
    }
}

/// Declares what the types in and out of a scope with `in` have to do with one another, for code that never runs: there the
/// compiler works out types, but lifetimes are free.
macro_rules! shapes {
    ($(
        $(#[$attribute:meta])*
        $name:ident: [$($parameter:tt)*] for $link:ty $(where [$($bound:tt)*])?;
    )*) => {
        $(
            $(#[$attribute])*
            pub trait $name {
                /// Nothing.
                fn shape(&self) {}
            }

            impl<$($parameter)*> $name for $link $(where $($bound)*)? {}
        )*
    };
}

shapes! {
    /// Each is the other's copy.
    ShapeCopied: ['z, 'y, T, R] for &&&&Link<T, R, Value> where [
        T: DeepCopy<'z, Copied = R>,
        R: DeepCopy<'y, Copied = T>,
    ];

    /// Copies of another type, for which `DeepCopy` was written by hand.
    ShapeOneWay: ['z, 'y, T, R] for &&Link<T, R, Value> where [
        T: DeepCopy<'z, Copied = R>,
        R: DeepCopy<'y>,
    ];

    /// What moves.
    ShapeMoved: [T] for &Link<T, T, Value>;

    /// What becomes something else by itself.
    ShapeCoerced: [T, R] for Link<T, R, Value>;
}

/// A `&mut` where a `&` is expected, which is what zones give and functions return: alone, in an `Option`, or in a `Result`.
pub trait ShapeShared {
    /// Nothing.
    ///
    /// # Real-time
    ///
    /// Yes.
    fn shape(&self) {}
}

/// What such a value becomes once it is copied.
pub trait SharedIn<'o, T, R> {
    /// Takes the value out.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    fn leave_in(&self, scope: &Scope, value: T, to: &'o Zone) -> Result<R, ZoneError>;
}

/// Implements the first for a `&mut T`, a `&R` and what is around them.
macro_rules! shared {
    ($([$($parameter:tt)*] <$body:ty, $given:ty> $([$($bound:tt)*])?;)*) => {
        $(
            impl<'z, 'y, 'a, 'b, T: ?Sized + 'y, R: ?Sized + 'z $($parameter)*> ShapeShared
                for &&&Link<$body, $given, Value>
            where
                &'a mut T: DeepCopy<'z, Copied = &'z mut R>,
                &'b R: DeepCopy<'y, Copied = &'y T>,
                $($($bound)*)?
            {
            }
        )*
    };
}

shared! {
    [] <&'a mut T, &'b R>;
    [] <Option<&'a mut T>, Option<&'b R>>;
    [, E, F] <Result<&'a mut T, E>, Result<&'b R, F>> [E: DeepCopy<'z, Copied = F>, F: DeepCopy<'y, Copied = E>];
}

impl<'o, 'a, T: ?Sized, R: ?Sized + 'o> SharedIn<'o, Option<&'a mut T>, Option<&'o R>>
    for &&Link<Option<&'a mut T>, Option<&R>, Value>
where
    &'a mut T: DeepCopy<'o, Copied = &'o mut R>,
{
    #[inline(always)]
    fn leave_in(
        &self,
        scope: &Scope,
        value: Option<&'a mut T>,
        to: &'o Zone,
    ) -> Result<Option<&'o R>, ZoneError> {
        Ok(scope.try_copy_in(value, to)?.map(|copied| &*copied))
    }
}

impl<'o, 'a, T: ?Sized, R: ?Sized + 'o, E: DeepCopy<'o>, F>
    SharedIn<'o, Result<&'a mut T, E>, Result<&'o R, E::Copied>>
    for &&Link<Result<&'a mut T, E>, Result<&R, F>, Value>
where
    &'a mut T: DeepCopy<'o, Copied = &'o mut R>,
{
    #[inline(always)]
    fn leave_in(
        &self,
        scope: &Scope,
        value: Result<&'a mut T, E>,
        to: &'o Zone,
    ) -> Result<Result<&'o R, E::Copied>, ZoneError> {
        Ok(scope.try_copy_in(value, to)?.map(|copied| &*copied))
    }
}

/// What knows `DeepCopy` is copied to the zone that `in` names.
pub trait CopiedIn<'o, T: DeepCopy<'o>> {
    /// Takes the value out.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    fn leave_in(&self, scope: &Scope, value: T, to: &'o Zone) -> Result<T::Copied, ZoneError>;
}

impl<'o, T: DeepCopy<'o>, R> CopiedIn<'o, T> for &Link<T, R, Value> {
    #[inline(always)]
    fn leave_in(&self, scope: &Scope, value: T, to: &'o Zone) -> Result<T::Copied, ZoneError> {
        scope.try_copy_in(value, to)
    }
}

/// All else moves.
pub trait MovedIn<T> {
    /// Takes the value out.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    fn leave_in(&self, scope: &Scope, value: T, to: &Zone) -> Result<T, ZoneError>;
}

impl<T, R> MovedIn<T> for Link<T, R, Value> {
    #[inline(always)]
    fn leave_in(&self, _scope: &Scope, value: T, _to: &Zone) -> Result<T, ZoneError> {
        Ok(value)
    }
}
