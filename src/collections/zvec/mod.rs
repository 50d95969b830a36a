//! `ZVec`, a vector in a zone that needs no destructor.
//!
//! This file has the vector itself: where its items lie, how it grows, and how items go in at the end and come out
//! again. All unsafe code of the vector is here and in `iter`. What works on the items that are there (`editing`) and
//! the traits (`traits`) are made of that.
//!
//! Its items need no destructor. So nothing is dropped here, a panic in the user's code leaves nothing to clean up, and
//! an item that is forgotten is only unused memory.

mod iter;

mod editing;

mod extending;

mod traits;

pub(super) use extending::Rest;
pub use iter::ZVecIter;

use super::refuse_drop;
use crate::error::{Refused, ZoneError, or_panic};
use crate::region::bump::MAX_REQUEST;
use crate::zone::Zone;
use crate::zone::growing::SliceBuilder;
use crate::zone::places::Return;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::slice;

/// A vector in a zone, which it borrows. Neither the vector nor its items need a destructor.
///
/// So it may lie anywhere: in a zone, in a struct that lies there, in another collection, in a binding of
/// [`letz!`](crate::letz). It has the methods of the standard library's `Vec`, and those of slices.
///
/// ```
/// use memzone::{ZVec, Zone};
///
/// enum Json<'z> {
///     Number(f64),
///     List(ZVec<'z, Json<'z>>),
/// }
///
/// let zone = Zone::new(4096);
/// let mut list = zone.vec();
/// list.push(Json::Number(1.0));
/// list.push(Json::List(zone.vec()));
/// let root: &Json = zone.alloc(Json::List(list)); // a `ZVec` in the zone itself
/// assert!(matches!(root, Json::List(items) if items.len() == 2));
/// ```
///
/// It is made with [`Zone::vec`], [`Zone::vec_with_capacity`], [`Zone::fixed_vec`], [`zvec!`](crate::zvec) or
/// [`collect_in`](crate::CollectIn::collect_in).
///
/// More of its methods:
///
/// ```
/// use memzone::{Zone, zvec};
///
/// let zone = Zone::new(4096);
/// let mut notes = zvec![in zone; 60, 60, 64, 67];
/// notes.dedup();
/// notes.extend_from_slice(&[72, 73]);
/// assert_eq!((notes.swap_remove(0), notes.pop_if(|note| *note == 72)), (60, Some(72)));
/// notes.retain_mut(|note| {
///     *note += 12;
///     *note < 80
/// });
/// notes.append(&mut zvec![in zone; 79, 81, 90]);
/// notes.dedup_by_key(|note| *note / 10); // one of each ten
/// notes.dedup_by(|note, before| *note - *before < 4);
/// assert_eq!(notes, [76, 81, 90]);
/// notes.resize(4, 0);
/// notes.resize_with(5, || 1);
/// notes.as_mut_slice().sort_unstable();
/// assert_eq!(notes, [0, 1, 76, 81, 90]);
/// notes.reserve_exact(10);
/// notes.shrink_to(6);
/// assert!(notes.capacity() >= 6 && !notes.is_fixed());
/// ```
///
/// # Memory
///
/// While it is the last allocation, it grows in its place. Otherwise its items move to a larger place when it grows.
/// The place that they leave comes back when the zone is reset or freed, as does the vector's memory in the end:
/// dropping a vector does nothing. [`shrink_to_fit`](ZVec::shrink_to_fit) gives back what is not used, if the vector is
/// the last allocation.
///
/// # When there is no memory
///
/// No method ends the program. [`push`](ZVec::push) and all other plain methods panic with the [`ZoneError`], and the
/// vector is as it was before. [`try_push`](ZVec::try_push) and its like return the error and give the value back.
///
/// # Threads
///
/// It stays on its thread, as it may grow in its zone. Its slice, by [`into_slice`](ZVec::into_slice), may be sent, and
/// goes into a [`Parcel`](crate::Parcel) for that.
///
/// # Which items
///
/// Those that need no destructor: numbers, references, structs of them, other `ZVec`s. A `String` does not compile:
///
/// ```compile_fail
/// let zone = memzone::Zone::new(4096);
/// let mut names = zone.vec();
/// names.push(String::from("kick"));
/// ```
///
/// Such items go into a vector that owns them, [`Zone::owning_vec`](crate::Zone#method.owning_vec), or into the zone by
/// way of [`Zone::boxed`](crate::Zone::boxed).
///
/// # Real-time
///
/// Yes, within [`remaining`](Zone::remaining).
pub struct ZVec<'z, T> {
    start: NonNull<T>,
    len: usize,
    capacity: usize,
    /// Where it grows. `None` is a vector that never grows.
    zone: Option<&'z Zone>,
}

impl Zone {
    /// Makes an empty vector in the zone. It takes no memory before its first item.
    ///
    /// A vector leaves its scope in one copy, which has exactly the room that it needs:
    ///
    /// ```
    /// use memzone::{ZVec, Zone, beginz};
    ///
    /// let outer = Zone::new(4096);
    /// let primes: ZVec<u32> = beginz!(z in &outer => {
    ///     let mut primes = z.vec();
    ///     primes.extend((2..100_u32).filter(|n| (2..*n).all(|d| n % d != 0)));
    ///     primes
    /// });
    /// assert_eq!((primes.len(), primes[24]), (25, 97));
    /// assert_eq!(outer.used(), 104); // 25 numbers, in steps of 8 bytes
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    #[doc(alias("Vec", "new_in", "BumpVec"))]
    pub const fn vec<T>(&self) -> ZVec<'_, T> {
        ZVec::new_in(self)
    }

    /// Makes an empty vector with room for `capacity` items.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut peaks = zone.vec_with_capacity(100);
    /// peaks.push(0.5_f32);
    /// assert_eq!((peaks.capacity(), zone.used()), (100, 400));
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_vec_with_capacity`](Zone::try_vec_with_capacity) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn vec_with_capacity<T>(&self, capacity: usize) -> ZVec<'_, T> {
        or_panic(self.try_vec_with_capacity(capacity))
    }

    /// Like [`vec_with_capacity`](Zone::vec_with_capacity), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_vec_with_capacity<T>(&self, capacity: usize) -> Result<ZVec<'_, T>, ZoneError> {
        let mut vec = ZVec::new_in(self);
        vec.try_reserve_exact(capacity)?;
        Ok(vec)
    }

    /// Makes an empty vector with room for `capacity` items that never grows: a push into a full one is an error. So it
    /// never asks for memory after this, which suits an audio callback.
    ///
    /// ```
    /// use memzone::{Zone, ZoneError};
    ///
    /// let zone = Zone::new(4096);
    /// let mut events = zone.fixed_vec(2);
    /// events.push("note on");
    /// events.push("note off");
    /// let refused = events.try_push("bend").unwrap_err();
    /// assert_eq!(refused.value, "bend"); // nothing is lost
    /// assert!(matches!(refused.error, ZoneError::LimitReached { .. }));
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_fixed_vec`](Zone::try_fixed_vec) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    #[doc(alias("FixedBumpVec", "ArrayVec"))]
    pub fn fixed_vec<T>(&self, capacity: usize) -> ZVec<'_, T> {
        or_panic(self.try_fixed_vec(capacity))
    }

    /// Like [`fixed_vec`](Zone::fixed_vec), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_fixed_vec<T>(&self, capacity: usize) -> Result<ZVec<'_, T>, ZoneError> {
        const { refuse_drop::<T>() };
        let start = self.places::<Return, T>(capacity, align_of::<T>())?;
        Ok(ZVec { start, len: 0, capacity, zone: None })
    }
}

impl<'z, T> ZVec<'z, T> {
    /// Makes an empty vector in a zone. It is the same as [`Zone::vec`].
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub const fn new_in(zone: &'z Zone) -> Self {
        const { refuse_drop::<T>() };
        let capacity = if size_of::<T>() == 0 { usize::MAX } else { 0 };
        ZVec { start: NonNull::dangling(), len: 0, capacity, zone: Some(zone) }
    }

    /// Gives an empty vector places, of which some are filled.
    ///
    /// # Safety
    ///
    /// I48: `start` is a whole allocation of the vector's zone, with room for `capacity` items, and nobody else uses it. The
    /// first `len` places hold items.
    pub(super) unsafe fn with_parts(self, start: NonNull<T>, len: usize, capacity: usize) -> Self {
        // Items without bytes always have room.
        ZVec { start, len, capacity: capacity.max(self.capacity), ..self }
    }

    /// An empty vector that grows where this one does, if it does.
    fn none(&self) -> Self {
        let capacity = if size_of::<T>() == 0 { self.capacity } else { 0 };
        ZVec { start: NonNull::dangling(), len: 0, capacity, zone: self.zone }
    }

    /// Makes room for `more` further items, and for some that may follow unless it is to be `exact`. It returns where the
    /// items are then, and how many have room.
    ///
    /// The vector is passed by value. So one that a function keeps in registers can stay there.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn grown(
        zone: Option<&'z Zone>,
        start: NonNull<T>,
        [len, capacity]: [usize; 2],
        more: usize,
        exact: bool,
    ) -> Result<(NonNull<T>, usize), ZoneError> {
        let Some(zone) = zone else {
            let bytes = |items: usize| items.saturating_mul(size_of::<T>());
            let (requested, limit, used) = (bytes(more), bytes(capacity), bytes(len));
            return Err(ZoneError::LimitReached { requested, limit, used });
        };
        if len.checked_add(more).is_none() {
            return Err(ZoneError::TooLarge { requested: usize::MAX, available: MAX_REQUEST });
        }
        let mut builder = SliceBuilder::<Return, T>::from_parts(zone, start, len, capacity);
        if exact { builder.reserve_exact(more) } else { builder.reserve(more) }?;
        Ok(builder.room())
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn grown_or_panic(
        zone: Option<&'z Zone>,
        start: NonNull<T>,
        len: usize,
        capacity: usize,
    ) -> (NonNull<T>, usize) {
        or_panic(Self::grown(zone, start, [len, capacity], 1, false))
    }

    #[inline]
    #[track_caller]
    fn grow(&mut self, more: usize, exact: bool) -> Result<(), ZoneError> {
        let sizes = [self.len, self.capacity];
        (self.start, self.capacity) = Self::grown(self.zone, self.start, sizes, more, exact)?;
        Ok(())
    }

    /// Writes an item behind the last one.
    ///
    /// # Safety
    ///
    /// I6: `len < capacity`.
    #[inline(always)]
    unsafe fn put(&mut self, item: T) {
        // SAFETY: (I6) the caller's promise.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) the place is this vector's, and is not filled yet.
        unsafe { place.write(item) };
        self.len += 1;
    }

    /// Adds an item at the end.
    ///
    /// # Panics
    ///
    /// When [`try_push`](ZVec::try_push) gives an error. Then the vector stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Constant where there is room, and on average.
    #[inline(always)]
    #[track_caller]
    pub fn push(&mut self, item: T) {
        if self.len == self.capacity {
            (self.start, self.capacity) =
                Self::grown_or_panic(self.zone, self.start, self.len, self.capacity);
        }
        // SAFETY: (I6) there was room, or it was just made.
        unsafe { self.put(item) };
    }

    /// Like [`push`](ZVec::push), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`], with the item; for a full [`fixed_vec`](Zone::fixed_vec)
    /// [`LimitReached`](ZoneError::LimitReached). Then the vector stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_push(&mut self, item: T) -> Result<(), Refused<T>> {
        if self.len == self.capacity {
            if let Err(error) = self.grow(1, false) {
                return Err(Refused { error, value: item });
            }
        }
        // SAFETY: (I6) there was room, or it was just made.
        unsafe { self.put(item) };
        Ok(())
    }

    /// Adds up to `more` items, for which there is room. If the iterator panics, none is added.
    ///
    /// The loop looks at nothing but the items, so the optimiser makes a `memcpy` of it, or what is as fast, where it can.
    #[inline]
    fn add(&mut self, more: usize, items: impl Iterator<Item = T>) {
        let mut added = 0;
        for (place, item) in self.spare_capacity_mut()[..more].iter_mut().zip(items) {
            place.write(item);
            added += 1;
        }
        // SAFETY: (I48) that many places behind the items were just filled.
        unsafe { self.set_len(self.len + added) };
    }

    /// Removes the last item and returns it.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: (I6) it was within the items.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I48) the place is filled, and is none of the items any more.
        Some(unsafe { place.read() })
    }

    /// Takes the last `count` items off, and gives them.
    #[inline]
    fn take_last(&mut self, count: usize) -> ZVecIter<'_, T> {
        assert!(count <= self.len);
        self.len -= count;
        // SAFETY: (I6) that many items are left.
        let start = unsafe { self.start.add(self.len) };
        // SAFETY: (I48) these are items, and none of the vector's any more, which the iterator borrows.
        unsafe { ZVecIter::new(start, count) }
    }

    /// Gives all items away.
    #[inline]
    fn into_items(self) -> ZVecIter<'z, T> {
        // SAFETY: (I48) the items are this vector's, which ends here, and it borrows the zone.
        unsafe { ZVecIter::new(self.start, self.len) }
    }

    /// The number of items.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no items.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of items that the vector can hold without growing.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether the vector never grows; see [`Zone::fixed_vec`].
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub const fn is_fixed(&self) -> bool {
        self.zone.is_none()
    }

    /// The zone that the vector grows in. A vector that [never grows](Zone::fixed_vec) has none.
    ///
    /// ```
    /// use memzone::{ZVec, Zone};
    ///
    /// /// Texts for a list are made where the list is.
    /// fn add<'z>(lines: &mut ZVec<'z, &'z str>, text: &str) {
    ///     let Some(zone) = lines.zone() else { return };
    ///     lines.push(zone.alloc_str(text));
    /// }
    ///
    /// let zone = Zone::new(1024);
    /// let mut lines = zone.vec();
    /// add(&mut lines, "kick");
    /// assert_eq!(lines, ["kick"]);
    /// assert!(zone.fixed_vec::<u8>(1).zone().is_none());
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    #[doc(alias = "bump")]
    pub const fn zone(&self) -> Option<&'z Zone> {
        self.zone
    }

    /// The items.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub const fn as_slice(&self) -> &[T] {
        // SAFETY: (I7) the first `len` places are filled; (I1) the result borrows this, which borrows the zone.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// The items, as a mutable slice.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub const fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: (I7) the first `len` places are filled; (I1) the result borrows this, which borrows the zone.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    /// The places behind the last item, which may be filled before [`set_len`](ZVec::set_len).
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<T>] {
        // SAFETY: (I6) `len <= capacity`.
        let end = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) the places up to the capacity are this vector's. (I7) `MaybeUninit` needs no initialisation.
        unsafe { slice::from_raw_parts_mut(end.cast().as_ptr(), self.capacity - self.len) }
    }

    /// Says how many items there are.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut block = zone.vec_with_capacity(64);
    /// for place in block.spare_capacity_mut() {
    ///     place.write(0.0_f32); // as a C library would
    /// }
    /// // SAFETY: all 64 places are filled.
    /// unsafe { block.set_len(64) };
    /// assert_eq!(block[63], 0.0);
    /// ```
    ///
    /// # Safety
    ///
    /// There is room for `len` items, and the first `len` places hold items.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        self.len = len;
    }

    /// Keeps the first `len` items. It does nothing if there are no more than that.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Empties the vector. It keeps its capacity.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Makes room for `more` further items at least.
    ///
    /// # Panics
    ///
    /// When [`try_reserve`](ZVec::try_reserve) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn reserve(&mut self, more: usize) {
        or_panic(self.try_reserve(more));
    }

    /// Like [`reserve`](ZVec::reserve), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`], and [`LimitReached`](ZoneError::LimitReached) for a
    /// [`fixed_vec`](Zone::fixed_vec). Then the vector stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_reserve(&mut self, more: usize) -> Result<(), ZoneError> {
        if more > self.capacity - self.len { self.grow(more, false) } else { Ok(()) }
    }

    /// Makes room for just `more` further items.
    ///
    /// # Panics
    ///
    /// When [`try_reserve_exact`](ZVec::try_reserve_exact) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn reserve_exact(&mut self, more: usize) {
        or_panic(self.try_reserve_exact(more));
    }

    /// Like [`reserve_exact`](ZVec::reserve_exact), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZVec::try_reserve).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_reserve_exact(&mut self, more: usize) -> Result<(), ZoneError> {
        if more > self.capacity - self.len { self.grow(more, true) } else { Ok(()) }
    }

    /// Gives the room that is not used back to the zone, if the vector is the last allocation. Else it does nothing, as
    /// it does for a [`fixed_vec`](Zone::fixed_vec).
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut peaks = zone.vec_with_capacity(100);
    /// peaks.push(0.5_f32);
    /// peaks.shrink_to_fit();
    /// assert_eq!((peaks.capacity(), zone.used()), (1, 8));
    /// peaks.clear();
    /// peaks.shrink_to_fit(); // all of it
    /// assert_eq!((peaks.capacity(), zone.used()), (0, 0));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn shrink_to_fit(&mut self) {
        self.shrink_to(0);
    }

    /// Like [`shrink_to_fit`](ZVec::shrink_to_fit), but room for `capacity` items stays.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn shrink_to(&mut self, capacity: usize) {
        let (size, kept) = (size_of::<T>(), self.len.max(capacity));
        let Some(zone) = self.zone else { return };
        if size == 0 || kept >= self.capacity {
            return;
        }
        let (start, had) = (self.start.cast(), self.capacity * size);
        // SAFETY: (I48) the places are an allocation of this zone, and those from `kept` on hold no items.
        if unsafe { zone.header().resize_last(start, had, kept * size) }.is_some() {
            self.capacity = kept;
        }
    }

    /// Ends the vector, and gives its memory back to the zone if it is the last allocation. (Dropping it does nothing.)
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// for bird in 0..1000 {
    ///     let mut distances = zone.vec_with_capacity(16);
    ///     distances.push(bird);
    ///     distances.give_back(); // so one after another has the same room
    /// }
    /// assert_eq!(zone.used(), 0);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn give_back(mut self) {
        self.clear();
        self.shrink_to_fit();
    }

    /// The items as a slice that lives as long as the zone is borrowed. The zone gets back the room that is not used, if
    /// the vector is the last allocation.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut window = zone.vec();
    /// window.extend((0..8).map(|n| n as f32 / 7.0));
    /// let window: &mut [f32] = window.into_slice();
    /// assert_eq!(window[7], 1.0);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    #[doc(alias("into_bump_slice", "leak"))]
    pub fn into_slice(mut self) -> &'z mut [T] {
        self.shrink_to_fit();
        // SAFETY: (I7) the first `len` places are filled; (I1) the result borrows the zone.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    /// Cuts the vector in two. It keeps the items before `at`, and those from there on move to a new vector in the same
    /// zone.
    ///
    /// ```
    /// use memzone::{Zone, zvec};
    ///
    /// let zone = Zone::new(4096);
    /// let mut notes = zvec![in zone; 60, 64, 67, 72];
    /// let high = notes.split_off(2);
    /// assert_eq!((&*notes, &*high), (&[60, 64][..], &[67, 72][..]));
    /// ```
    ///
    /// # Panics
    ///
    /// When `at` is larger than the number of items, and when [`try_split_off`](ZVec::try_split_off) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        or_panic(self.try_split_off(at))
    }

    /// Like [`split_off`](ZVec::split_off), with an error instead of a panic if there is no room.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`], and [`LimitReached`](ZoneError::LimitReached) for a
    /// [`fixed_vec`](Zone::fixed_vec), which takes no further memory. Then the vector stays as it was.
    ///
    /// # Panics
    ///
    /// When `at` is larger than the number of items.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_split_off(&mut self, at: usize) -> Result<Self, ZoneError> {
        assert!(at <= self.len, "`at` is {at}, and there are {} items", self.len);
        let count = self.len - at;
        let mut rest = self.none();
        rest.try_reserve_exact(count)?;
        // SAFETY: (I6) `at <= len`.
        let items = unsafe { self.start.add(at) };
        // SAFETY: (I2) there is room for these items in the new vector, which has no place in common with this one.
        unsafe { rest.start.copy_from_nonoverlapping(items, count) };
        (rest.len, self.len) = (count, at);
        Ok(rest)
    }

    /// Moves all items of another vector to the end of this one.
    ///
    /// # Panics
    ///
    /// When [`try_append`](ZVec::try_append) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn append(&mut self, other: &mut ZVec<'_, T>) {
        or_panic(self.try_append(other));
    }

    /// Like [`append`](ZVec::append), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZVec::try_reserve). Both vectors are as they were then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_append(&mut self, other: &mut ZVec<'_, T>) -> Result<(), ZoneError> {
        self.try_reserve(other.len)?;
        // SAFETY: (I6) `len <= capacity`.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) there is room for these items, and two vectors never have a place in common.
        unsafe { place.copy_from_nonoverlapping(other.start, other.len) };
        self.len += other.len;
        other.len = 0;
        Ok(())
    }

    /// Adds copies of all items of a slice, by one `memcpy`.
    ///
    /// # Panics
    ///
    /// When [`try_extend_from_slice_copy`](ZVec::try_extend_from_slice_copy) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn extend_from_slice_copy(&mut self, items: &[T])
    where
        T: Copy,
    {
        or_panic(self.try_extend_from_slice_copy(items));
    }

    /// Like [`extend_from_slice_copy`](ZVec::extend_from_slice_copy), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_reserve`](ZVec::try_reserve). Then the vector stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_extend_from_slice_copy(&mut self, items: &[T]) -> Result<(), ZoneError>
    where
        T: Copy,
    {
        self.try_reserve(items.len())?;
        // SAFETY: (I6) `len <= capacity`.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) there is room for these items, and nobody else has a reference to it.
        unsafe { place.as_ptr().copy_from_nonoverlapping(items.as_ptr(), items.len()) };
        self.len += items.len();
        Ok(())
    }
}
