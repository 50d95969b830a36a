//! What the ways out of a scope work with: how the expected type gets in, and how a value is copied out.
//!
//! A [`Hint`] takes the expected type in ahead of the body. A [`Link`] joins the body's type and the expected one; by it `ways`
//! chooses what becomes of the value.

#![forbid(unsafe_code)]

use super::guard::Scope;
use crate::copy::{DeepCopy, runs_as_a_whole, undoing};
use crate::error::{ZoneError, or_panic};
use crate::owned::zbox::ZBox;
use crate::stack::{self, Entered};
use crate::zone::Zone;
use core::convert::Infallible;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

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
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn expected(&self, never: Infallible) -> R {
        match never {}
    }

    /// As `expected`, of a `try_` form.
    ///
    /// # Real-time
    ///
    /// Yes.
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
        if T::MOVE_IS_COPY && runs_as_a_whole::<T>() {
            return self.watch.copying(to, || value.deep_copy(to));
        }
        self.watch.copying(to, || undoing::<T, _>(to, || value.move_out(to)))
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
    pub(super) fn try_copy_out<T: Leave<R>, R>(&self, value: T) -> Result<R, ZoneError> {
        if T::NEEDS_NO_ZONE {
            // A zone that stands for none. An implementation that lied and uses it makes it one,
            // which is then leaked: dropping it would cost all others a look at it.
            return value.leave_to(&ManuallyDrop::new(Zone::not_yet_made()));
        }
        let to = stack::enclosing(self.raw)?;
        let _current = Entered::new(&to)?;
        self.watch.copying(&to, || value.leave_to(&to))
    }

    /// Puts a copy of what a binding refers to into the enclosing zone.
    #[inline(always)]
    pub(super) fn try_box_out<U: ?Sized + BecomesBox>(
        &self,
        value: &U,
    ) -> Result<ZBox<U>, ZoneError> {
        let to = stack::enclosing(self.raw)?;
        if U::RUNS_NOTHING {
            return self.watch.copying(&to.lend(), || value.copy_to_box(to));
        }
        let current = to.clone();
        let _current = Entered::new(&current)?;
        self.watch.copying(&current, || value.copy_to_box(to))
    }
}

/// What a binding of `letz!` refers to and may be copied to a box.
pub trait BecomesBox {
    /// Whether copying it runs none of the user's code, so that nobody asks for the current zone meanwhile.
    const RUNS_NOTHING: bool;
    /// Copies it. The handle becomes the box's.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    fn copy_to_box(&self, to: Zone) -> Result<ZBox<Self>, ZoneError>;
}

impl<T: Owned> BecomesBox for T {
    const RUNS_NOTHING: bool = <T as DeepCopy<'_>>::FLAT;
    #[inline(always)]
    fn copy_to_box(&self, to: Zone) -> Result<ZBox<T>, ZoneError> {
        let copied = self.deep_copy(&to)?;
        ZBox::put_in(to, copied)
    }
}

impl<T: Copy + Owned> BecomesBox for [T] {
    const RUNS_NOTHING: bool = true;
    #[inline(always)]
    fn copy_to_box(&self, to: Zone) -> Result<ZBox<[T]>, ZoneError> {
        ZBox::copy_in(to, self)
    }
}

impl Zone {
    /// What a scope's macro makes of what stands after `in`: a method, so that a `Zone`, a reference and what leads to one will do.
    #[doc(hidden)]
    #[inline(always)]
    pub fn as_outer_zone(&self) -> &Zone {
        self
    }
}
