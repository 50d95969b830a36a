//! A slice that grows at the end of a zone, and what is made with it: slices of an iterator's items.

// `&mut` from `&self` is what an arena is for: each call hands out other memory (I2).
#![expect(clippy::mut_from_ref)]

use super::Zone;
use super::places::{OnError, Panic, Return, refuse_drop, value};
use crate::error::ZoneError;
use crate::region::bump::{MAX_REQUEST, round_up_step};
use crate::region::stale;
use core::marker::PhantomData;
use core::ops::ControlFlow;
use core::ptr::NonNull;
use core::slice;

/// A slice that grows at the end of a zone.
pub(crate) struct SliceBuilder<'z, E, T> {
    zone: &'z Zone,
    start: NonNull<T>,
    len: usize,
    room: usize,
    on_error: PhantomData<E>,
}

impl<'z, E: OnError, T> SliceBuilder<'z, E, T> {
    pub(crate) fn new(zone: &'z Zone) -> Self {
        let start = NonNull::dangling();
        SliceBuilder { zone, start, len: 0, room: 0, on_error: PhantomData }
    }

    /// Makes room for `more` further items, and for some that may follow.
    #[track_caller]
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), E::Error> {
        if more <= self.room - self.len {
            return Ok(());
        }
        self.make_room(more, self.room.saturating_mul(2).max(4))
    }

    /// Makes room for `more` further items and no others.
    #[track_caller]
    pub(crate) fn reserve_exact(&mut self, more: usize) -> Result<(), E::Error> {
        if more <= self.room - self.len {
            return Ok(());
        }
        self.make_room(more, 0)
    }

    /// Makes room for `more` further items, and for at least `wanted` in all.
    #[track_caller]
    fn make_room(&mut self, more: usize, wanted: usize) -> Result<(), E::Error> {
        let Some(least) = self.len.checked_add(more) else {
            let (requested, available) = (usize::MAX, MAX_REQUEST);
            return E::fail(ZoneError::TooLarge { requested, available });
        };
        let room = least.max(wanted);
        if self.extend_in_place(least, room) {
            return Ok(());
        }
        let (start, room) = match self.zone.places::<Return, T>(room, align_of::<T>()) {
            Ok(start) => (start, room),
            // There may be no room for more than is needed now.
            Err(_) => (self.zone.places::<E, T>(least, align_of::<T>())?, least),
        };
        // SAFETY: (I2) `room >= len` places just taken, apart from the old ones.
        unsafe { start.copy_from_nonoverlapping(self.start, self.len) };
        if stale::ON && self.room != 0 {
            // SAFETY: (I6) the end of what was taken before.
            let end = unsafe { self.start.add(self.room) };
            // SAFETY: (I1) the items have left it.
            unsafe { stale::close(self.start.cast(), end.cast()) };
        }
        self.start = start;
        self.room = room;
        Ok(())
    }

    /// Takes the bytes behind the slice if it is the last allocation: up to `room` items, at
    /// least `least`.
    fn extend_in_place(&mut self, least: usize, room: usize) -> bool {
        let size = size_of::<T>();
        if self.room == 0 || size == 0 {
            return false;
        }
        let header = self.zone.header();
        let cursor = header.cursor.get();
        let start = self.start.addr().get();
        // Not the last where somebody took memory behind it, or a new block was begun.
        if start + round_up_step(self.room * size) != cursor.addr().get() {
            return false;
        }
        let left = (header.end.get().addr().get() - start) / size;
        if left < least {
            return false;
        }
        let room = room.min(left);
        let more = start + room * size - cursor.addr().get().min(start + room * size);
        let free = header.end.get().addr().get() - cursor.addr().get();
        stale::open(self.start.cast(), room * size);
        // SAFETY: (I6) `start + room * size` is within the block, and so is the rounded cursor.
        header.cursor.set(unsafe { cursor.add(round_up_step(more).min(free)) });
        self.room = room;
        true
    }

    /// Takes as many items as there is room for. Some: the first one that there is none for. None: the iterator
    /// has ended. Nothing but the items is looked at in this loop, so that the optimiser can make of it what it
    /// makes of a loop over an array.
    ///
    /// The iterator's own loop is used, which for some is much shorter than one over `next`. It may be the
    /// user's, and call the closure as often as it likes, also after the closure has told it to stop. So the
    /// bound is in the closure.
    #[inline]
    fn fill_room(&mut self, items: &mut impl Iterator<Item = T>) -> Option<T> {
        let (start, room) = (self.start, self.room);
        let mut filled = self.len;
        let mut over = None;
        let _ = items.try_for_each(|item| {
            if filled >= room {
                over = Some(item);
                return ControlFlow::Break(());
            }
            // SAFETY: (I6) `filled < room`, as was just seen.
            let place = unsafe { start.add(filled) };
            // SAFETY: (I2) a place of ours that is not yet filled.
            unsafe { place.write(item) };
            filled += 1;
            ControlFlow::Continue(())
        });
        self.len = filled;
        over
    }

    #[inline]
    #[track_caller]
    pub(crate) fn push(&mut self, item: T) -> Result<(), E::Error> {
        self.reserve(1)?;
        // SAFETY: (I6) `len < room`.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) a place of ours that is not yet filled.
        unsafe { place.write(item) };
        self.len += 1;
        Ok(())
    }

    #[track_caller]
    pub(crate) fn extend(&mut self, items: &[T]) -> Result<(), E::Error>
    where
        T: Copy,
    {
        self.reserve(items.len())?;
        // SAFETY: (I6) `len <= room`.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) `reserve` made room for as many; a place just taken is apart from `items`.
        unsafe { place.as_ptr().copy_from_nonoverlapping(items.as_ptr(), items.len()) };
        self.len += items.len();
        Ok(())
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: (I7) `len` items are written; (I1) borrowed from this, which borrows the handle.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// Forgets the items; their places are kept.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Gives all places back, if they are still the last allocation.
    ///
    /// # Safety
    ///
    /// Nobody uses the items any more, and this is not used again.
    pub(crate) unsafe fn give_back(&self) {
        // SAFETY: (I6) `room` places taken in this zone; unused by the caller's promise.
        unsafe { self.zone.header().give_back(self.start.cast(), self.room * size_of::<T>()) };
    }

    /// The slice; what it did not fill goes back if it is still the last allocation.
    pub(crate) fn finish(self) -> &'z mut [T] {
        let header = self.zone.header();
        let size = size_of::<T>();
        let start = self.start.addr().get();
        let end = start + round_up_step(self.room * size);
        if self.room != 0 && size != 0 && end == header.cursor.get().addr().get() {
            // SAFETY: (I6) within what was taken for the slice.
            let cursor = unsafe { self.start.cast::<u8>().add(round_up_step(self.len * size)) };
            if stale::ON {
                // SAFETY: (I6) as above.
                let unfilled = unsafe { self.start.add(self.len) };
                // SAFETY: (I1) nobody has seen what was not filled.
                unsafe { stale::close(unfilled.cast(), header.cursor.get()) };
            }
            header.cursor.set(cursor);
        }
        // SAFETY: (I7) `len` items are written; (I1) borrowed from the handle.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Zone {
    #[track_caller]
    fn iter_in<E: OnError, I: IntoIterator>(&self, items: I) -> Result<&mut [I::Item], E::Error> {
        let mut items = items.into_iter();
        let mut builder = SliceBuilder::<E, I::Item>::new(self);
        builder.reserve_exact(items.size_hint().0)?;
        // What has ended once is not asked again.
        if let Some(item) = builder.fill_room(&mut items) {
            let rest = builder.push(item).and_then(|()| {
                for item in items {
                    builder.push(item)?;
                }
                Ok(())
            });
            if let Err(error) = rest {
                // SAFETY: (I1) nobody has seen the places, and their items need no destructor.
                unsafe { builder.give_back() };
                return Err(error);
            }
        }
        Ok(builder.finish())
    }

    /// Puts all items of an iterator into the zone, as one slice. It grows in place as long as
    /// nothing else is allocated meanwhile; the iterator may use the zone itself.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let window = zone.alloc_iter((0..8).map(|n| (n as f32 / 7.0 * std::f32::consts::PI).sin()));
    /// assert_eq!(window.len(), 8);
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_iter`](Zone::try_alloc_iter) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn alloc_iter<T>(&self, items: impl IntoIterator<Item = T>) -> &mut [T] {
        const { refuse_drop::<T>() };
        value(self.iter_in::<Panic, _>(items))
    }

    /// Like [`alloc_iter`](Zone::alloc_iter), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout); the items so far are lost then, and their places go
    /// back if nothing else was allocated since.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining) and as far as the iterator is.
    #[track_caller]
    pub fn try_alloc_iter<T>(
        &self,
        items: impl IntoIterator<Item = T>,
    ) -> Result<&mut [T], ZoneError> {
        const { refuse_drop::<T>() };
        self.iter_in::<Return, _>(items)
    }
}
