//! How a run starts and ends: it takes the zone's cursor, and gives it back. One that fails gives back all that it has
//! taken, where no code but memzone's own has run in it (I41), and looks whether it has gone round in a circle.
//!
//! Small copies are made often, so a run starts with some stores and reads one thread-local. What it needs to know
//! beyond that is there once it is needed ([`Rest`](super::run::Rest)).

// The copies lie in the zone, which gives other memory each time (I2).
#![expect(clippy::mut_from_ref)]

use super::DeepCopy;
use super::depth::{During, FLOOR, MARKS, SHARING, TABLE, floor, has_table, probing, sharing};
use super::in_place::alike;
use super::run::{Root, Run};
use super::table::Table;
use super::undo::may_undo;
use super::watch::{FIRST, Watch};
use crate::error::{ZoneError, panic_with};
use crate::zone::Zone;
use crate::zone::places::{Return, Undropped};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::slice;

/// Makes the copy of a root once more, for its error only.
///
/// # Safety
///
/// I42: there are so many values at that address, of the type that the function was made for.
type Again<'z> = unsafe fn(Root, &'z Zone) -> Result<(), ZoneError>;

/// What a run that has failed does.
struct Failed<'z> {
    may_undo: fn() -> bool,
    again: Again<'z>,
}

impl<'z> Run<'z> {
    /// Copies a value.
    ///
    /// # Real-time
    ///
    /// As [`DeepCopy`].
    #[inline(always)]
    pub fn copy<T: DeepCopy<'z>>(value: &T, to: &'z Zone) -> Result<T::Copied, ZoneError> {
        let mut copy = MaybeUninit::<T::Copied>::uninit();
        // SAFETY: (I42) there is room for the copy.
        unsafe { Self::copy_to_place(value, to, copy.as_mut_ptr()) }?;
        // SAFETY: (I42) the run has written it, with all that it leads to.
        Ok(unsafe { copy.assume_init() })
    }

    /// The same, panicking. The copy is moved less often than in a `Result`.
    #[inline(always)]
    #[track_caller]
    pub(super) fn copy_or_panic<T: DeepCopy<'z>>(value: &T, to: &'z Zone) -> T::Copied {
        let mut copy = MaybeUninit::<T::Copied>::uninit();
        // SAFETY: (I42) there is room for the copy.
        match unsafe { Self::copy_to_place(value, to, copy.as_mut_ptr()) } {
            // SAFETY: (I42) the run has written it, with all that it leads to.
            Ok(()) => unsafe { copy.assume_init() },
            Err(error) => panic_with(error),
        }
    }

    /// # Safety
    ///
    /// I42: there is room for the copy.
    #[inline(always)]
    unsafe fn copy_to_place<T: DeepCopy<'z>>(
        value: &T,
        to: &'z Zone,
        place: *mut T::Copied,
    ) -> Result<(), ZoneError> {
        /// # Safety
        ///
        /// That of `Again`.
        unsafe fn again<'z, T: DeepCopy<'z>>(root: Root, to: &'z Zone) -> Result<(), ZoneError> {
            // SAFETY: (I42) the root is a `T`, which lives as long as the run.
            Run::copy::<T>(unsafe { &*root.0.cast() }, to).map(drop)
        }
        let root = ((&raw const *value).cast(), 1);
        let failed = Failed { may_undo: may_undo::<T>, again: again::<T> };
        // SAFETY: (I42) the caller's promise.
        Self::start(to, root, failed, |run, _| unsafe { run.write(value, place) })
    }

    /// Copies what a reference leads to.
    #[inline(always)]
    pub(super) fn reference<T: DeepCopy<'z>>(
        target: &T,
        to: &'z Zone,
    ) -> Result<&'z T::Copied, ZoneError> {
        let copy = Self::reference_to(target, to, true)?;
        // SAFETY: (I42) a run has written it, with all that it leads to. It lies in the zone, and others may read it.
        Ok(unsafe { &*copy })
    }

    /// The same for what nothing else refers to.
    #[inline(always)]
    pub(super) fn reference_alone<T: DeepCopy<'z>>(
        target: &T,
        to: &'z Zone,
    ) -> Result<&'z mut T::Copied, ZoneError> {
        let copy = Self::reference_to(target, to, false)?;
        // SAFETY: (I42) a run has written it, with all that it leads to. Nothing else refers to it, as it was not
        // looked up.
        Ok(unsafe { &mut *copy })
    }

    #[inline(always)]
    fn reference_to<T: DeepCopy<'z>>(
        target: &T,
        to: &'z Zone,
        may_be_shared: bool,
    ) -> Result<*mut T::Copied, ZoneError> {
        /// # Safety
        ///
        /// That of `Again`.
        unsafe fn again<'z, T: DeepCopy<'z>>(root: Root, to: &'z Zone) -> Result<(), ZoneError> {
            // SAFETY: (I42) the root is a `T`, which lives as long as the run.
            Run::reference_to::<T>(unsafe { &*root.0.cast() }, to, false).map(drop)
        }
        let is_looked_up = may_be_shared && has_table();
        if const { T::IN_PLACE.bits() } && alike::<T, T::Copied>() && !is_looked_up {
            return copy_bits(target, to).map(core::ptr::from_mut);
        }
        let mut place = core::ptr::null_mut();
        let root = ((&raw const *target).cast(), 1);
        let failed = Failed { may_undo: may_undo::<&T>, again: again::<T> };
        Self::start(to, root, failed, |run, is_marked| match is_marked {
            // SAFETY: (I42) there is room for an address.
            true => unsafe { run.follow_value(target, &mut place, may_be_shared) },
            false => {
                #[cfg(miri)]
                let _followed = super::depth::following();
                // SAFETY: (I42) there is room for an address, and `target` is borrowed for longer than this run.
                unsafe { run.follow_now(target, &mut place) }
            }
        })?;
        Ok(place)
    }

    /// Copies what a reference to a slice leads to.
    #[inline(always)]
    pub(super) fn slice<T: DeepCopy<'z>>(
        items: &[T],
        to: &'z Zone,
    ) -> Result<&'z [T::Copied], ZoneError> {
        let copies = Self::slice_of(items, to, true)?;
        // SAFETY: (I42) a run has written them, with all that they lead to. They lie in the zone, and others may read
        // them.
        Ok(unsafe { &*copies })
    }

    /// The same for what nothing else refers to.
    #[inline(always)]
    pub(super) fn slice_alone<T: DeepCopy<'z>>(
        items: &[T],
        to: &'z Zone,
    ) -> Result<&'z mut [T::Copied], ZoneError> {
        let copies = Self::slice_of(items, to, false)?;
        // SAFETY: (I42) a run has written them, with all that they lead to. Nothing else refers to them, as they were
        // not looked up.
        Ok(unsafe { &mut *copies })
    }

    #[inline(always)]
    fn slice_of<T: DeepCopy<'z>>(
        items: &[T],
        to: &'z Zone,
        may_be_shared: bool,
    ) -> Result<*mut [T::Copied], ZoneError> {
        /// # Safety
        ///
        /// That of `Again`.
        unsafe fn again<'z, T: DeepCopy<'z>>(root: Root, to: &'z Zone) -> Result<(), ZoneError> {
            // SAFETY: (I42) the root is so many items, which live as long as the run.
            let items = unsafe { slice::from_raw_parts(root.0.cast::<T>(), root.1) };
            Run::slice_of(items, to, false).map(drop)
        }
        let is_looked_up = may_be_shared && has_table();
        if const { T::IN_PLACE.bits() } && alike::<T, T::Copied>() && !is_looked_up {
            return copy_slice_bits(items, to).map(core::ptr::from_mut);
        }
        let mut copies = core::ptr::slice_from_raw_parts_mut(core::ptr::null_mut(), 0);
        let root = (items.as_ptr().cast(), items.len());
        let failed = Failed { may_undo: may_undo::<&[T]>, again: again::<T> };
        // SAFETY: (I42) there is room for an address.
        Self::start(to, root, failed, |run, _| unsafe {
            run.follow_items(items, &mut copies, may_be_shared)
        })?;
        Ok(copies)
    }

    /// Copies what a reference to a slice of plain data leads to, as a part of another copy.
    #[inline(always)]
    pub(super) fn plain_slice<T: DeepCopy<'z>>(
        items: &[T],
        to: &'z Zone,
    ) -> Result<&'z [T::Copied], ZoneError> {
        if has_table() {
            return Self::slice(items, to);
        }
        T::deep_copy_slice(items, to).map(|copied| &*copied)
    }

    /// Copies what a reference to a text leads to, as a part of another copy.
    #[inline(always)]
    pub(super) fn text(text: &str, to: &'z Zone) -> Result<&'z str, ZoneError> {
        if !has_table() {
            return to.try_alloc_str(text).map(|copied| &*copied);
        }
        let copied = Self::slice(text.as_bytes(), to)?;
        // SAFETY: (I7) a copy of a text's bytes.
        Ok(unsafe { core::str::from_utf8_unchecked(copied) })
    }

    /// Runs to the end. `write` is told whether the copy that this is in has marked its floor.
    #[inline(always)]
    fn start(
        to: &'z Zone,
        root: Root,
        failed: Failed<'z>,
        write: impl FnOnce(&mut Self, bool) -> bool,
    ) -> Result<(), ZoneError> {
        let floor = match FLOOR.get() {
            0 => floor(),
            mark if mark & MARKS != 0 => return Self::start_marked(to, root, failed, mark, write),
            floor => floor,
        };
        Run::new(to, root, floor).end(failed, |run| write(run, false))
    }

    #[cold]
    #[inline(never)]
    fn start_marked(
        to: &'z Zone,
        root: Root,
        failed: Failed<'z>,
        mark: usize,
        write: impl FnOnce(&mut Self, bool) -> bool,
    ) -> Result<(), ZoneError> {
        let mut run = Run::new(to, root, mark & !MARKS);
        run.set_mark(mark);
        // No code that runs within the run finds the table. Subscribers of `tracing` are told that a zone grows.
        let _floor = During::new(&FLOOR, mark & !MARKS);
        run.end(failed, |run| write(run, true))
    }

    #[inline(always)]
    fn new(to: &'z Zone, root: Root, floor: usize) -> Self {
        let cursor = to.header().cursor.get();
        let base = cursor.addr().get();
        // Where this wraps, the run looks up at once.
        let end = to.header().end.get().addr().get().min(base.wrapping_add(FIRST));
        Run { cursor, end, floor, to, base, newest: None, root, rest: None }
    }

    /// Runs to the end.
    #[inline(always)]
    fn end(
        mut self,
        failed: Failed<'z>,
        write: impl FnOnce(&mut Self) -> bool,
    ) -> Result<(), ZoneError> {
        // SAFETY: (I42) the notes are of this run.
        if write(&mut self) && (self.newest.is_none() || unsafe { self.finish() }) {
            // The zone without memory is not written to (I3).
            if self.cursor.addr().get() != self.base {
                self.to.header().cursor.set(self.cursor);
            }
            return Ok(());
        }
        Err(self.failed(failed))
    }

    /// Has a table, or is watched from the start on, as the copy wants that it is in.
    fn set_mark(&mut self, mark: usize) {
        let to = self.to;
        let rest = self.rest();
        if mark & SHARING == 0 {
            rest.watch = Watch::always();
        } else if let Some(mut table) = NonNull::new(TABLE.get().cast::<Table<'z>>()) {
            // SAFETY: (I42) the copy's own table, which no run uses just now, as code that runs within one does not
            // find it.
            let table_now = unsafe { table.as_mut() };
            if table_now.is_of(to) {
                // Between two runs code that is written by hand may run, and put another value where one was that is noted:
                // its copy may keep another lifetime. Where there is no such code, all is borrowed that is noted.
                if !table_now.is_kept {
                    table_now.forget();
                }
                rest.watch = Watch::never();
                rest.table = Some(table);
            }
        }
        self.set_floor();
    }

    /// Gives back what was taken if it may, and says why the run has failed. Where it found no room, it may have gone
    /// round in a circle: that is looked for in a second attempt, and is the error then.
    #[cold]
    #[inline(never)]
    fn failed(&mut self, failed: Failed<'z>) -> ZoneError {
        use ZoneError::{Denied, LimitReached, OutOfMemory, OverBudget};
        self.give_cursor();
        let (to, root) = (self.to, self.root);
        let rest = self.rest();
        let error = rest.error.take().unwrap_or(ZoneError::TooDeep);
        if let Some(mut table) = rest.table {
            // Copies are unfinished, and may be given back.
            // SAFETY: (I42) the run's own table, which it has used for the last time.
            unsafe { table.as_mut() }.forget();
        }
        if !(failed.may_undo)() {
            return error;
        }
        // SAFETY: (I41) nothing but memzone's own code has run since, and it keeps no reference to the copies.
        unsafe { to.header().go_back(rest.before) };
        let has_no_room = matches!(
            error,
            Denied { .. } | LimitReached { .. } | OutOfMemory { .. } | OverBudget { .. }
        );
        if !has_no_room || rest.watch.pauses_never() {
            return error;
        }
        // SAFETY: (I42) the root is of the type that these functions were made for.
        let again = probing(|| unsafe { (failed.again)(root, to) });
        // SAFETY: (I41) again nothing but memzone's own code has run, and a copy of this attempt is given to nobody.
        unsafe { to.header().go_back(rest.before) };
        match again {
            Some(Err(ZoneError::Cycle)) => ZoneError::Cycle,
            _ => error,
        }
    }

    /// Makes a copy whose runs copy each value once. `scratch` is for their table only, and `to` was used before.
    /// `is_quiet`: no code but memzone's own runs in it, so that the runs share their table.
    pub(crate) fn sharing<R>(
        scratch: &Zone,
        to: &Zone,
        is_quiet: bool,
        copy: impl FnOnce() -> Result<R, ZoneError>,
    ) -> Result<R, ZoneError> {
        let mut table = Table::new(scratch, to, is_quiet)?;
        sharing((&raw mut table).cast(), copy)
    }
}

/// Plain data, in one go.
#[inline(always)]
fn copy_bits<'z, T, U>(value: &T, to: &'z Zone) -> Result<&'z mut U, ZoneError> {
    let () = Undropped::<U>::ONLY;
    let mut place = to.place::<Return, U>()?;
    // SAFETY: (I42) the place was just taken, for a value that lies in memory alike.
    unsafe { place.cast::<T>().as_ptr().copy_from_nonoverlapping(value, 1) };
    // SAFETY: (I42) the bytes are a copy of the value, which the type has promised.
    Ok(unsafe { place.as_mut() })
}

/// The same of a slice.
#[inline(always)]
fn copy_slice_bits<'z, T, U>(items: &[T], to: &'z Zone) -> Result<&'z mut [U], ZoneError> {
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
