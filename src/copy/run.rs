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

// The copies lie in the zone, which gives other memory each time (I2).
#![expect(clippy::mut_from_ref)]

use super::DeepCopy;
use super::depth::{
    BUDGET, Depth, During, FLOOR, WATCHED, floor_and_table, nested, sharing, stack_top,
};
use super::in_place::alike;
use super::seen::Seen;
use super::table::Table;
use super::watch::{State, Watch};
use crate::error::{MAX_ALIGN, ZoneError};
use crate::region::bump::{STEP, round_up_step};
use crate::region::stale;
use crate::zone::Zone;
use crate::zone::places::{LONG_SLICE, MOST_OF_A_NUMBER, SLICE_ALIGN, bytes_of};
use core::alloc::Layout;
use core::mem::{MaybeUninit, needs_drop};
use core::ptr::NonNull;
use core::slice;

/// Writes the copies of so many values at an address to a place.
///
/// # Safety
///
/// I42: there are that many values, and room for their copies, of the types that the function was made for.
type Write<'z> = unsafe fn(*const (), usize, *mut (), &mut Run<'z>) -> bool;

/// A note of what is still to be copied. It lies in the place that the copy will have.
#[repr(C)]
struct Note<'z> {
    source: *const (),
    len: usize,
    write: Write<'z>,
    next: Option<NonNull<Note<'z>>>,
}

/// A note for a place that is too small for one. It lies beside the table.
#[repr(C)]
struct Apart<'z> {
    /// Its function is `write_apart`.
    note: Note<'z>,
    write: Write<'z>,
    place: *mut (),
}

/// What is noted apart is written to its place.
///
/// # Safety
///
/// That of `Write`, where the place is an `Apart` of a run with a table.
unsafe fn write_apart<'z>(
    source: *const (),
    len: usize,
    apart: *mut (),
    run: &mut Run<'z>,
) -> bool {
    // SAFETY: (I42) the note was made with this function, so it is one of these.
    let Apart { write, place, .. } = unsafe { apart.cast::<Apart<'z>>().read() };
    if let (Some(mut table), Some(apart)) = (run.table, NonNull::new(apart)) {
        // SAFETY: (I42) the run's own table, which nobody else uses just now.
        unsafe { table.as_mut() }.give_back(apart.cast());
    }
    // SAFETY: (I42) the caller's promise.
    unsafe { write(source, len, place, run) }
}

/// The copy of one value with all that its references lead to.
#[repr(C)]
pub struct Run<'z> {
    /// The zone's cursor. The zone itself has it only while other code runs.
    cursor: NonNull<u8>,
    /// Where the run looks up from copying: the end of the block, or before that. An address.
    end: usize,
    /// How far down the stack the run goes before values are put off. `usize::MAX`: all are.
    pub(super) floor: usize,
    to: &'z Zone,
    /// The floor where not all are put off.
    stack_floor: usize,
    /// Where the cursor was when it was taken from the zone. An address.
    base: usize,
    // What follows is zero at first, in one go.
    newest: Option<NonNull<Note<'z>>>,
    /// What was copied, if that is to be copied once.
    pub(super) table: Option<NonNull<Table<'z>>>,
    /// The same as `end` for a run that looks up at each value.
    watched_end: usize,
    /// The address of what the run compares all values with.
    remembered: usize,
    /// Bytes taken, up to `base`.
    taken: usize,
    /// How many notes there are.
    pub(super) notes: usize,
    watch: Watch,
    error: Option<ZoneError>,
}

/// Whether a type is copied by a run as a whole. Else its parts are copied one by one, each reference by its own run.
///
/// # Real-time
///
/// Yes.
#[inline(always)]
pub const fn runs_as_a_whole<'z, T: DeepCopy<'z>>() -> bool {
    !T::FLAT && T::IN_PLACE.is_trusted() && !needs_drop::<T::Copied>()
}

impl<'z> Run<'z> {
    /// Copies a value.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    #[inline]
    pub fn copy<T: DeepCopy<'z>>(value: &T, to: &'z Zone) -> Result<T::Copied, ZoneError> {
        let mut copy = MaybeUninit::<T::Copied>::uninit();
        // SAFETY: (I42) there is room for the copy.
        Self::start(to, |run| unsafe { run.write(value, copy.as_mut_ptr()) })?;
        // SAFETY: (I42) the run has written it, with all that it leads to.
        Ok(unsafe { copy.assume_init() })
    }

    /// Copies what a reference leads to.
    #[inline]
    pub(super) fn reference<T: DeepCopy<'z>>(
        target: &T,
        to: &'z Zone,
    ) -> Result<&'z T::Copied, ZoneError> {
        let mut place = core::ptr::null_mut();
        // SAFETY: (I42) there is room for an address.
        Self::start(to, |run| unsafe { run.follow_value(target, &mut place, true) })?;
        // SAFETY: (I42) the run has written the copy, with all that it leads to. It lies in the zone.
        Ok(unsafe { &*place })
    }

    /// The same for what nothing else refers to.
    #[inline]
    pub(super) fn reference_alone<T: DeepCopy<'z>>(
        target: &T,
        to: &'z Zone,
    ) -> Result<&'z mut T::Copied, ZoneError> {
        let mut place = core::ptr::null_mut();
        // SAFETY: (I42) there is room for an address.
        Self::start(to, |run| unsafe { run.follow_value(target, &mut place, false) })?;
        // SAFETY: (I42) the run has written the copy, as above. Nobody else has its address.
        Ok(unsafe { &mut *place })
    }

    /// Copies what a reference to a slice leads to.
    #[inline]
    pub(super) fn slice<T: DeepCopy<'z>>(
        items: &[T],
        to: &'z Zone,
    ) -> Result<&'z [T::Copied], ZoneError> {
        let mut copies = core::ptr::slice_from_raw_parts_mut(core::ptr::null_mut(), 0);
        // SAFETY: (I42) there is room for an address.
        Self::start(to, |run| unsafe { Run::follow_slice(items, &mut copies, run) })?;
        // SAFETY: (I42) the run has written the copies, with all that they lead to. They lie in the zone.
        Ok(unsafe { &*copies })
    }

    /// The same for what nothing else refers to.
    #[inline]
    pub(super) fn slice_alone<T: DeepCopy<'z>>(
        items: &[T],
        to: &'z Zone,
    ) -> Result<&'z mut [T::Copied], ZoneError> {
        if const { T::IN_PLACE.bits() } && alike::<T, T::Copied>() {
            return copy_bits(items, to);
        }
        let mut copies = core::ptr::slice_from_raw_parts_mut(core::ptr::null_mut(), 0);
        // SAFETY: (I42) there is room for an address.
        Self::start(to, |run| unsafe { Run::follow_slice_alone(items, &mut copies, run) })?;
        // SAFETY: (I42) the run has written the copies, as above. Nobody else has their address.
        Ok(unsafe { &mut *copies })
    }

    /// Runs to the end.
    #[inline(always)]
    pub(super) fn start(
        to: &'z Zone,
        write: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), ZoneError> {
        /// Apart, so that a run without a mark has nothing to do with it.
        #[cold]
        #[inline(never)]
        fn marked<'z>(
            to: &'z Zone,
            stack_floor: usize,
            mark: NonNull<()>,
            mut write: impl FnMut(&mut Run<'z>) -> bool,
        ) -> Result<(), ZoneError> {
            Run::run_marked(to, stack_floor, mark, &mut write)
        }
        let (stack_floor, mark) = floor_and_table();
        match NonNull::new(mark) {
            None => Self::run(to, stack_floor, Watch::new(), None, write),
            Some(mark) => marked(to, stack_floor, mark, write),
        }
    }

    /// Of no type, as it would be compiled for each of the user's.
    fn run_marked(
        to: &'z Zone,
        stack_floor: usize,
        mark: NonNull<()>,
        write: &mut dyn FnMut(&mut Self) -> bool,
    ) -> Result<(), ZoneError> {
        if mark.as_ptr() == WATCHED {
            return Self::run(to, stack_floor, Watch::always(), None, write);
        }
        let table = mark.cast::<Table<'z>>();
        // SAFETY: (I42) the copy's own table, which no run uses just now, as code that runs within one does not find it.
        if !unsafe { table.as_ref() }.is_of(to) {
            return Self::run(to, stack_floor, Watch::new(), None, write);
        }
        // Between two runs code that is written by hand may have run, and put another value where one was that is noted:
        // its copy may keep another lifetime. A run that has failed has left copies unfinished, and its zone may have gone
        // back. In a run all is borrowed that it notes.
        Self::forget_noted();
        Self::run(to, stack_floor, Watch::never(), Some(table), write)
    }

    /// Forgets what was noted by the copy that this thread is in: where that lies may be handed out again.
    #[cold]
    #[inline(never)]
    pub(super) fn forget_noted() {
        let (_, table) = floor_and_table();
        if let (Some(mut table), false) =
            (NonNull::new(table.cast::<Table<'z>>()), table == WATCHED)
        {
            // SAFETY: (I42) the copy's own table. Code that runs within a run does not find it, so no run uses it.
            unsafe { table.as_mut() }.forget();
        }
    }

    /// Makes a copy whose runs copy each value once. `scratch` is for their table only, and `to` was used before.
    pub(crate) fn sharing<R>(
        scratch: &Zone,
        to: &Zone,
        copy: impl FnOnce() -> Result<R, ZoneError>,
    ) -> Result<R, ZoneError> {
        let mut table = Table::new(scratch, to)?;
        sharing((&raw mut table).cast(), copy)
    }

    #[inline(always)]
    fn run(
        to: &'z Zone,
        stack_floor: usize,
        watch: Watch,
        table: Option<NonNull<Table<'z>>>,
        write: impl FnOnce(&mut Self) -> bool,
    ) -> Result<(), ZoneError> {
        let header = to.header();
        let cursor = header.cursor.get();
        let base = cursor.addr().get();
        let mut run = Run {
            cursor,
            end: header.end.get().addr().get().min(base.saturating_add(watch.next)),
            watched_end: 0,
            remembered: 0,
            floor: if table.is_some() || watch.state == State::Waiting {
                usize::MAX
            } else {
                stack_floor
            },
            to,
            newest: None,
            error: None,
            stack_floor,
            base,
            taken: 0,
            notes: 0,
            watch,
            table,
        };
        // SAFETY: (I42) the notes are of this run.
        let is_done = write(&mut run) && (run.newest.is_none() || unsafe { run.finish() });
        run.give_cursor();
        match is_done {
            true => Ok(()),
            false => Err(run.error.unwrap_or(ZoneError::TooDeep)),
        }
    }

    /// Takes up the newest note until there is none.
    ///
    /// # Safety
    ///
    /// I42: the notes are of this run, and what they lead to is there.
    #[cold]
    #[inline(never)]
    unsafe fn finish(&mut self) -> bool {
        while let Some(place) = self.newest {
            // SAFETY: (I42) a note of this run, in a place that nothing else was written to.
            let Note { source, len, write, next } = unsafe { place.read() };
            self.newest = next;
            self.notes -= 1;
            if self.watch.state != State::Idle {
                self.watch.taken_up(self.notes);
                self.set_floor();
            }
            // SAFETY: (I42) the note is of such a value, and lies in the place for its copy.
            if !unsafe { write(source, len, place.as_ptr().cast(), self) } {
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
        let may_recurse = T::FLAT || stack_top() >= self.stack_floor;
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
        let floor = During::new(&FLOOR, self.stack_floor);
        let result = code(self.to);
        drop(floor);
        self.take_cursor();
        result
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail(&mut self, error: ZoneError) -> bool {
        self.error = Some(error);
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
            // SAFETY: (I42) the caller's promise.
            let place = unsafe { start.add(index) };
            // SAFETY: (I42) as above.
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
            // SAFETY: (I6) as above.
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
        let fits = place.addr().get() + bytes <= self.watched_end;
        if Zone::has_fast_place::<C>() && fits && address != self.remembered {
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
    pub(super) fn reserve_slowly(&mut self, seen: Seen, layout: Layout) -> Option<NonNull<u8>> {
        self.give_cursor();
        if self.look(&seen) { self.take(layout) } else { None }
    }

    /// Takes a place from the zone itself.
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let place = self.to.try_alloc_layout(layout);
        self.take_cursor();
        match place {
            Ok(place) => {
                self.taken += round_up_step(layout.size());
                self.set_end();
                Some(place)
            }
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// Puts a value off: its place gets a note. Where its copy is noted in the table, that is its place.
    pub(super) fn put_off(
        &mut self,
        seen: Seen,
        len: usize,
        copies: Layout,
        write: Write<'z>,
        is_looked_up: bool,
    ) -> Option<NonNull<u8>> {
        self.give_cursor();
        self.watch.has_put_off = true;
        if let (Some(table), true) = (&self.table, is_looked_up) {
            // SAFETY: (I42) the run's own table, which nobody else uses just now.
            let table = unsafe { table.as_ref() };
            if let Some(copy) = table.copy_of(&seen) {
                return Some(copy);
            }
        } else if !self.look(&seen) {
            return None;
        }
        let note = Layout::new::<Note<'z>>();
        let is_small = copies.size() < note.size();
        if let (Some(table), true) = (self.table, is_small) {
            return self.put_off_apart(table, seen, len, copies, write, is_looked_up);
        }
        let size = copies.size().max(note.size());
        let layout = Layout::from_size_align(size, copies.align().max(note.align())).ok()?;
        let place = self.take(layout)?;
        if let (Some(table), true) = (&mut self.table, is_looked_up) {
            // SAFETY: (I42) as above.
            let table = unsafe { table.as_mut() };
            if let Err(error) = table.note(&seen, place) {
                self.fail(error);
                return None;
            }
        }
        let note = place.cast::<Note<'z>>();
        let next = self.newest.replace(note);
        // SAFETY: (I42) the place was just taken, and has room for a note.
        unsafe { note.write(Note { source: seen.address, len, write, next }) };
        self.notes += 1;
        Some(place)
    }

    /// The same for a place that is too small for a note.
    fn put_off_apart(
        &mut self,
        mut table: NonNull<Table<'z>>,
        seen: Seen,
        len: usize,
        copies: Layout,
        write: Write<'z>,
        is_looked_up: bool,
    ) -> Option<NonNull<u8>> {
        let place = self.take(copies)?;
        // SAFETY: (I42) the run's own table, which nobody else uses just now.
        let table = unsafe { table.as_mut() };
        let noted = if is_looked_up { table.note(&seen, place) } else { Ok(()) };
        let apart = match noted.and_then(|()| table.place(Layout::new::<Apart<'z>>())) {
            Ok(apart) => apart.cast::<Apart<'z>>(),
            Err(error) => {
                self.fail(error);
                return None;
            }
        };
        let next = self.newest.replace(apart.cast());
        let note = Note { source: seen.address, len, write: write_apart, next };
        // SAFETY: (I42) the place was just taken for this.
        unsafe { apart.write(Apart { note, write, place: place.as_ptr().cast() }) };
        self.notes += 1;
        Some(place)
    }

    /// Looks whether the copy goes round in a circle, or takes too much. The zone has its cursor.
    fn look(&mut self, seen: &Seen) -> bool {
        if self.watch.has_returned(seen) {
            return self.fail(ZoneError::Cycle);
        }
        if self.taken >= self.watch.next {
            let budget = BUDGET.get();
            if self.taken >= budget {
                return self.fail(ZoneError::OverBudget { budget });
            }
            self.watch.go_on(self.taken);
            self.watch.next = self.watch.next.min(budget);
            self.set_floor();
        }
        true
    }

    /// A note was taken up, and its value is copied now.
    #[inline(always)]
    pub(super) fn begin<T: ?Sized>(&mut self, value: &T) {
        if self.watch.state == State::Waiting {
            self.remember(Seen::new(value));
        }
    }

    #[cold]
    #[inline(never)]
    fn remember(&mut self, seen: Seen) {
        self.watch.remember(seen, self.notes);
        self.set_floor();
    }

    /// How far down the stack the run goes, and where it looks up next.
    fn set_floor(&mut self) {
        let all = self.table.is_some() || self.watch.puts_off();
        self.floor = if all { usize::MAX } else { self.stack_floor };
        self.set_end();
    }

    fn set_end(&mut self) {
        let cursor = self.cursor.addr().get();
        let taken = self.taken + (cursor - self.base);
        let left = self.watch.next.saturating_sub(taken);
        let end = self.to.header().end.get().addr().get().min(cursor.saturating_add(left));
        (self.end, self.watched_end) = match self.watch.state {
            State::Watching => (0, end),
            _ => (end, 0),
        };
        self.remembered = self.watch.address();
    }

    /// Gives the zone its cursor.
    #[inline(always)]
    fn give_cursor(&mut self) {
        let cursor = self.cursor.addr().get();
        // The zone without memory is not written to (I3).
        if cursor != self.base {
            self.to.header().cursor.set(self.cursor);
            self.taken += cursor - self.base;
            self.base = cursor;
        }
    }

    /// Takes the zone's cursor.
    fn take_cursor(&mut self) {
        self.cursor = self.to.header().cursor.get();
        self.base = self.cursor.addr().get();
        self.set_end();
    }
}

/// Plain data, in one go.
#[inline(always)]
fn copy_bits<'z, T, U>(items: &[T], to: &'z Zone) -> Result<&'z mut [U], ZoneError> {
    // SAFETY: (I7) as what they are of no type, bytes need no meaning.
    let bytes =
        unsafe { slice::from_raw_parts(items.as_ptr().cast::<MaybeUninit<T>>(), items.len()) };
    let places = to.try_alloc_uninit::<U>(items.len())?;
    let start = places.as_mut_ptr().cast::<MaybeUninit<T>>();
    // SAFETY: (I42) the places were just taken, for values that lie in memory alike.
    unsafe { start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    // SAFETY: (I42) the bytes are copies of the values, which the type has promised.
    Ok(unsafe { slice::from_raw_parts_mut(start.cast::<U>(), items.len()) })
}
