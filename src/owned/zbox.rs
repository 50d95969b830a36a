//! Owned values in zones.

use crate::error::{ZoneError, or_panic};
use crate::insight::ledger::{Entry, Kind};
use crate::owned::owner::{acts_as_its_value, iterates_over_its_slice};
use crate::owned::unsizing::Unsizing;
use crate::region::header::Header;
#[cfg(feature = "alloc")]
use crate::stack;
use crate::zone::Zone;
use crate::zone::places::{Panic, Return, Seat, Seats, bytes_of, fill};
use core::convert::Infallible;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::panic::UnwindSafe;
use core::ptr::NonNull;

/// A value that lives in a zone and owns a handle to it, so the zone outlives it.
///
/// It may be stored and returned like a `Box`, and its destructor runs when it is dropped. The
/// memory comes back when the zone is reset or freed, or at once where the value was the zone's
/// last allocation.
///
/// ```
/// use memzone::{ZBox, Zone};
///
/// let zone = Zone::new(1024);
/// let name: ZBox<String> = zone.boxed("kick".to_string());
/// drop(zone);
/// assert_eq!(*name, "kick"); // it kept the zone
/// ```
///
/// # Real-time
///
/// Making one within the zone's [`remaining`](Zone::remaining) bytes: yes. Dropping one: yes,
/// unless it is the zone's last handle or its value's destructor is not.
pub struct ZBox<T: ?Sized> {
    value: NonNull<T>,
    /// Its handle. Dropping the box drops it.
    zone: ManuallyDrop<Zone>,
    entry: Entry,
    owns: PhantomData<T>,
}

crate::zone::thread::stays_on_its_thread!([T: ?Sized] ZBox<T>);

// As `Box`: it owns its value.
impl<T: ?Sized + UnwindSafe> UnwindSafe for ZBox<T> {}

impl<T> ZBox<T> {
    /// Puts a value into the thread's current zone.
    ///
    /// # Panics
    ///
    /// When [`try_new`](ZBox::try_new) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within the zone's [`remaining`](Zone::remaining) bytes.
    #[inline]
    #[track_caller]
    #[cfg(feature = "alloc")]
    pub fn new(value: T) -> ZBox<T> {
        let Ok(boxed): Result<_, Infallible> = Self::new_in::<Panic>(value);
        boxed
    }

    /// Like [`new`](ZBox::new), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_boxed`] and [`try_peek_zone`](crate::try_peek_zone). The value is lost then.
    ///
    /// # Real-time
    ///
    /// Yes, within the zone's [`remaining`](Zone::remaining) bytes.
    #[inline]
    #[cfg_attr(feature = "ledger", track_caller)]
    #[cfg(feature = "alloc")]
    pub fn try_new(value: T) -> Result<ZBox<T>, ZoneError> {
        Self::new_in::<Return>(value)
    }

    #[inline(always)]
    #[track_caller]
    #[cfg(feature = "alloc")]
    fn new_in<E: Seats>(value: T) -> Result<ZBox<T>, E::Error> {
        let (size, align) = (size_of::<T>(), align_of::<T>());
        let seat = stack::seat_in_current::<E>(size, align, Zone::quick_place::<T>)?;
        // SAFETY: (I2) the place was just taken for this value.
        Ok(unsafe { ZBox::put(seat, value) })
    }

    /// Puts a value into a zone. The handle becomes the box's.
    #[inline(always)]
    #[cfg_attr(feature = "ledger", track_caller)]
    pub(crate) fn put_in(zone: Zone, value: T) -> Result<ZBox<T>, ZoneError> {
        let seat = zone.into_seat(size_of::<T>(), align_of::<T>(), Zone::quick_place::<T>)?;
        // SAFETY: (I2) the place was just taken for this value.
        Ok(unsafe { ZBox::put(seat, value) })
    }

    /// Puts a value into a seat.
    ///
    /// # Safety
    ///
    /// I2: the place was just taken for one `T`.
    #[inline(always)]
    #[cfg_attr(feature = "ledger", track_caller)]
    unsafe fn put(seat: Seat, value: T) -> ZBox<T> {
        let place = seat.place.cast();
        // SAFETY: (I2) the caller's promise.
        unsafe { place.write(value) };
        ZBox::own(place, seat.zone, size_of::<T>())
    }

    /// Moves the value out.
    ///
    /// ```
    /// use memzone::{ZBox, Zone};
    ///
    /// let name = Zone::new(1024).boxed(String::from("sine"));
    /// let name: String = ZBox::into_inner(name); // the zone ends here
    /// assert_eq!(name, "sine");
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes, unless the box is the zone's last handle.
    pub fn into_inner(this: ZBox<T>) -> T {
        let this = ManuallyDrop::new(this);
        // SAFETY: (I18) valid, and `this` is not used again.
        let value = unsafe { this.value.read() };
        // SAFETY: (I18) moved out of `this`, which is not dropped.
        let zone = unsafe { Zone::from_raw(this.zone.raw()) };
        // SAFETY: (I18) moved out of `this`, which is not dropped.
        let _entry = unsafe { (&raw const this.entry).read() };
        // SAFETY: (I18) nothing of the value is left in its place, and this box was its only owner.
        unsafe { zone.header().give_back(this.value.cast(), size_of::<T>()) };
        value
    }
}

impl<T: Copy> ZBox<[T]> {
    /// Puts `len` copies of a value into the thread's current zone.
    #[inline(always)]
    #[track_caller]
    #[cfg(feature = "alloc")]
    pub(super) fn fill_in_current<E: Seats>(len: usize, value: T) -> Result<ZBox<[T]>, E::Error> {
        let (size, align) = (bytes_of::<T>(len), align_of::<T>());
        let take = |zone: &Zone| zone.quick_places::<T>(len);
        let seat = stack::seat_in_current::<E>(size, align, take)?;
        // SAFETY: (I2) the places were just taken.
        Ok(unsafe { ZBox::fill(seat, len, value) })
    }

    /// Puts a copy of a slice into a zone. The handle becomes the box's.
    #[inline(always)]
    #[cfg_attr(feature = "ledger", track_caller)]
    pub(crate) fn copy_in(zone: Zone, source: &[T]) -> Result<ZBox<[T]>, ZoneError> {
        let (len, bytes) = (source.len(), size_of_val(source));
        let seat = zone.into_seat(bytes, align_of::<T>(), |zone| zone.quick_places::<T>(len))?;
        // SAFETY: (I2) the places were just taken.
        Ok(unsafe { ZBox::copy(seat, source) })
    }

    /// Copies a slice to a seat.
    ///
    /// # Safety
    ///
    /// I2: the places were just taken for as many values of `T`.
    #[inline(always)]
    #[cfg_attr(feature = "ledger", track_caller)]
    unsafe fn copy(seat: Seat, source: &[T]) -> ZBox<[T]> {
        let (start, len) = (seat.place.cast::<T>(), source.len());
        // SAFETY: (I2) the caller's promise, so they do not overlap the source.
        unsafe { start.copy_from_nonoverlapping(NonNull::from(source).cast(), len) };
        ZBox::own(NonNull::slice_from_raw_parts(start, len), seat.zone, size_of_val(source))
    }

    /// Fills a seat with `len` copies of a value.
    ///
    /// # Safety
    ///
    /// I2: the places were just taken for `len` values of `T`.
    #[inline(always)]
    #[cfg_attr(feature = "ledger", track_caller)]
    unsafe fn fill(seat: Seat, len: usize, value: T) -> ZBox<[T]> {
        let start = seat.place.cast();
        // SAFETY: (I2) the caller's promise.
        unsafe { fill(start, len, value) };
        ZBox::own(NonNull::slice_from_raw_parts(start, len), seat.zone, size_of::<T>() * len)
    }
}

impl<T: ?Sized> ZBox<T> {
    /// Becomes the owner of a value of so many bytes.
    #[inline(always)]
    #[cfg_attr(feature = "ledger", track_caller)]
    fn own(value: NonNull<T>, zone: Zone, bytes: usize) -> ZBox<T> {
        let entry = Entry::new::<T>(Kind::Zone, bytes);
        ZBox { value, zone: ManuallyDrop::new(zone), entry, owns: PhantomData }
    }

    /// The zone that the value lives in.
    ///
    /// ```
    /// use memzone::{ZBox, Zone};
    ///
    /// let value = Zone::new(1024).boxed(1);
    /// let other = ZBox::zone(&value).boxed(2); // beside it
    /// assert_eq!(*value + *other, 3);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn zone(this: &ZBox<T>) -> &Zone {
        &this.zone
    }
}

impl Zone {
    /// Takes a place for a value that gets a handle of its own.
    #[inline(always)]
    #[track_caller]
    fn seat<E: Seats>(
        &self,
        size: usize,
        align: usize,
        take: impl FnOnce(&Zone) -> Option<NonNull<u8>>,
    ) -> Result<Seat, E::Error> {
        match self.quick_seat(size, take) {
            Some(seat) => Ok(seat),
            None => E::seat(self, size, align),
        }
    }

    #[inline(always)]
    #[track_caller]
    fn boxed_in<E: Seats, T>(&self, value: T) -> Result<ZBox<T>, E::Error> {
        let (size, align) = (size_of::<T>(), align_of::<T>());
        let seat = self.seat::<E>(size, align, Zone::quick_place::<T>)?;
        // SAFETY: (I2) the place was just taken for this value.
        Ok(unsafe { ZBox::put(seat, value) })
    }

    #[inline(always)]
    #[track_caller]
    fn boxed_slice_in<E: Seats, T: Copy>(
        &self,
        len: usize,
        value: T,
    ) -> Result<ZBox<[T]>, E::Error> {
        let (size, align) = (bytes_of::<T>(len), align_of::<T>());
        let seat = self.seat::<E>(size, align, |zone| zone.quick_places::<T>(len))?;
        // SAFETY: (I2) the places were just taken.
        Ok(unsafe { ZBox::fill(seat, len, value) })
    }

    /// Puts a value into the zone and returns its owner. Any type will do: its destructor runs
    /// when the owner is dropped.
    ///
    /// # Panics
    ///
    /// When [`try_boxed`](Zone::try_boxed) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    #[doc(alias("Box", "new_in"))]
    pub fn boxed<T>(&self, value: T) -> ZBox<T> {
        let Ok(boxed): Result<_, Infallible> = self.boxed_in::<Panic, T>(value);
        boxed
    }

    /// Like [`boxed`](Zone::boxed), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout), and [`InUse`](ZoneError::InUse) where
    /// [`clone`](Zone::clone) panics. The value is lost then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[cfg_attr(feature = "ledger", track_caller)]
    pub fn try_boxed<T>(&self, value: T) -> Result<ZBox<T>, ZoneError> {
        self.boxed_in::<Return, T>(value)
    }

    /// Puts a copy of a slice into the zone and returns its owner.
    #[cfg_attr(feature = "ledger", track_caller)]
    pub(crate) fn try_boxed_slice_copy<T: Copy>(
        &self,
        source: &[T],
    ) -> Result<ZBox<[T]>, ZoneError> {
        let (len, bytes) = (source.len(), size_of_val(source));
        let take = |zone: &Zone| zone.quick_places::<T>(len);
        let seat = self.seat::<Return>(bytes, align_of::<T>(), take)?;
        // SAFETY: (I2) the places were just taken.
        Ok(unsafe { ZBox::copy(seat, source) })
    }

    /// Puts `len` copies of a value into the zone and returns their owner.
    ///
    /// # Panics
    ///
    /// When [`try_boxed_slice`](Zone::try_boxed_slice) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn boxed_slice<T: Copy>(&self, len: usize, value: T) -> ZBox<[T]> {
        let Ok(boxed): Result<_, Infallible> = self.boxed_slice_in::<Panic, T>(len, value);
        boxed
    }

    /// Like [`boxed_slice`](Zone::boxed_slice), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_boxed`](Zone::try_boxed).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[cfg_attr(feature = "ledger", track_caller)]
    pub fn try_boxed_slice<T: Copy>(&self, len: usize, value: T) -> Result<ZBox<[T]>, ZoneError> {
        self.boxed_slice_in::<Return, T>(len, value)
    }
}

impl<T: ?Sized> Drop for ZBox<T> {
    #[inline(always)]
    fn drop(&mut self) {
        /// Drops the handle even if the value's destructor panics.
        struct Handle(NonNull<Header>);
        impl Drop for Handle {
            #[inline(always)]
            fn drop(&mut self) {
                // SAFETY: (I18) given up only here, and the box is not used again. (I1) It was a box's.
                unsafe { Header::release_handle(self.0) };
            }
        }
        let size = size_of_val::<T>(self);
        let handle = Handle(self.zone.raw());
        // SAFETY: (I18) valid, and dropped only here.
        unsafe { self.value.drop_in_place() };
        core::mem::forget(handle);
        // SAFETY: (I18) the value is gone, and this box was its only owner.
        unsafe { self.zone.header().give_back(self.value.cast(), size) };
        // SAFETY: (I18) given up only here, and the box is not used again. (I1) It was a box's.
        unsafe { Header::release_handle(self.zone.raw()) };
    }
}

impl<T: ?Sized> Deref for ZBox<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: (I1, I2) the handle keeps the zone alive and the value in its place.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for ZBox<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: (I1, I2) the handle keeps the zone alive and the value in its place. (I18) The box is its only owner.
        unsafe { self.value.as_mut() }
    }
}

impl<T: Clone> Clone for ZBox<T> {
    /// A clone in the same zone.
    #[track_caller]
    fn clone(&self) -> Self {
        self.zone.boxed(T::clone(self))
    }
}

impl<T: Copy> Clone for ZBox<[T]> {
    /// A copy in the same zone.
    #[track_caller]
    fn clone(&self) -> Self {
        or_panic(self.zone.try_boxed_slice_copy(self))
    }
}

acts_as_its_value!([T: ?Sized] ZBox<T>);
iterates_over_its_slice!([T] ZBox<[T]>);

impl<T> Unsizing for ZBox<T> {
    type Value = T;
    type Of<U: ?Sized> = ZBox<U>;

    #[inline]
    unsafe fn unsize<U: ?Sized>(self, coerce: fn(*mut T) -> *mut U) -> ZBox<U> {
        let this = ManuallyDrop::new(self);
        let value =
            NonNull::new(coerce(this.value.as_ptr())).expect("(I47) it is the same address");
        // SAFETY: (I18) moved out of `this`, which is not dropped.
        let zone = unsafe { (&raw const this.zone).read() };
        // SAFETY: (I18) moved out of `this`, which is not dropped.
        let entry = unsafe { (&raw const this.entry).read() };
        ZBox { value, zone, entry, owns: PhantomData }
    }
}
