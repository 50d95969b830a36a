//! What a run does where it meets a reference: it takes a place for what is there, writes that place's address, and goes
//! on with the value, at once or later.

use super::DeepCopy;
use super::depth::stack_top;
use super::run::Run;
use super::seen::Seen;
use crate::error::ZoneError;
use crate::region::bump::MAX_REQUEST;
use crate::zone::places::{bytes_of, refuse_drop};
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
        const { refuse_drop::<T::Copied>() };
        #[cfg(miri)]
        let _followed = super::depth::following();
        if stack_top() < self.floor {
            // SAFETY: (I42) the caller's promise.
            return unsafe { self.follow_later(target, slot, may_be_shared) };
        }
        let Some(place) = self.reserve::<T::Copied>() else {
            // SAFETY: (I42) the caller's promise.
            return unsafe { self.follow_slowly(target, slot) };
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
        &mut self,
        target: &T,
        slot: *mut *mut T::Copied,
    ) -> bool {
        let address = (&raw const *target).addr();
        let Some(place) = self.reserve_watched::<T::Copied>(address) else {
            // SAFETY: (I42) the caller's promise.
            return unsafe { self.follow_new_block(target, slot) };
        };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place.as_ptr()) };
        // SAFETY: (I42) the place was just taken for it.
        unsafe { self.write(target, place.as_ptr()) }
    }

    /// Goes on with it where the zone itself is to give the place.
    ///
    /// # Safety
    ///
    /// That of `follow`.
    #[cold]
    #[inline(never)]
    unsafe fn follow_new_block<T: DeepCopy<'z>>(
        &mut self,
        target: &T,
        slot: *mut *mut T::Copied,
    ) -> bool {
        const { refuse_drop::<T::Copied>() };
        let Some(place) = self.reserve_slowly(Seen::new(target), Layout::new::<T::Copied>()) else {
            return false;
        };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place.as_ptr().cast()) };
        // SAFETY: (I42) the place was just taken for it.
        unsafe { self.write(target, place.as_ptr().cast()) }
    }

    /// # Safety
    ///
    /// That of `follow`.
    #[cold]
    #[inline(never)]
    unsafe fn follow_later<T: DeepCopy<'z>>(
        &mut self,
        target: &T,
        slot: *mut *mut T::Copied,
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
        let is_looked_up = may_be_shared && self.table.is_some();
        let leads_nowhere = T::FLAT && !is_looked_up;
        if leads_nowhere || size_of::<T::Copied>() == 0 {
            // SAFETY: (I42) the caller's promise.
            return unsafe { self.follow_slowly(target, slot) };
        }
        let layout = Layout::new::<T::Copied>();
        let put_off = self.put_off(Seen::new(target), 1, layout, write::<T>, is_looked_up);
        let Some(place) = put_off else { return false };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place.cast().as_ptr()) };
        true
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
    unsafe fn follow_items<T: DeepCopy<'z>>(
        &mut self,
        items: &[T],
        slot: *mut *mut [T::Copied],
        may_be_shared: bool,
    ) -> bool {
        #[cfg(miri)]
        let _followed = super::depth::following();
        if stack_top() < self.floor {
            // SAFETY: (I42) the caller's promise.
            return unsafe { self.follow_slice_later(items, slot, may_be_shared) };
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
        const { refuse_drop::<T::Copied>() };
        let is_plain = T::IN_PLACE.plain();
        let Some(place) = self.reserve_slice::<T::Copied>(items.len(), is_plain) else {
            // SAFETY: (I42) the caller's promise.
            return unsafe { self.follow_slice_slowly(items, slot) };
        };
        let copies = core::ptr::slice_from_raw_parts_mut(place.as_ptr(), items.len());
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(copies) };
        // SAFETY: (I42) the places were just taken for them.
        unsafe { self.write_slice(items, place.as_ptr()) }
    }

    /// # Safety
    ///
    /// That of `follow_slice`.
    #[cold]
    #[inline(never)]
    unsafe fn follow_slice_slowly<T: DeepCopy<'z>>(
        &mut self,
        items: &[T],
        slot: *mut *mut [T::Copied],
    ) -> bool {
        let (requested, available) = (bytes_of::<T::Copied>(items.len()), MAX_REQUEST);
        let Ok(layout) = Layout::array::<T::Copied>(items.len()) else {
            return self.fail(ZoneError::TooLarge { requested, available });
        };
        let Some(place) = self.reserve_slowly(Seen::new(items), layout) else { return false };
        let copies = core::ptr::slice_from_raw_parts_mut(place.as_ptr().cast(), items.len());
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(copies) };
        // SAFETY: (I42) the places were just taken for them.
        unsafe { self.write_slice(items, place.as_ptr().cast()) }
    }

    /// # Safety
    ///
    /// That of `follow_slice`.
    #[cold]
    #[inline(never)]
    unsafe fn follow_slice_later<T: DeepCopy<'z>>(
        &mut self,
        items: &[T],
        slot: *mut *mut [T::Copied],
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
        let is_looked_up = may_be_shared && self.table.is_some();
        let leads_nowhere = T::FLAT && !is_looked_up;
        let layout = match Layout::array::<T::Copied>(items.len()) {
            Ok(layout) if !leads_nowhere && layout.size() != 0 => layout,
            // SAFETY: (I42) the caller's promise.
            _ => return unsafe { self.follow_slice_now(items, slot) },
        };
        let notes = self.notes;
        let put_off = self.put_off(Seen::new(items), items.len(), layout, write::<T>, is_looked_up);
        let Some(place) = put_off.map(NonNull::cast::<T::Copied>) else { return false };
        let copies = core::ptr::slice_from_raw_parts_mut(place.as_ptr(), items.len());
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(copies) };
        if is_looked_up && self.notes != notes && !T::IN_PLACE.plain() {
            return self.note_items(items, place);
        }
        true
    }

    /// Notes where the copies of a slice's items will be, so that references to single items lead there.
    fn note_items<T: DeepCopy<'z>>(&mut self, items: &[T], start: NonNull<T::Copied>) -> bool {
        let Some(mut table) = self.table else { return true };
        for (index, item) in items.iter().enumerate() {
            let place = start.as_ptr().wrapping_add(index);
            let Some(place) = NonNull::new(place) else { continue };
            // SAFETY: (I42) the run's own table, which nobody else uses just now.
            let table = unsafe { table.as_mut() };
            if let Err(error) = table.note(&Seen::new(item), place.cast()) {
                return self.fail(error);
            }
        }
        true
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
}
