//! The zones that are pushed on the stack, and the default zone at the bottom.
//!
//! The entry on top is kept apart from the array of the others. The entries over the innermost scope are the topmost ones,
//! because the end of a scope removes all that lies above its zone. So the current zone is that of the top entry if
//! this entry lies over the innermost scope, and the scope's own zone if not (I4).

use super::list::{
    FIRST_ARRAY_LENGTH, MAX_PUSHED, NO_ENTRY, NO_ZONE, Place, Pushed, Stack, clear_flag, goes_on,
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

/// The entry that `Entered` has made. It fits into two registers.
pub(super) struct Entry {
    pub(super) zone: NonNull<Header>,
    pub(super) place: Place,
}

/// The entry in a place.
#[inline(always)]
fn entry<'a>(place: Place) -> &'a Cell<Pushed> {
    // SAFETY: (I9) this is private to the file. It is called only for places of the array, and for `NO_ENTRY`.
    unsafe { place.as_ref() }
}

impl Stack {
    /// How far a place of the array is from its start.
    #[inline(always)]
    fn index_of(&self, place: Place) -> usize {
        (place.addr().get() - self.array.get().addr().get()) / size_of::<Pushed>()
    }

    #[inline(always)]
    pub(super) fn count_pushed(&self) -> usize {
        self.index_of(self.top.get())
    }

    pub(super) fn depth(&self) -> usize {
        self.active().count() + self.count_pushed()
    }

    /// The array of entries, with its unused rest.
    fn array(&self) -> &[Cell<Pushed>] {
        let len = self.index_of(self.last_place.get()) + 1;
        // SAFETY: (I9) an array is freed by `give_up_arrays` only.
        unsafe { NonNull::slice_from_raw_parts(self.array.get(), len).as_ref() }
    }

    /// Goes on with another array, which begins with what is pushed.
    fn go_on_with(&self, array: NonNull<[Cell<Pushed>]>) {
        let (pushed, start) = (self.count_pushed(), array.cast());
        assert!(pushed < array.len());
        self.array.set(start);
        // SAFETY: (I9) the array is longer than that.
        self.top.set(unsafe { start.add(pushed) });
        // SAFETY: (I9) it has a place.
        self.last_place.set(unsafe { start.add(array.len() - 1) });
    }

    /// Goes on without a stack. The result is what was pushed, from the top down to the default zone.
    pub(super) fn give_up_arrays(&self) -> impl Iterator<Item = Pushed> + use<> {
        let pushed = self.count_pushed();
        for place in [&self.top, &self.last_place, &self.array] {
            place.set(NO_ENTRY);
        }
        let mut entries = Box::default();
        for array in self.arrays.iter().filter_map(Cell::take) {
            // SAFETY: (I9) it came from a `Box`, and is not used any more.
            entries = unsafe { Box::from_raw(array.as_ptr()) };
        }
        (0..=pushed).rev().filter_map(move |index| entries.get(index).map(Cell::get))
    }

    /// The entries from the top down to the default zone.
    pub(super) fn entries_down(&self) -> impl Iterator<Item = Pushed> + '_ {
        self.array().iter().take(self.count_pushed() + 1).rev().map(Cell::get)
    }

    /// The entry of the default zone.
    fn bottom(&self) -> &Cell<Pushed> {
        entry(self.array.get())
    }

    /// The default zone, or `NO_ZONE` if it is not made yet.
    pub(super) fn default_zone(&self) -> NonNull<Header> {
        self.bottom().get().zone
    }

    /// Makes sure that the stack is set up and that `more` further zones can be pushed. The result is `false` if the
    /// thread is ending and has no stack any more.
    pub(super) fn reserve_entries(&self, more: usize) -> Result<bool, ZoneError> {
        if self.is_set_up.get() && more < self.array().len() - self.count_pushed() {
            return Ok(true);
        }
        self.lengthen_array(more)
    }

    #[cold]
    fn lengthen_array(&self, more: usize) -> Result<bool, ZoneError> {
        const SIZE: usize = size_of::<Pushed>();
        // One place is the default zone's.
        let (len, capacity) = (self.count_pushed(), self.array().len() - 1);
        let needed = len.saturating_add(more);
        if needed > MAX_PUSHED {
            let requested = needed.saturating_mul(SIZE);
            return Err(ZoneError::TooLarge { requested, available: MAX_PUSHED * SIZE });
        }
        let places = needed.max(2 * capacity).clamp(FIRST_ARRAY_LENGTH, MAX_PUSHED) + 1;
        let requested = places * SIZE;
        section::ask(Request::LongerStack, requested)?;
        if !goes_on() {
            return Ok(false);
        }
        self.counters.set(Some(stats::register()));
        let mut longer = Vec::new();
        longer.try_reserve_exact(places).map_err(|_| ZoneError::OutOfMemory { requested })?;
        // The allocator is the user's, and may have used the stack itself.
        if places > self.array().len() {
            longer.extend_from_slice(self.array());
            // Writing to all of it also means that no push touches a new page.
            longer.resize(places, Cell::new(Pushed::BOTTOM));
            let free = self.arrays.iter().find(|array| array.get().is_none());
            let free = free.expect("each array is twice as long as the one before");
            let array = NonNull::from(Box::leak(longer.into_boxed_slice()));
            free.set(Some(array));
            self.go_on_with(array);
        }
        if !self.is_set_up.replace(true) {
            self.next_spare.set(self.end());
        }
        Ok(true)
    }

    /// The current zone. It is `NO_ZONE` if that is the default zone, which is not made yet.
    #[inline(always)]
    pub(super) fn current_zone(&self) -> NonNull<Header> {
        let (scope, top) = (self.innermost(), entry(self.top.get()).get());
        if top.over_scope == scope { top.zone } else { scope }
    }

    /// The topmost of the zones that are pushed over a scope's zone, or over the default zone for `NO_ZONE`. If there
    /// is none, it is the scope's zone itself.
    #[inline(always)]
    pub(super) fn topmost_over(&self, scope: NonNull<Header>) -> NonNull<Header> {
        let top = entry(self.top.get()).get();
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
    fn remove_pushed(&self) -> Option<NonNull<Header>> {
        let (place, scope) = (self.top.get(), self.innermost());
        let top = entry(place).get();
        if place == self.array.get() || top.over_scope != scope {
            return None;
        }
        // SAFETY: (I9) this is not the first place.
        unsafe { self.take_off(place, scope) };
        Some(top.zone)
    }

    /// Removes the entry on top, which is not the default zone's.
    ///
    /// # Safety
    ///
    /// I9: this is its place, and the array has one before it. The entry lies over this scope's zone.
    #[inline(always)]
    unsafe fn take_off(&self, place: Place, scope: NonNull<Header>) {
        ledger::popped(self.count_pushed());
        // SAFETY: (I9) the caller's promise.
        let below = unsafe { place.sub(1) };
        self.top.set(below);
        // Without a scope all lie over `NO_ZONE`. That is looked at all the same, as nobody may write to it (I3).
        if scope != NO_ZONE && entry(below).get().over_scope != scope {
            clear_flag(scope, state::COVERED);
        }
    }

    /// Removes what is on top. The default zone must not be on top. A scope's zone leaves the list and belongs only to
    /// its guard from then on.
    fn remove_top(&self) {
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

    /// Pushes a zone, if it can have an entry and the array has room. The result is the entry's place.
    #[inline(always)]
    pub(super) fn push_if_room(&self, zone: &Zone) -> Option<Place> {
        let (state, top) = (&zone.header().state, self.top.get());
        // A zone with the sign has too many holders already, or is sealed. The static zone is sealed too (I3).
        if top >= self.last_place.get() || state::has_sign(state.get()) {
            return None;
        }
        let over_scope = self.innermost();
        // SAFETY: (I9) `top` is not the last place.
        let place = unsafe { top.add(1) };
        entry(place).set(Pushed { zone: zone.raw(), over_scope });
        self.top.set(place);
        state.set(state.get() + state::ENTRY);
        if over_scope != NO_ZONE {
            set_flag(over_scope, state::COVERED);
        }
        Some(place)
    }

    pub(super) fn push_cold(&self, zone: &Zone) -> Result<Place, ZoneError> {
        zone.ensure_cloneable()?;
        // A thread that is ending has no stack any more, and pushing has no effect.
        if !self.reserve_entries(1)? {
            return Ok(NO_ENTRY);
        }
        Ok(self.push_if_room(zone).expect("there is room, and the zone is made"))
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

    /// Pushes a zone for `Entered`, as `push_if_room` does.
    #[inline(always)]
    pub(super) fn enter_if_room(&self, zone: &Zone) -> Option<Entry> {
        let place = self.push_if_room(zone)?;
        Some(Entry { zone: zone.raw(), place })
    }

    /// Removes the entry that `Entered` has made, if it is on top. Everything else is left to `remove_from`.
    #[inline(always)]
    pub(super) fn remove_entered(&self, &Entry { zone, place }: &Entry) -> bool {
        let scope = self.innermost();
        // A place of a former array is no place of this one, as it stays in use (I9).
        if self.top.get() != place
            || entry(place).get().zone != zone
            || entry(place).get().over_scope != scope
        {
            return false;
        }
        // SAFETY: (I9) it was pushed, so another place comes before this one.
        unsafe { self.take_off(place, scope) };
        // This is not the last that holds the zone, because `Entered` borrows a handle.
        let state = &header(zone).state;
        state.set(state.get() - state::ENTRY);
        true
    }

    /// Removes the entry that `Entered` has made, and all above it. The place may be one of a former array.
    pub(super) fn remove_from(&self, place: Place) {
        let index = self.arrays.iter().filter_map(Cell::get).find_map(|array| {
            let bytes = place.addr().get().checked_sub(array.addr().get())?;
            let index = bytes / size_of::<Pushed>();
            (index < array.len()).then_some(index)
        });
        // On a thread that is ending, nothing was pushed.
        if let Some(index) = index {
            self.remove_while(&|| self.count_pushed() >= index);
        }
    }
}
