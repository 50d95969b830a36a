//! A slice that grows at the end of a zone, and slices of the items of an iterator, which are made with it.

// An arena gives `&mut` from `&self`: each call gives other memory (I2).
#![expect(clippy::mut_from_ref)]

use super::Zone;
use super::places::{OnError, Panic, Return, bytes_of, or_never, refuse_drop};
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
    capacity: usize,
    on_error: PhantomData<E>,
}

impl<'z, E: OnError, T> SliceBuilder<'z, E, T> {
    pub(crate) fn new(zone: &'z Zone) -> Self {
        let start = NonNull::dangling();
        SliceBuilder { zone, start, len: 0, capacity: 0, on_error: PhantomData }
    }

    /// Goes on with a slice that was begun before. `start` are `capacity` places of this zone, and `len` are filled.
    pub(crate) fn from_parts(
        zone: &'z Zone,
        start: NonNull<T>,
        len: usize,
        capacity: usize,
    ) -> Self {
        SliceBuilder { zone, start, len, capacity, on_error: PhantomData }
    }

    /// Where the items are, and how many have room.
    pub(crate) fn room(&self) -> (NonNull<T>, usize) {
        (self.start, self.capacity)
    }

    /// Makes room for `more` further items, and for some that may follow.
    #[track_caller]
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), E::Error> {
        if more <= self.capacity - self.len {
            return Ok(());
        }
        self.grow(more, self.capacity.saturating_mul(2).max(4))
    }

    /// Makes room for `more` further items, and for no others.
    #[track_caller]
    pub(crate) fn reserve_exact(&mut self, more: usize) -> Result<(), E::Error> {
        if more <= self.capacity - self.len {
            return Ok(());
        }
        self.grow(more, 0)
    }

    /// Makes room for `more` further items, and for at least `wanted` items in all.
    #[track_caller]
    fn grow(&mut self, more: usize, wanted: usize) -> Result<(), E::Error> {
        let Some(least) = self.len.checked_add(more) else {
            let (requested, available) = (usize::MAX, MAX_REQUEST);
            return E::fail(ZoneError::TooLarge { requested, available });
        };
        let capacity = least.max(wanted);
        if self.extend_in_place(least, capacity) {
            return Ok(());
        }
        let (start, capacity) = match self.zone.slice_fast::<T>(capacity, align_of::<T>(), true) {
            Ok(start) => (start.cast(), capacity),
            Err(_) => self.places_slowly(least, capacity)?,
        };
        // SAFETY: (I2) the `capacity >= len` places were just taken, so they do not overlap the old ones.
        unsafe { start.copy_from_nonoverlapping(self.start, self.len) };
        if stale::ON && self.capacity != 0 {
            // SAFETY: (I6) this is the end of what was taken before.
            let end = unsafe { self.start.add(self.capacity) };
            // SAFETY: (I1) the items have left this memory.
            unsafe { stale::close(self.start.cast(), end.cast()) };
        }
        self.start = start;
        self.capacity = capacity;
        Ok(())
    }

    /// Takes places where what is left of the block is too little for `wanted` items.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn places_slowly(&self, least: usize, wanted: usize) -> Result<(NonNull<T>, usize), E::Error> {
        let header = self.zone.header();
        let fits = |items| header.has_room(bytes_of::<T>(items), align_of::<T>());
        // The system is not asked for room that may follow where there is room for what is needed now.
        if fits(wanted) || !fits(least) {
            if let Ok(start) = self.zone.places::<Return, T>(wanted, align_of::<T>()) {
                return Ok((start, wanted));
            }
            // The zone may have no room for more than is needed now.
        }
        Ok((self.zone.places::<E, T>(least, align_of::<T>())?, least))
    }

    /// Takes the bytes behind the slice, if the slice is the last allocation. It takes them for up to `capacity` items in
    /// all, and for at least `least`.
    fn extend_in_place(&mut self, least: usize, capacity: usize) -> bool {
        let size = size_of::<T>();
        if self.capacity == 0 || size == 0 {
            return false;
        }
        let header = self.zone.header();
        let cursor = header.cursor.get();
        let start = self.start.addr().get();
        // The slice is not the last allocation if somebody has taken memory behind it, or if a new block was begun.
        if start + round_up_step(self.capacity * size) != cursor.addr().get() {
            return false;
        }
        let left = (header.end.get().addr().get() - start) / size;
        if left < least {
            return false;
        }
        let capacity = capacity.min(left);
        let more = start + capacity * size - cursor.addr().get().min(start + capacity * size);
        let free = header.end.get().addr().get() - cursor.addr().get();
        stale::open(self.start.cast(), capacity * size);
        // SAFETY: (I6) `start + capacity * size` lies within the block, and so does the rounded cursor.
        header.cursor.set(unsafe { cursor.add(round_up_step(more).min(free)) });
        self.capacity = capacity;
        true
    }

    /// Takes items from the iterator as long as there is room. If there is no room for an item, that item is returned.
    /// `None` means that the iterator has ended. The loop looks at nothing but the items, so the optimiser can treat it
    /// like a loop over an array.
    ///
    /// The loop is the iterator's own, which is much shorter than one over `next` for some iterators. It may be the
    /// user's code. So it may call the closure as often as it likes, even after the closure has told it to stop. This
    /// is why the closure checks the bound.
    #[inline]
    fn fill_capacity(&mut self, items: &mut impl Iterator<Item = T>) -> Option<T> {
        let (start, capacity) = (self.start, self.capacity);
        let mut filled = self.len;
        let mut over = None;
        let _ = items.try_for_each(|item| {
            if filled >= capacity {
                over = Some(item);
                return ControlFlow::Break(());
            }
            // SAFETY: (I6) `filled < capacity` was just checked.
            let place = unsafe { start.add(filled) };
            // SAFETY: (I2) the place belongs to this slice and is not filled yet.
            unsafe { place.write(item) };
            filled += 1;
            ControlFlow::Continue(())
        });
        self.len = filled;
        over
    }

    /// Takes an item and all that follow it, growing as needed. Where the slice lies and how long it is stays in
    /// registers between two times that it grows.
    #[inline]
    #[track_caller]
    fn push_all(&mut self, first: T, items: impl Iterator<Item = T>) -> Result<(), E::Error> {
        self.push(first)?;
        let (mut start, mut capacity, mut len) = (self.start, self.capacity, self.len);
        for item in items {
            if len == capacity {
                self.len = len;
                self.reserve(1)?;
                (start, capacity) = (self.start, self.capacity);
            }
            // SAFETY: (I6) `len < capacity`.
            let place = unsafe { start.add(len) };
            // SAFETY: (I2) a place of ours that is not yet filled.
            unsafe { place.write(item) };
            len += 1;
        }
        self.len = len;
        Ok(())
    }

    #[inline]
    #[track_caller]
    pub(crate) fn push(&mut self, item: T) -> Result<(), E::Error> {
        self.reserve(1)?;
        // SAFETY: (I6) `len < capacity`.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) the place belongs to this slice and is not filled yet.
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
        // SAFETY: (I6) `len <= capacity`.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) `reserve` has made room for that many items, and places of this slice do not overlap `items`.
        unsafe { place.as_ptr().copy_from_nonoverlapping(items.as_ptr(), items.len()) };
        self.len += items.len();
        Ok(())
    }

    /// Gives all places back, if they are still the last allocation.
    ///
    /// # Safety
    ///
    /// Nobody uses the items any more, and this is not used again.
    pub(crate) unsafe fn give_back(&self) {
        // SAFETY: (I6) the `capacity` places were taken in this zone. The caller promises that nobody uses them.
        unsafe { self.zone.header().give_back(self.start.cast(), self.capacity * size_of::<T>()) };
    }

    /// Returns the slice. Places that it did not fill are given back, if they are still at the end of the last
    /// allocation.
    pub(crate) fn finish(self) -> &'z mut [T] {
        let header = self.zone.header();
        let size = size_of::<T>();
        let start = self.start.addr().get();
        let end = start + round_up_step(self.capacity * size);
        if self.capacity != 0 && size != 0 && end == header.cursor.get().addr().get() {
            // SAFETY: (I6) this lies within what was taken for the slice.
            let cursor = unsafe { self.start.cast::<u8>().add(round_up_step(self.len * size)) };
            if stale::ON {
                // SAFETY: (I6) `len` is at most the `capacity` that was taken for the slice.
                let unfilled = unsafe { self.start.add(self.len) };
                // SAFETY: (I1) nobody has seen what was not filled.
                unsafe { stale::close(unfilled.cast(), header.cursor.get()) };
            }
            header.cursor.set(cursor);
        }
        // SAFETY: (I7) `len` items are written; (I1) the result borrows the handle.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Zone {
    #[track_caller]
    fn iter_in<E: OnError, I: IntoIterator>(&self, items: I) -> Result<&mut [I::Item], E::Error> {
        let mut items = items.into_iter();
        let mut builder = SliceBuilder::<E, I::Item>::new(self);
        builder.reserve_exact(items.size_hint().0)?;
        // An iterator that has ended is not asked again.
        if let Some(item) = builder.fill_capacity(&mut items) {
            if let Err(error) = builder.push_all(item, items) {
                // SAFETY: (I1) nobody has seen the places, and their items need no destructor.
                unsafe { builder.give_back() };
                return Err(error);
            }
        }
        Ok(builder.finish())
    }

    /// Puts all items of an iterator into the zone, as one slice. The slice grows in place as long as nothing else is
    /// allocated. The iterator may use the zone itself.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let window = zone.alloc_iter((0..8).map(|n| (n as f32 / 7.0 * std::f32::consts::PI).sin()));
    /// assert_eq!(window.len(), 8);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_iter`](Zone::try_alloc_iter) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    #[doc(alias("alloc_slice_fill_iter", "collect", "from_iter_in"))]
    pub fn alloc_iter<T>(&self, items: impl IntoIterator<Item = T>) -> &mut [T] {
        const { refuse_drop::<T>() };
        or_never(self.iter_in::<Panic, _>(items))
    }

    /// Like [`alloc_iter`](Zone::alloc_iter), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). The items so far are lost then, and their places are
    /// given back if nothing else was allocated in the meantime.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the iterator is.
    #[track_caller]
    pub fn try_alloc_iter<T>(
        &self,
        items: impl IntoIterator<Item = T>,
    ) -> Result<&mut [T], ZoneError> {
        const { refuse_drop::<T>() };
        self.iter_in::<Return, _>(items)
    }
}
