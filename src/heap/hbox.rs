//! The owner of a value in explicit heap memory.

use super::source::{Heap, System};
use crate::error::ZoneError;
use crate::insight::ledger::{Entry, Kind};
use crate::owned::owner::{acts_as_its_value, iterates_over_its_slice};
use crate::owned::unsizing::Unsizing;
use crate::region::bump::MAX_REQUEST;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::{Deref, DerefMut};
use core::panic::UnwindSafe;
use core::ptr::NonNull;

/// The owner of a value in explicit heap memory: xtlang's `halloc`. When the box is dropped or passed to
/// [`free`](crate::free), the value's destructor runs and the memory is freed.
///
/// ```
/// use memzone::{HBox, RtHeap, free, halloc, halloc_in};
///
/// let table: HBox<[f32; 512]> = halloc([0.0; 512]);
/// free(table);
///
/// // On a real-time thread: from a heap that took its memory before, in bounded time.
/// let heap = RtHeap::new(64 * 1024);
/// let voice = halloc_in(&heap, [0.0_f32; 64])?;
/// assert_eq!(voice.len(), 64);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Real-time
///
/// As the heap: no for the [`System`], yes for an [`RtHeap`](crate::RtHeap).
pub struct HBox<T: ?Sized, H: Heap = System> {
    value: NonNull<T>,
    origin: H::Origin,
    entry: Entry,
    owns: PhantomData<T>,
}

// SAFETY: (I12) the box is the only owner of its value, and its origin goes along with it.
unsafe impl<T: ?Sized + Send, H: Heap> Send for HBox<T, H> where H::Origin: Send {}
// SAFETY: (I12) a shared box gives out only shared references to its value, and none to its origin.
unsafe impl<T: ?Sized + Sync, H: Heap> Sync for HBox<T, H> {}

impl<T: ?Sized, H: Heap> Unpin for HBox<T, H> {}

// As for `Box`, which owns its value too.
impl<T: ?Sized + UnwindSafe, H: Heap> UnwindSafe for HBox<T, H> {}

/// Takes memory for a layout. A layout of no bytes gets a dangling pointer.
#[inline]
#[track_caller]
fn take<H: Heap>(heap: &H, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
    if layout.size() == 0 {
        let address = core::ptr::without_provenance_mut(layout.align());
        return Ok(NonNull::new(address).unwrap_or(NonNull::dangling()));
    }
    heap.take(layout)
}

impl<T, H: Heap> HBox<T, H> {
    /// Takes memory for a value from a heap, and leaves it empty. Put the value in with [`write`](HBox::write).
    ///
    /// ```
    /// use memzone::{HBox, RtHeap};
    ///
    /// let heap = RtHeap::new(4096);
    /// let place = HBox::<[f32; 64], RtHeap>::try_uninit_in(&heap)?;
    /// let voice = place.write([0.5; 64]); // cannot fail, so the value cannot get lost
    /// assert_eq!(voice[63], 0.5);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Heap::take`].
    ///
    /// # Real-time
    ///
    /// As the heap.
    #[inline]
    #[track_caller]
    pub fn try_uninit_in(heap: &H) -> Result<HBox<MaybeUninit<T>, H>, ZoneError> {
        let origin = heap.origin();
        let value = take(heap, Layout::new::<T>())?.cast();
        let entry = Entry::new::<T>(Kind::Heap, size_of::<T>());
        Ok(HBox { value, origin, entry, owns: PhantomData })
    }

    /// Moves the value out and frees its memory.
    ///
    /// # Real-time
    ///
    /// As the heap.
    pub fn into_inner(this: HBox<T, H>) -> T {
        // SAFETY: (I12) the box owns its value, and the value is not used at its old place again.
        let value = unsafe { this.value.read() };
        // The box gets a type without a destructor, so dropping it only frees the memory.
        drop(HBox::<MaybeUninit<T>, H>::from_parts(this.into_parts()));
        value
    }
}

impl<T, H: Heap> HBox<MaybeUninit<T>, H> {
    /// Puts a value into the memory.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn write(mut self, value: T) -> HBox<T, H> {
        MaybeUninit::write(&mut self, value);
        HBox::from_parts(self.into_parts())
    }
}

impl<T: ?Sized, H: Heap> HBox<T, H> {
    /// Takes the box apart. `from_parts` makes a box of the parts again.
    #[inline]
    fn into_parts(self) -> (NonNull<T>, H::Origin, Entry) {
        let this = ManuallyDrop::new(self);
        // SAFETY: (I12) the origin is moved out of `this`, which is not dropped.
        let origin = unsafe { (&raw const this.origin).read() };
        // SAFETY: (I12) the entry is moved out of `this`, which is not dropped.
        let entry = unsafe { (&raw const this.entry).read() };
        (this.value, origin, entry)
    }

    /// Gives up ownership. The value lives as long as the program, or as long as what it borrows. Its memory is never
    /// given back. An [`RtHeap`](crate::RtHeap) with leaked memory never gives its memory back to the system.
    ///
    /// ```
    /// use memzone::{HBox, halloc};
    ///
    /// let table: &'static mut [f32; 4] = HBox::leak(halloc([0.0; 4]));
    /// table[0] = 1.0;
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn leak<'a>(this: HBox<T, H>) -> &'a mut T
    where
        T: 'a,
        H::Origin: 'a,
    {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: (I12) the box owned the value, and neither it nor its origin is dropped.
        unsafe { this.value.as_mut() }
    }
}

impl<T, H: Heap> HBox<T, H> {
    #[inline]
    fn from_parts<U>((value, origin, entry): (NonNull<U>, H::Origin, Entry)) -> HBox<T, H> {
        const { assert!(size_of::<T>() == size_of::<U>() && align_of::<T>() == align_of::<U>()) };
        HBox { value: value.cast(), origin, entry, owns: PhantomData }
    }
}

impl<T, H: Heap> HBox<[T], H> {
    /// Takes memory for `len` values from a heap, and leaves it empty.
    ///
    /// # Errors
    ///
    /// Those of [`Heap::take`], and [`TooLarge`](ZoneError::TooLarge) for a size that no system could have.
    ///
    /// # Real-time
    ///
    /// As the heap.
    #[track_caller]
    pub fn try_uninit_slice_in(
        heap: &H,
        len: usize,
    ) -> Result<HBox<[MaybeUninit<T>], H>, ZoneError> {
        let requested = size_of::<T>().saturating_mul(len);
        let too_large = ZoneError::TooLarge { requested, available: MAX_REQUEST };
        let layout = Layout::array::<T>(len).map_err(|_| too_large)?;
        let origin = heap.origin();
        let start = take(heap, layout)?.cast();
        let value = NonNull::slice_from_raw_parts(start, len);
        let entry = Entry::new::<[T]>(Kind::Heap, layout.size());
        Ok(HBox { value, origin, entry, owns: PhantomData })
    }
}

impl<T, H: Heap> HBox<[MaybeUninit<T>], H> {
    /// Fills the memory. The value at `index` is `make(index)`.
    ///
    /// ```
    /// use memzone::{HBox, RtHeap};
    ///
    /// let heap = RtHeap::new(4096);
    /// let places = HBox::<[f32], _>::try_uninit_slice_in(&heap, 64)?;
    /// let saw = places.fill_with(|n| n as f32 / 32.0 - 1.0);
    /// assert_eq!((saw[0], saw[32]), (-1.0, 0.0));
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Only when `make` does. The memory is freed then, but the destructors of what `make` has made do not run.
    ///
    /// # Real-time
    ///
    /// Yes, if `make` is.
    pub fn fill_with(mut self, mut make: impl FnMut(usize) -> T) -> HBox<[T], H> {
        for (index, place) in self.iter_mut().enumerate() {
            place.write(make(index));
        }
        self.filled()
    }

    /// `fill_with` equal values.
    pub(super) fn fill(mut self, value: T) -> HBox<[T], H>
    where
        T: Copy,
    {
        // However many there are of what has no bytes, nothing is written.
        if size_of::<T>() != 0 {
            for place in &mut *self {
                place.write(value);
            }
        }
        self.filled()
    }

    /// All of them are written, or have no bytes and need no destructor.
    fn filled(self) -> HBox<[T], H> {
        let (places, origin, entry) = self.into_parts();
        let value = NonNull::slice_from_raw_parts(places.cast(), places.len());
        HBox { value, origin, entry, owns: PhantomData }
    }
}

#[cfg(feature = "alloc")]
impl<T: ?Sized> HBox<T> {
    /// Takes over a `Box`. Nothing is copied.
    ///
    /// # Real-time
    ///
    /// Yes, without the feature `ledger`.
    #[cfg_attr(feature = "ledger", track_caller)]
    pub fn from_box(value: Box<T>) -> HBox<T> {
        let entry = Entry::new::<T>(Kind::Heap, size_of_val(&*value));
        HBox { value: NonNull::from(Box::leak(value)), origin: (), entry, owns: PhantomData }
    }

    /// Turns it into a `Box`. Nothing is copied.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_box(this: HBox<T>) -> Box<T> {
        let (value, (), _) = this.into_parts();
        // SAFETY: (I12) a box on the system's heap has its memory from the global allocator, with the layout of its
        // value. So has a `Box`.
        unsafe { Box::from_raw(value.as_ptr()) }
    }
}

impl<T: ?Sized, H: Heap> Drop for HBox<T, H> {
    fn drop(&mut self) {
        /// Frees the memory, even when the value's destructor panics.
        struct FreeMemory<'a, H: Heap>(&'a H::Origin, NonNull<u8>, Layout);
        impl<H: Heap> Drop for FreeMemory<'_, H> {
            fn drop(&mut self) {
                if self.2.size() != 0 {
                    // SAFETY: (I12) the memory was taken with this layout, and the value is gone.
                    unsafe { H::give_back(self.0, self.1, self.2) };
                }
            }
        }
        let layout = Layout::for_value::<T>(self);
        let _memory = FreeMemory::<H>(&self.origin, self.value.cast(), layout);
        // SAFETY: (I12) the box owns its value, and is dropped once.
        unsafe { self.value.drop_in_place() };
    }
}

impl<T: ?Sized, H: Heap> Deref for HBox<T, H> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: (I12) the box owns its value.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized, H: Heap> DerefMut for HBox<T, H> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: (I12) the box is the only owner of its value, and `&mut self` is its only user.
        unsafe { self.value.as_mut() }
    }
}

acts_as_its_value!([T: ?Sized, H: Heap] HBox<T, H>);
iterates_over_its_slice!([T, H: Heap] HBox<[T], H>);

impl<T, H: Heap> Unsizing for HBox<T, H> {
    type Value = T;
    type Of<U: ?Sized> = HBox<U, H>;

    #[inline]
    unsafe fn unsize<U: ?Sized>(self, coerce: fn(*mut T) -> *mut U) -> HBox<U, H> {
        let (value, origin, entry) = self.into_parts();
        let value = NonNull::new(coerce(value.as_ptr())).expect("(I47) it is the same address");
        HBox { value, origin, entry, owns: PhantomData }
    }
}
