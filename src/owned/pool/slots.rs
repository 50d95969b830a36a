//! The slots of a pool, each with its owner, and the keys to the pool's values.

#![forbid(unsafe_code)]

use core::cell::Cell;
use core::fmt;
use core::iter::{Enumerate, FusedIterator};
use core::num::NonZeroU64;
use core::slice;

/// The most slots that a pool can have. An index has 32 bits, and `END` is the index of no slot.
pub(super) const MAX_SLOTS: usize = u32::MAX as usize;

/// The key to one value in a [`Pool`](crate::Pool). No other value of that pool ever has the same key.
///
/// A key borrows nothing. It can be kept, compared, and sent to other threads and back. When its value is gone, it
/// finds nothing, even if the slot has a new value. A key means nothing to another pool, where it may find some other
/// value or none.
///
/// ```
/// use memzone::{PoolFull, Zone};
///
/// let zone = Zone::new(4096);
/// let mut voices = zone.pool::<f32>(8);
/// let key = voices.insert(0.5)?;
/// if let Some(level) = voices.get_mut(key) {
///     *level = 0.25;
/// }
/// assert_eq!(voices.remove(key), Some(0.25));
/// let other = voices.insert(1.0)?; // in the same slot, perhaps
/// assert_eq!(voices.get(key), None); // but the old key is nobody's
/// voices.clear();
/// assert_eq!(voices.get(other), None);
/// # Ok::<(), PoolFull<f32>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolKey {
    pub(super) serial: NonZeroU64,
    pub(super) index: u32,
}

/// The error of a pool that has no free slot. It holds the value that did not fit.
///
/// ```
/// use memzone::{PoolFull, Zone};
///
/// let zone = Zone::new(1024);
/// let mut pool = zone.pool(0);
/// let PoolFull(name) = pool.insert("kick".to_string()).unwrap_err();
/// assert_eq!(name, "kick");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PoolFull<T>(pub T);

/// The slots of a pool, each with its owner. This does not know the type of the values, so that a `PoolBox` need not be
/// invariant in it.
pub(super) struct Slots<'z> {
    /// One word for each slot:
    ///
    /// * Below `BOXED`, the slot is free, and the word is the index of the next free slot, or `END`.
    /// * If it is `BOXED`, a box owns the slot.
    /// * Above `BOXED`, the pool owns the slot, and the word is the serial number of the value in it.
    pub(super) words: &'z [Cell<u64>],
    /// The index of the first free slot, which was given back last, or `END`.
    pub(super) free: Cell<u32>,
    pub(super) taken: Cell<usize>,
}

/// The end of the list of free slots.
pub(super) const END: u32 = u32::MAX;

/// The word of a slot whose value belongs to a [`PoolBox`].
pub(super) const BOXED: NonZeroU64 = NonZeroU64::MIN.saturating_add(u32::MAX as u64);

impl Slots<'_> {
    /// Makes all slots free, so that they are taken in their order.
    pub(super) fn free_all(&self) {
        let mut next = END;
        for (index, word) in self.words.iter().enumerate().rev() {
            word.set(next.into());
            next = index as u32;
        }
        self.free.set(next);
        self.taken.set(0);
    }

    /// Takes a free slot and writes its word.
    #[inline]
    pub(super) fn take(&self, word: NonZeroU64) -> Option<u32> {
        let index = self.free.get();
        // `END` is the index of no slot.
        let slot = self.words.get(index as usize)?;
        self.free.set(slot.replace(word.get()) as u32);
        self.taken.set(self.taken.get() + 1);
        Some(index)
    }

    /// Makes a slot free. It must hold no value any more.
    #[inline]
    pub(super) fn give_back(&self, index: u32) {
        self.words[index as usize].set(self.free.get().into());
        self.free.set(index);
        self.taken.set(self.taken.get() - 1);
    }
}

/// The keys of a pool's values; see [`Pool::keys`](crate::Pool::keys).
///
/// ```
/// let zone = memzone::Zone::new(4096);
/// let mut pool = zone.pool(4);
/// for value in [1, 2, 3] {
///     pool.insert(value)?;
/// }
/// assert!(pool.keys().all(|key| pool.get(key).is_some()));
/// # Ok::<(), memzone::PoolFull<i32>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PoolKeys<'p> {
    pub(super) words: Enumerate<slice::Iter<'p, Cell<u64>>>,
    pub(super) left: usize,
}

impl Iterator for PoolKeys<'_> {
    type Item = PoolKey;

    #[inline]
    fn next(&mut self) -> Option<PoolKey> {
        // Stops after the last value, so that the free slots behind it are not visited.
        self.left = self.left.checked_sub(1)?;
        self.words.find_map(|(index, word)| {
            let serial = NonZeroU64::new(word.get()).filter(|&serial| serial > BOXED)?;
            Some(PoolKey { serial, index: index as u32 })
        })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for PoolKeys<'_> {}
impl FusedIterator for PoolKeys<'_> {}

impl<T> fmt::Debug for PoolFull<T> {
    /// Leaves out the value, which need not be `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolFull(..)")
    }
}

impl<T> fmt::Display for PoolFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is full: give a slot back, or make it with more slots")
    }
}

impl<T> core::error::Error for PoolFull<T> {}
