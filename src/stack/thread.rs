//! The beginning and the end of a thread's stack: what is made in advance, and what is freed with the thread.

use super::list::{NONE, STACK, Stack, above, header, mark, unmark};
use crate::error::ZoneError;
use crate::insight::ledger;
use crate::region::header::{Header, state};
use crate::system::pages::LockError;
use core::mem::ManuallyDrop;

impl Stack {
    /// The thread ends: frees the spare zones and lets go of what is pushed. Zones of scopes that
    /// are still active belong to those.
    pub(super) fn tear_down(&self) {
        // Hooks may use the stack again, so it goes first. There is no way back: `OWNER` is gone.
        if !self.made.replace(false) {
            return;
        }
        ledger::popped(0);
        let active = self.active();
        let mut spare = self.next.replace(NONE);
        self.last.set(NONE);
        self.zones.set(0);
        self.held.set(0);
        let pushed = ManuallyDrop::into_inner(self.pushed.take());
        let default = self.default.replace(NONE);
        for zone in active {
            unmark(zone, state::COVERED);
            mark(zone, state::DETACHED);
        }
        while spare != NONE {
            let next = above(spare);
            self.destroy_spare(spare);
            spare = next;
        }
        let default = (default != NONE).then_some(default);
        for zone in pushed.into_iter().rev().map(|entry| entry.zone).chain(default) {
            // SAFETY: (I1) the stack gives up its entry. This may run hooks.
            unsafe { Header::release(zone, state::ENTRY) };
        }
    }
}

/// What the thread's stack has after `prepare`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Got {
    /// Bytes of the system's that zones on the stack and above it have.
    pub(crate) bytes: usize,
    /// Pages that were touched.
    pub(crate) pages: usize,
    /// Bytes that are locked.
    pub(crate) locked: usize,
    /// Why not all of them are, if that was asked for.
    pub(crate) refused: Option<LockError>,
}

impl Got {
    fn add(&mut self, zone: &Header, prefault: bool, lock: bool) {
        self.bytes += zone.system_bytes();
        // Locking touches the pages too, but those in use only where it is not refused.
        if prefault {
            self.pages += zone.prefault();
        }
        if lock {
            self.refused = zone.lock().err().or(self.refused);
        }
        self.locked += if zone.is_locked() { zone.system_bytes() } else { 0 };
    }
}

/// Makes the default zone, with room for `default_zone` more bytes if those are any, and `scopes` spare zones of
/// `bytes` each above what is on the stack; raises the keep limit so that they may stay.
pub(crate) fn prepare(
    scopes: usize,
    bytes: usize,
    default_zone: usize,
    prefault: bool,
    lock: bool,
) -> Result<Got, ZoneError> {
    STACK.with(|stack| {
        let mut got = Got::default();
        if !stack.make_room(scopes)? {
            // The thread is ending: there is nothing to prepare for.
            return Ok(got);
        }
        if stack.default.get() == NONE {
            stack.default_size.set(default_zone);
        }
        if default_zone != 0 || stack.default.get() != NONE {
            let default = stack.handle_to(NONE)?;
            default.header().reserve(default_zone)?;
            got.add(default.header(), prefault, lock);
        }
        let plan = stack.spare_plan(bytes);
        let (active, mut next) = (stack.active().count(), stack.next.get());
        for made in 1..=scopes {
            let spare = stack.make_spare(next, bytes, &plan)?;
            stack.planned.set(stack.planned.get().max(active + made));
            stack.keep.set(stack.keep.get().max(stack.held.get()));
            got.add(header(spare), prefault, lock);
            next = above(spare);
        }
        Ok(got)
    })
}
