//! The zones that are pushed on the stack, and the default zone at the bottom.

use super::list::{
    END_OF_THREAD, FIRST_ARRAY_LENGTH, MAX_PUSHED, NO_ZONE, Pushed, Stack, clear_flag, has_flag,
    header, set_flag,
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

    /// Makes sure that the stack is set up and that `more` further zones can be pushed. The result is `false` if the
    /// thread is ending and has no stack any more.
    pub(super) fn reserve_entries(&self, more: usize) -> Result<bool, ZoneError> {
        let pushed = self.pushed.borrow();
        // The allocator may have given more memory than was asked for.
        let capacity = pushed.capacity().min(MAX_PUSHED);
        if self.is_set_up.get() && more <= capacity - pushed.len() {
            return Ok(true);
        }
        drop(pushed);
        self.lengthen_array(more)
    }

    #[cold]
    pub(super) fn lengthen_array(&self, more: usize) -> Result<bool, ZoneError> {
        const SIZE: usize = size_of::<Pushed>();
        let (len, capacity) = (self.count_pushed(), self.pushed.borrow().capacity());
        let needed = len.saturating_add(more);
        if needed > MAX_PUSHED {
            let requested = needed.saturating_mul(SIZE);
            return Err(ZoneError::TooLarge { requested, available: MAX_PUSHED * SIZE });
        }
        let capacity = needed.max(2 * capacity).clamp(FIRST_ARRAY_LENGTH, MAX_PUSHED);
        let requested = capacity * SIZE;
        section::ask(Request::LongerStack, requested)?;
        if END_OF_THREAD.try_with(|_| ()).is_err() {
            return Ok(false);
        }
        self.counters.set(Some(stats::register()));
        let mut longer = Vec::new();
        longer.try_reserve_exact(capacity).map_err(|_| ZoneError::OutOfMemory { requested })?;
        longer.extend_from_slice(&self.pushed.borrow());
        let old = self.pushed.replace(ManuallyDrop::new(longer));
        drop(ManuallyDrop::into_inner(old));
        self.is_set_up.set(true);
        Ok(true)
    }

    /// The topmost of the zones that are pushed over a scope's zone, or over the default zone for `NO_ZONE`. If there
    /// is none, it is the scope's zone itself.
    pub(super) fn topmost_over(&self, scope: NonNull<Header>) -> NonNull<Header> {
        if scope != NO_ZONE && !has_flag(scope, state::COVERED) {
            return scope;
        }
        let pushed = self.pushed.borrow();
        let topmost = pushed.iter().rev().find(|entry| entry.over_scope == scope);
        topmost.map_or(scope, |entry| entry.zone)
    }

    /// Removes the topmost entry over the innermost scope, and gives the entry's zone to the caller.
    pub(super) fn remove_pushed(&self) -> Option<NonNull<Header>> {
        let scope = self.innermost();
        let mut pushed = self.pushed.borrow_mut();
        let is_over = |entry: &&Pushed| entry.over_scope == scope;
        let entry = *pushed.last().filter(is_over)?;
        ledger::popped(pushed.len());
        pushed.pop();
        if scope != NO_ZONE && pushed.last().filter(is_over).is_none() {
            clear_flag(scope, state::COVERED);
        }
        Some(entry.zone)
    }

    /// Removes what is on top. The default zone must not be on top. A scope's zone leaves the list and belongs only to
    /// its guard from then on.
    pub(super) fn remove_top(&self) {
        if let Some(zone) = self.remove_pushed() {
            // SAFETY: (I1) the stack gives up its entry. This may run hooks, so it comes last.
            unsafe { Header::release(zone, state::ENTRY) };
            return;
        }
        let scope = self.innermost();
        // This protects the static empty zone, which must not be written to (I3).
        assert!(scope != NO_ZONE, "callers have seen that there is something to take off");
        self.remove(scope);
        set_flag(scope, state::DETACHED);
        self.counters().spare_gone();
    }

    /// Removes what is on top again and again, as long as `is_there` says that there is something to remove.
    pub(super) fn remove_while(&self, is_there: &dyn Fn() -> bool) {
        /// Removes the rest if a hook panics.
        struct Rest<'a>(&'a Stack, &'a dyn Fn() -> bool);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.remove_while(self.1);
            }
        }
        // The hooks of a removed zone may end scopes or push zones themselves. So this looks again after each zone.
        while is_there() {
            let rest = Rest(self, is_there);
            self.remove_top();
            core::mem::forget(rest);
        }
    }

    /// A handle to a zone on the stack, or to the default zone for `NO_ZONE`. The default zone is made now if it does
    /// not exist yet.
    pub(super) fn handle_to(&self, zone: NonNull<Header>) -> Result<Zone, ZoneError> {
        let mut zone = zone;
        if zone == NO_ZONE {
            zone = self.default.get();
        }
        if zone == NO_ZONE {
            if !self.reserve_entries(0)? {
                // The thread is ending, so this zone is for one use only.
                return Zone::try_new(DEFAULT_CAPACITY);
            }
            let plan = Zone::builder().capacity(self.default_size.get()).name("default");
            let default = plan.try_build()?;
            zone = default.into_raw();
            // This entry is one more than those that are pushed; see `MAX_PUSHED`.
            header(zone).state.set(state::ENTRY);
            self.default.set(zone);
        }
        // SAFETY: (I1) this handle is never dropped, so it need not be counted.
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
        if !self.reserve_entries(1)? {
            return Ok(());
        }
        zone.header().state.set(zone.header().state.get() + state::ENTRY);
        let over_scope = self.innermost();
        self.pushed.borrow_mut().push(Pushed { zone: zone.raw(), over_scope });
        if over_scope != NO_ZONE {
            set_flag(over_scope, state::COVERED);
        }
        Ok(())
    }

    pub(super) fn pop(&self) -> Result<Zone, ZoneError> {
        let scope = self.innermost();
        let top = self.pushed.borrow().last().copied();
        let top = top.filter(|top| top.over_scope == scope).ok_or(match scope == NO_ZONE {
            true => ZoneError::StackEmpty,
            false => ZoneError::ScopeActive,
        })?;
        let zone = self.handle_to(top.zone)?;
        self.remove_pushed();
        zone.header().state.set(zone.header().state.get() - state::ENTRY);
        Ok(zone)
    }
}
