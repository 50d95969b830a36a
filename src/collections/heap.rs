//! `ZHeap`, a priority queue over a `ZVec`.

#![forbid(unsafe_code)]

use super::making::FromIteratorIn;
use super::zvec::ZVec;
use crate::error::{Refused, ZoneError, or_panic};
use crate::zone::Zone;
use core::fmt;

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
        for index in (0..heap.len() / 2).rev() {
            heap.sink(index, heap.len());
        }
        heap
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
    /// assert_eq!(ZHeap::of(items).peek(), Some(&2));
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

impl<'z, T: Ord> FromIteratorIn<'z, T> for ZHeap<'z, T> {
    #[track_caller]
    fn try_from_iter_in<I: IntoIterator<Item = T>>(
        items: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError> {
        Ok(ZHeap::of(ZVec::try_from_iter_in(items, zone)?))
    }
}
