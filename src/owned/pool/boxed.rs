//! A value in a slot of its own: a pool's box.

use super::slots::Slots;
use crate::owned::owner::acts_as_its_value;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// A value in a slot of a [`Pool`]. When it is dropped, its value's destructor runs, and its slot
/// is free again; see [`Pool::boxed`].
///
/// A box that is forgotten (`mem::forget`) keeps its slot until the pool is
/// [cleared](Pool::clear); its value's destructor does not run.
///
/// ```
/// use memzone::{PoolBox, PoolFull, Zone};
///
/// let zone = Zone::new(4096);
/// let pool = zone.pool::<String>(1);
/// let mut name = pool.boxed("sine".to_string())?;
/// name.push_str(" wave");
/// assert!(pool.is_full());
/// let name: String = PoolBox::into_inner(name); // its slot is free again
/// assert!(pool.is_empty());
/// assert_eq!(name, "sine wave");
/// # Ok::<(), PoolFull<String>>(())
/// ```
///
/// # Real-time
///
/// Yes, as far as the value's destructor is.
pub struct PoolBox<'p, T> {
    pub(super) value: NonNull<T>,
    // Its destructor runs after the box's, also where that panics.
    pub(super) slot: Taken<'p>,
    pub(super) owns: PhantomData<T>,
}

/// A slot to be given back.
pub(super) struct Taken<'p> {
    pub(super) slots: &'p Slots<'p>,
    pub(super) index: u32,
}

impl<T> PoolBox<'_, T> {
    /// Moves the value out and makes its slot free.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Constant.
    #[inline]
    pub fn into_inner(this: Self) -> T {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: (I15) the box's value, which the box does not drop now.
        let value = unsafe { this.value.read() };
        // SAFETY: (I15) `this` is not used again.
        unsafe { (&raw mut this.slot).drop_in_place() };
        value
    }
}

impl<T> Drop for PoolBox<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: (I15) the box's value, dropped only here. Its slot is taken until it is gone, so
        // that its destructor may use the pool.
        unsafe { self.value.drop_in_place() };
    }
}

impl Drop for Taken<'_> {
    #[inline]
    fn drop(&mut self) {
        self.slots.give_back(self.index);
    }
}

impl<T> Deref for PoolBox<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: (I15) the box owns the value, in a slot that nobody else looks into.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for PoolBox<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: (I15) as above.
        unsafe { self.value.as_mut() }
    }
}

acts_as_its_value!(['p, T] PoolBox<'p, T>);
