//! Owned values in explicit heap memory.

use super::source::{Heap, System};
use crate::error::ZoneError;
use crate::insight::ledger::{Entry, Kind};
use crate::owned::owner::acts_as_its_value;
use crate::region::bump::MAX_REQUEST;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::{Deref, DerefMut};
use core::panic::UnwindSafe;
use core::ptr::NonNull;

/// A value in explicit heap memory, owned: xtlang's `halloc`. It is freed, with its value's destructor
/// run, when the box is dropped or passed to [`free`](crate::free).
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
/// As the heap: the [`System`]'s no, an [`RtHeap`](crate::RtHeap)'s yes.
pub struct HBox<T: ?Sized, H: Heap = System> {
    value: NonNull<T>,
    origin: H::Origin,
    entry: Entry,
    owns: PhantomData<T>,
}

// SAFETY: (I12) the box is the only owner of its value; its origin goes along.
unsafe impl<T: ?Sized + Send, H: Heap> Send for HBox<T, H> where H::Origin: Send {}
// SAFETY: (I12) a shared box gives out shared references to its value, and none to its origin.
unsafe impl<T: ?Sized + Sync, H: Heap> Sync for HBox<T, H> {}

impl<T: ?Sized, H: Heap> Unpin for HBox<T, H> {}

// As `Box`: it owns its value.
impl<T: ?Sized + UnwindSafe, H: Heap> UnwindSafe for HBox<T, H> {}

/// Memory for a layout, or a dangling pointer where that has no bytes.
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
    /// Takes the place for a value from a heap, and leaves it empty: write the value when it has one.
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
        // SAFETY: (I12) the box owns its value, which is not used in its place again.
        let value = unsafe { this.value.read() };
        // The same box, of something without a destructor.
        drop(HBox::<MaybeUninit<T>, H>::from_parts(this.into_parts()));
        value
    }
}

impl<T, H: Heap> HBox<MaybeUninit<T>, H> {
    /// Puts a value into the place.
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
    /// The box's parts, without its value's type. Only `from_parts` makes a box of them again.
    #[inline]
    fn into_parts(self) -> (NonNull<T>, H::Origin, Entry) {
        let this = ManuallyDrop::new(self);
        // SAFETY: (I12) moved out of `this`, which is not dropped.
        let origin = unsafe { (&raw const this.origin).read() };
        // SAFETY: (I12) as above.
        let entry = unsafe { (&raw const this.entry).read() };
        (this.value, origin, entry)
    }

    /// Gives up ownership: the value lives as long as the program (or as what it borrows), and its
    /// memory is never given back. An [`RtHeap`](crate::RtHeap) whose memory is leaked never frees any.
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
    /// Takes the places for `len` values from a heap, and leaves them empty.
    ///
    /// # Errors
    ///
    /// Those of [`Heap::take`], and [`TooLarge`](ZoneError::TooLarge) for what nobody could hold.
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
    /// Fills the places, the one at `index` with `make(index)`.
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
    /// Only where `make` does; what it has made is then forgotten, and the memory freed.
    ///
    /// # Real-time
    ///
    /// Yes, as far as `make` is.
    pub fn fill_with(mut self, mut make: impl FnMut(usize) -> T) -> HBox<[T], H> {
        for (index, place) in self.iter_mut().enumerate() {
            place.write(make(index));
        }
        let (places, origin, entry) = self.into_parts();
        let value = NonNull::slice_from_raw_parts(places.cast(), places.len());
        HBox { value, origin, entry, owns: PhantomData }
    }
}

impl<T: ?Sized> HBox<T> {
    /// Takes over a `Box`; nothing is copied.
    ///
    /// # Real-time
    ///
    /// Yes, without the feature `ledger`.
    #[cfg_attr(feature = "ledger", track_caller)]
    pub fn from_box(value: Box<T>) -> HBox<T> {
        let entry = Entry::new::<T>(Kind::Heap, size_of_val(&*value));
        HBox { value: NonNull::from(Box::leak(value)), origin: (), entry, owns: PhantomData }
    }

    /// Becomes a `Box`; nothing is copied.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_box(this: HBox<T>) -> Box<T> {
        let (value, (), _) = this.into_parts();
        // SAFETY: (I12) a box on the system's heap is the global allocator's, with the layout of its
        // value, as a `Box`'s is.
        unsafe { Box::from_raw(value.as_ptr()) }
    }
}

impl<T: ?Sized, H: Heap> Drop for HBox<T, H> {
    fn drop(&mut self) {
        /// Frees the memory also where the value's destructor panics.
        struct Memory<'a, H: Heap>(&'a H::Origin, NonNull<u8>, Layout);
        impl<H: Heap> Drop for Memory<'_, H> {
            fn drop(&mut self) {
                if self.2.size() != 0 {
                    // SAFETY: (I12) taken with this layout, and the value is gone.
                    unsafe { H::give_back(self.0, self.1, self.2) };
                }
            }
        }
        let layout = Layout::for_value::<T>(self);
        let _memory = Memory::<H>(&self.origin, self.value.cast(), layout);
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
        // SAFETY: (I12) as above.
        unsafe { self.value.as_mut() }
    }
}

acts_as_its_value!([T: ?Sized, H: Heap] HBox<T, H>);
