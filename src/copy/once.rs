//! What a run does with values that it does not copy at once: those whose copy may be there already, and those for which
//! the stack is used up.
//!
//! Nothing here is of a type. What a type differs in is its [`Kind`], so this is compiled once.

use super::depth::stack_top;
use super::run::Run;
use super::seen::{Kind, Seen};
use super::table::{Found, Table};
use crate::error::ZoneError;
use crate::region::bump::{MAX_REQUEST, STEP, round_up_step};
use crate::region::stale;
use crate::zone::places::{LONG_SLICE, SLICE_ALIGN};
use core::alloc::Layout;
use core::ptr::NonNull;

impl<'z> Run<'z> {
    /// Writes the address of a value's copy. Where there is none yet, it takes a place for one, and goes on with the
    /// value, or puts it off.
    ///
    /// What is seldom needed is a function that is called last, so that nothing is saved for it.
    ///
    /// # Safety
    ///
    /// I42: `slot` has room for an address. `target` is the address of a value of that kind, which lives as long as the
    /// run. Its copy has bytes.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn follow_later(
        target: *const (),
        slot: *mut *mut (),
        run: &mut Self,
        kind: &'z Kind<'z>,
    ) -> bool {
        let Some(mut table) = run.table() else {
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_alone_or_slowly(target, slot, run, kind, true) };
        };
        // SAFETY: (I42) the run's own table, which nobody else uses just now.
        let table = unsafe { table.as_mut() };
        let free = match table.look_for(target, kind) {
            Found::Copy(copy) => {
                // SAFETY: (I42) the caller's promise.
                unsafe { slot.write(copy) };
                return true;
            }
            Found::Nothing(free) if !table.is_full() && !run.is_deep() => free,
            _ => {
                // SAFETY: (I42) the caller's promise.
                return unsafe { Run::follow_alone_or_slowly(target, slot, run, kind, true) };
            }
        };
        let Some(place) = run.reserve_one(kind) else {
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_alone_or_slowly(target, slot, run, kind, true) };
        };
        let place = place.as_ptr().cast();
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place) };
        table.note_at(free, Seen::one(target, kind), place);
        // SAFETY: (I42) the caller's promise. The place was just taken for it.
        unsafe { (kind.write)(target, place, run, 1) }
    }

    /// The same in all cases, also for what nothing else refers to.
    ///
    /// # Safety
    ///
    /// That of `follow_later`.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn follow_alone_or_slowly(
        target: *const (),
        slot: *mut *mut (),
        run: &mut Self,
        kind: &'z Kind<'z>,
        may_be_shared: bool,
    ) -> bool {
        let seen = Seen::one(target, kind);
        // SAFETY: (I42) the caller's promise.
        let Some(place) = (unsafe { run.place_later(&seen, may_be_shared) }) else { return false };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place) };
        true
    }

    /// Goes on with a value where the zone itself is to give the place.
    ///
    /// # Safety
    ///
    /// That of `follow_later`.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn follow_new_block(
        target: *const (),
        slot: *mut *mut (),
        run: &mut Self,
        kind: &'z Kind<'z>,
    ) -> bool {
        let Some(place) = run.reserve_slowly(&Seen::one(target, kind), kind.copy) else {
            return false;
        };
        let place = place.as_ptr().cast();
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place) };
        // SAFETY: (I42) the place was just taken for it.
        unsafe { (kind.write)(target, place, run, 1) }
    }

    /// The place of the copies of values. Where there are none yet, they are copied to it, or put off.
    ///
    /// # Safety
    ///
    /// I42: there are such values, which live as long as the run. Their copies have bytes.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn place_later(
        &mut self,
        seen: &Seen<'z>,
        may_be_shared: bool,
    ) -> Option<*mut ()> {
        let &Seen { address, len, kind } = seen;
        let copies = self.layout_of(seen)?;
        let has_table = self.table().is_some();
        // SAFETY: (I42) the run's own table, which nobody else uses just now.
        let noted = match self.table() {
            // SAFETY: (I42) the run's own table, which nobody else uses just now.
            Some(table) if may_be_shared => unsafe { table.as_ref() }.find(seen).ok(),
            _ => None,
        };
        if noted.is_some() {
            return noted;
        }
        let is_put_off = !kind.is_flat && (!has_table || self.is_deep());
        let place = match is_put_off {
            true => self.put_off(seen, copies),
            false => self.reserve_later(seen, copies),
        };
        let place = place?.as_ptr().cast::<()>();
        if has_table && may_be_shared {
            self.note_copy(*seen, place)?;
            self.note_items(seen, place)?;
        }
        // SAFETY: (I42) the caller's promise. The places were just taken for them.
        (is_put_off || unsafe { (kind.write)(address, place, self, len) }).then_some(place)
    }

    /// Whether the run has used up its share of the stack.
    #[inline(always)]
    fn is_deep(&self) -> bool {
        self.rest.as_ref().is_none_or(|rest| stack_top() < rest.stack_floor)
    }

    /// The layout of the copies of values.
    fn layout_of(&mut self, seen: &Seen<'z>) -> Option<Layout> {
        let copy = seen.kind.copy;
        let size = copy.size().checked_mul(seen.len);
        // The size of an item's copy is a multiple of its alignment.
        let layout = size.and_then(|size| Layout::from_size_align(size, copy.align()).ok());
        if layout.is_none() {
            let requested = size.unwrap_or(usize::MAX);
            self.fail(ZoneError::TooLarge { requested, available: MAX_REQUEST });
        }
        layout
    }

    /// Takes a place for a value's copy, if moving the cursor is enough for that.
    #[inline(always)]
    fn reserve_one(&mut self, kind: &Kind<'_>) -> Option<NonNull<u8>> {
        let place = self.cursor;
        if place.addr().get().checked_add(kind.bytes)? > self.end {
            return None;
        }
        // SAFETY: (I6) the block has that many bytes left.
        self.cursor = unsafe { place.add(kind.bytes) };
        stale::open(place, kind.copy.size());
        Some(place)
    }

    /// Takes places for the copies of values. Long slices of numbers begin where loops over them are fastest.
    fn reserve_later(&mut self, seen: &Seen<'z>, copies: Layout) -> Option<NonNull<u8>> {
        let (size, cursor) = (copies.size(), self.cursor);
        let skip = match seen.kind.are_numbers && size >= LONG_SLICE {
            true => cursor.addr().get().wrapping_neg() & (SLICE_ALIGN - 1),
            false => 0,
        };
        let bytes = round_up_step(size);
        let left = self.end.saturating_sub(cursor.addr().get()).saturating_sub(skip);
        if copies.align() > STEP || bytes.wrapping_sub(1) >= left {
            return self.reserve_slowly(seen, copies);
        }
        // SAFETY: (I6) the block has `skip + bytes` bytes left.
        let place = unsafe { cursor.add(skip) };
        // SAFETY: (I6) `bytes` is at most what is left behind `skip`.
        self.cursor = unsafe { place.add(bytes) };
        stale::open(place, size);
        Some(place)
    }

    /// Notes where the copies of values are or will be. `None`: there is no memory for that.
    fn note_copy(&mut self, seen: Seen<'z>, place: *mut ()) -> Option<()> {
        let Some(mut table) = self.table() else { return Some(()) };
        // SAFETY: (I42) the run's own table, which nobody else uses just now.
        let table: &mut Table<'z> = unsafe { table.as_mut() };
        if table.is_full() && !self.with_memory(|| table.grow()) {
            return None;
        }
        table.note(seen, place);
        Some(())
    }

    /// Notes where the copies of a slice's items will be, so that references to single items lead there.
    fn note_items(&mut self, seen: &Seen<'z>, place: *mut ()) -> Option<()> {
        let Some(kind) = seen.kind.items else { return Some(()) };
        for index in 0..seen.len {
            let item = seen.address.wrapping_byte_add(index * kind.size);
            let copy = place.wrapping_byte_add(index * kind.copy.size());
            self.note_copy(Seen::one(item, kind), copy)?;
        }
        Some(())
    }
}
