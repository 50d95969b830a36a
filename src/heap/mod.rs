//! Explicit heap memory: `halloc`, `HBox`, and the heaps it may come from.

mod foreign;

mod remote;

mod rt;

pub use foreign::FromAllocator;
pub use rt::{HeapStats, RtHeap, SendHeap};

use crate::bump::MAX_REQUEST;
use crate::error::ZoneError;
use crate::zone::or_panic;
use core::alloc::Layout;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// A source of explicit heap memory: the [`System`], an [`RtHeap`], or any allocator by way of
/// [`FromAllocator`].
///
/// # Safety
///
/// * [`take`](Heap::take) returns memory that is valid for reads and writes of `layout.size()` bytes,
///   aligned to `layout.align()`, and nobody else's until it is given back.
/// * That holds also when the heap has been moved or dropped meanwhile, as long as an
///   [`origin`](Heap::origin) of it that was made before lives or was forgotten.
/// * Where `Origin` is `Send`, memory may be given back on any thread.
pub unsafe trait Heap {
    /// What a box keeps, to give its memory back.
    type Origin;

    /// Where the heap's memory goes back to.
    fn origin(&self) -> Self::Origin;

    /// Takes memory. `layout.size()` is not zero.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory) or [`LimitReached`](ZoneError::LimitReached) where there
    /// is none; nothing has changed then.
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError>;

    /// Gives memory back.
    ///
    /// # Safety
    ///
    /// `memory` was taken with this `layout` from the heap that `origin` is of, and nobody uses it
    /// any more.
    unsafe fn give_back(origin: &Self::Origin, memory: NonNull<u8>, layout: Layout);
}

/// The system's heap: Rust's global allocator.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

// SAFETY: the global allocator's memory is the taker's until it is given back, on any thread.
unsafe impl Heap for System {
    type Origin = ();

    #[inline]
    fn origin(&self) {}

    #[inline]
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        assert!(layout.size() != 0);
        // SAFETY: the size is not zero.
        let memory = unsafe { std::alloc::alloc(layout) };
        NonNull::new(memory).ok_or(ZoneError::OutOfMemory { requested: layout.size() })
    }

    #[inline]
    unsafe fn give_back((): &(), memory: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { std::alloc::dealloc(memory.as_ptr(), layout) };
    }
}

/// A value in explicit heap memory, owned: xtlang's `halloc`. It is freed, with its value's destructor
/// run, when the box is dropped or passed to [`free`].
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
/// As the heap: the [`System`]'s no, an [`RtHeap`]'s yes.
pub struct HBox<T: ?Sized, H: Heap = System> {
    value: NonNull<T>,
    origin: H::Origin,
    owns: PhantomData<T>,
}

// SAFETY: (I12) the box is the only owner of its value; its origin goes along.
unsafe impl<T: ?Sized + Send, H: Heap> Send for HBox<T, H> where H::Origin: Send {}
// SAFETY: (I12) a shared box gives out shared references to its value, and none to its origin.
unsafe impl<T: ?Sized + Sync, H: Heap> Sync for HBox<T, H> {}

impl<T: ?Sized, H: Heap> Unpin for HBox<T, H> {}

/// Memory for a layout, or a dangling pointer where that has no bytes.
#[inline]
fn take<H: Heap>(heap: &H, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
    if layout.size() == 0 {
        let address = core::ptr::without_provenance_mut(layout.align());
        return Ok(NonNull::new(address).unwrap_or(NonNull::dangling()));
    }
    heap.take(layout)
}

/// The layout of a slice, or the error that nobody could hold it.
fn layout_of_slice<T>(len: usize) -> Result<Layout, ZoneError> {
    let requested = size_of::<T>().saturating_mul(len);
    let too_large = ZoneError::TooLarge { requested, available: MAX_REQUEST };
    Layout::array::<T>(len).map_err(|_| too_large)
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
    #[inline]
    pub fn try_uninit_in(heap: &H) -> Result<HBox<MaybeUninit<T>, H>, ZoneError> {
        let value = take(heap, Layout::new::<T>())?.cast();
        Ok(HBox { value, origin: heap.origin(), owns: PhantomData })
    }

    /// Moves the value out and frees its memory.
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
    #[inline]
    pub fn write(mut self, value: T) -> HBox<T, H> {
        MaybeUninit::write(&mut self, value);
        HBox::from_parts(self.into_parts())
    }
}

impl<T: ?Sized, H: Heap> HBox<T, H> {
    /// The box's parts, without its value's type. Only `from_parts` makes a box of them again.
    #[inline]
    fn into_parts(self) -> (NonNull<T>, H::Origin) {
        let this = ManuallyDrop::new(self);
        // SAFETY: moved out of `this`, which is not dropped.
        let origin = unsafe { (&raw const this.origin).read() };
        (this.value, origin)
    }

    /// Gives up ownership: the value lives as long as the program (or as what it borrows), and its
    /// memory is never given back. An [`RtHeap`] whose memory is leaked never frees any.
    ///
    /// ```
    /// use memzone::{HBox, halloc};
    ///
    /// let table: &'static mut [f32; 4] = HBox::leak(halloc([0.0; 4]));
    /// table[0] = 1.0;
    /// # drop(HBox::from_box(unsafe { Box::from_raw(table) }));
    /// ```
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
    fn from_parts<U>((value, origin): (NonNull<U>, H::Origin)) -> HBox<T, H> {
        const { assert!(size_of::<T>() == size_of::<U>() && align_of::<T>() == align_of::<U>()) };
        HBox { value: value.cast(), origin, owns: PhantomData }
    }
}

impl<T: ?Sized> HBox<T> {
    /// Takes over a `Box`; nothing is copied.
    pub fn from_box(value: Box<T>) -> HBox<T> {
        HBox { value: NonNull::from(Box::leak(value)), origin: (), owns: PhantomData }
    }

    /// Becomes a `Box`; nothing is copied.
    pub fn into_box(this: HBox<T>) -> Box<T> {
        let (value, ()) = this.into_parts();
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

/// Puts a value on the system's heap.
///
/// # Panics
///
/// Where the system has no memory; [`try_halloc`] gives an error instead.
///
/// # Real-time
///
/// No. [`halloc_in`] an [`RtHeap`] is.
#[track_caller]
pub fn halloc<T>(value: T) -> HBox<T> {
    or_panic(try_halloc(value))
}

/// Like [`halloc`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory). The value is lost then; see [`HBox::try_uninit_in`].
pub fn try_halloc<T>(value: T) -> Result<HBox<T>, ZoneError> {
    halloc_in(&System, value)
}

/// Puts `len` copies of a value on the system's heap.
///
/// # Panics
///
/// Where [`try_halloc_slice`] errs.
///
/// # Real-time
///
/// No.
#[track_caller]
pub fn halloc_slice<T: Copy>(len: usize, value: T) -> HBox<[T]> {
    or_panic(try_halloc_slice(len, value))
}

/// Like [`halloc_slice`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory), and [`TooLarge`](ZoneError::TooLarge) for what nobody could hold.
pub fn try_halloc_slice<T: Copy>(len: usize, value: T) -> Result<HBox<[T]>, ZoneError> {
    halloc_slice_in(&System, len, value)
}

/// Puts a value into a heap.
///
/// # Errors
///
/// Those of [`Heap::take`]. The value is lost then; see [`HBox::try_uninit_in`].
///
/// # Real-time
///
/// As the heap.
#[inline]
pub fn halloc_in<T, H: Heap>(heap: &H, value: T) -> Result<HBox<T, H>, ZoneError> {
    Ok(HBox::try_uninit_in(heap)?.write(value))
}

/// Puts `len` copies of a value into a heap.
///
/// # Errors
///
/// Those of [`Heap::take`], and [`TooLarge`](ZoneError::TooLarge).
///
/// # Real-time
///
/// As the heap.
pub fn halloc_slice_in<T: Copy, H: Heap>(
    heap: &H,
    len: usize,
    value: T,
) -> Result<HBox<[T], H>, ZoneError> {
    let start = take(heap, layout_of_slice::<T>(len)?)?.cast::<T>();
    for index in 0..len {
        // SAFETY: (I6) `len` places were taken.
        let place = unsafe { start.add(index) };
        // SAFETY: (I12) as above, and they are ours.
        unsafe { place.write(value) };
    }
    let value = NonNull::slice_from_raw_parts(start, len);
    Ok(HBox { value, origin: heap.origin(), owns: PhantomData })
}

/// Frees a box now: xtlang's `free`. Dropping it does the same.
///
/// # Real-time
///
/// As the heap.
pub fn free<T: ?Sized, H: Heap>(value: HBox<T, H>) {
    drop(value);
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

impl<T: Clone> Clone for HBox<T> {
    fn clone(&self) -> Self {
        halloc(T::clone(self))
    }
}

impl<T: ?Sized, H: Heap> AsRef<T> for HBox<T, H> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized, H: Heap> AsMut<T> for HBox<T, H> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: ?Sized, H: Heap> Borrow<T> for HBox<T, H> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized, H: Heap> BorrowMut<T> for HBox<T, H> {
    fn borrow_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: ?Sized + fmt::Debug, H: Heap> fmt::Debug for HBox<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: ?Sized + fmt::Display, H: Heap> fmt::Display for HBox<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: ?Sized + PartialEq, H: Heap> PartialEq for HBox<T, H> {
    fn eq(&self, other: &Self) -> bool {
        T::eq(self, other)
    }
}

impl<T: ?Sized + Eq, H: Heap> Eq for HBox<T, H> {}

impl<T: ?Sized + PartialOrd, H: Heap> PartialOrd for HBox<T, H> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        T::partial_cmp(self, other)
    }
}

impl<T: ?Sized + Ord, H: Heap> Ord for HBox<T, H> {
    fn cmp(&self, other: &Self) -> Ordering {
        T::cmp(self, other)
    }
}

impl<T: ?Sized + Hash, H: Heap> Hash for HBox<T, H> {
    fn hash<S: Hasher>(&self, state: &mut S) {
        T::hash(self, state);
    }
}
