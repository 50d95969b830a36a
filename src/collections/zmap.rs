//! `ZMap`, a hash map in a zone that needs no destructor: `hashbrown`'s, whose own destructor never runs.
//!
//! Whatever may grow asks for the room first, as `hashbrown` would end the program where there is none.

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
use core::ops::Index;
use hashbrown::hash_map::{
    Drain, Entry, ExtractIf, IntoIter, IntoKeys, IntoValues, Iter, IterMut, Keys, Values, ValuesMut,
};
use hashbrown::{DefaultHashBuilder, Equivalent, HashMap};

/// A hash map in a zone, which it borrows. Neither the map nor what is in it needs a destructor.
///
/// It is the `HashMap` of [`hashbrown`], on which the standard library's is built too, with its methods. Like a
/// [`ZVec`](crate::ZVec) it may lie anywhere, in a zone too. It is made with [`Zone::map`],
/// [`Zone::map_with_capacity`], [`Zone::map_with_hasher`] or [`collect_in`](crate::CollectIn::collect_in).
///
/// ```
/// use memzone::{ZMap, Zone};
///
/// fn counts<'z>(zone: &'z Zone, text: &str) -> ZMap<'z, char, usize> {
///     let mut counts = zone.map();
///     text.chars().for_each(|letter| *counts.entry(letter).or_insert(0) += 1);
///     counts
/// }
///
/// let zone = Zone::new(4096);
/// let counts: &ZMap<char, usize> = zone.alloc(counts(&zone, "zone")); // a map in the zone itself
/// assert_eq!(counts[&'o'], 1);
/// ```
///
/// More of its methods:
///
/// ```
/// use memzone::{CollectIn, ZMap, Zone};
///
/// let zone = Zone::new(4096);
/// let mut gains: ZMap<&str, f32> = [("kick", 1.0), ("hat", 0.5)].into_iter().collect_in(&zone);
/// gains.reserve(10);
/// assert!(gains.capacity() >= 12 && !gains.is_empty() && gains.contains_key("kick"));
/// gains.extend([("snare", 0.8), ("clap", 0.1)]);
/// gains.iter_mut().for_each(|(_, gain)| *gain *= 2.0);
/// gains.values_mut().for_each(|gain| *gain /= 2.0);
/// *gains.get_mut("hat").unwrap() += 0.25;
/// assert_eq!(gains.insert("hat", 0.6), Some(0.75)); // what was there
/// gains.retain(|_, gain| *gain > 0.2);
/// assert_eq!(gains.remove("snare"), Some(0.8));
/// assert_eq!(gains.remove_entry("clap"), None);
/// assert_eq!(gains.get_key_value("kick"), Some((&"kick", &1.0)));
/// assert_eq!((gains.keys().count(), gains.values().count(), gains.iter().count()), (2, 2, 2));
/// assert_eq!(gains.extract_if(|_, gain| *gain == 1.0).count(), 1);
/// let _: &memzone::Zone = gains.zone();
/// let _ = gains.hasher();
/// assert_eq!(gains.clone().into_keys().next(), Some("hat"));
/// assert_eq!(gains.clone().into_values().next(), Some(0.6));
/// assert_eq!(gains.drain().count(), 1);
/// gains.clear();
/// assert_eq!((gains.get("hat"), gains.len()), (None, 0));
/// ```
///
/// # Memory
///
/// The map moves when it grows, and the memory that it leaves comes back when the zone is reset or freed. So if you know
/// how many entries there will be, make it with room for them. When a map leaves its scope, its entries are hashed anew.
///
/// An entry that is removed may leave a mark, which takes its room until the map is put in order again. If entries come and
/// go, make the map with room for twice as many as there are at one time: then it does that in its place. With less room it
/// grows once more, though it holds fewer entries than it was made for.
///
/// # When there is no memory
///
/// No method of this type ends the program: [`insert`](ZMap::insert), [`entry`](ZMap::entry) and `extend` panic with the
/// [`ZoneError`], and [`try_insert`](ZMap::try_insert) and its like return it and give the value back. Then the map
/// stays as it was.
///
/// # Which entries
///
/// Keys, values and hashers that need no destructor, such as `&str`, numbers and [`ZVec`](crate::ZVec)s. Others do not
/// compile; they go into an [`OwningMap`](crate::OwningMap).
///
/// It never lives longer than its zone:
///
/// ```compile_fail
/// fn longer<'s, 'l: 's>(it: memzone::ZMap<'s, u8, u8>) -> memzone::ZMap<'l, u8, u8> {
///     it
/// }
/// ```
///
/// # Real-time
///
/// Inserting: yes, within [`remaining`](Zone::remaining). When the map grows, inserting takes the time to hash all that
/// the map holds.
#[cfg_attr(docsrs, doc(cfg(feature = "hashbrown")))]
pub struct ZMap<'z, K, V, S = DefaultHashBuilder>(ManuallyDrop<HashMap<K, V, S, &'z Zone>>);

#[cfg_attr(docsrs, doc(cfg(feature = "hashbrown")))]
impl Zone {
    /// Makes an empty hash map in the zone. It takes no memory before its first entry.
    ///
    /// ```
    /// use memzone::{ZMap, Zone, beginz};
    ///
    /// let outer = Zone::new(4096);
    /// let counts: ZMap<char, u32> = beginz!(z in &outer => {
    ///     let mut counts = z.map();
    ///     for letter in "xtlang and memzone".chars() {
    ///         *counts.entry(letter).or_insert(0_u32) += 1;
    ///     }
    ///     counts
    /// });
    /// assert_eq!((counts[&'n'], counts.get(&'q')), (3, None));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub fn map<K, V>(&self) -> ZMap<'_, K, V> {
        self.map_with_hasher(DefaultHashBuilder::default())
    }

    /// Like [`map`](Zone::map), with a hasher of your own.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    ///
    /// let zone = memzone::Zone::new(4096);
    /// let mut gains = zone.map_with_hasher(BuildHasherDefault::<DefaultHasher>::new());
    /// gains.insert("kick", 0.5);
    /// assert_eq!(gains["kick"], 0.5);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub fn map_with_hasher<K, V, S>(&self, hasher: S) -> ZMap<'_, K, V, S> {
        const { refuse_drop::<(K, V, S)>() };
        ZMap(ManuallyDrop::new(HashMap::with_hasher_in(hasher, self)))
    }

    /// Makes an empty hash map with room for `capacity` entries.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut gains = zone.map_with_capacity(20);
    /// let used = zone.used();
    /// (0..20).for_each(|voice| _ = gains.insert(voice, 0.5));
    /// assert_eq!(zone.used(), used);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_map_with_capacity`](Zone::try_map_with_capacity) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn map_with_capacity<K: Eq + Hash, V>(&self, capacity: usize) -> ZMap<'_, K, V> {
        or_panic(self.try_map_with_capacity(capacity))
    }

    /// Like [`map_with_capacity`](Zone::map_with_capacity), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_map_with_capacity<K: Eq + Hash, V>(
        &self,
        capacity: usize,
    ) -> Result<ZMap<'_, K, V>, ZoneError> {
        let mut map = self.map();
        map.try_reserve(capacity)?;
        Ok(map)
    }
}

impl<'z, K, V, S> ZMap<'z, K, V, S> {
    /// The zone that it is in.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn zone(&self) -> &'z Zone {
        self.0.allocator()
    }

    /// The number of entries.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of entries that the map can hold without growing.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// The hasher of the keys.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn hasher(&self) -> &S {
        self.0.hasher()
    }

    /// An iterator over the keys, in no particular order.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn keys(&self) -> Keys<'_, K, V> {
        self.0.keys()
    }

    /// An iterator over the values, in no particular order.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn values(&self) -> Values<'_, K, V> {
        self.0.values()
    }

    /// An iterator over the values, in no particular order, that may change them.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn values_mut(&mut self) -> ValuesMut<'_, K, V> {
        self.0.values_mut()
    }

    /// An iterator over the entries, in no particular order.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.0.iter()
    }

    /// An iterator over the entries, in no particular order, that may change the values.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        self.0.iter_mut()
    }

    /// Empties the map and returns an iterator over its entries. The map keeps its capacity.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn drain(&mut self) -> Drain<'_, K, V, &'z Zone> {
        self.0.drain()
    }

    /// Keeps the entries for which `keep` returns `true`.
    ///
    /// # Real-time
    ///
    /// Yes, if `keep` is.
    ///
    /// # Time complexity
    ///
    /// Linear in the capacity.
    pub fn retain(&mut self, keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain(keep);
    }

    /// Removes and returns the entries for which `take` returns `true`, one in each step of the iterator.
    ///
    /// # Real-time
    ///
    /// Yes, if `take` is.
    pub fn extract_if<F: FnMut(&K, &mut V) -> bool>(
        &mut self,
        take: F,
    ) -> ExtractIf<'_, K, V, F, &'z Zone> {
        self.0.extract_if(take)
    }

    /// Empties the map. It keeps its capacity.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// hashbrown's own, whose destructor runs: it gives the memory back if that is the last allocation.
    fn into_inner(self) -> HashMap<K, V, S, &'z Zone> {
        ManuallyDrop::into_inner(self.0)
    }

    /// Turns the map into an iterator over its keys.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_keys(self) -> IntoKeys<K, V, &'z Zone> {
        self.into_inner().into_keys()
    }

    /// Turns the map into an iterator over its values.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_values(self) -> IntoValues<K, V, &'z Zone> {
        self.into_inner().into_values()
    }

    /// Ends the map, and gives its memory back to the zone if it is the last allocation. (Dropping it does nothing.)
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let map = zone.map_with_capacity::<u8, u8>(20);
    /// map.give_back();
    /// assert_eq!(zone.used(), 0);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn give_back(self) {
        drop(self.into_inner());
    }
}

impl<'z, K: Eq + Hash, V, S: BuildHasher> ZMap<'z, K, V, S> {
    /// Makes room for `more` further entries at least.
    ///
    /// # Panics
    ///
    /// When [`try_reserve`](ZMap::try_reserve) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn reserve(&mut self, more: usize) {
        or_panic(self.try_reserve(more));
    }

    /// Like [`reserve`](ZMap::reserve), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`]. Then the map stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_reserve(&mut self, more: usize) -> Result<(), ZoneError> {
        self.0.try_reserve(more).map_err(|error| refusal(error, self.0.allocator()))
    }

    /// Puts a value in under a key, and returns the one that was there.
    ///
    /// # Panics
    ///
    /// When [`try_insert`](ZMap::try_insert) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if hashing is.
    #[inline]
    #[track_caller]
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        or_panic(self.try_insert(key, value).map_err(|refused| refused.error))
    }

    /// Like [`insert`](ZMap::insert), with an error instead of a panic.
    ///
    /// ```
    /// use memzone::{Refused, ZMap, Zone};
    ///
    /// let zone = Zone::builder().capacity(256).fixed().build();
    /// let mut notes: ZMap<u8, f32> = zone.map();
    /// let Some(Err(Refused { value: (key, level), .. })) =
    ///     (0..100).map(|key| notes.try_insert(key, 0.5)).find(Result::is_err)
    /// else {
    ///     panic!("100 entries need more than 256 bytes");
    /// };
    /// assert_eq!((usize::from(key), level), (notes.len(), 0.5)); // nothing is lost
    /// assert_eq!(notes.insert(0, 1.0), Some(0.5)); // this needs no room
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZMap::try_reserve), with the key and the value. Then the map stays as it was. There is
    /// no error where the key is in the map already.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if hashing is.
    #[inline]
    #[track_caller]
    pub fn try_insert(&mut self, key: K, value: V) -> Result<Option<V>, Refused<(K, V)>> {
        if self.is_full() {
            return self.insert_into_full(key, value);
        }
        Ok(self.0.insert(key, value))
    }

    /// Whether a further entry would need more memory.
    #[inline]
    fn is_full(&self) -> bool {
        self.0.len() == self.0.capacity()
    }

    /// A key that is there needs no room, so none is asked for.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn insert_into_full(&mut self, key: K, value: V) -> Result<Option<V>, Refused<(K, V)>> {
        if let Some(old) = self.0.get_mut(&key) {
            return Ok(Some(core::mem::replace(old, value)));
        }
        match self.try_reserve(1) {
            Ok(()) => Ok(self.0.insert(key, value)),
            Err(error) => Err(Refused { error, value: (key, value) }),
        }
    }

    /// Makes room in a full map, unless the key is there. Then the error is for a key that was said to be there and is
    /// not, as no room was made.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn room_in_full(&mut self, key: &K) -> Result<(), ZoneError> {
        if self.0.contains_key(key) {
            let bytes = |entries: usize| entries.saturating_mul(size_of::<(K, V)>());
            let (requested, limit) = (bytes(1), bytes(self.len()));
            return Err(ZoneError::LimitReached { requested, limit, used: limit });
        }
        self.try_reserve(1)
    }

    /// The entry of a key, which is filled or not.
    ///
    /// It is hashbrown's, with its methods, as [`Entry`] has them. There is room for its value already. (Only its
    /// `into_map` leads to what may end the program: hashbrown's own map.)
    ///
    /// # Panics
    ///
    /// When [`try_entry`](ZMap::try_entry) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if hashing is.
    #[inline]
    #[track_caller]
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V, S, &'z Zone> {
        or_panic(self.try_entry(key).map_err(|refused| refused.error))
    }

    /// Like [`entry`](ZMap::entry), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZMap::try_reserve), with the key. Then the map stays as it was. There is no error
    /// where the key is in the map already.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if hashing is.
    #[inline]
    #[track_caller]
    pub fn try_entry(&mut self, key: K) -> Result<Entry<'_, K, V, S, &'z Zone>, Refused<K>> {
        let reserved = if self.is_full() { self.room_in_full(&key) } else { Ok(()) };
        match (self.0.entry(key), reserved) {
            // Without room, only what is there already may be given out.
            (Entry::Vacant(entry), Err(error)) => Err(Refused { error, value: entry.into_key() }),
            (entry, _) => Ok(entry),
        }
    }

    /// The value of a key.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
        self.0.get(key)
    }

    /// The value of a key, and the key as it is in the map.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn get_key_value<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<(&K, &V)> {
        self.0.get_key_value(key)
    }

    /// The value of a key, as a mutable reference.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn get_mut<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// The values of several different keys, as mutable references.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut health = zone.map();
    /// health.extend([("orc", 30), ("elf", 20)]);
    /// if let [Some(orc), Some(elf)] = health.get_disjoint_mut(["orc", "elf"]) {
    ///     std::mem::swap(orc, elf);
    /// }
    /// assert_eq!((health["orc"], health["elf"]), (20, 30));
    /// assert_eq!(health.get_disjoint_mut(["orc", "owl"]), [Some(&mut 20), None]);
    /// ```
    ///
    /// # Panics
    ///
    /// When a key that is in the map is given twice.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    ///
    /// # Time complexity
    ///
    /// Quadratic in the number of keys, as all are compared.
    #[doc(alias = "get_many_mut")]
    pub fn get_disjoint_mut<Q: Hash + Equivalent<K> + ?Sized, const N: usize>(
        &mut self,
        keys: [&Q; N],
    ) -> [Option<&mut V>; N] {
        self.0.get_disjoint_mut(keys)
    }

    /// Whether a key is in the map.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn contains_key<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> bool {
        self.0.contains_key(key)
    }

    /// Removes a key with its value, and returns the value.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn remove<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<V> {
        self.0.remove(key)
    }

    /// Removes a key with its value, and returns both.
    ///
    /// # Real-time
    ///
    /// Yes, if hashing is.
    #[inline]
    pub fn remove_entry<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<(K, V)> {
        self.0.remove_entry(key)
    }

    /// Adds all entries of an iterator. `extend`, from the standard library's trait, is the same with a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZMap::try_reserve), with an iterator over the entries that had no room. The others are in
    /// the map.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the iterator and hashing are.
    #[track_caller]
    pub fn try_extend<I: IntoIterator<Item = (K, V)>>(
        &mut self,
        entries: I,
    ) -> Result<(), Refused<Rest<I::IntoIter>>> {
        let mut entries = entries.into_iter();
        // A hint, which counts keys twice that come twice.
        let _ = self.try_reserve(entries.size_hint().0);
        while let Some((key, value)) = entries.next() {
            if let Err(Refused { error, value }) = self.try_insert(key, value) {
                return Err(Refused { error, value: Some(value).into_iter().chain(entries) });
            }
        }
        Ok(())
    }
}

impl<K: Clone + Eq + Hash, V: Clone, S: Clone + BuildHasher> ZMap<'_, K, V, S> {
    /// A clone in another zone.
    ///
    /// ```
    /// let (frame, level) = (memzone::Zone::new(4096), memzone::Zone::new(4096));
    /// let mut scores = frame.map();
    /// scores.insert("ada", 5);
    /// let kept = scores.clone_in(&level);
    /// assert!(kept == scores && level.contains(&kept["ada"]));
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_clone_in`](ZMap::try_clone_in) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if cloning and hashing are.
    #[track_caller]
    pub fn clone_in<'y>(&self, zone: &'y Zone) -> ZMap<'y, K, V, S> {
        or_panic(self.try_clone_in(zone))
    }

    /// Like [`clone_in`](ZMap::clone_in), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`].
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if cloning and hashing are.
    #[track_caller]
    pub fn try_clone_in<'y>(&self, zone: &'y Zone) -> Result<ZMap<'y, K, V, S>, ZoneError> {
        let mut clone = zone.map_with_hasher(self.hasher().clone());
        clone.try_reserve(self.len())?;
        clone.try_extend(self.iter().map(|(key, value)| (key.clone(), value.clone())))?;
        Ok(clone)
    }
}

/// The clone lies in the same zone. It panics where there is no room. `clone_from` uses the room that there is, and keeps
/// the map's own hasher.
impl<K: Clone + Eq + Hash, V: Clone, S: Clone + BuildHasher> Clone for ZMap<'_, K, V, S> {
    #[track_caller]
    fn clone(&self) -> Self {
        let mut clone = self.zone().map_with_hasher(self.hasher().clone());
        clone.clone_from(self);
        clone
    }

    #[track_caller]
    fn clone_from(&mut self, source: &Self) {
        self.clear();
        self.extend(source.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for ZMap<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Eq + Hash, V: PartialEq, S: BuildHasher> PartialEq for ZMap<'_, K, V, S> {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl<K: Eq + Hash, V: Eq, S: BuildHasher> Eq for ZMap<'_, K, V, S> {}

/// It panics where the key is not in the map.
impl<K: Eq + Hash, Q: Hash + Equivalent<K> + ?Sized, V, S: BuildHasher> Index<&Q>
    for ZMap<'_, K, V, S>
{
    type Output = V;
    #[inline]
    #[track_caller]
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the map has no entry for the key")
    }
}

impl<K: Eq + Hash, V, S: BuildHasher> Extend<(K, V)> for ZMap<'_, K, V, S> {
    #[track_caller]
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        or_panic(self.try_extend(entries).map_err(|refused| refused.error));
    }
}

impl<'z, K: Eq + Hash, V, S: BuildHasher + Default> FromIteratorIn<'z, (K, V)>
    for ZMap<'z, K, V, S>
{
    #[track_caller]
    fn try_from_iter_in<I: IntoIterator<Item = (K, V)>>(
        entries: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError> {
        let mut map = zone.map_with_hasher(S::default());
        match map.try_extend(entries) {
            Ok(()) => Ok(map),
            Err(refused) => {
                map.give_back();
                Err(refused.error)
            }
        }
    }
}

impl<'a, K, V, S> IntoIterator for &'a ZMap<'_, K, V, S> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, K, V, S> IntoIterator for &'a mut ZMap<'_, K, V, S> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<'z, K, V, S> IntoIterator for ZMap<'z, K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V, &'z Zone>;
    fn into_iter(self) -> Self::IntoIter {
        self.into_inner().into_iter()
    }
}
