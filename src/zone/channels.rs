//! Channels: several slices of one length over one piece of memory, as audio code wants them.

// An arena gives `&mut` from `&self`: each call gives other memory (I2).
#![expect(clippy::mut_from_ref)]

use super::Zone;
use super::places::{OnError, Panic, Return, fill, or_never};
use crate::error::ZoneError;
use crate::region::bump::MAX_REQUEST;
use core::alloc::Layout;
use core::ptr::NonNull;
use core::slice;

/// What channels need: the bytes and the alignment of all, where the first one begins, and how far one is from the next.
#[derive(Debug, PartialEq)]
struct Plan {
    whole: Layout,
    first: usize,
    stride: usize,
}

impl Plan {
    /// `None`: so much cannot exist.
    fn new<'z, T: 'z>(channels: usize, frames: usize, align: usize) -> Option<Plan> {
        let align = align.max(align_of::<T>());
        let one = Layout::array::<T>(frames).ok()?.align_to(align).ok()?.pad_to_align();
        let all = Layout::from_size_align(one.size().checked_mul(channels)?, align).ok()?;
        let list = Layout::array::<&'z mut [T]>(channels).ok()?;
        let (whole, first) = list.extend(all).ok()?;
        Some(Plan { whole, first, stride: one.size() })
    }
}

impl Zone {
    #[inline(always)]
    #[track_caller]
    fn channels_in<E: OnError, T: Copy>(
        &self,
        channels: usize,
        frames: usize,
        align: usize,
        value: T,
    ) -> Result<&mut [&mut [T]], E::Error> {
        let Some(Plan { whole, first, stride }) = Plan::new::<T>(channels, frames, align) else {
            return E::fail(ZoneError::TooLarge { requested: usize::MAX, available: MAX_REQUEST });
        };
        // A single request, so that an error leaves the zone as it was.
        let start = self.bump::<E>(whole.size(), whole.align())?;
        let list: NonNull<&mut [T]> = start.cast();
        for index in 0..channels {
            // SAFETY: (I6) the plan has this many strides behind its first place.
            let samples = unsafe { start.add(first + index * stride) }.cast::<T>();
            // SAFETY: (I2) the places of this channel were just taken, and belong to no other.
            unsafe { fill(samples, frames, value) };
            // SAFETY: (I7) all of them are written; (I1) the result borrows the handle.
            let channel = unsafe { slice::from_raw_parts_mut(samples.as_ptr(), frames) };
            // SAFETY: (I6) the list has a place for each channel.
            let place = unsafe { list.add(index) };
            // SAFETY: (I2) it was just taken with the rest.
            unsafe { place.write(channel) };
        }
        // SAFETY: (I7) all places of the list are written; (I1) the result borrows the handle.
        Ok(unsafe { slice::from_raw_parts_mut(list.as_ptr(), channels) })
    }

    /// Puts `channels` slices of `frames` copies of a value into the zone, one behind the other in one piece of memory.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let wet = zone.alloc_channels(2, 64, 0.0_f32);
    /// let [left, right] = &mut *wet else { unreachable!("two channels") };
    /// left.fill(0.5);
    /// right.copy_from_slice(left);
    /// assert_eq!(wet[1][63], 0.5);
    /// ```
    ///
    /// [`letz!`](crate::letz) binds them too: `letz!(wet: [[f32]] = [[0.0; 64]; 2] => ..)`.
    ///
    /// # Panics
    ///
    /// When [`try_alloc_channels`](Zone::try_alloc_channels) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Linear in all samples.
    #[inline]
    #[track_caller]
    #[doc(alias("planar", "AudioBuffer"))]
    pub fn alloc_channels<T: Copy>(
        &self,
        channels: usize,
        frames: usize,
        value: T,
    ) -> &mut [&mut [T]] {
        or_never(self.channels_in::<Panic, T>(channels, frames, 1, value))
    }

    /// Like [`alloc_channels`](Zone::alloc_channels), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_alloc_channels<T: Copy>(
        &self,
        channels: usize,
        frames: usize,
        value: T,
    ) -> Result<&mut [&mut [T]], ZoneError> {
        self.channels_in::<Return, T>(channels, frames, 1, value)
    }

    /// Like [`alloc_channels`](Zone::alloc_channels), but each channel starts at a multiple of `ALIGN` bytes: 32 for AVX,
    /// 64 for a cache line. `ALIGN` is a power of two.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let planes = zone.alloc_channels_aligned::<f32, 64>(3, 100, 0.0);
    /// assert!(planes.iter().all(|plane| plane.as_ptr().addr() % 64 == 0 && plane.len() == 100));
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_channels_aligned`](Zone::try_alloc_channels_aligned) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn alloc_channels_aligned<T: Copy, const ALIGN: usize>(
        &self,
        channels: usize,
        frames: usize,
        value: T,
    ) -> &mut [&mut [T]] {
        const { assert!(ALIGN.is_power_of_two(), "ALIGN must be a power of two") };
        or_never(self.channels_in::<Panic, T>(channels, frames, ALIGN, value))
    }

    /// Like [`alloc_channels_aligned`](Zone::alloc_channels_aligned), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_alloc_channels_aligned<T: Copy, const ALIGN: usize>(
        &self,
        channels: usize,
        frames: usize,
        value: T,
    ) -> Result<&mut [&mut [T]], ZoneError> {
        const { assert!(ALIGN.is_power_of_two(), "ALIGN must be a power of two") };
        self.channels_in::<Return, T>(channels, frames, ALIGN, value)
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn a_plan_has_room_for_all_and_never_wraps() {
        let plan = Plan::new::<f32>(3, 100, 64).unwrap();
        assert_eq!((plan.first, plan.stride, plan.whole.size()), (64, 448, 64 + 3 * 448));
        for (channels, frames) in [
            (usize::MAX, 1),
            (1, usize::MAX),
            (usize::MAX / 4, usize::MAX / 4),
            (usize::MAX / 16, 0),
        ] {
            assert_eq!(Plan::new::<f32>(channels, frames, 64), None);
        }
        assert_eq!(Plan::new::<()>(2, usize::MAX, 1).unwrap().stride, 0);
    }
}
