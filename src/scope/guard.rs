//! The guard that `beginz!` and `letz!` put on the stack: it enters a scope, lends the scope's zone, and ends the scope.

use super::watch::Watch;
use crate::error::{ZoneError, or_panic};
use crate::insight::sites::Site;
use crate::region::header::Header;
use crate::stack;
use crate::zone::Zone;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

/// An active scope. It owns its zone; dropping it (on unwinding, or on leaving the body early)
/// ends it.
pub struct Scope {
    /// Its zone, whose one handle it holds. The scope is neither `Send` nor `Sync` (I3).
    pub(super) raw: NonNull<Header>,
    pub(super) watch: Watch,
}

crate::zone::thread::stays_on_its_thread!([] Scope);

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
/// register. It borrows from the guard, and so does what the body puts into it (I40).
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
    #[inline]
    #[track_caller]
    pub fn try_new(bytes: usize) -> Result<Scope, ZoneError> {
        Self::try_new_at(crate::__site!("scope"), bytes)
    }

    /// Enters a scope of no macro's, if a spare zone has room for `bytes`.
    #[inline(always)]
    pub(super) fn try_spare(bytes: usize) -> Option<Scope> {
        let raw = stack::enter(bytes)?;
        Some(Self::entered(raw, crate::__site!("scope"), bytes))
    }

    #[inline(always)]
    fn entered(raw: NonNull<Header>, site: &'static Site, bytes: usize) -> Scope {
        // SAFETY: (I2) it was just entered, with room for that.
        unsafe { stack::assume_room(raw, bytes) };
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

    /// Ends the scope where its body ended. It takes the guard by value, while the body's value is alive. So the compiler
    /// refuses a value that borrows from the scope's zone (I40).
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
