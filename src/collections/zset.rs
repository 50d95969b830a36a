//! `ZSet`, a hash set in a zone that needs no destructor: the keys of a `ZMap`.

#![forbid(unsafe_code)]

use super::making::FromIteratorIn;
use super::map::refusal;
use super::refuse_drop;
use super::zvec::Rest;
use crate::error::{Refused, ZoneError, or_panic};
use crate::zone::Zone;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::mem::ManuallyDrop;
use hashbrown::hash_set::{
    Difference, Drain, ExtractIf, Intersection, IntoIter, Iter, SymmetricDifference, Union,
};
use hashbrown::{DefaultHashBuilder, Equivalent, HashSet};

/// A hash set in a zone, which it borrows. Neither the set nor what is in it needs a destructor.
///
/// It is the `HashSet` of [`hashbrown`], with its methods. All that is said of a [`ZMap`](crate::ZMap) holds for it too.
/// It is made with [`Zone::set`], [`Zone::set_with_capacity`], [`Zone::set_with_hasher`] or
/// [`collect_in`](crate::CollectIn::collect_in).
///
/// ```
/// use memzone::{CollectIn, ZSet, Zone};
///
/// let zone = Zone::new(4096);
/// let mut held: ZSet<u8> = [60, 64, 67].into_iter().collect_in(&zone);
/// assert!(held.insert(72) && !held.insert(60));
/// held.extend([48, 50]);
/// held.retain(|key| *key != 50);
/// assert!(held.remove(&48) && held.contains(&64) && held.get(&48).is_none());
/// assert_eq!((held.len(), held.iter().max()), (4, Some(&72)));
/// assert_eq!(held.replace(60), Some(60));
/// let other: ZSet<u8> = [60, 61].into_iter().collect_in(&zone);
/// assert!(held.intersection(&other).eq([&60]) && held.difference(&other).count() == 3);
/// assert_eq!((held.union(&other).count(), held.symmetric_difference(&other).count()), (5, 4));
/// assert!(!held.is_disjoint(&other) && !other.is_subset(&held) && !held.is_superset(&other));
/// assert_eq!(held.extract_if(|key| *key > 70).count(), 1);
/// assert_eq!(held.take(&60), Some(60));
/// held.reserve(4);
/// assert!(held.capacity() >= 6 && !held.is_empty());
/// let (_, _): (&Zone, _) = (held.zone(), held.hasher());
/// assert_eq!(held.clone().into_iter().count(), 2);
/// assert_eq!(held.drain().count(), 2);
/// held.clear();
/// ```
///
/// It never lives longer than its zone:
///
/// ```compile_fail
/// fn longer<'s, 'l: 's>(it: memzone::ZSet<'s, u8>) -> memzone::ZSet<'l, u8> {
///     it
/// }
/// ```
///
/// # Real-time
///
/// Inserting: yes, within [`remaining`](Zone::remaining). When the set grows, inserting takes the time to hash all that
/// the set holds.
#[cfg_attr(docsrs, doc(cfg(feature = "hashbrown")))]
pub struct ZSet<'z, T, S = DefaultHashBuilder>(ManuallyDrop<HashSet<T, S, &'z Zone>>);

#[cfg_attr(docsrs, doc(cfg(feature = "hashbrown")))]
impl Zone {
    /// Makes an empty hash set in the zone. It takes no memory before its first item.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut seen = zone.set();
    /// assert!(seen.insert("kick") && !seen.insert("kick"));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub fn set<T>(&self) -> ZSet<'_, T> {
        self.set_with_hasher(DefaultHashBuilder::default())
    }

    /// Like [`set`](Zone::set), with a hasher of your own.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    ///
    /// let zone = memzone::Zone::new(4096);
    /// let mut seen = zone.set_with_hasher(BuildHasherDefault::<DefaultHasher>::new());
    /// assert!(seen.insert("kick"));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub fn set_with_hasher<T, S>(&self, hasher: S) -> ZSet<'_, T, S> {
        const { refuse_drop::<(T, S)>() };
        ZSet(ManuallyDrop::new(HashSet::with_hasher_in(hasher, self)))
    }

    /// Makes an empty hash set with room for `capacity` items.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut seen = zone.set_with_capacity(20);
    /// let used = zone.used();
    /// seen.extend(0..20);
    /// assert_eq!(zone.used(), used);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_set_with_capacity`](Zone::try_set_with_capacity) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn set_with_capacity<T: Eq + Hash>(&self, capacity: usize) -> ZSet<'_, T> {
        or_panic(self.try_set_with_capacity(capacity))
    }

    /// Like [`set_with_capacity`](Zone::set_with_capacity), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_set_with_capacity<T: Eq + Hash>(
        &self,
        capacity: usize,
    ) -> Result<ZSet<'_, T>, ZoneError> {
        let mut set = self.set();
        set.try_reserve(capacity)?;
        Ok(set)
    }
}

impl<'z, T, S> ZSet<'z, T, S> {
    /// The zone that it is in.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn zone(&self) -> &'z Zone {
        self.0.allocator()
    }

    /// The number of items.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no items.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of items that the set can hold without growing.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// The hasher of the items.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn hasher(&self) -> &S {
        self.0.hasher()
    }

    /// An iterator over the items, in no particular order.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn iter(&self) -> Iter<'_, T> {
        self.0.iter()
    }

    /// Empties the set and returns an iterator over its items. The set keeps its capacity.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn drain(&mut self) -> Drain<'_, T, &'z Zone> {
        self.0.drain()
    }

    /// Keeps the items for which `keep` returns `true`.
    ///
    /// # Real-time
    ///
    /// Yes, if `keep` is.
    ///
    /// # Time complexity
    ///
    /// Linear in the capacity.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    /// Removes and returns the items for which `take` returns `true`, one in each step of the iterator.
    ///
    /// # Real-time
    ///
    /// Yes, if `take` is.
    pub fn extract_if<F: FnMut(&T) -> bool>(&mut self, take: F) -> ExtractIf<'_, T, F, &'z Zone> {
        self.0.extract_if(take)
    }

    /// Empties the set. It keeps its capacity.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Ends the set, and gives its memory back to the zone if it is the last allocation. (Dropping it does nothing.)
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// zone.set_with_capacity::<u8>(20).give_back();
    /// assert_eq!(zone.used(), 0);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn give_back(self) {
        drop(ManuallyDrop::into_inner(self.0));
    }
}

impl<'z, T: Eq + Hash, S: BuildHasher> ZSet<'z, T, S> {
    /// Makes room for `more` further items at least.
    ///
    /// # Panics
    ///
    /// When [`try_reserve`](ZSet::try_reserve) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn reserve(&mut self, more: usize) {
        or_panic(self.try_reserve(more));
    }

    /// Like [`reserve`](ZSet::reserve), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`]. The set is as it was then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_reserve(&mut self, more: usize) -> Result<(), ZoneError> {
        self.0.try_reserve(more).map_err(|error| refusal(error, self.0.allocator()))
    }

    /// Puts an item in. The result is `false` if an equal one was there already. That one stays.
    ///
    /// # Panics
    ///
    /// When [`try_insert`](ZSet::try_insert) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if hashing is.
    #[inline]
    #[track_caller]
    pub fn insert(&mut self, item: T) -> bool {
        or_panic(self.try_insert(item).map_err(|refused| refused.error))
    }

    /// Like [`insert`](ZSet::insert), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZSet::try_reserve), with the item. The set is as it was then. There is no error where an
    /// equal item is in the set already.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if hashing is.
    #[inline]
    #[track_caller]
    pub fn try_insert(&mut self, item: T) -> Result<bool, Refused<T>> {
        // An item that is there needs no room, so none is asked for.
        if self.0.len() == self.0.capacity() {
            if self.0.contains(&item) {
                return Ok(false);
            }
            if let Err(error) = self.try_reserve(1) {
                return Err(Refused { error, value: item });
            }
        }
        Ok(self.0.insert(item))
    }

    /// Puts an item in, and returns the equal one that was there.
    ///
    /// # Panics
    ///
    /// When [`try_replace`](ZSet::try_replace) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if hashing is.
    #[inline]
    #[track_caller]
    pub fn replace(&mut self, item: T) -> Option<T> {
        or_panic(self.try_replace(item).map_err(|refused| refused.error))
    }

    /// Like [`replace`](ZSet::replace), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZSet::try_reserve), with the item. The set is as it was then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if hashing is.
    #[inline]
    #[track_caller]
    pub fn try_replace(&mut self, item: T) -> Result<Option<T>, Refused<T>> {
        match self.try_reserve(1) {
            Ok(()) => Ok(self.0.replace(item)),
            Err(error) => Err(Refused { error, value: item }),
        }
    }

    /// Whether an equal item is in the set.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn contains<Q: Hash + Equivalent<T> + ?Sized>(&self, item: &Q) -> bool {
        self.0.contains(item)
    }

    /// The equal item that is in the set.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn get<Q: Hash + Equivalent<T> + ?Sized>(&self, item: &Q) -> Option<&T> {
        self.0.get(item)
    }

    /// Removes the equal item. The result is `false` if there was none.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn remove<Q: Hash + Equivalent<T> + ?Sized>(&mut self, item: &Q) -> bool {
        self.0.remove(item)
    }

    /// Removes the equal item and returns it.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn take<Q: Hash + Equivalent<T> + ?Sized>(&mut self, item: &Q) -> Option<T> {
        self.0.take(item)
    }

    /// The items that are in this set and not in the other one.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    pub fn difference<'a>(&'a self, other: &'a Self) -> Difference<'a, T, S, &'z Zone> {
        self.0.difference(&other.0)
    }

    /// The items that are in one of the sets only.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    pub fn symmetric_difference<'a>(
        &'a self,
        other: &'a Self,
    ) -> SymmetricDifference<'a, T, S, &'z Zone> {
        self.0.symmetric_difference(&other.0)
    }

    /// The items that are in both sets.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    pub fn intersection<'a>(&'a self, other: &'a Self) -> Intersection<'a, T, S, &'z Zone> {
        self.0.intersection(&other.0)
    }

    /// The items that are in at least one of the sets.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    pub fn union<'a>(&'a self, other: &'a Self) -> Union<'a, T, S, &'z Zone> {
        self.0.union(&other.0)
    }

    /// Whether the sets have nothing in common.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.0.is_disjoint(&other.0)
    }

    /// Whether all items of this set are in the other one.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Whether all items of the other set are in this one.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    pub fn is_superset(&self, other: &Self) -> bool {
        self.0.is_superset(&other.0)
    }

    /// Adds all items of an iterator. `extend`, from the standard library's trait, is the same with a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZSet::try_reserve), with an iterator over the items that had no room. The others are in
    /// the set.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the iterator and hashing are.
    #[track_caller]
    pub fn try_extend<I: IntoIterator<Item = T>>(
        &mut self,
        items: I,
    ) -> Result<(), Refused<Rest<I::IntoIter>>> {
        let mut items = items.into_iter();
        // A hint, which counts equal items twice.
        let _ = self.try_reserve(items.size_hint().0);
        while let Some(item) = items.next() {
            if let Err(Refused { error, value }) = self.try_insert(item) {
                return Err(Refused { error, value: Some(value).into_iter().chain(items) });
            }
        }
        Ok(())
    }
}

/// The clone lies in the same zone. It panics where there is no room. `clone_from` uses the room that there is, and keeps
/// the set's own hasher.
impl<T: Clone + Eq + Hash, S: Clone + BuildHasher> Clone for ZSet<'_, T, S> {
    #[track_caller]
    fn clone(&self) -> Self {
        let mut clone = self.zone().set_with_hasher(self.hasher().clone());
        clone.clone_from(self);
        clone
    }

    #[track_caller]
    fn clone_from(&mut self, source: &Self) {
        self.clear();
        self.extend(source.iter().cloned());
    }
}

impl<T: fmt::Debug, S> fmt::Debug for ZSet<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<T: Eq + Hash, S: BuildHasher> PartialEq for ZSet<'_, T, S> {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl<T: Eq + Hash, S: BuildHasher> Eq for ZSet<'_, T, S> {}

impl<T: Eq + Hash, S: BuildHasher> Extend<T> for ZSet<'_, T, S> {
    #[track_caller]
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        or_panic(self.try_extend(items).map_err(|refused| refused.error));
    }
}

impl<'z, T: Eq + Hash, S: BuildHasher + Default> FromIteratorIn<'z, T> for ZSet<'z, T, S> {
    #[track_caller]
    fn try_from_iter_in<I: IntoIterator<Item = T>>(
        items: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError> {
        let mut set = zone.set_with_hasher(S::default());
        match set.try_extend(items) {
            Ok(()) => Ok(set),
            Err(refused) => {
                set.give_back();
                Err(refused.error)
            }
        }
    }
}

impl<'a, T, S> IntoIterator for &'a ZSet<'_, T, S> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'z, T, S> IntoIterator for ZSet<'z, T, S> {
    type Item = T;
    type IntoIter = IntoIter<T, &'z Zone>;
    fn into_iter(self) -> Self::IntoIter {
        ManuallyDrop::into_inner(self.0).into_iter()
    }
}
