//! Boxes: a value moves out of one and its copy into the same one; one is made, or an error.

use crate::error::ZoneError;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::mem::MaybeUninit;

/// The memory of a box whose value was moved out.
pub(super) struct Emptied<T>(Box<MaybeUninit<T>>);

/// Moves the value out of a box and keeps the box's memory.
pub(super) fn empty<T>(value: Box<T>) -> (T, Emptied<T>) {
    let place = Box::into_raw(value).cast::<MaybeUninit<T>>();
    // SAFETY: (I19) a `MaybeUninit<T>` has the layout of a `T`, and may be uninitialised.
    let place = unsafe { Box::from_raw(place) };
    // SAFETY: (I19) still the initialised value; moved out once, as what is left does not drop it.
    let value = unsafe { place.assume_init_read() };
    (value, Emptied(place))
}

impl<T> Emptied<T> {
    /// A box of the value, in this memory where the value has the same layout, as the same type
    /// with another lifetime has.
    pub(super) fn fill<U>(self, value: U) -> Box<U> {
        if Layout::new::<T>() != Layout::new::<U>() {
            return Box::new(value);
        }
        let place = Box::into_raw(self.0).cast::<MaybeUninit<U>>();
        // SAFETY: (I19) `T` and `U` have the same layout, as was just checked, and a `MaybeUninit<U>` may be
        // uninitialised.
        let mut place = unsafe { Box::from_raw(place) };
        place.write(value);
        // SAFETY: (I19) just written.
        unsafe { place.assume_init() }
    }
}

/// A new box, or an error where the system has no memory.
pub(super) fn try_box<T>(value: T) -> Result<Box<T>, ZoneError> {
    let mut place = Vec::new();
    let requested = size_of::<T>();
    super::memory::ask(requested)?;
    place.try_reserve_exact(1).map_err(|_| ZoneError::OutOfMemory { requested })?;
    place.push(value);
    let Ok(place) = <Box<[T; 1]>>::try_from(place) else { unreachable!("one was pushed") };
    // SAFETY: (I19) one value in an array has the layout of the value.
    Ok(unsafe { Box::from_raw(Box::into_raw(place).cast::<T>()) })
}
