//! Entering and leaving scopes.
//!
//! Both read one thread-local that has no destructor, and take a spare zone or put one back. What is not as usual goes the
//! slow way, in functions of their own.

use super::list::{LONG, NONE, STACK, Stack, above, below, header, is, mark, room, unmark};
use crate::error::ZoneError;
use crate::region::header::{HEADER, Header, state};
use crate::region::stale;
use crate::system::{aside, section};
use crate::zone::Zone;
use core::ptr::NonNull;

impl Stack {
    /// A spare zone with room for `bytes`, and its scope entered, where the fast path found none.
    pub(super) fn enter(&self, bytes: usize) -> Result<NonNull<Header>, ZoneError> {
        let plan = self.spare_plan(bytes);
        if !self.make_room(0)? {
            // The scope that gets it owns it, without a list.
            let zone = plan.try_build()?.into_raw();
            mark(zone, state::DETACHED);
            return Ok(zone);
        }
        let zone = self.make_spare(self.next.get(), bytes, &plan)?;
        self.mark_oversize(zone);
        self.next.set(above(zone));
        self.was_busy();
        Ok(zone)
    }

    /// Ends a scope that cannot just be rewound.
    pub(super) fn leave(&self, zone: NonNull<Header>) {
        /// Also where a hook panics that goes with what is above the scope.
        struct Finish<'a>(&'a Stack, NonNull<Header>);
        impl Drop for Finish<'_> {
            fn drop(&mut self) {
                self.0.finish(self.1);
            }
        }
        let _finish = Finish(self, zone);
        self.remove_while(&|| !is(zone, state::DETACHED));
    }

    /// What becomes of a scope's zone that is not in the list.
    pub(super) fn finish(&self, zone: NonNull<Header>) {
        struct Recycle<'a>(&'a Stack, NonNull<Header>);
        impl Drop for Recycle<'_> {
            fn drop(&mut self) {
                self.0.recycle(self.1);
            }
        }
        if !header(zone).is_sole() {
            self.counters().zone_retired();
            // SAFETY: (I1) the scope gives up its handle; the others keep the zone.
            return unsafe { Header::release(zone, state::HANDLE) };
        }
        let recycle = Recycle(self, zone);
        if header(zone).state.get() & state::HOOKS != 0 {
            header(zone).run_hooks();
        }
        drop(recycle);
    }

    /// Rewinds a scope's zone and keeps it as a spare, within the keep limit.
    pub(super) fn recycle(&self, zone: NonNull<Header>) {
        if !header(zone).is_sole() {
            // SAFETY: (I1) as in `finish`; a hook cannot get at the zone, but if it could, this
            // would be right.
            return unsafe { Header::release(zone, state::HANDLE) };
        }
        if is(zone, state::MOVED_ON) {
            self.was_busy();
        }
        // SAFETY: (I1) the scope's was the only handle, and its borrows have ended.
        unsafe { header(zone).rewind() };
        let excess = self.excess(header(zone).system_bytes());
        // Where nothing may be given back now, its next scope's end looks again.
        let denied = excess != 0 && aside::may_free(excess).is_err();
        if excess != 0 && !denied {
            self.shrink_for(zone);
        }
        let fits = denied || self.excess(header(zone).system_bytes()) == 0 || self.is_planned();
        if self.made.get() && fits {
            unmark(zone, state::DETACHED);
            self.insert(self.innermost(), zone, self.next.get());
            self.mark_oversize(zone);
            self.counters().spare_made(self.zones.get());
        } else {
            // SAFETY: (I1) the only handle is given up.
            unsafe { Header::release(zone, state::HANDLE) };
        }
        if self.busy.get() >= LONG && self.innermost() == NONE && self.made.get() {
            self.give_back_unused();
        }
    }
}

/// Enters a scope's zone with room for `bytes`, if there is a spare one. The guard holds the zone's one
/// handle.
#[inline(always)]
pub(crate) fn enter(bytes: usize) -> Option<NonNull<Header>> {
    STACK.with(|stack| {
        let zone = stack.next.get();
        if room(zone) < bytes.saturating_add(HEADER) {
            return None;
        }
        stack.next.set(header(zone).links.above.get());
        Some(zone)
    })
}

/// What `enter` does where no spare zone has the room.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn enter_cold(bytes: usize) -> Result<NonNull<Header>, ZoneError> {
    let _at = section::at_caller();
    STACK.with(|stack| stack.enter(bytes))
}

/// What a spare zone may keep of the system's memory on this thread.
#[cfg(feature = "profile")]
pub(crate) fn keep_limit() -> usize {
    STACK.with(|stack| stack.keep.get())
}

/// Whether the next scope finds a spare zone with room for `bytes`.
#[cfg(feature = "profile")]
pub(crate) fn has_spare(bytes: usize) -> bool {
    STACK.with(|stack| room(stack.next.get()) >= bytes.saturating_add(HEADER))
}

/// Ends a scope.
///
/// # Safety
///
/// I1: the caller gives up the scope's handle, and the scope's borrows have ended.
#[inline(always)]
pub(crate) unsafe fn leave(zone: NonNull<Header>) {
    STACK.with(|stack| {
        // Innermost, nothing pushed over it, one handle (the scope's), no entry, no flag: nothing but
        // the cursor to put back. A zone that is not in the list any more is `DETACHED`.
        let innermost = stack.next.get() == header(zone).links.above.get();
        if innermost && header(zone).state.get() == state::HANDLE {
            // SAFETY: (I2) the header lies in the block that the zone's data follows it in, and
            // without `MOVED_ON` the cursor is in that one.
            let data = unsafe { zone.cast::<u8>().add(HEADER) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(data, header(zone).cursor.get()) };
            header(zone).cursor.set(data);
            stack.next.set(zone);
        } else {
            leave_cold(zone);
        }
    });
}

/// # Safety
///
/// That of `leave`.
#[inline(never)]
pub(crate) unsafe fn leave_outlined(zone: NonNull<Header>) {
    // SAFETY: (I1) the caller's promise.
    unsafe { leave(zone) };
}

#[cold]
#[inline(never)]
fn leave_cold(zone: NonNull<Header>) {
    STACK.with(|stack| stack.leave(zone));
}

/// A handle to the zone below a scope's own.
pub(crate) fn enclosing(scope: NonNull<Header>) -> Result<Zone, ZoneError> {
    STACK.with(|stack| {
        if is(scope, state::DETACHED) {
            return stack.current();
        }
        stack.handle_to(stack.topmost_over(below(scope)))
    })
}
