//! A run: the copy of one value with all that its references lead to, on little stack and with no memory but the
//! target zone's.
//!
//! A copy is written where it will lie. A reference takes a place for what it leads to, writes that place's address into
//! its own, and goes on with that value at once, as long as the run has used little of the machine's stack. Past that
//! the value is put off: its place gets a note of what is to be copied to it, and the run takes up the newest note when
//! it has come back. So however long a list is, the stack holds some levels of it, and the notes take no memory.
//!
//! Nobody has a reference to what is not written yet, as only the bits of addresses are (I42). Code of the user's runs
//! in between: it gets the zone as it is then, and copies in it are runs of their own, which end before it does.

use super::DeepCopy;
use super::depth::{BUDGET, Depth, During, FLOOR, nested, stack_top};
use super::in_place::alike;
use super::seen::Seen;
use super::table::Table;
use super::watch::{State, Watch};
use crate::error::{MAX_ALIGN, ZoneError};
use crate::region::bump::{STEP, round_up_step};
use crate::region::checkpoint::Checkpoint;
use crate::region::stale;
use crate::zone::Zone;
use crate::zone::places::{LONG_SLICE, MOST_OF_A_NUMBER, SLICE_ALIGN, bytes_of};
use core::alloc::Layout;
use core::mem::needs_drop;
use core::ptr::NonNull;

/// A note of what is still to be copied. It lies in the place that the copy will have.
pub(super) struct Note<'z> {
    seen: Seen<'z>,
    next: Option<NonNull<Note<'z>>>,
}

/// The copy of one value with all that its references lead to.
#[repr(C)]
pub struct Run<'z> {
    /// The zone's cursor. The zone itself has it only while other code runs.
    pub(super) cursor: NonNull<u8>,
    /// Where the run looks up from copying: the end of the block, or before that. An address.
    pub(super) end: usize,
    /// How far down the stack the run goes before values are put off. `usize::MAX`: all are.
    pub(super) floor: usize,
    pub(super) to: &'z Zone,
    /// Where the cursor was when it was taken from the zone. An address.
    pub(super) base: usize,
    pub(super) newest: Option<NonNull<Note<'z>>>,
    /// What is copied, as long as the run lives: its address, and how many values there are.
    pub(super) root: Root,
    /// The rest is there from when the run first needs it.
    pub(super) rest: Option<Rest<'z>>,
}

/// The address of values, and how many there are.
pub(super) type Root = (*const (), usize);

/// What a run knows that most runs need not know.
pub(super) struct Rest<'z> {
    /// How far down the stack the run goes where not all values are put off.
    pub(super) stack_floor: usize,
    /// What was copied, if that is to be copied once.
    pub(super) table: Option<NonNull<Table<'z>>>,
    /// The same as `end` for a run that looks up at each value.
    watched_end: usize,
    /// The address of what the run compares all values with.
    remembered: usize,
    /// Bytes taken, up to `base`.
    taken: usize,
    /// How many notes there are.
    notes: usize,
    pub(super) watch: Watch<'z>,
    pub(super) error: Option<ZoneError>,
    /// How the zone was when the run started.
    pub(super) before: Checkpoint,
}

impl Rest<'_> {
    #[cold]
    #[inline(never)]
    fn new(stack_floor: usize, to: &Zone) -> Self {
        Rest {
            stack_floor,
            table: None,
            watched_end: 0,
            remembered: 0,
            taken: 0,
            notes: 0,
            watch: Watch::new(),
            error: None,
            before: to.header().checkpoint(),
        }
    }
}

impl<'z> Run<'z> {
    /// The rest of what the run knows. The zone is as it was when the run started, until this is first called.
    #[inline]
    pub(super) fn rest(&mut self) -> &mut Rest<'z> {
        let (floor, to) = (self.floor, self.to);
        self.rest.get_or_insert_with(|| Rest::new(floor, to))
    }

    /// What was copied, if that is to be copied once.
    #[inline(always)]
    pub(super) fn table(&self) -> Option<NonNull<Table<'z>>> {
        self.rest.as_ref()?.table
    }

    /// Takes up the newest note until there is none.
    ///
    /// # Safety
    ///
    /// I42: the notes are of this run, and what they lead to is there.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn finish(&mut self) -> bool {
        while let Some(place) = self.newest {
            // SAFETY: (I42) a note of this run, in a place that nothing else was written to.
            let Note { seen, next } = unsafe { place.read() };
            self.newest = next;
            let rest = self.rest();
            rest.notes -= 1;
            if rest.watch.state != State::Idle {
                rest.watch.taken_up(rest.notes);
                if rest.watch.state == State::Waiting {
                    rest.watch.remember(seen, rest.notes);
                }
                self.set_floor();
            }
            // SAFETY: (I42) the note is of such values, and lies in the place for their copies.
            if !unsafe { (seen.kind.write)(seen.address, place.as_ptr().cast(), self, seen.len) } {
                return false;
            }
        }
        true
    }

    /// Writes a copy of a value to its place.
    ///
    /// # Safety
    ///
    /// I42: `place` has room for it.
    #[inline(always)]
    pub(super) unsafe fn write<T: DeepCopy<'z>>(
        &mut self,
        value: &T,
        place: *mut T::Copied,
    ) -> bool {
        if const { T::IN_PLACE.bits() } && alike::<T, T::Copied>() {
            // SAFETY: (I42) the caller's promise, and the type's: its bytes may be read, and are a copy.
            unsafe { place.cast::<T>().copy_from_nonoverlapping(value, 1) };
            return true;
        }
        // `const`: of the two ways only the one that is taken is compiled.
        if const { T::IN_PLACE.is_trusted() && !needs_drop::<T::Copied>() } {
            // SAFETY: (I42) the caller's promise. The type has promised to do this right.
            return unsafe { value.write_at(place, self) };
        }
        // SAFETY: (I42) the caller's promise.
        unsafe { self.write_by_value(value, place) }
    }

    /// Makes a copy of a value by other code, and puts it into its place.
    ///
    /// # Safety
    ///
    /// I42: `place` has room for it.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    #[inline(never)]
    pub unsafe fn write_by_value<T: DeepCopy<'z>>(
        &mut self,
        value: &T,
        place: *mut T::Copied,
    ) -> bool {
        // The other code may recurse, but not for ever. Plain data leads nowhere, however deep it lies.
        let may_recurse = T::FLAT || stack_top() >= self.rest().stack_floor;
        #[cfg(miri)]
        let _followed = super::depth::following();
        let copied = self.outside(|to| match may_recurse {
            true => value.copy_at(to, Depth::within()),
            false => nested(|| value.copy_at(to, Depth::within())),
        });
        match copied {
            Ok(copy) => {
                // SAFETY: (I42) the caller's promise.
                unsafe { place.write(copy) };
                true
            }
            Err(error) => self.fail(error),
        }
    }

    /// Puts what other code makes into its place.
    ///
    /// # Safety
    ///
    /// I42: `place` has room for it.
    ///
    /// # Real-time
    ///
    /// Yes, if the code is.
    #[inline]
    pub unsafe fn put<T>(&mut self, place: *mut T, make: impl FnOnce() -> T) -> bool {
        let value = self.outside(|_| make());
        // SAFETY: (I42) the caller's promise.
        unsafe { place.write(value) };
        true
    }

    /// Runs code that may use the zone, and copy.
    #[inline]
    fn outside<R>(&mut self, code: impl FnOnce(&'z Zone) -> R) -> R {
        self.give_cursor();
        let floor = During::new(&FLOOR, self.rest().stack_floor);
        let result = code(self.to);
        drop(floor);
        self.take_cursor();
        result
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail(&mut self, error: ZoneError) -> bool {
        self.rest().error = Some(error);
        false
    }

    /// Writes the copies of items to their places.
    ///
    /// # Safety
    ///
    /// I42: there is room for so many.
    #[inline(always)]
    pub(super) unsafe fn write_slice<T: DeepCopy<'z>>(
        &mut self,
        items: &[T],
        start: *mut T::Copied,
    ) -> bool {
        if const { T::IN_PLACE.bits() } && alike::<T, T::Copied>() {
            // SAFETY: (I42) the caller's promise, and the type's: its bytes may be read, and are a copy.
            unsafe { start.cast::<T>().copy_from_nonoverlapping(items.as_ptr(), items.len()) };
            return true;
        }
        for (index, item) in items.iter().enumerate() {
            // SAFETY: (I42) `index` is less than the number of items, and there is room for a copy of each.
            let place = unsafe { start.add(index) };
            // SAFETY: (I42) the place for this item's copy; the items live as long as the run.
            if !unsafe { self.write(item, place) } {
                return false;
            }
        }
        true
    }

    /// Takes a place for a copy, if moving the cursor is enough for that.
    #[inline(always)]
    pub(super) fn reserve<C>(&mut self) -> Option<NonNull<C>> {
        if size_of::<C>() == 0 && align_of::<C>() <= MAX_ALIGN {
            return Some(NonNull::dangling());
        }
        let (size, place) = (size_of::<C>(), self.cursor);
        let bytes = round_up_step(size);
        // This sum cannot wrap, as blocks end far enough from the top of the address space.
        if Zone::has_fast_place::<C>() && place.addr().get() + bytes <= self.end {
            // SAFETY: (I6) the block has that many bytes left.
            self.cursor = unsafe { place.add(bytes) };
            stale::open(place, size);
            return Some(place.cast());
        }
        None
    }

    /// Takes places for the copies of items, if moving the cursor is enough for that. Long slices of numbers begin where
    /// loops over them are fastest, as others in a zone do.
    #[inline(always)]
    pub(super) fn reserve_slice<C>(&mut self, len: usize, is_plain: bool) -> Option<NonNull<C>> {
        let (size, place) = (bytes_of::<C>(len), self.cursor);
        // Bytes are mostly texts, which lie side by side.
        let are_numbers = is_plain && (2..=MOST_OF_A_NUMBER).contains(&size_of::<C>());
        let skip = match are_numbers && size >= LONG_SLICE {
            true => place.addr().get().wrapping_neg() & (SLICE_ALIGN - 1),
            false => 0,
        };
        let bytes = round_up_step(size);
        let left = self.end.saturating_sub(place.addr().get()).saturating_sub(skip);
        if align_of::<C>() <= STEP && bytes.wrapping_sub(1) < left {
            // SAFETY: (I6) the block has `skip + bytes` bytes left.
            let place = unsafe { place.add(skip) };
            // SAFETY: (I6) `bytes` is at most what is left behind `skip`.
            self.cursor = unsafe { place.add(bytes) };
            stale::open(place, size);
            return Some(place.cast());
        }
        (size == 0 && align_of::<C>() <= MAX_ALIGN).then(NonNull::dangling)
    }

    /// `reserve` for the copy of what is at an address, while the run is watched.
    #[inline(always)]
    pub(super) fn reserve_watched<C>(&mut self, address: usize) -> Option<NonNull<C>> {
        let (size, place) = (size_of::<C>(), self.cursor);
        let bytes = round_up_step(size);
        let rest = self.rest.as_ref()?;
        let fits = place.addr().get() + bytes <= rest.watched_end;
        if Zone::has_fast_place::<C>() && fits && address != rest.remembered {
            // SAFETY: (I6) the block has that many bytes left.
            self.cursor = unsafe { place.add(bytes) };
            stale::open(place, size);
            return Some(place.cast());
        }
        None
    }

    /// `reserve_slice` for the copies of the items at an address, while the run is watched.
    #[inline(always)]
    pub(super) fn reserve_slice_watched<C>(
        &mut self,
        address: usize,
        len: usize,
    ) -> Option<NonNull<C>> {
        let (size, place) = (bytes_of::<C>(len), self.cursor);
        let bytes = round_up_step(size);
        let rest = self.rest.as_ref()?;
        let left = rest.watched_end.saturating_sub(place.addr().get());
        let fits = align_of::<C>() <= STEP && bytes.wrapping_sub(1) < left;
        if fits && address != rest.remembered {
            // SAFETY: (I6) the block has that many bytes left.
            self.cursor = unsafe { place.add(bytes) };
            stale::open(place, size);
            return Some(place.cast());
        }
        None
    }

    /// Takes a place where moving the cursor is not enough.
    #[cold]
    #[inline(never)]
    pub(super) fn reserve_slowly(
        &mut self,
        seen: &Seen<'z>,
        layout: Layout,
    ) -> Option<NonNull<u8>> {
        self.give_cursor();
        if self.look(seen) { self.take(layout) } else { None }
    }

    /// Takes a place from the zone itself.
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let place = self.to.try_alloc_layout(layout);
        self.take_cursor();
        match place {
            Ok(place) => {
                self.rest().taken += round_up_step(layout.size());
                self.set_end();
                Some(place)
            }
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// Puts values off: the place for their copies gets a note.
    pub(super) fn put_off(&mut self, seen: &Seen<'z>, copies: Layout) -> Option<NonNull<u8>> {
        self.give_cursor();
        self.rest().watch.has_put_off = true;
        if !self.look(seen) {
            return None;
        }
        let note = Layout::new::<Note<'z>>();
        let size = copies.size().max(note.size());
        let layout = Layout::from_size_align(size, copies.align().max(note.align())).ok()?;
        let place = self.take(layout)?;
        let note = place.cast::<Note<'z>>();
        let next = self.newest.replace(note);
        // SAFETY: (I42) the place was just taken, and has room for a note.
        unsafe { note.write(Note { seen: *seen, next }) };
        self.rest().notes += 1;
        Some(place)
    }

    /// Takes memory for the table. Code that is told that its zone grows may use the zone of the copies.
    #[cold]
    #[inline(never)]
    pub(super) fn with_memory(&mut self, take: impl FnOnce() -> Result<(), ZoneError>) -> bool {
        self.give_cursor();
        let taken = take();
        self.take_cursor();
        taken.map_or_else(|error| self.fail(error), |()| true)
    }

    /// Looks whether the copy goes round in a circle, or takes too much. The zone has its cursor.
    fn look(&mut self, seen: &Seen<'z>) -> bool {
        let rest = self.rest();
        if rest.watch.has_returned(seen) {
            return self.fail(ZoneError::Cycle);
        }
        if rest.taken >= rest.watch.next {
            let budget = BUDGET.get();
            if rest.taken >= budget {
                return self.fail(ZoneError::OverBudget { budget });
            }
            rest.watch.go_on(rest.taken);
            rest.watch.next = rest.watch.next.min(budget);
            self.set_floor();
        }
        true
    }

    /// How far down the stack the run goes, and where it looks up next.
    pub(super) fn set_floor(&mut self) {
        let rest = self.rest();
        let all = rest.table.is_some() || rest.watch.puts_off();
        self.floor = if all { usize::MAX } else { rest.stack_floor };
        self.set_end();
    }

    fn set_end(&mut self) {
        let (cursor, base) = (self.cursor.addr().get(), self.base);
        let block_end = self.to.header().end.get().addr().get();
        let rest = self.rest();
        let left = rest.watch.next.saturating_sub(rest.taken + (cursor - base));
        let end = block_end.min(cursor.saturating_add(left));
        let is_watching = rest.watch.state == State::Watching;
        rest.watched_end = if is_watching { end } else { 0 };
        rest.remembered = rest.watch.address();
        self.end = if is_watching { 0 } else { end };
    }

    /// Gives the zone its cursor.
    pub(super) fn give_cursor(&mut self) {
        let cursor = self.cursor.addr().get();
        let taken = cursor - self.base;
        self.rest().taken += taken;
        self.base = cursor;
        // The zone without memory is not written to (I3).
        if taken != 0 {
            self.to.header().cursor.set(self.cursor);
        }
    }

    /// Takes the zone's cursor.
    fn take_cursor(&mut self) {
        self.cursor = self.to.header().cursor.get();
        self.base = self.cursor.addr().get();
        self.set_end();
    }
}
