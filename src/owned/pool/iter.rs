//! Iteration over the values of a pool.

use super::slots::PoolKeys;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// An iterator over a pool's values; see [`Pool::iter`](crate::Pool::iter).
///
/// ```
/// let zone = memzone::Zone::new(4096);
/// let mut pool = zone.pool(4);
/// for value in [1, 2, 3] {
///     pool.insert(value)?;
/// }
/// assert_eq!(pool.iter().sum::<i32>(), 6);
/// # Ok::<(), memzone::PoolFull<i32>>(())
/// ```
#[derive(Debug)]
pub struct PoolIter<'p, T> {
    pub(super) keys: PoolKeys<'p>,
    pub(super) values: NonNull<T>,
    pub(super) lends: PhantomData<&'p T>,
}

/// An iterator over a pool's values that allows changing them; see [`Pool::iter_mut`](crate::Pool::iter_mut).
///
/// ```
/// let zone = memzone::Zone::new(4096);
/// let mut pool = zone.pool(4);
/// for value in [1, 2, 3] {
///     pool.insert(value)?;
/// }
/// pool.iter_mut().for_each(|value| *value *= 2);
/// assert_eq!(pool.iter().sum::<i32>(), 12);
/// # Ok::<(), memzone::PoolFull<i32>>(())
/// ```
#[derive(Debug)]
pub struct PoolIterMut<'p, T> {
    pub(super) keys: PoolKeys<'p>,
    pub(super) values: NonNull<T>,
    pub(super) lends: PhantomData<&'p mut T>,
}

impl<'p, T> Iterator for PoolIter<'p, T> {
    type Item = &'p T;

    #[inline]
    fn next(&mut self) -> Option<&'p T> {
        let index = self.keys.next()?.index as usize;
        // SAFETY: (I6) this is the index of a slot, and each slot has a place.
        let place = unsafe { self.values.add(index) };
        // SAFETY: (I15) the value is the pool's own, and the pool is borrowed for `'p`.
        Some(unsafe { place.as_ref() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.keys.size_hint()
    }
}

impl<'p, T> Iterator for PoolIterMut<'p, T> {
    type Item = &'p mut T;

    #[inline]
    fn next(&mut self) -> Option<&'p mut T> {
        let index = self.keys.next()?.index as usize;
        // SAFETY: (I6) this is the index of a slot, and each slot has a place.
        let mut place = unsafe { self.values.add(index) };
        // SAFETY: (I15) the value is the pool's own, and the pool is borrowed mutably for `'p`. No slot comes twice, so
        // no value is lent twice.
        Some(unsafe { place.as_mut() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.keys.size_hint()
    }
}

impl<T> ExactSizeIterator for PoolIter<'_, T> {}
impl<T> ExactSizeIterator for PoolIterMut<'_, T> {}
impl<T> FusedIterator for PoolIter<'_, T> {}
impl<T> FusedIterator for PoolIterMut<'_, T> {}
