//! Entering and leaving scopes.
//!
//! Both read one thread-local that has no destructor. Entering takes a spare zone, and leaving puts it back. Every
//! other case is handled by the slow paths, which are functions of their own.

use super::list::{
    BUSY_SCOPES_PER_TRIM, NO_ZONE, STACK, Stack, above, below, clear_flag, first_block_size,
    has_flag, header, set_flag,
};
use super::pushed::uncounted;
use crate::error::ZoneError;
use crate::region::header::{HEADER, Header, Holder, state};
use crate::region::stale;
use crate::system::{aside, section};
use crate::zone::Zone;
use crate::zone::places::rare;
use core::hint::assert_unchecked;
use core::ptr::NonNull;

impl Stack {
    /// Enters a scope when the fast path found no spare zone with room for `bytes`. The result is the scope's zone.
    pub(super) fn enter(&self, bytes: usize) -> Result<NonNull<Header>, ZoneError> {
        let plan = self.spare_plan(bytes);
        if !self.reserve_entries(0)? {
            // The scope owns this zone alone, as there is no list any more.
            let zone = plan.try_build()?.into_raw();
            set_flag(zone, state::DETACHED);
            return Ok(zone);
        }
        let zone = self.make_spare(self.next_spare.get(), bytes, &plan)?;
        self.flag_if_over_limit(zone);
        self.next_spare.set(above(zone));
        self.count_busy_scope();
        Ok(zone)
    }

    /// The zone that lies below a scope's zone on the stack. Without a place on the stack it is the current zone.
    #[inline(always)]
    fn zone_below(&self, scope: NonNull<Header>) -> NonNull<Header> {
        match has_flag(scope, state::DETACHED) {
            true => self.current_zone(),
            false => self.topmost_over(below(scope)),
        }
    }

    /// Ends a scope whose zone needs more than its cursor put back. What lies above it is taken off the stack. The zones of
    /// scopes above it are theirs until they end, whenever that is (I4).
    pub(super) fn leave(&self, zone: NonNull<Header>) {
        /// Ends the scope even if the hook of a zone above it panics.
        struct Finish<'a>(&'a Stack, NonNull<Header>);
        impl Drop for Finish<'_> {
            fn drop(&mut self) {
                self.0.release_or_recycle(self.1);
            }
        }
        let _finish = Finish(self, zone);
        self.remove_while(&|| !has_flag(zone, state::DETACHED));
    }

    /// Gives up the scope's handle to its zone, which is not in the list any more. If other handles exist, they keep
    /// the zone. Otherwise its hooks run and it becomes a spare zone.
    fn release_or_recycle(&self, zone: NonNull<Header>) {
        struct Recycle<'a>(&'a Stack, NonNull<Header>);
        impl Drop for Recycle<'_> {
            fn drop(&mut self) {
                self.0.recycle(self.1);
            }
        }
        if !header(zone).is_sole() {
            self.counters().zone_retired();
            // SAFETY: (I1) the scope gives up its handle. The other handles keep the zone.
            return unsafe { Header::release(zone, Holder::Handle) };
        }
        let recycle = Recycle(self, zone);
        if header(zone).state.get() & state::HOOKS != 0 {
            header(zone).run_hooks();
        }
        drop(recycle);
    }

    /// Rewinds a scope's zone and keeps it as a spare zone, if that stays within the keep limit.
    fn recycle(&self, zone: NonNull<Header>) {
        if !header(zone).is_sole() {
            // SAFETY: (I1) as in `release_or_recycle`. A hook cannot get a handle to the zone, but if one could, this
            // would be right.
            return unsafe { Header::release(zone, Holder::Handle) };
        }
        if has_flag(zone, state::MOVED_ON) {
            self.count_busy_scope();
        }
        // SAFETY: (I1) the scope had the only handle, and its borrows have ended.
        unsafe { header(zone).rewind() };
        let excess = self.bytes_over_limit(header(zone).system_bytes());
        // If nothing may be given back now, the end of the zone's next scope tries again.
        let denied = excess != 0 && aside::may_free(excess).is_err();
        if excess != 0 && !denied {
            self.shrink_for(zone);
        }
        let fits =
            denied || self.bytes_over_limit(header(zone).system_bytes()) == 0 || self.is_planned();
        if self.is_set_up.get() && fits {
            clear_flag(zone, state::DETACHED);
            self.insert(self.innermost(), zone, self.next_spare.get());
            self.flag_if_over_limit(zone);
            self.counters().spare_made(self.zone_count.get());
        } else {
            // SAFETY: (I1) the only handle is given up here.
            unsafe { Header::release(zone, Holder::Handle) };
        }
        if self.busy_scopes.get() >= BUSY_SCOPES_PER_TRIM
            && self.innermost() == NO_ZONE
            && self.is_set_up.get()
        {
            self.give_back_unused();
        }
    }
}

/// Enters a scope, if the next spare zone has room for `bytes`. The guard then holds the zone's only handle.
#[inline(always)]
pub(crate) fn enter(bytes: usize) -> Option<NonNull<Header>> {
    STACK.with(|stack| {
        let zone = stack.next_spare.get();
        if first_block_size(zone) < bytes.saturating_add(HEADER) {
            rare();
            return None;
        }
        stack.next_spare.set(header(zone).links.above.get());
        Some(zone)
    })
}

/// Enters a scope when `enter` found no spare zone with room.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn enter_cold(bytes: usize) -> Result<NonNull<Header>, ZoneError> {
    let _at = section::at_caller();
    STACK.with(|stack| stack.enter(bytes))
}

/// Lets the compiler know that a zone has room for `bytes`. So it leaves out the look for that at the first values of a scope.
///
/// # Safety
///
/// I2: it is the zone of a scope that was just entered with room for `bytes`. No code of others has run since.
#[inline(always)]
pub(crate) unsafe fn assume_room(zone: NonNull<Header>, bytes: usize) {
    let (cursor, end) =
        (header(zone).cursor.get().addr().get(), header(zone).end.get().addr().get());
    // SAFETY: (I6) the cursor is no further than the end.
    let remaining = unsafe { end.unchecked_sub(cursor) };
    // SAFETY: (I2) a spare zone is rewound. Both ways to enter have seen that its first block has that room.
    unsafe { assert_unchecked(remaining >= bytes) };
}

/// The keep limit of this thread, in bytes.
#[cfg(feature = "profile")]
pub(crate) fn keep_limit() -> usize {
    STACK.with(|stack| stack.keep_limit.get())
}

/// Whether the next scope will find a spare zone with room for `bytes`.
#[cfg(feature = "profile")]
pub(crate) fn has_spare(bytes: usize) -> bool {
    STACK.with(|stack| first_block_size(stack.next_spare.get()) >= bytes.saturating_add(HEADER))
}

/// Ends a scope.
///
/// # Safety
///
/// I1: the caller gives up the scope's handle, and all borrows from the scope have ended.
#[inline(always)]
pub(crate) unsafe fn leave(zone: NonNull<Header>) {
    STACK.with(|stack| {
        // On the fast path only the cursor has to be put back. The zone is the innermost one, and its state is that of
        // one handle (the scope's): no other holder, and no flag, so nothing is pushed over it. A zone that has left the list
        // has the flag `DETACHED`. Both are zero then, so that one branch is enough.
        let (next, above) = (stack.next_spare.get(), header(zone).links.above.get());
        let not_innermost = (next.addr().get() ^ above.addr().get()) as u64;
        if not_innermost | (header(zone).state.get() ^ state::SOLE) == 0 {
            // SAFETY: (I2) the zone's data follows the header in the same block. Without the flag `MOVED_ON` the cursor
            // is in that block too.
            let data = unsafe { zone.cast::<u8>().add(HEADER) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(data, header(zone).cursor.get()) };
            header(zone).cursor.set(data);
            stack.next_spare.set(zone);
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

/// A handle to the zone that lies below a scope's zone on the stack.
#[inline(always)]
pub(crate) fn enclosing(scope: NonNull<Header>) -> Result<Zone, ZoneError> {
    #[cold]
    #[inline(never)]
    fn enclosing_cold(scope: NonNull<Header>) -> Result<Zone, ZoneError> {
        STACK.with(|stack| stack.handle_to(stack.zone_below(scope)))
    }
    let quick =
        STACK.with(|stack| uncounted(stack.zone_below(scope)).clone_if_counting_is_enough());
    match quick {
        Some(zone) => Ok(zone),
        None => enclosing_cold(scope),
    }
}
