//! Moving a value out of a box and its copy into the same box.

use core::alloc::Layout;
use core::mem::MaybeUninit;

/// Maps what is in a box; the box's memory is kept where the new value has the same layout, as the
/// same type with another lifetime has.
pub(super) fn map_box<T, U, E>(
    value: Box<T>,
    map: impl FnOnce(T) -> Result<U, E>,
) -> Result<Box<U>, E> {
    if Layout::new::<T>() != Layout::new::<U>() {
        return map(*value).map(Box::new);
    }
    let place = Box::into_raw(value).cast::<MaybeUninit<T>>();
    // SAFETY: the same layout, and to be uninitialised is allowed. Frees the memory if `map` panics.
    let place = unsafe { Box::from_raw(place) };
    // SAFETY: still the initialised value; moved out once, as what is left does not drop it.
    let value = unsafe { place.assume_init_read() };
    let mapped = map(value)?;
    let place = Box::into_raw(place).cast::<MaybeUninit<U>>();
    // SAFETY: the two types have the same layout, and to be uninitialised is allowed.
    let mut place = unsafe { Box::from_raw(place) };
    place.write(mapped);
    // SAFETY: just written.
    Ok(unsafe { place.assume_init() })
}
