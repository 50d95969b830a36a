//! What is pushed on the stack, and the default zone below all.

use super::list::{
    FIRST_PUSHED, MOST_PUSHED, NONE, OWNER, Pushed, Stack, header, is, mark, unmark,
};
use crate::error::{Request, ZoneError};
use crate::insight::{ledger, stats};
use crate::region::header::{DEFAULT_CAPACITY, Header, state};
use crate::system::section;
use crate::zone::Zone;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

impl Stack {
    pub(super) fn count_pushed(&self) -> usize {
        self.pushed.borrow().len()
    }

    pub(super) fn depth(&self) -> usize {
        self.active().count() + self.count_pushed()
    }

    /// Makes sure that there is a stack, and room to push so many zones more. False: the thread is
    /// ending and has no stack any more.
    pub(super) fn make_room(&self, more: usize) -> Result<bool, ZoneError> {
        let pushed = self.pushed.borrow();
        // The allocator may have given more room than it was asked for.
        let room = pushed.capacity().min(MOST_PUSHED);
        if self.made.get() && more <= room - pushed.len() {
            return Ok(true);
        }
        drop(pushed);
        self.make_longer(more)
    }

    #[cold]
    pub(super) fn make_longer(&self, more: usize) -> Result<bool, ZoneError> {
        const SIZE: usize = size_of::<Pushed>();
        let (len, room) = (self.count_pushed(), self.pushed.borrow().capacity());
        let needed = len.saturating_add(more);
        if needed > MOST_PUSHED {
            let requested = needed.saturating_mul(SIZE);
            return Err(ZoneError::TooLarge { requested, available: MOST_PUSHED * SIZE });
        }
        let room = needed.max(2 * room).clamp(FIRST_PUSHED, MOST_PUSHED);
        let requested = room * SIZE;
        section::ask(Request::LongerStack, requested)?;
        if OWNER.try_with(|_| ()).is_err() {
            return Ok(false);
        }
        self.counters.set(Some(stats::register()));
        let mut longer = Vec::new();
        longer.try_reserve_exact(room).map_err(|_| ZoneError::OutOfMemory { requested })?;
        longer.extend_from_slice(&self.pushed.borrow());
        let old = self.pushed.replace(ManuallyDrop::new(longer));
        drop(ManuallyDrop::into_inner(old));
        self.made.set(true);
        Ok(true)
    }

    /// Of the zones pushed over a scope's, or over the default zone, the topmost one; without any the
    /// scope's zone itself.
    pub(super) fn topmost_over(&self, scope: NonNull<Header>) -> NonNull<Header> {
        if scope != NONE && !is(scope, state::COVERED) {
            return scope;
        }
        let pushed = self.pushed.borrow();
        let topmost = pushed.iter().rev().find(|entry| entry.over == scope);
        topmost.map_or(scope, |entry| entry.zone)
    }

    /// Takes off the topmost entry of those over the innermost scope, which it gives up to the caller.
    pub(super) fn remove_pushed(&self) -> Option<NonNull<Header>> {
        let scope = self.innermost();
        let mut pushed = self.pushed.borrow_mut();
        let is_over = |entry: &&Pushed| entry.over == scope;
        let entry = *pushed.last().filter(is_over)?;
        ledger::popped(pushed.len());
        pushed.pop();
        if scope != NONE && pushed.last().filter(is_over).is_none() {
            unmark(scope, state::COVERED);
        }
        Some(entry.zone)
    }

    /// Takes off what is topmost, if it is not the default zone. A scope's zone is its guard's from
    /// then on, and not in the list.
    pub(super) fn remove_top(&self) {
        if let Some(zone) = self.remove_pushed() {
            // SAFETY: (I1) the stack gives up its entry. This may run hooks, so it comes last.
            unsafe { Header::release(zone, state::ENTRY) };
            return;
        }
        let scope = self.innermost();
        // The static zone may not be written to (I3).
        assert!(scope != NONE, "callers have seen that there is something to take off");
        self.remove(scope);
        mark(scope, state::DETACHED);
        self.counters().spare_gone();
    }

    /// Takes off what is topmost, as long as it is above something that is still there.
    pub(super) fn remove_while(&self, is_there: &dyn Fn() -> bool) {
        /// Goes on where a hook panics.
        struct Rest<'a>(&'a Stack, &'a dyn Fn() -> bool);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.remove_while(self.1);
            }
        }
        // Hooks of zones that go may themselves end scopes or push: look again after each.
        while is_there() {
            let rest = Rest(self, is_there);
            self.remove_top();
            core::mem::forget(rest);
        }
    }

    /// A handle to a zone on the stack, or to the default zone, made now where there is none.
    pub(super) fn handle_to(&self, zone: NonNull<Header>) -> Result<Zone, ZoneError> {
        let mut zone = zone;
        if zone == NONE {
            zone = self.default.get();
        }
        if zone == NONE {
            if !self.make_room(0)? {
                // The thread is ending: a zone for this one use.
                return Zone::try_new(DEFAULT_CAPACITY);
            }
            let plan = Zone::builder().capacity(self.default_size.get()).name("default");
            let default = plan.try_build()?;
            zone = default.into_raw();
            // Counts as one more than are pushed; see `MOST_PUSHED`.
            header(zone).state.set(state::ENTRY);
            self.default.set(zone);
        }
        // SAFETY: (I1) never dropped, so not a handle that would have to be counted.
        let uncounted = ManuallyDrop::new(unsafe { Zone::from_raw(zone) });
        uncounted.try_clone()
    }

    /// A handle to the current zone.
    pub(super) fn current(&self) -> Result<Zone, ZoneError> {
        self.handle_to(self.topmost_over(self.innermost()))
    }

    pub(super) fn push(&self, zone: &Zone) -> Result<(), ZoneError> {
        if zone.header().state.get() & (state::EMPTY | state::SEALED) != 0 {
            zone.ensure_made()?;
        }
        if !self.make_room(1)? {
            return Ok(());
        }
        zone.header().state.set(zone.header().state.get() + state::ENTRY);
        let over = self.innermost();
        self.pushed.borrow_mut().push(Pushed { zone: zone.raw(), over });
        if over != NONE {
            mark(over, state::COVERED);
        }
        Ok(())
    }

    pub(super) fn pop(&self) -> Result<Zone, ZoneError> {
        let scope = self.innermost();
        let top = self.pushed.borrow().last().copied();
        let top = top.filter(|top| top.over == scope).ok_or(match scope == NONE {
            true => ZoneError::StackEmpty,
            false => ZoneError::ScopeActive,
        })?;
        let zone = self.handle_to(top.zone)?;
        self.remove_pushed();
        zone.header().state.set(zone.header().state.get() - state::ENTRY);
        Ok(zone)
    }
}
