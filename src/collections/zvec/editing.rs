//! Changing what is in a vector: all that takes items out of the middle or puts them there.
//!
//! Items change places by `swap` and `rotate`. So at any time each item is in the vector once, and the user's code may
//! panic at any point.

#![forbid(unsafe_code)]

use super::ZVec;
use super::iter::ZVecIter;
use crate::error::{Refused, ZoneError, or_panic};
use core::ops::{Bound, RangeBounds};

/// Where a range begins and ends. It panics where that is not within `len` items.
#[track_caller]
pub(super) fn bounds(range: &impl RangeBounds<usize>, len: usize) -> (usize, usize) {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&start) => start.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&end) => end.saturating_add(1),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => len,
    };
    assert!(start <= end, "the range begins at {start} and ends at {end}");
    assert!(end <= len, "the range ends at {end}, and there are {len} items");
    (start, end)
}

impl<'z, T> ZVec<'z, T> {
    /// Puts an item before the one at `index`, or at the end.
    ///
    /// # Panics
    ///
    /// When `index` is larger than the number of items, and when [`try_insert`](ZVec::try_insert) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Linear in the items behind it.
    #[track_caller]
    pub fn insert(&mut self, index: usize, item: T) {
        or_panic(self.try_insert(index, item).map_err(|refused| refused.error));
    }

    /// Like [`insert`](ZVec::insert), with an error instead of a panic if there is no room.
    ///
    /// # Errors
    ///
    /// Those of [`try_push`](ZVec::try_push), with the item. Then the vector stays as it was.
    ///
    /// # Panics
    ///
    /// When `index` is larger than the number of items.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining).
    #[track_caller]
    pub fn try_insert(&mut self, index: usize, item: T) -> Result<(), Refused<T>> {
        let len = self.len();
        assert!(index <= len, "the index is {index}, and there are {len} items");
        self.try_push(item)?;
        self[index..].rotate_right(1);
        Ok(())
    }

    /// Removes the item at `index` and returns it. The items behind it move up.
    ///
    /// # Panics
    ///
    /// When there is no such item.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the items behind it.
    #[track_caller]
    pub fn remove(&mut self, index: usize) -> T {
        let len = self.len();
        assert!(index < len, "the index is {index}, and there are {len} items");
        self[index..].rotate_left(1);
        self.pop().expect("there is one")
    }

    /// Removes the item at `index` and returns it. The last item takes its place.
    ///
    /// # Panics
    ///
    /// When there is no such item.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[track_caller]
    pub fn swap_remove(&mut self, index: usize) -> T {
        let len = self.len();
        assert!(index < len, "the index is {index}, and there are {len} items");
        self.swap(index, len - 1);
        self.pop().expect("there is one")
    }

    /// Removes the last item and returns it, if `condition` holds for it.
    ///
    /// # Real-time
    ///
    /// Yes, if `condition` is.
    pub fn pop_if(&mut self, condition: impl FnOnce(&mut T) -> bool) -> Option<T> {
        if condition(self.last_mut()?) { self.pop() } else { None }
    }

    /// Keeps the items for which `keep` returns `true`, in their order.
    ///
    /// If `keep` panics, all items are still there, perhaps in another order.
    ///
    /// # Real-time
    ///
    /// Yes, if `keep` is.
    ///
    /// # Time complexity
    ///
    /// Linear.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.retain_mut(|item| keep(item));
    }

    /// Like [`retain`](ZVec::retain), where `keep` may change the items.
    ///
    /// # Real-time
    ///
    /// Yes, if `keep` is.
    ///
    /// # Time complexity
    ///
    /// Linear.
    pub fn retain_mut(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        let items = self.as_mut_slice();
        let mut kept = 0;
        for index in 0..items.len() {
            if keep(&mut items[index]) {
                items.swap(kept, index);
                kept += 1;
            }
        }
        self.truncate(kept);
    }

    /// Keeps only the first of equal items that follow one another.
    ///
    /// # Real-time
    ///
    /// Yes, if comparing them is.
    ///
    /// # Time complexity
    ///
    /// Linear.
    pub fn dedup(&mut self)
    where
        T: PartialEq,
    {
        self.dedup_by(|item, before| item == before);
    }

    /// Like [`dedup`](ZVec::dedup), for items that have the same key.
    ///
    /// # Real-time
    ///
    /// Yes, if `key` is.
    ///
    /// # Time complexity
    ///
    /// Linear.
    pub fn dedup_by_key<K: PartialEq>(&mut self, mut key: impl FnMut(&mut T) -> K) {
        self.dedup_by(|item, before| key(item) == key(before));
    }

    /// Like [`dedup`](ZVec::dedup), for items that `same` says are equal. It is given an item and the one that was kept
    /// before it.
    ///
    /// # Real-time
    ///
    /// Yes, if `same` is.
    ///
    /// # Time complexity
    ///
    /// Linear.
    pub fn dedup_by(&mut self, mut same: impl FnMut(&mut T, &mut T) -> bool) {
        let items = self.as_mut_slice();
        let mut kept = items.len().min(1);
        for index in 1..items.len() {
            let (before, rest) = items.split_at_mut(index);
            if !same(&mut rest[0], &mut before[kept - 1]) {
                items.swap(kept, index);
                kept += 1;
            }
        }
        self.truncate(kept);
    }

    /// Removes the items of a range and returns them. This happens at once, even if the iterator is not used.
    ///
    /// # Panics
    ///
    /// When the range is not within the items.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the items from the range's start on.
    #[track_caller]
    pub fn drain(&mut self, range: impl RangeBounds<usize>) -> ZVecIter<'_, T> {
        let len = self.len();
        let (start, end) = bounds(&range, len);
        self[start..].rotate_left(end - start);
        self.take_last(end - start)
    }

    /// Like [`drain`](ZVec::drain), with the items where they lie now, for items that can be copied.
    #[track_caller]
    pub(crate) fn cut(&mut self, range: impl RangeBounds<usize>) -> &[T]
    where
        T: Copy,
    {
        self.drain(range).into_slice()
    }

    /// Replaces the items of a range by others, and returns the old ones. This happens at once, even if the iterator is
    /// not used.
    ///
    /// ```
    /// use memzone::{Zone, zvec};
    ///
    /// let zone = Zone::new(1024);
    /// let mut notes = zvec![in zone; 60, 61, 62, 72];
    /// let old = notes.splice(1..3, [64, 67, 70]);
    /// assert!(old.eq([61, 62]));
    /// assert_eq!(notes, [60, 64, 67, 70, 72]);
    /// ```
    ///
    /// # Panics
    ///
    /// When the range is not within the items, and when [`try_splice`](ZVec::try_splice) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if the iterator is.
    ///
    /// # Time complexity
    ///
    /// Linear in the items from the range's start on, and the new ones.
    #[track_caller]
    pub fn splice(
        &mut self,
        range: impl RangeBounds<usize>,
        items: impl IntoIterator<Item = T>,
    ) -> ZVecIter<'_, T> {
        or_panic(self.try_splice(range, items))
    }

    /// Like [`splice`](ZVec::splice), with an error instead of a panic if there is no room.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZVec::try_reserve). The vector is as it was then, and the iterator is lost.
    ///
    /// # Panics
    ///
    /// When the range is not within the items.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](crate::Zone::remaining), if the iterator is.
    #[track_caller]
    pub fn try_splice(
        &mut self,
        range: impl RangeBounds<usize>,
        items: impl IntoIterator<Item = T>,
    ) -> Result<ZVecIter<'_, T>, ZoneError> {
        let (len, capacity) = (self.len(), self.capacity());
        let (start, end) = bounds(&range, len);
        if let Err(refused) = self.try_extend(items) {
            self.truncate(len);
            self.shrink_to(capacity);
            return Err(refused.error);
        }
        // Now there are the old ones, the rest, and the new ones. They are to be the new ones, the rest, the old ones.
        let (old, rest) = (end - start, len - end);
        self[start..].rotate_left(old);
        let new = self.len() - len;
        self[start..start + rest + new].rotate_left(rest);
        Ok(self.take_last(old))
    }

    /// Removes the items of a range for which `take` returns `true`, and returns them in their order. This happens at
    /// once, even if the iterator is not used.
    ///
    /// ```
    /// use memzone::{Zone, zvec};
    ///
    /// let zone = Zone::new(1024);
    /// let mut levels = zvec![in zone; 0.1, 0.9, 0.2, 0.8];
    /// assert!(levels.extract_if(.., |level| *level > 0.5).eq([0.9, 0.8]));
    /// assert_eq!(levels, [0.1, 0.2]);
    /// ```
    ///
    /// # Panics
    ///
    /// When the range is not within the items.
    ///
    /// # Real-time
    ///
    /// Yes, if `take` is.
    ///
    /// # Time complexity
    ///
    /// For `n` items from the range's start on `n log n`.
    #[track_caller]
    pub fn extract_if(
        &mut self,
        range: impl RangeBounds<usize>,
        mut take: impl FnMut(&mut T) -> bool,
    ) -> ZVecIter<'_, T> {
        let (start, end) = bounds(&range, self.len());
        let (stay, taken) = parted(&mut self[start..end], &mut take);
        // What lies behind the range comes before what is taken.
        self[start + stay..].rotate_left(taken);
        self.take_last(taken)
    }
}

/// Brings the items to the end for which `take` holds. Both kinds keep their order. It returns how many there are of
/// each kind.
fn parted<T>(items: &mut [T], take: &mut impl FnMut(&mut T) -> bool) -> (usize, usize) {
    match items {
        [] => (0, 0),
        [item] => {
            let taken = usize::from(take(item));
            (1 - taken, taken)
        }
        _ => {
            let (left, right) = items.split_at_mut(items.len() / 2);
            let (stay, taken) = parted(left, take);
            let (stay_right, taken_right) = parted(right, take);
            items[stay..stay + taken + stay_right].rotate_left(taken);
            (stay + stay_right, taken + taken_right)
        }
    }
}
