//! Adding many items at the end of a vector.

#![forbid(unsafe_code)]

use super::ZVec;
use super::editing::bounds;
use crate::error::{Refused, ZoneError, or_panic};
use core::iter::Chain;
use core::ops::{ControlFlow, RangeBounds};
use core::option;

/// An iterator with the item that there was no room for in front of it.
pub(crate) type Rest<I> = Chain<option::IntoIter<<I as Iterator>::Item>, I>;

impl<T> ZVec<'_, T> {
    /// Adds all items of an iterator. `extend`, from the standard library's trait, is the same with a panic.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let mut events = zone.fixed_vec(3);
    /// let refused = events.try_extend(0..5).unwrap_err();
    /// assert_eq!(events, [0, 1, 2]);
    /// assert!(refused.value.eq([3, 4])); // those that had no room
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZVec::try_reserve), with an iterator over the items that had no room. The others are in
    /// the vector.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if the iterator is.
    #[inline]
    #[track_caller]
    pub fn try_extend<I: IntoIterator<Item = T>>(
        &mut self,
        items: I,
    ) -> Result<(), Refused<Rest<I::IntoIter>>> {
        let mut items = items.into_iter();
        // What an iterator says of its length is a hint. Where there is no room for that many, some may still have it.
        let _ = self.try_reserve(items.size_hint().0);
        loop {
            // The iterator's own loop, which is much shorter than one over `next` for some.
            let step = items.try_for_each(|item| {
                if self.len() == self.capacity() {
                    return ControlFlow::Break(item);
                }
                self.push(item);
                ControlFlow::Continue(())
            });
            let ControlFlow::Break(item) = step else { return Ok(()) };
            if let Err(Refused { error, value }) = self.try_push(item) {
                let value = Some(value).into_iter().chain(items);
                return Err(Refused { error, value });
            }
        }
    }

    /// Adds clones of all items of a slice.
    ///
    /// # Panics
    ///
    /// When [`try_extend_from_slice`](ZVec::try_extend_from_slice) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if cloning the items is.
    #[inline]
    #[track_caller]
    pub fn extend_from_slice(&mut self, items: &[T])
    where
        T: Clone,
    {
        or_panic(self.try_extend_from_slice(items));
    }

    /// Like [`extend_from_slice`](ZVec::extend_from_slice), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZVec::try_reserve). Then the vector stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if cloning the items is.
    #[inline]
    #[track_caller]
    pub fn try_extend_from_slice(&mut self, items: &[T]) -> Result<(), ZoneError>
    where
        T: Clone,
    {
        self.try_reserve(items.len())?;
        self.add(items.len(), items.iter().cloned());
        Ok(())
    }

    /// Adds clones of the items of a range of this vector.
    ///
    /// ```
    /// use memzone::{Zone, zvec};
    ///
    /// let zone = Zone::new(1024);
    /// let mut bar = zvec![in zone; "kick", "hat", "snare", "hat"];
    /// bar.extend_from_within(..2);
    /// assert_eq!(bar[4..], ["kick", "hat"]);
    /// ```
    ///
    /// # Panics
    ///
    /// When the range is not within the items, and when [`try_extend_from_within`](ZVec::try_extend_from_within) gives
    /// an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if cloning the items is.
    #[track_caller]
    pub fn extend_from_within(&mut self, range: impl RangeBounds<usize>)
    where
        T: Clone,
    {
        or_panic(self.try_extend_from_within(range));
    }

    /// Like [`extend_from_within`](ZVec::extend_from_within), with an error instead of a panic if there is no room.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZVec::try_reserve). Then the vector stays as it was.
    ///
    /// # Panics
    ///
    /// When the range is not within the items.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if cloning the items is.
    #[track_caller]
    pub fn try_extend_from_within(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<(), ZoneError>
    where
        T: Clone,
    {
        let (start, end) = bounds(&range, self.len());
        self.try_reserve(end - start)?;
        for index in start..end {
            let item = self[index].clone();
            self.push(item);
        }
        Ok(())
    }

    /// Makes the vector `len` items long, with clones of a value where it gets longer.
    ///
    /// # Panics
    ///
    /// When [`try_resize`](ZVec::try_resize) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if cloning the value is.
    #[inline]
    #[track_caller]
    pub fn resize(&mut self, len: usize, value: T)
    where
        T: Clone,
    {
        or_panic(self.try_resize(len, value));
    }

    /// Like [`resize`](ZVec::resize), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZVec::try_reserve). Then the vector stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if cloning the value is.
    #[inline]
    #[track_caller]
    pub fn try_resize(&mut self, len: usize, value: T) -> Result<(), ZoneError>
    where
        T: Clone,
    {
        self.try_resize_with(len, || value.clone())
    }

    /// Makes the vector `len` items long, with what `make` returns where it gets longer.
    ///
    /// # Panics
    ///
    /// When [`try_resize_with`](ZVec::try_resize_with) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if `make` is.
    #[inline]
    #[track_caller]
    pub fn resize_with(&mut self, len: usize, make: impl FnMut() -> T) {
        or_panic(self.try_resize_with(len, make));
    }

    /// Like [`resize_with`](ZVec::resize_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZVec::try_reserve). The vector is as it was then, and `make` was not called.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if `make` is.
    #[inline]
    #[track_caller]
    pub fn try_resize_with(
        &mut self,
        len: usize,
        make: impl FnMut() -> T,
    ) -> Result<(), ZoneError> {
        self.truncate(len);
        let more = len - self.len();
        self.try_reserve(more)?;
        self.add(more, core::iter::repeat_with(make));
        Ok(())
    }
}

impl<T> Extend<T> for ZVec<'_, T> {
    /// Adds all items of an iterator. It panics where [`try_extend`](ZVec::try_extend) gives an error.
    #[inline]
    #[track_caller]
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        or_panic(self.try_extend(items).map_err(|refused| refused.error));
    }
}

impl<'a, T: Copy + 'a> Extend<&'a T> for ZVec<'_, T> {
    #[inline]
    #[track_caller]
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, items: I) {
        self.extend(items.into_iter().copied());
    }
}
