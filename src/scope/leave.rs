//! How a scope's value leaves it: what knows `DeepCopy` is copied, all else moves, and the type that is expected outside
//! reaches the body.
//!
//! A [`Hint`] takes the expected type in ahead of the body. A [`Link`] joins the body's type and the expected one, and
//! method probing chooses the way out: each way is a trait with a method of the same name, for a `Link` behind so many
//! references, and the compiler takes the one behind the most that fits. A type that is not known yet fits everywhere. What a
//! value borrows is no part of that choice (traits do not see lifetimes); the borrow checker guards what moves, as the end of
//! a scope takes what its zone is borrowed from.

#![forbid(unsafe_code)]

use super::guard::Scope;
use crate::copy::DeepCopy;
use crate::error::{ZoneError, or_panic};
use crate::owned::zbox::ZBox;
use crate::stack::{self, Entered};
use crate::zone::Zone;
use core::convert::Infallible;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;

/// A type whose values borrow from no zone, so that each copy of one is of the same type, whichever zone it goes to: numbers,
/// `String`, [`ZBox`], and structs of those with `#[derive(DeepCopy)]`.
///
/// Such values leave a scope that names no outer zone as copies. The bound is for generic functions: without one, what a type
/// parameter stands for moves out of a scope, and a `ZBox` in it then keeps the scope's zone alive.
///
/// ```
/// use memzone::{Owned, ZBox, Zone, beginz};
///
/// fn in_scratch<T: Owned>(make: impl FnOnce(&Zone) -> T) -> T {
///     beginz!(z => make(z)) // what is in a `ZBox` goes to the enclosing zone
/// }
///
/// let sum = in_scratch(|z| z.alloc_slice(100, 1_u32).iter().sum::<u32>());
/// assert_eq!(sum, 100);
/// let kept: ZBox<u8> = in_scratch(|z| z.boxed(5));
/// assert_eq!(*kept, 5);
/// ```
pub trait Owned: for<'z> DeepCopy<'z, Copied = Self> {}

impl<T> Owned for T where T: for<'z> DeepCopy<'z, Copied = T> {}

/// `!`, so that a body may always end in `return` or `break`. It has no name on stable Rust, but is
/// what a function that does not return is said to return.
type Never = <fn() -> ! as Returns>::Value;

/// What a function type returns.
pub trait Returns {
    /// That type.
    type Value;
}

impl<T> Returns for fn() -> T {
    type Value = T;
}

/// What a copy is of the type `R`, whichever zone it goes to.
pub trait Leave<R>: Sized {
    /// Whether the zone is of no use for it.
    const NEEDS_NO_ZONE: bool;
    /// Copies the value to the zone.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    fn leave_to(self, to: &Zone) -> Result<R, ZoneError>;
}

impl<T, R> Leave<R> for T
where
    T: for<'z> DeepCopy<'z, Copied = R>,
{
    const NEEDS_NO_ZONE: bool = <T as DeepCopy<'_>>::FLAT;
    #[inline(always)]
    fn leave_to(self, to: &Zone) -> Result<R, ZoneError> {
        self.move_out(to)
    }
}

impl<R> Leave<R> for Never {
    const NEEDS_NO_ZONE: bool = true;
    fn leave_to(self, _to: &Zone) -> Result<R, ZoneError> {
        self
    }
}

/// The type that is expected of a scope. No bytes.
pub struct Hint<R>(PhantomData<R>);

impl<R> Hint<R> {
    /// One of a type that is still to be found out.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[allow(clippy::new_without_default)]
    #[inline(always)]
    pub const fn new() -> Self {
        Hint(PhantomData)
    }

    /// Never called: the branch that it stands in takes its type from what is expected.
    pub fn expected(&self, never: Infallible) -> R {
        match never {}
    }

    /// As `expected`, of a `try_` form.
    pub fn try_expected(&self, never: Infallible) -> Result<R, ZoneError> {
        match never {}
    }
}

/// The body's type and the expected one; what the value is written as.
pub struct Link<T, R, As>(PhantomData<(T, R, As)>);

/// Any expression.
pub struct Value;

/// The bare name of a binding of `letz!`.
pub struct Named;

impl Value {
    /// Joins the two types.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub fn link<T, R>(_: &T, _: &Hint<R>) -> Link<T, R, Value> {
        Link(PhantomData)
    }
}

impl Named {
    /// Joins the two types.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub fn link<T, R>(_: &T, _: &Hint<R>) -> Link<T, R, Named> {
        Link(PhantomData)
    }
}

impl Scope {
    /// Copies a value to a zone that was named.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    #[inline(always)]
    pub fn try_copy_in<'o, T: DeepCopy<'o>>(
        &self,
        value: T,
        to: &'o Zone,
    ) -> Result<T::Copied, ZoneError> {
        if T::UNWATCHED {
            return self.watch.copying(to, || value.move_out(to));
        }
        let _current = Entered::new(to)?;
        self.watch.copying(to, || value.move_out(to))
    }

    /// Like `try_copy_in`, panicking.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    #[inline(always)]
    #[track_caller]
    pub fn copy_in<'o, T: DeepCopy<'o>>(&self, value: T, to: &'o Zone) -> T::Copied {
        or_panic(self.try_copy_in(value, to))
    }

    /// Copies a value to the enclosing zone. The copy is of one type, whichever zone that is, so it borrows from none.
    #[inline(always)]
    fn try_copy_out<T: Leave<R>, R>(&self, value: T) -> Result<R, ZoneError> {
        if T::NEEDS_NO_ZONE {
            // A zone that stands for none. An implementation that lied and uses it makes it one,
            // which is then leaked: dropping it would cost all others a look at it.
            return value.leave_to(&ManuallyDrop::new(Zone::unborn()));
        }
        let to = stack::enclosing(self.raw)?;
        let _current = Entered::new(&to)?;
        self.watch.copying(&to, || value.leave_to(&to))
    }

    /// Puts a copy of what a binding refers to into the enclosing zone.
    #[inline(always)]
    fn try_box_out<U: ?Sized + BecomesBox>(&self, value: &U) -> Result<ZBox<U>, ZoneError> {
        let to = stack::enclosing(self.raw)?;
        let _current = Entered::new(&to)?;
        self.watch.copying(&to, || value.copy_to_box(&to))
    }
}

/// What a binding of `letz!` refers to and may be copied to a box.
pub trait BecomesBox {
    /// Copies it.
    fn copy_to_box(&self, to: &Zone) -> Result<ZBox<Self>, ZoneError>;
}

impl<T: Owned> BecomesBox for T {
    #[inline(always)]
    fn copy_to_box(&self, to: &Zone) -> Result<ZBox<T>, ZoneError> {
        to.try_boxed(self.deep_copy(to)?)
    }
}

impl<T: Copy + Owned> BecomesBox for [T] {
    #[inline(always)]
    fn copy_to_box(&self, to: &Zone) -> Result<ZBox<[T]>, ZoneError> {
        to.try_boxed_slice_copy(self)
    }
}

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
    /// What is expected is what the body gives, and each copy of it is that too.
    Copied <T, T>: [T: Leave<T>, As] for &&&&&&&Link<T, T, As>,
    |scope, value| scope.try_copy_out(value);

    /// Copies of another type, for which `DeepCopy` was written by hand.
    CopiedOneWay <T, R>: [T, R, As] for &&&&&&Link<T, R, As>,
    where [T: Leave<R>, R: Leave<R>],
    |scope, value| scope.try_copy_out(value);

    /// The bare name of a binding: xtlang's pointer into the zone above.
    Boxed <&'a mut U, ZBox<U>>: ['a, U: ?Sized + BecomesBox] for &&&&&Link<&'a mut U, ZBox<U>, Named>,
    |scope, value| scope.try_box_out(value);

    /// What is expected is what the body gives.
    Moved <T, T>: [T] for &&&Link<T, T, Value>,
    |_scope, value| Ok(value);

    /// Copies, and becomes what is expected by itself, as a `Box<[T; 4]>` becomes a `Box<[T]>`.
    CopiedCoerced <T, C>: [T: Leave<C>, C, R, As] for &&Link<T, R, As>,
    |scope, value| scope.try_copy_out(value);

    /// Moves, and becomes what is expected by itself, as a `Box<File>` becomes a `Box<dyn Read>`.
    MovedCoerced <T, T>: [T, R, As] for Link<T, R, As>,
    |_scope, value| Ok(value);
}

/// What borrows from a zone, and nothing says which one is meant.
pub trait Refused<T, R> {
    /// Never called.
    fn leave<V: Leaves>(&self, scope: &Scope, value: V) -> Result<R, ZoneError>;
}

impl<'z, T: DeepCopy<'z>, R: NotKnown> Refused<T, R> for &&&&Link<T, R, Value> {
    fn leave<V: Leaves>(&self, _scope: &Scope, _value: V) -> Result<R, ZoneError> {
        unreachable!("nothing `Leaves`")
    }
}

/// What borrows from a zone, and something else is expected.
pub trait RefusedCoerced<R> {
    /// Never called.
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
    fn shape(&self) {}
}

/// What such a value becomes once it is copied.
pub trait SharedIn<'o, T, R> {
    /// Takes the value out.
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

impl<'o, 'a, 'b, T: ?Sized, R: ?Sized + 'o> SharedIn<'o, Option<&'a mut T>, Option<&'o R>>
    for &&Link<Option<&'a mut T>, Option<&'b R>, Value>
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

impl<'o, 'a, 'b, T: ?Sized, R: ?Sized + 'o, E: DeepCopy<'o>, F>
    SharedIn<'o, Result<&'a mut T, E>, Result<&'o R, E::Copied>>
    for &&Link<Result<&'a mut T, E>, Result<&'b R, F>, Value>
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
    fn leave_in(&self, scope: &Scope, value: T, to: &Zone) -> Result<T, ZoneError>;
}

impl<T, R> MovedIn<T> for Link<T, R, Value> {
    #[inline(always)]
    fn leave_in(&self, _scope: &Scope, value: T, _to: &Zone) -> Result<T, ZoneError> {
        Ok(value)
    }
}

/// What `in` takes: a `&Zone`, a `Zone` (which is borrowed), or what refers to one.
#[diagnostic::on_unimplemented(
    message = "`in` names the zone that the result is copied to, which `{Self}` is not",
    label = "expected a `Zone` or a `&Zone`"
)]
pub trait OuterZone<'a, 'o> {
    /// The zone.
    fn outer(&'a self) -> &'o Zone;
}

impl<'a> OuterZone<'a, 'a> for Zone {
    #[inline(always)]
    fn outer(&'a self) -> &'a Zone {
        self
    }
}

impl<'o> OuterZone<'_, 'o> for &'o Zone {
    #[inline(always)]
    fn outer(&self) -> &'o Zone {
        self
    }
}

impl<'a> OuterZone<'a, 'a> for &mut Zone {
    #[inline(always)]
    fn outer(&'a self) -> &'a Zone {
        self
    }
}

impl<'o, T: Deref<Target = Zone>> OuterZone<'_, 'o> for &'o T {
    #[inline(always)]
    fn outer(&self) -> &'o Zone {
        self
    }
}
