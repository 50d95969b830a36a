//! The iterator that gives a vector's items away.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::slice;

/// The items of a [`ZVec`](crate::ZVec), or of a part of one, by value. The items that it does not give are forgotten.
///
/// ```
/// use memzone::{Zone, zvec};
///
/// let zone = Zone::new(1024);
/// let mut notes = zvec![in zone; 60, 64, 67, 72].into_iter();
/// assert_eq!((notes.next(), notes.next_back()), (Some(60), Some(72)));
/// assert_eq!(notes.as_slice(), [64, 67]);
/// ```
///
/// # Real-time
///
/// Yes.
pub struct ZVecIter<'a, T> {
    /// The first of `len` items that follow one another, and that nobody else uses (I7).
    start: NonNull<T>,
    len: usize,
    lends: PhantomData<(&'a (), T)>,
}

impl<'a, T> ZVecIter<'a, T> {
    /// The items that are left, where they lie.
    #[inline]
    pub(super) fn into_slice(self) -> &'a [T] {
        // SAFETY: (I7) all of them are items, and nobody else uses them for as long.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// # Safety
    ///
    /// I7: at `start` there are `len` items, and nobody else uses them as long as the iterator's lifetime.
    #[inline]
    pub(super) unsafe fn new(start: NonNull<T>, len: usize) -> Self {
        ZVecIter { start, len, lends: PhantomData }
    }

    /// The items that are left.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: (I7) all of them are items, and are only moved out by `&mut self`.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T> Iterator for ZVecIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let place = self.start;
        self.len = self.len.checked_sub(1)?;
        // SAFETY: (I6) there was an item here, so what follows is in the same allocation or at its end.
        self.start = unsafe { place.add(1) };
        // SAFETY: (I7) it was the first of the items, and is none of them any more.
        Some(unsafe { place.read() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl<T> DoubleEndedIterator for ZVecIter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: (I6) it is within the items that there were.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I7) it was the last of the items, and is none of them any more.
        Some(unsafe { place.read() })
    }
}

impl<T> ExactSizeIterator for ZVecIter<'_, T> {}
impl<T> FusedIterator for ZVecIter<'_, T> {}

impl<T: fmt::Debug> fmt::Debug for ZVecIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ZVecIter").field(&self.as_slice()).finish()
    }
}
