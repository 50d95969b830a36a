//! The spare zones above the innermost scope: how they are made, and how many of them are kept.

use super::list::{LONG, NONE, Stack, above, header, is, mark, room};
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
        if room(small) >= bytes.saturating_add(HEADER) {
            return Ok(small);
        }
        let zone = Header::make(&plan.settings)?;
        if small == NONE {
            self.insert(self.last.get(), zone, NONE);
        } else {
            self.insert(small, zone, above(small));
            self.remove(small);
            self.destroy_spare(small);
        }
        self.counters().spare_made(self.zones.get());
        Ok(zone)
    }

    /// What a spare zone for a scope of `bytes` is made by.
    pub(super) fn spare_plan(&self, bytes: usize) -> ZoneBuilder {
        Zone::builder().capacity(bytes.max(self.spare_size.get()))
    }

    /// Makes sure that leaving the zone's scope looks at what is kept, if that is over the limit.
    pub(super) fn mark_oversize(&self, zone: NonNull<Header>) {
        if self.excess(0) != 0 {
            mark(zone, state::OVERSIZE);
        }
    }

    /// How much over the limit the list is, with `more` bytes.
    pub(super) fn excess(&self, more: usize) -> usize {
        self.held.get().saturating_add(more).saturating_sub(self.keep.get())
    }

    /// The idle spare zone that scopes come to last, with at least `others` other zones in the list.
    pub(super) fn farthest_idle(&self, others: usize) -> Option<NonNull<Header>> {
        (self.next.get() != NONE && self.zones.get() > others).then(|| self.last.get())
    }

    pub(super) fn drop_spare(&self, zone: NonNull<Header>) {
        self.remove(zone);
        self.destroy_spare(zone);
    }

    /// Counts a scope that was more than a cursor to put back. After many of them the end of the outermost scope looks
    /// which spare zones are still used.
    pub(super) fn was_busy(&self) {
        let busy = self.busy.get().saturating_add(1);
        self.busy.set(busy);
        if busy % LONG == 0 {
            self.active().last().into_iter().for_each(|outermost| mark(outermost, state::OVERSIZE));
        }
    }

    /// Gives back each idle spare that no scope has used since the last time, but for planned ones.
    pub(super) fn give_back_unused(&self) {
        if section::policy().is_some() {
            return;
        }
        self.busy.set(0);
        let planned = self.planned.get();
        let mut position = self.active().count();
        let mut spare = self.next.get();
        while spare != NONE {
            let (zone, next) = (spare, above(spare));
            spare = next;
            if position >= planned && is(zone, state::OVERSIZE) {
                self.drop_spare(zone);
            } else {
                // The end of a scope that uses it takes this away.
                mark(zone, state::OVERSIZE);
                position += 1;
            }
        }
    }

    /// Whether the zone that comes into the list next belongs to a plan.
    pub(super) fn is_planned(&self) -> bool {
        self.planned.get() != 0 && self.active().count() < self.planned.get()
    }

    /// Gives memory back until a rewound zone that is not in the list fits into the limit with those that are: first
    /// the spare zones that scopes come to last, then what the zone itself has grown to.
    pub(super) fn shrink_for(&self, zone: NonNull<Header>) {
        let excess = || self.excess(header(zone).system_bytes());
        // With the zone itself, as many as are planned.
        let others = self.planned.get().saturating_sub(1);
        while excess() != 0 {
            let Some(idle) = self.farthest_idle(others) else { break };
            self.drop_spare(idle);
        }
        if excess() != 0 {
            let keep = header(zone).system_bytes().saturating_sub(excess());
            // SAFETY: (I1) just rewound.
            unsafe { header(zone).trim(keep) };
        }
    }
}
