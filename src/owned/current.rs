//! Owned values in the thread's current zone: xtlang's `alloc`.

#![forbid(unsafe_code)]

use super::zbox::ZBox;
use crate::error::ZoneError;
use crate::zone::places::{Panic, Return};
use core::convert::Infallible;

/// Allocates `len` default values in the thread's current zone. This is `alloc` and `zalloc` of xtlang.
///
/// ```
/// let samples = memzone::alloc::<f32>(64);
/// assert_eq!(samples[..], [0.0; 64]);
/// ```
///
/// # Panics
///
/// When the zone has no room and cannot grow. [`try_alloc`] gives an error instead.
///
/// # Real-time
///
/// Yes, within the current zone's [`remaining`](crate::Zone::remaining) bytes.
#[inline]
#[track_caller]
pub fn alloc<T: Copy + Default>(len: usize) -> ZBox<[T]> {
    // `T::default` is the user's code, so it runs before anything is taken from the zone (I5).
    let value = T::default();
    let Ok(values): Result<_, Infallible> = ZBox::fill_in_current::<Panic>(len, value);
    values
}

/// Like [`alloc()`], with an error instead of a panic.
///
/// # Errors
///
/// Those of [`try_peek_zone`](crate::try_peek_zone()) and [`Zone::try_boxed`](crate::Zone::try_boxed).
///
/// # Real-time
///
/// Yes, within the current zone's [`remaining`](crate::Zone::remaining) bytes.
#[inline]
#[cfg_attr(feature = "ledger", track_caller)]
pub fn try_alloc<T: Copy + Default>(len: usize) -> Result<ZBox<[T]>, ZoneError> {
    // `T::default` is the user's code, so it runs before anything is taken from the zone (I5).
    let value = T::default();
    ZBox::fill_in_current::<Return>(len, value)
}
