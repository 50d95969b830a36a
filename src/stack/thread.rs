//! The beginning and the end of a thread's stack: what is made in advance, and what is freed with the thread.

use super::list::{NO_ZONE, STACK, Stack, above, clear_flag, header, set_flag};
use crate::error::ZoneError;
use crate::insight::ledger;
use crate::region::header::{Header, Holder, state};
use crate::system::pages::{Care, LockError};

impl Stack {
    /// Frees the spare zones and releases what is pushed, as the thread ends. The zones of scopes that are still active
    /// belong to those scopes from now on.
    pub(super) fn tear_down(&self) {
        // Hooks may use the stack again, so this comes first. The stack is never set up again, as `END_OF_THREAD` is
        // gone.
        if !self.is_set_up.replace(false) {
            return;
        }
        ledger::popped(0);
        let active = self.active();
        let mut spare = self.next_spare.replace(NO_ZONE);
        header(self.end()).links.below.set(NO_ZONE);
        self.zone_count.set(0);
        self.held_bytes.set(0);
        let entries = self.give_up_arrays();
        for zone in active {
            clear_flag(zone, state::COVERED);
            set_flag(zone, state::DETACHED);
        }
        while spare != self.end() {
            let next = above(spare);
            self.destroy_spare(spare);
            spare = next;
        }
        // The default zone, which is the last one here, may not be made.
        let made = entries.filter(|entry| entry.zone != NO_ZONE);
        for zone in made.map(|entry| entry.zone) {
            // SAFETY: (I1) the stack gives up its entry. This may run hooks.
            unsafe { Header::release(zone, Holder::Entry) };
        }
    }
}

/// What `prepare` has made or found.
#[derive(Clone, Copy, Default)]
pub(crate) struct PreparedStack {
    /// The bytes of system memory that the prepared zones have.
    pub(crate) bytes: usize,
    /// The number of pages that were touched.
    pub(crate) pages: usize,
    /// The number of bytes that are locked.
    pub(crate) locked: usize,
    /// Why some of them are not locked, if the plan asked for it.
    pub(crate) refused: Option<LockError>,
    /// The number of bytes in huge pages, as far as the system has them.
    pub(crate) huge: usize,
}

impl PreparedStack {
    fn add(&mut self, zone: &Header, Care { prefault, lock, huge }: Care) {
        self.bytes += zone.system_bytes();
        if huge {
            zone.ask_huge();
        }
        self.huge += zone.huge_bytes();
        // Locking touches the pages too. But if it is refused, pages in use are not touched.
        if prefault {
            self.pages += zone.prefault();
        }
        if lock {
            self.refused = zone.lock().err().or(self.refused);
        }
        self.locked += if zone.is_locked() { zone.system_bytes() } else { 0 };
    }
}

/// Makes the default zone with room for `default_zone` more bytes, unless that is 0. Also makes `scopes` spare zones of
/// `bytes` each above what is on the stack, and raises the keep limit so that they may stay.
pub(crate) fn prepare(
    scopes: usize,
    bytes: usize,
    default_zone: usize,
    care: Care,
) -> Result<PreparedStack, ZoneError> {
    STACK.with(|stack| {
        let mut got = PreparedStack::default();
        if !stack.reserve_entries(scopes)? {
            // The thread is ending, so there is nothing to prepare for.
            return Ok(got);
        }
        if stack.default_zone() == NO_ZONE {
            stack.default_size.set(default_zone);
            if care.huge && default_zone != 0 {
                stack.make_default(stack.default_plan().huge_pages())?;
            }
        }
        if default_zone != 0 || stack.default_zone() != NO_ZONE {
            let default = stack.handle_to(NO_ZONE)?;
            if care.huge {
                default.header().ask_huge();
            }
            default.header().reserve(default_zone)?;
            got.add(default.header(), care);
        }
        let plan = stack.spare_plan(bytes);
        let plan = if care.huge { plan.huge_pages() } else { plan };
        let (active, mut next) = (stack.active().count(), stack.next_spare.get());
        for made in 1..=scopes {
            let spare = stack.make_spare(next, bytes, &plan)?;
            stack.planned_zones.set(stack.planned_zones.get().max(active + made));
            stack.keep_limit.set(stack.keep_limit.get().max(stack.held_bytes.get()));
            got.add(header(spare), care);
            next = above(spare);
        }
        Ok(got)
    })
}
