//! Scopes: the guard that `beginz!` and `letz!` put on the stack, and how a value leaves it.

mod watch;

use crate::copy::DeepCopy;
use crate::error::{ZoneError, or_panic};
use crate::insight::sites::Site;
use crate::region::header::Header;
use crate::stack::{self, Entered};
use crate::zone::Zone;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;
use watch::Watch;

/// An active scope. It owns its zone; dropping it (on unwinding, or on leaving the body early)
/// ends it.
pub struct Scope {
    /// Its zone, whose one handle it holds. A pointer, so the scope is neither `Send` nor `Sync` (I3).
    raw: NonNull<Header>,
    watch: Watch,
}

/// Ends a scope, whatever panics before.
struct End(NonNull<Header>);

impl Drop for End {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: (I1) made where nothing is borrowed from the scope: not yet, or not any more.
        unsafe { stack::leave_outlined(self.0) };
    }
}

/// The scope's zone as its body sees it, apart from the guard, so that the guard stays in a
/// register.
pub struct ScopeZone<'s> {
    zone: ManuallyDrop<Zone>,
    scope: PhantomData<&'s Scope>,
}

impl Scope {
    /// Enters a scope that is written at `site`, whose zone has room for `bytes` before it grows.
    ///
    /// # Real-time
    ///
    /// Yes, once a scope of this size has run at this depth on this thread.
    #[inline(always)]
    #[track_caller]
    pub fn try_new_at(site: &'static Site, bytes: usize) -> Result<Scope, ZoneError> {
        let raw = match stack::enter(bytes) {
            Some(raw) => raw,
            None => stack::enter_cold(bytes)?,
        };
        Ok(Self::entered(raw, site, bytes))
    }

    /// Like `try_new_at`, panicking.
    ///
    /// # Real-time
    ///
    /// Yes, once a scope of this size has run at this depth on this thread.
    #[inline(always)]
    #[track_caller]
    pub fn new_at(site: &'static Site, bytes: usize) -> Scope {
        /// Takes and returns little, so that it costs its caller little.
        #[cold]
        #[inline(never)]
        #[track_caller]
        fn enter_or_panic(bytes: usize) -> NonNull<Header> {
            or_panic(stack::enter_cold(bytes))
        }
        let raw = match stack::enter(bytes) {
            Some(raw) => raw,
            None => enter_or_panic(bytes),
        };
        Self::entered(raw, site, bytes)
    }

    /// A scope of no macro's.
    ///
    /// # Real-time
    ///
    /// Yes, once a scope of this size has run at this depth on this thread.
    #[track_caller]
    pub fn new(bytes: usize) -> Scope {
        Self::new_at(crate::__site!("scope"), bytes)
    }

    /// Like `new`, with an error instead of a panic.
    ///
    /// # Real-time
    ///
    /// Yes, once a scope of this size has run at this depth on this thread.
    #[track_caller]
    pub fn try_new(bytes: usize) -> Result<Scope, ZoneError> {
        Self::try_new_at(crate::__site!("scope"), bytes)
    }

    #[inline(always)]
    fn entered(raw: NonNull<Header>, site: &'static Site, bytes: usize) -> Scope {
        // Subscribers of `tracing` are others' code.
        let end = End(raw);
        let watch = Watch::new(site, bytes, &handle(raw));
        core::mem::forget(end);
        Scope { raw, watch }
    }

    /// The zone for the body to see.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub fn zone(&self) -> ScopeZone<'_> {
        ScopeZone { zone: handle(self.raw), scope: PhantomData }
    }

    /// Ends the scope where its body ended.
    ///
    /// # Real-time
    ///
    /// Yes, unless its spare zone has grown beyond what the thread keeps.
    #[inline(always)]
    pub fn end(self) {
        let mut this = ManuallyDrop::new(self);
        let raw = this.raw;
        let end = End(raw);
        this.watch.end(&handle(raw));
        core::mem::forget(end);
        // SAFETY: (I1) the scope is consumed, so what was borrowed from it is gone.
        unsafe { stack::leave(raw) };
    }

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

    /// Copies a value to the enclosing zone.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    #[inline(always)]
    pub fn try_copy_out<T: Leave<R>, R>(&self, value: T) -> Result<R, ZoneError> {
        if T::NEEDS_NO_ZONE {
            // A zone that stands for none. An implementation that lied and uses it makes it one,
            // which is then leaked: dropping it would cost all others a look at it.
            return value.leave(&ManuallyDrop::new(Zone::not_yet_made()));
        }
        let to = stack::enclosing(self.raw)?;
        let _current = Entered::new(&to)?;
        self.watch.copying(&to, || value.leave(&to))
    }

    /// Like `try_copy_out`, panicking.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    #[inline(always)]
    #[track_caller]
    pub fn copy_out<T: Leave<R>, R>(&self, value: T) -> R {
        or_panic(self.try_copy_out(value))
    }
}

/// A scope's zone, for no longer than the scope.
#[inline(always)]
fn handle(raw: NonNull<Header>) -> ManuallyDrop<Zone> {
    // SAFETY: (I1) never dropped, and gone before the scope is: no handle of its own.
    ManuallyDrop::new(unsafe { Zone::from_raw(raw) })
}

impl Drop for Scope {
    #[inline(always)]
    fn drop(&mut self) {
        let _end = End(self.raw);
        self.watch.end(&handle(self.raw));
    }
}

impl Deref for ScopeZone<'_> {
    type Target = Zone;
    #[inline(always)]
    fn deref(&self) -> &Zone {
        &self.zone
    }
}

/// What may leave a scope that names no outer zone: a value whose copy `R` is of the same type
/// whichever zone it is copied to, so that it borrows from none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot leave this scope as it is",
    label = "the scope's value",
    note = "the value of a scope without `in outer` must own what it holds: a plain value, a `ZBox`, a `String`",
    note = "to return what borrows from a zone, name the zone it is copied to: `beginz!(z in outer => ..)`",
    note = "for a type of your own, add `#[derive(DeepCopy)]`"
)]
pub trait Leave<R>: Sized {
    /// Whether the zone is of no use for it.
    const NEEDS_NO_ZONE: bool;
    /// Copies the value to the zone.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    fn leave(self, to: &Zone) -> Result<R, ZoneError>;
}

impl<T, R> Leave<R> for T
where
    T: for<'z> DeepCopy<'z, Copied = R>,
{
    const NEEDS_NO_ZONE: bool = <T as DeepCopy<'_>>::FLAT;
    #[inline(always)]
    fn leave(self, to: &Zone) -> Result<R, ZoneError> {
        self.move_out(to)
    }
}

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

impl<R> Leave<R> for Never {
    const NEEDS_NO_ZONE: bool = true;
    fn leave(self, _to: &Zone) -> Result<R, ZoneError> {
        self
    }
}
