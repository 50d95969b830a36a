//! How spare zones are made, and how many of them are kept.

use super::list::{
    BUSY_SCOPES_PER_TRIM, Stack, above, first_block_size, has_flag, header, set_flag,
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
        // SAFETY: (I1) an idle spare zone belonged to the list alone. It has no hooks.
        unsafe { Header::destroy(zone) };
    }

    /// Returns the spare zone `small` if it has room for `bytes`. Otherwise a new zone takes its place in the list. If
    /// `small` is the end of the list, the new zone becomes the last of the list.
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
        if small == self.end() {
            self.insert(self.last_zone(), zone, small);
        } else {
            self.insert(small, zone, above(small));
            self.remove(small);
            self.destroy_spare(small);
        }
        self.counters().spare_made(self.zone_count.get());
        Ok(zone)
    }

    /// The settings of a spare zone for a scope of `bytes`.
    pub(super) fn spare_plan(&self, bytes: usize) -> ZoneBuilder {
        Zone::builder().capacity(bytes.max(self.spare_size.get()))
    }

    /// Gives the zone a flag if the list is over the keep limit, so that leaving the zone's scope frees memory.
    pub(super) fn flag_if_over_limit(&self, zone: NonNull<Header>) {
        if self.bytes_over_limit(0) != 0 {
            set_flag(zone, state::OVERSIZE);
        }
    }

    /// How many bytes the list would be over the keep limit, if it held `more` bytes.
    pub(super) fn bytes_over_limit(&self, more: usize) -> usize {
        self.held_bytes.get().saturating_add(more).saturating_sub(self.keep_limit.get())
    }

    /// The idle spare zone that only the deepest scopes use. `None` if the list has no idle zone, or not more than
    /// `others` zones.
    pub(super) fn last_idle_spare(&self, others: usize) -> Option<NonNull<Header>> {
        (self.next_spare.get() != self.end() && self.zone_count.get() > others)
            .then(|| self.last_zone())
    }

    pub(super) fn drop_spare(&self, zone: NonNull<Header>) {
        self.remove(zone);
        self.destroy_spare(zone);
    }

    /// Counts a busy scope. After many of them, the end of the outermost scope looks for spare zones that are not used
    /// any more.
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

    /// Gives back each idle spare zone that no scope has used since the last call. Zones of a plan stay.
    pub(super) fn give_back_unused(&self) {
        if section::policy().is_some() {
            return;
        }
        self.busy_scopes.set(0);
        let planned = self.planned_zones.get();
        let mut position = self.active().count();
        let mut spare = self.next_spare.get();
        while spare != self.end() {
            let (zone, next) = (spare, above(spare));
            spare = next;
            if position >= planned && has_flag(zone, state::OVERSIZE) {
                self.drop_spare(zone);
            } else {
                // The end of a scope that uses the zone clears the flag.
                set_flag(zone, state::OVERSIZE);
                position += 1;
            }
        }
    }

    /// Whether the next zone that comes into the list belongs to a plan.
    pub(super) fn is_planned(&self) -> bool {
        self.planned_zones.get() != 0 && self.active().count() < self.planned_zones.get()
    }

    /// Gives memory back until the list and a rewound zone, which is not in the list, fit into the keep limit together.
    /// First it frees the spare zones that only the deepest scopes use, then the blocks that the zone itself has grown
    /// by.
    pub(super) fn shrink_for(&self, zone: NonNull<Header>) {
        let excess = || self.bytes_over_limit(header(zone).system_bytes());
        // The zone itself is one of those planned.
        let others = self.planned_zones.get().saturating_sub(1);
        while excess() != 0 {
            let Some(idle) = self.last_idle_spare(others) else { break };
            self.drop_spare(idle);
        }
        if excess() != 0 {
            let keep = header(zone).system_bytes().saturating_sub(excess());
            // SAFETY: (I1) the zone was just rewound.
            unsafe { header(zone).trim(keep) };
        }
    }
}
