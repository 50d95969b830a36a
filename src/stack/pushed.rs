//! The zones that are pushed on the stack, and the default zone at the bottom.
//!
//! The entry on top is kept apart from the array of the others. The entries over the innermost scope are the topmost ones,
//! because the end of a scope removes all that lies above its zone. So the current zone is that of the top entry if
//! this entry lies over the innermost scope, and the scope's own zone if not (I4).

use super::list::{
    FIRST_ARRAY_LENGTH, MAX_PUSHED, NO_ZONE, PUSHED_BYTES, Pushed, Stack, clear_flag, goes_on,
    has_flag, header, set_flag,
};
use crate::error::{Request, ZoneError};
use crate::insight::{ledger, stats};
use crate::region::header::{DEFAULT_CAPACITY, Header, Holder, state};
use crate::system::section;
use crate::zone::{Zone, ZoneBuilder};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// A zone on the stack, as a handle that is not counted.
#[inline(always)]
pub(super) fn uncounted(zone: NonNull<Header>) -> ManuallyDrop<Zone> {
    // SAFETY: (I1) this handle is never dropped, so it need not be counted. The stack keeps the zone meanwhile.
    ManuallyDrop::new(unsafe { Zone::from_raw(zone) })
}

impl Stack {
    #[inline(always)]
    pub(super) fn count_pushed(&self) -> usize {
        self.pushed_bytes.get() / PUSHED_BYTES
    }

    pub(super) fn depth(&self) -> usize {
        self.active().count() + self.count_pushed()
    }

    /// The array of the entries below the top, with its unused rest.
    fn array(&self) -> &[Cell<Pushed>] {
        // SAFETY: (I9) the array is only replaced by `replace_array`, and never while this is in use.
        unsafe { self.whole_array().as_ref() }
    }

    fn whole_array(&self) -> NonNull<[Cell<Pushed>]> {
        NonNull::slice_from_raw_parts(self.array.get(), self.array_bytes.get() / PUSHED_BYTES)
    }

    /// Takes another array, which is long enough for what is pushed, and gives up the old one.
    pub(super) fn replace_array(&self, array: Box<[Cell<Pushed>]>) -> Box<[Cell<Pushed>]> {
        let old = self.whole_array();
        self.array_bytes.set(size_of_val(&*array));
        assert!(self.pushed_bytes.get() <= self.array_bytes.get());
        self.array.set(NonNull::from(Box::leak(array)).cast());
        // SAFETY: (I9) it came from a `Box` too, or is the first one without entries, which owns no memory.
        unsafe { Box::from_raw(old.as_ptr()) }
    }

    /// The entry that is so many bytes behind the start of the array.
    ///
    /// # Safety
    ///
    /// I9: they are some entries' bytes, and fewer than the array has.
    #[inline(always)]
    unsafe fn entry(&self, bytes: usize) -> &Cell<Pushed> {
        debug_assert!(bytes < self.array_bytes.get());
        // SAFETY: (I9) the caller's promise.
        let entry = unsafe { self.array.get().byte_add(bytes) };
        // SAFETY: (I9) as in `array`.
        unsafe { entry.as_ref() }
    }

    /// The entries from the top down to the default zone.
    pub(super) fn entries_down(&self) -> impl Iterator<Item = Pushed> + '_ {
        let below = self.array().iter().take(self.count_pushed()).rev();
        core::iter::once(&self.top).chain(below).map(Cell::get)
    }

    /// The entry of the default zone.
    fn bottom(&self) -> &Cell<Pushed> {
        match self.count_pushed() {
            0 => &self.top,
            _ => self.array().first().unwrap_or(&self.top),
        }
    }

    /// The default zone, or `NO_ZONE` if it is not made yet.
    pub(super) fn default_zone(&self) -> NonNull<Header> {
        self.bottom().get().zone
    }

    /// Makes sure that the stack is set up and that `more` further zones can be pushed. The result is `false` if the
    /// thread is ending and has no stack any more.
    pub(super) fn reserve_entries(&self, more: usize) -> Result<bool, ZoneError> {
        if self.is_set_up.get() && more <= self.array().len() - self.count_pushed() {
            return Ok(true);
        }
        self.lengthen_array(more)
    }

    #[cold]
    pub(super) fn lengthen_array(&self, more: usize) -> Result<bool, ZoneError> {
        const SIZE: usize = size_of::<Pushed>();
        let (len, capacity) = (self.count_pushed(), self.array().len());
        let needed = len.saturating_add(more);
        if needed > MAX_PUSHED {
            let requested = needed.saturating_mul(SIZE);
            return Err(ZoneError::TooLarge { requested, available: MAX_PUSHED * SIZE });
        }
        let capacity = needed.max(2 * capacity).clamp(FIRST_ARRAY_LENGTH, MAX_PUSHED);
        let requested = capacity * SIZE;
        section::ask(Request::LongerStack, requested)?;
        if !goes_on() {
            return Ok(false);
        }
        self.counters.set(Some(stats::register()));
        let mut longer = Vec::new();
        longer.try_reserve_exact(capacity).map_err(|_| ZoneError::OutOfMemory { requested })?;
        longer.extend_from_slice(self.array());
        // Writing to all of it also means that no push touches a new page.
        longer.resize(capacity, Cell::new(Pushed::BOTTOM));
        drop(self.replace_array(longer.into_boxed_slice()));
        if !self.is_set_up.replace(true) {
            self.next_spare.set(self.end());
        }
        Ok(true)
    }

    /// The current zone. It is `NO_ZONE` if that is the default zone, which is not made yet.
    #[inline(always)]
    pub(super) fn current_zone(&self) -> NonNull<Header> {
        let (scope, top) = (self.innermost(), self.top.get());
        if top.over_scope == scope { top.zone } else { scope }
    }

    /// The topmost of the zones that are pushed over a scope's zone, or over the default zone for `NO_ZONE`. If there
    /// is none, it is the scope's zone itself.
    #[inline(always)]
    pub(super) fn topmost_over(&self, scope: NonNull<Header>) -> NonNull<Header> {
        let top = self.top.get();
        if top.over_scope == scope {
            return top.zone;
        }
        if scope != NO_ZONE && !has_flag(scope, state::COVERED) {
            return scope;
        }
        self.topmost_below_top(scope)
    }

    #[cold]
    #[inline(never)]
    fn topmost_below_top(&self, scope: NonNull<Header>) -> NonNull<Header> {
        self.entries_down()
            .find(|entry| entry.over_scope == scope)
            .map_or(scope, |entry| entry.zone)
    }

    /// Removes the topmost entry over the innermost scope, and gives the entry's zone to the caller.
    #[inline(always)]
    pub(super) fn remove_pushed(&self) -> Option<NonNull<Header>> {
        let left = self.pushed_bytes.get().checked_sub(PUSHED_BYTES)?;
        // SAFETY: (I9) this entry is in use, and so in the array.
        unsafe { self.remove_above(left) }
    }

    /// Removes the topmost entry, if it lies over the innermost scope, and gives the entry's zone to the caller.
    ///
    /// # Safety
    ///
    /// I9: `left` are the bytes that the array has in use without one entry.
    #[inline(always)]
    unsafe fn remove_above(&self, left: usize) -> Option<NonNull<Header>> {
        let (scope, top) = (self.innermost(), self.top.get());
        if top.over_scope != scope {
            return None;
        }
        // SAFETY: (I9) the caller's promise.
        let below = unsafe { self.entry(left) }.get();
        ledger::popped(self.count_pushed());
        self.top.set(below);
        self.pushed_bytes.set(left);
        // Without a scope all lie over `NO_ZONE`. That is looked at all the same, as nobody may write to it (I3).
        if below.over_scope != scope && scope != NO_ZONE {
            clear_flag(scope, state::COVERED);
        }
        Some(top.zone)
    }

    /// Removes what is on top. The default zone must not be on top. A scope's zone leaves the list and belongs only to
    /// its guard from then on.
    pub(super) fn remove_top(&self) {
        if let Some(zone) = self.remove_pushed() {
            // SAFETY: (I1) the stack gives up its entry. This may run hooks, so it comes last.
            unsafe { Header::release(zone, Holder::Entry) };
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
            zone = self.default_zone();
        }
        if zone == NO_ZONE {
            if !self.reserve_entries(0)? {
                // The thread is ending, so this zone is for one use only.
                return Zone::try_new(DEFAULT_CAPACITY);
            }
            zone = self.make_default(self.default_plan())?;
        }
        uncounted(zone).try_clone()
    }

    /// The settings of the default zone.
    pub(super) fn default_plan(&self) -> ZoneBuilder {
        Zone::builder().capacity(self.default_size.get()).name("default")
    }

    /// Makes the default zone, on a thread that has none and has room for its entry.
    pub(super) fn make_default(&self, plan: ZoneBuilder) -> Result<NonNull<Header>, ZoneError> {
        let zone = plan.try_build()?.into_raw();
        // The handle becomes an entry. This entry is one more than those that are pushed; see `MAX_PUSHED`.
        header(zone).state.set(state::SOLE + state::ENTRY_UNIT);
        self.bottom().set(Pushed { zone, over_scope: NO_ZONE });
        Ok(zone)
    }

    /// A handle to the current zone.
    pub(super) fn current(&self) -> Result<Zone, ZoneError> {
        self.handle_to(self.current_zone())
    }

    /// The current zone for what `body` does with it. `body` runs none of the user's code, so that nobody changes the
    /// stack meanwhile.
    #[inline(always)]
    pub(super) fn with_current<R>(&self, body: impl FnOnce(&Zone) -> R) -> R {
        body(&uncounted(self.current_zone()))
    }

    /// Pushes a zone, if it can have an entry and the array has room.
    #[inline(always)]
    pub(super) fn push_if_room(&self, zone: &Zone) -> bool {
        let (state, used) = (&zone.header().state, self.pushed_bytes.get());
        // The static zone is sealed too (I3).
        if used >= self.array_bytes.get() || state.get() & state::SEALED_FLAG != 0 {
            return false;
        }
        let over_scope = self.innermost();
        // SAFETY: (I9) the array has more bytes than that, and both are those of whole entries.
        unsafe { self.entry(used) }.set(self.top.get());
        self.top.set(Pushed { zone: zone.raw(), over_scope });
        self.pushed_bytes.set(used + PUSHED_BYTES);
        state.set(state.get() + state::ENTRY);
        if over_scope != NO_ZONE {
            set_flag(over_scope, state::COVERED);
        }
        true
    }

    pub(super) fn push_cold(&self, zone: &Zone) -> Result<(), ZoneError> {
        zone.ensure_made()?;
        // A thread that is ending has no stack any more, and pushing has no effect.
        if self.reserve_entries(1)? {
            assert!(self.push_if_room(zone), "there is room, and the zone is made");
        }
        Ok(())
    }

    /// Takes off what is on top. `None` if that is not possible; then `why_no_pop` says why.
    #[inline(always)]
    pub(super) fn pop(&self) -> Option<Zone> {
        let zone = self.remove_pushed()?;
        let state = &header(zone).state;
        // The entry was a holder, and so is the handle.
        state.set(state.get() - state::ENTRY_UNIT);
        // SAFETY: (I1) the new handle was just counted.
        Some(unsafe { Zone::from_raw(zone) })
    }

    pub(super) fn why_no_pop(&self) -> ZoneError {
        match self.innermost() == NO_ZONE {
            true => ZoneError::StackEmpty,
            false => ZoneError::ScopeActive,
        }
    }

    /// Removes the entry that `Entered` has made when the array had `before` bytes in use, if it is on top. Everything else
    /// is left to `remove_while`.
    #[inline(always)]
    pub(super) fn remove_entered(&self, zone: NonNull<Header>, before: usize) -> bool {
        if self.pushed_bytes.get() != before + PUSHED_BYTES || self.top.get().zone != zone {
            return false;
        }
        // SAFETY: (I9) one entry more than `before` is in use.
        let is_removed = unsafe { self.remove_above(before) }.is_some();
        if is_removed {
            // This is not the last that holds the zone, because `Entered` borrows a handle.
            let state = &header(zone).state;
            state.set(state.get() - state::ENTRY);
        }
        is_removed
    }
}
