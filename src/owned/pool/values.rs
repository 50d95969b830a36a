//! The pool itself: its memory, and the values that it owns.

use super::boxed::{PoolBox, SlotGuard};
use super::iter::{PoolIter, PoolIterMut};
use super::slots::{BOXED, END, MAX_SLOTS, PoolFull, PoolKey, PoolKeys, Slots};
use crate::error::{ZoneError, or_panic};
use crate::region::bump::MAX_REQUEST;
use crate::zone::Zone;
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::num::NonZeroU64;
use core::ops::{Index, IndexMut};
use core::ptr::NonNull;
use core::slice;

/// Fixed slots in a zone for values of one type, such as voices, particles or entities.
///
/// All memory is taken when [`Zone::pool`] makes the pool. After that, a value goes in and out in constant time, and
/// nothing is allocated or freed. A full pool gives the value back.
///
/// A value belongs to the pool or to a box of its own.
///
/// * [`insert`](Pool::insert) gives it to the pool and returns a [`PoolKey`]. The program can iterate over these
///   values, and the pool drops them when it is dropped itself. This is for values that are worked through together.
/// * [`boxed`](Pool::boxed) gives it to a [`PoolBox`], which is used like a `Box`. This is for values that each have
///   an owner.
///
/// A box has its value for itself, so the pool's own methods skip it. A box also borrows the pool. So while there are
/// boxes, the pool's own values can be read but neither changed nor removed. If you need both at the same time, make
/// two pools.
///
/// ```
/// use memzone::{PoolFull, Zone};
///
/// struct Voice {
///     note: u8,
///     age: u32,
///     level: f32,
/// }
///
/// let zone = Zone::new(64 * 1024);
/// let mut voices = zone.pool::<Voice>(2);
///
/// for note in [60, 64, 67] {
///     let voice = Voice { note, age: 0, level: 1.0 };
///     if let Err(PoolFull(voice)) = voices.insert(voice) {
///         // The oldest voice makes room.
///         let oldest = voices.entries().max_by_key(|(_, voice)| voice.age).map(|(key, _)| key);
///         oldest.and_then(|key| voices.remove(key));
///         assert!(voices.insert(voice).is_ok());
///     }
///     for voice in voices.iter_mut() {
///         voice.age += 1;
///         voice.level *= 0.5;
///     }
/// }
/// let newest = voices.entries().min_by_key(|(_, voice)| voice.age).map(|(key, _)| key).unwrap();
/// voices[newest].level *= 2.0; // panics for a key whose value was removed; `get_mut` does not
/// voices.retain(|voice| voice.level > 0.4);
/// assert_eq!(voices.iter().map(|voice| voice.note).collect::<Vec<_>>(), [67]);
/// ```
///
/// A zone cannot be reset while there is a pool in it:
///
/// ```compile_fail,E0502
/// let mut zone = memzone::Zone::new(1024);
/// let mut pool = zone.pool::<u32>(8);
/// zone.reset().unwrap();
/// pool.insert(1).unwrap();
/// ```
///
/// # Real-time
///
/// Yes, for all methods, if the destructors of the values are. A slot's memory is touched when the slot is first used,
/// so make the zone with [`prefault`](crate::ZoneBuilder::prefault).
pub struct Pool<'z, T> {
    slots: Slots<'z>,
    /// One place for each slot. If the slot's word is a serial number, its place holds a value of the pool's own. If it
    /// is `BOXED`, the place holds the value of a box, which may have been forgotten. All other places hold nothing.
    values: NonNull<T>,
    /// The number of values that the pool itself owns.
    owned: usize,
    /// The serial number of the next value, which no other value of the pool ever has. At one value a nanosecond the
    /// numbers last for 584 years. So slots do not wear out, and no key ever fits a later value.
    serial: NonZeroU64,
    /// Makes the pool invariant in `T`, as `boxed` puts values in through a shared reference.
    owns: PhantomData<Cell<T>>,
}

// SAFETY: (I15) all that leads to the slots and their words is the pool, and what borrows from it. It does nothing with
// the zone, which stays where it is, and whose handle it borrows.
unsafe impl<T: Send> Send for Pool<'_, T> {}

impl Zone {
    /// Makes a pool of `slots` free slots for values of type `T`.
    ///
    /// It takes all its memory at once: for each slot the size of `T` and 8 bytes.
    ///
    /// # Panics
    ///
    /// When [`try_pool`](Zone::try_pool) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Linear in `slots`.
    #[track_caller]
    #[doc(alias("slab", "freelist", "object_pool"))]
    pub fn pool<T>(&self, slots: usize) -> Pool<'_, T> {
        or_panic(self.try_pool(slots))
    }

    /// Like [`pool`](Zone::pool), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout), and
    /// [`TooLarge`](ZoneError::TooLarge) for more than 4,294,967,295 slots.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    pub fn try_pool<T>(&self, slots: usize) -> Result<Pool<'_, T>, ZoneError> {
        let bytes = size_of::<T>().saturating_add(size_of::<Cell<u64>>());
        let too_large = ZoneError::TooLarge {
            requested: bytes.saturating_mul(slots),
            available: bytes.saturating_mul(MAX_SLOTS).min(MAX_REQUEST),
        };
        if slots > MAX_SLOTS {
            return Err(too_large);
        }
        // A single request, so that an error leaves the zone as it was.
        let values = Layout::array::<T>(slots).map_err(|_| too_large)?;
        let words = Layout::array::<Cell<u64>>(slots).map_err(|_| too_large)?;
        let (layout, offset) = values.extend(words).map_err(|_| too_large)?;
        let values = self.try_alloc_layout(layout)?;
        // SAFETY: (I6) the words begin at this offset of the layout.
        let words = unsafe { values.add(offset) }.cast::<MaybeUninit<Cell<u64>>>();
        // SAFETY: (I2) the memory was just taken for this many words. (I7) Their type allows uninitialised memory.
        let words = unsafe { slice::from_raw_parts_mut(words.as_ptr(), slots) };
        for word in &mut *words {
            word.write(Cell::new(0));
        }
        // SAFETY: (I7) all words are written. (I1) They are borrowed from the handle.
        let words = unsafe { slice::from_raw_parts(words.as_mut_ptr().cast(), slots) };
        let slots = Slots { words, free: Cell::new(END), taken: Cell::new(0) };
        slots.free_all();
        let serial = BOXED.saturating_add(1);
        Ok(Pool { slots, values: values.cast(), owned: 0, serial, owns: PhantomData })
    }
}

impl<'z, T> Pool<'z, T> {
    /// Puts a value into the pool. It takes the slot that was given back last.
    ///
    /// # Errors
    ///
    /// [`PoolFull`], which holds the value, if no slot is free.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Constant.
    #[inline]
    pub fn insert(&mut self, value: T) -> Result<PoolKey, PoolFull<T>> {
        let serial = self.serial;
        let Some(index) = self.slots.take(serial) else { return Err(PoolFull(value)) };
        // SAFETY: (I15) the slot was free, so its place is nobody's.
        unsafe { self.place(index).write(value) };
        self.serial = serial.saturating_add(1);
        self.owned += 1;
        Ok(PoolKey { serial, index })
    }

    /// Gives a value to the pool, in any case: if no slot is free, it takes the place of the least important one of the
    /// pool's own values, which is returned. `importance` says how important a value is. Of equal ones, the first goes.
    ///
    /// ```
    /// struct Voice {
    ///     note: u8,
    ///     level: f32,
    /// }
    ///
    /// let zone = memzone::Zone::new(4096);
    /// let mut voices = zone.pool(2);
    /// for (note, level) in [(60, 0.9), (64, 0.1), (67, 0.8)] {
    ///     let (_, stolen) = voices.insert_over(Voice { note, level }, |voice| voice.level)?;
    ///     assert_eq!(stolen.map(|voice| voice.note), (note == 67).then_some(64));
    /// }
    /// # Ok::<(), memzone::PoolFull<Voice>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PoolFull`], which holds the value, if all slots belong to boxes, or there are none.
    ///
    /// # Real-time
    ///
    /// Yes, if `importance` is.
    ///
    /// # Time complexity
    ///
    /// Constant if a slot is free, else linear in the slots.
    #[doc(alias = "voice_stealing")]
    pub fn insert_over<I: PartialOrd>(
        &mut self,
        value: T,
        mut importance: impl FnMut(&T) -> I,
    ) -> Result<(PoolKey, Option<T>), PoolFull<T>> {
        let value = match self.insert(value) {
            Ok(key) => return Ok((key, None)),
            Err(PoolFull(value)) => value,
        };
        let mut least: Option<(PoolKey, I)> = None;
        for (key, value) in self.entries() {
            let important = importance(value);
            if least.as_ref().is_none_or(|(_, least)| important < *least) {
                least = Some((key, important));
            }
        }
        let taken = least.and_then(|(key, _)| self.remove(key));
        Ok((self.insert(value)?, taken))
    }

    /// Puts a value into a box of its own. There can be as many boxes at a time as there are slots.
    ///
    /// ```
    /// use memzone::{Pool, PoolBox, Zone};
    ///
    /// struct Node<'p> {
    ///     delay: PoolBox<'p, [f32; 480]>,
    /// }
    ///
    /// let zone = Zone::new(64 * 1024);
    /// let delays: Pool<[f32; 480]> = zone.pool(4);
    /// let mut left = Node { delay: delays.boxed([0.0; 480])? };
    /// let right = Node { delay: delays.boxed([0.0; 480])? };
    /// left.delay[0] = 1.0;
    /// drop(right); // its slot is free again
    /// assert_eq!(delays.len(), 1);
    /// # Ok::<(), memzone::PoolFull<[f32; 480]>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PoolFull`], which holds the value, if no slot is free.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Constant.
    #[inline]
    pub fn boxed(&self, value: T) -> Result<PoolBox<'_, T>, PoolFull<T>> {
        let Some(index) = self.slots.take(BOXED) else { return Err(PoolFull(value)) };
        let place = self.place(index);
        // SAFETY: (I15) the slot was free, so its place is nobody's.
        unsafe { place.write(value) };
        let slot = SlotGuard { slots: &self.slots, index };
        Ok(PoolBox { value: place, slot, owns: PhantomData })
    }

    /// The value of this key, unless it was removed.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Constant.
    #[inline]
    pub fn get(&self, key: PoolKey) -> Option<&T> {
        let place = self.find(key)?;
        // SAFETY: (I15) the value is the pool's own, and only `&mut self` changes or removes it.
        Some(unsafe { place.as_ref() })
    }

    /// The value of this key, unless it was removed.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Constant.
    #[inline]
    pub fn get_mut(&mut self, key: PoolKey) -> Option<&mut T> {
        let mut place = self.find(key)?;
        // SAFETY: (I15) the value is the pool's own, and `&mut self` is the only way to it.
        Some(unsafe { place.as_mut() })
    }

    /// Moves the value of this key out and makes its slot free. The result is `None` if it was removed before.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Constant.
    #[inline]
    pub fn remove(&mut self, key: PoolKey) -> Option<T> {
        let place = self.find(key)?;
        self.disown(key);
        // SAFETY: (I15) the value was the pool's own until now, and nobody else can reach it before it is read.
        Some(unsafe { place.read() })
    }

    /// Drops those of the pool's own values for which `keep` returns `false`, in the order of the slots.
    ///
    /// If `keep` or a destructor panics, the values that `keep` has not decided on stay.
    ///
    /// # Real-time
    ///
    /// Yes, if `keep` and the destructors are.
    ///
    /// # Time complexity
    ///
    /// Linear in the slots.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        self.retain_entries(|_, value| keep(value));
    }

    /// Like [`retain`](Pool::retain), where `keep` is given each value's key too.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut voices = zone.pool(4);
    /// let (held, _) = (voices.insert(0.5)?, voices.insert(0.0)?);
    /// voices.retain_entries(|key, level| key == held || *level > 0.0);
    /// assert_eq!(voices.len(), 1);
    /// # Ok::<(), memzone::PoolFull<f64>>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes, if `keep` and the destructors are.
    ///
    /// # Time complexity
    ///
    /// Linear in the slots.
    pub fn retain_entries(&mut self, mut keep: impl FnMut(PoolKey, &mut T) -> bool) {
        for key in self.all_keys() {
            let mut place = self.place(key.index);
            // SAFETY: (I15) the value is the pool's own, and `&mut self` is the only way to it.
            if !keep(key, unsafe { place.as_mut() }) {
                self.disown(key);
                // SAFETY: (I15) the value was the pool's own until now, so nobody else drops it.
                unsafe { place.drop_in_place() };
            }
        }
    }

    /// Drops all of the pool's own values and makes all slots free. This includes the slots of boxes that were
    /// forgotten (`mem::forget`).
    ///
    /// # Real-time
    ///
    /// Yes, if the destructors are.
    ///
    /// # Time complexity
    ///
    /// Linear in the slots.
    pub fn clear(&mut self) {
        self.drop_values();
        // No box is alive, as it would borrow the pool. What a forgotten box left is overwritten and not dropped, as it
        // may be of a type that lives shorter than `T`.
        self.slots.free_all();
    }

    /// Iterates over the pool's own values, in the order of the slots. Those in boxes are not among them.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the slots up to the last value, for all of them.
    #[inline]
    pub fn iter(&self) -> PoolIter<'_, T> {
        PoolIter { keys: self.keys(), values: self.values, lends: PhantomData }
    }

    /// Iterates over the pool's own values, in the order of the slots, and allows changing them.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the slots up to the last value, for all of them.
    #[inline]
    pub fn iter_mut(&mut self) -> PoolIterMut<'_, T> {
        PoolIterMut { keys: self.keys(), values: self.values, lends: PhantomData }
    }

    /// Iterates over the pool's own values with their keys, in the order of the slots.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut voices = zone.pool(4);
    /// for level in [0.5_f64, 0.1, 0.9] {
    ///     voices.insert(level)?;
    /// }
    /// voices.entries_mut().for_each(|(_, level)| *level *= 2.0);
    /// let loudest = voices.entries().max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(key, _)| key);
    /// assert_eq!(loudest.and_then(|key| voices.remove(key)), Some(1.8));
    /// # Ok::<(), memzone::PoolFull<f64>>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the slots up to the last value, for all of them.
    #[inline]
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (PoolKey, &T)> {
        self.keys().zip(self.iter())
    }

    /// Like [`entries`](Pool::entries), and allows changing the values.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the slots up to the last value, for all of them.
    #[inline]
    pub fn entries_mut(&mut self) -> impl ExactSizeIterator<Item = (PoolKey, &mut T)> {
        self.all_keys().zip(self.iter_mut())
    }

    /// Iterates over the keys of the pool's own values, in the order of the slots.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the slots up to the last value, for all of them.
    #[inline]
    pub fn keys(&self) -> PoolKeys<'_> {
        self.all_keys()
    }

    /// The number of slots that are taken, by the pool's own values and by boxes.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn len(&self) -> usize {
        self.slots.taken.get()
    }

    /// The number of slots.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.slots.words.len()
    }

    /// Whether no slot is taken.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no slot is free.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// Like `keys`, but does not borrow the pool, so that the caller can take values out meanwhile.
    #[inline]
    fn all_keys(&self) -> PoolKeys<'z> {
        PoolKeys { words: self.slots.words.iter().enumerate(), left: self.owned }
    }

    /// The place of a slot's value.
    #[inline]
    fn place(&self, index: u32) -> NonNull<T> {
        debug_assert!((index as usize) < self.capacity());
        // SAFETY: (I6) there are as many places as words, and each caller has the index of one of this pool's words:
        // `take` and `find` have it from `words.get(index)`, `retain` from `PoolKeys`, which counts these words.
        unsafe { self.values.add(index as usize) }
    }

    /// The place of a key's value, if the pool still owns it.
    #[inline]
    fn find(&self, key: PoolKey) -> Option<NonNull<T>> {
        let word = self.slots.words.get(key.index as usize)?;
        (word.get() == key.serial.get()).then(|| self.place(key.index))
    }

    /// Makes a value's slot free, before the caller drops the value or moves it out. In this order, no value is dropped
    /// twice if its destructor panics.
    #[inline]
    fn disown(&mut self, key: PoolKey) {
        self.owned -= 1;
        self.slots.give_back(key.index);
    }

    /// Drops all of the pool's own values, even if a destructor panics.
    fn drop_values(&mut self) {
        struct DropRest<'p, 'z, T>(&'p mut Pool<'z, T>);
        impl<T> Drop for DropRest<'_, '_, T> {
            fn drop(&mut self) {
                self.0.retain(|_| false);
            }
        }
        DropRest(self).0.retain(|_| false);
    }
}

impl<T> Drop for Pool<'_, T> {
    /// Drops the pool's own values. The slots' memory comes back with the zone's.
    fn drop(&mut self) {
        if core::mem::needs_drop::<T>() {
            self.drop_values();
        }
    }
}

impl<T> fmt::Debug for Pool<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// It panics if the value was removed; [`get`](Pool::get) gives `None` then.
impl<T> Index<PoolKey> for Pool<'_, T> {
    type Output = T;
    #[inline]
    #[track_caller]
    fn index(&self, key: PoolKey) -> &T {
        self.get(key).expect(STALE_KEY)
    }
}

/// It panics if the value was removed; [`get_mut`](Pool::get_mut) gives `None` then.
impl<T> IndexMut<PoolKey> for Pool<'_, T> {
    #[inline]
    #[track_caller]
    fn index_mut(&mut self, key: PoolKey) -> &mut T {
        self.get_mut(key).expect(STALE_KEY)
    }
}

/// What indexing says when it panics.
const STALE_KEY: &str =
    "the pool has no value for this key any more: it was removed. `get` gives `None` then";

impl<'p, T> IntoIterator for &'p Pool<'_, T> {
    type Item = &'p T;
    type IntoIter = PoolIter<'p, T>;
    fn into_iter(self) -> PoolIter<'p, T> {
        self.iter()
    }
}

impl<'p, T> IntoIterator for &'p mut Pool<'_, T> {
    type Item = &'p mut T;
    type IntoIter = PoolIterMut<'p, T>;
    fn into_iter(self) -> PoolIterMut<'p, T> {
        self.iter_mut()
    }
}
