//! `ZHeap`, a priority queue over a `ZVec`.

#![forbid(unsafe_code)]

use super::making::FromIteratorIn;
use super::zvec::{Rest, ZVec, ZVecIter};
use crate::error::{Refused, ZoneError, or_panic};
use crate::zone::Zone;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::slice;

/// A priority queue in a zone, over a [`ZVec`]: the greatest item comes first. Neither it nor its items need a destructor.
///
/// It has the methods of the standard library's `BinaryHeap`. With [`Reverse`](std::cmp::Reverse) around the items, the
/// least one comes first, as events in the order of their times do:
///
/// ```
/// use memzone::{ZHeap, Zone};
/// use std::cmp::Reverse;
///
/// let zone = Zone::new(4096);
/// let mut events = ZHeap::new_in(&zone);
/// for (time, note) in [(480, "off"), (0, "on"), (240, "bend")] {
///     events.push(Reverse((time, note)));
/// }
/// assert_eq!(events.peek(), Some(&Reverse((0, "on"))));
/// events.pop();
/// assert_eq!((events.pop(), events.len()), (Some(Reverse((240, "bend"))), 1));
/// ```
///
/// With room from the start, as a callback needs it: `ZHeap::of(zone.vec_with_capacity(64))`, or
/// [`fixed_vec`](Zone::fixed_vec) for a queue that never grows.
///
/// If comparing items panics, no item is lost, but their order is.
///
/// # Real-time
///
/// Yes, within [`remaining`](Zone::remaining), if comparing items is.
pub struct ZHeap<'z, T>(ZVec<'z, T>);

impl<'z, T: Ord> ZHeap<'z, T> {
    /// Makes an empty queue in a zone.
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    pub const fn new_in(zone: &'z Zone) -> Self {
        ZHeap(ZVec::new_in(zone))
    }

    /// Makes a queue of the items of a vector, which may be a [`fixed_vec`](Zone::fixed_vec): then the queue never grows.
    ///
    /// ```
    /// use memzone::{ZHeap, Zone};
    ///
    /// let zone = Zone::new(4096);
    /// let mut loudest = ZHeap::of(zone.fixed_vec(2));
    /// loudest.push(3);
    /// loudest.push(7);
    /// assert_eq!(loudest.try_push(5).unwrap_err().value, 5);
    /// assert_eq!(loudest.pop(), Some(7));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes, if comparing items is.
    ///
    /// # Time complexity
    ///
    /// Linear.
    pub fn of(items: ZVec<'z, T>) -> Self {
        let mut heap = ZHeap(items);
        heap.put_in_order();
        heap
    }

    /// Brings all items to where they belong.
    fn put_in_order(&mut self) {
        for index in (0..self.len() / 2).rev() {
            self.sink(index, self.len());
        }
    }

    /// Puts an item in.
    ///
    /// # Panics
    ///
    /// When [`try_push`](ZHeap::try_push) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if comparing items is.
    ///
    /// # Time complexity
    ///
    /// Logarithmic.
    #[track_caller]
    pub fn push(&mut self, item: T) {
        or_panic(self.try_push(item).map_err(|refused| refused.error));
    }

    /// Like [`push`](ZHeap::push), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_push`], with the item. The queue is as it was then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if comparing items is.
    #[track_caller]
    pub fn try_push(&mut self, item: T) -> Result<(), Refused<T>> {
        self.0.try_push(item)?;
        let mut index = self.len() - 1;
        while index > 0 && self.0[index] > self.0[(index - 1) / 2] {
            self.0.swap(index, (index - 1) / 2);
            index = (index - 1) / 2;
        }
        Ok(())
    }

    /// Adds all items of an iterator. `extend`, from the standard library's trait, is the same with a panic.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`], with an iterator over the items that had no room. The others are in the queue.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the iterator and comparing items are.
    ///
    /// # Time complexity
    ///
    /// Linear in all items of the queue. For few items and a long queue [`try_push`](ZHeap::try_push) takes less.
    #[track_caller]
    pub fn try_extend<I: IntoIterator<Item = T>>(
        &mut self,
        items: I,
    ) -> Result<(), Refused<Rest<I::IntoIter>>> {
        let result = self.0.try_extend(items);
        self.put_in_order();
        result
    }

    /// Moves all items of another queue into this one. The other one is empty then.
    ///
    /// # Panics
    ///
    /// When [`try_append`](ZHeap::try_append) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if comparing items is.
    #[track_caller]
    pub fn append(&mut self, other: &mut ZHeap<'_, T>) {
        or_panic(self.try_append(other));
    }

    /// Like [`append`](ZHeap::append), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`]. Then both queues stay as they were.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if comparing items is.
    #[track_caller]
    pub fn try_append(&mut self, other: &mut ZHeap<'_, T>) -> Result<(), ZoneError> {
        self.0.try_append(&mut other.0)?;
        self.put_in_order();
        Ok(())
    }

    /// The greatest item, which may be changed. When the result is dropped, the item goes to its new place.
    ///
    /// ```
    /// use memzone::{CollectIn, ZHeap, ZHeapPeekMut, Zone};
    ///
    /// let zone = Zone::new(1024);
    /// let mut loudest: ZHeap<u8> = [3, 9, 5].into_iter().collect_in(&zone);
    /// if let Some(mut level) = loudest.peek_mut() {
    ///     *level -= 8;
    /// }
    /// assert_eq!(loudest.peek(), Some(&5));
    /// // Takes the greatest one, if it is even.
    /// let even = loudest.peek_mut().filter(|level| **level % 2 == 0).map(ZHeapPeekMut::pop);
    /// assert_eq!((even, loudest.len()), (None, 3));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes, if comparing items is.
    ///
    /// # Time complexity
    ///
    /// Constant. If the item was changed, dropping the result is logarithmic.
    pub fn peek_mut(&mut self) -> Option<ZHeapPeekMut<'_, 'z, T>> {
        if self.is_empty() { None } else { Some(ZHeapPeekMut { heap: self, is_changed: false }) }
    }

    /// Keeps the items for which `keep` returns `true`.
    ///
    /// If `keep` panics, all items are still there, but their order is lost.
    ///
    /// # Real-time
    ///
    /// Yes, if `keep` and comparing items are.
    ///
    /// # Time complexity
    ///
    /// Linear.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
        self.put_in_order();
    }

    /// Takes the greatest item out.
    ///
    /// # Real-time
    ///
    /// Yes, if comparing items is.
    ///
    /// # Time complexity
    ///
    /// Logarithmic.
    pub fn pop(&mut self) -> Option<T> {
        let last = self.len().checked_sub(1)?;
        self.0.swap(0, last);
        let greatest = self.0.pop();
        self.sink(0, last);
        greatest
    }

    /// Brings an item down to where none below it is greater.
    fn sink(&mut self, mut index: usize, len: usize) {
        loop {
            let mut child = 2 * index + 1;
            if child >= len {
                return;
            }
            if child + 1 < len && self.0[child + 1] > self.0[child] {
                child += 1;
            }
            if self.0[index] >= self.0[child] {
                return;
            }
            self.0.swap(index, child);
            index = child;
        }
    }

    /// All items in their order, the least one first.
    ///
    /// ```
    /// use memzone::{CollectIn, ZHeap, Zone};
    ///
    /// let zone = Zone::new(4096);
    /// let heap: ZHeap<u8> = [2, 3, 1].into_iter().collect_in(&zone);
    /// assert_eq!(heap.into_sorted_vec(), [1, 2, 3]);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes, if comparing items is.
    ///
    /// # Time complexity
    ///
    /// For `n` items `n log n`.
    pub fn into_sorted_vec(self) -> ZVec<'z, T> {
        let mut items = self.0;
        items.sort_unstable();
        items
    }
}

impl<'z, T> ZHeap<'z, T> {
    /// The greatest item.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn peek(&self) -> Option<&T> {
        self.0.first()
    }

    /// The number of items.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no items.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of items that the queue can hold without growing.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Makes room for `more` items at least.
    ///
    /// # Panics
    ///
    /// When [`try_reserve`](ZHeap::try_reserve) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    /// Like [`reserve`](ZHeap::reserve), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`].
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_reserve(&mut self, more: usize) -> Result<(), ZoneError> {
        self.0.try_reserve(more)
    }

    /// An iterator over the items, in no order but that the first one is the greatest.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.0.iter()
    }

    /// Empties the queue and returns an iterator over its items, which have no order. The queue keeps its room.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn drain(&mut self) -> ZVecIter<'_, T> {
        self.0.drain(..)
    }

    /// The items, in no order but that the first one is the greatest.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// The vector that the items are in.
    pub(super) fn as_vec(&self) -> &ZVec<'z, T> {
        &self.0
    }

    /// Empties the queue. It keeps its room.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Ends the queue, and gives its memory back to the zone if it is the last allocation. (Dropping it does nothing.)
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn give_back(self) {
        self.0.give_back();
    }

    /// The zone that the queue grows in. A queue of a [`fixed_vec`](Zone::fixed_vec) has none.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn zone(&self) -> Option<&'z Zone> {
        self.0.zone()
    }

    /// The vector that the items are in, in no order.
    ///
    /// ```
    /// use memzone::{ZHeap, Zone};
    ///
    /// let zone = Zone::new(4096);
    /// let mut heap = ZHeap::new_in(&zone);
    /// heap.extend([1, 2]);
    /// assert!(!heap.is_empty() && heap.as_slice() == [2, 1]);
    /// let mut items = heap.clone().into_vec();
    /// heap.clear();
    /// items.retain(|item| *item > 1);
    /// let mut heap = ZHeap::of(items);
    /// assert_eq!((heap.peek(), heap.capacity() >= 1), (Some(&2), true));
    ///
    /// let mut other = ZHeap::of(zone.vec_with_capacity(8));
    /// other.try_extend([7, 4, 6]).unwrap();
    /// heap.append(&mut other);
    /// heap.retain(|item| *item != 4);
    /// heap.reserve(10);
    /// assert_eq!((heap.iter().sum::<i32>(), heap.peek()), (15, Some(&7)));
    /// assert_eq!(heap.drain().count(), 3);
    /// assert!(heap.zone().is_some_and(|zone| zone.used() > 0));
    /// heap.give_back();
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_vec(self) -> ZVec<'z, T> {
        self.0
    }
}

/// The clone lies in the same zone, and `clone_from` uses the room that there is. They panic like those of a [`ZVec`].
impl<T: Clone> Clone for ZHeap<'_, T> {
    #[track_caller]
    fn clone(&self) -> Self {
        ZHeap(self.0.clone())
    }

    #[track_caller]
    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

impl<T: fmt::Debug> fmt::Debug for ZHeap<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Ord> Extend<T> for ZHeap<'_, T> {
    #[track_caller]
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

/// In no order, as that of the standard library's `BinaryHeap`.
impl<'z, T> IntoIterator for ZHeap<'z, T> {
    type Item = T;
    type IntoIter = ZVecIter<'z, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'q, T> IntoIterator for &'q ZHeap<'_, T> {
    type Item = &'q T;
    type IntoIter = slice::Iter<'q, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The greatest item of a queue, which may be changed; see [`ZHeap::peek_mut`].
///
/// If it is changed and forgotten (`mem::forget`), the queue's order is lost.
///
/// ```
/// use memzone::{CollectIn, ZHeap, ZHeapPeekMut, Zone};
///
/// let zone = Zone::new(1024);
/// let mut queue: ZHeap<u8> = [1, 3, 2].into_iter().collect_in(&zone);
/// let mut greatest = queue.peek_mut().unwrap();
/// *greatest = 0;
/// assert_eq!(ZHeapPeekMut::pop(greatest), 0); // this one, whatever it is by now
/// assert_eq!(queue.into_sorted_vec(), [1, 2]);
/// ```
pub struct ZHeapPeekMut<'q, 'z, T: Ord> {
    heap: &'q mut ZHeap<'z, T>,
    is_changed: bool,
}

impl<T: Ord> ZHeapPeekMut<'_, '_, T> {
    /// Takes the item out of the queue.
    ///
    /// # Real-time
    ///
    /// Yes, if comparing items is.
    ///
    /// # Time complexity
    ///
    /// Logarithmic.
    pub fn pop(mut this: Self) -> T {
        // The others are in order.
        this.is_changed = false;
        let item = this.heap.pop();
        item.expect("a queue that has a greatest item is not empty")
    }
}

impl<T: Ord> Deref for ZHeapPeekMut<'_, '_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.heap.0[0]
    }
}

impl<T: Ord> DerefMut for ZHeapPeekMut<'_, '_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.is_changed = true;
        &mut self.heap.0[0]
    }
}

impl<T: Ord> Drop for ZHeapPeekMut<'_, '_, T> {
    fn drop(&mut self) {
        if self.is_changed {
            self.heap.sink(0, self.heap.len());
        }
    }
}

impl<T: Ord + fmt::Debug> fmt::Debug for ZHeapPeekMut<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<'z, T: Ord> FromIteratorIn<'z, T> for ZHeap<'z, T> {
    #[track_caller]
    fn try_from_iter_in<I: IntoIterator<Item = T>>(
        items: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError> {
        Ok(ZHeap::of(ZVec::try_from_iter_in(items, zone)?))
    }
}
