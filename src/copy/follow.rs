//! What a run does where it meets a reference: it takes a place for what is there, writes that place's address, and goes
//! on with the value, at once or later.

use super::DeepCopy;
use super::depth::stack_top;
use super::in_place::alike;
use super::run::{Run, Write};
use super::seen::Seen;
use super::table::Table;
use crate::error::{MAX_ALIGN, ZoneError};
use crate::region::bump::MAX_REQUEST;
use crate::zone::places::{Undropped, bytes_of};
use core::alloc::Layout;
use core::ptr::NonNull;
use core::slice;

impl<'z> Run<'z> {
    /// Takes a place for what a reference leads to, and goes on with that, or puts it off.
    ///
    /// What is seldom needed is a function that is called last, so that nothing is saved for it. What comes last in a
    /// type is a loop then.
    ///
    /// # Safety
    ///
    /// I42: `slot` has room for an address, and `target` lives as long as the run.
    #[inline(always)]
    pub(super) unsafe fn follow<T: DeepCopy<'z>>(
        target: &T,
        slot: *mut *mut T::Copied,
        run: &mut Self,
    ) -> bool {
        // SAFETY: (I42) the caller's promise.
        unsafe { run.follow_value(target, slot, true) }
    }

    /// `follow` for what nothing else refers to, which need not be looked up.
    ///
    /// # Safety
    ///
    /// That of `follow`.
    #[inline(always)]
    pub(super) unsafe fn follow_alone<T: DeepCopy<'z>>(
        target: &T,
        slot: *mut *mut T::Copied,
        run: &mut Self,
    ) -> bool {
        // SAFETY: (I42) the caller's promise.
        unsafe { run.follow_value(target, slot, false) }
    }

    /// # Safety
    ///
    /// That of `follow`.
    #[inline(always)]
    pub(super) unsafe fn follow_value<T: DeepCopy<'z>>(
        &mut self,
        target: &T,
        slot: *mut *mut T::Copied,
        may_be_shared: bool,
    ) -> bool {
        let () = Undropped::<T::Copied>::ONLY;
        #[cfg(miri)]
        let _followed = super::depth::following();
        if stack_top() < self.floor {
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_later(target, slot, self, may_be_shared) };
        }
        // SAFETY: (I42) the caller's promise.
        unsafe { self.follow_now(target, slot) }
    }

    /// Takes a place for it, and goes on with it at once.
    ///
    /// # Safety
    ///
    /// That of `follow`.
    #[inline(always)]
    pub(super) unsafe fn follow_now<T: DeepCopy<'z>>(
        &mut self,
        target: &T,
        slot: *mut *mut T::Copied,
    ) -> bool {
        let () = Undropped::<T::Copied>::ONLY;
        let Some(place) = self.reserve::<T::Copied>() else {
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_slowly(target, slot, self) };
        };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place.as_ptr()) };
        // SAFETY: (I42) the place was just taken for it.
        unsafe { self.write(target, place.as_ptr()) }
    }

    /// Goes on with it where there is no place before `end`. While the run is watched, that is so for all values.
    ///
    /// # Safety
    ///
    /// That of `follow`.
    #[inline(never)]
    unsafe fn follow_slowly<T: DeepCopy<'z>>(
        target: &T,
        slot: *mut *mut T::Copied,
        run: &mut Self,
    ) -> bool {
        let address = (&raw const *target).addr();
        let Some(place) = run.reserve_watched::<T::Copied>(address) else {
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_new_block(target, slot, run) };
        };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place.as_ptr()) };
        // SAFETY: (I42) the place was just taken for it.
        unsafe { run.write(target, place.as_ptr()) }
    }

    /// Goes on with it where the zone itself is to give the place.
    ///
    /// # Safety
    ///
    /// That of `follow`.
    #[cold]
    #[inline(never)]
    unsafe fn follow_new_block<T: DeepCopy<'z>>(
        target: &T,
        slot: *mut *mut T::Copied,
        run: &mut Self,
    ) -> bool {
        let () = Undropped::<T::Copied>::ONLY;
        let Some(place) = run.reserve_slowly(Seen::new(target), Layout::new::<T::Copied>()) else {
            return false;
        };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place.as_ptr().cast()) };
        // SAFETY: (I42) the place was just taken for it.
        unsafe { run.write(target, place.as_ptr().cast()) }
    }

    /// # Safety
    ///
    /// That of `follow`.
    #[cold]
    #[inline(never)]
    unsafe fn follow_later<T: DeepCopy<'z>>(
        target: &T,
        slot: *mut *mut T::Copied,
        run: &mut Self,
        may_be_shared: bool,
    ) -> bool {
        /// # Safety
        ///
        /// That of `Write`.
        unsafe fn write<'z, T: DeepCopy<'z>>(
            source: *const (),
            _len: usize,
            place: *mut (),
            run: &mut Run<'z>,
        ) -> bool {
            // SAFETY: (I42) the note is of a `T`, which lives as long as the run.
            let target = unsafe { &*source.cast::<T>() };
            run.begin(target);
            // SAFETY: (I42) the note lies in the place for its copy.
            unsafe { run.write(target, place.cast()) }
        }
        if size_of::<T::Copied>() == 0 {
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_slowly(target, slot, run) };
        }
        if let (Some(mut table), true) = (run.table(), may_be_shared && T::KEEPS_LIFETIMES.get()) {
            // SAFETY: (I42) the run's own table, which nobody else uses just now.
            let table = unsafe { table.as_mut() };
            // SAFETY: (I43) the caller's promise. The copy's lifetimes are the value's.
            return unsafe { run.follow_once(target, slot, table, write::<T>) };
        }
        if T::FLAT {
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_slowly(target, slot, run) };
        }
        let layout = Layout::new::<T::Copied>();
        let put_off = run.put_off(Seen::new(target), 1, layout, write::<T>);
        let Some(place) = put_off else { return false };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place.cast().as_ptr()) };
        true
    }

    /// Goes on with it if it has no copy yet.
    ///
    /// # Safety
    ///
    /// That of `follow`.
    #[inline(always)]
    unsafe fn follow_once<T: DeepCopy<'z>>(
        &mut self,
        target: &T,
        slot: *mut *mut T::Copied,
        table: &mut Table<'z>,
        write: Write<'z>,
    ) -> bool {
        let seen = Seen::new(target);
        let free = match table.find(&seen) {
            Ok(copy) => {
                // SAFETY: (I42) the caller's promise.
                unsafe { slot.write(copy.as_ptr().cast()) };
                return true;
            }
            Err(free) => free,
        };
        let reserved = self.reserve::<T::Copied>();
        let slowly = || self.reserve_slowly(seen, Layout::new::<T::Copied>()).map(NonNull::cast);
        let Some(place) = reserved.or_else(slowly) else { return false };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place.as_ptr()) };
        if table.note_at(free, &seen, place.cast()) && !self.with_memory(|| table.grow()) {
            return false;
        }
        if const { T::IN_PLACE.bits() } && alike::<T, T::Copied>() {
            // SAFETY: (I42) the place was just taken for it.
            return unsafe { self.write(target, place.as_ptr()) };
        }
        let root = ((&raw const *target).cast(), 1);
        self.note_with(table, root, write, place.cast(), size_of::<T::Copied>())
    }

    /// `follow` for a slice.
    ///
    /// # Safety
    ///
    /// I42: `slot` has room for the address of a slice, and `items` live as long as the run.
    #[inline(always)]
    pub(super) unsafe fn follow_slice<T: DeepCopy<'z>>(
        items: &[T],
        slot: *mut *mut [T::Copied],
        run: &mut Self,
    ) -> bool {
        // SAFETY: (I42) the caller's promise.
        unsafe { run.follow_items(items, slot, true) }
    }

    /// `follow_slice` for what nothing else refers to.
    ///
    /// # Safety
    ///
    /// That of `follow_slice`.
    #[inline(always)]
    pub(super) unsafe fn follow_slice_alone<T: DeepCopy<'z>>(
        items: &[T],
        slot: *mut *mut [T::Copied],
        run: &mut Self,
    ) -> bool {
        // SAFETY: (I42) the caller's promise.
        unsafe { run.follow_items(items, slot, false) }
    }

    /// # Safety
    ///
    /// That of `follow_slice`.
    #[inline(always)]
    pub(super) unsafe fn follow_items<T: DeepCopy<'z>>(
        &mut self,
        items: &[T],
        slot: *mut *mut [T::Copied],
        may_be_shared: bool,
    ) -> bool {
        let () = Undropped::<T::Copied>::ONLY;
        // Where there is nothing there is nothing to be found again. Many nodes of a tree have no children.
        if items.is_empty() && align_of::<T::Copied>() <= MAX_ALIGN {
            let none = NonNull::<T::Copied>::dangling();
            // SAFETY: (I42) the caller's promise.
            unsafe { slot.write(core::ptr::slice_from_raw_parts_mut(none.as_ptr(), 0)) };
            return true;
        }
        #[cfg(miri)]
        let _followed = super::depth::following();
        if stack_top() < self.floor {
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_slice_later(items, slot, self, may_be_shared) };
        }
        // SAFETY: (I42) the caller's promise.
        unsafe { self.follow_slice_now(items, slot) }
    }

    /// # Safety
    ///
    /// That of `follow_slice`.
    #[inline(always)]
    pub(super) unsafe fn follow_slice_now<T: DeepCopy<'z>>(
        &mut self,
        items: &[T],
        slot: *mut *mut [T::Copied],
    ) -> bool {
        let is_plain = T::IN_PLACE.plain();
        let Some(place) = self.reserve_slice::<T::Copied>(items.len(), is_plain) else {
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_slice_slowly(items, slot, self) };
        };
        let copies = core::ptr::slice_from_raw_parts_mut(place.as_ptr(), items.len());
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(copies) };
        if const { T::IN_PLACE.bits() } && alike::<T, T::Copied>() {
            // SAFETY: (I42) the places were just taken for them.
            return unsafe { self.write_slice(items, place.as_ptr()) };
        }
        // SAFETY: (I42) as above.
        unsafe { Run::write_items(items, place.as_ptr(), self) }
    }

    /// `write_slice`, called: where items lead to items, each slice is a call, and none of its items is.
    ///
    /// # Safety
    ///
    /// I42: there is room for so many.
    #[inline(never)]
    unsafe fn write_items<T: DeepCopy<'z>>(
        items: &[T],
        start: *mut T::Copied,
        run: &mut Self,
    ) -> bool {
        // SAFETY: (I42) the caller's promise.
        unsafe { run.write_slice(items, start) }
    }

    /// # Safety
    ///
    /// That of `follow_slice`.
    #[cold]
    #[inline(never)]
    unsafe fn follow_slice_slowly<T: DeepCopy<'z>>(
        items: &[T],
        slot: *mut *mut [T::Copied],
        run: &mut Self,
    ) -> bool {
        let address = items.as_ptr().addr();
        let watched = run.reserve_slice_watched::<T::Copied>(address, items.len());
        let Some(place) = watched.or_else(|| run.places_from_zone(items)) else { return false };
        let copies = core::ptr::slice_from_raw_parts_mut(place.as_ptr(), items.len());
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(copies) };
        // SAFETY: (I42) the places were just taken for them.
        unsafe { Run::write_items(items, place.as_ptr(), run) }
    }

    /// Places for the copies of items.
    fn places_for<T: DeepCopy<'z>>(&mut self, items: &[T]) -> Option<NonNull<T::Copied>> {
        let reserved = self.reserve_slice::<T::Copied>(items.len(), T::IN_PLACE.plain());
        reserved.or_else(|| self.places_from_zone(items))
    }

    /// The same where the zone itself is to give them.
    #[cold]
    #[inline(never)]
    fn places_from_zone<T: DeepCopy<'z>>(&mut self, items: &[T]) -> Option<NonNull<T::Copied>> {
        let (requested, available) = (bytes_of::<T::Copied>(items.len()), MAX_REQUEST);
        let Ok(layout) = Layout::array::<T::Copied>(items.len()) else {
            self.fail(ZoneError::TooLarge { requested, available });
            return None;
        };
        self.reserve_slowly(Seen::new(items), layout).map(NonNull::cast)
    }

    /// # Safety
    ///
    /// That of `follow_slice`.
    #[cold]
    #[inline(never)]
    unsafe fn follow_slice_later<T: DeepCopy<'z>>(
        items: &[T],
        slot: *mut *mut [T::Copied],
        run: &mut Self,
        may_be_shared: bool,
    ) -> bool {
        /// # Safety
        ///
        /// That of `Write`.
        unsafe fn write<'z, T: DeepCopy<'z>>(
            source: *const (),
            len: usize,
            place: *mut (),
            run: &mut Run<'z>,
        ) -> bool {
            // SAFETY: (I42) the note is of so many items, which live as long as the run.
            let items = unsafe { slice::from_raw_parts(source.cast::<T>(), len) };
            run.begin(items);
            // SAFETY: (I42) the note lies in the place for their copies.
            unsafe { run.write_slice(items, place.cast()) }
        }
        let layout = match Layout::array::<T::Copied>(items.len()) {
            Ok(layout) if layout.size() != 0 => layout,
            // SAFETY: (I42) the caller's promise.
            _ => return unsafe { run.follow_slice_now(items, slot) },
        };
        if let (Some(mut table), true) = (run.table(), may_be_shared && T::KEEPS_LIFETIMES.get()) {
            // SAFETY: (I42) the run's own table, which nobody else uses just now.
            let table = unsafe { table.as_mut() };
            // SAFETY: (I43) the caller's promise. The copies' lifetimes are the values'.
            return unsafe { run.follow_slice_once(items, slot, table, write::<T>) };
        }
        if T::FLAT {
            // SAFETY: (I42) the caller's promise.
            return unsafe { run.follow_slice_now(items, slot) };
        }
        let put_off = run.put_off(Seen::new(items), items.len(), layout, write::<T>);
        let Some(place) = put_off.map(NonNull::cast::<T::Copied>) else { return false };
        let copies = core::ptr::slice_from_raw_parts_mut(place.as_ptr(), items.len());
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(copies) };
        true
    }

    /// Goes on with it if it has no copy yet.
    ///
    /// # Safety
    ///
    /// That of `follow_slice`.
    unsafe fn follow_slice_once<T: DeepCopy<'z>>(
        &mut self,
        items: &[T],
        slot: *mut *mut [T::Copied],
        table: &mut Table<'z>,
        write: Write<'z>,
    ) -> bool {
        let seen = Seen::new(items);
        let (place, free) = match table.find(&seen) {
            Ok(copy) => (copy.cast::<T::Copied>(), None),
            Err(free) => {
                let Some(place) = self.places_for(items) else { return false };
                (place, Some(free))
            }
        };
        let copies = core::ptr::slice_from_raw_parts_mut(place.as_ptr(), items.len());
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(copies) };
        let Some(free) = free else { return true };
        if table.note_at(free, &seen, place.cast()) && !self.with_memory(|| table.grow())
            || !self.note_items(table, items, place)
        {
            return false;
        }
        if const { T::IN_PLACE.bits() } && alike::<T, T::Copied>() {
            // SAFETY: (I42) the places were just taken for them.
            return unsafe { self.write_slice(items, place.as_ptr()) };
        }
        let root = (items.as_ptr().cast(), items.len());
        self.note_with(table, root, write, place.cast(), bytes_of::<T::Copied>(items.len()))
    }

    /// `follow` for a text.
    ///
    /// # Safety
    ///
    /// I42: `slot` has room for the address of a text, and the text lives as long as the run.
    #[inline(always)]
    pub(super) unsafe fn follow_text(text: &str, slot: *mut *mut str, run: &mut Self) -> bool {
        // A text's address is written like that of its bytes.
        // SAFETY: (I42) the caller's promise.
        unsafe { run.follow_items(text.as_bytes(), slot as *mut *mut [u8], true) }
    }

    /// `follow_text` for what nothing else refers to.
    ///
    /// # Safety
    ///
    /// That of `follow_text`.
    #[inline(always)]
    pub(super) unsafe fn follow_text_alone(
        text: &str,
        slot: *mut *mut str,
        run: &mut Self,
    ) -> bool {
        // SAFETY: (I42) the caller's promise.
        unsafe { run.follow_items(text.as_bytes(), slot as *mut *mut [u8], false) }
    }

    /// Notes where the copies of a slice's items will be, so that references to single items lead there.
    fn note_items<T: DeepCopy<'z>>(
        &mut self,
        table: &mut Table<'z>,
        items: &[T],
        start: NonNull<T::Copied>,
    ) -> bool {
        if T::IN_PLACE.plain() {
            return true;
        }
        for (index, item) in items.iter().enumerate() {
            let seen = Seen::new(item);
            // One that is noted already stays where it is.
            let Err(free) = table.find(&seen) else { continue };
            let Some(place) = NonNull::new(start.as_ptr().wrapping_add(index)) else { continue };
            if table.note_at(free, &seen, place.cast()) && !self.with_memory(|| table.grow()) {
                return false;
            }
        }
        true
    }
}
