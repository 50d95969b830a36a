//! What a run does where it meets a reference: it takes a place for what is there, writes that place's address, and goes
//! on with the value, at once or later.

use super::DeepCopy;
use super::depth::stack_top;
use super::in_place::alike;
use super::run::Run;
use super::seen::{Kind, Seen};
use crate::error::{MAX_ALIGN, ZoneError};
use crate::region::bump::MAX_REQUEST;
use crate::zone::places::{Undropped, bytes_of};
use core::alloc::Layout;
use core::marker::PhantomData;
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
        if size_of::<T::Copied>() != 0 && stack_top() < self.floor {
            // What has no bytes may lie where something else does.
            return match may_be_shared && size_of::<T>() != 0 && T::KEEPS_LIFETIMES.get() {
                // SAFETY: (I42) the caller's promise.
                true => unsafe { Run::follow_value_later(target, slot, self) },
                // SAFETY: (I42) the caller's promise.
                false => unsafe { Run::follow_value_alone_later(target, slot, self) },
            };
        }
        // SAFETY: (I42) the caller's promise.
        unsafe { self.follow_now(target, slot) }
    }

    /// Goes on with it by code that is of no type.
    ///
    /// # Safety
    ///
    /// That of `follow`. The copy has bytes.
    #[cold]
    #[inline(never)]
    unsafe fn follow_value_later<T: DeepCopy<'z>>(
        target: &T,
        slot: *mut *mut T::Copied,
        run: &mut Self,
    ) -> bool {
        let target = (&raw const *target).cast();
        // SAFETY: (I42) the caller's promise.
        unsafe { Run::follow_later(target, slot.cast(), run, Kinds::<T>::ONE) }
    }

    /// The same for what nothing else refers to.
    ///
    /// # Safety
    ///
    /// That of `follow_value_later`.
    #[cold]
    #[inline(never)]
    unsafe fn follow_value_alone_later<T: DeepCopy<'z>>(
        target: &T,
        slot: *mut *mut T::Copied,
        run: &mut Self,
    ) -> bool {
        let target = (&raw const *target).cast();
        // SAFETY: (I42) the caller's promise.
        unsafe { Run::follow_alone_or_slowly(target, slot.cast(), run, Kinds::<T>::ONE, false) }
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
            let target = (&raw const *target).cast();
            // SAFETY: (I42) the caller's promise.
            return unsafe { Run::follow_new_block(target, slot.cast(), run, Kinds::<T>::ONE) };
        };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(place.as_ptr()) };
        // SAFETY: (I42) the place was just taken for it.
        unsafe { run.write(target, place.as_ptr()) }
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
        if size_of::<T::Copied>() != 0 && stack_top() < self.floor {
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
    unsafe fn follow_slice_now<T: DeepCopy<'z>>(
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
        // SAFETY: (I42) the places were just taken for so many copies.
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

    /// Places for the copies of items, where the zone itself is to give them.
    #[cold]
    #[inline(never)]
    fn places_from_zone<T: DeepCopy<'z>>(&mut self, items: &[T]) -> Option<NonNull<T::Copied>> {
        let (requested, available) = (bytes_of::<T::Copied>(items.len()), MAX_REQUEST);
        let Ok(layout) = Layout::array::<T::Copied>(items.len()) else {
            self.fail(ZoneError::TooLarge { requested, available });
            return None;
        };
        let seen =
            Seen { address: items.as_ptr().cast(), len: items.len(), kind: Kinds::<T>::SLICE };
        self.reserve_slowly(&seen, layout).map(NonNull::cast)
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
        let (address, len) = (items.as_ptr().cast(), items.len());
        let seen = Seen { address, len, kind: Kinds::<T>::SLICE };
        let is_shared = may_be_shared && size_of::<T>() != 0 && T::KEEPS_LIFETIMES.get();
        // SAFETY: (I42) the caller's promise. Not empty, and no item's copy is. (I43) If it is shared, the
        // copies' lifetimes are the values'.
        let Some(place) = (unsafe { run.place_later(&seen, is_shared) }) else { return false };
        // SAFETY: (I42) the caller's promise.
        unsafe { slot.write(core::ptr::slice_from_raw_parts_mut(place.cast(), len)) };
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

/// The kinds of a type's values, and of slices of them.
struct Kinds<'z, T>(PhantomData<(&'z (), T)>);

impl<'z, T: DeepCopy<'z>> Kinds<'z, T> {
    const ONE: &'z Kind<'z> = &Kind::of::<T>(Self::write_one);
    const SLICE: &'z Kind<'z> = &Kind::of_slices::<T>(Self::ONE, Self::write_slice);

    /// # Safety
    ///
    /// That of `Write`.
    unsafe fn write_one(value: *const (), place: *mut (), run: &mut Run<'z>, _len: usize) -> bool {
        // SAFETY: (I42) the caller's promise: there is a `T`, which lives as long as the run.
        let value = unsafe { &*value.cast::<T>() };
        // SAFETY: (I42) the caller's promise.
        unsafe { run.write(value, place.cast()) }
    }

    /// # Safety
    ///
    /// That of `Write`.
    unsafe fn write_slice(items: *const (), place: *mut (), run: &mut Run<'z>, len: usize) -> bool {
        // SAFETY: (I42) the caller's promise: there are so many, which live as long as the run.
        let items = unsafe { slice::from_raw_parts(items.cast::<T>(), len) };
        // SAFETY: (I42) the caller's promise.
        unsafe { run.write_slice(items, place.cast()) }
    }
}
