//! The spare zones above the innermost scope: how they are made, and how many of them are kept.

use super::list::{
    BUSY_SCOPES_PER_TRIM, NO_ZONE, Stack, above, first_block_size, has_flag, header, set_flag,
};
use crate::error::ZoneError;
use crate::region::header::{HEADER, Header, state};
use crate::system::section;
use crate::zone::{Zone, ZoneBuilder};
use core::ptr::NonNull;

impl Stack {
    /// Frees a spare zone that is not in the list any more.
    pub(super) fn destroy_spare(&self, zone: NonNull<Header>) {
        self.counters().spare_gone();
        // SAFETY: (I1) an idle spare belonged to the list alone. It has no hooks.
        unsafe { Header::destroy(zone) };
    }

    /// The spare zone itself, if it has room for `bytes`, or else a new one in its place. Where there
    /// is none, a new one at the list's end.
    pub(super) fn make_spare(
        &self,
        small: NonNull<Header>,
        bytes: usize,
        plan: &ZoneBuilder,
    ) -> Result<NonNull<Header>, ZoneError> {
        if first_block_size(small) >= bytes.saturating_add(HEADER) {
            return Ok(small);
        }
        let zone = Header::make(&plan.settings)?;
        if small == NO_ZONE {
            self.insert(self.last_zone.get(), zone, NO_ZONE);
        } else {
            self.insert(small, zone, above(small));
            self.remove(small);
            self.destroy_spare(small);
        }
        self.counters().spare_made(self.zone_count.get());
        Ok(zone)
    }

    /// What a spare zone for a scope of `bytes` is made by.
    pub(super) fn spare_plan(&self, bytes: usize) -> ZoneBuilder {
        Zone::builder().capacity(bytes.max(self.spare_size.get()))
    }

    /// Makes sure that leaving the zone's scope looks at what is kept, if that is over the limit.
    pub(super) fn flag_if_over_limit(&self, zone: NonNull<Header>) {
        if self.bytes_over_limit(0) != 0 {
            set_flag(zone, state::OVERSIZE);
        }
    }

    /// How much over the limit the list is, with `more` bytes.
    pub(super) fn bytes_over_limit(&self, more: usize) -> usize {
        self.held_bytes.get().saturating_add(more).saturating_sub(self.keep_limit.get())
    }

    /// The idle spare zone that scopes come to last, with at least `others` other zones in the list.
    pub(super) fn last_idle_spare(&self, others: usize) -> Option<NonNull<Header>> {
        (self.next_spare.get() != NO_ZONE && self.zone_count.get() > others)
            .then(|| self.last_zone.get())
    }

    pub(super) fn drop_spare(&self, zone: NonNull<Header>) {
        self.remove(zone);
        self.destroy_spare(zone);
    }

    /// Counts a scope that was more than a cursor to put back. After many of them the end of the outermost scope looks
    /// which spare zones are still used.
    pub(super) fn count_busy_scope(&self) {
        let busy = self.busy_scopes.get().saturating_add(1);
        self.busy_scopes.set(busy);
        if busy % BUSY_SCOPES_PER_TRIM == 0 {
            self.active()
                .last()
                .into_iter()
                .for_each(|outermost| set_flag(outermost, state::OVERSIZE));
        }
    }

    /// Gives back each idle spare that no scope has used since the last time, but for planned ones.
    pub(super) fn give_back_unused(&self) {
        if section::policy().is_some() {
            return;
        }
        self.busy_scopes.set(0);
        let planned = self.planned_zones.get();
        let mut position = self.active().count();
        let mut spare = self.next_spare.get();
        while spare != NO_ZONE {
            let (zone, next) = (spare, above(spare));
            spare = next;
            if position >= planned && has_flag(zone, state::OVERSIZE) {
                self.drop_spare(zone);
            } else {
                // The end of a scope that uses it takes this away.
                set_flag(zone, state::OVERSIZE);
                position += 1;
            }
        }
    }

    /// Whether the zone that comes into the list next belongs to a plan.
    pub(super) fn is_planned(&self) -> bool {
        self.planned_zones.get() != 0 && self.active().count() < self.planned_zones.get()
    }

    /// Gives memory back until a rewound zone that is not in the list fits into the limit with those that are: first
    /// the spare zones that scopes come to last, then what the zone itself has grown to.
    pub(super) fn shrink_for(&self, zone: NonNull<Header>) {
        let excess = || self.bytes_over_limit(header(zone).system_bytes());
        // With the zone itself, as many as are planned.
        let others = self.planned_zones.get().saturating_sub(1);
        while excess() != 0 {
            let Some(idle) = self.last_idle_spare(others) else { break };
            self.drop_spare(idle);
        }
        if excess() != 0 {
            let keep = header(zone).system_bytes().saturating_sub(excess());
            // SAFETY: (I1) just rewound.
            unsafe { header(zone).trim(keep) };
        }
    }
}
