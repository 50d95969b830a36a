//! The box of a pool: the owner of one value in one slot.

use super::slots::Slots;
use crate::owned::owner::acts_as_its_value;
use crate::owned::unsizing::Unsizing;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// The owner of a value in a slot of a [`Pool`](crate::Pool). When it is dropped, the value's destructor runs, and the
/// slot is free again; see [`Pool::boxed`](crate::Pool::boxed).
///
/// A box that is forgotten (`mem::forget`) keeps its slot until the pool is [cleared](crate::Pool::clear). The
/// destructor of its value does not run.
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
/// Yes, if the value's destructor is.
pub struct PoolBox<'p, T: ?Sized> {
    pub(super) value: NonNull<T>,
    // The slot is given back after the box's own `drop`, even if the value's destructor panics there.
    pub(super) slot: SlotGuard<'p>,
    pub(super) owns: PhantomData<T>,
}

/// A slot that is given back when this is dropped.
pub(super) struct SlotGuard<'p> {
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
        // SAFETY: (I15) this is the box's own value, and the box does not drop it any more.
        let value = unsafe { this.value.read() };
        // SAFETY: (I15) `this` is not used again, so the slot is given back once.
        unsafe { (&raw mut this.slot).drop_in_place() };
        value
    }
}

impl<T: ?Sized> Drop for PoolBox<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: (I15) this is the box's own value, and it is dropped only here. Its slot stays taken meanwhile, so
        // its destructor may use the pool.
        unsafe { self.value.drop_in_place() };
    }
}

impl Drop for SlotGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.slots.give_back(self.index);
    }
}

impl<T: ?Sized> Deref for PoolBox<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: (I15) the box owns the value, and nobody else looks into its slot.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for PoolBox<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: (I15) the box owns the value, and nobody else looks into its slot.
        unsafe { self.value.as_mut() }
    }
}

acts_as_its_value!(['p, T: ?Sized] PoolBox<'p, T>);

impl<'p, T> Unsizing for PoolBox<'p, T> {
    type Value = T;
    type Of<U: ?Sized> = PoolBox<'p, U>;

    #[inline]
    unsafe fn unsize<U: ?Sized>(self, coerce: fn(*mut T) -> *mut U) -> PoolBox<'p, U> {
        let this = ManuallyDrop::new(self);
        let value =
            NonNull::new(coerce(this.value.as_ptr())).expect("(I47) it is the same address");
        // SAFETY: (I15) moved out of `this`, which is not dropped.
        let slot = unsafe { (&raw const this.slot).read() };
        PoolBox { value, slot, owns: PhantomData }
    }
}
