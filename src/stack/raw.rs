//! Scopes that are held as bare pointers. They are looked for on the thread's own stack before anything is done with them.

use super::list::{NO_ZONE, STACK, Stack, has_flag, header};
use crate::error::ZoneError;
use crate::region::header::{HEADER, Header, state};
use crate::region::stale;
use core::ptr::NonNull;

impl Stack {
    #[inline(never)]
    fn is_open(&self, zone: NonNull<Header>) -> bool {
        self.active().any(|open| open == zone)
    }

    /// The number of scopes and pushed zones that lie above an open scope.
    fn count_above(&self, zone: NonNull<Header>) -> usize {
        let scopes = self.active().take_while(|&open| open != zone).count();
        let lies_above = |scope| self.active().take(scopes + 1).any(|open| open == scope);
        let pushed = self.entries_down().take(self.count_pushed());
        scopes + pushed.filter(|entry| lies_above(entry.over_scope)).count()
    }

    #[cold]
    #[inline(never)]
    fn leave_innermost_cold(&self, zone: NonNull<Header>) -> Result<(), ZoneError> {
        if !self.is_open(zone) {
            return Err(ZoneError::NotOpen);
        }
        if self.innermost() != zone || has_flag(zone, state::COVERED) {
            return Err(ZoneError::OutOfOrder { above: self.count_above(zone) });
        }
        self.leave(zone);
        Ok(())
    }
}

/// The innermost scope's zone, if nothing is pushed above it.
#[inline(always)]
pub(crate) fn current_scope() -> Option<NonNull<Header>> {
    STACK.with(|stack| {
        let innermost = stack.innermost();
        (innermost != NO_ZONE && !has_flag(innermost, state::COVERED)).then_some(innermost)
    })
}

/// Whether this is the zone of an open scope of this thread. The pointer is only compared.
#[inline]
pub(crate) fn is_open(zone: NonNull<Header>) -> bool {
    STACK.with(|stack| (zone != NO_ZONE && stack.innermost() == zone) || stack.is_open(zone))
}

/// Ends a scope if it is the innermost one of this thread, and nothing is pushed above it.
///
/// # Safety
///
/// I1: the caller gives up the scope's handle, and all borrows from the scope have ended.
#[inline(always)]
pub(crate) unsafe fn leave_innermost(zone: NonNull<Header>) -> Result<(), ZoneError> {
    STACK.with(|stack| {
        // Without an open scope the innermost one is the empty zone, whose state is another one.
        if stack.innermost() == zone && header(zone).state.get() == state::SOLE {
            // SAFETY: (I2) as in `leave`.
            let data = unsafe { zone.cast::<u8>().add(HEADER) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(data, header(zone).cursor.get()) };
            header(zone).cursor.set(data);
            stack.next_spare.set(zone);
            Ok(())
        } else {
            stack.leave_innermost_cold(zone)
        }
    })
}
