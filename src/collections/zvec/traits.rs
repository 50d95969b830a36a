//! The standard library's traits for a vector. They do what those of a slice do.

#![forbid(unsafe_code)]

use super::ZVec;
use super::iter::ZVecIter;
use crate::error::{ZoneError, or_panic};
use crate::zone::Zone;
use alloc::vec::Vec;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Deref, DerefMut};
use core::slice;
#[cfg(feature = "std")]
use std::io;

impl<T> Deref for ZVec<'_, T> {
    type Target = [T];
    #[inline(always)]
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T> DerefMut for ZVec<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

impl<T: Clone> ZVec<'_, T> {
    /// A clone in another zone, with clones of the items and just the room that they need.
    ///
    /// ```
    /// use memzone::{Zone, zvec};
    ///
    /// let (frame, longer) = (Zone::new(1024), Zone::new(1024));
    /// let hits = zvec![in frame; 3, 1, 2];
    /// assert_eq!(hits.clone_in(&longer), [3, 1, 2]);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_clone_in`](ZVec::try_clone_in) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if cloning the items is.
    #[track_caller]
    pub fn clone_in<'y>(&self, zone: &'y Zone) -> ZVec<'y, T> {
        or_panic(self.try_clone_in(zone))
    }

    /// Like [`clone_in`](ZVec::clone_in), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`].
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if cloning the items is.
    #[track_caller]
    pub fn try_clone_in<'y>(&self, zone: &'y Zone) -> Result<ZVec<'y, T>, ZoneError> {
        let mut clone = zone.try_vec_with_capacity(self.len())?;
        clone.try_extend_from_slice(self)?;
        Ok(clone)
    }
}

/// The clone lies in the same zone. It panics where [`try_clone_in`](ZVec::try_clone_in) gives an error, and for a
/// [`fixed_vec`](Zone::fixed_vec), which may take no memory; `clone_in` clones that too.
/// `clone_from` uses the room that there is, so it takes no memory where that is enough.
impl<T: Clone> Clone for ZVec<'_, T> {
    #[track_caller]
    fn clone(&self) -> Self {
        // An empty vector that never grows gives the error that says so.
        let mut clone = self.none();
        or_panic(clone.try_reserve_exact(self.len()));
        clone.extend_from_slice(self);
        clone
    }

    #[track_caller]
    fn clone_from(&mut self, source: &Self) {
        self.clear();
        self.extend_from_slice(source);
    }
}

impl<T: fmt::Debug> fmt::Debug for ZVec<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl<T: Eq> Eq for ZVec<'_, T> {}

macro_rules! equal {
    ($([$($parameter:tt)*] $left:ty, $right:ty;)*) => {$(
        impl<T: PartialEq<U>, U, $($parameter)*> PartialEq<$right> for $left {
            #[inline]
            fn eq(&self, other: &$right) -> bool {
                self[..] == other[..]
            }
        }
    )*};
}

equal! {
    [] ZVec<'_, T>, ZVec<'_, U>;
    [] ZVec<'_, T>, [U];
    [] ZVec<'_, T>, &[U];
    [] ZVec<'_, T>, &mut [U];
    [] ZVec<'_, T>, Vec<U>;
    [] [T], ZVec<'_, U>;
    [] &[T], ZVec<'_, U>;
    [] &mut [T], ZVec<'_, U>;
    [] Vec<T>, ZVec<'_, U>;
    [const N: usize] ZVec<'_, T>, [U; N];
    [const N: usize] ZVec<'_, T>, &[U; N];
}

impl<T: PartialOrd> PartialOrd for ZVec<'_, T> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self[..].partial_cmp(&other[..])
    }
}

impl<T: Ord> Ord for ZVec<'_, T> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self[..].cmp(&other[..])
    }
}

impl<T: Hash> Hash for ZVec<'_, T> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self[..].hash(state);
    }
}

impl<T> AsRef<[T]> for ZVec<'_, T> {
    #[inline]
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T> AsMut<[T]> for ZVec<'_, T> {
    #[inline]
    fn as_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<T> Borrow<[T]> for ZVec<'_, T> {
    #[inline]
    fn borrow(&self) -> &[T] {
        self
    }
}

impl<T> BorrowMut<[T]> for ZVec<'_, T> {
    #[inline]
    fn borrow_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<'a, T> IntoIterator for &'a ZVec<'_, T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;
    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut ZVec<'_, T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;
    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<'z, T> IntoIterator for ZVec<'z, T> {
    type Item = T;
    type IntoIter = ZVecIter<'z, T>;
    #[inline]
    fn into_iter(self) -> ZVecIter<'z, T> {
        self.into_items()
    }
}

impl<'z, T> From<ZVec<'z, T>> for &'z mut [T] {
    #[inline]
    fn from(vec: ZVec<'z, T>) -> Self {
        vec.into_slice()
    }
}

impl<'z, T> From<ZVec<'z, T>> for &'z [T] {
    #[inline]
    fn from(vec: ZVec<'z, T>) -> Self {
        vec.into_slice()
    }
}

/// Writes at the end. Where there is no room, the error is of the kind `OutOfMemory`, which needs no memory.
#[cfg(feature = "std")]
impl io::Write for ZVec<'_, u8> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.try_extend_from_slice_copy(bytes).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
